using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;
using Recognizer.Training.Differentiation;

namespace Recognizer.Training.Fitting;

/// <summary>Calibrates confidences: all logits are divided by one temperature, chosen so that the log-loss on images held back is least (Guo et
/// al. 2017), which changes no answer. Where training and use have other mixes of classes, each class gets a bias besides (Alexandari, Kundaje and Shrikumar 2020): how often
/// classes are met is then partly an estimate, which held-back images put right. Where training images of some classes are mostly known by group, few tell these classes apart, a network
/// learns those by heart and is too sure within the group: differences within it get a factor of their own.</summary>
internal static class TemperatureScaling
{
    private const double Lowest = 0.2;
    private const double Highest = 5;

    /// <summary>Standard deviation that the logarithms of temperature and factor are expected to have: a handful of images that are all read right would ask for a temperature of zero.</summary>
    private const double TemperatureDeviation = 0.5;

    /// <summary>Standard deviation that biases are expected to have: few images move them little.</summary>
    private const double BiasDeviation = 0.2;

    private const int BiasSteps = 60;

    /// <summary>Calibrates a graph whose temperature is 1; one without a temperature stays as it is.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="model">The same graph, loaded.</param>
    /// <param name="images">What to choose on.</param>
    /// <param name="families">Classes that aren't told apart in some images.</param>
    /// <param name="biased">Whether classes get biases too.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static void Apply(Graph graph, CharacterRecognizer model, HeldBackImages images, IReadOnlyList<int[]> families, bool biased, CancellationToken cancellation)
    {
        if (ClassifierOutput.Of(graph).Temperature is not { } temperature) return;
        // A softmax forgets only a constant per row, so that logarithms of its probabilities are as good as the logits.
        float[] logits = images.Score(model, cancellation);
        if (FitWithinFamilies(logits, images, cancellation) is { } factor)
        {
            ClassifierHead.Contract(graph, families, factor);
            for (int row = 0; row < images.Count; row++) ClassifierHead.Contract(logits, families, factor, row * model.Labels.Count, 1);
        }
        if (!biased || ClassifierHead.Bias(graph) is not { } bias)
        {
            temperature.Span<float>()[0] = (float)Fit(logits, images, cancellation);
            return;
        }
        var biases = new double[model.Labels.Count];
        double value = Fit(logits, images, biases, cancellation);
        temperature.Span<float>()[0] = (float)value;
        // What is divided by the temperature is multiplied by it first.
        for (int k = 0; k < biases.Length; k++) bias.Span<float>()[k] += (float)(biases[k] * value);
    }

    /// <summary>Finds the temperature with the least Σ −ln p + ln² temperature / (2 · deviation²).</summary>
    /// <param name="logits">[images, classes].</param>
    /// <param name="images">What is known of each.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal static double Fit(float[] logits, HeldBackImages images, CancellationToken cancellation = default) => Temperature(logits, images, [], cancellation);

    /// <summary>Finds temperature and biases with about the least Σ −ln p + ln² temperature / (2 · deviation²) + Σ bias² / (2 · deviation²), each with its own deviation.</summary>
    /// <param name="logits">[images, classes].</param>
    /// <param name="images">What is known of each.</param>
    /// <param name="biases">[classes], receives what is added to the logits after they are divided.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal static double Fit(float[] logits, HeldBackImages images, double[] biases, CancellationToken cancellation = default)
    {
        Span<double> gradient = new double[biases.Length], curvature = new double[biases.Length];
        double temperature = Temperature(logits, images, biases, cancellation);
        for (int step = 0; step < BiasSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            images.Slope(logits, 1 / temperature, biases, gradient, curvature);
            // Half of Newton's step along each axis: biases that pull at the same images don't overshoot together.
            const double Prior = 1 / (BiasDeviation * BiasDeviation);
            for (int k = 0; k < biases.Length; k++) biases[k] -= 0.5 * (gradient[k] + Prior * biases[k]) / (curvature[k] + Prior);
            if (step % 10 == 9) temperature = Temperature(logits, images, biases, cancellation);
        }
        return temperature;
    }

    /// <summary>Finds the factor on differences within families, relative to those between them, or null where no image tells.</summary>
    /// <param name="logits">[images, classes].</param>
    /// <param name="images">What is known of each.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal static double? FitWithinFamilies(float[] logits, HeldBackImages images, CancellationToken cancellation = default)
    {
        if (images.SlopeWithinFamilies(logits, 1) == 0) return null;
        double temperature = Temperature(logits, images, [], cancellation);
        return Zero(factor => images.SlopeWithinFamilies(logits, factor / temperature) / temperature, cancellation);
    }

    // The loss of known classes is convex in 1 / temperature, so that its slope crosses zero once; with groups this finds one of the zeros.
    private static double Temperature(float[] logits, HeldBackImages images, double[] biases, CancellationToken cancellation) =>
        1 / Zero(inverse => images.Slope(logits, inverse, biases), cancellation);

    /// <summary>Finds the factor on logits whose loss has no slope, that of what factors are expected to be included.</summary>
    private static double Zero(Func<double, double> slope, CancellationToken cancellation)
    {
        double low = 1 / Highest, high = 1 / Lowest;
        for (int step = 0; step < 24; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            double middle = (low + high) / 2;
            double prior = Math.Log(middle) / (middle * TemperatureDeviation * TemperatureDeviation);
            if (slope(middle) + prior > 0) high = middle;
            else low = middle;
        }
        return (low + high) / 2;
    }
}
