using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;

namespace Recognizer.MLNet;

/// <summary>Reads the input column of a row as the model's input.</summary>
/// <param name="destination">[28, 28], receives the pixels.</param>
internal delegate void PixelReader(Span<float> destination);

/// <summary>Makes readers of the two kinds of input column.</summary>
internal static class PixelReaders
{
    public const int PixelsPerImage = CharacterRecognizer.Side * CharacterRecognizer.Side;

    /// <summary>Finds the input column.</summary>
    /// <exception cref="ArgumentException">It is missing or neither images nor vectors of 784 floats.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name) ?? throw new ArgumentException($"There is no column '{name}'.", nameof(schema));
        if (column.Type is ImageDataViewType || (column.Type is VectorDataViewType { Size: PixelsPerImage } vector && vector.ItemType == NumberDataViewType.Single)) return column;
        throw new ArgumentException($"Column '{name}' is {column.Type}, expected Image or Vector<Single, {PixelsPerImage}>.", nameof(schema));
    }

    /// <summary>Reads a column of the row that a cursor is on, in the form that a recogniser expects.</summary>
    public static PixelReader Create(DataViewRow row, DataViewSchema.Column column, CharacterRecognizer recognizer)
    {
        if (column.Type is not ImageDataViewType)
        {
            ValueGetter<VBuffer<float>> getPixels = row.GetGetter<VBuffer<float>>(column);
            VBuffer<float> pixels = default;
            return destination =>
            {
                getPixels(ref pixels);
                pixels.CopyTo(destination);
            };
        }
        ValueGetter<MLImage> getImage = row.GetGetter<MLImage>(column);
        MLImage? image = null;
        return destination =>
        {
            getImage(ref image!);
            // No image, nothing to see.
            if (image is null) destination.Clear();
            else CharacterNormalizer.Normalize(ToGray(image), recognizer.Layout, Polarity.Detect, destination, recognizer.IsAlphanumeric);
        };
    }

    /// <summary>The picture in grey, as that of a file is got: transparency is resolved as the library's own decoder does.</summary>
    internal static GrayImage ToGray(MLImage image)
    {
        byte[] pixels = image.Pixels.ToArray();
        if (image.PixelFormat == MLPixelFormat.Bgra32)
        {
            for (int i = 0; i < pixels.Length; i += 4) (pixels[i], pixels[i + 2]) = (pixels[i + 2], pixels[i]);
        }
        Unpremultiply(pixels);
        return Image.FromChannels(image.Width, image.Height, 4, pixels).ToGray();
    }

    // Images that ML.NET loads have their colours multiplied by the opacity, which files and FromChannels don't. Where a colour exceeds the opacity it can't be so: such pixels
    // came straight from the caller of MLImage.CreateFromPixels.
    private static void Unpremultiply(Span<byte> pixels)
    {
        bool opaque = true;
        for (int i = 0; i < pixels.Length; i += 4)
        {
            int alpha = pixels[i + 3];
            if (Math.Max(pixels[i], Math.Max(pixels[i + 1], pixels[i + 2])) > alpha) return;
            if (alpha != 255) opaque = false;
        }
        if (opaque) return;
        for (int i = 0; i < pixels.Length; i += 4)
            for (int c = 0; c < 3; c++) pixels[i + c] = Straight(pixels[i + c], pixels[i + 3]);
    }

    private static byte Straight(int value, int alpha) => alpha == 0 ? (byte)0 : (byte)((value * 255 + alpha / 2) / alpha);
}
