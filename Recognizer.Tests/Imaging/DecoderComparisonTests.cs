using Recognizer.Inference.Imaging;

namespace Recognizer.Tests.Imaging;

/// <summary>Pictures that ImageMagick wrote, decoded by it and by the library.</summary>
public sealed class DecoderComparisonTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A picture with smooth and hard parts, of a size that fills no block: 67×45.</summary>
    private static readonly string[] s_picture = ["-size", "67x45", "plasma:red-blue", "-seed", "5", "-fill", "white", "-stroke", "black", "-draw", "circle 30,20 40,28", "-draw", "line 3,40 60,4"];

    private static readonly string[] s_transparent = [.. s_picture, "(", "-size", "67x45", "gradient:", ")", "-compose", "CopyOpacity", "-composite"];

    private void Compare(string name, string[] arguments, int tolerance, double meanTolerance)
    {
        string file = _folder.File(name);
        ImageMagick.Run(["-seed", "7", .. arguments, file]);
        var actual = ImageDecoder.Decode(File.ReadAllBytes(file));
        var expected = ImageMagick.Decode(file, 3);
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        int worst = 0;
        long sum = 0;
        for (int i = 0; i < expected.Width * expected.Height; i++)
            for (int c = 0; c < 3; c++)
            {
                int difference = Math.Abs(expected.Pixels[i * 3 + c] - actual.Pixels[i * actual.Channels + c % actual.Channels]);
                worst = Math.Max(worst, difference);
                sum += difference;
            }
        double mean = sum / (3.0 * expected.Width * expected.Height);
        Assert.True(worst <= tolerance && mean <= meanTolerance, $"{name}: differs by up to {worst}, {mean:F3} on average");
    }

    public static TheoryData<string, string> PngCases()
    {
        var data = new TheoryData<string, string>();
        foreach (string interlace in new[] { "none", "PNG" })
        {
            foreach (int depth in new[] { 1, 2, 4, 8, 16 }) data.Add($"-colorspace Gray -depth {depth} -define png:color-type=0 -define png:bit-depth={depth}", interlace);
            foreach (int depth in new[] { 8, 16 }) data.Add($"-depth {depth} -define png:color-type=2 -define png:bit-depth={depth}", interlace);
            foreach (int depth in new[] { 1, 2, 4, 8 }) data.Add($"-colors {1 << depth} -define png:color-type=3 -define png:bit-depth={depth}", interlace);
            foreach (int depth in new[] { 8, 16 })
            {
                data.Add($"alpha -colorspace Gray -depth {depth} -define png:color-type=4 -define png:bit-depth={depth}", interlace);
                data.Add($"alpha -depth {depth} -define png:color-type=6 -define png:bit-depth={depth}", interlace);
            }
            data.Add("alpha -channel A -threshold 50% +channel -colors 60 -define png:color-type=3", interlace);
            data.Add("-transparent white -define png:color-type=2", interlace);
        }
        return data;
    }

    [ImageMagickTheory]
    [MemberData(nameof(PngCases))]
    public void Png_decodes_as_ImageMagick_does(string options, string interlace)
    {
        string[] words = options.Split(' ');
        bool alpha = words[0] == "alpha";
        Compare("picture.png", [.. alpha ? s_transparent : s_picture, .. alpha ? words[1..] : words, "-interlace", interlace], 2, 0.5); // 16 bits are rounded here and cut there
    }

    [ImageMagickTheory]
    [InlineData("1x1")]
    [InlineData("2x3")]
    [InlineData("5x1")]
    [InlineData("9x9")]
    public void Small_interlaced_png_decodes(string size) =>
        Compare("small.png", ["-size", size, "plasma:", "-depth", "8", "-interlace", "PNG"], 0, 0);

    public static TheoryData<string> JpegCases()
    {
        var data = new TheoryData<string>();
        foreach (string interlace in new[] { "none", "JPEG" })
        {
            foreach (string sampling in new[] { "1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "1x3", "2x1,1x2", "2x2,2x1,1x2" })
                data.Add($"-sampling-factor {sampling} -quality 90 -interlace {interlace}");
            foreach (int quality in new[] { 5, 20, 100 })
                data.Add($"-quality {quality} -interlace {interlace}");
            data.Add($"-colorspace Gray -quality 85 -interlace {interlace}");
            data.Add($"-colorspace CMYK -quality 92 -interlace {interlace}");
            data.Add($"-colorspace RGB -set colorspace RGB -quality 92 -interlace {interlace}");
            data.Add($"-define jpeg:optimize-coding=false -quality 60 -interlace {interlace}");
        }
        return data;
    }

    [ImageMagickTheory]
    [MemberData(nameof(JpegCases))]
    public void Jpeg_decodes_as_ImageMagick_does(string options) =>
        Compare("picture.jpg", [.. s_picture, .. options.Split(' ')], 5, 0.6);

    [ImageMagickTheory]
    [InlineData("TopLeft")]
    [InlineData("TopRight")]
    [InlineData("BottomRight")]
    [InlineData("BottomLeft")]
    [InlineData("LeftTop")]
    [InlineData("RightTop")]
    [InlineData("RightBottom")]
    [InlineData("LeftBottom")]
    public void Png_pixels_survive_a_round_trip_in_every_orientation(string orientation)
    {
        // ImageMagick turns the pixels, the library turns them: the same order of pixels
        string png = _folder.File("plain.png"), turned = _folder.File("turned.ppm");
        ImageMagick.Run([.. s_picture, "-depth", "8", png]);
        ImageMagick.Run(png, "-orient", orientation, "-auto-orient", "-depth", "8", turned);
        var expected = ImageDecoder.Decode(File.ReadAllBytes(turned));
        var plain = ImageDecoder.Decode(File.ReadAllBytes(png));
        int number = Array.IndexOf(["", "TopLeft", "TopRight", "BottomRight", "BottomLeft", "LeftTop", "RightTop", "RightBottom", "LeftBottom"], orientation);
        var actual = Orientation.Apply(plain, number);
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        Assert.True(expected.Pixels.SequenceEqual(actual.Pixels));
    }

    [ImageMagickTheory]
    [InlineData("-monochrome BMP3:")]
    [InlineData("-colors 2 -type Palette BMP3:")]
    [InlineData("-colors 16 -type Palette BMP3:")]
    [InlineData("-colors 200 -type Palette BMP3:")]
    [InlineData("-colors 200 -type Palette -compress RLE BMP3:")]
    [InlineData("-type TrueColor BMP3:")]
    [InlineData("-type TrueColor BMP2:")]
    [InlineData("-type TrueColor BMP:")]
    [InlineData("-define bmp:subtype=RGB565 BMP:")]
    [InlineData("-define bmp:subtype=RGB555 BMP:")]
    [InlineData("alpha -type TrueColorAlpha BMP:")]
    [InlineData("-colorspace Gray BMP3:")]
    public void Bmp_decodes_as_ImageMagick_does(string options)
    {
        string[] words = options.Split(' ');
        bool alpha = words[0] == "alpha";
        string file = _folder.File("picture.bmp");
        ImageMagick.Run([.. alpha ? s_transparent : s_picture, .. alpha ? words[1..^1] : words[..^1], words[^1] + file]);
        var actual = ImageDecoder.Decode(File.ReadAllBytes(file));
        var expected = ImageMagick.Decode(file, 3);
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        for (int i = 0; i < expected.Width * expected.Height; i++)
            for (int c = 0; c < 3; c++)
                Assert.InRange(actual.Pixels[i * actual.Channels + c % actual.Channels] - expected.Pixels[i * 3 + c], -1, 1);
    }

    [ImageMagickTheory]
    [InlineData("pbm", "-compress none")]
    [InlineData("pbm", "")]
    [InlineData("pgm", "-compress none")]
    [InlineData("pgm", "")]
    [InlineData("pgm", "-depth 16")]
    [InlineData("pgm", "-depth 16 -compress none")]
    [InlineData("ppm", "-compress none")]
    [InlineData("ppm", "")]
    [InlineData("ppm", "-depth 16")]
    [InlineData("pam", "")]
    public void Pnm_decodes_as_ImageMagick_does(string extension, string options) =>
        Compare("picture." + extension, [.. s_picture, "-depth", "8", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)], 1, 0.5);
}
