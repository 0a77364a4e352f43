using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Linear quantisation: real = (quantised − zero point) · scale.</summary>
internal static class Quantization
{
    /// <summary>quantised − zero point, as 32-bit integers.</summary>
    /// <param name="node">For messages.</param>
    /// <param name="x">Quantised values.</param>
    /// <param name="zeroPoint">One, or one per index of <paramref name="axis"/>, or null for 0.</param>
    /// <param name="axis">The axis that a vector of zero points runs along.</param>
    public static int[] Centred(Node node, Tensor x, Tensor? zeroPoint, int axis)
    {
        if (x.ElementType is not (ElementType.UInt8 or ElementType.Int8 or ElementType.UInt16 or ElementType.Int16 or ElementType.Int32))
            OperatorInputs.Fail(node, $"quantised values are {x.ElementType}, expected UInt8, Int8, UInt16, Int16 or Int32");
        int[] values = (int[])Cast.To<int>(node, x).Clone();
        if (zeroPoint is null) return values;
        if (zeroPoint.ElementType != x.ElementType) OperatorInputs.Fail(node, $"the zero point is {zeroPoint.ElementType}, expected {x.ElementType}");
        int[] zero = Along<int>(node, zeroPoint, x.Shape, axis);
        for (int i = 0; i < values.Length; i++) values[i] -= zero[i];
        return values;
    }

    /// <summary>A parameter stretched to a shape: a single number, a vector along an axis, or anything that broadcasts.</summary>
    public static T[] Along<T>(Node node, Tensor parameter, ReadOnlySpan<int> shape, int axis) where T : INumber<T>
    {
        T[] values = Cast.To<T>(node, parameter);
        int[] from = parameter.Shape.ToArray();
        if (parameter.Length == 1) from = [];
        else if (parameter.Rank == 1 && shape.Length > 0)
        {
            from = new int[shape.Length];
            Array.Fill(from, 1);
            from[Axes.Normalize(node, axis, shape.Length)] = parameter.Length;
        }
        if (!Broadcasting.Shape(node, from, shape).AsSpan().SequenceEqual(shape))
            OperatorInputs.Fail(node, $"a scale or zero point of shape {Shapes.Text(parameter.Shape)} doesn't fit {Shapes.Text(shape)}");
        return Shapes.Stretch<T>(node, values, from, shape);
    }

    /// <summary>round(x) + zero point, clamped to the quantised type; halves are rounded to even.</summary>
    public static Tensor Round<T>(Node node, ReadOnlySpan<T> x, ReadOnlySpan<int> shape, ReadOnlySpan<int> zeroPoint, ElementType type)
        where T : IFloatingPointIeee754<T> => type switch
        {
            ElementType.UInt8 => Tensor.Create(Round<T, byte>(x, zeroPoint), shape),
            ElementType.Int8 => Tensor.Create(Round<T, sbyte>(x, zeroPoint), shape),
            ElementType.UInt16 => Tensor.Create(Round<T, ushort>(x, zeroPoint), shape),
            ElementType.Int16 => Tensor.Create(Round<T, short>(x, zeroPoint), shape),
            _ => throw new OnnxException($"{node}: quantises to {type}, expected UInt8, Int8, UInt16 or Int16."),
        };

    private static TTo[] Round<T, TTo>(ReadOnlySpan<T> x, ReadOnlySpan<int> zeroPoint) where T : IFloatingPointIeee754<T> where TTo : INumber<TTo>
    {
        var output = new TTo[x.Length];
        for (int i = 0; i < output.Length; i++)
            output[i] = TTo.CreateSaturating(Math.Round(double.CreateTruncating(x[i]), MidpointRounding.ToEven) + zeroPoint[i]);
        return output;
    }

