using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Imaging.Pages;

public class LineLatticeTests
{
    private const int RingHeight = 40;

    [Fact]
    public void Labels_written_alike_are_one_kind_and_strokes_are_none()
    {
        string[] labels = ["0", "O", "o", "c", "C", "9", "g", "q", "1", "I", "i", "l", "L", "é", "É", "ch", "Ch"];
        string[] alike = [.. LookAlikes.Of(labels).Select(of => string.Join(' ', of.Select(i => labels[i]).Order(StringComparer.Ordinal)))];
        Assert.Equal(["0 O o", "0 O o", "0 O o", "C c", "C c", "9 g q", "9 g", "9 q", "1", "I", "i", "l", "L", "É é", "É é", "Ch ch", "Ch ch"], alike);
    }

    [Fact]
    public void A_large_alphabet_is_not_compared_label_by_label()
    {
        // 3.6 · 10⁹ comparisons would take half a minute and more
        string[] labels = [.. Enumerable.Range(0, 60000).Select(i => char.ConvertFromUtf32(0x20000 + i))];
        var watch = System.Diagnostics.Stopwatch.StartNew();
        int[][] alike = LookAlikes.Of(labels);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
        Assert.All(alike.Index(), of => Assert.Equal([of.Index], of.Item));
        watch.Restart();
        Assert.Equal(10, new LabelMask([.. labels, .. Alphabet.Digits.Labels], Alphabet.Digits).Count);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
    }

    [Theory]
    [InlineData("0123456789")]
    [InlineData("oLéqX")]
    [InlineData("|cC6")]
    public void What_is_written_like_an_allowed_label_counts_half(string alphabetText)
    {
        string[] labels = ["0", "O", "o", "c", "C", "6", "b", "G", "9", "g", "q", "1", "|", "I", "i", "l", "L", "é", "É", "ch", "Ch"];
        Alphabet alphabet = Alphabet.Parse(alphabetText);
        var mask = new LabelMask(labels, alphabet);
        for (int i = 0; i < labels.Length; i++)
        {
            var probabilities = new float[labels.Length];
            probabilities[i] = 1;
            float expected = alphabet.Contains(labels[i]) ? 1 : labels.Any(other => alphabet.Contains(other) && LookAlikes.Are(labels[i], other)) ? 0.5f : 0;
            Assert.Equal(expected, mask.Apply(probabilities));
        }
    }

    [Theory]
    [InlineData(0.34f, 0.33f, 0.32f, "O")]
    [InlineData(0.25f, 0.5f, 0.24f, "o")]
    [InlineData(0.2f, 0.2f, 0.59f, "0")]
    public void A_ring_that_may_be_a_letter_of_either_case_or_a_digit_is_not_taken_for_two_brackets(float upper, float lower, float zero, string expected)
    {
        var result = new PageReader(new RingScorer(upper, lower, zero)).Read(Rings(3, gap: 4));
        Assert.Equal(string.Concat(Enumerable.Repeat(expected, 3)), result.Text);
    }

    [Fact]
    public void The_less_probable_of_two_cases_costs_as_much_more_as_it_is_less_probable()
    {
        var (lattice, ring) = Whole(new RingScorer(0.6f, 0.3f));
        // both are as high as the line; their usual widths differ a little
        Assert.InRange(lattice.LabelCost(ring, RingScorer.Lower) - lattice.LabelCost(ring, RingScorer.Upper), Math.Log(2) - 0.1, Math.Log(2) + 0.1);
        // and nothing is lost by not knowing which
        var (even, same) = Whole(new RingScorer(0.45f, 0.45f));
        Assert.Equal(lattice.LabelCost(ring, RingScorer.Upper), even.LabelCost(same, RingScorer.Upper), 5);
    }

    /// <summary>Farther apart than words are, too, as in the cells of a table.</summary>
    [Theory]
    [InlineData(24)]
    [InlineData(60)]
    public void A_cut_costs_more_where_the_other_characters_stand_apart(double gap) => Assert.InRange(CutCost(Rings(6, gap)) - CutCost(Rings(6, gap: 2)), 0.5, 2);

