using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>F(7, 3) with the points ±0.234375, ±0.625, ±1.125, ±2.234375 and ∞: a random search over points without 0, which pair up, found these to
/// lose least; small integers and their inverses lose ten times as much.</summary>
internal readonly unsafe struct Winograd7 : IWinogradTransform
{
    private const double A = 0.234375, B = 0.625, C = 1.125, D = 2.234375;
    private const double A2 = A * A, B2 = B * B, C2 = C * C, D2 = D * D;

    // M(x) = x⁸ + M3 x⁶ + M2 x⁴ + M1 x² + M0
    private const float M3 = (float)-(A2 + B2 + C2 + D2);
    private const float M2 = (float)(A2 * B2 + A2 * C2 + A2 * D2 + B2 * C2 + B2 * D2 + C2 * D2);
    private const float M1 = (float)-(A2 * B2 * C2 + A2 * B2 * D2 + A2 * C2 * D2 + B2 * C2 * D2);
    private const float M0 = (float)(A2 * B2 * C2 * D2);

    // M(x) / (x² − a²) = x⁶ + 2 x⁴ + 1 x² + 0
    private const float AQ2 = (float)-(B2 + C2 + D2), AQ1 = (float)(B2 * C2 + B2 * D2 + C2 * D2), AQ0 = (float)-(B2 * C2 * D2);
    private const float BQ2 = (float)-(A2 + C2 + D2), BQ1 = (float)(A2 * C2 + A2 * D2 + C2 * D2), BQ0 = (float)-(A2 * C2 * D2);
    private const float CQ2 = (float)-(A2 + B2 + D2), CQ1 = (float)(A2 * B2 + A2 * D2 + B2 * D2), CQ0 = (float)-(A2 * B2 * D2);
    private const float DQ2 = (float)-(A2 + B2 + C2), DQ1 = (float)(A2 * B2 + A2 * C2 + B2 * C2), DQ0 = (float)-(A2 * B2 * C2);

    // 1 / M′(a), and times a and a²
    private const double AN = 1 / (2 * A * (A2 - B2) * (A2 - C2) * (A2 - D2));
    private const double BN = 1 / (2 * B * (B2 - A2) * (B2 - C2) * (B2 - D2));
    private const double CN = 1 / (2 * C * (C2 - A2) * (C2 - B2) * (C2 - D2));
    private const double DN = 1 / (2 * D * (D2 - A2) * (D2 - B2) * (D2 - C2));

    public static int Outputs => 7;

    public static int Points => 9;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd d0 = TSimd.Load(source), d1 = TSimd.Load(source + sourceStride), d2 = TSimd.Load(source + 2 * sourceStride), d3 = TSimd.Load(source + 3 * sourceStride), d4 = TSimd.Load(source + 4 * sourceStride), d5 = TSimd.Load(source + 5 * sourceStride), d6 = TSimd.Load(source + 6 * sourceStride), d7 = TSimd.Load(source + 7 * sourceStride), d8 = TSimd.Load(source + 8 * sourceStride);
        TSimd aEven = TSimd.MultiplyAdd(TSimd.Broadcast(AQ0), d0, TSimd.MultiplyAdd(TSimd.Broadcast(AQ1), d2, TSimd.MultiplyAdd(TSimd.Broadcast(AQ2), d4, d6)));
        TSimd aOdd = TSimd.MultiplyAdd(TSimd.Broadcast(AQ0), d1, TSimd.MultiplyAdd(TSimd.Broadcast(AQ1), d3, TSimd.MultiplyAdd(TSimd.Broadcast(AQ2), d5, d7)));
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)A), aEven, aOdd), destination);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)A), aEven, aOdd), destination + destinationStride);
        TSimd bEven = TSimd.MultiplyAdd(TSimd.Broadcast(BQ0), d0, TSimd.MultiplyAdd(TSimd.Broadcast(BQ1), d2, TSimd.MultiplyAdd(TSimd.Broadcast(BQ2), d4, d6)));
        TSimd bOdd = TSimd.MultiplyAdd(TSimd.Broadcast(BQ0), d1, TSimd.MultiplyAdd(TSimd.Broadcast(BQ1), d3, TSimd.MultiplyAdd(TSimd.Broadcast(BQ2), d5, d7)));
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)B), bEven, bOdd), destination + 2 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)B), bEven, bOdd), destination + 3 * destinationStride);
        TSimd cEven = TSimd.MultiplyAdd(TSimd.Broadcast(CQ0), d0, TSimd.MultiplyAdd(TSimd.Broadcast(CQ1), d2, TSimd.MultiplyAdd(TSimd.Broadcast(CQ2), d4, d6)));
        TSimd cOdd = TSimd.MultiplyAdd(TSimd.Broadcast(CQ0), d1, TSimd.MultiplyAdd(TSimd.Broadcast(CQ1), d3, TSimd.MultiplyAdd(TSimd.Broadcast(CQ2), d5, d7)));
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)C), cEven, cOdd), destination + 4 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)C), cEven, cOdd), destination + 5 * destinationStride);
        TSimd dEven = TSimd.MultiplyAdd(TSimd.Broadcast(DQ0), d0, TSimd.MultiplyAdd(TSimd.Broadcast(DQ1), d2, TSimd.MultiplyAdd(TSimd.Broadcast(DQ2), d4, d6)));
        TSimd dOdd = TSimd.MultiplyAdd(TSimd.Broadcast(DQ0), d1, TSimd.MultiplyAdd(TSimd.Broadcast(DQ1), d3, TSimd.MultiplyAdd(TSimd.Broadcast(DQ2), d5, d7)));
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)D), dEven, dOdd), destination + 6 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)D), dEven, dOdd), destination + 7 * destinationStride);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast(M0), d0, TSimd.MultiplyAdd(TSimd.Broadcast(M1), d2, TSimd.MultiplyAdd(TSimd.Broadcast(M2), d4, TSimd.MultiplyAdd(TSimd.Broadcast(M3), d6, d8)))), destination + 8 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output<TSimd, TFinish>(float* source, nint sourceStride, float* destination, nint destinationStride, FinishArguments<TSimd> finish)
        where TSimd : unmanaged, ISimd<TSimd>
        where TFinish : struct, IFinish
    {
        TSimd aPlus = TSimd.Load(source + 0 * sourceStride), aMinus = TSimd.Load(source + 1 * sourceStride);
        TSimd aSum = aPlus + aMinus, aDifference = aPlus - aMinus;
        TSimd bPlus = TSimd.Load(source + 2 * sourceStride), bMinus = TSimd.Load(source + 3 * sourceStride);
        TSimd bSum = bPlus + bMinus, bDifference = bPlus - bMinus;
        TSimd cPlus = TSimd.Load(source + 4 * sourceStride), cMinus = TSimd.Load(source + 5 * sourceStride);
        TSimd cSum = cPlus + cMinus, cDifference = cPlus - cMinus;
        TSimd dPlus = TSimd.Load(source + 6 * sourceStride), dMinus = TSimd.Load(source + 7 * sourceStride);
        TSimd dSum = dPlus + dMinus, dDifference = dPlus - dMinus;
        TSimd infinity = TSimd.Load(source + 8 * sourceStride);
        TSimd.Store(TFinish.Finish(aSum + bSum + (cSum + dSum) + finish.Bias, finish, 0), destination);
        TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)A), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)B), bDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)C), cDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)D), dDifference, finish.Bias)))), finish, 1), destination + destinationStride);
        TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2)), aSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(B2)), bSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(C2)), cSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(D2)), dSum, finish.Bias)))), finish, 2), destination + 2 * destinationStride);
        TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * A)), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(B2 * B)), bDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(C2 * C)), cDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(D2 * D)), dDifference, finish.Bias)))), finish, 3), destination + 3 * destinationStride);
        TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * A2)), aSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(B2 * B2)), bSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(C2 * C2)), cSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(D2 * D2)), dSum, finish.Bias)))), finish, 4), destination + 4 * destinationStride);
        TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * A2 * A)), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(B2 * B2 * B)), bDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(C2 * C2 * C)), cDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(D2 * D2 * D)), dDifference, finish.Bias)))), finish, 5), destination + 5 * destinationStride);
        TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * A2 * A2)), aSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(B2 * B2 * B2)), bSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(C2 * C2 * C2)), cSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(D2 * D2 * D2)), dSum, infinity + finish.Bias)))), finish, 6), destination + 6 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd g0 = TSimd.Load(source), g1 = TSimd.Load(source + sourceStride), g2 = TSimd.Load(source + 2 * sourceStride);
        TSimd aEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A2)), g2, TSimd.Broadcast((float)AN) * g0), aOdd = TSimd.Broadcast((float)(AN * A)) * g1;
        TSimd.Store(aOdd + aEven, destination);
        TSimd.Store(aOdd - aEven, destination + destinationStride);
        TSimd bEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(BN * B2)), g2, TSimd.Broadcast((float)BN) * g0), bOdd = TSimd.Broadcast((float)(BN * B)) * g1;
        TSimd.Store(bOdd + bEven, destination + 2 * destinationStride);
        TSimd.Store(bOdd - bEven, destination + 3 * destinationStride);
        TSimd cEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(CN * C2)), g2, TSimd.Broadcast((float)CN) * g0), cOdd = TSimd.Broadcast((float)(CN * C)) * g1;
        TSimd.Store(cOdd + cEven, destination + 4 * destinationStride);
        TSimd.Store(cOdd - cEven, destination + 5 * destinationStride);
        TSimd dEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(DN * D2)), g2, TSimd.Broadcast((float)DN) * g0), dOdd = TSimd.Broadcast((float)(DN * D)) * g1;
        TSimd.Store(dOdd + dEven, destination + 6 * destinationStride);
        TSimd.Store(dOdd - dEven, destination + 7 * destinationStride);
        TSimd.Store(g2, destination + 8 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputGradient<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd y0 = TSimd.Load(source), y1 = TSimd.Load(source + sourceStride), y2 = TSimd.Load(source + 2 * sourceStride), y3 = TSimd.Load(source + 3 * sourceStride), y4 = TSimd.Load(source + 4 * sourceStride), y5 = TSimd.Load(source + 5 * sourceStride), y6 = TSimd.Load(source + 6 * sourceStride);
        TSimd aEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), y6, y4), y2), y0);
        TSimd aOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), y5, y3), y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)A), aOdd, aEven), destination);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)A), aOdd, aEven), destination + destinationStride);
        TSimd bEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), y6, y4), y2), y0);
        TSimd bOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), y5, y3), y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)B), bOdd, bEven), destination + 2 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)B), bOdd, bEven), destination + 3 * destinationStride);
        TSimd cEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), y6, y4), y2), y0);
        TSimd cOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), y5, y3), y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)C), cOdd, cEven), destination + 4 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)C), cOdd, cEven), destination + 5 * destinationStride);
        TSimd dEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), y6, y4), y2), y0);
        TSimd dOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), y5, y3), y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)D), dOdd, dEven), destination + 6 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)D), dOdd, dEven), destination + 7 * destinationStride);
        TSimd.Store(y6, destination + 8 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightGradient<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd aPlus = TSimd.Load(source + 0 * sourceStride), aMinus = TSimd.Load(source + 1 * sourceStride);
        TSimd aSum = aPlus + aMinus, aDifference = aPlus - aMinus;
        TSimd bPlus = TSimd.Load(source + 2 * sourceStride), bMinus = TSimd.Load(source + 3 * sourceStride);
        TSimd bSum = bPlus + bMinus, bDifference = bPlus - bMinus;
        TSimd cPlus = TSimd.Load(source + 4 * sourceStride), cMinus = TSimd.Load(source + 5 * sourceStride);
        TSimd cSum = cPlus + cMinus, cDifference = cPlus - cMinus;
        TSimd dPlus = TSimd.Load(source + 6 * sourceStride), dMinus = TSimd.Load(source + 7 * sourceStride);
        TSimd dSum = dPlus + dMinus, dDifference = dPlus - dMinus;
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)AN), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)BN), bDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)CN), cDifference, TSimd.Broadcast((float)DN) * dDifference))), destination);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A)), aSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(BN * B)), bSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(CN * C)), cSum, TSimd.Broadcast((float)(DN * D)) * dSum))), destination + destinationStride);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A2)), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(BN * B2)), bDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(CN * C2)), cDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(DN * D2)), dDifference, TSimd.Load(source + 8 * sourceStride))))), destination + 2 * destinationStride);
    }
}
