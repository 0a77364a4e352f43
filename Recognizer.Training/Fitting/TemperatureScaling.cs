using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>Calibrates confidences: all logits are divided by one temperature, chosen so that the log-loss on images held back is least (Guo et
/// al. 2017). The answers stay the same.</summary>
internal static class TemperatureScaling
{
    /// <summary>Name of the initializer that architectures divide their logits by.</summary>
    public const string Initializer = "temperature";

    // Few images that are all read right would ask for a temperature of zero.
    private const double Lowest = 0.2;
    private const double Highest = 5;
    private const int Chunk = 512;

    /// <summary>The graph's temperature, or null where it has none.</summary>
    public static Tensor? Find(Graph graph) => graph.Initializers.TryGetValue(Initializer, out Tensor? tensor) && tensor.ElementType == ElementType.Float && tensor.Length == 1
        && graph.Nodes.Any(n => n.OperatorType == "Div" && n.Inputs[1] == Initializer) ? tensor : null;

    /// <summary>Finds the best temperature for a model whose own temperature is 1.</summary>
    /// <param name="model">The model.</param>
    /// <param name="part">Images.</param>
    /// <param name="indices">Those held back.</param>
    /// <param name="adjustment">[classes], ln of how much more often a class is met among these images than the model expects; empty where it expects their mix.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static float Fit(CharacterRecognizer model, DatasetPart part, int[] indices, float[] adjustment, CancellationToken cancellation)
    {
        int classes = model.Labels.Count;
        var logits = new float[(long)indices.Length * classes];
        var pixels = new float[Chunk * DatasetPart.PixelsPerImage];
        for (int start = 0; start < indices.Length; start += Chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            int size = Math.Min(Chunk, indices.Length - start);
            for (int i = 0; i < size; i++)
                Augmenter.ToUnit(part.Image(indices[start + i]), pixels.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage));
            model.Score(pixels.AsSpan(0, size * DatasetPart.PixelsPerImage), size, logits.AsSpan(start * classes, size * classes));
        }
        // A softmax forgets only a constant per row, so that logarithms of its probabilities are as good as the logits.
        for (int i = 0; i < logits.Length; i++) logits[i] = MathF.Log(Math.Max(logits[i], 1e-37f));
        return (float)Fit(logits, Array.ConvertAll(indices, i => part.Labels[i]), classes, adjustment);
    }

    /// <summary>Finds the temperature with the least mean log-loss.</summary>
    /// <param name="logits">[rows, classes].</param>
    /// <param name="labels">Class of each row.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="adjustment">[classes], added to the logits after they are divided; empty adds nothing.</param>
    internal static double Fit(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, int classes, ReadOnlySpan<float> adjustment = default)
    {
        // The loss is convex in 1 / temperature: its derivative, E[mean logit − logit of the label], crosses zero once.
        double low = 1 / Highest, high = 1 / Lowest;
        for (int step = 0; step < 24; step++)
        {
            double middle = (low + high) / 2;
            if (Slope(logits, labels, classes, adjustment, middle) > 0) high = middle;
            else low = middle;
        }
        return 2 / (low + high);
    }

    private static double Slope(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, int classes, ReadOnlySpan<float> adjustment, double inverse)
    {
        double slope = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            ReadOnlySpan<float> values = logits.Slice(row * classes, classes);
            double highest = double.NegativeInfinity, sum = 0, mean = 0;
            for (int k = 0; k < classes; k++) highest = Math.Max(highest, Scaled(values[k], k, adjustment));
            for (int k = 0; k < classes; k++)
            {
                double weight = Math.Exp(Scaled(values[k], k, adjustment) - highest);
                sum += weight;
                mean += weight * values[k];
            }
            slope += mean / sum - values[labels[row]];
        }
        return slope;

        double Scaled(float value, int k, ReadOnlySpan<float> adjustment) => value * inverse + (adjustment.IsEmpty ? 0 : adjustment[k]);
    }
}
