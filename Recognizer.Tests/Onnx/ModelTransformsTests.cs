using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Onnx;

public class ModelTransformsTests
{
    [Theory]
    [InlineData(17)]
    [InlineData(12)]
    [InlineData(6)]
    [InlineData(5)]
    public void A_byte_input_gives_the_same_probabilities(int opset)
    {
        Graph graph = SampleModels.Classifier();
        graph.Opset = opset;
        Graph bytes = ModelTransforms.WithByteInput(graph);
        Assert.Equal("UInt8[N, 8, 8]", Assert.Single(bytes.Inputs).ToString());
        Assert.Equal(graph.Metadata, bytes.Metadata);
        // What operator sets 5 and 6 have otherwise
        Assert.Equal(opset < 6 ? "FLOAT" : 1L, bytes.Nodes[0].Attributes["to"]);
        Assert.Equal(opset < 7, bytes.Nodes.Single(n => n.Name == "input.scaled").Attributes.ContainsKey("broadcast"));

        var pixels = new byte[2 * 64];
        new Random(3).NextBytes(pixels);
        var expected = Interpreter.Run(graph, new Dictionary<string, Tensor> { ["input"] = Tensor.Create(Array.ConvertAll(pixels, p => p * (1f / 255)), 2, 1, 8, 8) });
        var actual = Interpreter.Run(OnnxReader.Read(OnnxWriter.ToBytes(bytes)), new Dictionary<string, Tensor> { ["input"] = Tensor.Create(pixels, 2, 8, 8) });
        foreach (string name in new[] { "logits", "probabilities" }) Assert.Equal(expected[name].Span<float>().ToArray(), actual[name].Span<float>().ToArray());
    }

    [Fact]
    public void Channels_last_and_full_range_work_too()
    {
        var builder = new GraphBuilder("nhwc");
        string y = builder.Node("Flatten", "y", [builder.Input("x", ElementType.Double, Dimension.Named("N"), 2, 3, 1)]);
        builder.Output(y, ElementType.Double, Dimension.Named("N"), 6);
        Graph bytes = ModelTransforms.WithByteInput(builder.Build(), scale: 1);
        Assert.Equal("UInt8[N, 2, 3]", bytes.Inputs[0].ToString());
        Tensor result = Interpreter.Run(bytes, new Dictionary<string, Tensor> { ["x"] = Tensor.Create(new byte[] { 0, 1, 2, 3, 4, 255 }, 1, 2, 3) })["y"];
        Assert.Equal([0.0, 1, 2, 3, 4, 255], result.Span<double>().ToArray());
    }

    [Fact]
    public void Names_that_are_taken_are_left_alone()
    {
        var builder = new GraphBuilder("taken");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("N"), 1, 2);
        builder.Output(builder.Node("Relu", "x.scaled", [builder.Node("Neg", "x.float", [x])]), ElementType.Float, Dimension.Named("N"), 1, 2);
        Assert.Equal(5, ModelTransforms.WithByteInput(builder.Build()).Nodes.Count);
    }

    [Fact]
    public void Models_without_one_floating_point_input_are_refused()
    {
        Graph graph = SampleModels.Classifier();
        graph.Inputs.Add(new ValueInfo("second", ElementType.Float, [1]));
        Assert.Contains("2 inputs", Assert.Throws<OnnxException>(() => ModelTransforms.WithByteInput(graph)).Message);
        Assert.Contains("'input'", Assert.Throws<OnnxException>(() => ModelTransforms.WithByteInput(ModelTransforms.WithByteInput(SampleModels.Classifier()))).Message);
    }

    [Fact]
    public void A_sample_is_written_as_onnx_keeps_its_tests()
    {
        using var folder = new TemporaryFolder();
        Graph graph = SampleModels.Classifier();
        Tensor input = Tensor.Create(new float[64], 1, 1, 8, 8), logits = Tensor.Create(new float[10], 1, 10), probabilities = Tensor.Create(Enumerable.Repeat(0.1f, 10).ToArray(), 1, 10);
        var values = new Dictionary<string, Tensor> { ["input"] = input, ["logits"] = logits, ["probabilities"] = probabilities };
        TensorFile.WriteSample(folder.Root, 0, graph, values);
        string set = folder.File("test_data_set_0");
        Assert.Equal(["input_0.pb", "output_0.pb", "output_1.pb"], Directory.GetFiles(set).Select(Path.GetFileName).Order());
        (string name, Tensor read) = TensorFile.Read(Path.Combine(set, "output_1.pb"));
        Assert.Equal("probabilities", name);
        Assert.Equal([1, 10], read.Shape.ToArray());
        Assert.Equal(probabilities.Data, read.Data);

        values.Remove("logits");
        Assert.Contains("'logits'", Assert.Throws<OnnxException>(() => TensorFile.WriteSample(folder.Root, 1, graph, values)).Message);
        Assert.False(Directory.Exists(folder.File("test_data_set_1")));
        File.WriteAllText(folder.File("broken.pb"), "no tensor");
        Assert.Contains("broken.pb", Assert.Throws<OnnxException>(() => TensorFile.Read(folder.File("broken.pb"))).Message);
    }
}
