using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Convolution of each channel by itself: vectors run over channels, and four output pixels share each weight.</summary>
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

    protected override void ConvolveRow(float* image, int y, float* row)
    {
        float* origin = image + (nint)(y * Shape.StrideY - Shape.PadTop) * Shape.Input.RowStride - (nint)Shape.PadLeft * Shape.Input.PixelStride;
        bool clamp = ClampsInRegisters;
        float floor = clamp ? Epilogue.Activation.Floor : float.NegativeInfinity, ceiling = clamp ? Epilogue.Activation.Ceiling : float.PositiveInfinity;
        int x = 0;
        for (; x <= Shape.OutputWidth - 4; x += 4) Convolve<Four>(origin, row, x, floor, ceiling);
        for (; x < Shape.OutputWidth; x++) Convolve<One>(origin, row, x, floor, ceiling);
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

    private readonly struct One : ITileSize
    {
        public static int Value => 1;
    }

    private readonly struct Four : ITileSize
    {
        public static int Value => 4;
    }
}
