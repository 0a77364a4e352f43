namespace Recognizer.Training.Corruptions;

/// <summary>A linear map about the image's centre and a shift; pixels are read between four neighbours, ground beyond the border.</summary>
internal abstract class AffineCorruption : Corruption
{
    private const float Centre = (Side - 1) / 2f;

    /// <summary>Where a pixel of the result, relative to the centre, comes from.</summary>
    /// <param name="Xx">Source x per result x.</param>
    /// <param name="Xy">Source x per result y.</param>
    /// <param name="Yx">Source y per result x.</param>
    /// <param name="Yy">Source y per result y.</param>
    /// <param name="ShiftX">Added to the source x.</param>
    /// <param name="ShiftY">Added to the source y.</param>
    protected readonly record struct Map(double Xx, double Xy, double Yx, double Yy, double ShiftX = 0, double ShiftY = 0);

    /// <summary>The map to use.</summary>
    protected abstract Map Choose(ref CounterRandom random);

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        Map map = Choose(ref random);
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                double dx = x - Centre, dy = y - Centre;
                double sourceX = map.Xx * dx + map.Xy * dy + Centre + map.ShiftX, sourceY = map.Yx * dx + map.Yy * dy + Centre + map.ShiftY;
                int left = (int)Math.Floor(sourceX), top = (int)Math.Floor(sourceY);
                float right = (float)(sourceX - left), lower = (float)(sourceY - top);
                result[y * Side + x] = (1 - lower) * ((1 - right) * At(image, left, top) + right * At(image, left + 1, top))
                    + lower * ((1 - right) * At(image, left, top + 1) + right * At(image, left + 1, top + 1));
            }
        }
    }

    private static float At(ReadOnlySpan<float> image, int x, int y) => (uint)x < Side && (uint)y < Side ? image[y * Side + x] : 0;
}

/// <summary>The vertical axis turns by 0.4 radians, to either side, while the horizontal one stays.</summary>
internal sealed class Shear : AffineCorruption
{
    public override string Name => "shear";

    protected override Map Choose(ref CounterRandom random)
    {
        (double sin, double cos) = Math.SinCos(0.4 * Sign(ref random));
        return new Map(1, -sin, 0, cos);
    }
}

/// <summary>The character shrinks to 70 %.</summary>
internal sealed class Scale : AffineCorruption
{
    public override string Name => "scale";

    protected override Map Choose(ref CounterRandom random) => new(1 / 0.7, 0, 0, 1 / 0.7);
}

/// <summary>The image turns by 0.4 radians (23°), to either side.</summary>
internal sealed class Rotate : AffineCorruption
{
    public override string Name => "rotate";

    protected override Map Choose(ref CounterRandom random)
    {
        (double sin, double cos) = Math.SinCos(0.4 * Sign(ref random));
        return new Map(cos, -sin, sin, cos);
    }
}

/// <summary>The image moves by three pixels along both axes, either way.</summary>
internal sealed class Translate : AffineCorruption
{
    public override string Name => "translate";

    protected override Map Choose(ref CounterRandom random) => new(1, 0, 0, 1, 3 * Sign(ref random), 3 * Sign(ref random));
}
