using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>Convolution by Winograd's minimal filtering for windows of 3×3; windows of up to 6×6 are sums of two or four of these, whose inputs are transformed each by itself and
/// multiplied as if they were further channels. For each point of the transform, the transformed inputs of a number of tiles
/// [tiles, channels] are multiplied by the transformed weights [channels, outputs]. The products of a point take the place of the
/// transformed inputs of the point before, in one ring of slots that stays in the second-level cache.</summary>
internal sealed unsafe class WinogradConvolution<TSimd, TTransform> : Convolution
    where TSimd : unmanaged, ISimd<TSimd>
    where TTransform : struct, IWinogradTransform
{
    // Rows of results that wait for pooling: a tile's and one from the tile above.
    private const int StageRows = 8;

    private static int PanelWidth => Tile.Vectors * TSimd.Count;

    // [points, panels, depth, panel], with a gap between points
    private readonly AlignedBuffer<float> _weights;
    private readonly AlignedBuffer<float> _bias;
    private readonly WindowParts _parts;
    private readonly WinogradTiling _tiling;
    private readonly int _rowsPerChunk;

    public WinogradConvolution(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output)
        : base(shape, epilogue, output)
    {
        _parts = new(shape);
        _tiling = new(MixedTiling.Of(shape.OutputHeight, TTransform.Kinds), MixedTiling.Of(shape.OutputWidth, TTransform.Kinds));
        _rowsPerChunk = _tiling.RowsPerChunk(SlotWidth, Tile.MaxRows<TSimd>());
        _weights = new AlignedBuffer<float>(Points * PointStride);
        _bias = new AlignedBuffer<float>(Panels * PanelWidth);
    }

    private static int Points => TTransform.Points * TTransform.Points;

    /// <summary>Slots of the ring: one more than the last point that there is needs.</summary>
    internal int Slots => (_tiling.Rows.LongestPoints - 1) * TTransform.Points + _tiling.Columns.LongestPoints + 1;

    internal WinogradTiling Tiling => _tiling;

    /// <summary>Floats of a tile in a slot.</summary>
    internal int SlotWidth => Math.Max(TileStride, OutputStride);

    private int InputStride => Shape.Input.PixelStride;

    // Floats of a tile's transformed inputs.
    private int TileStride => _parts.Count * InputStride;

    // Those that are multiplied. Of padding channels only the last part's are left out; the others have weights of zero, and what they hold is zero or an activation of it.
    private int Depth => TileStride - InputStride + Shape.Input.Channels;

    private int OutputStride => Residual.PixelStride;

    private int Panels => (OutputStride + PanelWidth - 1) / PanelWidth;

    private nint PointStride => WinogradWeights.PointStride(Panels, Depth, PanelWidth);

    private bool Stages => Epilogue.Pooling != FusedPooling.None;

    // Input columns that a row of tiles reads.
    private int InputColumns => Shape.OutputWidth + 2;

    public override long ScratchLength(int images)
    {
        int rows = Math.Min(_rowsPerChunk, images * _tiling.Rows.Count);
        return Slots * SlotLength(rows) + ColumnsLength + (Stages ? StageLength : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        int totalRows = images * _tiling.Rows.Count;
        float* columns = scratch + Slots * SlotLength(Math.Min(_rowsPerChunk, totalRows));
        float* stage = columns + ColumnsLength;
        // Chunks of nearly equal size: a small last one would read all weights for a few tiles.
        for (int chunks = (totalRows + _rowsPerChunk - 1) / _rowsPerChunk, first = 0, rows; chunks > 0; chunks--, first += rows)
        {
            rows = (totalRows - first + chunks - 1) / chunks;
            nint slot = SlotLength(rows);
            var places = new TilePlaces(_tiling.Rows, _tiling.Columns, first, rows);
            Transform(input, places, columns, scratch, slot);
            Multiply(scratch, slot, places);
            Finish(scratch, slot, places, output, residual, columns, stage);
        }
        GC.KeepAlive(this);
    }

    public override ConvolutionChain? Join(IReadOnlyList<Convolution> following)
    {
        var links = new List<WinogradConvolution<TSimd, TTransform>> { this };
        foreach (Convolution next in following)
        {
            if (next is not WinogradConvolution<TSimd, TTransform> link || links[^1].Stages || link._parts.Count > 1 || link._tiling != _tiling
                || link.Shape.Input.PixelStride != links[^1].OutputStride || link.Shape.PadTop != 1 || link.Shape.PadLeft != 1) return null;
            links.Add(link);
        }
        return WinogradChain<TSimd, TTransform>.TryCreate([.. links]);
    }

    public override void Dispose()
    {
        _weights.Dispose();
        _bias.Dispose();
    }

    protected override void PackWeights(float* weightsOIHW)
    {
        if (_parts.Count == 1)
        {
            Pack(weightsOIHW, turned: false);
            return;
        }
        // [outputs, depth, 3, 3]: each part as if it were further channels, after the padding of the one before.
        int kernel = _parts.Height * _parts.Width;
        const int part = WindowParts.Side * WindowParts.Side;
        using var parts = new AlignedBuffer<float>((long)Shape.OutputChannels * Depth * part);
        for (int o = 0; o < Shape.OutputChannels; o++)
        {
            for (int c = 0; c < Shape.Input.Channels; c++, weightsOIHW += kernel)
            {
                for (int i = 0; i < _parts.Count; i++)
                    _parts.Extract(new ReadOnlySpan<float>(weightsOIHW, kernel), i, new Span<float>(parts.Pointer + ((long)o * Depth + i * InputStride + c) * part, part));
            }
        }
        Pack(parts.Pointer, turned: false);
    }

    protected override void PackTurnedWeights(float* weightsOIHW, float* scratch)
    {
        if (_parts.Count == 1) Pack(weightsOIHW, turned: true);
        else base.PackTurnedWeights(weightsOIHW, scratch);
    }

    private void Pack(float* weightsOIHW, bool turned) =>
        WinogradWeights.Pack<TSimd, TTransform>(weightsOIHW, Shape.OutputChannels, Depth, Panels, _weights.Pointer, _tiling.Rows.LongestPoints, turned);

    protected override void PackBias(ReadOnlySpan<float> bias)
    {
        if (bias.Length == 0) _bias.Span.Clear();
        else bias.CopyTo(_bias.Span);
    }

    /// <summary>Bᵀ d B of one row of tiles; the transform down the columns is shared by tiles that overlap.</summary>
    /// <param name="source">First pixel that the first tile reads.</param>
    /// <param name="rowStride">Floats between rows of pixels.</param>
    /// <param name="pixelStride">Floats between pixels.</param>
    /// <param name="channels">Floats of each pixel that are transformed.</param>
    /// <param name="rows">Rows of outputs.</param>
    /// <param name="tiling">Columns of tiles.</param>
    /// <param name="columns">Scratch: [points, input columns, one vector].</param>
    /// <param name="longs">[points², slot]: the first long tile's place in the first slot.</param>
    /// <param name="shorts">That of the first short tile.</param>
    /// <param name="tileStride">Floats between tiles.</param>
    /// <param name="slot">Floats between slots.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void TransformInput(float* source, nint rowStride, int pixelStride, int channels, int rows, MixedTiling tiling, float* columns, float* longs, float* shorts,
        int tileStride, nint slot)
    {
        int width = tiling.Size + 2, points = rows + 2;
        nint lineStride = (nint)width * TSimd.Count;
        for (int c = 0; c < channels; c += TSimd.Count)
        {
            TTransform.Input<TSimd>(rows, source + c, rowStride, pixelStride, columns, lineStride, TSimd.Count, width);
            float* tile = longs + c;
            for (int t = 0; t < tiling.Count; t++, tile += tileStride)
            {
                if (t == tiling.Longs) tile = shorts + c;
                TTransform.Input<TSimd>(tiling.Outputs(t), columns + tiling.Start(t) * TSimd.Count, TSimd.Count, lineStride, tile, slot, TTransform.Points * slot, points);
            }
        }
    }

    /// <summary>Floats of the transformed columns of a row of tiles, or of one tile that is halfway back.</summary>
    internal long ColumnsLength => (long)TTransform.Points * Math.Max(InputColumns, TTransform.Points) * 16;

    /// <summary>Floats of the rows that wait for pooling.</summary>
    internal long StageLength => (long)StageRows * Shape.OutputWidth * OutputStride;

    /// <summary>Floats of a slot: an odd number of cache lines, so that the same place in each slot falls into another set of the cache.</summary>
    internal static nint SlotLength(int tiles, int slotWidth) => ((nint)tiles * slotWidth / 16 | 1) * 16;

    private nint SlotLength(int rows) => SlotLength(rows * _tiling.Columns.Count, SlotWidth);

    /// <summary>Transforms some rows of tiles into slots 1, 2, ….</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal void Transform(float* input, in TilePlaces places, float* columns, float* ring, nint slot)
    {
        for (int row = 0; row < places.Rows; row++)
        {
            (int n, int tileRow) = Math.DivRem(places.First + row, _tiling.Rows.Count);
            float* source = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin
                + (nint)(_tiling.Rows.Start(tileRow) - Shape.PadTop) * Shape.Input.RowStride - (nint)Shape.PadLeft * InputStride;
            (int longs, int shorts) = places.Of(row);
            float* first = ring + slot;
            for (int part = 0; part < _parts.Count; part++, first += InputStride)
            {
                (int top, int left) = _parts.Start(part);
                TransformInput(source + (nint)top * Shape.Input.RowStride + left * InputStride, Shape.Input.RowStride, InputStride, InputStride, _tiling.Rows.Outputs(tileRow), _tiling.Columns,
                    columns, first + (nint)longs * TileStride, first + (nint)shorts * TileStride, TileStride, slot);
            }
        }
    }

    /// <summary>Slot p becomes the products of point p, from slot p + 1, for the tiles that have the point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal void Multiply(float* ring, nint slot, in TilePlaces places)
    {
        int depth = Depth, tileStride = TileStride, outputStride = OutputStride, panelWidth = PanelWidth, tiles = places.Count;
        nint panelBytes = (nint)depth * panelWidth * sizeof(float), pointStride = PointStride;
        TileArguments tile = new()
        {
            RowStride = (nint)tileStride * sizeof(float),
            StepStride = sizeof(float),
            Segments = 1,
            Steps = depth,
            BStride = panelWidth * sizeof(float),
            // A panel ahead, for with several threads the third-level cache takes its time; a single tile is through with that much too soon.
            Prefetch = Math.Min(panelBytes, tiles == 1 ? 4096 : 16384),
            CStride = (nint)outputStride * sizeof(float),
        };
        int rowPoints = _tiling.Rows.LongestPoints, columnPoints = _tiling.Columns.LongestPoints;
        if (tiles <= Tile.FewRows && outputStride % panelWidth == 0)
        {
            // Short tiles take part in all points: what becomes of those that they don't have is never read.
            int lines = columnPoints == TTransform.Points ? 1 : rowPoints, products = rowPoints * columnPoints / lines;
            for (int line = 0; line < lines; line++)
            {
                int point = line * TTransform.Points;
                tile.A = (byte*)(ring + (point + 1) * slot);
                tile.B = (byte*)(_weights.Pointer + point * pointStride);
                tile.C = (byte*)(ring + point * slot);
                Tile.MultiplyFewRows<TSimd>(&tile, tiles, outputStride / panelWidth, products, slot * sizeof(float), pointStride * sizeof(float));
            }
            return;
        }
        int shortRowPoints = _tiling.Rows.ShortPoints, shortColumnPoints = _tiling.Columns.ShortPoints;
        for (int i = 0; i < rowPoints; i++)
        {
            (int first, int end) = places.With(i >= shortRowPoints, longColumns: false);
            for (int j = 0, point = i * TTransform.Points; j < columnPoints; j++, point++)
            {
                if (j == shortColumnPoints) (first, end) = places.With(i >= shortRowPoints, longColumns: true);
                tile.A = (byte*)(ring + (point + 1) * slot + (nint)first * tileStride);
                tile.B = (byte*)(_weights.Pointer + point * pointStride);
                float* products = ring + point * slot + (nint)first * outputStride;
                for (int k = 0; k < outputStride; k += panelWidth)
                {
                    tile.C = (byte*)(products + k);
                    Tile.MultiplyRows<TSimd>(&tile, end - first, Math.Min(panelWidth, outputStride - k));
                    tile.B += panelBytes;
                }
            }
        }
    }

    /// <summary>Aᵀ M A, bias, residual, activation and pooling of some rows of tiles.</summary>
    internal void Finish(float* ring, nint slot, in TilePlaces places, float* output, float* residual, float* square, float* stage)
    {
        if (Epilogue.AddResidual) Finish<ResidualFinish>(ring, slot, places, output, residual, square, stage);
        else if (Epilogue.Activation.Kind == ActivationKind.Clip) Finish<ClampFinish>(ring, slot, places, output, null, square, stage);
        else Finish<FloorFinish>(ring, slot, places, output, null, square, stage);
    }

    /// <summary>Aᵀ M A, bias, residual and activation of some images, and of that Bᵀ d B for a convolution of the same tiling that reads it. One vector of channels of an image
    /// at a time takes the way through pixels, which lie in the first-level cache.</summary>
    /// <param name="ring">Products; becomes transformed inputs, in slots 1, 2, ….</param>
    /// <param name="slot">Floats between slots.</param>
    /// <param name="places">Places of the tiles of whole images.</param>
    /// <param name="output">Start of the first result, where another step reads it too, or null.</param>
    /// <param name="residual">Start of the first residual, or null.</param>
    /// <param name="columns">Scratch for transforms.</param>
    /// <param name="pixels">[height + 2, width + 2, one vector], with a border of zeros.</param>
    internal void HandOver(float* ring, nint slot, in TilePlaces places, float* output, float* residual, float* columns, float* pixels)
    {
        if (Epilogue.AddResidual) HandOver<ResidualFinish>(ring, slot, places, output, residual, columns, pixels);
        else if (Epilogue.Activation.Kind == ActivationKind.Clip) HandOver<ClampFinish>(ring, slot, places, output, null, columns, pixels);
        else HandOver<FloorFinish>(ring, slot, places, output, null, columns, pixels);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void HandOver<TFinish>(float* ring, nint slot, in TilePlaces places, float* output, float* residual, float* square, float* pixels)
        where TFinish : struct, IFinish
    {
        MixedTiling tileRows = _tiling.Rows, tileColumns = _tiling.Columns;
        int outputStride = OutputStride, width = Shape.OutputWidth, height = Shape.OutputHeight;
        nint rowStride = (nint)(width + 2) * TSimd.Count;
        bool clamps = Epilogue.Activation.IsClamp;
        float* interior = pixels + rowStride + TSimd.Count;
        float** columns = stackalloc float*[TTransform.Points];
        float** lines = stackalloc float*[TTransform.Outputs];
        var back = new BackTransform(slot, square, columns, lines, TSimd.Count, Bounds());
        for (int first = 0; first < places.Rows; first += tileRows.Count)
        {
            int image = (places.First + first) / tileRows.Count;
            for (int k = 0; k < outputStride; k += TSimd.Count)
            {
                back.Finish.Bias = TSimd.Load(_bias.Pointer + k);
                for (int tileRow = 0; tileRow < tileRows.Count; tileRow++)
                {
                    int top = tileRows.Start(tileRow), rows = tileRows.Outputs(tileRow);
                    for (int i = 0; i < rows; i++) lines[i] = interior + (top + i) * rowStride;
                    back.Finish.Residual = residual == null ? null : residual + (long)image * Residual.ImageStride + Residual.Origin + (nint)top * Residual.RowStride + k;
                    TransformBack<TFinish>(ref back, ring + k, places.Of(first + tileRow), rows);
                }
                if (!clamps)
                    for (int y = 0; y < height; y++) ActivationKernels.Apply<TSimd>(interior + y * rowStride, interior + y * rowStride, width * TSimd.Count, Epilogue.Activation);
                if (output != null) Copy(interior, rowStride, output + (long)image * Output.ImageStride + Output.Origin + k);
                float* transformed = ring + slot + k;
                for (int tileRow = 0; tileRow < tileRows.Count; tileRow++)
                {
                    (int longs, int shorts) = places.Of(first + tileRow);
                    TransformInput(pixels + tileRows.Start(tileRow) * rowStride, rowStride, TSimd.Count, TSimd.Count, tileRows.Outputs(tileRow), tileColumns, square,
                        transformed + (nint)longs * outputStride, transformed + (nint)shorts * outputStride, outputStride, slot);
                }
            }
        }
    }

    // One vector of channels of an image.
    private void Copy(float* interior, nint rowStride, float* image)
    {
        int outputStride = OutputStride;
        for (int y = 0; y < Shape.OutputHeight; y++, interior += rowStride, image += Output.RowStride)
            for (int x = 0; x < Shape.OutputWidth; x++) TSimd.Store(TSimd.Load(interior + x * TSimd.Count), image + x * outputStride);
    }

    /// <summary>Aᵀ M A of one row of tiles and one vector of channels, and what follows it.</summary>
    /// <param name="back">Its residual is that of the first output.</param>
    /// <param name="products">The vector of the first tile in the first slot.</param>
    /// <param name="place">Places of the first long and the first short tile.</param>
    /// <param name="rows">Rows of outputs.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void TransformBack<TFinish>(ref BackTransform back, float* products, (int Longs, int Shorts) place, int rows)
        where TFinish : struct, IFinish
    {
        MixedTiling tiling = _tiling.Columns;
        back.Across.Count = rows;
        TransformBack<TFinish>(ref back, products + (nint)place.Longs * OutputStride, tiling.Longs, 0, tiling.Long, rows);
        if (tiling.Longs < tiling.Count)
            TransformBack<TFinish>(ref back, products + (nint)place.Shorts * OutputStride, tiling.Count - tiling.Longs, tiling.Longs * tiling.Long, tiling.Short, rows);
    }

    // Tiles of one kind, from a column of the image on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TransformBack<TFinish>(ref BackTransform back, float* products, int tiles, int left, int outputs, int rows)
        where TFinish : struct, IFinish
    {
        float* residual = back.Finish.Residual;
        int outputStride = OutputStride, last = _tiling.Columns.Size - outputs;
        back.Down.Source = products;
        back.Down.Count = outputs + 2;
        for (; tiles > 0; tiles--, back.Down.Source += outputStride, left += outputs)
        {
            int column = Math.Min(left, last);
            TTransform.Output<TSimd, NoFinish>(rows, back.Down, back.None);
            back.Across.Offset = column * back.Across.DestinationStride;
            back.Finish.Residual = residual + column * outputStride;
            TTransform.Output<TSimd, TFinish>(outputs, back.Across, back.Finish);
        }
        back.Finish.Residual = residual;
    }

    /// <summary>The two passes from products to outputs: down the columns, and across.</summary>
    private struct BackTransform
    {
        public OutputLines Down, Across;
        public FinishArguments<TSimd> None, Finish;

        /// <param name="slot">Floats between slots.</param>
        /// <param name="square">[outputs, points, one vector]: what is halfway.</param>
        /// <param name="columns">Scratch: a pointer for each point.</param>
        /// <param name="lines">Where rows of outputs start.</param>
        /// <param name="pixelStride">Floats between outputs.</param>
        /// <param name="finish">What follows.</param>
        public BackTransform(nint slot, float* square, float** columns, float** lines, nint pixelStride, in FinishArguments<TSimd> finish)
        {
            for (int i = 0; i < TTransform.Points; i++) columns[i] = square + i * TSimd.Count;
            Down = new() { SourceStride = TTransform.Points * slot, SourceStep = slot, Destinations = columns, DestinationStride = TTransform.Points * TSimd.Count };
            Across = new() { Source = square, SourceStride = TSimd.Count, SourceStep = TTransform.Points * TSimd.Count, Destinations = lines, DestinationStride = pixelStride };
            None = default;
            Finish = finish;
        }
    }

    private FinishArguments<TSimd> Bounds()
    {
        bool clamps = Epilogue.Activation.IsClamp;
        return new()
        {
            Floor = TSimd.Broadcast(clamps ? Epilogue.Activation.Floor : float.NegativeInfinity),
            Ceiling = TSimd.Broadcast(clamps ? Epilogue.Activation.Ceiling : float.PositiveInfinity),
            ResidualStride = OutputStride, ResidualStep = Residual.RowStride,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Finish<TFinish>(float* ring, nint slot, in TilePlaces places, float* output, float* residual, float* square, float* stage)
        where TFinish : struct, IFinish
    {
        int width = Shape.OutputWidth, outputStride = OutputStride;
        bool clamps = Epilogue.Activation.IsClamp, stages = Stages;
        MixedTiling tileRows = _tiling.Rows;
        float** columns = stackalloc float*[TTransform.Points];
        float** lines = stackalloc float*[TTransform.Outputs];
        var back = new BackTransform(slot, square, columns, lines, stages ? TSimd.Count : outputStride, Bounds());
        // Vector by vector, so that rows which wait for pooling stay in the first-level cache.
        for (int k = 0; k < outputStride; k += TSimd.Count)
        {
            float* staged = stage + (nint)k * StageRows * width;
            back.Finish.Bias = TSimd.Load(_bias.Pointer + k);
            (int n, int tileRow) = Math.DivRem(places.First, tileRows.Count);
            for (int row = 0; row < places.Rows; row++)
            {
                int top = tileRows.Start(tileRow), rows = tileRows.Outputs(tileRow);
                float* image = output + (long)n * Output.ImageStride + Output.Origin + k;
                for (int i = 0; i < rows; i++)
                    lines[i] = stages ? staged + ((top + i) & (StageRows - 1)) * width * TSimd.Count : image + (nint)(top + i) * Output.RowStride;
                back.Finish.Residual = residual == null ? null : residual + (long)n * Residual.ImageStride + Residual.Origin + (nint)top * Residual.RowStride + k;
                TransformBack<TFinish>(ref back, ring + k, places.Of(row), rows);
                if (stages) PoolRows(tileRow, staged, image);
                if (++tileRow == tileRows.Count) (n, tileRow) = (n + 1, 0);
            }
        }
        if (clamps || stages) return;
        for (int row = 0; row < places.Rows; row++)
        {
            (int n, int tileRow) = Math.DivRem(places.First + row, tileRows.Count);
            for (int y = tileRows.Start(tileRow); y < tileRows.Start(tileRow + 1); y++)
            {
                float* line = output + (long)n * Output.ImageStride + Output.Origin + (nint)y * Output.RowStride;
                ActivationKernels.Apply<TSimd>(line, line, width * outputStride, Epilogue.Activation);
            }
        }
    }

    // Rows that no later tile changes are activated and pooled, one vector of channels at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void PoolRows(int tileRow, float* staged, float* image)
    {
        int width = Shape.OutputWidth, height = Shape.OutputHeight, lineLength = width * TSimd.Count, outputStride = OutputStride, end = _tiling.Rows.Start(tileRow + 1);
        bool clamps = Epilogue.Activation.IsClamp, averages = Epilogue.Pooling == FusedPooling.GlobalAverage;
        TSimd sum0 = TSimd.Zero, sum1 = TSimd.Zero, sum2 = TSimd.Zero, sum3 = TSimd.Zero;
        for (int y = _tiling.Rows.Start(tileRow); y < end; y++)
        {
            float* line = staged + (y & (StageRows - 1)) * lineLength;
            if (!clamps) ActivationKernels.Apply<TSimd>(line, line, lineLength, Epilogue.Activation);
            if (averages)
            {
                int x = 0;
                for (; x <= width - 4; x += 4, line += 4 * TSimd.Count)
                {
                    sum0 += TSimd.Load(line);
                    sum1 += TSimd.Load(line + TSimd.Count);
                    sum2 += TSimd.Load(line + 2 * TSimd.Count);
                    sum3 += TSimd.Load(line + 3 * TSimd.Count);
                }
                for (; x < width; x++, line += TSimd.Count) sum0 += TSimd.Load(line);
            }
            else if ((y & 1) == 1)
            {
                float* upper = staged + ((y - 1) & (StageRows - 1)) * lineLength;
                RowEpilogue.MaxPool<TSimd>(upper, line, TSimd.Count, image + (nint)(y / 2) * Output.RowStride, outputStride, width / 2, TSimd.Count);
            }
        }
        if (!averages) return;
        TSimd sum = sum0 + sum1 + (sum2 + sum3);
        if (tileRow > 0) sum += TSimd.Load(image);
        TSimd.Store(end == height ? sum * TSimd.Broadcast(1f / (height * width)) : sum, image);
    }
}
