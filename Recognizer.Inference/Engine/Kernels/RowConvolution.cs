using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>A convolution that computes one output row after another, and finishes each while it is hot.</summary>
internal abstract unsafe class RowConvolution<TSimd> : Convolution where TSimd : unmanaged, ISimd<TSimd>
{
    // Stride of output pixels, rounded up so that biases are read in whole panels.
    private readonly AlignedBuffer<float> _bias;

    protected RowConvolution(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output)
        : base(shape, epilogue, output) => _bias = new AlignedBuffer<float>((shape.OutputChannels + 31) / 32 * 32);

    /// <summary>Bias of each output channel, padded with zeros.</summary>
    protected float* Bias => _bias.Pointer;

    /// <summary>Whether rows leave <see cref="ConvolveRow"/> with bias and activation applied.</summary>
    protected bool ClampsInRegisters => Epilogue.Activation.IsClamp && !Epilogue.AddResidual;

    private int RowLength => Shape.OutputWidth * Residual.PixelStride;

    public override long ScratchLength(int images) => Epilogue.Pooling == FusedPooling.None ? 0 : 2 * RowLength;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        int height = Shape.OutputHeight, width = Shape.OutputWidth, stride = Residual.PixelStride;
        bool finish = !ClampsInRegisters;
        for (int n = 0; n < images; n++)
        {
            float* image = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin;
            float* result = output + (long)n * Output.ImageStride + Output.Origin;
            float* added = Epilogue.AddResidual ? residual + (long)n * Residual.ImageStride + Residual.Origin : null;
            // A pooled row needs two rows; an odd last one is dropped.
            int rows = Epilogue.Pooling == FusedPooling.Max2x2 ? height / 2 * 2 : height;
            for (int y = 0; y < rows; y++)
            {
                float* row = Epilogue.Pooling switch
                {
                    FusedPooling.None => result + (nint)y * Output.RowStride,
                    FusedPooling.Max2x2 => scratch + (y & 1) * RowLength,
                    _ => scratch,
                };
                ConvolveRow(image, y, row);
                if (finish) RowEpilogue.Activate<TSimd>(row, added == null ? null : added + (nint)y * Residual.RowStride, RowLength, Epilogue.Activation);
                if (Epilogue.Pooling == FusedPooling.Max2x2 && (y & 1) == 1)
                    RowEpilogue.MaxPool<TSimd>(scratch, scratch + RowLength, stride, result + (nint)(y / 2) * Output.RowStride, stride, width / 2, stride);
                else if (Epilogue.Pooling == FusedPooling.GlobalAverage)
                    RowEpilogue.Accumulate<TSimd>(scratch, stride, width, result, stride, y == 0, y == height - 1 ? 1f / (height * width) : 1);
            }
        }
        GC.KeepAlive(this);
    }

    public override void Dispose() => _bias.Dispose();

    /// <summary>Writes one output row, before pooling: bias added, and clamped if <see cref="ClampsInRegisters"/>.</summary>
    /// <param name="image">Pixel (0, 0) of the input.</param>
    /// <param name="y">Output row.</param>
    /// <param name="row">Its first pixel.</param>
    protected abstract void ConvolveRow(float* image, int y, float* row);

    protected override void PackBias(ReadOnlySpan<float> bias)
    {
        if (bias.Length == 0) _bias.Span.Clear();
        else bias.CopyTo(_bias.Span);
    }
}
