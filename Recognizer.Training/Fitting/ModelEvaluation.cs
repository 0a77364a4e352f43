using System.Diagnostics;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;
using Recognizer.Training.Reports;

namespace Recognizer.Training.Fitting;

/// <summary>How a model did on a set of images.</summary>
/// <param name="Metrics">The figures.</param>
/// <param name="Samples">Some images as they came, with true and predicted label.</param>
/// <param name="WorstMistakes">The mistakes that the model was surest of.</param>
/// <param name="Seconds">Time for scoring all images.</param>
internal sealed record ModelEvaluation(MulticlassMetrics Metrics, IReadOnlyList<ReportSample> Samples, IReadOnlyList<ReportSample> WorstMistakes, double Seconds)
{
    private const int Chunk = 512;
    private const int SampleCount = 60;
    private const int MistakeCount = 60;

    /// <summary>Images scored in a second.</summary>
    public double ImagesPerSecond => Seconds > 0 ? (Metrics.Count + Metrics.Skipped) / Seconds : 0;

    /// <summary>Scores images with a model and compares with the truth.</summary>
    /// <param name="model">The model, without an alphabet: masking is the metrics' part.</param>
    /// <param name="part">Images; labels are classes among <paramref name="labels"/>.</param>
    /// <param name="indices">Which images; null takes all.</param>
    /// <param name="labels">Text of the data's classes.</param>
    /// <param name="alphabet">Classes that may be answered; null allows all.</param>
    /// <param name="ignoreCase">Whether labels that differ by case only count as the same.</param>
    /// <param name="unreadable">Class of each image that couldn't be read.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public static ModelEvaluation Run(CharacterRecognizer model, DatasetPart part, int[]? indices, IReadOnlyList<string> labels,
        Alphabet? alphabet = null, bool ignoreCase = false, IEnumerable<int>? unreadable = null, CancellationToken cancellation = default)
    {
        var builder = new MulticlassMetricsBuilder(model.Labels, labels, alphabet, ignoreCase);
        int count = indices?.Length ?? part.Count, classes = model.Labels.Count;
        var pixels = new float[Math.Min(Chunk, count) * DatasetPart.PixelsPerImage];
        var scores = new float[Math.Min(Chunk, count) * classes];
        var samples = new List<ReportSample>();
        var mistakes = new PriorityQueue<ReportSample, float>();
        int every = Math.Max(1, count / SampleCount);
        var watch = new Stopwatch();
        for (int start = 0; start < count; start += Chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            int size = Math.Min(Chunk, count - start);
            watch.Start();
            for (int i = 0; i < size; i++)
                Augmenter.ToUnit(part.Image(Index(start + i)), pixels.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage));
            model.Score(pixels.AsSpan(0, size * DatasetPart.PixelsPerImage), size, scores.AsSpan(0, size * classes));
            watch.Stop();
            for (int i = 0; i < size; i++)
            {
                int index = Index(start + i), actual = part.Labels[index];
                ReadOnlySpan<float> row = scores.AsSpan(i * classes, classes);
                int predicted = builder.Add(actual, row);
                if (predicted < 0) continue;
                string actualLabel = ignoreCase ? labels[actual].ToUpperInvariant() : labels[actual], predictedLabel = builder.Labels[predicted];
                bool right = actualLabel == predictedLabel;
                if (right && (start + i) % every != 0) continue;
                float confidence = Confidence(row, model.Labels, alphabet);
                bool worst = !right && (mistakes.Count < MistakeCount || confidence > mistakes.Peek().Confidence);
                if (!worst && (start + i) % every != 0) continue;
                var sample = new ReportSample(part.Image(index).ToArray(), actualLabel, predictedLabel, confidence);
                if ((start + i) % every == 0 && samples.Count < SampleCount) samples.Add(sample);
                if (!worst) continue;
                mistakes.Enqueue(sample, confidence);
                if (mistakes.Count > MistakeCount) mistakes.Dequeue();
            }
        }
        foreach (int actual in unreadable ?? []) builder.AddUnreadable(actual);
        return new ModelEvaluation(builder.Build(), samples, [.. mistakes.UnorderedItems.Select(m => m.Element).OrderByDescending(m => m.Confidence)], watch.Elapsed.TotalSeconds);

        int Index(int i) => indices is null ? i : indices[i];
    }

    // Probability of the answer among the classes that may be answered.
    private static float Confidence(ReadOnlySpan<float> scores, IReadOnlyList<string> labels, Alphabet? alphabet)
    {
        float best = 0, sum = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            if (alphabet is not null && !alphabet.Contains(labels[i])) continue;
            best = Math.Max(best, scores[i]);
            sum += scores[i];
        }
        return alphabet is null ? best : sum > 0 ? best / sum : 0;
    }
}
