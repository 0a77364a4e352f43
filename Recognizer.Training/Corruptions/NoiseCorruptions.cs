namespace Recognizer.Training.Corruptions;

/// <summary>Counts of photons: each pixel becomes a Poisson number with a mean of 3 for full ink, divided by 3.</summary>
internal sealed class ShotNoise : Corruption
{
    private const float Photons = 3;

    public override string Name => "shot-noise";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        for (int i = 0; i < PixelCount; i++) result[i] = Poisson(image[i] * Photons, ref random) / Photons;
    }

    // As many uniform numbers as can be multiplied before the product falls below exp(−mean) (Knuth).
    private static int Poisson(float mean, ref CounterRandom random)
    {
        double limit = Math.Exp(-mean), product = 1;
        int count = -1;
        do
        {
            product *= 1 - random.NextDouble();
            count++;
        }
        while (product > limit);
        return count;
    }
}

/// <summary>17 % of the pixels become full ink or ground, each half of the time.</summary>
internal sealed class ImpulseNoise : Corruption
{
    private const float Share = 0.17f;

    public override string Name => "impulse-noise";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        for (int i = 0; i < PixelCount; i++)
        {
            float chance = random.NextSingle();
            result[i] = chance < Share / 2 ? 0 : chance < Share ? 1 : image[i];
        }
    }
}

/// <summary>Each pixel gets half of full ink on top.</summary>
internal sealed class Brightness : Corruption
{
    public override string Name => "brightness";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        for (int i = 0; i < PixelCount; i++) result[i] = image[i] + 0.5f;
    }
}

/// <summary>The left and the right quarter are inverted.</summary>
internal sealed class Stripe : Corruption
{
    private const int Width = 7;

    public override string Name => "stripe";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        for (int i = 0; i < PixelCount; i++)
        {
            int x = i % Side;
            result[i] = x is < Width or >= Side - Width ? 1 - image[i] : image[i];
        }
    }
}
