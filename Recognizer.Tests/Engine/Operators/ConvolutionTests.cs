using static Recognizer.Tests.Engine.Operators.OperatorCheck;

namespace Recognizer.Tests.Engine.Operators;

public sealed class ConvolutionTests
{
    [Fact]
    public void Conv_sums_the_window()
    {
        // 1 2 3      window sums of 2×2 with weights 1 0 0 1: 1+5, 2+6, 4+8, 5+9
        // 4 5 6
        // 7 8 9
        Floats("Conv", [6, 8, 12, 14], [1, 1, 2, 2], [Counting(1, 1, 3, 3), Floats([1, 1, 2, 2], 1, 0, 0, 1)]);
    }

    [Fact]
    public void Conv_pads_strides_and_adds_bias()
    {
        // ones over a padded 3×3: corners see 4 cells, at stride 2: 1+2+4+5, 2+3+5+6, 4+5+7+8, 5+6+8+9
        Floats("Conv", [112, 116, 124, 128], [1, 1, 2, 2],
            [Counting(1, 1, 3, 3), Floats([1, 1, 3, 3], 1, 1, 1, 1, 1, 1, 1, 1, 1), Floats([1], 100)], 17, ("strides", new[] { 2, 2 }), ("pads", new[] { 1, 1, 1, 1 }));
    }

    [Fact]
    public void Conv_dilates()
    {
        // along a line of 5, taps 2 apart: x[0] − x[2] …
        Floats("Conv", [-2, -2, -2], [1, 1, 3], [Counting(1, 1, 5), Floats([1, 1, 2], 1, -1)], 17, ("dilations", new[] { 2 }));
    }

    [Theory]
    [InlineData("SAME_UPPER", new float[] { 3, 5, 7, 4 })]      // the odd pad at the end: 1+2, 2+3, 3+4, 4
    [InlineData("SAME_LOWER", new float[] { 1, 3, 5, 7 })]
    [InlineData("VALID", new float[] { 3, 5, 7 })]
    public void Conv_pads_automatically(string mode, float[] expected)
    {
        Floats("Conv", expected, [1, 1, expected.Length], [Counting(1, 1, 4), Floats([1, 1, 2], 1, 1)], 17, ("auto_pad", mode));
    }

    [Fact]
    public void Conv_keeps_groups_apart()
    {
        // two groups of one channel and two filters each: channel 0 = (1, 2), channel 1 = (3, 4)
        Floats("Conv", [1, 2, 10, 20, 300, 400, 3000, 4000], [1, 4, 2], [Counting(1, 2, 2), Floats([4, 1, 1], 1, 10, 100, 1000)], 17, ("group", 2));
    }

    [Fact]
    public void Conv_sums_channels_and_takes_images_apart()
    {
        Floats("Conv", [1 + 30, 2 + 40, 5 + 70, 6 + 80], [2, 1, 2], [Counting(2, 2, 2), Floats([1, 2, 1], 1, 10)]);
    }

    [Fact]
    public void Conv_works_in_three_dimensions()
    {
        Floats("Conv", [36], [1, 1, 1, 1, 1], [Counting(1, 1, 2, 2, 2), Floats([1, 1, 2, 2, 2], 1, 1, 1, 1, 1, 1, 1, 1)]);
    }

    [Fact]
    public void ConvTranspose_spreads_each_cell()
    {
        // 1 2 at stride 2 with kernel 1 10 100: 1, 10, 100 + 2, 20, 200
        Floats("ConvTranspose", [1, 10, 102, 20, 200], [1, 1, 5], [Counting(1, 1, 2), Floats([1, 1, 3], 1, 10, 100)], 17, ("strides", new[] { 2 }));
        Floats("ConvTranspose", [10, 102, 20, 200, 0], [1, 1, 5], [Counting(1, 1, 2), Floats([1, 1, 3], 1, 10, 100)], 17,
            ("strides", new[] { 2 }), ("pads", new[] { 1, 0 }), ("output_padding", new[] { 1 }));
    }

    [Fact]
    public void Max_pooling_tells_where()
    {
        // 1 2 3 / 4 5 6 / 7 8 9, windows of 2×2: 5 6 8 9 at 4 5 7 8; counted down the columns: 4 7 5 8
        var x = Counting(1, 1, 3, 3);
        var rows = Evaluate("MaxPool", [x], 17, 2, ("kernel_shape", new[] { 2, 2 }));
        Same<float>([5, 6, 8, 9], [1, 1, 2, 2], rows[0]);
        Same<long>([4, 5, 7, 8], [1, 1, 2, 2], rows[1]);
        var columns = Evaluate("MaxPool", [x], 17, 2, ("kernel_shape", new[] { 2, 2 }), ("storage_order", 1));
        Same<long>([4, 7, 5, 8], [1, 1, 2, 2], columns[1]);
    }

