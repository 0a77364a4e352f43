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

        // What lies between two levels is nowhere near the middle, or both round it alike.
        AssertSameArithmetic(quantized, "logits", images[..(3 * Pixels)], actual, 1e-5);
    }

    // Node by node in double precision.
    private static void AssertSameArithmetic(Graph quantized, string output, float[] images, float[] actual, double tolerance)
    {
        var inputs = new Dictionary<string, Tensor> { ["input"] = Tensor.Create(Array.ConvertAll(images, value => (double)value), images.Length / Pixels, 1, 28, 28) };
        ReadOnlySpan<double> exact = Interpreter.Run(PlanCheck.ToDouble(quantized), inputs, [output])[output].Span<double>();
        double largest = 0;
        foreach (double value in exact) largest = Math.Max(largest, Math.Abs(value));
        for (int i = 0; i < exact.Length; i++) Assert.InRange(Math.Abs(exact[i] - actual[i]) / largest, 0, tolerance);
    }

    [Theory]
    [InlineData(5, 1, 6, 16)]
    [InlineData(4, 1, 32, 40)]
    [InlineData(1, 1, 20, 33)]
    [InlineData(3, 2, 16, 16)]
    [InlineData(6, 1, 32, 1)]
    [InlineData(1, 2, 7, 1)]
    [InlineData(3, 1, 1, 16)]
    public void ConvolutionsOfAllKindsKeepTheirArithmetic(int kernel, int stride, int channels, int outputs)
    {
        const int count = 4;
        var random = new Random(kernel);
        var builder = new GraphBuilder("windows");
        string x = Relu(Convolution(builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28), "first", 1, channels, 3, 1));
        x = Relu(Convolution(x, "second", channels, outputs, kernel, stride));
        string flat = builder.Node("Flatten", "flat", [x]);
        int side = (28 + 2 * (kernel / 2) - kernel) / stride + 1, depth = outputs * side * side;
        builder.Output(builder.Node("MatMul", "logits", [flat, Weights("dense", 0.05f, depth, 5)]), ElementType.Float, Dimension.Named("N"), 5);
        Graph graph = builder.Build();
        float[] images = Images(count), actual = new float[count * 5];
        Graph quantized = PostTrainingQuantizer.Quantize(graph, images, count);
        using Plan plan = Plan.Compile(quantized);
        plan.Run(images, count, actual);
        Assert.Contains("int8", string.Join('\n', plan.Description));
        // Among so many values one may lie so close to the middle between two levels that single and double precision fall to different sides.
        AssertSameArithmetic(quantized, "logits", images, actual, 5e-4);

        string Relu(string value) => builder.Node("Relu", value + ".relu", [value]);

        string Convolution(string value, string name, int from, int to, int size, int step)
        {
            int pad = size / 2;
            return builder.Node("Conv", name, [value, Weights(name + ".weight", 1f / (size * MathF.Sqrt(from)), to, from, size, size), Weights(name + ".bias", 0.1f, to)],
                ("pads", new[] { pad, pad, pad, pad }), ("strides", new[] { step, step }));
        }

        string Weights(string name, float size, params int[] shape)
        {
            var values = new float[Tensor.ElementCount(shape)];
            for (int i = 0; i < values.Length; i++) values[i] = (random.NextSingle() * 2 - 1) * size;
            return builder.Initializer(name, Tensor.Create(values, shape));
        }
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

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void LayersMayShareWeightsAndBiases(bool weights, bool biases)
    {
        var random = new Random(2);
        var builder = new GraphBuilder("shared");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        string stem = Layer("stem", x, Constant("stem.w", 4, 1, 3, 3), null);
        string kernel = Constant("w", 4, 4, 3, 3), bias = Constant("b", 4);
        string first = Layer("first", stem, kernel, bias);
        string second = Layer("second", first, weights ? kernel : Constant("w2", 4, 4, 3, 3), biases ? bias : Constant("b2", 4));
        string flat = builder.Node("Flatten", "f", [builder.Node("GlobalAveragePool", "p", [second])]);
        builder.Output(builder.Node("Gemm", "logits", [flat, Constant("dense", 4, 5)]), ElementType.Float, Dimension.Named("N"), 5);
        AssertCloseAnswers(builder.Build());

        string Layer(string name, string input, string kernel, string? bias) =>
            builder.Node("Relu", $"{name}.relu", [builder.Node("Conv", name, bias is null ? [input, kernel] : [input, kernel, bias], ("pads", new[] { 1, 1, 1, 1 }))]);

        string Constant(string name, params int[] shape) => builder.Initializer(name, PlanCheck.Random(random, shape));
    }

    [Fact]
    public void ChannelsOfSmallWeightsKeepTheirBiases()
    {
        var random = new Random(2);
        var builder = new GraphBuilder("small");
        Tensor kernels = PlanCheck.Random(random, 4, 1, 3, 3);
        foreach (ref float weight in kernels.Span<float>()[..18]) weight *= 1e-6f;
        string x = builder.Node("Conv", "conv", [builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28), builder.Initializer("w", kernels), builder.Initializer("b", Tensor.Vector([0.5f, 0.5f, 0.5f, 0.5f]))]);
        x = builder.Node("Flatten", "flat", [builder.Node("GlobalAveragePool", "pool", [builder.Node("Relu", "relu", [x])])]);
        builder.Output(builder.Node("Gemm", "logits", [x, builder.Initializer("dense", PlanCheck.Random(random, 4, 5))]), ElementType.Float, Dimension.Named("N"), 5);
        AssertCloseAnswers(builder.Build());
    }

    [Fact]
    public void LayersMayReadAnyOutputOfANode()
    {
        var random = new Random(2);
        var builder = new GraphBuilder("split");
        string x = Convolution("stem", builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28), 4, 1);
        string left = builder.Node("Split", "halves", [builder.Node("Relu", "relu", [x]), builder.Initializer("sizes", Tensor.Vector(2L, 2L))], ("axis", 1));
        x = builder.Node("Concat", "both", [Convolution("first", left, 4, 2), Convolution("second", "right", 4, 2)], ("axis", 1));
        x = builder.Node("Flatten", "flat", [builder.Node("GlobalAveragePool", "pool", [x])]);
        builder.Output(builder.Node("Gemm", "logits", [x, builder.Initializer("dense", PlanCheck.Random(random, 8, 5))]), ElementType.Float, Dimension.Named("N"), 5);
        Graph graph = builder.Build();
        graph.Nodes.Single(node => node.Name == "halves").Outputs.Add("right");
        Graph quantized = AssertCloseAnswers(graph);
        Assert.Contains(quantized.Nodes, node => node.OperatorType == "QuantizeLinear" && node.Inputs[0] == "right");

        string Convolution(string name, string input, int to, int from) =>
            builder.Node("Conv", name, [input, builder.Initializer($"{name}.w", PlanCheck.Random(random, to, from, 3, 3)), builder.Initializer($"{name}.b", PlanCheck.Random(random, to))]);
    }

    /// <summary>A name that is empty is an input that is left out.</summary>
    [Fact]
    public void ALayerWhoseBiasHasAnEmptyNameIsQuantised()
    {
        var random = new Random(2);
        var builder = new GraphBuilder("bare");
        string x = builder.Node("Conv", "conv", [builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28), builder.Initializer("w", PlanCheck.Random(random, 4, 1, 3, 3)), ""]);
        x = builder.Node("Flatten", "flat", [builder.Node("GlobalAveragePool", "pool", [builder.Node("Relu", "relu", [x])])]);
        builder.Output(builder.Node("Gemm", "logits", [x, builder.Initializer("dense", PlanCheck.Random(random, 4, 5))]), ElementType.Float, Dimension.Named("N"), 5);
        Assert.Equal(2, AssertCloseAnswers(builder.Build()).Initializers.Values.Count(tensor => tensor is { ElementType: ElementType.Int8, Rank: >= 2 }));
    }

    private static Graph AssertCloseAnswers(Graph graph)
    {
        const int count = 8;
        float[] images = Images(count), expected = new float[count * 5], actual = new float[count * 5];
        Graph quantized = OnnxReader.Read(OnnxWriter.ToBytes(PostTrainingQuantizer.Quantize(graph, images, count)));
        using Plan reference = Plan.Compile(graph);
        using Plan plan = Plan.Compile(quantized);
        reference.Run(images, count, expected);
        plan.Run(images, count, actual);
        double largest = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), pair => Assert.InRange((pair.First - pair.Second) / largest, -0.1, 0.1));
        return quantized;
    }

    [Theory]
    [InlineData(16)]
    [InlineData(3)]
    public void AFixedBatchLeavesNoImageOut(int batch)
    {
        const int count = 8;
        Graph open = Network("cnn2"), closed = Network("cnn2");
        closed.Inputs[0] = closed.Inputs[0] with { Shape = [batch, 1, 28, 28] };
        float[] images = Images(count);
        // The last image is the brightest.
        foreach (ref float pixel in images.AsSpan((count - 1) * Pixels)) pixel *= 3;
        float expected = Scale(open);
        Assert.InRange(Scale(closed), 0.9f * expected, 1.1f * expected);
        Assert.Throws<ArgumentOutOfRangeException>(() => PostTrainingQuantizer.Quantize(closed, images, 0));

        float Scale(Graph graph)
        {
            Graph quantized = PostTrainingQuantizer.Quantize(graph, images, count);
            return quantized.Initializers[quantized.Nodes.First(node => node.OperatorType == "QuantizeLinear").Inputs[1]].Span<float>()[0];
        }
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

    [Fact]
    public void AModelInAnotherFormIsRefusedByWhatToDo()
    {
        Graph bytes = ModelTransforms.WithByteInput(Network("nano")), quantized = PostTrainingQuantizer.Quantize(Network("nano"), Images(4), 4);
        Assert.Contains("--uint8-input", Assert.Throws<OnnxException>(() => PostTrainingQuantizer.Quantize(bytes, Images(4), 4)).Message, StringComparison.Ordinal);
        var halves = new GraphBuilder("halves");
        halves.Output(halves.Node("Relu", "y", [halves.Input("input", ElementType.Float16, Dimension.Named("N"), 784)]), ElementType.Float16, Dimension.Named("N"), 784);
        Assert.EndsWith("expected Float.", Assert.Throws<OnnxException>(() => PostTrainingQuantizer.Quantize(halves.Build(), Images(4), 4)).Message, StringComparison.Ordinal);
        Assert.Contains("in 8 bits already", Assert.Throws<OnnxException>(() => PostTrainingQuantizer.Quantize(quantized, Images(4), 4)).Message, StringComparison.Ordinal);
    }
}
