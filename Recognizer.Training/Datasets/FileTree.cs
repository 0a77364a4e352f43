using System.IO.Compression;

namespace Recognizer.Training.Datasets;

/// <summary>Files of a data set, in a folder or inside a .zip. Paths are relative, separated by <c>/</c>; "" is the root.</summary>
internal abstract class FileTree : IDisposable
{
    /// <summary>Folder or archive, as messages name it.</summary>
    public abstract string Location { get; }

    /// <summary>Name of the folder, or that of the archive without its ending.</summary>
    public abstract string Name { get; }

    public abstract bool FileExists(string path);

    public abstract bool DirectoryExists(string path);

    /// <summary>Paths of the files directly in a folder, in ordinal order.</summary>
    public abstract IReadOnlyList<string> Files(string directory);

    /// <summary>Paths of the folders directly in a folder, in ordinal order; hidden ones (leading dot, <c>__MACOSX</c>) are left out.</summary>
    public abstract IReadOnlyList<string> Directories(string directory);

    /// <summary>Length of a file's content in bytes.</summary>
    public abstract long Length(string path);

    /// <summary>Opens a file for one pass from its start.</summary>
    public abstract Stream OpenRead(string path);

    /// <summary>The name of a file in messages.</summary>
    public abstract string Describe(string path);

    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>A folder, or a .zip file, of which the innermost folder that has everything is taken as the root, unless it is one of folders with the name of a part: that part alone.</summary>
    public static FileTree Open(string path) => Directory.Exists(path) ? new FolderTree(path) : OpenArchive(path);

    public static FileTree OpenArchive(string path) => new ZipTree(path, () => ZipFile.OpenRead(path));

    /// <summary>An archive that is a file of this tree.</summary>
    public FileTree OpenArchiveInside(string path)
    {
        Stream stream = OpenRead(path);
        try
        {
            return new ZipTree(Describe(path), () => new ZipArchive(stream, ZipArchiveMode.Read));
        }
        catch (DatasetException)
        {
            stream.Dispose();
            throw;
        }
    }

    public static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>The part, <c>train</c> or <c>test</c>, that a folder with this name holds: that or <c>training</c> or <c>testing</c>, in any case; null for other names. Images for validation,
    /// <c>val</c>, <c>valid</c> or <c>validation</c>, are training images: training holds its own back from all of them.</summary>
    public static string? PartOf(string name) => name.ToUpperInvariant() switch
    {
        "TRAIN" or "TRAINING" => "train",
        "TEST" or "TESTING" => "test",
        _ => IsValidation(name) ? "train" : null,
    };

    private static bool IsValidation(string name) => name.ToUpperInvariant() is "VAL" or "VALID" or "VALIDATION";

    protected static bool IsHidden(string name) => name.StartsWith('.') || name == "__MACOSX";

    private sealed class FolderTree(string root) : FileTree
    {
        public override string Location => root;

