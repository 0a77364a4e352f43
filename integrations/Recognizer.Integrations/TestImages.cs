using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Datasets;

namespace Recognizer.Integrations;

/// <summary>The test images of a data set, in the forms that the different ways of scoring take.</summary>
internal sealed class TestImages
{
    private readonly DatasetPart _part;

    public TestImages(string dataset, string? root, int limit = int.MaxValue)
    {
        var options = new DatasetLoadOptions { Offline = true, NeedTrain = false };
        if (root is not null) options = options with { Root = root };
        Dataset set = DatasetLoader.Load(dataset, options);
        _part = set.Test ?? throw new DatasetException($"'{dataset}' has no test images.");
        Count = Math.Min(_part.Count, limit);
        Labels = [.. _part.Labels.Take(Count).Select(label => set.Labels[label])];
    }

    public int Count { get; }

    /// <summary>True label of each image.</summary>
    public string[] Labels { get; }

    /// <summary>[count, 28, 28], 0 … 1.</summary>
    public float[] Pixels => [.. _part.Images.AsSpan(0, Count * DatasetPart.PixelsPerImage).ToArray().Select(pixel => pixel / 255f)];

    public float[] PixelsOf(int index) => [.. _part.Image(index).ToArray().Select(pixel => pixel / 255f)];

    public IEnumerable<LabelledImage> Labelled => Enumerable.Range(0, Count).Select(i => LabelledImage.FromNormalized(_part.Image(i).ToArray(), Labels[i]));

    /// <summary>Writes each image as a PNG file.</summary>
    /// <returns>The paths.</returns>
    public string[] WritePng(string folder)
    {
        Directory.CreateDirectory(folder);
        var paths = new string[Count];
        for (int i = 0; i < Count; i++)
        {
            paths[i] = Path.Combine(folder, $"{i}.png");
            File.WriteAllBytes(paths[i], PngEncoder.Encode(28, 28, 1, _part.Image(i)));
        }
        return paths;
    }
}
