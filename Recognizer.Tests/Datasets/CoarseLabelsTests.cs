using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Datasets;

public class CoarseLabelsTests
{
    private static readonly byte[] Images = [.. Enumerable.Range(0, 6 * 784).Select(i => (byte)(i / 784 * 30))];

    private static Dataset Set(string name, string labels, params int[] rows) => new(name, [.. labels.Select(c => c.ToString())], new DatasetPart(Images, rows), null);

    [Fact]
    public void A_label_stands_for_its_twin_unless_the_set_has_it()
    {
        Dataset fine = Set("fine", "1AaCc", 0, 1, -1, -1, -1, -1);
        // In the first, C is C or c, but A is A only; in the second, A is either.
        CoarseLabels coarse = CoarseLabels.Find(fine, [Set("middle", "1AaC", -1, 1, 3, 1, -1, -1), Set("low", "1AC", 0, 1, 2, 1, 1, -1)]);
        int[][] groups = [.. coarse.Labels.Select(label => label < 0 ? [] : label < 5 ? [label] : coarse.Groups[label - 5])];
        Assert.Equal([[0], [1], [3, 4], [1], [1, 2], []], groups);
    }

    [Fact]
    public void Other_images_and_unknown_classes_are_refused()
    {
        Dataset fine = Set("fine", "Aa", 0, -1, -1, -1, -1, -1);
        Dataset other = new("other", ["A", "a"], new DatasetPart(new byte[6 * 784], [0, 0, 0, 0, 0, 0]), null);
        Assert.Contains("other training images", Assert.Throws<DatasetException>(() => CoarseLabels.Find(fine, [other])).Message, StringComparison.Ordinal);
        Assert.Contains("'B'", Assert.Throws<DatasetException>(() => CoarseLabels.Find(fine, [Set("coarse", "AB", 0, 0, 0, 0, 0, 0)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_data_keeps_groups_and_shares_them_out()
    {
        Dataset fine = Set("fine", "AaB", 0, 0, 0, 1, -1, -1);
        fine = fine with { Coarse = CoarseLabels.Find(fine, [Set("coarse", "AB", 0, 0, 0, 0, 0, 1)]) };
        var data = new TrainingData(fine, null, 0, 1);
        Assert.Equal([0, 1, 2, 3, 4, 5], data.Train);
        Assert.Equal([0, 1], data.Groups[data.Images.Labels[4] - 3]);
        Assert.Equal(2, data.Images.Labels[5]);
        // Of five A or a, four known, a quarter is a.
        double[] shares = data.TrainingFrequencies();
        Assert.Equal(3.75 / 6, shares[0], 1e-9);
        Assert.Equal(1.25 / 6, shares[1], 1e-9);
        Assert.Equal(1.0 / 6, shares[2], 1e-9);
        // Where a class of a group isn't trained, its images are left out: they may be of that.
        var capitals = new TrainingData(fine, Recognizer.Inference.Alphabet.Parse("AB"), 0, 1);
        Assert.Equal([0, 1, 2, 5], capitals.Train);
        Assert.Equal([0.75, 0.25], capitals.TrainingFrequencies().Select(share => Math.Round(share, 9)));
        Dataset more = Set("more", "AaBbCc", 0, 2, 3, -1, -1, -1);
        more = more with { Coarse = CoarseLabels.Find(more, [Set("coarse", "ABC", 0, 1, 1, 0, 1, 2)]) };
        var without = new TrainingData(more, Recognizer.Inference.Alphabet.Parse("ABb"), 0, 1);
        Assert.Equal([0, 1, 2, 4], without.Train);
        Assert.Equal([1, 2], Assert.Single(without.Families));
        // Of each label a share is held back, but only images of known class can be judged by class.
        Dataset grouped = Set("grouped", "Aa", 0, 0, -1, -1, -1, -1);
        var half = new TrainingData(grouped with { Coarse = CoarseLabels.Find(grouped, [Set("coarse", "A", 0, 0, 0, 0, 0, 0)]) }, null, 0.5, 1);
        Assert.Equal([0, 1, 2, 3, 4, 5], half.Train.Concat(half.HeldBack).Order());
        Assert.Equal(2, half.HeldBack.Count(i => i >= 2));
        Assert.InRange(Assert.Single(half.Validation), 0, 1);
    }

    [Fact]
    public void Files_keep_their_unknown_rows_when_asked()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(folder.Root, "i"), DatasetBytes.IdxImages(Images));
        File.WriteAllBytes(Path.Combine(folder.Root, "l"), DatasetBytes.IdxLabels([0, 1, 9, 9, 1, 0]));
        File.WriteAllText(Path.Combine(folder.Root, "dataset.json"), """{ "labels": ["A", "a"], "orientation": "upright", "polarity": "light-on-dark", "train": { "images": "i", "labels": "l", "unknownLabel": 9 }, "test": { "images": "i", "labels": "l", "unknownLabel": 9 } }""");
        Assert.Equal([0, 1, 1, 0], DatasetLoader.Load(folder.Root, new DatasetLoadOptions { NeedTest = false }).Train!.Labels);
        DatasetPart all = DatasetLoader.Load(folder.Root, new DatasetLoadOptions { NeedTest = false, KeepUnknown = true }).Train!;
        Assert.Equal([0, 1, -1, -1, 1, 0], all.Labels);
        Assert.Equal(Images, all.Images);
        // Nothing is known of a test image without a class, so that it measures nothing.
        Assert.Equal([0, 1, 1, 0], DatasetLoader.Load(folder.Root, new DatasetLoadOptions { KeepUnknown = true }).Test!.Labels);
    }
}
