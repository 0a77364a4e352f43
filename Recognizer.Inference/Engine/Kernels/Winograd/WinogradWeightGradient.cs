using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>Gradient by the weights of a convolution in the domain of Winograd's products: dW = Gᵀ [Σ over tiles (Bᵀ X B) ⊙ (A dY Aᵀ)] G, with the
/// points of the forward transform, for windows of 3×3 and for the 3×3 parts of larger ones. For each point a matrix product [channels, tiles] × [tiles, outputs]; sums of a block of channels over
/// all points stay in the second-level cache until they are transformed back.</summary>
internal sealed unsafe class WinogradWeightGradient<TSimd, TTransform> : ConvolutionWeightGradient
    where TSimd : unmanaged, ISimd<TSimd>
    where TTransform : struct, IWinogradTransform
{
    // Transformed inputs of so many channels lie together: a cache line.
    private const int ChannelBlock = ImageShape.ChannelBlock;

    // Floats of transformed gradients of a panel of outputs and of inputs of a block of channels: with their sums they should fit a
    // second-level cache of 1 MB.
    private const long CacheFloats = 160_000;

    private static readonly int s_panel = Tile.Vectors * TSimd.Count;

    private readonly WindowParts _parts;
    private readonly WinogradTiling _tiling;
    private readonly int _rowsPerChunk;

    public WinogradWeightGradient(in ConvolutionShape shape, ImageShape output)
        : base(shape, output)
    {
        _parts = new(shape);
        _tiling = new(MixedTiling.Of(shape.OutputHeight, TTransform.Kinds), MixedTiling.Of(shape.OutputWidth, TTransform.Kinds));
        _rowsPerChunk = (int)Math.Max(1, CacheFloats / ((long)Points * (s_panel + ChannelBlock) * _tiling.Columns.Count));
    }

    private static int Points => TTransform.Points * TTransform.Points;

    // Odd numbers of cache lines, so that points don't share sets of the cache.
    private static nint SumsSlot => ((nint)ChannelBlock * s_panel / 16 | 1) * 16;

    private int InputStride => Shape.Input.PixelStride;

    // Blocks of transformed input channels, those of one part of the window after another.
    private int Blocks => InputStride / ChannelBlock * _parts.Count;

    private int OutputStride => Output.PixelStride;

    private long ColumnsLength => (long)TTransform.Points * Math.Max(Shape.OutputWidth + 2, TTransform.Points) * 16;

    public override long ScratchLength(int images)
    {
        int rows = Math.Min(_rowsPerChunk, images * _tiling.Rows.Count), panels = (OutputStride + s_panel - 1) / s_panel;
        return Points * (Blocks * Slot(rows, ChannelBlock) + panels * Slot(rows, s_panel) + SumsSlot) + ColumnsLength;
    }

    public override void Add(float* input, float* outputGradient, int images, float* accumulator, float* scratch)
    {
        int totalRows = images * _tiling.Rows.Count, chunkRows = Math.Min(_rowsPerChunk, totalRows);
        float* sums = scratch;
        float* columns = sums + Points * SumsSlot;
        float* inputs = columns + ColumnsLength;
        // Chunks of nearly equal size.
        for (int chunks = (totalRows + chunkRows - 1) / chunkRows, first = 0; chunks > 0; chunks--)
        {
            int rows = (totalRows - first + chunks - 1) / chunks;
            nint inputSlot = Slot(rows, ChannelBlock), gradientSlot = Slot(rows, s_panel);
            var places = new TilePlaces(_tiling.Rows, _tiling.Columns, first, rows);
            float* gradients = inputs + Blocks * Points * inputSlot;
            for (int block = 0; block < Blocks; block++)
            {
                (int part, int channels) = Math.DivRem(block, InputStride / ChannelBlock);
                (int top, int left) = _parts.Start(part);
                for (int row = 0; row < rows; row++)
                {
                    (int n, int tileRow) = Math.DivRem(first + row, _tiling.Rows.Count);
                    float* source = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin
                        + (nint)(_tiling.Rows.Start(tileRow) - Shape.PadTop + top) * Shape.Input.RowStride + (nint)(left - Shape.PadLeft) * InputStride + channels * ChannelBlock;
                    float* tiles = inputs + block * Points * inputSlot;
                    (int longs, int shorts) = places.Of(row);
                    WinogradConvolution<TSimd, TTransform>.TransformInput(source, Shape.Input.RowStride, InputStride, ChannelBlock, _tiling.Rows.Outputs(tileRow), _tiling.Columns, columns,
                        tiles + (nint)longs * ChannelBlock, tiles + (nint)shorts * ChannelBlock, ChannelBlock, inputSlot);
                }
            }
            // The gradients of a panel stay in the cache while the inputs of all channels stream past.
            for (int k = 0; k < OutputStride; k += s_panel)
            {
                int panel = Math.Min(s_panel, OutputStride - k);
                for (int row = 0; row < rows; row++)
                {
                    (int n, int tileRow) = Math.DivRem(first + row, _tiling.Rows.Count);
                    TransformGradient(outputGradient + (long)n * Output.ImageStride + Output.Origin + k, panel, tileRow, columns, gradients, places.Of(row), gradientSlot);
                }
                for (int block = 0; block < Blocks; block++)
                {
                    (int part, int c) = Math.DivRem(block, InputStride / ChannelBlock);
                    int channels = Math.Min(ChannelBlock, Shape.Input.Channels - c * ChannelBlock);
                    Multiply(inputs + block * Points * inputSlot, inputSlot, gradients, gradientSlot, places, channels, panel, sums);
                    TransformBack(sums, channels, panel, part, columns, accumulator + (nint)c * ChannelBlock * _parts.Height * _parts.Width * OutputStride + k);
                }
            }
            first += rows;
        }
    }

    protected override void AddUp(float* sum, float* accumulator) => WeightSums.Add<TSimd>(sum, accumulator, AccumulatorLength);

    private nint Slot(int rows, int stride) => (((nint)rows * _tiling.Columns.Count * stride + 15) / 16 | 1) * 16;

    // A dY Aᵀ of one row of tiles. Where tiles overlap, the later one takes the gradient as zero: each pixel counts once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void TransformGradient(float* image, int channels, int tileRow, float* square, float* gradients, (int Longs, int Shorts) place, nint slot)
    {
        MixedTiling tileRows = _tiling.Rows, tileColumns = _tiling.Columns;
        nint rowStride = Output.RowStride;
        int height = tileRows.Outputs(tileRow), top = tileRows.Start(tileRow), ownTop = Overlap(tileRows, tileRow), pixelStride = OutputStride;
        float* masked = stackalloc float[TTransform.Outputs * 16];
        float* transformed = gradients + (nint)place.Longs * s_panel;
        for (int t = 0; t < tileColumns.Count; t++, transformed += s_panel)
        {
            if (t == tileColumns.Longs) transformed = gradients + (nint)place.Shorts * s_panel;
            int width = tileColumns.Outputs(t), left = tileColumns.Start(t), ownLeft = Overlap(tileColumns, t);
            for (int k = 0; k < channels; k += TSimd.Count)
            {
                float* pixel = image + top * rowStride + (nint)left * pixelStride + k;
                float* column = square;
                for (int x = 0; x < width; x++, pixel += pixelStride, column += TSimd.Count)
                {
                    float* source = pixel;
                    nint stride = rowStride;
                    if (ownTop > 0 || x < ownLeft)
                    {
                        for (int y = 0; y < height; y++)
                            TSimd.Store(y < ownTop || x < ownLeft ? TSimd.Zero : TSimd.Load(pixel + y * rowStride), masked + y * TSimd.Count);
                        source = masked;
                        stride = TSimd.Count;
                    }
                    TTransform.OutputGradient<TSimd>(height, source, stride, column, TTransform.Outputs * TSimd.Count);
                }
                float* line = square;
                float* point = transformed + k;
                for (int i = 0; i < height + 2; i++, line += TTransform.Outputs * TSimd.Count, point += TTransform.Points * slot)
                    TTransform.OutputGradient<TSimd>(width, line, TSimd.Count, point, slot);
            }
        }
    }

    // Outputs that a tile has in common with the one before.
    private static int Overlap(MixedTiling tiling, int tile) => tile == 0 ? 0 : tiling.Start(tile - 1) + tiling.Outputs(tile - 1) - tiling.Start(tile);

    // sums[point, channel, output] = Σ over the tiles that have the point
    private void Multiply(float* inputs, nint inputSlot, float* gradients, nint gradientSlot, in TilePlaces places, int channels, int outputs, float* sums)
    {
        TileArguments tile = new()
        {
            RowStride = sizeof(float),
            StepStride = ChannelBlock * sizeof(float),
            Segments = 1,
            BStride = (nint)s_panel * sizeof(float),
            Prefetch = gradientSlot * sizeof(float),
            CStride = (nint)s_panel * sizeof(float),
        };
        for (int point = 0; point < Points; point++, sums += SumsSlot, inputs += inputSlot, gradients += gradientSlot)
        {
            (int i, int j) = Math.DivRem(point, TTransform.Points);
            bool exists = i < _tiling.Rows.LongestPoints && j < _tiling.Columns.LongestPoints;
            (int first, int end) = exists ? places.With(i >= _tiling.Rows.ShortPoints, j >= _tiling.Columns.ShortPoints) : default;
            if (first == end)
            {
                new Span<float>(sums, channels * s_panel).Clear();
                continue;
            }
            tile.Steps = end - first;
            tile.A = (byte*)(inputs + (nint)first * ChannelBlock);
            tile.B = (byte*)(gradients + (nint)first * s_panel);
            tile.C = (byte*)sums;
            Tile.MultiplyRows<TSimd>(&tile, channels, outputs);
        }
    }

    // accumulator[channel, window, output] += Gᵀ S G, of the weights that belong to a part of the window.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void TransformBack(float* sums, int channels, int outputs, int part, float* square, float* accumulator)
    {
        nint slot = SumsSlot;
        int outputStride = OutputStride;
        float* result = stackalloc float[WindowParts.Side * 16];
        (int top, int left) = _parts.Start(part);
        (int ownTop, int ownLeft) = _parts.OwnStart(part);
        accumulator += (nint)(top * _parts.Width + left) * outputStride;
        for (int c = 0; c < channels; c++, sums += s_panel, accumulator += (nint)_parts.Height * _parts.Width * outputStride)
        {
            for (int k = 0; k < outputs; k += TSimd.Count)
            {
                float* source = sums + k;
                float* column = square;
                for (int i = 0; i < TTransform.Points; i++, source += slot, column += TSimd.Count)
                    TTransform.WeightGradient<TSimd>(source, TTransform.Points * slot, column, TTransform.Points * TSimd.Count);
                for (int i = ownTop; i < WindowParts.Side; i++)
                {
                    TTransform.WeightGradient<TSimd>(square + i * TTransform.Points * TSimd.Count, TSimd.Count, result, TSimd.Count);
                    for (int j = ownLeft; j < WindowParts.Side; j++)
                    {
                        float* weight = accumulator + (nint)(i * _parts.Width + j) * outputStride + k;
                        TSimd.Store(TSimd.Load(weight) + TSimd.Load(result + j * TSimd.Count), weight);
                    }
                }
            }
        }
    }
}
