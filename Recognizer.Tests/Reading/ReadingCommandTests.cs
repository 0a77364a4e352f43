using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Tests.Fitting;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;

namespace Recognizer.Tests.Reading;

/// <summary>What <c>pages</c> and <c>stability</c> say where they can't measure what was asked.</summary>
public sealed class ReadingCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("pages", "wied")]
    [InlineData("pages", "fields", "--alphabet", "letters")]
    [InlineData("stability", "jpg")]
    public void A_row_that_there_is_not_is_wrong_usage(string command, string only, params string[] more)
    {
        (int code, string output, string errors) = BenchmarksProgram.Run([command, "--model", "any.onnx", "--only", only, .. more]);
        Assert.Equal((2, "", $"{command}: there is no row with '{only}' in its name.\n"), (code, output, errors.ReplaceLineEndings("\n")));
    }

    [Theory]
    [InlineData("nowhere.onnx: can't be read", "--model", "nowhere.onnx")]
    [InlineData("set has no test images.", "--dataset", "set")]
    [InlineData("tested has no character of that alphabet.", "--dataset", "tested", "--alphabet", "ab")]
    [InlineData("alphabet", "--dataset", "tested", "--alphabet", "z")]
    public void What_can_not_be_measured_is_said_in_one_line(string message, params string[] options)
    {
        Write("set/train/0", 2);
        Write("tested/test/z", 2);
        foreach (string command in (string[])["pages", "stability"])
        {
            (int code, string output, string errors) = BenchmarksProgram.Run([command, "--model", Model(), "--split", "test", .. options], ("RECOGNIZER_DATASETS", _folder.Root));
            Assert.Equal((1, ""), (code, output));
            string line = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => l.StartsWith("error: ", StringComparison.Ordinal));
            Assert.Contains(message, line, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(60, false)]
    public void Characters_that_are_used_again_are_told(int characters, bool told)
    {
        Write("set/test/0", characters / 2);
        Write("set/test/1", characters / 2);
        (_, string output, string errors) = BenchmarksProgram.Run(["pages", "--model", Model(), "--split", "test", "--dataset", "set", "--only", "wide plain", "--count", "1"], ("RECOGNIZER_DATASETS", _folder.Root));
        Assert.Contains("| wide | plain |", output, StringComparison.Ordinal);
        Assert.Equal(told, errors.Contains($"There are {characters} characters only", StringComparison.Ordinal));
    }

    private void Write(string folder, int count)
    {
        DatasetPart images = Shapes.Make(count, 0).Train!;
        for (int i = 0; i < count; i++) _folder.Write($"{folder}/{i}.png", PngEncoder.Encode(new GrayImage(28, 28, images.Image(i).ToArray())));
    }

    private string Model()
    {
        string path = Path.Combine(_folder.Root, "model.onnx");
        OnnxWriter.WriteFile(Architecture.Build("cnn2", ["0", "1"], 1, 0.25), path);
        return path;
    }
}
