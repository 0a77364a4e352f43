using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>PNG (ISO/IEC 15948): every colour type and bit depth, palette and colour-key transparency, Adam7, EXIF orientation, density. Gamma and colour
/// profiles are ignored. A wrong checksum is an error in a chunk that matters and ignored, with the chunk, elsewhere.</summary>
internal static class PngDecoder
{
    private const string Format = "PNG";
    private const int Gray = 0, Rgb = 2, Palette = 3, GrayAlpha = 4, RgbAlpha = 6;

    /// <summary>Bytes of short rows that are read at once.</summary>
    private const int BufferedBytes = 8192;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    // Adam7: first column, first row, step of the columns, step of the rows of each pass
    private static ReadOnlySpan<byte> PassX => [0, 4, 0, 2, 0, 1, 0];
    private static ReadOnlySpan<byte> PassY => [0, 0, 4, 0, 2, 0, 1];
    private static ReadOnlySpan<byte> PassStepX => [8, 8, 4, 4, 2, 2, 1];
    private static ReadOnlySpan<byte> PassStepY => [8, 8, 8, 4, 4, 2, 2];

    private struct Header
    {
        public int Width, Height, Depth, ColorType;
        public bool Interlaced;

        public readonly int SamplesPerPixel => ColorType switch { Gray or Palette => 1, GrayAlpha => 2, Rgb => 3, _ => 4 };

        public readonly int BitsPerPixel => SamplesPerPixel * Depth;

        /// <summary>Bytes of a filtered row without its filter type.</summary>
        public readonly long RowBytes(int width) => ((long)width * BitsPerPixel + 7) / 8;
    }

    public static bool Recognizes(ReadOnlySpan<byte> file) => file.Length >= 4 && file[..4].SequenceEqual(Signature[..4]);

