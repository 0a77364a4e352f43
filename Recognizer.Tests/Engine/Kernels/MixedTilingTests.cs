using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Tests.Engine.Kernels;

public sealed class MixedTilingTests
{
    [Fact]
    public void TilesCoverEverySizeInOrder()
    {
        for (int size = 4; size < 70; size++)
        {
            MixedTiling tiling = MixedTiling.Of(size);
            int covered = 0;
            for (int tile = 0; tile < tiling.Count; tile++)
            {
                int start = tiling.Start(tile);
                Assert.InRange(start, 0, covered);
                covered = start + (tiling.IsFour(tile) ? 4 : 3);
                Assert.InRange(covered, start, size);
            }
            Assert.Equal(size, covered);
            Assert.Equal(size, tiling.Start(tiling.Count));
        }
        Assert.Equal(new MixedTiling(14, 2, 4), MixedTiling.Of(14));
        Assert.Equal(new MixedTiling(7, 1, 2), MixedTiling.Of(7));
        Assert.Equal(new MixedTiling(28, 7, 7), MixedTiling.Of(28));
    }

    [Theory]
    [InlineData(14, 7, 0, 8)]
    [InlineData(7, 14, 1, 5)]
    [InlineData(28, 28, 3, 4)]
    [InlineData(6, 5, 2, 9)]
    public void EveryTileHasItsPlaceAndKindsAreNeighbours(int height, int width, int first, int count)
    {
        MixedTiling rows = MixedTiling.Of(height), columns = MixedTiling.Of(width);
        var places = new TilePlaces(rows, columns, first, count);
        var kinds = new (bool FourRows, bool FourColumns)?[count * columns.Count];
        for (int row = 0; row < count; row++)
        {
            (int four, int three) = places.Of(row);
            for (int t = 0; t < columns.Count; t++)
            {
                int place = columns.IsFour(t) ? four + t : three + t - columns.Fours;
                Assert.Null(kinds[place]);
                kinds[place] = (rows.IsFour((first + row) % rows.Count), columns.IsFour(t));
            }
        }
        foreach (bool fourRows in new[] { false, true })
        {
            foreach (bool fourColumns in new[] { false, true })
            {
                (int start, int end) = places.With(fourRows, fourColumns);
                for (int i = 0; i < kinds.Length; i++)
                    Assert.Equal((!fourRows || kinds[i]!.Value.FourRows) && (!fourColumns || kinds[i]!.Value.FourColumns), i >= start && i < end);
            }
        }
    }
}
