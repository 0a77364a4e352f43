using Recognizer.Inference.Imaging;

namespace Recognizer.Tests.Imaging;

/// <summary>JPEG files put together by hand, of blocks that have one shade each: what the standard allows and few encoders write.</summary>
public class JpegMarkerTests
{
    private const byte Baseline = 0xC0, Progressive = 0xC2, HuffmanTable = 0xC4, QuantizationTable = 0xDB;

    /// <summary>Codes 0: the same shade as the block before; 10: a difference of four bits, of which 1000 is one of 8.</summary>
    private static readonly byte[] s_dc = Huffman(0x00, 0, 4);

    /// <summary>Code 0: end of block.</summary>
    private static readonly byte[] s_ac = Huffman(0x10, 0);

    private static byte[] Segment(byte marker, params byte[] body) => [0xFF, marker, (byte)(body.Length + 2 >> 8), (byte)(body.Length + 2), .. body];

    private static byte[] Quantization(byte step) => Segment(QuantizationTable, [0, .. Enumerable.Repeat(step, 64)]);

    /// <summary>A code of each length for the symbols in turn: 0, 10, 110 …</summary>
    private static byte[] Huffman(byte table, params byte[] symbols) =>
        Segment(HuffmanTable, [table, .. Enumerable.Repeat((byte)1, symbols.Length), .. new byte[16 - symbols.Length], .. symbols]);

    /// <summary>Components of (number, sampling factors), all of quantisation table 0.</summary>
    private static byte[] Frame(byte marker, byte width, byte height, params (byte Id, byte Sampling)[] components) =>
        Segment(marker, [8, 0, height, 0, width, (byte)components.Length, .. components.SelectMany(c => (byte[])[c.Id, c.Sampling, 0])]);

    private static byte[] Scan(byte[] components, string bits, byte start = 0, byte end = 63, byte approximation = 0) =>
        [.. Segment(0xDA, [(byte)components.Length, .. components.SelectMany(c => (byte[])[c, 0]), start, end, approximation]), .. Bits(bits)];

    private static byte[] Bits(string bits) =>
        [.. bits.Replace(" ", "", StringComparison.Ordinal).Chunk(8).Select(b => Convert.ToByte(new string(b).PadRight(8, '1'), 2))];

    private static Image Decode(params byte[][] segments) => ImageDecoder.Decode([0xFF, 0xD8, .. segments.SelectMany(s => s), 0xFF, 0xD9]);

    [Fact]
    public void A_component_keeps_the_quantisation_table_of_its_first_scan()
    {
        Image image = Decode(Quantization(8), Frame(Progressive, 8, 8, (1, 0x11), (2, 0x11), (3, 0x11)), s_dc,
            Scan([1], "10 1000", end: 0), Quantization(1), Scan([2], "0", end: 0), Scan([3], "0", end: 0));
        Assert.Equal(Enumerable.Repeat((byte)136, 8 * 8 * 3), image.Pixels.ToArray());
    }

