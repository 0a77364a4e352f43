namespace Recognizer.Training.Corruptions;

/// <summary>One way to spoil an image, at the severity of MNIST-C (Mu and Gilmer 2019, arXiv:1906.02337). Stateless: safe for use by
/// several threads at once.</summary>
internal abstract class Corruption
{
    /// <summary>Pixels on each side.</summary>
    protected const int Side = Datasets.DatasetPart.Side;

    /// <summary>Pixels in an image.</summary>
    protected const int PixelCount = Side * Side;

    /// <summary>Name as published, with spaces as hyphens.</summary>
    public abstract string Name { get; }

    /// <summary>Spoils an image.</summary>
    /// <param name="image">[28, 28], 0 = ground … 1 = ink; may be overwritten.</param>
    /// <param name="result">[28, 28], receives any values; they are clamped to 0 … 1 afterwards.</param>
    /// <param name="random">Decides everything that is random.</param>
    protected abstract void Apply(Span<float> image, Span<float> result, ref CounterRandom random);

    /// <summary>Spoils an image.</summary>
    /// <param name="image">[28, 28], 0 = ground … 255 = ink.</param>
    /// <param name="result">[28, 28], receives 0 … 255.</param>
    /// <param name="key">Decides everything that is random.</param>
    public void Apply(ReadOnlySpan<byte> image, Span<byte> result, ulong key)
    {
        Span<float> source = stackalloc float[PixelCount], target = stackalloc float[PixelCount];
        Datasets.DatasetPart.ToUnit(image, source);
        var random = new CounterRandom(key);
        Apply(source, target, ref random);
        for (int i = 0; i < PixelCount; i++) result[i] = (byte)(Math.Clamp(target[i], 0, 1) * 255 + 0.5f);
    }

    /// <summary>−1 or 1.</summary>
    protected static int Sign(ref CounterRandom random) => random.NextInt32(2) * 2 - 1;
}
