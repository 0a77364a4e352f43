using System.CommandLine.Parsing;
using System.Text;
using System.Text.Json;
using Recognizer.Training.Fitting;
using static System.FormattableString;

namespace Recognizer.Training.Reports;

/// <summary>What a card measures and says besides figures; a JSON file beside the recipe.</summary>
/// <param name="Summary">What the model is for, in a sentence or two.</param>
/// <param name="Data">What it was trained on.</param>
/// <param name="Limits">What it can't do.</param>
/// <param name="Licence">Terms.</param>
/// <param name="Evaluations">What to measure; the first is shown in detail.</param>
internal sealed record CardPlan(string Summary, string Data, string Limits, string Licence, IReadOnlyList<CardPlan.Evaluation> Evaluations)
{
    /// <summary>What is on record of trainings whose folders are gone, the shipped one first.</summary>
    public IReadOnlyList<CardRun> Runs { get; init; } = [];

    /// <summary>What the mean corruption error is compared with, or null.</summary>
    public CardBaseline? Baseline { get; init; }

    /// <summary>One measurement.</summary>
    /// <param name="Title">What it shows.</param>
    /// <param name="Arguments">Arguments of <c>evaluate</c>, without the model.</param>
    public sealed record Evaluation(string Title, IReadOnlyList<string> Arguments);

    /// <summary>Arguments as they are typed, and as plans have them: in quotes where they have spaces.</summary>
    public static string Line(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(argument => argument.Any(char.IsWhiteSpace) ? $"\"{argument}\"" : argument));

    /// <exception cref="FormatException">Something is missing or of another type.</exception>
    public static CardPlan Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            JsonElement root = document.RootElement;
            var plan = new CardPlan(Text("summary"), Text("data"), Text("limits"), Text("licence"), [.. root.GetProperty("evaluations").EnumerateArray().Select(e =>
                new Evaluation(e.GetProperty("title").GetString()!, [.. CommandLineParser.SplitCommandLine(e.GetProperty("arguments").GetString()!)]))])
            {
                Runs = root.TryGetProperty("runs", out JsonElement runs) ? [.. runs.EnumerateArray().Select(Run)] : [],
                Baseline = root.TryGetProperty("corruptionBaseline", out JsonElement baseline) ? new(baseline.GetProperty("training").GetString()!, baseline.GetProperty("meanCorruptionError").GetDouble()) : null,
            };
            return plan.Evaluations.Count > 0 ? plan : throw new FormatException("\"evaluations\" is empty");

            static CardRun Run(JsonElement run) => new(run.GetProperty("seed").GetUInt64(), Figures(run.GetProperty("validation")), Figures(run.GetProperty("test")), 3600 * run.GetProperty("hours").GetDouble());

            static (double Accuracy, double Error) Figures(JsonElement pair) => pair.GetArrayLength() == 2 ? (pair[0].GetDouble(), pair[1].GetDouble()) : throw new FormatException($"expected an accuracy and its standard error, found {pair}");

            string Text(string name) => root.GetProperty(name).GetString() ?? throw new FormatException($"\"{name}\" is null");
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("expected an object with the texts summary, data, limits, licence, a list of evaluations, each with title and arguments, perhaps one of runs, each with seed, validation, test and hours, and a corruptionBaseline with training and meanCorruptionError", exception);
        }
    }
}

/// <summary>A model that was trained without care for spoilt images.</summary>
/// <param name="Training">The command that makes it.</param>
/// <param name="MeanCorruptionError">What <c>evaluate --corruptions</c> gives for it on the same images.</param>
internal sealed record CardBaseline(string Training, double MeanCorruptionError);

/// <summary>One training of the recipe.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Validation">Accuracy on the images held back, and its standard error; null where none were.</param>
/// <param name="Test">The same on the test split, which nothing was chosen by; null where the data set has none.</param>
/// <param name="Seconds">Time that its epochs took, without validation.</param>
internal sealed record CardRun(ulong Seed, (double Accuracy, double Error)? Validation, (double Accuracy, double Error)? Test, double Seconds)
{
    /// <summary>Reads a run's folder as <c>train</c> left it.</summary>
    /// <exception cref="FormatException">It isn't such a folder.</exception>
    public static CardRun Read(string directory)
    {
        try
        {
            using JsonDocument metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, TrainingSession.MetricsFile)));
            JsonElement root = metrics.RootElement;
            string saved = Path.Combine(directory, TrainingSession.ConfigFile);
            TrainingConfig config = TrainingConfig.FromJson(File.ReadAllText(saved), file: saved);
            // Of all epochs: the process that ended a training may have been another than began it.
            double seconds = File.ReadLines(Path.Combine(directory, TrainingSession.HistoryFile)).Sum(Seconds);
            return new CardRun(config.Seed, root.TryGetProperty("validation", out JsonElement validation) ? Figures(validation) : null,
                root.GetProperty("split").GetString() == "test" ? Figures(root) : null, seconds);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"{directory} isn't the folder of a finished training: {exception.Message}", exception);
        }

        static double Seconds(string line)
        {
            using JsonDocument epoch = JsonDocument.Parse(line);
            return epoch.RootElement.GetProperty("seconds").GetDouble();
        }

        static (double, double) Figures(JsonElement element) => (element.GetProperty("microAccuracy").GetDouble(), element.GetProperty("standardError").GetDouble());
    }
}

