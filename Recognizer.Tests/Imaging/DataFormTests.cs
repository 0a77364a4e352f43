using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Tests.Imaging;

/// <summary>Pictures as a data set holds them, softer than the normaliser draws, in other sizes and light.</summary>
public class DataFormTests
{
    private const int Side = 28, Fine = 8;

    /// <summary>[28, 28], 0…1: a digit as large as the layout's and where that has it, whose edges rise more slowly than those the normaliser draws.</summary>
    private static float[] Soft(int digit, NormalizerLayout layout = NormalizerLayout.Emnist)
    {
        const int FineSide = Side * Fine;
        var (height, middle, sigma) = layout == NormalizerLayout.Emnist ? (18, 14, 0.9) : (15.0, 14.5, 0.65);
        double width = height * 2 / 3;
        var canvas = new float[FineSide * FineSide];
        Drawing.Digit(canvas, FineSide, digit, (middle - width / 2) * Fine, (middle - height / 2) * Fine, width * Fine, height * Fine, 2.6 * Fine);
        var weights = new double[FineSide];
        for (int d = 0; d < FineSide; d++) weights[d] = Math.Exp(-0.5 * d * d / (sigma * sigma * Fine * Fine));
        double total = 2 * weights.Sum() - weights[0];
        for (int pass = 0; pass < 2; pass++)
        {
            // along rows, then turned
            var next = new float[canvas.Length];
            for (int y = 0; y < FineSide; y++)
                for (int x = 0; x < FineSide; x++)
                {
                    double sum = 0;
                    for (int u = Math.Max(0, x - 4 * Fine); u < Math.Min(FineSide, x + 4 * Fine); u++) sum += weights[Math.Abs(u - x)] * canvas[y * FineSide + u];
                    next[x * FineSide + y] = (float)(sum / total);
                }
            canvas = next;
        }
        float[] form = Averaged(canvas, FineSide, Side);
        float most = form.Max();
        return [.. form.Select(v => v / most < 0.05f ? 0 : v / most)];
    }

    private static float[] Averaged(float[] from, int fromSide, int toSide)
    {
        // each pixel as toSide × toSide parts: any ratio of sides comes out even
        var sums = new double[toSide * toSide];
        for (int y = 0; y < fromSide * toSide; y++)
            for (int x = 0; x < fromSide * toSide; x++) sums[y / fromSide * toSide + x / fromSide] += from[y / toSide * fromSide + x / toSide];
        return [.. sums.Select(s => (float)(s / (fromSide * fromSide)))];
    }

    private static float[] Enlarged(float[] from, int side)
    {
        var result = new float[side * side];
        for (int i = 0; i < result.Length; i++)
        {
            double u = (i % side + 0.5) * Side / side - 0.5, v = (i / side + 0.5) * Side / side - 0.5;
            int x = (int)Math.Floor(u), y = (int)Math.Floor(v);
            double fx = u - x, fy = v - y;
            result[i] = (float)((At(x, y) * (1 - fx) + At(x + 1, y) * fx) * (1 - fy) + (At(x, y + 1) * (1 - fx) + At(x + 1, y + 1) * fx) * fy);
        }
        return result;

        float At(int x, int y) => from[Math.Clamp(y, 0, Side - 1) * Side + Math.Clamp(x, 0, Side - 1)];
    }

    private static GrayImage Picture(float[] ink, int side, string light) => light switch
    {
        "light on dark" => Drawing.Paint(ink, side, (_, _) => 0, (_, _) => 255),
        "dark on light" => Drawing.Paint(ink, side, (_, _) => 230, (_, _) => 40),
        "faint" => Drawing.Paint(ink, side, (_, _) => 120, (_, _) => 170),
        _ => Drawing.Paint(ink, side, (x, y) => 120 + 100.0 * (x + 2 * y) / (3 * side), (x, y) => 0.3 * (120 + 100.0 * (x + 2 * y) / (3 * side))),
    };

    private static double Difference(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Average());

    public static TheoryData<NormalizerLayout, int, string, double> Pictures()
    {
        var data = new TheoryData<NormalizerLayout, int, string, double>();
        foreach (var layout in new[] { NormalizerLayout.Emnist, NormalizerLayout.Mnist })
            foreach (var (side, most) in new[] { (14, 0.05), (20, 0.025), (28, 0.015), (45, 0.03), (112, 0.03), (700, 0.03) })
                foreach (string light in new[] { "light on dark", "dark on light", "faint", "on a gradient" })
                    data.Add(layout, side, light, most);
        return data;
    }

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Soft_strokes_stay_as_soft_in_any_size_and_light(NormalizerLayout layout, int side, string light, double mostDifference)
    {
        foreach (int digit in new[] { 0, 8 })
        {
            float[] form = Soft(digit, layout), scaled = side < Side ? Averaged(form, Side, side) : Enlarged(form, side);
            var result = new float[Side * Side];
            Assert.True(CharacterNormalizer.Normalize(Picture(scaled, side, light), layout, Polarity.Detect, result));
            Assert.True(Difference(form, result) <= mostDifference, $"{digit}: {Difference(form, result):0.000}");
        }
    }

    [Fact]
    public void The_wrong_polarity_is_not_copied()
    {
        float[] form = Soft(0);
        var result = new float[Side * Side];
        var work = new NormalizerWorkspace();
        foreach (string light in new[] { "light on dark", "dark on light", "faint", "on a gradient" })
        {
            var (right, wrong) = light is "light on dark" or "faint" ? (Polarity.LightOnDark, Polarity.DarkOnLight) : (Polarity.DarkOnLight, Polarity.LightOnDark);
            byte[] pixels = Picture(form, Side, light).Pixels.ToArray();
            Assert.True(DataForm.TryCopy(work, pixels, Side, NormalizerLayout.Emnist, right, result));
            Assert.False(DataForm.TryCopy(work, pixels, Side, NormalizerLayout.Emnist, wrong, result));
        }
    }

