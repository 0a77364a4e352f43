using System.Buffers;
using System.Numerics;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Least or greatest value within a window of 2·radius + 1, clipped at the image's edge: extrema of windows whose length doubles until two of them, overlapping, make the
/// one that is wanted.</summary>
internal static class WindowExtremum
{
    public static void Rows(ReadOnlySpan<byte> from, Span<byte> to, int width, int height, int radius, bool maximum)
    {
        int padded = width + 2 * radius;
        byte[] rented = ArrayPool<byte>.Shared.Rent(height * padded);
        Span<byte> rows = rented.AsSpan(0, height * padded);
        rows.Fill(Neutral(maximum));
        for (int y = 0; y < height; y++) from.Slice(y * width, width).CopyTo(rows[(y * padded + radius)..]);
        Widen(rows, 2 * radius + 1, 1, maximum);
        for (int y = 0; y < height; y++) rows.Slice(y * padded, width).CopyTo(to[(y * width)..]);
        ArrayPool<byte>.Shared.Return(rented);
    }

    public static void Columns(ReadOnlySpan<byte> from, Span<byte> to, int width, int height, int radius, bool maximum)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent((height + 2 * radius) * width);
        Span<byte> rows = rented.AsSpan(0, (height + 2 * radius) * width);
        rows[..(radius * width)].Fill(Neutral(maximum));
        rows[((height + radius) * width)..].Fill(Neutral(maximum));
        from[..(width * height)].CopyTo(rows[(radius * width)..]);
        Widen(rows, 2 * radius + 1, width, maximum);
        rows[..(width * height)].CopyTo(to);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>The same of squares; a map may be overwritten by its own.</summary>
    public static void Squares(ReadOnlySpan<byte> from, Span<byte> to, int width, int height, int radius, bool maximum)
    {
        Rows(from, to, width, height, radius, maximum);
        Columns(to, to, width, height, radius, maximum);
    }

    private static byte Neutral(bool maximum) => maximum ? byte.MinValue : byte.MaxValue;

    /// <summary>pixels[i] = extremum of pixels[i], pixels[i + step], … pixels[i + (window − 1)·step], as far as these are there.</summary>
    private static void Widen(Span<byte> pixels, int window, int step, bool maximum)
    {
        int length = 1;
        for (; length * 2 <= window; length *= 2) Combine(pixels[..^(length * step)], pixels[(length * step)..], maximum);
        int shift = (window - length) * step;
        if (shift > 0) Combine(pixels[..^shift], pixels[shift..], maximum);
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
