using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Gradient by the weights of a 3×3 convolution in the domain of Winograd's products: dW = Gᵀ [Σ over tiles (Bᵀ X B) ⊙ (A dY Aᵀ)] G, with the
/// points of the forward transform. For each point a matrix product [channels, tiles] × [tiles, outputs]; sums of a block of channels over
/// all points stay in the second-level cache until they are transformed back.</summary>
internal sealed unsafe class WinogradWeightGradient<TSimd, TTransform> : ConvolutionWeightGradient
    where TSimd : unmanaged, ISimd<TSimd>
    where TTransform : struct, IWinogradTransform
{
    // Floats of transformed inputs and gradients together, and of sums: together they should fit a second-level cache of 1 MB or
    // little more.
    private const long CacheFloats = 340_000, SumFloats = 90_000;

    private static readonly int s_panel = Tile.Vectors * TSimd.Count;

    private readonly WinogradTiling _tiling;
    private readonly int _rowsPerChunk;
    private readonly int _channelBlock;

    public WinogradWeightGradient(in ConvolutionShape shape, ImageShape output)
        : base(shape, output)
    {
        _tiling = new(shape.OutputHeight, shape.OutputWidth, TTransform.Outputs);
        _rowsPerChunk = (int)Math.Max(1, CacheFloats / ((long)Points * (shape.Input.PixelStride + output.PixelStride) * _tiling.Columns));
        _channelBlock = (int)Math.Clamp(SumFloats / ((long)Points * output.PixelStride) / 8 * 8, 8, (shape.Input.Channels + 7) / 8 * 8);
    }

    private static int Points => TTransform.Points * TTransform.Points;

    private int InputStride => Shape.Input.PixelStride;

    private int OutputStride => Output.PixelStride;

    private long ColumnsLength => (long)TTransform.Points * Math.Max(Shape.OutputWidth + 2, TTransform.Points) * 16;

    private long SumsLength => Points * SumsSlot;

    // Odd numbers of cache lines, so that points don't share sets of the cache.
    private nint SumsSlot => ((nint)_channelBlock * OutputStride / 16 | 1) * 16;

    public override long ScratchLength(int images)
    {
        int rows = Math.Min(_rowsPerChunk, images * _tiling.Rows);
        return Points * (Slot(rows, InputStride) + Slot(rows, OutputStride)) + SumsLength + ColumnsLength;
    }

    public override void Add(float* input, float* outputGradient, int images, float* accumulator, float* scratch)
    {
        int totalRows = images * _tiling.Rows, chunkRows = Math.Min(_rowsPerChunk, totalRows);
        float* sums = scratch + Points * (Slot(chunkRows, InputStride) + Slot(chunkRows, OutputStride));
        float* columns = sums + SumsLength;
        // Chunks of nearly equal size.
        for (int chunks = (totalRows + chunkRows - 1) / chunkRows, first = 0; chunks > 0; chunks--)
        {
            int rows = (totalRows - first + chunks - 1) / chunks;
            nint inputSlot = Slot(rows, InputStride), gradientSlot = Slot(rows, OutputStride);
            float* gradients = scratch + Points * inputSlot;
            for (int row = 0; row < rows; row++)
            {
                (int n, int tileRow) = Math.DivRem(first + row, _tiling.Rows);
                nint tile = (nint)row * _tiling.Columns;
                float* source = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin
                    + (nint)(_tiling.Top(tileRow) - Shape.PadTop) * Shape.Input.RowStride - (nint)Shape.PadLeft * InputStride;
                WinogradConvolution<TSimd, TTransform>.TransformInput(source, Shape.Input.RowStride, InputStride, _tiling, columns, scratch + tile * InputStride, inputSlot);
                TransformGradient(outputGradient + (long)n * Output.ImageStride + Output.Origin, Output.RowStride, OutputStride, _tiling, tileRow, columns,
                    gradients + tile * OutputStride, gradientSlot);
            }
            for (int c = 0; c < Shape.Input.Channels; c += _channelBlock)
            {
                int block = Math.Min(_channelBlock, Shape.Input.Channels - c);
                Multiply(scratch + c, inputSlot, gradients, gradientSlot, rows * _tiling.Columns, block, sums);
                TransformBack(sums, SumsSlot, block, OutputStride, columns, accumulator + (nint)c * 9 * OutputStride);
            }
            first += rows;
        }
    }

    protected override void AddUp(float* sum, float* accumulator) => WeightSums.Add<TSimd>(sum, accumulator, AccumulatorLength);

    private nint Slot(int rows, int stride) => ((nint)rows * _tiling.Columns * stride / 16 | 1) * 16;

    // A dY Aᵀ of one row of tiles. Where tiles overlap, the later one takes the gradient as zero: each pixel counts once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void TransformGradient(float* image, nint rowStride, int pixelStride, WinogradTiling tiling, int tileRow, float* square, float* transformed, nint slot)
    {
        int size = TTransform.Outputs, points = TTransform.Points, top = tiling.Top(tileRow), ownTop = tileRow * size - top;
        float* masked = stackalloc float[TTransform.Outputs * 16];
        for (int t = 0; t < tiling.Columns; t++, transformed += pixelStride)
        {
            int left = tiling.Left(t), ownLeft = t * size - left;
            for (int k = 0; k < pixelStride; k += TSimd.Count)
            {
                float* pixel = image + top * rowStride + (nint)left * pixelStride + k;
                float* column = square;
                for (int x = 0; x < TTransform.Outputs; x++, pixel += pixelStride, column += TSimd.Count)
                {
                    float* source = pixel;
                    nint stride = rowStride;
                    if (ownTop > 0 || x < ownLeft)
                    {
                        for (int y = 0; y < TTransform.Outputs; y++)
                            TSimd.Store(y < ownTop || x < ownLeft ? TSimd.Zero : TSimd.Load(pixel + y * rowStride), masked + y * TSimd.Count);
                        source = masked;
                        stride = TSimd.Count;
                    }
                    TTransform.OutputGradient<TSimd>(source, stride, column, TTransform.Outputs * TSimd.Count);
                }
                float* line = square;
                float* point = transformed + k;
                for (int i = 0; i < points; i++, line += TTransform.Outputs * TSimd.Count, point += points * slot)
                    TTransform.OutputGradient<TSimd>(line, TSimd.Count, point, slot);
            }
        }
    }

    // sums[point, channel, output] = Σ over tiles
    private void Multiply(float* inputs, nint inputSlot, float* gradients, nint gradientSlot, int tiles, int channels, float* sums)
    {
        TileArguments tile = new()
        {
            RowStride = sizeof(float),
            StepStride = (nint)InputStride * sizeof(float),
            Segments = 1,
            Steps = tiles,
            BStride = (nint)OutputStride * sizeof(float),
            Prefetch = gradientSlot * sizeof(float),
            CStride = (nint)OutputStride * sizeof(float),
        };
        for (int point = 0; point < Points; point++)
        {
            tile.A = (byte*)(inputs + point * inputSlot);
            for (int k = 0; k < OutputStride; k += s_panel)
            {
                tile.B = (byte*)(gradients + point * gradientSlot + k);
                tile.C = (byte*)(sums + point * SumsSlot + k);
                Tile.MultiplyRows<TSimd>(tile, channels, Math.Min(s_panel, OutputStride - k));
            }
        }
    }

    // accumulator[channel, 9, output] += Gᵀ S G
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void TransformBack(float* sums, nint slot, int channels, int outputStride, float* square, float* accumulator)
    {
        float* result = stackalloc float[3 * 16];
        for (int c = 0; c < channels; c++, sums += outputStride, accumulator += 9 * outputStride)
        {
            for (int k = 0; k < outputStride; k += TSimd.Count)
            {
                float* source = sums + k;
                float* column = square;
                for (int i = 0; i < TTransform.Points; i++, source += slot, column += TSimd.Count)
                    TTransform.WeightGradient<TSimd>(source, TTransform.Points * slot, column, TTransform.Points * TSimd.Count);
                float* line = square;
                float* weight = accumulator + k;
                for (int i = 0; i < 3; i++, line += TTransform.Points * TSimd.Count)
                {
                    TTransform.WeightGradient<TSimd>(line, TSimd.Count, result, TSimd.Count);
                    for (int j = 0; j < 3; j++, weight += outputStride)
                        TSimd.Store(TSimd.Load(weight) + TSimd.Load(result + j * TSimd.Count), weight);
                }
            }
        }
    }
}