    /// <summary>Adobe's marker; transform 0: the components are the colours themselves.</summary>
    private static byte[] Adobe(byte transform) => Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform]);

    [Fact]
    public void A_jfif_file_is_YCbCr_whatever_its_adobe_marker_says()
    {
        const int AfterJfif = 20;
        byte[] file = JpegSamples.All.Single(s => s.Name == "rgb420.jpg").File;
        Image image = ImageDecoder.Decode([.. file.AsSpan(0, AfterJfif), .. Adobe(0), .. file.AsSpan(AfterJfif)]);
        Assert.True(image.Pixels.SequenceEqual(ImageDecoder.Decode(file).Pixels));
    }

    private static Image DecodeWithLines(byte inFrame, byte inMarker) =>
        Decode(Quantization(8), Frame(Baseline, 8, inFrame, (1, 0x11)), s_dc, s_ac, Scan([1], "10 1000 0"), Segment(0xDC, 0, inMarker));

    [Fact]
    public void Number_of_lines_may_be_said_again() => Assert.Equal(Enumerable.Repeat((byte)136, 8 * 8), DecodeWithLines(8, 8).Pixels.ToArray());

    [Theory]
    [InlineData(8, 7)]
    [InlineData(0, 8)]
    public void Another_number_of_lines_is_refused_by_name(byte inFrame, byte inMarker) =>
        Assert.Contains("DNL marker", Assert.Throws<ImageFormatException>(() => DecodeWithLines(inFrame, inMarker)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("10 1", null)] // 15 zeros and a coefficient, where there are five
    [InlineData("0", "10 1")]
    public void Coefficients_beyond_their_scan_are_refused(string first, string? refinement)
    {
        byte[][] segments =
        [
            Quantization(1), Frame(Progressive, 8, 8, (1, 0x11)), s_dc, Huffman(0x10, 0, 0xF1), Scan([1], "0", end: 0), Scan([1], first, 1, 5, 0x01),
            .. refinement == null ? (byte[][])[] : [Scan([1], refinement, 1, 5, 0x10)],
        ];
        Assert.Contains("beyond", Assert.Throws<ImageFormatException>(() => Decode(segments)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(8)]
    public void Jpeg_is_turned_as_its_exif_data_says(byte orientation)
    {
        byte[] file = JpegSamples.All[0].File;
        byte[] exif = Segment(0xE1, [.. "Exif\0\0II"u8, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
        Image image = ImageDecoder.Decode([.. file.AsSpan(0, 2), .. exif, .. file.AsSpan(2)]);
        Image expected = Orientation.Apply(ImageDecoder.Decode(file), Math.Max((byte)1, orientation)); // 0 is none of the standard's
        Assert.Equal((expected.Width, expected.Height), (image.Width, image.Height));
        Assert.True(image.Pixels.SequenceEqual(expected.Pixels));
    }

    [Theory]
    [InlineData(1, 1, 8, 16)]
    [InlineData(6, 2, 16, 8)] // turned after its pixels are square
    [InlineData(1, 0, 8, 8)] // no unit: which way about isn't sure
    public void Pixels_of_a_jpeg_become_square(byte orientation, byte unit, int width, int height)
    {
        byte[] exif = Segment(0xE1, [.. "Exif\0\0II"u8, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
        Image image = Decode(Segment(0xE0, [.. "JFIF\0"u8, 1, 1, unit, 0, 200, 0, 100, 0, 0]), exif, Quantization(8), Frame(Baseline, 8, 8, (1, 0x11)), s_dc, s_ac, Scan([1], "10 1000 0"));
        Assert.Equal((width, height), (image.Width, image.Height));
        Assert.Equal(Enumerable.Repeat((byte)136, 128 / (unit == 0 ? 2 : 1)), image.Pixels.ToArray());
    }

    [Fact]
    public void Restart_markers_begin_anew()
    {
        byte[] scan = [.. Scan([1], "10 1000 0" + "0 0"), 0xFF, 0xD0, .. Bits("10 1000 0" + "0 0"), 0xFF, 0xD1, .. Bits("10 1000 0")];
        Image image = Decode(Quantization(8), Frame(Baseline, 40, 8, (1, 0x11)), s_dc, s_ac, Segment(0xDD, 0, 2), scan);
        Assert.Equal(Enumerable.Repeat((byte)136, 40 * 8), image.Pixels.ToArray());
    }

    [Fact]
    public void A_scan_of_one_component_has_only_the_blocks_of_the_picture()
    {
        // Luma of three blocks, where whole coded units have four; chroma of half the width
        Image image = Decode(Quantization(8), Frame(Baseline, 17, 8, (1, 0x21), (2, 0x11), (3, 0x11)), s_dc, s_ac,
            Scan([1], "10 1000 0" + "10 1000 0" + "10 1000 0"), Scan([2], "0 0" + "0 0"), Scan([3], "0 0" + "0 0"));
        for (int x = 0; x < 17; x++) Assert.Equal(136 + x / 8 * 8, image.Pixels[3 * x]);
    }

    [Fact]
    public void A_quantisation_table_may_have_sixteen_bits()
    {
        byte[] quantization = Segment(QuantizationTable, [0x10, .. Enumerable.Repeat((byte[])[0x01, 0x08], 64).SelectMany(step => step)]);
        Image image = Decode(quantization, Frame(0xC1, 8, 8, (1, 0x11)), Huffman(0x00, 0, 1), s_ac, Scan([1], "10 1 0"));
        Assert.Equal(Enumerable.Repeat((byte)(128 + 0x108 / 8), 8 * 8), image.Pixels.ToArray());
    }

    [Fact]
    public void Components_named_R_G_B_are_colours()
    {
        Image image = DecodeShades((byte)'R', (byte)'G', (byte)'B');
        Assert.Equal([136, 128, 128], image.Pixels[..3].ToArray());
        Assert.Equal([136, 136, 136], DecodeShades(1, 2, 3).Pixels[..3].ToArray());
    }

    [Fact]
    public void Four_components_without_an_adobe_marker_are_inks()
    {
        // Cyan 136, the others 128 of 255
        byte Light(int ink) => (byte)Math.Round((255 - ink) * (255 - 128) / 255.0);
        Assert.Equal([Light(136), Light(128), Light(128)], DecodeShades(1, 2, 3, 4).Pixels[..3].ToArray());
    }

    /// <summary>A block of components, the first of shade 136, the others of 128.</summary>
    private static Image DecodeShades(params byte[] components) =>
        Decode(Quantization(8), Frame(Baseline, 8, 8, [.. components.Select(c => (c, (byte)0x11))]), s_dc, s_ac,
            Scan(components, "10 1000 0" + string.Concat(Enumerable.Repeat("0 0", components.Length - 1))));
}