    public static DecodedPicture Decode(ReadOnlySpan<byte> file, DecoderOptions options)
    {
        var reader = new FileReader(Format, file);
        if (!reader.Bytes(Signature.Length, "signature").SequenceEqual(Signature))
            throw reader.Error(4, "expected the signature 89 50 4E 47 0D 0A 1A 0A (line endings were changed in transfer?)");

        Header header = default;
        ReadOnlySpan<byte> palette = default, transparency = default;
        var data = new ArrayBufferWriter<byte>();
        int dataPosition = 0;
        long left = 0;
        int orientation = 1;
        uint densityX = 0, densityY = 0;
        for (bool first = true; ; first = false)
        {
            int start = reader.Position;
            uint length = reader.UInt32BigEndian("chunk length");
            var type = reader.Bytes(4, "chunk type");
            string name = System.Text.Encoding.Latin1.GetString(type);
            if (length > int.MaxValue || length > reader.Remaining)
                throw reader.Error(start, $"expected {length} bytes of chunk {Printable(name)}, found the end of the file after {reader.Remaining}");
            var body = reader.Bytes((int)length, "chunk");
            bool critical = (type[0] & 0x20) == 0;
            uint checksum = reader.UInt32BigEndian("checksum");
            uint computed = Crc32.Compute(file.Slice(start + 4, body.Length + 4));
            if (first)
            {
                if (name != "IHDR") throw reader.Error(start, $"expected chunk IHDR, found {Printable(name)}");
                header = ReadHeader(reader, start, body);
            }
            if (checksum != computed)
            {
                if (critical) throw reader.Error(start, $"expected checksum {computed:X8} of chunk {Printable(name)}, found {checksum:X8}");
                continue;
            }
            switch (name)
            {
                case "IHDR":
                    if (!first) throw reader.Error(start, "expected one chunk IHDR, found another");
                    long rows = 2 * (header.RowBytes(header.Width) + 1); // a row and the one above it
                    options.Check(Format, start, header.Width, header.Height, MemoryPerPixel(header), rows);
                    left = options.MaxMemoryBytes - (long)header.Width * header.Height * MemoryPerPixel(header) - rows;
                    break;
                case "PLTE":
                    if (body.Length == 0 || body.Length % 3 != 0 || body.Length > 768)
                        throw reader.Error(start, $"expected a palette of 1 to 256 entries of 3 bytes, found {body.Length} bytes");
                    palette = body;
                    break;
                case "tRNS":
                    transparency = body;
                    break;
                case "eXIf":
                    orientation = Orientation.FromExif(body) ?? orientation;
                    break;
                case "pHYs":
                    // Without a unit some writers state the sides of a pixel instead
                    if (body.Length == 9 && body[8] == 1) (densityX, densityY) = (BinaryPrimitives.ReadUInt32BigEndian(body), BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
                    break;
                case "IDAT":
                    if (dataPosition == 0) dataPosition = start;
                    // What is collected is held three times while its buffer grows to twice its size
                    if (data.WrittenCount + (long)body.Length > left / 3)
                        throw reader.Error(start, $"expected a picture that decodes within {options.MaxMemoryBytes} bytes, found {data.WrittenCount + (long)body.Length} bytes of compressed data");
                    data.Write(body);
                    break;
                case "IEND":
                    if (dataPosition == 0) throw reader.Error(start, "expected a chunk IDAT before IEND");
                    if (orientation != 1 && (long)header.Width * header.Height * (header.ColorType == Palette ? 4 : header.SamplesPerPixel) > left - data.WrittenCount)
                        throw reader.Error(start, $"expected a picture that decodes within {options.MaxMemoryBytes} bytes, found one that is turned as well");
                    return new(Decode(reader, header, palette, transparency, data.WrittenMemory, dataPosition), orientation, densityX, densityY);
                default:
                    if (critical) throw reader.Error(start, $"expected a chunk of the standard, found {Printable(name)}, which a decoder must not skip");
                    break;
            }
        }
    }

    private static int MemoryPerPixel(Header header) => header.SamplesPerPixel + (header.ColorType == Palette ? 3 : 1);

    private static string Printable(string name) => name.All(char.IsAsciiLetter) ? name : Convert.ToHexString(System.Text.Encoding.Latin1.GetBytes(name));

    private static Header ReadHeader(FileReader reader, int start, ReadOnlySpan<byte> body)
    {
        if (body.Length != 13) throw reader.Error(start, $"expected an IHDR of 13 bytes, found {body.Length}");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body), height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
            throw reader.Error(start + 8, $"expected a width and height of 1 to {int.MaxValue}, found {width}×{height}");
        int depth = body[8], type = body[9];
        bool valid = type switch
        {
            Gray => depth is 1 or 2 or 4 or 8 or 16,
            Palette => depth is 1 or 2 or 4 or 8,
            Rgb or GrayAlpha or RgbAlpha => depth is 8 or 16,
            _ => false,
        };
        if (!valid) throw reader.Error(start + 16, $"expected a colour type and bit depth of the standard, found colour type {type} with {depth} bits");
        if (body[10] != 0) throw reader.Error(start + 18, $"expected compression method 0, found {body[10]}");
        if (body[11] != 0) throw reader.Error(start + 19, $"expected filter method 0, found {body[11]}");
        if (body[12] > 1) throw reader.Error(start + 20, $"expected interlace method 0 or 1, found {body[12]}");
        return new Header { Width = (int)width, Height = (int)height, Depth = depth, ColorType = type, Interlaced = body[12] == 1 };
    }

