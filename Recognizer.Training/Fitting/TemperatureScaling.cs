using Recognizer.Inference;
using Recognizer.Inference.Onnx;

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

    /// <summary>The graph's temperature, or null where it has none.</summary>
    public static Tensor? Find(Graph graph) => graph.Initializers.TryGetValue(Initializer, out Tensor? tensor) && tensor.ElementType == ElementType.Float && tensor.Length == 1
        && graph.Nodes.Any(n => n.OperatorType == "Div" && n.Inputs[1] == Initializer) ? tensor : null;

    /// <summary>Finds the best temperature for a model whose own temperature is 1.</summary>
    /// <param name="model">The model.</param>
    /// <param name="images">What to choose it on.</param>
    /// <param name="cancellation">Stops the work.</param>
    // A softmax forgets only a constant per row, so that logarithms of its probabilities are as good as the logits.
    public static float Fit(CharacterRecognizer model, HeldBackImages images, CancellationToken cancellation) => (float)Fit(images.Score(model, cancellation), images);

    /// <summary>Finds the temperature with the least mean log-loss.</summary>
    /// <param name="logits">[images, classes].</param>
    /// <param name="images">What is known of each.</param>
    internal static double Fit(ReadOnlySpan<float> logits, HeldBackImages images)
    {
        // The loss of known classes is convex in 1 / temperature, so that its slope crosses zero once; groups bend it, but not so far.
        double low = 1 / Highest, high = 1 / Lowest;
        for (int step = 0; step < 24; step++)
        {
            double middle = (low + high) / 2;
            if (images.Slope(logits, middle) > 0) high = middle;
            else low = middle;
        }
        return 2 / (low + high);
    }
}
