using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>Convolution of each channel by itself: vectors run over channels, and several output pixels share each weight.</summary>
internal sealed unsafe class DepthwiseConvolution<TSimd> : RowConvolution<TSimd> where TSimd : unmanaged, ISimd<TSimd>
{
    // [KernelHeight, KernelWidth, PixelStride]
    private readonly AlignedBuffer<float> _weights;

    public DepthwiseConvolution(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output)
        : base(shape, epilogue, output) =>
        _weights = new AlignedBuffer<float>((long)shape.KernelHeight * shape.KernelWidth * shape.Input.PixelStride);

    public override void Dispose()
    {
        base.Dispose();
        _weights.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    protected override void ConvolveRows(float* image, int y, int rows, float* output, nint rowStride)
    {
        nint line = Shape.StrideY * (nint)Shape.Input.RowStride;
        float* origin = image + y * line - Shape.PadTop * (nint)Shape.Input.RowStride - (nint)Shape.PadLeft * Shape.Input.PixelStride;
        bool clamp = ClampsInRegisters;
        float floor = clamp ? Epilogue.Activation.Floor : float.NegativeInfinity, ceiling = clamp ? Epilogue.Activation.Ceiling : float.PositiveInfinity;
        int x = 0;
        if (Shape is { KernelHeight: 3, KernelWidth: 3, DilationX: 1, StrideX: 1 or 2, OutputWidth: >= 7 } && TSimd.Count == 16)
        {
            x = Shape.OutputWidth / 7 * 7;
            if (Shape.StrideX == 1) ConvolveThree<One>(origin, rows, output, rowStride, x, floor, ceiling);
            else ConvolveThree<Two>(origin, rows, output, rowStride, x, floor, ceiling);
        }
        if (x == Shape.OutputWidth) return;
        int rest = x;
        for (int i = 0; i < rows; i++, origin += line, output += rowStride)
        {
            for (x = rest; x <= Shape.OutputWidth - 4; x += 4) Convolve<Four>(origin, output, x, floor, ceiling);
            for (; x < Shape.OutputWidth; x++) Convolve<One>(origin, output, x, floor, ceiling);
        }
    }

    protected override void PackWeights(float* weightsOIHW)
    {
        int positions = Shape.KernelHeight * Shape.KernelWidth;
        Transposition.Run(Shape.OutputChannels, positions, weightsOIHW, positions, _weights.Pointer, Shape.Input.PixelStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Convolve<TPixels>(float* origin, float* row, int x, float floor, float ceiling) where TPixels : struct, ITileSize
    {
        int stride = Shape.Input.PixelStride, kernelHeight = Shape.KernelHeight, kernelWidth = Shape.KernelWidth;
        nint pixel = (nint)Shape.StrideX * stride, column = (nint)Shape.DilationX * stride;
        nint line = (nint)Shape.DilationY * Shape.Input.RowStride - kernelWidth * column;
        TSimd low = TSimd.Broadcast(floor), high = TSimd.Broadcast(ceiling);
        for (int c = 0; c < stride; c += TSimd.Count)
        {
            float* source = origin + x * pixel + c;
            float* weights = _weights.Pointer + c;
            TSimd s0 = TSimd.Load(Bias + c), s1 = s0, s2 = s0, s3 = s0;
            for (int ky = 0; ky < kernelHeight; ky++, source += line)
            {
                for (int kx = 0; kx < kernelWidth; kx++, source += column, weights += stride)
                {
                    TSimd weight = TSimd.Load(weights);
                    s0 = TSimd.MultiplyAdd(weight, TSimd.Load(source), s0);
                    if (TPixels.Value > 1)
                    {
                        s1 = TSimd.MultiplyAdd(weight, TSimd.Load(source + pixel), s1);
                        s2 = TSimd.MultiplyAdd(weight, TSimd.Load(source + 2 * pixel), s2);
                        s3 = TSimd.MultiplyAdd(weight, TSimd.Load(source + 3 * pixel), s3);
                    }
                }
            }
            float* destination = row + (nint)x * stride + c;
            TSimd.Store(TSimd.Min(high, TSimd.Max(low, s0)), destination);
            if (TPixels.Value == 1) continue;
            TSimd.Store(TSimd.Min(high, TSimd.Max(low, s1)), destination + stride);
            TSimd.Store(TSimd.Min(high, TSimd.Max(low, s2)), destination + 2 * stride);
            TSimd.Store(TSimd.Min(high, TSimd.Max(low, s3)), destination + 3 * stride);
        }
    }

    // 3×3 for seven pixels at a time, with all weights and sums in the 32 registers that AVX-512 has.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void ConvolveThree<TStride>(float* origin, int rows, float* output, nint rowStride, int width, float floor, float ceiling) where TStride : struct, ITileSize
    {
        nint stride = Shape.Input.PixelStride, line = (nint)Shape.DilationY * Shape.Input.RowStride, down = (nint)Shape.StrideY * Shape.Input.RowStride;
        nint three = 3 * stride, right7 = 7 * TStride.Value * stride;
        TSimd low = TSimd.Broadcast(floor), high = TSimd.Broadcast(ceiling);
        for (int i = 0; i < rows; i++, origin += down, output += rowStride)
        {
            for (nint c = 0; c < stride; c += TSimd.Count)
            {
                float* w = _weights.Pointer + c;
                TSimd w0 = TSimd.Load(w), w1 = TSimd.Load(w + stride), w2 = TSimd.Load(w + 2 * stride);
                w += three;
                TSimd w3 = TSimd.Load(w), w4 = TSimd.Load(w + stride), w5 = TSimd.Load(w + 2 * stride);
                w += three;
                TSimd w6 = TSimd.Load(w), w7 = TSimd.Load(w + stride), w8 = TSimd.Load(w + 2 * stride);
                TSimd bias = TSimd.Load(Bias + c);
                float* p = origin + c, q = output + c;
                for (int x = 0; x < width; x += 7, p += right7, q += 7 * stride)
                {
                    TSimd s0 = bias, s1 = bias, s2 = bias, s3 = bias, s4 = bias, s5 = bias, s6 = bias;
                    AddLine<TStride>(p, stride, w0, w1, w2, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6);
                    AddLine<TStride>(p + line, stride, w3, w4, w5, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6);
                    AddLine<TStride>(p + 2 * line, stride, w6, w7, w8, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6);
                    float* q3 = q + three;
                    TSimd.Store(TSimd.Min(high, TSimd.Max(low, s0)), q);
                    TSimd.Store(TSimd.Min(high, TSimd.Max(low, s1)), q + stride);
                    TSimd.Store(TSimd.Min(high, TSimd.Max(low, s2)), q + 2 * stride);
                    TSimd.Store(TSimd.Min(high, TSimd.Max(low, s3)), q3);
                    TSimd.Store(TSimd.Min(high, TSimd.Max(low, s4)), q3 + stride);
                    TSimd.Store(TSimd.Min(high, TSimd.Max(low, s5)), q3 + 2 * stride);
                    TSimd.Store(TSimd.Min(high, TSimd.Max(low, s6)), q3 + three);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddLine<TStride>(float* p, nint stride, TSimd left, TSimd middle, TSimd right,
        ref TSimd s0, ref TSimd s1, ref TSimd s2, ref TSimd s3, ref TSimd s4, ref TSimd s5, ref TSimd s6) where TStride : struct, ITileSize
    {
        nint three = 3 * stride;
        float* p3 = p + three;
        float* p6 = p3 + three;
        TSimd a = TSimd.Load(p), b = TSimd.Load(p + stride), d = TSimd.Load(p + 2 * stride);
        s0 = TSimd.MultiplyAdd(left, a, s0); s0 = TSimd.MultiplyAdd(middle, b, s0); s0 = TSimd.MultiplyAdd(right, d, s0);
        if (TStride.Value == 1)
        {
            a = TSimd.Load(p3);
            s1 = TSimd.MultiplyAdd(left, b, s1); s1 = TSimd.MultiplyAdd(middle, d, s1); s1 = TSimd.MultiplyAdd(right, a, s1);
            b = TSimd.Load(p3 + stride);
            s2 = TSimd.MultiplyAdd(left, d, s2); s2 = TSimd.MultiplyAdd(middle, a, s2); s2 = TSimd.MultiplyAdd(right, b, s2);
            d = TSimd.Load(p3 + 2 * stride);
            s3 = TSimd.MultiplyAdd(left, a, s3); s3 = TSimd.MultiplyAdd(middle, b, s3); s3 = TSimd.MultiplyAdd(right, d, s3);
            a = TSimd.Load(p6);
            s4 = TSimd.MultiplyAdd(left, b, s4); s4 = TSimd.MultiplyAdd(middle, d, s4); s4 = TSimd.MultiplyAdd(right, a, s4);
            b = TSimd.Load(p6 + stride);
            s5 = TSimd.MultiplyAdd(left, d, s5); s5 = TSimd.MultiplyAdd(middle, a, s5); s5 = TSimd.MultiplyAdd(right, b, s5);
            d = TSimd.Load(p6 + 2 * stride);
            s6 = TSimd.MultiplyAdd(left, a, s6); s6 = TSimd.MultiplyAdd(middle, b, s6); s6 = TSimd.MultiplyAdd(right, d, s6);
        }
        else
        {
            float* p9 = p6 + three;
            float* p12 = p9 + three;
            a = TSimd.Load(p3); b = TSimd.Load(p3 + stride);
            s1 = TSimd.MultiplyAdd(left, d, s1); s1 = TSimd.MultiplyAdd(middle, a, s1); s1 = TSimd.MultiplyAdd(right, b, s1);
            a = TSimd.Load(p3 + 2 * stride); d = TSimd.Load(p6);
            s2 = TSimd.MultiplyAdd(left, b, s2); s2 = TSimd.MultiplyAdd(middle, a, s2); s2 = TSimd.MultiplyAdd(right, d, s2);
            a = TSimd.Load(p6 + stride); b = TSimd.Load(p6 + 2 * stride);
            s3 = TSimd.MultiplyAdd(left, d, s3); s3 = TSimd.MultiplyAdd(middle, a, s3); s3 = TSimd.MultiplyAdd(right, b, s3);
            a = TSimd.Load(p9); d = TSimd.Load(p9 + stride);
            s4 = TSimd.MultiplyAdd(left, b, s4); s4 = TSimd.MultiplyAdd(middle, a, s4); s4 = TSimd.MultiplyAdd(right, d, s4);
            a = TSimd.Load(p9 + 2 * stride); b = TSimd.Load(p12);
            s5 = TSimd.MultiplyAdd(left, d, s5); s5 = TSimd.MultiplyAdd(middle, a, s5); s5 = TSimd.MultiplyAdd(right, b, s5);
            a = TSimd.Load(p12 + stride); d = TSimd.Load(p12 + 2 * stride);
            s6 = TSimd.MultiplyAdd(left, b, s6); s6 = TSimd.MultiplyAdd(middle, a, s6); s6 = TSimd.MultiplyAdd(right, d, s6);
        }
    }

    private readonly struct One : ITileSize
    {
        public static int Value => 1;
    }

    private readonly struct Two : ITileSize
    {
        public static int Value => 2;
    }

    private readonly struct Four : ITileSize
    {
        public static int Value => 4;
    }
}
