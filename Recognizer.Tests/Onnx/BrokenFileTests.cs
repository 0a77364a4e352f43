using System.Text;
using Google.Protobuf;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Onnx.Proto;

namespace Recognizer.Tests.Onnx;

/// <summary>Files with one thing wrong each: the message must name the culprit.</summary>
public class BrokenFileTests
{
    private static readonly Dictionary<string, (Action<ModelProto> Break, string[] Named)> Cases = new()
    {
        ["no graph"] = (m => m.Graph = null, ["graph"]),
        ["no operator set"] = (m => m.OpsetImport.Clear(), ["opset_import"]),
        ["operator set 0"] = (m => m.OpsetImport[0].Version = 0, ["operator set 0"]),
        ["operator set 1000"] = (m => m.OpsetImport[0].Version = 1000, ["operator set 1000"]),
        ["two operator sets"] = (m => m.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = 9 }), ["17", "9"]),
        ["function"] = (m => m.Functions.Add(ByteString.CopyFromUtf8("x")), ["function"]),
        ["sparse initializer"] = (m => m.Graph.SparseInitializer.Add(ByteString.Empty), ["sparse"]),
        ["duplicate metadata"] = (m => m.MetadataProps.Add(new StringStringEntryProto { Key = "recognizer.labels", Value = "" }), ["recognizer.labels"]),
        ["nameless initializer"] = (m => Weight(m).ClearName(), ["Initializer 1", "no name"]),
        ["duplicate initializer"] = (m => m.Graph.Initializer.Add(Weight(m).Clone()), ["'conv.weight'"]),
        ["unknown element type"] = (m => Weight(m).DataType = 99, ["'conv.weight'", "99"]),
        ["brain float"] = (m => Weight(m).DataType = 16, ["'conv.weight'", "BFloat16"]),
        ["no element type"] = (m => Weight(m).ClearDataType(), ["'conv.weight'", "missing"]),
        ["negative dimension"] = (m => Weight(m).Dims[0] = -4, ["'conv.weight'", "-4"]),
        ["huge dimension"] = (m => Weight(m).Dims[0] = 1L << 40, ["'conv.weight'", "1099511627776"]),
        ["overflowing dimensions"] = (m => { for (int i = 0; i < 4; i++) Weight(m).Dims[i] = int.MaxValue; }, ["'conv.weight'", "too many"]),
        ["giant initializer"] = (m => Weight(m).Dims[0] = 100_000_000, ["'conv.weight'", "144 bytes", "3600000000"]),
        ["giant rank"] = (m => Weight(m).Dims.AddRange(Enumerable.Repeat(1L, 1000)), ["'conv.weight'", "1004"]),
        ["short data"] = (m => Weight(m).RawData = ByteString.CopyFrom(new byte[143]), ["'conv.weight'", "143", "144"]),
        ["no data"] = (m => Weight(m).ClearRawData(), ["'conv.weight'", "0 values", "36"]),
        ["two kinds of data"] = (m => Weight(m).FloatData.Add(1), ["'conv.weight'", "raw data and typed data"]),
        ["data of another type"] = (m => { Weight(m).ClearRawData(); Weight(m).DoubleData.AddRange(new double[36]); }, ["'conv.weight'", "0 values"]),
        ["value outside its type"] = (m => m.Graph.Initializer.Add(Typed("odd", ElementType.UInt8, 300)), ["'odd'", "300", "UInt8"]),
        ["flag of 2"] = (m => m.Graph.Initializer.Add(Typed("odd", ElementType.Bool, 2)), ["'odd'", "2", "Bool"]),
        ["half of 17 bits"] = (m => m.Graph.Initializer.Add(Typed("odd", ElementType.Float16, 1 << 16)), ["'odd'", "65536", "Float16"]),
        ["raw strings"] = (m => Weight(m).DataType = (int)ElementType.String, ["'conv.weight'", "strings"]),
        ["segment"] = (m => Weight(m).Segment = ByteString.Empty, ["'conv.weight'", "segments"]),
        ["external data of a stream"] = (m => { Weight(m).ClearRawData(); Weight(m).DataLocation = TensorProto.Types.DataLocation.External; }, ["'conv.weight'", "another file"]),
        ["nameless input"] = (m => m.Graph.Input[0].ClearName(), ["input", "no name"]),
        ["duplicate input"] = (m => m.Graph.Input.Add(m.Graph.Input[0].Clone()), ["'input'"]),
        ["input without type"] = (m => m.Graph.Input[0].Type = null, ["'input'", "tensor"]),
        ["sequence"] = (m => m.Graph.Input[0].Type = new TypeProto { SequenceType = ByteString.Empty }, ["'input'", "Sequence"]),
        ["optional"] = (m => m.Graph.Output[0].Type = new TypeProto { OptionalType = ByteString.Empty }, ["'logits'", "Optional"]),
        ["negative input dimension"] = (m => m.Graph.Input[0].Type.TensorType.Shape.Dim[1].DimValue = -28, ["'input'", "Dimension 1", "-28"]),
        ["huge input dimension"] = (m => m.Graph.Input[0].Type.TensorType.Shape.Dim[1].DimValue = long.MaxValue, ["'input'", "Dimension 1"]),
        ["input unlike its initializer"] = (m => m.Graph.Input[0].Name = "scale", ["'scale'", "initializer"]),
        ["no operator"] = (m => m.Graph.Node[1].ClearOpType(), ["Node 1", "conv"]),
        ["custom domain"] = (m => m.Graph.Node[1].Domain = "com.example", ["conv", "com.example"]),
        ["no output"] = (m => m.Graph.Node[1].Output.Clear(), ["conv", "no output"]),
        ["duplicate output"] = (m => m.Graph.Node[3].Output[0] = "conv", ["'relu'", "writes 'conv'", "Conv node 'conv'"]),
        ["output onto initializer"] = (m => m.Graph.Node[3].Output[0] = "gamma", ["'relu'", "'gamma'", "initializer"]),
        ["unknown value"] = (m => m.Graph.Node[3].Input[0] = "nowhere", ["'relu'", "'nowhere'"]),
        ["cycle"] = (m => m.Graph.Node[1].Input[0] = "pool", ["'conv'", "'pool'", "cycle"]),
        ["self"] = (m => m.Graph.Node[3].Input[0] = "relu", ["'relu'", "itself", "cycle"]),
        ["order"] = (m => { NodeProto node = m.Graph.Node[0]; m.Graph.Node.RemoveAt(0); m.Graph.Node.Add(node); }, ["'conv'", "'scaled'", "later", "topological"]),
        ["no graph output"] = (m => m.Graph.Output.Clear(), ["outputs"]),
        ["unknown graph output"] = (m => m.Graph.Output[0].Name = "nowhere", ["'nowhere'"]),
        ["duplicate graph output"] = (m => m.Graph.Output.Add(m.Graph.Output[0].Clone()), ["'logits'"]),
        ["nameless attribute"] = (m => m.Graph.Node[1].Attribute[0].ClearName(), ["'conv'", "no name"]),
        ["duplicate attribute"] = (m => m.Graph.Node[1].Attribute.Add(m.Graph.Node[1].Attribute[0].Clone()), ["'conv'", "'auto_pad'", "twice"]),
        ["attribute of two types"] = (m => m.Graph.Node[1].Attribute[0].F = 1, ["'conv'", "'auto_pad'", "Float and String"]),
        ["attribute unlike its type"] = (m => m.Graph.Node[1].Attribute[0].Type = AttributeProto.Types.AttributeType.Int, ["'conv'", "'auto_pad'", "Int", "String"]),
        ["empty attribute"] = (m => m.Graph.Node[1].Attribute.Add(new AttributeProto { Name = "nothing" }), ["'conv'", "'nothing'"]),
        ["sub-graph"] = (m => m.Graph.Node[1].Attribute.Add(new AttributeProto { Name = "then_branch", Graph = { ByteString.Empty }, Type = AttributeProto.Types.AttributeType.Graph }), ["'conv'", "'then_branch'", "sub-graph"]),
        ["sparse attribute"] = (m => m.Graph.Node[1].Attribute.Add(new AttributeProto { Name = "sparse_value", SparseTensor = { ByteString.Empty } }), ["'conv'", "'sparse_value'", "SparseTensor"]),
        ["function attribute"] = (m => m.Graph.Node[1].Attribute.Add(new AttributeProto { Name = "a", RefAttrName = "outer" }), ["'conv'", "'a'", "'outer'"]),
        ["broken tensor attribute"] = (m => m.Graph.Node[1].Attribute.Add(new AttributeProto { Name = "t", T = new TensorProto { DataType = 1, Dims = { 5 } } }), ["'conv'", "'t'", "expected 5"]),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory, MemberData(nameof(Names))]
    public void One_thing_wrong_is_named(string name)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(SampleModels.Classifier()));
        Cases[name].Break(model);
        byte[] bytes = model.ToByteArray();
        OnnxException exception = Assert.Throws<OnnxException>(() => OnnxReader.Read(bytes));
        Assert.All(Cases[name].Named, part => Assert.Contains(part, exception.Message));
    }

    [Fact]
    public void Text_is_no_model() =>
        Assert.Contains("byte", Assert.Throws<OnnxException>(() => OnnxReader.Read(Encoding.UTF8.GetBytes("<!DOCTYPE html><html>not found</html>"))).Message);

    [Fact]
    public void An_empty_file_is_no_model() => Assert.Contains("empty", Assert.Throws<OnnxException>(() => OnnxReader.Read([])).Message);

    [Fact]
    public void A_missing_file_is_named() => Assert.Contains("/no/such/model.onnx", Assert.Throws<OnnxException>(() => OnnxReader.ReadFile("/no/such/model.onnx")).Message);

    [Fact]
    public void A_folder_is_no_file()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(folder.Root, Assert.Throws<OnnxException>(() => OnnxReader.ReadFile(folder.Root)).Message);
    }

    [Fact]
    public void Every_truncation_is_refused_or_complete()
    {
        byte[] bytes = OnnxWriter.ToBytes(SampleModels.ShapeChain());
        int refused = 0;
        for (int length = 0; length < bytes.Length; length++)
        {
            try
            {
                OnnxReader.Read(bytes[..length]);
            }
            catch (OnnxException)
            {
                refused++;
            }
        }
        // A cut between two fields of the model leaves a shorter, valid file when all that matters came before.
        Assert.InRange(refused, bytes.Length - 3, bytes.Length);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        // A million groups of an unknown field, each inside the one before.
        byte[] bytes = [.. OnnxWriter.ToBytes(SampleModels.Classifier()), .. Enumerable.Repeat<byte[]>([0xA3, 0x06], 1_000_000).SelectMany(tag => tag)];
        Assert.Contains("byte", Assert.Throws<OnnxException>(() => OnnxReader.Read(bytes)).Message);
    }

    [Fact]
    public void Messages_stay_one_printable_line()
    {
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(SampleModels.Classifier()));
        model.Graph.Node[3].Input[0] = "\u001b[2J\n" + new string('x', 1 << 20);
        string message = Assert.Throws<OnnxException>(() => OnnxReader.Read(model.ToByteArray())).Message;
        Assert.DoesNotContain(message, char.IsControl);
        Assert.InRange(message.Length, 1, 2100);
    }

    [Fact]
    public void A_stream_that_fails_is_reported()
    {
        using var stream = new FailingStream();
        Assert.Contains("the disk is gone", Assert.Throws<OnnxException>(() => OnnxReader.Read(stream)).Message);
    }

    private static TensorProto Weight(ModelProto model) => model.Graph.Initializer[1];

    private static TensorProto Typed(string name, ElementType type, int value) => new() { Name = name, DataType = (int)type, Dims = { 1 }, Int32Data = { value } };

    private sealed class FailingStream : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count) => throw new IOException("the disk is gone");

        public override int Read(Span<byte> buffer) => throw new IOException("the disk is gone");
    }
}
