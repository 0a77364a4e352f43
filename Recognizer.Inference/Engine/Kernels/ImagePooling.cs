using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Which value a pooling window gives.</summary>
internal enum PoolingKind
{
    Maximum,

    /// <summary>Mean of the samples inside the image.</summary>
    Average,

    /// <summary>Sum of the samples inside the image divided by the size of the whole window.</summary>
    AverageWithPadding,

    /// <summary>Sum of the samples inside the image.</summary>
    Sum,
}

/// <summary>Windows of a pooling, in pixels.</summary>
internal readonly record struct PoolingShape(PoolingKind Kind, ImageShape Input, ImageShape Output, int KernelHeight, int KernelWidth,
    int StrideY, int StrideX, int PadTop, int PadLeft, int PadBottom, int PadRight, int DilationY = 1, int DilationX = 1);

/// <summary>Pooling over images in the engine's layout. Lanes are channels; samples are taken row by row, so that every instruction set adds in the
/// same order. Windows are clipped to the image; borders are neither read nor written.</summary>
internal static unsafe class ImagePooling
{
    public static void Run(in PoolingShape shape, float* input, float* output, int images) => Run(shape, input, output, images, InstructionSet.Current);

    public static void Run(in PoolingShape shape, float* input, float* output, int images, SimdLevel level)
    {
        var dispatched = new Dispatched(shape, input, output, images);
        // A single channel is stored without padding, one float a pixel.
        InstructionSet.Dispatch(shape.Input.PixelStride == 1 ? SimdLevel.Scalar : level, ref dispatched);
    }

    private readonly struct Dispatched(PoolingShape shape, float* input, float* output, int images) : ISimdOperation
    {
        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            for (int n = 0; n < images; n++)
            {
                Image<TSimd>(shape, input + (long)n * shape.Input.ImageStride + shape.Input.Origin,
                    output + (long)n * shape.Output.ImageStride + shape.Output.Origin);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Image<TSimd>(in PoolingShape s, float* input, float* output) where TSimd : unmanaged, ISimd<TSimd>
    {
        int channels = s.Input.PixelStride;
        for (int oy = 0; oy < s.Output.Height; oy++)
        {
            int y0 = oy * s.StrideY - s.PadTop;
            (int firstY, int lastY) = Range(y0, s.KernelHeight, s.DilationY, s.Input.Height);
            for (int ox = 0; ox < s.Output.Width; ox++)
            {
                int x0 = ox * s.StrideX - s.PadLeft;
                (int firstX, int lastX) = Range(x0, s.KernelWidth, s.DilationX, s.Input.Width);
                float* destination = output + oy * s.Output.RowStride + ox * s.Output.PixelStride;
                if (s.Kind == PoolingKind.Maximum)
                {
                    for (int c = 0; c < channels; c += TSimd.Count)
                    {
                        TSimd best = TSimd.Broadcast(float.NegativeInfinity);
                        for (int ky = firstY; ky <= lastY; ky++)
                        {
                            float* row = input + (y0 + ky * s.DilationY) * s.Input.RowStride + x0 * channels + c;
                            for (int kx = firstX; kx <= lastX; kx++) best = TSimd.MaxOrNaN(best, TSimd.Load(row + kx * s.DilationX * channels));
                        }
                        TSimd.Store(best, destination + c);
                    }
                    continue;
                }
                int divisor = s.Kind == PoolingKind.Average
                    ? Math.Max(0, lastY - firstY + 1) * Math.Max(0, lastX - firstX + 1)
                    : Padded(y0, s.KernelHeight, s.DilationY, s.Input.Height + s.PadBottom) * Padded(x0, s.KernelWidth, s.DilationX, s.Input.Width + s.PadRight);
                TSimd factor = TSimd.Broadcast(s.Kind == PoolingKind.Sum ? 1 : 1f / Math.Max(1, divisor));
                float* first = input + (y0 + firstY * s.DilationY) * s.Input.RowStride + (x0 + firstX * s.DilationX) * channels;
                int rows = lastY - firstY + 1, columns = lastX - firstX + 1, channel = 0;
                // Four sums at a time, because an addition has to wait for the one before.
                for (; channel <= channels - 4 * TSimd.Count; channel += 4 * TSimd.Count)
                {
                    TSimd sum0 = TSimd.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
                    for (int ky = 0; ky < rows; ky++)
                    {
                        float* sample = first + ky * s.DilationY * s.Input.RowStride + channel;
                        for (int kx = 0; kx < columns; kx++, sample += s.DilationX * channels)
                        {
                            sum0 += TSimd.Load(sample);
                            sum1 += TSimd.Load(sample + TSimd.Count);
                            sum2 += TSimd.Load(sample + 2 * TSimd.Count);
                            sum3 += TSimd.Load(sample + 3 * TSimd.Count);
                        }
                    }
                    TSimd.Store(sum0 * factor, destination + channel);
                    TSimd.Store(sum1 * factor, destination + channel + TSimd.Count);
                    TSimd.Store(sum2 * factor, destination + channel + 2 * TSimd.Count);
                    TSimd.Store(sum3 * factor, destination + channel + 3 * TSimd.Count);
                }
                for (; channel < channels; channel += TSimd.Count)
                {
                    TSimd sum = TSimd.Zero;
                    for (int ky = 0; ky < rows; ky++)
                    {
                        float* sample = first + ky * s.DilationY * s.Input.RowStride + channel;
                        for (int kx = 0; kx < columns; kx++, sample += s.DilationX * channels) sum += TSimd.Load(sample);
                    }
                    TSimd.Store(sum * factor, destination + channel);
                }
            }
        }
    }

    /// <summary>First and last sample of a window that lie inside the image.</summary>
    private static (int First, int Last) Range(int start, int kernel, int dilation, int size)
    {
        int first = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
        int last = Math.Min(kernel - 1, start >= size ? -1 : (size - 1 - start) / dilation);
        return (first, last);
    }

    /// <summary>Samples of a window that lie inside the padded image; with rounded-up sizes the last window may reach beyond it.</summary>
    private static int Padded(int start, int kernel, int dilation, int end) => Math.Min(kernel, (end - 1 - start) / dilation + 1);
}
