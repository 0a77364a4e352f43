using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine;

public sealed class PlanTests
{
    private readonly Random _random = new(7);

    /// <summary>A graph with one input [N, …image] whose body names its last value.</summary>
    private static Graph Build(int[] image, Func<GraphBuilder, string, string> body)
    {
        var builder = new GraphBuilder("test");
        string x = builder.Input("input", ElementType.Float, [Dimension.Named("N"), .. image.Select(size => (Dimension)size)]);
        builder.Output(body(builder, x), ElementType.Float);
        Graph graph = builder.Build();
        ValueInfo output = graph.Outputs[0];
        graph.Outputs[0] = new ValueInfo(output.Name, ElementType.Float, null);
        return graph;
    }

    private string Weights(GraphBuilder b, string name, params int[] shape) => b.Initializer(name, PlanCheck.Random(_random, shape));

    private string Positive(GraphBuilder b, string name, params int[] shape)
    {
        Tensor tensor = PlanCheck.Random(_random, shape);
        foreach (ref float value in tensor.Span<float>()) value = Math.Abs(value) + 0.5f;
        return b.Initializer(name, tensor);
    }

    private string Conv(GraphBuilder b, string name, string x, int from, int to, int kernel = 3, int pad = 1) =>
        b.Node("Conv", name, [x, Weights(b, name + ".w", to, from, kernel, kernel), Weights(b, name + ".b", to)], ("pads", new[] { pad, pad, pad, pad }));

    private string BatchNorm(GraphBuilder b, string name, string x, int channels) =>
        b.Node("BatchNormalization", name, [x, Weights(b, name + ".g", channels), Weights(b, name + ".o", channels), Weights(b, name + ".m", channels), Positive(b, name + ".v", channels)]);

