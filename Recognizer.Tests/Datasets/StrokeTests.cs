using Recognizer.Training.Datasets;
using Recognizer.Training.Datasets.Strokes;

namespace Recognizer.Tests.Datasets;

public sealed class StrokeTests
{
    [Fact]
    public void Every_character_has_ways_of_writing_it() =>
        Assert.All(StrokeAlphabet.Allographs, ways => Assert.All(ways, w => Assert.True(w.Weight > 0 && w.Strokes.All(s => s.X.Length >= 2))));

    [Fact]
    public void Images_depend_on_the_seed_and_not_on_the_threads()
    {
        var one = StrokeDataset.Draw(1000, 7, new DatasetLoadOptions { Threads = 1 });
        var many = StrokeDataset.Draw(1000, 7, new DatasetLoadOptions { Threads = 5 });
        Assert.Equal(one.Labels, many.Labels);
        Assert.Equal(one.Images, many.Images);
        Assert.NotEqual(one.Images, StrokeDataset.Draw(1000, 8, new DatasetLoadOptions()).Images);
        // a longer part begins with the same images
        Assert.Equal(one.Images[..784], StrokeDataset.Draw(1, 7, new DatasetLoadOptions()).Images);
    }

    [Fact]
    public void Every_image_has_ink_on_an_empty_ground()
    {
        var part = StrokeDataset.Draw(5000, 3, new DatasetLoadOptions());
        Assert.Equal(62, part.Labels.Distinct().Count());
        for (int i = 0; i < part.Count; i++)
        {
            var image = part.Image(i);
            int strong = 0, empty = 0;
            foreach (byte p in image)
            {
                strong += p > 150 ? 1 : 0;
                empty += p < 20 ? 1 : 0;
            }
            Assert.True(strong > 8 && empty > 200, $"image {i}: {strong} pixels of ink, {empty} of ground");
        }
    }

    [Fact]
    public void Characters_of_a_class_resemble_each_other_more_than_those_of_others()
    {
        // The nearest of the class means tells digits apart far better than chance (0.1), so labels and shapes belong together.
        var part = StrokeDataset.Draw(6000, 4, new DatasetLoadOptions());
        var means = new double[10, 784];
        var counts = new int[10];
        for (int i = 0; i < 4000; i++)
        {
            if (part.Labels[i] >= 10)
                continue;
            counts[part.Labels[i]]++;
            for (int p = 0; p < 784; p++)
                means[part.Labels[i], p] += part.Image(i)[p];
        }
        int right = 0, all = 0;
        for (int i = 4000; i < 6000; i++)
        {
            if (part.Labels[i] >= 10)
                continue;
            int best = Enumerable.Range(0, 10).MinBy(c => Enumerable.Range(0, 784).Sum(p => Math.Pow(part.Images[i * 784 + p] - means[c, p] / counts[c], 2)));
            all++;
            right += best == part.Labels[i] ? 1 : 0;
        }
        Assert.True(right > 0.5 * all, $"{right} of {all}");
    }
}
