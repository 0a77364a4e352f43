using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;
using Recognizer.Inference.Imaging.Pages;

namespace Recognizer.Tests.Imaging;

public class RuledLinesTests
{
    private const int Width = 300, Height = 100, RuleRow = 60;

    /// <summary>A rule from edge to edge, two pixels thick, spread over three rows where it rises, with some noise.</summary>
    private static byte[] Rule(double slope, int level)
    {
        var random = new Random(3);
        var ink = new byte[Width * Height];
        for (int x = 0; x < Width; x++)
        {
            double top = RuleRow + slope * (x - Width / 2);
            int row = (int)Math.Floor(top);
            double part = top - row;
            int value = level + random.Next(-15, 16);
            (ink[row * Width + x], ink[(row + 1) * Width + x], ink[(row + 2) * Width + x]) = ((byte)(value * (1 - part)), (byte)value, (byte)(value * part));
        }
        return ink;
    }

    private static void Fill(byte[] ink, int left, int top, int right, int bottom)
    {
        for (int y = top; y < bottom; y++) ink.AsSpan(y * Width + left, right - left).Fill(255);
    }

    [Theory]
    [InlineData(0, 110)]
    [InlineData(0, 230)]
    [InlineData(0.05, 110)]
    [InlineData(-0.08, 230)]
    public void A_rule_with_nothing_on_it_goes_whole(double slope, int level)
    {
        byte[] ink = Rule(slope, level);
        RuledLines.Remove(ink, Width, Height, -Math.Atan(slope) * 180 / Math.PI);
        Assert.All(ink, value => Assert.InRange(value, 0, 60));
    }

    /// <summary>LL, whose feet lie at one height.</summary>
    [Fact]
    public void Feet_of_characters_in_a_row_are_no_rule()
    {
        var ink = new byte[Width * Height];
        for (int left = 20; left + 40 < Width; left += 55)
        {
            Fill(ink, left, 20, left + 5, 80);
            Fill(ink, left, 75, left + 40, 80);
        }
        byte[] before = [.. ink];
        Assert.False(RuledLines.Remove(ink, Width, Height, 0));
        Assert.Equal(before, ink);
    }

    /// <summary>Every character ends on its dash, which reaches beyond it.</summary>
    [Fact]
    public void Dashes_that_are_written_on_go()
    {
        var ink = new byte[Width * Height];
        for (int left = 10; left + 40 < Width; left += 55)
        {
            Fill(ink, left, RuleRow, left + 40, RuleRow + 3);
            Fill(ink, left + 16, 20, left + 21, RuleRow);
        }
        Assert.True(RuledLines.Remove(ink, Width, Height, 0));
        Assert.InRange(ink.AsSpan((RuleRow + 1) * Width, Width).Count((byte)255), 0, Width / 4); // where strokes stand on them
    }

    /// <summary>Dashes for characters, two of which stand on theirs, or a dotted line.</summary>
    [Theory]
    [InlineData(30, 15)]
    [InlineData(3, 3)]
    public void A_broken_rule_goes(int length, int gap)
    {
        var ink = new byte[Width * Height];
        for (int left = 5; left + length < Width; left += length + gap) Fill(ink, left, RuleRow, left + length, RuleRow + 3);
        foreach (int left in (ReadOnlySpan<int>)[60, 150]) Fill(ink, left, 20, left + 5, RuleRow);
        Assert.True(RuledLines.Remove(ink, Width, Height, 0));
        Assert.InRange(ink.AsSpan((RuleRow + 1) * Width, Width).Count((byte)255), 0, 10); // where the two strokes stand on it
    }

