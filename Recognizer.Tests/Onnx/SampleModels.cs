using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Onnx;

/// <summary>Small graphs that between them use every form of value the file format has here.</summary>
internal static class SampleModels
{
    /// <summary>A convolutional classifier with dynamic batch size.</summary>
    public static Graph Classifier()
    {
        var random = new Random(1);
        var builder = new GraphBuilder("classifier");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 8, 8);
        x = builder.Node("Mul", "scaled", [x, builder.Initializer("scale", Tensor.Scalar(0.5f))]);
        x = builder.Node("Conv", "conv", [x, builder.Initializer("conv.weight", Values(random, 4, 1, 3, 3)), builder.Initializer("conv.bias", Values(random, 4))], ("kernel_shape", new[] { 3, 3 }), ("auto_pad", "SAME_UPPER"));
        x = builder.Node("BatchNormalization", "norm", [x, .. new[] { "gamma", "beta", "mean", "variance" }.Select(n => builder.Initializer(n, Values(random, 4)))], ("epsilon", 1e-3f));
        x = builder.Node("Relu", "relu", [x]);
        x = builder.Node("MaxPool", "pool", [x], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
        x = builder.Node("Reshape", "flat", [x, builder.Initializer("target", Tensor.Vector(-1L, 64L))]);
        x = builder.Node("Gemm", "logits", [x, builder.Initializer("dense.weight", Values(random, 10, 64)), builder.Initializer("dense.bias", Values(random, 10))], ("transB", 1));
        x = builder.Node("Softmax", "probabilities", [x], ("axis", -1));
        builder.Output("logits", ElementType.Float, Dimension.Named("N"), 10);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), 10);
        Graph graph = builder.Build();
        graph.Metadata["recognizer.labels"] = """["0","Ω","я"]""";
        return graph;
    }

    /// <summary>Shapes computed by nodes, as exporters write them.</summary>
    public static Graph ShapeChain()
    {
        var builder = new GraphBuilder("chain");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("N"), 3, 4, 5);
        string shape = builder.Node("Shape", "shape", [x]);
        string batch = builder.Node("Gather", "batch", [shape, builder.Initializer("zero", Tensor.Scalar(0L))], ("axis", 0));
        string row = builder.Node("Unsqueeze", "row", [batch, builder.Initializer("axes", Tensor.Vector(0L))]);
        string target = builder.Node("Concat", "target", [row, builder.Node("Constant", "rest", [], ("value", Tensor.Vector(-1L, 20L)))], ("axis", 0));
        string y = builder.Node("Reshape", "y", [x, target]);
        builder.Output(y, ElementType.Float, Dimension.Named("N"), 3, 20);
        return builder.Build();
    }

    /// <summary>Sequences of vectors through an LSTM with all its inputs.</summary>
    public static Graph Recurrent()
    {
        var random = new Random(2);
        var builder = new GraphBuilder("recurrent");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("T"), Dimension.Named("N"), 3);
        builder.Initializer("w", Values(random, 2, 16, 3));
        builder.Initializer("r", Values(random, 2, 16, 4));
        builder.Initializer("b", Values(random, 2, 32));
        string y = builder.Node("LSTM", "y", [x, "w", "r", "b"], ("hidden_size", 4), ("direction", "bidirectional"), ("activations", new[] { "Sigmoid", "Tanh", "Tanh", "Sigmoid", "Tanh", "Tanh" }));
        builder.Output(y, ElementType.Float, Dimension.Named("T"), 2, Dimension.Named("N"), 4);
        return builder.Build();
    }

    /// <summary>An 8-bit convolution, and slices, pads and sizes given by tensors.</summary>
    public static Graph Quantized()
    {
        var builder = new GraphBuilder("quantized");
        string x = builder.Input("x", ElementType.Float, 1, 2, 6, 6);
        builder.Initializer("scale", Tensor.Scalar(0.1f));
        builder.Initializer("zero", Tensor.Scalar((byte)128));
        builder.Initializer("scales", Tensor.Vector(0.1f, 0.2f));
        builder.Initializer("zeros", Tensor.Vector((sbyte)0, (sbyte)0));
        builder.Initializer("w", Tensor.Create(Enumerable.Range(0, 16).Select(i => (sbyte)(i - 8)).ToArray(), 2, 2, 2, 2));
        string q = builder.Node("QuantizeLinear", "q", [x, "scale", "zero"]);
        string y = builder.Node("QLinearConv", "qy", [q, "scale", "zero", "w", "scales", "zeros", "scale", "zero"]);
        y = builder.Node("DequantizeLinear", "y", [y, "scale", "zero"]);
        y = builder.Node("Pad", "padded", [y, builder.Initializer("pads", Tensor.Vector(0L, 0, 1, 1, 0, 0, 1, 1))]);
        y = builder.Node("Slice", "sliced", [y, builder.Initializer("starts", Tensor.Vector(1L)), builder.Initializer("ends", Tensor.Vector(-1L)), builder.Initializer("axes", Tensor.Vector(2L))]);
        y = builder.Node("Resize", "resized", [y, "", builder.Initializer("factors", Tensor.Vector(1f, 1f, 2f, 2f))], ("mode", "nearest"));
        y = builder.Node("ReduceSum", "sum", [y, builder.Initializer("sum.axes", Tensor.Vector(1L))], ("keepdims", 0));
        builder.Output(y, ElementType.Float, 1, 10, 14);
        return builder.Build();
    }

    /// <summary>Every element type as an initializer, one of them a scalar and one empty.</summary>
    public static Graph AllTypes()
    {
        var builder = new GraphBuilder("types");
        string x = builder.Input("x", ElementType.Float, Dimension.Unknown);
        builder.Initializer("float", Tensor.Vector(1.5f, float.NaN, float.NegativeInfinity));
        builder.Initializer("double", Tensor.Vector(1.5, double.Epsilon));
        builder.Initializer("half", Tensor.Vector((Half)1.5f, Half.MinValue, Half.NaN));
        builder.Initializer("uint8", Tensor.Vector((byte)0, (byte)255));
        builder.Initializer("int8", Tensor.Vector((sbyte)-128, (sbyte)127));
        builder.Initializer("uint16", Tensor.Vector((ushort)0, ushort.MaxValue));
        builder.Initializer("int16", Tensor.Vector(short.MinValue, short.MaxValue));
        builder.Initializer("int32", Tensor.Create([int.MinValue, 1, 2, int.MaxValue], 2, 2));
        builder.Initializer("uint32", Tensor.Vector(0u, uint.MaxValue));
        builder.Initializer("int64", Tensor.Scalar(long.MinValue));
        builder.Initializer("uint64", Tensor.Vector(ulong.MaxValue));
        builder.Initializer("bool", Tensor.Vector(true, false, true));
        builder.Initializer("string", Tensor.Vector("", "Ελληνικά", "кириллица"));
        builder.Initializer("empty", Tensor.Create(Array.Empty<float>(), 3, 0, 2));
        string y = builder.Node("Identity", "y", [x]);
        builder.Output(y, ElementType.Float, Dimension.Unknown);
        return builder.Build();
    }

    /// <summary>All of them.</summary>
    public static Graph[] All() => [Classifier(), ShapeChain(), Recurrent(), Quantized(), AllTypes()];

    private static Tensor Values(Random random, params int[] shape)
    {
        var data = new float[(int)Tensor.ElementCount(shape)];
        for (int i = 0; i < data.Length; i++) data[i] = (float)random.NextDouble();
        return Tensor.Create(data, shape);
    }
}
