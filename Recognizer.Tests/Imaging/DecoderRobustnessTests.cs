using System.Diagnostics;
using System.Text;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Codecs;

namespace Recognizer.Tests.Imaging;

/// <summary>Broken files: nothing but the documented exception, within time and memory. 10⁴ mutations; 10⁶ with RECOGNIZER_LONG_TESTS=1.</summary>
public class DecoderRobustnessTests
{
    private static readonly DecoderOptions s_small = new() { MaxPixels = 1 << 20, MaxMemoryBytes = 16 << 20 };

    private static readonly byte[] s_frameMarker = [0xFF, 0xC0];

    private static readonly bool s_long = Environment.GetEnvironmentVariable("RECOGNIZER_LONG_TESTS") == "1";

    /// <summary>Small files of every kind, made by hand so that no other program is needed.</summary>
    private static Dictionary<string, byte[]> Seeds()
    {
        var pixels = new byte[20 * 15 * 3];
        new Random(1).NextBytes(pixels);
        for (int i = 0; i < pixels.Length / 2; i++) pixels[i] = (byte)(i / 60 * 20);
        var seeds = new Dictionary<string, byte[]>
        {
            ["gray.png"] = PngEncoder.Encode(20, 15, 1, pixels.AsSpan(0, 300)),
            ["rgb.png"] = PngEncoder.Encode(20, 15, 3, pixels),
            ["p1"] = "P1\n# a comment\n4 2\n1 0 1 0\n0101\n"u8.ToArray(),
            ["p2"] = "P2 3 2 15\n0 7 15 3 2 1\n"u8.ToArray(),
            ["p3"] = "P3 2 1 255 255 0 0 12 13 14\n"u8.ToArray(),
            ["p4"] = [.. "P4 12 3\n"u8, 1, 2, 3, 4, 5, 6],
            ["p5"] = [.. "P5 4 2 255\n"u8, 1, 2, 3, 4, 5, 6, 7, 8],
            ["p5deep"] = [.. "P5 2 2 1000\n"u8, 1, 2, 3, 4, 0, 6, 2, 8],
            ["p6"] = [.. "P6 2 1 255\n"u8, 1, 2, 3, 4, 5, 6],
            ["p7"] = [.. "P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"u8, 1, 2, 3, 4, 5, 6, 7, 8],
            ["rgb.bmp"] = Bitmap(24, 0, 5, 3, new byte[16 * 3]),
            ["bits.bmp"] = Bitmap(1, 0, 9, 3, [0x55, 0x80, 0, 0, 0xAA, 0, 0, 0, 0xFF, 0x80, 0, 0]),
            ["rle8.bmp"] = Bitmap(8, 1, 5, 3, [5, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 1, 1, 3, 2, 0, 1]),
            ["rle4.bmp"] = Bitmap(4, 2, 5, 3, [5, 0x12, 0, 0, 0, 5, 0x12, 0x34, 0x50, 0, 0, 0, 5, 0x21, 0, 1]),
        };
        foreach (var (name, file) in JpegSamples.All) seeds[name] = file;
        return seeds;
    }

    private static byte[] Bitmap(int bits, int compression, int width, int height, byte[] data)
    {
        int entries = bits <= 8 ? 1 << bits : 0, offset = 54 + 4 * entries;
        var file = new byte[offset + data.Length];
        using var writer = new BinaryWriter(new MemoryStream(file));
        writer.Write("BM"u8);
        writer.Write(file.Length);
        writer.Write(0);
        writer.Write(offset);
        writer.Write(40);
        writer.Write(width);
        writer.Write(height);
        writer.Write((short)1);
        writer.Write((short)bits);
        writer.Write(compression);
        for (int i = 0; i < 5; i++) writer.Write(0);
        for (int i = 0; i < entries; i++) writer.Write(i * 77777 & 0xFFFFFF);
        writer.Write(data);
        return file;
    }

    [Fact]
    public void Seeds_are_valid()
    {
        foreach (var (name, file) in Seeds())
        {
            var image = ImageDecoder.Decode(file);
            Assert.True(image.Width > 0 && image.Height > 0, name);
        }
    }

    [Fact]
    public void Every_prefix_is_refused()
    {
        foreach (var (name, file) in Seeds())
        {
            // Plain text and run-length coded data may lack what follows the last pixel
            int slack = name switch { "p1" or "p2" or "p3" => 2, "rle4.bmp" or "rle8.bmp" => 2, "bits.bmp" => 2, "rgb.bmp" => 1, _ => 0 };
            for (int length = 0; length < file.Length - slack; length++)
                Assert.Throws<ImageFormatException>(() =>
                {
                    ImageDecoder.Decode(file.AsSpan(0, length));
                    Assert.Fail($"{name} cut to {length} of {file.Length} bytes was decoded");
                });
        }
    }