/// <summary>A stored form of the model.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Microseconds">Median time for one image, one thread.</param>
/// <param name="ImagesPerSecond">In batches, one thread.</param>
/// <param name="Results">What <c>evaluate --json</c> wrote for each measurement of the plan.</param>
internal sealed record CardForm(string File, long Bytes, double Microseconds, double ImagesPerSecond, IReadOnlyList<JsonElement> Results);

/// <summary>Says in Markdown what a model is, how it was made and how good it is, with the command that gives each figure.</summary>
internal sealed class ModelCard
{
    public required string Name { get; init; }

    public required CardPlan Plan { get; init; }

    /// <summary>Trainings of the recipe with different seeds, the shipped one first.</summary>
    public required IReadOnlyList<CardRun> Runs { get; init; }

    /// <summary>The float model, then others.</summary>
    public required IReadOnlyList<CardForm> Forms { get; init; }

    public required long Parameters { get; init; }

    public required long MultiplyAdds { get; init; }

    public required string Architecture { get; init; }

    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Path of the recipe as seen from the repository's root.</summary>
    public required string Recipe { get; init; }

    /// <summary>Folder of the models as seen from there.</summary>
    public required string Folder { get; init; }

    /// <summary>The document.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        JsonElement first = Forms[0].Results[0];
        text.Append(Invariant($"# {Name}\n\n{Plan.Summary}\n\n"));
        text.Append(Invariant($"{Labels.Count} classes: {Classes()}. Network: {Architecture}, {Parameters:N0} parameters, {MultiplyAdds:N0} multiply-adds per image, counted directly.\n\n"));
        Table(text, ["file", "bytes", "one image", "in batches"],
            Forms.Select(f => new[] { $"`{f.File}`", Invariant($"{f.Bytes:N0}"), Invariant($"{f.Microseconds:0.0} µs"), Invariant($"{f.ImagesPerSecond:N0} images/s") }));
        text.Append("\nTimes are those of one thread of the machine that made this card; they differ from machine to machine.\n\n## How it was made\n\n");
        text.Append(Invariant($"{Plan.Data}\n\nRecipe: `{Recipe}`, run with\n\n```\n{CardPlan.Line(["recognizer", "train", "--config", Recipe, "--seed", $"{Runs[0].Seed}", "--output", $"models/{Name}"])}\n```\n\n"));
        text.Append(Runs.All(r => r.Validation is null) ? "No images were held back from training to choose anything by. "
            : Invariant($"Temperature{(Runs.Count > 1 ? " and seed" : "")} (and the epoch, unless the recipe keeps the last) {(Runs.Count > 1 ? "were" : "was")} chosen on images held back from training (validation). "));
        text.Append("Machine time is that of the recipe's own training steps, without validation.\n\n");
        Table(text, ["seed", "validation", "test", "machine time"],
            Runs.Select((r, i) => new[] { Invariant($"{r.Seed}{(i == 0 ? " (shipped)" : "")}"), Share(r.Validation), Share(r.Test), Invariant($"{r.Seconds / 3600:0.00} h") }));
        double[] tested = [.. Runs.Where(r => r.Test is not null).Select(r => r.Test!.Value.Accuracy)];
        if (tested.Length > 1)
        {
            double mean = tested.Average(), error = Math.Sqrt(tested.Sum(t => (t - mean) * (t - mean)) / (tested.Length - 1.0) / tested.Length);
            text.Append(Invariant($"\nOver {tested.Length} seeds: {100 * mean:0.00} ± {100 * error:0.00} % (standard error of the mean) on the test split.\n"));
        }
        text.Append(Invariant($"\n## Figures\n\nEach line is what the command gives with `{Folder}/{Forms[0].File}`{(Forms.Count > 1 ? ", and with the 8-bit file in its place" : "")}.\n\n"));
        string[] forms = Forms.Count > 1 ? ["… in 8 bits"] : [];
        Table(text, ["measured on", "images", "accuracy", .. forms, "log-loss", "calibration error", .. forms, "command"],
            Plan.Evaluations.Select((evaluation, i) =>
            {
                JsonElement result = Forms[0].Results[i];
                return (string[])[InTable(evaluation.Title), Invariant($"{result.GetProperty("count").GetInt64():N0}"), .. Forms.Select(f => Share((Number(f.Results[i], "microAccuracy"), Number(f.Results[i], "standardError")))),
                    Invariant($"{Number(result, "logLoss"):0.0000}"), .. Forms.Select(f => Percent(Number(f.Results[i], "expectedCalibrationError"))), InTable(Code(CardPlan.Line(["evaluate", "--model", $"{Folder}/{Forms[0].File}", .. evaluation.Arguments])))];
            }));
        Robustness(text, first, Forms.Count > 1 ? Forms[1].Results[0] : null, Plan.Baseline);
        // Classes that an alphabet leaves out are neither in the images nor among the answers.
        long[][] counts = Counts(first);
        text.Append(Invariant($"\n## Per class ({Plan.Evaluations[0].Title})\n\n"));
        Table(text, ["class", "precision", "recall", "F1", "images"], first.GetProperty("perClass").EnumerateArray().Where((c, k) => c.GetProperty("support").GetInt64() > 0 || counts.Any(row => row[k] > 0)).Select(c =>
            new[] { Cell(c.GetProperty("label").GetString()!), Percent(Number(c, "precision")), Percent(Number(c, "recall")), Percent(Number(c, "f1")), Invariant($"{c.GetProperty("support").GetInt64():N0}") }));
        text.Append("\nMost often confused: ").AppendJoin(", ", Confusions(first).Take(12).DefaultIfEmpty("none")).Append(".\n");
        text.Append(Invariant($"\n## Limits\n\n{Plan.Limits}\n\n## Licence\n\n{Plan.Licence}\n"));
        return text.ToString();
    }

    /// <summary>One behind the other where that is clear.</summary>
    private string Classes() => Labels.All(label => label.Length == 1 && label != "`") ? $"`{string.Concat(Labels)}`" : string.Join(' ', Labels.Select(Cell));

    private static void Robustness(StringBuilder text, JsonElement result, JsonElement? quantized, CardBaseline? baseline)
    {
        if (result.TryGetProperty("corruptions", out JsonElement corruptions))
        {
            text.Append(Invariant($"\n## Spoilt images\n\nThe 15 corruptions of MNIST-C, same command: mean error {Both(r => Share((Number(r, "meanCorruptionError"), Number(r, "meanCorruptionErrorStandardError"))))}."));
            if (baseline is not null) text.Append(Invariant($" The network of `{baseline.Training}` has {Percent(baseline.MeanCorruptionError)}."));
            text.Append("\n\n");
            Table(text, ["corruption", "accuracy"], corruptions.EnumerateArray().Select(c => new[] { c.GetProperty("name").GetString()!, Percent(Number(c, "accuracy")) }));
        }
        if (!result.TryGetProperty("outliers", out JsonElement outliers)) return;
        text.Append(Invariant($"\n## Pictures that are no characters\n\nArea under the ROC of the rejection score, same command; the lowest is {Both(r => Invariant($"{Number(r, "lowestAuroc"):0.0000}"))}.\n\n"));
        Table(text, ["kind", "AUROC"], outliers.EnumerateArray().Select(o => new[] { o.GetProperty("kind").GetString()!, Invariant($"{Number(o, "auroc"):0.0000}") }));

        string Both(Func<JsonElement, string> figure) => quantized is { } other ? $"{figure(result)}, in 8 bits {figure(other)}" : figure(result);
    }

    private static IEnumerable<string> Confusions(JsonElement result)
    {
        string[] labels = [.. result.GetProperty("confusionMatrix").GetProperty("labels").EnumerateArray().Select(l => l.GetString()!)];
        long[][] counts = Counts(result);
        return from actual in Enumerable.Range(0, labels.Length)
               from predicted in Enumerable.Range(0, labels.Length)
               where actual != predicted && counts[actual][predicted] > 0
               orderby counts[actual][predicted] descending
               select Invariant($"{Cell(labels[actual])} read as {Cell(labels[predicted])} ({counts[actual][predicted]:N0})");
    }

    // [true class][answer]
    private static long[][] Counts(JsonElement result) =>
        [.. result.GetProperty("confusionMatrix").GetProperty("counts").EnumerateArray().Select(row => row.EnumerateArray().Select(c => c.GetInt64()).ToArray())];

    private static void Table(StringBuilder text, string[] headings, IEnumerable<string[]> rows)
    {
        text.Append("| ").AppendJoin(" | ", headings).Append(" |\n|").Append(string.Concat(Enumerable.Repeat(" --- |", headings.Length))).Append('\n');
        foreach (string[] row in rows) text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
    }

    // A cell ends at a | that isn't escaped, in code too.
    private static string InTable(string markdown) => markdown.Replace("|", @"\|", StringComparison.Ordinal);

    private static string Code(string text) => text.Contains('`', StringComparison.Ordinal) ? $"`` {text} ``" : $"`{text}`";

    // A figure that isn't finite is null in JSON.
    private static double Number(JsonElement element, string name) => element.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : double.NaN;

    /// <summary>A label as text, whatever its characters mean in Markdown.</summary>
    internal static string Cell(string label) => LabelText.Isolate(string.Concat(label.Select(c => @"\`*_|<>&[]~".Contains(c, StringComparison.Ordinal) ? $@"\{c}" : $"{c}")));

    private static string Percent(double share) => double.IsNaN(share) ? "–" : Invariant($"{100 * share:0.00} %");

    private static string Share((double Accuracy, double Error)? figures) => figures is { } share ? Invariant($"{100 * share.Accuracy:0.00} ± {100 * share.Error:0.00} %") : "–";
}
