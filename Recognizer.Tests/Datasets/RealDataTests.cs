using Recognizer.Training.Datasets;

namespace Recognizer.Tests.Datasets;

/// <summary>A fact about real data: skipped, with the reason, where RECOGNIZER_DATASETS has no such set.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RealDataFactAttribute : FactAttribute
{
    public RealDataFactAttribute(string folder)
    {
        if (Environment.GetEnvironmentVariable("RECOGNIZER_DATASETS") is not { Length: > 0 } root)
            Skip = "RECOGNIZER_DATASETS is not set.";
        else if (!Directory.Exists(Path.Combine(root, folder)))
            Skip = $"RECOGNIZER_DATASETS has no {folder}.";
    }
}

public sealed class RealDataTests
{
    private static readonly DatasetLoadOptions s_options = new() { Offline = true };

    [RealDataFact("mnist")]
    public void Mnist_has_its_known_counts()
    {
        var set = DatasetLoader.Load("mnist", s_options);
        Assert.Equal((60000, 10000), (set.Train!.Count, set.Test!.Count));
        Assert.Equal([5, 0, 4, 1, 9], set.Train.Labels[..5]);
        Assert.Equal(DatasetCatalogue.BuiltIn.Find("mnist")!.TrainCounts, set.Labels.Select((_, c) => set.Train.Labels.Count(l => l == c)));
        Assert.Equal([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], set.Labels.Select((_, c) => set.Test.Labels.Count(l => l == c)));
    }

    [RealDataFact("emnist")]
    public void Emnist_test_is_read_where_the_training_images_are_missing()
    {
        var set = DatasetLoader.Load("emnist-byclass", s_options with { NeedTrain = false });
        Assert.Equal(116323, set.Test!.Count);
        Assert.Equal("z", set.Labels[61]);
        // ink of the digit one is taller than wide only if the image is upright
        int ones = 0, tall = 0;
        for (int i = 0; i < 5000; i++)
        {
            if (set.Test.Labels[i] != 1)
                continue;
            var image = set.Test.Image(i);
            double vertical = 0, horizontal = 0;
            for (int p = 0; p < 784; p++)
            {
                vertical += image[p] * Math.Abs(p / 28 - 13.5);
                horizontal += image[p] * Math.Abs(p % 28 - 13.5);
            }
            ones++;
            tall += vertical > horizontal ? 1 : 0;
        }
        Assert.True(tall > 0.95 * ones, $"{tall} of {ones} ones are upright");
    }

    [RealDataFact("emnist-pool-62")]
    public void Pool_leaves_unknown_labels_out()
    {
        var set = DatasetLoader.Load("emnist-pool-62", s_options with { NeedTest = false });
        Assert.Equal(129478, set.Train!.Count);
    }

    [RealDataFact("emnist")]
    public void The_catalogue_counts_training_images_as_the_official_label_files_do()
    {
        using var tree = FileTree.Open(Path.Combine(Environment.GetEnvironmentVariable("RECOGNIZER_DATASETS")!, "emnist"));
        CatalogueSet[] sets = [.. DatasetCatalogue.BuiltIn.Sets.Where(s => s.Folder == "emnist" && tree.FileExists(s.Train.Labels + ".gz"))];
        Assert.NotEmpty(sets);
        foreach (CatalogueSet set in sets)
        {
            using var file = new DataFile(tree, set.Train.Labels + ".gz");
            ILookup<int, int> labels = IdxReader.ReadLabels(file).ToLookup(l => l - set.FirstLabel);
            Assert.Equal(set.TrainCounts, set.Labels.Select((_, c) => labels[c].Count()));
        }
    }

    [RealDataFact("independent/hwd1000")]
    public void Images_of_other_sizes_on_paper_are_normalised()
    {
        var set = DatasetLoader.Load("independent/hwd1000", s_options with { NeedTrain = false });
        Assert.Equal(1000, set.Test!.Count);
        for (int i = 0; i < set.Test.Count; i++)
        {
            int ink = 0;
            foreach (byte p in set.Test.Image(i))
                ink += p > 127 ? 1 : 0;
            Assert.InRange(ink, 10, 400);
        }
    }

    [RealDataFact("independent/comnist-latin-v1")]
    public void Image_files_are_read_from_a_list()
    {
        var set = DatasetLoader.Load("independent/comnist-latin-v1", s_options with { NeedTrain = false });
        Assert.Equal(26, set.Labels.Count);
        Assert.Empty(set.UnreadableFiles);
    }
}
