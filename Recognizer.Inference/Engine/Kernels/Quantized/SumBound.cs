namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>How large the integer sums of a layer may become.</summary>
internal static class SumBound
{
    /// <summary>Largest magnitude of a level.</summary>
    private const long MostLevel = 255;

    /// <summary>Largest magnitude of bias + Σ level · weight over all outputs, whatever the levels are.</summary>
    /// <param name="weights">[outputs, …].</param>
    /// <param name="bias">[outputs], or empty.</param>
    /// <param name="outputs">Outputs, at least one.</param>
    /// <param name="outputsLast">Whether the weights are […, outputs] instead.</param>
    public static long Of(ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, int outputs, bool outputsLast = false)
    {
        int each = weights.Length / outputs;
        long largest = 0;
        for (int o = 0; o < outputs; o++)
        {
            (int first, int step) = outputsLast ? (o, outputs) : (o * each, 1);
            long sum = bias.Length == 0 ? 0 : Math.Abs((long)bias[o]);
            for (int i = 0; i < each; i++) sum += MostLevel * Math.Abs((int)weights[first + i * step]);
            largest = Math.Max(largest, sum);
        }
        return largest;
    }
}
