using System.Numerics;

namespace Recognizer.Inference.Imaging;

/// <summary>Least or greatest value within a window of 2·radius + 1, clipped at the image's edge, at a cost that doesn't depend on the
/// radius (running extrema from both ends of blocks as long as the window: van Herk, Gil and Werman).</summary>
internal static class WindowExtremum
{
    public static void Rows(ReadOnlySpan<byte> from, Span<byte> to, int width, int height, int radius, bool maximum)
    {
        int window = 2 * radius + 1, padded = width + 2 * radius;
        // room for the padded row's extrema from the left and from the right of each block
        byte[] rented = System.Buffers.ArrayPool<byte>.Shared.Rent(3 * padded);
        Span<byte> row = rented.AsSpan(0, 3 * padded);
        Span<byte> prefix = row.Slice(padded, padded), suffix = row[(2 * padded)..];
        row = row[..padded];
        byte neutral = maximum ? byte.MinValue : byte.MaxValue;
        row.Fill(neutral);
        for (int y = 0; y < height; y++)
        {
            from.Slice(y * width, width).CopyTo(row[radius..]);
            for (int i = 0; i < padded; i++)
                prefix[i] = i % window == 0 ? row[i] : maximum ? Math.Max(prefix[i - 1], row[i]) : Math.Min(prefix[i - 1], row[i]);
            for (int i = padded - 1; i >= 0; i--)
                suffix[i] = i == padded - 1 || (i + 1) % window == 0 ? row[i] : maximum ? Math.Max(suffix[i + 1], row[i]) : Math.Min(suffix[i + 1], row[i]);
            var target = to.Slice(y * width, width);
            for (int x = 0; x < width; x++)
                target[x] = maximum ? Math.Max(suffix[x], prefix[x + window - 1]) : Math.Min(suffix[x], prefix[x + window - 1]);
        }
        System.Buffers.ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>The same down the columns, row by row so that memory is met in order: logarithmic doubling of the window.</summary>
    public static void Columns(ReadOnlySpan<byte> from, Span<byte> to, int width, int height, int radius, bool maximum)
    {
        // to[y] = extremum of from[y .. y + length), length doubling, then two overlapping windows make the one wanted
        int window = 2 * radius + 1;
        byte[] rented = System.Buffers.ArrayPool<byte>.Shared.Rent((height + 2 * radius) * width);
        Span<byte> rows = rented.AsSpan(0, (height + 2 * radius) * width);
        byte neutral = maximum ? byte.MinValue : byte.MaxValue;
        rows[..(radius * width)].Fill(neutral);
        rows[((height + radius) * width)..].Fill(neutral);
        from[..(width * height)].CopyTo(rows[(radius * width)..]);
        int total = height + 2 * radius, length = 1;
        for (; length * 2 <= window; length *= 2)
            Combine(rows[..((total - length) * width)], rows.Slice(length * width, (total - length) * width), maximum);
        int shift = window - length;
        if (shift > 0) Combine(rows[..((total - shift) * width)], rows.Slice(shift * width, (total - shift) * width), maximum);
        rows[..(width * height)].CopyTo(to);
        System.Buffers.ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>target = extremum(target, other), front to back: other may be a later part of the same memory.</summary>
    public static void Combine(Span<byte> target, ReadOnlySpan<byte> other, bool maximum)
    {
        int i = 0;
        for (; i <= target.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector<byte> a = new(target[i..]), b = new(other[i..]);
            (maximum ? Vector.Max(a, b) : Vector.Min(a, b)).CopyTo(target[i..]);
        }
        for (; i < target.Length; i++) target[i] = maximum ? Math.Max(target[i], other[i]) : Math.Min(target[i], other[i]);
    }
}
