using System.Globalization;

namespace Recognizer.Training.Datasets;

/// <summary>Images from an array of numbers.</summary>
/// <param name="Images">The pixels.</param>
/// <param name="Transposed">Whether x and y of an image are exchanged.</param>
internal sealed record ArrayImages(RawImages Images, bool Transposed)
{
    public const int MaximumSide = 4096;

    /// <summary>The side of square images of so many pixels.</summary>
    /// <exception cref="DatasetException">No square has so many.</exception>
    public static int Side(int pixels, string name)
    {
        int side = (int)Math.Round(Math.Sqrt(pixels));
        return side * side == pixels && side > 0 ? side : throw new DatasetException($"{name} has {pixels} pixels per image, which is not a square number.");
    }

    /// <summary>Images one after the other from a matrix that has each pixel of all images one after the other.</summary>
    /// <param name="columns">[pixels of an image, <paramref name="count"/>].</param>
    /// <param name="count">Number of images.</param>
    /// <param name="options">How to load.</param>
    public static byte[] Gather(byte[] columns, int count, DatasetLoadOptions options)
    {
        int size = count == 0 ? 0 : columns.Length / count;
        var pixels = new byte[columns.Length];
        Parallel.For(0, (count + 63) / 64, options.Parallel, block =>
        {
            int first = block * 64, last = Math.Min(count, first + 64);
            for (int p = 0; p < size; p++)
            {
                for (int i = first; i < last; i++)
                    pixels[i * size + p] = columns[p * count + i];
            }
        });
        return pixels;
    }

    /// <summary>Whole numbers as labels.</summary>
    /// <param name="numbers">The label of each image.</param>
    /// <param name="name">What messages call them.</param>
    public static IReadOnlyList<string> Texts(IEnumerable<double> numbers, string name) =>
        [.. numbers.Select((number, i) => NumberArray.Whole(number)?.ToString(CultureInfo.InvariantCulture) ?? throw new DatasetException(FormattableString.Invariant($"{name} has {number} for image {i}, expected a whole number.")))];

    /// <summary>The images as a part, given the class of each.</summary>
    public DatasetPart Build(int[] classes, DatasetLoadOptions options) => PartBuilder.Build(Images, classes, new PartBuilder.Storage(Transposed, LightOnDark: null), options);

    /// <summary>Images as a set without parts; 70,000 of them are MNIST's 60,000 for training and 10,000 for test.</summary>
    public static Dataset Whole(string title, IReadOnlyList<string> labels, DatasetPart all, DatasetLoadOptions options)
    {
        const int mnistTrain = 60_000, mnistAll = 70_000;
        return all.Count == mnistAll
            ? new Dataset(title, labels,
                options.NeedTrain ? all.Select([.. Enumerable.Range(0, mnistTrain)]) : null,
                options.NeedTest ? all.Select([.. Enumerable.Range(mnistTrain, mnistAll - mnistTrain)]) : null)
            : Holdout.Split(title, labels, all, options);
    }
}
