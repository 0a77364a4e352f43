using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Augmentation;

/// <summary>Draws a character as a picture that somebody might send (few pixels or many, another pen, paper that isn't white) and brings it back through the normaliser:
/// what the network then sees is what it will see in use. Stateless.</summary>
internal static class Picture
{
    private const int Side = CharacterNormalizer.Size;

    // Sizes are from the first to below the second.
    private const int Least = 10, Most = 72;

    /// <summary>Redraws an image.</summary>
    /// <param name="image">[28, 28], 0 = ground … 1 = ink; stays as it is where the picture shows no ink.</param>
    /// <param name="layout">The form to bring it back to.</param>
    /// <param name="isAlphanumeric">Whether it is a Latin letter or a digit, as the normaliser asks.</param>
    /// <param name="random">Decides size, place, pen, paper and light.</param>
    public static void Apply(Span<float> image, NormalizerLayout layout, bool isAlphanumeric, ref CounterRandom random)
    {
        // Small pictures lose most: sizes are as often from 10 to 20 pixels as from 20 to 40.
        int side = (int)(Least * MathF.Pow((float)Most / Least, random.NextSingle()));
        float left = random.NextSingle(-0.5f, 0.5f), top = random.NextSingle(-0.5f, 0.5f);
        // A pen that leaves ink or none, thin or thick; otherwise the edges stay as soft as they are.
        bool pen = random.NextInt32(2) == 0;
        float level = random.NextSingle(0.2f, 0.7f), steepness = pen ? random.NextSingle(1.5f, 6) : 1;
        bool bitmap = random.NextInt32(6) == 0, lightInk = random.NextInt32(2) == 0;
        float ground = random.NextSingle(0, 0.3f), ink = ground + random.NextSingle(0.25f, 0.7f), slope = random.NextInt32(3) == 0 ? random.NextSingle(0, 0.2f) : 0;
        float direction = random.NextSingle(0, 2 * MathF.PI), noise = random.NextInt32(3) == 0 ? random.NextSingle(0, 0.03f) : 0;
        (float slopeY, float slopeX) = MathF.SinCos(direction);

        Span<byte> picture = stackalloc byte[Most * Most];
        float pixel = (float)Side / side;
        int samples = Math.Max(1, (int)MathF.Ceiling(2 * pixel));
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                float sum = 0;
                for (int v = 0; v < samples; v++)
                {
                    for (int u = 0; u < samples; u++)
                    {
                        float value = At(image, (x + (u + 0.5f) / samples) * pixel + left, (y + (v + 0.5f) / samples) * pixel + top);
                        sum += pen ? Math.Clamp((value - level) * steepness + 0.5f, 0, 1) : value;
                    }
                }
                float share = sum / (samples * samples);
                if (bitmap) share = share > 0.45f ? 1 : 0;
                float paper = ground + slope * (slopeX * x + slopeY * y) / side;
                float shade = Math.Clamp(paper + share * (ink - paper) + (noise > 0 ? noise * random.NextGaussian() : 0), 0, 1);
                picture[y * side + x] = (byte)(255 * (lightInk ? shade : 1 - shade) + 0.5f);
            }
        }
        Span<float> normalized = stackalloc float[Side * Side];
        if (CharacterNormalizer.Normalize(picture[..(side * side)], side, side, layout, Polarity.Detect, normalized, isAlphanumeric)) normalized.CopyTo(image);
    }

    // Between the centres of four pixels; ground outside.
    private static float At(ReadOnlySpan<float> image, float x, float y)
    {
        x -= 0.5f;
        y -= 0.5f;
        int x0 = (int)MathF.Floor(x), y0 = (int)MathF.Floor(y);
        float fx = x - x0, fy = y - y0;
        if ((uint)x0 < Side - 1 && (uint)y0 < Side - 1)
        {
            ReadOnlySpan<float> upper = image.Slice(y0 * Side + x0, 2), lower = image.Slice((y0 + 1) * Side + x0, 2);
            float above = upper[0] + fx * (upper[1] - upper[0]), below = lower[0] + fx * (lower[1] - lower[0]);
            return above + fy * (below - above);
        }
        return (1 - fy) * ((1 - fx) * Pixel(image, x0, y0) + fx * Pixel(image, x0 + 1, y0)) + fy * ((1 - fx) * Pixel(image, x0, y0 + 1) + fx * Pixel(image, x0 + 1, y0 + 1));

        static float Pixel(ReadOnlySpan<float> image, int x, int y) => (uint)x < Side && (uint)y < Side ? image[y * Side + x] : 0;
    }
}
