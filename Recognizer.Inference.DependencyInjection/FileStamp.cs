namespace Recognizer.Inference.DependencyInjection;

/// <summary>What tells that a file has changed; of the file itself where the path is a link.</summary>
internal readonly record struct FileStamp(bool Exists, long Length, DateTime Written)
{
    public static FileStamp Of(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
            return file.Exists ? new FileStamp(true, file.Length, file.LastWriteTimeUtc) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // In the middle of being replaced, or out of reach just now.
            return default;
        }
    }
}
