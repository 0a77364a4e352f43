using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Fitting;
using Recognizer.Training.Reports;

namespace Recognizer.Training.Commands;

/// <summary><c>card</c>: measures a model in all the ways that its card shows, and writes that.</summary>
internal static class CardCommand
{
    private const int Repetitions = 400;
    private const int BatchSize = 256;

    public static CommandDescription Create(CommandHost host)
    {
        var file = new Argument<string>("FILE.onnx") { Description = "The float model; FILE-int8.onnx beside it is measured too" };
        var plan = new Option<string>("--plan") { Description = "What to measure and say: a JSON file with summary, data, limits, licence, evaluations and perhaps runs", HelpName = "FILE.json", Required = true };
        var recipe = new Option<string>("--recipe") { Description = "The configuration that train was run with", HelpName = "FILE.json", Required = true };
        var runs = new Option<string[]>("--run") { Description = "Folder of a training, the shipped one first; may be repeated [default: what the plan says of them]", HelpName = "DIR" };
        var output = new Option<string?>("--output") { Description = "The card [default: FILE.md]", HelpName = "FILE.md" };
        var command = new Command("card", "Write a model's card: how it was made and how good it is") { file, plan, recipe, runs, output };
        var common = new CommonOptions(command, threads: false);
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(file), target = result.GetValue(output) ?? Path.ChangeExtension(path, ".md");
            string quantized = Path.Combine(Path.GetDirectoryName(path)!, $"{Path.GetFileNameWithoutExtension(path)}-int8.onnx");
            CardPlan what = Parse(result.GetRequiredValue(plan));
            IReadOnlyList<CardRun> trainings = result.GetValue(runs) is { Length: > 0 } folders ? [.. folders.Select(CardRun.Read)] : what.Runs;
            if (trainings.Count == 0) throw new UsageException($"--run is needed, as {result.GetRequiredValue(plan)} has no runs.");
            Graph graph = OnnxReader.ReadFile(path);
            if (TrainingConfig.Of(graph) is { } training && training.Seed != trainings[0].Seed)
                throw new CommandException($"{path} was trained with seed {training.Seed}, but the first training, that of the shipped model, has seed {trainings[0].Seed}.");
            ModelSummary summary = ModelSummary.Of(graph);
            TrainingConfig config = TrainingConfig.FromJson(File.ReadAllText(result.GetRequiredValue(recipe)), file: result.GetRequiredValue(recipe));
            var forms = new List<CardForm>();
            foreach (string form in new[] { path, quantized }.Where(File.Exists))
            {
                // Where it was interrupted, evaluate has said so
                if (Measure(host, form, what, common.DataRoot(result), common.Offline(result)) is not { } measured) return CommandLine.Interrupted;
                forms.Add(measured);
            }
            var card = new ModelCard
            {
                Name = Path.GetFileNameWithoutExtension(path),
                Plan = what,
                Runs = trainings,
                Forms = forms,
                Parameters = summary.Parameters,
                MultiplyAdds = summary.MultiplyAdds ?? 0,
                Architecture = config.Width == 1 ? config.Architecture : FormattableString.Invariant($"{config.Architecture}, {config.Width} times as wide"),
                Labels = ModelMetadata.Labels(graph) ?? throw new CommandException($"{path} carries no labels."),
                Recipe = result.GetRequiredValue(recipe).Replace('\\', '/'),
                Folder = Path.GetDirectoryName(path) is { Length: > 0 } folder ? folder.Replace('\\', '/') : ".",
            };
            AtomicFile.WriteText(target, card.ToMarkdown());
            if (common.Json(result)) host.WriteJson(writer => writer.WriteStringValue(target));
            else host.Output.WriteLine(target);
            return CommandLine.Done;
        });
        return new CommandDescription(command,
            "recognizer card models/digits-small.onnx --plan models/recipes/digits-small.card.json --recipe models/recipes/digits-small.json --run models/digits-small-3 --run models/digits-small-1 --run models/digits-small-2");
    }

    private static CardPlan Parse(string file)
    {
        try
        {
            return CardPlan.Parse(File.ReadAllText(file));
        }
        catch (FormatException exception)
        {
            throw new CommandException($"{file}: {exception.Message}");
        }
    }

    /// <returns>Null where it was interrupted.</returns>
    private static CardForm? Measure(CommandHost host, string file, CardPlan plan, string root, bool offline)
    {
        (double microseconds, double imagesPerSecond) = Time(file);
        var results = new List<JsonElement>();
        foreach (CardPlan.Evaluation evaluation in plan.Evaluations)
        {
            host.Error.WriteLine($"{Path.GetFileName(file)}: {evaluation.Title}");
            using var json = new StringWriter();
            string[] arguments = ["evaluate", "--model", file, .. evaluation.Arguments, "--data", root, .. (string[])(offline ? ["--offline"] : []), "--json"];
            int code = CommandLine.Run(arguments, host with { Output = json });
            if (code == CommandLine.Interrupted) return null;
            if (code != CommandLine.Done) throw new CommandException($"'{CardPlan.Line(arguments)}' failed.");
            using JsonDocument document = JsonDocument.Parse(json.ToString());
            results.Add(document.RootElement.Clone());
        }
        return new CardForm(Path.GetFileName(file), new FileInfo(file).Length, microseconds, imagesPerSecond, results);
    }

    // Medians, on one thread and images of noise: what is in them makes no difference.
    private static (double Microseconds, double ImagesPerSecond) Time(string file)
    {
        using CharacterRecognizer model = CharacterRecognizer.Load(file, new RecognizerOptions { Plan = new PlanOptions { Threads = 1 } });
        var pixels = new float[BatchSize * Datasets.DatasetPart.PixelsPerImage];
        var random = new CounterRandom(CounterRandom.Key(1));
        for (int i = 0; i < pixels.Length; i++) pixels[i] = random.NextSingle();
        var probabilities = new float[BatchSize * model.Labels.Count];
        double single = Median(1, Repetitions), batch = Median(BatchSize, Repetitions / 20);
        return (single * 1e6, BatchSize / batch);

        double Median(int count, int repetitions)
        {
            var seconds = new double[repetitions];
            for (int i = -repetitions / 4; i < repetitions; i++)
            {
                long start = Stopwatch.GetTimestamp();
                model.Score(pixels.AsSpan(0, count * Datasets.DatasetPart.PixelsPerImage), count, probabilities.AsSpan(0, count * model.Labels.Count));
                if (i >= 0) seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
            Array.Sort(seconds);
            return seconds[repetitions / 2];
        }
    }
}
