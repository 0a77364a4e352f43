using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Datasets;

/// <summary>Turns images as files store them into what the network takes.</summary>
internal static class PartBuilder
{
    private const int Side = DatasetPart.Side;

    /// <summary>How the pixels of a set are stored.</summary>
    /// <param name="Transposed">x and y are exchanged.</param>
    /// <param name="LightOnDark">Ink is high (true), low (false), or unknown and found out for each image (null).</param>
    public readonly record struct Storage(bool Transposed, bool? LightOnDark);

    /// <summary>Numbers of classes from the numbers in a file; −1 for rows that are left out.</summary>
    public static int[] MapLabels(int[] labels, string fileName, int firstLabel, int classes, int? unknownLabel)
    {
        var mapped = new int[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            int label = labels[i] - firstLabel;
            if (labels[i] == unknownLabel)
                mapped[i] = -1;
            else if ((uint)label < (uint)classes)
                mapped[i] = label;
            else
                throw new DatasetException($"{fileName}: row {i} has label {labels[i]}, expected {firstLabel} to {firstLabel + classes - 1}{(unknownLabel is { } u ? $" or {u}" : "")}.");
        }
        return mapped;
    }

    /// <summary>Images with a label of −1 are left out, unless they are to be kept.</summary>
    public static DatasetPart Build(RawImages raw, int[] labels, Storage storage, DatasetLoadOptions options, bool keepUnknown = false)
    {
        int kept = keepUnknown ? labels.Length : labels.Count(l => l >= 0);
        var images = raw.Pixels;
        int size = raw.Height * raw.Width;
        if (kept < raw.Count || size != DatasetPart.PixelsPerImage)
            images = new byte[(long)kept * DatasetPart.PixelsPerImage];
        var keptLabels = new int[kept];
        var rows = new int[kept];
        for (int i = 0, k = 0; i < raw.Count; i++)
        {
            if (labels[i] < 0 && !keepUnknown)
                continue;
            keptLabels[k] = labels[i];
            rows[k++] = i;
        }
        // In place where no row is left out: then an image is only ever written over itself.
        Parallel.For(0, (kept + 255) / 256, options.Parallel, () => (Turned: new byte[size], Values: new float[DatasetPart.PixelsPerImage]), (chunk, _, scratch) =>
        {
            for (int i = chunk * 256; i < Math.Min(kept, (chunk + 1) * 256); i++)
            {
                var source = raw.Pixels.AsSpan(rows[i] * size, size);
                var destination = images.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage);
                Convert(source, raw.Width, raw.Height, storage, options, scratch.Turned, scratch.Values, destination);
            }
            return scratch;
        }, _ => { });
        return new DatasetPart(images, keptLabels);
    }

    /// <summary>One image; source and destination may be the same memory.</summary>
    private static void Convert(ReadOnlySpan<byte> source, int width, int height, Storage storage, DatasetLoadOptions options, byte[] turned, float[] values, Span<byte> destination)
    {
        if (storage.Transposed)
        {
            // stored as [x, y]: what the file calls a row is a column
            for (int y = 0; y < width; y++)
            {
                for (int x = 0; x < height; x++)
                    turned[y * height + x] = source[x * width + y];
            }
            (width, height) = (height, width);
        }
        else
        {
            source.CopyTo(turned);
        }
        Normalize(turned.AsSpan(0, source.Length), width, height, storage.LightOnDark, options, values, destination);
    }

    /// <summary>A 28×28 image that is light on dark is taken as it is; any other goes the way of a user's image.</summary>
    public static void Normalize(ReadOnlySpan<byte> pixels, int width, int height, bool? lightOnDark, DatasetLoadOptions options, float[] scratch, Span<byte> destination)
    {
        if (width == Side && height == Side && (lightOnDark ?? HasDarkBorder(pixels)))
        {
            pixels.CopyTo(destination);
            return;
        }
        var polarity = lightOnDark switch { true => Polarity.LightOnDark, false => Polarity.DarkOnLight, null => Polarity.Detect };
        CharacterNormalizer.Normalize(pixels, width, height, options.Layout, polarity, scratch, options.IsAlphanumeric);
        for (int i = 0; i < destination.Length; i++)
            destination[i] = (byte)(Math.Clamp(scratch[i], 0, 1) * 255 + 0.5f);
    }

    /// <summary>Whether a 28×28 image is light on dark already: most of its border is dark.</summary>
    private static bool HasDarkBorder(ReadOnlySpan<byte> image)
    {
        int dark = 0;
        for (int i = 0; i < Side; i++)
            dark += (image[i] < 128 ? 1 : 0) + (image[(Side - 1) * Side + i] < 128 ? 1 : 0) + (image[i * Side] < 128 ? 1 : 0) + (image[i * Side + Side - 1] < 128 ? 1 : 0);
        return dark > 2 * Side;
    }
}
