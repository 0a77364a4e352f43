using System.Buffers.Binary;
using System.IO.Compression;

namespace Recognizer.Tests.Datasets;

/// <summary>What files of data sets hold.</summary>
internal static class DatasetBytes
{
    /// <summary>An IDX file; values of more than a byte are big-endian.</summary>
    public static byte[] Idx(byte type, int[] dimensions, byte[] values)
    {
        var bytes = new byte[4 + 4 * dimensions.Length + values.Length];
        bytes[2] = type;
        bytes[3] = (byte)dimensions.Length;
        for (int i = 0; i < dimensions.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 + 4 * i), dimensions[i]);
        values.CopyTo(bytes, 4 + 4 * dimensions.Length);
        return bytes;
    }

    public static byte[] IdxImages(byte[] pixels, int width = 28, int height = 28) => Idx(0x08, [pixels.Length / width / height, height, width], pixels);

    public static byte[] IdxLabels(params byte[] labels) => Idx(0x08, [labels.Length], labels);

    public static byte[] Gzip(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
            gzip.Write(content);
        return stream.ToArray();
    }

    /// <summary>Light-on-dark images with an empty border, every pixel of the inside chosen by a fixed seed.</summary>
    public static byte[] Pixels(int count, int seed = 1)
    {
        var random = new Random(seed);
        var pixels = new byte[count * 784];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i % 28, y = i / 28 % 28;
            pixels[i] = x is > 1 and < 26 && y is > 1 and < 26 ? (byte)random.Next(256) : (byte)0;
        }
        return pixels;
    }

    /// <summary>A square ring of so many pixels in the middle of an image, light on dark.</summary>
    public static byte[] Ring(int size) => [.. Enumerable.Range(0, 784).Select(p => (byte)(Math.Max(Math.Abs(2 * (p % 28) - 27), Math.Abs(2 * (p / 28) - 27)) == size - 1 ? 255 : 0))];

    public static byte[] Transpose(byte[] pixels)
    {
        var transposed = new byte[pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
            transposed[i - i % 784 + i % 28 * 28 + i % 784 / 28] = pixels[i];
        return transposed;
    }
}
