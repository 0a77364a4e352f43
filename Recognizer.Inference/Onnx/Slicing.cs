namespace Recognizer.Inference.Onnx;

/// <summary>How Slice and Split cut an axis.</summary>
internal static class Slicing
{
    /// <summary>Where a slice starts and how many indices it takes, with Python's rules: negative positions count from the end, and what lies outside is clamped.</summary>
    /// <param name="node">The node, for the message.</param>
    /// <param name="start">First index.</param>
    /// <param name="end">Index after the last one (before it, for negative steps).</param>
    /// <param name="step">Distance between indices; not 0.</param>
    /// <param name="size">Size of the axis.</param>
    /// <exception cref="OnnxException">The step is 0.</exception>
    public static (int First, int Count) Resolve(Node node, long start, long end, long step, int size)
    {
        if (step == 0) throw new OnnxException($"{node}: a slice with step 0, expected another.");
        if (start < 0) start = Math.Max(start, -(long)size - 1) + size;
        if (end < 0) end = Math.Max(end, -(long)size - 1) + size;
        // Backwards, the end may lie before the first index.
        start = step > 0 ? Math.Clamp(start, 0, size) : Math.Clamp(start, -1, size - 1L);
        end = step > 0 ? Math.Clamp(end, 0, size) : Math.Clamp(end, -1, size - 1L);
        long span = step > 0 ? end - start : start - end;
        if (span <= 0) return ((int)Math.Max(start, 0), 0);
        // Steps beyond the axis take the first index only, and must not overflow when turned round.
        long distance = step == long.MinValue ? long.MaxValue : Math.Abs(step);
        return ((int)start, (int)(((span - 1) / distance) + 1));
    }

    /// <summary>Sizes of the parts when Split is told none: equal, with a smaller last one where the operator set allows it.</summary>
    /// <exception cref="OnnxException">The axis can't be cut so.</exception>
    public static int[] EqualParts(Node node, int opset, int size, int parts)
    {
        if (parts < 1) throw new OnnxException($"{node}: split into {parts} parts, expected at least 1.");
        bool uneven = opset >= 18;
        int part = uneven ? (int)(((long)size + parts - 1) / parts) : size / parts;
        long last = size - ((long)part * (parts - 1));
        if (last < 0 || (!uneven && last != part)) throw new OnnxException($"{node}: an axis of size {size} can't be split into {parts} parts.");
        var result = new int[parts];
        Array.Fill(result, part);
        result[^1] = (int)last;
        return result;
    }
}
