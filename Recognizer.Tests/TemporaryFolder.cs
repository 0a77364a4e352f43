using System.IO.Compression;
using System.Text;
using Recognizer.Training.Datasets;

namespace Recognizer.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("recognizer-").FullName;

    public DatasetLoadOptions Options => new() { Root = Root, Offline = true };

    /// <summary>The path of something in this folder.</summary>
    public string File(string path) => Path.Combine(Root, path);

    public string Write(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File(path))!);
        System.IO.File.WriteAllBytes(File(path), content);
        return File(path);
    }

    public string Write(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));

    /// <summary>Zips files of this folder into a new archive here.</summary>
    public string Zip(string path, params string[] files) => Zip(path, null, files);

    /// <summary>The same, with names in an encoding of old; null for that of now.</summary>
    public string Zip(string path, Encoding? names, params string[] files)
    {
        using var archive = ZipFile.Open(File(path), ZipArchiveMode.Create, names);
        foreach (string file in files) archive.CreateEntryFromFile(File(file), file);
        return File(path);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
