using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Datasets;

/// <summary>Finds the files of a set from the catalogue as they are published: single files, unpacked or not, the MATLAB file, or the archives that have them.</summary>
internal static class CatalogueLoader
{
    /// <summary>A set by name, from its folder under the root; what is missing is downloaded unless that is forbidden.</summary>
    public static Dataset Load(CatalogueSet set, DatasetLoadOptions options)
    {
        Complete(set, options);
        string folder = Path.Combine(options.Root, set.Folder);
        if (!Directory.Exists(folder))
            return new Dataset(set.Name, set.Labels, null, null);
        using var tree = FileTree.Open(folder);
        return LoadFrom(tree, set, verify: true, options) with { Layout = set.Name == "mnist" ? NormalizerLayout.Mnist : NormalizerLayout.Emnist };
    }

    /// <summary>Whether the files of a part are there.</summary>
    public static bool Has(CatalogueSet set, CataloguePart part, DatasetLoadOptions options)
    {
        string folder = Path.Combine(options.Root, set.Folder);
        if (!Directory.Exists(folder))
            return false;
        using var tree = FileTree.Open(folder);
        using var place = Locate(tree, options.Catalogue, part.Images, part.Labels) ?? (set.Mat is { } mat ? Locate(tree, options.Catalogue, mat) : null);
        return place is not null;
    }

    /// <summary>Downloads the wanted parts that are missing.</summary>
    /// <exception cref="DatasetException">The part that matters most can't be had: training where both are wanted.</exception>
    public static void Complete(CatalogueSet set, DatasetLoadOptions options)
    {
        foreach (var (part, needed, matters) in ((CataloguePart, bool, bool)[])[(set.Train, options.NeedTrain, !options.AllowMissingPart), (set.Test, options.NeedTest, !options.NeedTrain)])
        {
            if (!needed || Has(set, part, options))
                continue;
            try
            {
                if (options.Offline)
                    throw new DatasetException($"{set.Name} is not complete: {part.Images}.gz and {part.Labels}.gz are expected in {Path.GetFullPath(Path.Combine(options.Root, set.Folder))}, and downloads are off.");
                Download(set, part, options);
            }
            catch (DatasetException e) when (!matters)
            {
                options.Progress?.Invoke($"Going on without the {(part == set.Test ? "test" : "training")} images. {e.Message}");
            }
        }
    }

    /// <summary>Single files where a mirror has them, else the archive.</summary>
    private static void Download(CatalogueSet set, CataloguePart part, DatasetLoadOptions options)
    {
        string folder = Path.Combine(options.Root, set.Folder);
        string[] files = [part.Labels + ".gz", part.Images + ".gz"];
        DatasetException? failure = null;
        if (set.Mirrors.Count > 0)
        {
            try
            {
                foreach (string file in files)
                {
                    if (!File.Exists(Path.Combine(folder, file)) && !File.Exists(Path.Combine(folder, file[..^".gz".Length])))
                        Downloader.Download([.. set.Mirrors.Select(m => new Uri(m, file))], Path.Combine(folder, file), options.Catalogue.File(file)!, options);
                }
                return;
            }
            catch (DatasetException e)
            {
                failure = e;
                options.Progress?.Invoke(e.Message);
            }
        }
        foreach (var archive in options.Catalogue.Archives.Where(a => a.Folder == set.Folder && a.Urls.Count > 0))
        {
            string destination = Path.Combine(folder, archive.Name);
            if (File.Exists(destination))
                throw new DatasetException($"{Path.GetFullPath(destination)} doesn't have {string.Join(" and ", files)}: delete it to download it again.");
            Downloader.Download(archive.Urls, destination, null, path => CheckArchive(path, files, options.Catalogue), options);
            return;
        }
        throw failure ?? new DatasetException($"No mirror of {set.Name} is known.");
    }

