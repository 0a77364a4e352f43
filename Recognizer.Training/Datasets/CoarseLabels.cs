namespace Recognizer.Training.Datasets;

/// <summary>What other sets know of the training images whose class isn't known: a group of classes that it is among.</summary>
/// <param name="Labels">Class of each training image, or the number of classes plus that of a group, or −1 where nothing is known.</param>
/// <param name="Groups">Classes of each group.</param>
internal sealed record CoarseLabels(int[] Labels, IReadOnlyList<int[]> Groups)
{
    /// <summary>Looks images up in sets of the same images with fewer classes, such as letters without their case.</summary>
    /// <param name="dataset">The set, loaded with its unknown rows.</param>
    /// <param name="coarser">Sets whose training part has the same images in the same order, likewise loaded; the first that knows an image counts. A label of theirs stands for
    /// the class with that text, and for its other-case twin unless they have that too.</param>
    /// <exception cref="DatasetException">A set has other images, or a label without a class.</exception>
    public static CoarseLabels Find(Dataset dataset, IReadOnlyList<Dataset> coarser)
    {
        DatasetPart images = dataset.Train ?? throw new DatasetException($"{dataset.Name} has no training images.");
        int[] labels = [.. images.Labels];
        var groups = new List<int[]>();
        foreach (Dataset other in coarser)
        {
            if (other.Train is not { } same || !same.Images.AsSpan().SequenceEqual(images.Images))
                throw new DatasetException($"{other.Name} has other training images than {dataset.Name}: its labels can't be used for them.");
            int[] group = new int[other.Labels.Count];
            for (int i = 0; i < group.Length; i++)
            {
                int[] members = Members(dataset, other, other.Labels[i]);
                group[i] = members.Length == 1 ? members[0] : dataset.Labels.Count + groups.Count;
                if (members.Length > 1) groups.Add(members);
            }
            for (int i = 0; i < labels.Length; i++)
            {
                if (labels[i] < 0 && same.Labels[i] >= 0) labels[i] = group[same.Labels[i]];
            }
        }
        return new CoarseLabels(labels, groups);
    }

    private static int[] Members(Dataset dataset, Dataset coarse, string label)
    {
        int[] members = [.. Enumerable.Range(0, dataset.Labels.Count).Where(i => dataset.Labels[i] == label
            || (string.Equals(dataset.Labels[i], label, StringComparison.OrdinalIgnoreCase) && !coarse.Labels.Contains(dataset.Labels[i], StringComparer.Ordinal)))];
        return members.Length > 0 ? members : throw new DatasetException($"{coarse.Name}: its class '{label}' is no class of {dataset.Name}, nor a group of them.");
    }
}
