namespace Recognizer.Training.Corruptions;

/// <summary>Seen through frosted glass: smoothed by 0.7 pixels along the columns, then twice each pixel is exchanged, half of the time, with
/// one up to a pixel above and to the left, then smoothed again.</summary>
/// <remarks>That smoothing runs along the columns only is a quirk of the published images, as is that pixels wander to the upper left.</remarks>
internal sealed class GlassBlur : Corruption
{
    private const float Deviation = 0.7f;
    private const int Reach = 1;
    private const int Rounds = 2;

    public override string Name => "glass-blur";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        GaussianFilter.Apply(image, Deviation, columnsOnly: true);
        for (int i = 0; i < PixelCount; i++) result[i] = MathF.Floor(image[i] * 255) / 255;
        for (int round = 0; round < Rounds; round++)
        {
            for (int y = Side - Reach; y > Reach; y--)
            {
                for (int x = Side - Reach; x > Reach; x--)
                {
                    if (random.NextInt32(2) == 0) continue;
                    int otherX = x + random.NextInt32(2 * Reach) - Reach, otherY = y + random.NextInt32(2 * Reach) - Reach;
                    (result[y * Side + x], result[otherY * Side + otherX]) = (result[otherY * Side + otherX], result[y * Side + x]);
                }
            }
        }
        GaussianFilter.Apply(result, Deviation, columnsOnly: true);
    }
}

/// <summary>Moved while being exposed: a one-sided Gaussian trail of 20 pixels with a standard deviation of 3, in a direction within 45° of
/// the horizontal.</summary>
internal sealed class MotionBlur : Corruption
{
    private const int Length = 21;
    private const float Deviation = 3;

    public override string Name => "motion-blur";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        (float sin, float cos) = MathF.SinCos(random.NextSingle(-45, 45) * (MathF.PI / 180));
        Span<float> weights = stackalloc float[Length];
        float sum = 0;
        for (int i = 0; i < Length; i++) sum += weights[i] = MathF.Exp(-i * i / (2 * Deviation * Deviation));
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                float value = 0;
                for (int i = 0; i < Length; i++)
                {
                    int sourceX = Math.Clamp(x + (int)MathF.Round(i * cos), 0, Side - 1), sourceY = Math.Clamp(y + (int)MathF.Round(i * sin), 0, Side - 1);
                    value += weights[i] * image[sourceY * Side + sourceX];
                }
                result[y * Side + x] = value / sum;
            }
        }
    }
}
