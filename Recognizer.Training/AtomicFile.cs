namespace Recognizer.Training;

/// <summary>Files that are either there completely or not at all, whenever the process dies.</summary>
internal static class AtomicFile
{
    /// <summary>What the name of a file ends in until all of it is written.</summary>
    public const string Unfinished = ".tmp";

    /// <summary>Writes beside the target, forces it to the disk, and renames; where that fails, nothing is left but the target as it was.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = path + Unfinished;
        var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        try
        {
            using (stream)
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            try
            {
                File.Delete(temporary);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Why it couldn't be written says more
            }
            throw;
        }
    }

    /// <summary>Writes text as UTF-8.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
