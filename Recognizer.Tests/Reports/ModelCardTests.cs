using System.Text.Json;
using System.Text.RegularExpressions;
using Recognizer.Tests.Datasets;
using Recognizer.Tests.Fitting;
using Recognizer.Training.Commands;
using Recognizer.Training.Fitting;
using Recognizer.Training.Reports;

namespace Recognizer.Tests.Reports;

public class ModelCardTests
{
    [Fact]
    public void A_plan_needs_all_its_parts()
    {
        const string Plan = """{ "summary": "s", "data": "d", "limits": "l", "licence": "t", "evaluations": [ { "title": "a b", "arguments": "--dataset \"my letters\"  --corruptions" } ] }""";
        CardPlan plan = CardPlan.Parse(Plan);
        Assert.Equal(["--dataset", "my letters", "--corruptions"], plan.Evaluations[0].Arguments);
        Assert.All(["summary", "data", "limits", "licence", "evaluations", "title", "arguments"], (string name) =>
            Assert.Throws<FormatException>(() => CardPlan.Parse(Plan.Replace($"\"{name}\"", "\"other\"", StringComparison.Ordinal))));
        Assert.Throws<FormatException>(() => CardPlan.Parse("[]"));
        Assert.Throws<FormatException>(() => CardPlan.Parse("{"));
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a|b", @"a\|b")]
    [InlineData("<i>&\"x`", @"\<i\>\&""x\`")]
    [InlineData(@"\", @"\\")]
    [InlineData("א|", "\u2068א\\|\u2069")]
    public void Labels_are_text_whatever_Markdown_makes_of_their_characters(string label, string cell) => Assert.Equal(cell, ModelCard.Cell(label));

    [Fact]
    public void Shows_what_evaluate_gives_for_both_forms_and_all_seeds()
    {
        using var folder = new TemporaryFolder();
        string data = Shapes.Save(folder.Root, Shapes.Make());
        string recipe = Path.Combine(folder.Root, "recipe.json"), plan = Path.Combine(folder.Root, "plan.json");
        File.WriteAllText(recipe, JsonSerializer.Serialize(new { dataset = data, architecture = "cnn2", width = 0.25, epochs = 2, batchSize = 16, learningRate = 0.005, quantize = true }));
        File.WriteAllText(plan, JsonSerializer.Serialize(new { summary = "Reads shapes.", data = "Drawn.", limits = "Shapes only.", licence = "Free.", evaluations = new[] { new { title = "test shapes", arguments = $"--dataset {data} --alphabet ox --corruptions --outliers" } } }));
        string[] runs = [.. new[] { "7", "8" }.Select(seed => Path.Combine(folder.Root, seed))];
        foreach (string run in runs) Run(["train", "--config", recipe, "--seed", Path.GetFileName(run), "--output", run]);
        string model = Path.Combine(runs[0], TrainingSession.ModelFile);
        string card = Path.Combine(folder.Root, "card.md");
        Run(["card", model, "--plan", plan, "--recipe", recipe, "--run", runs[0], "--run", runs[1], "--output", card]);

        string text = File.ReadAllText(card);
        Func<string, double>[] forms = [.. new[] { model, Path.Combine(runs[0], TrainingSession.QuantizedFile) }.Select(Measure)];
        string Both(string separator, Func<Func<string, double>, FormattableString> figure) => string.Join(separator, forms.Select(form => FormattableString.Invariant(figure(form))));
        string loss = FormattableString.Invariant($"{forms[0]("logLoss"):0.0000}");
        Assert.Contains($"| test shapes | 30 | {Both(" | ", f => $"{100 * f("microAccuracy"):0.00} ± {100 * f("standardError"):0.00} %")} | {loss} | {Both(" | ", f => $"{100 * f("expectedCalibrationError"):0.00} %")} | `evaluate", text, StringComparison.Ordinal);
        Assert.Contains($"mean error {Both(", in 8 bits ", f => $"{100 * f("meanCorruptionError"):0.00} ± {100 * f("meanCorruptionErrorStandardError"):0.00} %")}.", text, StringComparison.Ordinal);
        Assert.Contains($"the lowest is {Both(", in 8 bits ", f => $"{f("lowestAuroc"):0.0000}")}.", text, StringComparison.Ordinal);
        Assert.Contains("Temperature and seed (", text, StringComparison.Ordinal);
        Assert.Contains("| 7 (shipped) |", text, StringComparison.Ordinal);
        Assert.Contains("| 8 |", text, StringComparison.Ordinal);
        Assert.Contains("Over 2 seeds", text, StringComparison.Ordinal);
        Assert.Contains("`model-int8.onnx`", text, StringComparison.Ordinal);
        Assert.Contains("## Per class (test shapes)", text, StringComparison.Ordinal);
        // A row for each class of the alphabet
        Assert.Equal(["o", "x"], Regex.Matches(text, @"^\| (.) \| .* \| 15 \|$", RegexOptions.Multiline).Select(m => m.Groups[1].Value));
        Assert.DoesNotMatch(@"\| 0 \|\n", text);
        Assert.DoesNotContain("NaN", text, StringComparison.Ordinal);
        // What is on record of a training takes the place of its folder.
        File.WriteAllText(plan, File.ReadAllText(plan)[..^1] + """, "runs": [{ "seed": 7, "validation": [0.9, 0.02], "test": [0.8, 0.03], "hours": 1.5 }], "corruptionBaseline": { "training": "train", "meanCorruptionError": 0.5 } }""");
        Run(["card", model, "--plan", plan, "--recipe", recipe, "--output", card]);
        Assert.Contains("| 7 (shipped) | 90.00 ± 2.00 % | 80.00 ± 3.00 % | 1.50 h |", File.ReadAllText(card), StringComparison.Ordinal);
        Assert.Contains(" The network of `train` has 50.00 %.", File.ReadAllText(card), StringComparison.Ordinal);
        // One of one isn't chosen.
        Run(["card", model, "--plan", plan, "--recipe", recipe, "--run", runs[0], "--output", card]);
        Assert.Contains("Temperature (", File.ReadAllText(card), StringComparison.Ordinal);

        Func<string, double> Measure(string file)
        {
            using JsonDocument metrics = JsonDocument.Parse(Run(["evaluate", "--model", file, "--dataset", data, "--alphabet", "ox", "--corruptions", "--outliers", "--json"]));
            JsonElement figures = metrics.RootElement.Clone();
            return name => figures.GetProperty(name).GetDouble();
        }
    }

    /// <summary>A training measures what it can: without test images those that it held back, without these its own.</summary>
    [Theory]
    [InlineData("test", true, "99.00 ± 0.50 % | 95.00 ± 1.00 %")]
    [InlineData("test", false, "– | 95.00 ± 1.00 %")]
    [InlineData("validation", true, "99.00 ± 0.50 % | –")]
    [InlineData("train", false, "– | –")]
    public void Only_figures_of_the_test_split_are_shown_as_its_own(string split, bool validation, string cells)
    {
        using var folder = new TemporaryFolder();
        string[] runs = [.. new ulong[] { 7, 8 }.Select(seed =>
        {
            folder.Write($"{seed}/{TrainingSession.ConfigFile}", new TrainingConfig { Seed = seed }.ToJson());
            folder.Write($"{seed}/{TrainingSession.HistoryFile}", "{ \"seconds\": 36 }\n");
            folder.Write($"{seed}/{TrainingSession.MetricsFile}", JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["split"] = split, ["microAccuracy"] = 0.95, ["standardError"] = 0.01,
                [validation ? "validation" : "none"] = new { microAccuracy = 0.99, standardError = 0.005 },
            }));
            return Path.Combine(folder.Root, $"{seed}");
        })];
        string text = Card(new CardPlan("s", "d", "l", "t", [new("a", [])]), [.. runs.Select(CardRun.Read)]);
        Assert.Contains($"| 7 (shipped) | {cells} | 0.01 h |\n| 8 | {cells} | 0.01 h |\n", text, StringComparison.Ordinal);
        Assert.Equal(split == "test", text.Contains("Over 2 seeds: 95.00 ± 0.00 %", StringComparison.Ordinal));
        Assert.Equal(split == "test", text.Contains("Over ", StringComparison.Ordinal));
        Assert.Equal(validation, text.Contains("Temperature", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("o|x, *capitals*", "--alphabet o|x", @"| o\|x, *capitals* | 2 |", @"| `evaluate --model models/m.onnx --alphabet o\|x` |")]
    [InlineData("marks", "--alphabet `|", "| marks | 2 |", @"| `` evaluate --model models/m.onnx --alphabet `\| `` |")]
    [InlineData("mine", "--dataset \"my letters\" --split train", "| mine | 2 |", "| `evaluate --model models/m.onnx --dataset \"my letters\" --split train` |")]
    public void Titles_and_arguments_keep_their_columns(string title, string arguments, string start, string end)
    {
        string plan = JsonSerializer.Serialize(new { summary = "s", data = "d", limits = "l", licence = "t", evaluations = new[] { new { title, arguments } } });
        string text = Card(CardPlan.Parse(plan), [new CardRun(1, null, null, 36)]);
        string row = text[text.IndexOf("| measured on |", StringComparison.Ordinal)..].Split('\n')[2];
        Assert.StartsWith(start, row, StringComparison.Ordinal);
        Assert.EndsWith(end, row, StringComparison.Ordinal);
    }

    /// <summary>A card of a model that has read one image of each of two classes.</summary>
    private static string Card(CardPlan plan, IReadOnlyList<CardRun> runs)
    {
        using JsonDocument result = JsonDocument.Parse("""
            {
              "count": 2, "microAccuracy": 1, "standardError": 0, "logLoss": 0.1, "expectedCalibrationError": 0,
              "perClass": [{ "label": "a", "precision": 1, "recall": 1, "f1": 1, "support": 1 }, { "label": "b", "precision": 1, "recall": 1, "f1": 1, "support": 1 }],
              "confusionMatrix": { "labels": ["a", "b"], "counts": [[1, 0], [0, 1]] }
            }
            """);
        return new ModelCard
        {
            Name = "m", Plan = plan, Runs = runs, Forms = [new CardForm("m.onnx", 1, 1, 1, [.. plan.Evaluations.Select(_ => result.RootElement)])],
            Parameters = 1, MultiplyAdds = 1, Architecture = "cnn2", Labels = ["a", "b"], Recipe = "m.json", Folder = "models",
        }.ToMarkdown();
    }

    private static string Run(string[] arguments)
    {
        using StringWriter output = new(), error = new();
        Assert.True(CommandLine.Run(arguments, new CommandHost(output, error, default)) == CommandLine.Done, error.ToString());
        return output.ToString();
    }
}