    [Theory]
    [InlineData(new float[] { float.NaN, 1, 2 })]
    [InlineData(new float[] { 1, float.NaN, 2 })]
    [InlineData(new float[] { 1, 2, float.NaN })]
    public void Max_pooling_keeps_what_is_no_number(float[] values)
    {
        Floats("MaxPool", [float.NaN], [1, 1, 1], [Floats([1, 1, 3], values)], 17, ("kernel_shape", new[] { 3 }));
    }

    [Fact]
    public void Max_pooling_of_negative_numbers_ignores_padding()
    {
        Floats("MaxPool", [-1, -2], [1, 1, 2], [Floats([1, 1, 3], -1, -3, -2)], 17, ("kernel_shape", new[] { 2 }), ("strides", new[] { 2 }), ("pads", new[] { 1, 0 }));
    }

    [Theory]
    [InlineData(0, new float[] { 2, 4 })]
    [InlineData(1, new float[] { 2, 4, 5 })]
    public void Ceil_mode_adds_a_partial_window(int mode, float[] expected)
    {
        Floats("MaxPool", expected, [1, 1, expected.Length], [Counting(1, 1, 5)], 17, ("kernel_shape", new[] { 2 }), ("strides", new[] { 2 }), ("ceil_mode", mode));
    }

    [Fact]
    public void Ceil_mode_never_starts_a_window_in_the_padding_at_the_end()
    {
        // size 4, one cell of padding each side, window 2, stride 3: starts −1, 2; a third at 5 would lie beyond the input
        Floats("MaxPool", [1, 4], [1, 1, 2], [Counting(1, 1, 4)], 17, ("kernel_shape", new[] { 2 }), ("strides", new[] { 3 }), ("pads", new[] { 1, 1 }), ("ceil_mode", 1));
    }

    [Fact]
    public void Max_pooling_dilates_and_takes_integers()
    {
        Same<byte>([3, 4], [1, 1, 2], Evaluate("MaxPool", [Recognizer.Inference.Onnx.Tensor.Create<byte>([1, 2, 3, 4], 1, 1, 4)], 17, 1, ("kernel_shape", new[] { 2 }), ("dilations", new[] { 2 }))[0]);
    }

    [Theory]
    [InlineData(0, new float[] { 1, 2.5f, 4 })]
    [InlineData(1, new float[] { 0.5f, 2.5f, 2 })]
    public void Average_pooling_counts_padding_if_asked(int include, float[] expected)
    {
        Floats("AveragePool", expected, [1, 1, 3], [Counting(1, 1, 4)], 17,
            ("kernel_shape", new[] { 2 }), ("strides", new[] { 2 }), ("pads", new[] { 1, 1 }), ("count_include_pad", include));
    }

    [Fact]
    public void Average_pooling_never_counts_cells_that_only_ceil_mode_reaches()
    {
        // the second window holds 3 and a cell beyond the input
        Floats("AveragePool", [1.5f, 3], [1, 1, 2], [Counting(1, 1, 3)], 17,
            ("kernel_shape", new[] { 2 }), ("strides", new[] { 2 }), ("ceil_mode", 1), ("count_include_pad", 1));
    }

    [Fact]
    public void Global_pooling_leaves_one_cell_per_channel()
    {
        Floats("GlobalAveragePool", [2.5f, 6.5f], [1, 2, 1, 1], [Counting(1, 2, 2, 2)]);
        Floats("GlobalMaxPool", [4, 8], [1, 2, 1, 1], [Counting(1, 2, 2, 2)]);
    }

    [Fact]
    public void Wrong_shapes_are_refused()
    {
        Assert.Contains("channels", Refusal("Conv", [Counting(1, 2, 3, 3), Counting(1, 1, 2, 2)]), StringComparison.Ordinal);
        Assert.Contains("rank", Refusal("Conv", [Counting(1, 1, 3, 3), Counting(1, 1, 2)]), StringComparison.Ordinal);
        Assert.Contains("fit", Refusal("Conv", [Counting(1, 1, 3, 3), Counting(1, 1, 4, 4)]), StringComparison.Ordinal);
        Assert.Contains("kernel_shape", Refusal("MaxPool", [Counting(1, 1, 3, 3)]), StringComparison.Ordinal);
        Assert.Contains("input 2", Refusal("Conv", [Counting(1, 1, 3, 3), Counting(2, 1, 2, 2), Counting(3)]), StringComparison.Ordinal);
        Assert.Contains("auto_pad", Refusal("Conv", [Counting(1, 1, 3, 3), Counting(1, 1, 2, 2)], 17, 1, ("auto_pad", "SOME")), StringComparison.Ordinal);
        Assert.Contains("window", Refusal("MaxPool", [Counting(1, 1, 3, 3)], 17, 1, ("kernel_shape", new long[] { 1 << 20, 1 << 20 }), ("pads", new long[] { 1 << 19, 1 << 19, 1 << 19, 1 << 19 })), StringComparison.Ordinal);
    }
}
