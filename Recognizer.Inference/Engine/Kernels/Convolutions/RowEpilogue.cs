using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>What follows a convolution, on rows of pixels that are still in the first-level cache.</summary>
internal static unsafe class RowEpilogue
{
    /// <summary>x = activation(x + residual) over a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Activate<TSimd>(float* row, float* residual, int length, Activation activation) where TSimd : unmanaged, ISimd<TSimd>
    {
        if (residual != null)
        {
            int i = 0;
            for (; i <= length - TSimd.Count; i += TSimd.Count) TSimd.Store(TSimd.Load(row + i) + TSimd.Load(residual + i), row + i);
            for (; i < length; i++) row[i] += residual[i];
        }
        ActivationKernels.Apply<TSimd>(row, row, length, activation);
    }

    /// <summary>y[x, c] = the largest of upper and lower [2x … 2x + 1, c]; NaN where one is NaN.</summary>
    /// <param name="upper">A row of pixels.</param>
    /// <param name="lower">The row below.</param>
    /// <param name="pixelStride">Floats between their pixels.</param>
    /// <param name="output">First pooled pixel.</param>
    /// <param name="outputStride">Floats between pooled pixels.</param>
    /// <param name="width">Pooled pixels.</param>
    /// <param name="channels">Channels; all of a multiple of the vector, or one.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void MaxPool<TSimd>(float* upper, float* lower, int pixelStride, float* output, int outputStride, int width, int channels)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        for (int x = 0; x < width; x++)
        {
            int c = 0;
            for (; c <= channels - TSimd.Count; c += TSimd.Count)
            {
                TSimd left = TSimd.MaxOrNaN(TSimd.Load(upper + c), TSimd.Load(lower + c));
                TSimd right = TSimd.MaxOrNaN(TSimd.Load(upper + c + pixelStride), TSimd.Load(lower + c + pixelStride));
                TSimd.Store(TSimd.MaxOrNaN(left, right), output + c);
            }
            for (; c < channels; c++)
                output[c] = Math.Max(Math.Max(upper[c], lower[c]), Math.Max(upper[c + pixelStride], lower[c + pixelStride]));
            upper += 2 * pixelStride;
            lower += 2 * pixelStride;
            output += outputStride;
        }
    }

    /// <summary>sum[c] = factor · (sum[c] + Σ over pixels without gaps), starting from 0 where <paramref name="first"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Accumulate<TSimd>(float* row, int pixelStride, int width, float* sum, int channels, bool first, float factor)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        int c = 0;
        for (; c <= channels - TSimd.Count; c += TSimd.Count)
        {
            TSimd even = first ? TSimd.Zero : TSimd.Load(sum + c), odd = TSimd.Zero;
            int x = 0;
            for (; x < width - 1; x += 2)
            {
                even += TSimd.Load(row + (nint)x * pixelStride + c);
                odd += TSimd.Load(row + (nint)(x + 1) * pixelStride + c);
            }
            if (x < width) even += TSimd.Load(row + (nint)x * pixelStride + c);
            TSimd.Store((even + odd) * TSimd.Broadcast(factor), sum + c);
        }
        for (; c < channels; c++)
        {
            float total = first ? 0 : sum[c];
            for (int x = 0; x < width; x++) total += row[(nint)x * pixelStride + c];
            sum[c] = total * factor;
        }
    }
}
