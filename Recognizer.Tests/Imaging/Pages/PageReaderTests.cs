using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;

namespace Recognizer.Tests.Imaging.Pages;

public class PageReaderTests
{
    private static readonly TemplateScorer s_scorer = new();

    public static TheoryData<double, double, bool, bool, bool> Appearances() => new()
    {
        { 14, 0, false, false, false }, { 4, 0, false, false, false }, { 14, 7, false, false, false }, { 14, -9, false, false, false },
        { 14, 0, true, false, false }, { 14, 0, false, true, false }, { 14, 5, true, true, false }, { 14, 3, false, false, true },
    };

    [Theory]
    [MemberData(nameof(Appearances))]
    public void Lines_are_read_in_order(double gap, double skew, bool ruled, bool shadow, bool inverted)
    {
        string[] lines = ["2075346182", "9137", "55682041973"];
        var result = new PageReader(s_scorer).Read(DrawnPage.Paint(lines, gap, skew, ruled, shadow, inverted));
        Assert.Equal(string.Join('\n', lines), result.Text);
        Assert.InRange(result.Skew, skew - 0.6, skew + 0.6);
    }

    [Theory]
    [InlineData(150, 1)]
    [InlineData(200, 1.5)]
    [InlineData(300, 1)]
    [InlineData(800, 1)]
    public void What_a_thin_pen_draws_large_is_no_speck(int height, double pen)
    {
        int width = 4 * height;
        var cover = new float[width * 2 * height];
        for (int i = 0; i < 4; i++) Drawing.Digit(cover, width, "7141"[i] - '0', (0.2 + 0.95 * i) * height, 0.5 * height, 0.6 * height, height, pen);
        GrayImage image = Drawing.Paint(cover, width, (_, _) => 255, (_, _) => 0);
        using var recognizer = CharacterRecognizer.Load(ShippedModel.Characters, new RecognizerOptions { Alphabet = Alphabet.Digits });
        Assert.Equal("7141", new PageReader(recognizer).Read(image).Text.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal("7141", new FieldReader(recognizer, FieldFormat.FromMask("dddd")).Read(image)?.Text);
    }

    [Fact]
    public void Touching_digits_are_parted()
    {
        var result = new PageReader(s_scorer).Read(DrawnPage.Paint(["2034852", "8032"], gap: -1.5));
        Assert.Equal("2034852\n8032", result.Text);
    }

    [Theory]
    [InlineData(-1.5, 51)]
    [InlineData(-3, 36)]
    public void Most_lines_of_eight_digits_that_run_into_one_another_are_read(double gap, int least)
    {
        const int Lines = 60;
        using var recognizer = CharacterRecognizer.Load(ShippedModel.Characters, new RecognizerOptions { Alphabet = Alphabet.Digits });
        var reader = new PageReader(recognizer);
        string[] numbers = [.. Enumerable.Range(0, Lines).Select(i => $"{(i * 7919L + 13) * 104729 % 90000000 + 10000000}")];
        string[] read = [.. numbers.AsParallel().AsOrdered().Select(n => reader.Read(DrawnPage.Paint([n], gap)).Text)];
        Assert.InRange(numbers.Zip(read).Count(pair => pair.First == pair.Second), least, Lines);
    }

    [Fact]
    public void Words_and_boxes_are_found()
    {
        var result = new PageReader(s_scorer).Read(DrawnPage.Paint(["203 48"], gap: 8));
        var line = Assert.Single(result.Lines);
        Assert.Equal(["203", "48"], line.Words.Select(w => w.Text));
        var first = line.Words[0].Characters[0].Box;
        Assert.InRange(first.Left, 36, 42);
        Assert.InRange(first.Top, 46, 51);
        Assert.InRange(first.Height, 41, 50);
        Assert.All(line.Words.SelectMany(w => w.Characters), c => Assert.InRange(c.Confidence, 0.3f, 1f));
    }

    /// <summary>Of one or two gaps the wide one is not the typical one.</summary>
    [Theory]
    [InlineData("1 2")]
    [InlineData("1 23")]
    [InlineData("1 2 345")]
    [InlineData("20 75 34 61")]
    [InlineData("23")]
    public void Short_lines_have_spaces_too(string line) =>
        Assert.Equal(line, new PageReader(s_scorer).Read(DrawnPage.Paint([line], gap: 10)).Text);

    /// <summary>Most of their gaps are those between columns.</summary>
    [Theory]
    [InlineData("2 6 7 3 2 9", 2)]
    [InlineData("2 6 7 3 2 9", 4)]
    [InlineData("5 14 5 14 4 16", 3)]
    [InlineData("5 14 5 14 4 16", 5)]
    public void Short_numbers_in_columns_stay_apart(string row, int spaces)
    {
        string wide = row.Replace(" ", new string(' ', spaces), StringComparison.Ordinal);
        GrayImage image = DrawnPage.Paint([wide + new string(' ', spaces)], gap: 10);
        Assert.Equal(row, new PageReader(s_scorer).Read(image).Text);
        Assert.Equal(row, new FieldReader(s_scorer, FieldFormat.FromRegularExpression("\\d{1,2}( \\d{1,2}){5}")).Read(image)?.Text);
    }

    /// <summary>Twice as far from one another as they are high.</summary>
    [Theory]
    [InlineData("207534618")]
    [InlineData("211474110")]
    public void Evenly_spaced_digits_are_one_word(string number) => Assert.Equal(number, new PageReader(s_scorer).Read(DrawnPage.Paint([number], gap: 56)).Text);

    [Theory]
    [InlineData(180)]
    [InlineData(280)]
    public void Small_writing_below_a_large_heading_has_lines_of_its_own(int top)
    {
        const int Width = 900, Height = 480;
        var cover = new float[Width * Height];
        for (int i = 0; i < 2; i++) Drawing.Digit(cover, Width, "20"[i] - '0', 60 + 110 * i, 40, 72, 120, 12);
        foreach (var (line, text) in new[] { "2075346182", "9137" }.Index())
            for (int i = 0; i < text.Length; i++) Drawing.Digit(cover, Width, text[i] - '0', 60 + 38 * i, top + 80 * line, 24, 40, 4.5);
        Assert.Equal("20\n2075346182\n9137", new PageReader(s_scorer).Read(Drawing.Paint(cover, Width, (_, _) => 240, (_, _) => 40)).Text);
    }

    /// <summary>The page's typical height is that of the many lines below.</summary>
    [Theory]
    [InlineData(100)]
    [InlineData(140)]
    public void A_heading_whose_characters_are_not_level_is_one_line(int size)
    {
        const int Width = 900, Height = 620;
        var cover = new float[Width * Height];
        for (int i = 0; i < 4; i++) Drawing.Digit(cover, Width, "2035"[i] - '0', 60 + size * i, i % 2 == 0 ? 30 : 30 + 0.3 * size, 0.6 * size, size, 0.1 * size);
        for (int line = 0; line < 4; line++)
            for (int i = 0; i < 10; i++) Drawing.Digit(cover, Width, "2075346182"[i] - '0', 60 + 30 * i, 290 + 80 * line, 16, 26, 3);
        Assert.Equal("2035\n" + string.Join('\n', Enumerable.Repeat("2075346182", 4)), new PageReader(s_scorer).Read(Drawing.Paint(cover, Width, (_, _) => 240, (_, _) => 40)).Text);
    }

    /// <summary>Of two digits, which close to the larger ones would be marks.</summary>
    [Theory]
    [InlineData(90, "17", "30", "46", "52")]
    [InlineData(110, "17", "30", "46", "52")]
    public void A_column_of_short_numbers_above_a_larger_total_is_read(int size, params string[] numbers)
    {
        const int Width = 900, Height = 620;
        var cover = new float[Width * Height];
        foreach (var (line, text) in numbers.Index())
            for (int i = 0; i < text.Length; i++) Drawing.Digit(cover, Width, text[i] - '0', 400 + 32 * i, 40 + 70 * line, 20, 34, 4);
        for (int i = 0; i < 3; i++) Drawing.Digit(cover, Width, "245"[i] - '0', 330 + size * i, 400, 0.6 * size, size, 0.1 * size);
        Assert.Equal(string.Join('\n', [.. numbers, "245"]), new PageReader(s_scorer).Read(Drawing.Paint(cover, Width, (_, _) => 240, (_, _) => 40)).Text);
    }

    [Theory]
    [InlineData(60, null)]
    [InlineData(250, null)]
    [InlineData(250, "20753461")]
    public void Dust_is_no_writing(int specks, string? line)
    {
        const int Width = 850, Height = 1100;
        var cover = new float[Width * Height];
        var random = new Random(1);
        for (int i = 0; i < specks; i++)
        {
            double radius = 0.2 + 0.8 * random.NextDouble();
            Drawing.Ellipse(cover, Width, random.Next(Width), random.Next(Height), radius, radius, 2);
        }
        for (int i = 0; i < line?.Length; i++)
        {
            for (int y = 395; y < 450; y++) cover.AsSpan(y * Width + 95 + 38 * i, 38).Clear();
            Drawing.Digit(cover, Width, line[i] - '0', 100 + 38 * i, 400, 24, 40, 4.5);
        }
        GrayImage page = Drawing.Paint(cover, Width, (_, _) => 240, (_, _) => 90);
        Assert.Equal(line ?? "", new PageReader(s_scorer).Read(page).Text);
        Assert.Equal(line, new FieldReader(s_scorer, FieldFormat.FromRegularExpression("\\d+")).Read(page)?.Text);
    }

    /// <summary>Its strokes fill much of their boxes, as dust does; very large pages are reduced.</summary>
    [Theory]
    [InlineData(300, 9, 2.4)]
    [InlineData(7200, 18, 4.8)]
    public void Small_writing_is_no_dust(int width, double size, double pen)
    {
        var cover = new float[width * 120];
        for (int i = 0; i < 10; i++) Drawing.Digit(cover, width, "2075346182"[i] - '0', 40 + size * i, 40, 0.6 * size, size, pen);
        using var recognizer = CharacterRecognizer.Load(ShippedModel.Digits);
        Assert.Equal(10, Assert.Single(new PageReader(recognizer).Read(Drawing.Paint(cover, width, (_, _) => 240, (_, _) => 40)).Lines).Text.Replace(" ", "", StringComparison.Ordinal).Length);
    }

    /// <summary>How far away they are goes by its own height, not that of the others on the line.</summary>
    [Fact]
    public void Marks_above_a_large_character_are_no_line()
    {
        const int Width = 700;
        var cover = new float[Width * 260];
        for (int i = 0; i < 10; i++) Drawing.Digit(cover, Width, "4203546812"[i] - '0', i == 0 ? 40 : 80 + 58 * i, i == 0 ? 80 : 140, i == 0 ? 72 : 36, i == 0 ? 120 : 60, 7);
        GrayImage page = Darken(Drawing.Paint(cover, Width, (_, _) => 240, (_, _) => 40), (x, y) => y is >= 45 and < 65 && (x - 66 - (65 - y) / 3 is >= 0 and < 5 || x - 86 - (65 - y) / 3 is >= 0 and < 5));
        Assert.Equal("4203546812", new PageReader(s_scorer).Read(page).Text);
    }

    /// <summary>It is short beside the page, and lies nearer to the characters than lines do to one another.</summary>
    [Theory]
    [InlineData(6)]
    [InlineData(10)]
    [InlineData(16)]
    [InlineData(24)]
    public void An_underline_is_no_part_of_what_is_above_it(int below)
    {
        GrayImage page = Darken(DrawnPage.Paint(["20 75346182", "9137"], gap: 10), (x, y) => x is >= 36 and < 108 && y - 93 - below is >= 0 and < 3);
        Assert.Equal("20 75346182\n9137", new PageReader(s_scorer).Read(page).Text);
        GrayImage field = Darken(DrawnPage.Paint(["2075346182"]), (x, y) => x is >= 36 and < 106 && y - 93 - below is >= 0 and < 3);
        Assert.Equal("2075346182", new FieldReader(s_scorer, FieldFormat.FromRegularExpression("\\d+")).Read(field)?.Text);
    }

    /// <summary>They fill their boxes, as few characters do.</summary>
    [Theory]
    [InlineData(10, 20)]
    [InlineData(14, 28)]
    public void A_few_dots_or_dashes_are_no_writing(int width, int pitch)
    {
        GrayImage page = DrawnPage.Paint(["20753461", "9137"]);
        GrayImage marked = Darken(page, (x, y) => y is >= 186 and < 196 && x - 60 is var right && right >= 0 && right < 4 * pitch && right % pitch < width);
        Assert.Equal(2, new PageReader(s_scorer).Read(marked).Lines.Count);
    }

    /// <summary>Slanting marks in pairs, as quotation marks and the points above letters are.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Pairs_of_marks_above_a_line_are_no_writing(int pairs)
    {
        GrayImage page = DrawnPage.Paint(["20753461", "9137"]);
        GrayImage marked = Darken(page, (x, y) =>
        {
            int inPair = (x - 50) % 100, down = y - 28;
            return x >= 50 && x < 50 + 100 * pairs && down is >= 0 and < 14 && inPair < 30 && inPair % 15 - (14 - down) / 2 is >= 0 and < 4;
        });
        Assert.Equal(2, new PageReader(s_scorer).Read(marked).Lines.Count);
    }

    /// <summary>Their slant and their bars are their own.</summary>
    [Theory]
    [InlineData(14)]
    [InlineData(-1.5)]
    public void One_or_two_characters_are_not_turned(double gap)
    {
        foreach (string text in Enumerable.Range(0, 10).SelectMany(i => new[] { $"{i}", $"{i}{(i + 3) % 10}" }))
        {
            GrayImage image = DrawnPage.Paint([text], gap);
            PageResult result = new PageReader(s_scorer).Read(image);
            Assert.Equal(0, result.Skew);
            int[] ink = [.. Enumerable.Range(0, image.Width * image.Height).Where(i => image.Pixels[i] < 128)];
            BoundingBox box = Assert.Single(result.Lines).Box;
            Assert.InRange(box.Left, ink.Min(i => i % image.Width) - 2, ink.Min(i => i % image.Width) + 2);
            Assert.InRange(box.Left + box.Width, ink.Max(i => i % image.Width) - 1, ink.Max(i => i % image.Width) + 3);
            Assert.InRange(box.Top, ink.Min() / image.Width - 2, ink.Min() / image.Width + 2);
            Assert.InRange(box.Top + box.Height, ink.Max() / image.Width - 1, ink.Max() / image.Width + 3);
        }
    }

    [Theory]
    [InlineData("203", null)]
    [InlineData("20348", null)]
    [InlineData("2034", "8032")]
    public void Few_lines_of_touching_characters_are_deskewed(string line, string? other)
    {
        GrayImage page = DrawnPage.Paint(other is null ? [line] : [line, other], gap: -1.5, skew: 7);
        Assert.InRange(new PageReader(s_scorer).Read(page).Skew, 6, 8.5);
        GrayImage speck = Darken(page, (x, y) => x is >= 4 and < 8 && y is >= 4 and < 8);
        Assert.InRange(new PageReader(s_scorer).Read(speck).Skew, 6, 8.5);
    }

    /// <summary>Some of it may be far larger than the writing.</summary>
    [Fact]
    public void A_page_with_pictures_is_deskewed()
    {
        GrayImage page = Darken(DrawnPage.Paint(["2075346182", "55682041973", " ", " "], skew: 4),
            (x, y) => (x - 150) * (x - 150) + (y - 320) * (y - 320) < 45 * 45 || (x is > 250 and < 350 && y is > 280 and < 360));
        Assert.InRange(new PageReader(s_scorer).Read(page).Skew, 3.4, 4.6);
    }

    [Theory]
    [InlineData(1.4, 1)]
    [InlineData(-1.4, 1)]
    [InlineData(0.8, 0.5)]
    public void No_greater_skew_is_corrected_than_the_options_say(double skew, double most)
    {
        double found = new PageReader(s_scorer, new PageOptions { MaxSkew = most }).Read(DrawnPage.Paint(["2075346182", "9137", "55682041973"], skew: skew)).Skew;
        Assert.InRange(Math.Abs(found), 0.01, most);
        Assert.Equal(Math.Sign(skew), Math.Sign(found));
    }

    [Theory]
    [InlineData(PageOrientation.Upright)]
    [InlineData(PageOrientation.Clockwise)]
    [InlineData(PageOrientation.UpsideDown)]
    [InlineData(PageOrientation.CounterClockwise)]
    public void A_page_that_lies_on_any_side_is_read_and_its_boxes_are_those_of_the_picture(PageOrientation orientation)
    {
        string[] lines = ["2075346", "73452"];
        GrayImage upright = DrawnPage.Paint(lines, skew: 4);
        GrayImage picture = Orientation.Apply(upright, orientation switch { PageOrientation.Clockwise => 6, PageOrientation.UpsideDown => 3, PageOrientation.CounterClockwise => 8, _ => 1 });
        var known = new PageReader(s_scorer, new PageOptions { Orientation = orientation }).Read(picture);
        var found = new PageReader(s_scorer, new PageOptions { Orientation = PageOrientation.Detect }).Read(picture);
        Assert.Equal(orientation, found.Orientation);
        Assert.Equal(string.Join('\n', lines), found.Text);
        Assert.Equal((known.Text, known.Orientation), (found.Text, found.Orientation));
        // The ink of the picture lies in the boxes, and every character has ink in its own.
        List<BoundingBox> boxes = [.. found.Lines.SelectMany(l => l.Words).SelectMany(w => w.Characters).Select(c => c.Box)];
        var ink = new int[boxes.Count];
        int outside = 0;
        for (int y = 0; y < picture.Height; y++)
            for (int x = 0; x < picture.Width; x++)
            {
                if (picture.Pixels[y * picture.Width + x] > 100) continue;
                int box = boxes.FindIndex(b => x >= b.Left && x < b.Left + b.Width && y >= b.Top && y < b.Top + b.Height);
                if (box < 0) outside++;
                else ink[box]++;
            }
        Assert.All(ink, pixels => Assert.InRange(pixels, 100, 1200));
        Assert.InRange(outside, 0, ink.Sum() / 50);
    }

    [Theory]
    [InlineData(1, PageOrientation.Upright)]
    [InlineData(6, PageOrientation.Clockwise)]
    [InlineData(3, PageOrientation.UpsideDown)]
    [InlineData(8, PageOrientation.CounterClockwise)]
    public void A_field_that_lies_on_any_side_is_read(int turn, PageOrientation orientation)
    {
        GrayImage picture = Orientation.Apply(DrawnPage.Paint(["2075346"]), turn);
        foreach (PageOrientation option in new[] { orientation, PageOrientation.Detect })
            foreach (FieldFormat format in new[] { FieldFormat.FromMask("ddddddd"), FieldFormat.FromRegularExpression("[0-9]+") })
            {
                FieldResult? read = new FieldReader(s_scorer, format, new PageOptions { Orientation = option }).Read(picture);
                Assert.Equal(("2075346", orientation), (read?.Text, read?.Orientation));
            }
    }

    [Fact]
    public void Of_two_ways_in_which_a_page_may_lie_the_one_with_nothing_on_it_is_not_chosen()
    {
        GrayImage strokes = Darken(Drawing.Paint(new float[600 * 120], 600, (_, _) => 230, (_, _) => 0), (x, y) => x % 45 is >= 20 and < 25 && y is > 8 and < 112);
        Assert.NotEqual("", new PageReader(s_scorer, new PageOptions { Orientation = PageOrientation.Detect }).Read(strokes).Text);
        Assert.Throws<ArgumentException>(() => new PageReader(s_scorer, new PageOptions { Orientation = (PageOrientation)7 }));
        Assert.Throws<ArgumentException>(() => new FieldReader(s_scorer, FieldFormat.FromMask("d"), new PageOptions { Orientation = (PageOrientation)7 }));
    }

    [Theory]
    [InlineData(0, 12)]
    [InlineData(5, 31)]
    public void Options_out_of_range_are_refused(int top, double skew) =>
        Assert.Throws<ArgumentException>(() => new PageReader(s_scorer, new PageOptions { Top = top, MaxSkew = skew }));

    [Fact]
    public void There_is_a_scorer_and_a_polarity()
    {
        Assert.Throws<ArgumentNullException>(() => new PageReader(null!));
        Assert.Throws<ArgumentException>(() => new PageReader(s_scorer, new PageOptions { Polarity = (Polarity)7 }));
    }

    [Fact]
    public void The_box_around_nothing_is_empty() =>
        Assert.Equal((default, default), (new PageWord([]).Box, new PageLine([]).Box));

    [Fact]
    public void Reading_a_field_can_be_cancelled()
    {
        var reader = new FieldReader(s_scorer, FieldFormat.FromMask("dddd"), new PageOptions { Orientation = PageOrientation.Detect });
        Assert.Throws<OperationCanceledException>(() => reader.Read(DrawnPage.Paint(["2034"]), new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Results_are_written_as_their_text()
    {
        PageCharacter[] characters = [new("4", 0.9f, default), new("2", 0.8f, default)];
        var line = new PageLine([new PageWord(characters), new PageWord(characters)]);
        Assert.Equal(["42", "42 42", "42 42\n42 42", "4/2"], new object[] { line.Words[0], line, new PageResult([line, line], 0), new FieldResult("4/2", 0.9, characters) }.Select(result => $"{result}"));
    }

    [Fact]
    public void An_empty_page_has_no_lines() =>
        Assert.Empty(new PageReader(s_scorer).Read(Drawing.Paint(new float[400 * 300], 400, (_, _) => 240, (_, _) => 0)).Lines);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void A_few_characters_on_a_large_sheet_are_read(int count)
    {
        const int Width = 1600, Height = 2300;
        var cover = new float[Width * Height];
        string text = "20753461"[..count];
        for (int i = 0; i < count; i++) Drawing.Digit(cover, Width, text[i] - '0', 300 + 38 * i, 400, 24, 40, 4.5);
        Assert.Equal(text, new PageReader(s_scorer).Read(Drawing.Paint(cover, Width, (_, _) => 240, (_, _) => 40)).Text);
    }

    [Theory]
    [InlineData(0, 1, false)]
    [InlineData(0, 3, false)]
    [InlineData(2, 1, false)]
    [InlineData(5, 3, false)]
    [InlineData(2, 1, true)]
    [InlineData(25, 3, true)]
    public void A_character_that_a_picture_was_cropped_to_is_read(int margin, int scale, bool shadow)
    {
        for (int digit = 0; digit <= 9; digit++)
            Assert.Equal($"{digit}", new PageReader(s_scorer).Read(Cropped($"{digit}", margin, scale, Crop.None, shadow)).Text);
    }

    [Theory]
    [InlineData(Crop.Sides, 10)]
    [InlineData(Crop.Sides, 16)]
    [InlineData(Crop.Rule, 2)]
    [InlineData(Crop.Rule, 6)]
    [InlineData(Crop.Dash, 12)]
    [InlineData(Crop.Dash, 25)]
    public void Lines_around_a_single_character_go(Crop crop, int margin)
    {
        for (int digit = 0; digit <= 9; digit++)
            Assert.Equal($"{digit}", new PageReader(s_scorer).Read(Cropped($"{digit}", margin, 2, crop)).Text);
    }

    [Theory]
    [InlineData("34", 3)]
    [InlineData("36", -1)]
    [InlineData("58", 3)]
    [InlineData("20", 8)]
    public void Two_characters_that_a_picture_was_cropped_to_stay_two(string digits, double gap) =>
        Assert.Equal(digits, new PageReader(s_scorer).Read(Cropped(digits, 2, 2, Crop.None, gap: gap)).Text);

    /// <summary>What else a form leaves in the picture: lines at both sides, or one under the character, from edge to edge or with free ends.</summary>
    public enum Crop
    {
        None,
        Sides,
        Rule,
        Dash,
    }

    /// <summary>Digits of 40 by 24 pixels, with so many around their ink, enlarged.</summary>
    private static GrayImage Cropped(string digits, int margin, int scale, Crop crop, bool shadow = false, double gap = 0)
    {
        int wide = (int)(80 + digits.Length * (24 + gap)) * scale;
        var canvas = new float[wide * 120 * scale];
        for (int i = 0; i < digits.Length; i++) Drawing.Digit(canvas, wide, digits[i] - '0', (40 + i * (24 + gap)) * scale, 40 * scale, 24 * scale, 40 * scale, 4.5 * scale);
        int[] inked = [.. Enumerable.Range(0, canvas.Length).Where(i => canvas[i] > 0.5f)];
        int around = margin * scale, left = inked.Min(i => i % wide) - around, top = inked[0] / wide - around;
        int width = inked.Max(i => i % wide) + 1 + around - left, height = inked[^1] / wide + 1 + around - top;
        var cover = new float[width * height];
        for (int y = 0; y < height; y++) canvas.AsSpan((top + y) * wide + left, width).CopyTo(cover.AsSpan(y * width));
        int thick = 2 * scale, foot = height - around + scale, end = around / 3;
        for (int i = 0; i < cover.Length; i++)
        {
            int x = i % width, y = i / width;
            bool isLine = crop switch
            {
                Crop.Sides => x < thick || x >= width - thick,
                Crop.Rule => y >= foot && y < foot + thick,
                Crop.Dash => y >= foot && y < foot + thick && x >= end && x < width - end,
                _ => false,
            };
            if (isLine) cover[i] = Math.Max(cover[i], 0.7f);
        }
        double Light(int x, int y) => shadow && x + y > (width + height) / 2 ? 0.6 : 1;
        return Drawing.Paint(cover, width, (x, y) => 230 * Light(x, y), (x, y) => 60 * Light(x, y));
    }

    /// <summary>Noise alone is no writing, with or without specks; writing is found in noise a third as strong as its contrast.</summary>
    [Theory]
    [InlineData(9, 0)]
    [InlineData(9, 60)]
    [InlineData(25, 0)]
    public void Noise_is_told_from_writing(int most, int specks)
    {
        var random = new Random(8);
        double Noise() => 230 - most + random.Next(-most, most + 1);
        var blank = Drawing.Paint(new float[800 * 1100], 800, (_, _) => specks > 0 && random.Next(20_000) == 0 ? specks : Noise(), (_, _) => 0);
        Assert.Equal("", new PageReader(s_scorer).Read(blank).Text);
        GrayImage page = DrawnPage.Paint(["2075346182", "9137"]);
        var noisy = new byte[page.Pixels.Length];
        for (int i = 0; i < noisy.Length; i++) noisy[i] = (byte)(Noise() - (230 - page.Pixels[i]) * 1.7 * most / 172);
        Assert.Equal("2075346182\n9137", new PageReader(s_scorer).Read(new GrayImage(page.Width, page.Height, noisy)).Text);
    }

    /// <summary>Lines of squared paper as dark as half the writing; upright strokes stay.</summary>
    [Theory]
    [InlineData(20, 0)]
    [InlineData(40, 0)]
    [InlineData(40, 4)]
    public void Squared_paper_is_read(int square, double skew)
    {
        string[] lines = ["2075346182", "1137", "55682041973"];
        GrayImage page = DrawnPage.Paint(lines, skew: skew);
        double sine = Math.Sin(skew * Math.PI / 180), cosine = Math.Cos(skew * Math.PI / 180);
        byte[] pixels = page.Pixels.ToArray();
        for (int y = 0; y < page.Height; y++)
            for (int x = 0; x < page.Width; x++)
            {
                int u = (int)Math.Floor(x * cosine - y * sine) + 1000 * square, v = (int)Math.Floor(x * sine + y * cosine) + 1000 * square;
                if (u % square == 3 || v % square == 3) pixels[y * page.Width + x] = Math.Min(pixels[y * page.Width + x], (byte)120);
            }
        Assert.Equal(string.Join('\n', lines), new PageReader(s_scorer).Read(new GrayImage(page.Width, page.Height, pixels)).Text);
    }

    /// <summary>A table in a part of a photograph that was taken from aside: its lines cross no more than that part, run at angles of their own, and some are thick.</summary>
    /// <param name="crossing">Radius of the blots where lines cross, as blur makes them.</param>
    /// <param name="dark">What the lines and blots are.</param>
    [Theory]
    [InlineData(0, 60)]
    [InlineData(5, 60)]
    [InlineData(5, 150)]
    public void A_tilted_table_in_a_part_of_the_page_is_read(double crossing, byte dark)
    {
        const int Columns = 6, Left = 150, Top = 120;
        string[] lines = ["207534", "618213", "754268"];
        GrayImage table = DrawnPage.Paint(lines, gap: 40);
        var pixels = new byte[1000 * 800];
        Array.Fill(pixels, (byte)230);
        for (int y = 0; y < table.Height; y++) table.Pixels.Slice(y * table.Width, table.Width).CopyTo(pixels.AsSpan((Top + y) * 1000 + Left));
        GrayImage page = Darken(new GrayImage(1000, 800, pixels), (x, y) =>
        {
            (double u, double v) = (x - Left - 20, y - Top - 30);
            // Lines fan out to the right and to the bottom
            double column = (u - 0.00016 * u * (v - 120)) / 64, row = (v - 0.0002 * v * (u - 190)) / 80;
            if (column < -0.05 || row < -0.05 || column > Columns + 0.05 || row > lines.Length + 0.05) return false;
            double across = Math.Abs(column - Math.Round(column)) * 64, down = Math.Abs(row - Math.Round(row)) * 80;
            return across < (Math.Round(column) % 3 == 0 ? 3 : 1) || down < (Math.Round(row) % 3 == 0 ? 3 : 1) || across * across + down * down < crossing * crossing;
        }, dark);
        Assert.Equal(string.Join('\n', lines), new PageReader(s_scorer).Read(page).Text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(-8)]
    public void A_single_line_on_squared_paper_is_read(double skew)
    {
        GrayImage page = DrawnPage.Paint(["20753461821137"], skew: skew);
        GrayImage squared = Darken(page, (x, y) =>
        {
            double sine = Math.Sin(skew * Math.PI / 180), cosine = Math.Cos(skew * Math.PI / 180);
            int u = (int)Math.Floor(x * cosine - y * sine) + 1000, v = (int)Math.Floor(x * sine + y * cosine) + 1000;
            return u % 25 == 3 || v % 25 == 3;
        });
        Assert.Equal("20753461821137", new PageReader(s_scorer).Read(squared).Text);
    }

    [Fact]
    public void Writing_that_rises_on_level_rules_is_read()
    {
        string[] lines = ["2075346182", "9137240", "55682041973"];
        GrayImage ruled = Darken(DrawnPage.Paint(lines, skew: 5), (_, y) => y % 45 is 20 or 21);
        Assert.Equal(string.Join('\n', lines), new PageReader(s_scorer).Read(ruled).Text);
    }

    /// <summary>On photographs of tables a line may leave the picture at its side, or bend.</summary>
    [Theory]
    [InlineData(8, 0.04, 0)]
    [InlineData(3, 0, 9)]
    public void Rests_of_a_table_at_the_side_of_a_picture_are_no_characters(int left, double slant, int bend)
    {
        string[] rows = ["275", "964", "830"];
        GrayImage table = Darken(ThickDigits(rows), (x, y) =>
            y % Cell is 0 or 1 || Math.Abs(x - left + slant * y - bend * Math.Sin(y / (double)(3 * Cell) * Math.PI)) <= 1);
        Assert.Equal(string.Join('\n', rows), new PageReader(s_scorer).Read(table).Text);
    }

    /// <summary>Where a table's lines touch the black frame of the picture and are as dark, they would pass for what the sheet lies on.</summary>
    [Fact]
    public void Lines_that_touch_a_thick_frame_are_no_part_of_it()
    {
        const int Frame = 10;
        string[] rows = ["275", "964", "830"];
        GrayImage table = ThickDigits(rows);
        int width = table.Width, height = table.Height;
        var pixels = new byte[(width + 2 * Frame) * (height + 2 * Frame)];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                bool isUpright = x > 1 && x % Cell <= 1, isLevel = y > 1 && y % Cell <= 1, isDark = isUpright && x / Cell == 2 && y < Cell;
                pixels[(y + Frame) * (width + 2 * Frame) + x + Frame] = Math.Min(table.Pixels[y * width + x], isDark ? (byte)30 : isUpright || isLevel ? (byte)130 : (byte)255);
            }
        Assert.Equal(string.Join('\n', rows), new PageReader(s_scorer).Read(new GrayImage(width + 2 * Frame, height + 2 * Frame, pixels)).Text);
    }

    /// <summary>A row that was cut out of a table has nothing but the lines between its cells, and whatever of those around it the cut took along.</summary>
    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 0.02)]
    [InlineData(true, 0)]
    public void Lines_between_the_cells_of_a_row_are_no_characters(bool framed, double slant)
    {
        GrayImage row = ThickDigits(["27596"]);
        GrayImage picture = Darken(row, (x, y) => (x - slant * y) % Cell is >= 0 and < 2 || framed && (y < 2 || x < 2 || x >= row.Width - 2));
        Assert.Equal("27596", new PageReader(s_scorer).Read(picture).Text);
        Assert.Equal("27596", new FieldReader(s_scorer, FieldFormat.FromMask("ddddd")).Read(picture)?.Text);
    }

    /// <summary>The thick frame of a form, of which a row has what is on its own sides, beside thin lines between the cells and writing that fills these.</summary>
    [Theory]
    [InlineData(true, false, 22)]
    [InlineData(false, true, 40)]
    [InlineData(false, false, 30)]
    [InlineData(false, true, 0)]
    public void A_thick_frame_around_a_row_of_cells_is_no_character(bool above, bool below, int cut)
    {
        const int Frame = 9;
        GrayImage row = ThickDigits(["27596"]).Crop(0, cut, 5 * Cell, Cell - cut);
        GrayImage picture = Darken(row, (x, y) => x % Cell is 0 or 1 || x < Frame || x >= row.Width - Frame || above && y < Frame || below && y >= row.Height - Frame);
        Assert.Equal("27596", new PageReader(s_scorer).Read(picture).Text);
        Assert.Equal("27596", new FieldReader(s_scorer, FieldFormat.FromMask("ddddd")).Read(picture)?.Text);
    }

    /// <summary>A 1 is as high as a picture that is cut close; what is beside it is hardly lower.</summary>
    [Theory]
    [InlineData("8171", 0.8)]
    [InlineData("1612121", 0.75)]
    [InlineData("71", 0.7)]
    public void Ones_as_high_as_the_picture_are_no_lines(string number, double others)
    {
        const int Height = 100, Pitch = 90;
        int width = number.Length * Pitch;
        var cover = new float[width * Height];
        for (int i = 0; i < number.Length; i++)
        {
            double high = number[i] == '1' ? 1.1 : others;
            Drawing.Digit(cover, width, number[i] - '0', i * Pitch + 20, (1 - high) / 2 * Height, number[i] == '1' ? 20 : 50, high * Height, 8);
        }
        Assert.Equal(number, new PageReader(s_scorer).Read(Drawing.Paint(cover, width, (_, _) => 220, (_, _) => 50)).Text);
    }

    private const int Cell = 160;

    /// <summary>Digits in the middles of square cells, drawn with a thick pen.</summary>
    private static GrayImage ThickDigits(string[] rows)
    {
        int width = rows[0].Length * Cell;
        var cover = new float[width * rows.Length * Cell];
        for (int row = 0; row < rows.Length; row++)
            for (int column = 0; column < rows[row].Length; column++)
                Drawing.Digit(cover, width, rows[row][column] - '0', column * Cell + 56, row * Cell + 40, 48, 80, 10);
        return Drawing.Paint(cover, width, (_, _) => 220, (_, _) => 50);
    }

    /// <summary>A form that takes a third of the picture's width: its lines are short beside the picture, and longer than any stroke.</summary>
    [Theory]
    [InlineData("comb")]
    [InlineData("boxes")]
    [InlineData("ticks")]
    [InlineData("underline")]
    public void A_field_on_a_large_sheet_is_read_without_its_lines(string form)
    {
        const string Digits = "2071134698";
        var boxes = form == "comb" ? DrawnPage.Boxes.Comb : form == "boxes" ? DrawnPage.Boxes.Apart : DrawnPage.Boxes.None;
        GrayImage field = DrawnPage.Paint([Digits], gap: 14, boxes: boxes);
        int width = 3 * field.Width, height = 3 * field.Height;
        var pixels = new byte[width * height];
        Array.Fill(pixels, (byte)230);
        for (int y = 0; y < field.Height; y++) field.Pixels.Slice(y * field.Width, field.Width).CopyTo(pixels.AsSpan((y + 100) * width + 200));
        // Below the digits, which stand in cells of 38 pixels.
        GrayImage sheet = Darken(new GrayImage(width, height, pixels), (x, y) => form is "ticks" or "underline" && x - 233 is >= 0 and < 382
            && (y - 196 is 0 or 1 || (form == "ticks" && y - 196 is < 0 and > -16 && (x - 233) % 38 < 2)));
        Assert.Equal(Digits, new FieldReader(s_scorer, FieldFormat.FromMask(new string('d', Digits.Length))).Read(sheet)?.Text);
    }

    /// <summary>The dark side of a slanting edge runs out in a wedge at the picture's edge, which no window follows.</summary>
    [Theory]
    [InlineData(0.3, 200)]
    [InlineData(-0.3, 260)]
    [InlineData(3, 300)]
    public void The_edge_of_a_shadow_is_no_character(double slope, int at)
    {
        const string Digits = "2075346182";
        GrayImage field = DrawnPage.Paint([Digits]);
        byte[] pixels = field.Pixels.ToArray();
        for (int i = 0; i < pixels.Length; i++)
            if (i % field.Width + slope * (i / field.Width - 70) * 4 > at) pixels[i] = (byte)(pixels[i] * 0.45);
        Assert.Equal(Digits, new FieldReader(s_scorer, FieldFormat.FromMask(new string('d', Digits.Length))).Read(new GrayImage(field.Width, field.Height, pixels))?.Text);
    }

    /// <summary>The table would pass for the ground where it shows on all sides, and the sheet's edges for strokes where they aren't level.</summary>
    [Theory]
    [InlineData(0.04, 0, 60)]
    [InlineData(0.04, 2, 60)]
    [InlineData(0.12, 4, 60)]
    [InlineData(0.2, 0, 60)]
    [InlineData(0.2, -4, 60)]
    [InlineData(0.3, 3, 60)]
    [InlineData(0.3, 3, 255)]
    public void A_sheet_on_a_table_is_read(double margin, double degrees, int table)
    {
        string[] lines = ["2075346", "9137", "5568204"];
        GrayImage sheet = DrawnPage.Paint(lines, gap: 10);
        if (table > 128) sheet = new GrayImage(sheet.Width, sheet.Height, [.. sheet.Pixels.ToArray().Select(v => (byte)(255 - v))]);
        int width = (int)(sheet.Width / (1 - 2 * margin)), height = (int)(sheet.Height / (1 - 2 * margin));
        var random = new Random(2);
        var (sine, cosine) = Math.SinCos(degrees * Math.PI / 180);
        var pixels = new byte[width * height];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                double dx = x - width / 2.0, dy = y - height / 2.0;
                int u = (int)Math.Round(dx * cosine - dy * sine + sheet.Width / 2.0), v = (int)Math.Round(dx * sine + dy * cosine + sheet.Height / 2.0);
                bool isSheet = u >= 0 && u < sheet.Width && v >= 0 && v < sheet.Height;
                pixels[y * width + x] = (byte)Math.Clamp((isSheet ? sheet.Pixels[v * sheet.Width + u] : table) + random.Next(-5, 6), 0, 255);
            }
        PageResult read = new PageReader(s_scorer).Read(new GrayImage(width, height, pixels));
        Assert.Equal(string.Join('\n', lines), read.Text);
        // Boxes are those of the whole picture
        Assert.All(read.Lines, line => Assert.InRange(line.Box.Left, (width - sheet.Width) / 2, width / 2));
    }

    /// <summary>What is written beside it would be lost with the ground around a card.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_dark_panel_on_a_page_is_no_sheet(bool isNegative)
    {
        string[] lines = ["2075346", "9137", "5568204"];
        GrayImage text = DrawnPage.Paint(lines, gap: 10), title = DrawnPage.Paint(["830"], gap: 10);
        int width = text.Width, height = text.Height + title.Height + 40;
        var pixels = new byte[width * height];
        Array.Fill(pixels, (byte)255);
        text.Pixels.CopyTo(pixels.AsSpan((height - text.Height) * width));
        for (int y = 0; y < title.Height + 20; y++)
            for (int x = 10; x < width - 10; x++)
                pixels[(y + 10) * width + x] = (byte)(x - 20 is >= 0 and var u && u < title.Width && y - 10 is >= 0 and var v && v < title.Height ? 255 - title.Pixels[v * title.Width + u] : 0);
        if (isNegative) pixels = [.. pixels.Select(value => (byte)(255 - value))];
        string[] read = new PageReader(s_scorer).Read(new GrayImage(width, height, pixels)).Text.Split('\n');
        Assert.Equal(lines, read[^3..]);
    }

    /// <summary>As a dry pen and the cracks of folded paper leave it: parts of characters are no lines of their own.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Writing_with_gaps_in_its_strokes_is_read(int slope)
    {
        string[] lines = ["2075346", "9137", "5568204"];
        GrayImage page = DrawnPage.Paint(lines);
        byte[] pixels = page.Pixels.ToArray();
        for (int i = 0; i < pixels.Length; i++)
            if ((i / page.Width + slope * (i % page.Width) / 3) % 14 < 2) pixels[i] = 230;
        Assert.Equal(string.Join('\n', lines), new PageReader(s_scorer).Read(new GrayImage(page.Width, page.Height, pixels)).Text);
    }

    /// <summary>A reflection makes ink paler than the middle between ink and paper elsewhere.</summary>
    [Fact]
    public void Writing_in_a_reflection_is_read()
    {
        string[] lines = ["2075346", "9137", "5568204"];
        GrayImage page = DrawnPage.Paint(lines);
        byte[] pixels = page.Pixels.ToArray();
        var random = new Random(3);
        for (int i = 0; i < pixels.Length; i++)
        {
            int value = pixels[i] - 20 + random.Next(-14, 15);
            pixels[i] = (byte)(i % page.Width is var x && x > page.Width / 3 && x < page.Width * 2 / 3 ? 0.52 * value + 0.48 * 255 : value);
        }
        Assert.Equal(string.Join('\n', lines), new PageReader(s_scorer).Read(new GrayImage(page.Width, page.Height, pixels)).Text);
    }

    /// <summary>They are higher where gaps are closed, too, as fragments of one character are.</summary>
    [Theory]
    [InlineData(3, 1.5)]
    [InlineData(4.5, 1.5)]
    [InlineData(8, 2)]
    public void Lines_that_nearly_touch_stay_two(double pen, double gap)
    {
        const int Width = 460, Height = 190;
        string[] lines = ["2075346182", "5568204193"];
        var cover = new float[Width * Height];
        for (int line = 0; line < 2; line++)
            for (int i = 0; i < lines[line].Length; i++) Drawing.Digit(cover, Width, lines[line][i] - '0', 40 + 38 * i, 45 + line * (40 + pen + gap), 24, 40, pen);
        Assert.Equal(string.Join('\n', lines), new PageReader(s_scorer).Read(Drawing.Paint(cover, Width, (_, _) => 230, (_, _) => 50)).Text);
    }

    /// <summary>In a picture cut as close as can be, a 1 that is taller than the other digits is as high as a border.</summary>
    [Fact]
    public void A_tall_1_at_the_side_of_a_field_stays()
    {
        const int Width = 170, Height = 52;
        var cover = new float[Width * Height];
        Drawing.Digit(cover, Width, 1, 6, 2, 30, 48, 4.5);
        foreach (var (digit, place) in new[] { (4, 0), (7, 1), (5, 2) }) Drawing.Digit(cover, Width, digit, 50 + 40 * place, 10, 24, 34, 4.5);
        GrayImage field = Drawing.Paint(cover, Width, (_, _) => 230, (_, _) => 50);
        Assert.Equal("1475", new FieldReader(s_scorer, FieldFormat.FromRegularExpression("\\d+")).Read(field)?.Text);
    }

    private static GrayImage Darken(GrayImage image, Func<int, int, bool> where, byte dark = 110)
    {
        byte[] pixels = image.Pixels.ToArray();
        for (int i = 0; i < pixels.Length; i++)
            if (where(i % image.Width, i / image.Width)) pixels[i] = Math.Min(pixels[i], dark);
        return new GrayImage(image.Width, image.Height, pixels);
    }

    [Fact]
    public void Any_picture_is_survived()
    {
        var random = new Random(4);
        for (int i = 0; i < 60; i++)
        {
            int width = random.Next(1, 120), height = random.Next(1, 120);
            var pixels = new byte[width * height];
            if (i % 2 == 0) random.NextBytes(pixels);
            else for (int k = 0; k < pixels.Length / 9; k++) pixels[random.Next(pixels.Length)] = 255;
            new PageReader(s_scorer).Read(new GrayImage(width, height, pixels));
            new FieldReader(s_scorer, FieldFormat.FromMask("dd")).Read(new GrayImage(width, height, pixels));
        }
    }

    [Fact]
    public void A_field_is_read_by_its_format()
    {
        var image = DrawnPage.Paint(["20753461"]);
        var result = new FieldReader(s_scorer, FieldFormat.FromMask("dddddddd")).Read(image);
        Assert.NotNull(result);
        Assert.Equal("20753461", result.Text);
        Assert.Equal(8, result.Characters.Count);
        Assert.InRange(result.Confidence, 0.5, 1);
        Assert.Equal("20753461", new FieldReader(s_scorer, FieldFormat.FromRegularExpression("[0-4]{2}\\d+1")).Read(image)?.Text);
        Assert.Equal("20753461", new FieldReader(s_scorer, FieldFormat.FromWords(["20753461", "20753467", "3333", "98765432"])).Read(image)?.Text);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(4, false)]
    [InlineData(-6, false)]
    [InlineData(0, true)]
    public void A_field_of_boxes_is_read_without_their_borders(double skew, bool apart)
    {
        // 11 and 7 stand close to the borders, and 1 is about as straight.
        const string Digits = "2071134611";
        var image = DrawnPage.Paint([Digits], gap: 14, skew, boxes: apart ? DrawnPage.Boxes.Apart : DrawnPage.Boxes.Comb);
        Assert.Equal(Digits, new FieldReader(s_scorer, FieldFormat.FromMask(new string('d', Digits.Length))).Read(image)?.Text);
        Assert.Equal(Digits, string.Concat(new PageReader(s_scorer).Read(image).Text.Where(char.IsAsciiDigit)));
    }

    /// <summary>With lines as sharp as a program draws them, which end with those that they stand on.</summary>
    [Theory]
    [InlineData(2, 560)]
    [InlineData(3, 560)]
    [InlineData(2, 900)]
    [InlineData(3, 900)]
    public void Printed_boxes_and_combs_are_no_characters(int thickness, int width)
    {
        const int Height = 240;
        var digit = new float[width * Height];
        Drawing.Digit(digit, width, 4, 59, 90, 24, 44, 4.5);
        foreach (bool isComb in new[] { false, true })
            foreach (string text in new[] { "", "4" })
            {
                double Ground(int x, int y)
                {
                    int inCell = (x - 40) % 80, down = y - 80;
                    bool isBox = x >= 40 && x < 40 + 6 * 80 && inCell < 62 && down >= 0 && down < 70 && (inCell < thickness || inCell >= 62 - thickness || down < thickness || down >= 70 - thickness);
                    bool isTooth = x >= 40 && x < 40 + 6 * 80 + thickness && down < 70 && (inCell < thickness && down >= 40 || down >= 70 - thickness);
                    return (isComb ? isTooth : isBox) ? 0 : 255;
                }
                GrayImage form = Drawing.Paint(text.Length == 0 ? new float[digit.Length] : digit, width, Ground, (_, _) => 40);
                Assert.Equal(text, new PageReader(s_scorer).Read(form).Text);
                Assert.Equal(text, new FieldReader(s_scorer, FieldFormat.FromRegularExpression("\\d+")).Read(form)?.Text ?? "");
            }
    }

    [Theory]
    [InlineData(42)]
    [InlineData(45)]
    public void Separate_boxes_in_a_picture_that_is_hardly_higher_are_no_characters(int side)
    {
        const string Digits = "40491189";
        const int Margin = 12, Cell = 40, Box = 36, Line = 2;
        int width = Digits.Length * Cell + 2 * Margin, height = side + 2 * Margin;
        var cover = new float[width * height];
        // Close to the right sides, of which a part counts as hidden, so that those that stand at the end are found without the others
        for (int i = 0; i < Digits.Length; i++) Drawing.Digit(cover, width, Digits[i] - '0', Margin + i * Cell + 12, Margin + 7, 20, 28, 3.2);
        GrayImage image = Drawing.Paint(cover, width, (x, y) =>
        {
            int across = (x - Margin) % Cell, down = y - Margin;
            bool inBoxes = x >= Margin && x < width - Margin && across < Box && down >= 0 && down < side;
            return inBoxes && (across < Line || across >= Box - Line || down < Line || down >= side - Line) ? 108 : 250;
        }, (_, _) => 30);
        Assert.Equal(Digits, new FieldReader(s_scorer, FieldFormat.FromMask("dddddddd")).Read(image)?.Text);
    }

    [Theory]
    [InlineData("left", 1)]
    [InlineData("left", 4)]
    [InlineData("right", 2)]
    [InlineData("left right", 2)]
    [InlineData("left bottom", 2)]
    [InlineData("left bottom right", 2)]
    public void Borders_left_at_the_sides_of_a_field_are_no_characters(string sides, int thickness)
    {
        const string Digits = "470253";
        GrayImage field = DrawnPage.Paint([Digits]);
        bool IsLine(int fromEdge) => fromEdge >= 2 && fromEdge < 2 + thickness;
        GrayImage image = Darken(field, (x, y) => sides.Contains("left", StringComparison.Ordinal) && IsLine(x) || sides.Contains("right", StringComparison.Ordinal) && IsLine(field.Width - 1 - x)
            || sides.Contains("bottom", StringComparison.Ordinal) && IsLine(field.Height - 1 - y));
        Assert.Equal(Digits, new FieldReader(s_scorer, FieldFormat.FromRegularExpression("\\d+")).Read(image)?.Text);
        Assert.Equal(Digits, new PageReader(s_scorer).Read(image).Text);
    }

    /// <summary>It may hide a part of the side, or lie along it.</summary>
    [Theory]
    [InlineData("437", 0)]
    [InlineData("437", 6)]
    [InlineData("437", 12)]
    [InlineData("437", 18)]
    [InlineData("430", 2)]
    [InlineData("435", 12)]
    public void Writing_across_the_side_of_its_box_leaves_no_side(string digits, int beyond)
    {
        const int Width = 400, Height = 200, Left = 60, Right = 200, Top = 60, Bottom = 122, Line = 2;
        var cover = new float[Width * Height];
        for (int i = 0; i < digits.Length; i++) Drawing.Digit(cover, Width, digits[i] - '0', Right + beyond - 24 - 40 * (digits.Length - 1 - i), 70, 24, 42, 4.5);
        GrayImage image = Drawing.Paint(cover, Width, (x, y) =>
        {
            bool inBox = x is >= Left and < Right && y is >= Top and < Bottom;
            bool inside = x is >= Left + Line and < Right - Line && y is >= Top + Line and < Bottom - Line;
            return inBox && !inside ? 60 : 240;
        }, (_, _) => 40);
        Assert.Equal(digits, new PageReader(s_scorer).Read(image).Text);
    }

    [Theory]
    [InlineData("1470")]
    [InlineData("2051")]
    [InlineData("+1")]
    public void A_1_at_the_side_of_a_field_that_it_fills_stays(string written)
    {
        GrayImage field = DrawnPage.Paint([written]);
        int width = field.Width;
        byte[] pixels = field.Pixels.ToArray();
        int top = Array.FindIndex(pixels, p => p < 120) / width, bottom = Array.FindLastIndex(pixels, p => p < 120) / width + 1;
        var image = new GrayImage(width, bottom - top, pixels[(top * width)..(bottom * width)]);
        Assert.Equal(written, new FieldReader(s_scorer, FieldFormat.FromRegularExpression("\\+?\\d+")).Read(image)?.Text);
    }

    [Theory]
    [InlineData("1111", 0)]
    [InlineData("11471", 0)]
    [InlineData("1475", 42)]
    public void Straight_strokes_between_rules_are_no_borders(string digits, int left)
    {
        // Rules close above and below the digits, from edge to edge of the paper, which may be cut close to the first one
        var image = DrawnPage.Paint([digits], gap: 14, boxes: DrawnPage.Boxes.None);
        byte[] pixels = image.Pixels.ToArray();
        foreach (int rule in new[] { 49, 92 }) pixels.AsSpan(rule * image.Width, 2 * image.Width).Fill(120);
        pixels = [.. pixels.Where((_, i) => i % image.Width >= left)];
        Assert.Equal(digits, new FieldReader(s_scorer, FieldFormat.FromMask(new string('d', digits.Length))).Read(new GrayImage(image.Width - left, image.Height, pixels))?.Text);
    }

    [Fact]
    public void A_list_of_words_corrects_what_is_read()
    {
        var result = new FieldReader(s_scorer, FieldFormat.FromWords(["20153461", "99999999"])).Read(DrawnPage.Paint(["20753461"]));
        Assert.Equal("20153461", result?.Text);
    }

    [Fact]
    public void Marks_without_a_label_are_matched_by_shape_or_taken_as_missing()
    {
        var image = DrawnPage.Paint(["12 05 2034"], gap: 10);
        // slashes in the two gaps
        var pixels = image.Pixels.ToArray();
        foreach (int at in new[] { 40 + 2 * 34 + 8, 40 + 4 * 34 + 40 + 8 })
            for (int y = 0; y < 44; y++)
                for (int d = 0; d < 4; d++) pixels[(48 + y) * image.Width + at + d + (44 - y) / 4] = 50;
        var reader = new FieldReader(s_scorer, FieldFormat.FromMask("dd/dd/dddd"));
        Assert.Equal("12/05/2034", reader.Read(new GrayImage(image.Width, image.Height, pixels))?.Text);
        Assert.Equal("12/05/2034", reader.Read(image)?.Text);
    }
}
