using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>F(7, 3) with the points ±0.234375, ±0.625, ±1.125, ±2.234375 and ∞: a random search over points without 0, which pair up, found these to
/// lose least; small integers and their inverses lose ten times as much. They come in the order ±a, ±c, ∞, ±d, ±b: those of F(5, 3) and of F(3, 3), which fill the rest of an image, are
/// the first seven and the first five, the choice of points that loses least there (a quarter and a twentieth of what F(7, 3) loses).</summary>
internal readonly unsafe struct Winograd7 : IWinogradTransform
{
    private const double A = 0.234375, B = 0.625, C = 1.125, D = 2.234375;
    private const double A2 = A * A, B2 = B * B, C2 = C * C, D2 = D * D;

    // 1 / M′(a), and times a and a²
    private const double AN = 1 / (2 * A * (A2 - B2) * (A2 - C2) * (A2 - D2));
    private const double BN = 1 / (2 * B * (B2 - A2) * (B2 - C2) * (B2 - D2));
    private const double CN = 1 / (2 * C * (C2 - A2) * (C2 - B2) * (C2 - D2));
    private const double DN = 1 / (2 * D * (D2 - A2) * (D2 - B2) * (D2 - C2));

    // Products of the factors that tiles with fewer points leave out: those of b, and of b and d.
    private const double AF5 = A2 - B2, CF5 = C2 - B2, DF5 = D2 - B2, AF3 = AF5 * (A2 - D2), CF3 = CF5 * (C2 - D2);

    public static ReadOnlySpan<int> Kinds => [7, 5, 3];

    public static int Outputs => 7;

    public static int Points => 9;

    private static ReadOnlySpan<float> Factors =>
    [
        (float)A, (float)B, (float)C, (float)D, (float)A2, (float)B2, (float)C2, (float)D2,
        (float)(A2 + B2), (float)(A2 * B2), (float)(C2 + D2), (float)(C2 * D2),
        (float)(A2 * A2), (float)(B2 * B2), (float)(C2 * C2), (float)(D2 * D2), (float)(A2 * A2 * A2), (float)(B2 * B2 * B2), (float)(C2 * C2 * C2), (float)(D2 * D2 * D2),
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input<TSimd>(int outputs, float* source, nint sourceStride, nint sourceStep, float* destination, nint destinationStride, nint destinationStep, int lines)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        if (outputs == 7) Input<TSimd>(Pointer(Factors), source, sourceStride, sourceStep, destination, destinationStride, destinationStep, lines);
        else if (outputs == 5) Input5<TSimd>(source, sourceStride, sourceStep, destination, destinationStride, destinationStep, lines);
        else Input3<TSimd>(source, sourceStride, sourceStep, destination, destinationStride, destinationStep, lines);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output<TSimd, TFinish>(int outputs, in OutputLines lines, in FinishArguments<TSimd> finish)
        where TSimd : unmanaged, ISimd<TSimd>
        where TFinish : struct, IFinish
    {
        if (outputs == 7) Output<TSimd, TFinish>(Pointer(Factors), lines, finish);
        else if (outputs == 5) Output5<TSimd, TFinish>(lines, finish);
        else Output3<TSimd, TFinish>(lines, finish);
    }

    // M(x) = (x⁴ − S₁x² + P₁)(x⁴ − S₂x² + P₂); each M(x) / (x² − a²) is one factor times the other root of the other. The factors come as memory,
    // because values that the compiler knows would be loaded again for each use.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Input<TSimd>(float* factors, float* source, nint sourceStride, nint sourceStep, float* destination, nint destinationStride, nint destinationStep, int lines)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd a = TSimd.Broadcast(factors[0]), b = TSimd.Broadcast(factors[1]), c = TSimd.Broadcast(factors[2]), d = TSimd.Broadcast(factors[3]);
        TSimd a2 = TSimd.Broadcast(factors[4]), b2 = TSimd.Broadcast(factors[5]), c2 = TSimd.Broadcast(factors[6]), d2 = TSimd.Broadcast(factors[7]);
        TSimd s1 = TSimd.Broadcast(factors[8]), p1 = TSimd.Broadcast(factors[9]), s2 = TSimd.Broadcast(factors[10]), p2 = TSimd.Broadcast(factors[11]);
        for (; lines > 0; lines--, source += sourceStep, destination += destinationStep)
        {
            TSimd x0 = TSimd.Load(source), x2 = TSimd.Load(source + 2 * sourceStride), x4 = TSimd.Load(source + 4 * sourceStride), x6 = TSimd.Load(source + 6 * sourceStride);
            TSimd x1 = TSimd.Load(source + sourceStride), x3 = TSimd.Load(source + 3 * sourceStride), x5 = TSimd.Load(source + 5 * sourceStride), x7 = TSimd.Load(source + 7 * sourceStride);
            TSimd even0 = TSimd.MultiplyAdd(p2, x0, TSimd.NegatedMultiplyAdd(s2, x2, x4)), even2 = TSimd.MultiplyAdd(p2, x2, TSimd.NegatedMultiplyAdd(s2, x4, x6));
            TSimd odd1 = TSimd.MultiplyAdd(p2, x1, TSimd.NegatedMultiplyAdd(s2, x3, x5)), odd3 = TSimd.MultiplyAdd(p2, x3, TSimd.NegatedMultiplyAdd(s2, x5, x7));
            TSimd even4 = TSimd.MultiplyAdd(p2, x4, TSimd.NegatedMultiplyAdd(s2, x6, TSimd.Load(source + 8 * sourceStride)));
            TSimd.Store(TSimd.MultiplyAdd(p1, even0, TSimd.NegatedMultiplyAdd(s1, even2, even4)), destination + 4 * destinationStride);
            TSimd sum = TSimd.NegatedMultiplyAdd(b2, odd1, odd3), difference = a * TSimd.NegatedMultiplyAdd(b2, even0, even2);
            TSimd.Store(sum + difference, destination);
            TSimd.Store(sum - difference, destination + destinationStride);
            sum = TSimd.NegatedMultiplyAdd(a2, odd1, odd3);
            difference = b * TSimd.NegatedMultiplyAdd(a2, even0, even2);
            TSimd.Store(sum + difference, destination + 7 * destinationStride);
            TSimd.Store(sum - difference, destination + 8 * destinationStride);
            even0 = TSimd.MultiplyAdd(p1, x0, TSimd.NegatedMultiplyAdd(s1, x2, x4));
            even2 = TSimd.MultiplyAdd(p1, x2, TSimd.NegatedMultiplyAdd(s1, x4, x6));
            odd1 = TSimd.MultiplyAdd(p1, x1, TSimd.NegatedMultiplyAdd(s1, x3, x5));
            odd3 = TSimd.MultiplyAdd(p1, x3, TSimd.NegatedMultiplyAdd(s1, x5, x7));
            sum = TSimd.NegatedMultiplyAdd(d2, odd1, odd3);
            difference = c * TSimd.NegatedMultiplyAdd(d2, even0, even2);
            TSimd.Store(sum + difference, destination + 2 * destinationStride);
            TSimd.Store(sum - difference, destination + 3 * destinationStride);
            sum = TSimd.NegatedMultiplyAdd(c2, odd1, odd3);
            difference = d * TSimd.NegatedMultiplyAdd(c2, even0, even2);
            TSimd.Store(sum + difference, destination + 5 * destinationStride);
            TSimd.Store(sum - difference, destination + 6 * destinationStride);
        }
    }

    // Even and odd powers of a apart: 24 multiply-adds and 21 additions, which have units of their own, with all factors in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Output<TSimd, TFinish>(float* factors, in OutputLines lines, in FinishArguments<TSimd> finish)
        where TSimd : unmanaged, ISimd<TSimd>
        where TFinish : struct, IFinish
    {
        TSimd a = TSimd.Broadcast(factors[0]), b = TSimd.Broadcast(factors[1]), c = TSimd.Broadcast(factors[2]), d = TSimd.Broadcast(factors[3]);
        TSimd a2 = TSimd.Broadcast(factors[4]), b2 = TSimd.Broadcast(factors[5]), c2 = TSimd.Broadcast(factors[6]), d2 = TSimd.Broadcast(factors[7]);
        TSimd a4 = TSimd.Broadcast(factors[12]), b4 = TSimd.Broadcast(factors[13]), c4 = TSimd.Broadcast(factors[14]), d4 = TSimd.Broadcast(factors[15]);
        TSimd a6 = TSimd.Broadcast(factors[16]), b6 = TSimd.Broadcast(factors[17]), c6 = TSimd.Broadcast(factors[18]), d6 = TSimd.Broadcast(factors[19]);
        TSimd bias = finish.Bias, floor = finish.Floor, ceiling = finish.Ceiling;
        float* source = lines.Source, residual = finish.Residual;
        nint stride = lines.SourceStride, to = lines.DestinationStride, next = finish.ResidualStride;
        for (int i = 0; i < lines.Count; i++, source += lines.SourceStep, residual += finish.ResidualStep)
        {
            float* destination = lines.Destinations[i] + lines.Offset;
            TSimd plus = TSimd.Load(source), minus = TSimd.Load(source + stride);
            TSimd aEven = plus + minus, aOdd = a * (plus - minus);
            plus = TSimd.Load(source + 2 * stride);
            minus = TSimd.Load(source + 3 * stride);
            TSimd cEven = plus + minus, cOdd = c * (plus - minus);
            plus = TSimd.Load(source + 5 * stride);
            minus = TSimd.Load(source + 6 * stride);
            TSimd dEven = plus + minus, dOdd = d * (plus - minus);
            plus = TSimd.Load(source + 7 * stride);
            minus = TSimd.Load(source + 8 * stride);
            TSimd bEven = plus + minus, bOdd = b * (plus - minus);
            TSimd.Store(TFinish.Finish(aEven + bEven + (cEven + dEven + bias), floor, ceiling, residual), destination);
            TSimd.Store(TFinish.Finish(aOdd + bOdd + (cOdd + dOdd + bias), floor, ceiling, residual + next), destination + to);
            TSimd low = TSimd.MultiplyAdd(a2, aEven, b2 * bEven), high = TSimd.MultiplyAdd(c2, cEven, TSimd.MultiplyAdd(d2, dEven, bias));
            TSimd.Store(TFinish.Finish(low + high, floor, ceiling, residual + 2 * next), destination + 2 * to);
            low = TSimd.MultiplyAdd(a2, aOdd, b2 * bOdd);
            high = TSimd.MultiplyAdd(c2, cOdd, TSimd.MultiplyAdd(d2, dOdd, bias));
            TSimd.Store(TFinish.Finish(low + high, floor, ceiling, residual + 3 * next), destination + 3 * to);
            low = TSimd.MultiplyAdd(a4, aEven, b4 * bEven);
            high = TSimd.MultiplyAdd(c4, cEven, TSimd.MultiplyAdd(d4, dEven, bias));
            TSimd.Store(TFinish.Finish(low + high, floor, ceiling, residual + 4 * next), destination + 4 * to);
            low = TSimd.MultiplyAdd(a4, aOdd, b4 * bOdd);
            high = TSimd.MultiplyAdd(c4, cOdd, TSimd.MultiplyAdd(d4, dOdd, bias));
            TSimd.Store(TFinish.Finish(low + high, floor, ceiling, residual + 5 * next), destination + 5 * to);
            low = TSimd.MultiplyAdd(a6, aEven, TSimd.MultiplyAdd(b6, bEven, bias));
            high = TSimd.MultiplyAdd(c6, cEven, TSimd.MultiplyAdd(d6, dEven, TSimd.Load(source + 4 * stride)));
            TSimd.Store(TFinish.Finish(low + high, floor, ceiling, residual + 6 * next), destination + 6 * to);
        }
    }

    // M(x) = (x² − a²)(x² − c²)(x² − d²)
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Input5<TSimd>(float* source, nint sourceStride, nint sourceStep, float* destination, nint destinationStride, nint destinationStep, int lines)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        for (; lines > 0; lines--, source += sourceStep, destination += destinationStep)
        {
            TSimd x0 = TSimd.Load(source), x1 = TSimd.Load(source + sourceStride), x2 = TSimd.Load(source + 2 * sourceStride), x3 = TSimd.Load(source + 3 * sourceStride);
            TSimd x4 = TSimd.Load(source + 4 * sourceStride), x5 = TSimd.Load(source + 5 * sourceStride), x6 = TSimd.Load(source + 6 * sourceStride);
            TSimd sum = TSimd.Broadcast((float)(C2 + D2)), product = TSimd.Broadcast((float)(C2 * D2));
            TSimd even = TSimd.MultiplyAdd(product, x0, TSimd.NegatedMultiplyAdd(sum, x2, x4)), odd = TSimd.MultiplyAdd(product, x1, TSimd.NegatedMultiplyAdd(sum, x3, x5));
            TSimd infinity = TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)A2), even, TSimd.MultiplyAdd(product, x2, TSimd.NegatedMultiplyAdd(sum, x4, x6)));
            StorePair(TSimd.Broadcast((float)AF5) * odd, TSimd.Broadcast((float)(AF5 * A)) * even, destination, destinationStride);
            sum = TSimd.Broadcast((float)(A2 + D2));
            product = TSimd.Broadcast((float)(A2 * D2));
            even = TSimd.MultiplyAdd(product, x0, TSimd.NegatedMultiplyAdd(sum, x2, x4));
            odd = TSimd.MultiplyAdd(product, x1, TSimd.NegatedMultiplyAdd(sum, x3, x5));
            StorePair(TSimd.Broadcast((float)CF5) * odd, TSimd.Broadcast((float)(CF5 * C)) * even, destination + 2 * destinationStride, destinationStride);
            TSimd.Store(infinity, destination + 4 * destinationStride);
            sum = TSimd.Broadcast((float)(A2 + C2));
            product = TSimd.Broadcast((float)(A2 * C2));
            even = TSimd.MultiplyAdd(product, x0, TSimd.NegatedMultiplyAdd(sum, x2, x4));
            odd = TSimd.MultiplyAdd(product, x1, TSimd.NegatedMultiplyAdd(sum, x3, x5));
            StorePair(TSimd.Broadcast((float)DF5) * odd, TSimd.Broadcast((float)(DF5 * D)) * even, destination + 5 * destinationStride, destinationStride);
        }
    }

    // M(x) = (x² − a²)(x² − c²)
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Input3<TSimd>(float* source, nint sourceStride, nint sourceStep, float* destination, nint destinationStride, nint destinationStep, int lines)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        for (; lines > 0; lines--, source += sourceStep, destination += destinationStep)
        {
            TSimd x0 = TSimd.Load(source), x1 = TSimd.Load(source + sourceStride), x2 = TSimd.Load(source + 2 * sourceStride), x3 = TSimd.Load(source + 3 * sourceStride);
            TSimd x4 = TSimd.Load(source + 4 * sourceStride), a2 = TSimd.Broadcast((float)A2), c2 = TSimd.Broadcast((float)C2);
            TSimd even = TSimd.NegatedMultiplyAdd(c2, x0, x2), odd = TSimd.NegatedMultiplyAdd(c2, x1, x3);
            StorePair(TSimd.Broadcast((float)AF3) * odd, TSimd.Broadcast((float)(AF3 * A)) * even, destination, destinationStride);
            TSimd.Store(TSimd.NegatedMultiplyAdd(a2, even, TSimd.NegatedMultiplyAdd(c2, x2, x4)), destination + 4 * destinationStride);
            even = TSimd.NegatedMultiplyAdd(a2, x0, x2);
            odd = TSimd.NegatedMultiplyAdd(a2, x1, x3);
            StorePair(TSimd.Broadcast((float)CF3) * odd, TSimd.Broadcast((float)(CF3 * C)) * even, destination + 2 * destinationStride, destinationStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair<TSimd>(TSimd half, TSimd other, float* destination, nint stride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd.Store(half + other, destination);
        TSimd.Store(half - other, destination + stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Output5<TSimd, TFinish>(in OutputLines lines, in FinishArguments<TSimd> finish)
        where TSimd : unmanaged, ISimd<TSimd>
        where TFinish : struct, IFinish
    {
        TSimd bias = finish.Bias, floor = finish.Floor, ceiling = finish.Ceiling;
        float* source = lines.Source, residual = finish.Residual;
        nint stride = lines.SourceStride, to = lines.DestinationStride, next = finish.ResidualStride;
        for (int i = 0; i < lines.Count; i++, source += lines.SourceStep, residual += finish.ResidualStep)
        {
            float* destination = lines.Destinations[i] + lines.Offset;
            TSimd plus = TSimd.Load(source), minus = TSimd.Load(source + stride);
            TSimd aEven = plus + minus, aOdd = TSimd.Broadcast((float)A) * (plus - minus);
            plus = TSimd.Load(source + 2 * stride);
            minus = TSimd.Load(source + 3 * stride);
            TSimd cEven = plus + minus, cOdd = TSimd.Broadcast((float)C) * (plus - minus);
            plus = TSimd.Load(source + 5 * stride);
            minus = TSimd.Load(source + 6 * stride);
            TSimd dEven = plus + minus, dOdd = TSimd.Broadcast((float)D) * (plus - minus);
            TSimd a2 = TSimd.Broadcast((float)A2), c2 = TSimd.Broadcast((float)C2), d2 = TSimd.Broadcast((float)D2);
            TSimd.Store(TFinish.Finish(aEven + cEven + (dEven + bias), floor, ceiling, residual), destination);
            TSimd.Store(TFinish.Finish(aOdd + cOdd + (dOdd + bias), floor, ceiling, residual + next), destination + to);
            TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(a2, aEven, c2 * cEven) + TSimd.MultiplyAdd(d2, dEven, bias), floor, ceiling, residual + 2 * next), destination + 2 * to);
            TSimd.Store(TFinish.Finish(TSimd.MultiplyAdd(a2, aOdd, c2 * cOdd) + TSimd.MultiplyAdd(d2, dOdd, bias), floor, ceiling, residual + 3 * next), destination + 3 * to);
            TSimd high = TSimd.MultiplyAdd(TSimd.Broadcast((float)(D2 * D2)), dEven, TSimd.Load(source + 4 * stride) + bias);
            TSimd low = TSimd.MultiplyAdd(TSimd.Broadcast((float)(A2 * A2)), aEven, TSimd.Broadcast((float)(C2 * C2)) * cEven);
            TSimd.Store(TFinish.Finish(low + high, floor, ceiling, residual + 4 * next), destination + 4 * to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Output3<TSimd, TFinish>(in OutputLines lines, in FinishArguments<TSimd> finish)
        where TSimd : unmanaged, ISimd<TSimd>
        where TFinish : struct, IFinish
    {
        TSimd bias = finish.Bias, floor = finish.Floor, ceiling = finish.Ceiling;
        float* source = lines.Source, residual = finish.Residual;
        nint stride = lines.SourceStride, to = lines.DestinationStride, next = finish.ResidualStride;
        for (int i = 0; i < lines.Count; i++, source += lines.SourceStep, residual += finish.ResidualStep)
        {
            float* destination = lines.Destinations[i] + lines.Offset;
            TSimd aPlus = TSimd.Load(source), aMinus = TSimd.Load(source + stride), cPlus = TSimd.Load(source + 2 * stride), cMinus = TSimd.Load(source + 3 * stride);
            TSimd aEven = aPlus + aMinus, cEven = cPlus + cMinus;
            TSimd.Store(TFinish.Finish(aEven + cEven + bias, floor, ceiling, residual), destination);
            TSimd odd = TSimd.MultiplyAdd(TSimd.Broadcast((float)A), aPlus - aMinus, TSimd.MultiplyAdd(TSimd.Broadcast((float)C), cPlus - cMinus, bias));
            TSimd.Store(TFinish.Finish(odd, floor, ceiling, residual + next), destination + to);
            TSimd even = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), aEven, TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), cEven, TSimd.Load(source + 4 * stride) + bias));
            TSimd.Store(TFinish.Finish(even, floor, ceiling, residual + 2 * next), destination + 2 * to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd g0 = TSimd.Load(source), g1 = TSimd.Load(source + sourceStride), g2 = TSimd.Load(source + 2 * sourceStride);
        TSimd aEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A2)), g2, TSimd.Broadcast((float)AN) * g0), aOdd = TSimd.Broadcast((float)(AN * A)) * g1;
        TSimd.Store(aOdd + aEven, destination);
        TSimd.Store(aOdd - aEven, destination + destinationStride);
        TSimd bEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(BN * B2)), g2, TSimd.Broadcast((float)BN) * g0), bOdd = TSimd.Broadcast((float)(BN * B)) * g1;
        TSimd.Store(bOdd + bEven, destination + 7 * destinationStride);
        TSimd.Store(bOdd - bEven, destination + 8 * destinationStride);
        TSimd cEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(CN * C2)), g2, TSimd.Broadcast((float)CN) * g0), cOdd = TSimd.Broadcast((float)(CN * C)) * g1;
        TSimd.Store(cOdd + cEven, destination + 2 * destinationStride);
        TSimd.Store(cOdd - cEven, destination + 3 * destinationStride);
        TSimd dEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)(DN * D2)), g2, TSimd.Broadcast((float)DN) * g0), dOdd = TSimd.Broadcast((float)(DN * D)) * g1;
        TSimd.Store(dOdd + dEven, destination + 5 * destinationStride);
        TSimd.Store(dOdd - dEven, destination + 6 * destinationStride);
        TSimd.Store(g2, destination + 4 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputGradient<TSimd>(int outputs, float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        if (outputs < 7)
        {
            ShortGradient<TSimd>(outputs, source, sourceStride, destination, destinationStride);
            return;
        }
        TSimd y0 = TSimd.Load(source), y1 = TSimd.Load(source + sourceStride), y2 = TSimd.Load(source + 2 * sourceStride), y3 = TSimd.Load(source + 3 * sourceStride), y4 = TSimd.Load(source + 4 * sourceStride), y5 = TSimd.Load(source + 5 * sourceStride), y6 = TSimd.Load(source + 6 * sourceStride);
        TSimd aEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), y6, y4), y2), y0);
        TSimd aOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), TSimd.MultiplyAdd(TSimd.Broadcast((float)A2), y5, y3), y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)A), aOdd, aEven), destination);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)A), aOdd, aEven), destination + destinationStride);
        TSimd bEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), y6, y4), y2), y0);
        TSimd bOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), TSimd.MultiplyAdd(TSimd.Broadcast((float)B2), y5, y3), y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)B), bOdd, bEven), destination + 7 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)B), bOdd, bEven), destination + 8 * destinationStride);
        TSimd cEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), y6, y4), y2), y0);
        TSimd cOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), TSimd.MultiplyAdd(TSimd.Broadcast((float)C2), y5, y3), y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)C), cOdd, cEven), destination + 2 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)C), cOdd, cEven), destination + 3 * destinationStride);
        TSimd dEven = TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), y6, y4), y2), y0);
        TSimd dOdd = TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), TSimd.MultiplyAdd(TSimd.Broadcast((float)D2), y5, y3), y1);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)D), dOdd, dEven), destination + 5 * destinationStride);
        TSimd.Store(TSimd.NegatedMultiplyAdd(TSimd.Broadcast((float)D), dOdd, dEven), destination + 6 * destinationStride);
        TSimd.Store(y6, destination + 4 * destinationStride);
    }

    // Terms beyond a tile's outputs are zero.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void ShortGradient<TSimd>(int outputs, float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd y0 = TSimd.Load(source), y1 = TSimd.Load(source + sourceStride), y2 = TSimd.Load(source + 2 * sourceStride), y3 = TSimd.Zero, y4 = TSimd.Zero;
        if (outputs == 5)
        {
            (y3, y4) = (TSimd.Load(source + 3 * sourceStride), TSimd.Load(source + 4 * sourceStride));
            TSimd d2 = TSimd.Broadcast((float)D2);
            StorePair(TSimd.MultiplyAdd(d2, TSimd.MultiplyAdd(d2, y4, y2), y0), TSimd.Broadcast((float)D) * TSimd.MultiplyAdd(d2, y3, y1), destination + 5 * destinationStride, destinationStride);
        }
        TSimd a2 = TSimd.Broadcast((float)A2), c2 = TSimd.Broadcast((float)C2);
        StorePair(TSimd.MultiplyAdd(a2, TSimd.MultiplyAdd(a2, y4, y2), y0), TSimd.Broadcast((float)A) * TSimd.MultiplyAdd(a2, y3, y1), destination, destinationStride);
        StorePair(TSimd.MultiplyAdd(c2, TSimd.MultiplyAdd(c2, y4, y2), y0), TSimd.Broadcast((float)C) * TSimd.MultiplyAdd(c2, y3, y1), destination + 2 * destinationStride, destinationStride);
        TSimd.Store(outputs == 5 ? y4 : y2, destination + 4 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightGradient<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd aPlus = TSimd.Load(source), aMinus = TSimd.Load(source + sourceStride);
        TSimd aSum = aPlus + aMinus, aDifference = aPlus - aMinus;
        TSimd bPlus = TSimd.Load(source + 7 * sourceStride), bMinus = TSimd.Load(source + 8 * sourceStride);
        TSimd bSum = bPlus + bMinus, bDifference = bPlus - bMinus;
        TSimd cPlus = TSimd.Load(source + 2 * sourceStride), cMinus = TSimd.Load(source + 3 * sourceStride);
        TSimd cSum = cPlus + cMinus, cDifference = cPlus - cMinus;
        TSimd dPlus = TSimd.Load(source + 5 * sourceStride), dMinus = TSimd.Load(source + 6 * sourceStride);
        TSimd dSum = dPlus + dMinus, dDifference = dPlus - dMinus;
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)AN), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)BN), bDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)CN), cDifference, TSimd.Broadcast((float)DN) * dDifference))), destination);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A)), aSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(BN * B)), bSum, TSimd.MultiplyAdd(TSimd.Broadcast((float)(CN * C)), cSum, TSimd.Broadcast((float)(DN * D)) * dSum))), destination + destinationStride);
        TSimd.Store(TSimd.MultiplyAdd(TSimd.Broadcast((float)(AN * A2)), aDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(BN * B2)), bDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(CN * C2)), cDifference, TSimd.MultiplyAdd(TSimd.Broadcast((float)(DN * D2)), dDifference, TSimd.Load(source + 4 * sourceStride))))), destination + 2 * destinationStride);
    }

    // Constant spans lie in the program's image, which doesn't move.
    private static float* Pointer(ReadOnlySpan<float> constants) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(constants));
}
