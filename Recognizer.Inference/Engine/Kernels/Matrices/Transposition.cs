using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Recognizer.Inference.Engine.Kernels.Matrices;

/// <summary>Matrix transposition.</summary>
internal static unsafe class Transposition
{
    /// <summary>destination[j, i] = source[i, j].</summary>
    /// <param name="rows">Rows of the source.</param>
    /// <param name="columns">Columns of the source.</param>
    /// <param name="source">First element.</param>
    /// <param name="sourceStride">Floats between rows of the source.</param>
    /// <param name="destination">First element of the result.</param>
    /// <param name="destinationStride">Floats between rows of the result.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Run(int rows, int columns, float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        int i = 0;
        if (Sse.IsSupported && Vector128.IsHardwareAccelerated)
        {
            // 4 × 4 at a time: two rounds of interleaving.
            for (; i <= rows - 4; i += 4)
            {
                float* s = source + i * sourceStride;
                float* d = destination + i;
                int j = 0;
                for (; j <= columns - 4; j += 4)
                {
                    Vector128<float> a = Vector128.Load(s), b = Vector128.Load(s + sourceStride);
                    Vector128<float> c = Vector128.Load(s + 2 * sourceStride), e = Vector128.Load(s + 3 * sourceStride);
                    Vector128<float> ab = Sse.UnpackLow(a, b), ce = Sse.UnpackLow(c, e);
                    Vector128<float> abHigh = Sse.UnpackHigh(a, b), ceHigh = Sse.UnpackHigh(c, e);
                    Sse.MoveLowToHigh(ab, ce).Store(d);
                    Sse.MoveHighToLow(ce, ab).Store(d + destinationStride);
                    Sse.MoveLowToHigh(abHigh, ceHigh).Store(d + 2 * destinationStride);
                    Sse.MoveHighToLow(ceHigh, abHigh).Store(d + 3 * destinationStride);
                    s += 4;
                    d += 4 * destinationStride;
                }
                for (; j < columns; j++, s++, d += destinationStride)
                {
                    d[0] = s[0];
                    d[1] = s[sourceStride];
                    d[2] = s[2 * sourceStride];
                    d[3] = s[3 * sourceStride];
                }
            }
        }
        for (; i < rows; i++)
        {
            float* s = source + i * sourceStride;
            float* d = destination + i;
            for (int j = 0; j < columns; j++, d += destinationStride) *d = s[j];
        }
    }
}
