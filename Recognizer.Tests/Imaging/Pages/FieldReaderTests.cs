using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Imaging.Pages;

public class FieldReaderTests
{
    private static readonly TemplateScorer s_scorer = new();

    private static CharacterRecognizer Load(string alphabet, Func<int, string>? label = null) =>
        CharacterRecognizer.Load(TemplateModel.Build(label: label), new RecognizerOptions { Alphabet = Alphabet.Parse(alphabet) });

    [Theory]
    [InlineData("\\d")]
    [InlineData("[5-9]")]
    [InlineData(".")]
    [InlineData("7|2|3")]
    public void Labels_outside_the_alphabet_are_not_answered(string expression)
    {
        using CharacterRecognizer recognizer = Load("2356");
        var reader = new FieldReader(recognizer, FieldFormat.FromRegularExpression(expression));
        FieldResult? result = reader.Read(DrawnPage.Paint(["7"]));
        Assert.NotNull(result);
        Assert.Contains(result.Text, (string[])["2", "3", "5", "6"]);
    }

    [Fact]
    public void Words_outside_the_alphabet_are_not_answered()
    {
        using CharacterRecognizer recognizer = Load("012345");
        var reader = new FieldReader(recognizer, FieldFormat.FromWords(["2074", "2014"]));
        Assert.Equal("2014", reader.Read(DrawnPage.Paint(["2074"]))?.Text);
    }

