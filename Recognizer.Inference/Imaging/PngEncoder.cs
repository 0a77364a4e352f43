using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Recognizer.Inference.Imaging.Codecs;

namespace Recognizer.Inference.Imaging;

/// <summary>Writes 8-bit grey and RGB pictures as PNG.</summary>
public static class PngEncoder
{
    /// <summary>Encodes a grey picture.</summary>
    public static byte[] Encode(GrayImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Encode(image.Width, image.Height, 1, image.Pixels);
    }

    /// <summary>Encodes a grey or RGB picture.</summary>
    public static byte[] Encode(Image image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Encode(image.Width, image.Height, image.Channels, image.Pixels);
    }

    /// <summary>Encodes pixels.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 for grey, 3 for red, green, blue.</param>
    /// <param name="pixels">[height, width, channels].</param>
    /// <exception cref="ArgumentException">The span's length is not width × height × channels, or the channels are not 1 or 3.</exception>
    public static byte[] Encode(int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (channels is not (1 or 3)) throw new ArgumentException($"PNG is written with 1 or 3 channels, not {channels}.", nameof(channels));
        if (pixels.Length != (long)width * height * channels)
            throw new ArgumentException($"{width}×{height}×{channels} needs {(long)width * height * channels} bytes, not {pixels.Length}.", nameof(pixels));

        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = channels == 1 ? (byte)0 : (byte)2;
        header[10..].Clear();
        WriteChunk(file, "IHDR", header);

        using var data = new MemoryStream();
        using (var deflater = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            int bytes = width * channels;
            // Each row as differences to the row above: drawings have long equal columns, so it packs well without a search
            var row = new byte[bytes + 1];
            row[0] = 2;
            for (int y = 0; y < height; y++)
            {
                var current = pixels.Slice(y * bytes, bytes);
                if (y == 0) current.CopyTo(row.AsSpan(1));
                else
                {
                    var above = pixels.Slice((y - 1) * bytes, bytes);
                    for (int i = 0; i < bytes; i++) row[i + 1] = (byte)(current[i] - above[i]);
                }
                deflater.Write(row);
            }
        }
        WriteChunk(file, "IDAT", data.GetBuffer().AsSpan(0, (int)data.Length));
        WriteChunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void WriteChunk(Stream file, string type, ReadOnlySpan<byte> body)
    {
        var chunk = new byte[body.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        body.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 8), Crc32.Compute(chunk.AsSpan(4, body.Length + 4)));
        file.Write(chunk);
    }
}
