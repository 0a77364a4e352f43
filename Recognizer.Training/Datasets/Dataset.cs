using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Datasets;

/// <summary>Images of one split, as the network takes them: 28×28, upright, ink high.</summary>
internal sealed class DatasetPart
{
    /// <summary>Pixels on each side of an image.</summary>
    public const int Side = 28;

    /// <summary>Pixels in one image.</summary>
    public const int PixelsPerImage = Side * Side;

    public DatasetPart(byte[] images, int[] labels)
    {
        if (images.LongLength != (long)labels.Length * PixelsPerImage)
            throw new ArgumentException($"{labels.Length} labels need {(long)labels.Length * PixelsPerImage} pixels, not {images.LongLength}.", nameof(images));
        Images = images;
        Labels = labels;
    }

    /// <summary>[count, 28, 28], 0 = ground … 255 = ink.</summary>
    public byte[] Images { get; }

    /// <summary>Index into <see cref="Dataset.Labels"/> of each image; −1 where it isn't known.</summary>
    public int[] Labels { get; }

    /// <summary>The file of each image, where each has one of its own.</summary>
    public IReadOnlyList<string>? Files { get; init; }

    /// <summary>The same of each image that could not be read; these count as wrong when the whole part is measured.</summary>
    public IReadOnlyList<int> UnreadableLabels { get; init; } = [];

    /// <summary>Images that could be read.</summary>
    public int Count => Labels.Length;

    public ReadOnlySpan<byte> Image(int index) => Images.AsSpan(index * PixelsPerImage, PixelsPerImage);

    /// <summary>Whether all pixels of an image are the same.</summary>
    public bool IsBlank(int index) => Image(index) is var image && !image.ContainsAnyExcept(image[0]);

    /// <summary>The images with these numbers, in this order.</summary>
    public DatasetPart Select(ReadOnlySpan<int> indices)
    {
        var images = new byte[indices.Length * PixelsPerImage];
        var labels = new int[indices.Length];
        string[]? files = Files is null ? null : new string[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            Image(indices[i]).CopyTo(images.AsSpan(i * PixelsPerImage));
            labels[i] = Labels[indices[i]];
            if (files is not null) files[i] = Files![indices[i]];
        }
        return new DatasetPart(images, labels) { Files = files };
    }

    /// <summary>The images of several parts, one part after the other.</summary>
    public static DatasetPart Join(IReadOnlyList<DatasetPart> parts) =>
        parts is [var only] ? only : new DatasetPart([.. parts.SelectMany(p => p.Images)], [.. parts.SelectMany(p => p.Labels)]);

    /// <summary>At most so many images, spread evenly.</summary>
    public DatasetPart Spread(int most) => Count <= most ? this : Select([.. Spread(Count, most)]);

    /// <summary>Numbers below <paramref name="count"/>, at most so many, spread evenly.</summary>
    public static IEnumerable<int> Spread(int count, int most)
    {
        int chosen = Math.Min(count, most);
        return Enumerable.Range(0, chosen).Select(i => (int)((long)i * count / chosen));
    }

    /// <summary>Images as the evaluator takes them.</summary>
    /// <param name="labels">Text of each class.</param>
    /// <param name="indices">Which images; null takes all.</param>
    public IEnumerable<LabelledImage> Labelled(IReadOnlyList<string> labels, int[]? indices = null) =>
        (indices ?? Enumerable.Range(0, Count)).Select(i => LabelledImage.FromNormalized(Images.AsMemory(i * PixelsPerImage, PixelsPerImage), labels[Labels[i]]));

    /// <summary>0…255 → 0…1.</summary>
    public static void ToUnit(ReadOnlySpan<byte> image, Span<float> destination)
    {
        for (int i = 0; i < image.Length; i++) destination[i] = image[i] * (1f / 255);
    }
}

/// <summary>A labelled set of characters.</summary>
/// <param name="Name">Name for messages and file names.</param>
/// <param name="Labels">Text of each class.</param>
/// <param name="Train">Training images, or null where the set has none.</param>
/// <param name="Test">Test images, or null where the set has none.</param>
internal sealed record Dataset(string Name, IReadOnlyList<string> Labels, DatasetPart? Train, DatasetPart? Test)
{
    /// <summary>What is known of training images whose class isn't; null where all have one.</summary>
    public CoarseLabels? Coarse { get; init; }

    /// <summary>Layout in which its characters are drawn.</summary>
    public NormalizerLayout Layout { get; init; } = NormalizerLayout.Emnist;

    /// <summary>Whether the set has no parts and counts wholly as the one that was asked for.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Whether the set has no parts either, and the seed chose which images are for test.</summary>
    public bool IsDivided { get; init; }

    /// <summary>Files that could not be read, and why; how they count, <see cref="DatasetPart.UnreadableLabels"/> says.</summary>
    public IReadOnlyList<string> UnreadableFiles { get; init; } = [];

    /// <summary>Counts the images that are there again, to the pixel: those for test that are training images too, and those of both parts that have another class elsewhere.</summary>
    public (int TestInTraining, int OfOtherClasses) CountRepeated()
    {
        int inTraining = 0, ofOthers = 0;
        foreach (var same in Images(Train, false).Concat(Images(Test, true)).GroupBy(image => image.Pixels, new SamePixels()))
        {
            int test = same.Count(image => image.IsTest), all = same.Count();
            if (test < all)
                inTraining += test;
            if (same.Any(image => image.Label != same.First().Label))
                ofOthers += all;
        }
        return (inTraining, ofOthers);

        static IEnumerable<(ReadOnlyMemory<byte> Pixels, int Label, bool IsTest)> Images(DatasetPart? part, bool isTest) => part is null ? []
            : part.Labels.Select((label, i) => ((ReadOnlyMemory<byte>)part.Images.AsMemory(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage), label, isTest));
    }

    private sealed class SamePixels : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> obj)
        {
            var hash = new HashCode();
            hash.AddBytes(obj.Span);
            return hash.ToHashCode();
        }
    }
}
