using System.Text.Json;

namespace Recognizer.Training.Datasets;

/// <summary>Reads <c>dataset.json</c>: the labels, and the IDX files of each part, with paths relative to it.</summary>
internal static class DatasetManifest
{
    public const string FileName = "dataset.json";

    public static Dataset Load(FileTree tree, string directory, DatasetLoadOptions options)
    {
        return Load(tree, directory, Open(tree, directory), tree.Describe(Join(directory, FileName)), options);
    }

    /// <summary>What the <c>dataset.json</c> of a folder says of it; no other file is read.</summary>
    /// <exception cref="DatasetException">It is no JSON object.</exception>
    public static (bool Train, bool Test, string Description) Describe(FileTree tree)
    {
        var root = Open(tree, "");
        return (Part(root, "train") is not null, Part(root, "test") is not null, root.TryGetProperty("description", out var text) ? text.ToString() : "");
    }

    private static JsonElement Open(FileTree tree, string directory)
    {
        string path = Join(directory, FileName);
        try
        {
            using var stream = tree.OpenRead(path);
            using var document = JsonDocument.Parse(stream, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new DatasetException($"{tree.Describe(path)}: expected an object.");
        }
        catch (JsonException e)
        {
            throw new DatasetException($"{tree.Describe(path)} is not valid JSON: {e.Message}", e);
        }
    }

    private static Dataset Load(FileTree tree, string directory, JsonElement root, string name, DatasetLoadOptions options)
    {
        if (!root.TryGetProperty("labels", out var list) || list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(l => l.ValueKind != JsonValueKind.String))
            throw new DatasetException($"{name}: \"labels\" must be an array of strings, one per class.");
        string[] labels = [.. list.EnumerateArray().Select(l => l.GetString()!)];
        if (labels.Length < 2)
            throw new DatasetException($"{name}: \"labels\" needs at least two classes.");
        if (labels.GroupBy(l => l, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new DatasetException($"{name}: the label \"{twice.Key}\" is there twice.");
        var storage = new PartBuilder.Storage(
            Choice(root, name, "orientation", "upright", "transposed") == "transposed",
            Choice(root, name, "polarity", "light-on-dark", "dark-on-light") is { } polarity ? polarity == "light-on-dark" : null);
        var dataset = new Dataset(
            Text(root, name, "name") ?? tree.Name, labels,
            options.NeedTrain ? LoadPart("train") : null,
            options.NeedTest ? LoadPart("test") : null);
        if (!root.TryGetProperty("train", out _) && !root.TryGetProperty("test", out _))
            throw new DatasetException($"{name} has neither \"train\" nor \"test\".");
        return dataset;

        DatasetPart? LoadPart(string part)
        {
            if (Part(root, part) is not { } element)
                return null;
            if (element.ValueKind != JsonValueKind.Object)
                throw new DatasetException($"{name}: \"{part}\" must be an object with \"images\" and \"labels\".");
            int? unknown = null;
            if (element.TryGetProperty("unknownLabel", out var u))
                unknown = u.ValueKind == JsonValueKind.Number && u.TryGetInt32(out int n) ? n : throw new DatasetException($"{name}: \"unknownLabel\" of \"{part}\" must be an integer.");
            return IdxPart.Load(tree, File("images"), File("labels"), new IdxPart.Meaning(labels.Length, 0, unknown, storage), options.For(labels) with { KeepUnknown = options.KeepUnknown && part == "train" });

            string File(string property) => Resolve(tree, directory,
                Text(element, name, property) ?? throw new DatasetException($"{name}: \"{part}\" needs \"{property}\", the name of an IDX file."), $"{name}: \"{property}\" of \"{part}\"");
        }
    }

    private static JsonElement? Part(JsonElement root, string part) => root.TryGetProperty(part, out var element) && element.ValueKind != JsonValueKind.Null ? element : null;

    private static string Resolve(FileTree tree, string directory, string relative, string where)
    {
        string path = Join(directory, relative.Replace('\\', '/'));
        foreach (string candidate in (string[])[path, path + ".gz"])
        {
            if (tree.FileExists(candidate))
                return candidate;
        }
        throw new DatasetException($"{where} names {tree.Describe(path)}, which doesn't exist.");
    }

    private static string Join(string directory, string file) => directory.Length == 0 ? file : $"{directory}/{file}";

    private static string? Text(JsonElement element, string name, string property)
    {
        if (!element.TryGetProperty(property, out var value))
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw new DatasetException($"{name}: \"{property}\" must be a string.");
    }

    private static string? Choice(JsonElement root, string name, string property, string first, string second)
    {
        string? value = Text(root, name, property);
        return value is null || value == first || value == second ? value : throw new DatasetException($"{name}: \"{property}\" is \"{value}\", expected \"{first}\" or \"{second}\".");
    }
}
