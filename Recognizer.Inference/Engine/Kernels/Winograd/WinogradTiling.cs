using Recognizer.Inference.Engine.Kernels.Convolutions;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>How an image is cut into tiles.</summary>
/// <param name="Rows">Rows of tiles.</param>
/// <param name="Columns">Columns of tiles.</param>
internal readonly record struct WinogradTiling(MixedTiling Rows, MixedTiling Columns)
{
    /// <summary>Floats of ring that leave room for weights in a second-level cache of 1 MB.</summary>
    private const long CacheFloats = 150_000;

    /// <summary>The tiles that an algorithm takes for an image; for direct convolution each output is one.</summary>
    public static WinogradTiling Of(ConvolutionAlgorithm algorithm, int height, int width)
    {
        ReadOnlySpan<int> kinds = Kinds(algorithm);
        return new WinogradTiling(MixedTiling.Of(height, kinds), MixedTiling.Of(width, kinds));
    }

    /// <summary>Outputs, in one dimension, of the kinds of tiles that an algorithm has, in descending order.</summary>
    public static ReadOnlySpan<int> Kinds(ConvolutionAlgorithm algorithm) => algorithm switch
    {
        ConvolutionAlgorithm.Winograd7 => Winograd7.Kinds,
        ConvolutionAlgorithm.Winograd4 => Winograd4.Kinds,
        ConvolutionAlgorithm.Winograd2 => Winograd2.Kinds,
        _ => [1],
    };

    /// <summary>Tiles of an image.</summary>
    public int Tiles => Rows.Count * Columns.Count;

    /// <summary>Products of each pair of an input and an output channel, for an image.</summary>
    public int Products => Rows.Points * Columns.Points;

    /// <summary>Whether no output is computed twice.</summary>
    public bool IsExact => Rows.IsExact && Columns.IsExact;

    /// <summary>Points of the largest tile.</summary>
    public int Points => Rows.LongestPoints * Columns.LongestPoints;

    /// <summary>Rows of tiles to work on at a time, whose transformed inputs and products share a ring of slots; see <see cref="PerChunk"/>.</summary>
    /// <param name="slotWidth">Floats of a tile in a slot.</param>
    /// <param name="registerRows">Rows of a full register tile.</param>
    public int RowsPerChunk(int slotWidth, int registerRows) => PerChunk(Columns.Count, (Points + 1) * slotWidth, registerRows, CacheFloats);

    /// <summary>The same for images.</summary>
    public int ImagesPerChunk(int slotWidth, int registerRows) => PerChunk(Tiles, (Points + 1) * slotWidth, registerRows, CacheFloats);

    /// <summary>Whether the ring of a single image stays in the second-level cache.</summary>
    public bool FitsCache(int slotWidth) => (long)Tiles * (Points + 1) * slotWidth <= CacheFloats;

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
