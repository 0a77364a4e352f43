using Recognizer.Inference.Imaging;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>Settings where none are given, chosen on validation images.</summary>
internal static class TrainingDefaults
{
    /// <summary>Stochastic gradient descent needs other steps than Adam's normalised ones.</summary>
    public const double SgdLearningRate = 0.05, SgdWeightDecay = 5e-4;

    /// <summary>Networks of others take pixels as they are, not normalised, so that the same step changes less of what they compute. (From digits to letters
    /// better than the usual rate with 40, 400 and 2800 images per class.)</summary>
    public const double FileLearningRate = 0.016;

    /// <summary>Drawn characters are many and alike.</summary>
    public const int StrokesEpochs = 6;

    public const string StrokesAugment = "standard";

    private static readonly string[] s_endings = [".csv.gz", ".csv", ".mat", ".npz", ".zip", ".json", ".onnx"];

    /// <summary>The settings for what is given so far.</summary>
    public static TrainingConfig For(TrainingConfig given)
    {
        TrainingConfig config = given;
        if (given.StartsFromFile) config = config with { LearningRate = FileLearningRate };
        if (given.Optimizer == "sgd") config = config with { LearningRate = SgdLearningRate, WeightDecay = SgdWeightDecay };
        if (given.Dataset == DatasetCatalogue.Strokes) config = config with { Epochs = StrokesEpochs, Augment = StrokesAugment };
        return config;
    }

    /// <summary>The settings with what the data set decides once it is loaded: images of MNIST have their layout in whatever files they come.</summary>
    public static TrainingConfig For(TrainingConfig config, Dataset dataset) => config with { Normalizer = config.Normalizer ?? (dataset.Layout == NormalizerLayout.Mnist ? "mnist" : "emnist") };

    /// <summary>Name of a run: data set and architecture, as a folder's name.</summary>
    public static string Name(TrainingConfig config) => $"{Part(config.Dataset)}-{Part(config.Architecture)}";

    // A path gives its last part; what a folder has behind a dot is part of its name.
    private static string Part(string nameOrPath)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(nameOrPath.Replace('\\', '/')));
        if (!Directory.Exists(nameOrPath) && s_endings.FirstOrDefault(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) is { } known)
            name = name[..^known.Length];
        return name.Trim('.').Length > 0 ? name : "data";
    }
}
