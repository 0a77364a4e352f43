namespace Recognizer.Training.Corruptions;

/// <summary>What lies beyond the border of an image that is smoothed.</summary>
internal enum Beyond
{
    /// <summary>The nearest pixel inside.</summary>
    Nearest,

    /// <summary>Nothing: weights inside are brought to a sum of one.</summary>
    Nothing,
}

/// <summary>Smooths 28×28 images with a Gaussian cut off at four standard deviations.</summary>
internal static class GaussianFilter
{
    private const int Side = Datasets.DatasetPart.Side;

    /// <summary>Smooths in place.</summary>
    /// <param name="image">[28, 28].</param>
    /// <param name="deviation">Standard deviation in pixels, at most 4.</param>
    /// <param name="beyond">What lies beyond the border.</param>
    /// <param name="columnsOnly">Whether to smooth along y only.</param>
    public static void Apply(Span<float> image, float deviation, Beyond beyond = Beyond.Nearest, bool columnsOnly = false)
    {
        int radius = (int)(4 * deviation + 0.5f);
        Span<float> kernel = stackalloc float[2 * radius + 1];
        float sum = 0;
        for (int i = -radius; i <= radius; i++) sum += kernel[i + radius] = MathF.Exp(-i * i / (2 * deviation * deviation));
        for (int i = 0; i < kernel.Length; i++) kernel[i] /= sum;
        for (int x = 0; x < Side; x++) Line(image[x..], Side, kernel, beyond);
        if (columnsOnly) return;
        for (int y = 0; y < Side; y++) Line(image[(y * Side)..], 1, kernel, beyond);
    }

    private static void Line(Span<float> line, int step, ReadOnlySpan<float> kernel, Beyond beyond)
    {
        Span<float> source = stackalloc float[Side];
        for (int i = 0; i < Side; i++) source[i] = line[i * step];
        int radius = kernel.Length / 2;
        for (int i = 0; i < Side; i++)
        {
            float value = 0, weight = 0;
            for (int k = -radius; k <= radius; k++)
            {
                if (beyond == Beyond.Nothing && (uint)(i + k) >= Side) continue;
                value += kernel[k + radius] * source[Math.Clamp(i + k, 0, Side - 1)];
                weight += kernel[k + radius];
            }
            line[i * step] = value / weight;
        }
    }
}
