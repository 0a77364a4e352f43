namespace Recognizer.Training.Quantization;

/// <summary>Collects how the values of an activation are distributed, and chooses the range that 8 bits should cover.</summary>
internal sealed class ActivationRange
{
    private const int Bins = 4096, Levels = 255;

    /// <summary>Shares of the values that a range may leave outside, at each end.</summary>
    private static readonly double[] Tails = [0, 1e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3];

    private readonly long[] _counts = new long[Bins];
    private float _low;
    private float _high;
    private long _total;

    /// <summary>First pass: the extremes. Zero is always inside, because borders are zero.</summary>
    public void Widen(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (value < _low) _low = value;
            else if (value > _high) _high = value;
        }
    }

    /// <summary>Second pass, after the extremes are known: the distribution between them.</summary>
    public void Count(ReadOnlySpan<float> values)
    {
        if (_high <= _low) return;
        float scale = Bins / (_high - _low);
        foreach (float value in values) _counts[Math.Clamp((int)((value - _low) * scale), 0, Bins - 1)]++;
        _total += values.Length;
    }

    /// <summary>Scale and zero point of unsigned 8-bit levels with the smallest mean squared error: what is cut off against what is rounded.</summary>
    public (float Scale, byte ZeroPoint) Choose()
    {
        if (_high <= _low) return (1, 0);
        (float, byte) best = default;
        double least = double.PositiveInfinity;
        foreach (double tail in Tails)
        {
            (float low, float high) = Cut((long)(tail * _total));
            float scale = (high - low) / Levels;
            byte zero = (byte)Math.Clamp(MathF.Round(-low / scale), 0, Levels);
            double error = Error(scale, zero);
            if (error < least) (best, least) = ((scale, zero), error);
        }
        return best;
    }

    private (float Low, float High) Cut(long outside)
    {
        int first = 0, last = Bins - 1;
        for (long seen = _counts[0]; first < last && seen <= outside; seen += _counts[first]) first++;
        for (long seen = _counts[last]; last > first && seen <= outside; seen += _counts[last]) last--;
        float width = (_high - _low) / Bins;
        float low = Math.Min(0, _low + first * width), high = Math.Max(0, _low + (last + 1) * width);
        return high > low ? (low, high) : (_low, _high);
    }

    private double Error(float scale, byte zero)
    {
        double sum = 0, width = (double)(_high - _low) / Bins;
        for (int i = 0; i < Bins; i++)
        {
            if (_counts[i] == 0) continue;
            double value = _low + (i + 0.5) * width;
            double level = Math.Clamp(Math.Round(value / scale) + zero, 0, Levels);
            double error = (level - zero) * scale - value;
            sum += _counts[i] * error * error;
        }
        return sum;
    }
}
