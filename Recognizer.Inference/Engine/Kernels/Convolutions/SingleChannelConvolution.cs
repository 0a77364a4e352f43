using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>Convolution of a single channel, the first layer of most networks. Each weight vector meets two rows of up to 14 pixels, whose sums
/// stay in registers through bias, clamp and 2×2 pooling.</summary>
internal sealed unsafe class SingleChannelConvolution<TSimd> : Convolution where TSimd : unmanaged, ISimd<TSimd>
{
    // Bias, then [KernelHeight, KernelWidth], for each vector of outputs.
    private readonly AlignedBuffer<float> _weights;

    public SingleChannelConvolution(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output)
        : base(shape, epilogue, output) =>
        _weights = new AlignedBuffer<float>((long)(1 + shape.KernelHeight * shape.KernelWidth) * output.PixelStride);

    /// <summary>Whether this kernel is made for a convolution.</summary>
    public static bool Suits(in ConvolutionShape shape, in Epilogue epilogue) =>
        shape.Input.Channels == 1 && shape.OutputChannels > 1 && shape.StrideY == 1 && shape.StrideX == 1 && shape.DilationY == 1 && shape.DilationX == 1
        && shape.OutputHeight > 1 && shape.OutputWidth > 1 && !epilogue.AddResidual
        && (epilogue.Pooling == FusedPooling.None || (epilogue.Pooling == FusedPooling.Max2x2 && epilogue.Activation.IsClamp));

