using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Elementwise activation functions. Exact where the formula is (clamps, LeakyRelu, HardSigmoid, HardSwish), else within 4e-7 of
/// the true value, relative for results above 1. NaN stays NaN.</summary>
internal static unsafe class ActivationKernels
{
    /// <summary>y[i] = activation(x[i]); x and y are the same or don't overlap.</summary>
    public static void Apply(float* x, float* y, long length, Activation activation)
    {
        Operation operation = new() { X = x, Y = y, Length = length, Activation = activation };
        InstructionSet.Dispatch(InstructionSet.Current, ref operation);
    }

    /// <inheritdoc cref="Apply(float*, float*, long, Activation)"/>
    public static void Apply<TSimd>(float* x, float* y, long length, Activation activation) where TSimd : unmanaged, ISimd<TSimd>
    {
        switch (activation.Kind)
        {
            case ActivationKind.None:
                if (x != y) Buffer.MemoryCopy(x, y, length * sizeof(float), length * sizeof(float));
                break;
            case ActivationKind.Relu:
            case ActivationKind.Clip: Apply<TSimd, Clamp<TSimd>>(x, y, length, activation.Floor, activation.Ceiling); break;
            case ActivationKind.LeakyRelu: Apply<TSimd, LeakyRelu<TSimd>>(x, y, length, activation.Alpha, 0); break;
            case ActivationKind.Sigmoid: Apply<TSimd, Sigmoid<TSimd>>(x, y, length, 0, 0); break;
            case ActivationKind.Tanh: Apply<TSimd, Tanh<TSimd>>(x, y, length, 0, 0); break;
            case ActivationKind.HardSigmoid: Apply<TSimd, HardSigmoid<TSimd>>(x, y, length, activation.Alpha, activation.Beta); break;
            case ActivationKind.HardSwish: Apply<TSimd, HardSwish<TSimd>>(x, y, length, 0, 0); break;
            case ActivationKind.Gelu: Apply<TSimd, Gelu<TSimd>>(x, y, length, 0, 0); break;
            case ActivationKind.Scale: Apply<TSimd, Scale<TSimd>>(x, y, length, activation.Alpha, 0); break;
            case ActivationKind.Quantize: Apply<TSimd, Quantize<TSimd>>(x, y, length, activation.Alpha, activation.Beta); break;
            case ActivationKind.Requantize: Apply<TSimd, Requantize<TSimd>>(x, y, length, activation.Alpha, activation.Beta); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation));
        }
    }

    /// <summary>exp(x) within 2 units in the last place for −87 ≤ x ≤ 88; beyond, the value at the bound.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Exp<TSimd>(TSimd x) where TSimd : unmanaged, ISimd<TSimd>
    {
        x = TSimd.Min(TSimd.Broadcast(88), TSimd.Max(TSimd.Broadcast(-87), x));
        TSimd n = Reduce(x, out TSimd r), scale = TSimd.PowerOfTwo(n);
        return TSimd.MultiplyAdd(ReducedExpMinusOne(r), scale, scale);
    }

    // exp(r) − 1 for |r| ≤ ln(2) / 2, where Taylor's polynomial of degree 7 is off by less than 6e-9.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd ReducedExpMinusOne<TSimd>(TSimd r) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd p = TSimd.Broadcast(1 / 5040f);
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1 / 720f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1 / 120f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1 / 24f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1 / 6f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(0.5f));
        return TSimd.MultiplyAdd(p * r, r, r);
    }

    // x = n · ln 2 + r with an integer n and |r| ≤ ln(2) / 2. ln 2 comes in two parts, the first short enough that n times it is exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd Reduce<TSimd>(TSimd x, out TSimd r) where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd n = TSimd.Round(x * TSimd.Broadcast(1.44269504f));
        r = TSimd.NegatedMultiplyAdd(n, TSimd.Broadcast(0.693359375f), x);
        r = TSimd.NegatedMultiplyAdd(n, TSimd.Broadcast(-2.12194440e-4f), r);
        return n;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Apply<TSimd, TFunction>(float* x, float* y, long length, float alpha, float beta)
        where TSimd : unmanaged, ISimd<TSimd>
        where TFunction : struct, IFunction<TSimd>
    {
        TSimd a = TSimd.Broadcast(alpha), b = TSimd.Broadcast(beta);
        long i = 0;
        for (; i <= length - TSimd.Count; i += TSimd.Count) TSimd.Store(TFunction.Invoke(TSimd.Load(x + i), a, b), y + i);
        int rest = (int)(length - i);
        if (rest > 0) TSimd.StorePartial(TFunction.Invoke(TSimd.LoadPartial(x + i, rest), a, b), y + i, rest);
    }

    private struct Operation : ISimdOperation
    {
        public float* X, Y;
        public long Length;
        public Activation Activation;

        public readonly void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd> => Apply<TSimd>(X, Y, Length, Activation);
    }

    private interface IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        static abstract TSimd Invoke(TSimd x, TSimd alpha, TSimd beta);
    }

    private readonly struct Clamp<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta) => TSimd.Min(beta, TSimd.Max(alpha, x));
    }

    private readonly struct LeakyRelu<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta) => TSimd.Select(TSimd.GreaterThan(TSimd.Zero, x), alpha * x, x);
    }

    private readonly struct Sigmoid<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta) =>
            TSimd.Broadcast(1) / (TSimd.Broadcast(1) + Exp(TSimd.Zero - x));
    }

    private readonly struct Tanh<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta)
        {
            // (e − 1) / (e + 1) with e = exp(2x) = 2^n · exp(r). The polynomial gives exp(r) − 1, so that nothing cancels near 0;
            // beyond 9 the result rounds to 1.
            TSimd two = TSimd.Broadcast(2), limit = TSimd.Broadcast(18);
            TSimd y = TSimd.Min(limit, TSimd.Max(TSimd.Zero - limit, x + x));
            TSimd n = Reduce(y, out TSimd r);
            TSimd p = ReducedExpMinusOne(r);
            TSimd scale = TSimd.PowerOfTwo(n);
            TSimd difference = TSimd.MultiplyAdd(p, scale, scale - TSimd.Broadcast(1));
            return difference / (difference + two);
        }
    }

    private readonly struct HardSigmoid<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta) =>
            TSimd.Max(TSimd.Zero, TSimd.Min(TSimd.Broadcast(1), TSimd.MultiplyAdd(alpha, x, beta)));
    }

    private readonly struct HardSwish<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta) =>
            x * TSimd.Max(TSimd.Zero, TSimd.Min(TSimd.Broadcast(1), TSimd.MultiplyAdd(x, TSimd.Broadcast(1 / 6f), TSimd.Broadcast(0.5f))));
    }

    private readonly struct Gelu<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta)
        {
            // erf(z) = 1 − (a1 t + … + a5 t^5) exp(−z²), t = 1 / (1 + 0.3275911 z) for z ≥ 0, off by at most 1.5e-7
            // (Abramowitz and Stegun, 7.1.26).
            TSimd one = TSimd.Broadcast(1), half = TSimd.Broadcast(0.5f);
            TSimd z = TSimd.Abs(x) * TSimd.Broadcast(0.70710678f);
            TSimd t = one / TSimd.MultiplyAdd(z, TSimd.Broadcast(0.3275911f), one);
            TSimd p = TSimd.Broadcast(1.061405429f);
            p = TSimd.MultiplyAdd(p, t, TSimd.Broadcast(-1.453152027f));
            p = TSimd.MultiplyAdd(p, t, TSimd.Broadcast(1.421413741f));
            p = TSimd.MultiplyAdd(p, t, TSimd.Broadcast(-0.284496736f));
            p = TSimd.MultiplyAdd(p, t, TSimd.Broadcast(0.254829592f));
            // ½ (1 − erf z): small for large z, and exact there.
            TSimd tail = half * (p * t * Exp(TSimd.Zero - z * z));
            return x * TSimd.Select(TSimd.GreaterThan(TSimd.Zero, x), tail, one - tail);
        }
    }

    private readonly struct Scale<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta) => alpha * x;
    }

    private readonly struct Quantize<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta) => Level(x / alpha, beta);
    }

    private readonly struct Requantize<TSimd> : IFunction<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Invoke(TSimd x, TSimd alpha, TSimd beta) => Level(x * alpha, beta);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd Level<TSimd>(TSimd level, TSimd low) where TSimd : unmanaged, ISimd<TSimd> =>
        TSimd.Round(TSimd.Min(low + TSimd.Broadcast(255), TSimd.Max(low, level)));
}
