using System.Buffers.Binary;

namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>Reads a file in memory, turning every read past its end into an <see cref="ImageFormatException"/>.</summary>
internal ref struct FileReader(string format, ReadOnlySpan<byte> file)
{
    private readonly ReadOnlySpan<byte> _file = file;

    /// <summary>Offset of the next byte.</summary>
    public int Position { get; set; }

    public readonly int Length => _file.Length;

    public readonly int Remaining => Math.Max(0, _file.Length - Position);

    public readonly ReadOnlySpan<byte> File => _file;

    public ReadOnlySpan<byte> Bytes(int count, string what)
    {
        if (count < 0 || count > Remaining)
            throw Error($"expected {count} bytes of {what}, found the end of the file after {Remaining}");
        var bytes = _file.Slice(Position, count);
        Position += count;
        return bytes;
    }

    public byte Byte(string what) => Bytes(1, what)[0];

    public ushort UInt16BigEndian(string what) => BinaryPrimitives.ReadUInt16BigEndian(Bytes(2, what));

    public uint UInt32BigEndian(string what) => BinaryPrimitives.ReadUInt32BigEndian(Bytes(4, what));

    public ushort UInt16LittleEndian(string what) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2, what));

    public uint UInt32LittleEndian(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4, what));

    public readonly ImageFormatException Error(string problem) => new(format, Position, problem);

    public readonly ImageFormatException Error(long position, string problem) => new(format, position, problem);
}
