using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>A convolution that computes a few output rows after another, and finishes them while they are hot.</summary>
internal abstract unsafe class RowConvolution<TSimd> : Convolution where TSimd : unmanaged, ISimd<TSimd>
{
    // Floats of input, and of output that isn't finished yet, that stay in a first-level cache of 48 KB beside a panel of weights.
    private const int CacheFloats = 7500;

    // Stride of output pixels, rounded up so that biases are read in whole panels.
    private readonly AlignedBuffer<float> _bias;

    protected RowConvolution(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output)
        : base(shape, epilogue, output) => _bias = new AlignedBuffer<float>((shape.OutputChannels + 31) / 32 * 32);

    /// <summary>Bias of each output channel, padded with zeros.</summary>
    protected float* Bias => _bias.Pointer;

    /// <summary>Whether rows leave <see cref="ConvolveRows"/> with bias and activation applied.</summary>
    protected bool ClampsInRegisters => Epilogue.Activation.IsClamp && !Epilogue.AddResidual;

    private int RowLength => Shape.OutputWidth * Residual.PixelStride;

    private bool IsDirect => Epilogue.Pooling == FusedPooling.None;

    // Rows that are computed together, in blocks of nearly equal size. A pooled row needs two.
    private int BlockRows
    {
        get
        {
            long floats = (long)Shape.StrideY * Shape.Input.RowStride + (IsDirect && ClampsInRegisters ? 0 : RowLength);
            int most = (int)Math.Clamp(CacheFloats / floats, 1, Shape.OutputHeight), blocks = (Shape.OutputHeight + most - 1) / most, rows = (Shape.OutputHeight + blocks - 1) / blocks;
            return Epilogue.Pooling == FusedPooling.Max2x2 ? (rows + 1) / 2 * 2 : rows;
        }
    }

    public override long ScratchLength(int images) => IsDirect ? 0 : (long)BlockRows * RowLength;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        int height = Shape.OutputHeight, width = Shape.OutputWidth, stride = Residual.PixelStride;
        int block = BlockRows;
        bool finish = !ClampsInRegisters;
        nint rowStride = IsDirect ? Output.RowStride : RowLength;
        for (int n = 0; n < images; n++)
        {
            float* image = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin;
            float* result = output + (long)n * Output.ImageStride + Output.Origin;
            float* added = Epilogue.AddResidual ? residual + (long)n * Residual.ImageStride + Residual.Origin : null;
            // A last row without a partner is dropped.
            int rows = Epilogue.Pooling == FusedPooling.Max2x2 ? height / 2 * 2 : height;
            for (int y = 0, count; y < rows; y += count)
            {
                count = Math.Min(block, rows - y);
                float* first = IsDirect ? result + (nint)y * Output.RowStride : scratch;
                ConvolveRows(image, y, count, first, rowStride);
                if (finish)
                {
                    for (int i = 0; i < count; i++)
                        RowEpilogue.Activate<TSimd>(first + i * rowStride, added == null ? null : added + (nint)(y + i) * Residual.RowStride, RowLength, Epilogue.Activation);
                }
                if (Epilogue.Pooling == FusedPooling.Max2x2)
                {
                    for (int i = 0; i < count; i += 2)
                        RowEpilogue.MaxPool<TSimd>(first + i * rowStride, first + (i + 1) * rowStride, stride, result + (nint)((y + i) / 2) * Output.RowStride, stride, width / 2, stride);
                }
                else if (Epilogue.Pooling == FusedPooling.GlobalAverage)
                    RowEpilogue.Accumulate<TSimd>(first, stride, count * width, result, stride, y == 0, y + count == height ? 1f / (height * width) : 1);
            }
        }
        GC.KeepAlive(this);
    }

    public override void Dispose() => _bias.Dispose();

    /// <summary>Writes output rows, before pooling: bias added, and clamped if <see cref="ClampsInRegisters"/>.</summary>
    /// <param name="image">Pixel (0, 0) of the input.</param>
    /// <param name="y">First output row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="output">First pixel of the first row.</param>
    /// <param name="rowStride">Floats from one row of the output to the next.</param>
    protected abstract void ConvolveRows(float* image, int y, int rows, float* output, nint rowStride);

    protected override void PackBias(ReadOnlySpan<float> bias)
    {
        if (bias.Length == 0) _bias.Span.Clear();
        else bias.CopyTo(_bias.Span);
    }
}