    [Fact]
    public void Mutations_give_a_picture_or_the_documented_exception()
    {
        var seeds = Seeds().ToArray();
        var random = new Random(20240);
        int count = s_long ? 1_000_000 : 10_000, refused = 0;
        TimeSpan slowest = default;
        long greatest = 0;
        for (int i = 0; i < count; i++)
        {
            var (name, seed) = seeds[i % seeds.Length];
            byte[] file = Mutate(seed, random);
            if (name.EndsWith(".png", StringComparison.Ordinal) && random.Next(2) == 0) RepairChecksums(file);
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            try
            {
                ImageDecoder.Decode(file, s_small);
            }
            catch (ImageFormatException)
            {
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"{name}, mutation {i}: {e}\n{Convert.ToHexString(file)}");
            }
            var elapsed = Stopwatch.GetElapsedTime(start);
            if (elapsed > slowest) slowest = elapsed;
            greatest = Math.Max(greatest, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.InRange(refused, count / 4, count - 1);
        Assert.True(slowest < TimeSpan.FromSeconds(1), $"slowest: {slowest}");
        Assert.True(greatest <= s_small.MaxMemoryBytes + (1 << 20), $"most memory: {greatest}");
    }

    [Theory]
    [InlineData("50370A57494454482032850A48454947485420310A444550544820340A4D5856414C203235350A5455504C54595045200047425F414C5048410A")]
    [InlineData("89504E470D0A1A0A0000000D494844520000001C0000001C0800000000576680480000001749444154782000000000621805A321301A028011150200032C0001A10B16A10000000049454E44AE426082")] // asks for a preset dictionary
    public void What_once_crashed_is_refused(string hex) => Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(Convert.FromHexString(hex)));

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var file = seed.ToList();
        for (int times = random.Next(1, 6); times > 0; times--)
        {
            int at = random.Next(file.Count);
            switch (random.Next(7))
            {
                case 0: file[at] = (byte)random.Next(256); break;
                case 1: file[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: file.Insert(at, (byte)random.Next(256)); break;
                case 3: file.RemoveAt(at); break;
                case 4: file.RemoveRange(at, file.Count - at); break;
                case 5: file[at] = random.Next(2) == 0 ? (byte)255 : (byte)0; break;
                default:
                    int length = random.Next(Math.Min(16, file.Count - at));
                    file.InsertRange(random.Next(file.Count), file.GetRange(at, length));
                    break;
            }
            if (file.Count == 0) return [];
        }
        return [.. file];
    }

