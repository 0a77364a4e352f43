using System.Numerics;

namespace Recognizer.Training.Optimization;

/// <summary>Exponential moving average.</summary>
internal static class MovingAverage
{
    /// <summary>average ← keep · average + (1 − keep) · value, element by element.</summary>
    public static void Update(Span<float> average, ReadOnlySpan<float> value, float keep)
    {
        int i = 0;
        for (; i <= average.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var old = new Vector<float>(average[i..]);
            (old + (new Vector<float>(value[i..]) - old) * (1 - keep)).CopyTo(average[i..]);
        }
        for (; i < average.Length; i++) average[i] += (value[i] - average[i]) * (1 - keep);
    }
}
