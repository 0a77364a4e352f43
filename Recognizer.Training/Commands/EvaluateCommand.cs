using System.CommandLine;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Imaging;
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
    private const int PictureColumns = 24;

    public static CommandDescription Create(CommandHost host)
    {
        var model = new ModelOption();
        var dataset = new Option<string?>("--dataset") { Description = "Data set: a name, folder or file [default: what the model was trained on]", HelpName = "NAME|DIR|FILE" };
        var split = new Option<string>("--split") { Description = "Part of the data set", DefaultValueFactory = _ => "test" };
        split.AcceptOnlyFromAmong("test", "train");
        var alphabet = new AlphabetOption("Answers that are possible; images of other classes are left out [default: all; on the data set of the training, the classes that were trained]");
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
            string name = result.GetValue(dataset) ?? TrainingConfig.Of(graph)?.Dataset ?? throw new UsageException("the model doesn't say what it was trained on: --dataset is needed.");
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
            Dataset data = DatasetLoader.Load(name, load);
            DatasetPart images = (part == "train" ? data.Train : data.Test) ?? throw new CommandException($"{data.Name} has no {part} split.");
            string measured = data.IsWhole ? $"all images of {data.Name}" : $"{part} split of {data.Name}";
            Alphabet? answers = alphabet.Value(result) ?? training?.Classes;
            if (data.IsWhole && training is not null)
                host.Error.WriteLine($"warning: {data.Name} has no test part of its own: these are all its images, and the model was trained on most of them.");
            // Made before measuring, which may take long, so that a folder that can't be made doesn't cost its results.
            string? directory = result.GetValue(report);
            if (directory is not null) Directory.CreateDirectory(directory);
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph, new RecognizerOptions
            {
                Labels = data.Labels,
                Plan = ReproduciblePlan.Options(common.Threads(result)),
            });
            foreach (string file in data.UnreadableFiles) host.Error.WriteLine($"unreadable: {file}");
            ModelEvaluation evaluation = ModelEvaluation.Run(recognizer, images, null, data.Labels, answers, result.GetValue(ignoreCase), host.Cancellation);
            if (evaluation.Metrics is { Count: 0, NonFinite: > 0 })
                throw new CommandException($"{measured}: {path} gives no numbers.");
            if (evaluation.Metrics is { Count: 0, Skipped: > 0 })
                throw new CommandException($"{measured}: no image has a label in the alphabet '{answers}'.");
            if (evaluation.Metrics.Unknown > 0)
                host.Error.WriteLine(FormattableString.Invariant($"warning: {evaluation.Metrics.Unknown:N0} of {evaluation.Metrics.Count:N0} images have a label that the model doesn't give; they count as wrong, and --alphabet leaves them out."));
            // What the alphabet leaves out is neither spoilt nor a character to be told from pictures that are none.
            DatasetPart characters = answers is not null
                ? images.Select([.. Enumerable.Range(0, images.Count).Where(i => answers.Contains(data.Labels[images.Labels[i]]))])
                : images;
            if (characters.Count == 0 && (result.GetValue(corruptions) || result.GetValue(outliers)))
                throw new CommandException($"{measured}: no image{(answers is not null ? $" with a label in the alphabet '{answers}'" : "")} can be read, so that there is nothing to spoil or to tell from pictures that are no characters.");
            if (robustness.Baseline?.DifferenceFrom(data.Name, part, Math.Min(characters.Count, CorruptionSuite.MaximumImages), evaluation.Metrics.Skipped) is { } difference)
                throw new CommandException($"{result.GetValue(baseline)} was measured {difference}.");
            // A line each is too much for a log
            Action<string>? progress = host.IsTerminal ? host.Error.WriteLine : null;
            if (result.GetValue(corruptions))
            {
                var options = new EvaluationOptions { Labels = data.Labels, Alphabet = answers, IgnoreCase = result.GetValue(ignoreCase) };
                robustness.Corruptions = CorruptionSuite.Evaluate(recognizer, characters, options, common.Threads(result), progress, host.Cancellation);
            }
            if (result.GetValue(outliers))
                robustness.Outliers = OutlierSuite.Evaluate(recognizer, characters, common.Threads(result), progress, host.Cancellation);
            string? json = directory is null && !common.Json(result) ? null : CommandHost.ToJson(writer =>
            {
                writer.WriteStartObject();
                MetricsOutput.WriteJson(writer, path, data.Name, part, evaluation);
                robustness.WriteJson(writer);
                writer.WriteEndObject();
            });
            if (directory is not null)
            {
                AtomicFile.WriteText(Path.Combine(directory, TrainingSession.MetricsFile), json + "\n");
                ReportWriter.WriteFile(new TrainingReport
                {
                    Title = $"{Path.GetFileName(path)} on {data.Name}",
                    Measured = measured,
                    Facts = [("model", path), ("data set", data.Name), ("alphabet", answers?.Name ?? "all"), ("case", result.GetValue(ignoreCase) ? "ignored" : "counts"), .. robustness.Facts()],
                    Metrics = evaluation.Metrics,
                    Samples = evaluation.Samples,
                    WorstMistakes = evaluation.WorstMistakes,
                }, Path.Combine(directory, TrainingSession.ReportFile));
                if (robustness.Corruptions is not null) WritePicture(directory, "corruptions.png", CorruptionSuite.Examples(characters, PictureColumns), [.. CorruptionSuite.All.Select(c => c.Name)]);
                if (robustness.Outliers is not null) WritePicture(directory, "outliers.png", OutlierSuite.Examples(characters, PictureColumns), [.. OutlierSuite.All.Select(o => o.Name)]);
            }
            if (common.Json(result)) host.Output.WriteLine(json);
            else
            {
                MetricsOutput.Print(host.Output, measured, evaluation);
                robustness.Print(host.Output);
            }
            return CommandLine.Done;
        });
        return new CommandDescription(command,
            "recognizer evaluate --model models/mnist-cnn2/model.onnx --dataset mnist",
            "recognizer evaluate --model models/strokes-cnn2/model.onnx --dataset mnist --alphabet digits",
            "recognizer evaluate --model model.onnx --dataset my-images/ --report report/",
            "recognizer evaluate --model model.onnx --dataset mnist --corruptions --outliers");
    }

    private static void WritePicture(string directory, string name, DatasetPart part, IReadOnlyList<string> labels) =>
        AtomicFile.Write(Path.Combine(directory, name), stream => stream.Write(PngEncoder.Encode(SampleGrid.Draw(part, labels, PictureColumns))));
}
