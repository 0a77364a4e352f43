using Recognizer.Inference.Onnx;
using Recognizer.Tests.Onnx;
using Recognizer.Training.Commands;
using Recognizer.Training.Conformance;

namespace Recognizer.Tests.Commands;

public class ExportCommandTests
{
    [Fact]
    public void A_byte_model_passes_its_own_samples()
    {
        using var folder = new TemporaryFolder();
        string source = folder.File("source.onnx"), target = folder.File("bytes/model.onnx");
        OnnxWriter.WriteFile(SampleModels.Classifier(), source);
        (int code, string output, string error) = Run("export", source, "--uint8-input", "--samples", "2", "--output", target);
        Assert.Equal((CommandLine.Done, ""), (code, error));
        Assert.Contains("UInt8[N, 8, 8]", output);
        Assert.Equal("UInt8[N, 8, 8]", OnnxReader.ReadFile(target).Inputs[0].ToString());
        BackendCase row = Assert.Single(BackendCases.Run(folder.File("bytes")));
        Assert.Equal((CaseOutcome.Passed, null), (row.Outcome, row.Reason));
    }

    [Fact]
    public void Samples_of_an_earlier_export_are_replaced()
    {
        using var folder = new TemporaryFolder();
        string source = folder.File("source.onnx"), target = folder.File("out/model.onnx");
        OnnxWriter.WriteFile(SampleModels.Classifier(), source);
        Assert.Equal(CommandLine.Done, Run("export", source, "--samples", "3", "--output", target).Code);
        // What isn't its own stays.
        string notes = folder.File("out/test_data_set_2/notes.txt");
        File.WriteAllText(notes, "mine");
        Assert.Equal(CommandLine.Done, Run("export", source, "--samples", "1", "--output", target).Code);
        Assert.Equal(["test_data_set_0", "test_data_set_2"], Directory.GetDirectories(folder.File("out")).Select(Path.GetFileName).Order());
        Assert.Equal([notes], Directory.GetFiles(folder.File("out/test_data_set_2")));
        Assert.Equal(CommandLine.Done, Run("export", source, "--output", target).Code);
        Assert.True(Directory.Exists(folder.File("out/test_data_set_0")));
    }

    [Fact]
    public void Without_options_the_model_is_written_again()
    {
        using var folder = new TemporaryFolder();
        string source = folder.File("source.onnx"), target = folder.File("copy.onnx");
        OnnxWriter.WriteFile(SampleModels.Recurrent(), source);
        Assert.Equal(CommandLine.Done, Run("export", source, "--output", target).Code);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(target));
    }

    [Fact]
    public void Labels_in_place_of_the_models_own_are_warned_of()
    {
        using var folder = new TemporaryFolder();
        string source = folder.File("source.onnx"), target = folder.File("model.onnx");
        OnnxWriter.WriteFile(SampleModels.Classifier(), source);
        (int code, _, string error) = Run("export", source, "--labels", "0123456789", "--output", target);
        Assert.Equal(CommandLine.Done, code);
        Assert.StartsWith($"warning: {source} carries labels of its own", error);
        Assert.Equal("""["0","1","2","3","4","5","6","7","8","9"]""", OnnxReader.ReadFile(target).Metadata["recognizer.labels"]);
    }

    [Fact]
    public void What_cannot_be_exported_is_said()
    {
        using var folder = new TemporaryFolder();
        string source = folder.File("source.onnx"), target = folder.File("model.onnx");
        OnnxWriter.WriteFile(SampleModels.Recurrent(), source);
        Assert.Equal(CommandLine.WrongUsage, Run("export", source).Code);
        Assert.Equal(CommandLine.WrongUsage, Run("export", source, "--output", target, "--samples", "-1").Code);
        (int code, _, string error) = Run("export", source, "--output", target, "--samples", "1");
        Assert.Equal(CommandLine.Failed, code);
        Assert.Contains("'x'", error);
        Assert.False(File.Exists(target));
        Assert.Contains("missing.onnx", Run("export", folder.File("missing.onnx"), "--output", target).Error);
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = CommandLine.Run(arguments, new CommandHost(output, error, CancellationToken.None));
        return (code, output.ToString(), error.ToString());
    }
}
