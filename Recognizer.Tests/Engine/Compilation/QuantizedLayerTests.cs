using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine.Compilation;

/// <summary>Layers in 8 bits. All scales are powers of two, so that the reference's values are exact and plans give the same levels.</summary>
public sealed class QuantizedLayerTests
{
    private const int Depth = 64;
    private const int LargestProducts = Depth * 127 * 255;

    private readonly Random _random = new(11);

    [Theory]
    [InlineData("Reshape")]
    [InlineData("Squeeze")]
    public void ReshapedResidualsKeepTheBorderOfTheImagesThatTheyWere(string view)
    {
        var builder = new GraphBuilder("residual");
        string x = Rounded(builder, builder.Input("input", ElementType.Float, Dimension.Named("N"), 16, 10, 10), "x", 1 / 128f, 128);
        string first = Rounded(builder, Convolution(builder, x, "c1", 16, 16, 3), "first", 1 / 16f, 128);
        string axes = builder.Initializer("axes", Tensor.Vector(4L));
        string same = view == "Reshape"
            ? builder.Node("Reshape", "same", [first, builder.Initializer("shape", Tensor.Vector(0L, 16, 10, 10))])
            : builder.Node("Squeeze", "same", [builder.Node("Unsqueeze", "more", [first, axes]), axes]);
        string sum = Rounded(builder, builder.Node("Add", "add", [Rounded(builder, Convolution(builder, x, "c2", 16, 16, 1), "second", 1 / 16f, 128), same]), "sum", 1 / 16f, 128);
        // Needs a border around what it shares with the sum.
        string third = Convolution(builder, first, "c3", 16, 16, 3);
        builder.Output(builder.Node("Concat", "y", [sum, third], ("axis", 1)), ElementType.Float, Dimension.Named("N"), 32, 10, 10);
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(builder.Build());
        Assert.Contains(steps, step => step.Contains("int8") && step.Contains("+residual"));
    }

    [Theory]
    [InlineData(false, 0, true)]
    [InlineData(true, 0, true)]
    [InlineData(false, 1, false)]
    [InlineData(true, 1, false)]
    [InlineData(false, LargestProducts, false)]
    [InlineData(true, LargestProducts, false)]
    public void DenseSumsThatMayNotFitAreLeftToFloats(bool transposed, int excess, bool integers)
    {
        var builder = new GraphBuilder("dense");
        string x = Rounded(builder, builder.Input("input", ElementType.Float, Dimension.Named("N"), Depth), "x", 1 / 256f, 0);
        var weights = new sbyte[2 * Depth];
        for (int k = 0; k < Depth; k++) (weights[transposed ? k : 2 * k], weights[transposed ? Depth + k : 2 * k + 1]) = (1, 127);
        string bias = builder.Node("DequantizeLinear", "bias",
            [builder.Initializer("bias.levels", Tensor.Vector(-5, int.MaxValue - LargestProducts + excess)), builder.Initializer("bias.scale", Tensor.Scalar(1 / 16384f))]);
        string dense = builder.Node("Gemm", "y", [x, Constant(builder, "w", Tensor.Create(weights, transposed ? [2, Depth] : [Depth, 2])), bias], ("transB", transposed ? 1 : 0));
        builder.Output(dense, ElementType.Float, Dimension.Named("N"), 2);
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(builder.Build());
        Assert.Equal(integers, steps.Any(step => step.Contains("Dense int8")));
    }

    [Fact]
    public void DenseLayersReadLargeImages()
    {
        var builder = new GraphBuilder("large");
        string x = Rounded(builder, builder.Input("input", ElementType.Float, Dimension.Named("N"), 3, 48, 48), "x", 1 / 128f, 128);
        string image = Rounded(builder, Convolution(builder, x, "c", 3, 4, 3), "image", 1 / 16f, 128);
        string dense = builder.Node("Gemm", "y", [builder.Node("Flatten", "f", [image]), Weights(builder, "w", 10, 4 * 48 * 48)], ("transB", 1));
        builder.Output(dense, ElementType.Float, Dimension.Named("N"), 10);
        Assert.Contains(PlanCheck.AgreesWithReference(builder.Build()), step => step.Contains("Dense int8"));
    }

    private static string Rounded(GraphBuilder builder, string value, string name, float step, byte zeroPoint)
    {
        string scale = builder.Initializer(name + ".scale", Tensor.Scalar(step)), zero = builder.Initializer(name + ".zero", Tensor.Scalar(zeroPoint));
        return builder.Node("DequantizeLinear", name, [builder.Node("QuantizeLinear", name + ".levels", [value, scale, zero]), scale, zero]);
    }

    private string Convolution(GraphBuilder builder, string value, string name, int from, int to, int kernel)
    {
        int pad = kernel / 2;
        return builder.Node("Conv", name, [value, Weights(builder, name + ".w", to, from, kernel, kernel)], ("pads", new[] { pad, pad, pad, pad }));
    }

    private string Weights(GraphBuilder builder, string name, params int[] shape)
    {
        var levels = new sbyte[Tensor.ElementCount(shape)];
        for (int i = 0; i < levels.Length; i++) levels[i] = (sbyte)_random.Next(-127, 128);
        return Constant(builder, name, Tensor.Create(levels, shape));
    }

    private static string Constant(GraphBuilder builder, string name, Tensor levels) =>
        builder.Node("DequantizeLinear", name, [builder.Initializer(name + ".levels", levels), builder.Initializer(name + ".scale", Tensor.Scalar(1 / 64f))]);
}
