namespace Recognizer.Inference.Engine.Kernels;

/// <summary>How one dimension of an image is cut into tiles of four outputs, and behind them tiles of three. Where they don't fit exactly, the last one moves back until
/// it does.</summary>
/// <param name="Size">Outputs, at least 4.</param>
/// <param name="Fours">Tiles of four.</param>
/// <param name="Count">All tiles.</param>
internal readonly record struct MixedTiling(int Size, int Fours, int Count)
{
    /// <summary>The tiles with the fewest points, which are two more than a tile's outputs.</summary>
    public static MixedTiling Of(int size)
    {
        MixedTiling best = default;
        int least = int.MaxValue;
        for (int fours = (size + 3) / 4; fours >= 0; fours--)
        {
            int threes = Math.Max(0, (size - 4 * fours + 2) / 3), points = 6 * fours + 5 * threes;
            if (points < least) (best, least) = (new MixedTiling(size, fours, fours + threes), points);
        }
        return best;
    }

    public bool IsFour(int tile) => tile < Fours;

    /// <summary>First output of a tile; the size for the one after the last.</summary>
    public int Start(int tile) => tile == Count ? Size : IsFour(tile) ? Math.Min(4 * tile, Size - 4) : Math.Min(3 * tile + Fours, Size - 3);
}

/// <summary>Order of the tiles of some rows of tiles, so that those with four rows, those with four columns, and those with both are neighbours: first three rows and four
/// columns, then four and four, four and three, three and three.</summary>
internal readonly struct TilePlaces
{
    private readonly MixedTiling _rows;
    private readonly int _fourColumns, _threeColumns, _fourRows, _threeRows;

    /// <param name="rows">Rows of tiles of an image.</param>
    /// <param name="columns">Columns of tiles of an image.</param>
    /// <param name="first">First row of tiles, counted through all images.</param>
    /// <param name="count">Rows of tiles.</param>
    public TilePlaces(MixedTiling rows, MixedTiling columns, int first, int count)
    {
        (_rows, First, Rows) = (rows, first, count);
        (_fourColumns, _threeColumns) = (columns.Fours, columns.Count - columns.Fours);
        _fourRows = FoursBefore(first + count) - FoursBefore(first);
        _threeRows = count - _fourRows;
    }

    public int First { get; }

    public int Rows { get; }

    /// <summary>Places of the first tile with four columns and of the first with three in a row, counted from the first row; the others of a kind follow.</summary>
    public (int Four, int Three) Of(int row)
    {
        int fours = FoursBefore(First + row) - FoursBefore(First), threes = row - fours;
        int fourColumns = Rows * _fourColumns;
        return _rows.IsFour((First + row) % _rows.Count)
            ? ((_threeRows + fours) * _fourColumns, fourColumns + fours * _threeColumns)
            : (threes * _fourColumns, fourColumns + (_fourRows + threes) * _threeColumns);
    }

    /// <summary>Range of the tiles that have four rows if asked for, and four columns if asked for.</summary>
    public (int First, int End) With(bool fourRows, bool fourColumns) =>
        (fourRows ? _threeRows * _fourColumns : 0, fourColumns ? Rows * _fourColumns : Rows * _fourColumns + (fourRows ? _fourRows : Rows) * _threeColumns);

    private int FoursBefore(int row)
    {
        (int images, int within) = Math.DivRem(row, _rows.Count);
        return images * _rows.Fours + Math.Min(within, _rows.Fours);
    }
}
