namespace Recognizer.Inference.Onnx;

/// <summary>Axis attributes and inputs as ONNX counts them: negative ones from the end.</summary>
internal static class Axes
{
    /// <summary>An axis as a number from 0 to rank − 1.</summary>
    /// <param name="node">The node, for the message.</param>
    /// <param name="axis">Axis as the file has it.</param>
    /// <param name="rank">Rank of the tensor.</param>
    /// <param name="end">Whether rank itself is allowed, as for Flatten.</param>
    /// <exception cref="OnnxException">The axis is outside the tensor.</exception>
    public static int Normalize(Node node, long axis, int rank, bool end = false)
    {
        long highest = end ? rank : rank - 1;
        if (axis < -rank || axis > highest)
            throw new OnnxException($"{node}: axis {axis} is outside a tensor of rank {rank}, expected {-rank} to {highest}.");
        return (int)(axis < 0 ? axis + rank : axis);
    }

    /// <summary>Distinct axes, in the given order.</summary>
    /// <exception cref="OnnxException">An axis is outside the tensor or listed twice.</exception>
    public static int[] Normalize(Node node, ReadOnlySpan<long> axes, int rank)
    {
        if (axes.Length > rank)
            throw new OnnxException($"{node}: {axes.Length} axes for a tensor of rank {rank}, expected at most {rank}.");
        var result = new int[axes.Length];
        for (int i = 0; i < axes.Length; i++)
        {
            result[i] = Normalize(node, axes[i], rank);
            if (result.AsSpan(0, i).Contains(result[i]))
                throw new OnnxException($"{node}: axis {axes[i]} is listed twice, expected distinct axes.");
        }
        return result;
    }
}
