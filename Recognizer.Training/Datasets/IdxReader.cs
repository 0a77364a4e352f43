using System.Buffers.Binary;

namespace Recognizer.Training.Datasets;

/// <summary>Images as a file stores them, before they are turned upright, light on dark and 28×28.</summary>
/// <param name="Pixels">[Count, Height, Width].</param>
internal sealed record RawImages(byte[] Pixels, int Count, int Height, int Width);

/// <summary>
/// The IDX format of MNIST: two zero bytes, a type, the number of dimensions, each dimension as a big-endian 32-bit number, then the values, last dimension fastest.
/// </summary>
internal static class IdxReader
{
    private const byte UnsignedByte = 0x08, SignedByte = 0x09, Int16 = 0x0B, Int32 = 0x0C;

    /// <summary>Images of unsigned bytes: three dimensions, count × height × width.</summary>
    public static RawImages ReadImages(DataFile file)
    {
        var (type, dimensions) = ReadHeader(file, 3);
        if (type != UnsignedByte)
            throw new DatasetException($"{file.Name}: images must be unsigned bytes (type 0x08), this IDX file has type 0x{type:X2}.");
        var (count, height, width) = (dimensions[0], dimensions[1], dimensions[2]);
        if (height is 0 or > 4096 || width is 0 or > 4096)
            throw new DatasetException($"{file.Name}: the header promises images of {width}×{height} pixels; 1×1 to 4096×4096 are supported.");
        string what = $"{count} images of {width}×{height}";
        long bytes = (long)count * height * width;
        file.CheckCanHold(bytes, what);
        var pixels = new byte[bytes];
        file.ReadExactly(pixels, what);
        file.End();
        return new RawImages(pixels, (int)count, (int)height, (int)width);
    }

    /// <summary>Labels: one dimension of bytes or 16- or 32-bit integers.</summary>
    public static int[] ReadLabels(DataFile file)
    {
        var (type, dimensions) = ReadHeader(file, 1);
        int size = type switch
        {
            UnsignedByte or SignedByte => 1,
            Int16 => 2,
            Int32 => 4,
            _ => throw new DatasetException($"{file.Name}: labels must be integers (type 0x08, 0x09, 0x0B or 0x0C), this IDX file has type 0x{type:X2}."),
        };
        string what = $"{dimensions[0]} labels";
        file.CheckCanHold((long)dimensions[0] * size, what);
        var bytes = new byte[(long)dimensions[0] * size];
        file.ReadExactly(bytes, what);
        file.End();
        var labels = new int[dimensions[0]];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = type switch
            {
                UnsignedByte => bytes[i],
                SignedByte => (sbyte)bytes[i],
                Int16 => BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan(i * 2)),
                _ => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(i * 4)),
            };
        }
        return labels;
    }

    private static (byte Type, uint[] Dimensions) ReadHeader(DataFile file, int rank)
    {
        Span<byte> magic = stackalloc byte[4];
        file.ReadExactly(magic, "the IDX header");
        if (magic[0] != 0 || magic[1] != 0)
            throw new DatasetException($"{file.Name} is not an IDX file: it starts with {Convert.ToHexString(magic)}, expected 0000 and a type.");
        if (magic[3] != rank)
            throw new DatasetException($"{file.Name} has {magic[3]} dimensions, expected {rank} ({(rank == 1 ? "labels" : "images")}).");
        Span<byte> sizes = stackalloc byte[4 * rank];
        file.ReadExactly(sizes, "the IDX header");
        var dimensions = new uint[rank];
        for (int i = 0; i < rank; i++)
            dimensions[i] = BinaryPrimitives.ReadUInt32BigEndian(sizes[(4 * i)..]);
        return (magic[2], dimensions);
    }
}