    /// <summary>What QLinearConv and QLinearMatMul do with their sums: round(sum · left scale · right scale / output scale) + zero point.</summary>
    public static Tensor Requantize(Node node, Tensor sums, double[] leftScale, double[] rightScale, Tensor outputScale, Tensor zeroPoint)
    {
        ReadOnlySpan<int> sum = sums.Span<int>();
        double[] scale = Along<double>(node, outputScale, sums.Shape, 1);
        var real = new double[sum.Length];
        for (int i = 0; i < real.Length; i++) real[i] = sum[i] * leftScale[i] * rightScale[i] / scale[i];
        return Round<double>(node, real, sums.Shape, Along<int>(node, zeroPoint, sums.Shape, 1), zeroPoint.ElementType);
    }

    /// <summary>The axis attribute of QuantizeLinear and DequantizeLinear.</summary>
    public static int Axis(Node node, Tensor x, Tensor scale)
    {
        if (node.Int("block_size", 0) != 0) OperatorInputs.Fail(node, "attribute 'block_size' is set; scales per block are not supported");
        return scale.Length == 1 ? 0 : Axes.Normalize(node, node.Int("axis", 1), x.Rank);
    }
}

/// <summary>QuantizeLinear: round(x / scale) + zero point, clamped to the type of the zero point (UInt8 without one); divided in the precision that the node asks for, else in that of
/// the scale.</summary>
internal sealed class QuantizeLinear : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        ElementType type = inputs.Required(node, 0).ElementType;
        if (type is not (ElementType.Float or ElementType.Double or ElementType.Float16 or ElementType.Int32)) OperatorInputs.Fail(node, $"the first input is {type}, expected real numbers or Int32");
        var precision = (ElementType)node.Int("precision", 0);
        return [(precision == ElementType.Undefined ? inputs.Required(node, 1).ElementType : precision) switch
        {
            ElementType.Double => Quantize<double>(node, inputs),
            ElementType.Float16 => Quantize<Half>(node, inputs),
            _ => Quantize<float>(node, inputs),
        }];
    }

    private static Tensor Quantize<T>(Node node, ReadOnlySpan<Tensor?> inputs) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Tensor x = inputs.Required(node, 0), scale = inputs.Required(node, 1);
        int axis = Quantization.Axis(node, x, scale);
        var quotients = (T[])Cast.To<T>(node, x).Clone();
        T[] scales = Quantization.Along<T>(node, scale, x.Shape, axis);
        for (int i = 0; i < quotients.Length; i++) quotients[i] /= scales[i];
        Tensor? zeroPoint = inputs.Optional(2);
        int[] zero = zeroPoint is null ? new int[quotients.Length] : Quantization.Along<int>(node, zeroPoint, x.Shape, axis);
        var type = (ElementType)node.Int("output_dtype", 0);
        if (type == ElementType.Undefined) type = zeroPoint?.ElementType ?? ElementType.UInt8;
        return Quantization.Round<T>(node, quotients, x.Shape, zero, type);
    }
}

/// <summary>DequantizeLinear: (x − zero point) · scale, in the type that the node asks for, else in that of the scale; halves are made of floats at the end, because levels may be more than
/// they hold.</summary>
internal sealed class DequantizeLinear : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), scale = inputs.Required(node, 1);
        int axis = Quantization.Axis(node, x, scale);
        int[] centred = Quantization.Centred(node, x, inputs.Optional(2), axis);
        Tensor output = scale.ElementType switch
        {
            ElementType.Float or ElementType.Float16 => Scale<float>(node, x, centred, scale, axis),
            ElementType.Double => Scale<double>(node, x, centred, scale, axis),
            _ => throw new OnnxException($"{node}: the scale is {scale.ElementType}, expected Float, Double or Float16."),
        };
        var type = (ElementType)node.Int("output_dtype", 0);
        return [Cast.To(node, output, type == ElementType.Undefined ? scale.ElementType : type)];
    }

    private static Tensor Scale<T>(Node node, Tensor x, int[] centred, Tensor scale, int axis) where T : IFloatingPointIeee754<T>
    {
        T[] output = Quantization.Along<T>(node, scale, x.Shape, axis);
        for (int i = 0; i < output.Length; i++) output[i] *= T.CreateTruncating(centred[i]);
        return Tensor.Create(output, x.Shape);
    }
}

