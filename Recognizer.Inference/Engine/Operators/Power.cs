using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Pow: base to the exponent, in the type of the base; the exponent may have another type.</summary>
internal sealed class Power : NumericOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor a = inputs.Required(node, 0), b = inputs.Required(node, 1);
        int[] exponentShape = [.. b.Shape, .. Enumerable.Repeat(1, Broadcasting.LegacyPadding(node, opset, a.Rank, b.Rank))];
        int[] shape = Broadcasting.Shape(node, a.Shape, exponentShape);
        T[] output = Shapes.Stretch(node, a.Values<T>(node, 0), a.Shape, shape);
        double[] exponents = Shapes.Stretch<double>(node, Cast.To<double>(node, b), exponentShape, shape);
        // a half is cut to 0 in integers
        bool integers = T.IsInteger(T.One / (T.One + T.One));
        for (int i = 0; i < output.Length; i++)
        {
            output[i] = integers && exponents[i] >= 0 && exponents[i] == Math.Floor(exponents[i]) && exponents[i] < ulong.MaxValue
                ? Integer(output[i], (ulong)exponents[i])
                : T.CreateTruncating(Math.Pow(double.CreateTruncating(output[i]), exponents[i]));
        }
        return [Tensor.Create(output, shape)];
    }

    // exact, and wraps around as integers do
    private static T Integer<T>(T value, ulong exponent) where T : INumber<T>
    {
        T result = T.One;
        for (; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0) result *= value;
            value *= value;
        }
        return result;
    }
}

/// <summary>PRelu: x for x ≥ 0, slope·x below, the slope broadcast to x.</summary>
internal sealed class ParametricRelu : NumericOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), slope = inputs.Required(node, 1);
        // before operator set 7 a vector was one slope per channel
        int[] slopeShape = opset < 7 && slope.Rank == 1 && slope.Length > 1 && x.Rank > 2
            ? [slope.Length, .. Enumerable.Repeat(1, x.Rank - 2)] : slope.Shape.ToArray();
        if (!Broadcasting.Shape(node, x.Shape, slopeShape).AsSpan().SequenceEqual(x.Shape))
            OperatorInputs.Fail(node, $"the slope {Shapes.Text(slope.Shape)} doesn't broadcast to {Shapes.Text(x.Shape)}");
        T[] output = Shapes.Stretch(node, slope.Values<T>(node, 1), slopeShape, x.Shape);
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        for (int i = 0; i < output.Length; i++) output[i] = input[i] < T.Zero ? output[i] * input[i] : input[i];
        return [Tensor.Create(output, x.Shape)];
    }
}

/// <summary>Mean of several tensors, broadcast to one shape.</summary>
internal sealed class Mean : FloatOperator
{
    private static readonly BinaryElementwise<Addition> Sum = new(variadic: true);

    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor sum = Sum.Evaluate(node, opset, inputs)[0];
        T count = T.CreateTruncating(inputs.Length);
        T[] output = sum.Span<T>().ToArray();
        for (int i = 0; i < output.Length; i++) output[i] /= count;
        return [Tensor.Create(output, sum.Shape)];
    }
}
