using Recognizer.Inference.Imaging;

namespace Recognizer.Tests.Imaging;

public class CharacterNormalizerTests
{
    private static float[] Normalize(GrayImage image, NormalizerLayout layout = NormalizerLayout.Emnist, Polarity polarity = Polarity.Detect)
    {
        var result = new float[784];
        Assert.True(CharacterNormalizer.Normalize(image, layout, polarity, result));
        return result;
    }

    private static double Correlation(float[] a, float[] b)
    {
        double dot = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++)
        {
            dot += a[i] * b[i];
            aa += a[i] * a[i];
            bb += b[i] * b[i];
        }
        return dot / Math.Sqrt(aa * bb);
    }

    private static float[] Reference(int digit) => Normalize(Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (_, _) => 255, (_, _) => 0));

    public static TheoryData<int, string> Appearances()
    {
        var data = new TheoryData<int, string>();
        foreach (int digit in new[] { 0, 2, 4, 7 })
            foreach (string how in new[] { "small", "tiny", "large", "inverted", "faint", "gradient", "shadow", "thin", "noise", "speck", "corner", "ruled", "box", "tight", "neighbour",
                "edge of a shadow", "shadow beside", "table", "finger", "stroke below", "dirt below", "box on paper", "three sides of a box", "corner of a box", "squared", "squared to the edge", "squared and turned", "margin line", "far", "vignetted", "reflection" })
                data.Add(digit, how);
        return data;
    }

    [Theory]
    [MemberData(nameof(Appearances))]
    public void The_same_character_gives_the_same_input(int digit, string how)
    {
        var random = new Random(5);
        double Noise() => 20 * (random.NextDouble() + random.NextDouble() - 1);
        var image = how switch
        {
            "small" => Drawing.Paint(Drawing.Square(digit, 40, 4), 40, (_, _) => 255, (_, _) => 0),
            "tiny" => Drawing.Paint(Drawing.Square(digit, 18, 1.8), 18, (_, _) => 255, (_, _) => 0),
            "large" => Drawing.Paint(Drawing.Square(digit, 1400, 140), 1400, (_, _) => 255, (_, _) => 0),
            "inverted" => Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (_, _) => 10, (_, _) => 240),
            "faint" => Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (_, _) => 150, (_, _) => 120),
            "gradient" => Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (x, y) => 100 + 0.35 * (x + y), (x, y) => 0.4 * (100 + 0.35 * (x + y))),
            "shadow" => Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (x, y) => x + y / 3 > 120 ? 110 : 220, (x, y) => x + y / 3 > 120 ? 35 : 70),
            "thin" => Drawing.Paint(Drawing.Square(digit, 200, 4), 200, (_, _) => 255, (_, _) => 0),
            "noise" => Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (_, _) => 200 + Noise(), (_, _) => 60 + Noise()),
            "speck" => Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (x, y) => x is > 4 and < 8 && y is > 4 and < 8 ? 0 : 255, (_, _) => 0),
            "corner" => Drawing.Paint(Corner(digit), 1600, (_, _) => 230, (_, _) => 50),
            "ruled" => Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (x, y) => (y + x / 30) % 90 < 3 ? 120 : 230, (_, _) => 40),
            "box" => Drawing.Paint(Drawing.Square(digit, 200, 20, 0.6), 200, (x, y) => Math.Min(Math.Min(x, y), Math.Min(199 - x, 199 - y)) is >= 5 and < 9 ? 60 : 230, (_, _) => 40),
            "edge of a shadow" => Drawing.Paint(Drawing.Square(digit, 200, 10), 200, (x, y) => x + y / 2 > 140 ? 110 : 240, (x, y) => x + y / 2 > 140 ? 25 : 55),
            "shadow beside" => Drawing.Paint(Drawing.Square(digit, 200, 10), 200, (x, _) => x < 30 ? 140 : 240, (_, _) => 55),
            "table" => Drawing.Paint(Drawing.Square(digit, 200, 10, 0.6), 200, (x, y) => x >= 180 || y >= 185 ? 80 : 245, (_, _) => 30),
            "finger" => Drawing.Paint(Drawing.Square(digit, 200, 10, 0.5), 200, (x, y) => x * x + y * y < 55 * 55 ? 130 : 245, (_, _) => 30),
            "stroke below" => Drawing.Paint(Drawing.Square(digit, 200, 10, 0.6), 200, (x, y) => x is > 90 and < 102 && y > 178 ? 30 : 245, (_, _) => 30),
            "dirt below" => Drawing.Paint(Drawing.Square(digit, 200, 10, 0.4), 200, (x, y) => x is > 90 and < 101 && y is > 182 and < 193 ? 30 : 245, (_, _) => 30),
            "box on paper" => Drawing.Paint(Drawing.Square(digit, 300, 10, 0.3), 300, (x, y) => Math.Max(Math.Abs(x - 150), Math.Abs(y - 150)) is >= 68 and < 71 ? 30 : 245, (_, _) => 30),
            "three sides of a box" => Drawing.Paint(Drawing.Square(digit, 300, 10, 0.3), 300, (x, y) => Math.Max(Math.Abs(x - 150), Math.Abs(y - 150)) is >= 68 and < 71 && y > 85 ? 30 : 245, (_, _) => 30),
            "corner of a box" => Drawing.Paint(Drawing.Square(digit, 300, 10, 0.3), 300, (x, y) => Math.Max(Math.Abs(x - 150), Math.Abs(y - 150)) is >= 68 and < 71 && (x < 84 || y > 216) ? 30 : 245, (_, _) => 30),
            "squared" => Drawing.Paint(Drawing.Square(digit, 200, 10, 0.5), 200, (x, y) => x % 40 is 30 or 31 || y % 40 is 22 or 23 ? 90 : 245, (_, _) => 20),
            "squared to the edge" => Drawing.Paint(Drawing.Square(digit, 200, 10, 0.5), 200, (x, y) => x % 40 is 2 or 3 || y % 40 is 2 or 3 ? 30 : 245, (_, _) => 20),
            "squared and turned" => Drawing.Paint(Drawing.Square(digit, 400, 16, 0.4), 400, (x, y) => IsOnSquares(x + 0.07 * y, y - 0.07 * x) ? 90 : 230, (_, _) => 40),
            "margin line" => Drawing.Paint(Drawing.Square(digit, 200, 10, 0.5), 200, (x, y) => x is 62 or 63 || y % 60 is 34 or 35 ? 90 : 245, (_, _) => 20),
            "far" => Drawing.Paint(Far(digit), 2400, (_, _) => 240, (_, _) => 30),
            "vignetted" => Drawing.Paint(Drawing.Square(digit, 250, 4), 250, (x, y) => Vignette(x, y), (x, y) => 0.66 * Vignette(x, y)),
            "reflection" => Drawing.Paint(Drawing.Square(digit, 250, 4), 250, (x, y) => Reflection(x, y), (x, y) => 0.5 * Reflection(x, y)),
            "neighbour" => Drawing.Paint(Drawing.Square(digit, 200, 20), 200, (x, y) => y is > 50 and < 160 && x is < 15 or > 190 ? 20 : 255, (_, _) => 0),
            _ => Drawing.Paint(Drawing.Square(digit, 200, 20, 0.95), 200, (_, _) => 255, (_, _) => 0),
        };
        // another pen is another drawing, few pixels hold less of it, and lines take some ink with them
        double least = how is "thin" or "vignetted" or "reflection" or "tiny" or "tight" or "shadow" or "edge of a shadow" ? 0.87 : how is "ruled" or "margin line" || how.StartsWith("squared", StringComparison.Ordinal) ? 0.84 : how is "finger" or "far" ? 0.9 : 0.95;
        Assert.InRange(Correlation(Reference(digit), Normalize(image)), least, 1.0001);

        static bool IsOnSquares(double x, double y) => (x + 88) % 88 < 3 || (y + 60) % 88 < 3;

        // Far darker in the corners than in the middle, as a photograph by the light of a phone is
        static double Vignette(int x, int y) => 205 - 175 * Math.Pow((Math.Pow(x - 125, 2) + Math.Pow(y - 125, 2)) / (2 * 125 * 125.0), 0.8);
        // The same with a dark spot in the middle of the writing, as of a phone that is held over the paper
        static double Reflection(int x, int y) => Vignette(x, y) - 45 * Math.Exp(-(Math.Pow(x - 120, 2) + Math.Pow(y - 130, 2)) / (2 * 25 * 25.0));
    }

    /// <summary>Lit strokes are as light as paper in the shadow, whose edge runs through the character in any direction.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(35, 1)]
    [InlineData(35, 12)]
    [InlineData(70, 1)]
    [InlineData(100, 1)]
    [InlineData(100, 12)]
    [InlineData(130, 1)]
    [InlineData(160, 1)]
    [InlineData(160, 12)]
    public void Pale_strokes_across_the_edge_of_a_shadow_are_told_from_paper(double degrees, double softness)
    {
        (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
        foreach (int digit in (ReadOnlySpan<int>)[0, 2, 4, 7])
            foreach (double share in (ReadOnlySpan<double>)[0.6, 0.9])
            {
                float[] cover = Drawing.Square(digit, 160, 14, share);
                double Light(int x, int y) => 1 - 0.45 / (1 + Math.Exp(-4 * ((x - 75) * cos + (y - 80) * sin) / softness));
                float[] lit = Normalize(Drawing.Paint(cover, 160, (_, _) => 235, (_, _) => 150));
                Assert.InRange(Correlation(lit, Normalize(Drawing.Paint(cover, 160, (x, y) => 235 * Light(x, y), (x, y) => 150 * Light(x, y)))), 0.95, 1.0001);
            }
    }

    /// <summary>Strokes as broad as windows that follow edges, in light that falls off smoothly.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public void Broad_strokes_stay_whole_in_smooth_light(int digit)
    {
        float[] cover = Drawing.Square(digit, 112, 26, 0.7);
        double Light(int x, int y) => 0.3 + 0.7 * (x + y) / 222;
        Assert.InRange(Correlation(Normalize(Drawing.Paint(cover, 112, (_, _) => 255, (_, _) => 40)), Normalize(Drawing.Paint(cover, 112, (x, y) => 255 * Light(x, y), (x, y) => 40 * Light(x, y)))), 0.95, 1.0001);
    }

    [Fact]
    public void The_stem_of_a_small_closely_cropped_digit_is_no_ruled_line()
    {
        // A narrow 7 as a bitmap of 32 × 32 pixels: a bar, and below its end a stem of two pixels down to the edge.
        var bitmap = new byte[32 * 32];
        for (int y = 0; y < 32; y++)
            for (int x = 0; x < 32; x++)
                bitmap[y * 32 + x] = y < 3 && x is >= 10 and < 21 || x is 19 or 20 ? (byte)255 : (byte)0;
        var normalized = new float[784];
        Assert.True(CharacterNormalizer.Normalize(bitmap, 32, 32, NormalizerLayout.Mnist, Polarity.Detect, normalized));
        int rows = Enumerable.Range(0, 28).Count(y => normalized.AsSpan(28 * y, 28).ContainsAnyInRange(0.5f, 1));
        Assert.InRange(rows, 18, 22);
    }

    // A stem down the whole height of a bitmap of 64 × 64 pixels, and a bar from edge to edge: parts of a 7, a T or a t that fill their picture, but a 1 on or over a ruled line.
    [Theory]
    [InlineData(38, 8, 38, true)]
    [InlineData(30, 12, 64, true)]
    [InlineData(30, 26, 64, true)]
    [InlineData(30, 40, 64, false)]
    [InlineData(30, 58, 64, false)]
    public void A_bar_on_a_stem_is_no_ruled_line_unless_it_is_in_its_lower_half(int stem, int bar, int length, bool stays)
    {
        var bitmap = new byte[64 * 64];
        for (int y = 0; y < 64; y++)
            for (int x = 0; x < 64; x++)
                bitmap[y * 64 + x] = (y >= bar - 2 && y < bar + 2 && x < length) || (x >= stem - 2 && x < stem + 2 && (length < 64 || y >= 12)) ? (byte)255 : (byte)0;
        float[] normalized = Normalize(new GrayImage(64, 64, bitmap), polarity: Polarity.LightOnDark);
        int rows = Enumerable.Range(0, 28).Count(y => normalized.AsSpan(28 * y, 28).ContainsAnyInRange(0.5f, 1));
        int columns = Enumerable.Range(0, 28).Count(x => Enumerable.Range(0, 28).Any(y => normalized[28 * y + x] >= 0.5f));
        Assert.InRange(rows, 17, 24);
        Assert.InRange(columns, stays ? 10 : 1, stays ? 24 : 6);
    }

    // A 0 that is the same from both sides, and an upright line within and beyond the band where lines are looked for: beyond it, it goes as what lies along the edges does.
    [Theory]
    [InlineData(4)]
    [InlineData(14)]
    [InlineData(16)]
    [InlineData(20)]
    public void A_line_is_removed_at_either_side_alike(int at)
    {
        float[] expected = Normalize(Zero(_ => false));
        foreach (GrayImage image in new[] { Zero(x => x == at || x == at + 1), Zero(x => 63 - x == at || 63 - x == at + 1) })
            Assert.InRange(Correlation(expected, Normalize(image)), 0.95, 1.0001);

        static GrayImage Zero(Func<int, bool> line)
        {
            var pixels = new byte[64 * 64];
            for (int i = 0; i < pixels.Length; i++)
            {
                int x = i % 64, y = i / 64;
                pixels[i] = line(x) || (x is >= 24 and < 40 && y is >= 12 and < 52 && (y is < 17 or >= 47 || x is < 28 or >= 36)) ? (byte)0 : (byte)255;
            }
            return new GrayImage(64, 64, pixels);
        }
    }

    [Fact]
    public void A_stroke_under_a_character_is_no_part_of_it()
    {
        const int Side = 120;
        for (int digit = 0; digit < 10; digit++)
        {
            float[] cover = Drawing.Square(digit, Side, 6, 0.5);
            GrayImage bare = Paint(cover);
            for (int x = 40; x < 85; x++)
                for (int y = 0; y < 3; y++) cover[(100 + y + x / 20) * Side + x] = 1;
            Assert.InRange(Correlation(Normalize(bare), Normalize(Paint(cover))), 0.95, 1.0001);
        }

        static GrayImage Paint(float[] cover) => Drawing.Paint(cover, Side, (_, _) => 230, (_, _) => 40);
    }

    // Bars of an I apart from its stem, and the lower one alone close to it
    [Theory]
    [InlineData(22, 93)]
    [InlineData(-1, 94)]
    public void Serifs_stay(int upper, int lower)
    {
        var pixels = new byte[120 * 120];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i % 120, y = i / 120;
            bool serif = x is >= 38 and < 82 && (y >= upper && y < upper + 5 && upper > 0 || y >= lower && y < lower + 5);
            pixels[i] = serif || (x is >= 57 and < 63 && y is >= 31 and < 89) ? (byte)30 : (byte)230;
        }
        float[] normalized = Normalize(new GrayImage(120, 120, pixels));
        Assert.InRange(Enumerable.Range(0, 28).Count(x => Enumerable.Range(0, 28).Any(y => normalized[28 * y + x] >= 0.5f)), 10, 24);
    }

    [Fact]
    public void Lines_between_the_boxes_of_a_wide_picture_are_removed()
    {
        Assert.InRange(Correlation(Normalize(Seven(_ => false)), Normalize(Seven(x => x is 0 or 1 or 64 or 65 or 128 or 129 or 190 or 191))), 0.95, 1.0001);

        // In the middle one of three boxes of 64 × 64 pixels.
        static GrayImage Seven(Func<int, bool> line)
        {
            var pixels = new byte[192 * 64];
            for (int i = 0; i < pixels.Length; i++)
            {
                int x = i % 192, y = i / 192;
                pixels[i] = line(x) || (y is >= 10 and < 16 && x is >= 80 and < 112) || (y is >= 10 and < 56 && x is >= 106 and < 112) ? (byte)255 : (byte)0;
            }
            return new GrayImage(192, 64, pixels);
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    public void Ink_on_the_border_of_a_close_crop_is_no_paper(int digit)
    {
        // A thick digit, the square around its ink in 24 × 24 pixels that are soft at its edges.
        const int side = 24;
        GrayImage large = Drawing.Paint(Drawing.Square(digit, 200, 60), 200, (_, _) => 0, (_, _) => 255);
        int left = 200, right = 0, top = 200, bottom = 0;
        for (int y = 0; y < 200; y++)
            for (int x = 0; x < 200; x++)
                if (large.Pixels[200 * y + x] > 100) (left, right, top, bottom) = (Math.Min(left, x), Math.Max(right, x), Math.Min(top, y), Math.Max(bottom, y));
        double extent = Math.Max(right - left, bottom - top) + 1, x0 = (left + right + 1 - extent) / 2, y0 = (top + bottom + 1 - extent) / 2;
        var pixels = new byte[side * side];
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
            {
                double sum = 0;
                for (int v = 0; v < 8; v++)
                    for (int u = 0; u < 8; u++)
                    {
                        int px = (int)(x0 + extent * (x + (u + 0.5) / 8) / side), py = (int)(y0 + extent * (y + (v + 0.5) / 8) / side);
                        sum += px is >= 0 and < 200 && py is >= 0 and < 200 ? large.Pixels[200 * py + px] : 0;
                    }
                pixels[side * y + x] = (byte)(sum / 64);
            }
        Assert.InRange(Correlation(Normalize(large), Normalize(new GrayImage(side, side, pixels))), 0.7, 1.0001);
    }

    /// <summary>A digit of 70 pixels, drawn with a pen of 3, on a picture of 2,400 × 1,800.</summary>
    private static float[] Far(int digit)
    {
        var canvas = new float[2400 * 1800];
        Drawing.Digit(canvas, 2400, digit, 1500, 700, 42, 70, 3);
        return canvas;
    }

    private static float[] Corner(int digit)
    {
        var canvas = new float[1600 * 1200];
        Drawing.Digit(canvas, 1600, digit, 1350, 60, 90, 150, 20);
        return canvas;
    }

    [Theory]
    [InlineData(NormalizerLayout.Emnist)]
    [InlineData(NormalizerLayout.Mnist)]
    public void What_is_in_the_layouts_form_comes_through_unchanged(NormalizerLayout layout)
    {
        // what the normaliser made is in the form
        var made = Normalize(Drawing.Paint(Drawing.Square(3, 200, 20), 200, (_, _) => 255, (_, _) => 0), layout);
        int least = layout == NormalizerLayout.Mnist ? 90 : 4; // MNIST's edges end at its 20 pixels
        byte[] light = [.. made.Select(v => (byte)(v * 255 + 0.5f) is var b && b < least ? (byte)0 : b)];
        byte[] dark = [.. light.Select(v => (byte)(255 - v))];
        float[] expected = [.. light.Select(v => v * (1f / 255))];
        Assert.Equal(expected, Normalize(new GrayImage(28, 28, light), layout));
        Assert.Equal(expected, Normalize(new GrayImage(28, 28, dark), layout));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(28, 28)]
    [InlineData(1, 5000)]
    [InlineData(5000, 1)]
    [InlineData(300, 200)]
    [InlineData(1, 16_777_216)]
    [InlineData(16_777_216, 1)]
    public void A_blank_picture_has_no_ink(int width, int height)
    {
        var pixels = new byte[width * height];
        Array.Fill(pixels, (byte)180);
        var image = new GrayImage(width, height, pixels);
        var result = Enumerable.Repeat(1f, 784).ToArray();
        Assert.False(CharacterNormalizer.Normalize(image, NormalizerLayout.Emnist, Polarity.Detect, result));
        Assert.All(result, v => Assert.Equal(0, v));
    }

    [Fact]
    public void Any_picture_gives_values_between_0_and_1()
    {
        var random = new Random(8);
        var result = new float[784];
        for (int i = 0; i < 300; i++)
        {
            int width = random.Next(1, 80), height = random.Next(1, 80);
            var pixels = new byte[width * height];
            if (i % 3 == 0) random.NextBytes(pixels);
            else for (int k = random.Next(1, 20); k > 0; k--) pixels[random.Next(pixels.Length)] = (byte)random.Next(256);
            foreach (var layout in new[] { NormalizerLayout.Emnist, NormalizerLayout.Mnist })
            {
                CharacterNormalizer.Normalize(new GrayImage(width, height, pixels), layout, (Polarity)(i % 3), result);
                Assert.All(result, v => Assert.InRange(v, 0f, 1f));
            }
        }
    }

    [Theory]
    [InlineData(9, 0)]
    [InlineData(-1, 0)]
    [InlineData(0, 9)]
    [InlineData(0, -1)]
    public void There_are_the_layout_and_the_polarity(int layout, int polarity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CharacterNormalizer.Normalize(new byte[4], 2, 2, (NormalizerLayout)layout, (Polarity)polarity, new float[784]));

    [Fact]
    public void Nothing_is_allocated_once_the_thread_is_warm()
    {
        var small = Drawing.Paint(Drawing.Square(5, 28, 3), 28, (_, _) => 230, (_, _) => 40);
        var large = Drawing.Paint(Drawing.Square(5, 600, 40), 600, (_, _) => 230, (_, _) => 40);
        var shaded = Drawing.Paint(Drawing.Square(5, 100, 8), 100, (x, y) => x > 60 ? 100 : 220, (x, y) => x > 60 ? 30 : 60);
        var result = new float[784];
        for (int i = 0; i < 3; i++) All();
        // Tests that run beside this one take arrays from the same pool, which then makes a new one, in one of 50 rounds; what a call allocates itself it allocates in every round.
        Assert.Equal(0, Enumerable.Range(0, 5).Min(_ => Round()));

        long Round()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 5; i++) All();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void All()
        {
            CharacterNormalizer.Normalize(small, NormalizerLayout.Emnist, Polarity.Detect, result);
            CharacterNormalizer.Normalize(shaded, NormalizerLayout.Emnist, Polarity.Detect, result);
            CharacterNormalizer.Normalize(large, NormalizerLayout.Mnist, Polarity.Detect, result);
        }
    }

    [Fact]
    public void Mnist_layout_centres_by_mass()
    {
        var made = Normalize(Drawing.Paint(Drawing.Square(7, 200, 20), 200, (_, _) => 255, (_, _) => 0), NormalizerLayout.Mnist);
        double mass = 0, x = 0, y = 0;
        for (int i = 0; i < 784; i++)
        {
            mass += made[i];
            x += made[i] * (i % 28);
            y += made[i] * (i / 28);
        }
        Assert.InRange(x / mass, 13.7, 14.3);
        Assert.InRange(y / mass, 13.7, 14.3);
    }

    [Fact]
    public void Ink_that_differs_in_colour_only_is_seen()
    {
        // red on green of the same luma
        var cover = Drawing.Square(2, 200, 20);
        var pixels = new byte[cover.Length * 3];
        for (int i = 0; i < cover.Length; i++)
        {
            pixels[3 * i] = (byte)(200 * cover[i] + 60 * (1 - cover[i]));
            pixels[3 * i + 1] = (byte)(60 * cover[i] + 131 * (1 - cover[i]));
            pixels[3 * i + 2] = 80;
        }
        var normal = Normalize(new Image(200, 200, 3, pixels).ToGray());
        Assert.InRange(Correlation(Reference(2), normal), 0.95, 1.0001);
    }

    [Theory]
    [InlineData(2.4)]
    [InlineData(3.3)]
    [InlineData(4.4)]
    public void Subpixels_of_a_photographed_screen_are_no_ink(double pitch)
    {
        var cover = Drawing.Square(2, 200, 20);
        var pixels = new byte[cover.Length * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)((238 - 198 * cover[i / 3]) * (0.62 + 0.38 * Math.Cos(2 * Math.PI * (i / 3 % 200 / pitch - i % 3 / 3.0))));
        var normal = Normalize(new Image(200, 200, 3, pixels).ToGray());
        Assert.InRange(Correlation(Reference(2), normal), 0.9, 1.0001);
    }

    [Theory]
    [InlineData(255, 255, "exact", 4)] // white ink: over white it would vanish
    [InlineData(250, 255, "exact", 4)]
    [InlineData(250, 255, "rounded", 4)]
    [InlineData(250, 255, "cut off", 4)]
    [InlineData(250, 200, "rounded", 4)]
    [InlineData(250, 255, "rounded", 2)]
    [InlineData(30, 255, "rounded", 4)]
    public void Transparency_is_ink_where_the_colour_is_constant(int level, int opacity, string stored, int channels)
    {
        var cover = Drawing.Square(4, 100, 10);
        var pixels = new byte[cover.Length * channels];
        for (int i = 0; i < cover.Length; i++)
        {
            // As canvases store it: multiplied by the opacity
            int alpha = (int)(opacity * cover[i]), multiplied = (level * alpha + (stored == "rounded" ? 127 : 0)) / 255;
            int color = stored == "exact" ? level : alpha == 0 ? 0 : Math.Min(255, (multiplied * 255 + alpha / 2) / alpha);
            pixels.AsSpan(channels * i, channels - 1).Fill((byte)color);
            pixels[channels * i + channels - 1] = (byte)alpha;
        }
        byte[] expected = [.. pixels.Where((_, i) => i % channels == channels - 1).Select(alpha => (byte)(255 - alpha))];
        var image = Image.FromChannels(100, 100, channels, pixels);
        Assert.Equal(1, image.Channels);
        Assert.Equal(expected, image.Pixels.ToArray());
        Assert.InRange(Correlation(Reference(4), Normalize(image.ToGray())), 0.95, 1.0001);
    }

    [Theory]
    [InlineData(0, 0, 160, 255, 255, 240, 200, 128)] // ink on translucent paper
    [InlineData(100, 100, 100, 255, 103, 103, 103, 255)]
    [InlineData(20, 20, 20, 255, 255, 255, 255, 3)]
    public void Two_colours_are_seen_over_white(int r1, int g1, int b1, int a1, int r2, int g2, int b2, int a2)
    {
        byte[] first = [(byte)r1, (byte)g1, (byte)b1, (byte)a1], second = [(byte)r2, (byte)g2, (byte)b2, (byte)a2];
        byte[] Over(byte[] color) => [.. color.Take(3).Select(c => (byte)((c * color[3] + 255 * (255 - color[3]) + 127) / 255))];
        var image = Image.FromChannels(3, 1, 4, [.. first, .. second, 0, 0, 0, 0]);
        Assert.Equal(3, image.Channels);
        Assert.Equal([.. Over(first), .. Over(second), 255, 255, 255], image.Pixels.ToArray());
    }

    [Fact]
    public void Large_ink_is_drawn_as_in_a_smaller_picture_and_leaves_no_memory_behind()
    {
        const int Side = 3000;
        byte[] Ring(int side)
        {
            var ink = new byte[side * side];
            for (int i = 0; i < ink.Length; i++)
            {
                double radius = Math.Sqrt(Math.Pow(i % side - side / 2.0, 2) + Math.Pow(i / side - side / 2.0, 2)) / side;
                if (radius is > 0.42 and < 0.5) ink[i] = 255;
            }
            return ink;
        }
        float[] small = new float[784], large = new float[784];
        CharacterNormalizer.NormalizeInk(Ring(250), 250, 250, NormalizerLayout.Emnist, 250, small);
        byte[] ink = Ring(Side);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CharacterNormalizer.NormalizeInk(ink, Side, Side, NormalizerLayout.Emnist, Side, large);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        Assert.True(Correlation(small, large) > 0.99);
    }

    [Fact]
    public void What_is_small_beside_its_neighbours_is_drawn_smaller_and_softer_in_the_layout_of_EMNIST()
    {
        byte[] ink = [.. Drawing.Square(0, 100, 10).Select(cover => (byte)(255 * cover))];
        const double Longest = 75;
        float[] Draw(double typical, NormalizerLayout layout)
        {
            var result = new float[784];
            CharacterNormalizer.NormalizeInk(ink, 100, 100, layout, typical, result);
            return result;
        }
        static int Rows(float[] image) => image.Chunk(28).Count(row => row.Max() >= 0.5f);
        static double Softness(float[] image) => image.Sum(v => v * (1 - v)) / image.Sum();

        float[] alone = Draw(0, NormalizerLayout.Emnist), small = Draw(Longest / 0.7, NormalizerLayout.Emnist);
        Assert.Equal(22, Rows(alone));
        Assert.Equal(20, Rows(small)); // 24·0.49 / (0.49 + 1/11) = 20.2
        Assert.InRange(Softness(small) / Softness(alone), 1.3, 2.5);
        Assert.True(Correlation(alone, Draw(Longest, NormalizerLayout.Emnist)) > 0.99);
        Assert.InRange(Softness(Draw(Longest / 1.2, NormalizerLayout.Emnist)) / Softness(alone), 0.5, 0.9);
        // what is smaller still says no more
        Assert.Equal(Draw(Longest / 0.5, NormalizerLayout.Emnist), Draw(Longest / 0.01, NormalizerLayout.Emnist));
        Assert.Equal(Draw(0, NormalizerLayout.Mnist), Draw(Longest / 0.7, NormalizerLayout.Mnist));
    }
}
