using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>y = x, in the first of two passes.</summary>
internal readonly unsafe struct NoFinish : IFinish
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Finish<TSimd>(TSimd value, TSimd floor, TSimd ceiling, float* residual) where TSimd : unmanaged, ISimd<TSimd> => value;
}

/// <summary>y = max(x, floor)</summary>
internal readonly unsafe struct FloorFinish : IFinish
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Finish<TSimd>(TSimd value, TSimd floor, TSimd ceiling, float* residual) where TSimd : unmanaged, ISimd<TSimd> =>
        TSimd.Max(floor, value);
}

/// <summary>y = clamp(x)</summary>
internal readonly unsafe struct ClampFinish : IFinish
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Finish<TSimd>(TSimd value, TSimd floor, TSimd ceiling, float* residual) where TSimd : unmanaged, ISimd<TSimd> =>
        TSimd.Min(ceiling, TSimd.Max(floor, value));
}

/// <summary>y = clamp(x + residual)</summary>
internal readonly unsafe struct ResidualFinish : IFinish
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Finish<TSimd>(TSimd value, TSimd floor, TSimd ceiling, float* residual) where TSimd : unmanaged, ISimd<TSimd> =>
        TSimd.Min(ceiling, TSimd.Max(floor, value + TSimd.Load(residual)));
}
