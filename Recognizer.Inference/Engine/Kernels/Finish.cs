using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>y = x, in the first of two passes.</summary>
internal readonly struct NoFinish : IFinish
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Finish<TSimd>(TSimd value, in FinishArguments<TSimd> arguments, int index) where TSimd : unmanaged, ISimd<TSimd> => value;
}

/// <summary>y = max(x, floor)</summary>
internal readonly struct FloorFinish : IFinish
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Finish<TSimd>(TSimd value, in FinishArguments<TSimd> arguments, int index) where TSimd : unmanaged, ISimd<TSimd> =>
        TSimd.Max(arguments.Floor, value);
}

/// <summary>y = clamp(x)</summary>
internal readonly struct ClampFinish : IFinish
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Finish<TSimd>(TSimd value, in FinishArguments<TSimd> arguments, int index) where TSimd : unmanaged, ISimd<TSimd> =>
        TSimd.Min(arguments.Ceiling, TSimd.Max(arguments.Floor, value));
}

/// <summary>y = clamp(x + residual)</summary>
internal readonly unsafe struct ResidualFinish : IFinish
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Finish<TSimd>(TSimd value, in FinishArguments<TSimd> arguments, int index) where TSimd : unmanaged, ISimd<TSimd> =>
        TSimd.Min(arguments.Ceiling, TSimd.Max(arguments.Floor, value + TSimd.Load(arguments.Residual + index * arguments.ResidualStride)));
}