    private static Image Decode(FileReader reader, Header header, ReadOnlySpan<byte> palette, ReadOnlySpan<byte> transparency,
        ReadOnlyMemory<byte> data, int dataPosition)
    {
        if (header.ColorType == Palette && palette.IsEmpty) throw reader.Error(dataPosition, "expected a chunk PLTE before IDAT");
        int passes = header.Interlaced ? 7 : 1;
        long expected = 0;
        for (int pass = 0; pass < passes; pass++)
        {
            var (columns, rows) = PassSize(header, pass);
            if (columns > 0) expected += rows * (header.RowBytes(columns) + 1);
        }
        // DEFLATE makes at most 1,032 bytes of one, so much data can't come of so little
        if (expected > data.Length * 1032L + 1032)
            throw reader.Error(dataPosition, $"expected image data for {expected} bytes, found {data.Length} compressed bytes, which is too few");
        long rowBytes = header.RowBytes(header.Width);
        if (2 * (rowBytes + 1) > Array.MaxLength) throw reader.Error(dataPosition, $"expected rows of less than 1 GiB, found {rowBytes} bytes");

        var converter = new RowConverter(header, palette, transparency, reader, dataPosition);
        var pixels = new byte[header.Width * header.Height * converter.Channels];
        // Rows and, before them, the one above: a single long row or many short ones, as every read has a cost of its own
        var buffer = new byte[Math.Max(2 * (rowBytes + 1), BufferedBytes)];
        try
        {
            if (!System.Runtime.InteropServices.MemoryMarshal.TryGetArray(data, out var segment)) throw new InvalidOperationException();
            using var compressed = new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false);
            using var inflater = new ZLibStream(compressed, CompressionMode.Decompress);
            for (int pass = 0; pass < passes; pass++)
            {
                var (columns, rows) = PassSize(header, pass);
                if (columns == 0) continue;
                int bytes = (int)header.RowBytes(columns), stride = bytes + 1, most = buffer.Length / stride - 1;
                int startX = header.Interlaced ? PassX[pass] : 0, stepX = header.Interlaced ? PassStepX[pass] : 1;
                int startY = header.Interlaced ? PassY[pass] : 0, stepY = header.Interlaced ? PassStepY[pass] : 1;
                buffer.AsSpan(0, stride).Clear();
                for (int row = 0; row < rows; row += most)
                {
                    var filtered = buffer.AsSpan(stride, Math.Min(most, rows - row) * stride);
                    int got = inflater.ReadAtLeast(filtered, filtered.Length, throwOnEndOfStream: false);
                    if (got < filtered.Length) throw reader.Error(dataPosition, $"expected {expected} bytes of image data, found its end in row {startY + (row + got / stride) * stepY}");
                    for (int at = 0, y = startY + row * stepY; at < filtered.Length; at += stride, y += stepY)
                    {
                        Span<byte> above = buffer.AsSpan(at + 1, bytes), current = filtered.Slice(at + 1, bytes);
                        if (filtered[at] > 4) throw reader.Error(dataPosition, $"expected a filter type of 0 to 4 in row {y}, found {filtered[at]}");
                        Unfilter(filtered[at], current, above, Math.Max(1, header.BitsPerPixel / 8));
                        converter.Convert(current, columns, pixels, y * header.Width + startX, stepX);
                    }
                    buffer.AsSpan(filtered.Length, stride).CopyTo(buffer);
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException) // what asks for a preset dictionary is the latter
        {
            throw new ImageFormatException(Format, dataPosition, "expected valid zlib data in the IDAT chunks: " + e.Message, e);
        }
        return Image.FromChannels(header.Width, header.Height, converter.Channels, pixels);
    }

    private static (int Columns, int Rows) PassSize(Header header, int pass)
    {
        if (!header.Interlaced) return (header.Width, header.Height);
        int columns = (int)Math.Max(0, ((long)header.Width - PassX[pass] + PassStepX[pass] - 1) / PassStepX[pass]);
        int rows = (int)Math.Max(0, ((long)header.Height - PassY[pass] + PassStepY[pass] - 1) / PassStepY[pass]);
        return rows == 0 ? (0, 0) : (columns, rows);
    }

    /// <summary>Undoes a row's filter: each byte is a difference to the byte <paramref name="unit"/> to the left, above, the mean of
    /// both, or whichever of left, above and upper left is nearest to left + above − upper left (Paeth).</summary>
    private static void Unfilter(int type, Span<byte> row, ReadOnlySpan<byte> above, int unit)
    {
        switch (type)
        {
            case 1:
                for (int i = unit; i < row.Length; i++) row[i] += row[i - unit];
                break;
            case 2:
                for (int i = 0; i < row.Length; i++) row[i] += above[i];
                break;
            case 3:
                for (int i = 0; i < row.Length; i++) row[i] += (byte)(((i < unit ? 0 : row[i - unit]) + above[i]) >> 1);
                break;
            case 4:
                for (int i = 0; i < row.Length; i++)
                {
                    int left = i < unit ? 0 : row[i - unit], up = above[i], corner = i < unit ? 0 : above[i - unit];
                    int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner), toCorner = Math.Abs(left + up - 2 * corner);
                    row[i] += (byte)(toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner);
                }
                break;
        }
    }

