using System.Numerics;

namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>Windows and OS/2 bitmaps: 1, 2, 4, 8, 16, 24 and 32 bits, run-length coded (RLE4, RLE8), bit fields, top-down.</summary>
internal static class BmpDecoder
{
    private const string Format = "BMP";

    /// <summary>Pixels of a run-length coded picture that need no runs: it may end at once.</summary>
    private const int FreePixels = 1 << 20;

    private const int Uncompressed = 0, Rle8 = 1, Rle4 = 2, BitFields = 3, AlphaBitFields = 6;

    public static bool Recognizes(ReadOnlySpan<byte> file) => file.Length >= 2 && file[0] == 'B' && file[1] == 'M';

    public static DecodedPicture Decode(ReadOnlySpan<byte> file, DecoderOptions options)
    {
        var reader = new FileReader(Format, file) { Position = 2 };
        reader.Bytes(8, "file header");
        uint offset = reader.UInt32LittleEndian("offset of the pixels");
        uint headerSize = reader.UInt32LittleEndian("header size");
        if (headerSize != 12 && headerSize is not (>= 16 and <= 124))
            throw reader.Error(14, $"expected a header of 12 or 16 to 124 bytes, found {headerSize}");
        var header = new byte[124];
        reader.Bytes((int)headerSize - 4, "header").CopyTo(header.AsSpan(4));
        var fields = new FileReader(Format, header) { Position = 4 };
        long width, height;
        int planes, bits, compression = Uncompressed;
        uint densityX = 0, densityY = 0, colors = 0;
        if (headerSize == 12)
        {
            width = fields.UInt16LittleEndian("width");
            height = fields.UInt16LittleEndian("height");
            planes = fields.UInt16LittleEndian("planes");
            bits = fields.UInt16LittleEndian("bits per pixel");
        }
        else
        {
            width = (int)fields.UInt32LittleEndian("width");
            height = (int)fields.UInt32LittleEndian("height");
            planes = fields.UInt16LittleEndian("planes");
            bits = fields.UInt16LittleEndian("bits per pixel");
            compression = (int)fields.UInt32LittleEndian("compression");
            fields.Position = 24;
            densityX = fields.UInt32LittleEndian("horizontal density");
            densityY = fields.UInt32LittleEndian("vertical density");
            colors = fields.UInt32LittleEndian("number of colours");
        }
        bool topDown = height < 0;
        height = Math.Abs(height);
        if (planes != 1) throw reader.Error(26, $"expected 1 plane, found {planes}");
        if (bits is not (1 or 2 or 4 or 8 or 16 or 24 or 32)) throw reader.Error(28, $"expected 1, 2, 4, 8, 16, 24 or 32 bits per pixel, found {bits}");
        // OS/2 2.x (a 64-byte header) numbers Huffman coding 3 and RLE24 4; later Windows headers name JPEG 4 and PNG 5
        bool supported = compression switch
        {
            Uncompressed => true,
            Rle8 => bits == 8,
            Rle4 => bits == 4,
            BitFields or AlphaBitFields => bits is 16 or 32 && headerSize != 64,
            _ => false,
        };
        if (!supported) throw reader.Error(30, $"expected no compression, RLE4, RLE8 or bit fields, found compression {compression} with {bits} bits per pixel");
        options.Check(Format, 18, width, height, bits <= 8 ? 4 : bits == 24 ? 3 : 4);
        if (topDown && compression is Rle8 or Rle4) throw reader.Error(22, "expected a run-length coded bitmap from the bottom up, found a negative height");

        Span<uint> masks = [0, 0, 0, 0];
        if (bits == 16) (masks[0], masks[1], masks[2]) = (0x7C00, 0x03E0, 0x001F);
        if (bits == 32) (masks[0], masks[1], masks[2]) = (0xFF0000, 0x00FF00, 0x0000FF);
        if (compression is BitFields or AlphaBitFields)
        {
            int count = compression == AlphaBitFields || headerSize >= 56 ? 4 : 3;
            fields.Position = 40;
            for (int i = 0; i < count; i++)
                masks[i] = headerSize >= 52 ? fields.UInt32LittleEndian("mask") : reader.UInt32LittleEndian("mask");
            for (int i = 0; i < 4; i++)
            {
                uint run = masks[i] >> BitOperations.TrailingZeroCount(masks[i]);
                if (masks[i] != 0 && (run & (run + 1)) != 0) throw reader.Error(54, $"expected masks of adjacent bits, found {masks[i]:X8}");
            }
        }

        if (offset < reader.Position || offset > file.Length)
            throw reader.Error(10, $"expected an offset of the pixels of {reader.Position}, where the header ends, to {file.Length}, where the file does, found {offset}");
        byte[]? palette = null;
        int entries = 0;
        if (bits <= 8)
        {
            int entryBytes = headerSize == 12 ? 3 : 4;
            long most = 1L << bits;
            // Writers of the oldest header leave out unused colours without saying so: the pixels' offset tells
            long available = (offset - reader.Position) / entryBytes;
            if (available == 0) throw reader.Error("expected a palette between the header and the pixels");
            entries = (int)Math.Min(colors == 0 || colors > most ? most : colors, available);
            var table = reader.Bytes(entries * entryBytes, "palette");
            palette = new byte[256 * 3];
            for (int i = 0; i < entries; i++)
                (palette[i * 3], palette[i * 3 + 1], palette[i * 3 + 2]) = (table[i * entryBytes + 2], table[i * entryBytes + 1], table[i * entryBytes]);
        }
        reader.Position = (int)offset;
        var image = palette != null
            ? DecodeIndexed(reader, (int)width, (int)height, bits, compression, topDown, palette, entries)
            : DecodeDirect(reader, (int)width, (int)height, bits, topDown, masks);
        return new(image, 1, densityX, densityY);
    }

