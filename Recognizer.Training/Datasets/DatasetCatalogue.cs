using System.Security.Cryptography;
using System.Text.Json;

namespace Recognizer.Training.Datasets;

/// <summary>A file as its publisher made it.</summary>
/// <param name="Name">File name with its extension.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Sha256">Checksum in lower-case hexadecimal.</param>
/// <param name="ContentSha256">Checksum of the unpacked content, so that unpacked or recompressed files are recognised; null where it isn't known.</param>
internal sealed record CatalogueFile(string Name, long Size, string Sha256, string? ContentSha256)
{
    /// <summary>Whether a file is this one, byte for byte.</summary>
    public bool Matches(FileTree tree, string path)
    {
        if (tree.Length(path) != Size)
            return false;
        using var stream = tree.OpenRead(path);
        return Checksum(stream) == Sha256;
    }

    /// <summary>The checksum of all that a stream has.</summary>
    public static string Checksum(Stream stream) => Convert.ToHexStringLower(SHA256.HashData(stream));
}

/// <summary>The two files of a split, without <c>.gz</c>.</summary>
internal sealed record CataloguePart(string Images, string Labels);

/// <summary>A published archive that has several of the files.</summary>
/// <param name="Name">File name.</param>
/// <param name="Folder">Folder under the root.</param>
/// <param name="Urls">Where it can be downloaded, best first.</param>
internal sealed record CatalogueArchive(string Name, string Folder, IReadOnlyList<Uri> Urls);

/// <summary>A data set that is known by name.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Description">What it is, in a few words.</param>
/// <param name="Terms">Terms of use.</param>
/// <param name="Folder">Folder under the root that has its files.</param>
/// <param name="Labels">Text of each class.</param>
/// <param name="FirstLabel">The number that the files give to the first class.</param>
/// <param name="Transposed">Whether the files store images with x and y exchanged.</param>
/// <param name="Train">Files of the training split.</param>
/// <param name="TrainCounts">Images of each class in it.</param>
/// <param name="Test">Files of the test split.</param>
/// <param name="Mat">The MATLAB file with the same content, if there is one.</param>
/// <param name="Mirrors">Folders that have the single files, best first.</param>
internal sealed record CatalogueSet(
    string Name, string Description, string Terms, string Folder, IReadOnlyList<string> Labels, int FirstLabel, bool Transposed,
    CataloguePart Train, IReadOnlyList<int> TrainCounts, CataloguePart Test, string? Mat, IReadOnlyList<Uri> Mirrors);

/// <summary>The data sets known by name, with their files, checksums and mirrors (datasets/catalogue.json).</summary>
internal sealed class DatasetCatalogue
{
    /// <summary>Name of the built-in procedural handwriting.</summary>
    public const string Strokes = "strokes";

    private static readonly Lazy<DatasetCatalogue> s_builtIn = new(() =>
    {
        using var stream = typeof(DatasetCatalogue).Assembly.GetManifestResourceStream("catalogue.json")!;
        using var document = JsonDocument.Parse(stream);
        return new DatasetCatalogue(document.RootElement);
    });

    private readonly Dictionary<string, CatalogueFile> _files;

    /// <summary>Reads a catalogue; the built-in one is trusted to be well formed.</summary>
    public DatasetCatalogue(JsonElement root)
    {
        _files = root.GetProperty("files").EnumerateArray().Select(f => new CatalogueFile(
            Text(f, "name"), f.GetProperty("size").GetInt64(), Text(f, "sha256"), f.TryGetProperty("contentSha256", out var content) ? content.GetString() : null))
            .ToDictionary(f => f.Name, StringComparer.Ordinal);
        Archives = [.. root.GetProperty("archives").EnumerateArray().Select(a => new CatalogueArchive(Text(a, "name"), Text(a, "folder"), Urls(a, "urls")))];
        Sets = [.. root.GetProperty("sets").EnumerateArray().Select(s => new CatalogueSet(
            Text(s, "name"), Text(s, "description"), Text(s, "terms"), Text(s, "folder"), [.. Text(s, "labels").Select(c => c.ToString())],
            s.GetProperty("firstLabel").GetInt32(), Text(s, "orientation") == "transposed", Part(s, "train"), Counts(s), Part(s, "test"),
            s.TryGetProperty("mat", out var mat) ? mat.GetString() : null, Urls(s, "mirrors")))];
    }

    /// <summary>The catalogue that the program ships with.</summary>
    public static DatasetCatalogue BuiltIn => s_builtIn.Value;

    public IReadOnlyList<CatalogueSet> Sets { get; }

    public IReadOnlyList<CatalogueArchive> Archives { get; }

    /// <summary>The set with that name, or null.</summary>
    public CatalogueSet? Find(string name) => Sets.FirstOrDefault(s => s.Name == name);

    /// <summary>Facts about an official file, or null for one that isn't known.</summary>
    public CatalogueFile? File(string name) => _files.GetValueOrDefault(name);

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    /// <summary>One number stands for all classes of a balanced set.</summary>
    private static int[] Counts(JsonElement set)
    {
        JsonElement counts = set.GetProperty("trainCounts");
        return counts.ValueKind == JsonValueKind.Array ? [.. counts.EnumerateArray().Select(c => c.GetInt32())] : [.. Enumerable.Repeat(counts.GetInt32(), Text(set, "labels").Length)];
    }

    private static Uri[] Urls(JsonElement element, string property) => [.. element.GetProperty(property).EnumerateArray().Select(u => new Uri(u.GetString()!))];

    private static CataloguePart Part(JsonElement element, string property) => new(element.GetProperty(property)[0].GetString()!, element.GetProperty(property)[1].GetString()!);
}
