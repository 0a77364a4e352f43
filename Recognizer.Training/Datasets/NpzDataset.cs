namespace Recognizer.Training.Datasets;

/// <summary>
/// Data sets in NumPy's archives: <c>x_train</c>, <c>y_train</c>, <c>x_test</c> and <c>y_test</c> as Keras caches MNIST, with other names for images, labels and parts too, or images and
/// labels without parts. Where the name of a file says the part, or whether it has images or labels, as <c>kmnist-train-imgs.npz</c> does, the files whose names are alike otherwise
/// belong to the set, unless it has all by itself.
/// </summary>
internal static class NpzDataset
{
    public const string Ending = ".npz";

    private const string ArrayEnding = ".npy";

    private enum Role
    {
        Images,
        Labels,
    }

    /// <summary>What the name of a file or array says.</summary>
    /// <param name="Part">A name that <see cref="FileTree.PartOf"/> knows, in upper case, or none.</param>
    /// <param name="Role">What it holds, where the name says that.</param>
    /// <param name="Rest">The other words of the name.</param>
    private readonly record struct Meaning(string? Part, Role? Role, string Rest)
    {
        public bool IsPiece => Part is not null || Role is not null;
    }

    /// <summary>An array of images or labels.</summary>
    private readonly record struct Piece(string Part, Role Role, FileTree Archive, string Path)
    {
        public string Name => Archive.Describe(Path);
    }

    /// <summary>A file with its arrays.</summary>
    private sealed class Source : IDisposable
    {
        private readonly FileTree _archive;

        public Source(FileTree tree, string file)
        {
            File = file;
            _archive = tree.OpenArchiveInside(file);
            Meaning ofFile = Of(file, Ending);
            var folders = new Queue<string>([""]);
            while (folders.TryDequeue(out string? folder))
            {
                Members.AddRange(_archive.Files(folder));
                foreach (string inside in _archive.Directories(folder))
                    folders.Enqueue(inside);
            }
            string[] arrays = [.. Members.Where(f => f.EndsWith(ArrayEnding, StringComparison.Ordinal))];
            foreach (string array in arrays)
            {
                Meaning meaning = Of(array, ArrayEnding);
                Role? alone = arrays.Length == 1 ? ofFile.Role : null;
                if ((alone ?? meaning.Role) is not { } role || alone is null && meaning.Rest.Length > 0)
                    continue;
                NamesPart |= meaning.Part is not null;
                Pieces.Add(new Piece(meaning.Part ?? ofFile.Part ?? "", role, _archive, array));
            }
            IsComplete = HaveBoth(Pieces) && (ofFile.Part is null || Pieces.Select(p => FileTree.PartOf(p.Part)).Distinct().Count() > 1);
        }

        public string File { get; }

        public List<string> Members { get; } = [];

        public List<Piece> Pieces { get; } = [];

        /// <summary>Whether the name of an array says the part.</summary>
        public bool NamesPart { get; }

        /// <summary>Whether nothing is to be looked for in other files: it has images and labels, either of both parts or of none.</summary>
        public bool IsComplete { get; }

        public bool HasPart(string part) => Pieces.Exists(p => FileTree.PartOf(p.Part) == part);

        public void Dispose() => _archive.Dispose();
    }

    private static Meaning Of(string name, string ending)
    {
        string? part = null;
        Role? role = null;
        var rest = new List<string>();
        foreach (string word in name[..^ending.Length].ToUpperInvariant().Split('_', '-', '.', '/'))
        {
            Role? known = word switch
            {
                "X" or "IMAGES" or "IMAGE" or "IMGS" or "IMG" or "DATA" => Role.Images,
                "Y" or "LABELS" or "LABEL" or "TARGETS" or "TARGET" => Role.Labels,
                _ => null,
            };
            if (part is null && FileTree.PartOf(word) is not null)
                part = word;
            else if (role is null && known is not null)
                role = known;
            else
                rest.Add(word);
        }
        return new Meaning(part, role, string.Join('-', rest));
    }

    private static bool AreAlike(Meaning a, Meaning b) => a.IsPiece && b.IsPiece && a.Rest == b.Rest && a.Part is null == b.Part is null;

    private static bool HaveBoth(IEnumerable<Piece> pieces) => pieces.Select(p => p.Role).Distinct().Count() == 2;

