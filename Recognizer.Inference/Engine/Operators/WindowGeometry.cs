using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Where the windows of a convolution or pooling lie, for any number of spatial axes.</summary>
internal sealed class WindowGeometry
{
    /// <summary>Mark of a cell in the declared padding.</summary>
    public const int InPadding = -1;

    /// <summary>Mark of a cell beyond the padding, which only ceil_mode reaches.</summary>
    public const int BeyondPadding = -2;

    private readonly int[] _inputStrides;

    private WindowGeometry(int[] input, int[] kernel, int[] output, int[] strides, int[] dilations, int[] padsBegin, int[] padsEnd)
    {
        Input = input;
        Kernel = kernel;
        Output = output;
        Strides = strides;
        Dilations = dilations;
        PadsBegin = padsBegin;
        PadsEnd = padsEnd;
        _inputStrides = Shapes.Strides(input);
    }

    public int[] Input { get; }
    public int[] Kernel { get; }
    public int[] Output { get; }
    public int[] Strides { get; }
    public int[] Dilations { get; }
    public int[] PadsBegin { get; }
    public int[] PadsEnd { get; }

    /// <summary>Reads strides, dilations, pads, auto_pad and ceil_mode of a node and computes the size of its output.</summary>
    /// <param name="node">The node.</param>
    /// <param name="input">Spatial dimensions of the input.</param>
    /// <param name="kernel">Spatial dimensions of the window.</param>
    public static WindowGeometry Of(Node node, ReadOnlySpan<int> input, ReadOnlySpan<int> kernel)
    {
        int axes = input.Length;
        int[] strides = Attribute(node, "strides", axes, 1, 1), dilations = Attribute(node, "dilations", axes, 1, 1);
        int[] pads = Attribute(node, "pads", 2 * axes, 0, 0);
        string autoPad = AutoPad(node);
        bool ceiling = node.Int("ceil_mode", 0) != 0;
        var output = new int[axes];
        if (autoPad != "NOTSET") Array.Clear(pads);
        for (int i = 0; i < axes; i++)
        {
            if (kernel[i] < 1) OperatorInputs.Fail(node, $"the window {Shapes.Text(kernel)} is empty");
            long extent = (kernel[i] - 1L) * dilations[i] + 1;
            if (autoPad.StartsWith("SAME", StringComparison.Ordinal))
            {
                output[i] = (int)(((long)input[i] + strides[i] - 1) / strides[i]);
                long total = Math.Max((output[i] - 1L) * strides[i] + extent - input[i], 0);
                if (total > int.MaxValue) OperatorInputs.Fail(node, $"dilation {dilations[i]} is too large");
                long small = total / 2, large = total - small;
                pads[i] = (int)(autoPad == "SAME_UPPER" ? small : large);
                pads[axes + i] = (int)(autoPad == "SAME_UPPER" ? large : small);
                continue;
            }
            long room = (long)input[i] + pads[i] + pads[axes + i] - extent;
            if (room < 0)
                OperatorInputs.Fail(node, $"the window covers {extent} cells of axis {i + 2}, but the padded input has {room + extent}");
            long steps = ceiling ? (room + strides[i] - 1) / strides[i] : room / strides[i];
            // a last window that starts in the padding at the end would see no input at all
            if (ceiling && steps * strides[i] >= (long)input[i] + pads[i]) steps--;
            output[i] = checked((int)(steps + 1));
        }
        return new WindowGeometry(input.ToArray(), kernel.ToArray(), output, strides, dilations, pads[..axes], pads[axes..]);
    }

    /// <summary>The window that an attribute gives, as pooling has it.</summary>
    public static int[] KernelShape(Node node, int axes)
    {
        if (!node.Attributes.ContainsKey("kernel_shape")) OperatorInputs.Fail(node, "attribute 'kernel_shape' is missing");
        int[] kernel = Attribute(node, "kernel_shape", axes, 1, 1);
        long count = 1;
        foreach (int size in kernel)
        {
            count *= size;
            if (count > 1 << 24) OperatorInputs.Fail(node, $"the window {Shapes.Text(kernel)} is too large");
        }
        return kernel;
    }

    /// <summary>An attribute with one number per axis (or two, for pads).</summary>
    public static int[] Attribute(Node node, string name, int count, int defaultValue, int least)
    {
        long[]? values = node.Ints(name);
        var numbers = new int[count];
        if (values is null)
        {
            Array.Fill(numbers, defaultValue);
            return numbers;
        }
        if (values.Length != count) OperatorInputs.Fail(node, $"attribute '{name}' has {values.Length} values, expected {count}");
        for (int i = 0; i < count; i++)
        {
            if (values[i] < least || values[i] > 1 << 24) OperatorInputs.Fail(node, $"attribute '{name}' holds {values[i]}, expected {least} to {1 << 24}");
            numbers[i] = (int)values[i];
        }
        return numbers;
    }

    /// <summary>The auto_pad attribute.</summary>
    public static string AutoPad(Node node)
    {
        string autoPad = node.String("auto_pad", "NOTSET");
        if (autoPad is not ("NOTSET" or "VALID" or "SAME_UPPER" or "SAME_LOWER"))
            OperatorInputs.Fail(node, $"attribute 'auto_pad' is '{autoPad}', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER");
        return autoPad;
    }

    /// <summary>Computes, for one position of the window, where each of its cells lies in the flattened input plane.</summary>
    /// <param name="position">Flattened output position.</param>
    /// <param name="cells">One per cell of the window: index into the plane, <see cref="InPadding"/> or <see cref="BeyondPadding"/>.</param>
    public void Cells(int position, Span<int> cells)
    {
        cells[0] = 0;
        int known = 1;
        for (int axis = Input.Length - 1; axis >= 0; axis--)
        {
            int start = position % Output[axis] * Strides[axis] - PadsBegin[axis];
            position /= Output[axis];
            for (int k = Kernel[axis] - 1; k >= 0; k--)     // backwards, because the block at 0 is the source of the others
            {
                int coordinate = start + k * Dilations[axis];
                int mark = coordinate >= 0 && coordinate < Input[axis] ? 0
                    : coordinate < Input[axis] + PadsEnd[axis] ? InPadding : BeyondPadding;
                int step = coordinate * _inputStrides[axis];
                for (int j = 0; j < known; j++)
                {
                    int inner = cells[j];
                    cells[k * known + j] = mark == 0 && inner >= 0 ? inner + step : Math.Min(mark, inner);
                }
            }
            known *= Kernel[axis];
        }
    }
}
