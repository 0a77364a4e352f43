using System.Text.Json;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Commands;
using Recognizer.Training.Datasets;
using static Recognizer.Tests.Datasets.DatasetBytes;

namespace Recognizer.Tests.Datasets;

public sealed class DatasetsCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public DatasetsCommandTests()
    {
        _folder.Write("small/images", IdxImages(Pixels(3)));
        _folder.Write("small/labels", IdxLabels(0, 1, 1));
        _folder.Write("small/dataset.json", """{ "description": "three images", "labels": ["A", "é"], "test": { "images": "images", "labels": "labels" } }""");
    }

    public void Dispose() => _folder.Dispose();

    private (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = CommandLine.Run(["datasets", .. arguments, "--data", _folder.Root], new CommandHost(output, error, CancellationToken.None));
        return (code, output.ToString(), error.ToString());
    }

    [Fact]
    public void Lists_what_is_known_and_what_is_there()
    {
        var (code, output, _) = Run("list");
        Assert.Equal(0, code);
        Assert.Matches("(?m)^mnist +not here", output);
        Assert.Matches("(?m)^small +test only +three images", output);
        using var json = JsonDocument.Parse(Run("list", "--json").Output);
        Assert.Contains(json.RootElement.EnumerateArray(), s => s.GetProperty("name").GetString() == "strokes" && s.GetProperty("train").GetBoolean());
    }

    [Fact]
    public void Lists_every_form_of_a_manifest_that_is_read()
    {
        // A byte order mark, comments, trailing commas and a part that is null
        _folder.Write("other/dataset.json", "\uFEFF" + """
            { // of last year
              "labels": ["A", "B"], "description": "with a comment", "test": null, "train": { "images": "images", "labels": "labels", }, }
            """);
        _folder.Write("wrong/dataset.json", "[]");
        _folder.Write("listed/labels.csv", "1.png,a\n2.png,b\n");
        string output = Run("list").Output;
        Assert.Matches("(?m)^other +train only +with a comment", output);
        Assert.Matches("(?m)^wrong +not here .*dataset.json", output);
        Assert.Matches("(?m)^listed +train, test ", output);
    }

    [Fact]
    public void Lists_a_damaged_archive_as_such_beside_the_others()
    {
        _folder.Write("emnist/gzip.zip", "no archive");
        var (code, output, error) = Run("list");
        Assert.Equal((0, ""), (code, error));
        Assert.Matches("(?m)^emnist-digits +not here .*gzip.zip is not a readable .zip file", output);
        Assert.Matches("(?m)^mnist +not here +handwritten digits", output);
        Assert.Matches("(?m)^small +test only", output);
    }

    [Fact]
    public void Lists_the_terms()
    {
        string output = Run("list").Output;
        Assert.All(DatasetCatalogue.BuiltIn.Sets, set => Assert.Contains(set.Terms, output, StringComparison.Ordinal));
    }

    [Fact]
    public void Verifies_and_counts()
    {
        using var json = JsonDocument.Parse(Run("verify", "small", "--json").Output);
        Assert.Equal([1, 2], json.RootElement.GetProperty("test").GetProperty("perClass").EnumerateArray().Select(c => c.GetInt32()));
        Assert.False(json.RootElement.TryGetProperty("train", out _));
        Assert.Matches("(?m)^é +– +2", Run("verify", "small").Output);
        _folder.Write("small/labels", IdxLabels(0, 1));
        var (code, _, error) = Run("verify", "small");
        Assert.Equal(1, code);
        Assert.Contains("has 3 images, but", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_images_that_are_there_again()
    {
        byte[] pixels = Pixels(4);
        byte[] Images(params int[] numbers) => IdxImages([.. numbers.SelectMany(n => pixels[(n * 784)..((n + 1) * 784)])]);
        _folder.Write("again/a", Images(0, 1, 2, 2));
        _folder.Write("again/b", IdxLabels(0, 1, 0, 0));
        _folder.Write("again/c", Images(0, 1, 1, 3));
        _folder.Write("again/d", IdxLabels(0, 0, 1, 1));
        _folder.Write("again/dataset.json", """{ "labels": ["A", "B"], "train": { "images": "a", "labels": "b" }, "test": { "images": "c", "labels": "d" } }""");
        string output = Run("verify", "again").Output;
        Assert.Contains("in both parts: 3 test images", output, StringComparison.Ordinal);
        Assert.Contains("in more than one class: 3 images", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(Run("verify", "again", "--json").Output);
        Assert.Equal((3, 3), (json.RootElement.GetProperty("testInTraining").GetInt32(), json.RootElement.GetProperty("ofOtherClasses").GetInt32()));
        Assert.DoesNotContain("to the pixel", Run("verify", "small").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Draws_a_grid()
    {
        string file = Path.Combine(_folder.Root, "grids", "grid.png");
        Assert.Equal(0, Run("show", "small", "--output", file, "--columns", "5").Code);
        var grid = ImageDecoder.Decode(File.ReadAllBytes(file));
        // two rows; captions of four characters (00E9) and a gap; all enlarged twice
        Assert.Equal((2 * (4 * 28 + 14 + 5 * 28), 2 * 2 * 28), (grid.Width, grid.Height));
        Assert.Contains(grid.Pixels[..(56 * grid.Width)].ToArray(), p => p < 50);
    }

    [RealDataFact("mnist")]
    public void Draws_variations_in_the_layout_that_the_set_is_trained_in()
    {
        string file = Path.Combine(_folder.Root, "grid.png");
        var host = new CommandHost(TextWriter.Null, TextWriter.Null, CancellationToken.None);
        Assert.Equal(0, CommandLine.Run(["datasets", "show", "mnist", "--offline", "--split", "test", "--augment", "picture=0.2", "--columns", "5", "--output", file], host));
        Dataset mnist = DatasetLoader.Load("mnist", new DatasetLoadOptions { NeedTrain = false, Offline = true });
        // How an image is varied depends on it and its number alone.
        DatasetPart first = SampleGrid.First(mnist.Test!, mnist.Labels, 5);
        byte[] drawn = ImageDecoder.Decode(File.ReadAllBytes(file)).Pixels.ToArray();
        Assert.Equal(Draw(NormalizerLayout.Mnist), drawn);
        Assert.NotEqual(Draw(NormalizerLayout.Emnist), drawn);

        byte[] Draw(NormalizerLayout layout) => SampleGrid.Draw(Augmenter.Vary(first, AugmentationOptions.Parse("picture=0.2"), layout), mnist.Labels, 5).Pixels.ToArray();
    }

    [Fact]
    public void Draws_variations_of_MNIST_in_its_layout_from_any_folder()
    {
        var rings = new DatasetPart([.. Enumerable.Repeat(Ring(20), 20).SelectMany(ring => ring)], [.. Enumerable.Range(0, 20).Select(i => i % 4)]);
        _folder.Write("mine/t10k-images-idx3-ubyte", IdxImages(rings.Images));
        _folder.Write("mine/t10k-labels-idx1-ubyte", IdxLabels([.. rings.Labels.Select(label => (byte)label)]));
        string file = Path.Combine(_folder.Root, "grid.png");
        Assert.Equal(0, Run("show", "mine", "--augment", "picture=0.2", "--columns", "5", "--output", file).Code);
        string[] digits = [.. "0123456789".Select(c => c.ToString())];
        byte[] drawn = ImageDecoder.Decode(File.ReadAllBytes(file)).Pixels.ToArray();
        Assert.Equal(Draw(NormalizerLayout.Mnist), drawn);
        Assert.NotEqual(Draw(NormalizerLayout.Emnist), drawn);

        byte[] Draw(NormalizerLayout layout) =>
            SampleGrid.Draw(Augmenter.Vary(SampleGrid.First(rings, digits, 5), AugmentationOptions.Parse("picture=0.2"), layout), digits, 5).Pixels.ToArray();
    }

    [Fact]
    public void Downloads_only_what_is_in_the_catalogue()
    {
        Assert.Equal(2, Run("download", "small").Code);
        var (code, _, error) = Run("download", "mnist", "--offline");
        Assert.Equal(1, code);
        Assert.Contains("downloads are off", error, StringComparison.Ordinal);
    }
}
