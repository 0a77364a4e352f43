using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>3×3 convolution of levels by Winograd's F(4×4, 3×3) in integers, exactly. The points are 0, ±1, ±2 and ∞.
/// <para>Transformed inputs are integers below 100 · 255 and fit 16 bits. Rows of the weight transform lose their denominators Nᵢ (4, −6, −6, 24, 24, 1), so that
/// transformed weights are integers up to 49 · 128. The products' sums may overflow, which is no harm: all arithmetic is modulo 2³². The transform back gives
/// 24 · 24 times the output or a divisor of it, 9 · 2ˢ with s ≤ 6; multiplying by the inverse of 9 modulo 2³² and shifting down gives the output itself, as long as it
/// fits 32 − s bits with its sign.</para></summary>
internal sealed unsafe class QuantizedWinograd<TInteger, TSimd> : QuantizedConvolution
    where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <summary>Largest magnitude of sums that are recovered.</summary>
    public const long MostSum = (1 << 25) - 1;

    private const int Outputs = 4, Side = Outputs + 2, Points = Side * Side;

    // 9 · 954437177 = 1 modulo 2³².
    private const int InverseOfNine = 954437177;

    // Floats of ring that leave room for weights in a second-level cache of 1 MB.
    private const long CacheFloats = 150_000;

    // Rows of results that wait for pooling: a tile's and one from the tile above.
    private const int StageRows = 8;

    private static readonly int s_panel = Tile.Vectors * TInteger.Count;

    // [points, panels, pairs of channels, panel], with a gap between points
    private readonly AlignedBuffer<int> _weights;
    private readonly AlignedBuffer<int> _bias;
    private readonly WinogradTiling _tiling;
    private readonly int _rowsPerChunk;
    private readonly int _pairs;

    public QuantizedWinograd(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, ReadOnlySpan<float> scales)
        : base(shape, epilogue, output, scales)
    {
        _pairs = PairPacking.Pairs(shape.Input.PixelStride, TInteger.Count);
        _tiling = new(shape.OutputHeight, shape.OutputWidth, Outputs);
        _rowsPerChunk = _tiling.RowsPerChunk((Points + 1) * SlotWidth, Tile.MaxRows<TInteger>(), CacheFloats);
        _weights = new AlignedBuffer<int>(Points * PointStride);
        _bias = new AlignedBuffer<int>(Panels * s_panel);
        bias.CopyTo(_bias.Span);
        PackWeights(weights);
    }

    public override string Algorithm => "Winograd4 int8";

    public override int TileOutputs => Outputs;

    private int OutputStride => Residual.PixelStride;

    private int SlotWidth => Math.Max(_pairs, OutputStride);

    private int Panels => (OutputStride + s_panel - 1) / s_panel;

    private nint PointStride => WinogradWeights.PointStride(Panels, _pairs, s_panel);

    public override long ScratchLength(int images)
    {
        int rows = Math.Min(_rowsPerChunk, images * _tiling.Rows);
        return (Points + 1) * SlotLength(rows) + ColumnsLength + (Epilogue.Pool ? (long)StageRows * Shape.OutputWidth * OutputStride : 0);
    }

    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        int totalRows = images * _tiling.Rows;
        float* columns = scratch + (Points + 1) * SlotLength(Math.Min(_rowsPerChunk, totalRows));
        float* stage = columns + ColumnsLength;
        for (int first = 0; first < totalRows; first += _rowsPerChunk)
        {
            int rows = Math.Min(_rowsPerChunk, totalRows - first);
            nint slot = SlotLength(rows);
            for (int row = 0; row < rows; row++)
            {
                (int n, int tileRow) = Math.DivRem(first + row, _tiling.Rows);
                float* source = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin
                    + (nint)(_tiling.Top(tileRow) - Shape.PadTop) * Shape.Input.RowStride - (nint)Shape.PadLeft * Shape.Input.PixelStride;
                TransformInput(source, columns, scratch + slot + (nint)row * _tiling.Columns * _pairs, slot);
            }
            Multiply(scratch, slot, rows * _tiling.Columns);
            Finish(scratch, slot, first, rows, output, residual, columns, stage);
        }
        GC.KeepAlive(this);
    }

    public override void Dispose()
    {
        base.Dispose();
        _weights.Dispose();
        _bias.Dispose();
    }

    private long ColumnsLength => (long)Side * Math.Max(Shape.OutputWidth + 2, Side) * 16;

    // An odd number of cache lines, so that the same place in each slot falls into another set of the cache.
    private nint SlotLength(int rows) => ((nint)rows * _tiling.Columns * SlotWidth / 16 | 1) * 16;

    // G g Gᵀ with rows [1, 0, 0], [1, ±1, 1], [1, ±2, 4], [0, 0, 1].
    private void PackWeights(ReadOnlySpan<sbyte> weights)
    {
        int channels = Shape.Input.Channels;
        Span<int> square = stackalloc int[Side * 3], line = stackalloc int[Side];
        for (int o = 0; o < Shape.OutputChannels; o++)
        {
            (int panel, int lane) = Math.DivRem(o, s_panel);
            for (int c = 0; c < channels; c++)
            {
                ReadOnlySpan<sbyte> window = weights.Slice((o * channels + c) * 9, 9);
                for (int x = 0; x < 3; x++)
                {
                    TransformWeights(window[x], window[3 + x], window[6 + x], line);
                    for (int i = 0; i < Side; i++) square[i * 3 + x] = line[i];
                }
                int* pair = _weights.Pointer + ((nint)panel * _pairs + PairPacking.PairOf(c, TInteger.Count)) * s_panel + lane;
                int half = PairPacking.HalfOf(c, TInteger.Count);
                for (int i = 0; i < Side; i++)
                {
                    TransformWeights(square[i * 3], square[i * 3 + 1], square[i * 3 + 2], line);
                    for (int j = 0; j < Side; j++) ((short*)(pair + (i * Side + j) * PointStride))[half] = (short)line[j];
                }
            }
        }
    }

    private static void TransformWeights(int g0, int g1, int g2, Span<int> points)
    {
        points[0] = g0;
        points[1] = g0 + g1 + g2;
        points[2] = g0 - g1 + g2;
        points[3] = g0 + 2 * g1 + 4 * g2;
        points[4] = g0 - 2 * g1 + 4 * g2;
        points[5] = g2;
    }

    /// <summary>Bᵀ d B of one row of tiles; the transform down the columns is shared by tiles that overlap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void TransformInput(float* source, float* columns, float* transformed, nint slot)
    {
        int width = _tiling.Width + 2, pixelStride = Shape.Input.PixelStride;
        nint rowStride = Shape.Input.RowStride, lineStride = (nint)width * TInteger.Count;
        for (int c = 0; c < pixelStride; c += 2 * TInteger.Count, transformed += TInteger.Count)
        {
            float* pixel = source + c;
            float* column = columns;
            for (int x = 0; x < width; x++, pixel += pixelStride, column += TInteger.Count)
            {
                Input(TInteger.Pack(pixel), TInteger.Pack(pixel + rowStride), TInteger.Pack(pixel + 2 * rowStride), TInteger.Pack(pixel + 3 * rowStride),
                    TInteger.Pack(pixel + 4 * rowStride), TInteger.Pack(pixel + 5 * rowStride), column, lineStride);
            }
            float* tile = transformed;
            for (int t = 0; t < _tiling.Columns; t++, tile += _pairs)
            {
                float* line = columns + _tiling.Left(t) * TInteger.Count;
                float* point = tile;
                for (int i = 0; i < Side; i++, line += lineStride, point += Side * slot)
                {
                    Input(TInteger.Load(line), TInteger.Load(line + TInteger.Count), TInteger.Load(line + 2 * TInteger.Count), TInteger.Load(line + 3 * TInteger.Count),
                        TInteger.Load(line + 4 * TInteger.Count), TInteger.Load(line + 5 * TInteger.Count), point, slot);
                }
            }
        }
    }

    // Rows [4, 0, −5, 0, 1, 0], [0, ∓4, −4, ±1, 1, 0], [0, ∓2, −1, ±2, 1, 0], [0, 4, 0, −5, 0, 1].
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Input(TInteger d0, TInteger d1, TInteger d2, TInteger d3, TInteger d4, TInteger d5, float* destination, nint stride)
    {
        TInteger far = TInteger.SubtractPairs(d4, TInteger.ShiftPairsLeft(d2, 2)), farOdd = TInteger.SubtractPairs(d3, TInteger.ShiftPairsLeft(d1, 2));
        TInteger near = TInteger.SubtractPairs(d4, d2), nearOdd = TInteger.ShiftPairsLeft(TInteger.SubtractPairs(d3, d1), 1);
        TInteger.Store(TInteger.AddPairs(TInteger.SubtractPairs(far, d2), TInteger.ShiftPairsLeft(d0, 2)), destination);
        TInteger.Store(TInteger.AddPairs(far, farOdd), destination + stride);
        TInteger.Store(TInteger.SubtractPairs(far, farOdd), destination + 2 * stride);
        TInteger.Store(TInteger.AddPairs(near, nearOdd), destination + 3 * stride);
        TInteger.Store(TInteger.SubtractPairs(near, nearOdd), destination + 4 * stride);
        // 4 d1 − 5 d3 + d5 = d5 − d3 − 4 (d3 − d1)
        TInteger.Store(TInteger.SubtractPairs(TInteger.SubtractPairs(d5, d3), TInteger.ShiftPairsLeft(nearOdd, 1)), destination + 5 * stride);
    }

    // Slot p becomes the products of point p, from slot p + 1.
    private void Multiply(float* ring, nint slot, int tiles)
    {
        TileArguments tile = new()
        {
            RowStride = (nint)_pairs * sizeof(int),
            StepStride = sizeof(int),
            Segments = 1,
            Steps = _pairs,
            BStride = s_panel * sizeof(int),
            Prefetch = (nint)_pairs * s_panel * sizeof(int),
            CStride = (nint)OutputStride * sizeof(int),
        };
        for (int point = 0; point < Points; point++)
        {
            tile.A = (byte*)(ring + (point + 1) * slot);
            tile.B = (byte*)(_weights.Pointer + point * PointStride);
            for (int j = 0; j < OutputStride; j += s_panel)
            {
                tile.C = (byte*)(ring + point * slot + j);
                Tile.MultiplyRows<TInteger>(tile, tiles, Math.Min(s_panel, OutputStride - j));
                tile.B += tile.Prefetch;
            }
        }
    }

    // Back from products, then to levels, residual and pooling, of some rows of tiles.
    private void Finish(float* ring, nint slot, int first, int rows, float* output, float* residual, float* square, float* stage)
    {
        int width = Shape.OutputWidth;
        float** lines = stackalloc float*[Outputs];
        for (int row = 0; row < rows; row++)
        {
            (int n, int tileRow) = Math.DivRem(first + row, _tiling.Rows);
            int top = _tiling.Top(tileRow);
            float* image = output + (long)n * Output.ImageStride + Output.Origin;
            float* added = residual == null ? null : residual + (long)n * Residual.ImageStride + Residual.Origin + (nint)top * Residual.RowStride;
            for (int k = 0; k < OutputStride; k += TSimd.Count)
            {
                float* staged = stage + (nint)k * StageRows * width;
                for (int i = 0; i < Outputs; i++)
                {
                    lines[i] = Epilogue.Pool
                        ? staged + ((top + i) & (StageRows - 1)) * width * TSimd.Count
                        : image + (nint)(top + i) * Output.RowStride + k;
                }
                TransformOutput(ring + (nint)row * _tiling.Columns * OutputStride + k, slot, square, k, lines, Epilogue.Pool ? TSimd.Count : OutputStride, added == null ? null : added + k);
                if (!Epilogue.Pool) continue;
                for (int y = top | 1; y < _tiling.Top(tileRow + 1); y += 2)
                {
                    RowEpilogue.MaxPool<TSimd>(staged + ((y - 1) & (StageRows - 1)) * width * TSimd.Count, staged + (y & (StageRows - 1)) * width * TSimd.Count, TSimd.Count,
                        image + (nint)(y / 2) * Output.RowStride + k, OutputStride, width / 2, TSimd.Count);
                }
            }
        }
    }

    // One row of tiles, one vector of channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void TransformOutput(float* products, nint slot, float* square, int channel, float** lines, nint pixelStride, float* residual)
    {
        var arithmetic = new LevelArithmetic<TSimd>(Epilogue);
        TSimd scale = TSimd.Load(Scales + channel);
        TInteger bias = TInteger.Load((float*)_bias.Pointer + channel), inverse = TInteger.Broadcast(BitConverter.Int32BitsToSingle(InverseOfNine));
        nint residualPixel = OutputStride, residualRow = Residual.RowStride;
        for (int t = 0; t < _tiling.Columns; t++, products += OutputStride)
        {
            float* product = products, column = square;
            for (int i = 0; i < Side; i++, product += slot, column += TInteger.Count)
            {
                Back(product, Side * slot, out TInteger y0, out TInteger y1, out TInteger y2, out TInteger y3);
                TInteger.Store(y0, column);
                TInteger.Store(y1, column + Side * TInteger.Count);
                TInteger.Store(y2, column + 2 * Side * TInteger.Count);
                TInteger.Store(y3, column + 3 * Side * TInteger.Count);
            }
            int left = _tiling.Left(t);
            for (int i = 0; i < Outputs; i++)
            {
                Back(square + i * Side * TInteger.Count, TInteger.Count, out TInteger y0, out TInteger y1, out TInteger y2, out TInteger y3);
                // Multiples of 24, 12, 6, 6 each way: 3 is taken out as 9, the powers of two by shifts.
                int shift = Math.Max(1, 3 - i);
                TSimd l0 = arithmetic.Levels(TInteger.ToFloats((y0 * inverse >> shift + 3) + bias), scale);
                TSimd l1 = arithmetic.Levels(TInteger.ToFloats((y1 * inverse >> shift + 2) + bias), scale);
                TSimd l2 = arithmetic.Levels(TInteger.ToFloats((y2 * inverse >> shift + 1) + bias), scale);
                TSimd l3 = arithmetic.Levels(TInteger.ToFloats((y3 * inverse >> shift + 1) + bias), scale);
                if (residual != null)
                {
                    float* added = residual + i * residualRow + left * residualPixel;
                    l0 = arithmetic.Add(l0, TSimd.Load(added));
                    l1 = arithmetic.Add(l1, TSimd.Load(added + residualPixel));
                    l2 = arithmetic.Add(l2, TSimd.Load(added + 2 * residualPixel));
                    l3 = arithmetic.Add(l3, TSimd.Load(added + 3 * residualPixel));
                }
                float* destination = lines[i] + left * pixelStride;
                TSimd.Store(l0, destination);
                TSimd.Store(l1, destination + pixelStride);
                TSimd.Store(l2, destination + 2 * pixelStride);
                TSimd.Store(l3, destination + 3 * pixelStride);
            }
        }
    }

    // Aᵀ with the denominators 1 / Nᵢ: 24, 12, 6 and 6 times the outputs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Back(float* source, nint stride, out TInteger y0, out TInteger y1, out TInteger y2, out TInteger y3)
    {
        TInteger p0 = TInteger.Load(source), p5 = TInteger.Load(source + 5 * stride);
        TInteger plus = TInteger.Load(source + stride), minus = TInteger.Load(source + 2 * stride), sum = plus + minus, difference = plus - minus;
        plus = TInteger.Load(source + 3 * stride);
        minus = TInteger.Load(source + 4 * stride);
        TInteger sum2 = plus + minus, difference2 = plus - minus;
        y0 = ((p0 + (p0 - sum << 1)) << 1) + sum2;
        y1 = difference2 - (difference << 1);
        y2 = sum2 - sum;
        y3 = ((difference2 + p5 + (p5 << 1)) << 1) - difference;
    }
}
