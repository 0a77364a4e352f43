using Recognizer.Inference;
using Recognizer.Inference.Imaging.Pages;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace Recognizer.ImageSharp;

/// <summary>Lets recognizers and readers take images of ImageSharp, of any pixel format, and so everything that ImageSharp decodes.</summary>
public static class ImageSharpExtensions
{
    /// <summary>Reads the one character in an image of any size and polarity.</summary>
    /// <param name="recognizer">The recognizer.</param>
    /// <param name="image">The image; its first frame is read, turned as its metadata says.</param>
    /// <param name="alphabet">Labels that may be answered; null leaves it at the recognizer's own.</param>
    /// <exception cref="ArgumentException">The model has none of the alphabet's labels.</exception>
    public static Prediction Recognize(this CharacterRecognizer recognizer, Image image, Alphabet? alphabet = null)
    {
        ArgumentNullException.ThrowIfNull(recognizer);
        return recognizer.Recognize(image.ToRecognizerImage(), alphabet);
    }

    /// <summary>Reads the text of a page.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="image">The image; its first frame is read, turned as its metadata says.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static PageResult Read(this PageReader reader, Image image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return reader.Read(image.ToRecognizerImage(), cancellationToken);
    }

    /// <summary>Reads a field of known format.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="image">The image; its first frame is read, turned as its metadata says.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The best text that fits the format, or null where there is none.</returns>
    public static FieldResult? Read(this FieldReader reader, Image image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return reader.Read(image.ToRecognizerImage(), cancellationToken);
    }

    /// <summary>The first frame as an image of this library: upright, transparency resolved.</summary>
    /// <exception cref="ArgumentException">The image has too many pixels for an array.</exception>
    public static Inference.Imaging.Image ToRecognizerImage(this Image image)
    {
        ArgumentNullException.ThrowIfNull(image);
        long length = 4L * image.Width * image.Height;
        if (length > Array.MaxLength) throw new ArgumentException($"The image has {image.Width}×{image.Height} pixels, more than the {Array.MaxLength / 4} that can be read.", nameof(image));
        using Image first = image.Frames.CloneFrame(0);
        using Image<Rgba32> upright = first.CloneAs<Rgba32>();
        upright.Mutate(context => context.AutoOrient());
        var pixels = new byte[length];
        upright.Frames.RootFrame.CopyPixelDataTo(pixels);
        return Inference.Imaging.Image.FromChannels(upright.Width, upright.Height, 4, pixels);
    }
}
