using Recognizer.Training.Datasets.Strokes;

namespace Recognizer.Training.Datasets;

/// <summary>Loads a data set by name or path, whatever form it has.</summary>
internal static class DatasetLoader
{
    /// <summary>
    /// A name from the catalogue; else a folder, .zip, .mat or .csv at that path; else one of that name under the root.
    /// </summary>
    /// <exception cref="DatasetException">It isn't there, or is not fit for use; the message says which file and why.</exception>
    public static Dataset Load(string nameOrPath, DatasetLoadOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        var dataset = nameOrPath == DatasetCatalogue.Strokes ? StrokeDataset.Load(options)
            : DatasetCatalogue.BuiltIn.Find(nameOrPath) is { } set
            ? CatalogueLoader.Load(set, DatasetCatalogue.BuiltIn, options)
            : LoadPath(Locate(nameOrPath, options.Root), options);
        if (options.NeedTrain && dataset.Train is null or { Count: 0 })
            throw new DatasetException($"{nameOrPath} has no training images.");
        if (options.NeedTest && !options.NeedTrain && dataset.Test is null or { Count: 0 })
            throw new DatasetException($"{nameOrPath} has no test images.");
        return dataset;
    }

    private static string Locate(string nameOrPath, string root)
    {
        string under = Path.Combine(root, nameOrPath);
        foreach (string path in (string[])[nameOrPath, under, under + ".zip"])
        {
            if (Directory.Exists(path) || File.Exists(path))
                return path;
        }
        throw new DatasetException(
            $"There is no data set {nameOrPath}: it is neither a file or folder, here or under {Path.GetFullPath(root)}, nor one of {string.Join(", ", DatasetCatalogue.BuiltIn.Sets.Select(s => s.Name))}, {DatasetCatalogue.Strokes}.");
    }

    private static Dataset LoadPath(string path, DatasetLoadOptions options)
    {
        using var tree = FileTree.Open(path);
        if (tree.FileExists(DatasetManifest.FileName))
            return DatasetManifest.Load(tree, "", options);
        throw new DatasetException($"{path} is not a data set: expected {DatasetManifest.FileName} in it.");
    }
}
