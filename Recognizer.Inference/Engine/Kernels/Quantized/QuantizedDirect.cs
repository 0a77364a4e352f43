using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>Direct convolution of levels with 32-bit sums: a register tile of pixels and outputs at a time, over the words of the window.</summary>
/// <typeparam name="TWords">How levels lie in words.</typeparam>
/// <typeparam name="TVector">Multiplies and adds such words.</typeparam>
/// <typeparam name="TInteger">Reads the sums.</typeparam>
/// <typeparam name="TSimd">As many floats.</typeparam>
internal sealed unsafe class QuantizedDirect<TWords, TVector, TInteger, TSimd> : QuantizedConvolution
    where TWords : struct, ILevelWords
    where TVector : unmanaged, ITileVector<TVector>
    where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    private static int PanelWidth => Tile.Vectors * TVector.Count;

    // Byte offsets of the window's positions in the packed input.
    private readonly AlignedBuffer<nint> _offsets;

    // [panels, positions, used words of a pixel, panel]
    private readonly AlignedBuffer<int> _weights;
    private readonly AlignedBuffer<int> _bias;
    private readonly int _low;
    private readonly int _words;
    private readonly int _usedWords;
    private readonly int _positions;

    public QuantizedDirect(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, int low, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, ReadOnlySpan<float> scales)
        : base(shape, epilogue, output, scales)
    {
        int channels = shape.Input.Channels;
        _low = low;
        _positions = shape.KernelHeight * shape.KernelWidth;
        (_words, _usedWords) = (TWords.Words(shape.Input.PixelStride), TWords.UsedWords(channels));
        _offsets = new AlignedBuffer<nint>(_positions);
        for (int i = 0; i < _positions; i++)
        {
            (int ky, int kx) = Math.DivRem(i, shape.KernelWidth);
            _offsets.Pointer[i] = ((nint)ky * shape.DilationY * PackedRow + (nint)kx * shape.DilationX * _words) * sizeof(int);
        }
        int panels = (Residual.PixelStride + PanelWidth - 1) / PanelWidth;
        _weights = new AlignedBuffer<int>((long)panels * _positions * _usedWords * PanelWidth);
        _bias = new AlignedBuffer<int>(panels * PanelWidth);
        bias.CopyTo(_bias.Span);
        for (int o = 0; o < shape.OutputChannels; o++)
        {
            (int panel, int lane) = Math.DivRem(o, PanelWidth);
            for (int c = 0; c < channels; c++)
            {
                for (int i = 0; i < _positions; i++)
                {
                    sbyte weight = weights[(o * channels + c) * _positions + i];
                    TWords.SetWeight(_weights.Pointer + (((long)panel * _positions + i) * _usedWords + TWords.WordOf(c)) * PanelWidth + lane, c, weight);
                    // Of the border too: its levels are 0 and packed like all others.
                    _bias.Pointer[o] += TWords.Offset(low) * weight;
                }
            }
        }
    }

    public override string Algorithm => $"Direct int8 by {TWords.Name}";

    private int PackedRow => (Shape.Input.Width + 2 * Shape.Input.Border) * _words;

    private int PackedImage => (Shape.Input.Height + 2 * Shape.Input.Border) * PackedRow;

    private int RowLength => Shape.OutputWidth * Residual.PixelStride;

    public override long ScratchLength(int images) => (PackedImage + 15) / 16 * 16 + 2 * RowLength;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        float* rows = scratch + (PackedImage + 15) / 16 * 16;
        int channels = Residual.PixelStride, height = Epilogue.Pool ? Shape.OutputHeight / 2 * 2 : Shape.OutputHeight;
        for (int n = 0; n < images; n++)
        {
            TWords.Pack(input + (long)n * Shape.Input.ImageStride, Shape.Input.PixelStride, PackedImage / _words, _low, scratch);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Convolve(float* packed, int y, float* sums)
    {
        int outputs = Residual.PixelStride, border = Shape.Input.Border;
        TileArguments tile = new()
        {
            A = (byte*)(packed + (nint)(border + y * Shape.StrideY - Shape.PadTop) * PackedRow + (nint)(border - Shape.PadLeft) * _words),
            RowStride = (nint)Shape.StrideX * _words * sizeof(int),
            StepStride = sizeof(int),
            SegmentOffsets = _offsets.Pointer,
            Segments = _positions,
            Steps = _usedWords,
            BStride = PanelWidth * sizeof(int),
            CStride = (nint)outputs * sizeof(int),
            Start = TileStart.Bias,
        };
        for (int j = 0; j < outputs; j += PanelWidth)
        {
            tile.B = (byte*)(_weights.Pointer + (long)j * _positions * _usedWords);
            tile.C = (byte*)(sums + j);
            tile.Bias = (float*)(_bias.Pointer + j);
            Tile.MultiplyRows<TVector>(&tile, Shape.OutputWidth, Math.Min(PanelWidth, outputs - j));
        }
    }
}
