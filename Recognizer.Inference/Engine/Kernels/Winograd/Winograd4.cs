using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>F(4, 3) with the points 0, ±0.75, ±1.5 and ∞.</summary>
internal readonly unsafe struct Winograd4 : IWinogradTransform
{
    private const double A = 0.75, B = 1.5, A2 = A * A, B2 = B * B;

    // 1 / M′(a)
    private const double ZeroN = 1 / (A2 * B2), AN = 1 / (2 * A2 * (A2 - B2)), BN = 1 / (2 * B2 * (B2 - A2));

    public static ReadOnlySpan<int> Kinds => [4];

    public static int Outputs => 4;

    public static int Points => 6;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Input<TSimd>(int outputs, float* source, nint sourceStride, nint sourceStep, float* destination, nint destinationStride, nint destinationStep, int lines)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        for (; lines > 0; lines--, source += sourceStep, destination += destinationStep)
        {
            TSimd d0 = TSimd.Load(source), d1 = TSimd.Load(source + sourceStride), d2 = TSimd.Load(source + 2 * sourceStride), d3 = TSimd.Load(source + 3 * sourceStride), d4 = TSimd.Load(source + 4 * sourceStride), d5 = TSimd.Load(source + 5 * sourceStride);
            TSimd sum = TSimd.Broadcast((float)(A2 + B2)), product = TSimd.Broadcast((float)(A2 * B2));
            TSimd.Store(TSimd.MultiplyAdd(product, d0, TSimd.NegatedMultiplyAdd(sum, d2, d4)), destination);
            TSimd aEven = TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)B2), d2, d4), aOdd = TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)B2), d1, d3);
            TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)A), aOdd, aEven), destination + destinationStride);
            TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)A), aOdd, aEven), destination + 2 * destinationStride);
            TSimd bEven = TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)A2), d2, d4), bOdd = TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)A2), d1, d3);
            TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)B), bOdd, bEven), destination + 3 * destinationStride);
            TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)B), bOdd, bEven), destination + 4 * destinationStride);
            TSimd.Store(TSimd.MultiplyAdd(product, d1, TSimd.NegatedMultiplyAdd(sum, d3, d5)), destination + 5 * destinationStride);
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
            TSimd aPlus = TSimd.Load(source + 1 * stride), aMinus = TSimd.Load(source + 2 * stride);
            TSimd aSum = aPlus + aMinus, aDifference = aPlus - aMinus;
            TSimd bPlus = TSimd.Load(source + 3 * stride), bMinus = TSimd.Load(source + 4 * stride);
            TSimd bSum = bPlus + bMinus, bDifference = bPlus - bMinus;
            TSimd.Store(TFinish.Finish(TSimd.Load(source) + bias + aSum + bSum, floor, ceiling, residual), destination);
            TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)A), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)B), bDifference, bias)), floor, ceiling, residual + next), destination + to);
            TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), aSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), bSum, bias)), floor, ceiling, residual + 2 * next), destination + 2 * to);
            TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * A)), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(B2 * B)), bDifference, TSimd.Load(source + 5 * stride) + bias)), floor, ceiling, residual + 3 * next), destination + 3 * to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd g0 = TSimd.Load(source), g1 = TSimd.Load(source + sourceStride), g2 = TSimd.Load(source + 2 * sourceStride);
        TSimd.Store(TSimd.Broadcast((float)ZeroN) * g0, destination);
        TSimd aEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A2)), g2, TSimd.Broadcast((float)AN) * g0), aOdd = TSimd.Broadcast((float)(AN * A)) * g1;
        TSimd.Store(aEven + aOdd, destination + destinationStride);
        TSimd.Store(aEven - aOdd, destination + 2 * destinationStride);
        TSimd bEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(BN * B2)), g2, TSimd.Broadcast((float)BN) * g0), bOdd = TSimd.Broadcast((float)(BN * B)) * g1;
        TSimd.Store(bEven + bOdd, destination + 3 * destinationStride);
        TSimd.Store(bEven - bOdd, destination + 4 * destinationStride);
        TSimd.Store(g2, destination + 5 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputGradient<TSimd>(int outputs, float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd y0 = TSimd.Load(source), y1 = TSimd.Load(source + sourceStride), y2 = TSimd.Load(source + 2 * sourceStride), y3 = TSimd.Load(source + 3 * sourceStride);
        TSimd.Store(y0, destination);
        TSimd aEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), y2, y0), aOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), y3, y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)A), aOdd, aEven), destination + destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)A), aOdd, aEven), destination + 2 * destinationStride);
        TSimd bEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), y2, y0), bOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), y3, y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)B), bOdd, bEven), destination + 3 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)B), bOdd, bEven), destination + 4 * destinationStride);
        TSimd.Store(y3, destination + 5 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightGradient<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd aPlus = TSimd.Load(source + 1 * sourceStride), aMinus = TSimd.Load(source + 2 * sourceStride);
        TSimd aSum = aPlus + aMinus, aDifference = aPlus - aMinus;
        TSimd bPlus = TSimd.Load(source + 3 * sourceStride), bMinus = TSimd.Load(source + 4 * sourceStride);
        TSimd bSum = bPlus + bMinus, bDifference = bPlus - bMinus;
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)ZeroN), TSimd.Load(source), TSimd.MultiplyAdd(TSimd.Broadcast((float)AN), aSum, TSimd.Broadcast((float)BN) * bSum)), destination);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A)), aDifference, TSimd.Broadcast((float)(BN * B)) * bDifference), destination + destinationStride);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A2)), aSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(BN * B2)), bSum, TSimd.Load(source + 5 * sourceStride))), destination + 2 * destinationStride);
    }
}
