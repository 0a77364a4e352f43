using System.Numerics;
using System.Runtime.InteropServices;

namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>Brings a component to the picture's resolution.</summary>
internal static class JpegUpsampler
{
    /// <summary>One row at full resolution. A component of half the resolution is interpolated linearly between sample centres: with
    /// weights ¾ and ¼, as the samples lie between two pixels. Other ratios repeat samples, as the common decoders do.</summary>
    public static void Row(ReadOnlySpan<byte> samples, int stride, int width, int height, int horizontal, int vertical,
        int maxHorizontal, int maxVertical, int y, int outputWidth, Span<byte> output, Span<ushort> scratch)
    {
        if (horizontal == maxHorizontal && vertical == maxVertical)
        {
            samples.Slice(y * stride, outputWidth).CopyTo(output);
            return;
        }
        bool halfRows = maxVertical == 2 * vertical && maxHorizontal <= 2 * horizontal;
        bool halfColumns = maxHorizontal == 2 * horizontal && maxVertical <= 2 * vertical;
        int row = Math.Min(height - 1, y * vertical / maxVertical);
        // 3·near + far, in quarters
        var near = samples.Slice(row * stride, width);
        var quarters = scratch[..width];
        if (halfRows)
        {
            int other = Math.Clamp((y & 1) == 0 ? row - 1 : row + 1, 0, height - 1);
            var far = samples.Slice(other * stride, width);
            Quarters(near, far, quarters);
        }
        else
        {
            Quarters(near, near, quarters);
        }
        if (halfColumns)
        {
            DoubleColumns(quarters, output[..outputWidth]);
            return;
        }
        if (horizontal == maxHorizontal)
        {
            for (int x = 0; x < outputWidth; x++) output[x] = (byte)((quarters[x] + 2) >> 2);
            return;
        }
        for (int x = 0; x < outputWidth; x++) output[x] = (byte)((quarters[Math.Min(width - 1, x * horizontal / maxHorizontal)] + 2) >> 2);
    }

    /// <summary>3·near + far.</summary>
    private static void Quarters(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, Span<ushort> quarters)
    {
        int x = 0;
        var three = new Vector<ushort>(3);
        for (; x <= near.Length - Vector<byte>.Count; x += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(near[x..]), out var nearLow, out var nearHigh);
            Vector.Widen(new Vector<byte>(far[x..]), out var farLow, out var farHigh);
            (nearLow * three + farLow).CopyTo(quarters[x..]);
            (nearHigh * three + farHigh).CopyTo(quarters[(x + Vector<ushort>.Count)..]);
        }
        for (; x < near.Length; x++) quarters[x] = (ushort)(3 * near[x] + far[x]);
    }

    /// <summary>Two pixels for each sample, from it and its neighbour on either side, with alternate rounding, so that the average isn't shifted.</summary>
    private static void DoubleColumns(ReadOnlySpan<ushort> quarters, Span<byte> output)
    {
        int at = 0;
        Vector<ushort> three = new(3), eight = new(8), seven = new(7);
        if (BitConverter.IsLittleEndian)
        {
            // both pixels of a sample as one number; the first and last samples lack a neighbour
            Span<ushort> pairs = MemoryMarshal.Cast<byte, ushort>(output);
            for (at = 1; at < Math.Min(quarters.Length - Vector<ushort>.Count, pairs.Length - Vector<ushort>.Count + 1); at += Vector<ushort>.Count)
            {
                Vector<ushort> sample = new Vector<ushort>(quarters[at..]) * three;
                Vector<ushort> left = (sample + new Vector<ushort>(quarters[(at - 1)..]) + eight) >>> 4, right = (sample + new Vector<ushort>(quarters[(at + 1)..]) + seven) >>> 4;
                (left | right << 8).CopyTo(pairs[at..]);
            }
            Pair(0, quarters, output);
        }
        for (; 2 * at < output.Length; at++) Pair(at, quarters, output);

        static void Pair(int at, ReadOnlySpan<ushort> quarters, Span<byte> output)
        {
            output[2 * at] = (byte)((3 * quarters[at] + quarters[Math.Max(0, at - 1)] + 8) >> 4);
            if (2 * at + 1 < output.Length) output[2 * at + 1] = (byte)((3 * quarters[at] + quarters[Math.Min(quarters.Length - 1, at + 1)] + 7) >> 4);
        }
    }
}
