using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Recognizer.Training.Datasets;

/// <summary>A variable, or a field of a struct, of a MATLAB file: a real matrix, in column-major order, or a struct.</summary>
/// <param name="Dimensions">Size along each dimension.</param>
/// <param name="Bytes">Values of a matrix of unsigned bytes.</param>
/// <param name="Numbers">Values of any other real matrix.</param>
/// <param name="Fields">Fields of a 1×1 struct.</param>
internal sealed record MatValue(int[] Dimensions, byte[]? Bytes = null, double[]? Numbers = null, IReadOnlyDictionary<string, MatValue>? Fields = null) : NumberArray(Dimensions, Bytes, Numbers);

/// <summary>
/// Reads MATLAB files of level 5 (saved with -v5, -v6 or -v7), either byte order, compressed or not: real numeric matrices and 1×1 structs of them.
/// </summary>
internal sealed class MatReader
{
    private const int HeaderLength = 128;
    private const uint Int8 = 1, UInt8 = 2, Int16 = 3, UInt16 = 4, Int32 = 5, UInt32 = 6, Single = 7, Double = 9, Int64 = 12, UInt64 = 13, Matrix = 14, Compressed = 15;
    private const byte StructClass = 2, FirstNumericClass = 6, LastNumericClass = 15;
    private const long MaximumCompressionRatio = 1032;

    private readonly string _name;
    private readonly Func<string, bool> _wanted;
    private readonly bool _bigEndian;

    private MatReader(string name, Func<string, bool> wanted, bool bigEndian)
    {
        _name = name;
        _wanted = wanted;
        _bigEndian = bigEndian;
    }

