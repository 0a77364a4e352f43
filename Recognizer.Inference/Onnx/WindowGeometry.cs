namespace Recognizer.Inference.Onnx;

/// <summary>Where the windows of a convolution or pooling lie: attributes decoded, defaults filled in, automatic padding and output sizes worked out, for any number of
/// spatial axes. A spatial size of −1 is unknown, and so then is the output's.</summary>
/// <param name="Kernel">Window size per spatial axis, in samples.</param>
/// <param name="Strides">Step from one window to the next.</param>
/// <param name="Dilations">Step from one sample of a window to the next.</param>
/// <param name="PadsBegin">Padding before the first sample; 0 where automatic padding depends on an unknown size.</param>
/// <param name="PadsEnd">Padding after the last sample.</param>
/// <param name="Output">Output size per spatial axis.</param>
/// <param name="Groups">Number of independent groups of channels.</param>
internal sealed record WindowGeometry(int[] Kernel, int[] Strides, int[] Dilations, int[] PadsBegin, int[] PadsEnd, int[] Output, int Groups)
{
    /// <summary>Geometry of Conv, ConvInteger and QLinearConv.</summary>
    /// <param name="node">The node, for attributes and messages.</param>
    /// <param name="input">Shape [N, C, spatial…].</param>
    /// <param name="weights">Shape [M, C / groups, kernel…].</param>
    /// <exception cref="OnnxException">Attributes or shapes break the operator's rules.</exception>
    public static WindowGeometry ForConvolution(Node node, ReadOnlySpan<int> input, ReadOnlySpan<int> weights)
    {
        int groups = CheckConvolution(node, input, weights);
        if (input[1] >= 0 && weights[1] >= 0 && input[1] != (long)weights[1] * groups)
            throw new OnnxException($"{node}: input has {input[1]} channels, but weights {Text(weights)} in {groups} groups expect {(long)weights[1] * groups}.");
        if (weights[0] > 0 && weights[0] % groups != 0)
            throw new OnnxException($"{node}: {weights[0]} output channels can't be divided into {groups} groups.");
        return Create(node, input[2..], KernelOf(node, weights), groups, ceiling: false);
    }

    /// <summary>Geometry of MaxPool, AveragePool and LpPool.</summary>
    /// <param name="node">The node, for attributes and messages.</param>
    /// <param name="input">Shape [N, C, spatial…].</param>
    /// <exception cref="OnnxException">Attributes or shapes break the operator's rules.</exception>
    public static WindowGeometry ForPooling(Node node, ReadOnlySpan<int> input)
    {
        if (input.Length < 3) throw new OnnxException($"{node}: input has shape {Text(input)}, expected [N, C, spatial…].");
        int[] kernel = Numbers(node, "kernel_shape", input.Length - 2, 1) is { } given
            ? given
            : throw new OnnxException($"{node}: attribute 'kernel_shape' is missing.");
        WindowGeometry geometry = Create(node, input[2..], kernel, 1, node.Int("ceil_mode", 0) != 0);
        for (int i = 0; i < kernel.Length; i++)
        {
            if (Math.Max(geometry.PadsBegin[i], geometry.PadsEnd[i]) >= Extent(node, kernel[i], geometry.Dilations[i]))
                throw new OnnxException($"{node}: padding {geometry.PadsBegin[i]} and {geometry.PadsEnd[i]} at spatial axis {i} must be smaller than the window of {kernel[i]}.");
        }
        return geometry;
    }

