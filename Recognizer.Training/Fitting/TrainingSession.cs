using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Quantization;

namespace Recognizer.Training.Fitting;

/// <summary>What a session needs beside its configuration; none of it changes the result.</summary>
internal sealed record SessionOptions
{
    /// <summary>Folder that receives <c>model.onnx</c>, <c>config.json</c>, <c>training.jsonl</c>, <c>checkpoint/</c>.</summary>
    public required string Output { get; init; }

    public int Threads { get; init; } = 1;

    /// <summary>Goes on from the newest checkpoint; starts where there is nothing of a run yet.</summary>
    public bool Resume { get; init; }

    /// <summary>Writes what else is made of the result, before another run may write to the folder.</summary>
    public Action<SessionResult>? Finish { get; init; }

    /// <summary>What computes the gradients; null for the engine.</summary>
    public Func<Graph, TrainingPlanOptions, ITrainingPlan>? CreatePlan { get; init; }
}

/// <summary>What came out.</summary>
/// <param name="ModelPath">The exported model.</param>
/// <param name="Graph">Its graph.</param>
/// <param name="Split">What <paramref name="Evaluation"/> was measured on: test, validation or train.</param>
/// <param name="Evaluation">The figures of the report.</param>
/// <param name="Validation">Figures on the images held back, or null where there are none.</param>
/// <param name="History">Lines of <c>training.jsonl</c>.</param>
/// <param name="BestEpoch">Epoch, from 1, whose weights were kept.</param>
/// <param name="SecondsBefore">Time that the epochs before this process went on took.</param>
internal sealed record SessionResult(string ModelPath, Graph Graph, string Split, ModelEvaluation Evaluation, ModelEvaluation? Validation, IReadOnlyList<string> History, int BestEpoch, double SecondsBefore);

/// <summary>Training from data to exported model, with everything written so that it can die at any moment and go on.</summary>
internal static class TrainingSession
{
    public const string ConfigFile = "config.json";
    public const string HistoryFile = "training.jsonl";
    public const string ModelFile = "model.onnx";
    public const string QuantizedFile = "model-int8.onnx";
    public const string CheckpointFolder = "checkpoint";
    public const string MetricsFile = "metrics.json";
    public const string ReportFile = "report.html";

    /// <summary>Held open for as long as a run writes to its folder.</summary>
    public const string HoldFile = "training.lock";

    /// <summary>In the folder of checkpoints: hashes of what the run is trained on, images, classes and models. Older runs lack the last ones or the file.</summary>
    private const string ImagesFile = "images.sha256";

    /// <summary>Training images per class from which on a network that gets other classes has all dense layers started anew: its convolutions see strokes in any
    /// script, but what the dense layers have learnt is particular to the old classes, and holds the new ones back unless images are few. (From digits
    /// to letters: 40 images per class are better off with them, 400 without.)</summary>
    private const int ImagesForDenseLayers = 200;

