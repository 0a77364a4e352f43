using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>Gradient by weights of any convolution. For a position of the window, a register tile of input channels × outputs adds up over
/// all pixels of an image; with one input channel, a tile of the window's columns × outputs.</summary>
internal sealed unsafe class DirectWeightGradient<TSimd>(in ConvolutionShape shape, ImageShape output) : ConvolutionWeightGradient(shape, output)
    where TSimd : unmanaged, ISimd<TSimd>
{
    private static readonly int s_panel = Tile.Vectors * TSimd.Count;

    private bool IsDepthwise => Shape.Groups > 1 && Shape.GroupChannels == 1 && Shape.OutputChannels == Shape.Groups;

    public override long ScratchLength(int images) => (Shape.OutputHeight * sizeof(nint) / sizeof(float) + 15) / 16 * 16;

    public override void Add(float* input, float* outputGradient, int images, float* accumulator, float* scratch)
    {
        nint* rows = (nint*)scratch;
        for (int y = 0; y < Shape.OutputHeight; y++) rows[y] = (nint)y * Shape.StrideY * Shape.Input.RowStride * sizeof(float);
        for (int n = 0; n < images; n++)
        {
            float* image = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin
                - (nint)Shape.PadTop * Shape.Input.RowStride - (nint)Shape.PadLeft * Shape.Input.PixelStride;
            float* gradient = outputGradient + (long)n * Output.ImageStride + Output.Origin;
            if (IsDepthwise) AddDepthwise(image, gradient, accumulator);
            else AddImage(image, gradient, accumulator, rows);
        }
    }

    protected override void AddUp(float* sum, float* accumulator) => WeightSums.Add<TSimd>(sum, accumulator, AccumulatorLength);

    private void AddImage(float* image, float* gradient, float* accumulator, nint* rows)
    {
        int positions = Shape.KernelHeight * Shape.KernelWidth, groupOutputs = Shape.OutputChannels / Shape.Groups, stride = AccumulatorStride;
        // With one channel the columns of the window lie next to each other in the image and in the accumulator.
        bool tilesColumns = Shape.Input.Channels == 1;
        TileArguments tile = new()
        {
            RowStride = (tilesColumns ? (nint)Shape.DilationX : 1) * sizeof(float),
            StepStride = (nint)Shape.StrideX * Shape.Input.PixelStride * sizeof(float),
            SegmentOffsets = rows,
            Segments = Shape.OutputHeight,
            Steps = Shape.OutputWidth,
            BStride = (nint)Output.PixelStride * sizeof(float),
            BGap = ((nint)Output.RowStride - (nint)Shape.OutputWidth * Output.PixelStride) * sizeof(float),
            CStride = (nint)(tilesColumns ? 1 : positions) * stride * sizeof(float),
            Start = TileStart.Accumulate,
        };
        for (int position = 0; position < positions; position += tilesColumns ? Shape.KernelWidth : 1)
        {
            (int ky, int kx) = Math.DivRem(position, Shape.KernelWidth);
            float* window = image + (nint)ky * Shape.DilationY * Shape.Input.RowStride + (nint)kx * Shape.DilationX * Shape.Input.PixelStride;
            for (int g = 0; g < Shape.Groups; g++)
            {
                int first = g * groupOutputs, end = Shape.Groups == 1 ? stride : first + groupOutputs;
                for (int o = first; o < end; o += s_panel)
                {
                    tile.A = (byte*)(window + g * Shape.GroupChannels);
                    tile.B = (byte*)(gradient + o);
                    tile.C = (byte*)(accumulator + (nint)position * stride + o);
                    Tile.MultiplyRows<TSimd>(&tile, tilesColumns ? Shape.KernelWidth : Shape.GroupChannels, Math.Min(s_panel, end - o));
                }
            }
        }
    }

    // Vectors run over channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void AddDepthwise(float* image, float* gradient, float* accumulator)
    {
        int stride = Output.PixelStride, positions = Shape.KernelHeight * Shape.KernelWidth;
        nint pixel = (nint)Shape.StrideX * stride;
        for (int position = 0; position < positions; position++)
        {
            (int ky, int kx) = Math.DivRem(position, Shape.KernelWidth);
            float* window = image + (nint)ky * Shape.DilationY * Shape.Input.RowStride + (nint)kx * Shape.DilationX * stride;
            for (int c = 0; c < stride; c += TSimd.Count)
            {
                TSimd even = TSimd.Load(accumulator + (nint)position * stride + c), odd = TSimd.Zero;
                for (int y = 0; y < Shape.OutputHeight; y++)
                {
                    float* x = window + (nint)y * Shape.StrideY * Shape.Input.RowStride + c;
                    float* d = gradient + (nint)y * Output.RowStride + c;
                    int i = 0;
                    for (; i <= Shape.OutputWidth - 2; i += 2, x += 2 * pixel, d += 2 * stride)
                    {
                        even = TSimd.MultiplyAdd(TSimd.Load(x), TSimd.Load(d), even);
                        odd = TSimd.MultiplyAdd(TSimd.Load(x + pixel), TSimd.Load(d + stride), odd);
                    }
                    if (i < Shape.OutputWidth) even = TSimd.MultiplyAdd(TSimd.Load(x), TSimd.Load(d), even);
                }
                TSimd.Store(even + odd, accumulator + (nint)position * stride + c);
            }
        }
    }
}
