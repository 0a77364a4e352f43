using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Tests.Imaging;

/// <summary>What works on many pixels at a time, compared with the definition pixel by pixel; lengths about those of vectors.</summary>
public class RowsTests
{
    public static TheoryData<int> Lengths() => [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 255, 20_000];

    private static byte[] Random(int length, int seed, int levels = 256)
    {
        var random = new Random(seed + length);
        return [.. Enumerable.Range(0, length).Select(_ => (byte)(random.Next(levels) * 255 / (levels - 1)))];
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Rows_of_bytes(int length)
    {
        byte[] a = Random(length, 1), b = Random(length, 2), c = Random(length, 3), result = new byte[length];
        Rows.Smooth(a, b, c, result);
        Assert.Equal(Enumerable.Range(0, length).Select(i => (byte)((a[i] + 2 * b[i] + c[i] + 2) / 4)), result);
        Rows.Invert(a, result);
        Assert.Equal(a.Select(v => (byte)(255 - v)), result);
        Rows.CountLevels(a, 72, 112, result);
        Assert.Equal(a.Select(v => (byte)(v >= 112 ? 2 : v >= 72 ? 1 : 0)), result);
        a.CopyTo(result, 0);
        Rows.AndNot(result, b);
        Assert.Equal(Enumerable.Range(0, length).Select(i => (byte)(a[i] & ~b[i])), result);
        var sums = new ushort[length];
        for (int k = 0; k < 257; k++) Rows.Add(a, sums);
        Assert.Equal(a.Select(v => (ushort)(257 * v)), sums);
        var histogram = new int[256];
        Rows.Histogram(a, histogram);
        Assert.Equal(Enumerable.Range(0, 256).Select(v => a.Count(x => x == v)), histogram);
        foreach (byte level in new byte[] { 0, 1, 128, 255 })
            Assert.Equal(Enumerable.Range(0, length).Count(i => a[i] >= level != b[i] >= level), Rows.CountEdges(a, b, level));
        Assert.Equal(a.Count(v => v >= 100), Rows.CountEdges(a, [], 100));
        // more alike pixels than a byte counts
        Assert.Equal(length, Rows.CountEdges(new byte[length], Enumerable.Repeat((byte)255, length).ToArray(), 1));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Weighted_sums(int length)
    {
        float[] rows = [.. Random(3 * length, 4).Select(v => (float)v)], target = new float[length], weights = [0.5f, -0.25f, 2];
        Rows.WeightedSum(rows, weights, target);
        for (int i = 0; i < length; i++) Assert.Equal(0.5f * rows[i] - 0.25f * rows[length + i] + 2 * rows[2 * length + i], target[i]);
        Rows.MultiplyAdd(rows.AsSpan(0, length), 3, target);
        for (int i = 0; i < length; i++) Assert.Equal(3.5f * rows[i] - 0.25f * rows[length + i] + 2 * rows[2 * length + i], target[i]);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Differences_from_the_ground(int length)
    {
        byte[] pixels = Random(length, 5), result = new byte[length];
        float[] ground = [.. Random(length, 6).Select(v => (float)v)];
        Check(GroundDifference.Signed, (p, g) => 128.5f + (p - g) * 0.5f);
        Check((p, g, to) => GroundDifference.Flattened(p, g, to, dark: true), (p, g) => (g - p) * (215f / (g + 8)) + 40.5f);
        Check((p, g, to) => GroundDifference.Flattened(p, g, to, dark: false), (p, g) => (p - g) * (215f / 255) + 40.5f);
        Check((p, g, to) => GroundDifference.Levelled(p, g, to, dark: true), (p, g) => p * (180f / (g + 8)));
        Check((p, g, to) => GroundDifference.Levelled(p, g, to, dark: false), (p, g) => p - g + 60);
        Check((p, g, to) => GroundDifference.Positive(p, g, to, dark: true), (p, g) => (int)Math.Max(0, g - p) * 255 / ((int)g + 8));
        Check((p, g, to) => GroundDifference.Positive(p, g, to, dark: false), (p, g) => p - g);

        void Check(Difference difference, Func<float, float, float> expected)
        {
            byte[] wanted = [.. pixels.Zip(ground, (p, g) => (byte)Math.Clamp(expected(p, g), 0, 255))];
            difference(pixels, ground, result);
            Assert.Equal(wanted, result);
            byte[] inPlace = [.. pixels];
            difference(inPlace, ground, inPlace);
            Assert.Equal(wanted, inPlace);
        }
    }

    private delegate void Difference(ReadOnlySpan<byte> pixels, ReadOnlySpan<float> ground, Span<byte> to);

    [Theory]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(45)]
    [InlineData(120)]
    public void A_surface_of_second_degree_is_found_in_every_pixel_of_a_row(int side)
    {
        double At(int x, int y)
        {
            double u = (2 * x + 1.0) / side - 1, v = (2 * y + 1.0) / side - 1;
            return 140 + 30 * u - 20 * v + 12 * u * u - 9 * u * v + 15 * v * v;
        }
        byte[] pixels = [.. Enumerable.Range(0, side * side).Select(i => (byte)Math.Round(At(i % side, i / side)))];
        var surface = GroundSurface.Fit(pixels, side, side);
        var row = new float[side];
        for (int y = 0; y < side; y++)
        {
            surface.Row(y, row);
            for (int x = 0; x < side; x++) Assert.InRange(row[x], At(x, y) - 2, At(x, y) + 2);
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(40, 1, 3)]
    [InlineData(1, 40, 3)]
    [InlineData(37, 23, 1)]
    [InlineData(37, 23, 4)]
    [InlineData(70, 9, 20)]
    public void Extrema_in_windows(int width, int height, int radius)
    {
        byte[] pixels = Random(width * height, 7), result = new byte[pixels.Length];
        foreach (bool maximum in new[] { false, true })
        {
            WindowExtremum.Rows(pixels, result, width, height, radius, maximum);
            Assert.Equal(Enumerable.Range(0, pixels.Length).Select(i => Extremum(i % width, width, x => pixels[i / width * width + x])), result);
            WindowExtremum.Columns(pixels, result, width, height, radius, maximum);
            Assert.Equal(Enumerable.Range(0, pixels.Length).Select(i => Extremum(i / width, height, y => pixels[y * width + i % width])), result);
            WindowExtremum.Rows(pixels, result, width, height, radius, maximum);
            WindowExtremum.Columns(result, result, width, height, radius, maximum);
            byte[] squares = [.. pixels];
            WindowExtremum.Squares(squares, squares, width, height, radius, maximum);
            Assert.Equal(result, squares);

            byte Extremum(int at, int length, Func<int, byte> value)
            {
                var window = Enumerable.Range(0, length).Where(k => Math.Abs(k - at) <= radius).Select(value);
                return maximum ? window.Max() : window.Min();
            }
        }
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.4)]
    [InlineData(0.6)]
    [InlineData(0.9)]
    public void Components_are_what_can_be_reached(double share)
    {
        var random = new Random((int)(share * 100));
        for (int round = 0; round < 20; round++)
        {
            int width = random.Next(1, 70), height = random.Next(1, 40);
            byte[] mask = [.. Enumerable.Range(0, width * height).Select(_ => random.NextDouble() < share ? (byte)1 : (byte)0)], ink = Random(mask.Length, round);
            var labels = Enumerable.Repeat(-7, mask.Length).ToArray();
            var components = new List<InkComponent>();
            InkComponents.Find(mask, width, height, labels, components, ink: ink);

            // in the order in which they are met
            var expected = new int[mask.Length];
            int count = 0;
            for (int p = 0; p < mask.Length; p++)
            {
                if (mask[p] == 0 || expected[p] != 0) continue;
                count++;
                var open = new Stack<int>([p]);
                var pixels = new List<int>();
                expected[p] = count;
                while (open.TryPop(out int q))
                {
                    pixels.Add(q);
                    for (int y = Math.Max(0, q / width - 1); y <= Math.Min(height - 1, q / width + 1); y++)
                        for (int x = Math.Max(0, q % width - 1); x <= Math.Min(width - 1, q % width + 1); x++)
                        {
                            if (mask[y * width + x] == 0 || expected[y * width + x] != 0) continue;
                            expected[y * width + x] = count;
                            open.Push(y * width + x);
                        }
                }
                int left = pixels.Min(q => q % width), right = pixels.Max(q => q % width), top = pixels.Min(q => q / width), bottom = pixels.Max(q => q / width);
                Assert.Equal(new InkComponent(count, new PixelBox(left, top, right - left + 1, bottom - top + 1), pixels.Count, pixels.Sum(q => (long)ink[q])), components[count - 1]);
            }
            Assert.Equal(count, components.Count);
            Assert.Equal(expected, labels);
        }
    }

    /// <summary>Pictures of which some are longer than rows that a sum of 16 bits holds.</summary>
    [Theory]
    [InlineData(600, 500)]
    [InlineData(1023, 77)]
    [InlineData(90_000, 700)]
    [InlineData(90_000, 3)]
    [InlineData(2, 70_000)]
    public void Reduced_pictures_have_the_averages(int width, int height)
    {
        byte[] pixels = Random(width * height, 8);
        int factor = (Math.Max(width, height) + 255) / 256, reducedWidth = Math.Max(1, width / factor), reducedHeight = Math.Max(1, height / factor);
        int blockWidth = Math.Min(factor, width), blockHeight = Math.Min(factor, height);
        var gray = new byte[reducedWidth * reducedHeight];
        CharacterNormalizer.Reduce(pixels, width, new PixelBox(0, 0, width, height), factor, gray, reducedWidth, reducedHeight);
        for (int i = 0; i < gray.Length; i++)
        {
            long sum = 0;
            for (int y = 0; y < blockHeight; y++)
                for (int x = 0; x < blockWidth; x++) sum += pixels[(i / reducedWidth * blockHeight + y) * width + i % reducedWidth * blockWidth + x];
            Assert.Equal((sum + blockWidth * blockHeight / 2) / (blockWidth * blockHeight), gray[i]);
        }
    }
}
