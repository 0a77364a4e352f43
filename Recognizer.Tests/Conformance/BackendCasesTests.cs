using Recognizer.Inference.Onnx;
using Recognizer.Training.Commands;
using Recognizer.Training.Conformance;

namespace Recognizer.Tests.Conformance;

/// <summary>A fact about ONNX's backend cases: skipped, with the reason, where they aren't installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BackendCasesFactAttribute : FactAttribute
{
    /// <summary>Where Debian's libonnx-testdata puts them.</summary>
    public const string Folder = "/usr/share/libonnx-testdata/data";

    public BackendCasesFactAttribute()
    {
        if (!Directory.Exists(Folder)) Skip = $"ONNX's backend cases (package libonnx-testdata) are not installed in {Folder}.";
    }
}

public sealed class BackendCasesTests
{
    [BackendCasesFact]
    public void All_supported_cases_agree()
    {
        List<BackendCase> cases = [.. BackendCases.Run(BackendCasesFactAttribute.Folder)];
        Assert.Empty(cases.Where(c => c.Outcome == CaseOutcome.Failed).Select(c => $"{c.Name}: {c.Reason}"));
        int Passed(string part) => cases.Count(c => c.Outcome == CaseOutcome.Passed && c.Name.StartsWith(part + "/", StringComparison.Ordinal));
        Assert.True(Passed("node") >= 440, $"{Passed("node")} node cases passed");
        Assert.Equal(82, Passed("pytorch-converted"));
        Assert.Equal(33, Passed("pytorch-operator"));
        Assert.All(cases.Where(c => c.Outcome == CaseOutcome.Unsupported), c => Assert.NotEmpty(c.Reason!));
        Assert.All(cases.Where(c => c.Name.EndsWith("test_bernoulli", StringComparison.Ordinal) || c.Name.EndsWith("test_training_dropout", StringComparison.Ordinal)),
            c => Assert.Contains("random", c.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void A_difference_is_named()
    {
        static Dictionary<string, Tensor> Y(Tensor y) => new() { ["y"] = y };
        Dictionary<string, Tensor> expected = Y(Tensor.Vector(1f, float.NaN, float.PositiveInfinity));
        Assert.Null(BackendCases.Difference(expected, Y(Tensor.Vector(1.0009f, float.NaN, float.PositiveInfinity))));
        Assert.Contains("element 0", BackendCases.Difference(expected, Y(Tensor.Vector(1.0012f, float.NaN, float.PositiveInfinity))), StringComparison.Ordinal);
        Assert.Contains("element 1", BackendCases.Difference(expected, Y(Tensor.Vector(1f, 1f, float.PositiveInfinity))), StringComparison.Ordinal);
        Assert.Contains("element 2", BackendCases.Difference(expected, Y(Tensor.Vector(1f, float.NaN, 1e30f))), StringComparison.Ordinal);
        Assert.Contains("shape", BackendCases.Difference(expected, Y(Tensor.Create([1f, 1f, 1f], 3, 1))), StringComparison.Ordinal);
        Assert.Contains("Double", BackendCases.Difference(expected, Y(Tensor.Vector(1.0, 1, 1))), StringComparison.Ordinal);
        Assert.Contains("missing", BackendCases.Difference(expected, new Dictionary<string, Tensor>()), StringComparison.Ordinal);
        Assert.Contains("element 0", BackendCases.Difference(Y(Tensor.Vector(1L << 60)), Y(Tensor.Vector((1L << 60) + 1))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2f, 0, "\"passed\": 1")]
    [InlineData(3f, 1, "\"failed\": 1")]
    [InlineData(null, 0, "test_data_set_0: there are no outputs to compare")]
    public void The_command_counts_and_exits_accordingly(float? expected, int code, string json)
    {
        using var folder = new TemporaryFolder();
        string set = folder.File("test_abs/test_data_set_0");
        Directory.CreateDirectory(set);
        var builder = new GraphBuilder("abs");
        builder.Input("x", ElementType.Float, 1);
        builder.Node("Abs", "y", ["x"]);
        builder.Output("y", ElementType.Float, 1);
        OnnxWriter.WriteFile(builder.Build(), folder.File("test_abs/model.onnx"));
        WriteTensor(Path.Combine(set, "input_0.pb"), -2);
        if (expected is { } value) WriteTensor(Path.Combine(set, "output_0.pb"), value);
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(code, CommandLine.Run(["onnx-test", folder.Root, "--json"], new CommandHost(output, error, CancellationToken.None)));
        Assert.Contains(json, output.ToString(), StringComparison.Ordinal);
        Assert.Contains("test_abs", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, CommandLine.Run(["onnx-test", folder.File("nowhere")], new CommandHost(output, error, CancellationToken.None)));
    }

    // a TensorProto of one float: dims (1) = 1, data_type (2) = 1, raw_data (9)
    private static void WriteTensor(string path, float value) =>
        File.WriteAllBytes(path, [0x08, 1, 0x10, 1, 0x4A, 4, .. BitConverter.GetBytes(value)]);
}
