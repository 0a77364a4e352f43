using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;
using static Recognizer.Tests.Engine.Operators.OperatorCheck;

namespace Recognizer.Tests.Engine.Operators;

public sealed class ElementwiseTests
{
    // values to six digits and more, from tables of the functions at −2, −0.5, 0, 1, 3
    [Theory]
    [InlineData("Relu", new float[] { 0, 0, 0, 1, 3 })]
    [InlineData("LeakyRelu", new[] { -0.02f, -0.005f, 0, 1, 3 })]
    [InlineData("Sigmoid", new[] { 0.1192029f, 0.3775407f, 0.5f, 0.7310586f, 0.9525741f })]
    [InlineData("Tanh", new[] { -0.9640276f, -0.4621172f, 0, 0.7615942f, 0.9950548f })]
    [InlineData("HardSigmoid", new[] { 0.1f, 0.4f, 0.5f, 0.7f, 1 })]
    [InlineData("HardSwish", new[] { -0.3333333f, -0.2083333f, 0, 0.6666667f, 3 })]
    [InlineData("Gelu", new[] { -0.0455003f, -0.1542688f, 0, 0.8413447f, 2.9959502f })]
    [InlineData("Erf", new[] { -0.9953223f, -0.5204999f, 0, 0.8427008f, 0.9999779f })]
    [InlineData("Elu", new[] { -0.8646647f, -0.3934693f, 0, 1, 3 })]
    [InlineData("Selu", new[] { -1.5201665f, -0.6917582f, 0, 1.0507010f, 3.1521030f })]
    [InlineData("Softplus", new[] { 0.1269280f, 0.4740770f, 0.6931472f, 1.3132617f, 3.0485874f })]
    [InlineData("Softsign", new[] { -0.6666667f, -0.3333333f, 0, 0.5f, 0.75f })]
    [InlineData("Exp", new[] { 0.1353353f, 0.6065307f, 1, 2.7182818f, 20.0855369f })]
    [InlineData("Floor", new float[] { -2, -1, 0, 1, 3 })]
    [InlineData("Abs", new[] { 2, 0.5f, 0, 1, 3 })]
    [InlineData("Neg", new[] { 2, 0.5f, 0, -1, -3 })]
    [InlineData("Reciprocal", new[] { -0.5f, -2, float.PositiveInfinity, 1, 0.3333333f })]
    [InlineData("Sqrt", new[] { float.NaN, float.NaN, 0, 1, 1.7320508f })]
    [InlineData("Log", new[] { float.NaN, float.NaN, float.NegativeInfinity, 0, 1.0986123f })]
    public void Unary_functions_follow_their_formula(string type, float[] expected) =>
        Floats(type, expected, [5], [Floats([5], -2, -0.5f, 0, 1, 3)], 20);

