using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Tests.Imaging;

public class CardTests
{
    private const int Side = 160;

    private static float[] Normalize(GrayImage image, Polarity polarity = Polarity.Detect)
    {
        var result = new float[784];
        Assert.True(CharacterNormalizer.Normalize(image, NormalizerLayout.Emnist, polarity, result));
        return result;
    }

    /// <summary>A digit on a card, |x/a|ᵏ + |y/a|ᵏ ≤ 1, turned, that lies on a table.</summary>
    private static GrayImage Paint(int digit, double turn, double radius, double squareness, double table, double paper, double ink)
    {
        var (sine, cosine) = Math.SinCos(turn);
        return Drawing.Paint(Drawing.Square(digit, Side, 8, 0.42), Side, (x, y) =>
        {
            double u = (x - 79.5) * cosine + (y - 79.5) * sine, v = (y - 79.5) * cosine - (x - 79.5) * sine;
            return Math.Pow(Math.Abs(u) / radius, squareness) + Math.Pow(Math.Abs(v) / radius, squareness) <= 1 ? paper : table;
        }, (_, _) => ink);
    }

    [Theory]
    [InlineData(0, 74, 4, 0, 240, 48)]
    [InlineData(0, 72, 6, 255, 90, 250)]
    [InlineData(0.25, 62, 100, 50, 225, 56)]
    [InlineData(-0.1, 60, 100, 140, 235, 50)]
    public void A_character_on_a_card_is_normalised_as_without_the_table(double turn, double radius, double squareness, double table, double paper, double ink)
    {
        for (int digit = 0; digit < 10; digit++)
        {
            float[] bare = Normalize(Drawing.Paint(Drawing.Square(digit, Side, 8, 0.42), Side, (_, _) => paper, (_, _) => ink));
            GrayImage card = Paint(digit, turn, radius, squareness, table, paper, ink);
            Assert.InRange(bare.Zip(Normalize(card), (a, b) => Math.Abs(a - b)).Max(), 0, 0.05);
            Assert.Equal(Normalize(card), Normalize(card, paper > table ? Polarity.DarkOnLight : Polarity.LightOnDark));
        }
    }

    /// <summary>Figures that nearly are rectangles with holes, rings, and strokes that are as broad as they are.</summary>
    [Fact]
    public void Figures_are_no_cards()
    {
        var pictures = new List<GrayImage>();
        foreach (string figure in (string[])["### #.# ### #.# ###", "#### #..# #### #..# ####", "##### #...# #...# #...# #####", "#### #### ####", "#### #.## ####"])
        {
            string[] rows = figure.Split(' ');
            pictures.Add(Picture((x, y) => x / 16 - 2 is var u and >= 0 && y / 16 - 2 is var v and >= 0 && v < rows.Length && u < rows[v].Length && rows[v][u] == '#'));
        }
        // Strokes of chalk, which have holes, and of a dry pen, with a streak
        foreach (int breadth in new[] { 34, 50, 72 })
            pictures.Add(Picture((x, y) => Math.Abs(x - 80) < breadth / 2 && y is > 4 and < 155 && (x % 13 > 2 || y % 17 > 2)));
        foreach (int breadth in new[] { 34, 50 })
            pictures.Add(Picture((x, y) => Math.Abs(x - 80) < breadth / 2 && y is > 4 and < 155 && (x is < 78 or > 81 || y is < 30 or > 120)));
        foreach (double hole in new[] { 20, 40, 60 }) pictures.Add(Picture((x, y) => Math.Sqrt((x - 80) * (x - 80) + (y - 80) * (y - 80)) is var r && r < 76 && r > hole));
        for (int digit = 0; digit < 10; digit++)
        {
            float[] cover = Drawing.Square(digit, Side, 40, 0.7);
            pictures.Add(Picture((x, y) => cover[y * Side + x] > 0.5));
        }
        foreach (GrayImage picture in pictures)
        {
            var work = new NormalizerWorkspace();
            work.Reserve(Side, Side);
            picture.Pixels.CopyTo(work.Gray);
            Polarity polarity = Polarity.Detect;
            Card.TakeOut(work, Side, Side, isPage: false, ref polarity);
            Assert.Equal(Polarity.Detect, polarity);
            Assert.True(picture.Pixels.SequenceEqual(work.Gray.AsSpan(0, Side * Side)));
        }

        static GrayImage Picture(Func<int, int, bool> ink) => new(Side, Side, [.. Enumerable.Range(0, Side * Side).Select(i => ink(i % Side, i / Side) ? (byte)30 : (byte)240)]);
    }
}
