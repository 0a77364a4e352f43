namespace Recognizer.Training.Corruptions;

/// <summary>Splashes of mud, a quarter as bright as ink, where smoothed noise is high.</summary>
internal sealed class Spatter : Corruption
{
    private const float Mean = 0.65f;
    private const float Deviation = 0.3f;
    private const float Threshold = 0.65f;
    private const float Least = 0.8f;
    private const float Level = 63f / 255;

    public override string Name => "spatter";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        Span<float> mud = stackalloc float[PixelCount];
        for (int i = 0; i < PixelCount; i++) mud[i] = Mean + Deviation * random.NextGaussian();
        GaussianFilter.Apply(mud, 1);
        for (int i = 0; i < PixelCount; i++) mud[i] = mud[i] > Threshold ? 1 : 0;
        GaussianFilter.Apply(mud, 1.5f);
        for (int i = 0; i < PixelCount; i++)
        {
            float cover = mud[i] < Least ? 0 : mud[i];
            result[i] = image[i] * (1 - cover) + Level * cover;
        }
    }
}