    /// <summary>What the data sets don't hold is drawn as they would hold it.</summary>
    [Theory]
    [InlineData("hard edges")]
    [InlineData("thin strokes")]
    [InlineData("off the middle")]
    [InlineData("a line at the border")]
    [InlineData("a box")]
    [InlineData("a comb")]
    [InlineData("a faint box")]
    [InlineData("squared paper")]
    [InlineData("ruled lines")]
    [InlineData("the other side of the paper")]
    public void Other_pictures_are_not_copied(string what)
    {
        const int Size = 112;
        float[] soft = Enlarged(Soft(0), Size), hard = new float[Size * Size];
        Drawing.Digit(hard, Size, 0, 32, 20, 48, 72, 12);
        var large = new float[Size * Size];
        Drawing.Digit(large, Size, 4, 8, 8, 96, 96, 12);
        float[] other = what switch
        {
            "hard edges" => hard,
            "thin strokes" => Thin(),
            "off the middle" => [.. soft.Skip(10), .. new float[10]],
            "a line at the border" => With((_, y) => y < 4 ? 0.6 : 0),
            "a box" => With((x, y) => Line(Math.Max(Math.Abs(x - 55.5), Math.Abs(y - 55.5)) - 45)),
            "a comb" => With((x, y) => Math.Max(y > 10 ? Line(Math.Abs(x - 55.5) - 45) : 0, Math.Abs(x - 55.5) < 45 ? Line(y - 101) : 0)),
            "a faint box" => With((x, y) => Math.Max(Math.Abs(x - 55.5), Math.Abs(y - 55.5)) is > 46 and < 51 ? 0.27 : 0),
            "squared paper" => With((x, y) => x % 28 == 14 || y % 28 == 14 ? 0.5 : 0),
            "ruled lines" => With((_, y) => y % 32 == 20 ? 0.58 : 0),
            _ => With((x, y) => 0.27 * large[y * Size + Size - 1 - x]),
        };
        Assert.True(IsCopied(soft));
        Assert.False(IsCopied(other));

        // as blurred as the character
        static double Line(double distance) => Math.Exp(-0.5 * distance * distance / 16);

        float[] With(Func<int, int, double> added) => [.. soft.Select((v, i) => Math.Max(v, (float)added(i % Size, i / Size)))];

        // of a pixel each; in larger pictures such strokes are hard as well
        static float[] Thin()
        {
            var canvas = new float[Side * Side];
            Drawing.Digit(canvas, Side, 0, 8, 3.5, 12, 21, 1);
            return canvas;
        }

        static bool IsCopied(float[] cover)
        {
            int side = (int)Math.Sqrt(cover.Length);
            return DataForm.TryCopy(new NormalizerWorkspace(), Picture(cover, side, "dark on light").Pixels.ToArray(), side, NormalizerLayout.Emnist, Polarity.Detect, new float[Side * Side]);
        }
    }

    /// <summary>Rows that are part of longer ones, and spans that go on after the picture, give what the picture alone gives.</summary>
    [Theory]
    [InlineData(28)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(300)]
    public void Only_the_picture_counts(int side)
    {
        byte[] pixels = Picture(Enlarged(Soft(0), side), side, "dark on light").Pixels.ToArray();
        float[] expected = new float[Side * Side], result = new float[Side * Side];
        Assert.True(CharacterNormalizer.Normalize(pixels, side, side, NormalizerLayout.Emnist, Polarity.Detect, expected));
        Assert.True(CharacterNormalizer.Normalize([.. pixels, .. new byte[77]], side, side, NormalizerLayout.Emnist, Polarity.Detect, result));
        Assert.Equal(expected, result);
        var recognizer = CharacterRecognizer.Load(ShippedModel.Characters);
        byte[] rows = [.. Enumerable.Range(0, side).SelectMany(y => (IEnumerable<byte>)[.. pixels.AsSpan(y * side, side), 1, 2, 3])];
        Prediction alone = recognizer.Recognize(pixels, side, side, side), part = recognizer.Recognize(rows, side, side, side + 3);
        Assert.Equal((alone.Label, alone.Confidence), (part.Label, part.Confidence));
    }

    [Theory]
    [InlineData(8, 15)]
    [InlineData(14, 9)]
    [InlineData(23, 9)]
    [InlineData(27, 9)]
    public void An_enlarged_picture_averages_back_to_itself(int side, int mostDifference)
    {
        byte[] pixels = [.. Averaged(Soft(4), Side, side).Select(v => (byte)(255 * v + 0.5f))];
        var large = new float[Side * Side];
        SquareResampler.Resample(new NormalizerWorkspace(), pixels, side, large);
        float[] back = Averaged(large, Side, side);
        // cubic weights alone are off by 15 to 29
        Assert.InRange(pixels.Zip(back, (a, b) => Math.Abs(a - b)).Max(), 0, mostDifference);
    }

    [Theory]
    [InlineData(29)]
    [InlineData(56)]
    [InlineData(75)]
    [InlineData(256)]
    public void A_shrunk_picture_has_the_averages(int side)
    {
        var random = new Random(side);
        var pixels = new byte[side * side];
        random.NextBytes(pixels);
        var small = new float[Side * Side];
        SquareResampler.Resample(new NormalizerWorkspace(), pixels, side, small);
        float[] expected = Averaged([.. pixels.Select(p => (float)p)], side, Side);
        for (int i = 0; i < small.Length; i++) Assert.Equal(expected[i], small[i], 0.01f);
    }
}
