using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>Convolution of levels by Winograd's F(4, 3) and F(3, 3) in integers, exactly. Windows of up to 6×6 are sums of two or four of 3×3, whose inputs are transformed each by itself
/// and multiplied as if they were further channels. An image is cut into tiles of 4 and 3 outputs each way, which together fit
/// most sizes without overlap. The points are 0, ±1, 2, for four outputs also −2, and ∞, so that tiles of all sizes share the transformed weights.
/// <para>Transformed inputs are integers up to 100 · 255 and fit 16 bits. Rows of the weight transform lose their denominators Nᵢ (4, −6, −6, 24, 24, 1 and
/// 2, −2, −6, 6, 1), so that transformed weights are integers up to 49 · 128. The products' sums may overflow, which is no harm: all arithmetic is modulo 2³². The
/// transform back gives 24, 12 or 6 times the output each way, 9 · 2ˢ times with s ≤ 6; multiplying by the inverse of 9 modulo 2³² and shifting down gives the output
/// itself, as long as it fits 32 − s bits with its sign.</para></summary>
internal sealed unsafe class QuantizedWinograd<TInteger, TSimd> : QuantizedConvolution
    where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    /// <summary>Largest magnitude of sums that are recovered.</summary>
    public const long MostSum = (1 << 25) - 1;

    private const int Side = 6, Points = Side * Side;

    // The point −2, which tiles of three outputs don't have.
    private const int MinusTwo = 4;

    // 9 · 954437177 = 1 modulo 2³².
    private const int InverseOfNine = 954437177;

    // Floats of ring that leave room for weights in a second-level cache of 1 MB.
    private const long CacheFloats = 100_000;

    // Rows of results that wait for pooling: a tile's and one from the tile above.
    private const int StageRows = 8;

    private static ReadOnlySpan<int> Kinds => [4, 3];

    private static int PanelWidth => Tile.Vectors * TInteger.Count;

    // [points, panels, parts of the window and pairs of channels, panel], with a gap between points
    private readonly AlignedBuffer<int> _weights;
    private readonly AlignedBuffer<int> _bias;
    private readonly MixedTiling _rows;
    private readonly MixedTiling _columns;
    private readonly int _rowsPerChunk;
    private readonly WindowParts _parts;
    private readonly int _pairs;
    private readonly int _words;

    public QuantizedWinograd(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, ReadOnlySpan<float> scales)
        : base(shape, epilogue, output, scales)
    {
        // Smaller images would have tiles of three only, where long tiles are taken for those of four.
        ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(shape.OutputHeight, shape.OutputWidth), Kinds[0], nameof(shape));
        _pairs = PairWords<TInteger, TSimd>.Words(shape.Input.PixelStride);
        _parts = new WindowParts(shape);
        _words = _parts.Count * _pairs;
        (_rows, _columns) = (MixedTiling.Of(shape.OutputHeight, Kinds), MixedTiling.Of(shape.OutputWidth, Kinds));
        _rowsPerChunk = RowsPerChunk();
        _weights = new AlignedBuffer<int>(Points * PointStride);
        _bias = new AlignedBuffer<int>(Panels * PanelWidth);
        bias.CopyTo(_bias.Span);
        PackWeights(weights);
    }

    /// <summary>Whether a convolution can be computed like this.</summary>
    public static bool Supports(in ConvolutionShape shape) =>
        Convolution.Supports(shape, ConvolutionAlgorithm.Winograd4) && Math.Min(shape.OutputHeight, shape.OutputWidth) >= Kinds[0];

    /// <summary>Products of each pair of an input and an output channel and part of the window, for an image.</summary>
    public static int Products(in ConvolutionShape shape) => MixedTiling.Of(shape.OutputHeight, Kinds).Points * MixedTiling.Of(shape.OutputWidth, Kinds).Points;

    public override string Algorithm => "Winograd int8";

    public override int Tiles => _rows.Count * _columns.Count;

    private int OutputStride => Residual.PixelStride;

    private int SlotWidth => Math.Max(_words, OutputStride);

    private int Panels => (OutputStride + PanelWidth - 1) / PanelWidth;

    private nint PointStride => WinogradWeights.PointStride(Panels, _words, PanelWidth);

    public override long ScratchLength(int images)
    {
        int rows = Math.Min(_rowsPerChunk, images * _rows.Count);
        return (Points + 1) * SlotLength(rows) + ColumnsLength + (Epilogue.Pool ? (long)StageRows * Shape.OutputWidth * OutputStride : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        int totalRows = images * _rows.Count;
        float* columns = scratch + (Points + 1) * SlotLength(Math.Min(_rowsPerChunk, totalRows));
        float* stage = columns + ColumnsLength;
        for (int firstRow = 0; firstRow < totalRows; firstRow += _rowsPerChunk)
        {
            var places = new TilePlaces(_rows, _columns, firstRow, Math.Min(_rowsPerChunk, totalRows - firstRow));
            nint slot = SlotLength(places.Rows);
            for (int row = 0; row < places.Rows; row++)
            {
                (int n, int tileRow) = Math.DivRem(firstRow + row, _rows.Count);
                float* source = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin
                    + (nint)(_rows.Start(tileRow) - Shape.PadTop) * Shape.Input.RowStride - (nint)Shape.PadLeft * Shape.Input.PixelStride;
                (int four, int three) = places.Of(row);
                float* fours = scratch + slot + (nint)four * _words, threes = scratch + slot + (nint)three * _words;
                for (int part = 0; part < _parts.Count; part++, fours += _pairs, threes += _pairs)
                {
                    (int top, int left) = _parts.Start(part);
                    float* first = source + (nint)top * Shape.Input.RowStride + left * Shape.Input.PixelStride;
                    if (_rows.Outputs(tileRow) == 4) TransformInput<Four>(first, columns, fours, threes, slot);
                    else TransformInput<Three>(first, columns, fours, threes, slot);
                }
            }
            Multiply(scratch, slot, places);
            Finish(scratch, slot, places, output, residual, columns, stage);
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
    private nint SlotLength(int rows) => ((nint)rows * _columns.Count * SlotWidth / 16 | 1) * 16;

    // As many as stay in the cache, and of those the number that fills register tiles best: most points have all tiles.
    private int RowsPerChunk() => WinogradTiling.PerChunk(_columns.Count, (Points + 1) * SlotWidth, Tile.MaxRows<TInteger>(), CacheFloats);

    // G g Gᵀ with rows [1, 0, 0], [1, ±1, 1], [1, ±2, 4], [0, 0, 1].
    private void PackWeights(ReadOnlySpan<sbyte> weights)
    {
        int channels = Shape.Input.Channels, kernel = Shape.KernelHeight * Shape.KernelWidth;
        const int side = WindowParts.Side;
        Span<int> square = stackalloc int[Side * side], line = stackalloc int[Side];
        Span<sbyte> window = stackalloc sbyte[side * side];
        for (int o = 0; o < Shape.OutputChannels; o++)
        {
            (int panel, int lane) = Math.DivRem(o, PanelWidth);
            for (int c = 0; c < channels; c++)
            {
                for (int part = 0; part < _parts.Count; part++)
                {
                    _parts.Extract(weights.Slice((o * channels + c) * kernel, kernel), part, window);
                    for (int x = 0; x < side; x++)
                    {
                        TransformWeights(window[x], window[side + x], window[2 * side + x], line);
                        for (int i = 0; i < Side; i++) square[i * side + x] = line[i];
                    }
                    int* pair = _weights.Pointer + ((nint)panel * _words + part * _pairs + PairWords<TInteger, TSimd>.WordOf(c)) * PanelWidth + lane;
                    int half = PairWords<TInteger, TSimd>.HalfOf(c);
                    for (int i = 0; i < Side; i++)
                    {
                        TransformWeights(square[i * side], square[i * side + 1], square[i * side + 2], line);
                        for (int j = 0; j < Side; j++) ((short*)(pair + (i * Side + j) * PointStride))[half] = (short)line[j];
                    }
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

    // Bᵀ d B of one row of tiles; the transform down the columns is shared by tiles that overlap.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void TransformInput<TRows>(float* source, float* columns, float* fours, float* threes, nint slot) where TRows : struct, ISide
    {
        int width = Shape.OutputWidth + 2, pixelStride = Shape.Input.PixelStride;
        nint rowStride = Shape.Input.RowStride, lineStride = (nint)width * TInteger.Count;
        for (int c = 0; c < pixelStride; c += 2 * TInteger.Count, fours += TInteger.Count, threes += TInteger.Count)
        {
            float* pixel = source + c;
            float* column = columns;
            for (int x = 0; x < width; x++, pixel += pixelStride, column += TInteger.Count)
            {
                TRows.Input(TInteger.Pack(pixel), TInteger.Pack(pixel + rowStride), TInteger.Pack(pixel + 2 * rowStride), TInteger.Pack(pixel + 3 * rowStride),
                    TInteger.Pack(pixel + 4 * rowStride), TRows.Outputs == 4 ? TInteger.Pack(pixel + 5 * rowStride) : TInteger.Zero, column, lineStride);
            }
            TransformLines<TRows, Four>(columns, 0, _columns.Longs, fours, slot, lineStride);
            TransformLines<TRows, Three>(columns, _columns.Longs, _columns.Count, threes, slot, lineStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TransformLines<TRows, TColumns>(float* columns, int first, int end, float* tile, nint slot, nint lineStride)
        where TRows : struct, ISide
        where TColumns : struct, ISide
    {
        for (int t = first; t < end; t++, tile += _words)
        {
            float* line = columns + _columns.Start(t) * TInteger.Count;
            float* point = tile;
            for (int i = 0; i < Side; i++, line += lineStride, point += Side * slot)
            {
                if (TRows.Outputs == 3 && i == MinusTwo) continue;
                TColumns.Input(TInteger.Load(line), TInteger.Load(line + TInteger.Count), TInteger.Load(line + 2 * TInteger.Count), TInteger.Load(line + 3 * TInteger.Count),
                    TInteger.Load(line + 4 * TInteger.Count), TColumns.Outputs == 4 ? TInteger.Load(line + 5 * TInteger.Count) : TInteger.Zero, point, slot);
            }
        }
    }

    // Slot p becomes the products of point p, from slot p + 1, for the tiles that have the point.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Multiply(float* ring, nint slot, in TilePlaces places)
    {
        TileArguments tile = new()
        {
            RowStride = (nint)_words * sizeof(int),
            StepStride = sizeof(int),
            Segments = 1,
            Steps = _words,
            BStride = PanelWidth * sizeof(int),
            Prefetch = (nint)_words * PanelWidth * sizeof(int),
            CStride = (nint)OutputStride * sizeof(int),
        };
        for (int point = 0; point < Points; point++)
        {
            (int first, int end) = places.With(longRows: point / Side == MinusTwo, longColumns: point % Side == MinusTwo);
            if (first == end) continue;
            tile.A = (byte*)(ring + (point + 1) * slot + (nint)first * _words);
            tile.B = (byte*)(_weights.Pointer + point * PointStride);
            for (int j = 0; j < OutputStride; j += PanelWidth)
            {
                tile.C = (byte*)(ring + point * slot + (nint)first * OutputStride + j);
                Tile.MultiplyRows<TInteger>(&tile, end - first, Math.Min(PanelWidth, OutputStride - j));
                tile.B += tile.Prefetch;
            }
        }
    }

    // Back from products, then to levels, residual and pooling, of some rows of tiles.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Finish(float* ring, nint slot, in TilePlaces places, float* output, float* residual, float* square, float* stage)
    {
        int width = Shape.OutputWidth;
        float** lines = stackalloc float*[4];
        for (int row = 0; row < places.Rows; row++)
        {
            (int n, int tileRow) = Math.DivRem(places.First + row, _rows.Count);
            int top = _rows.Start(tileRow);
            float* image = output + (long)n * Output.ImageStride + Output.Origin;
            float* added = residual == null ? null : residual + (long)n * Residual.ImageStride + Residual.Origin + (nint)top * Residual.RowStride;
            (int four, int three) = places.Of(row);
            for (int k = 0; k < OutputStride; k += TSimd.Count)
            {
                float* staged = stage + (nint)k * StageRows * width;
                for (int i = 0; i < 4; i++)
                {
                    lines[i] = Epilogue.Pool
                        ? staged + ((top + i) & (StageRows - 1)) * width * TSimd.Count
                        : image + (nint)(top + i) * Output.RowStride + k;
                }
                var place = new OutputPlace(lines, Epilogue.Pool ? TSimd.Count : OutputStride, added == null ? null : added + k, k);
                float* fours = ring + (nint)four * OutputStride + k, threes = ring + (nint)three * OutputStride + k;
                if (_rows.Outputs(tileRow) == 4)
                {
                    TransformOutput<Four, Four>(fours, 0, _columns.Longs, slot, square, place);
                    TransformOutput<Four, Three>(threes, _columns.Longs, _columns.Count, slot, square, place);
                }
                else
                {
                    TransformOutput<Three, Four>(fours, 0, _columns.Longs, slot, square, place);
                    TransformOutput<Three, Three>(threes, _columns.Longs, _columns.Count, slot, square, place);
                }
                if (!Epilogue.Pool) continue;
                for (int y = top | 1; y < _rows.Start(tileRow + 1); y += 2)
                {
                    RowEpilogue.MaxPool<TSimd>(staged + ((y - 1) & (StageRows - 1)) * width * TSimd.Count, staged + (y & (StageRows - 1)) * width * TSimd.Count, TSimd.Count,
                        image + (nint)(y / 2) * Output.RowStride + k, OutputStride, width / 2, TSimd.Count);
                }
            }
        }
    }

    // Some tiles of a row, one vector of channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void TransformOutput<TRows, TColumns>(float* products, int first, int end, nint slot, float* square, in OutputPlace place)
        where TRows : struct, ISide
        where TColumns : struct, ISide
    {
        if (first == end) return;
        var arithmetic = new LevelArithmetic<TSimd>(Epilogue);
        TSimd scale = TSimd.Load(Scales + place.Channel);
        TInteger bias = TInteger.Load((float*)_bias.Pointer + place.Channel), inverse = TInteger.Broadcast(BitConverter.Int32BitsToSingle(InverseOfNine));
        nint residualPixel = OutputStride, residualRow = Residual.RowStride, pixelStride = place.PixelStride;
        float* residual = place.Residual;
        for (int t = first; t < end; t++, products += OutputStride)
        {
            float* product = products, column = square;
            for (int i = 0; i < Side; i++, product += slot, column += TInteger.Count)
            {
                if (TColumns.Outputs == 3 && i == MinusTwo) continue;
                TRows.Back(product, Side * slot, out TInteger y0, out TInteger y1, out TInteger y2, out TInteger y3);
                TInteger.Store(y0, column);
                TInteger.Store(y1, column + Side * TInteger.Count);
                TInteger.Store(y2, column + 2 * Side * TInteger.Count);
                if (TRows.Outputs == 4) TInteger.Store(y3, column + 3 * Side * TInteger.Count);
            }
            int left = _columns.Start(t);
            for (int i = 0; i < TRows.Outputs; i++)
            {
                TColumns.Back(square + i * Side * TInteger.Count, TInteger.Count, out TInteger y0, out TInteger y1, out TInteger y2, out TInteger y3);
                // 3 is taken out as 9 both ways, the powers of two by shifts.
                int shift = TRows.Shift(i);
                TSimd l0 = arithmetic.Levels(TInteger.ToFloats((y0 * inverse >> shift + TColumns.Shift(0)) + bias), scale);
                TSimd l1 = arithmetic.Levels(TInteger.ToFloats((y1 * inverse >> shift + TColumns.Shift(1)) + bias), scale);
                TSimd l2 = arithmetic.Levels(TInteger.ToFloats((y2 * inverse >> shift + TColumns.Shift(2)) + bias), scale);
                TSimd l3 = TColumns.Outputs == 4 ? arithmetic.Levels(TInteger.ToFloats((y3 * inverse >> shift + TColumns.Shift(3)) + bias), scale) : default;
                if (residual != null)
                {
                    float* added = residual + i * residualRow + left * residualPixel;
                    l0 = arithmetic.Add(l0, TSimd.Load(added));
                    l1 = arithmetic.Add(l1, TSimd.Load(added + residualPixel));
                    l2 = arithmetic.Add(l2, TSimd.Load(added + 2 * residualPixel));
                    if (TColumns.Outputs == 4) l3 = arithmetic.Add(l3, TSimd.Load(added + 3 * residualPixel));
                }
                float* destination = place.Lines[i] + left * pixelStride;
                TSimd.Store(l0, destination);
                TSimd.Store(l1, destination + pixelStride);
                TSimd.Store(l2, destination + 2 * pixelStride);
                if (TColumns.Outputs == 4) TSimd.Store(l3, destination + 3 * pixelStride);
            }
        }
    }

    /// <summary>Where results go: the first pixel of each row of a row of tiles, and what is added to it.</summary>
    private readonly struct OutputPlace(float** lines, nint pixelStride, float* residual, int channel)
    {
        public readonly float** Lines = lines;
        public readonly nint PixelStride = pixelStride;
        public readonly float* Residual = residual;
        public readonly int Channel = channel;
    }

    /// <summary>The transforms of one dimension of a tile.</summary>
    private interface ISide
    {
        static abstract int Outputs { get; }

        /// <summary>Bᵀ: the inputs at the points, in the order 0, 1, −1, 2, −2, ∞.</summary>
        static abstract void Input(TInteger d0, TInteger d1, TInteger d2, TInteger d3, TInteger d4, TInteger d5, float* destination, nint stride);

        /// <summary>Aᵀ with the denominators 1 / Nᵢ: 3 · 2ˢ times the outputs.</summary>
        static abstract void Back(float* source, nint stride, out TInteger y0, out TInteger y1, out TInteger y2, out TInteger y3);

        /// <summary>s of an output.</summary>
        static abstract int Shift(int output);
    }

    private readonly struct Four : ISide
    {
        public static int Outputs => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Shift(int output) => output == 0 ? 3 : output == 1 ? 2 : 1;

        // Rows [4, 0, −5, 0, 1, 0], [0, ∓4, −4, ±1, 1, 0], [0, ∓2, −1, ±2, 1, 0], [0, 4, 0, −5, 0, 1].
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Input(TInteger d0, TInteger d1, TInteger d2, TInteger d3, TInteger d4, TInteger d5, float* destination, nint stride)
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

        // 24, 12, 6 and 6 times the outputs.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Back(float* source, nint stride, out TInteger y0, out TInteger y1, out TInteger y2, out TInteger y3)
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

    private readonly struct Three : ISide
    {
        public static int Outputs => 3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Shift(int output) => 1;

        // Rows [2, −1, −2, 1, 0], [0, −2, −1, 1, 0], [0, 2, −3, 1, 0], [0, −1, 0, 1, 0], [0, 2, −1, −2, 1].
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Input(TInteger d0, TInteger d1, TInteger d2, TInteger d3, TInteger d4, TInteger d5, float* destination, nint stride)
        {
            TInteger odd = TInteger.SubtractPairs(d3, d1), even = TInteger.SubtractPairs(d0, d2), twice = TInteger.ShiftPairsLeft(d1, 1), near = TInteger.SubtractPairs(d3, d2);
            TInteger.Store(TInteger.AddPairs(odd, TInteger.ShiftPairsLeft(even, 1)), destination);
            TInteger.Store(TInteger.SubtractPairs(near, twice), destination + stride);
            TInteger.Store(TInteger.AddPairs(TInteger.SubtractPairs(near, TInteger.ShiftPairsLeft(d2, 1)), twice), destination + 2 * stride);
            TInteger.Store(odd, destination + 3 * stride);
            TInteger.Store(TInteger.SubtractPairs(TInteger.SubtractPairs(d4, d2), TInteger.ShiftPairsLeft(odd, 1)), destination + 5 * stride);
        }

        // 6 times the outputs.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Back(float* source, nint stride, out TInteger y0, out TInteger y1, out TInteger y2, out TInteger y3)
        {
            TInteger p0 = TInteger.Load(source), p1 = TInteger.Load(source + stride), p2 = TInteger.Load(source + 2 * stride), p3 = TInteger.Load(source + 3 * stride);
            TInteger infinity = TInteger.Load(source + 5 * stride), first = p0 - p1, one = p1 + (p1 << 1), two = p3 << 1;
            y0 = first + (first << 1) + (p3 - p2);
            y1 = two + p2 - one;
            y2 = ((two + infinity + (infinity << 1)) << 1) - one - p2;
            y3 = default;
        }
    }
}
