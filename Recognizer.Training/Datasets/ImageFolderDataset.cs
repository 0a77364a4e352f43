using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Datasets;

/// <summary>Image files: a sub-folder per class, or a list in <c>labels.csv</c>.</summary>
internal static class ImageFolderDataset
{
    public const string ListName = "labels.csv";
    private const long MaximumFileLength = 64 << 20;

    // How far below the folders of classes images are looked for that don't belong there: links may lead in circles
    private const int LevelsBelow = 3;

    /// <summary>A folder with a sub-folder per class, or with <c>train</c> and <c>test</c>, each of that form or with a list of its own.</summary>
    /// <exception cref="DatasetException">There are fewer than two classes, or all files lie deeper.</exception>
    public static Dataset LoadFolders(FileTree tree, DatasetLoadOptions options)
    {
        var top = tree.Directories("");
        if (top.All(d => FileTree.PartOf(d) is not null))
        {
            var unreadable = new List<string>();
            var lists = top.Where(d => tree.FileExists($"{d}/{ListName}")).Select(d => (Folder: d, Rows: ListOfPart(tree, d))).Where(l => l.Rows is not null).ToDictionary(l => l.Folder, l => l.Rows!);
            string[] labels = [.. LabelTable.FromTexts(tree.Location, [.. top.SelectMany(d => lists.GetValueOrDefault(d)?.Select(r => r.Label) ?? tree.Directories(d).Select(FileTree.NameOf))]).Labels];
            DatasetPart? Part(bool need, string part) => need && top.Where(d => FileTree.PartOf(d) == part).ToArray() is { Length: > 0 } folders
                ? Read(tree, [.. folders.SelectMany(d => lists.GetValueOrDefault(d) ?? Files(tree, d, options))], labels, unreadable, options) : null;
            return new Dataset(tree.Name, labels, Part(options.NeedTrain, "train"), Part(options.NeedTest, "test")) { UnreadableFiles = unreadable };
        }
        return LoadWhole(tree, Files(tree, "", options), options);
    }

    /// <summary>A folder with <c>labels.csv</c>: a line <c>file,label</c> per image, also with a semicolon or tab, under a header or none; a header may say that the label comes first.</summary>
    public static Dataset LoadList(FileTree tree, DatasetLoadOptions options) => LoadWhole(tree, List(tree, ""), options);

    /// <summary>The rows of the list in a part's folder; null where it says something else of the classes, which have folders.</summary>
    private static List<(string Path, string Label)>? ListOfPart(FileTree tree, string part)
    {
        bool hasClasses = tree.Directories(part).Count > 1;
        try
        {
            var rows = List(tree, part);
            return hasClasses && !rows.Exists(r => tree.FileExists(r.Path)) ? null : rows;
        }
        catch (DatasetException) when (hasClasses)
        {
            return null;
        }
    }

    /// <summary>The rows of the list in a folder, with paths from the root of the tree.</summary>
    private static List<(string Path, string Label)> List(FileTree tree, string directory)
    {
        string list = At(ListName), listName = tree.Describe(list);
        using var stream = tree.OpenRead(list);
        List<(string Text, int Number)> lines = [.. TextLines.Read(stream, listName).Select((text, i) => (text, i + 1)).Where(line => line.text.AsSpan().Trim().Length > 0)];
        // Names and labels may have some of the others: where several divide as many lines, as a decimal comma in labels does, files say which it is
        char separator = LabelTable.Separators.MaxBy(s => (lines.Count(l => TrySplit(l.Text, s, out _, out _)),
            lines.Take(10).Count(l => TrySplit(l.Text, s, out string a, out string b) && (tree.FileExists(At(a)) || tree.FileExists(At(b))))));
        var rows = new List<(string Path, string Label)>();
        foreach (var (text, line) in lines)
        {
            if (!TrySplit(text, separator, out string file, out string label))
                throw new DatasetException($"{listName}: line {line} must be a file name, a comma, semicolon or tab, and a label, which is quoted if it has that too.");
            rows.Add((file, label));
        }
        if (rows is [var first, ..] && IsHeader(first, rows, tree.FileExists(At(first.Path))))
        {
            rows.RemoveAt(0);
            if (LabelTable.IsColumnName(first.Path) && !LabelTable.IsColumnName(first.Label))
                rows = [.. rows.Select(r => (r.Label, r.Path))];
        }
        return rows.Count > 0 ? [.. rows.Select(r => (At(r.Path), r.Label))] : throw new DatasetException($"{listName} lists no images.");

        string At(string file) => Path.Combine(directory, file).Replace('\\', '/');
    }

    /// <summary>Whether the first line of a list names its columns: in words of any language, which could be a file that is missing and a class, if others had that too.</summary>
    private static bool IsHeader((string Path, string Label) first, List<(string Path, string Label)> rows, bool isFile) => !isFile
        && (LabelTable.IsColumnName(first.Label) || !FileTree.NameOf(first.Path).Contains('.', StringComparison.Ordinal) && rows.Count(r => r.Label == first.Label) == 1);

