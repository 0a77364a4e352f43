namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Means over some axes of an array. Sums run in double precision and in index order, so that one scalar loop serves every machine.</summary>
internal static unsafe class MeanReduction
{
    /// <param name="kept">Loops over the elements of the result: source is c.</param>
    /// <param name="reduced">Loops over the elements that are averaged: source is c.</param>
    /// <param name="count">Elements that are averaged.</param>
    /// <param name="source">First element.</param>
    /// <param name="result">Row-major.</param>
    public static void Run(LoopNest kept, LoopNest reduced, int count, float* source, float* result)
    {
        var body = new KeptBody(reduced, 1.0 / count);
        kept.Run(ref body, null, null, source, result);
    }

    private readonly struct KeptBody(LoopNest reduced, double factor) : ILoopBody
    {
        public void Run(int count, float* a, nint stepA, float* b, nint stepB, float* c, nint stepC, float* result, nint stepResult)
        {
            for (int i = 0; i < count; i++)
            {
                var sum = new SumBody();
                reduced.Run(ref sum, null, null, c + i * stepC, null);
                result[i * stepResult] = (float)(sum.Total * factor);
            }
        }
    }

    private struct SumBody : ILoopBody
    {
        public double Total;

        public void Run(int count, float* a, nint stepA, float* b, nint stepB, float* c, nint stepC, float* result, nint stepResult)
        {
            for (int i = 0; i < count; i++) Total += c[i * stepC];
        }
    }
}
