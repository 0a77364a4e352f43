using Recognizer.Inference;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>A data set prepared for training: restricted to the classes wanted, and divided.</summary>
internal sealed class TrainingData
{
    /// <summary>Prepares a data set.</summary>
    /// <exception cref="DatasetException">Nothing is left to train on.</exception>
    public TrainingData(Dataset dataset, Alphabet? alphabet, double validation, ulong seed)
    {
        Dataset = dataset;
        Labels = [.. dataset.Labels.Where(label => alphabet?.Contains(label) ?? true)];
        if (Labels.Count < 2)
            throw new DatasetException($"{dataset.Name}: {Labels.Count} of its classes are {(alphabet is null ? "there" : $"in the alphabet '{alphabet}'")}; training needs at least two.");
        if (dataset.Train is not { } train) throw new DatasetException($"{dataset.Name} has no training images.");

        var classes = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < Labels.Count; i++) classes[Labels[i]] = i;
        int[] ofDataset = [.. dataset.Labels.Select(label => classes.GetValueOrDefault(label, -1))];
        int[] mapped = Array.ConvertAll(train.Labels, label => ofDataset[label]);
        int[] usable = [.. Enumerable.Range(0, mapped.Length).Where(i => mapped[i] >= 0)];
        Images = new DatasetPart(train.Images, mapped);
        (int[] kept, int[] held) = StratifiedSplit.Divide(Array.ConvertAll(usable, i => mapped[i]), validation, seed);
        Train = Array.ConvertAll(kept, i => usable[i]);
        Validation = Array.ConvertAll(held, i => usable[i]);
        if (Train.Length == 0) throw new DatasetException($"{dataset.Name} has no training images of the classes wanted.");
    }

    public Dataset Dataset { get; }

    /// <summary>Text of each class that is trained.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>All training images of the set; labels are classes among <see cref="Labels"/>, −1 where a class isn't trained.</summary>
    public DatasetPart Images { get; }

    /// <summary>Indices into <see cref="Images"/> to train on.</summary>
    public int[] Train { get; }

    /// <summary>Indices into <see cref="Images"/> held back to choose the epoch.</summary>
    public int[] Validation { get; }
}