    /// <summary>Trains, exports and measures.</summary>
    /// <exception cref="FormatException">Settings make no sense, or a model that is read lies where one is to be written.</exception>
    /// <exception cref="InvalidDataException">The run that is to go on is another one, or what is left of it isn't enough for that; nothing was changed.</exception>
    /// <exception cref="IOException">Another run writes to the folder; nothing was changed.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; the last finished epoch is in the checkpoint, and the one to keep in <c>model.onnx</c>.</exception>
    public static SessionResult Run(TrainingConfig config, Dataset dataset, SessionOptions options, ITrainingProgress progress, CancellationToken cancellation)
    {
        config.Validate();
        string checkpoints = Path.Combine(options.Output, CheckpointFolder), history = Path.Combine(options.Output, HistoryFile), modelPath = Path.Combine(options.Output, ModelFile);
        // A folder that isn't there has nothing to be kept from others
        bool isNew = !Directory.Exists(options.Output);
        using FileStream? hold = isNew ? null : Hold(options.Output);
        Checkpoint? checkpoint = options.Resume ? Checkpoint.LoadNewest(checkpoints, progress.Message) : null;
        if (checkpoint is null) RefuseToOverwrite(config.ModelFiles, options.Output);
        if (options.Resume && checkpoint is null)
        {
            // A run without epochs has no checkpoints; of any other a model without them is all that is left.
            if (config.Epochs > 0 && File.Exists(modelPath)) throw new InvalidDataException($"there is no checkpoint in {checkpoints} to go on from, and {modelPath} would be overwritten; start anew without --resume");
            progress.Message($"nothing to resume in {options.Output}: starting");
        }
        var data = new TrainingData(dataset, config.Classes, config.Validation, config.Seed);
        // Names stand for what there is of them.
        if (config.Classes is { IsPredefined: false } alphabet && alphabet.Labels.Except(data.Labels, StringComparer.Ordinal).ToArray() is { Length: > 0 } missing)
            progress.Message($"no class of {dataset.Name} is {string.Join(", ", missing)}");
        // Text that looks the same may be another, and then is another class.
        if (data.WithoutImages.Select(k => data.Labels[k]).ToArray() is { Length: > 0 } unseen)
        {
            int tested = dataset.Test is { } part ? part.Labels.Concat(part.UnreadableLabels).Count(label => unseen.Contains(dataset.Labels[label], StringComparer.Ordinal)) : 0;
            progress.Message($"no training images of {string.Join(", ", unseen)}{(tested > 0 ? FormattableString.Invariant($"; therefore {tested:N0} test images count as wrong") : "")}");
        }
        if (Enumerable.Range(0, data.Images.Count).Where(i => data.Images.Labels[i] >= 0 && data.Images.IsBlank(i)).ToArray() is [var firstBlank, ..] blank)
            progress.Message(FormattableString.Invariant($"warning: {blank.Length:N0} of the training images {(blank.Length == 1 ? "is" : "are")} blank{(dataset.Train!.Files is { } files ? $", such as {files[firstBlank]}" : "")}"));
        if (config.Patience > 0 && data.HeldBack.Length == 0)
            throw new FormatException(FormattableString.Invariant($"patience is {config.Patience}; expected validation images to stop early on, and no class of {dataset.Name} has enough images to hold one back"));
        Graph graph = BuildGraph(config, data, progress);
        SetMetadata(graph, config);
        WarnOfImagesSeen(config.Teachers.Select(file => (file, OnnxReader.ReadFile(file))), config, dataset, "what it teaches may make figures on them too good", progress);
        using var trainer = new Trainer(graph, data, config, options.Threads, options.CreatePlan);
        progress.Message($"{dataset.Name}: {data.Train.Length:N0} training and {data.HeldBack.Length:N0} validation images, {data.Labels.Count} classes; {config.Architecture}, {config.Epochs} epochs of {trainer.StepsPerEpoch:N0} steps");
        // The accuracy of so few has a standard error of up to five points, more than most epochs differ by
        const int FewImages = 100;
        if (config.Keep == "best" && config.Epochs > 1 && data.HeldBack.Length is > 0 and < FewImages)
            progress.Message($"with {data.HeldBack.Length} validation images it is largely chance which epoch looks best; --keep last keeps the last one");

        if (isNew && Directory.Exists(options.Output)) throw Held(options.Output);
        Directory.CreateDirectory(options.Output);
        using FileStream? newHold = isNew ? Hold(options.Output) : null;
        string images = Path.Combine(checkpoints, ImagesFile);
        // Of models, what is frozen or isn't trained is read again when the run goes on; teachers are asked on.
        (string Name, string Hash)[] inputs = [($"images of {dataset.Name} have", HashOfImages(data, config)), ($"classes of {dataset.Name} have", HashOfClasses(data)),
            .. config.ModelFiles.Select(file => ($"model {file} has", HashOfModel(file)))];
        double secondsBefore = 0;
        if (checkpoint is null)
        {
            // Checkpoints go first: a run that dies here must not be continued from those of another.
            Checkpoint.Clear(checkpoints);
            foreach (string file in (ReadOnlySpan<string>)[MetricsFile, ReportFile, QuantizedFile, ModelFile]) File.Delete(Path.Combine(options.Output, file));
            Directory.CreateDirectory(checkpoints);
            AtomicFile.WriteText(images, string.Concat(inputs.Select(input => input.Hash + "\n")));
            AtomicFile.WriteText(Path.Combine(options.Output, ConfigFile), config.ToJson() + "\n");
            AtomicFile.WriteText(history, "");
        }
        else
        {
            // As settings, not as text: a version that knows more of them writes more.
            string[] others = [.. TrainingConfig.FromJson(checkpoint.Config).DifferencesFrom(config)];
            if (others.Length > 0) throw new InvalidDataException($"the checkpoint in {checkpoints} belongs to another configuration than {ConfigFile}: {string.Join(", ", others)}");
            string[] saved = File.Exists(images) ? File.ReadAllLines(images) : [];
            if (inputs.Zip(saved).FirstOrDefault(pair => pair.First.Hash != pair.Second).First.Name is { } changed)
                throw new InvalidDataException($"the {changed} changed since the run in {options.Output} began, so that it can't go on; start anew without --resume");
            trainer.Restore(checkpoint);
            secondsBefore = Seconds(trainer.History);
            progress.Message($"resuming after epoch {trainer.Epoch}");
            // An epoch counts once its checkpoint is there; its line may be missing or torn if the process died between the two.
            AtomicFile.WriteText(history, string.Concat(trainer.History.Select(line => line + "\n")));
        }

        while (!trainer.IsFinished)
        {
            EpochResult epoch = trainer.RunEpoch(progress, cancellation);
            trainer.ToCheckpoint().Save(checkpoints);
            File.AppendAllText(history, trainer.History[^1] + "\n");
            if (trainer.KeptEpoch == trainer.Epoch) OnnxWriter.WriteFile(trainer.KeptGraph(), modelPath);
            progress.Epoch(epoch);
        }
        if (trainer.Epoch < config.Epochs) progress.Message($"stopped early: no progress on the validation images since epoch {trainer.BestEpoch}");

        Graph best = trainer.KeptGraph();
        if (trainer.HeldBack.Count > 0)
        {
            using CharacterRecognizer uncalibrated = trainer.Load(best);
            TemperatureScaling.Apply(best, uncalibrated, trainer.HeldBack, data.Families, biased: config.ClassFrequencies is not null, cancellation);
        }
        if (RejectionFitting.Fit(best, data.Images, data.Validation, config.Seed, options.Threads, cancellation) is { } rejection)
            best.Metadata[ModelMetadata.RejectionKey] = rejection;
        ModelEvaluation? validation = data.Validation.Length > 0 ? trainer.Validate(best, cancellation) : null;
        using var recognizer = CharacterRecognizer.Load(best, ReproduciblePlan.Recognizer(options.Threads));
        // Test images of other classes only say nothing of the model.
        (string split, ModelEvaluation evaluation) = dataset.Test is { } test && test.Labels.Concat(test.UnreadableLabels).Any(label => data.Labels.Contains(dataset.Labels[label]))
            ? ("test", ModelEvaluation.Run(recognizer, test, null, dataset.Labels, config.Classes, cancellation: cancellation))
            : validation is not null
                ? ("validation", validation)
                : ("train", ModelEvaluation.Run(recognizer, data.Images, [.. data.Train.Where(i => data.Images.Labels[i] < data.Labels.Count)], data.Labels, cancellation: cancellation));
        best.Metadata[ModelMetadata.MetricsKey] = MetricsJson(validation, split == "test" ? evaluation : null);
        OnnxWriter.WriteFile(best, modelPath);
        if (config.Quantize)
        {
            Graph quantized = Calibration.Quantize(best, data.Images.Select(data.Train), options.Threads, cancellation);
            OnnxWriter.WriteFile(quantized, Path.Combine(options.Output, QuantizedFile));
            if (validation is not null)
                progress.Message($"{QuantizedFile}: {trainer.Validate(quantized, cancellation).Metrics.MicroAccuracy:p2} of the validation images are right, {validation.Metrics.MicroAccuracy:p2} with {ModelFile}");
        }
        var result = new SessionResult(modelPath, best, split, evaluation, validation, trainer.History, trainer.KeptEpoch, secondsBefore);
        options.Finish?.Invoke(result);
        return result;
    }