    /// <summary>What is wrong with a downloaded archive as the source of these files.</summary>
    private static string? CheckArchive(string path, string[] files, DatasetCatalogue catalogue)
    {
        try
        {
            using var zip = FileTree.OpenArchive(path);
            foreach (string file in files)
            {
                if (!zip.FileExists(file))
                    return $"the archive has no {file}";
                Check(zip, file, catalogue.File(file));
            }
            return null;
        }
        catch (DatasetException e)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// A folder or archive that has official files, or null. Those of MNIST aren't held to their checksums or layout here, because look-alike sets use the same names.
    /// </summary>
    public static Dataset? LoadOfficial(FileTree tree, DatasetLoadOptions options)
    {
        CatalogueSet[] sets = [.. options.Catalogue.Sets.Where(s => FindAll(tree, s.Train.Images, s.Train.Labels) is not null || FindAll(tree, s.Test.Images, s.Test.Labels) is not null)];
        if (sets.Length > 1)
            throw new DatasetException($"{tree.Location} has the files of {string.Join(", ", sets.Select(s => s.Name))}: put it into {sets[0].Folder}/ of the data folder and use one of these names.");
        return sets is [var set] ? LoadFrom(tree, set, verify: set.Name != "mnist", options) : null;
    }

    /// <summary>A set from the files in a folder or archive; parts that aren't there are null.</summary>
    private static Dataset LoadFrom(FileTree tree, CatalogueSet set, bool verify, DatasetLoadOptions options)
    {
        var train = options.NeedTrain ? LoadPart(tree, set, set.Train, verify, options) : null;
        var test = options.NeedTest ? LoadPart(tree, set, set.Test, verify, options) : null;
        if ((options.NeedTrain && train is null || options.NeedTest && test is null) && set.Mat is { } mat && Locate(tree, options.Catalogue, mat) is { } place)
        {
            using (place)
            {
                Check(place.Tree, place.Paths[0], options.Catalogue.File(mat));
                var fromMat = MatDataset.Load(place.Tree, place.Paths[0], options with { NeedTrain = options.NeedTrain && train is null, NeedTest = options.NeedTest && test is null }, set.Labels);
                (train, test) = (train ?? fromMat.Train, test ?? fromMat.Test);
            }
        }
        return new Dataset(set.Name, set.Labels, train, test);
    }

    private static DatasetPart? LoadPart(FileTree tree, CatalogueSet set, CataloguePart part, bool verify, DatasetLoadOptions options)
    {
        using var place = Locate(tree, options.Catalogue, part.Images, part.Labels);
        if (place is null)
            return null;
        var meaning = new IdxPart.Meaning(set.Labels.Count, set.FirstLabel, null, new PartBuilder.Storage(set.Transposed, LightOnDark: true));
        return IdxPart.Load(place.Tree, place.Paths[0], place.Paths[1], meaning, options,
            verify ? options.Catalogue.File(part.Images + ".gz") : null, verify ? options.Catalogue.File(part.Labels + ".gz") : null);
    }

    private static string[]? FindAll(FileTree tree, params ReadOnlySpan<string> names)
    {
        var paths = new string[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            string name = names[i];
            if (new[] { name + ".gz", name }.FirstOrDefault(tree.FileExists) is not { } path)
                return null;
            paths[i] = path;
        }
        return paths;
    }

    /// <summary>Where files that belong together are: in the folder itself, or in one of the official archives in it.</summary>
    private static Place? Locate(FileTree tree, DatasetCatalogue catalogue, params ReadOnlySpan<string> names)
    {
        if (FindAll(tree, names) is { } paths)
            return new Place(tree, paths, Owned: false);
        foreach (var archive in catalogue.Archives)
        {
            string file = Path.Combine(tree.Location, archive.Name);
            if (!File.Exists(file))
                continue;
            var zip = FileTree.Open(file);
            if (FindAll(zip, names) is { } zipped)
                return new Place(zip, zipped, Owned: true);
            zip.Dispose();
        }
        return null;
    }

    private static void Check(FileTree tree, string path, CatalogueFile? expected)
    {
        if (expected is not null && !expected.Matches(tree, path))
            throw new DatasetException($"{tree.Describe(path)} is not the official file: its sha256 differs from {expected.Sha256}.");
    }

    private sealed record Place(FileTree Tree, string[] Paths, bool Owned) : IDisposable
    {
        public void Dispose()
        {
            if (Owned)
                Tree.Dispose();
        }
    }
}
