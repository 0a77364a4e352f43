using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Copies between layouts: transposes, slices, concatenation, and images to and from row-major order.</summary>
internal static unsafe class StridedCopy
{
    /// <summary>The nest's c is copied to its result.</summary>
    public static void Run(LoopNest nest, float* source, float* destination)
    {
        var body = new Body();
        nest.Run(ref body, null, null, source, destination);
    }

    private readonly struct Body : ILoopBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Run(int count, float* a, nint stepA, float* b, nint stepB, float* c, nint stepC, float* result, nint stepResult)
        {
            if (stepC == 1 && stepResult == 1)
            {
                new ReadOnlySpan<float>(c, count).CopyTo(new Span<float>(result, count));
                return;
            }
            for (int i = 0; i < count; i++)
            {
                *result = *c;
                c += stepC;
                result += stepResult;
            }
        }
    }
}