    [Fact]
    public void BatchNormalizationReluAndPoolingBecomeOneStepWithTheConvolution()
    {
        Graph graph = Build([1, 8, 8], (b, x) =>
            b.Node("MaxPool", "y", [b.Node("Relu", "r", [BatchNorm(b, "n", Conv(b, "c", x, 1, 32), 32)])], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 })));
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(graph);
        Assert.Single(steps, step => step.Contains("Conv") && step.Contains("Relu") && step.Contains("Max2x2"));
        Assert.Equal(3, steps.Count);
    }

    [Fact]
    public void InputMeanAndScaleAreAppliedBeforeTheZeroBorder()
    {
        Graph graph = Build([1, 9, 7], (b, x) =>
        {
            string mean = b.Initializer("mean", Tensor.Create([0.4f], 1)), scale = b.Initializer("scale", Tensor.Create([0.3f], 1));
            return Conv(b, "c", b.Node("Div", "d", [b.Node("Sub", "s", [x, mean]), scale]), 1, 16);
        });
        Assert.Equal(3, PlanCheck.AgreesWithReference(graph).Count);
    }

    [Theory]
    [InlineData("Sub", true)]
    [InlineData("Sub", false)]
    [InlineData("Add", false)]
    [InlineData("Mul", true)]
    [InlineData("Div", true)]
    [InlineData("Div", false)]
    public void ConstantArithmeticPerChannelFoldsIntoWeights(string operation, bool constantSecond)
    {
        Graph graph = Build([3, 6, 6], (b, x) =>
        {
            string conv = Conv(b, "c", x, 3, 20), constant = Positive(b, "k", 20, 1, 1);
            string folded = b.Node(operation, "f", constantSecond ? [conv, constant] : [constant, conv]);
            string scalar = Positive(b, "s");
            return b.Node("Mul", "y", [scalar, folded]);
        });
        PlanCheck.AgreesWithReference(graph, tolerance: operation == "Div" && !constantSecond ? 1e-2 : 1e-5);
    }

    [Fact]
    public void ResidualAddAndActivationBecomeOneStepWithTheConvolution()
    {
        Graph graph = Build([1, 10, 10], (b, x) =>
        {
            string stem = b.Node("Relu", "stem", [Conv(b, "c0", x, 1, 32)]);
            string inner = b.Node("Relu", "r1", [Conv(b, "c1", stem, 32, 32)]);
            string sum = b.Node("Add", "sum", [stem, BatchNorm(b, "n2", Conv(b, "c2", inner, 32, 32), 32)]);
            string block = b.Node("Relu", "r2", [sum]);
            string shortcut = Conv(b, "c3", block, 32, 16, 1, 0);
            string second = b.Node("Relu", "r3", [b.Node("Add", "sum2", [Conv(b, "c4", block, 32, 16), shortcut])]);
            return b.Node("Flatten", "f", [b.Node("GlobalAveragePool", "g", [second])]);
        });
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(graph);
        Assert.Equal(2, steps.Count(step => step.Contains("+residual Relu")));
        Assert.Contains(steps, step => step.EndsWith("+residual Relu GlobalAverage", StringComparison.Ordinal));
        Assert.DoesNotContain("Add", steps);
    }

    [Theory]
    [InlineData("Relu")]
    [InlineData("Sigmoid")]
    [InlineData("Tanh")]
    [InlineData("HardSwish")]
    public void PoolingBeforeOrAfterAnActivationGivesTheSame(string activation)
    {
        Graph graph = Build([2, 7, 7], (b, x) =>
        {
            string pooled = b.Node("MaxPool", "p", [Conv(b, "c", x, 2, 16)], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
            return b.Node(activation, "a", [pooled]);
        });
        PlanCheck.AgreesWithReference(graph, options: new PlanOptions { Winograd = false });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void PooledConvolutionsKeepWhatIsNoNumber(int channels)
    {
        Graph graph = Build([channels, 2, 2], (b, x) =>
            b.Node("MaxPool", "y", [b.Node("Conv", "c", [x, b.Initializer("w", Tensor.Create([.. Enumerable.Repeat(1f, 2 * channels)], 2, channels, 1, 1))])], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 })));
        using Plan plan = Plan.Compile(graph);
        Assert.Contains(plan.Description, step => step.Contains("Max2x2"));
        for (int place = 0; place < 4; place++)
        {
            Tensor input = Counting(1, channels, 2, 2);
            input.Span<float>()[place] = float.NaN;
            AgreesExactly(plan, graph, ("input", input));
        }
    }

    [Fact]
    public void DenseLayersReadImagesThroughPermutedWeights()
    {
        Graph graph = Build([1, 8, 8], (b, x) =>
        {
            string features = b.Node("Flatten", "f", [b.Node("Relu", "r", [Conv(b, "c", x, 1, 20, 3, 0)])]);
            string hidden = b.Node("Relu", "h", [b.Node("Gemm", "g", [features, Weights(b, "w1", 30, 720), Weights(b, "b1", 30)], ("transB", 1), ("alpha", 0.5f), ("beta", 2f))]);
            string logits = b.Node("Add", "logits", [b.Node("MatMul", "m", [hidden, Weights(b, "w2", 30, 10)]), Weights(b, "b2", 10)]);
            string scaled = b.Node("Div", "scaled", [logits, b.Initializer("temperature", Tensor.Scalar(1.7f))]);
            return b.Node("Softmax", "y", [scaled]);
        });
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(graph);
        Assert.Equal(["Dense 576→30 Relu", "Dense 30→10", "Softmax", "OutputStep"], steps.Select(s => s.Replace("1152", "576")).Skip(1).Where(s => !s.Contains("Conv")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WrittenOutGeluIsRecognised(bool halfFirst)
    {
        Graph graph = Build([40], (b, x) =>
        {
            string erf = b.Node("Erf", "e", [b.Node("Div", "d", [x, b.Initializer("root", Tensor.Scalar(MathF.Sqrt(2)))])]);
            string one = b.Node("Add", "a", [erf, b.Initializer("one", Tensor.Scalar(1f))]);
            string half = b.Initializer("half", Tensor.Scalar(0.5f));
            return halfFirst ? b.Node("Mul", "y", [b.Node("Mul", "h", [x, half]), one]) : b.Node("Mul", "y", [b.Node("Mul", "p", [x, one]), half]);
        });
        Assert.Equal(["Gelu", "OutputStep"], PlanCheck.AgreesWithReference(graph, tolerance: 2e-6));
    }

    [Fact]
    public void DropoutIdentityAndReshapesCostNothing()
    {
        Graph graph = Build([2, 3], (b, x) =>
        {
            string flat = b.Node("Reshape", "r", [b.Node("Identity", "i", [b.Node("Dropout", "d", [x])]), b.Initializer("shape", Tensor.Vector(0L, -1L))]);
            return b.Node("Relu", "y", [b.Node("Squeeze", "s", [b.Node("Unsqueeze", "u", [flat, b.Initializer("axes", Tensor.Vector(1L))]), b.Initializer("axes2", Tensor.Vector(1L))])]);
        });
        Assert.Equal(["Relu", "OutputStep"], PlanCheck.AgreesWithReference(graph));
    }

    [Fact]
    public void CastsNameTheirTypesUpToOperatorSet5()
    {
        Graph graph = Build([2, 3], (b, x) =>
        {
            string same = b.Node("Cast", "c", [x], ("to", "FLOAT"));
            return b.Node("Cast", "y", [b.Node("Cast", "d", [b.Node("Relu", "r", [same])], ("to", "DOUBLE"))], ("to", "FLOAT"));
        });
        graph.Opset = 5;
        Assert.Equal(["Relu", "OutputStep", "Cast by reference", "Cast by reference"], PlanCheck.AgreesWithReference(graph));
    }

    [Fact]
    public void ShapesComputedFromTheBatchAreResolved()
    {
        Graph graph = Build([1, 6, 6], (b, x) =>
        {
            string conv = Conv(b, "c", x, 1, 16);
            string size = b.Node("Gather", "n", [b.Node("Shape", "s", [conv]), b.Initializer("zero", Tensor.Scalar(0L))], ("axis", 0));
            string batch = b.Node("Unsqueeze", "u", [size, b.Initializer("axis", Tensor.Vector(0L))]);
            string target = b.Node("Concat", "t", [batch, b.Initializer("rest", Tensor.Vector(-1L))], ("axis", 0));
            return b.Node("Gemm", "y", [b.Node("Reshape", "r", [conv, target]), Weights(b, "w", 576, 5)]);
        });
        Assert.DoesNotContain(PlanCheck.AgreesWithReference(graph), step => step.Contains("reference"));
    }

    [Fact]
    public void WhatHasNoFastStepRunsByReference()
    {
        Graph graph = Build([4, 6], (b, x) =>
        {
            string sorted = b.Node("ReduceMax", "m", [b.Node("Relu", "r", [x])], ("axes", new[] { 2 }), ("keepdims", 0));
            return b.Node("Sigmoid", "y", [sorted]);
        });
        Assert.Contains("ReduceMax by reference", PlanCheck.AgreesWithReference(graph));
    }

    [Theory]
    [InlineData("[N,C,1,1]", 6, 1, 1)]
    [InlineData("[N,1,H,W]", 1, 5, 5)]
    [InlineData("[N,C,H,W]", 6, 5, 5)]
    public void ImagesBroadcastOverImages(string name, int channels, int height, int width)
    {
        Assert.NotEmpty(name);
        var builder = new GraphBuilder("test");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("N"), 6, 5, 5);
        string y = builder.Input("y", ElementType.Float, Dimension.Named("N"), channels, height, width);
        string product = builder.Node("Mul", "p", [Conv(builder, "c", x, 6, 6), y]);
        string ratio = builder.Node("Div", "d", [product, builder.Node("Add", "a", [builder.Node("Sigmoid", "s", [y]), product])]);
        builder.Output(Conv(builder, "c2", product, 6, 4), ElementType.Float);
        builder.Output(ratio, ElementType.Float);
        Graph graph = builder.Build();
        for (int i = 0; i < 2; i++) graph.Outputs[i] = new ValueInfo(graph.Outputs[i].Name, ElementType.Float, null);
        using Plan plan = Plan.Compile(graph, new PlanOptions { Outputs = ["c2"] });
        PlanCheck.AgreesWithReference(graph, options: new PlanOptions { Outputs = ["c2"] });
    }

    [Fact]
    public void ConcatPadTransposeAndMeans()
    {
        Graph graph = Build([3, 4, 5], (b, x) =>
        {
            string conv = Conv(b, "c", x, 3, 20);
            string joined = b.Node("Concat", "j", [conv, x, conv], ("axis", 1));
            string padded = b.Node("Pad", "pad", [Conv(b, "c2", joined, 43, 3), b.Initializer("pads", Tensor.Vector(0L, 1, 0, 2, 0, 0, 1, 1)), b.Initializer("fill", Tensor.Scalar(-0.5f))]);
            string turned = b.Node("Transpose", "t", [padded], ("perm", new[] { 0, 3, 1, 2 }));
            string mean = b.Node("ReduceMean", "m", [turned], ("axes", new[] { 1, 3 }), ("keepdims", 0));
            return b.Node("Concat", "y", [mean, mean], ("axis", 1));
        });
        Assert.DoesNotContain(PlanCheck.AgreesWithReference(graph), step => step.Contains("reference"));
    }

    [Theory]
    [InlineData("MaxPool", 3, 2, 1, 0, false)]
    [InlineData("MaxPool", 3, 2, 0, 1, false)]
    [InlineData("AveragePool", 3, 2, 1, 0, false)]
    [InlineData("AveragePool", 3, 2, 1, 0, true)]
    [InlineData("AveragePool", 2, 2, 0, 1, true)]
    public void PoolingOfAllKinds(string operation, int kernel, int stride, int pad, int ceiling, bool countPadding)
    {
        Graph graph = Build([5, 9, 8], (b, x) =>
        {
            var attributes = new List<(string, object)>
            {
                ("kernel_shape", new[] { kernel, kernel }), ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }), ("ceil_mode", ceiling),
            };
            if (operation == "AveragePool") attributes.Add(("count_include_pad", countPadding ? 1 : 0));
            return b.Node(operation, "y", [Conv(b, "c", x, 5, 17)], [.. attributes]);
        });
        Assert.DoesNotContain(PlanCheck.AgreesWithReference(graph), step => step.Contains("reference"));
    }

    [Theory]
    [InlineData(5, 1, 2, 1, 1)]
    [InlineData(3, 2, 1, 1, 1)]
    [InlineData(3, 1, 1, 1, 4)]
    [InlineData(3, 1, 2, 2, 1)]
    [InlineData(1, 1, 0, 1, 2)]
    public void ConvolutionsOfAllKinds(int kernel, int stride, int pad, int dilation, int groups)
    {
        Graph graph = Build([8, 11, 9], (b, x) => b.Node("Conv", "y", [x, Weights(b, "w", 12, 8 / groups, kernel, kernel)],
            ("pads", new[] { pad, 0, pad, pad }), ("strides", new[] { stride, stride }), ("dilations", new[] { dilation, dilation }), ("group", groups)));
        Assert.DoesNotContain(PlanCheck.AgreesWithReference(graph), step => step.Contains("reference"));
    }

    [Fact]
    public void InnerValuesCanBeOutputsAndUnneededNodesAreNotRun()
    {
        Graph graph = Build([1, 6, 6], (b, x) => b.Node("Softmax", "y", [b.Node("Flatten", "f", [b.Node("Relu", "r", [Conv(b, "c", x, 1, 4)])])]));
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(graph, options: new PlanOptions { Outputs = ["c", "r"] });
        Assert.DoesNotContain("Softmax", steps);
    }

    [Fact]
    public void OpenImageSizesAreCompiledPerShape()
    {
        var builder = new GraphBuilder("test");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, Dimension.Named("H"), Dimension.Named("W"));
        builder.Output(Conv(builder, "c", x, 1, 3), ElementType.Float, Dimension.Named("N"), 3, Dimension.Named("H"), Dimension.Named("W"));
        Graph graph = builder.Build();
        PlanCheck.AgreesWithReference(graph);
        using Plan plan = Plan.Compile(graph);
        Assert.Equal([2, 3, 5, 4], plan.Run(new Dictionary<string, Tensor> { ["input"] = PlanCheck.Random(_random, 2, 1, 5, 4) })["c"].Shape.ToArray());
        Assert.Equal([1, 3, 9, 6], plan.Run(new Dictionary<string, Tensor> { ["input"] = PlanCheck.Random(_random, 1, 1, 9, 6) })["c"].Shape.ToArray());
        Assert.Throws<InvalidOperationException>(() => plan.Run(new float[36], 1, new float[108]));
    }

    [Fact]
    public void GraphsOfAFixedBatchAreFastToo()
    {
        var builder = new GraphBuilder("test");
        string x = builder.Input("input", ElementType.Float, 1, 1, 6, 6);
        string flat = builder.Node("Reshape", "r", [Conv(builder, "c", x, 1, 16), builder.Initializer("shape", Tensor.Vector(1L, 576L))]);
        builder.Output(builder.Node("Gemm", "y", [flat, Weights(builder, "w", 576, 5)]), ElementType.Float, 1, 5);
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(builder.Build(), batch: 1);
        Assert.DoesNotContain(steps, step => step.Contains("reference"));
    }

    [Fact]
    public void DoublesRunByReference()
    {
        Graph graph = PlanCheck.ToDouble(Build([3], (b, x) => b.Node("Relu", "y", [b.Node("Add", "a", [x, Weights(b, "k", 3)])])));
        graph.Inputs[0] = graph.Inputs[0] with { ElementType = ElementType.Double };
        graph.Outputs[0] = graph.Outputs[0] with { ElementType = ElementType.Double };
        using Plan plan = Plan.Compile(graph);
        Tensor result = plan.Run(new Dictionary<string, Tensor> { ["input"] = Tensor.Create([1.0, -5, 2], 1, 3) })["y"];
        Assert.Equal(ElementType.Double, result.ElementType);
    }

    [Theory]
    [InlineData((byte)0)]
    [InlineData((byte)7)]
    [InlineData((sbyte)0)]
    [InlineData((sbyte)-128)]
    [InlineData((sbyte)50)]
    public void QuantisedValuesKeepTheRangeOfTheirType(object zeroPoint)
    {
        Graph graph = Build([40], (b, x) =>
        {
            string scale = b.Initializer("scale", Tensor.Scalar(0.013f)), zero = b.Initializer("zero", zeroPoint is sbyte signed ? Tensor.Scalar(signed) : Tensor.Scalar((byte)zeroPoint));
            return b.Node("DequantizeLinear", "y", [b.Node("QuantizeLinear", "q", [x, scale, zero]), scale, zero]);
        });
        Assert.DoesNotContain(PlanCheck.AgreesWithReference(graph), step => step.Contains("reference"));
    }

    [Theory]
    [InlineData("pool", 1)]
    [InlineData("pool", 16)]
    [InlineData("pool", 20)]
    [InlineData("convolution", 1)]
    [InlineData("convolution", 32)]
    [InlineData("mean", 16)]
    [InlineData("levels", 16)]
    public void ActivationsFollowImagesOfOnePixelThatBecameRows(string kind, int channels)
    {
        Graph graph = Build([2, 2, 2], (b, x) =>
        {
            switch (kind)
            {
                case "pool":
                    return b.Node("Tanh", "y", [b.Node("Flatten", "f", [b.Node("GlobalAveragePool", "p", [b.Node("Tanh", "t", [Conv(b, "c", x, 2, channels)])])])]);
                case "convolution":
                    return b.Node("LeakyRelu", "y", [b.Node("Flatten", "f", [Conv(b, "c", x, 2, channels, 2, 0)])]);
                case "mean":
                    return b.Node("Tanh", "y", [b.Node("ReduceMean", "m", [Conv(b, "c", x, 2, channels)], ("axes", new[] { 2, 3 }), ("keepdims", 0))]);
                default:
                    string scale = b.Initializer("scale", Tensor.Scalar(0.05f)), zero = b.Initializer("zero", Tensor.Scalar((byte)128));
                    string rounded = b.Node("DequantizeLinear", "d", [b.Node("QuantizeLinear", "q", [Conv(b, "c", x, 2, channels, 2, 0), scale, zero]), scale, zero]);
                    return b.Node("Gemm", "y", [b.Node("Flatten", "f", [rounded]), Weights(b, "w", channels, 3)]);
            }
        });
        Assert.DoesNotContain(PlanCheck.AgreesWithReference(graph), step => step.Contains("reference"));
    }

    [Fact]
    public void WrittenOutGeluOfWhatIsNoImageRunsByReference()
    {
        Graph graph = Build([3, 4], (b, x) =>
        {
            string tokens = b.Node("Reshape", "t", [x, b.Initializer("shape", Tensor.Vector(-1L, 4L))]);
            string erf = b.Node("Erf", "e", [b.Node("Div", "d", [tokens, b.Initializer("root", Tensor.Scalar(MathF.Sqrt(2)))])]);
            string product = b.Node("Mul", "p", [tokens, b.Node("Add", "a", [erf, b.Initializer("one", Tensor.Scalar(1f))])]);
            return b.Node("Mul", "y", [product, b.Initializer("half", Tensor.Scalar(0.5f))]);
        });
        Assert.Contains("Erf by reference", PlanCheck.AgreesWithReference(graph));
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(1, 4)]
    [InlineData(3, 3)]
    public void UnnamedFirstDimensionsMayDiffer(int rowsA, int rowsB)
    {
        var builder = new GraphBuilder("test");
        string a = builder.Input("a", ElementType.Float, Dimension.Unknown, 3), b = builder.Input("b", ElementType.Float, Dimension.Unknown, 3);
        builder.Output(builder.Node("Add", "y", [a, b]), ElementType.Float, Dimension.Unknown, 3);
        Graph graph = builder.Build();
        using Plan plan = Plan.Compile(graph);
        AgreesExactly(plan, graph, ("a", Counting(rowsA, 3)), ("b", Counting(rowsB, 3)));
    }

    private static Tensor Counting(params int[] shape) => Tensor.Create([.. Enumerable.Range(1, (int)Tensor.ElementCount(shape)).Select(i => (float)i)], shape);

    /// <summary>Compares a plan's outputs with the interpreter's, bit by bit.</summary>
    private static void AgreesExactly(Plan plan, Graph graph, params (string Name, Tensor Value)[] inputs)
    {
        Dictionary<string, Tensor> given = inputs.ToDictionary(input => input.Name, input => input.Value);
        IReadOnlyDictionary<string, Tensor> actual = plan.Run(given);
        foreach ((string name, Tensor expected) in Interpreter.Run(graph, given))
        {
            Assert.Equal(expected.Shape.ToArray(), actual[name].Shape.ToArray());
            Assert.Equal(expected.Data, actual[name].Data);
        }
    }

    [Fact]
    public void OnlyTheBatchIsLeftOpenInWhatIsKeptCompiled()
    {
        var builder = new GraphBuilder("test");
        string a = builder.Input("a", ElementType.Float, Dimension.Named("N"), Dimension.Named("K")), b = builder.Input("b", ElementType.Float, Dimension.Named("M"), Dimension.Named("K"));
        string product = builder.Node("MatMul", "p", [a, builder.Node("Transpose", "t", [b], ("perm", new[] { 1, 0 }))]);
        builder.Output(builder.Node("Relu", "y", [product]), ElementType.Float, Dimension.Named("N"), Dimension.Named("M"));
        Graph graph = builder.Build();
        using Plan plan = Plan.Compile(graph);
        for (int rows = 1; rows <= 3; rows++) AgreesExactly(plan, graph, ("a", Counting(2, 2)), ("b", Counting(rows, 2)));
    }

    [Fact]
    public void ImagesMayBeLarge()
    {
        Graph graph = Build([2, 500, 500], (b, x) => b.Node("Relu", "y", [b.Node("Reshape", "r", [x, b.Initializer("shape", Tensor.Vector(0L, -1L))])]));
        Assert.DoesNotContain(PlanCheck.AgreesWithReference(graph, batch: 2), step => step.Contains("reference"));
        Graph joined = Build([2, 500, 500], (b, x) => b.Node("Relu", "y", [b.Node("Reshape", "r", [x, b.Initializer("shape", Tensor.Vector(-1L))])]));
        PlanCheck.AgreesWithReference(joined, batch: 2);
    }

    [Fact]
    public void TheBatchMayBeAnotherDimensionToo()
    {
        var builder = new GraphBuilder("test");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("T"), Dimension.Named("N"), 2), mask = builder.Input("mask", ElementType.Float, Dimension.Named("N"), Dimension.Named("T"));
        string turned = builder.Node("Unsqueeze", "u", [builder.Node("Transpose", "t", [mask], ("perm", new[] { 1, 0 })), builder.Initializer("axes", Tensor.Vector(2L))]);
        builder.Output(builder.Node("Relu", "y", [builder.Node("Mul", "m", [x, turned])]), ElementType.Float, Dimension.Named("T"), Dimension.Named("N"), 2);
        Graph sequence = builder.Build();
        using Plan plan = Plan.Compile(sequence);
        foreach ((int t, int n) in new[] { (3, 1), (1, 3), (2, 3) }) AgreesExactly(plan, sequence, ("x", Counting(t, n, 2)), ("mask", Counting(n, t)));

        builder = new GraphBuilder("test");
        builder.Output(builder.Node("Relu", "y", [builder.Input("x", ElementType.Float, Dimension.Named("N"), Dimension.Named("N"))]), ElementType.Float, Dimension.Named("N"), Dimension.Named("N"));
        Graph square = builder.Build();
        using Plan squares = Plan.Compile(square);
        for (int size = 1; size <= 3; size++) AgreesExactly(squares, square, ("x", Counting(size, size)));
    }

    [Fact]
    public void WhatInferenceExpectedOtherwiseIsRefused()
    {
        // Fewer rows than are kept look like the batch; more don't.
        var builder = new GraphBuilder("test");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 2);
        string first = builder.Node("Slice", "first", [x, builder.Initializer("start", Tensor.Vector(0L)), builder.Initializer("end", Tensor.Vector(8000L))]);
        builder.Output(builder.Node("Relu", "r", [first]), ElementType.Float, Dimension.Unknown, 2);
        builder.Output(builder.Node("Relu", "y", [x]), ElementType.Float, Dimension.Named("N"), 2);
        Graph graph = builder.Build();
        using Plan plan = Plan.Compile(graph);
        AgreesExactly(plan, graph, ("input", Counting(3, 2)));
        OnnxException refusal = Assert.Throws<OnnxException>(() => plan.Run(new Dictionary<string, Tensor> { ["input"] = Counting(8001, 2) }));
        Assert.Contains("'input' is Float[8001, 2], expected Float[8000, 2]", refusal.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatIsCroppedIsKnown(bool regionIsConstant)
    {
        var builder = new GraphBuilder("test");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 4, 4);
        Tensor region = Tensor.Vector(0f, 0, 0, 0, 1, 1, 0.5f, 0.75f);
        string roi = regionIsConstant ? builder.Initializer("roi", region) : builder.Input("roi", ElementType.Float, 8);
        string cut = builder.Node("Resize", "r", [x, roi, builder.Initializer("scales", Tensor.Vector(1f, 1, 1, 1))], ("mode", "nearest"), ("coordinate_transformation_mode", "tf_crop_and_resize"));
        builder.Output(builder.Node("Relu", "y", [cut]), ElementType.Float, Dimension.Named("N"), 1, Dimension.Unknown, Dimension.Unknown);
        Graph graph = builder.Build();
        using Plan plan = Plan.Compile(graph);
        AgreesExactly(plan, graph, regionIsConstant ? [("input", Counting(2, 1, 4, 4))] : [("input", Counting(2, 1, 4, 4)), ("roi", region)]);
    }

    [Fact]
    public void FollowedIntegersWrapAroundAsComputedOnesDo()
    {
        Graph graph = Build([5], (b, x) =>
        {
            string end = b.Node("Cast", "end", [b.Initializer("most", Tensor.Vector(long.MaxValue))], ("to", (int)ElementType.Int32));
            return b.Node("Relu", "y", [b.Node("Slice", "s", [x, b.Initializer("start", Tensor.Vector(0)), end, b.Initializer("axis", Tensor.Vector(1))])]);
        });
        using Plan plan = Plan.Compile(graph);
        AgreesExactly(plan, graph, ("input", Counting(2, 5)));
    }

    [Theory]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.Int64)]
    public void ShapesMayBeWorkedOutInIntegersThatAMadeUpBatchDoesNotFitInto(ElementType type)
    {
        const int Side = 600;
        Graph graph = Build([Side, Side, 1], (b, x) =>
        {
            string shape = b.Node("Cast", "whole", [b.Node("Shape", "shape", [x])], ("to", (int)type));
            string[] sizes = [.. Enumerable.Range(0, 3).Select(i => b.Node("Gather", $"size{i}", [shape, b.Initializer($"at{i}", Tensor.Vector((long)i))]))];
            string rows = b.Node("Cast", "rows", [b.Node("Mul", "all", [b.Node("Mul", "some", [sizes[0], sizes[1]]), sizes[2]])], ("to", (int)ElementType.Int64));
            string turned = b.Node("Reshape", "r", [x, b.Node("Concat", "to", [rows, b.Initializer("one", Tensor.Vector(1L))], ("axis", 0))]);
            return b.Node("Relu", "y", [turned]);
        });
        using Plan plan = Plan.Compile(graph);
        AgreesExactly(plan, graph, ("input", Counting(2, Side, Side, 1)));
    }

    [Fact]
    public void DeclaredOutputsAreNotReliedOn()
    {
        var builder = new GraphBuilder("test");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 10), shape = builder.Input("shape", ElementType.Int64, 2);
        string turned = builder.Node("Reshape", "r", [x, shape]);
        builder.Output(turned, ElementType.Float, Dimension.Named("N"), 10);
        builder.Output(builder.Node("Relu", "y", [turned]), ElementType.Float, Dimension.Named("N"), 10);
        Graph graph = builder.Build();
        using Plan plan = Plan.Compile(graph);
        AgreesExactly(plan, graph, ("input", Counting(2, 10)), ("shape", Tensor.Vector(4L, 5L)));
    }

    [Fact]
    public void BordersTooWideToBeLaidOutAreRefused()
    {
        Graph graph = Build([1, 8, 8], (b, x) => b.Node("Conv", "y", [x, Weights(b, "w", 2, 1, 3, 3)], ("pads", new[] { 32768, 32768, 32768, 32768 }), ("strides", new[] { 65536, 65536 })));
        OnnxException refusal = Assert.Throws<OnnxException>(() => Plan.Compile(graph, new PlanOptions { MeasureKernels = false }));
        Assert.Contains("'input'", refusal.Message);
    }

    [Fact]
    public void NoImagesGiveNoRows()
    {
        Graph graph = Build([1, 4, 4], (b, x) => b.Node("Flatten", "y", [Conv(b, "c", x, 1, 2)]));
        using Plan plan = Plan.Compile(graph);
        AgreesExactly(plan, graph, ("input", Counting(0, 1, 4, 4)));
    }

    [Fact]
    public void ImagesWithoutElementsRunByReference()
    {
        Graph graph = Build([0], (b, x) => b.Node("Mul", "y", [b.Node("Add", "a", [x, b.Initializer("one", Tensor.Scalar(1f))]), b.Initializer("two", Tensor.Scalar(2f))]));
        using Plan plan = Plan.Compile(graph);
        AgreesExactly(plan, graph, ("input", Counting(2, 0)));
    }

    [Fact]
    public void WrongInputsAreNamed()
    {
        Graph graph = Build([1, 6, 6], (b, x) => b.Node("Flatten", "y", [Conv(b, "c", x, 1, 4)]));
        using Plan plan = Plan.Compile(graph);
        ArgumentException wrongInput = Assert.Throws<ArgumentException>(() => plan.Run(new float[35], 1, new float[144]));
        Assert.Contains("Float[N, 1, 6, 6] = 36", wrongInput.Message);
        ArgumentException wrongOutput = Assert.Throws<ArgumentException>(() => plan.Run(new float[72], 2, new float[144]));
        Assert.Contains("2 × [144] = 288", wrongOutput.Message);
        ArgumentException wrongShape = Assert.Throws<ArgumentException>(() => plan.Run(new Dictionary<string, Tensor> { ["input"] = PlanCheck.Random(_random, 1, 1, 6, 5) }));
        Assert.Contains("Float[1, 1, 6, 5], expected Float[N, 1, 6, 6]", wrongShape.Message);
        Assert.Contains("missing", Assert.Throws<ArgumentException>(() => plan.Run(new Dictionary<string, Tensor>())).Message);
        Assert.Contains("'other'", Assert.Throws<ArgumentException>(() => plan.Run(new Dictionary<string, Tensor> { ["other"] = PlanCheck.Random(_random, 1) })).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.Run([], -1, []));
        plan.Run([], 0, []);
        Assert.Contains("'nothing'", Assert.Throws<ArgumentException>(() => Plan.Compile(graph, new PlanOptions { Outputs = ["nothing"] })).Message);
        Assert.Contains("PlanOptions.Threads", Assert.Throws<ArgumentOutOfRangeException>(() => Plan.Compile(graph, new PlanOptions { Threads = 0 })).Message);
        graph.Nodes.Add(new Node("Sorcery", ["y"], ["z"], "magic"));
        Assert.Contains("magic", Assert.Throws<OnnxException>(() => Plan.Compile(graph)).Message);
    }
}