    /// <summary>Geometry of ConvTranspose; pads are what is cut off the full result.</summary>
    /// <param name="node">The node, for attributes and messages.</param>
    /// <param name="input">Shape [N, C, spatial…].</param>
    /// <param name="weights">Shape [C, M / groups, kernel…].</param>
    /// <exception cref="OnnxException">Attributes or shapes break the operator's rules.</exception>
    public static WindowGeometry ForTransposedConvolution(Node node, ReadOnlySpan<int> input, ReadOnlySpan<int> weights)
    {
        int groups = CheckConvolution(node, input, weights);
        if (input[1] >= 0 && weights[0] >= 0 && input[1] != weights[0])
            throw new OnnxException($"{node}: input has {input[1]} channels, but weights {Text(weights)} expect {weights[0]}.");
        if (input[1] > 0 && input[1] % groups != 0) throw new OnnxException($"{node}: {input[1]} input channels can't be divided into {groups} groups.");
        int axes = input.Length - 2;
        int[] kernel = KernelOf(node, weights);
        int[] strides = Numbers(node, "strides", axes, 1) ?? Filled(axes, 1);
        int[] dilations = Numbers(node, "dilations", axes, 1) ?? Filled(axes, 1);
        int[] extra = Numbers(node, "output_padding", axes, 0) ?? Filled(axes, 0);
        int[]? wanted = Numbers(node, "output_shape", axes, 0, allowLeading: 2);
        (int[] begin, int[] end) = Pads(node, axes);
        string auto = AutoPad(node);
        var output = new int[axes];
        for (int i = 0; i < axes; i++)
        {
            int size = input[i + 2];
            long extent = kernel[i] < 0 ? -1 : Extent(node, kernel[i], dilations[i]);
            if (auto == "VALID") begin[i] = end[i] = 0;
            if (size < 0 || extent < 0)
            {
                output[i] = wanted?[i] ?? -1;
                continue;
            }
            long full = ((long)strides[i] * (size - 1)) + extra[i] + extent;
            if (wanted is not null || auto is "SAME_UPPER" or "SAME_LOWER")
            {
                long target = wanted?[i] ?? (long)size * strides[i];
                long total = Math.Max(0, full - target);
                long half = total / 2;
                // The odd sample goes to the end for SAME_UPPER, and to the beginning otherwise.
                (begin[i], end[i]) = auto == "SAME_UPPER" ? ((int)half, (int)(total - half)) : ((int)(total - half), (int)half);
                output[i] = Checked(node, i, target);
            }
            else output[i] = Checked(node, i, full - begin[i] - end[i]);
        }
        return new WindowGeometry(kernel, strides, dilations, begin, end, output, groups);
    }

    private static int CheckConvolution(Node node, ReadOnlySpan<int> input, ReadOnlySpan<int> weights)
    {
        if (input.Length < 3) throw new OnnxException($"{node}: input has shape {Text(input)}, expected [N, C, spatial…].");
        if (weights.Length != input.Length)
            throw new OnnxException($"{node}: weights have shape {Text(weights)}, expected rank {input.Length} like the input {Text(input)}.");
        long groups = node.Int("group", 1);
        return groups is >= 1 and <= int.MaxValue ? (int)groups : throw new OnnxException($"{node}: attribute 'group' is {groups}, expected at least 1.");
    }

    private static int[] KernelOf(Node node, ReadOnlySpan<int> weights)
    {
        int[] fromWeights = weights[2..].ToArray();
        int[]? given = Numbers(node, "kernel_shape", fromWeights.Length, 1);
        for (int i = 0; i < fromWeights.Length; i++)
        {
            if (fromWeights[i] == 0) throw new OnnxException($"{node}: weights have shape {Text(weights)}, expected a kernel of at least 1.");
            if (given is null) continue;
            if (fromWeights[i] >= 0 && fromWeights[i] != given[i])
                throw new OnnxException($"{node}: attribute 'kernel_shape' is {Text(given)}, but weights have shape {Text(weights)}.");
            fromWeights[i] = given[i];
        }
        return fromWeights;
    }

