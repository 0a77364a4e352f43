using System.Text.RegularExpressions;
using Recognizer.Inference.Imaging.Pages;

namespace Recognizer.Tests.Imaging.Pages;

public class FieldFormatTests
{
    [Theory]
    [InlineData("dd/dd/dddd", "12/05/2034", true)]
    [InlineData("dd/dd/dddd", "12/05/203", false)]
    [InlineData("AA-dd", "XY-12", true)]
    [InlineData("AA-dd", "Xy-12", false)]
    [InlineData("Lax", "Zz9", true)]
    public void Masks_match(string mask, string text, bool expected) => Assert.Equal(expected, FieldFormat.FromMask(mask).Matches(text));

    [Theory]
    [InlineData("ab|cd")]
    [InlineData("a*b")]
    [InlineData("(a|b)*c?")]
    [InlineData("a+b+")]
    [InlineData("(ab)?a")]
    [InlineData("a{2}b{1,3}")]
    [InlineData("(a|bc){2,}")]
    [InlineData("a{0,2}b")]
    [InlineData("[ab]c[^a]")]
    [InlineData("\\d[a-c]?")]
    [InlineData("^a(b|c)*$")]
    [InlineData("(a*b?)+c")]
    [InlineData("((a|b)?c){0,3}")]
    [InlineData(".b")]
    [InlineData("|a")]
    public void Expressions_mean_what_they_mean_elsewhere(string expression)
    {
        var format = FieldFormat.FromRegularExpression(expression);
        var reference = new Regex($"^(?:{expression.TrimStart('^').TrimEnd('$')})$", RegexOptions.CultureInvariant);
        // every text of up to five of these characters
        var texts = new List<string> { "" };
        for (int i = 0; i < texts.Count && texts[i].Length < 5; i++)
            foreach (char c in "abc1") texts.Add(texts[i] + c);
        foreach (string text in texts) Assert.True(reference.IsMatch(text) == format.Matches(text), $"{expression} on '{text}'");
    }

    [Theory]
    [InlineData(@"[!-\/]")]
    [InlineData(@"[A-\]]")]
    [InlineData(@"[\!-/]")]
    [InlineData(@"[\!-\/5]")]
    [InlineData(@"[\+-\/a-]")]
    [InlineData(@"[^!-\/]")]
    [InlineData(@"[\d-]")]
    public void Ends_of_ranges_may_be_escaped(string expression)
    {
        var format = FieldFormat.Parse(expression);
        var reference = new Regex($"^(?:{expression})$", RegexOptions.CultureInvariant);
        for (char c = ' '; c < 127; c++) Assert.True(reference.IsMatch($"{c}") == format.Matches($"{c}"), $"{expression} on '{c}'");
    }

    [Theory]
    [InlineData("a{3", "position 3")]
    [InlineData("(ab", "position 3")]
    [InlineData("[ab", "position 3")]
    [InlineData("*a", "position 0")]
    [InlineData("a)", "position 1")]
    [InlineData("a{2,1}b", "position 1: expected a second number that isn't below the first, found '{2,1}'")]
    [InlineData("a{0}", "position 1: expected a repetition of at least one, found '{0}'")]
    [InlineData("a{😀}", "position 2: expected a number of at most 1000, found '😀'")]
    [InlineData("b[]a]", "position 1: expected a character in the set, found '[]'")]
    [InlineData("[^]", "position 0: expected a character in the set, found '[^]'")]
    [InlineData("a{1001}", "position 2: expected a number of at most 1000, found '1001'")]
    [InlineData("a{x}", "position 2: expected a number of at most 1000, found 'x'")]
    [InlineData("\\q", "\\d")]
    [InlineData("[z-a]", "position 1: expected a range that rises, found 'z-a'")]
    [InlineData("[a-\\]]", "found 'a-\\]'")]
    [InlineData("[a-\\d]", "position 3: expected a single character as the end of the range, found '\\d'")]
    [InlineData("[a-\\", "'\\'")]
    [InlineData("(((a{1000}){1000}){1000})", "states, found more")]
    public void Wrong_expressions_are_refused_with_their_position(string expression, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => FieldFormat.FromRegularExpression(expression)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("mask:(ddd) ddd-dddd", "(555) 555-0123", true)]
    [InlineData("(ddd) ddd-dddd", "(555) 555-0123", false)]
    [InlineData("regex:aa", "aa", true)]
    [InlineData("aa", "aa", true)]
    [InlineData("regex:dd", "12", false)]
    [InlineData("mask:\\d", "\\7", true)]
    public void A_prefix_says_what_a_format_is(string format, string text, bool expected) => Assert.Equal(expected, FieldFormat.Parse(format).Matches(text));

    [Theory]
    [InlineData("mask:")]
    [InlineData("regex:")]
    public void A_prefix_alone_is_no_format(string text) => Assert.Contains(text, Assert.Throws<FormatException>(() => FieldFormat.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Words_match_exactly()
    {
        var format = FieldFormat.FromWords(["one", "once", "two"]);
        Assert.True(format.Matches("once"));
        Assert.False(format.Matches("on"));
        Assert.False(format.Matches("twon"));
        Assert.Throws<ArgumentException>(() => FieldFormat.FromWords([]));
    }

    [Fact]
    public void Words_share_their_beginnings_and_endings()
    {
        // Words that begin with an e are not all in a row: some with an accented e come between
        List<string> texts = [""];
        for (int i = 0; i < texts.Count && texts[i].Length < 6; i++)
            foreach (string character in new[] { "b", "e", "e\u0301", "\u4E2D" }) texts.Add(texts[i] + character);
        string[] words = [.. texts.Where(text => text.Length is > 2 and < 6 && text[2] == 'b').Reverse()];
        var format = FieldFormat.FromWords(words);
        foreach (string text in texts.Where(text => text.Length < 7)) Assert.True(words.Contains(text) == format.Matches(text), text);
        string[] ends = [.. Enumerable.Range(0, 2000).Select(i => $"{i:0000}ing")];
        Assert.InRange(FieldFormat.FromWords(ends).Transitions.Length, 1, 30);
    }

    [Theory]
    [InlineData("d\U0001F600", "5\U0001F600", true)]
    [InlineData("d\U0001F600", "5\U0001F601", false)]
    [InlineData("[\U0001F600-\U0001F60E]+", "\U0001F600\U0001F605", true)]
    [InlineData("[\U0001F600-\U0001F60E]+", "\U0001F60F", false)]
    [InlineData("[xe\u0301]{2}", "e\u0301x", true)]
    [InlineData("[xe\u0301]", "e", false)]
    [InlineData("[^e\u0301]", "e", true)]
    [InlineData("[^e\u0301]", "e\u0301", false)]
    [InlineData("e\u0301?x", "x", true)]
    [InlineData("e\u0301?x", "ex", false)]
    [InlineData("^..$", "\U0001F468\u200D\U0001F469e\u0301", true)]
    public void Characters_are_text_elements(string format, string text, bool expected)
    {
        Assert.Equal(expected, FieldFormat.Parse(format).Matches(text));
        Assert.True(FieldFormat.FromWords([text]).Matches(text));
    }
}
