namespace Recognizer.Inference.Engine.Kernels;

/// <summary>How an image is cut into tiles of m × m outputs. Where m doesn't divide the size, the last tile moves back until it fits, so that
/// no tile reaches beyond the image; what it has in common with its neighbour is computed twice.</summary>
internal readonly record struct WinogradTiling(int Height, int Width, int Outputs)
{
    public int Rows => (Height + Outputs - 1) / Outputs;

    public int Columns => (Width + Outputs - 1) / Outputs;

    /// <summary>Output row at which a row of tiles starts; the image's height for the one after the last.</summary>
    public int Top(int row) => row == Rows ? Height : Math.Min(row * Outputs, Height - Outputs);

    /// <summary>Output column at which a column of tiles starts.</summary>
    public int Left(int column) => Math.Min(column * Outputs, Width - Outputs);

    /// <summary>Rows of tiles to work on at a time; see <see cref="PerChunk"/>.</summary>
    public int RowsPerChunk(long floatsPerTile, int registerRows, long cacheFloats) => PerChunk(Columns, floatsPerTile, registerRows, cacheFloats);

    /// <summary>Groups of tiles (rows, images) to work on at a time: few enough that their data stays in the second-level cache, and a number of tiles
    /// that fills register tiles well; at least one.</summary>
    /// <param name="group">Tiles of a group.</param>
    /// <param name="floatsPerTile">Floats of intermediate results of one tile.</param>
    /// <param name="registerRows">Rows of a full register tile.</param>
    /// <param name="cacheFloats">Floats that intermediate results may take.</param>
    public static int PerChunk(int group, long floatsPerTile, int registerRows, long cacheFloats)
    {
        int best = 1;
        double bestFill = 0;
        for (int groups = 1; groups == 1 || groups * group * floatsPerTile <= cacheFloats; groups++)
        {
            int tiles = groups * group;
            double fill = (double)tiles / ((tiles + registerRows - 1) / registerRows * registerRows);
            if (fill >= bestFill) (best, bestFill) = (groups, fill);
            if (tiles >= 8 * registerRows) break;
        }
        return best;
    }
}
