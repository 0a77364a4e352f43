using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Recognizer.Training.Fitting;

/// <summary>Everything that a run needs to go on after an epoch as if it had never stopped. Random numbers need no state: they are functions
/// of seed, epoch and image.</summary>
/// <remarks>File: the magic <c>RCHK</c>, a version, the fields below, each array with its name and length, and the SHA-256 of all that; little-endian.
/// Files are named after their epoch; the last two are kept, so that one broken by the disk costs an epoch and not the run.</remarks>
internal sealed class Checkpoint
{
    private const uint Magic = 0x4B484352;
    private const int Version = 1;
    private const int Kept = 2;
    private const string Extension = ".checkpoint";

    /// <summary>The configuration, as saved.</summary>
    public required string Config { get; init; }

    /// <summary>Finished epochs.</summary>
    public required int Epoch { get; init; }

    /// <summary>Finished steps.</summary>
    public required long Step { get; init; }

    /// <summary>The epoch (from 1) with the best validation result, or 0 where there is none yet.</summary>
    public int BestEpoch { get; init; }

    public double BestAccuracy { get; init; }

    public double BestLoss { get; init; }

    /// <summary>Lines of <c>training.jsonl</c> so far.</summary>
    public required IReadOnlyList<string> History { get; init; }

    /// <summary>Weights, those that are kept, averages, optimiser state and statistics by a name that begins with their kind.</summary>
    public OrderedDictionary<string, float[]> Arrays { get; } = new(StringComparer.Ordinal);

    /// <summary>Writes the file of this epoch and deletes those that are no longer needed.</summary>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        AtomicFile.Write(Path.Combine(directory, $"epoch-{Epoch:D6}{Extension}"), Write);
        foreach (string old in Files(directory).Skip(Kept)) File.Delete(old);
    }

    /// <summary>Reads the newest file that is intact, or returns null where there are no files.</summary>
    /// <param name="directory">The folder; it need not exist.</param>
    /// <param name="warn">Told of each file that is broken where there is one before it.</param>
    /// <exception cref="InvalidDataException">There are files, and none can be read.</exception>
    public static Checkpoint? LoadNewest(string directory, Action<string> warn)
    {
        string[] files = [.. Files(directory)];
        for (int i = 0; i < files.Length; i++)
        {
            try
            {
                return Read(File.ReadAllBytes(files[i]));
            }
            catch (InvalidDataException exception) when (i < files.Length - 1)
            {
                warn($"{files[i]}: {exception.Message}; trying the one before it");
            }
            catch (InvalidDataException exception)
            {
                throw new InvalidDataException($"none of the checkpoints in {directory} can be read: {exception.Message}; start anew without --resume", exception);
            }
        }
        return null;
    }

    /// <summary>Deletes all checkpoints of a folder, and what a process left of one that died while it wrote.</summary>
    public static void Clear(string directory)
    {
        if (!Directory.Exists(directory)) return;
        foreach (string file in Files(directory).Concat(Directory.GetFiles(directory, $"epoch-*{Extension}{AtomicFile.Unfinished}"))) File.Delete(file);
    }

    /// <summary>The bytes of the file.</summary>
    internal byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        Write(stream);
        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are cut off, changed, or of another version.</exception>
    internal static Checkpoint Read(byte[] bytes)
    {
        if (bytes.Length < SHA256.HashSizeInBytes + 8 || BitConverter.ToUInt32(bytes) != Magic) throw new InvalidDataException("this is no checkpoint");
        ReadOnlySpan<byte> body = bytes.AsSpan(0, bytes.Length - SHA256.HashSizeInBytes);
        if (!SHA256.HashData(body).AsSpan().SequenceEqual(bytes.AsSpan(body.Length))) throw new InvalidDataException("the checkpoint is cut off or damaged (its checksum is wrong)");
        using var reader = new BinaryReader(new MemoryStream(bytes, 4, body.Length - 4), Encoding.UTF8);
        if (reader.ReadInt32() is var version and not Version) throw new InvalidDataException($"the checkpoint is of version {version}, expected {Version}");
        string config = reader.ReadString();
        int epoch = reader.ReadInt32();
        long step = reader.ReadInt64();
        int bestEpoch = reader.ReadInt32();
        double bestAccuracy = reader.ReadDouble(), bestLoss = reader.ReadDouble();
        var history = new string[reader.ReadInt32()];
        for (int i = 0; i < history.Length; i++) history[i] = reader.ReadString();
        var checkpoint = new Checkpoint { Config = config, Epoch = epoch, Step = step, BestEpoch = bestEpoch, BestAccuracy = bestAccuracy, BestLoss = bestLoss, History = history };
        int arrays = reader.ReadInt32();
        for (int i = 0; i < arrays; i++)
        {
            string name = reader.ReadString();
            var values = new float[reader.ReadInt32()];
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            checkpoint.Arrays.Add(name, values);
        }
        return checkpoint;
    }

    private void Write(Stream target)
    {
        using var buffer = new MemoryStream();
        using (var writer = new BinaryWriter(buffer, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(Version);
            writer.Write(Config);
            writer.Write(Epoch);
            writer.Write(Step);
            writer.Write(BestEpoch);
            writer.Write(BestAccuracy);
            writer.Write(BestLoss);
            writer.Write(History.Count);
            foreach (string line in History) writer.Write(line);
            writer.Write(Arrays.Count);
            foreach ((string name, float[] values) in Arrays)
            {
                writer.Write(name);
                writer.Write(values.Length);
                writer.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            }
        }
        ReadOnlySpan<byte> body = buffer.GetBuffer().AsSpan(0, (int)buffer.Length);
        target.Write(body);
        target.Write(SHA256.HashData(body));
    }

    // Newest first.
    private static IEnumerable<string> Files(string directory) => !Directory.Exists(directory)
        ? []
        : Directory.GetFiles(directory, "epoch-*" + Extension)
            .Where(file => int.TryParse(Path.GetFileNameWithoutExtension(file)["epoch-".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .OrderByDescending(file => int.Parse(Path.GetFileNameWithoutExtension(file)["epoch-".Length..], CultureInfo.InvariantCulture));
}
