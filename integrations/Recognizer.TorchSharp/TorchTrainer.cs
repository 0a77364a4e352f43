using Recognizer.Inference.Evaluation;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;
using TorchSharp;
using static TorchSharp.torch;

namespace Recognizer.TorchSharp;

/// <summary>What a training gave.</summary>
/// <param name="ModelPath">The exported model.onnx.</param>
/// <param name="Split">What <paramref name="Metrics"/> were measured on: test, validation or train.</param>
/// <param name="Metrics">How good the model is.</param>
public sealed record TorchTrainingResult(string ModelPath, string Split, MulticlassMetrics Metrics);

/// <summary>How and where a training runs; none of it is part of the recipe.</summary>
public sealed record TorchTrainerOptions
{
    /// <summary>Folder that receives <c>model.onnx</c>, <c>config.json</c>, <c>training.jsonl</c> and <c>checkpoint/</c>.</summary>
    public required string Output { get; init; }

    /// <summary>Device that computes; null takes CUDA where there is one, else the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>Threads of TorchSharp on the CPU, and of measuring; 0 takes one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Folder that has the data sets; null takes that of RECOGNIZER_DATASETS, else <c>datasets</c>.</summary>
    public string? Data { get; init; }

    /// <summary>Never downloads anything.</summary>
    public bool Offline { get; init; }

    /// <summary>Goes on from the newest checkpoint in <see cref="Output"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>Hears what is going on, a line at a time.</summary>
    public Action<string>? Progress { get; init; }
}

/// <summary>Trains networks with TorchSharp, on the CPU or CUDA, and exports them to ONNX. Recipe, data, augmentation, loss, optimiser and everything else that is not forward
/// and backward of the network are those of the <c>train</c> command, so that the same recipe gives the same training there and here.</summary>
public static class TorchTrainer
{
    /// <summary>Trains.</summary>
    /// <param name="recipe">JSON, as <c>train --config</c> takes it: <c>{ "dataset": "mnist", "architecture": "cnn2", "epochs": 5 }</c>. An architecture may be a model.onnx.</param>
    /// <param name="options">Where and on what.</param>
    /// <param name="cancellation">Stops between two steps; what is done can be resumed.</param>
    /// <exception cref="FormatException">The recipe is no JSON or has a value that makes no sense.</exception>
    /// <exception cref="NotSupportedException">An operator of the network has no TorchSharp form.</exception>
    public static TorchTrainingResult Train(string recipe, TorchTrainerOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(options);
        TrainingConfig config = TrainingConfig.FromJson(recipe, TrainingDefaults.For(TrainingConfig.FromJson(recipe)));
        config.Validate();
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        set_num_threads(threads);
        Device device = options.Device ?? (cuda.is_available() ? CUDA : CPU);
        var load = new DatasetLoadOptions
        {
            Root = options.Data ?? DatasetLoadOptions.DefaultRoot,
            Offline = options.Offline,
            Threads = threads,
            Progress = options.Progress,
            CancellationToken = cancellation,
        };
        (config, Dataset dataset) = ModelData.ForTraining(config, load);
        SessionResult session = TrainingSession.Run(config, dataset, new SessionOptions
        {
            Output = options.Output,
            Threads = threads,
            Resume = options.Resume,
            CreatePlan = (graph, plan) => new TorchTrainingPlan(graph, plan, device),
        }, new Reporter(config.Epochs, options.Progress), cancellation);
        return new TorchTrainingResult(session.ModelPath, session.Split, session.Evaluation.Metrics);
    }

    private sealed class Reporter(int epochs, Action<string>? report) : ITrainingProgress
    {
        public void Message(string text) => report?.Invoke(text);

        public void Step(int epoch, int images, int of, double loss, double accuracy) { }

        public void Epoch(EpochResult result) => report?.Invoke(FormattableString.Invariant(
            $"epoch {result.Epoch}/{epochs}: loss {result.TrainLoss:0.0000}, accuracy {result.TrainAccuracy:P2}, validation {result.ValidationAccuracy:P2}, {result.ImagesPerSecond:N0} images/s"));
    }
}
