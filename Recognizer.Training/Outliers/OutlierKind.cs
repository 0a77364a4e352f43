namespace Recognizer.Training.Outliers;

/// <summary>One kind of picture without a character. Stateless: safe for use by several threads at once.</summary>
internal abstract class OutlierKind
{
    /// <summary>Pixels on each side.</summary>
    protected const int Side = Datasets.DatasetPart.Side;

    /// <summary>Pixels in an image.</summary>
    protected const int PixelCount = Side * Side;

    /// <summary>Name, with hyphens.</summary>
    public abstract string Name { get; }

    /// <summary>Draws a picture.</summary>
    /// <param name="image">[28, 28], zero; receives 0 = ground … 1 = ink, and is clamped to that afterwards.</param>
    /// <param name="model">A roomy character of the set at hand, whose place, size, pen and ink strokes are to have.</param>
    /// <param name="random">Decides everything that is random.</param>
    protected abstract void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random);

    /// <summary>Draws a picture.</summary>
    /// <param name="image">[28, 28], receives 0 = ground … 255 = ink.</param>
    /// <param name="model">Measures of a roomy character of the set at hand.</param>
    /// <param name="key">Decides everything that is random.</param>
    public void Draw(Span<byte> image, in InkMeasure model, ulong key)
    {
        Span<float> pixels = stackalloc float[PixelCount];
        pixels.Clear();
        var random = new CounterRandom(key);
        Draw(pixels, model, ref random);
        for (int i = 0; i < PixelCount; i++) image[i] = (byte)(Math.Clamp(pixels[i], 0, 1) * 255 + 0.5f);
    }
}

/// <summary>Place, size, pen and ink of a character.</summary>
/// <param name="Left">Left end of the ink, in pixels.</param>
/// <param name="Top">Upper end.</param>
/// <param name="Width">Width of the ink's box.</param>
/// <param name="Height">Height of the ink's box.</param>
/// <param name="Pen">Width of the stroke: twice the inked area by the length of its outline.</param>
/// <param name="Ink">Sum of all pixels, 1 for full ink.</param>
internal readonly record struct InkMeasure(int Left, int Top, int Width, int Height, float Pen, float Ink)
{
    private const int Side = Datasets.DatasetPart.Side;

    /// <summary>Whether there is room and ink enough for shapes that are no character: a box that is not too narrow, and a path 2.2 times as
    /// long as the box. A third of all handwritten characters have both; in the others a scribble would be a mere bar or bow.</summary>
    public bool IsRoomy => Math.Min(Width, Height) >= 0.6f * Math.Max(Width, Height) && Ink / Pen >= 2.2f * Math.Max(Width, Height);

    /// <summary>Measures a character.</summary>
    /// <param name="image">[28, 28], 0 = ground … 255 = ink.</param>
    public static InkMeasure Of(ReadOnlySpan<byte> image)
    {
        int left = Side, right = -1, top = Side, bottom = -1, area = 0, outline = 0;
        float ink = 0;
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                ink += image[y * Side + x] / 255f;
                if (!IsInk(image, x, y)) continue;
                (left, right, top, bottom) = (Math.Min(left, x), Math.Max(right, x), Math.Min(top, y), y);
                area++;
                outline += (IsInk(image, x - 1, y) ? 0 : 1) + (IsInk(image, x + 1, y) ? 0 : 1) + (IsInk(image, x, y - 1) ? 0 : 1) + (IsInk(image, x, y + 1) ? 0 : 1);
            }
        }
        // Sides of pixels are longer than a smooth outline by 4/π on average over all directions.
        return area == 0 ? new InkMeasure(Side / 2, Side / 2, 1, 1, 1, 0)
            : new InkMeasure(left, top, right - left + 1, bottom - top + 1, Math.Max(1, 2 * area / (outline * (MathF.PI / 4))), ink);
    }

    private static bool IsInk(ReadOnlySpan<byte> image, int x, int y) => (uint)x < Side && (uint)y < Side && image[y * Side + x] >= 128;
}