    /// <summary>Splits at the separator behind the file name; either side may be quoted, so that separators can be part of it. A label may be a bare one, too; any other one would begin a third column.</summary>
    private static bool TrySplit(string line, char separator, out string file, out string label)
    {
        int end = LabelTable.FieldEnd(line, 0, separator);
        string rest = end < line.Length ? line[(end + 1)..].Trim() : "";
        (file, label) = (LabelTable.Unquote(line[..end].Trim()), LabelTable.Unquote(rest));
        return file.Length > 0 && label.Length > 0 && (rest == $"{separator}" || LabelTable.IsQuoted(rest) || !rest.Contains(separator, StringComparison.Ordinal));
    }

    private static List<(string Path, string Label)> Files(FileTree tree, string parent, DatasetLoadOptions options)
    {
        var classes = tree.Directories(parent);
        List<(string Path, string Label)> files = [.. classes.SelectMany(d => Files(tree, d).Select(f => (f, FileTree.NameOf(d))))];
        string[] left = [.. classes.SelectMany(d => FilesBelow(tree, d, LevelsBelow))];
        if (left.Length == 0)
            return files;
        if (files.Count == 0)
            throw new DatasetException($"{tree.Location}: expected a folder of images for each class, or train and test (training, testing, and val or validation for more of train), each of that form; {left[0]} lies deeper.");
        options.Progress?.Invoke($"left out: {left.Length} files in sub-folders of classes of {tree.Location}, such as {left[0]}");
        return files;
    }

    private static IEnumerable<string> Files(FileTree tree, string directory) => tree.Files(directory).Where(f => !IsOfTheSystem(f));

    private static List<string> FilesBelow(FileTree tree, string directory, int levels)
    {
        try
        {
            return levels == 0 ? [] : [.. tree.Directories(directory).SelectMany(d => Files(tree, d).Concat(FilesBelow(tree, d, levels - 1)))];
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            // They are only counted
            return [];
        }
    }

    /// <summary>What file managers leave in folders.</summary>
    private static bool IsOfTheSystem(string path) => Path.GetFileName(path) is var name && (name.StartsWith('.') || name.Equals("Thumbs.db", StringComparison.OrdinalIgnoreCase) || name.Equals("desktop.ini", StringComparison.OrdinalIgnoreCase));

    private static Dataset LoadWhole(FileTree tree, List<(string Path, string Label)> rows, DatasetLoadOptions options)
    {
        var labels = LabelTable.FromTexts(tree.Location, [.. rows.Select(r => r.Label)]).Labels;
        if (labels.Length < 2)
            throw new DatasetException($"{tree.Location} has {labels.Length} classes, at least two are needed: a sub-folder of images for each.");
        var unreadable = new List<string>();
        var all = Read(tree, rows, labels, unreadable, options);
        return Holdout.Split(tree.Name, labels, all, options) with { UnreadableFiles = unreadable };
    }

    private static DatasetPart Read(FileTree tree, List<(string Path, string Label)> rows, string[] labels, List<string> unreadable, DatasetLoadOptions options)
    {
        options = options.For(labels);
        var number = labels.Select((l, i) => (l, i)).ToDictionary(x => x.l, x => x.i, StringComparer.Ordinal);
        var images = new byte[(long)rows.Count * DatasetPart.PixelsPerImage];
        var classes = new int[rows.Count];
        var problems = new string?[rows.Count];
        Parallel.For(0, rows.Count, options.Parallel, () => new float[DatasetPart.PixelsPerImage], (i, _, scratch) =>
        {
            classes[i] = number[rows[i].Label];
            problems[i] = Decode(tree, rows[i].Path, scratch, images.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage), options);
            return scratch;
        }, _ => { });
        var all = new DatasetPart(images, classes) { Files = [.. rows.Select(r => tree.Describe(r.Path))] };
        int[] broken = [.. Enumerable.Range(0, rows.Count).Where(i => problems[i] is not null)];
        if (broken.Length == 0)
            return all;
        unreadable.AddRange(broken.Select(i => problems[i]!));
        var readable = all.Select([.. Enumerable.Range(0, rows.Count).Where(i => problems[i] is null)]);
        return new DatasetPart(readable.Images, readable.Labels) { Files = readable.Files, UnreadableLabels = [.. broken.Select(i => classes[i])] };
    }

    /// <summary>Decodes one file into <paramref name="destination"/>, or says why it can't be.</summary>
    private static string? Decode(FileTree tree, string path, float[] scratch, Span<byte> destination, DatasetLoadOptions options)
    {
        try
        {
            if (!tree.FileExists(path))
                return $"{tree.Describe(path)}: the file doesn't exist";
            long length = tree.Length(path);
            if (length > MaximumFileLength)
                return $"{tree.Describe(path)}: {length} bytes are more than the {MaximumFileLength} allowed";
            var file = new byte[length];
            // an archive gives one member at a time
            lock (tree)
            {
                using var stream = tree.OpenRead(path);
                stream.ReadExactly(file);
            }
            var gray = ImageDecoder.Decode(file).ToGray();
            PartBuilder.Normalize(gray.Pixels, gray.Width, gray.Height, lightOnDark: null, options, scratch, destination);
            return null;
        }
        catch (ImageFormatException e)
        {
            return $"{tree.Describe(path)}: {e.Message}";
        }
        catch (Exception e) when (e is IOException or DatasetException)
        {
            return e.Message;
        }
    }
}