    private static double Seconds(IReadOnlyList<string> history) => history.Sum(line =>
    {
        using JsonDocument epoch = JsonDocument.Parse(line);
        return epoch.RootElement.GetProperty("seconds").GetDouble();
    });

    /// <summary>Keeps others from the folder until it is disposed, or the process ends in whatever way; null where files can't be held, which keeps nobody from training.</summary>
    private static FileStream? Hold(string output)
    {
        // The codes of a file that is held: those of Windows, Linux and macOS
        const int SharingViolation = unchecked((int)0x80070020), WouldBlock = 11, WouldBlockOfMac = 35;
        try
        {
            return new FileStream(Path.Combine(output, HoldFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException exception) when (exception.HResult is SharingViolation or WouldBlock or WouldBlockOfMac)
        {
            throw Held(output, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IOException Held(string output, Exception? inner = null) => new($"another training writes to {output}; wait for it, or give another --output", inner);

    /// <summary>A model that is lost with the first epoch can't be gone on from again, nor go on teaching.</summary>
    private static void RefuseToOverwrite(IEnumerable<string> models, string output)
    {
        foreach (string file in models)
        {
            // Some systems take names for the same whatever their case.
            if (((ReadOnlySpan<string>)[ModelFile, QuantizedFile]).Contains(Path.GetRelativePath(output, file), StringComparer.OrdinalIgnoreCase))
                throw new FormatException($"{file} would be overwritten; give another --output");
        }
    }

    /// <summary>SHA-256 of labels and pixels of all images, in their order.</summary>
    private static string HashOfImages(TrainingData data, TrainingConfig config)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(data.Images.Labels.AsSpan()));
        hash.AppendData(data.Images.Images);
        // Which images are held back has not always been the same with an alphabet as without
        if (config.Alphabet is not null) hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(data.HeldBack.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>SHA-256 of the text of each class, and of the groups of classes: labels are numbers, which another name for a class leaves as they are.</summary>
    private static string HashOfClasses(TrainingData data) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [.. data.Labels, .. data.Groups.Select(group => string.Join(' ', group))]))));

    /// <summary>SHA-256 of a model's file; where its weights are in others, of all their hashes.</summary>
    private static string HashOfModel(string file)
    {
        var files = new List<string>();
        OnnxReader.ReadAnyFile(file, files.Add);
        byte[][] hashes = [.. files.Distinct(StringComparer.Ordinal).Select(part =>
        {
            using FileStream stream = File.OpenRead(part);
            return SHA256.HashData(stream);
        })];
        return Convert.ToHexStringLower(hashes is [var only] ? only : SHA256.HashData([.. hashes.SelectMany(hash => hash)]));
    }

    /// <summary>The network with its first weights.</summary>
    private static Graph BuildGraph(TrainingConfig config, TrainingData data, ITrainingProgress progress)
    {
        IReadOnlyList<string> labels = data.Labels;
        var unprepared = new HashSet<string>(StringComparer.Ordinal); // frozen weights
        Graph graph = config.StartsFromFile ? OnnxException.Naming(config.Architecture, FromFile) : Architecture.Build(config.Architecture, labels, config.Seed, config.Width);
        Graph[] starts = [.. config.InitialFiles.Select(file => OnnxException.Naming(file, () => Start(file)))];
        // A network that was just built says of no training.
        WarnOfImagesSeen(config.InitialFiles.Zip(starts).Append((config.Architecture, graph)), config, data.Dataset, "figures on them are too good", progress);
        if (starts.Length > 0)
        {
            foreach (Graph start in starts) ClassifierHead.Reorder(start, labels);
            string files = string.Join(", ", config.InitialFiles);
            int loaded = ClassifierHead.LoadWeights(graph, starts, labels);
            if (loaded == 0)
                throw new InvalidDataException($"{files} {(starts.Length == 1 ? "has" : "have")} no weight of the same name and shape as {config.Architecture}");
            // What isn't taken over is learnt; without an epoch it would stay random.
            int floats = graph.Initializers.Values.Count(tensor => tensor.ElementType == ElementType.Float);
            if (config.Epochs == 0 && loaded < floats)
                throw new InvalidDataException($"{files}: {loaded} of the {floats} weights of {config.Architecture} have the same name and shape and the same classes; without epochs all are expected to");
            progress.Message($"{loaded} of {graph.Initializers.Count} weights start from {(starts.Length == 1 ? "" : "the mean of ")}{files}");
        }
        // A temperature fits the weights that it was fitted to.
        if (ClassifierOutput.Of(graph).Temperature is { } temperature) temperature.Span<float>()[0] = 1;
        return graph;

        Graph FromFile()
        {
            // The plain inference graph is what is stored; training mode is the trainer's own affair.
            Graph graph = ModelTransforms.InInferenceMode(OnnxReader.ReadFile(config.Architecture));
            // Before anything looks closer: the rules of operators are kept where scores come from
            Graph scoring = ModelTransforms.Only(graph, ClassifierOutput.Of(graph).Scores);
            ClassifierGraph.SingleInput(scoring);
            ShapeInference.Infer(scoring);
            unprepared = TrainableGraph.Frozen(graph, config.Freeze, isPrepared: false);
            TrainableGraph.Prepare(graph, unprepared);
            if (ModelMetadata.Labels(graph) is null && ClassifierHead.Classes(graph) == labels.Count)
            {
                ModelMetadata.SetLabels(graph, labels);
                progress.Message($"{config.Architecture} carries no labels: its {labels.Count} scores are taken for the data set's classes in their order");
            }
            else if (ClassifierHead.Reorder(graph, labels))
            {
                progress.Message($"{config.Architecture} has the same classes in another order: its last layer takes over the data set's");
            }
            else if (!ClassifierHead.HasLabels(graph, labels))
            {
                bool hidden = data.Train.Length >= ImagesForDenseLayers * labels.Count;
                ClassifierHead.Replace(graph, labels, config.Seed, TrainableGraph.Frozen(graph, config.Freeze), hidden);
                progress.Message($"{config.Architecture} has other classes: {(hidden ? "its dense layers start" : "its last layer starts")} anew");
            }
            return graph;
        }

        Graph Start(string file)
        {
            Graph start = OnnxReader.ReadFile(file);
            // Weights have the same names then as those of the architecture
            if (config.StartsFromFile) TrainableGraph.Prepare(start, unprepared);
            return Widening.Apply(start, graph);
        }
    }

    /// <summary>Tells of the models that were trained on the same data with another part of it held back: which part goes by seed, share and the labels of the data.</summary>
    private static void WarnOfImagesSeen(IEnumerable<(string File, Graph Graph)> models, TrainingConfig config, Dataset dataset, string consequence, ITrainingProgress progress)
    {
        foreach ((string file, Graph graph) in models)
        {
            if (TrainingConfig.Of(graph) is { } other && other.Coarser.Append(other.Dataset).Intersect(config.Coarser.Append(config.Dataset)).Any()
                && (dataset.IsDivided && other.Seed != config.Seed
                    || config.Validation > 0 && ((other.Dataset, other.Seed, other.Validation) != (config.Dataset, config.Seed, config.Validation) || other.Coarser.Zip(config.Coarser).Any(pair => pair.First != pair.Second))))
                progress.Message($"{file} may have learnt from images that are held back here: it was trained on them with another seed, share or set of labels, so that {consequence}");
        }
    }

    private static void SetMetadata(Graph graph, TrainingConfig config)
    {
        graph.Metadata[ModelMetadata.TrainingKey] = config.ToJson();
        graph.Metadata[ModelMetadata.NormalizerKey] = config.Normalizer ?? "emnist";
        graph.Metadata[ModelMetadata.VersionKey] = typeof(Graph).Assembly.GetName().Version?.ToString(3) ?? "0";
        graph.Metadata.Remove(ModelMetadata.MetricsKey);
        graph.Metadata.Remove(ModelMetadata.RejectionKey);
    }

    // Without times: the same training makes the same file.
    private static string MetricsJson(ModelEvaluation? validation, ModelEvaluation? test) => JsonText.Of(writer =>
    {
        writer.WriteStartObject();
        foreach ((string split, ModelEvaluation? evaluation) in new[] { ("validation", validation), ("test", test) })
        {
            if (evaluation is null) continue;
            writer.WriteStartObject(split);
            writer.WriteNumber("count", evaluation.Metrics.Count);
            writer.WriteNumber("microAccuracy", evaluation.Metrics.MicroAccuracy);
            writer.WriteNumber("standardError", evaluation.Metrics.StandardError);
            writer.WriteNumber("macroAccuracy", evaluation.Metrics.MacroAccuracy);
            writer.WriteNumber("macroStandardError", evaluation.Metrics.MacroStandardError);
            MulticlassMetrics.Number(writer, "logLoss", evaluation.Metrics.LogLoss);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
