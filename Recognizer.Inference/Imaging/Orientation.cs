using System.Buffers.Binary;

namespace Recognizer.Inference.Imaging;

/// <summary>Turns a picture upright, as EXIF's orientation tells.</summary>
internal static class Orientation
{
    /// <summary>Applies an orientation: 1 none, 2 mirrored left to right, 3 turned by 180°, 4 mirrored top to bottom, 5 transposed, 6 to be
    /// turned clockwise by 90°, 7 transposed across the other diagonal, 8 to be turned counter-clockwise by 90°.</summary>
    public static Image Apply(Image image, int orientation) => orientation switch
    {
        1 => image,
        >= 5 => new(image.Height, image.Width, image.Channels, Turn(image.Pixels, image.Width, image.Height, image.Channels, orientation)),
        _ => new(image.Width, image.Height, image.Channels, Turn(image.Pixels, image.Width, image.Height, image.Channels, orientation)),
    };

    /// <summary>The same for a grey picture.</summary>
    public static GrayImage Apply(GrayImage image, int orientation) => orientation switch
    {
        1 => image,
        >= 5 => new(image.Height, image.Width, Turn(image.Pixels, image.Width, image.Height, 1, orientation)),
        _ => new(image.Width, image.Height, Turn(image.Pixels, image.Width, image.Height, 1, orientation)),
    };

    /// <summary>Entry 0x0112 of the first directory of a TIFF structure, as EXIF is one: 1 upright, 2–8 mirrored or turned. Null where there is none; broken EXIF is ignored, as
    /// it isn't the picture.</summary>
    public static int? FromExif(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8) return null;
        bool big = tiff[0] == 'M';
        ushort UInt16(ReadOnlySpan<byte> bytes) => big ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        uint UInt32(ReadOnlySpan<byte> bytes) => big ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (UInt16(tiff[2..]) != 42) return null;
        uint offset = UInt32(tiff[4..]);
        if (offset + 2L > tiff.Length) return null;
        int entries = UInt16(tiff[(int)offset..]);
        for (int i = 0; i < entries; i++)
        {
            long at = offset + 2L + 12L * i;
            if (at + 12 > tiff.Length) return null;
            var entry = tiff.Slice((int)at, 12);
            if (UInt16(entry) != 0x0112) continue;
            int value = UInt16(entry[8..]);
            return value is >= 1 and <= 8 ? value : null;
        }
        return null;
    }

    private static byte[] Turn(ReadOnlySpan<byte> pixels, int width, int height, int channels, int orientation)
    {
        bool transposed = orientation >= 5;
        int newWidth = transposed ? height : width, newHeight = transposed ? width : height;
        var result = new byte[pixels.Length];
        for (int y = 0; y < newHeight; y++)
            for (int x = 0; x < newWidth; x++)
            {
                var (u, v) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                int from = (v * width + u) * channels, to = (y * newWidth + x) * channels;
                for (int c = 0; c < channels; c++) result[to + c] = pixels[from + c];
            }
        return result;
    }
}
