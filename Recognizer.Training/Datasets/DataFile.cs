using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Recognizer.Training.Datasets;

/// <summary>
/// One pass over a file that may be gzipped (by content, not by name). The reader asks for exactly what the file's own header promises and then calls
/// <see cref="End"/>, so that neither a truncated file, nor one with anything behind its content, nor a gzip bomb gets further than its header.
/// </summary>
internal sealed class DataFile : IDisposable
{
    /// <summary>Deflate can't shrink more than 258 bytes into two bits.</summary>
    private const long MaximumCompressionRatio = 1032;

    private readonly TailStream _stored;
    private readonly Stream _content;
    private readonly IncrementalHash? _contentHash;
    private readonly string _contentSha256 = "";
    private readonly byte[] _tail = new byte[4];
    private long _read;

    public DataFile(FileTree tree, string path, CatalogueFile? expected = null)
    {
        Name = tree.Describe(path);
        StoredLength = tree.Length(path);
        using (var probe = tree.OpenRead(path))
        {
            Span<byte> magic = stackalloc byte[2];
            IsCompressed = probe.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
        }
        if (expected is not null && !expected.Matches(tree, path))
        {
            if (expected.ContentSha256 is null)
                throw new DatasetException($"{Name} is not the official file: its sha256 differs from {expected.Sha256}. Delete it to download it again.");
            _contentSha256 = expected.ContentSha256;
            _contentHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }
        _stored = new TailStream(tree.OpenRead(path), _tail);
        _content = IsCompressed ? new GZipStream(_stored, CompressionMode.Decompress) : _stored;
    }

    public string Name { get; }

    public bool IsCompressed { get; }

    /// <summary>Bytes as stored.</summary>
    public long StoredLength { get; }

    /// <summary>Fills the buffer. <paramref name="what"/> says in the message what should have been there.</summary>
    public void ReadExactly(Span<byte> buffer, string what)
    {
        int got = ReadAtMost(buffer);
        if (got < buffer.Length)
            throw new DatasetException($"{Name} is truncated: it ends after {_read} bytes, in the middle of {what}.");
    }

    /// <summary>Fills as much of the buffer as there is.</summary>
    public int ReadAtMost(Span<byte> buffer)
    {
        int got;
        try
        {
            got = _content.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException e)
        {
            throw new DatasetException($"{Name} is damaged: its gzip data is not valid ({e.Message})", e);
        }
        _contentHash?.AppendData(buffer[..got]);
        _read += got;
        return got;
    }

    /// <summary>Throws unless <paramref name="bytes"/> more bytes can be in the file; called before memory for them is allocated.</summary>
    public void CheckCanHold(long bytes, string what)
    {
        long most = IsCompressed ? StoredLength * MaximumCompressionRatio : StoredLength;
        if (_read + bytes > most)
            throw new DatasetException($"{Name} is truncated or lies: its header promises {what} ({bytes} bytes), but {StoredLength} {(IsCompressed ? "compressed " : "")}bytes can't hold that.");
        if (bytes > Array.MaxLength)
            throw new DatasetException($"{Name} is too large: its header promises {what} ({bytes} bytes); at most {Array.MaxLength} are supported.");
    }

    /// <summary>Throws unless the content ends here and is what the checksums say.</summary>
    public void End()
    {
        Span<byte> one = stackalloc byte[1];
        long length = _read;
        if (ReadAtMost(one) != 0)
            throw new DatasetException($"{Name} has more data than its header promises ({length} bytes).");
        if (IsCompressed)
        {
            // The last four bytes of a gzip file are the content's length, so a cut trailer and anything behind it both show here.
            _stored.CopyTo(Stream.Null);
            if (BinaryPrimitives.ReadUInt32LittleEndian(_tail) != (uint)length)
                throw new DatasetException($"{Name} is damaged: its gzip trailer is cut or followed by other data.");
        }
        if (_contentHash is not null && Convert.ToHexStringLower(_contentHash.GetHashAndReset()) != _contentSha256)
            throw new DatasetException($"{Name} is not the official file: the sha256 of its content differs from {_contentSha256}. Delete it to download it again.");
    }

    public void Dispose()
    {
        _content.Dispose();
        _stored.Dispose();
        _contentHash?.Dispose();
    }

    /// <summary>Remembers the last bytes that went through.</summary>
    private sealed class TailStream(Stream inner, byte[] tail) : ForwardStream
    {
        public override int Read(Span<byte> buffer)
        {
            int n = inner.Read(buffer);
            if (n >= tail.Length)
            {
                buffer[(n - tail.Length)..n].CopyTo(tail);
            }
            else
            {
                tail.AsSpan(n).CopyTo(tail);
                buffer[..n].CopyTo(tail.AsSpan(tail.Length - n));
            }
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