    [Fact]
    public void A_cut_costs_no_more_where_touching_characters_stand_apart_from_others() =>
        Assert.InRange(CutCost(Rings(6, gap: 60, inGroup: 2)) - CutCost(Rings(6, gap: 2)), -0.3, 0.1);

    /// <summary>What the first cut of a line costs.</summary>
    private static double CutCost(GrayImage picture)
    {
        LineLattice lattice = Build(picture, new RingScorer(0.5f, 0.5f));
        return lattice.EndingAt[0].Single(s => s.First == 0).JoinCost;
    }

    [Fact]
    public void A_part_of_a_stroke_is_too_low_for_a_digit_and_may_be_a_small_letter()
    {
        Assert.Equal(0, CharacterShape.HeightCost("7", 1.2));
        // a C may be a small c
        Assert.All(["a", "c", "C", "O"], label => Assert.Equal(0, CharacterShape.HeightCost(label, 0.5)));
        Assert.Equal(0, CharacterShape.HeightCost("ж", 0.5));
        Assert.InRange(CharacterShape.HeightCost("7", 0.7), 0.12, 0.13); // ln² 0.7
        Assert.True(CharacterShape.HeightCost("7", 0.6) > CharacterShape.HeightCost("7", 0.7));
        Assert.Equal(CharacterShape.HeightCost("L", 0.1), CharacterShape.HeightCost("l", 0));
    }

