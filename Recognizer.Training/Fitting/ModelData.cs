using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>Data sets as a model has them: what it is trained on, and what it is measured on.</summary>
internal static class ModelData
{
    /// <summary>Loads what a configuration is trained on; files that can't be read are named to those who hear of the progress.</summary>
    /// <returns>The configuration with what the data set decides, and the data set.</returns>
    /// <exception cref="DatasetException">It isn't there, or is not fit for use.</exception>
    public static (TrainingConfig Config, Dataset Dataset) ForTraining(TrainingConfig config, DatasetLoadOptions options)
    {
        options = options with { Seed = config.Seed, Layout = config.Layout, KeepUnknown = config.Coarser.Count > 0 };
        if (config.Classes is { } classes) options = options with { ModelLabels = labels => labels.Where(classes.Contains) };
        Dataset dataset = config.Normalizer is null ? DatasetLoader.LoadInItsLayout(config.Dataset, config.Coarser, options) : DatasetLoader.Load(config.Dataset, config.Coarser, options);
        foreach (string file in dataset.UnreadableFiles) options.Progress?.Invoke($"unreadable: {file}");
        return (TrainingDefaults.For(config, dataset), dataset);
    }

    /// <summary>How to load a data set for a model. A set is divided as that of its training was, so that no test image is one that the model learnt from, wherever the set lies by now; one
    /// that is made anew has the same images for all models that weren't trained on it. Pictures are normalised as the model's own recogniser does it.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="nameOrPath">The data set.</param>
    /// <param name="options">All that the model doesn't decide.</param>
    /// <param name="training">The configuration of the model's training where that was on this set, else null.</param>
    public static DatasetLoadOptions OptionsFor(Graph graph, string nameOrPath, DatasetLoadOptions options, out TrainingConfig? training)
    {
        TrainingConfig? config = TrainingConfig.Of(graph);
        training = config is not null && DatasetLoader.AreSame(nameOrPath, config.Dataset, options) ? config : null;
        IReadOnlyList<string>? known = ModelMetadata.Labels(graph);
        return options with
        {
            Seed = (nameOrPath == DatasetCatalogue.Strokes ? training : config)?.Seed ?? options.Seed,
            Layout = ModelMetadata.Layout(graph) ?? NormalizerLayout.Emnist,
            ModelLabels = known is null ? options.ModelLabels : _ => known,
        };
    }
}