    public override long ScratchLength(int images) => 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        int width = Shape.OutputWidth, height = Shape.OutputHeight, vectorWeights = (1 + Shape.KernelHeight * Shape.KernelWidth) * TSimd.Count;
        bool pools = Epilogue.Pooling == FusedPooling.Max2x2;
        if (pools) (height, width) = (height / 2 * 2, width / 2 * 2);
        int block = width >= 14 && Tile.MaxRows<TSimd>() == 14 ? 14 : width >= 6 ? 6 : 2;
        Arguments arguments = new()
        {
            InputStride = Shape.Input.RowStride,
            OutputRow = Output.RowStride,
            OutputPixel = Output.PixelStride,
            KernelHeight = Shape.KernelHeight,
            KernelWidth = Shape.KernelWidth,
            Floor = Epilogue.Activation.Floor,
            Ceiling = Epilogue.Activation.Ceiling,
        };
        for (int n = 0; n < images; n++)
        {
            float* image = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin - Shape.PadTop * Shape.Input.RowStride - Shape.PadLeft;
            float* result = output + (long)n * Output.ImageStride + Output.Origin;
            for (int y = 0; y < height; y += 2)
            {
                // An odd last row or column comes with its neighbour, which is computed again.
                int top = Math.Min(y, height - 2);
                for (int x = 0; x < width; x += block)
                {
                    int left = Math.Min(x, width - block);
                    arguments.Source = image + (nint)top * Shape.Input.RowStride + left;
                    float* destination = pools
                        ? result + (nint)(top / 2) * Output.RowStride + (nint)(left / 2) * Output.PixelStride
                        : result + (nint)top * Output.RowStride + (nint)left * Output.PixelStride;
                    for (int k = 0; k < Output.PixelStride; k += TSimd.Count)
                    {
                        arguments.Weights = _weights.Pointer + k / TSimd.Count * vectorWeights;
                        arguments.Destination = destination + k;
                        if (pools) Block<Pooled>(arguments, block);
                        else Block<Whole>(arguments, block);
                    }
                }
                for (int i = 0; i < 2 && !Epilogue.Activation.IsClamp; i++)
                {
                    float* row = result + (nint)(top + i) * Output.RowStride;
                    ActivationKernels.Apply<TSimd>(row, row, width * Output.PixelStride, Epilogue.Activation);
                }
            }
        }
        GC.KeepAlive(this);
    }

    public override void Dispose() => _weights.Dispose();

    protected override void PackWeights(float* weightsOIHW)
    {
        int positions = Shape.KernelHeight * Shape.KernelWidth;
        for (int o = 0; o < Shape.OutputChannels; o++)
            for (int i = 0; i < positions; i++) *Place(o, 1 + i) = weightsOIHW[o * positions + i];
    }

    protected override void PackBias(ReadOnlySpan<float> bias)
    {
        for (int o = 0; o < Shape.OutputChannels; o++) *Place(o, 0) = bias.Length == 0 ? 0 : bias[o];
    }

    private float* Place(int output, int row)
    {
        (int vector, int lane) = Math.DivRem(output, TSimd.Count);
        return _weights.Pointer + (vector * (1 + Shape.KernelHeight * Shape.KernelWidth) + row) * TSimd.Count + lane;
    }

    private static void Block<TPooling>(in Arguments arguments, int block) where TPooling : struct, ITileSize
    {
        if (block == 14) Convolve<Fourteen, TPooling>(arguments);
        else if (block == 6) Convolve<Six, TPooling>(arguments);
        else Convolve<Two, TPooling>(arguments);
    }

    // One vector of outputs for two rows of pixels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Convolve<TPixels, TPooling>(in Arguments arguments)
        where TPixels : struct, ITileSize
        where TPooling : struct, ITileSize
    {
        float* source = arguments.Source, weights = arguments.Weights;
        nint stride = arguments.InputStride, kernelWidth = arguments.KernelWidth;
        TSimd weight = TSimd.Load(weights);
        TSimd u0 = weight, l0 = weight, u1 = weight, l1 = weight, u2 = weight, l2 = weight, u3 = weight, l3 = weight, u4 = weight, l4 = weight, u5 = weight, l5 = weight, u6 = weight, l6 = weight, u7 = weight, l7 = weight, u8 = weight, l8 = weight, u9 = weight, l9 = weight, u10 = weight, l10 = weight, u11 = weight, l11 = weight, u12 = weight, l12 = weight, u13 = weight, l13 = weight;
        weights += TSimd.Count;
        // Each row of the input is read once: what meets one row of weights for the lower pixels meets the next for the upper.
        TSimd above, x;
        for (nint kx = 0; kx < kernelWidth; kx++, weights += TSimd.Count)
        {
            weight = TSimd.Load(weights);
            u0 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx]), u0);
            u1 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 1]), u1);
            if (TPixels.Value > 2) u2 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 2]), u2);
            if (TPixels.Value > 3) u3 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 3]), u3);
            if (TPixels.Value > 4) u4 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 4]), u4);
            if (TPixels.Value > 5) u5 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 5]), u5);
            if (TPixels.Value > 6) u6 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 6]), u6);
            if (TPixels.Value > 7) u7 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 7]), u7);
            if (TPixels.Value > 8) u8 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 8]), u8);
            if (TPixels.Value > 9) u9 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 9]), u9);
            if (TPixels.Value > 10) u10 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 10]), u10);
            if (TPixels.Value > 11) u11 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 11]), u11);
            if (TPixels.Value > 12) u12 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 12]), u12);
            if (TPixels.Value > 13) u13 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 13]), u13);
        }
        source += stride;
        for (nint ky = arguments.KernelHeight - 1; ky > 0; ky--, source += stride)
        {
            for (nint kx = 0; kx < kernelWidth; kx++, weights += TSimd.Count)
            {
                weight = TSimd.Load(weights);
                above = TSimd.Load(weights - kernelWidth * TSimd.Count);
                x = TSimd.Broadcast(source[kx]); u0 = TSimd.MultiplyAdd(weight, x, u0); l0 = TSimd.MultiplyAdd(above, x, l0);
                x = TSimd.Broadcast(source[kx + 1]); u1 = TSimd.MultiplyAdd(weight, x, u1); l1 = TSimd.MultiplyAdd(above, x, l1);
                if (TPixels.Value > 2) { x = TSimd.Broadcast(source[kx + 2]); u2 = TSimd.MultiplyAdd(weight, x, u2); l2 = TSimd.MultiplyAdd(above, x, l2); }
                if (TPixels.Value > 3) { x = TSimd.Broadcast(source[kx + 3]); u3 = TSimd.MultiplyAdd(weight, x, u3); l3 = TSimd.MultiplyAdd(above, x, l3); }
                if (TPixels.Value > 4) { x = TSimd.Broadcast(source[kx + 4]); u4 = TSimd.MultiplyAdd(weight, x, u4); l4 = TSimd.MultiplyAdd(above, x, l4); }
                if (TPixels.Value > 5) { x = TSimd.Broadcast(source[kx + 5]); u5 = TSimd.MultiplyAdd(weight, x, u5); l5 = TSimd.MultiplyAdd(above, x, l5); }
                if (TPixels.Value > 6) { x = TSimd.Broadcast(source[kx + 6]); u6 = TSimd.MultiplyAdd(weight, x, u6); l6 = TSimd.MultiplyAdd(above, x, l6); }
                if (TPixels.Value > 7) { x = TSimd.Broadcast(source[kx + 7]); u7 = TSimd.MultiplyAdd(weight, x, u7); l7 = TSimd.MultiplyAdd(above, x, l7); }
                if (TPixels.Value > 8) { x = TSimd.Broadcast(source[kx + 8]); u8 = TSimd.MultiplyAdd(weight, x, u8); l8 = TSimd.MultiplyAdd(above, x, l8); }
                if (TPixels.Value > 9) { x = TSimd.Broadcast(source[kx + 9]); u9 = TSimd.MultiplyAdd(weight, x, u9); l9 = TSimd.MultiplyAdd(above, x, l9); }
                if (TPixels.Value > 10) { x = TSimd.Broadcast(source[kx + 10]); u10 = TSimd.MultiplyAdd(weight, x, u10); l10 = TSimd.MultiplyAdd(above, x, l10); }
                if (TPixels.Value > 11) { x = TSimd.Broadcast(source[kx + 11]); u11 = TSimd.MultiplyAdd(weight, x, u11); l11 = TSimd.MultiplyAdd(above, x, l11); }
                if (TPixels.Value > 12) { x = TSimd.Broadcast(source[kx + 12]); u12 = TSimd.MultiplyAdd(weight, x, u12); l12 = TSimd.MultiplyAdd(above, x, l12); }
                if (TPixels.Value > 13) { x = TSimd.Broadcast(source[kx + 13]); u13 = TSimd.MultiplyAdd(weight, x, u13); l13 = TSimd.MultiplyAdd(above, x, l13); }
            }
        }
        weights -= kernelWidth * TSimd.Count;
        for (nint kx = 0; kx < kernelWidth; kx++, weights += TSimd.Count)
        {
            weight = TSimd.Load(weights);
            l0 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx]), l0);
            l1 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 1]), l1);
            if (TPixels.Value > 2) l2 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 2]), l2);
            if (TPixels.Value > 3) l3 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 3]), l3);
            if (TPixels.Value > 4) l4 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 4]), l4);
            if (TPixels.Value > 5) l5 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 5]), l5);
            if (TPixels.Value > 6) l6 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 6]), l6);
            if (TPixels.Value > 7) l7 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 7]), l7);
            if (TPixels.Value > 8) l8 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 8]), l8);
            if (TPixels.Value > 9) l9 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 9]), l9);
            if (TPixels.Value > 10) l10 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 10]), l10);
            if (TPixels.Value > 11) l11 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 11]), l11);
            if (TPixels.Value > 12) l12 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 12]), l12);
            if (TPixels.Value > 13) l13 = TSimd.MultiplyAdd(weight, TSimd.Broadcast(source[kx + 13]), l13);
        }
        TSimd floor = TSimd.Broadcast(arguments.Floor), ceiling = TSimd.Broadcast(arguments.Ceiling);
        float* destination = arguments.Destination;
        nint pixel = arguments.OutputPixel;
        if (TPooling.Value == 2)
        {
            TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, TSimd.MaxOrNaN(TSimd.MaxOrNaN(u0, u1), TSimd.MaxOrNaN(l0, l1)))), destination);
            if (TPixels.Value > 2) TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, TSimd.MaxOrNaN(TSimd.MaxOrNaN(u2, u3), TSimd.MaxOrNaN(l2, l3)))), destination + pixel);
            if (TPixels.Value > 4) TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, TSimd.MaxOrNaN(TSimd.MaxOrNaN(u4, u5), TSimd.MaxOrNaN(l4, l5)))), destination + 2 * pixel);
            if (TPixels.Value > 6) TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, TSimd.MaxOrNaN(TSimd.MaxOrNaN(u6, u7), TSimd.MaxOrNaN(l6, l7)))), destination + 3 * pixel);
            if (TPixels.Value > 8) TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, TSimd.MaxOrNaN(TSimd.MaxOrNaN(u8, u9), TSimd.MaxOrNaN(l8, l9)))), destination + 4 * pixel);
            if (TPixels.Value > 10) TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, TSimd.MaxOrNaN(TSimd.MaxOrNaN(u10, u11), TSimd.MaxOrNaN(l10, l11)))), destination + 5 * pixel);
            if (TPixels.Value > 12) TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, TSimd.MaxOrNaN(TSimd.MaxOrNaN(u12, u13), TSimd.MaxOrNaN(l12, l13)))), destination + 6 * pixel);
            return;
        }
        float* below = destination + arguments.OutputRow;
        TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u0)), destination); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l0)), below);
        TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u1)), destination + pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l1)), below + pixel);
        if (TPixels.Value > 2) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u2)), destination + 2 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l2)), below + 2 * pixel); }
        if (TPixels.Value > 3) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u3)), destination + 3 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l3)), below + 3 * pixel); }
        if (TPixels.Value > 4) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u4)), destination + 4 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l4)), below + 4 * pixel); }
        if (TPixels.Value > 5) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u5)), destination + 5 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l5)), below + 5 * pixel); }
        if (TPixels.Value > 6) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u6)), destination + 6 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l6)), below + 6 * pixel); }
        if (TPixels.Value > 7) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u7)), destination + 7 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l7)), below + 7 * pixel); }
        if (TPixels.Value > 8) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u8)), destination + 8 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l8)), below + 8 * pixel); }
        if (TPixels.Value > 9) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u9)), destination + 9 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l9)), below + 9 * pixel); }
        if (TPixels.Value > 10) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u10)), destination + 10 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l10)), below + 10 * pixel); }
        if (TPixels.Value > 11) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u11)), destination + 11 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l11)), below + 11 * pixel); }
        if (TPixels.Value > 12) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u12)), destination + 12 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l12)), below + 12 * pixel); }
        if (TPixels.Value > 13) { TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, u13)), destination + 13 * pixel); TSimd.Store(TSimd.Min(ceiling, TSimd.Max(floor, l13)), below + 13 * pixel); }
    }

    private struct Arguments
    {
        public float* Source, Weights, Destination;
        public nint InputStride, OutputRow, OutputPixel;
        public int KernelHeight, KernelWidth;
        public float Floor, Ceiling;
    }

    private readonly struct Fourteen : ITileSize
    {
        public static int Value => 14;
    }

    private readonly struct Six : ITileSize
    {
        public static int Value => 6;
    }

    private readonly struct Two : ITileSize
    {
        public static int Value => 2;
    }

    private readonly struct Pooled : ITileSize
    {
        public static int Value => 2;
    }

    private readonly struct Whole : ITileSize
    {
        public static int Value => 1;
    }
}