    private static WindowGeometry Create(Node node, ReadOnlySpan<int> sizes, int[] kernel, int groups, bool ceiling)
    {
        int axes = sizes.Length;
        int[] strides = Numbers(node, "strides", axes, 1) ?? Filled(axes, 1);
        int[] dilations = Numbers(node, "dilations", axes, 1) ?? Filled(axes, 1);
        string auto = AutoPad(node);
        (int[] begin, int[] end) = Pads(node, axes);
        if (auto != "NOTSET") (begin, end) = (new int[axes], new int[axes]);
        var output = new int[axes];
        for (int i = 0; i < axes; i++)
        {
            output[i] = -1;
            if (sizes[i] < 0 || kernel[i] < 0) continue;
            long size = sizes[i], stride = strides[i], extent = Extent(node, kernel[i], dilations[i]);
            if (auto is "SAME_UPPER" or "SAME_LOWER")
            {
                long same = (size + stride - 1) / stride;
                long total = Math.Max(0, ((same - 1) * stride) + extent - size), half = total / 2;
                (begin[i], end[i]) = auto == "SAME_UPPER" ? ((int)half, (int)(total - half)) : ((int)(total - half), (int)half);
                output[i] = Checked(node, i, same);
                continue;
            }
            long room = size + begin[i] + end[i] - extent;
            if (size == 0 || room < 0)
                throw new OnnxException($"{node}: a window of {extent} doesn't fit into spatial axis {i} of size {size} with padding {begin[i]} and {end[i]}.");
            long count = ((ceiling ? room + stride - 1 : room) / stride) + 1;
            // A window that would start in the padding after the last sample is dropped.
            if (ceiling && (count - 1) * stride >= size + begin[i]) count--;
            output[i] = Checked(node, i, count);
        }
        return new WindowGeometry(kernel, strides, dilations, begin, end, output, groups);
    }

    private static string AutoPad(Node node) => node.String("auto_pad", "NOTSET") switch
    {
        "" or "NOTSET" => "NOTSET",
        "VALID" => "VALID",
        "SAME_UPPER" => "SAME_UPPER",
        "SAME_LOWER" => "SAME_LOWER",
        var other => throw new OnnxException($"{node}: attribute 'auto_pad' is '{other}', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER."),
    };

    private static (int[] Begin, int[] End) Pads(Node node, int axes)
    {
        int[] pads = Numbers(node, "pads", 2 * axes, 0) ?? new int[2 * axes];
        return (pads[..axes], pads[axes..]);
    }

    /// <summary>Distance from the first to the last sample of a window, both counted.</summary>
    private static long Extent(Node node, int kernel, int dilation)
    {
        long extent = ((long)(kernel - 1) * dilation) + 1;
        return extent <= 1 << 30 ? extent : throw new OnnxException($"{node}: a window of {kernel} samples with dilation {dilation} covers {extent}, expected at most {1 << 30}.");
    }

    private static int Checked(Node node, int axis, long size) => size is >= 1 and <= int.MaxValue
        ? (int)size
        : throw new OnnxException($"{node}: output of size {size} at spatial axis {axis}, expected 1 to {int.MaxValue}.");

    /// <summary>An integer list attribute of a certain length and range; a list may have a number of leading entries too many where old exporters write them.</summary>
    private static int[]? Numbers(Node node, string name, int count, long least, int allowLeading = 0)
    {
        if (node.Ints(name) is not { } values || (values.Length == 0 && count > 0)) return null;
        if (allowLeading > 0 && values.Length == count + allowLeading) values = values[allowLeading..];
        if (values.Length != count) throw new OnnxException($"{node}: attribute '{name}' has {values.Length} numbers, expected {count}.");
        // Sizes stay below 2^30 so that sums of a few of them stay exact.
        foreach (long value in values)
            if (value < least || value > 1 << 30) throw new OnnxException($"{node}: attribute '{name}' holds {value}, expected {least} to {1 << 30}.");
        return Array.ConvertAll(values, value => (int)value);
    }

    private static int[] Filled(int count, int value)
    {
        var result = new int[count];
        Array.Fill(result, value);
        return result;
    }

    private static string Text(ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray().Select(d => d < 0 ? "?" : d.ToString()))}]";
}
