using System.Buffers.Binary;
using System.Text;

namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>The portable anymap family of Netpbm: P1 to P6 (plain and raw bitmap, grey, colour; up to 16 bits) and PAM (P7).</summary>
internal static class PnmDecoder
{
    private const string Format = "PNM";

    public static bool Recognizes(ReadOnlySpan<byte> file) => file.Length >= 3 && file[0] == 'P'
        && (file[1] is >= (byte)'1' and <= (byte)'6' && (IsSpace(file[2]) || file[2] == '#') || file[1] == '7' && file[2] == '\n');

    public static Image Decode(ReadOnlySpan<byte> file, DecoderOptions options)
    {
        var reader = new FileReader(Format, file) { Position = 2 };
        int kind = file[1] - '0';
        int width, height, channels, max;
        if (kind == 7) (width, height, channels, max) = ReadPamHeader(ref reader);
        else
        {
            width = Number(ref reader, "width");
            height = Number(ref reader, "height");
            max = kind is 1 or 4 ? 1 : Number(ref reader, "maximum value");
            channels = kind is 3 or 6 ? 3 : 1;
            if (kind >= 4)
            {
                // One white space ends the header of the raw forms; a comment before it takes its end of line along
                while (reader.Remaining > 0 && file[reader.Position] == '#') SkipComment(ref reader);
                if (!IsSpace(reader.Byte("white space after the header"))) throw reader.Error(reader.Position - 1, "expected white space after the header");
            }
        }
        if (max is < 1 or > 65535) throw reader.Error($"expected a maximum value of 1 to 65535, found {max}");
        options.Check(Format, 2, width, height, channels);
        int count = width * height * channels, sampleBytes = max > 255 ? 2 : 1;
        long needed = kind switch
        {
            1 => count,
            2 or 3 => 2L * count - 1,
            4 => (width + 7L) / 8 * height,
            _ => (long)count * sampleBytes,
        };
        if (needed > reader.Remaining) throw reader.Error($"expected at least {needed} bytes of pixels, found {reader.Remaining}");

        var pixels = new byte[count];
        if (kind == 4)
        {
            int stride = (width + 7) / 8;
            var bits = reader.Bytes(stride * height, "pixels");
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    pixels[y * width + x] = (bits[y * stride + (x >> 3)] >> (7 - (x & 7)) & 1) != 0 ? (byte)0 : (byte)255;
        }
        else if (kind >= 5)
        {
            var samples = reader.Bytes(count * sampleBytes, "pixels");
            if (max == 255) samples.CopyTo(pixels);
            else
            {
                for (int i = 0; i < count; i++)
                {
                    int value = sampleBytes == 2 ? BinaryPrimitives.ReadUInt16BigEndian(samples[(2 * i)..]) : samples[i];
                    if (value > max) throw reader.Error(reader.Position - (count - i) * sampleBytes, $"expected samples of at most {max}, found {value}");
                    pixels[i] = Scale(value, max);
                }
            }
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                if (kind == 1)
                {
                    SkipSpace(ref reader);
                    byte digit = reader.Byte("pixels");
                    if (digit is not ((byte)'0' or (byte)'1')) throw reader.Error(reader.Position - 1, $"expected a pixel 0 or 1, found byte {digit:X2}");
                    pixels[i] = digit == '1' ? (byte)0 : (byte)255;
                    continue;
                }
                int value = Number(ref reader, "sample");
                if (value > max) throw reader.Error($"expected samples of at most {max}, found {value}");
                pixels[i] = Scale(value, max);
            }
        }
        return Image.FromChannels(width, height, channels, pixels);
    }

    private static byte Scale(int value, int max) => (byte)((value * 255 + max / 2) / max);

    private static bool IsSpace(byte b) => b is (byte)' ' or >= 9 and <= 13;

    /// <summary>Skips white space and comments.</summary>
    private static void SkipSpace(ref FileReader reader)
    {
        var file = reader.File;
        while (reader.Position < file.Length)
        {
            if (file[reader.Position] == '#') SkipComment(ref reader);
            else if (IsSpace(file[reader.Position])) reader.Position++;
            else break;
        }
    }

    /// <summary>Skips a comment, from # to the end of the line.</summary>
    private static void SkipComment(ref FileReader reader)
    {
        int length = reader.File[reader.Position..].IndexOfAny((byte)'\n', (byte)'\r');
        reader.Position = length < 0 ? reader.Length : reader.Position + length + 1;
    }

    private static int Number(ref FileReader reader, string what)
    {
        SkipSpace(ref reader);
        var file = reader.File;
        int start = reader.Position, p = start;
        long value = 0;
        for (; p < file.Length && char.IsAsciiDigit((char)file[p]); p++)
        {
            value = value * 10 + file[p] - '0';
            if (value > int.MaxValue) throw reader.Error(start, $"expected a {what} below 2³¹");
        }
        if (p == start) throw reader.Error(start, p == file.Length ? $"expected a {what}, found the end of the file" : $"expected a {what}, found byte {file[p]:X2}");
        reader.Position = p;
        return (int)value;
    }

    private static (int Width, int Height, int Channels, int Max) ReadPamHeader(ref FileReader reader)
    {
        int width = 0, height = 0, depth = 0, max = 0;
        reader.Position = 3;
        while (true)
        {
            SkipSpace(ref reader);
            int start = reader.Position;
            var rest = reader.File[start..];
            int end = rest.IndexOf((byte)'\n');
            if (end is < 0 or > 200) throw reader.Error(start, "expected a line of the header (WIDTH, HEIGHT, DEPTH, MAXVAL, TUPLTYPE, ENDHDR)");
            int length = 0;
            while (length < end && !IsSpace(rest[length])) length++;
            reader.Position = start + length;
            switch (Encoding.Latin1.GetString(rest[..length]))
            {
                case "ENDHDR":
                    reader.Position = start + end + 1;
                    if (depth is < 1 or > 4) throw reader.Error(start, $"expected a DEPTH of 1 to 4, found {depth}");
                    return (width, height, depth, max);
                case "WIDTH": width = Number(ref reader, "width"); break;
                case "HEIGHT": height = Number(ref reader, "height"); break;
                case "DEPTH": depth = Number(ref reader, "depth"); break;
                case "MAXVAL": max = Number(ref reader, "maximum value"); break;
                case "TUPLTYPE": reader.Position = start + end; break;
                default: throw reader.Error(start, "expected WIDTH, HEIGHT, DEPTH, MAXVAL, TUPLTYPE or ENDHDR");
            }
        }
    }
}
