using System.Text.Json;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Tests.Imaging;
using Recognizer.Tests.Imaging.Pages;
using Recognizer.Training.Commands;

namespace Recognizer.Tests.Commands;

/// <summary>The commands that find characters: <c>read</c>, and <c>predict --boxes</c>.</summary>
public sealed class ReadCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private readonly string _model;

    public ReadCommandTests()
    {
        _model = Path.Combine(_folder.Root, "model.onnx");
        OnnxWriter.WriteFile(TemplateModel.Build(), _model);
    }

    public void Dispose() => _folder.Dispose();

    private int Run(string command, params string[] arguments)
    {
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        return CommandLine.Run([command, "--model", _model, .. arguments], new CommandHost(_output, _error, CancellationToken.None));
    }

    private JsonElement Json()
    {
        using JsonDocument document = JsonDocument.Parse(_output.ToString());
        return document.RootElement.Clone();
    }

    private string Page(string name, params string[] lines) => _folder.Write(name, PngEncoder.Encode(DrawnPage.Paint(lines, gap: 10)));

    private static int[] Box(JsonElement element) => [.. element.GetProperty("box").EnumerateArray().Select(v => v.GetInt32())];

    [Fact]
    public void Patterns_stand_for_the_files_that_fit_them_in_every_shell()
    {
        string second = Page("scans/b.png", "48"), first = Page("scans/a.png", "203");
        Page("scans/.hidden.png", "9");
        Page("scans/c.bmp.old", "9");
        foreach (string pattern in new[] { "*.png", "?.png" })
        {
            Assert.Equal(0, Run("read", Path.Combine(_folder.Root, "scans", pattern)));
            Assert.Equal($"{first}:\n203\n{second}:\n48\n", _output.ToString().ReplaceLineEndings("\n"));
        }
        Assert.Equal(1, Run("read", Path.Combine(_folder.Root, "scans", "*.jpg")));
        Assert.Contains($"error: {Path.Combine(_folder.Root, "scans", "*.jpg")}: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, Run("read", Path.Combine(_folder.Root, "nowhere", "*.png")));
        // A file may have such a name, except on Windows
        if (OperatingSystem.IsWindows()) return;
        string star = Page("scans/*.png", "7");
        Assert.Equal(0, Run("read", star));
        Assert.Equal("7\n", _output.ToString().ReplaceLineEndings("\n"));
    }

    [Fact]
    public void A_page_is_read_line_by_line()
    {
        string page = Page("page.png", "203 48", "9137");
        Assert.Equal(0, Run("read", page));
        Assert.Equal("203 48\n9137\n", _output.ToString().ReplaceLineEndings("\n"));
        Assert.Equal(0, Run("read", "--json", page));
        JsonElement file = Assert.Single(Json().EnumerateArray());
        Assert.Equal(page, file.GetProperty("file").GetString());
        Assert.Equal("203 48\n9137", file.GetProperty("text").GetString());
        Assert.Equal(["203 48", "9137"], file.GetProperty("lines").EnumerateArray().Select(l => l.GetProperty("text").GetString()));
        JsonElement first = file.GetProperty("lines")[0].GetProperty("words")[0].GetProperty("characters")[0];
        Assert.Equal("2", first.GetProperty("label").GetString());
        Assert.InRange(first.GetProperty("confidence").GetDouble(), 0.3, 1);
        Assert.InRange(Box(first)[0], 36, 42);
        // boxes hold those of their parts
        int[] line = Box(file.GetProperty("lines")[0]), word = Box(file.GetProperty("lines")[0].GetProperty("words")[1]);
        Assert.InRange(word[0], line[0], line[0] + line[2] - word[2]);
    }

    [Fact]
    public void Several_files_are_named_and_unreadable_ones_left_out()
    {
        string first = Page("first.png", "12"), second = Page("second.png", "34"), bad = _folder.Write("bad.png", "nothing"u8);
        Assert.Equal(1, Run("read", first, bad, second));
        Assert.Equal($"{first}:\n12\n{second}:\n34\n", _output.ToString().ReplaceLineEndings("\n"));
        Assert.StartsWith($"error: {bad}: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, Run("read", _folder.Root, first));
        Assert.Equal($"error: {_folder.Root} is a folder; give its files, such as {_folder.File("*.png")}", _error.ToString().TrimEnd());
        // Which of them the one is that could be read
        Assert.Equal(1, Run("read", first, bad));
        Assert.Equal($"{first}:\n12\n", _output.ToString().ReplaceLineEndings("\n"));
    }

    [Fact]
    public void A_field_is_read_by_its_format()
    {
        string page = Page("field.png", "20348"), words = _folder.Write("words.txt", "20345\n20848\n\n9137\n");
        Assert.Equal(0, Run("read", page, "--format", "ddddd"));
        Assert.Equal("20348", _output.ToString().TrimEnd());
        Assert.True(Run("read", page, "--format", "@" + words, "--json") == 0, _error.ToString());
        JsonElement file = Json()[0];
        Assert.Contains(file.GetProperty("text").GetString(), new[] { "20345", "20848" });
        Assert.InRange(file.GetProperty("confidence").GetDouble(), 0, 1);
        Assert.Equal(5, file.GetProperty("characters").GetArrayLength());
        Assert.True(file.GetProperty("matched").GetBoolean());
        string empty = _folder.Write("empty.png", PngEncoder.Encode(new GrayImage(64, 64, new byte[64 * 64])));
        Assert.Equal(0, Run("read", empty, page, "--format", "ddddd", "--json"));
        Assert.Equal([false, true], Json().EnumerateArray().Select(f => f.GetProperty("matched").GetBoolean()));
        Assert.Equal($"{empty}: nothing in it fits the format", _error.ToString().TrimEnd());
        Assert.Equal(0, Run("read", empty, "--format", "ddddd"));
        Assert.Equal($"{empty}: nothing in it fits the format", _error.ToString().TrimEnd());
        Assert.Equal(0, Run("read", empty, "--format", "\\d*", "--json"));
        Assert.True(Json()[0].GetProperty("matched").GetBoolean());
        Assert.Equal(2, Run("read", page, "--format", "("));
        Assert.Contains("--format", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, Run("read", page, "--format", "@nowhere.txt"));
        Assert.Equal(2, Run("read", page, "--format", "@"));
        Assert.Contains("There is no file name after '@'.", _error.ToString(), StringComparison.Ordinal);
        string old = _folder.Write("latin1.txt", System.Text.Encoding.Latin1.GetBytes("2034\nété\n"));
        Assert.Equal(2, Run("read", page, "--format", "@" + old));
        Assert.Contains($"{old} is not UTF-8", _error.ToString(), StringComparison.Ordinal);
        string wide = _folder.Write("utf16.txt", new System.Text.UnicodeEncoding(bigEndian: false, byteOrderMark: false).GetBytes("20345\n20848\n"));
        Assert.Equal(2, Run("read", page, "--format", "@" + wide));
        Assert.Contains($"{wide} is not UTF-8", _error.ToString(), StringComparison.Ordinal);
        // Wrong by itself, or for this model
        foreach (string format in new[] { "@" + _folder.Write("nothing.txt", "\n"u8), "LL", "LLé" })
        {
            Assert.Equal(2, Run("read", page, "--format", format));
            Assert.StartsWith("error: --format: ", _error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("Parameter", _error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Each_file_is_printed_before_the_next_is_read()
    {
        using var stop = new CancellationTokenSource();
        using var output = new StoppingWriter(stop);
        string first = Page("first.png", "12"), second = Page("second.png", "34");
        Assert.Equal(CommandLine.Interrupted, CommandLine.Run(["read", "--model", _model, first, second], new CommandHost(output, _error, stop.Token)));
        Assert.Equal($"{first}:\n12\n", output.ToString().ReplaceLineEndings("\n"));
    }

    /// <summary>Interrupts the program as soon as something is seen.</summary>
    private sealed class StoppingWriter(CancellationTokenSource stop) : StringWriter
    {
        public override void Flush() => stop.Cancel();
    }

    [Fact]
    public void A_page_may_lie_on_any_side()
    {
        string page = _folder.Write("turned.png", PngEncoder.Encode(Orientation.Apply(DrawnPage.Paint(["20348", "9137"], gap: 10), 6)));
        foreach (string orientation in new[] { "clockwise", "detect" })
        {
            Assert.Equal(0, Run("read", page, "--json", "--orientation", orientation));
            Assert.Equal(("20348\n9137", "clockwise"), (Json()[0].GetProperty("text").GetString(), Json()[0].GetProperty("orientation").GetString()));
        }
        Assert.Equal(0, Run("read", page, "--format", "ddddd", "--orientation", "detect"));
        Assert.Equal(2, Run("read", page, "--orientation", "sideways"));
        Assert.Contains("counter-clockwise", _error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A light plate passes for paper, and the dark boxes on it for ink.</summary>
    [Fact]
    public void A_meter_with_a_box_for_each_digit_is_read_where_its_digits_are_said_to_be_light()
    {
        const string Digits = "047391";
        GrayImage light = DrawnPage.Paint([Digits], gap: 26, inverted: true);
        byte[] pixels = light.Pixels.ToArray();
        for (int i = 0; i < pixels.Length; i++)
            if (i / light.Width is < 38 or >= 104 || (i % light.Width - 40 + 50 * 13) % 50 is >= 32 and < 42) pixels[i] = 210;
        string meter = _folder.Write("meter.png", PngEncoder.Encode(new GrayImage(light.Width, light.Height, pixels)));
        Assert.Equal(0, Run("read", meter));
        Assert.DoesNotContain(Digits, _output.ToString(), StringComparison.Ordinal);
        foreach (string[] format in new[] { [], new[] { "--format", "dddddd" } })
        {
            Assert.Equal(0, Run("read", [meter, "--polarity", "light", .. format]));
            Assert.Equal(Digits, _output.ToString().TrimEnd());
        }
        Assert.Equal(0, Run("predict", meter, "--boxes", "--polarity", "light", "--json"));
        Assert.Equal(Digits, string.Concat(Json()[0].GetProperty("characters").EnumerateArray().Select(c => c.GetProperty("predictions")[0].GetProperty("label").GetString())));
        Assert.Equal(2, Run("read", meter, "--polarity", "white"));
    }

    [Fact]
    public void Predict_takes_for_ink_what_it_is_told()
    {
        GrayImage tile = Drawing.Paint(Drawing.Square(4, 64, 6), 64, (_, _) => 40, (_, _) => 230);
        string digit = _folder.Write("digit.png", PngEncoder.Encode(tile));
        double Score(params string[] polarity)
        {
            Assert.Equal(0, Run("predict", [digit, "--json", .. polarity]));
            return Json()[0].GetProperty("rejectionScore").GetDouble();
        }
        Assert.Equal(Score(), Score("--polarity", "light"));
        Assert.Equal(Score(), Score("--polarity", "detect"));
        Assert.NotEqual(Score(), Score("--polarity", "dark"));
    }

    [Fact]
    public void An_alphabet_holds_for_all_characters()
    {
        Assert.Equal(0, Run("read", Page("page.png", "2034"), "--alphabet", "56"));
        Assert.Matches("^[56]+$", _output.ToString().TrimEnd());
        Assert.Equal(0, Run("read", Page("page.png", "2034"), "--alphabet", "02346"));
        Assert.Equal("2034", _output.ToString().TrimEnd());
    }

    [Fact]
    public void Predict_says_whether_the_character_is_one_of_the_alphabet()
    {
        string four = _folder.Write("four.png", PngEncoder.Encode(Drawing.Paint(Drawing.Square(4, 64, 6), 64, (_, _) => 230, (_, _) => 40)));
        foreach ((string alphabet, bool isOutside) in new[] { ("56", true), ("45", false) })
        {
            Assert.Equal(0, Run("predict", four, "--alphabet", alphabet, "--json"));
            Assert.Equal(isOutside ? 0 : 1, Json()[0].GetProperty("alphabetShare").GetDouble(), 0.2);
            Assert.Equal(0, Run("predict", four, "--alphabet", alphabet));
            Assert.Equal(isOutside, _output.ToString().Contains("looks like a character outside the alphabet", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Predict_says_whether_there_is_a_character()
    {
        string digit = _folder.Write("digit.png", PngEncoder.Encode(Drawing.Paint(Drawing.Square(4, 64, 6), 64, (_, _) => 230, (_, _) => 40)));
        string empty = _folder.Write("empty.png", PngEncoder.Encode(new GrayImage(64, 64, new byte[64 * 64])));
        Assert.Equal(0, Run("predict", digit, empty, "--json"));
        Assert.Equal([true, false], Json().EnumerateArray().Select(f => f.GetProperty("isLikelyCharacter").GetBoolean()));
        Assert.Equal(1, Json()[1].GetProperty("rejectionScore").GetDouble());
        Assert.Equal(0, Run("predict", digit));
        Assert.DoesNotContain("doesn't look like", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Run("predict", digit, empty));
        Assert.Single(_output.ToString().Split('\n'), row => row.Contains("doesn't look like a character", StringComparison.Ordinal));
    }

    [Fact]
    public void Predict_gives_boxes_and_answers_of_every_character()
    {
        string page = Page("page.png", "203", "48");
        Assert.Equal(0, Run("predict", page, "--boxes", "--top", "2", "--json"));
        JsonElement file = Assert.Single(Json().EnumerateArray());
        JsonElement[] characters = [.. file.GetProperty("characters").EnumerateArray()];
        Assert.Equal("20348", string.Concat(characters.Select(c => c.GetProperty("predictions")[0].GetProperty("label").GetString())));
        Assert.All(characters, c => Assert.Equal(2, c.GetProperty("predictions").GetArrayLength()));
        Assert.All(characters, c => Assert.InRange(Box(c)[3], 41, 50));
        Assert.True(Box(characters[0])[0] < Box(characters[1])[0] && Box(characters[3])[1] > Box(characters[0])[1] + 40);

        Assert.Equal(0, Run("predict", page, "--boxes", "--top", "1"));
        string[] rows = _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["file", "box", "read", "as"], rows[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(6, rows.Length);
        Assert.Contains($"{Box(characters[0])[0]},{Box(characters[0])[1]} ", rows[1], StringComparison.Ordinal);

        string empty = _folder.Write("empty.png", PngEncoder.Encode(new GrayImage(64, 64, new byte[64 * 64])));
        Assert.Equal(0, Run("predict", empty, "--boxes", "--json"));
        Assert.Equal(0, Json()[0].GetProperty("characters").GetArrayLength());
    }

    [Fact]
    public void A_part_of_each_image_is_read_and_boxes_stay_those_of_the_whole()
    {
        // The second line
        string page = Page("page.png", "203", "48"), twin = Page("twin.png", "15", "97");
        const string Region = "20,110,130,80";
        Assert.Equal(0, Run("read", page, "--json"));
        int[][] whole = [.. Json()[0].GetProperty("lines")[1].GetProperty("words")[0].GetProperty("characters").EnumerateArray().Select(Box)];
        int[] line = Box(Json()[0].GetProperty("lines")[1]);

        Assert.Equal(0, Run("read", page, twin, "--region", Region));
        Assert.Equal($"{page}:\n48\n{twin}:\n97\n", _output.ToString().ReplaceLineEndings("\n"));
        Assert.Equal(0, Run("read", page, "--region", Region, "--json"));
        JsonElement read = Json()[0].GetProperty("lines")[0];
        AssertNear(line, Box(read));
        AssertNear(line, Box(read.GetProperty("words")[0]));
        AssertAllNear(whole, read.GetProperty("words")[0].GetProperty("characters"));
        Assert.Equal(0, Run("read", page, "--region", Region, "--format", "dd", "--json"));
        Assert.Equal("48", Json()[0].GetProperty("text").GetString());
        AssertAllNear(whole, Json()[0].GetProperty("characters"));

        Assert.Equal(0, Run("predict", page, "--boxes", "--region", Region, "--json"));
        AssertAllNear(whole, Json()[0].GetProperty("characters"));
        Assert.Equal(0, Run("predict", page, "--boxes", "--region", Region));
        Assert.Contains($" {Box(read.GetProperty("words")[0].GetProperty("characters")[0])[0]},", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Run("predict", page, "--region", $"{whole[1][0] - 8},{whole[1][1] - 8},{whole[1][2] + 16},{whole[1][3] + 16}", "--json"));
        Assert.Equal("8", Json()[0].GetProperty("predictions")[0].GetProperty("label").GetString());

        void AssertNear(int[] expected, int[] actual) => Assert.All(Enumerable.Range(0, 4), i => Assert.InRange(actual[i], expected[i] - 2, expected[i] + 2));

        void AssertAllNear(int[][] expected, JsonElement characters)
        {
            Assert.Equal(expected.Length, characters.GetArrayLength());
            for (int i = 0; i < expected.Length; i++) AssertNear(expected[i], Box(characters[i]));
        }
    }

    [Theory]
    [InlineData("read")]
    [InlineData("predict")]
    [InlineData("predict", "--boxes")]
    public void A_region_outside_an_image_is_told_and_the_others_are_read(params string[] command)
    {
        string page = Page("page.png", "20"), small = _folder.Write("small.png", PngEncoder.Encode(new GrayImage(40, 30, new byte[1200])));
        Assert.Equal(1, Run(command[0], [.. command[1..], small, page, "--region", "20,30,130,80", "--json"]));
        Assert.Equal($"error: {small}: The part 20,30 130×80 isn't within the picture of 40×30 pixels.", _error.ToString().Trim());
        Assert.Equal(page, Assert.Single(Json().EnumerateArray()).GetProperty("file").GetString());
        foreach (string region in new[] { "20,30,130", "20,30,0,80", "20,30,130,-1", "a,b,c,d", "1.5,2,3,4", "1,2,3,4,5", "99999999999,0,1,1" })
        {
            Assert.Equal(2, Run(command[0], [.. command[1..], page, "--region", region]));
            Assert.Contains("LEFT,TOP,WIDTH,HEIGHT", _error.ToString(), StringComparison.Ordinal);
        }
        Assert.Equal(2, Run(command[0], [.. command[1..], page, "--region", ""]));
        Assert.Equal(2, Run(command[0], [.. command[1..], page, "--region=-1,0,1,1"]));
        Assert.Equal(1, Run(command[0], [.. command[1..], page, "--region", "2147483647,0,2147483647,1"]));
    }
}