    [Theory]
    [InlineData("ABC", "\\d")]
    [InlineData("AB5", "[78]|9")]
    [InlineData("AB5", "5(7|8)5")] // 7 has a label, so that it is no mark that a shape could stand for
    [InlineData("ABCDE56789", "[0-4]")]
    public void A_format_that_the_alphabet_cannot_write_is_refused(string alphabet, string expression)
    {
        using CharacterRecognizer recognizer = Load(alphabet, digit => digit < 5 ? $"{(char)('A' + digit)}" : $"{digit}");
        var exception = Assert.Throws<ArgumentException>(() => new FieldReader(recognizer, FieldFormat.FromRegularExpression(expression)));
        Assert.Contains(expression, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Letters_that_the_model_does_not_have_are_no_marks() =>
        Assert.Throws<ArgumentException>(() => new FieldReader(s_scorer, FieldFormat.FromMask("LL")));

    [Fact]
    public void A_case_that_the_alphabet_excludes_is_not_answered_through_the_other()
    {
        static string Label(int digit) => digit switch { 0 => "O", 1 => "o", 2 => "Z", _ => $"{digit}" };
        using CharacterRecognizer recognizer = Load("OZ345", Label);
        GrayImage image = DrawnPage.Paint(["0"]);
        Assert.Throws<ArgumentException>(() => new FieldReader(recognizer, FieldFormat.FromMask("o")));
        Assert.Equal("O", new FieldReader(recognizer, FieldFormat.FromMask("O")).Read(image)?.Text);
        // The model has one Z for both cases
        Assert.Equal("z", new FieldReader(recognizer, FieldFormat.FromMask("a")).Read(DrawnPage.Paint(["2"]))?.Text);
    }

    [Theory]
    [InlineData("ü|ö|i", "ü ö i", 0.8)]
    [InlineData("[üöi]", "ü ö i", 0.8)]
    [InlineData("[ù-ýó-ö]|i", "ù ó i", 0.2)]
    [InlineData("Ü|Ö|i", "Ü Ö i", 0.8)]
    [InlineData("u\u0308|[o\u0308i]", "u\u0308 o\u0308 i", 0.8)]
    [InlineData("[a-zäöüß]", "u o i", 0.8)]
    public void Letters_with_accents_are_read_as_those_without(string expression, string texts, double least)
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(TemplateModel.Build(label: digit => digit switch { 2 => "u", 3 => "o", 7 => "i", _ => $"{digit}" }));
        var reader = new FieldReader(recognizer, FieldFormat.FromRegularExpression(expression));
        FieldResult?[] results = [.. new[] { "2", "3", "7" }.Select(digit => reader.Read(DrawnPage.Paint([digit])))];
        Assert.Equal(texts, string.Join(' ', results.Select(r => r?.Text)));
        Assert.All(results, r => Assert.InRange(r!.Confidence, least, 1));
    }

    [Fact]
    public void A_model_that_cannot_write_the_format_any_more_finds_nothing()
    {
        using CharacterRecognizer recognizer = Load("27");
        var reader = new FieldReader(recognizer, FieldFormat.FromRegularExpression("[78]"));
        GrayImage image = DrawnPage.Paint(["7"]);
        Assert.Equal("7", reader.Read(image)?.Text);
        recognizer.ReplaceModel(OnnxWriter.ToBytes(TemplateModel.Build(label: digit => digit == 7 ? "seven" : $"{digit}")));
        Assert.Null(reader.Read(image));
    }

    [Theory]
    [InlineData("d dd", "1234")]
    [InlineData("dd dd", "1234")]
    [InlineData("d d d d", "1234")]
    [InlineData(" dddd ", "1234")]
    [InlineData("dd dd", "12 34")]
    [InlineData("dd  dd", "12 34")]
    [InlineData("d dd", "1 23")]
    [InlineData("d d", "1 2")]
    [InlineData("dddd", "12 34")]
    public void Spaces_take_no_ink(string mask, string written)
    {
        var result = new FieldReader(s_scorer, FieldFormat.FromMask(mask)).Read(DrawnPage.Paint([written], gap: 10));
        Assert.DoesNotContain(result?.Characters ?? [], c => string.IsNullOrWhiteSpace(c.Label));
        // with four digits for three there is no right answer
        if (mask.Count(c => c == 'd') < written.Count(char.IsAsciiDigit)) return;
        Assert.NotNull(result);
        Assert.Equal(mask.Count(c => c == 'd'), result.Characters.Count);
        Assert.Equal(written.Replace(" ", "", StringComparison.Ordinal), result.Text.Replace(" ", "", StringComparison.Ordinal));
        Assert.True(FieldFormat.FromMask(mask).Matches(result.Text));
        Assert.InRange(result.Confidence, 0.5, 1);
    }

    [Theory]
    [InlineData("12 34")]
    [InlineData("1234")]
    [InlineData("1 234")]
    public void Wide_gaps_tell_where_there_are_spaces(string written)
    {
        var image = DrawnPage.Paint([written], gap: 8);
        foreach (var format in new[] { FieldFormat.FromWords(["1234", "12 34", "1 234", "123 4"]), FieldFormat.FromRegularExpression("\\d( ?\\d)*"), FieldFormat.FromRegularExpression("\\d+( +\\d+)*") })
        {
            var result = new FieldReader(s_scorer, format).Read(image);
            Assert.Equal(written, result?.Text);
            Assert.InRange(result!.Confidence, 0.5, 1);
        }
    }

    [Fact]
    public void Spaces_around_words_are_left_out()
    {
        var format = FieldFormat.FromWords([" 2034", "  ", "57 \t"]);
        Assert.True(format.Matches("2034"));
        Assert.True(format.Matches("57"));
        Assert.False(format.Matches(" 2034"));
        Assert.Throws<ArgumentException>(() => FieldFormat.FromWords([" "]));
        var result = new FieldReader(s_scorer, format).Read(DrawnPage.Paint(["2034"]));
        Assert.Equal("2034", result?.Text);
        Assert.Equal(4, result!.Characters.Count);
    }

    [Theory]
    [InlineData("\\d\\d(/\\d\\d)*", "125198", "12/51/98")]
    [InlineData("\\d\\d(/\\d\\d)+", "125198", "12/51/98")]
    [InlineData("\\d\\d(/\\d\\d)*", "12519834", "12/51/98/34")]
    [InlineData("\\d\\d(/\\d\\d)+", "12519834", "12/51/98/34")]
    [InlineData("\\d\\d(/\\d\\d){3}", "12519834", "12/51/98/34")]
    [InlineData("(\\d\\d/)+", "12519834", "12/51/98/34/")]
    [InlineData("(/\\d\\d(-\\d\\d)*)+", "325498", "/32/54/98")]
    [InlineData("\\d\\d(/\\d\\d)*", "12 51 98 34", "12/51/98/34")]
    [InlineData("€ ?\\d+,\\d{2}", "12,50", "€12,50")]
    public void Marks_may_be_missing_in_repetitions(string expression, string written, string text)
    {
        var result = new FieldReader(s_scorer, FieldFormat.FromRegularExpression(expression)).Read(DrawnPage.Paint([written], gap: 10));
        // - and / are missing alike
        Assert.Equal(text, result?.Text.Replace('-', '/'));
    }

    [Theory]
    [InlineData("\\d{1,2}/\\d{1,2}", "7/3 2/8 4/6 5/9 3/7 9/2 6/8 8/5 25/6 4/30 63/9 74/28 90/36 52/48 37/20 46/93")]
    [InlineData("\\d+(,\\d\\d)?", "2,50 7,95 4,28 83,60 94,25 320,75 68,09 5,36 27 804 9 3462")]
    [InlineData("\\+?\\d{2,12}", "127064 4702 +4702 +25 +734")]
    [InlineData("\\d+[+×÷]\\d+", "12+7 12×7 84÷7 3÷25 64×8 5+95")]
    [InlineData("\\d+[÷×+]\\d+", "12+7 12×7 84÷7 3÷25 64×8 5+95")]
    [InlineData("\\d{2,5}\\??", "1814 4577 1814? 27? 630?")]
    [InlineData("€?\\d+", "125 €125 €47 804 6930 €682")]
    [InlineData("\\$?\\d+", "125 $125 $47 804 5930 $582")]
    [InlineData("\\d\\d/\\d\\d/\\d{4}", "25/07/2034 04/09/1986 23/06/2079 28/02/2043")]
    public void Digits_and_marks_are_told_from_one_another(string expression, string written)
    {
        using var recognizer = CharacterRecognizer.Load(ShippedModel.Characters, new RecognizerOptions { Alphabet = Alphabet.Digits });
        var reader = new FieldReader(recognizer, FieldFormat.FromRegularExpression(expression));
        foreach (double gap in new[] { 4.0, 10 })
            Assert.Equal(written, string.Join(' ', written.Split(' ').Select(text => reader.Read(DrawnPage.Paint([text], gap))?.Text)));
    }

    [Theory]
    [InlineData("\\d(/*-*)*\\d")]
    [InlineData("(/|-|:)*\\d(/|-|:|;|!|~)*\\d")]
    [InlineData("\\d( *-* *)*\\d")]
    [InlineData("( |/)*\\d( |/)*\\d( |/)*")]
    public void Repetitions_of_missing_marks_end(string expression)
    {
        var result = new FieldReader(s_scorer, FieldFormat.FromRegularExpression(expression)).Read(DrawnPage.Paint(["25"]));
        Assert.Equal("25", result?.Text);
        Assert.InRange(result!.Confidence, 1e-4, 1);
    }

    /// <summary>Is of two minds about all ink.</summary>
    private sealed class EvenScorer(params string[] labels) : ICharacterScorer
    {
        public IReadOnlyList<string> Labels => labels;

        public NormalizerLayout Layout => NormalizerLayout.Emnist;

        public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities) => probabilities.Fill(1f / labels.Length);
    }

