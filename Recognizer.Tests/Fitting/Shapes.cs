using Recognizer.Training;
using Recognizer.Training.Datasets;
using Recognizer.Training.Datasets.Strokes;

namespace Recognizer.Tests.Fitting;

/// <summary>A data set that a small network learns in a second: bars, rings and crosses at random places.</summary>
internal static class Shapes
{
    public static Dataset Make(int train = 240, int test = 60) => new("shapes", ["-", "|", "o", "x"], Part(train, 1), test == 0 ? null : Part(test, 2));

    private static DatasetPart Part(int count, int seed)
    {
        var random = new Random(seed);
        var images = new byte[count * 784];
        var labels = new int[count];
        for (int n = 0; n < count; n++)
        {
            labels[n] = n % 4;
            int cx = random.Next(10, 18), cy = random.Next(10, 18), radius = random.Next(5, 9);
            for (int y = 0; y < 28; y++)
            {
                for (int x = 0; x < 28; x++)
                {
                    int dx = x - cx, dy = y - cy;
                    bool ink = Math.Max(Math.Abs(dx), Math.Abs(dy)) <= radius && labels[n] switch
                    {
                        0 => Math.Abs(dy) <= 1,
                        1 => Math.Abs(dx) <= 1,
                        2 => Math.Abs(Math.Sqrt(dx * dx + dy * dy) - radius) <= 1.2,
                        _ => Math.Abs(Math.Abs(dx) - Math.Abs(dy)) <= 1,
                    };
                    images[n * 784 + y * 28 + x] = (byte)Math.Min(255, random.Next(40) + (ink ? 200 : 0));
                }
            }
        }
        return new DatasetPart(images, labels);
    }

    /// <summary>Painted characters, dealt out to three classes.</summary>
    public static DatasetPart Painted(int count)
    {
        var images = new byte[count * 784];
        var painter = new CharacterPainter();
        for (int i = 0; i < count; i++)
        {
            var random = new CounterRandom(CounterRandom.Key(1, (ulong)i));
            painter.Paint(i % 62, ref random, images.AsSpan(i * 784, 784));
        }
        return new DatasetPart(images, [.. Enumerable.Range(0, count).Select(i => i % 3)]);
    }

    /// <summary>Writes the set as a folder with dataset.json.</summary>
    public static string Save(string root, Dataset dataset)
    {
        string folder = Path.Combine(root, dataset.Name);
        Directory.CreateDirectory(folder);
        foreach ((string name, DatasetPart? part) in new[] { ("train", dataset.Train), ("test", dataset.Test) })
        {
            if (part is null) continue;
            File.WriteAllBytes(Path.Combine(folder, $"{name}-images"), Datasets.DatasetBytes.IdxImages(part.Images));
            File.WriteAllBytes(Path.Combine(folder, $"{name}-labels"), Datasets.DatasetBytes.IdxLabels([.. part.Labels.Select(l => (byte)l)]));
        }
        File.WriteAllText(Path.Combine(folder, "dataset.json"), """
            {
              "name": "shapes", "labels": ["-", "|", "o", "x"], "orientation": "upright", "polarity": "light-on-dark",
              "train": { "images": "train-images", "labels": "train-labels" },
              "test": { "images": "test-images", "labels": "test-labels" }
            }
            """);
        return folder;
    }
}
