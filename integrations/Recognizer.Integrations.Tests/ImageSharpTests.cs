using Recognizer.ImageSharp;
using Recognizer.Inference;
using Recognizer.Inference.Imaging.Pages;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;
using Xunit;

namespace Recognizer.Integrations.Tests;

public class ImageSharpTests
{
    [Fact]
    public void Pixel_formats_and_files_read_as_the_recognizers_own_decoder_reads_them()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Models.Bytes);
        byte[] png = Models.PhotoPng(64, 96);
        Prediction expected = recognizer.Recognize(png);
        using Image<Rgb24> image = Image.Load<Rgb24>(png);
        using Image<Bgra32> bgra = image.CloneAs<Bgra32>();
        using Image<Rgba64> deep = image.CloneAs<Rgba64>();
        foreach (Image form in new Image[] { image, bgra, deep })
        {
            Prediction prediction = recognizer.Recognize(form);
            Assert.Equal(expected.Label, prediction.Label);
            Assert.Equal(expected.Confidence, prediction.Confidence, 1e-5);
        }
        // Formats that the library itself doesn't decode.
        foreach (Action<Image, Stream> save in new Action<Image, Stream>[] { (i, s) => i.SaveAsWebp(s, new() { FileFormat = SixLabors.ImageSharp.Formats.Webp.WebpFileFormatType.Lossless }), (i, s) => i.SaveAsTiff(s), (i, s) => i.SaveAsTga(s), (i, s) => i.SaveAsGif(s) })
        {
            var stream = new MemoryStream();
            save(image, stream);
            stream.Position = 0;
            using Image loaded = Image.Load(stream);
            Assert.Equal(expected.Label, recognizer.Recognize(loaded).Label);
        }
    }

    [Fact]
    public void Orientation_and_transparency_are_resolved()
    {
        using var image = new Image<Rgba32>(30, 10);
        image[29, 0] = new Rgba32(0, 0, 0, 255);
        image[0, 0] = new Rgba32(255, 0, 0, 255);
        Inference.Imaging.Image plain = image.ToRecognizerImage();
        Assert.Equal((30, 10, 3), (plain.Width, plain.Height, plain.Channels));
        Assert.Equal([255, 0, 0, 255, 255, 255], plain.Pixels[..6].ToArray());

        image.Metadata.ExifProfile = new ExifProfile();
        image.Metadata.ExifProfile.SetValue(ExifTag.Orientation, (ushort)6);
        Inference.Imaging.Image turned = image.ToRecognizerImage();
        Assert.Equal((10, 30), (turned.Width, turned.Height));
        // A quarter turn clockwise: what was top left is top right.
        Assert.Equal([255, 0, 0], turned.Pixels[27..30].ToArray());

        using var other = new Image<Rgba32>(30, 10, new Rgba32(0, 0, 255, 255));
        image.Frames.AddFrame(other.Frames.RootFrame);
        Assert.Equal(turned.Pixels.ToArray(), image.ToRecognizerImage().Pixels.ToArray());
        Assert.Equal(2, image.Frames.Count);
    }

    [Fact]
    public void Images_that_no_array_can_hold_are_refused()
    {
        using var image = new Image<L8>(1 << 16, 1 << 13);
        Assert.Equal("image", Assert.Throws<ArgumentException>(() => image.ToRecognizerImage()).ParamName);
    }

    [Fact]
    public void Pages_and_fields_read_as_from_the_librarys_own_image()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Models.Bytes);
        byte[] png = Models.PhotoPng(200, 120);
        using Image image = Image.Load(png);
        Inference.Imaging.Image own = Inference.Imaging.ImageDecoder.Decode(png);
        Assert.Equal(new PageReader(recognizer).Read(own).Text, new PageReader(recognizer).Read(image).Text);
        var field = new FieldReader(recognizer, FieldFormat.FromMask("9"));
        Assert.Equal(field.Read(own)?.Text, field.Read(image)?.Text);
    }
}
