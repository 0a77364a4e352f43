using System.Diagnostics;
using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Benchmarks.Peers;

/// <summary>The most multiply-adds a core can do: independent chains of fused multiply-adds in registers, timed.</summary>
internal static class FmaPeak
{
    private const int Rounds = 200_000, Chains = 12, Attempts = 12;

    /// <summary>Floating-point operations per second of one core, a multiply-add counted as two; the best of several tries.</summary>
    public static double Measure()
    {
        var attempt = new Attempt();
        for (int i = 0; i < Attempts; i++) InstructionSet.Dispatch(InstructionSet.Current, ref attempt);
        return attempt.Best;
    }

    private struct Attempt : ISimdOperation
    {
        public double Best;

        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            long start = Stopwatch.GetTimestamp();
            GC.KeepAlive(Multiply<TSimd>());
            Best = Math.Max(Best, 2.0 * TSimd.Count * Chains * Rounds / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static float Multiply<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            TSimd x = TSimd.Broadcast(0.999f), y = TSimd.Broadcast(1e-3f);
            TSimd a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
            for (int round = 0; round < Rounds; round++)
            {
                a = TSimd.MultiplyAdd(a, x, y); b = TSimd.MultiplyAdd(b, x, y); c = TSimd.MultiplyAdd(c, x, y); d = TSimd.MultiplyAdd(d, x, y);
                e = TSimd.MultiplyAdd(e, x, y); f = TSimd.MultiplyAdd(f, x, y); g = TSimd.MultiplyAdd(g, x, y); h = TSimd.MultiplyAdd(h, x, y);
                i = TSimd.MultiplyAdd(i, x, y); j = TSimd.MultiplyAdd(j, x, y); k = TSimd.MultiplyAdd(k, x, y); l = TSimd.MultiplyAdd(l, x, y);
            }
            return TSimd.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
        }
    }
}
