using Recognizer.Inference.Onnx.Proto;

namespace Recognizer.Inference.Onnx;

/// <summary>Reads tensors that a model keeps in files beside it. The model names those files, so it must not reach outside its own folder: no absolute paths, no
/// "..", no links that lead out.</summary>
internal sealed class ExternalData
{
    private const int LongestLinkChain = 40;
    private readonly string _folder;
    private readonly Action<string>? _reading;
    private readonly HashSet<string> _files = new(StringComparer.Ordinal);

    /// <summary>Prepares for the data of one model file.</summary>
    /// <param name="modelPath">The model file.</param>
    /// <param name="reading">Is told the path of each file once, right before it is looked at.</param>
    public ExternalData(string modelPath, Action<string>? reading = null)
    {
        _folder = Path.GetDirectoryName(Path.GetFullPath(modelPath)) ?? throw new OnnxException($"{modelPath}: not a file.");
        _reading = reading;
    }

    /// <summary>The bytes of one tensor.</summary>
    /// <param name="entries">The tensor's <c>external_data</c>.</param>
    /// <param name="expected">How many bytes its shape asks for.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <exception cref="OnnxException">The file is outside the folder, missing or too short, or its length is not as expected.</exception>
    public byte[] Read(IEnumerable<StringStringEntryProto> entries, long expected, string what)
    {
        string? location = null;
        long offset = 0, length = -1;
        foreach (StringStringEntryProto entry in entries)
        {
            switch (entry.Key)
            {
                case "location": location = entry.Value; break;
                case "offset": offset = Number(entry, what); break;
                case "length": length = Number(entry, what); break;
            }
        }
        if (string.IsNullOrEmpty(location)) throw new OnnxException($"{what}: external data without a location.");
        string[] parts = location.Split('/', '\\');
        if (location.Contains('\0') || Path.IsPathRooted(location) || location[0] is '/' or '\\' || location.Contains(':') || parts.Contains(".."))
            throw new OnnxException($"{what}: external data at '{location}', expected a path inside the model's folder.");
        if (location.Contains('\\')) throw new OnnxException($"{what}: external data at '{location}', expected '/' between folders.");
        string path = Path.Combine(_folder, location);
        if (_files.Add(path)) _reading?.Invoke(path);
        try
        {
            string real = RealPath(path, what);
            string folder = RealPath(_folder, what);
            if (!real.StartsWith(folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new OnnxException($"{what}: external data at '{location}' is a link that leads out of the model's folder.");
            var file = new FileInfo(real);
            if (!file.Exists) throw new OnnxException($"{what}: external data file '{location}' is missing.") { IsUnreadable = true };
            bool isRest = length < 0;
            if (isRest) length = file.Length - offset;
            if (length != expected) throw new OnnxException($"{what}: external data of {length} bytes in '{location}', expected {expected}.") { IsUnreadable = isRest && length < expected };
            if (offset > file.Length - length) throw new OnnxException($"{what}: external data at bytes {offset} to {offset + length} of '{location}', which has {file.Length}.") { IsUnreadable = true };
            // A pipe or a device has no length and must not be opened, as that could wait for ever.
            if (length == 0) return [];
            if (length > Array.MaxLength) throw new OnnxException($"{what}: external data of {length} bytes, expected at most {Array.MaxLength}.");
            var bytes = new byte[length];
            using var stream = new FileStream(real, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            stream.Position = offset;
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new OnnxException($"{what}: external data in '{location}' can't be read: {exception.Message}", exception) { IsUnreadable = exception is IOException or UnauthorizedAccessException };
        }
    }

    private static long Number(StringStringEntryProto entry, string what) => long.TryParse(entry.Value, out long value) && value >= 0
        ? value
        : throw new OnnxException($"{what}: external data with {entry.Key} '{entry.Value}', expected a number of bytes.");

    /// <summary>The path with every link on the way resolved.</summary>
    private static string RealPath(string path, string what)
    {
        string full = Path.GetFullPath(path);
        for (int links = 0; links < LongestLinkChain; links++)
        {
            string? resolved = ResolveFirstLink(full);
            if (resolved is null) return full;
            full = resolved;
        }
        throw new OnnxException($"{what}: external data path with more than {LongestLinkChain} links.");
    }

    private static string? ResolveFirstLink(string full)
    {
        string root = Path.GetPathRoot(full)!;
        string[] parts = full[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        string current = root;
        for (int i = 0; i < parts.Length; i++)
        {
            string parent = current;
            current = Path.Combine(current, parts[i]);
            if (new FileInfo(current).LinkTarget is { } target)
                return Path.GetFullPath(Path.Combine([Path.Combine(parent, target), .. parts[(i + 1)..]]));
        }
        return null;
    }
}