    /// <summary>What is as high as characters and taken for others than the mark is like is no mark, however unsure the scorer is.</summary>
    [Theory]
    [InlineData("\\+?\\d{1,2}")]
    [InlineData("#?\\d{1,2}")]
    [InlineData("\\*?\\d{1,2}")]
    [InlineData("\\d{1,2}\\??")]
    [InlineData("×?\\d{1,2}")]
    [InlineData("÷?\\d{1,2}")]
    [InlineData("€?\\d{1,2}")]
    [InlineData("£?\\d{1,2}")]
    [InlineData("\\$?\\d{1,2}")]
    [InlineData("\\d{1,2}%?")]
    [InlineData("&?\\d{1,2}")]
    [InlineData("@?\\d{1,2}")]
    [InlineData("№?\\d{1,2}")]
    [InlineData("§?\\d{1,2}")]
    [InlineData("¤?\\d{1,2}")]
    public void A_mark_that_may_be_missing_takes_no_characters_place(string expression) =>
        Assert.Matches("^[29]+$", new FieldReader(new EvenScorer("2", "9"), FieldFormat.FromRegularExpression(expression)).Read(DrawnPage.Paint(["25"]))?.Text);

    /// <summary>However many divisions there are that nobody would believe in.</summary>
    [Theory]
    [InlineData("\\d{8}")]
    [InlineData("\\d{6,10}")]
    [InlineData("\\d+")]
    public void Clear_digits_are_nearly_certain_whatever_lengths_there_may_be(string expression)
    {
        FieldResult? result = new FieldReader(s_scorer, FieldFormat.FromRegularExpression(expression)).Read(DrawnPage.Paint(["20475863"]));
        Assert.Equal("20475863", result?.Text);
        Assert.InRange(result!.Confidence, 0.975, 1);
    }

