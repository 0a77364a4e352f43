using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>3×3 convolution by Winograd's minimal filtering. For each point of the transform, the transformed inputs of a number of tiles
/// [tiles, channels] are multiplied by the transformed weights [channels, outputs]. The products of a point take the place of the
/// transformed inputs of the point before, in one ring of slots that stays in the second-level cache.</summary>
internal sealed unsafe class WinogradConvolution<TSimd, TTransform> : Convolution
    where TSimd : unmanaged, ISimd<TSimd>
    where TTransform : struct, IWinogradTransform
{
    /// <summary>Floats of ring that leave room for weights in a second-level cache of 1 MB.</summary>
    internal const long CacheFloats = 150_000;

    // Rows of results that wait for pooling: a tile's and one from the tile above.
    private const int StageRows = 8;

    private static int PanelWidth => Tile.Vectors * TSimd.Count;

    // [points, panels, channels, panel], with a gap between points
    private readonly AlignedBuffer<float> _weights;
    private readonly AlignedBuffer<float> _bias;
    private readonly WinogradTiling _tiling;
    private readonly int _rowsPerChunk;

    public WinogradConvolution(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output)
        : base(shape, epilogue, output)
    {
        _tiling = new(shape.OutputHeight, shape.OutputWidth, TTransform.Outputs);
        _rowsPerChunk = _tiling.RowsPerChunk((Points + 1) * SlotWidth, Tile.MaxRows<TSimd>(), CacheFloats);
        _weights = new AlignedBuffer<float>(Points * PointStride);
        _bias = new AlignedBuffer<float>(Panels * PanelWidth);
    }

    internal static int Points => TTransform.Points * TTransform.Points;

    internal WinogradTiling Tiling => _tiling;

    /// <summary>Floats of a tile in a slot.</summary>
    internal int SlotWidth => Math.Max(InputStride, OutputStride);

    private int InputStride => Shape.Input.PixelStride;

    private int OutputStride => Residual.PixelStride;

    private int Panels => (OutputStride + PanelWidth - 1) / PanelWidth;

    private nint PointStride => WinogradWeights.PointStride(Panels, Shape.Input.Channels, PanelWidth);

    private bool Stages => Epilogue.Pooling != FusedPooling.None;

    // Input columns that a row of tiles reads.
    private int InputColumns => Shape.OutputWidth + 2;

    public override long ScratchLength(int images)
    {
        int rows = Math.Min(_rowsPerChunk, images * _tiling.Rows);
        return (Points + 1) * SlotLength(rows) + ColumnsLength + (Stages ? StageLength : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        int totalRows = images * _tiling.Rows;
        float* columns = scratch + (Points + 1) * SlotLength(Math.Min(_rowsPerChunk, totalRows));
        float* stage = columns + ColumnsLength;
        // Chunks of nearly equal size: a small last one would read all weights for a few tiles.
        for (int chunks = (totalRows + _rowsPerChunk - 1) / _rowsPerChunk, first = 0, rows; chunks > 0; chunks--, first += rows)
        {
            rows = (totalRows - first + chunks - 1) / chunks;
            nint slot = SlotLength(rows);
            Transform(input, first, rows, columns, scratch, slot);
            Multiply(scratch, slot, rows * _tiling.Columns);
            Finish(scratch, slot, first, rows, output, residual, columns, stage);
        }
        GC.KeepAlive(this);
    }

    public override ConvolutionChain? Join(IReadOnlyList<Convolution> following)
    {
        var links = new List<WinogradConvolution<TSimd, TTransform>> { this };
        foreach (Convolution next in following)
        {
            if (next is not WinogradConvolution<TSimd, TTransform> link || links[^1].Stages || link._tiling != _tiling
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

    protected override void PackWeights(float* weightsOIHW) => WinogradWeights.Pack<TSimd, TTransform>(weightsOIHW, Shape.OutputChannels, Shape.Input.Channels, Panels, _weights.Pointer);

    protected override void PackTurnedWeights(float* weightsOIHW, float* scratch) =>
        WinogradWeights.Pack<TSimd, TTransform>(weightsOIHW, Shape.OutputChannels, Shape.Input.Channels, Panels, _weights.Pointer, turned: true);

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
    /// <param name="tiling">Where tiles lie.</param>
    /// <param name="columns">Scratch: [points, input columns, one vector].</param>
    /// <param name="transformed">[points², slot]: the tiles' places in the first slot.</param>
    /// <param name="tileStride">Floats between tiles.</param>
    /// <param name="slot">Floats between slots.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void TransformInput(float* source, nint rowStride, int pixelStride, int channels, WinogradTiling tiling, float* columns, float* transformed, int tileStride, nint slot)
    {
        int width = tiling.Width + 2;
        nint lineStride = (nint)width * TSimd.Count;
        for (int c = 0; c < channels; c += TSimd.Count)
        {
            TTransform.Input<TSimd>(source + c, rowStride, pixelStride, columns, lineStride, TSimd.Count, width);
            float* tile = transformed + c;
            for (int t = 0; t < tiling.Columns; t++, tile += tileStride)
                TTransform.Input<TSimd>(columns + tiling.Left(t) * TSimd.Count, TSimd.Count, lineStride, tile, slot, TTransform.Points * slot, TTransform.Points);
        }
    }

    /// <summary>Floats of the transformed columns of a row of tiles, or of one tile that is halfway back.</summary>
    internal long ColumnsLength => (long)TTransform.Points * Math.Max(InputColumns, TTransform.Points) * 16;

    /// <summary>Floats of the rows that wait for pooling.</summary>
    internal long StageLength => (long)StageRows * Shape.OutputWidth * OutputStride;

    /// <summary>Floats of a slot: an odd number of cache lines, so that the same place in each slot falls into another set of the cache.</summary>
    internal static nint SlotLength(int tiles, int slotWidth) => ((nint)tiles * slotWidth / 16 | 1) * 16;

    private nint SlotLength(int rows) => SlotLength(rows * _tiling.Columns, SlotWidth);

    /// <summary>Transforms some rows of tiles into slots 1, 2, ….</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal void Transform(float* input, int first, int rows, float* columns, float* ring, nint slot)
    {
        for (int row = 0; row < rows; row++)
        {
            (int n, int tileRow) = Math.DivRem(first + row, _tiling.Rows);
            float* source = input + (long)n * Shape.Input.ImageStride + Shape.Input.Origin
                + (nint)(_tiling.Top(tileRow) - Shape.PadTop) * Shape.Input.RowStride - (nint)Shape.PadLeft * InputStride;
            TransformInput(source, Shape.Input.RowStride, InputStride, InputStride, _tiling, columns, ring + slot + (nint)row * _tiling.Columns * InputStride, InputStride, slot);
        }
    }

    /// <summary>Slot p becomes the products of point p, from slot p + 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal void Multiply(float* ring, nint slot, int tiles)
    {
        int panelWeights = Shape.Input.Channels * PanelWidth;
        TileArguments tile = new()
        {
            RowStride = (nint)InputStride * sizeof(float),
            StepStride = sizeof(float),
            Segments = 1,
            Steps = Shape.Input.Channels,
            BStride = PanelWidth * sizeof(float),
            // A panel ahead, for with several threads the third-level cache takes its time; a single tile is through with that much too soon.
            Prefetch = Math.Min((nint)panelWeights * sizeof(float), tiles == 1 ? 4096 : 16384),
            CStride = (nint)OutputStride * sizeof(float),
        };
        if (tiles <= Tile.FewRows && OutputStride % PanelWidth == 0)
        {
            tile.A = (byte*)(ring + slot);
            tile.B = (byte*)_weights.Pointer;
            tile.C = (byte*)ring;
            Tile.MultiplyFewRows<TSimd>(&tile, tiles, OutputStride / PanelWidth, Points, slot * sizeof(float), PointStride * sizeof(float));
            return;
        }
        for (int point = 0; point < Points; point++)
        {
            tile.A = (byte*)(ring + (point + 1) * slot);
            tile.B = (byte*)(_weights.Pointer + point * PointStride);
            for (int j = 0; j < OutputStride; j += PanelWidth)
            {
                tile.C = (byte*)(ring + point * slot + j);
                Tile.MultiplyRows<TSimd>(&tile, tiles, Math.Min(PanelWidth, OutputStride - j));
                tile.B += (nint)panelWeights * sizeof(float);
            }
        }
    }

    /// <summary>Aᵀ M A, bias, residual, activation and pooling of some rows of tiles.</summary>
    internal void Finish(float* ring, nint slot, int first, int rows, float* output, float* residual, float* square, float* stage)
    {
        if (Epilogue.AddResidual) Finish<ResidualFinish>(ring, slot, first, rows, output, residual, square, stage);
        else if (Epilogue.Activation.Kind == ActivationKind.Clip) Finish<ClampFinish>(ring, slot, first, rows, output, null, square, stage);
        else Finish<FloorFinish>(ring, slot, first, rows, output, null, square, stage);
    }

    /// <summary>Aᵀ M A, bias, residual and activation of some images, and of that Bᵀ d B for a convolution of the same tiling that reads it. One vector of channels of an image
    /// at a time takes the way through pixels, which lie in the first-level cache.</summary>
    /// <param name="ring">Products; becomes transformed inputs, in slots 1, 2, ….</param>
    /// <param name="slot">Floats between slots.</param>
    /// <param name="first">Image that the ring starts with.</param>
    /// <param name="images">Images.</param>
    /// <param name="output">Start of the first result, where another step reads it too, or null.</param>
    /// <param name="residual">Start of the first residual, or null.</param>
    /// <param name="columns">Scratch for transforms.</param>
    /// <param name="pixels">[height + 2, width + 2, one vector], with a border of zeros.</param>
    internal void HandOver(float* ring, nint slot, int first, int images, float* output, float* residual, float* columns, float* pixels)
    {
        if (Epilogue.AddResidual) HandOver<ResidualFinish>(ring, slot, first, images, output, residual, columns, pixels);
        else if (Epilogue.Activation.Kind == ActivationKind.Clip) HandOver<ClampFinish>(ring, slot, first, images, output, null, columns, pixels);
        else HandOver<FloorFinish>(ring, slot, first, images, output, null, columns, pixels);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void HandOver<TFinish>(float* ring, nint slot, int first, int images, float* output, float* residual, float* square, float* pixels)
        where TFinish : struct, IFinish
    {
        WinogradTiling tiling = _tiling;
        int tileRows = tiling.Rows, tileColumns = tiling.Columns, outputStride = OutputStride, width = Shape.OutputWidth, height = Shape.OutputHeight;
        nint rowStride = (nint)(width + 2) * TSimd.Count;
        bool clamps = Epilogue.Activation.IsClamp;
        float* interior = pixels + rowStride + TSimd.Count;
        float** columns = stackalloc float*[TTransform.Points];
        for (int i = 0; i < TTransform.Points; i++) columns[i] = square + i * TSimd.Count;
        float** lines = stackalloc float*[TTransform.Outputs];
        OutputLines down = Down(slot, columns), across = Across(square, lines, TSimd.Count);
        FinishArguments<TSimd> none = default, finish = Bounds();
        for (int n = 0; n < images; n++)
        {
            float* tiles = ring + (nint)n * tileRows * tileColumns * outputStride;
            for (int k = 0; k < outputStride; k += TSimd.Count)
            {
                finish.Bias = TSimd.Load(_bias.Pointer + k);
                down.Source = tiles + k;
                for (int tileRow = 0; tileRow < tileRows; tileRow++)
                {
                    int top = tiling.Top(tileRow);
                    float* added = residual == null ? null : residual + (long)(first + n) * Residual.ImageStride + Residual.Origin + (nint)top * Residual.RowStride + k;
                    for (int i = 0; i < TTransform.Outputs; i++) lines[i] = interior + (top + i) * rowStride;
                    for (int t = 0; t < tileColumns; t++, down.Source += outputStride)
                    {
                        TTransform.Output<TSimd, NoFinish>(down, none);
                        int left = tiling.Left(t);
                        across.Offset = (nint)left * TSimd.Count;
                        finish.Residual = added + left * outputStride;
                        TTransform.Output<TSimd, TFinish>(across, finish);
                    }
                }
                if (!clamps)
                    for (int y = 0; y < height; y++) ActivationKernels.Apply<TSimd>(interior + y * rowStride, interior + y * rowStride, width * TSimd.Count, Epilogue.Activation);
                if (output != null) Copy(interior, rowStride, output + (long)(first + n) * Output.ImageStride + Output.Origin + k);
                for (int tileRow = 0; tileRow < tileRows; tileRow++)
                {
                    TransformInput(pixels + tiling.Top(tileRow) * rowStride, rowStride, TSimd.Count, TSimd.Count, tiling, square,
                        tiles + slot + (nint)tileRow * tileColumns * outputStride + k, outputStride, slot);
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

    private static OutputLines Down(nint slot, float** columns) => new()
    {
        Count = TTransform.Points, SourceStride = TTransform.Points * slot, SourceStep = slot, Destinations = columns, DestinationStride = TTransform.Points * TSimd.Count,
    };

    private static OutputLines Across(float* square, float** lines, nint pixelStride) => new()
    {
        Count = TTransform.Outputs, Source = square, SourceStride = TSimd.Count, SourceStep = TTransform.Points * TSimd.Count,
        Destinations = lines, DestinationStride = pixelStride,
    };

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
    private void Finish<TFinish>(float* ring, nint slot, int first, int rows, float* output, float* residual, float* square, float* stage)
        where TFinish : struct, IFinish
    {
        int width = Shape.OutputWidth, outputStride = OutputStride;
        bool clamps = Epilogue.Activation.IsClamp, stages = Stages;
        WinogradTiling tiling = _tiling;
        int tileColumns = tiling.Columns, pixelStride = stages ? TSimd.Count : outputStride;
        float** columns = stackalloc float*[TTransform.Points];
        for (int i = 0; i < TTransform.Points; i++) columns[i] = square + i * TSimd.Count;
        float** lines = stackalloc float*[TTransform.Outputs];
        OutputLines down = Down(slot, columns), across = Across(square, lines, pixelStride);
        FinishArguments<TSimd> none = default, finish = Bounds();
        // Vector by vector, so that rows which wait for pooling stay in the first-level cache.
        for (int k = 0; k < outputStride; k += TSimd.Count)
        {
            float* staged = stage + (nint)k * StageRows * width;
            finish.Bias = TSimd.Load(_bias.Pointer + k);
            down.Source = ring + k;
            (int n, int tileRow) = Math.DivRem(first, tiling.Rows);
            for (int row = 0; row < rows; row++)
            {
                int top = tiling.Top(tileRow);
                float* image = output + (long)n * Output.ImageStride + Output.Origin + k;
                float* added = residual == null ? null : residual + (long)n * Residual.ImageStride + Residual.Origin + (nint)top * Residual.RowStride + k;
                for (int i = 0; i < TTransform.Outputs; i++)
                    lines[i] = stages ? staged + ((top + i) & (StageRows - 1)) * width * TSimd.Count : image + (nint)(top + i) * Output.RowStride;
                for (int t = 0; t < tileColumns; t++, down.Source += outputStride)
                {
                    TTransform.Output<TSimd, NoFinish>(down, none);
                    int left = tiling.Left(t);
                    across.Offset = left * pixelStride;
                    finish.Residual = added + left * outputStride;
                    TTransform.Output<TSimd, TFinish>(across, finish);
                }
                if (stages) PoolRows(tileRow, staged, image);
                if (++tileRow == tiling.Rows) (n, tileRow) = (n + 1, 0);
            }
        }
        if (clamps || stages) return;
        for (int row = 0; row < rows; row++)
        {
            (int n, int tileRow) = Math.DivRem(first + row, tiling.Rows);
            for (int y = tiling.Top(tileRow); y < tiling.Top(tileRow + 1); y++)
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
        int width = Shape.OutputWidth, height = Shape.OutputHeight, lineLength = width * TSimd.Count, outputStride = OutputStride, end = _tiling.Top(tileRow + 1);
        bool clamps = Epilogue.Activation.IsClamp, averages = Epilogue.Pooling == FusedPooling.GlobalAverage;
        TSimd sum0 = TSimd.Zero, sum1 = TSimd.Zero, sum2 = TSimd.Zero, sum3 = TSimd.Zero;
        for (int y = _tiling.Top(tileRow); y < end; y++)
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
