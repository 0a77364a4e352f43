using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Engine;
using Recognizer.Training;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Optimization;

namespace Recognizer.Tests.Differentiation;

/// <summary>Holds the gradients of a training step to central differences of the loss, computed in double precision by the reference
/// interpreter.</summary>
internal static class GradientCheck
{
    private const double Step = 1e-5;

    /// <summary>Runs one step on random images and checks loss, gradients and running statistics.</summary>
    /// <param name="graph">A classifier; not changed.</param>
    /// <param name="logits">Name of the value that the loss should read.</param>
    /// <param name="count">Images.</param>
    /// <param name="options">How to train; a default if null.</param>
    /// <param name="tolerance">Allowed difference, relative to the largest element of a parameter's gradient.</param>
    /// <param name="offset">Added to the images, which are normal otherwise.</param>
    public static void Run(Graph graph, string logits, int count = 3, TrainingPlanOptions? options = null, double tolerance = 2e-4, float offset = 0)
    {
        options ??= new TrainingPlanOptions { BatchSize = count + 1, Threads = 2 };
        float[] images = Images(graph, count, offset);
        using var plan = new TrainingPlan(graph, options);
        var labels = new int[count];
        for (int i = 0; i < count; i++) labels[i] = (i * 7 + 1) % plan.Classes;
        StepResult result = plan.Step(images, count, new SoftmaxCrossEntropy(labels, 0.1f), seed: 5);

        Graph reference = DoublePrecision.Of(graph);
        foreach (Node node in reference.Nodes.Where(n => n.OperatorType == "BatchNormalization" && !(options.Frozen.Contains(n.Inputs[1]) && options.Frozen.Contains(n.Inputs[2]))))
            node.Attributes["training_mode"] = 1L;
        int[] shape = [count, .. graph.Inputs[0].Shape!.Skip(1).Select(d => d.Size)];
        var inputs = new Dictionary<string, Tensor> { [graph.Inputs[0].Name] = Tensor.Create(Array.ConvertAll(images, v => (double)v), shape) };
        double expected = Loss(reference, inputs, logits, labels);
        Assert.True(Math.Abs(expected - result.Loss) < 1e-5 * (1 + Math.Abs(expected)), $"loss {result.Loss}, expected {expected}");

        Assert.NotEmpty(plan.Parameters.Parameters);
        foreach (Parameter parameter in plan.Parameters.Parameters)
        {
            double[] values = (double[])reference.Initializers[parameter.Name].Data;
            float[] gradient = plan.Parameters.Gradient(parameter).ToArray();
            float largest = gradient.Max(Math.Abs);
            Assert.True(gradient.All(float.IsFinite), parameter.Name);
            int stride = Math.Max(1, values.Length / 9);
            for (int i = 0; i < values.Length; i += stride)
            {
                double numeric = Difference(reference, inputs, logits, labels, values, i);
                Assert.True(Math.Abs(numeric - gradient[i]) <= tolerance * Math.Max(largest, 1e-3),
                    $"{parameter.Name}[{i}]: gradient {gradient[i]}, by differences {numeric}, largest {largest}");
            }
            Assert.True(largest > 0, $"{parameter.Name}: gradient is zero everywhere");
        }
        CheckStatistics(plan, reference, inputs);
    }

    /// <summary>Normal images from a fixed seed.</summary>
    public static float[] Images(Graph graph, int count, float offset = 0)
    {
        var random = new CounterRandom(CounterRandom.Key(42));
        var images = new float[count * graph.Inputs[0].Shape!.Skip(1).Aggregate(1, (p, d) => p * d.Size)];
        for (int i = 0; i < images.Length; i++) images[i] = random.NextGaussian() + offset;
        return images;
    }

    private static double Difference(Graph graph, Dictionary<string, Tensor> inputs, string logits, int[] labels, double[] values, int index)
    {
        double before = values[index];
        values[index] = before + Step;
        double above = Loss(graph, inputs, logits, labels);
        values[index] = before - Step;
        double below = Loss(graph, inputs, logits, labels);
        values[index] = before;
        return (above - below) / (2 * Step);
    }

    /// <summary>Mean cross entropy with label smoothing 0.1.</summary>
    private static double Loss(Graph graph, Dictionary<string, Tensor> inputs, string logits, int[] labels)
    {
        double[] rows = (double[])Interpreter.Run(graph, inputs, [logits])[logits].Data;
        int classes = rows.Length / labels.Length;
        double total = 0;
        for (int n = 0; n < labels.Length; n++)
        {
            double[] row = rows[(n * classes)..((n + 1) * classes)];
            double logSum = row.Max() + Math.Log(row.Sum(v => Math.Exp(v - row.Max())));
            for (int k = 0; k < classes; k++) total -= (row[k] - logSum) * ((k == labels[n] ? 0.9 : 0) + 0.1 / classes);
        }
        return total / labels.Length;
    }

    private static void CheckStatistics(TrainingPlan plan, Graph reference, Dictionary<string, Tensor> inputs)
    {
        foreach (Node node in reference.Nodes.Where(n => n.OperatorType == "BatchNormalization"))
        {
            float[] mean = plan.Statistics.Single(s => s.Name == node.Inputs[3]).Values.ToArray();
            float[] variance = plan.Statistics.Single(s => s.Name == node.Inputs[4]).Values.ToArray();
            double[] oldMean = (double[])reference.Initializers[node.Inputs[3]].Data, oldVariance = (double[])reference.Initializers[node.Inputs[4]].Data;
            Tensor x = Interpreter.Run(reference, inputs, [node.Inputs[0]])[node.Inputs[0]];
            double[] values = (double[])x.Data;
            int channels = x.Shape[1], plane = x.Length / x.Shape[0] / channels, count = x.Shape[0] * plane;
            bool frozen = node.Int("training_mode", 0) == 0;
            double momentum = frozen ? 0 : 1 - node.Float("momentum", 0.9f);
            for (int c = 0; c < channels; c++)
            {
                double[] own = [.. values.Where((_, i) => i / plane % channels == c)];
                double average = own.Average(), unbiased = own.Sum(v => (v - average) * (v - average)) / (count - 1);
                Assert.Equal(oldMean[c] + momentum * (average - oldMean[c]), mean[c], 1e-4 * (1 + Math.Abs(average)));
                Assert.Equal(oldVariance[c] + momentum * (unbiased - oldVariance[c]), variance[c], 1e-4 * (1 + unbiased));
            }
        }
    }
}