    [Fact]
    public void Attributes_shape_the_functions()
    {
        Floats("LeakyRelu", [-1, 2], [2], [Floats([2], -2, 2)], 17, ("alpha", 0.5f));
        Floats("HardSigmoid", [0.25f, 1], [2], [Floats([2], -0.5f, 1)], 17, ("alpha", 0.5f), ("beta", 0.5f));
        Floats("Elu", [-1.7293294f], [1], [Floats([1], -2)], 17, ("alpha", 2f));
        // 0.5·x·(1 + tanh(0.7978846·(x + 0.044715·x³))): at 1, tanh(0.8335622) = 0.6823838
        Floats("Gelu", [0.8411920f, -0.1588080f], [2], [Floats([2], 1, -1)], 20, ("approximate", "tanh"));
        Assert.Contains("approximate", Refusal("Gelu", [Counting(1)], 20, 1, ("approximate", "fast")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.5, 0.5204998778130465)]
    [InlineData(1, 0.8427007929497149)]
    [InlineData(2, 0.9953222650189527)]
    [InlineData(2.5, 0.9995930479825550)]
    [InlineData(3, 0.9999779095030014)]
    [InlineData(5, 0.9999999999984626)]
    [InlineData(9, 1)]
    public void The_error_function_is_exact_to_double_precision(double x, double expected)
    {
        Assert.Equal(expected, ErrorFunction.Erf(x), 4e-16);
        Assert.Equal(-expected, ErrorFunction.Erf(-x), 4e-16);
    }

    [Fact]
    public void Extreme_values_stay_finite_where_the_function_is()
    {
        Floats("Sigmoid", [0, 1], [2], [Floats([2], -1e4f, 1e4f)]);
        Floats("Softplus", [0, 1e4f], [2], [Floats([2], -1e4f, 1e4f)]);
        Floats("Relu", [float.NaN, 0], [2], [Floats([2], float.NaN, float.NegativeInfinity)]);
    }

    [Fact]
    public void Clip_takes_bounds_as_inputs_or_attributes()
    {
        Tensor x = Floats([3], -2, 0.5f, 2);
        Floats("Clip", [-1, 0.5f, 1], [3], [x, Tensor.Scalar(-1f), Tensor.Scalar(1f)]);
        Floats("Clip", [-2, 0.5f, 1], [3], [x, null, Tensor.Scalar(1f)]);
        Floats("Clip", [-1, 0.5f, 1], [3], [x], 6, ("min", -1f), ("max", 1f));
        Same<sbyte>([-1, 3], [2], Evaluate("Clip", [Tensor.Vector<sbyte>(-5, 3), Tensor.Scalar<sbyte>(-1)])[0]);
        Assert.Contains("expected 1", Refusal("Clip", [x, Counting(2)]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Add", new float[] { 11, 22, 13, 24 })]
    [InlineData("Sub", new float[] { -9, -18, -7, -16 })]
    [InlineData("Mul", new float[] { 10, 40, 30, 80 })]
    [InlineData("Div", new[] { 0.1f, 0.1f, 0.3f, 0.2f })]
    public void Arithmetic_broadcasts_from_the_last_axis(string type, float[] expected) =>
        Floats(type, expected, [2, 2], [Counting(2, 2), Floats([2], 10, 20)]);

    [Fact]
    public void Arithmetic_broadcasts_both_ways()
    {
        Floats("Add", [11, 21, 12, 22], [2, 2], [Floats([2, 1], 1, 2), Floats([1, 2], 10, 20)]);
        Floats("Mul", [], [2, 0], [Floats([2, 1], 1, 2), Floats([1, 0])]);
    }

    [Fact]
    public void Old_arithmetic_aligns_at_an_axis() =>
        Floats("Add", [11, 12, 23, 24], [2, 2], [Counting(2, 2), Floats([2], 10, 20)], 6, ("broadcast", 1), ("axis", 0));

    [Fact]
    public void Integers_wrap_around_and_are_cut_towards_zero()
    {
        Same<int>([-2, 2, 3], [3], Evaluate("Div", [Tensor.Vector(-7, 7, 7), Tensor.Vector(3, 3, 2)])[0]);
        Same<byte>([4], [1], Evaluate("Add", [Tensor.Vector<byte>(250), Tensor.Vector<byte>(10)])[0]);
        Same<ulong>([ulong.MaxValue], [1], Evaluate("Sub", [Tensor.Vector(0ul), Tensor.Vector(1ul)])[0]);
        Refusal("Div", [Tensor.Vector(1), Tensor.Vector(0)]);
        Refusal("Div", [Tensor.Vector(int.MinValue), Tensor.Vector(-1)]);
        Floats("Div", [float.PositiveInfinity], [1], [Floats([1], 1), Floats([1], 0)]);
    }

    [Fact]
    public void Half_precision_is_computed_in_half_precision() =>
        Same<Half>([(Half)3.5], [1], Evaluate("Add", [Tensor.Vector((Half)1.5), Tensor.Vector((Half)2)])[0]);

    [Fact]
    public void Several_inputs_are_combined()
    {
        Floats("Max", [3, 9], [2], [Floats([2], 1, 9), Floats([], 2), Floats([1], 3)]);
        Floats("Min", [1, 2], [2], [Floats([2], 1, 9), Floats([], 2)]);
        Floats("Sum", [6, 14], [2], [Floats([2], 1, 9), Floats([], 2), Floats([1], 3)]);
        Floats("Mean", [2, 14f / 3], [2], [Floats([2], 1, 9), Floats([], 2), Floats([1], 3)]);
        Floats("Max", [float.NaN], [1], [Floats([1], float.NaN), Floats([1], 1)]);
    }

    [Fact]
    public void Powers_have_the_type_of_the_base()
    {
        Same<int>([9, 1, 0, -8], [4], Evaluate("Pow", [Tensor.Vector(3, 3, 0, -2), Tensor.Vector(2f, 0f, 2f, 3f)])[0]);
        Same<float>([0.125f, 3], [2], Evaluate("Pow", [Tensor.Vector(2f, 9f), Tensor.Vector(-3f, 0.5f)])[0]);
        Same<long>([4052555153018976267], [1], Evaluate("Pow", [Tensor.Vector(3L), Tensor.Vector(39L)])[0]);
    }

    [Fact]
    public void A_slope_per_channel_bends_negative_values() =>
        Floats("PRelu", [-0.5f, 2, -12, 4], [1, 2, 2], [Floats([1, 2, 2], -1, 2, -3, 4), Floats([2, 1], 0.5f, 4)]);

    [Fact]
    public void Wrong_types_and_shapes_are_refused()
    {
        Assert.Contains("Int32", Refusal("Sigmoid", [Tensor.Vector(1)]), StringComparison.Ordinal);
        Assert.Contains("expected Float", Refusal("Add", [Counting(2), Tensor.Vector(1, 2)]), StringComparison.Ordinal);
        Assert.Contains("broadcast", Refusal("Add", [Counting(2), Counting(3)]), StringComparison.Ordinal);
        Assert.Contains("missing", Refusal("Add", [Counting(2), null]), StringComparison.Ordinal);
        Assert.Contains("expected 2", Refusal("Mul", [Counting(2)]), StringComparison.Ordinal);
        Assert.Contains("Bool", Refusal("Add", [Tensor.Vector(true), Tensor.Vector(true)]), StringComparison.Ordinal);
        // two vectors that broadcast to more than memory should hold
        Assert.Contains("MiB", Refusal("Add", [Tensor.Create(new byte[1 << 16], 1 << 16, 1), Tensor.Create(new byte[1 << 16], 1, 1 << 16)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_operators_are_refused_by_name()
    {
        Assert.Contains("FancyNorm", Assert.Throws<OnnxException>(() => OperatorRegistry.Find(new Node("FancyNorm", [], ["y"], "n"))).Message, StringComparison.Ordinal);
        Assert.Contains("com.example", Assert.Throws<OnnxException>(() => OperatorRegistry.Find(new Node("Relu", ["x"], ["y"], "n", "com.example"))).Message, StringComparison.Ordinal);
    }
}