    /// <summary>Adds the files that make up a set with this one, in their order; those that would be a set by themselves, or have the same as this one, are none of them.</summary>
    private static Source Gather(FileTree tree, string path, List<Source> sources, Action<string>? progress)
    {
        var named = new Source(tree, path);
        sources.Add(named);
        Meaning meaning = Of(path, Ending);
        if (named.IsComplete)
            return named;
        foreach (string file in tree.Files("").Where(f => f != path && f.EndsWith(Ending, StringComparison.OrdinalIgnoreCase) && AreAlike(Of(f, Ending), meaning)))
        {
            var other = new Source(tree, file);
            if (!other.IsComplete && !other.Pieces.Exists(p => named.Pieces.Exists(q => (q.Part, q.Role) == (p.Part, p.Role))))
            {
                sources.Add(other);
                continue;
            }
            other.Dispose();
            progress?.Invoke($"left out: {tree.Describe(file)}, as {(other.IsComplete ? "it is a set by itself" : $"{path} has the same")}");
        }
        sources.Sort((a, b) => string.CompareOrdinal(a.File, b.File));
        return named;
    }

    /// <summary>The set that these files make up, or null where they don't make up one.</summary>
    public static Dataset? LoadTogether(FileTree tree, string[] files, DatasetLoadOptions options)
    {
        if (!Array.TrueForAll(files, file => AreAlike(Of(file, Ending), Of(files[0], Ending))))
            return null;
        var sources = new List<Source>();
        try
        {
            Gather(tree, files[0], sources, progress: null);
            return sources.Count == files.Length && HaveBoth(sources.SelectMany(s => s.Pieces)) ? Build(tree, files[0], sources, options) : null;
        }
        finally
        {
            sources.ForEach(source => source.Dispose());
        }
    }

    public static Dataset Load(FileTree tree, string path, DatasetLoadOptions options)
    {
        var sources = new List<Source>();
        try
        {
            Source named = Gather(tree, path, sources, options.Progress);
            Dataset set = Build(tree, path, sources, options);
            string wanted = options.NeedTest ? "test" : "train";
            string[] others = [.. sources.Where(s => s.HasPart(wanted)).Select(s => s.File)];
            if (options.NeedTrain != options.NeedTest && others.Length > 0 && !named.HasPart(wanted))
                options.Progress?.Invoke($"{tree.Describe(path)} belongs to a set of the files {string.Join(", ", sources.Select(s => s.File))}, whose {(options.NeedTest ? "test" : "training")} images are in {string.Join(", ", others)}");
            return set;
        }
        finally
        {
            sources.ForEach(source => source.Dispose());
        }
    }

    private static Dataset Build(FileTree tree, string path, List<Source> sources, DatasetLoadOptions options)
    {
        string name = tree.Describe(path), title = Title(path) is { Length: > 0 } own ? own : tree.Name;
        Piece[] pieces = [.. sources.SelectMany(s => s.Pieces)];
        if (pieces.Length == 0)
            throw new DatasetException($"{name} has the arrays {string.Join(", ", sources.SelectMany(s => s.Members))}, expected x_train and y_train, x_test and y_test, or images and labels.");
        return Build(title, name, [.. pieces.GroupBy(p => p.Part).Select(Pair)], !sources.Exists(s => s.NamesPart), options);
    }

    /// <summary>The file's name without its ending, and where it is one of several, without what tells it from the others.</summary>
    private static string Title(string path)
    {
        string name = path[..^Ending.Length], rest = Of(path, Ending).Rest;
        return Of(name[..rest.Length] + Ending, Ending).Rest == rest ? name[..rest.Length] : name;
    }

    private static (string Part, Piece Images, Piece Labels) Pair(IGrouping<string, Piece> part)
    {
        Piece[] images = [.. part.Where(p => p.Role == Role.Images)], labels = [.. part.Where(p => p.Role == Role.Labels)];
        if (images is [var a] && labels is [var b])
            return (part.Key, a, b);
        throw new DatasetException(images.Length > 1 || labels.Length > 1
            ? $"{string.Join(", ", (images.Length > 1 ? images : labels).Select(p => p.Name))}: these are the {(images.Length > 1 ? "images" : "labels")} of the same part, expected one array."
            : images is [var alone] ? $"{alone.Name} are images without labels: expected an array such as y or labels{OfPart()}." : $"{labels[0].Name} are labels without images: expected an array such as x or images{OfPart()}.");

        string OfPart() => part.Key.Length > 0 ? $" of the same part ({part.Key.ToLowerInvariant()})" : "";
    }