    /// <summary>Makes a damaged PNG's checksums right, so that the damage reaches what comes after them.</summary>
    private static void RepairChecksums(byte[] file)
    {
        int position = 8;
        while (position + 12 <= file.Length)
        {
            uint length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(position));
            if (length > file.Length - position - 12) return;
            uint checksum = Crc32.Compute(file.AsSpan(position + 4, (int)length + 4));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(position + 8 + (int)length), checksum);
            position += (int)length + 12;
        }
    }

    [Fact]
    public void Headers_that_promise_too_much_cost_no_memory()
    {
        byte[] png = PngEncoder.Encode(1, 1, 1, [0]);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), 8000);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), 8000);
        RepairChecksums(png);
        byte[] jpeg = [.. JpegSamples.All[0].File];
        int frame = jpeg.AsSpan().IndexOf(s_frameMarker);
        jpeg.AsSpan(frame + 5, 4).Fill(0x1F);
        byte[][] files =
        [
            png, jpeg, "P5 8000 8000 255\n"u8.ToArray(), "P2 8000 8000 255\n"u8.ToArray(), "P4 8000 8000\n"u8.ToArray(),
            "P6 99999 99999 255\n"u8.ToArray(), Bitmap(24, 0, 8000, 8000, []), Bitmap(8, 1, 100000, 100000, []), Bitmap(8, 1, 8000, 8000, [0, 1]), Bitmap(8, 0, 8000, 8000, []),
        ];
        foreach (byte[] file in files)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
    }

    [Fact]
    public void Rows_of_a_png_count_as_memory()
    {
        byte[] png = PngEncoder.Encode(1, 1, 1, [0]);
        // A row of four times 16 bits is 8 MiB, and so is the one above it
        byte[] wide = [.. png.AsSpan(0, 33), 0, 0, 0x20, 0x08, .. "IDAT"u8, .. new byte[8200 + 4], .. png.AsSpan(png.Length - 12)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(wide.AsSpan(16), 1 << 20);
        (wide[24], wide[25]) = (16, 6);
        RepairChecksums(wide);
        AssertRefusedWithinLimits(wide);
    }

    [Fact]
    public void Whole_coded_units_of_a_jpeg_count_as_memory() =>
        // A row of 65535 pixels, stored as units of 32×32 in four components
        AssertRefusedWithinLimits([.. Convert.FromHexString("FFD8FFC20014080001FFFF04014400024400034400044400"), .. new byte[4096]]);

    private static void AssertRefusedWithinLimits(byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file, s_small));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, s_small.MaxMemoryBytes + (1 << 20));
    }

    [Theory]
    [InlineData(54, 8)] // no room for a palette
    [InlineData(50, 24)]
    public void Bitmaps_whose_pixels_start_within_the_header_or_palette_are_refused(byte offset, byte bits)
    {
        byte[] file = Bitmap(24, 0, 40, 40, new byte[40 * 40 * 3]);
        (file[10], file[28]) = (offset, bits);
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file));
    }

    [Fact]
    public void Large_bitmaps_may_move_over_what_they_leave_empty()
    {
        byte[] moves = [0, 2, 0, 250, 0, 2, 0, 250, 0, 2, 0, 250, 0, 2, 0, 249];
        Image image = ImageDecoder.Decode(Bitmap(8, 1, 1200, 1000, [.. moves, 100, 1, 0, 1]));
        Assert.Equal((1200, 1000), (image.Width, image.Height));
    }

    [Theory]
    [InlineData("P5\n2 1\n255#c\n\n")]
    [InlineData("P5\n2 1\n255#c\r\n")]
    [InlineData("P5 2#c\n#c\n1#c\n255\n")]
    public void Comments_may_follow_the_numbers_of_an_anymap(string header) =>
        Assert.Equal([10, 200], ImageDecoder.Decode([.. Encoding.ASCII.GetBytes(header), 10, 200]).Pixels.ToArray());

    [Fact]
    public void Limits_are_obeyed_and_named()
    {
        byte[] file = PngEncoder.Encode(20, 10, 1, new byte[200]);
        Assert.Contains("at most 199 pixels", Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file, new() { MaxPixels = 199 })).Message, StringComparison.Ordinal);
        Assert.Contains("at most 9 bytes", Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file, new() { MaxFileBytes = 9 })).Message, StringComparison.Ordinal);
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file, new() { MaxMemoryBytes = 100 }));
        Assert.Equal(20, ImageDecoder.Decode(file, new() { MaxPixels = 200 }).Width);
    }

    [Fact]
    public void Compressed_data_counts_as_memory()
    {
        // A pixel, and 8 MB behind the end of its data
        byte[] data = PngEncoder.Encode(1, 1, 1, [0]), padded = new byte[data.Length + (8 << 20)];
        int chunk = data.AsSpan().IndexOf("IDAT"u8) - 4, length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(chunk));
        data.AsSpan(0, chunk + 8 + length).CopyTo(padded);
        data.AsSpan(chunk + 8 + length).CopyTo(padded.AsSpan(chunk + 8 + length + (8 << 20)));
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(padded.AsSpan(chunk), length + (8 << 20));
        RepairChecksums(padded);
        Assert.Equal(1, ImageDecoder.Decode(padded).Width);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("compressed data", Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(padded, new() { MaxMemoryBytes = 4 << 20 })).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void A_png_of_many_short_rows_decodes_to_its_end()
    {
        var pixels = new byte[3 * 10_001];
        new Random(4).NextBytes(pixels);
        Image image = ImageDecoder.Decode(PngEncoder.Encode(1, 10_001, 3, pixels));
        Assert.True(image.Pixels.SequenceEqual(pixels));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(8)]
    public void Png_is_turned_as_its_exif_data_says(byte orientation)
    {
        byte[] file = PngEncoder.Encode(2, 1, 1, [10, 200]);
        byte[] exif = [0, 0, 0, 0, .. "eXIfMM"u8, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
        Image image = ImageDecoder.Decode([.. file.AsSpan(0, 33), .. Checked(exif), .. file.AsSpan(33)]);
        Assert.Equal(orientation == 1 ? (2, 1) : (1, 2), (image.Width, image.Height));
        Assert.Equal(orientation == 8 ? [200, 10] : (byte[])[10, 200], image.Pixels.ToArray());

        static byte[] Checked(byte[] chunk)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(chunk, chunk.Length - 12);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc32.Compute(chunk.AsSpan(4, chunk.Length - 8)));
            return chunk;
        }
    }

    /// <summary>Two pixels, 10 and 200, beside each other, in a PNG file with densities.</summary>
    private static byte[] WithDensities(byte x, byte y, byte unit = 1)
    {
        byte[] file = PngEncoder.Encode(2, 1, 1, [10, 200]);
        file = [.. file.AsSpan(0, 33), 0, 0, 0, 9, .. "pHYs"u8, 0, 0, 0, x, 0, 0, 0, y, unit, 0, 0, 0, 0, .. file.AsSpan(33)];
        RepairChecksums(file);
        return file;
    }

    [Theory]
    [InlineData(204, 98, new byte[] { 10, 200, 10, 200 }, 2)] // a standard fax
    [InlineData(100, 200, new byte[] { 10, 10, 200, 200 }, 4)]
    [InlineData(100, 150, new byte[] { 10, 10, 200 }, 3)]
    [InlineData(100, 100, new byte[] { 10, 200 }, 2)]
    [InlineData(120, 100, new byte[] { 10, 200 }, 2)]
    [InlineData(1, 100, new byte[] { 10, 200 }, 2)]
    [InlineData(0, 100, new byte[] { 10, 200 }, 2)]
    public void Pixels_of_a_png_become_square(byte densityX, byte densityY, byte[] expected, int width)
    {
        Image image = ImageDecoder.Decode(WithDensities(densityX, densityY));
        Assert.Equal(width, image.Width);
        Assert.Equal(expected, image.Pixels.ToArray());
    }

    [Fact]
    public void Pixels_of_a_png_without_a_unit_stay() => Assert.Equal(1, ImageDecoder.Decode(WithDensities(204, 98, unit: 0)).Height);

    [Fact]
    public void Pixels_become_square_within_the_limits_only() =>
        Assert.Equal(1, ImageDecoder.Decode(WithDensities(200, 100), new() { MaxPixels = 3 }).Height);

    [Theory]
    [InlineData(200, 100, 5, 6)]
    [InlineData(100, 200, 10, 3)]
    [InlineData(100, 100, 5, 3)]
    public void Pixels_of_a_bitmap_become_square(byte densityX, byte densityY, int width, int height)
    {
        byte[] file = Bitmap(24, 0, 5, 3, new byte[16 * 3]);
        (file[38], file[42]) = (densityX, densityY);
        Image image = ImageDecoder.Decode(file);
        Assert.Equal((width, height), (image.Width, image.Height));
    }

    [Fact]
    public void Bits_of_a_progressive_jpeg_come_once()
    {
        byte[] file = JpegSamples.All.Single(s => s.Name == "progressive.jpg").File;
        ImageDecoder.Decode(file);
        // The last scan once more
        int scan = file.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        byte[] repeated = [.. file.AsSpan(0, file.Length - 2), .. file.AsSpan(scan)];
        Assert.Contains("that follow those of earlier scans", Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(repeated)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_chunk_is_named_with_its_position()
    {
        byte[] file = PngEncoder.Encode(20, 10, 1, new byte[200]);
        file[45] ^= 1;
        var e = Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file));
        Assert.Equal(("PNG", 33), (e.Format, e.Position));
        Assert.Contains("checksum", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0xC3, "lossless")]
    [InlineData(0xC9, "arithmetic")]
    [InlineData(0xC5, "hierarchical")]
    public void Unsupported_jpeg_is_refused_by_name(byte marker, string name)
    {
        byte[] file = [.. JpegSamples.All[0].File];
        file[file.AsSpan().IndexOf(s_frameMarker) + 1] = marker;
        Assert.Contains(name, Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Twelve_bit_jpeg_is_refused_by_name()
    {
        byte[] file = [.. JpegSamples.All[0].File];
        file[file.AsSpan().IndexOf(s_frameMarker) + 4] = 12;
        Assert.Contains("expected 8 bits per sample, found 12", Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty file")]
    [InlineData("4749463A", "bytes 4749463A")]
    [InlineData("474946383961", "GIF, to be converted to PNG or JPEG")]
    [InlineData("524946461A00000057454250565038", "WebP")]
    [InlineData("52494646", "bytes 52494646")]
    [InlineData("49492A0008000000", "TIFF")]
    [InlineData("4D4D002A00000008", "TIFF")]
    [InlineData("00000018667479706865696300000000", "HEIC")]
    [InlineData("000000186674797061766966", "AVIF")]
    [InlineData("255044462D312E37", "PDF")]
    [InlineData("3C73766720", "SVG")]
    [InlineData("00000100010010", "ICO")]
    [InlineData("0000000C6A5020200D0A870A", "JPEG 2000")]
    public void Other_formats_are_named_where_known_and_else_shown_by_their_first_bytes(string hex, string expected) =>
        Assert.Contains(expected, Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(Convert.FromHexString(hex))).Message, StringComparison.Ordinal);
}
