using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Tests.Engine.Kernels.Winograd;

public sealed class MixedTilingTests
{
    [Theory]
    [InlineData(7, 5, 3)]
    [InlineData(4, 3)]
    [InlineData(4)]
    [InlineData(2)]
    public void TilesCoverEverySizeInOrder(params int[] kinds)
    {
        for (int size = kinds[^1]; size < 70; size++)
        {
            MixedTiling tiling = MixedTiling.Of(size, kinds);
            int covered = 0, sum = 0, points = 0;
            for (int tile = 0; tile < tiling.Count; tile++)
            {
                int start = tiling.Start(tile), outputs = tiling.Outputs(tile);
                Assert.Contains(outputs, kinds);
                Assert.InRange(outputs, 1, tiling.Longest);
                Assert.InRange(start, 0, covered);
                covered = start + outputs;
                Assert.InRange(covered, start, size);
                sum += outputs;
                points += outputs + 2;
            }
            Assert.Equal(size, covered);
            Assert.Equal(size, tiling.Start(tiling.Count));
            Assert.Equal(sum == size, tiling.IsExact);
            Assert.Equal(points, tiling.Points);
            foreach (int kind in kinds.Where(kind => kind <= size)) Assert.InRange(points, 1, MixedTiling.Uniform(size, kind).Points);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => MixedTiling.Of(kinds[^1] - 1, kinds));
    }

    [Theory]
    [InlineData(28, "7 7 7 7")]
    [InlineData(7, "7")]
    [InlineData(11, "7 5")]
    [InlineData(13, "7 7")]
    [InlineData(10, "5 5")]
    [InlineData(9, "5 5")]
    [InlineData(8, "5 3")]
    [InlineData(5, "5")]
    [InlineData(4, "3 3")]
    [InlineData(24, "7 7 5 5")]
    [InlineData(32, "7 7 7 7 5")]
    public void TilesHaveFewPoints(int size, string tiles)
    {
        MixedTiling tiling = MixedTiling.Of(size, [7, 5, 3]);
        Assert.Equal(tiles, string.Join(' ', Enumerable.Range(0, tiling.Count).Select(tiling.Outputs)));
    }

    [Fact]
    public void AllShortTilesAreShortOnesToo()
    {
        // What works with tiles of four and of three asks for the kind by its place in the order.
        Assert.Equal(new MixedTiling(14, 4, 3, 2, 4), MixedTiling.Of(14, [4, 3]));
        Assert.Equal(new MixedTiling(7, 4, 3, 1, 2), MixedTiling.Of(7, [4, 3]));
        Assert.Equal(new MixedTiling(9, 4, 3, 0, 3), MixedTiling.Of(9, [4, 3]));
        Assert.Equal(new MixedTiling(28, 4, 4, 7, 7), MixedTiling.Of(28, [4, 3]));
    }

    [Theory]
    [InlineData(14, 7, 0, 8, 4, 3)]
    [InlineData(7, 14, 1, 5, 4, 3)]
    [InlineData(28, 28, 3, 4, 4, 3)]
    [InlineData(6, 5, 2, 9, 4, 3)]
    [InlineData(11, 9, 1, 7, 4, 3)]
    [InlineData(11, 11, 1, 7, 7, 5, 3)]
    [InlineData(24, 8, 3, 9, 7, 5, 3)]
    [InlineData(5, 12, 0, 6, 7, 5, 3)]
    [InlineData(14, 11, 1, 4, 7, 5, 3)]
    public void EveryTileHasItsPlaceAndKindsAreNeighbours(int height, int width, int first, int count, params int[] sides)
    {
        MixedTiling rows = MixedTiling.Of(height, sides), columns = MixedTiling.Of(width, sides);
        var places = new TilePlaces(rows, columns, first, count);
        var kinds = new (bool LongRows, bool LongColumns)?[count * columns.Count];
        for (int row = 0; row < count; row++)
        {
            (int longs, int shorts) = places.Of(row);
            for (int t = 0; t < columns.Count; t++)
            {
                int place = columns.IsLong(t) ? longs + t : shorts + t - columns.Longs;
                Assert.Null(kinds[place]);
                kinds[place] = (rows.IsLong((first + row) % rows.Count), columns.IsLong(t));
            }
        }
        foreach (bool longRows in new[] { false, true })
        {
            foreach (bool longColumns in new[] { false, true })
            {
                (int start, int end) = places.With(longRows, longColumns);
                for (int i = 0; i < kinds.Length; i++)
                    Assert.Equal((!longRows || kinds[i]!.Value.LongRows) && (!longColumns || kinds[i]!.Value.LongColumns), i >= start && i < end);
            }
        }
    }
}
