using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>result = x · scale + shift, rounded twice as by Mul and Add, so that what is quantised next falls to the same level in every runtime; scale and shift are
/// stretched as the <see cref="LoopNest"/> says.</summary>
internal static unsafe class AffineMap
{
    /// <summary>x, scale and shift are the nest's a, b and c.</summary>
    public static void Run(LoopNest nest, float* x, float* scale, float* shift, float* result) =>
        Run(nest, x, scale, shift, result, InstructionSet.Current);

    public static void Run(LoopNest nest, float* x, float* scale, float* shift, float* result, SimdLevel level)
    {
        var dispatched = new Dispatched(nest, x, scale, shift, result);
        InstructionSet.Dispatch(level, ref dispatched);
    }

    private readonly struct Dispatched(LoopNest nest, float* x, float* scale, float* shift, float* result) : ISimdOperation
    {
        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            var body = new Body<TSimd>();
            nest.Run(ref body, x, scale, shift, result);
        }
    }

    private readonly struct Body<TSimd> : ILoopBody where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Run(int count, float* a, nint stepA, float* b, nint stepB, float* c, nint stepC, float* result, nint stepResult)
        {
            if (stepResult == 1 && stepA == 1 && stepB is 0 or 1 && stepC == stepB)
            {
                TSimd scale = TSimd.Broadcast(*b), shift = TSimd.Broadcast(*c);
                int i = 0;
                while (i <= count - TSimd.Count)
                {
                    if (stepB == 1) (scale, shift) = (TSimd.Load(b + i), TSimd.Load(c + i));
                    TSimd.Store(TSimd.Load(a + i) * scale + shift, result + i);
                    i += TSimd.Count;
                    // The last vector moves back until it fits; what it has in common with its neighbour is computed twice.
                    if (i < count && i > count - TSimd.Count) i = count - TSimd.Count;
                }
                for (; i < count; i++) result[i] = a[i] * b[i * stepB] + c[i * stepC];
                return;
            }
            for (int i = 0; i < count; i++)
            {
                *result = *a * *b + *c;
                a += stepA;
                b += stepB;
                c += stepC;
                result += stepResult;
            }
        }
    }
}
