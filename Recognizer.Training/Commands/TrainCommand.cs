using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;
using Recognizer.Training.Optimization;
using Recognizer.Training.Reports;

namespace Recognizer.Training.Commands;

/// <summary><c>train</c>: from data to an exported, measured model.</summary>
internal static class TrainCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var usual = new TrainingConfig();
        var settings = new Settings();
        settings.Add<string>("--dataset", "NAME|DIR|FILE", $"What to train on: a name such as mnist, a folder, a file [default: {usual.Dataset}, made by the program itself]", (c, v) => c with { Dataset = v });
        settings.Add<string>("--architecture", "NAME|FILE.onnx", $"Network, or a model to go on from [default: {usual.Architecture}]\n{Architecture.Overview}", (c, v) => c with { Architecture = v });
        settings.Add<double?>("--width", "FACTOR", "Factor on the number of channels of a named network [default: 1]", (c, v) => c with { Width = v!.Value });
        settings.Add<int?>("--epochs", "N", $"Passes over the training images; 0 only calibrates and measures what --initial gives [default: {usual.Epochs}, for {DatasetCatalogue.Strokes} {TrainingDefaults.StrokesEpochs}]", (c, v) => c with { Epochs = v!.Value });
        settings.Add<int?>("--batch-size", "N", $"Images per step [default: {usual.BatchSize}]", (c, v) => c with { BatchSize = v!.Value });
        settings.Add<double?>("--learning-rate", "RATE", $"Largest learning rate [default: {Text(usual.LearningRate)}, for sgd {Text(TrainingDefaults.SgdLearningRate)}, from an ONNX file {Text(TrainingDefaults.FileLearningRate)}]", (c, v) => c with { LearningRate = v!.Value });
        settings.Add<string>("--optimizer", "NAME", $"{string.Join(", ", Optimizer.Names)} [default: {usual.Optimizer}]", (c, v) => c with { Optimizer = v }, Optimizer.Names);
        settings.Add<string>("--schedule", "NAME", $"How the learning rate goes: {string.Join(", ", LearningRateSchedule.Names)} [default: {usual.Schedule}]", (c, v) => c with { Schedule = v }, LearningRateSchedule.Names);
        settings.Add<double?>("--weight-decay", "DECAY", $"Weight decay [default: {Text(usual.WeightDecay)}, for sgd {Text(TrainingDefaults.SgdWeightDecay)}]", (c, v) => c with { WeightDecay = v!.Value });
        settings.Add<double?>("--clip", "NORM", "Largest norm of the gradient; 0 is no limit [default: 0]", (c, v) => c with { GradientClipping = v!.Value });
        settings.Add<string>("--augment", "WHAT", $"Vary the images: {AugmentationOptions.Syntax} [default: {usual.Augment}, for {DatasetCatalogue.Strokes} {TrainingDefaults.StrokesAugment}]", (c, v) => c with { Augment = v });
        settings.Add<int?>("--final-epochs", "N", "Vary the images otherwise in the last epochs, as --final-augment says [default: 0]", (c, v) => c with { FinalEpochs = v!.Value });
        settings.Add<string>("--final-augment", "WHAT", $"How to vary them then [default: {usual.FinalAugment}]", (c, v) => c with { FinalAugment = v });
        settings.Add<double?>("--final-share", "SHARE", $"Share of the images that is varied so then, the others as before [default: {Text(usual.FinalShare)}]", (c, v) => c with { FinalShare = v!.Value });
        settings.Add<string[]>("--coarser", "NAME|DIR|FILE", "Data set of the same images whose labels say less, for images whose class isn't known; may be repeated; none for a configuration's", (c, v) => c with { Coarser = OrNone(v) ?? [] });
        settings.Add<string[]>("--teacher", "FILE.onnx", "Learn what this model answers besides the labels; may be repeated; none for a configuration's", (c, v) => c with { Teachers = OrNone(v) ?? [] });
        settings.Add<double?>("--distillation", "WEIGHT", $"Weight of the teachers' answer, 0 … 1 [default: {Text(usual.Distillation)}]", (c, v) => c with { Distillation = v!.Value });
        settings.Add<double?>("--marks", "SHARE", $"Share of images replaced by marks that are no characters [default: {Text(usual.Marks)}]", (c, v) => c with { Marks = v!.Value });
        settings.Add<double?>("--painted", "SHARE", $"Share of images replaced by painted characters of the same class, in usual and rare forms alike [default: {Text(usual.Painted)}]", (c, v) => c with { Painted = v!.Value });
        settings.Add<double?>("--label-smoothing", "SHARE", $"Share of each target that is spread over all classes [default: {Text(usual.LabelSmoothing)}]", (c, v) => c with { LabelSmoothing = v!.Value });
        settings.Add<double?>("--ema", "DECAY", $"Decay of the moving average of the weights, which is what is kept; 0 is none [default: {Text(usual.Ema)}]", (c, v) => c with { Ema = v!.Value });
        settings.Add<double?>("--validation", "SHARE", $"Share of the training images held back to choose the best epoch [default: {Text(usual.Validation)}]", (c, v) => c with { Validation = v!.Value });
        settings.Add<string>("--keep", "best|last", "Weights to keep: those of the epoch that is best on these images, or the last ones [default: best]", (c, v) => c with { Keep = v }, TrainingConfig.KeepNames);
        settings.Add<int?>("--patience", "N", "Stop after this many epochs without progress on those images; 0 is never [default: 0]", (c, v) => c with { Patience = v!.Value });
        settings.Add<ulong?>("--seed", "N", $"Everything random follows from it [default: {usual.Seed}]", (c, v) => c with { Seed = v!.Value });
        settings.Add<bool?>("--quantize", "true|false", "Store the model in 8 bits too [default: false]", (c, v) => c with { Quantize = v!.Value });
        settings.Add<bool?>("--winograd", "true|false", "Whether convolutions of 3x3 to 6x6 may be computed by Winograd's algorithm; both ways reach the same accuracy [default: true]", (c, v) => c with { Winograd = v });
        settings.Add<string[]>("--alphabet", "digits|upper|lower|letters|alphanumeric|CHARACTERS", "Train these classes only; repeated, each is a label of one or more characters [default: all of the data set's]", (c, v) => c with { Alphabet = v });
        settings.Add<string[]>("--initial", "FILE.onnx", "Start from the weights of this model, by name, widened for a larger --width; {seed} in it stands for the seed; repeated, the mean of several; none for a configuration's", (c, v) => c with { Initial = OrNone(v) });
        settings.Add<string[]>("--freeze", "PATTERN", "Leave weights with such names as they are, for example 'conv*'; may be repeated", (c, v) => c with { Freeze = v });

        var configFile = new Option<string?>("--config") { Description = "Take settings from this file, such as the config.json of an earlier run; options given beside it win", HelpName = "FILE.json" };
        var resume = new Option<bool>("--resume") { Description = "Go on after the last finished epoch of the same run" };
        var output = new Option<string?>("--output") { Description = "Folder for model, report and checkpoints [default: models/DATASET-ARCHITECTURE]", HelpName = "DIR" };
        var command = new Command("train", "Train a network, export it to ONNX, measure it and write a report");
        foreach (Option option in settings.Options) command.Options.Add(option);
        command.Options.Add(configFile);
        command.Options.Add(resume);
        command.Options.Add(output);
        var common = new CommonOptions(command);

        command.SetAction(result =>
        {
            var watch = Stopwatch.StartNew();
            (TrainingConfig config, string directory) = Configure(result, settings, result.GetValue(configFile), result.GetValue(output), result.GetValue(resume));
            var load = new DatasetLoadOptions
            {
                Root = common.DataRoot(result),
                Offline = common.Offline(result),
                Threads = common.Threads(result),
                Progress = host.Error.WriteLine,
                CancellationToken = host.Cancellation,
            };
            (config, Dataset dataset) = ModelData.ForTraining(config, load);
            double seconds = 0;
            string json = "";
            var options = new SessionOptions
            {
                Output = directory,
                Threads = common.Threads(result),
                Resume = result.GetValue(resume),
                Finish = session =>
                {
                    seconds = watch.Elapsed.TotalSeconds + session.SecondsBefore;
                    json = WriteFiles(config, dataset, directory, session, seconds);
                },
            };
            SessionResult session = ProgressView.Run(host, config.Epochs, progress => TrainingSession.Run(config, dataset, options, progress, host.Cancellation));
            if (common.Json(result))
            {
                host.Output.WriteLine(json);
            }
            else
            {
                MetricsOutput.Print(host.Output, $"{session.Split} split of {dataset.Name}", session.Evaluation);
                host.Output.WriteLine(FormattableString.Invariant($"trained in {seconds:0.0} s; weights of epoch {session.BestEpoch}"));
                host.Output.WriteLine($"model   {session.ModelPath}");
                host.Output.WriteLine($"report  {Path.Combine(directory, TrainingSession.ReportFile)}");
            }
            return CommandLine.Done;
        });
        return new CommandDescription(command,
            "recognizer train",
            "recognizer train --dataset mnist --architecture cnn2 --epochs 5",
            "recognizer train --dataset emnist-balanced --architecture residual --augment standard --label-smoothing 0.1",
            "recognizer train --dataset my-letters/ --initial models/mnist-cnn2/model.onnx --freeze 'conv*'",
            "recognizer train --config models/mnist-cnn2/config.json --seed 2 --output models/second",
            "recognizer train --dataset mnist --resume");
    }

    private static (TrainingConfig Config, string Directory) Configure(ParseResult result, Settings settings, string? configFile, string? output, bool resume)
    {
        try
        {
            // What is given decides the defaults of the rest.
            string file = configFile is null ? "{}" : File.ReadAllText(configFile);
            TrainingConfig given = settings.Apply(result, TrainingConfig.FromJson(file, file: configFile));
            TrainingConfig config = settings.Apply(result, TrainingConfig.FromJson(file, TrainingDefaults.For(given), configFile));
            string directory = output ?? Path.Combine("models", TrainingDefaults.Name(config));
            string saved = Path.Combine(directory, TrainingSession.ConfigFile);
            if (!resume || !File.Exists(saved))
            {
                config.Validate();
                return (config, directory);
            }
            TrainingConfig first = TrainingConfig.FromJson(File.ReadAllText(saved), file: saved);
            // Options and a file may be repeated on resuming, but another value would make another run; options win over the file.
            IEnumerable<string> changedOptions = settings.Given(result).Where(option => option.Apply(result, first).DifferencesFrom(first).Any()).Select(option => option.Name);
            IEnumerable<string> changedInFile = settings.Apply(result, TrainingConfig.FromJson(file, first)).DifferencesFrom(settings.Apply(result, first)).Select(name => $"{name} of {configFile}");
            string[] changed = [.. changedOptions, .. changedInFile];
            if (changed.Length > 0) throw new UsageException($"{string.Join(", ", changed)} can't be changed when a run is resumed (it would no longer be the same run); leave it out, start anew without --resume, or train on from its model in another folder: --initial {Path.Combine(directory, TrainingSession.ModelFile)}.");
            return (first, directory);
        }
        catch (FormatException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static string WriteFiles(TrainingConfig config, Dataset dataset, string directory, SessionResult session, double seconds)
    {
        string json = CommandHost.ToJson(writer =>
        {
            writer.WriteStartObject();
            MetricsOutput.WriteJson(writer, session.ModelPath, dataset, session.Split, config.Classes, ignoreCase: false, session.Evaluation);
            writer.WriteString("architecture", config.Architecture);
            writer.WriteNumber("epochs", session.History.Count);
            writer.WriteNumber("bestEpoch", session.BestEpoch);
            if (session.Validation is { } validation)
            {
                writer.WriteStartObject("validation");
                writer.WriteNumber("count", validation.Metrics.Count);
                writer.WriteNumber("microAccuracy", validation.Metrics.MicroAccuracy);
                writer.WriteNumber("standardError", validation.Metrics.StandardError);
                MulticlassMetrics.Number(writer, "logLoss", validation.Metrics.LogLoss);
                writer.WriteEndObject();
            }
            writer.WriteNumber("trainingSeconds", Math.Round(seconds, 3));
            writer.WriteEndObject();
        });
        AtomicFile.WriteText(Path.Combine(directory, TrainingSession.MetricsFile), json + "\n");
        ModelSummary summary = ModelSummary.Of(session.Graph);
        ReportWriter.WriteFile(new TrainingReport
        {
            Title = $"{config.Architecture} on {dataset.Name}",
            Measured = $"{session.Split} split of {dataset.Name}",
            Facts =
            [
                ("network", $"{config.Architecture}: {summary.Parameters.ToString("N0", CultureInfo.InvariantCulture)} parameters, {(summary.MultiplyAdds ?? 0).ToString("N0", CultureInfo.InvariantCulture)} multiply-adds per image"),
                ("data set", $"{dataset.Name}, {session.Evaluation.Metrics.PerClass.Count} classes"),
                ("weights of epoch", $"{session.BestEpoch} of {session.History.Count}"),
                ("time", FormattableString.Invariant($"{seconds:0.0} s")),
                ("configuration", config.ToJson()),
            ],
            Epochs = [.. session.History.Select(EpochPoint.Read)],
            Metrics = session.Evaluation.Metrics,
            Samples = session.Evaluation.Samples,
            WorstMistakes = session.Evaluation.WorstMistakes,
        }, Path.Combine(directory, TrainingSession.ReportFile));
        return json;
    }

    // What a configuration lists can be left out by a word only.
    private static string[]? OrNone(string[] values) => values is ["none"] ? null : values;

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>An option that sets something in the configuration.</summary>
    private sealed record Setting(string Name, Option Option, Func<ParseResult, TrainingConfig, TrainingConfig> Apply);

    /// <summary>The options that decide what is computed.</summary>
    private sealed class Settings
    {
        private readonly List<Setting> _all = [];

        public IEnumerable<Option> Options => _all.Select(s => s.Option);

        /// <summary>Adds an option; its value is null where it isn't given.</summary>
        public void Add<T>(string name, string valueName, string description, Func<TrainingConfig, T, TrainingConfig> set, IReadOnlyList<string>? values = null)
        {
            var option = new Option<T?>(name) { Description = description, HelpName = valueName };
            if (values is not null) option.AcceptOnlyFromAmong([.. values]);
            if (option is Option<double?>) option.RequireFinite();
            _all.Add(new Setting(name, option, (result, config) => result.GetValue(option) is { } value ? set(config, value) : config));
        }

        public TrainingConfig Apply(ParseResult result, TrainingConfig config) => Given(result).Aggregate(config, (current, setting) => setting.Apply(result, current));

        public IEnumerable<Setting> Given(ParseResult result) => _all.Where(s => result.GetResult(s.Option) is { Implicit: false });
    }
}
