namespace Recognizer.Training;

/// <summary>Random numbers that are a pure function of a key and a counter: the n-th number of a stream is the mixed value of
/// key + n · odd constant (SplitMix64, Steele, Lea, Flood 2014). A stream per (seed, purpose, epoch, image) makes results independent of
/// which thread draws, and leaves no state to save in a checkpoint.</summary>
internal struct CounterRandom
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private ulong _state;

    /// <summary>Starts the stream of a key made by <see cref="Key"/>.</summary>
    public CounterRandom(ulong key) => _state = key;

    /// <summary>A key from a seed and numbers that tell streams apart.</summary>
    public static ulong Key(ulong seed, params ReadOnlySpan<ulong> parts)
    {
        ulong key = Mix(seed + Step);
        foreach (ulong part in parts) key = Mix(key + (part + 1) * 0xD1342543DE82EF95);
        return key;
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64()
    {
        _state += Step;
        return Mix(_state);
    }

    /// <summary>Uniform in [0, 1), 24 bits.</summary>
    public float NextSingle() => (NextUInt64() >> 40) * (1f / (1 << 24));

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1L << 53));

    /// <summary>Uniform in [minimum, maximum).</summary>
    public float NextSingle(float minimum, float maximum) => minimum + (maximum - minimum) * NextSingle();

    /// <summary>Uniform in 0 … count − 1.</summary>
    public int NextInt32(int count) => (int)(((NextUInt64() >> 32) * (ulong)count) >> 32);

    /// <summary>Standard normal (Box and Muller; one of the pair).</summary>
    public float NextGaussian()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return (float)(radius * Math.Cos(2 * Math.PI * NextDouble()));
    }

    /// <summary>Random order (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt32(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
