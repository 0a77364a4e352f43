using System.Security.Cryptography;

namespace Recognizer.Training.Datasets;

/// <summary>Finds the files of a set from the catalogue as they are published: single files, unpacked or not, the MATLAB file, or the archives that have them.</summary>
internal static class CatalogueLoader
{
    /// <summary>A set by name, from its folder under the root.</summary>
    public static Dataset Load(CatalogueSet set, DatasetCatalogue catalogue, DatasetLoadOptions options)
    {
        string folder = Path.Combine(options.Root, set.Folder);
        if (Directory.Exists(folder))
        {
            using var tree = FileTree.Open(folder);
            var dataset = LoadFrom(tree, set, catalogue, verify: true, options);
            if (options.NeedTrain ? dataset.Train is not null : dataset.Test is not null)
                return dataset;
        }
        var part = options.NeedTrain ? set.Train : set.Test;
        throw new DatasetException($"{set.Name} is not complete: {part.Images}.gz and {part.Labels}.gz are expected in {Path.GetFullPath(folder)}.");
    }

    /// <summary>
    /// A folder or archive that has official files, or null. Those of MNIST aren't held to their checksums here, because look-alike sets use the same names.
    /// </summary>
    public static Dataset? LoadOfficial(FileTree tree, DatasetCatalogue catalogue, DatasetLoadOptions options)
    {
        CatalogueSet[] sets = [.. catalogue.Sets.Where(s => FindAll(tree, s.Train.Images, s.Train.Labels) is not null || FindAll(tree, s.Test.Images, s.Test.Labels) is not null)];
        if (sets.Length > 1)
            throw new DatasetException($"{tree.Location} has the files of {string.Join(", ", sets.Select(s => s.Name))}: put it into {sets[0].Folder}/ of the data folder and use one of these names.");
        return sets is [var set] ? LoadFrom(tree, set, catalogue, verify: set.Name != "mnist", options) : null;
    }

    /// <summary>A set from the files in a folder or archive; parts that aren't there are null.</summary>
    private static Dataset LoadFrom(FileTree tree, CatalogueSet set, DatasetCatalogue catalogue, bool verify, DatasetLoadOptions options)
    {
        var train = options.NeedTrain ? LoadPart(tree, set, catalogue, set.Train, verify, options) : null;
        var test = options.NeedTest ? LoadPart(tree, set, catalogue, set.Test, verify, options) : null;
        if ((options.NeedTrain && train is null || options.NeedTest && test is null) && set.Mat is { } mat && Locate(tree, catalogue, mat) is { } place)
        {
            using (place)
            {
                Check(place.Tree, place.Paths[0], catalogue.File(mat));
                var fromMat = MatDataset.Load(place.Tree, place.Paths[0], options with { NeedTrain = options.NeedTrain && train is null, NeedTest = options.NeedTest && test is null }, set.Labels);
                (train, test) = (train ?? fromMat.Train, test ?? fromMat.Test);
            }
        }
        return new Dataset(set.Name, set.Labels, train, test);
    }

    private static DatasetPart? LoadPart(FileTree tree, CatalogueSet set, DatasetCatalogue catalogue, CataloguePart part, bool verify, DatasetLoadOptions options)
    {
        using var place = Locate(tree, catalogue, part.Images, part.Labels);
        if (place is null)
            return null;
        var meaning = new IdxPart.Meaning(set.Labels.Count, set.FirstLabel, null, new PartBuilder.Storage(set.Transposed, LightOnDark: true));
        return IdxPart.Load(place.Tree, place.Paths[0], place.Paths[1], meaning, options,
            verify ? catalogue.File(part.Images + ".gz") : null, verify ? catalogue.File(part.Labels + ".gz") : null);
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
        if (expected is null)
            return;
        using var stream = tree.OpenRead(path);
        if (tree.Length(path) != expected.Size || Convert.ToHexStringLower(SHA256.HashData(stream)) != expected.Sha256)
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
