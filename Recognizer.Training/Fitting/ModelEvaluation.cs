using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>A character with what it is and what it was taken for.</summary>
/// <param name="Pixels">[28, 28], 0 = ground … 255 = ink.</param>
/// <param name="Actual">True label.</param>
/// <param name="Predicted">Predicted label.</param>
/// <param name="Confidence">Probability of the predicted label.</param>
internal sealed record ReportSample(byte[] Pixels, string Actual, string Predicted, float Confidence);

/// <summary>How a model did on a set of images, with examples for the report.</summary>
/// <param name="Metrics">The figures.</param>
/// <param name="Samples">Some images, spread evenly, with true and predicted label.</param>
/// <param name="WorstMistakes">The mistakes that the model was surest of.</param>
/// <param name="Seconds">Time for scoring all images.</param>
/// <param name="ImagesPerSecond">Images scored in a second.</param>
internal sealed record ModelEvaluation(MulticlassMetrics Metrics, IReadOnlyList<ReportSample> Samples, IReadOnlyList<ReportSample> WorstMistakes, double Seconds, double ImagesPerSecond)
{
    private const int SampleCount = 60;
    private const int MistakeCount = 60;

    /// <summary>Scores images with a model and compares with the truth.</summary>
    /// <param name="model">The model, without an alphabet: masking is the metrics' part.</param>
    /// <param name="part">Images; labels are classes among <paramref name="labels"/>.</param>
    /// <param name="indices">Which images; null takes all, those that couldn't be read as wrong.</param>
    /// <param name="labels">Text of the data's classes.</param>
    /// <param name="alphabet">Classes that may be answered; null allows all.</param>
    /// <param name="ignoreCase">Whether labels that differ by case only count as the same.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public static ModelEvaluation Run(CharacterRecognizer model, DatasetPart part, int[]? indices, IReadOnlyList<string> labels,
        Alphabet? alphabet = null, bool ignoreCase = false, CancellationToken cancellation = default)
    {
        int count = indices?.Length ?? part.Count;
        var samples = new List<ReportSample>();
        var mistakes = new PriorityQueue<ReportSample, float>();
        // Of those that the alphabet allows
        int[] measured = [.. Enumerable.Range(0, count).Where(i => alphabet?.Contains(labels[part.Labels[Place(i)]]) ?? true)];
        HashSet<long> shown = [.. DatasetPart.Spread(measured.Length, SampleCount).Select(i => (long)measured[i])];
        EvaluationResult result = Evaluator.Evaluate(model,
            part.Labelled(labels, indices).Concat((indices is null ? part.UnreadableLabels : []).Select(label => LabelledImage.Unreadable(labels[label]))),
            new EvaluationOptions { Labels = labels, Alphabet = alphabet, IgnoreCase = ignoreCase, Observer = Collect }, cancellation);
        return new ModelEvaluation(result.Metrics, samples, [.. mistakes.UnorderedItems.Select(m => m.Element).OrderByDescending(m => m.Confidence)],
            result.Duration.TotalSeconds, result.ImagesPerSecond);

        void Collect(EvaluatedImage image)
        {
            bool sampled = shown.Contains(image.Index);
            bool worst = !image.IsRight && (mistakes.Count < MistakeCount || image.Confidence > mistakes.Peek().Confidence);
            if (!sampled && !worst) return;
            var sample = new ReportSample(part.Image(Place(image.Index)).ToArray(), image.Actual, image.Predicted, image.Confidence);
            if (sampled) samples.Add(sample);
            if (!worst) return;
            mistakes.Enqueue(sample, image.Confidence);
            if (mistakes.Count > MistakeCount) mistakes.Dequeue();
        }

        int Place(long index) => indices is null ? (int)index : indices[index];
    }
}
