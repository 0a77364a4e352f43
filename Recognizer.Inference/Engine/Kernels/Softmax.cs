using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Softmax y = exp(x − max) / Σ exp(x − max) and its logarithm, row by row.</summary>
internal static unsafe class Softmax
{
    /// <summary>x and y are [rows, columns] and may be the same.</summary>
    public static void Run(bool logarithm, long rows, int columns, float* x, float* y) => Run(logarithm, rows, columns, x, y, InstructionSet.Current);

    public static void Run(bool logarithm, long rows, int columns, float* x, float* y, SimdLevel level)
    {
        var dispatched = new Dispatched(logarithm, rows, columns, x, y);
        InstructionSet.Dispatch(level, ref dispatched);
    }

    private readonly struct Dispatched(bool logarithm, long rows, int columns, float* x, float* y) : ISimdOperation
    {
        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            for (long row = 0; row < rows; row++) Row<TSimd>(logarithm, columns, x + row * columns, y + row * columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Row<TSimd>(bool logarithm, int columns, float* x, float* y) where TSimd : unmanaged, ISimd<TSimd>
    {
        float largest = float.NegativeInfinity;
        for (int i = 0; i < columns; i++) largest = x[i] > largest ? x[i] : largest;
        TSimd shift = TSimd.Broadcast(largest), sums = TSimd.Zero;
        int full = columns - columns % TSimd.Count, rest = columns - full;
        for (int i = 0; i < full; i += TSimd.Count)
        {
            TSimd e = ActivationKernels.Exp(TSimd.Load(x + i) - shift);
            sums += e;
            if (!logarithm) TSimd.Store(e, y + i);
        }
        float sum = TSimd.Sum(sums);
        if (rest > 0)
        {
            // The last vector is computed whole; lanes past the row are left out of the sum.
            float* last = stackalloc float[16];
            TSimd.Store(ActivationKernels.Exp(TSimd.LoadPartial(x + full, rest) - shift), last);
            for (int i = 0; i < rest; i++)
            {
                sum += last[i];
                if (!logarithm) y[full + i] = last[i];
            }
        }
        if (logarithm)
        {
            float offset = largest + MathF.Log(sum);
            for (int i = 0; i < columns; i++) y[i] = x[i] - offset;
            return;
        }
        TSimd factor = TSimd.Broadcast(1 / sum);
        for (int i = 0; i < full; i += TSimd.Count) TSimd.Store(TSimd.Load(y + i) * factor, y + i);
        for (int i = full; i < columns; i++) y[i] *= 1 / sum;
    }
}
