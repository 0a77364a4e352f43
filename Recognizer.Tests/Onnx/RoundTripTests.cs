using Google.Protobuf;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Onnx.Proto;

namespace Recognizer.Tests.Onnx;

public class RoundTripTests
{
    public static TheoryData<int> Samples => [.. Enumerable.Range(0, SampleModels.All().Length)];

    [Theory, MemberData(nameof(Samples))]
    public void A_written_graph_reads_back_the_same(int index)
    {
        Graph graph = SampleModels.All()[index];
        Graph read = OnnxReader.Read(OnnxWriter.ToBytes(graph));
        AssertSame(graph, read);
        Assert.Equal(OnnxWriter.ToBytes(graph), OnnxWriter.ToBytes(read));
    }

    [Fact]
    public void Streams_and_files_hold_the_same_bytes()
    {
        Graph graph = SampleModels.Classifier();
        using var stream = new MemoryStream();
        OnnxWriter.Write(graph, stream);
        Assert.True(stream.CanWrite);
        using var folder = new TemporaryFolder();
        string path = folder.File("model.onnx");
        File.WriteAllText(path, "what was there before");
        OnnxWriter.WriteFile(graph, path);
        Assert.Equal(stream.ToArray(), File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(folder.Root));
        AssertSame(graph, OnnxReader.ReadFile(path));
        stream.Position = 0;
        AssertSame(graph, OnnxReader.Read(stream));
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.onnx");
        Directory.CreateDirectory(path);
        var exception = Assert.Throws<OnnxException>(() => OnnxWriter.WriteFile(SampleModels.Classifier(), path));
        Assert.Contains(path, exception.Message);
        Assert.Empty(Directory.GetFiles(folder.Root));
        Assert.Throws<OnnxException>(() => OnnxWriter.WriteFile(SampleModels.Classifier(), folder.File("missing/model.onnx")));
    }

    [Fact]
    public void Files_say_what_they_are()
    {
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(SampleModels.Classifier()));
        Assert.Equal(8, model.IrVersion);
        Assert.Equal("Recognizer", model.ProducerName);
        OperatorSetIdProto set = Assert.Single(model.OpsetImport);
        Assert.Equal(("", 17L), (set.Domain, set.Version));
        Assert.All(model.Graph.Initializer, tensor => Assert.True(tensor.HasRawData));
        Assert.All(model.Graph.Node.SelectMany(n => n.Attribute), attribute => Assert.NotEqual(AttributeProto.Types.AttributeType.Undefined, attribute.Type));
    }

    [Fact]
    public void Typed_fields_read_like_raw_data()
    {
        Graph graph = SampleModels.AllTypes();
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(graph));
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            tensor.ClearRawData();
            Tensor values = graph.Initializers[tensor.Name];
            switch (values.ElementType)
            {
                case ElementType.Float: tensor.FloatData.AddRange(values.Span<float>().ToArray()); break;
                case ElementType.Double: tensor.DoubleData.AddRange(values.Span<double>().ToArray()); break;
                case ElementType.Int64: tensor.Int64Data.AddRange(values.Span<long>().ToArray()); break;
                case ElementType.UInt32 or ElementType.UInt64: tensor.Uint64Data.AddRange(values.Data.Cast<object>().Select(Convert.ToUInt64)); break;
                case ElementType.Float16: tensor.Int32Data.AddRange(values.Span<Half>().ToArray().Select(h => (int)BitConverter.HalfToUInt16Bits(h))); break;
                case ElementType.String: break;
                default: tensor.Int32Data.AddRange(values.Data.Cast<object>().Select(Convert.ToInt32)); break;
            }
        }
        AssertSame(graph, OnnxReader.Read(model.ToByteArray()));
    }

    [Fact]
    public void Initializers_among_the_inputs_are_constants()
    {
        Graph graph = SampleModels.Classifier();
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(graph));
        model.IrVersion = 3;
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            var type = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
            type.Shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
            model.Graph.Input.Add(new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = type } });
        }
        AssertSame(graph, OnnxReader.Read(model.ToByteArray()));
    }

    [Fact]
    public void Attributes_without_type_or_value_are_understood()
    {
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(SampleModels.Classifier()));
        NodeProto gemm = model.Graph.Node.Single(n => n.OpType == "Gemm");
        gemm.Attribute[0].ClearType();
        gemm.Attribute.Add(new AttributeProto { Name = "transA", Type = AttributeProto.Types.AttributeType.Int });
        Node node = OnnxReader.Read(model.ToByteArray()).Nodes.Single(n => n.OperatorType == "Gemm");
        Assert.Equal((1L, 0L), (node.Int("transB", 0), node.Int("transA", 7)));
    }

    [Theory]
    [InlineData(8, 4)]
    [InlineData(9, 4)]
    [InlineData(11, 6)]
    [InlineData(13, 7)]
    [InlineData(17, 8)]
    [InlineData(19, 9)]
    [InlineData(21, 10)]
    [InlineData(23, 11)]
    public void Format_version_follows_the_operator_set(int opset, int version) => Assert.Equal(version, OnnxWriter.FormatVersion(opset));

    private static void AssertSame(Graph expected, Graph actual)
    {
        Assert.Equal((expected.Name, expected.Opset, expected.Producer), (actual.Name, actual.Opset, actual.Producer));
        Assert.Equal(expected.Metadata, actual.Metadata);
        Assert.Equal(expected.Inputs.Select(i => $"{i.Name} {i}"), actual.Inputs.Select(i => $"{i.Name} {i}"));
        Assert.Equal(expected.Outputs.Select(i => $"{i.Name} {i}"), actual.Outputs.Select(i => $"{i.Name} {i}"));
        Assert.Equal(expected.Nodes.Count, actual.Nodes.Count);
        foreach ((Node left, Node right) in expected.Nodes.Zip(actual.Nodes))
        {
            Assert.Equal((left.OperatorType, left.Name, left.Domain), (right.OperatorType, right.Name, right.Domain));
            Assert.Equal(left.Inputs, right.Inputs);
            Assert.Equal(left.Outputs, right.Outputs);
            Assert.Equal(left.Attributes.Keys, right.Attributes.Keys);
            foreach ((string key, object value) in left.Attributes)
            {
                if (value is Tensor tensor) AssertSame(tensor, Assert.IsType<Tensor>(right.Attributes[key]));
                else Assert.Equal(value, right.Attributes[key]);
            }
        }
        Assert.Equal(expected.Initializers.Keys, actual.Initializers.Keys);
        foreach ((string name, Tensor tensor) in expected.Initializers) AssertSame(tensor, actual.Initializers[name]);
    }

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.ElementType, actual.ElementType);
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        Assert.Equal(expected.Data, actual.Data);
    }
}
