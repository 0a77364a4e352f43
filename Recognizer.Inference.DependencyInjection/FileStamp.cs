namespace Recognizer.Inference.DependencyInjection;

/// <summary>What tells that a file has changed. Where links lead to it, their targets count: mounted files are often replaced by pointing a link at another folder,
/// in which everything may have the same time.</summary>
internal readonly record struct FileStamp(string? Target, long Length, DateTime Written)
{
    public bool Exists => Target is not null;

    public static FileStamp Of(string path)
    {
        try
        {
            var file = new FileInfo(Resolve(path, 0));
            return file.Exists ? new FileStamp(file.FullName, file.Length, file.LastWriteTimeUtc) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // In the middle of being replaced, or out of reach just now.
            return default;
        }
    }

    /// <summary>The path without links, those of the folders included.</summary>
    private static string Resolve(string path, int depth)
    {
        if (depth > 40) throw new IOException($"Too many links lead to '{path}'.");
        string full = Path.GetFullPath(path);
        if (Path.GetDirectoryName(full) is not { } parent) return full;
        string here = Path.Combine(Resolve(parent, depth), Path.GetFileName(full));
        FileSystemInfo info = Directory.Exists(here) ? new DirectoryInfo(here) : new FileInfo(here);
        return info.LinkTarget is { } target ? Resolve(Path.Combine(Path.GetDirectoryName(here)!, target), depth + 1) : here;
    }
}
