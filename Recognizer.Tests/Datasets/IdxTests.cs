using System.Buffers.Binary;
using Recognizer.Training.Datasets;
using static Recognizer.Tests.Datasets.DatasetBytes;

namespace Recognizer.Tests.Datasets;

public sealed class IdxTests : IDisposable
{
    private const string Manifest = """
        { "name": "small", "labels": ["0", "1", "é"], "orientation": "upright", "polarity": "light-on-dark",
          "train": { "images": "images", "labels": "labels", "unknownLabel": 255 } }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Dataset Load(byte[] images, byte[] labels, string manifest = Manifest)
    {
        _folder.Write("set/images", images);
        _folder.Write("set/labels", labels);
        _folder.Write("set/dataset.json", manifest);
        return DatasetLoader.Load("set", _folder.Options);
    }

    private string Refusal(byte[] images, byte[] labels, string manifest = Manifest) =>
        Assert.Throws<DatasetException>(() => Load(images, labels, manifest)).Message;

    [Theory, InlineData(false), InlineData(true)]
    public void Reads_what_was_written_and_leaves_unknown_rows_out(bool compressed)
    {
        byte[] pixels = Pixels(4), images = IdxImages(pixels), labels = IdxLabels(2, 255, 0, 1);
        var set = Load(compressed ? Gzip(images) : images, compressed ? Gzip(labels) : labels);
        Assert.Equal("small", set.Name);
        Assert.Equal(["0", "1", "é"], set.Labels);
        Assert.Null(set.Test);
        Assert.Equal([2, 0, 1], set.Train!.Labels);
        Assert.Equal([.. pixels[..784], .. pixels[1568..]], set.Train.Images);
    }

    [Fact]
    public void Turns_transposed_images_upright()
    {
        byte[] pixels = Pixels(2);
        var set = Load(IdxImages(Transpose(pixels)), IdxLabels(0, 1), Manifest.Replace("upright", "transposed", StringComparison.Ordinal));
        Assert.Equal(pixels, set.Train!.Images);
    }

    [Fact]
    public void Reads_wide_labels()
    {
        var labels = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(labels.AsSpan(4), 2);
        Assert.Equal([0, 2], Load(IdxImages(Pixels(2)), Idx(0x0C, [2], labels)).Train!.Labels);
        Assert.Equal([0, 2], Load(IdxImages(Pixels(2)), Idx(0x0B, [2], [0, 0, 0, 2])).Train!.Labels);
    }

    [Fact]
    public void Refuses_a_header_that_promises_more_than_there_is()
    {
        byte[] images = IdxImages(Pixels(2));
        BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(4), 3);
        string plain = Refusal(images, IdxLabels(0, 1));
        Assert.Contains(Path.Combine(_folder.Root, "set", "images"), plain, StringComparison.Ordinal);
        Assert.Contains("promises 3 images of 28×28 (2352 bytes)", plain, StringComparison.Ordinal);
        Assert.Contains("truncated: it ends after 1584 bytes, in the middle of 3 images of 28×28", Refusal(Gzip(images), IdxLabels(0, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_header_that_no_memory_could_hold_before_allocating()
    {
        byte[] images = IdxImages(Pixels(2));
        BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(4), -1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("promises 4294967295 images", Refusal(Gzip(images), IdxLabels(0, 1)), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000_000);
    }

    [Fact]
    public void Refuses_data_behind_the_end()
    {
        byte[] images = IdxImages(Pixels(2));
        Assert.Contains("has more data than its header promises", Refusal([.. images, 0], IdxLabels(0, 1)), StringComparison.Ordinal);
        Assert.Contains("has more data than its header promises", Refusal(Gzip([.. images, 0]), IdxLabels(0, 1)), StringComparison.Ordinal);
        Assert.Contains("gzip trailer is cut or followed by other data", Refusal([.. Gzip(images), 1, 2, 3], IdxLabels(0, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_gzip_file_cut_anywhere()
    {
        byte[] images = Gzip(IdxImages(Pixels(2)));
        for (int cut = 2; cut < images.Length; cut += cut < 40 || cut > images.Length - 20 ? 1 : 37)
            Assert.Contains(Path.Combine("set", "images"), Refusal(images[..cut], IdxLabels(0, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_gzip_file_with_a_flipped_bit()
    {
        byte[] images = Gzip(IdxImages(Pixels(2)));
        images[images.Length / 2] ^= 16;
        Assert.Contains("images is damaged: ", Refusal(images, IdxLabels(0, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Stops_a_gzip_bomb_at_the_end_that_its_header_gives()
    {
        byte[] bomb = Gzip([.. IdxImages(Pixels(2)), .. new byte[50_000_000]]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("has more data than its header promises", Refusal(bomb, IdxLabels(0, 1)), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000_000);
    }

    [Fact]
    public void Refuses_files_of_another_kind()
    {
        Assert.Contains("is not an IDX file: it starts with 89504E47", Refusal([0x89, 0x50, 0x4E, 0x47, 0, 0], IdxLabels(0)), StringComparison.Ordinal);
        Assert.Contains("has 1 dimensions, expected 3 (images)", Refusal(IdxLabels(0), IdxLabels(0)), StringComparison.Ordinal);
        Assert.Contains("has type 0x0D", Refusal(Idx(0x0D, [0, 28, 28], []), IdxLabels()), StringComparison.Ordinal);
        Assert.Contains("has 2 images, but", Refusal(IdxImages(Pixels(2)), IdxLabels(0)), StringComparison.Ordinal);
        Assert.Contains("row 1 has label 3, expected 0 to 2 or 255", Refusal(IdxImages(Pixels(2)), IdxLabels(0, 3)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "is not valid JSON")]
    [InlineData("[]", "expected an object")]
    [InlineData("{}", "\"labels\" must be an array of strings")]
    [InlineData("""{ "labels": ["a", "a"] }""", "the label \"a\" is there twice")]
    [InlineData("""{ "labels": ["a", "b"] }""", "has neither \"train\" nor \"test\"")]
    [InlineData("""{ "labels": ["a", "b"], "orientation": "sideways", "train": {} }""", "\"orientation\" is \"sideways\", expected \"upright\" or \"transposed\"")]
    [InlineData("""{ "labels": ["a", "b"], "train": { "images": "images" } }""", "\"train\" needs \"labels\"")]
    [InlineData("""{ "labels": ["a", "b"], "train": { "images": "nowhere", "labels": "labels" } }""", "nowhere, which doesn't exist")]
    [InlineData("""{ "labels": ["a", "b"], "train": { "images": "images", "labels": "labels", "unknownLabel": "x" } }""", "\"unknownLabel\" of \"train\" must be an integer")]
    public void Says_what_is_wrong_with_a_manifest(string manifest, string expected) =>
        Assert.Contains(expected, Refusal(IdxImages(Pixels(1)), IdxLabels(0), manifest), StringComparison.Ordinal);

    [Fact]
    public void Reads_a_data_set_inside_a_zip()
    {
        byte[] pixels = Pixels(2);
        Load(Gzip(IdxImages(pixels)), IdxLabels(0, 1));
        _folder.Zip("zipped.zip", "set/images", "set/labels", "set/dataset.json");
        Assert.Equal(pixels, DatasetLoader.Load("zipped", _folder.Options).Train!.Images);
    }

    [Fact]
    public void Says_what_names_there_are()
    {
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("nothing", _folder.Options)).Message;
        Assert.Contains("There is no data set nothing", message, StringComparison.Ordinal);
        Assert.Contains("emnist-byclass", message, StringComparison.Ordinal);
    }
}
