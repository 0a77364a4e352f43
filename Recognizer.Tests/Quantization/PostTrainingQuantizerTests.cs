using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Engine;
using Recognizer.Training.Architectures;
using Recognizer.Training.Quantization;

namespace Recognizer.Tests.Quantization;

public sealed class PostTrainingQuantizerTests
{
    private const int Pixels = 784;

    private static Graph Network(string name) => Architecture.Build(name, ["0", "1", "2", "3", "4"], 3);

    private static float[] Images(int count)
    {
        var random = new Random(4);
        var images = new float[count * Pixels];
        for (int i = 0; i < images.Length; i++) images[i] = random.Next(4) == 0 ? random.NextSingle() : 0;
        return images;
    }

    [Theory]
    [InlineData("cnn2", 0.27)]
    [InlineData("cnn2-dropout", 0.27)]
    [InlineData("vgg", 0.27)]
    [InlineData("residual", 0.27)]
    [InlineData("lenet5", 0.3)]
    [InlineData("nano", 0.35)]
    public void QuantizedModelsAreSmallValidFastAndCloseToTheFloatModel(string name, double mostBytes)
    {
        const int count = 32;
        Graph graph = Network(name);
        float[] images = Images(count);
        Graph quantized = OnnxReader.Read(OnnxWriter.ToBytes(PostTrainingQuantizer.Quantize(graph, images, count)));
        GraphValidator.Validate(quantized);
        double ratio = (double)PostTrainingQuantizer.ConstantBytes(quantized) / PostTrainingQuantizer.ConstantBytes(graph);
        Assert.InRange(ratio, 0.2, mostBytes);
        Assert.Equal(graph.Metadata["recognizer.labels"], quantized.Metadata["recognizer.labels"]);

        using Plan reference = Plan.Compile(graph, new PlanOptions { Outputs = ["logits"] });
        using Plan plan = Plan.Compile(quantized, new PlanOptions { Outputs = ["logits"] });
        Assert.DoesNotContain(plan.Description, step => step.Contains("reference"));
        var expected = new float[count * 5];
        var actual = new float[count * 5];
        reference.Run(images, count, expected);
        plan.Run(images, count, actual);
        double largest = expected.Max(Math.Abs);
        double error = Math.Sqrt(expected.Zip(actual, (e, a) => (double)(e - a) * (e - a)).Average());
        Assert.InRange(error / largest, 0, 0.05);

        // The same 8-bit arithmetic node by node, in double precision: what lies between two levels is nowhere near the middle, or both round it alike.
        var some = new Dictionary<string, Tensor> { ["input"] = Tensor.Create(Array.ConvertAll(images[..(3 * Pixels)], value => (double)value), 3, 1, 28, 28) };
        ReadOnlySpan<double> exact = Interpreter.Run(PlanCheck.ToDouble(quantized), some, ["logits"])["logits"].Span<double>();
        for (int i = 0; i < exact.Length; i++) Assert.InRange(Math.Abs(exact[i] - actual[i]) / largest, 0, 1e-5);
    }

    [Fact]
    public void PoolsAndReshapesKeepTheScaleOfWhatTheyRead()
    {
        Graph quantized = PostTrainingQuantizer.Quantize(Network("cnn2"), Images(8), 8);
        var scales = quantized.Nodes.Where(node => node.OperatorType == "QuantizeLinear").ToDictionary(node => node.Inputs[0], node => node.Inputs[1]);
        foreach (Node node in quantized.Nodes.Where(node => node.OperatorType is "MaxPool" or "Flatten"))
            Assert.Equal(scales[node.Inputs[0].Replace(".dequantized", "")], scales[node.Outputs[0]]);
        using Plan plan = Plan.Compile(quantized);
        Assert.DoesNotContain("Quantize", plan.Description.Skip(2));
    }

    [Fact]
    public void RangesCutOffRareOutliers()
    {
        var range = new ActivationRange();
        var random = new Random(1);
        float[] values = [.. Enumerable.Range(0, 1_000_000).Select(_ => random.NextSingle()), 6];
        range.Widen(values);
        range.Count(values);
        (float scale, byte zero) = range.Choose();
        Assert.Equal(0, zero);
        Assert.InRange(scale, 0.9f / 255, 2f / 255);
    }

    [Fact]
    public void AModelWithoutWeightsIsRefused()
    {
        var builder = new GraphBuilder("none");
        builder.Output(builder.Node("Relu", "y", [builder.Input("input", ElementType.Float, Dimension.Named("N"), 3)]), ElementType.Float, Dimension.Named("N"), 3);
        Assert.Throws<OnnxException>(() => PostTrainingQuantizer.Quantize(builder.Build(), new float[3], 1));
    }
}
