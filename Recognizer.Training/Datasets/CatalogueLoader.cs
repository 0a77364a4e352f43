namespace Recognizer.Training.Datasets;

/// <summary>Finds the files of a set from the catalogue under the root, as they are published: single files, unpacked or not, or the archive.</summary>
internal static class CatalogueLoader
{
    public static Dataset Load(CatalogueSet set, DatasetCatalogue catalogue, DatasetLoadOptions options)
    {
        var train = options.NeedTrain ? LoadPart(set, catalogue, set.Train, options) : null;
        var test = options.NeedTest ? LoadPart(set, catalogue, set.Test, options) : null;
        if (options.NeedTrain && train is null || options.NeedTest && !options.NeedTrain && test is null)
        {
            var part = options.NeedTrain ? set.Train : set.Test;
            throw new DatasetException($"{set.Name} is not complete: {part.Images}.gz and {part.Labels}.gz are expected in {Path.GetFullPath(Path.Combine(options.Root, set.Folder))}.");
        }
        return new Dataset(set.Name, set.Labels, train, test);
    }

    private static DatasetPart? LoadPart(CatalogueSet set, DatasetCatalogue catalogue, CataloguePart part, DatasetLoadOptions options)
    {
        string folder = Path.Combine(options.Root, set.Folder);
        if (!Directory.Exists(folder))
            return null;
        var meaning = new IdxPart.Meaning(set.Labels.Count, set.FirstLabel, null, new PartBuilder.Storage(set.Transposed, LightOnDark: true));
        using var tree = FileTree.Open(folder);
        if (Find(tree, part.Images) is { } images && Find(tree, part.Labels) is { } labels)
            return IdxPart.Load(tree, images, labels, meaning, options, catalogue.File(part.Images + ".gz"), catalogue.File(part.Labels + ".gz"));
        foreach (var archive in catalogue.Archives.Where(a => a.Folder == set.Folder && tree.FileExists(a.Name)))
        {
            using var zip = FileTree.Open(Path.Combine(folder, archive.Name));
            if (Find(zip, part.Images) is { } zippedImages && Find(zip, part.Labels) is { } zippedLabels)
                return IdxPart.Load(zip, zippedImages, zippedLabels, meaning, options, catalogue.File(part.Images + ".gz"), catalogue.File(part.Labels + ".gz"));
        }
        return null;
    }

    private static string? Find(FileTree tree, string name) =>
        new[] { name + ".gz", name }.FirstOrDefault(tree.FileExists);
}
