using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>The 256 levels of an 8-bit value: value = Scale · level, where a level is the stored byte less its zero point. Inside the engine levels are kept as
/// floats, which hold them exactly, in place of the values.</summary>
/// <param name="Scale">Step between levels, greater than 0.</param>
/// <param name="Low">Lowest level; the highest is 255 above.</param>
/// <param name="ZeroPoint">The byte that stands for level 0.</param>
internal readonly record struct LevelRange(float Scale, int Low, int ZeroPoint)
{
    public int High => Low + 255;
}

/// <summary>A sum of two 8-bit values in 8 bits.</summary>
/// <param name="Left">Levels of the first summand.</param>
/// <param name="Right">Levels of the second summand.</param>
/// <param name="Result">Levels of the sum.</param>
/// <param name="OwnIsLeft">Whether the first summand is the convolution's result, and the second the residual.</param>
/// <param name="Floor">Lowest level of the result, such as 0 after Relu.</param>
internal readonly record struct LevelSum(LevelRange Left, LevelRange Right, LevelRange Result, bool OwnIsLeft, int Floor);

/// <summary>What happens to the integer sums of a convolution: back to levels, a residual added, pooled.</summary>
/// <param name="Result">Levels of the convolution itself.</param>
/// <param name="Floor">Lowest level of it, such as 0 after Relu.</param>
/// <param name="Sum">The residual that is added, or null.</param>
/// <param name="Pool">Whether the largest of 2×2 is taken in the end.</param>
/// <param name="ResidualBorder">Border of the residual in pixels; null for that of the result.</param>
internal readonly record struct QuantizedEpilogue(LevelRange Result, int Floor, LevelSum? Sum = null, bool Pool = false, int? ResidualBorder = null);

/// <summary>Constants of an epilogue in registers, and its arithmetic: single precision in the order in which other runtimes' integer operators have it
/// (QLinearConv and QLinearAdd), so that a value between two levels falls to the same side, whatever the machine.</summary>
internal readonly unsafe struct LevelArithmetic<TSimd> where TSimd : unmanaged, ISimd<TSimd>
{
    private readonly TSimd _floor, _ceiling, _firstRatio, _secondRatio, _ownZero, _otherZero, _fixed, _zero, _sumFloor, _sumCeiling;
    private readonly bool _ownIsLeft;

    public LevelArithmetic(in QuantizedEpilogue epilogue)
    {
        _floor = TSimd.Broadcast(epilogue.Floor);
        _ceiling = TSimd.Broadcast(epilogue.Result.High);
        if (epilogue.Sum is not { } sum) return;
        float left = sum.Left.Scale / sum.Result.Scale, right = sum.Right.Scale / sum.Result.Scale;
        _firstRatio = TSimd.Broadcast(left);
        _secondRatio = TSimd.Broadcast(right);
        _ownIsLeft = sum.OwnIsLeft;
        _ownZero = TSimd.Broadcast((sum.OwnIsLeft ? sum.Left : sum.Right).ZeroPoint);
        _otherZero = TSimd.Broadcast((sum.OwnIsLeft ? sum.Right : sum.Left).ZeroPoint);
        _fixed = TSimd.Broadcast(sum.Result.ZeroPoint - MathF.FusedMultiplyAdd(left, sum.Left.ZeroPoint, right * sum.Right.ZeroPoint));
        _zero = TSimd.Broadcast(sum.Result.ZeroPoint);
        _sumFloor = TSimd.Broadcast(sum.Floor);
        _sumCeiling = TSimd.Broadcast(sum.Result.High);
    }

    /// <summary>Levels of sums: round(sum · scale), within bounds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TSimd Levels(TSimd sum, TSimd scale) => TSimd.Round(TSimd.Min(_ceiling, TSimd.Max(_floor, sum * scale)));

    /// <summary>Levels of own + residual.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TSimd Add(TSimd own, TSimd residual)
    {
        own += _ownZero;
        residual += _otherZero;
        TSimd left = _ownIsLeft ? own : residual, right = _ownIsLeft ? residual : own;
        TSimd sum = TSimd.FusedMultiplyAdd(left, _firstRatio, TSimd.FusedMultiplyAdd(right, _secondRatio, _fixed));
        return TSimd.Min(_sumCeiling, TSimd.Max(_sumFloor, TSimd.Round(sum) - _zero));
    }
}
