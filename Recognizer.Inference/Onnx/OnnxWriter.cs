using Google.Protobuf;
using Recognizer.Inference.Onnx.Proto;

namespace Recognizer.Inference.Onnx;

/// <summary>Writes ONNX files: standard operator set, weights inside the file as raw data.</summary>
public static class OnnxWriter
{
    /// <summary>Writes a model to a stream, which stays open.</summary>
    /// <exception cref="OnnxException">The graph breaks ONNX's rules or doesn't fit into a file of the format (2 GiB).</exception>
    public static void Write(Graph graph, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ModelProto model = Model(graph);
        model.WriteTo(stream);
    }

    /// <summary>The model as bytes.</summary>
    /// <exception cref="OnnxException">The graph breaks ONNX's rules or doesn't fit into a file of the format (2 GiB).</exception>
    public static byte[] ToBytes(Graph graph) => Model(graph).ToByteArray();

    /// <summary>Writes a model file. The file appears complete or not at all: a crash half-way leaves what was there before.</summary>
    /// <exception cref="OnnxException">The graph breaks ONNX's rules, or the file can't be written.</exception>
    public static void WriteFile(Graph graph, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ModelProto model = Model(graph);
        WriteAtomically(model, path);
    }

    internal static void WriteAtomically(IMessage message, string path)
    {
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                message.WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            try
            {
                File.Delete(temporary);
            }
            catch (Exception second) when (second is IOException or UnauthorizedAccessException)
            {
                // The first failure is the one to report.
            }
            throw new OnnxException($"{path}: can't be written: {exception.Message}", exception);
        }
    }

    /// <summary>The lowest version of the file format that knows an operator set, at least 4, before which initializers had to be inputs too.</summary>
    internal static int FormatVersion(int opset) => opset switch
    {
        <= 8 => 4,
        9 => 4,
        10 => 5,
        11 => 6,
        <= 14 => 7,
        <= 18 => 8,
        <= 20 => 9,
        <= 22 => 10,
        <= 24 => 11,
        _ => 12,
    };

    private static ModelProto Model(Graph graph)
    {
        GraphValidator.Validate(graph);
        var model = new ModelProto
        {
            IrVersion = FormatVersion(graph.Opset),
            ProducerName = graph.Producer,
            ProducerVersion = typeof(OnnxWriter).Assembly.GetName().Version?.ToString(3) ?? "",
            Graph = new GraphProto { Name = graph.Name.Length > 0 ? graph.Name : "graph" },
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = graph.Opset } },
        };
        foreach (ValueInfo input in graph.Inputs) model.Graph.Input.Add(Value(input));
        foreach (ValueInfo output in graph.Outputs) model.Graph.Output.Add(Value(output));
        long bytes = 0;
        foreach ((string name, Tensor tensor) in graph.Initializers)
        {
            bytes += (long)tensor.Length * TensorReader.Size(tensor.ElementType);
            if (bytes > int.MaxValue - (1 << 20)) throw new OnnxException($"Initializer '{name}' takes the model over 2 GiB, the most that an ONNX file can hold.");
            model.Graph.Initializer.Add(TensorMessage(name, tensor));
        }
        foreach (Node node in graph.Nodes) model.Graph.Node.Add(NodeMessage(node));
        foreach ((string key, string value) in graph.Metadata) model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model;
    }

    /// <summary>A tensor as a message, with raw data.</summary>
    internal static TensorProto TensorMessage(string name, Tensor tensor)
    {
        var proto = new TensorProto { DataType = (int)tensor.ElementType };
        if (name.Length > 0) proto.Name = name;
        foreach (int dimension in tensor.Shape) proto.Dims.Add(dimension);
        if (tensor.ElementType == ElementType.String)
        {
            foreach (string text in tensor.Span<string>()) proto.StringData.Add(ByteString.CopyFromUtf8(text));
            return proto;
        }
        byte[] bytes = tensor.ElementType == ElementType.Bool
            ? Array.ConvertAll((bool[])tensor.Data, flag => flag ? (byte)1 : (byte)0)
            : TensorReader.Bytes(tensor.Data).ToArray();
        if (!BitConverter.IsLittleEndian) TensorReader.ReverseEndianness(bytes, TensorReader.Size(tensor.ElementType));
        proto.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
        return proto;
    }

    private static ValueInfoProto Value(ValueInfo value)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)value.ElementType };
        if (value.Shape is not null)
        {
            tensor.Shape = new TensorShapeProto();
            foreach (Dimension dimension in value.Shape)
            {
                var proto = new TensorShapeProto.Types.Dimension();
                if (dimension.IsFixed) proto.DimValue = dimension.Size;
                else if (dimension.Symbol is { } symbol) proto.DimParam = symbol;
                tensor.Shape.Dim.Add(proto);
            }
        }
        return new ValueInfoProto { Name = value.Name, Type = new TypeProto { TensorType = tensor } };
    }

    private static NodeProto NodeMessage(Node node)
    {
        var proto = new NodeProto { OpType = node.OperatorType };
        if (node.Name.Length > 0) proto.Name = node.Name;
        proto.Input.AddRange(node.Inputs);
        proto.Output.AddRange(node.Outputs);
        foreach ((string name, object value) in node.Attributes)
        {
            var attribute = new AttributeProto { Name = name };
            switch (value)
            {
                case long number: (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, number); break;
                case float number: (attribute.Type, attribute.F) = (AttributeProto.Types.AttributeType.Float, number); break;
                case string text: (attribute.Type, attribute.S) = (AttributeProto.Types.AttributeType.String, ByteString.CopyFromUtf8(text)); break;
                case Tensor tensor: (attribute.Type, attribute.T) = (AttributeProto.Types.AttributeType.Tensor, TensorMessage("", tensor)); break;
                case long[] numbers:
                    attribute.Type = AttributeProto.Types.AttributeType.Ints;
                    attribute.Ints.AddRange(numbers);
                    break;
                case float[] numbers:
                    attribute.Type = AttributeProto.Types.AttributeType.Floats;
                    attribute.Floats.AddRange(numbers);
                    break;
                case string[] texts:
                    attribute.Type = AttributeProto.Types.AttributeType.Strings;
                    attribute.Strings.AddRange(texts.Select(ByteString.CopyFromUtf8));
                    break;
                default: throw new OnnxException($"{node}: attribute '{name}' is of type {value.GetType().Name}, which ONNX doesn't have.");
            }
            proto.Attribute.Add(attribute);
        }
        return proto;
    }
}
