using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>Direct convolution of any shape: for a row of output pixels and a panel of output channels, a register tile adds up over the
/// window's positions and the input channels. Groups are a matter of which input channels a panel reads.</summary>
internal sealed unsafe class DirectConvolution<TSimd> : RowConvolution<TSimd> where TSimd : unmanaged, ISimd<TSimd>
{
    private static int PanelWidth => Tile.Vectors * TSimd.Count;

    // Byte offsets of the window's positions in the input.
    private readonly AlignedBuffer<nint> _offsets;

    // For each panel [segments, steps, panel].
    private readonly AlignedBuffer<float> _weights;
    private readonly Panel[] _panels;
    private readonly int _segments;

    // Adjacent positions of a row are one segment when nothing lies between them.
    private readonly bool _mergesColumns;

    public DirectConvolution(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output)
        : base(shape, epilogue, output)
    {
        int outputs = Residual.PixelStride, groupOutputs = shape.OutputChannels / shape.Groups, positions = shape.KernelHeight * shape.KernelWidth;
        _panels = new Panel[(outputs + PanelWidth - 1) / PanelWidth];
        _mergesColumns = shape.Groups == 1 && shape.DilationX == 1 && shape.Input.Channels == shape.Input.PixelStride;
        _segments = _mergesColumns ? shape.KernelHeight : positions;
        _offsets = new AlignedBuffer<nint>(_segments);
        for (int i = 0; i < _segments; i++)
        {
            (int ky, int kx) = _mergesColumns ? (i, 0) : Math.DivRem(i, shape.KernelWidth);
            _offsets.Pointer[i] = ((nint)ky * shape.DilationY * shape.Input.RowStride + kx * shape.DilationX * shape.Input.PixelStride) * sizeof(float);
        }
        long length = 0;
        for (int p = 0; p < _panels.Length; p++)
        {
            // A panel of nothing but padding reads what the last channel reads, with weights of zero.
            int first = Math.Min(p * PanelWidth, shape.OutputChannels - 1) / groupOutputs, last = Math.Min((p + 1) * PanelWidth, shape.OutputChannels) - 1;
            int firstChannel = first * shape.GroupChannels, channels = (last / groupOutputs + 1 - first) * shape.GroupChannels;
            _panels[p] = new(firstChannel, channels, length);
            length += (long)positions * channels * PanelWidth;
        }
        _weights = new AlignedBuffer<float>(length);
    }

    public override void Dispose()
    {
        base.Dispose();
        _offsets.Dispose();
        _weights.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    protected override void ConvolveRows(float* image, int y, int rows, float* output, nint rowStride)
    {
        nint inputStride = (nint)Shape.StrideY * Shape.Input.RowStride;
        float* origin = image + y * inputStride - (nint)Shape.PadTop * Shape.Input.RowStride - (nint)Shape.PadLeft * Shape.Input.PixelStride;
        int outputs = Residual.PixelStride, pixels = Shape.OutputWidth;
        // Rows without gaps are one long row, with fewer tiles that aren't full.
        if (inputStride == (nint)pixels * Shape.StrideX * Shape.Input.PixelStride && rowStride == (nint)pixels * outputs) (pixels, rows) = (rows * pixels, 1);
        TileArguments tile = new()
        {
            RowStride = (nint)Shape.StrideX * Shape.Input.PixelStride * sizeof(float),
            StepStride = sizeof(float),
            SegmentOffsets = _offsets.Pointer,
            Segments = _segments,
            BStride = PanelWidth * sizeof(float),
            CStride = (nint)outputs * sizeof(float),
            Start = TileStart.Bias,
            Clamp = ClampsInRegisters && Epilogue.Activation.Kind != ActivationKind.None,
            Floor = Epilogue.Activation.Floor,
            Ceiling = Epilogue.Activation.Ceiling,
        };
        for (int p = 0; p < _panels.Length; p++)
        {
            Panel panel = _panels[p];
            tile.Steps = _mergesColumns ? Shape.KernelWidth * panel.Channels : panel.Channels;
            tile.B = (byte*)(_weights.Pointer + panel.Offset);
            tile.Bias = Bias + p * PanelWidth;
            for (int i = 0; i < rows; i++)
            {
                tile.A = (byte*)(origin + i * inputStride + panel.FirstChannel);
                tile.C = (byte*)(output + i * rowStride + p * PanelWidth);
                Tile.MultiplyRows<TSimd>(&tile, pixels, Math.Min(PanelWidth, outputs - p * PanelWidth));
            }
        }
    }

    protected override void PackWeights(float* weightsOIHW)
    {
        int positions = Shape.KernelHeight * Shape.KernelWidth, groupOutputs = Shape.OutputChannels / Shape.Groups;
        for (int p = 0; p < _panels.Length; p++)
        {
            Panel panel = _panels[p];
            float* packed = _weights.Pointer + panel.Offset;
            for (int j = 0; j < PanelWidth && p * PanelWidth + j < Shape.OutputChannels; j++)
            {
                int o = p * PanelWidth + j;
                // Channels of other groups keep their weight of zero.
                int skipped = o / groupOutputs * Shape.GroupChannels - panel.FirstChannel;
                float* source = weightsOIHW + (long)o * Shape.GroupChannels * positions;
                for (int c = 0; c < Shape.GroupChannels; c++)
                    for (int i = 0; i < positions; i++) packed[((long)i * panel.Channels + skipped + c) * PanelWidth + j] = *source++;
            }
        }
    }

    private readonly record struct Panel(int FirstChannel, int Channels, long Offset);
}
