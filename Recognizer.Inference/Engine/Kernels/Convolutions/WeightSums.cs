using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>Sums of accumulators.</summary>
internal static unsafe class WeightSums
{
    /// <summary>sum[i] += values[i]</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Add<TSimd>(float* sum, float* values, long length) where TSimd : unmanaged, ISimd<TSimd>
    {
        long i = 0;
        for (; i <= length - TSimd.Count; i += TSimd.Count) TSimd.Store(TSimd.Load(sum + i) + TSimd.Load(values + i), sum + i);
        for (; i < length; i++) sum[i] += values[i];
    }
}
