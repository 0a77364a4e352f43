namespace Recognizer.Inference.DependencyInjection;

/// <summary>The files that a model is read from, each as it was right before it was looked at: the model file, and those that hold its weights, as far as they are known.</summary>
internal sealed class ModelFiles
{
    private readonly string _path;
    private readonly Dictionary<string, FileStamp> _stamps = new(StringComparer.Ordinal);

    /// <param name="path">Full path of the model file.</param>
    public ModelFiles(string path)
    {
        _path = path;
        Add(path);
    }

    /// <summary>Whether the model file is there.</summary>
    public bool Exist => _stamps[_path].Exists;

    /// <summary>Whether one of them isn't any more as it was.</summary>
    public bool HaveChanged => _stamps.Any(file => FileStamp.Of(file.Key) != file.Value);

    /// <summary>Notes a file as it is, if it isn't known yet.</summary>
    public void Add(string path)
    {
        if (!_stamps.ContainsKey(path)) _stamps.Add(path, FileStamp.Of(path));
    }

    /// <summary>The same files as they are now.</summary>
    public ModelFiles Now()
    {
        var now = new ModelFiles(_path);
        foreach (string path in _stamps.Keys) now.Add(path);
        return now;
    }

    /// <summary>Whether no permission and no other program keeps those that are there from being read. What has no length may be a pipe, which opening could wait for without end.</summary>
    public bool CanBeOpened()
    {
        try
        {
            foreach ((string path, FileStamp stamp) in _stamps)
                if (stamp.Length > 0) File.OpenHandle(path, share: FileShare.Read | FileShare.Delete).Dispose();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
