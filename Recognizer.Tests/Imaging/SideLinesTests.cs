using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Tests.Imaging;

public class SideLinesTests
{
    private const int Size = 240;

    private static float[] Normalize(GrayImage image)
    {
        var result = new float[784];
        Assert.True(CharacterNormalizer.Normalize(image, NormalizerLayout.Emnist, Polarity.Detect, result));
        return result;
    }

    private static GrayImage Invert(GrayImage image) => new(image.Width, image.Height, [.. image.Pixels.ToArray().Select(p => (byte)(255 - p))]);

    /// <summary>A digit cut out of a form.</summary>
    /// <param name="digit">The digit.</param>
    /// <param name="sides">Where there are lines: l, t, r and b.</param>
    /// <param name="thickness">Of the lines.</param>
    /// <param name="gap">From the picture's side to the line.</param>
    /// <param name="slope">Of the lines.</param>
    /// <param name="left">Left of the digit.</param>
    private static GrayImage Cut(int digit, string sides, double thickness, double gap, double slope, double left)
    {
        var random = new Random(digit);
        var cover = new float[Size * Size];
        Drawing.Digit(cover, Size, digit, left, 50, 84, 140, 15);
        return Drawing.Paint(cover, Size, (x, y) => sides.Any(side => IsOn(side, x, y)) ? 8 : 200 + 0.08 * x + random.Next(-3, 4), (_, _) => 60);

        bool IsOn(char side, int x, int y)
        {
            double depth = side switch { 'l' => x, 't' => y, 'r' => Size - 1 - x, _ => Size - 1 - y } - gap - slope * (side is 'l' or 'r' ? y : x);
            return depth >= 0 && depth < thickness;
        }
    }

    [Theory]
    [InlineData("tl", 12, 0, 0)]
    [InlineData("bl", 11, 0, 0)]
    [InlineData("tr", 22, 0, 0.01)]
    [InlineData("ltb", 10, 0, 0)]
    [InlineData("lr", 2, 0, 0)]
    [InlineData("ltr", 2, 1, 0.01)]
    [InlineData("ltrb", 2, 3, 0.008)]
    [InlineData("lt", 2, 5, -0.02)] // they leave the picture
    public void A_digit_beside_lines_of_its_form_is_normalised_as_without_them(string sides, double thickness, double gap, double slope)
    {
        foreach (int digit in (ReadOnlySpan<int>)[0, 2, 4, 5, 7])
        {
            float[] bare = Normalize(Cut(digit, "", 0, 0, 0, 80));
            GrayImage lined = Cut(digit, sides, thickness, gap, slope, 80);
            Assert.InRange(Difference(bare, Normalize(lined)), 0, 0.04);
            Assert.InRange(Difference(bare, Normalize(Invert(lined))), 0, 0.04);
        }
    }

    /// <summary>Most of the paper is darker than the rest: lit paper stands out from it as far as ink does.</summary>
    [Theory]
    [InlineData("ltrb", 2, 0.4)]
    [InlineData("ltrb", 10, 0.4)]
    [InlineData("lr", 10, 0.35)]
    public void Lines_go_from_a_picture_that_a_shadow_covers_in_part(string sides, double thickness, double lit)
    {
        foreach (int digit in (ReadOnlySpan<int>)[0, 2, 4, 5, 7])
        {
            GrayImage shaded = Shade(Cut(digit, sides, thickness, 0, 0, 80));
            var work = new NormalizerWorkspace();
            work.Reserve(Size, Size);
            shaded.Pixels.CopyTo(work.Gray);
            Polarity polarity = Polarity.Detect;
            Assert.NotNull(SideLines.Find(work, Size, Size, ref polarity));
        }

        GrayImage Shade(GrayImage image) => new(Size, Size, [.. image.Pixels.ToArray().Select((p, i) => i % Size < lit * Size ? p : (byte)(p / 2))]);
    }

