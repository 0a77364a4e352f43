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

    /// <summary>Which axes a list names; each at most once.</summary>
    public static bool[] AxisMask(Node node, ReadOnlySpan<long> axes, int rank)
    {
        var named = new bool[rank];
        foreach (int axis in Axes.Normalize(node, axes, rank)) named[axis] = true;
        return named;
    }

    /// <summary>The axes that an attribute (older operator sets) or an input (newer ones) names, or null where neither is there.</summary>
    public static long[]? AxesArgument(Node node, ReadOnlySpan<Tensor?> inputs, int index) =>
        inputs.Optional(index)?.Integers(node, index) ?? node.Ints("axes");

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
        int[] positions = Positions(to, Broadcasting.Strides(from, to));
        for (int i = 0; i < stretched.Length; i++) stretched[i] = values[positions[i]];
        return stretched;
    }

    /// <summary>A copy of the elements that lie at start + Σ index·stride of a tensor.</summary>
    public static Tensor Gather<T>(Node node, Tensor x, ReadOnlySpan<int> shape, ReadOnlySpan<int> strides, int start)
    {
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        int[] positions = Positions(shape, strides, start);
        ReadOnlySpan<T> input = x.Span<T>();
        for (int i = 0; i < output.Length; i++) output[i] = input[positions[i]];
        return Tensor.Create(output, shape);
    }

    /// <summary>A shape given as a tensor of integers.</summary>
    public static int[] FromInput(Node node, Tensor input, int index)
    {
        long[] wanted = input.Integers(node, index);
        if (input.Rank > 1 || wanted.Length > 64) OperatorInputs.Fail(node, $"input {index} {Text(input.Shape)} is no shape");
        return Array.ConvertAll(wanted, size => size is >= 0 and <= int.MaxValue ? (int)size
            : throw new OnnxException($"{node}: input {index} asks for a dimension of {size}, expected 0 to {int.MaxValue}."));
    }
}