        public override string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)));

        private string Full(string path) => Path.Combine(root, path.Replace('/', Path.DirectorySeparatorChar));

        public override bool FileExists(string path) => File.Exists(Full(path));

        public override bool DirectoryExists(string path) => Directory.Exists(Full(path));

        public override IReadOnlyList<string> Files(string directory) => List(directory, Directory.EnumerateFiles(Full(directory)));

        public override IReadOnlyList<string> Directories(string directory) => List(directory, Directory.EnumerateDirectories(Full(directory)));

        private static List<string> List(string directory, IEnumerable<string> entries) =>
            [.. entries.Select(e => Path.GetFileName(e)).Where(n => !IsHidden(n)).Order(StringComparer.Ordinal).Select(n => directory.Length == 0 ? n : $"{directory}/{n}")];

        public override long Length(string path) => new FileInfo(Full(path)).Length;

        public override Stream OpenRead(string path)
        {
            try
            {
                return new FileStream(Full(path), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new DatasetException($"{Describe(path)} can't be opened: {e.Message}", e);
            }
        }

        public override string Describe(string path) => Path.GetFullPath(Full(path));
    }

    private sealed class ZipTree : FileTree
    {
        private readonly string _archivePath;
        private readonly ZipArchive _archive;
        private readonly Dictionary<string, ZipArchiveEntry> _files = new(StringComparer.Ordinal);
        private readonly Dictionary<string, (List<string> Files, SortedSet<string> Directories)> _directories = new(StringComparer.Ordinal) { [""] = ([], new(StringComparer.Ordinal)) };
        private readonly string _top = "";

        public ZipTree(string archivePath, Func<ZipArchive> open)
        {
            _archivePath = archivePath;
            try
            {
                _archive = open();
                foreach (var entry in _archive.Entries)
                    Add(entry);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or DatasetException)
            {
                _archive?.Dispose();
                throw e as DatasetException ?? new DatasetException($"{archivePath} is not a readable .zip file: {e.Message}", e);
            }
            // Images for validation alone are a set by themselves
            while (Files("").Count == 0 && Directories("") is [var only] && (PartOf(only) is null || IsValidation(only) || Files(only).Count > 0))
                _top += only + "/";
        }

        private void Add(ZipArchiveEntry entry)
        {
            string name = entry.FullName.Replace('\\', '/'), path = Resolve(name);
            string[] parts = path.Split('/');
            if (parts[0] == ".." || name.EndsWith('/') || Array.Exists(parts, p => IsHidden(p)))
                return;
            // Deflate, the strongest method read here, shrinks at most 1032-fold.
            if (entry.Length / 1032 > entry.CompressedLength)
                throw new DatasetException($"{_archivePath}:{path} is damaged: {entry.CompressedLength} compressed bytes can't hold the promised {entry.Length}.");
            if (_files.TryGetValue(path, out var other) && other.FullName != entry.FullName)
                return;
            if (!_files.TryAdd(path, entry))
                throw new DatasetException($"{_archivePath} has two members named {path}.");
            string directory = "";
            foreach (string part in parts.AsSpan(0, parts.Length - 1))
            {
                string child = directory.Length == 0 ? part : $"{directory}/{part}";
                _directories[directory].Directories.Add(child);
                _directories.TryAdd(child, ([], new(StringComparer.Ordinal)));
                directory = child;
            }
            _directories[directory].Files.Add(path);
        }

        public override string Location => _archivePath;

        public override string Name => Path.GetFileNameWithoutExtension(_archivePath);

        private string Inside(string path) => Resolve(_top + path);

        /// <summary>A path without what leads nowhere (<c>.</c>, <c>a/..</c>, further slashes); one that leaves the archive, where no member is, begins with <c>..</c>.</summary>
        private static string Resolve(string path)
        {
            var parts = new List<string>();
            foreach (string part in path.Split('/'))
            {
                if (part == ".." && parts is [.., not ".."])
                    parts.RemoveAt(parts.Count - 1);
                else if (part is not ("" or "."))
                    parts.Add(part);
            }
            return string.Join('/', parts);
        }

        private string Outside(string path) => path[_top.Length..];

        public override bool FileExists(string path) => _files.ContainsKey(Inside(path));

        public override bool DirectoryExists(string path) => _directories.ContainsKey(Inside(path));

        public override IReadOnlyList<string> Files(string directory) => [.. _directories[Inside(directory)].Files.Order(StringComparer.Ordinal).Select(Outside)];

        public override IReadOnlyList<string> Directories(string directory) => [.. _directories[Inside(directory)].Directories.Select(Outside)];

        public override long Length(string path) => _files[Inside(path)].Length;

        public override Stream OpenRead(string path)
        {
            try
            {
                return new BoundedStream(_files[Inside(path)].Open(), Length(path), Describe(path));
            }
            catch (InvalidDataException e)
            {
                throw new DatasetException($"{Describe(path)} can't be read: {e.Message}", e);
            }
        }

        public override string Describe(string path) => $"{_archivePath}:{Inside(path)}";

        public override void Dispose()
        {
            _archive.Dispose();
            base.Dispose();
        }
    }

    /// <summary>Refuses a member that unpacks to more or less than the archive's directory says.</summary>
    private sealed class BoundedStream(Stream inner, long length, string name) : ForwardStream
    {
        private long _read;

        public override int Read(Span<byte> buffer)
        {
            if (buffer.Length == 0)
                return 0;
            int n;
            try
            {
                n = inner.Read(buffer);
            }
            catch (InvalidDataException e)
            {
                throw new DatasetException($"{name} is damaged: {e.Message}", e);
            }
            _read += n;
            if (_read > length || n == 0 && _read < length)
                throw new DatasetException($"{name} is damaged: the archive promises {length} bytes, the member holds {(n == 0 ? $"only {_read}" : "more")}.");
            return n;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