    /// <summary>Reads the variables of a file.</summary>
    /// <param name="tree">Where the file is.</param>
    /// <param name="path">The file.</param>
    /// <param name="wanted">Says for the dotted name of a matrix (<c>dataset.train.images</c>) whether its values are needed; others are skipped.</param>
    public static Dictionary<string, MatValue> Read(FileTree tree, string path, Func<string, bool> wanted)
    {
        string name = tree.Describe(path);
        using var stream = tree.OpenRead(path);
        var header = new byte[HeaderLength];
        int got = stream.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false);
        bool little = header[126] == 'I' && header[127] == 'M', big = header[126] == 'M' && header[127] == 'I';
        if (got < HeaderLength || !little && !big)
            throw new DatasetException($"{name} is not a MATLAB file of level 5: the byte order mark is missing (version 7.3 files and ASCII files are not supported).");
        int version = big ? BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(124)) : BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(124));
        if (version != 0x0100)
            throw new DatasetException($"{name} is a MATLAB file of version 0x{version:X4}; version 0x0100 (saved with -v7 or -v6) is supported.");
        var reader = new MatReader(name, wanted, big);
        var variables = new Dictionary<string, MatValue>(StringComparer.Ordinal);
        try
        {
            var source = new Source(stream, tree.Length(path) - HeaderLength);
            while (source.Remaining > 0)
                reader.ReadVariable(source, variables);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DatasetException($"{name} is damaged or truncated: {e.Message}", e);
        }
        return variables;
    }

    private void ReadVariable(Source source, Dictionary<string, MatValue> variables)
    {
        var (type, length, _) = ReadTag(source);
        if (type == Compressed)
        {
            using var compressed = source.Slice(length);
            using var inflated = new ZLibStream(compressed, CompressionMode.Decompress);
            var inner = new Source(inflated, Math.Max(length * MaximumCompressionRatio, 16));
            var (innerType, innerLength, _) = ReadTag(inner);
            ReadTopLevel(inner, innerType, innerLength, variables);
            // reading on to the end checks the checksum behind the data
            if (inflated.ReadByte() >= 0)
                throw Broken("a compressed element holds more than one variable");
            compressed.CopyTo(Stream.Null);
        }
        else
        {
            ReadTopLevel(source, type, length, variables);
        }
    }

    private void ReadTopLevel(Source source, uint type, long length, Dictionary<string, MatValue> variables)
    {
        if (type != Matrix)
            throw Broken($"an element of type {type} where a variable (type {Matrix}) was expected");
        var (name, value) = ReadMatrix(source, length, "", 0);
        if (value is not null)
            variables[name] = value;
    }

    /// <summary>Reads a matrix of <paramref name="length"/> bytes. The value is null when it isn't wanted or isn't of a kind that can be a data set.</summary>
    private (string Name, MatValue? Value) ReadMatrix(Source source, long length, string prefix, int depth)
    {
        if (length > source.Remaining)
            throw Broken($"a variable of {length} bytes, but only {source.Remaining} can follow");
        if (depth > 8)
            throw Broken("structs nested more than eight deep");
        long end = source.Remaining - length;
        if (length == 0)
            return ("", null);
        byte[] flags = ReadSmall(source, UInt32, 8, "array flags");
        uint flagWord = Word(flags);
        byte kind = (byte)flagWord;
        byte[] dimensionBytes = ReadSmall(source, Int32, 4 * 32, "dimensions");
        var dimensions = new int[dimensionBytes.Length / 4];
        long count = 1;
        for (int i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = (int)Word(dimensionBytes.AsSpan(4 * i));
            if (dimensions[i] < 0 || (count = Math.BigMul((int)Math.Min(count, int.MaxValue), dimensions[i])) > Array.MaxLength)
                throw Broken("a matrix that is too large");
        }
        string name = Encoding.ASCII.GetString(ReadSmall(source, Int8, 256, "name"));
        string path = prefix.Length == 0 ? name : prefix;
        MatValue? value = null;
        if (kind == StructClass && count == 1)
        {
            value = ReadStruct(source, path, dimensions, depth);
        }
        else if (kind is >= FirstNumericClass and <= LastNumericClass && (flagWord & 0x0800) == 0 && _wanted(path))
        {
            value = ReadNumbers(source, path, dimensions, count);
        }
        if (source.Remaining < end)
            throw Broken($"{path} is longer than its tag says");
        source.Skip(source.Remaining - end);
        return (name, value);
    }

    private MatValue ReadStruct(Source source, string path, int[] dimensions, int depth)
    {
        int fieldLength = (int)Word(ReadSmall(source, Int32, 4, "field name length"));
        if (fieldLength is < 1 or > 256)
            throw Broken($"field names of {fieldLength} bytes");
        byte[] names = ReadSmall(source, Int8, 1 << 16, "field names");
        var fields = new Dictionary<string, MatValue>(StringComparer.Ordinal);
        for (int i = 0; i + fieldLength <= names.Length; i += fieldLength)
        {
            string field = Encoding.ASCII.GetString(names, i, fieldLength).TrimEnd('\0');
            int zero = field.IndexOf('\0', StringComparison.Ordinal);
            field = zero < 0 ? field : field[..zero];
            var (type, length, _) = ReadTag(source);
            if (type != Matrix)
                throw Broken($"field {path}.{field} has type {type}, expected a matrix");
            if (ReadMatrix(source, length, $"{path}.{field}", depth + 1).Value is { } value)
                fields[field] = value;
        }
        return new MatValue(dimensions, Fields: fields);
    }

    private MatValue ReadNumbers(Source source, string path, int[] dimensions, long count)
    {
        var (type, length, small) = ReadTag(source);
        NumberType numbers = type switch
        {
            UInt8 => new(NumberKind.Unsigned, 1, _bigEndian),
            UInt16 => new(NumberKind.Unsigned, 2, _bigEndian),
            UInt32 => new(NumberKind.Unsigned, 4, _bigEndian),
            UInt64 => new(NumberKind.Unsigned, 8, _bigEndian),
            Int8 => new(NumberKind.Signed, 1, _bigEndian),
            Int16 => new(NumberKind.Signed, 2, _bigEndian),
            Int32 => new(NumberKind.Signed, 4, _bigEndian),
            Int64 => new(NumberKind.Signed, 8, _bigEndian),
            Single => new(NumberKind.Float, 4, _bigEndian),
            Double => new(NumberKind.Float, 8, _bigEndian),
            _ => throw Broken($"{path} has values of type {type}"),
        };
        if (length != count * numbers.Size)
            throw Broken($"{path} has {length} bytes of values, its dimensions {string.Join('×', dimensions)} need {count * numbers.Size}");
        if (length > source.Remaining + (small?.Length ?? 0))
            throw Broken($"{path} promises {length} bytes, but only {source.Remaining} can follow");
        var (bytes, others) = NumberArray.Read(numbers, (int)count, small is null ? source.Read : small.CopyTo);
        if (small is null)
            source.SkipPadding(length);
        return new MatValue(dimensions, bytes, others);
    }

    /// <summary>An element's type and length; up to four bytes of data sit in the tag itself (then they are returned).</summary>
    private (uint Type, long Length, byte[]? Small) ReadTag(Source source)
    {
        Span<byte> tag = stackalloc byte[8];
        source.Read(tag);
        uint type = Word(tag), length = Word(tag[4..]);
        if (type >> 16 == 0)
            return (type, length, null);
        length = type >> 16;
        if (length > 4)
            throw Broken($"a small element of {length} bytes");
        return (type & 0xFFFF, length, tag.Slice(4, (int)length).ToArray());
    }

    private byte[] ReadSmall(Source source, uint expected, int most, string what)
    {
        var (type, length, small) = ReadTag(source);
        if (type != expected && !(expected == Int8 && type is UInt8 or 16))
            throw Broken($"{what} of type {type}, expected {expected}");
        if (length > most)
            throw Broken($"{what} of {length} bytes");
        if (expected is UInt32 or Int32 && length % 4 != 0 || expected == UInt32 && length != 8 || most == 4 && length != 4)
            throw Broken($"{what} of {length} bytes");
        if (small is not null)
            return small;
        var bytes = new byte[length];
        source.Read(bytes);
        source.SkipPadding(length);
        return bytes;
    }

    private uint Word(ReadOnlySpan<byte> bytes) => _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private DatasetException Broken(string what) => new($"{_name} is damaged: {what}.");

    /// <summary>A stream with a bound on what may still be read.</summary>
    private sealed class Source(Stream stream, long remaining)
    {
        public long Remaining { get; private set; } = remaining;

        public void Read(Span<byte> buffer)
        {
            if (buffer.Length > Remaining)
                throw new EndOfStreamException($"it ends where {buffer.Length} more bytes should be.");
            stream.ReadExactly(buffer);
            Remaining -= buffer.Length;
        }

        public void Skip(long count)
        {
            Span<byte> buffer = stackalloc byte[4096];
            while (count > 0)
            {
                int now = (int)Math.Min(count, buffer.Length);
                Read(buffer[..now]);
                count -= now;
            }
        }

        public void SkipPadding(long length) => Skip(Math.Min(-length & 7, Remaining));

        /// <summary>The next bytes as a stream of their own; read it to its end.</summary>
        public BoundedStream Slice(long length)
        {
            if (length > Remaining)
                throw new EndOfStreamException($"it ends where {length} more bytes should be.");
            Remaining -= length;
            return new BoundedStream(stream, length);
        }
    }

    private sealed class BoundedStream(Stream inner, long length) : ForwardStream
    {
        private long _remaining = length;

        public override int Read(Span<byte> buffer)
        {
            int n = inner.Read(buffer[..(int)Math.Min(buffer.Length, _remaining)]);
            _remaining -= n;
            return n;
        }
    }
}
