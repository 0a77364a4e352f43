using Recognizer.Inference.Onnx;
using Recognizer.Training.Commands;

namespace Recognizer.Tests.Commands;

public class ModelSummaryTests
{
    [Theory]
    [InlineData("ConvInteger", 8 * 9, 26 * 26 * 8 * 9)]
    [InlineData("QLinearConv", 8 * 9 + 8, 26 * 26 * 8 * 9)]
    [InlineData("ConvTranspose", 4 * 4, 28 * 28 * 4 * 4)]
    [InlineData("MatMulInteger", 784 * 10, 784 * 10)]
    [InlineData("QLinearMatMul", 784 * 10, 784 * 10)]
    [InlineData("DequantizeLinear", 784 * 10, 784 * 10)]
    [InlineData("RNN", 5 * 28 + 5 * 5 + 10, 28 * (5 * 28 + 5 * 5))]
    [InlineData("LSTM", 4 * (5 * 28 + 5 * 5 + 10), 28 * 4 * (5 * 28 + 5 * 5))]
    public void Weights_count_whatever_they_are_stored_in(string layer, long parameters, long multiplyAdds)
    {
        var b = new GraphBuilder("layer");
        Dimension[] shape = layer switch { "RNN" or "LSTM" => [28, 1, 28], "ConvInteger" or "QLinearConv" or "ConvTranspose" => [Dimension.Named("N"), 1, 28, 28], _ => [Dimension.Named("N"), 784] };
        string x = b.Input("x", layer is "RNN" or "LSTM" or "ConvTranspose" or "DequantizeLinear" ? ElementType.Float : ElementType.UInt8, shape);
        string scale = b.Initializer("scale", Tensor.Scalar(0.1f)), zero = b.Initializer("zero", Tensor.Scalar<byte>(128));
        int gates = layer == "LSTM" ? 4 : 1;
        string y = layer switch
        {
            "ConvInteger" => b.Node(layer, "y", [x, Bytes(8, 1, 3, 3), zero, zero]),
            "QLinearConv" => b.Node(layer, "y", [x, scale, zero, Bytes(8, 1, 3, 3), scale, zero, scale, zero, b.Initializer("bias", Tensor.Vector(new int[8]))]),
            "ConvTranspose" => b.Node(layer, "y", [x, Floats("w", 1, 4, 2, 2)]),
            "MatMulInteger" => b.Node(layer, "y", [x, Bytes(784, 10), zero, zero]),
            "QLinearMatMul" => b.Node(layer, "y", [x, scale, zero, Bytes(784, 10), scale, zero, scale, zero]),
            "DequantizeLinear" => b.Node("MatMul", "y", [x, b.Node(layer, "weights", [Bytes(784, 10), scale, zero])]),
            _ => b.Node(layer, "y", [x, Floats("w", 1, gates * 5, 28), Floats("r", 1, gates * 5, 5), Floats("b", 1, gates * 10)], ("hidden_size", 5)),
        };
        b.Output(y, ElementType.Float);
        ModelSummary summary = ModelSummary.Of(b.Build());
        Assert.Null(summary.Problem);
        Assert.Equal((parameters, multiplyAdds), (summary.Parameters, summary.MultiplyAdds));

        string Bytes(params int[] size) => b.Initializer("w", Tensor.Zeros(ElementType.UInt8, size));
        string Floats(string name, params int[] size) => b.Initializer(name, Tensor.Zeros(ElementType.Float, size));
    }

    [Fact]
    public void Height_and_width_may_be_open()
    {
        var b = new GraphBuilder("open");
        string x = b.Input("x", ElementType.Float, Dimension.Named("N"), 1, Dimension.Named("h"), Dimension.Named("w"));
        x = b.Node("Conv", "conv", [x, b.Initializer("w5", Tensor.Zeros(ElementType.Float, 8, 1, 5, 5))]);
        x = b.Node("Flatten", "flat", [b.Node("GlobalAveragePool", "mean", [x])]);
        b.Output(b.Node("Gemm", "y", [x, b.Initializer("dense", Tensor.Zeros(ElementType.Float, 8, 10))]), ElementType.Float, Dimension.Named("N"), 10);
        ModelSummary summary = ModelSummary.Of(b.Build());
        Assert.Null(summary.Problem);
        Assert.Equal(8 * 25 + 80, summary.Parameters);
        Assert.Null(summary.MultiplyAdds);
        Assert.Equal(["[1, 8, ?, ?]", "[1, 8, 1, 1]", "[1, 8]", "[1, 10]"], summary.Layers.Select(layer => layer.OutputShape));
        Assert.Equal(80, summary.Layers[^1].MultiplyAdds);
    }
}
