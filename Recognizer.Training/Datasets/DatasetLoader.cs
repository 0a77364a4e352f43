using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;
using Recognizer.Training.Datasets.Strokes;

namespace Recognizer.Training.Datasets;

/// <summary>Loads a data set by name or path, whatever form it has.</summary>
internal static class DatasetLoader
{
    /// <summary>
    /// A name from the catalogue; else a folder, .zip, .mat, .npz or .csv at that path; else one of that name under the root.
    /// </summary>
    /// <exception cref="DatasetException">It isn't there, or is not fit for use; the message says which file and why.</exception>
    public static Dataset Load(string nameOrPath, DatasetLoadOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        var dataset = nameOrPath == DatasetCatalogue.Strokes ? StrokeDataset.Load(options)
            : options.Catalogue.Find(nameOrPath) is { } set
            ? CatalogueLoader.Load(set, options)
            : InItsLayout(LoadPath(Locate(nameOrPath, options), options));
        bool hasTrain = dataset.Train is { Count: > 0 }, hasTest = dataset.Test is { Count: > 0 };
        if (options.NeedTrain ? hasTrain || options.AllowMissingPart && hasTest : hasTest)
            return dataset;
        string missing = $"{nameOrPath} has no {(options.NeedTrain ? "training" : "test")} images";
        if (dataset.UnreadableFiles is not [var first, ..])
            throw new DatasetException($"{missing}.");
        return options.AllowUnreadable ? dataset : throw new DatasetException($"{missing}: {dataset.UnreadableFiles.Count} files can't be read; the first: {first}");
    }

    /// <summary>Loads a data set with what others, of the same training images, know of those without a class.</summary>
    /// <exception cref="DatasetException">One of them isn't there, or is not fit for use; the message says which file and why.</exception>
    public static Dataset Load(string nameOrPath, IReadOnlyList<string> coarser, DatasetLoadOptions options)
    {
        Dataset dataset = Load(nameOrPath, options);
        return coarser.Count == 0 ? dataset : dataset with { Coarse = CoarseLabels.Find(dataset, [.. coarser.Select(name => Load(name, options with { NeedTest = false }))]) };
    }

    /// <summary>As <see cref="Load(string, IReadOnlyList{string}, DatasetLoadOptions)"/>, in the set's own layout: pictures that aren't in the form to the pixel are drawn in it too.</summary>
    /// <exception cref="DatasetException">One of them isn't there, or is not fit for use; the message says which file and why.</exception>
    public static Dataset LoadInItsLayout(string nameOrPath, IReadOnlyList<string> coarser, DatasetLoadOptions options)
    {
        Dataset dataset = Load(nameOrPath, coarser, options);
        // Images of sets that are known by name are in the form already; of others, what there is to say has been said
        return dataset.Layout == options.Layout || options.Catalogue.Find(nameOrPath) is not null ? dataset : Load(nameOrPath, coarser, options with { Layout = dataset.Layout, Progress = null }) with { Layout = dataset.Layout };
    }

    /// <summary>Whether there is such a set: by name, though it may have to be downloaded, or as a file or folder.</summary>
    public static bool Exists(string nameOrPath, DatasetLoadOptions options) =>
        nameOrPath == DatasetCatalogue.Strokes || options.Catalogue.Find(nameOrPath) is not null || Find(nameOrPath, options) is not null;

