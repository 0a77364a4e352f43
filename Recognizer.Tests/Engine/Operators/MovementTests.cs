using Recognizer.Inference.Onnx;
using static Recognizer.Tests.Engine.Operators.OperatorCheck;

namespace Recognizer.Tests.Engine.Operators;

public sealed class MovementTests
{
    private static readonly Tensor s_x = Counting(2, 3);
    private static readonly float[] s_values = [1, 2, 3, 4, 5, 6];

    [Theory]
    [InlineData(0, new[] { 1, 24 })]
    [InlineData(1, new[] { 2, 12 })]
    [InlineData(-1, new[] { 6, 4 })]
    [InlineData(3, new[] { 24, 1 })]
    public void Flatten_cuts_at_the_axis(int axis, int[] shape) =>
        Assert.Equal(shape, Evaluate("Flatten", [Counting(2, 3, 4)], 17, 1, ("axis", axis))[0].Shape.ToArray());

    [Fact]
    public void Reshape_fills_in_what_is_left_out()
    {
        Floats("Reshape", s_values, [3, 2], [s_x, Longs(3, 2)]);
        Floats("Reshape", s_values, [2, 3, 1], [s_x, Longs(0, -1, 1)]);
        Floats("Reshape", [], [0, 3], [Floats([0]), Longs(0, 3)], 14, ("allowzero", 1));
        Floats("Reshape", [], [0, 3], [Floats([3, 0]), Longs(0, 3)], 14, ("allowzero", 1));
        Floats("Reshape", [7], [], [Floats([1], 7), Longs()]);
        Refusal("Reshape", [s_x, Longs(4, -1)]);
        Refusal("Reshape", [s_x, Longs(-1, -1)]);
        Refusal("Reshape", [s_x, Longs(1, 2, 0)]);
        Refusal("Reshape", [s_x, Longs(long.MaxValue, 2)]);
        Refusal("Reshape", [s_x, Longs(1 << 30, 1 << 30, 1 << 30)]);
        Assert.Contains("Int64", Refusal("Reshape", [s_x, Counting(2)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Transpose_reorders_axes()
    {
        Floats("Transpose", [1, 4, 2, 5, 3, 6], [3, 2], [s_x]);
        // NCHW of 1×2×1×2 to NHWC
        Floats("Transpose", [1, 3, 2, 4], [1, 1, 2, 2], [Counting(1, 2, 1, 2)], 17, ("perm", new[] { 0, 2, 3, 1 }));
        Same<string>(["a", "c", "b", "d"], [2, 2], Evaluate("Transpose", [Tensor.Create<string>(["a", "b", "c", "d"], 2, 2)])[0]);
        Refusal("Transpose", [s_x], 17, 1, ("perm", new[] { 0, 0 }));
        Refusal("Transpose", [s_x], 17, 1, ("perm", new[] { 0, 1, 2 }));
    }

    [Fact]
    public void Concat_joins_along_an_axis()
    {
        Floats("Concat", [1, 2, 3, 10, 4, 5, 6, 20], [2, 4], [s_x, Floats([2, 1], 10, 20)], 17, ("axis", 1));
        Floats("Concat", [1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3], [s_x, Floats([0, 3]), Floats([1, 3], 7, 8, 9)], 17, ("axis", -2));
        // its default, which went with operator set 4
        Floats("Concat", [1, 2, 3, 10, 4, 5, 6, 20], [2, 4], [s_x, Floats([2, 1], 10, 20)], 3);
        Refusal("Concat", [s_x, Counting(3, 1)], 17, 1, ("axis", 1));
        Refusal("Concat", [s_x, Counting(6)], 17, 1, ("axis", 0));
        Assert.Contains("axis", Refusal("Concat", [s_x, s_x]), StringComparison.Ordinal);
    }

    [Fact]
    public void Squeeze_and_unsqueeze_take_axes_as_attribute_or_input()
    {
        Floats("Squeeze", s_values, [2, 3], [s_x.Reshape(1, 2, 1, 3)]);
        Floats("Squeeze", s_values, [2, 1, 3], [s_x.Reshape(1, 2, 1, 3), Longs(0)]);
        Floats("Squeeze", s_values, [1, 2, 3], [s_x.Reshape(1, 2, 1, 3)], 11, ("axes", new[] { 2 }));
        Floats("Unsqueeze", s_values, [1, 2, 3, 1], [s_x, Longs(0, -1)]);
        Floats("Unsqueeze", s_values, [2, 1, 3], [s_x], 11, ("axes", new[] { 1 }));
        Refusal("Squeeze", [s_x, Longs(0)]);
        Refusal("Unsqueeze", [s_x, Longs(0, 0)]);
        Refusal("Unsqueeze", [s_x, Longs(5)]);
    }

    [Fact]
    public void Pad_fills_mirrors_repeats_and_cuts()
    {
        Tensor x = Counting(3);
        Floats("Pad", [0, 0, 1, 2, 3, 0], [6], [x, Longs(2, 1)]);
        Floats("Pad", [9, 1, 2], [3], [x, Longs(1, -1), Tensor.Scalar(9f)]);
        Floats("Pad", [3, 2, 1, 2, 3, 2], [6], [x, Longs(2, 1)], 17, ("mode", "reflect"));
        Floats("Pad", [1, 1, 1, 2, 3, 3], [6], [x, Longs(2, 1)], 17, ("mode", "edge"));
        Floats("Pad", [2, 3, 1, 2, 3, 1], [6], [x, Longs(2, 1)], 19, ("mode", "wrap"));
        Floats("Pad", [5, 1, 2, 3], [4], [x], 10, ("pads", new[] { 1, 0 }), ("value", 5f));
        // only axis 1 is named
        Floats("Pad", [0, 1, 2, 3, 0, 4, 5, 6], [2, 4], [s_x, Longs(1, 0), null, Longs(-1)], 18);
        Refusal("Pad", [x, Longs(1)]);
        Refusal("Pad", [x, Longs(-2, -2)]);
        Refusal("Pad", [x, Longs(0, 0)], 17, 1, ("mode", "blur"));
        Assert.Contains("MiB", Refusal("Pad", [x, Longs(1 << 30, 0)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Dropout_is_the_identity_in_inference()
    {
        Tensor[] outputs = Evaluate("Dropout", [s_x], 13, 2);
        Same(s_values, [2, 3], outputs[0]);
        Same([true, true, true, true, true, true], [2, 3], outputs[1]);
        Same<float>([1, 1, 1, 1, 1, 1], [2, 3], Evaluate("Dropout", [s_x], 9, 2, ("ratio", 0.5f))[1]);
        Same(s_values, [2, 3], Evaluate("Dropout", [s_x, Tensor.Scalar(0.5f), Tensor.Scalar(false)])[0]);
        Same(s_values, [2, 3], Evaluate("Dropout", [s_x, Tensor.Scalar(0f), Tensor.Scalar(true)])[0]);
        Assert.Contains("random", Refusal("Dropout", [s_x, Tensor.Scalar(0.5f), Tensor.Scalar(true)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Identity_keeps_any_type()
    {
        Same<string>(["x"], [1], Evaluate("Identity", [Tensor.Vector("x")])[0]);
        Same<bool>([true], [], Evaluate("Identity", [Tensor.Scalar(true)])[0]);
    }

    [Fact]
    public void Cast_converts_between_all_types()
    {
        Tensor To(Tensor x, ElementType type) => Evaluate("Cast", [x], 17, 1, ("to", (int)type))[0];
        Same<int>([-1, 1, 0], [3], To(Tensor.Vector(-1.9f, 1.9f, 0.5f), ElementType.Int32));
        Same<byte>([44], [1], To(Tensor.Vector(300), ElementType.UInt8));
        Same<sbyte>([-1], [1], To(Tensor.Vector<byte>(255), ElementType.Int8));
        Same<bool>([true, false, true], [3], To(Tensor.Vector(0.3f, 0f, -2f), ElementType.Bool));
        Same<float>([1, 0], [2], To(Tensor.Vector(true, false), ElementType.Float));
        Same<float>([2.5f, float.NegativeInfinity, float.NaN], [3], To(Tensor.Vector("2.5", "-INF", "NaN"), ElementType.Float));
        Same<string>(["1.5"], [1], To(Tensor.Vector(1.5f), ElementType.String));
        Same<Half>([(Half)0.1], [1], To(Tensor.Vector(0.1), ElementType.Float16));
        Same<double>([3], [1], To(Tensor.Vector(3ul), ElementType.Double));
        // up to operator set 5 types have names
        Same<int>([-1, 1], [2], Evaluate("Cast", [Tensor.Vector(-1.9f, 1.9f)], 5, 1, ("to", "INT32"))[0]);
        Refusal("Cast", [Tensor.Vector("one")], 17, 1, ("to", 1));
        Refusal("Cast", [s_x], 17, 1, ("to", 99));
        Assert.Contains("'to'", Refusal("Cast", [s_x]), StringComparison.Ordinal);
    }

    [Fact]
    public void Constant_takes_any_of_its_attributes()
    {
        Same<float>([1, 2], [2], Evaluate("Constant", [], 17, 1, ("value_floats", new[] { 1f, 2f }))[0]);
        Same<long>([3], [], Evaluate("Constant", [], 17, 1, ("value_int", 3))[0]);
        Same(s_values, [2, 3], Evaluate("Constant", [], 17, 1, ("value", s_x))[0]);
        Refusal("Constant", []);
    }

    [Fact]
    public void Slice_walks_in_steps_either_way()
    {
        Floats("Slice", [2, 3], [1, 2], [s_x, Longs(0, 1), Longs(1, 1000)]);
        Floats("Slice", [6, 4, 3, 1], [2, 2], [s_x, Longs(-1, -1), Longs(-100, -100), Longs(0, 1), Longs(-1, -2)]);
        Floats("Slice", [4, 5, 6], [1, 3], [s_x], 9, ("starts", new[] { 1 }), ("ends", new[] { 2 }));
        Floats("Slice", [], [2, 0], [s_x, Longs(2), Longs(1), Longs(1)]);
        Floats("Slice", [], [0], [Floats([0]), Longs(-1), Longs(-10), Longs(0), Longs(-1)]);
        Refusal("Slice", [s_x, Longs(0), Longs(1), Longs(0), Longs(0)]);
        Refusal("Slice", [s_x, Longs(0), Longs(1, 2)]);
    }

    [Fact]
    public void Gather_and_split_select()
    {
        Floats("Gather", [3, 1, 6, 4], [2, 2], [s_x, Longs(-1, 0)], 17, ("axis", 1));
        Floats("Gather", [4, 5, 6], [3], [s_x, Tensor.Scalar(1L)]);
        Refusal("Gather", [s_x, Longs(2)]);
        Tensor[] pieces = Evaluate("Split", [s_x, Longs(1, 2)], 17, 2, ("axis", 1));
        Same<float>([1, 4], [2, 1], pieces[0]);
        Same<float>([2, 3, 5, 6], [2, 2], pieces[1]);
        Same<float>([4, 5, 6], [1, 3], Evaluate("Split", [s_x], 17, 2)[1]);
        Same<float>([3], [1], Evaluate("Split", [Counting(3)], 18, 2, ("num_outputs", 2))[1]);
        Refusal("Split", [Counting(3)], 17, 2);
        Refusal("Split", [Counting(3), Longs(1, 1)], 17, 2);
    }

    [Fact]
    public void Shapes_can_be_read_and_made()
    {
        Same<long>([2, 3], [2], Evaluate("Shape", [s_x])[0]);
        Same<long>([3], [1], Evaluate("Shape", [s_x], 15, 1, ("start", -1))[0]);
        Floats("Expand", [1, 1, 2, 2], [2, 2], [Floats([2, 1], 1, 2), Longs(1, 2)]);
        Same<float>([0, 0], [2], Evaluate("ConstantOfShape", [Longs(2)])[0]);
        Same<int>([7], [], Evaluate("ConstantOfShape", [Longs()], 17, 1, ("value", Tensor.Vector(7)))[0]);
        Assert.Contains("MiB", Refusal("ConstantOfShape", [Longs(1 << 20, 1 << 20)]), StringComparison.Ordinal);
        Refusal("ConstantOfShape", [Longs(-1)]);
    }

    [Fact]
    public void Equal_where_and_arg_max_choose()
    {
        Same<bool>([true, false, false, true], [2, 2], Evaluate("Equal", [Longs(-1, 5), Tensor.Create(new long[] { -1, 5 }, 2, 1)])[0]);
        Same<bool>([false, true, false], [3], Evaluate("Equal", [Floats([3], float.NaN, 0, 1), Floats([3], float.NaN, -0f, 2)])[0]);
        Same<bool>([true, false], [2], Evaluate("Equal", [Tensor.Vector(true, true), Tensor.Vector(true, false)])[0]);
        Floats("Where", [1, 20, 3, 20], [2, 2], [Tensor.Vector(true, false), Floats([2, 1], 1, 3), Tensor.Scalar(20f)]);
        Same<long>([1, 0], [2, 1], Evaluate("ArgMax", [Floats([2, 2], 1, 2, 3, 3)], 17, 1, ("axis", 1))[0]);
        Same<long>([1, 1], [2], Evaluate("ArgMax", [Floats([2, 2], 1, 2, 3, 3)], 17, 1, ("axis", 1), ("keepdims", 0), ("select_last_index", 1))[0]);
    }

    [Fact]
    public void Blocks_move_between_depth_and_space()
    {
        Tensor x = Counting(1, 4, 1, 2);        // channels (1 2) (3 4) (5 6) (7 8)
        Floats("DepthToSpace", [1, 3, 2, 4, 5, 7, 6, 8], [1, 1, 2, 4], [x], 17, ("blocksize", 2));
        Floats("SpaceToDepth", [1, 2, 3, 4, 5, 6, 7, 8], [1, 4, 1, 2], [Floats([1, 1, 2, 4], 1, 3, 2, 4, 5, 7, 6, 8)], 17, ("blocksize", 2));
        // depth 2 from 8 channels: DCR takes channels 0 2 4 6 into the first, CRD 0 1 2 3
        Floats("DepthToSpace", [1, 3, 5, 7, 2, 4, 6, 8], [1, 2, 2, 2], [Counting(1, 8, 1, 1)], 17, ("blocksize", 2));
        Floats("DepthToSpace", [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2], [Counting(1, 8, 1, 1)], 17, ("blocksize", 2), ("mode", "CRD"));
        Refusal("DepthToSpace", [x], 17, 1, ("blocksize", 3));
    }

    [Fact]
    public void Resize_interpolates()
    {
        Tensor x = Counting(1, 1, 4);
        Tensor Scales(float last) => Tensor.Vector(1f, 1f, last);
        Floats("Resize", [1, 1, 2, 2, 3, 3, 4, 4], [1, 1, 8], [x, null, Scales(2)]);
        // output samples lie at −0.25 0.25 0.75 … of the input
        Floats("Resize", [1, 1.25f, 1.75f, 2.25f, 2.75f, 3.25f, 3.75f, 4], [1, 1, 8], [x, null, Scales(2)], 17, ("mode", "linear"));
        Floats("Resize", [1, 2.5f, 4], [1, 1, 3], [x, null, null, Longs(1, 1, 3)], 17, ("mode", "linear"), ("coordinate_transformation_mode", "align_corners"));
        // a triangle of half-width 5/3 round 1/3 over 1 1 2: (0.2 + 0.8 + 2·0.6) / 1.6
        Floats("Resize", [1.375f, 3], [1, 1, 2], [x, null, Scales(0.6f)], 18, ("mode", "linear"), ("antialias", 1));
        // the old operator: asymmetric, floor
        Floats("Resize", [1, 1, 2, 2, 3, 3, 4, 4], [1, 1, 8], [x, Scales(2)], 10);
        // scales are of single precision, and so are sizes and places
        Assert.Equal([1, 1, 36], Evaluate("Resize", [Counting(1, 1, 28), null, Scales(36f / 28)])[0].Shape.ToArray());
        Assert.Equal([1, 1, 7], Evaluate("Resize", [Counting(1, 1, 10), null, Scales(0.7f)])[0].Shape.ToArray());
        Floats("Resize", [1, 4, 7], [1, 1, 3], [Counting(1, 1, 9), null, Scales(1f / 3)], 17, ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"));
        Refusal("Resize", [x, null, Scales(0)]);
        Refusal("Resize", [x, null, null]);
    }
}
