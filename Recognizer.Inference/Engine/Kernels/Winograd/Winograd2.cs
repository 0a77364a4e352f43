using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>F(2, 3) with the points 0, ±1 and ∞.</summary>
internal readonly unsafe struct Winograd2 : IWinogradTransform
{
    public static ReadOnlySpan<int> Kinds => [2];

    public static int Outputs => 2;

    public static int Points => 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Input<TSimd>(int outputs, float* source, nint sourceStride, nint sourceStep, float* destination, nint destinationStride, nint destinationStep, int lines)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        for (; lines > 0; lines--, source += sourceStep, destination += destinationStep)
        {
            TSimd d0 = TSimd.Load(source), d1 = TSimd.Load(source + sourceStride), d2 = TSimd.Load(source + 2 * sourceStride), d3 = TSimd.Load(source + 3 * sourceStride);
            TSimd.Store(d2 - d0, destination);
            TSimd.Store(d2 + d1, destination + destinationStride);
            TSimd.Store(d2 - d1, destination + 2 * destinationStride);
            TSimd.Store(d3 - d1, destination + 3 * destinationStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Output<TSimd, TFinish>(int outputs, in OutputLines lines, in FinishArguments<TSimd> finish)
        where TSimd : unmanaged, ISimd<TSimd>
        where TFinish : struct, IFinish
    {
        TSimd bias = finish.Bias, floor = finish.Floor, ceiling = finish.Ceiling;
        float* source = lines.Source, residual = finish.Residual;
        nint stride = lines.SourceStride, to = lines.DestinationStride, next = finish.ResidualStride;
        for (int i = 0; i < lines.Count; i++, source += lines.SourceStep, residual += finish.ResidualStep)
        {
            float* destination = lines.Destinations[i] + lines.Offset;
            TSimd zero = TSimd.Load(source), plus = TSimd.Load(source + stride), minus = TSimd.Load(source + 2 * stride), infinity = TSimd.Load(source + 3 * stride);
            TSimd.Store(TFinish.Finish(zero + bias + (plus + minus), floor, ceiling, residual), destination);
            TSimd.Store(TFinish.Finish(plus - minus + (infinity + bias), floor, ceiling, residual + next), destination + to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd g0 = TSimd.Load(source), g1 = TSimd.Load(source + sourceStride), g2 = TSimd.Load(source + 2 * sourceStride);
        TSimd half = TSimd.Broadcast(0.5f), even = half * (g0 + g2), odd = half * g1;
        TSimd.Store(TSimd.Zero - g0, destination);
        TSimd.Store(even + odd, destination + destinationStride);
        TSimd.Store(even - odd, destination + 2 * destinationStride);
        TSimd.Store(g2, destination + 3 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputGradient<TSimd>(int outputs, float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd y0 = TSimd.Load(source), y1 = TSimd.Load(source + sourceStride);
        TSimd.Store(y0, destination);
        TSimd.Store(y0 + y1, destination + destinationStride);
        TSimd.Store(y0 - y1, destination + 2 * destinationStride);
        TSimd.Store(y1, destination + 3 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightGradient<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd zero = TSimd.Load(source), plus = TSimd.Load(source + sourceStride), minus = TSimd.Load(source + 2 * sourceStride), infinity = TSimd.Load(source + 3 * sourceStride);
        TSimd half = TSimd.Broadcast(0.5f), sum = half * (plus + minus);
        TSimd.Store(sum - zero, destination);
        TSimd.Store(half * (plus - minus), destination + destinationStride);
        TSimd.Store(sum + infinity, destination + 2 * destinationStride);
    }
}