    private static Image DecodeIndexed(FileReader reader, int width, int height, int bits, int compression, bool topDown, byte[] palette, int entries)
    {
        long stride = ((long)width * bits + 31) / 32 * 4;
        if (compression == Uncompressed && stride * height > reader.Remaining + 3) // the last row's padding may be missing
            throw reader.Error($"expected {stride * height} bytes of pixels, found {reader.Remaining}");
        // Four bytes move by up to 255 rows; two give up to 255 pixels or end a row
        if (compression != Uncompressed && (long)width * height > Math.Max(FreePixels, reader.Remaining / 4 * 255L * width))
            throw reader.Error($"expected runs of {width}×{height} pixels, found {reader.Remaining} bytes");
        var indices = new byte[width * height];
        if (compression == Uncompressed)
        {
            int mask = (1 << bits) - 1;
            for (int y = 0; y < height; y++)
            {
                int used = (int)(((long)width * bits + 7) / 8);
                var row = reader.Bytes(used, "pixels");
                if (y + 1 < height) reader.Bytes((int)stride - used, "padding");
                int target = (topDown ? y : height - 1 - y) * width;
                for (int x = 0; x < width; x++)
                    indices[target + x] = bits == 8 ? row[x] : (byte)(row[(int)((long)x * bits >> 3)] >> (8 - bits - (x * bits & 7)) & mask);
            }
        }
        else DecodeRuns(ref reader, width, height, compression == Rle4, indices);

        bool gray = true;
        for (int i = 0; i < entries; i++) gray &= palette[i * 3] == palette[i * 3 + 1] && palette[i * 3] == palette[i * 3 + 2];
        if (gray)
        {
            for (int i = 0; i < indices.Length; i++) indices[i] = palette[indices[i] * 3];
            return new Image(width, height, 1, indices);
        }
        var pixels = new byte[indices.Length * 3];
        for (int i = 0; i < indices.Length; i++) palette.AsSpan(indices[i] * 3, 3).CopyTo(pixels.AsSpan(i * 3));
        return new Image(width, height, 3, pixels);
    }