    private static Dataset Build(string title, string name, (string Part, Piece Images, Piece Labels)[] pairs, bool partsAreFiles, DatasetLoadOptions options)
    {
        if (pairs.Length > 1 && Array.Find(pairs, p => p.Part.Length == 0) is { Images.Archive: not null } without)
        {
            options.Progress?.Invoke($"left out: {without.Images.Name}, as others are of a part");
            pairs = [.. pairs.Where(p => p.Part.Length > 0)];
        }
        string[] parts = [.. pairs.Select(p => FileTree.PartOf(p.Part) ?? "").Distinct()];
        // As one file of other tables, whatever it is called
        bool isWhole = parts is [var part] && (part.Length == 0 || partsAreFiles);
        IReadOnlyList<string>[] texts = [.. pairs.Select(p => Labels(p.Labels))];
        var (labels, all) = LabelTable.FromTexts(name, [.. texts.SelectMany(t => t)]);
        DatasetLoadOptions forLabels = options.For(labels);
        return isWhole ? ArrayImages.Whole(title, labels, Part(parts[0])!, options)
            : new Dataset(title, labels, options.NeedTrain ? Part("train") : null, options.NeedTest ? Part("test") : null);

        DatasetPart? Part(string wanted)
        {
            var built = new List<DatasetPart>();
            for (int i = 0, first = 0; i < pairs.Length; first += texts[i++].Count)
            {
                if ((FileTree.PartOf(pairs[i].Part) ?? "") == wanted)
                    built.Add(Images(pairs[i].Images, texts[i].Count, pairs[i].Labels.Name, options).Build(all[first..(first + texts[i].Count)], forLabels));
            }
            return built.Count == 0 ? null : DatasetPart.Join(built);
        }
    }

    /// <summary>A number or a text for each image, or a row with a one at its class and zeros else.</summary>
    private static IReadOnlyList<string> Labels(Piece piece)
    {
        var (array, isFortran) = NpyReader.Read(piece.Archive, piece.Path, mayBeTexts: true);
        if (array.Texts is not null || array.Dimensions is not [> 1 and var count, > 1 and var classes])
            return array.Dimensions.Count(d => d != 1) <= 1 ? array.Texts ?? ArrayImages.Texts(array.Values, piece.Name) : throw new DatasetException($"{piece.Name} is {array.Size}, expected a label for each image.");
        return ArrayImages.Texts(Enumerable.Range(0, count).Select(i => (double)OneHot(i)), piece.Name);

        int OneHot(int row)
        {
            int? one = null;
            for (int c = 0; c < classes; c++)
            {
                double value = array[isFortran ? c * count + row : row * classes + c];
                if (value != 0 && (value != 1 || one is not null))
                    throw NotOne();
                if (value == 1)
                    one = c;
            }
            return one ?? throw NotOne();

            DatasetException NotOne() => new($"{piece.Name}: row {row} of {array.Size} is not one 1 among zeros, as labels of {classes} classes are.");
        }
    }

    private static ArrayImages Images(Piece piece, int labels, string labelsName, DatasetLoadOptions options)
    {
        var (array, isFortran) = NpyReader.Read(piece.Archive, piece.Path);
        var (count, height, width) = array.Dimensions switch
        {
            [var n, var size] when ArrayImages.Side(size, piece.Name) is var side => (n, side, side),
            [var n, var h, var w] => (n, h, w),
            [var n, 1, var h, var w] => (n, h, w),
            [var n, var h, var w, 1] => (n, h, w),
            _ => throw new DatasetException($"{piece.Name} is {array.Size}, expected images × height × width, with one channel or none, or images × pixels."),
        };
        if (height is < 1 or > ArrayImages.MaximumSide || width is < 1 or > ArrayImages.MaximumSide)
            throw new DatasetException($"{piece.Name} has images of {width}×{height} pixels; 1×1 to {ArrayImages.MaximumSide}×{ArrayImages.MaximumSide} are supported.");
        if (count != labels)
            throw new DatasetException($"{piece.Name} has {count} images, but {labelsName} has {labels} labels.");
        byte[] levels = array.Levels(piece.Name, options.Progress);
        if (!isFortran)
            return new ArrayImages(new RawImages(levels, count, height, width), Transposed: false);
        // The first index is the fastest: pixels of an image that has two of its own go down its columns
        byte[] pixels = ArrayImages.Gather(levels, count, options);
        return array.Dimensions.Length == 2
            ? new ArrayImages(new RawImages(pixels, count, height, width), Transposed: false)
            : new ArrayImages(new RawImages(pixels, count, width, height), Transposed: true);
    }
}