    /// <summary>As where a sheet is bent, or seen from aside: one of several level lines has an angle of its own, and one of several upright ones.</summary>
    [Theory]
    [InlineData(0.02, 0)]
    [InlineData(0, 0.02)]
    [InlineData(0.025, -0.025)]
    public void A_line_that_is_not_parallel_to_the_others_goes_whole(double level, double upright)
    {
        const int Wide = 600, High = 400, Pitch = 90, Tilted = 200;
        var ink = new byte[Wide * High];
        for (int y = 0; y < High; y++)
            for (int x = 0; x < Wide; x++)
                if (IsOnLine(y, level * (x - Wide / 2)) || IsOnLine(x, upright * (y - High / 2))) ink[y * Wide + x] = 200;
        RuledLines.Remove(ink, Wide, High, 0);
        Assert.Equal(0, ink.Count(value => value > 60));

        static bool IsOnLine(int at, double shift) => Math.Abs(at - Tilted - shift) < 1.5 || (at - 20) % Pitch is 0 or 1 or 2 && at / Pitch != Tilted / Pitch;
    }

    [Theory]
    [InlineData(200, 300)]
    [InlineData(100, 130)]
    public void A_part_of_a_rule_that_is_darker_goes_with_it(int from, int to)
    {
        byte[] ink = Rule(0, 100);
        foreach (int row in new[] { RuleRow, RuleRow + 1 })
            for (int x = from; x < to; x++) ink[row * Width + x] = (byte)(ink[row * Width + x] * 1.6);
        RuledLines.Remove(ink, Width, Height, 0);
        Assert.All(ink, value => Assert.InRange(value, 0, 60));
    }

    [Fact]
    public void An_underline_that_is_thicker_at_one_end_goes_whole()
    {
        var ink = new byte[Width * Height];
        Fill(ink, 0, RuleRow, 200, RuleRow + 4);
        Fill(ink, 200, RuleRow - 1, Width, RuleRow + 5);
        RuledLines.Remove(ink, Width, Height, 0);
        Assert.All(ink, value => Assert.Equal(0, value));
    }

    [Fact]
    public void The_bottom_of_a_letter_that_lies_along_a_rule_stays()
    {
        // A U, no thicker there than the rule and its blur
        const int Left = 120, Right = 160, Stroke = 4;
        byte[] ink = Rule(0, 110);
        Fill(ink, Left, 20, Left + Stroke, RuleRow + 2);
        Fill(ink, Right - Stroke, 20, Right, RuleRow + 2);
        Fill(ink, Left, RuleRow - 1, Right, RuleRow + 2);
        RuledLines.Remove(ink, Width, Height, 0);
        Assert.Equal("", string.Join(" ", Enumerable.Range(Left, Right - Left).Where(x => ink[RuleRow * Width + x] != 255)));
        for (int x = 0; x < Width; x++)
            if (x < Left - 2 || x >= Right + 2) Assert.InRange(ink[RuleRow * Width + x], 0, 60);
    }

    [Fact]
    public void Thick_strokes_on_ruled_paper_in_shadow_have_no_holes()
    {
        // Rules make the typical stroke thin, by which the window is chosen within which the ground is looked for
        const int Side = 400, Thick = 14;
        double Light(int x, int y) => x + y / 2 > 250 ? 110 : 220;
        var cover = new float[Side * Side];
        foreach (int left in new[] { 60, 120, 300, 350 })
            for (int y = 140; y < 190; y++) cover.AsSpan(y * Side + left, Thick).Fill(1);
        var image = Drawing.Paint(cover, Side, (x, y) => (y + 10) % 50 < 2 ? 0.6 * Light(x, y) : Light(x, y), (x, y) => 0.25 * Light(x, y));
        PageInk page = PageInk.Find(image, new PageOptions(), PageOrientation.Upright, isAlphanumeric: true)!;
        double scale = (double)page.Width / Side;
        foreach (int left in new[] { 60, 120, 300, 350 })
            for (int y = 150; y < 180; y += 5) Assert.InRange(page.Ink[(int)(y * scale) * page.Width + (int)((left + Thick / 2) * scale)], 200, 255);
    }
}
