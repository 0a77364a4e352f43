using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Tests.Imaging.Pages;

namespace Recognizer.Tests.Imaging;

public class PictureFrameTests
{
    private static readonly TemplateScorer s_scorer = new();

    private static float[] Normalize(GrayImage image)
    {
        var result = new float[784];
        Assert.True(CharacterNormalizer.Normalize(image, NormalizerLayout.Emnist, Polarity.Detect, result));
        return result;
    }

    /// <summary>A picture with other pixels around it.</summary>
    private static GrayImage Surround(GrayImage image, int left, int top, int right, int bottom, Func<int, int, double> frame)
    {
        int width = left + image.Width + right, height = top + image.Height + bottom;
        var pixels = new byte[width * height];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int u = x - left, v = y - top;
                pixels[y * width + x] = (uint)u < image.Width && (uint)v < image.Height ? image.Pixels[v * image.Width + u] : (byte)Math.Clamp(frame(x, y), 0, 255);
            }
        return new GrayImage(width, height, pixels);
    }

    private static double Difference(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

    [Theory]
    [InlineData(100, 1, 20)]
    [InlineData(100, 3, 20)]
    [InlineData(100, 12, 90)]
    [InlineData(700, 1, 20)]
    [InlineData(700, 60, 120)]
    public void A_character_in_a_frame_is_normalised_as_without_it(int side, int thickness, int level)
    {
        for (int digit = 0; digit < 10; digit++)
        {
            GrayImage bare = Drawing.Paint(Drawing.Square(digit, side, 8, 60.0 / side), side, (_, _) => 230, (_, _) => 40);
            GrayImage framed = Surround(bare, thickness, thickness, thickness, thickness, (_, _) => level);
            Assert.InRange(Difference(Normalize(bare), Normalize(framed)), 0, 0.02);
            // Light writing in a light frame
            Assert.InRange(Difference(Normalize(bare), Normalize(Invert(framed))), 0, 0.02);
        }

        static GrayImage Invert(GrayImage image) => new(image.Width, image.Height, [.. image.Pixels.ToArray().Select(p => (byte)(255 - p))]);
    }

    [Theory]
    [InlineData(1, 1, 20)]
    [InlineData(4, 4, 20)]
    [InlineData(40, 40, 20)]
    [InlineData(40, 25, 150)]
    [InlineData(0, 16, 0)]
    [InlineData(30, 0, 0)]
    public void A_page_in_a_frame_is_read_with_its_places(int beside, int above, int level)
    {
        var random = new Random(3);
        string[] lines = ["2075346182", "9137", "55682041973"];
        GrayImage bare = DrawnPage.Paint(lines);
        PageResult expected = new PageReader(s_scorer).Read(bare);
        PageResult result = new PageReader(s_scorer).Read(Surround(bare, beside, above, beside, above, (_, _) => level + random.Next(-6, 7)));
        Assert.Equal(string.Join('\n', lines), result.Text);
        BoundingBox first = expected.Lines[0].Words[0].Characters[0].Box, found = result.Lines[0].Words[0].Characters[0].Box;
        Assert.InRange(found.Left - first.Left - beside, -1, 1);
        Assert.InRange(found.Top - first.Top - above, -1, 1);
    }

    [Fact]
    public void A_comb_whose_border_is_the_edge_of_the_picture_is_read()
    {
        const int Cell = 44, Height = 64;
        int[] digits = [2, 0, 7, 5, 3, 4];
        int width = digits.Length * Cell + 2;
        var cover = new float[width * Height];
        for (int i = 0; i < digits.Length; i++) Drawing.Digit(cover, width, digits[i], 12 + i * Cell, 12, 22, 40, 4.5);
        GrayImage comb = Drawing.Paint(cover, width, (x, y) => x % Cell < 2 || y < 2 || y >= Height - 2 ? 70 : 235, (_, _) => 40);
        Assert.Equal("207534", new FieldReader(s_scorer, FieldFormat.FromMask("dddddd")).Read(comb)?.Text);
    }

    [Theory]
    [InlineData(25, 25, 0, 215, 60)]
    [InlineData(32, 0, 0, 215, 60)]
    [InlineData(0, 40, 114, 215, 60)]
    [InlineData(0, 90, 3, 70, 210)]
    [InlineData(30, 30, 252, 170, 50)]
    public void A_character_between_bars_of_one_value_is_normalised_as_without_them(int beside, int above, int level, int ground, int ink)
    {
        var random = new Random(4);
        for (int digit = 0; digit < 10; digit++)
        {
            GrayImage bare = Drawing.Paint(Drawing.Square(digit, 110, 7, 0.55), 110, (_, _) => ground + random.Next(-4, 5), (_, _) => ink);
            // As JPEG leaves them
            GrayImage padded = Surround(bare, beside, above, beside, above, (_, _) => level + random.Next(-3, 4));
            Assert.InRange(Difference(Normalize(bare), Normalize(padded)), 0, 0.02);
        }
    }

    /// <summary>Figures of straight strokes have margins and holes of one value.</summary>
    [Fact]
    public void Margins_and_holes_of_figures_are_no_bars()
    {
        foreach (string figure in (string[])["### #.# ### #.# ###", "##### #...# #...# #...# #####", "#### #### ####", "###### ###### ##.### ###### ######"])
        {
            string[] rows = figure.Split(' ');
            GrayImage plain = new(rows[0].Length * 12, rows.Length * 12, [.. Enumerable.Range(0, rows.Length * 12).SelectMany(y => Enumerable.Range(0, rows[0].Length * 12)
                .Select(x => rows[y / 12][x / 12] == '#' ? (byte)30 : (byte)250))]);
            GrayImage framed = Surround(plain, 14, 9, 14, 9, (_, _) => 250);
            Assert.Null(Padding.Find(framed.Pixels, framed.Width, framed.Height));
        }
    }

    /// <summary>Characters that fill their picture have strokes along its edges too.</summary>
    [Fact]
    public void Strokes_along_the_edges_are_no_frame()
    {
        // An upright stroke, an 8 of straight strokes, a Z and an I with serifs
        foreach (Func<int, int, bool> ink in (Func<int, int, bool>[])[(x, _) => x is >= 8 and < 24, (x, y) => x < 4 || x >= 28 || y is < 4 or >= 28 or (>= 14 and < 18),
            (x, y) => y is < 4 or >= 28 || Math.Abs(x + y - 31) < 3, (x, y) => y is < 3 or >= 29 || x is 15 or 16])
        {
            var bitmap = new byte[32 * 32];
            for (int i = 0; i < bitmap.Length; i++) bitmap[i] = ink(i % 32, i / 32) ? (byte)255 : (byte)0;
            Assert.Null(PictureFrame.Find(bitmap, 32, 32));
        }
    }

    [Fact]
    public void Shadows_and_blank_boxes_are_no_frame()
    {
        GrayImage box = Surround(Drawing.Paint(new float[60 * 60], 60, (_, _) => 230, (_, _) => 0), 3, 3, 3, 3, (_, _) => 30);
        Assert.Null(PictureFrame.Find(box.Pixels, box.Width, box.Height));
        GrayImage vignette = Drawing.Paint(Drawing.Square(5, 200, 12), 200, (x, y) => 240 - 170 * Math.Min(1, Math.Pow(Math.Max(Math.Abs(x - 99.5), Math.Abs(y - 99.5)) / 100, 3)), (_, _) => 20);
        Assert.Null(PictureFrame.Find(vignette.Pixels, vignette.Width, vignette.Height));
    }
}
