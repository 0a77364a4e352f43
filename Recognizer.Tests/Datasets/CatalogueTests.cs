using Recognizer.Training.Datasets;
using static Recognizer.Tests.Datasets.DatasetBytes;

namespace Recognizer.Tests.Datasets;

public sealed class CatalogueTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Knows_the_published_sets_and_a_checksum_of_each_of_their_files()
    {
        var catalogue = DatasetCatalogue.BuiltIn;
        Assert.Equal(["mnist", "emnist-byclass", "emnist-bymerge", "emnist-balanced", "emnist-letters", "emnist-digits", "emnist-mnist"], catalogue.Sets.Select(s => s.Name));
        Assert.Equal([10, 62, 47, 47, 26, 10, 10], catalogue.Sets.Select(s => s.Labels.Count));
        Assert.Equal([60_000, 697_932, 697_932, 112_800, 124_800, 240_000, 60_000], catalogue.Sets.Select(s => s.TrainCounts.Sum()));
        Assert.Equal(catalogue.Sets.Select(s => s.Labels.Count), catalogue.Sets.Select(s => s.TrainCounts.Count));
        foreach (var set in catalogue.Sets)
        {
            foreach (string name in (string[])[set.Train.Images, set.Train.Labels, set.Test.Images, set.Test.Labels])
            {
                var file = catalogue.File(name + ".gz");
                Assert.NotNull(file);
                Assert.Matches("^[0-9a-f]{64}$", file.Sha256);
            }
            Assert.All(set.Mirrors, m => Assert.Equal("https", m.Scheme));
        }
    }

    [Fact]
    public void Refuses_an_official_file_with_another_content()
    {
        _folder.Write("mnist/t10k-images-idx3-ubyte.gz", Gzip(IdxImages(Pixels(2))));
        _folder.Write("mnist/t10k-labels-idx1-ubyte.gz", Gzip(IdxLabels(0, 1)));
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("mnist", _folder.Options with { NeedTrain = false })).Message;
        Assert.Contains("t10k-labels-idx1-ubyte.gz is not the official file: the sha256 of its content differs from ff7bcfd4", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_which_files_are_missing()
    {
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("mnist", _folder.Options)).Message;
        Assert.Contains("train-images-idx3-ubyte.gz", message, StringComparison.Ordinal);
        Assert.Contains(_folder.Root, message, StringComparison.Ordinal);
    }
}
