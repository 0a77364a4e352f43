namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>Brings a component to the picture's resolution.</summary>
internal static class JpegUpsampler
{
    /// <summary>One row at full resolution. A component of half the resolution is interpolated linearly between sample centres: with
    /// weights ¾ and ¼, as the samples lie between two pixels. Other ratios repeat samples, as the common decoders do.</summary>
    public static void Row(ReadOnlySpan<byte> samples, int stride, int width, int height, int horizontal, int vertical,
        int maxHorizontal, int maxVertical, int y, int outputWidth, Span<byte> output, Span<short> scratch)
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
            for (int x = 0; x < width; x++) quarters[x] = (short)(3 * near[x] + far[x]);
        }
        else
        {
            for (int x = 0; x < width; x++) quarters[x] = (short)(4 * near[x]);
        }
        if (halfColumns)
        {
            for (int x = 0; x < outputWidth; x++)
            {
                int at = x >> 1, other = Math.Clamp((x & 1) == 0 ? at - 1 : at + 1, 0, width - 1);
                // alternate rounding, so that the average isn't shifted
                output[x] = (byte)((3 * quarters[at] + quarters[other] + ((x & 1) == 0 ? 8 : 7)) >> 4);
            }
            return;
        }
        if (horizontal == maxHorizontal)
        {
            for (int x = 0; x < outputWidth; x++) output[x] = (byte)((quarters[x] + 2) >> 2);
            return;
        }
        for (int x = 0; x < outputWidth; x++) output[x] = (byte)((quarters[Math.Min(width - 1, x * horizontal / maxHorizontal)] + 2) >> 2);
    }
}
