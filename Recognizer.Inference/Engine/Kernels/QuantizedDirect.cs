namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Direct convolution of levels in pairs of 16-bit integers with 32-bit sums.</summary>
internal sealed unsafe class QuantizedDirect<TInteger, TSimd> : QuantizedConvolution
    where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    private static readonly int s_panel = Tile.Vectors * TInteger.Count;

    // Byte offsets of the window's positions in the packed input.
    private readonly AlignedBuffer<nint> _offsets;

    // [panels, positions, pairs of channels, panel]
    private readonly AlignedBuffer<int> _weights;
    private readonly AlignedBuffer<int> _bias;
    private readonly int _pairs;
    private readonly int _positions;

    public QuantizedDirect(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, ReadOnlySpan<float> scales)
        : base(shape, epilogue, output, scales)
    {
        int channels = shape.Input.Channels;
        _positions = shape.KernelHeight * shape.KernelWidth;
        _pairs = PairPacking.Pairs(shape.Input.PixelStride, TInteger.Count);
        _offsets = new AlignedBuffer<nint>(_positions);
        for (int i = 0; i < _positions; i++)
        {
            (int ky, int kx) = Math.DivRem(i, shape.KernelWidth);
            _offsets.Pointer[i] = ((nint)ky * shape.DilationY * PackedRow + (nint)kx * shape.DilationX * _pairs) * sizeof(int);
        }
        int panels = (Residual.PixelStride + s_panel - 1) / s_panel;
        _weights = new AlignedBuffer<int>((long)panels * _positions * _pairs * s_panel);
        _bias = new AlignedBuffer<int>(panels * s_panel);
        bias.CopyTo(_bias.Span);
        for (int o = 0; o < shape.OutputChannels; o++)
        {
            (int panel, int lane) = Math.DivRem(o, s_panel);
            for (int c = 0; c < channels; c++)
            {
                for (int i = 0; i < _positions; i++)
                {
                    int* pair = _weights.Pointer + (((long)panel * _positions + i) * _pairs + PairPacking.PairOf(c, TInteger.Count)) * s_panel + lane;
                    ((short*)pair)[PairPacking.HalfOf(c, TInteger.Count)] = weights[(o * channels + c) * _positions + i];
                }
            }
        }
    }

    public override string Algorithm => "Direct int8";

    private int PackedRow => (Shape.Input.Width + 2 * Shape.Input.Border) * _pairs;

    private int PackedImage => (Shape.Input.Height + 2 * Shape.Input.Border) * PackedRow;

    private int RowLength => Shape.OutputWidth * Residual.PixelStride;

    public override long ScratchLength(int images) => (PackedImage + 15) / 16 * 16 + 2 * RowLength;

    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        float* rows = scratch + (PackedImage + 15) / 16 * 16;
        int channels = Residual.PixelStride, height = Epilogue.Pool ? Shape.OutputHeight / 2 * 2 : Shape.OutputHeight;
        for (int n = 0; n < images; n++)
        {
            PairPacking.Run<TInteger, TSimd>(input + (long)n * Shape.Input.ImageStride, Shape.Input.PixelStride, PackedImage / _pairs, scratch);
            for (int y = 0; y < height; y++)
            {
                float* sums = rows + (y & 1) * RowLength;
                Convolve(scratch, y, sums);
                float* added = residual == null ? null : residual + (long)n * Residual.ImageStride + Residual.Origin + (nint)y * Residual.RowStride;
                float* result = output + (long)n * Output.ImageStride + Output.Origin;
                Requantize<IntegerSums<TInteger, TSimd>, TSimd>(sums, added, Epilogue.Pool ? sums : result + (nint)y * Output.RowStride, Shape.OutputWidth, channels);
                if (Epilogue.Pool && (y & 1) == 1)
                    RowEpilogue.MaxPool<TSimd>(rows, rows + RowLength, channels, result + (nint)(y / 2) * Output.RowStride, channels, Output.Width, channels);
            }
        }
        GC.KeepAlive(this);
    }

    public override void Dispose()
    {
        base.Dispose();
        _offsets.Dispose();
        _weights.Dispose();
        _bias.Dispose();
    }

    private void Convolve(float* packed, int y, float* sums)
    {
        int outputs = Residual.PixelStride, border = Shape.Input.Border;
        TileArguments tile = new()
        {
            A = (byte*)(packed + (nint)(border + y * Shape.StrideY - Shape.PadTop) * PackedRow + (nint)(border - Shape.PadLeft) * _pairs),
            RowStride = (nint)Shape.StrideX * _pairs * sizeof(int),
            StepStride = sizeof(int),
            SegmentOffsets = _offsets.Pointer,
            Segments = _positions,
            Steps = _pairs,
            BStride = s_panel * sizeof(int),
            CStride = (nint)outputs * sizeof(int),
            Start = TileStart.Bias,
        };
        for (int j = 0; j < outputs; j += s_panel)
        {
            tile.B = (byte*)(_weights.Pointer + (long)j * _positions * _pairs);
            tile.C = (byte*)(sums + j);
            tile.Bias = (float*)(_bias.Pointer + j);
            Tile.MultiplyRows<TInteger>(&tile, Shape.OutputWidth, Math.Min(s_panel, outputs - j));
        }
    }
}