    [Theory]
    [InlineData("[Cc]", 0.5)]
    [InlineData("[A-Za-z]", 0.5)]
    [InlineData("C|c", 0.5)]
    [InlineData("(C|[Cc])", 0.5)]
    [InlineData(".", 0.5)]
    [InlineData("C", 1)]
    [InlineData("[A-Z]", 1)]
    public void Of_two_cases_each_is_as_probable_as_the_scorer_says(string expression, double confidence)
    {
        FieldResult? result = new FieldReader(new EvenScorer("C", "c"), FieldFormat.FromRegularExpression(expression)).Read(DrawnPage.Paint(["0"]));
        Assert.InRange(result!.Confidence, confidence - 0.06, confidence + 0.06); // their shapes differ a little
    }

    [Theory]
    [InlineData("[A-Z]", "I")]
    [InlineData("[a-z]", "l")]
    public void A_stroke_is_no_capital_L(string expression, string text)
    {
        FieldResult? result = new FieldReader(new EvenScorer("I", "L", "l"), FieldFormat.FromRegularExpression(expression)).Read(DrawnPage.Paint(["1"]));
        Assert.Equal(text, result?.Text);
    }

    [Theory]
    [InlineData("\\d{1,3}", "42", "\\d?\\d?\\d?", "\\d|\\d\\d|\\d\\d\\d", "(\\d|[0-4]){1,3}")]
    [InlineData("\\d+", "427", "\\d*\\d*", "(\\d|\\d)+", "(\\d|[0-4])+", "(\\d*)*\\d")]
    [InlineData("\\d\\d(/\\d)?", "42/7", "\\d\\d(/\\d)?|\\d\\d", "(\\d\\d|4\\d)(/\\d|/7)?")]
    public void However_a_format_is_written_confidence_is_the_same(string expression, string written, params string[] others)
    {
        GrayImage image = DrawnPage.Paint([written], gap: 8);
        FieldResult expected = new FieldReader(s_scorer, FieldFormat.FromRegularExpression(expression)).Read(image)!;
        Assert.Equal(written, expected.Text);
        foreach (string other in others)
        {
            FieldResult? result = new FieldReader(s_scorer, FieldFormat.FromRegularExpression(other)).Read(image);
            Assert.Equal(written, result?.Text);
            Assert.Equal(expected.Confidence, result!.Confidence, 1e-9);
        }
    }

    [Theory]
    [InlineData("(\\d?){500}")]
    [InlineData(".*4.{1,15}")]
    [InlineData("427|(4{997})*|(4{991})*")]
    public void An_expression_with_too_many_ways_is_read_nevertheless(string expression) =>
        Assert.Equal("427", new FieldReader(s_scorer, FieldFormat.FromRegularExpression(expression)).Read(DrawnPage.Paint(["427"]))?.Text);