    /// <summary>Turns unfiltered rows into 8-bit channels.</summary>
    private readonly ref struct RowConverter
    {
        private readonly Header _header;
        private readonly byte[]? _palette; // [256, 4]
        private readonly int _keyRed = -1, _keyGreen = -1, _keyBlue = -1;
        private readonly FileReader _reader;
        private readonly int _position;

        public RowConverter(Header header, ReadOnlySpan<byte> palette, ReadOnlySpan<byte> transparency, FileReader reader, int position)
        {
            _header = header;
            _reader = reader;
            _position = position;
            int entries = palette.Length / 3;
            switch (header.ColorType)
            {
                case Palette:
                    _palette = new byte[256 * 4];
                    bool gray = true, opaque = true;
                    PaletteEntries = entries;
                    for (int i = 0; i < entries; i++)
                    {
                        palette.Slice(i * 3, 3).CopyTo(_palette.AsSpan(i * 4));
                        byte alpha = _palette[i * 4 + 3] = i < transparency.Length ? transparency[i] : (byte)255;
                        gray &= _palette[i * 4] == _palette[i * 4 + 1] && _palette[i * 4] == _palette[i * 4 + 2];
                        opaque &= alpha == 255;
                    }
                    Channels = (gray ? 1 : 3) + (opaque ? 0 : 1);
                    break;
                case Gray:
                    Channels = transparency.Length >= 2 ? 2 : 1;
                    if (transparency.Length >= 2) _keyRed = BinaryPrimitives.ReadUInt16BigEndian(transparency);
                    break;
                case Rgb:
                    Channels = transparency.Length >= 6 ? 4 : 3;
                    if (transparency.Length >= 6)
                    {
                        _keyRed = BinaryPrimitives.ReadUInt16BigEndian(transparency);
                        _keyGreen = BinaryPrimitives.ReadUInt16BigEndian(transparency[2..]);
                        _keyBlue = BinaryPrimitives.ReadUInt16BigEndian(transparency[4..]);
                    }
                    break;
                default:
                    Channels = header.SamplesPerPixel;
                    break;
            }
        }

        public int Channels { get; }

        private int PaletteEntries { get; }

        /// <summary>Writes <paramref name="columns"/> pixels, the first to pixel <paramref name="pixel"/>, then every <paramref name="step"/>.</summary>
        public void Convert(ReadOnlySpan<byte> row, int columns, byte[] pixels, int pixel, int step)
        {
            int depth = _header.Depth, samples = _header.SamplesPerPixel, mask = (1 << depth) - 1;
            int target = pixel * Channels, targetStep = step * Channels;
            if (depth == 8 && samples == Channels && _palette == null && step == 1)
            {
                row.CopyTo(pixels.AsSpan(target));
                return;
            }
            if (_header.ColorType is Gray or Palette)
            {
                for (int x = 0; x < columns; x++, target += targetStep)
                {
                    int value = depth switch
                    {
                        16 => Sample16(row, x),
                        8 => row[x],
                        _ => row[x * depth >> 3] >> (8 - depth - (x * depth & 7)) & mask,
                    };
                    if (_palette != null)
                    {
                        if (value >= PaletteEntries) throw _reader.Error(_position, $"expected palette indices below {PaletteEntries}, found {value}");
                        var entry = _palette.AsSpan(value * 4, 4);
                        pixels[target] = entry[0];
                        if (Channels >= 3) (pixels[target + 1], pixels[target + 2]) = (entry[1], entry[2]);
                        if (Channels is 2 or 4) pixels[target + Channels - 1] = entry[3];
                    }
                    else
                    {
                        pixels[target] = depth == 16 ? To8(value) : (byte)(value * 255 / mask);
                        if (Channels == 2) pixels[target + 1] = value == _keyRed ? (byte)0 : (byte)255;
                    }
                }
                return;
            }
            for (int x = 0; x < columns; x++, target += targetStep)
            {
                if (depth == 16)
                    for (int s = 0; s < samples; s++) pixels[target + s] = To8(Sample16(row, x * samples + s));
                else
                    for (int s = 0; s < samples; s++) pixels[target + s] = row[x * samples + s];
                if (samples == 3 && Channels == 4)
                {
                    bool key = depth == 16
                        ? Sample16(row, x * 3) == _keyRed && Sample16(row, x * 3 + 1) == _keyGreen && Sample16(row, x * 3 + 2) == _keyBlue
                        : row[x * 3] == _keyRed && row[x * 3 + 1] == _keyGreen && row[x * 3 + 2] == _keyBlue;
                    pixels[target + 3] = key ? (byte)0 : (byte)255;
                }
            }
        }

        private static int Sample16(ReadOnlySpan<byte> row, int index) => row[2 * index] << 8 | row[2 * index + 1];

        private static byte To8(int value) => (byte)((value * 255 + 32767) / 65535);
    }
}
