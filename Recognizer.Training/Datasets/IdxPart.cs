namespace Recognizer.Training.Datasets;

/// <summary>A split in a pair of IDX files.</summary>
internal static class IdxPart
{
    /// <summary>What the numbers in the files mean.</summary>
    /// <param name="Classes">Number of classes.</param>
    /// <param name="FirstLabel">Number of the first class.</param>
    /// <param name="UnknownLabel">Rows with this number are left out.</param>
    /// <param name="Storage">How the pixels are stored.</param>
    public readonly record struct Meaning(int Classes, int FirstLabel, int? UnknownLabel, PartBuilder.Storage Storage);

    public static DatasetPart Load(FileTree tree, string imagesPath, string labelsPath, in Meaning meaning, DatasetLoadOptions options,
        CatalogueFile? expectedImages = null, CatalogueFile? expectedLabels = null)
    {
        int[] labels;
        string labelsName;
        using (var file = new DataFile(tree, labelsPath, expectedLabels))
        {
            labels = IdxReader.ReadLabels(file);
            labelsName = file.Name;
        }
        int[] classes = PartBuilder.MapLabels(labels, labelsName, meaning.FirstLabel, meaning.Classes, meaning.UnknownLabel);
        using var images = new DataFile(tree, imagesPath, expectedImages);
        var raw = IdxReader.ReadImages(images);
        if (raw.Count != labels.Length)
            throw new DatasetException($"{images.Name} has {raw.Count} images, but {labelsName} has {labels.Length} labels.");
        return PartBuilder.Build(raw, classes, meaning.Storage, options, keepUnknown: options.KeepUnknown && meaning.UnknownLabel is not null);
    }
}
