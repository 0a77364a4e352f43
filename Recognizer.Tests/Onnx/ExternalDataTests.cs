using Google.Protobuf;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Onnx.Proto;

namespace Recognizer.Tests.Onnx;

public sealed class ExternalDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ExternalDataTests() => Directory.CreateDirectory(Inside("."));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Weights_beside_the_model_are_read()
    {
        Graph graph = SampleModels.Classifier();
        Graph read = Read("weights/data.bin", "16", "144", out byte[] raw);
        Assert.Equal(graph.Initializers["conv.weight"].Data, read.Initializers["conv.weight"].Data);
        Assert.Equal(144, raw.Length);
    }

    [Fact]
    public void Without_a_length_the_rest_of_the_file_counts() => Assert.Equal(36, Read("data.bin", "16", null, out _).Initializers["conv.weight"].Length);

    [Theory]
    [InlineData("../secret.bin", "0", "144", "inside")]
    [InlineData("weights/../../secret.bin", "0", "144", "inside")]
    [InlineData("/etc/hostname", "0", "144", "inside")]
    [InlineData("C:\\data.bin", "0", "144", "inside")]
    [InlineData("..\\secret.bin", "0", "144", "inside")]
    [InlineData("", "0", "144", "location")]
    [InlineData("missing.bin", "0", "144", "missing.bin")]
    [InlineData("data.bin", "17", "144", "17 to 161")]
    [InlineData("data.bin", "16", "143", "143")]
    [InlineData("data.bin", "9223372036854775807", "144", "9223372036854775807")]
    [InlineData("data.bin", "-1", "144", "'-1'")]
    [InlineData("data.bin", "0", "9223372036854775807", "expected 144")]
    [InlineData("data.bin", "zero", "144", "'zero'")]
    [InlineData("weights", "0", "144", "'weights'")]
    public void Locations_that_lead_astray_are_refused(string location, string offset, string length, string named)
    {
        File.WriteAllBytes(_folder.File("secret.bin"), new byte[144]);
        OnnxException exception = Assert.Throws<OnnxException>(() => Read(location, offset, length, out _));
        Assert.Contains("'conv.weight'", exception.Message);
        Assert.Contains(named, exception.Message);
    }

    [Theory]
    [InlineData("missing.bin", "0", "144", true)]
    [InlineData("data.bin", "17", "144", true)]
    [InlineData("data.bin", "17", null, true)]
    [InlineData("data.bin", "16", "143", false)]
    [InlineData("../secret.bin", "0", "144", false)]
    public void What_may_still_come_is_told_from_what_is_wrong(string location, string offset, string? length, bool mayCome) =>
        Assert.Equal(mayCome, Assert.Throws<OnnxException>(() => Read(location, offset, length, out _)).IsUnreadable);

    [Fact]
    public void Files_are_named_before_they_are_read()
    {
        Read("weights/data.bin", "16", "144", out _);
        var read = new List<string>();
        OnnxReader.ReadAnyFile(Inside("model.onnx"), read.Add);
        Assert.Equal([Inside("model.onnx"), Inside("weights/data.bin")], read);
        File.Delete(Inside("weights/data.bin"));
        Assert.Throws<OnnxException>(() => OnnxReader.ReadAnyFile(Inside("model.onnx"), read.Add));
        Assert.Equal(Inside("weights/data.bin"), read[^1]);
        Assert.Equal(4, read.Count);
    }

    [Theory]
    [InlineData("link.bin")]
    [InlineData("linked-folder/data.bin")]
    public void Links_out_of_the_folder_are_refused(string location)
    {
        using var outside = new TemporaryFolder();
        File.WriteAllBytes(outside.File("data.bin"), new byte[160]);
        File.CreateSymbolicLink(Inside("link.bin"), outside.File("data.bin"));
        Directory.CreateSymbolicLink(Inside("linked-folder"), outside.Root);
        Assert.Contains("link", Assert.Throws<OnnxException>(() => Read(location, "16", "144", out _)).Message);
    }

    [Fact]
    public void Links_within_the_folder_are_followed()
    {
        File.CreateSymbolicLink(Inside("link.bin"), "data.bin");
        Assert.Equal(36, Read("link.bin", "16", "144", out _).Initializers["conv.weight"].Length);
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        File.CreateSymbolicLink(Inside("a.bin"), "b.bin");
        File.CreateSymbolicLink(Inside("b.bin"), "a.bin");
        Assert.Contains("links", Assert.Throws<OnnxException>(() => Read("a.bin", "16", "144", out _)).Message);
    }

    private string Inside(string name) => _folder.File(Path.Combine("model", name));

    /// <summary>Reads a model whose convolution weights are in another file after 16 bytes of something else.</summary>
    private Graph Read(string location, string offset, string? length, out byte[] raw)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(SampleModels.Classifier()));
        TensorProto tensor = model.Graph.Initializer[1];
        raw = tensor.RawData.ToByteArray();
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset });
        if (length is not null) tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = length });
        Directory.CreateDirectory(Inside("weights"));
        foreach (string name in new[] { "data.bin", "weights/data.bin" }) File.WriteAllBytes(Inside(name), [.. new byte[16], .. raw]);
        File.WriteAllBytes(Inside("model.onnx"), model.ToByteArray());
        return OnnxReader.ReadFile(Inside("model.onnx"));
    }
}
