using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Pad: cells before and after each axis, filled with a constant, the nearest cell (edge), a mirror image without the edge
/// (reflect) or the other end (wrap). Negative pads cut cells off.</summary>
internal sealed class Pad : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        string mode = node.String("mode", "constant");
        if (mode is not ("constant" or "edge" or "reflect" or "wrap"))
            OperatorInputs.Fail(node, $"attribute 'mode' is '{mode}', expected constant, edge, reflect or wrap");
        (int[] begin, int[] end) = Pads(node, x, inputs);
        var shape = new int[x.Rank];
        var sources = new int[x.Rank][];        // per axis and output coordinate: the input coordinate, or −1 for the constant
        for (int axis = 0; axis < x.Rank; axis++)
        {
            int size = x.Shape[axis];
            long padded = (long)size + begin[axis] + end[axis];
            if (padded is < 0 or > int.MaxValue) OperatorInputs.Fail(node, $"axis {axis} of {Shapes.Text(x.Shape)} would become {padded} long");
            shape[axis] = (int)padded;
        }
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        if (output.Length == 0) return [Tensor.Create(output, shape)];
        for (int axis = 0; axis < x.Rank; axis++)
        {
            sources[axis] = new int[shape[axis]];
            for (int i = 0; i < shape[axis]; i++) sources[axis][i] = Source(node, mode, i - begin[axis], x.Shape[axis]);
        }
        T fill = inputs.Optional(2) is { } constant ? constant.Single<T>(node, 2) : FillAttribute<T>(node);
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        int[] strides = Shapes.Strides(x.Shape);
        var index = new int[x.Rank];
        for (int i = 0; i < output.Length; i++)
        {
            int from = 0;
            bool inside = true;
            for (int axis = 0; axis < index.Length; axis++)
            {
                int source = sources[axis][index[axis]];
                inside &= source >= 0;
                from += source * strides[axis];
            }
            output[i] = inside ? input[from] : fill;
            for (int axis = index.Length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) index[axis] = 0;
        }
        return [Tensor.Create(output, shape)];
    }

    private static int Source(Node node, string mode, int coordinate, int size)
    {
        if (coordinate >= 0 && coordinate < size) return coordinate;
        if (mode == "constant") return -1;
        if (size == 0) OperatorInputs.Fail(node, "an axis without cells can only be padded with a constant");
        switch (mode)
        {
            case "edge": return Math.Clamp(coordinate, 0, size - 1);
            case "wrap": return (coordinate % size + size) % size;
            default:
                int period = Math.Max(2 * (size - 1), 1), phase = (coordinate % period + period) % period;
                return phase < size ? phase : period - phase;
        }
    }

    private static (int[] Begin, int[] End) Pads(Node node, Tensor x, ReadOnlySpan<Tensor?> inputs)
    {
        long[] pads = inputs.Optional(1)?.Integers(node, 1) ?? node.Ints("pads") ?? node.Ints("paddings")
            ?? throw new OnnxException($"{node}: the pads are missing.");
        long[] axes = inputs.Optional(3)?.Integers(node, 3) ?? [.. Enumerable.Range(0, x.Rank).Select(axis => (long)axis)];
        if (pads.Length != 2 * axes.Length) OperatorInputs.Fail(node, $"there are {pads.Length} pads, expected {2 * axes.Length}");
        Shapes.AxisMask(node, axes, x.Rank);
        int[] begin = new int[x.Rank], end = new int[x.Rank];
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = Axes.Normalize(node, axes[i], x.Rank);
            if (Math.Abs(pads[i]) > 1 << 30 || Math.Abs(pads[axes.Length + i]) > 1 << 30) OperatorInputs.Fail(node, "a pad is too large");
            begin[axis] = (int)pads[i];
            end[axis] = (int)pads[axes.Length + i];
        }
        return (begin, end);
    }

    private static T FillAttribute<T>(Node node)
    {
        float value = node.Float("value", 0);
        if (value == 0 || typeof(T) == typeof(string)) return typeof(T) == typeof(string) ? (T)(object)"" : default!;
        return (T)Cast.To(node, Tensor.Scalar(value), Tensor.TypeOf<T>()).Data.GetValue(0)!;
    }
}
