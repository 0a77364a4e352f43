using System.CommandLine;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Corruptions;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;
using Recognizer.Training.Outliers;
using Recognizer.Training.Reports;

namespace Recognizer.Training.Commands;

/// <summary><c>evaluate</c>: measures a model on a data set.</summary>
internal static class EvaluateCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var model = new ModelOption();
        var dataset = new Option<string?>("--dataset") { Description = "Data set: a name, folder or file [default: what the model was trained on]", HelpName = "NAME|DIR|FILE" };
        var split = new Option<string>("--split") { Description = "Part of the data set", DefaultValueFactory = _ => "test" };
        split.AcceptOnlyFromAmong("test", "train");
        var alphabet = new AlphabetOption("Answers that are possible; images of other classes are left out", " [default: all; on the data set of the training, the classes that were trained]");
        var ignoreCase = new Option<bool>("--ignore-case") { Description = "Count A and a as the same" };
        var corruptions = new Option<bool>("--corruptions") { Description = "Measure also on images spoilt in the 15 ways of MNIST-C" };
        var baseline = new Option<string?>("--baseline") { Description = "What --corruptions --json wrote for another model, to compare with", HelpName = "FILE" };
        var outliers = new Option<bool>("--outliers") { Description = "Measure also how well pictures that are no characters are told from characters" };
        var report = new Option<string?>("--report") { Description = "Write report.html and metrics.json into this folder", HelpName = "DIR" };
        var command = new Command("evaluate", "Measure a model on a data set") { model.Option, dataset, split, alphabet.Option, ignoreCase, corruptions, baseline, outliers, report };
        var common = new CommonOptions(command);
        command.SetAction(result =>
        {
            if (result.GetValue(baseline) is not null && !result.GetValue(corruptions)) throw new UsageException("--baseline goes with --corruptions.");
            if (File.Exists(result.GetValue(report))) throw new CommandException($"{result.GetValue(report)} is a file; --report takes a folder.");
            var robustness = new RobustnessOutput { Baseline = result.GetValue(baseline) is { } other ? RobustnessOutput.ReadBaseline(other) : null };
            (string path, Graph graph) = model.Read(result);
            // A misspelt name is told before images are loaded, or even downloaded
            if (ModelMetadata.Labels(graph) is { } given) _ = alphabet.Value(result, given);
            string? asked = result.GetValue(dataset);
            string name = asked ?? TrainingConfig.Of(graph)?.Dataset ?? throw new UsageException("the model doesn't say what it was trained on: --dataset is needed.");
            string part = result.GetRequiredValue(split);
            DatasetLoadOptions load = ModelData.OptionsFor(graph, name, new DatasetLoadOptions
            {
                Root = common.DataRoot(result),
                Offline = common.Offline(result),
                NeedTrain = part == "train",
                NeedTest = part == "test",
                AllowUnreadable = true,
                Threads = common.Threads(result),
                Progress = host.Error.WriteLine,
                CancellationToken = host.Cancellation,
            }, out TrainingConfig? training);
            if (asked is null && !DatasetLoader.Exists(name, load)) throw new UsageException($"the model was trained on {name}, which isn't here: --dataset says what to measure it on.");
            Dataset data = DatasetLoader.Load(name, load);
            DatasetPart images = (part == "train" ? data.Train : data.Test) ?? throw new CommandException($"{data.Name} has no {part} split.");
            foreach (string file in data.UnreadableFiles) host.Error.WriteLine($"unreadable: {file}");
            var subject = new Subject(path, data, part, images, alphabet.Value(result, ModelMetadata.Labels(graph) ?? data.Labels) ?? training?.Classes, result.GetValue(ignoreCase))
            {
                Warning = data.IsWhole && training is not null ? $"{data.Name} has no test part of its own: these are all its images, and the model was trained on most of them." : null,
            };
            if (subject.Warning is not null) host.Error.WriteLine($"warning: {subject.Warning}");
            // Measuring may take long: what can't be written or compared is refused, and the folder made, before it.
            if (subject.Characters.Count == 0 && (result.GetValue(corruptions) || result.GetValue(outliers)))
                throw new CommandException($"{subject.Measured}: no image{(subject.Answers is { } only ? $" with a label in the alphabet '{only}'" : "")} can be read, so that there is nothing to spoil or to tell from pictures that are no characters.");
            if (robustness.Baseline?.DifferenceFrom(data.Name, part, Math.Min(subject.Characters.Count, CorruptionSuite.MaximumImages), subject.Skipped, subject.IgnoreCase) is { } difference)
                throw new CommandException($"{result.GetValue(baseline)} was measured {difference}.");
            string? directory = result.GetValue(report);
            if (directory is not null) Directory.CreateDirectory(directory);
            ModelEvaluation evaluation = Measure(host, graph, subject, robustness, result.GetValue(corruptions), result.GetValue(outliers), common.Threads(result));
            Write(host, subject, evaluation, robustness, directory, common.Json(result));
            return CommandLine.Done;
        });
        return new CommandDescription(command,
            "recognizer evaluate --model models/mnist-cnn2/model.onnx --dataset mnist",
            "recognizer evaluate --model models/strokes-cnn2/model.onnx --dataset mnist --alphabet digits",
            "recognizer evaluate --model model.onnx --dataset my-images/ --report report/",
            "recognizer evaluate --model model.onnx --dataset mnist --corruptions --outliers");
    }

    private static ModelEvaluation Measure(CommandHost host, Graph graph, Subject subject, RobustnessOutput robustness, bool corruptions, bool outliers, int threads)
    {
        IReadOnlyList<string> labels = subject.Data.Labels;
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph, ReproduciblePlan.Recognizer(threads) with { Labels = labels });
        ModelEvaluation evaluation = ModelEvaluation.Run(recognizer, subject.Images, null, labels, subject.Answers, subject.IgnoreCase, host.Cancellation);
        if (evaluation.Metrics is { Count: 0, NonFinite: > 0 })
            throw new CommandException($"{subject.Measured}: {subject.Model} gives no numbers.");
        if (evaluation.Metrics is { Count: 0, Skipped: > 0 })
            throw new CommandException($"{subject.Measured}: no image has a label in the alphabet '{subject.Answers}'.");
        if (evaluation.Metrics.Unknown > 0)
            host.Error.WriteLine(FormattableString.Invariant($"warning: {evaluation.Metrics.Unknown:N0} of {evaluation.Metrics.Count:N0} images have a label that the model doesn't give; they count as wrong, and --alphabet leaves them out."));
        // A line each is too much for a log
        Action<string>? progress = host.IsTerminal ? host.Error.WriteLine : null;
        if (corruptions)
        {
            var options = new EvaluationOptions { Labels = labels, Alphabet = subject.Answers, IgnoreCase = subject.IgnoreCase };
            robustness.Corruptions = CorruptionSuite.Evaluate(recognizer, subject.Characters, options, threads, progress, host.Cancellation);
        }
        if (outliers)
            robustness.Outliers = OutlierSuite.Evaluate(recognizer, subject.Characters, threads, progress, host.Cancellation);
        return evaluation;
    }

    private static void Write(CommandHost host, Subject subject, ModelEvaluation evaluation, RobustnessOutput robustness, string? directory, bool asJson)
    {
        string name = subject.Data.Name;
        string? json = directory is null && !asJson ? null : CommandHost.ToJson(writer =>
        {
            writer.WriteStartObject();
            MetricsOutput.WriteJson(writer, subject.Model, subject.Data, subject.Split, subject.Answers, subject.IgnoreCase, evaluation);
            if (subject.Warning is not null) writer.WriteString("warning", subject.Warning);
            robustness.WriteJson(writer);
            writer.WriteEndObject();
        });
        if (directory is not null)
        {
            AtomicFile.WriteText(Path.Combine(directory, TrainingSession.MetricsFile), json + "\n");
            ReportWriter.WriteFile(new TrainingReport
            {
                Title = $"{Path.GetFileName(subject.Model)} on {name}",
                Measured = subject.Measured,
                Facts = [("model", subject.Model), ("data set", name), ("alphabet", subject.Answers?.Name ?? "all"), ("case", subject.IgnoreCase ? "ignored" : "counts"), .. subject.Warning is null ? [] : new[] { ("warning", subject.Warning) }],
                Metrics = evaluation.Metrics,
                Samples = evaluation.Samples,
                WorstMistakes = evaluation.WorstMistakes,
                Sections = [.. robustness.Sections(subject.Characters)],
            }, Path.Combine(directory, TrainingSession.ReportFile));
        }
        if (asJson)
        {
            host.Output.WriteLine(json);
            return;
        }
        MetricsOutput.Print(host.Output, subject.Measured, evaluation);
        robustness.Print(host.Output);
    }

    /// <summary>What is measured.</summary>
    /// <param name="Model">Name of the model.</param>
    /// <param name="Data">The data set.</param>
    /// <param name="Split">Part of it.</param>
    /// <param name="Images">That part's images.</param>
    /// <param name="Answers">Classes that may be answered; images of others are left out. Null allows all.</param>
    /// <param name="IgnoreCase">Whether labels that differ by case only count as the same.</param>
    private sealed record Subject(string Model, Dataset Data, string Split, DatasetPart Images, Alphabet? Answers, bool IgnoreCase)
    {
        /// <summary>What makes the figures better than they are, or null.</summary>
        public string? Warning { get; init; }

        public string Measured => Data.IsWhole ? $"all images of {Data.Name}" : $"{Split} split of {Data.Name}";

        /// <summary>What the alphabet leaves out is neither spoilt nor a character to be told from pictures that are none.</summary>
        public DatasetPart Characters { get; } = Answers is null ? Images : Images.Select([.. Enumerable.Range(0, Images.Count).Where(i => Answers.Contains(Data.Labels[Images.Labels[i]]))]);

        /// <summary>Images that the alphabet leaves out, those among them that can't be read, too.</summary>
        public int Skipped => Images.Count - Characters.Count + Images.UnreadableLabels.Count(label => Answers?.Contains(Data.Labels[label]) == false);
    }
}
