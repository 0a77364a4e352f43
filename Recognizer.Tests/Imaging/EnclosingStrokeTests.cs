using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Tests.Imaging.Pages;
using Recognizer.Training.Architectures;

namespace Recognizer.Tests.Imaging;

public class EnclosingStrokeTests
{
    private const int Side = 160;

    private static float[] Normalize(float[] cover)
    {
        var result = new float[784];
        Assert.True(CharacterNormalizer.Normalize(Drawing.Paint(cover, Side, (_, _) => 230, (_, _) => 40), NormalizerLayout.Emnist, Polarity.Detect, result));
        return result;
    }

    [Theory]
    [InlineData(62, 60, 4, 0)]
    [InlineData(70, 56, 3, 0.06)]
    [InlineData(52, 66, 6, 0)]
    public void A_character_in_a_circle_is_normalised_as_without_it(double radiusX, double radiusY, double pen, double open)
    {
        for (int digit = 0; digit < 10; digit++)
        {
            float[] cover = Drawing.Square(digit, Side, 7, 0.4);
            float[] bare = Normalize(cover);
            Drawing.Ellipse(cover, Side, 80, 80, radiusX, radiusY, pen, open);
            Assert.InRange(bare.Zip(Normalize(cover), (a, b) => Math.Abs(a - b)).Max(), 0, 0.05);
        }
    }

    [Theory]
    [InlineData(2)] // a dot
    [InlineData(15)]
    public void What_is_small_within_a_ring_leaves_it_as_it_is(double radius)
    {
        var cover = new float[Side * Side];
        Drawing.Ellipse(cover, Side, 80, 80, 62, 62, 6);
        float[] ring = Normalize(cover);
        Drawing.Ellipse(cover, Side, 80, 80, radius, radius, 4);
        Assert.Contains(ring.Zip(Normalize(cover)), pair => pair.First > 0.9 && pair.Second > 0.5);
        Assert.Equal(InkWidth(ring), InkWidth(Normalize(cover)));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(47)]
    public void The_bar_of_a_zero_stays(double radius)
    {
        // 0 with a bar that doesn't touch it
        var cover = new float[Side * Side];
        Drawing.Ellipse(cover, Side, 80, 80, radius, 60, 6);
        float[] zero = Normalize(cover);
        for (int i = 0; i < 60; i++) cover.AsSpan((110 - i) * Side + 66 + i / 2, 6).Fill(1);
        float[] barred = Normalize(cover);
        Assert.Equal(InkWidth(zero), InkWidth(barred));
        Assert.True(barred.Sum() > zero.Sum());
    }

    [Fact]
    public void An_open_arc_stays()
    {
        // C around a 1
        float[] cover = Drawing.Square(1, Side, 7, 0.4);
        float[] one = Normalize(cover);
        Drawing.Ellipse(cover, Side, 80, 80, 62, 62, 5, open: 0.3);
        Assert.True(InkWidth(Normalize(cover)) > InkWidth(one) + 5);
    }

    [Fact]
    public void What_is_around_other_characters_may_be_part_of_them()
    {
        float[] cover = Drawing.Square(4, Side, 7, 0.4);
        float[] bare = Normalize(cover);
        Drawing.Ellipse(cover, Side, 80, 80, 62, 60, 4);
        var kept = new float[784];
        CharacterNormalizer.Normalize(Drawing.Paint(cover, Side, (_, _) => 230, (_, _) => 40), NormalizerLayout.Emnist, Polarity.Detect, kept, isAlphanumeric: false);
        Assert.True(InkWidth(kept) > InkWidth(bare));
        // As a model with such labels asks
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", ["④", "4"], seed: 1));
        Assert.Equal(recognizer.RecognizeNormalized(kept).Candidates, recognizer.Recognize(Drawing.Paint(cover, Side, (_, _) => 230, (_, _) => 40)).Candidates);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public void Digits_that_touch_a_comb_stay(int cells)
    {
        string digits = "203471"[..cells];
        GrayImage page = DrawnPage.Paint([digits], gap: 16, boxes: DrawnPage.Boxes.Comb);
        var cover = new float[page.Width * page.Height];
        // The foot of the second goes down to the border
        for (int y = 86; y < 97; y++) cover.AsSpan(y * page.Width + 40 + 40 + 10, 4).Fill(1);
        GrayImage touching = Drawing.Paint(cover, page.Width, (x, y) => page.Pixels[y * page.Width + x], (_, _) => 50);
        Assert.Equal(cells, new PageReader(new TemplateScorer()).Read(touching).Lines.Sum(l => l.Words.Sum(w => w.Characters.Count)));
    }

    private static int InkWidth(float[] normalized) => Enumerable.Range(0, 28).Count(x => Enumerable.Range(0, 28).Any(y => normalized[y * 28 + x] > 0.5));

    [Fact]
    public void Circles_on_a_page_are_not_read()
    {
        // One around the third digit, one around the last three
        GrayImage page = DrawnPage.Paint(["203419", "758"], gap: 24);
        var cover = new float[page.Width * page.Height];
        Drawing.Ellipse(cover, page.Width, 40 + 2 * 48 + 12, 70, 27, 30, 3);
        Drawing.Ellipse(cover, page.Width, 40 + 48 + 12, 150, 95, 36, 3);
        GrayImage circled = Drawing.Paint(cover, page.Width, (x, y) => page.Pixels[y * page.Width + x], (_, _) => 50);
        var scorer = new TemplateScorer();
        PageResult read = new PageReader(scorer).Read(circled);
        Assert.Equal("203419\n758", read.Text);
    }
}
