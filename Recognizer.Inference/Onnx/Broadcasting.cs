namespace Recognizer.Inference.Onnx;

/// <summary>NumPy's broadcasting rule, which ONNX follows since opset 7, and the older rule of opsets 1 to 6.</summary>
internal static class Broadcasting
{
    /// <summary>The common shape of two operands: aligned at the last axis, a dimension of 1 stretches to the other's.</summary>
    /// <exception cref="OnnxException">Two dimensions differ and neither is 1.</exception>
    public static int[] Shape(Node node, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        int rank = Math.Max(a.Length, b.Length);
        var result = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            int left = i < rank - a.Length ? 1 : a[i - (rank - a.Length)];
            int right = i < rank - b.Length ? 1 : b[i - (rank - b.Length)];
            if (left != right && left != 1 && right != 1)
            {
                throw new OnnxException($"{node}: shapes [{string.Join(", ", a.ToArray())}] and [{string.Join(", ", b.ToArray())}] don't broadcast, " +
                    $"expected equal dimensions or 1 at axis {i} of the result.");
            }
            result[i] = left == 1 ? right : left;
        }
        return result;
    }

    /// <summary>Steps in elements from one index to the next along each axis of the result, for an operand of the given shape: 0 where it is stretched.</summary>
    public static int[] Strides(ReadOnlySpan<int> shape, ReadOnlySpan<int> result)
    {
        var strides = new int[result.Length];
        int step = 1;
        for (int i = shape.Length - 1, r = result.Length - 1; i >= 0; i--, r--)
        {
            strides[r] = shape[i] == 1 ? 0 : step;
            step *= shape[i];
        }
        return strides;
    }

    /// <summary>How many 1s must follow the second operand's shape so that the modern rule does what the <c>broadcast</c> and <c>axis</c> attributes of opsets
    /// 1 to 6 ask for; 0 from opset 7 on.</summary>
    /// <exception cref="OnnxException">The axis doesn't leave room for the second operand.</exception>
    public static int LegacyPadding(Node node, int opset, int rankA, int rankB)
    {
        if (opset >= 7 || node.Int("broadcast", 0) == 0 || !node.Attributes.ContainsKey("axis")) return 0;
        int axis = Axes.Normalize(node, node.Int("axis", 0), rankA, end: true);
        return axis + rankB <= rankA
            ? rankA - rankB - axis
            : throw new OnnxException($"{node}: a second operand of rank {rankB} at axis {axis} doesn't fit into the first of rank {rankA}.");
    }
}
