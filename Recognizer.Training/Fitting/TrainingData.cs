using Recognizer.Inference;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>A data set prepared for training: restricted to the classes wanted, and divided.</summary>
internal sealed class TrainingData
{
    private readonly int[] _classes;

    /// <summary>Prepares a data set.</summary>
    /// <param name="dataset">The set.</param>
    /// <param name="alphabet">Classes to train; null takes all.</param>
    /// <param name="validation">Share of the images of each class and group that is held back.</param>
    /// <param name="seed">Decides which.</param>
    /// <exception cref="DatasetException">Nothing is left to train on.</exception>
    public TrainingData(Dataset dataset, Alphabet? alphabet, double validation, ulong seed)
    {
        Dataset = dataset;
        CoarseLabels? coarse = dataset.Coarse;
        Labels = [.. dataset.Labels.Where(label => alphabet?.Contains(label) ?? true)];
        if (Labels.Count < 2)
            throw new DatasetException($"{dataset.Name}: {Labels.Count} of its classes are {(alphabet is null ? "there" : $"in the alphabet '{alphabet}'")}; training needs at least two.");
        if (dataset.Train is not { } train) throw new DatasetException($"{dataset.Name} has no training images.");

        _classes = [.. Enumerable.Range(0, Labels.Count)];
        var classes = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < Labels.Count; i++) classes[Labels[i]] = i;
        int[] ofDataset = [.. dataset.Labels.Select(label => classes.GetValueOrDefault(label, -1))];
        // Of a group that isn't trained as a whole, an image may well be of a class that isn't: it is left out.
        Groups = [.. (coarse?.Groups ?? []).Select(group => group.All(k => ofDataset[k] >= 0) ? group.Select(k => ofDataset[k]).ToArray() : [])];
        int[] labels = coarse?.Labels ?? train.Labels;
        int[] mapped = Array.ConvertAll(labels, label =>
            label < 0 ? -1 : label < ofDataset.Length ? ofDataset[label] : Groups[label - ofDataset.Length].Length == 0 ? -1 : Labels.Count + label - ofDataset.Length);
        Families = JoinedBy(Groups);
        Images = new DatasetPart(train.Images, mapped);
        int[] known = [.. Enumerable.Range(0, mapped.Length).Where(i => mapped[i] >= 0)];
        // By the data set's own labels: of a class the same images are held back whatever other classes are trained, so that what goes on from a model of more or fewer classes is judged by
        // images that it hasn't learnt from.
        (int[] kept, int[] held) = StratifiedSplit.Divide(Array.ConvertAll(known, i => labels[i]), validation, seed);
        Train = Array.ConvertAll(kept, i => known[i]);
        HeldBack = Array.ConvertAll(held, i => known[i]);
        Validation = [.. HeldBack.Where(i => mapped[i] < Labels.Count)];
        if (Train.Length == 0) throw new DatasetException($"{dataset.Name} has no training images of the classes wanted.");
    }

    public Dataset Dataset { get; }

    /// <summary>Text of each class that is trained.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Sets of classes that an image may have of which no more is known; empty where not all of them are trained.</summary>
    public IReadOnlyList<int[]> Groups { get; }

    /// <summary>Classes that groups join, directly or through others: what some images don't tell apart.</summary>
    public IReadOnlyList<int[]> Families { get; }

    /// <summary>All training images of the set; labels are classes among <see cref="Labels"/>, or the number of these plus that of a group, −1 where a
    /// class isn't trained or nothing is known.</summary>
    public DatasetPart Images { get; }

    /// <summary>Indices into <see cref="Images"/> to train on.</summary>
    public int[] Train { get; }

    /// <summary>Indices into <see cref="Images"/> held back to choose the epoch and the temperature.</summary>
    public int[] HeldBack { get; }

    /// <summary>Those of <see cref="HeldBack"/> whose class is known.</summary>
    public int[] Validation { get; }

    /// <summary>Classes that none of <see cref="Train"/> may have.</summary>
    public IEnumerable<int> WithoutImages => _classes.Except(Train.Select(i => Images.Labels[i]).Distinct().SelectMany(label => Members(label).ToArray()));

    /// <summary>Classes that an image with a label of <see cref="Images"/> may have.</summary>
    public ReadOnlySpan<int> Members(int label) => label < Labels.Count ? _classes.AsSpan(label, 1) : Groups[label - Labels.Count];

    /// <summary>Share of each class among the training images, those of a group shared out as the others of its classes are: the most likely
    /// frequencies (Dempster, Laird and Rubin 1977).</summary>
    public double[] TrainingFrequencies()
    {
        var counts = new double[Labels.Count + Groups.Count];
        foreach (int i in Train) counts[Images.Labels[i]]++;
        double[] shares = Enumerable.Repeat(1.0 / Labels.Count, Labels.Count).ToArray();
        for (int step = 0; step < 200; step++)
        {
            double[] next = counts[..Labels.Count];
            for (int g = 0; g < Groups.Count; g++)
            {
                double sum = Groups[g].Sum(k => shares[k]);
                foreach (int k in Groups[g]) next[k] += counts[Labels.Count + g] * (sum > 0 ? shares[k] / sum : 1.0 / Groups[g].Length);
            }
            shares = Array.ConvertAll(next, n => n / Train.Length);
        }
        return shares;
    }

    private static int[][] JoinedBy(IReadOnlyList<int[]> groups)
    {
        var families = new List<HashSet<int>>();
        foreach (int[] group in groups)
        {
            HashSet<int> joined = [.. group];
            foreach (HashSet<int> family in families.Where(joined.Overlaps).ToArray())
            {
                joined.UnionWith(family);
                families.Remove(family);
            }
            families.Add(joined);
        }
        return [.. families.Where(family => family.Count > 1).Select(family => family.Order().ToArray())];
    }
}
