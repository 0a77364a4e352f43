using System.Text.RegularExpressions;
using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine.Operators;

/// <summary>What the README says of operators is what there is.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void The_list_of_operators_is_complete()
    {
        string readme = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "README.md"));
        int start = readme.IndexOf("<!-- operators -->", StringComparison.Ordinal), end = readme.IndexOf("<!-- /operators -->", StringComparison.Ordinal);
        Assert.True(start >= 0 && end > start);
        Assert.Equal(OperatorRegistry.Names, Code().Matches(readme[start..end]).Select(m => m.Groups[1].Value));
        Assert.Contains($"Operator sets {OnnxReader.OldestOpset} to {OnnxReader.NewestOpset} ", readme, StringComparison.Ordinal);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
