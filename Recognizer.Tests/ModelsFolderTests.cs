using System.Text.RegularExpressions;
using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;
using Recognizer.Training.Commands;
using Recognizer.Training.Fitting;
using Recognizer.Training.Reports;

namespace Recognizer.Tests;

/// <summary>The models folder is as its readme says: models in two forms with cards, within their sizes, and recipes that can be run.</summary>
public partial class ModelsFolderTests
{
    private const long MostBytes = 20_000_000, MostEmbeddedBytes = 2_000_000;

    private static readonly string s_models = Path.Combine(RepositoryFolder.Root, "models"), s_recipes = Path.Combine(s_models, "recipes");

    private static readonly Dictionary<string, int> s_mostParameters = new(StringComparer.Ordinal)
    {
        ["digits-nano"] = 10_000, ["digits-small"] = 100_000, ["digits-best"] = 1_600_000, ["characters-small"] = 500_000, ["characters-best"] = 1_600_000,
    };

    public static TheoryData<string> Recipes() => [.. Directory.EnumerateFiles(s_recipes, "*.json").Where(f => !f.EndsWith(".card.json", StringComparison.Ordinal)).Select(f => Path.GetFileNameWithoutExtension(f)).Order()];

    public static TheoryData<string> Models() => [.. Directory.EnumerateFiles(s_models, "*.onnx").Select(f => Path.GetFileNameWithoutExtension(f)).Where(f => !f.EndsWith("-int8", StringComparison.Ordinal)).Order()];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_recipe_can_be_run(string name)
    {
        TrainingConfig config = TrainingConfig.FromJson(File.ReadAllText(Path.Combine(s_recipes, name + ".json")));
        config.Validate();
        if (!s_mostParameters.TryGetValue(name, out int most)) return;
        string[] labels = [.. Enumerable.Range(0, config.ClassFrequencies?.Count ?? 10).Select(i => $"{i}")];
        Assert.InRange(ModelSummary.Of(Architecture.Build(config.Architecture, labels, 1, config.Width)).Parameters, 1000, most);
        CardPlan.Parse(File.ReadAllText(Path.Combine(s_recipes, name + ".card.json")));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_comes_with_its_card_its_recipe_and_its_8_bit_form(string name)
    {
        Graph graph = OnnxReader.ReadFile(Path.Combine(s_models, name + ".onnx"));
        Assert.InRange(ModelSummary.Of(graph).Parameters, 1000, s_mostParameters[name]);
        // Its settings are those of a clone, not of the machine that trained it.
        TrainingConfig config = TrainingConfig.FromJson(graph.Metadata[ModelMetadata.TrainingKey]);
        Assert.DoesNotContain(config.Teachers.Concat(config.Initial ?? []).Append(config.Dataset), Path.IsPathRooted);
        TrainingConfig recipe = TrainingConfig.FromJson(File.ReadAllText(Path.Combine(s_recipes, name + ".json")));
        Assert.Equal((recipe with { Seed = config.Seed }).ToJson(), config.ToJson());
        Assert.True(File.Exists(Path.Combine(s_models, name + "-int8.onnx")) && File.Exists(Path.Combine(s_recipes, name + ".json")));
        Assert.Contains($"models/recipes/{name}.json", File.ReadAllText(Path.Combine(s_models, name + ".md")), StringComparison.Ordinal);
        Assert.Contains($"`{name}`", File.ReadAllText(Path.Combine(s_models, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_the_readme_links_to_is_there()
    {
        string[] links = [.. Link().Matches(File.ReadAllText(Path.Combine(s_models, "README.md"))).Select(m => m.Groups[1].Value)];
        Assert.Contains("characters-best.md", links);
        Assert.All(links, link => Assert.True(Path.Exists(Path.Combine(s_models, link)), link));
    }

    [Fact]
    public void Models_stay_small()
    {
        Assert.InRange(Directory.EnumerateFiles(s_models, "*", SearchOption.TopDirectoryOnly).Sum(f => new FileInfo(f).Length), 1, MostBytes);
        Assert.InRange(new[] { "characters-best-int8.onnx", "digits-small-int8.onnx" }.Sum(f => new FileInfo(Path.Combine(s_models, f)).Length), 1, MostEmbeddedBytes);
    }

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();
}