    [Theory]
    [InlineData("(\\w?){400}")]
    [InlineData("(.?){700}")]
    public void An_expression_with_very_many_ways_is_refused(string expression)
    {
        var scorer = new EvenScorer([.. Enumerable.Range('0', 75).Select(c => $"{(char)c}").Where(c => char.IsAsciiLetterOrDigit(c[0]))]);
        Assert.Contains(expression, Assert.Throws<ArgumentException>(() => new FieldReader(scorer, FieldFormat.FromRegularExpression(expression))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\\d\\d[/-]\\d\\d")]
    [InlineData("\\d\\d[ /]\\d\\d")]
    [InlineData("\\d\\d[/.-]?\\d\\d")]
    public void A_set_has_the_marks_that_it_names(string expression)
    {
        using var recognizer = CharacterRecognizer.Load(ShippedModel.Characters, new RecognizerOptions { Alphabet = Alphabet.Digits });
        FieldResult? result = new FieldReader(recognizer, FieldFormat.FromRegularExpression(expression)).Read(DrawnPage.Paint(["25/64"], gap: 8));
        Assert.Equal("25/64", result?.Text);
    }

    [Theory]
    [InlineData("\\d*", "")]
    [InlineData("(\\d{4})?", "")]
    [InlineData("\\d+", null)]
    public void A_field_without_writing_is_empty_where_it_may_be(string expression, string? text)
    {
        var reader = new FieldReader(s_scorer, FieldFormat.FromRegularExpression(expression));
        foreach (var blank in new[] { new GrayImage(64, 64, new byte[64 * 64]), DrawnPage.Paint([" "]) }) Assert.Equal(text, reader.Read(blank)?.Text);
    }

    [Fact]
    public void Memory_is_bounded_however_long_the_list_and_the_line()
    {
        const int Words = 8_000;
        string[] words = [.. Enumerable.Range(0, Words).Select(i => $"{(i * 7919L + 13) * 104729 % 9000000000 + 1000000000}")];
        var reader = new FieldReader(s_scorer, FieldFormat.FromWords(words));
        Assert.Equal(words[77], reader.Read(DrawnPage.Paint([words[77]], gap: 8))?.Text);
        GrayImage line = DrawnPage.Paint([string.Concat(words.Take(10))], gap: 8);
        long before = GC.GetAllocatedBytesForCurrentThread();
        reader.Read(line);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 << 20);
    }

    [Fact]
    public void A_list_may_have_a_hundred_thousand_numbers()
    {
        string[] words = [.. Enumerable.Range(0, 100_000).Select(i => $"{(i * 7919L + 13) * 104729 % 90000000 + 10000000}")];
        var reader = new FieldReader(s_scorer, FieldFormat.FromWords(words));
        GrayImage image = DrawnPage.Paint([words[77]], gap: 8);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(words[77], reader.Read(image)?.Text);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20 << 20);
    }

    [Fact]
    public void Labels_may_be_longer_than_one_unit()
    {
        string[] labels = ["\U0001F600", "1", "e\u0301", "\U0001F468\u200D\U0001F469", "10", "5", "E", "E\u0301", "8", "9"];
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(TemplateModel.Build(label: digit => labels[digit]));
        GrayImage image = DrawnPage.Paint(["2035"]);
        const string Text = "e\u0301\U0001F600\U0001F468\u200D\U0001F4695";
        foreach (var format in new[] { FieldFormat.FromMask(Text), FieldFormat.FromWords([Text, "58"]), FieldFormat.Parse(".{4}"), FieldFormat.Parse("[e\u0301-]\U0001F600?[^5]d|.+") })
        {
            FieldResult? result = new FieldReader(recognizer, format).Read(image);
            Assert.Equal(Text, result?.Text);
            Assert.Equal(["e\u0301", "\U0001F600", "\U0001F468\u200D\U0001F469", "5"], result!.Characters.Select(c => c.Label));
            Assert.InRange(result.Confidence, 0.4, 1);
        }
    }

    [Fact]
    public void The_confidence_in_a_character_of_either_case_is_at_most_one()
    {
        FieldResult? result = new FieldReader(new CaseScorer(), FieldFormat.FromMask("C")).Read(DrawnPage.Paint(["0"]));
        Assert.InRange(Assert.Single(result!.Characters).Confidence, 0.9f, 1f);
    }

    /// <summary>Probabilities whose sum is a little more than one, as sums of rounded numbers may be.</summary>
    private sealed class CaseScorer : ICharacterScorer
    {
        public IReadOnlyList<string> Labels { get; } = ["C", "c"];

        public NormalizerLayout Layout => NormalizerLayout.Emnist;

        public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities)
        {
            for (int i = 0; i < count; i++) ((ReadOnlySpan<float>)[MathF.BitIncrement(0.6f), 0.4f]).CopyTo(probabilities[(2 * i)..]);
        }
    }
}