    /// <summary>Whether two names or paths stand for the same set.</summary>
    public static bool AreSame(string one, string other, DatasetLoadOptions options)
    {
        return one == other || Full(one) is { } path && path == Full(other);

        string? Full(string name) => Find(name, options) is { } found ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(found)) : null;
    }

    private static string Locate(string nameOrPath, DatasetLoadOptions options) => Find(nameOrPath, options) ?? throw new DatasetException(
        $"There is no data set {nameOrPath}: it is neither a file or folder, here or under {Path.GetFullPath(options.Root)}, nor one of {string.Join(", ", options.Catalogue.Sets.Select(s => s.Name))}, {DatasetCatalogue.Strokes}.");

    private static string? Find(string nameOrPath, DatasetLoadOptions options)
    {
        string under = Path.Combine(options.Root, nameOrPath);
        foreach (string path in (string[])[nameOrPath, under, under + ".zip"])
        {
            if (Directory.Exists(path) || File.Exists(path))
                return path;
        }
        return null;
    }

    private static Dataset LoadPath(string path, DatasetLoadOptions options)
    {
        if (File.Exists(path) && !path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            using var folder = FileTree.Open(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return LoadFile(folder, Path.GetFileName(path), options)
                ?? throw new DatasetException($"{path} is not a data set: expected a folder, or a .zip, .mat, .npz, .csv or {DatasetManifest.FileName} file.");
        }
        using var tree = FileTree.Open(path);
        return LoadTree(tree, options);
    }

    /// <summary>A folder, or what is in a .zip, by what it has.</summary>
    private static Dataset LoadTree(FileTree tree, DatasetLoadOptions options)
    {
        if (tree.FileExists(DatasetManifest.FileName))
            return DatasetManifest.Load(tree, "", options);
        if (tree.FileExists(ImageFolderDataset.ListName))
            return ImageFolderDataset.LoadList(tree, options);
        if (CatalogueLoader.LoadOfficial(tree, options) is { } official)
            return official;
        string[] arrays = [.. tree.Files("").Where(file => Extension(file) == NpzDataset.Ending)], tables = [.. tree.Files("").Where(IsTable)];
        // A table beside such a set tells more of its classes, but a lone archive beside other images may hold whatever was computed from them
        if (arrays.Length > 1 && NpzDataset.LoadTogether(tree, arrays, options) is { } together)
            return together;
        if (tables.Length == 1 || tables.Length == 2 && CsvDataset.OfficialParts(tables[0], options.Catalogue) is { } parts && tables.Contains(parts.Train) && tables.Contains(parts.Test))
            return LoadFile(tree, tables[0], options)!;
        if (tree.Directories("").Count > 0)
            return ImageFolderDataset.LoadFolders(tree, options);
        if (arrays.Length == 1)
            return LoadFile(tree, arrays[0], options)!;
        throw new DatasetException(
            $"{tree.Location} is not a data set: expected {DatasetManifest.FileName}, {ImageFolderDataset.ListName}, one .csv, .mat or .npz file, or a sub-folder of images for each class.");
    }

    /// <summary>MNIST's images are in many files of others, as they are: a set that is in their form to the pixel has their layout.</summary>
    private static Dataset InItsLayout(Dataset dataset)
    {
        const int Looked = 1000;
        if ((dataset.Train ?? dataset.Test) is not { Count: > 0 } part)
            return dataset;
        int every = (part.Count + Looked - 1) / Looked, looked = (part.Count + every - 1) / every;
        int exact = Enumerable.Range(0, looked).Count(i => DataForm.IsExact(part.Image(i * every), NormalizerLayout.Mnist));
        return 2 * exact > looked ? dataset with { Layout = NormalizerLayout.Mnist } : dataset;
    }

    private static bool IsTable(string path) => Extension(path) is ".mat" or ".csv" or ".csv.gz";

    private static string Extension(string path)
    {
        string lower = path.ToLowerInvariant();
        return lower.EndsWith(".csv.gz", StringComparison.Ordinal) ? ".csv.gz" : Path.GetExtension(lower);
    }

    private static Dataset? LoadFile(FileTree tree, string path, DatasetLoadOptions options) => Extension(path) switch
    {
        ".mat" => MatDataset.Load(tree, path, options),
        NpzDataset.Ending => NpzDataset.Load(tree, path, options),
        ".csv" or ".csv.gz" => path == ImageFolderDataset.ListName ? ImageFolderDataset.LoadList(tree, options) : CsvDataset.Load(tree, path, options),
        ".json" => path == DatasetManifest.FileName ? DatasetManifest.Load(tree, "", options) : null,
        _ => null,
    };
}