    [Fact]
    public void Where_a_network_computes_no_number_all_labels_are_as_probable()
    {
        Graph graph = TemplateModel.Build();
        graph.Initializers["bias"].Span<float>()[3] = float.NaN;
        foreach ((Alphabet? alphabet, float expected) in new[] { ((Alphabet?)null, 0.1f), (Alphabet.Parse("35"), 0.5f) })
        {
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph, new RecognizerOptions { Alphabet = alphabet });
            PageCharacter[] characters = [.. new PageReader(recognizer).Read(Rings(3, gap: 24)).Lines.SelectMany(l => l.Words).SelectMany(w => w.Characters)];
            Assert.NotEmpty(characters);
            Assert.All(characters.SelectMany(c => c.Candidates), candidate => Assert.Equal(expected, candidate.Confidence, 1e-6f));
            FieldResult field = new FieldReader(recognizer, FieldFormat.FromMask("ddd")).Read(Rings(3, gap: 24))!;
            Assert.InRange(field.Confidence, 0, 1);
        }
    }

    [Fact]
    public void Where_there_is_one_label_only_characters_stay_whole()
    {
        // wide, so that halves of them would look like characters
        const int Width = 400, Height = 120;
        var cover = new float[Width * Height];
        for (int i = 0; i < 4; i++) Drawing.Digit(cover, Width, 7, 40 + 80 * i, 40, 64, 40, 4.5);
        var result = new PageReader(new OnlyScorer("#")).Read(Drawing.Paint(cover, Width, (_, _) => 230, (_, _) => 40));
        Assert.Equal("####", result.Text);
    }

    /// <summary>A bar and three stems are cut into more pieces than a part of a line may have.</summary>
    [Theory]
    [InlineData(24, 38, 3)]
    [InlineData(84, 134, 8)]
    public void A_wide_character_can_be_read_whole(int height, int width, int pen)
    {
        const int Width = 2000, Height = 300, Top = 100;
        var cover = new float[Width * Height];
        for (int m = 0; m < 4; m++)
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                {
                    bool isInk = y < pen || x < pen || x >= width - pen || Math.Abs(2 * x - width) <= pen;
                    if (isInk) cover[(Top + y) * Width + 200 + 400 * m + x] = 1;
                }
        GrayImage picture = Drawing.Paint(cover, Width, (_, _) => 230, (_, _) => 20);
        LineLattice lattice = Build(picture, new OnlyScorer("m"));
        foreach (var group in lattice.Pieces.Index().GroupBy(p => p.Item.Group, p => p.Index)) Assert.Contains(lattice.EndingAt[group.Last()], s => s.First == group.First());
        Assert.Equal("m m m m", new PageReader(new OnlyScorer("m")).Read(picture).Text);
        Assert.Equal("mmmm", new FieldReader(new OnlyScorer("m"), FieldFormat.FromRegularExpression("m*")).Read(picture)?.Text);
    }

    [Theory]
    [InlineData("O", 20)]
    [InlineData("Я", 22)]
    public void A_Latin_character_that_is_small_beside_the_others_is_drawn_so(string label, int rows)
    {
        const int Width = 400, Height = 120;
        var cover = new float[Width * Height];
        foreach (var (x, radius) in new[] { (60, 20.0), (130, 20), (200, 14), (270, 20), (340, 20) }) Drawing.Ellipse(cover, Width, x, 80 - radius, radius, radius, 4);
        var scorer = new OnlyScorer(label);
        LineLattice lattice = Build(Drawing.Paint(cover, Width, (_, _) => 230, (_, _) => 40), scorer);
        Assert.Equal(lattice.Segments.Count, scorer.Rows.Count);
        int[] whole = [.. Enumerable.Range(0, 5).Select(ring => scorer.Rows[lattice.Segments.Index().Single(s => IsWhole(s.Item, ring)).Index])];
        Assert.Equal([22, 22, rows, 22, 22], whole);

        bool IsWhole(LineLattice.Segment segment, int ring)
        {
            int[] pieces = [.. lattice.Pieces.Index().Where(p => p.Item.Group == ring).Select(p => p.Index)];
            return segment.First == pieces[0] && segment.Last == pieces[^1];
        }
    }

    /// <summary>The least cost rules parts out that the network hasn't seen: where it were too high, the cheapest division might be missed.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("digits")]
    [InlineData("7")]
    public void No_part_costs_less_than_was_expected_before_it_was_scored(string? alphabet)
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(ShippedModel.Characters, new RecognizerOptions { Alphabet = alphabet == null ? null : Alphabet.Parse(alphabet) });
        using var steady = new SteadyScorer(recognizer);
        LineLattice lattice = Outline(Digits(gap: -3), steady);
        double[] least = [.. lattice.Segments.Select(lattice.CharacterCost)];
        lattice.Score(lattice.Segments);
        Assert.All(lattice.Segments.Index(), s => Assert.True(least[s.Index] <= lattice.CharacterCost(s.Item)));
        // some are near it, and more aren't
        Assert.Contains(lattice.Segments.Index(), s => lattice.CharacterCost(s.Item) < least[s.Index] + 0.5);
        Assert.True(lattice.Segments.Index().Count(s => lattice.CharacterCost(s.Item) > least[s.Index] + 0.5) > lattice.Segments.Count / 2);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(float.PositiveInfinity)]
    public void Of_scorers_whose_numbers_are_no_probabilities_those_above_one_count_as_one(float factor)
    {
        PageResult result = new PageReader(new CountingScorer(CharacterRecognizer.Default, factor)).Read(Digits(gap: 10));
        Assert.All(result.Lines.SelectMany(l => l.Words).SelectMany(w => w.Characters), c => Assert.InRange(c.Confidence, 0, 1));
        if (factor == 2) Assert.Equal("0123456789", result.Text);
        else Assert.NotEmpty(result.Text);
    }

    [Fact]
    public void A_page_is_read_without_scoring_most_ways_to_divide_it()
    {
        var scorer = new CountingScorer(CharacterRecognizer.Default);
        using var steady = new SteadyScorer(scorer);
        GrayImage picture = Digits(gap: 10);
        int all = Outline(picture, steady).Segments.Count;
        Assert.Equal("0123456789", new PageReader(scorer).Read(picture).Text);
        Assert.InRange(scorer.Count, 10, all / 3);
    }

    /// <summary>The ten digits on a line.</summary>
    private static GrayImage Digits(double gap)
    {
        const int DigitWidth = 32;
        int width = (int)(80 + 10 * (DigitWidth + gap));
        var cover = new float[width * 140];
        for (int digit = 0; digit < 10; digit++) Drawing.Digit(cover, width, digit, 40 + digit * (DigitWidth + gap), 40, DigitWidth, 56, 5);
        return Drawing.Paint(cover, width, (_, _) => 230, (_, _) => 40);
    }

    private static (LineLattice Lattice, LineLattice.Segment Ring) Whole(RingScorer scorer)
    {
        LineLattice lattice = Build(Rings(1, 0), scorer);
        return (lattice, lattice.EndingAt[^1].Single(s => s.First == 0));
    }

    private static LineLattice Build(GrayImage picture, ICharacterScorer scorer)
    {
        using var steady = new SteadyScorer(scorer);
        LineLattice lattice = Outline(picture, steady);
        lattice.Score(lattice.Segments);
        return lattice;
    }

    private static LineLattice Outline(GrayImage picture, in SteadyScorer steady)
    {
        PageInk page = PageInk.Find(picture, new PageOptions(), PageOrientation.Upright, isAlphanumeric: true)!;
        return LineLattice.Build(page, Assert.Single(TextLine.Find(page, single: true, isAlphanumeric: true)), steady);
    }

    private static GrayImage Rings(int count, double gap, int inGroup = 1)
    {
        const double Pen = 4, Radius = (RingHeight - Pen) / 2;
        int width = (int)(80 + count * (RingHeight + gap));
        var cover = new float[width * (RingHeight + 80)];
        // Rings of a group overlap by half a pen
        for (int i = 0; i < count; i++) Drawing.Ellipse(cover, width, 40 + RingHeight / 2 + i * (RingHeight - Pen / 2) + i / inGroup * (gap + Pen / 2), 40 + RingHeight / 2, Radius, Radius, Pen);
        return Drawing.Paint(cover, width, (_, _) => 230, (_, _) => 40);
    }

    /// <summary>Takes what is about as wide as high for an O of either case or a 0, and what is narrow for a bracket, of which it is sure.</summary>
    private sealed class RingScorer(float upper, float lower, float zero = 0) : ICharacterScorer
    {
        public const int Upper = 0, Lower = 1;

        public IReadOnlyList<string> Labels { get; } = ["O", "o", "0", "("];

        public NormalizerLayout Layout => NormalizerLayout.Emnist;

        public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities)
        {
            for (int i = 0; i < count; i++)
            {
                int left = 28, right = -1;
                for (int p = 0; p < 784; p++)
                {
                    if (pixels[i * 784 + p] < 0.3f) continue;
                    left = Math.Min(left, p % 28);
                    right = Math.Max(right, p % 28);
                }
                bool isWide = right - left >= 17;
                (isWide ? [upper, lower, zero, 1 - upper - lower - zero] : (ReadOnlySpan<float>)[0.002f, 0.002f, 0.001f, 0.995f]).CopyTo(probabilities[(i * 4)..]);
            }
        }
    }

    /// <summary>Has one label, and is sure of it whatever it sees.</summary>
    private sealed class OnlyScorer(string label) : ICharacterScorer
    {
        public IReadOnlyList<string> Labels { get; } = [label];

        public NormalizerLayout Layout => NormalizerLayout.Emnist;

        /// <summary>Rows of ink of what was scored, in that order.</summary>
        public List<int> Rows { get; } = [];

        public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities)
        {
            Rows.AddRange(pixels[..(784 * count)].ToArray().Chunk(784).Select(image => image.Chunk(28).Count(row => row.Max() >= 0.5f)));
            probabilities[..count].Fill(1);
        }
    }

    private sealed class CountingScorer(CharacterRecognizer recognizer, float factor = 1) : ICharacterScorer
    {
        public IReadOnlyList<string> Labels => recognizer.Labels;

        public NormalizerLayout Layout => recognizer.Layout;

        public int Count { get; private set; }

        public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities)
        {
            Count += count;
            recognizer.Score(pixels, count, probabilities);
            foreach (ref float probability in probabilities[..(count * Labels.Count)]) probability *= factor;
        }
    }
}