    /// <summary>Runs of (count, value); a count of 0 escapes: 0 ends the row, 1 the picture, 2 moves right and up, n ≥ 3 gives n
    /// values as they are, padded to a 16-bit border. Pixels that no run reaches keep index 0.</summary>
    private static void DecodeRuns(ref FileReader reader, int width, int height, bool nibbles, byte[] indices)
    {
        int x = 0, y = 0;
        while (true)
        {
            int position = reader.Position;
            if (y >= height && reader.Remaining < 2) return; // every row is there, only the end code is missing
            int count = reader.Byte("run"), value = reader.Byte("run");
            if (count > 0)
            {
                if (y >= height) throw reader.Error(position, $"expected runs in {height} rows, found {count} pixels more");
                // Some writers code the padding of a row as well: what is beyond the width is left out
                int target = (height - 1 - y) * width + x;
                for (int i = 0; i < count && x + i < width; i++)
                    indices[target + i] = nibbles ? (byte)((i & 1) == 0 ? value >> 4 : value & 15) : (byte)value;
                x = Math.Min(width, x + count);
                continue;
            }
            switch (value)
            {
                case 0:
                    x = 0;
                    y++;
                    break;
                case 1:
                    return;
                case 2:
                    x += reader.Byte("move");
                    y += reader.Byte("move");
                    if (x > (long)width + 3 || y > height) throw reader.Error(position, $"expected a move within {width}×{height}, found one to column {x} of row {y}");
                    break;
                default:
                    if (y >= height) throw reader.Error(position, $"expected runs in {height} rows, found {value} pixels more");
                    int bytes = nibbles ? (value + 1) / 2 : value;
                    var values = reader.Bytes(bytes, "run");
                    if ((bytes & 1) != 0) reader.Byte("padding of a run");
                    int start = (height - 1 - y) * width + x;
                    for (int i = 0; i < value && x + i < width; i++)
                        indices[start + i] = nibbles ? (byte)((i & 1) == 0 ? values[i >> 1] >> 4 : values[i >> 1] & 15) : values[i];
                    x = Math.Min(width, x + value);
                    break;
            }
        }
    }

    private static Image DecodeDirect(FileReader reader, int width, int height, int bits, bool topDown, ReadOnlySpan<uint> masks)
    {
        int unit = bits / 8, used = width * unit;
        long stride = ((long)width * bits + 31) / 32 * 4;
        if (stride * height > reader.Remaining + 3) throw reader.Error($"expected {stride * height} bytes of pixels, found {reader.Remaining}");
        int channels = masks[3] != 0 ? 4 : 3;
        var pixels = new byte[width * height * channels];
        bool anyAlpha = false;
        for (int y = 0; y < height; y++)
        {
            var row = reader.Bytes(used, "pixels");
            if (y + 1 < height) reader.Bytes((int)stride - used, "padding");
            int target = (topDown ? y : height - 1 - y) * width * channels;
            for (int x = 0; x < width; x++, target += channels)
            {
                if (bits == 24)
                {
                    (pixels[target], pixels[target + 1], pixels[target + 2]) = (row[x * 3 + 2], row[x * 3 + 1], row[x * 3]);
                    continue;
                }
                uint value = row[x * unit] | (uint)row[x * unit + 1] << 8;
                if (unit == 4) value |= (uint)row[x * 4 + 2] << 16 | (uint)row[x * 4 + 3] << 24;
                for (int c = 0; c < channels; c++) pixels[target + c] = Field(value, masks[c]);
                anyAlpha |= channels == 4 && pixels[target + 3] != 0;
            }
        }
        // An alpha field that was never filled in doesn't mean an invisible picture
        if (channels == 4 && !anyAlpha)
            for (int i = 3; i < pixels.Length; i += 4) pixels[i] = 255;
        return Image.FromChannels(width, height, channels, pixels);
    }

    private static byte Field(uint value, uint mask)
    {
        if (mask == 0) return 0;
        int shift = BitOperations.TrailingZeroCount(mask);
        ulong max = mask >> shift, field = (value & mask) >> shift;
        return (byte)((field * 255 + max / 2) / max);
    }
}
