namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>How one dimension of an image is cut into tiles: some of a long kind, and behind them some of a short one. Where they don't fit exactly, the last one moves back until it
/// does, so that no tile reaches beyond the image; what it has in common with its neighbour is computed twice.</summary>
/// <param name="Size">Outputs, at least <paramref name="Short"/>.</param>
/// <param name="Long">Outputs of a long tile.</param>
/// <param name="Short">Outputs of a short tile; at most <paramref name="Long"/>.</param>
/// <param name="Longs">Long tiles.</param>
/// <param name="Count">All tiles.</param>
internal readonly record struct MixedTiling(int Size, int Long, int Short, int Longs, int Count)
{
    /// <summary>Points of a tile beyond its outputs.</summary>
    private const int MorePoints = 2;

    /// <summary>Whether all tiles are of one kind.</summary>
    public bool IsUniform => Longs == Count || Longs == 0;

    /// <summary>Outputs of the longest tile.</summary>
    public int Longest => Outputs(0);

    /// <summary>Points of the longest tile.</summary>
    public int LongestPoints => Longest + MorePoints;

    /// <summary>Points of a tile of the short kind.</summary>
    public int ShortPoints => Short + MorePoints;

    /// <summary>Whether no output is computed twice.</summary>
    public bool IsExact => Longs * Long + (Count - Longs) * Short == Size;

    /// <summary>Points of all tiles, each two more than its outputs.</summary>
    public int Points => Longs * (Long + MorePoints) + (Count - Longs) * ShortPoints;

    /// <summary>Tiles of one kind.</summary>
    public static MixedTiling Uniform(int size, int outputs)
    {
        int count = (size + outputs - 1) / outputs;
        return new MixedTiling(size, outputs, outputs, count, count);
    }

    /// <summary>The tiles of at most two kinds with the fewest points, and of those the fewest tiles.</summary>
    /// <param name="size">Outputs, at least as many as the smallest kind has.</param>
    /// <param name="kinds">Outputs of the kinds of tiles that there are, in descending order.</param>
    public static MixedTiling Of(int size, ReadOnlySpan<int> kinds)
    {
        MixedTiling best = default;
        for (int i = 0; i < kinds.Length; i++)
        {
            if (kinds[i] > size) continue;
            Consider(Uniform(size, kinds[i]));
            for (int j = i + 1; j < kinds.Length; j++)
            {
                for (int longs = size / kinds[i]; longs >= 0; longs--)
                    Consider(new MixedTiling(size, kinds[i], kinds[j], longs, longs + (size - longs * kinds[i] + kinds[j] - 1) / kinds[j]));
            }
        }
        return best.Count > 0 ? best : throw new ArgumentOutOfRangeException(nameof(size), size, $"A tile has at least {kinds[^1]} outputs.");

        void Consider(MixedTiling tiling)
        {
            if (best.Count == 0 || tiling.Points < best.Points || (tiling.Points == best.Points && tiling.Count < best.Count)) best = tiling;
        }
    }

    /// <summary>Whether a tile is of the long kind.</summary>
    public bool IsLong(int tile) => tile < Longs;

    /// <summary>Outputs of a tile.</summary>
    public int Outputs(int tile) => IsLong(tile) ? Long : Short;

    /// <summary>First output of a tile; the size for the one after the last.</summary>
    public int Start(int tile) => tile == Count ? Size : IsLong(tile) ? Math.Min(Long * tile, Size - Long) : Math.Min(Longs * Long + (tile - Longs) * Short, Size - Short);
}

/// <summary>Order of the tiles of some rows of tiles, so that those with long rows, those with long columns, and those with both are neighbours: first short rows and long
/// columns, then long and long, long and short, short and short.</summary>
internal readonly struct TilePlaces
{
    private readonly MixedTiling _rows;
    private readonly int _columns, _longColumns, _shortColumns, _longRows, _shortRows;
    private readonly bool _inOrder;

    /// <param name="rows">Rows of tiles of an image.</param>
    /// <param name="columns">Columns of tiles of an image.</param>
    /// <param name="first">First row of tiles, counted through all images.</param>
    /// <param name="count">Rows of tiles.</param>
    public TilePlaces(MixedTiling rows, MixedTiling columns, int first, int count)
    {
        (_rows, First, Rows) = (rows, first, count);
        (_columns, _longColumns, _shortColumns) = (columns.Count, columns.Longs, columns.Count - columns.Longs);
        _longRows = LongsBefore(first + count) - LongsBefore(first);
        _shortRows = count - _longRows;
        _inOrder = rows.IsUniform && columns.IsUniform;
    }

    public int First { get; }

    public int Rows { get; }

    /// <summary>Number of tiles.</summary>
    public int Count => Rows * _columns;

    /// <summary>Places of the first tile with long columns and of the first with short ones in a row, counted from the first row; the others of a kind follow.</summary>
    public (int Long, int Short) Of(int row)
    {
        if (_inOrder) return (row * _columns, row * _columns);
        int longs = LongsBefore(First + row) - LongsBefore(First), shorts = row - longs;
        int longColumns = Rows * _longColumns;
        return _rows.IsLong((First + row) % _rows.Count)
            ? ((_shortRows + longs) * _longColumns, longColumns + longs * _shortColumns)
            : (shorts * _longColumns, longColumns + (_longRows + shorts) * _shortColumns);
    }

    /// <summary>Range of the tiles that have long rows if asked for, and long columns if asked for.</summary>
    public (int First, int End) With(bool longRows, bool longColumns) =>
        (longRows ? _shortRows * _longColumns : 0, longColumns ? Rows * _longColumns : Rows * _longColumns + (longRows ? _longRows : Rows) * _shortColumns);

    private int LongsBefore(int row)
    {
        (int images, int within) = Math.DivRem(row, _rows.Count);
        return images * _rows.Longs + Math.Min(within, _rows.Longs);
    }
}
