using System.Text.RegularExpressions;
using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Differentiation;

namespace Recognizer.Tests.Engine.Operators;

/// <summary>What the README says of operators is what there is.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "README.md"));

    [Fact]
    public void The_list_of_operators_is_complete()
    {
        Assert.Equal(OperatorRegistry.Names, Listed("operators"));
        Assert.Contains($"Operator sets {OnnxReader.OldestOpset} to {OnnxReader.NewestOpset} ", Readme, StringComparison.Ordinal);
    }

    [Fact]
    public void The_list_of_operators_that_training_knows_is_complete() => Assert.Equal(GraphCompiler.Operators, Listed("training operators"));

    private static IEnumerable<string> Listed(string name)
    {
        int start = Readme.IndexOf($"<!-- {name} -->", StringComparison.Ordinal), end = Readme.IndexOf($"<!-- /{name} -->", StringComparison.Ordinal);
        Assert.True(start >= 0 && end > start);
        return Code().Matches(Readme[start..end]).Select(m => m.Groups[1].Value);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
