using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Arithmetic on shapes and axes.</summary>
internal static class Shapes
{
    /// <summary>How messages write a shape.</summary>
    public static string Text(ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>Product of the dimensions.</summary>
    public static int Count(ReadOnlySpan<int> shape)
    {
        if (shape.Contains(0)) return 0;
        int count = 1;
        foreach (int dimension in shape) count = checked(count * dimension);
        return count;
    }

    /// <summary>Distance in elements between neighbours along each axis of a row-major tensor.</summary>
    public static int[] Strides(ReadOnlySpan<int> shape)
    {
        var strides = new int[shape.Length];
        int stride = 1;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return strides;
    }

    /// <summary>An axis counted from the front.</summary>
    /// <param name="node">For messages.</param>
    /// <param name="axis">−rank … rank−1.</param>
    /// <param name="rank">Number of axes.</param>
    public static int Axis(Node node, long axis, int rank)
    {
        if (axis < -rank || axis >= rank) OperatorInputs.Fail(node, $"axis {axis} is outside a tensor of rank {rank}");
        return (int)(axis < 0 ? axis + rank : axis);
    }

    /// <summary>Which axes a list names; each at most once.</summary>
    public static bool[] Axes(Node node, ReadOnlySpan<long> axes, int rank)
    {
        var named = new bool[rank];
        foreach (long axis in axes)
        {
            int index = Axis(node, axis, rank);
            if (named[index]) OperatorInputs.Fail(node, $"axis {axis} is named twice");
            named[index] = true;
        }
        return named;
    }

    /// <summary>The axes that an attribute (older operator sets) or an input (newer ones) names, or null where neither is there.</summary>
    public static long[]? AxesArgument(Node node, ReadOnlySpan<Tensor?> inputs, int index) =>
        inputs.Optional(index)?.Integers(node, index) ?? node.Ints("axes");

    /// <summary>The shape that several shapes broadcast to, by NumPy's rule: aligned at the last axis, a 1 stretches.</summary>
    public static int[] Broadcast(Node node, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        var shape = new int[Math.Max(a.Length, b.Length)];
        for (int i = 1; i <= shape.Length; i++)
        {
            int m = i <= a.Length ? a[^i] : 1, n = i <= b.Length ? b[^i] : 1;
            if (m != n && m != 1 && n != 1) OperatorInputs.Fail(node, $"the shapes {Text(a)} and {Text(b)} don't broadcast to one shape");
            shape[^i] = m == 1 ? n : m;
        }
        return shape;
    }

    /// <summary>Strides with which a tensor is read under the shape that it is broadcast to: 0 along stretched axes.</summary>
    public static int[] BroadcastStrides(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        var strides = new int[to.Length];
        int[] own = Strides(from);
        for (int i = 1; i <= from.Length; i++) strides[^i] = from[^i] == 1 ? 0 : own[^i];
        return strides;
    }

    /// <summary>For each element of a row-major walk over <paramref name="shape"/>, start + Σ index·stride: the position of that
    /// element in a tensor that is read with other strides (broadcast, transposed, sliced).</summary>
    public static int[] Positions(ReadOnlySpan<int> shape, ReadOnlySpan<int> strides, int start = 0)
    {
        var positions = new int[Count(shape)];
        if (positions.Length == 0) return positions;
        positions[0] = start;
        // grown axis by axis: a block of known positions is repeated with one more step along the next outer axis
        int known = 1;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            for (int i = 1; i < shape[axis]; i++)
            {
                int step = i * strides[axis];
                for (int j = 0; j < known; j++) positions[i * known + j] = positions[j] + step;
            }
            known *= shape[axis];
        }
        return positions;
    }

    /// <summary>Elements of a tensor under a shape that it broadcasts to.</summary>
    public static T[] Stretch<T>(Node node, ReadOnlySpan<T> values, ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        T[] stretched = OperatorInputs.Allocate<T>(node, to);
        if (from.SequenceEqual(to))
        {
            values.CopyTo(stretched);
            return stretched;
        }
        int[] positions = Positions(to, BroadcastStrides(from, to));
        for (int i = 0; i < stretched.Length; i++) stretched[i] = values[positions[i]];
        return stretched;
    }
}