    /// <summary>Strokes that touch the lines, or that the picture's side cuts beside them.</summary>
    [Theory]
    [InlineData("br", 2, 140)]
    [InlineData("tr", 11, 143)]
    [InlineData("tl", 11, 160)]
    public void A_digit_that_reaches_the_side_stays(string sides, double thickness, double left)
    {
        foreach (int digit in (ReadOnlySpan<int>)[2, 3, 5, 7])
            Assert.InRange(Difference(Normalize(Cut(digit, "", 0, 0, 0, left)), Normalize(Cut(digit, sides, thickness, 0, 0, left))), 0, 0.04);
    }

    private static double Difference(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Average();

    /// <summary>Figures of straight strokes that fill their picture: E, T, H, I, Z, 5, an E and a T whose strokes are apart, a D of two, and an 8.</summary>
    [Theory]
    [InlineData("#### #... #### #... ####")]
    [InlineData("##### ..#.. ..#.. ..#..")]
    [InlineData("#...# #...# ##### #...# #...#")]
    [InlineData("##### ..#.. ..#.. ..#.. #####")]
    [InlineData("###### ....#. ..##.. .#.... ######")]
    [InlineData("##### #.... ##### ....# #####")]
    [InlineData("#.#### #..... #.###. #..... ######")]
    [InlineData("####### ....... ...#... ...#... ...#... ...#...")]
    [InlineData("#..### #....# #....# #....# #....# ####.#")]
    [InlineData("##### #...# ##### #...# #####")]
    public void Strokes_that_fill_the_picture_are_no_lines(string figure)
    {
        string[] rows = figure.Split(' ');
        foreach (int scale in (ReadOnlySpan<int>)[12, 20, 40])
        {
            int width = rows[0].Length * scale, height = rows.Length * scale;
            GrayImage image = new(width, height, [.. Enumerable.Range(0, width * height).Select(i => rows[i / width / scale][i % width / scale] == '#' ? (byte)30 : (byte)250)]);
            foreach (GrayImage shown in (GrayImage[])[image, Invert(image)])
            {
                AssertNoLines(shown);
            }
        }
    }

    /// <summary>The lightest paper, in the middle, is no light character within lines of the margin's paper.</summary>
    [Theory]
    [InlineData("#...# #...# ##### #...# #...#")]
    [InlineData("##### #.... ####. #.... #####")]
    [InlineData("####. #...# ####. #.#.. #..##")]
    [InlineData("##### ..#.. ..#.. ..#.. ..#..")]
    public void Strokes_beside_the_margin_are_no_lines_where_light_falls_off_towards_the_corners(string figure)
    {
        const int Scale = 28, Stroke = 9, Margin = 3;
        string[] rows = figure.Split(' ');
        int width = rows[0].Length * Scale - (Scale - Stroke) + 2 * Margin, height = rows.Length * Scale - (Scale - Stroke) + 2 * Margin;
        var random = new Random(1);
        byte[] pixels = new byte[width * height];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                double right = (x + 0.5) / width - 0.5, down = (y + 0.5) / height - 0.5, light = 1 - (right * right + down * down);
                pixels[y * width + x] = (byte)(light * (IsInk(x - Margin, y - Margin) ? 40 : 235) + random.Next(-3, 4));
            }
        AssertNoLines(new GrayImage(width, height, pixels));

        // Strokes run from cell to cell, a third as broad as these are
        bool IsInk(int x, int y)
        {
            if (x < 0 || y < 0) return false;
            int column = x / Scale, row = y / Scale;
            if (row >= rows.Length || column >= rows[0].Length || rows[row][column] != '#') return false;
            bool isLeft = x % Scale < Stroke, isTop = y % Scale < Stroke;
            return isLeft && isTop || isTop && column + 1 < rows[0].Length && rows[row][column + 1] == '#' || isLeft && row + 1 < rows.Length && rows[row + 1][column] == '#';
        }
    }

    private static void AssertNoLines(GrayImage image)
    {
        var work = new NormalizerWorkspace();
        work.Reserve(image.Width, image.Height);
        image.Pixels.CopyTo(work.Gray);
        Polarity polarity = Polarity.Detect;
        Assert.Null(SideLines.Find(work, image.Width, image.Height, ref polarity));
    }
}
