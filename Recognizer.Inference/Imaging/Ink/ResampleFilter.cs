namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Weights for resampling along one axis: Catmull–Rom cubic, widened by the ratio when the picture shrinks so that it averages.</summary>
/// <param name="inputSize">Samples there are.</param>
/// <param name="scale">Output samples per input sample.</param>
/// <param name="inputCenter">Coordinate (of pixel edges) in the input that comes to <paramref name="outputCenter"/> in the output.</param>
/// <param name="outputCenter">Coordinate in the output.</param>
internal readonly struct ResampleFilter(int inputSize, float scale, float inputCenter, float outputCenter)
{
    /// <summary>Most weights of one sample: enough for the work size shrunk to one canvas pixel in sixteen.</summary>
    public const int MaxTaps = 72;

    private readonly float _stretch = Math.Max(1, 1 / scale);

    private float Center(int output) => (output + 0.5f - outputCenter) / scale + inputCenter;

    /// <summary>First input sample that an output sample reaches to; may be outside the picture.</summary>
    private int First(int output) => (int)MathF.Floor(Center(output) - 2 * _stretch);

    private int Last(int output) => (int)MathF.Ceiling(Center(output) + 2 * _stretch);

    /// <summary>Whether an output sample depends on any of the input samples from one to another.</summary>
    public bool Reaches(int output, int from, int to) => First(output) <= to && Last(output) >= from;

    /// <summary>The weights within the picture, adding up to at most 1: outside it there is no ink.</summary>
    /// <returns>The first sample; its count in <paramref name="taps"/>.</returns>
    public int Weights(int output, Span<float> weights, out int taps)
    {
        float center = Center(output);
        int first = First(output), last = Math.Min(Last(output), first + MaxTaps - 1);
        int from = Math.Max(0, first), to = Math.Min(inputSize - 1, last);
        float total = 0;
        taps = 0;
        for (int i = first; i <= last; i++)
        {
            float weight = Cubic((i + 0.5f - center) / _stretch);
            total += weight;
            if (i >= from && i <= to) weights[taps++] = weight;
        }
        for (int t = 0; t < taps; t++) weights[t] /= total;
        return taps == 0 ? 0 : from;
    }

    /// <summary>The kernel of Catmull and Rom at a distance in samples.</summary>
    public static float Cubic(float x)
    {
        x = Math.Abs(x);
        return x < 1 ? 1 + x * x * (1.5f * x - 2.5f) : x < 2 ? 2 + x * (-4 + x * (2.5f - 0.5f * x)) : 0;
    }
}
