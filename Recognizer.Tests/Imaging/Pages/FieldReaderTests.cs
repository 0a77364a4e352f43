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
}
