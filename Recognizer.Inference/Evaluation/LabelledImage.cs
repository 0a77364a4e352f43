using Recognizer.Inference.Imaging;

namespace Recognizer.Inference.Evaluation;

/// <summary>An image of one character together with what it shows. It is brought into the form that a model expects when it is evaluated,
/// so that whole sets can be enumerated without being in memory.</summary>
public sealed class LabelledImage
{
    private const int PixelCount = CharacterRecognizer.Side * CharacterRecognizer.Side;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly ReadOnlyMemory<float> _pixels;
    private readonly GrayImage? _gray;
    private readonly Polarity _polarity;
    private readonly Form _form;

    private LabelledImage(string label, Form form, ReadOnlyMemory<byte> bytes = default, ReadOnlyMemory<float> pixels = default, GrayImage? gray = null, Polarity polarity = default)
    {
        ArgumentNullException.ThrowIfNull(label);
        Label = label;
        _form = form;
        _bytes = bytes;
        _pixels = pixels;
        _gray = gray;
        _polarity = polarity;
    }

    private enum Form { Floats, Bytes, Gray, Encoded, Unreadable }

    /// <summary>Text of the class that the image belongs to.</summary>
    public string Label { get; }

    /// <summary>Whether bringing the image into form is work worth sharing among threads.</summary>
    internal bool NeedsNormalizing => _form is Form.Gray or Form.Encoded;

    /// <summary>An image that already is what the model expects.</summary>
    /// <param name="pixels">[28, 28], upright, 0 = ground … 1 = ink, in the model's layout. Not copied.</param>
    /// <param name="label">Text of its class.</param>
    /// <exception cref="ArgumentException">There are not 784 pixels.</exception>
    public static LabelledImage FromNormalized(ReadOnlyMemory<float> pixels, string label)
    {
        Check(pixels);
        return new(label, Form.Floats, pixels: pixels);
    }

    /// <summary>An image that already is what the model expects, in bytes.</summary>
    /// <param name="pixels">[28, 28], upright, 0 = ground … 255 = ink, in the model's layout. Not copied.</param>
    /// <param name="label">Text of its class.</param>
    /// <exception cref="ArgumentException">There are not 784 pixels.</exception>
    public static LabelledImage FromNormalized(ReadOnlyMemory<byte> pixels, string label)
    {
        Check(pixels);
        return new(label, Form.Bytes, pixels);
    }

    /// <summary>A picture of any size.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="label">Text of its class.</param>
    /// <param name="polarity">Whether ink is lighter or darker than the ground; found out where left out.</param>
    public static LabelledImage FromGray(GrayImage image, string label, Polarity polarity = Polarity.Detect)
    {
        ArgumentNullException.ThrowIfNull(image);
        return new(label, Form.Gray, gray: image, polarity: polarity);
    }

    /// <summary>An image file (PNG, JPEG, BMP or PNM, told apart by content). One that can't be decoded counts as read wrongly.</summary>
    /// <param name="file">The file's bytes. Not copied.</param>
    /// <param name="label">Text of its class.</param>
    public static LabelledImage FromEncoded(ReadOnlyMemory<byte> file, string label) => new(label, Form.Encoded, file);

    /// <summary>An image that could not be read; it counts as read wrongly.</summary>
    /// <param name="label">Text of its class.</param>
    public static LabelledImage Unreadable(string label) => new(label, Form.Unreadable);

    /// <summary>Brings the image into the form that a model expects.</summary>
    /// <param name="layout">The model's layout.</param>
    /// <param name="decoder">Limits on image files.</param>
    /// <param name="destination">Receives [28, 28], 0 = ground … 1 = ink.</param>
    /// <param name="isAlphanumeric">Whether characters are Latin letters and digits, as in <see cref="CharacterNormalizer"/>.</param>
    /// <returns>Whether the image could be read.</returns>
    public bool TryNormalize(NormalizerLayout layout, DecoderOptions decoder, Span<float> destination, bool isAlphanumeric = true)
    {
        if (destination.Length < PixelCount) throw new ArgumentException($"The result needs {PixelCount} values, not {destination.Length}.", nameof(destination));
        switch (_form)
        {
            case Form.Floats:
                _pixels.Span.CopyTo(destination);
                return true;
            case Form.Bytes:
                ReadOnlySpan<byte> bytes = _bytes.Span;
                for (int i = 0; i < PixelCount; i++) destination[i] = bytes[i] * (1f / 255);
                return true;
            case Form.Gray:
                CharacterNormalizer.Normalize(_gray!, layout, _polarity, destination, isAlphanumeric);
                return true;
            case Form.Encoded:
                try
                {
                    CharacterNormalizer.Normalize(ImageDecoder.Decode(_bytes.Span, decoder).ToGray(), layout, _polarity, destination, isAlphanumeric);
                    return true;
                }
                catch (ImageFormatException)
                {
                    return false;
                }
            default:
                return false;
        }
    }

    private static void Check<T>(ReadOnlyMemory<T> pixels)
    {
        if (pixels.Length != PixelCount) throw new ArgumentException($"An image of 28×28 has {PixelCount} pixels, not {pixels.Length}.", nameof(pixels));
    }
}
