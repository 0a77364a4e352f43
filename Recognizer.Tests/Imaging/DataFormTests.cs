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
    [InlineData("off the middle")]
    [InlineData("a line at the border")]
    [InlineData("thin strokes")]
    [InlineData("a box")]
    [InlineData("a comb")]
    public void Other_pictures_are_not_copied(string what)
    {
        const int Size = 112;
        float[] cover;
        if (what is "hard edges" or "thin strokes")
        {
            cover = new float[Size * Size];
            Drawing.Digit(cover, Size, 0, 32, 20, 48, 72, what == "hard edges" ? 12 : 4);
        }
        else cover = Enlarged(Soft(0), Size);
        if (what == "off the middle") cover = [.. cover.Skip(10), .. new float[10]];
        if (what == "a line at the border") cover.AsSpan(0, Size * 4).Fill(0.6f);
        if (what is "a box" or "a comb")
        {
            // as blurred as the character
            float[] form = new float[Side * Side], digit = Averaged(cover, Size, Side);
            for (int i = 0; i < form.Length; i++)
            {
                int x = i % Side, y = i / Side, fromSide = Math.Min(x, Side - 1 - x), fromEnd = what == "a box" ? Math.Min(y, Side - 1 - y) : Side - 1 - y;
                bool within = fromSide >= 2 && y >= 2 && Side - 1 - y >= 2;
                form[i] = Math.Max(digit[y * Side + x] * (fromSide > 5 && Math.Min(y, Side - 1 - y) > 5 ? 1 : 0), within ? Math.Max(Line(fromSide), Line(fromEnd)) : 0);
            }
            cover = Enlarged(form, Size);

            static float Line(int distance) => distance switch { 2 or 4 => 0.5f, 3 => 1, _ => 0 };
        }
        byte[] pixels = Picture(cover, Size, "dark on light").Pixels.ToArray();
        Assert.False(DataForm.TryCopy(new NormalizerWorkspace(), pixels, Size, NormalizerLayout.Emnist, Polarity.Detect, new float[Side * Side]));
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
        SquareResampler.Resample(new NormalizerWorkspace(), pixels, side, large, Side);
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
        SquareResampler.Resample(new NormalizerWorkspace(), pixels, side, small, Side);
        float[] expected = Averaged([.. pixels.Select(p => (float)p)], side, Side);
        for (int i = 0; i < small.Length; i++) Assert.Equal(expected[i], small[i], 0.01f);
    }
}
