using Recognizer.Inference.Onnx;
using static Recognizer.Tests.Engine.Operators.OperatorCheck;

namespace Recognizer.Tests.Engine.Operators;

public sealed class QuantizationTests
{
    [Fact]
    public void Quantising_rounds_half_to_even_and_saturates()
    {
        Same<byte>([10, 12, 12, 0, 255], [5], Evaluate("QuantizeLinear", [Floats([5], 0.25f, 0.75f, 1.25f, -100, 1000), Tensor.Scalar(0.5f), Tensor.Scalar<byte>(10)])[0]);
        Same<sbyte>([-128, 127], [2], Evaluate("QuantizeLinear", [Floats([2], -1000, 1000), Tensor.Scalar(1f), Tensor.Scalar<sbyte>(0)])[0]);
        // one scale per channel
        Same<byte>([1, 2, 30, 40], [1, 2, 2], Evaluate("QuantizeLinear", [Counting(1, 2, 2), Floats([2], 1, 0.1f)])[0]);
        Refusal("QuantizeLinear", [Tensor.Vector(1L), Tensor.Scalar(1f)]);
    }

    [Fact]
    public void Quantising_divides_in_the_precision_of_the_scale_or_the_one_asked_for()
    {
        // As a half the number is 2.5, which is rounded to even
        Tensor above = Floats([1], 2.5003f), one = Tensor.Scalar(1f), half = Tensor.Scalar((Half)1);
        Same<byte>([3], [1], Evaluate("QuantizeLinear", [above, one], 23)[0]);
        Same<byte>([2], [1], Evaluate("QuantizeLinear", [above, half], 23)[0]);
        Same<byte>([2], [1], Evaluate("QuantizeLinear", [above, one], 23, 1, ("precision", (int)ElementType.Float16))[0]);
    }

    [Fact]
    public void Dequantising_gives_the_type_of_the_scale_or_the_one_asked_for()
    {
        // More than halves hold before the product
        Tensor x = Tensor.Vector(100_000, -70_000, 4), scale = Tensor.Scalar((Half)0.001f);
        Same<Half>([(Half)100.0404f, (Half)(-70.0283f), (Half)0.0040016f], [3], Evaluate("DequantizeLinear", [x, scale])[0]);
        Same<float>([50, 1.5f], [2], Evaluate("DequantizeLinear", [Tensor.Vector(100, 3), Tensor.Scalar((Half)0.5f)], 23, 1, ("output_dtype", (int)ElementType.Float))[0]);
        Same<Half>([(Half)50], [1], Evaluate("DequantizeLinear", [Tensor.Vector(100), Tensor.Scalar(0.5f)], 23, 1, ("output_dtype", (int)ElementType.Float16))[0]);
    }

    [Fact]
    public void Dequantising_inverts()
    {
        Floats([2, 2], -4.5f, 0, 0, 1);
        Same<float>([-4.5f, 0.5f], [2], Evaluate("DequantizeLinear", [Tensor.Vector<byte>(1, 11), Tensor.Scalar(0.5f), Tensor.Scalar<byte>(10)])[0]);
        Same<float>([1, 20], [2, 1], Evaluate("DequantizeLinear", [Tensor.Create<sbyte>([1, 2], 2, 1), Floats([2], 1, 10)], 13, 1, ("axis", 0))[0]);
        Refusal("DequantizeLinear", [Tensor.Vector<byte>(1), Tensor.Scalar(1f), Tensor.Scalar<sbyte>(0)]);
        Refusal("DequantizeLinear", [Counting(2), Tensor.Scalar(1f)]);
    }

    [Fact]
    public void Dynamic_quantisation_covers_the_range_and_zero()
    {
        // −1 … 1.55 in steps of 0.01, 0 at 100
        Tensor[] outputs = Evaluate("DynamicQuantizeLinear", [Floats([3], -1, 0, 1.55f)], 11, 3);
        Same<byte>([0, 100, 255], [3], outputs[0]);
        Same<float>([0.01f], [], outputs[1]);
        Same<byte>([100], [], outputs[2]);
    }

    [Fact]
    public void Integer_products_subtract_zero_points()
    {
        // (1 − 1)·(3 − 2) + (2 − 1)·(4 − 2)
        Same<int>([2], [1, 1], Evaluate("MatMulInteger", [Tensor.Create<byte>([1, 2], 1, 2), Tensor.Create<byte>([3, 4], 2, 1), Tensor.Scalar<byte>(1), Tensor.Scalar<byte>(2)])[0]);
        // padding is the zero point, that is 0
        Same<int>([1, 3, 2], [1, 1, 3], Evaluate("ConvInteger", [Tensor.Create<byte>([11, 12], 1, 1, 2), Tensor.Create<byte>([1, 1], 1, 1, 2), Tensor.Scalar<byte>(10)], 17, 1, ("pads", new[] { 1, 1 }))[0]);
    }

    [Fact]
    public void Quantised_products_go_back_to_quantised_values()
    {
        // real: 2·0.5 · 3·0.5 = 1.5; / 0.25 = 6, + 7
        Tensor half = Tensor.Scalar(0.5f), zero = Tensor.Scalar<byte>(0), quarter = Tensor.Scalar(0.25f), seven = Tensor.Scalar<byte>(7);
        Same<byte>([13], [1, 1], Evaluate("QLinearMatMul", [Tensor.Create<byte>([2], 1, 1), half, zero, Tensor.Create<byte>([3], 1, 1), half, zero, quarter, seven])[0]);
        // with a bias of 4 (in units of 0.25): (6 + 4)·0.25 / 0.25 + 7; the second filter has a scale of its own
        Same<byte>([17, 7 + 24], [1, 2, 1], Evaluate("QLinearConv", [Tensor.Create<byte>([2], 1, 1, 1), half, zero,
            Tensor.Create<byte>([3, 6], 2, 1, 1), Floats([2], 0.5f, 1), Tensor.Vector<byte>(0, 0), quarter, seven, Tensor.Vector(4, 0)])[0]);
    }
}