/// <summary>DynamicQuantizeLinear: quantises to UInt8 over the range of the values, widened so that it holds 0.</summary>
internal sealed class DynamicQuantizeLinear : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        ReadOnlySpan<float> input = x.Values<float>(node, 0);
        float least = 0, most = 0;
        foreach (float value in input)
        {
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }
        float scale = (most - least) / byte.MaxValue;
        if (scale == 0) scale = 1;      // all zeros: any scale does
        byte zeroPoint = byte.CreateSaturating(MathF.Round(-least / scale, MidpointRounding.ToEven));
        var quotients = new float[input.Length];
        for (int i = 0; i < quotients.Length; i++) quotients[i] = input[i] / scale;
        int[] zero = new int[quotients.Length];
        Array.Fill(zero, zeroPoint);
        return [Quantization.Round<float>(node, quotients, x.Shape, zero, ElementType.UInt8), Tensor.Scalar(scale), Tensor.Scalar(zeroPoint)];
    }
}

/// <summary>ConvInteger: Conv of quantised values less their zero points, as Int32.</summary>
internal sealed class ConvInteger : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), w = inputs.Required(node, 1);
        return [ConvolutionLoops.Convolve<int>(node, x, Quantization.Centred(node, x, inputs.Optional(2), 1),
            w, Quantization.Centred(node, w, inputs.Optional(3), 0), default)];
    }
}

/// <summary>MatMulInteger: MatMul of quantised values less their zero points, as Int32.</summary>
internal sealed class MatMulInteger : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs) =>
        [Product(node, inputs.Required(node, 0), inputs.Optional(2), inputs.Required(node, 1), inputs.Optional(3))];

    /// <summary>Zero points may be one per row of the left factor and one per column of the right.</summary>
    public static Tensor Product(Node node, Tensor a, Tensor? zeroA, Tensor b, Tensor? zeroB) =>
        MatrixProduct.Multiply<int>(node, a, Quantization.Centred(node, a, zeroA, Math.Max(a.Rank - 2, 0)), b, Quantization.Centred(node, b, zeroB, -1));
}

/// <summary>QLinearConv: Conv in integers, then back to quantised values.</summary>
internal sealed class QLinearConv : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), w = inputs.Required(node, 3);
        w.RequireRank(node, 3, 3);
        ReadOnlySpan<int> bias = inputs.Optional(8) is null ? default : inputs.Vector<int>(node, 8, w.Shape[0]);
        Tensor sums = ConvolutionLoops.Convolve(node, x, Quantization.Centred(node, x, inputs.Required(node, 2), 1),
            w, Quantization.Centred(node, w, inputs.Required(node, 5), 0), bias);
        return [Quantization.Requantize(node, sums, Quantization.Along<double>(node, inputs.Required(node, 1), sums.Shape, 1),
            Quantization.Along<double>(node, inputs.Required(node, 4), sums.Shape, 1), inputs.Required(node, 6), inputs.Required(node, 7))];
    }
}

/// <summary>QLinearMatMul: MatMul in integers, then back to quantised values.</summary>
internal sealed class QLinearMatMul : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor sums = MatMulInteger.Product(node, inputs.Required(node, 0), inputs.Required(node, 2), inputs.Required(node, 3), inputs.Required(node, 5));
        return [Quantization.Requantize(node, sums, Quantization.Along<double>(node, inputs.Required(node, 1), sums.Shape, Math.Max(sums.Rank - 2, 0)),
            Quantization.Along<double>(node, inputs.Required(node, 4), sums.Shape, -1), inputs.Required(node, 6), inputs.Required(node, 7))];
    }
}
