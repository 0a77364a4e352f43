namespace Recognizer.Inference.DependencyInjection;

/// <summary>What tells that a file has changed; of the file itself where the path is a link. Times of creation tell files apart that a tool has given the same time
/// of change.</summary>
internal readonly record struct FileStamp(bool Exists, long Length, DateTime Written, DateTime Created)
{
    public static FileStamp Of(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
            return file.Exists ? new FileStamp(true, file.Length, file.LastWriteTimeUtc, file.CreationTimeUtc) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // In the middle of being replaced, or out of reach just now.
            return default;
        }
    }
}
