using Google.Protobuf;
using Recognizer.Inference.Onnx.Proto;

namespace Recognizer.Inference.Onnx;

/// <summary>Reads ONNX files. Nothing in a file is trusted: counts are held against the bytes that are there before memory is taken for them, and whatever is wrong
/// or not supported ends in an <see cref="OnnxException"/> that names it.</summary>
public static class OnnxReader
{
    /// <summary>The oldest and the newest version of the standard operator set that are read.</summary>
    internal const int OldestOpset = 1, NewestOpset = 25;

    // Messages of the format nest five deep (model, graph, node, attribute, tensor, external data); sub-graphs are not parsed.
    private const int DeepestNesting = 16;

    /// <summary>Reads a model from a stream, up to its end. Models with external data need <see cref="ReadFile"/>.</summary>
    /// <exception cref="OnnxException">The stream holds no valid model, uses something that isn't supported, or can't be read.</exception>
    public static Graph Read(Stream stream) => Standard(ReadAny(stream));

    /// <summary>Reads a model from memory.</summary>
    /// <exception cref="OnnxException">The bytes are no valid model, or use something that isn't supported.</exception>
    public static Graph Read(byte[] bytes) => Standard(ReadAny(bytes));

    /// <summary>Reads a model file; external data is read from files inside the model's folder.</summary>
    /// <exception cref="OnnxException">The file is missing, unreadable or no valid model, or uses something that isn't supported.</exception>
    public static Graph ReadFile(string path) => OnnxException.Naming(path, () => Standard(ReadAnyFile(path)));

    /// <summary>As <see cref="Read(Stream)"/>, but operators may come from other operator sets too, and values may be what isn't supported (<see cref="Graph.Unsupported"/>), for whoever needs only a part of the graph.</summary>
    internal static Graph ReadAny(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Read(CodedInputStream.CreateWithLimits(stream, int.MaxValue, DeepestNesting), "model", null);
    }

    /// <summary>As <see cref="Read(byte[])"/>, but with the leniency of <see cref="ReadAny(Stream)"/>.</summary>
    internal static Graph ReadAny(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        using var stream = new MemoryStream(bytes, writable: false);
        return ReadAny(stream);
    }

    /// <summary>As <see cref="ReadFile"/>, but with the leniency of <see cref="ReadAny(Stream)"/>.</summary>
    /// <param name="path">The model file.</param>
    /// <param name="reading">Is told the full path of each file right before it is looked at: of the model, then of those with its weights.</param>
    internal static Graph ReadAnyFile(string path, Action<string>? reading = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        reading?.Invoke(Path.GetFullPath(path));
        try
        {
            // On Windows too, another file may take the place of one that is being read
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            return OnnxException.Naming(path, () => Read(CodedInputStream.CreateWithLimits(stream, int.MaxValue, DeepestNesting), path, new ExternalData(path, reading)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new OnnxException($"{path}: can't be read: {exception.Message}", exception) { IsUnreadable = true };
        }
    }

    /// <summary>Reads one tensor message, as ONNX's test data have them.</summary>
    /// <exception cref="OnnxException">The bytes are no valid tensor.</exception>
    internal static Tensor ReadTensor(Stream stream, string source, out string name)
    {
        TensorProto proto = Parse(CodedInputStream.CreateWithLimits(stream, int.MaxValue, DeepestNesting), source, TensorProto.Parser);
        name = proto.Name;
        return TensorReader.Read(proto, $"{source}: tensor '{proto.Name}'", null);
    }

    private static Graph Standard(Graph graph)
    {
        GraphValidator.ValidateSupport(graph);
        return graph;
    }

    private static T Parse<T>(CodedInputStream input, string source, MessageParser<T> parser) where T : IMessage<T>
    {
        try
        {
            T message = parser.WithDiscardUnknownFields(true).ParseFrom(input);
            // The parser takes the end of a group that never began for the end of the message.
            return input.IsAtEnd ? message : throw new OnnxException($"{source}: not an ONNX file, or a damaged one, near byte {input.Position}: a group ends that never began.");
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new OnnxException($"{source}: not an ONNX file, or a damaged one, near byte {input.Position}: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ObjectDisposedException)
        {
            throw new OnnxException($"{source}: can't be read at byte {input.Position}: {exception.Message}", exception) { IsUnreadable = true };
        }
    }

    private static Graph Read(CodedInputStream input, string source, ExternalData? external)
    {
        ModelProto model = Parse(input, source, ModelProto.Parser);
        if (input.Position == 0) throw new OnnxException($"{source}: empty, expected an ONNX model.");
        if (model.Graph is null) throw new OnnxException($"{source}: the model holds no graph, expected one (field 7).");
        if (model.Functions.Count > 0) throw new OnnxException($"{source}: {model.Functions.Count} local functions, which are not supported; export with functions inlined.");
        GraphProto proto = model.Graph;
        if (proto.SparseInitializer.Count > 0) throw new OnnxException($"{source}: {proto.SparseInitializer.Count} sparse initializers, which are not supported; store them dense.");
        var graph = new Graph { Name = proto.Name, Producer = model.ProducerName, Opset = Opset(model, source), File = external is null ? null : source };

        foreach (TensorProto tensor in proto.Initializer)
        {
            string what = $"initializer '{tensor.Name}'";
            if (tensor.Name.Length == 0) throw new OnnxException($"Initializer {graph.Initializers.Count} has no name.");
            if (graph.Initializers.ContainsKey(tensor.Name)) throw new OnnxException($"Two initializers are called '{tensor.Name}', expected distinct names.");
            IfSupported(tensor.Name, () => graph.Initializers.Add(tensor.Name, TensorReader.Read(tensor, what, external)));
        }
        foreach (ValueInfoProto value in proto.Input) IfSupported(value.Name, () => AddInput(Value(value, "input")));
        foreach (ValueInfoProto value in proto.Output) IfSupported(value.Name, () => graph.Outputs.Add(Value(value, "output")));
        if (graph.Outputs.Count == 0 && graph.Unsupported.Count > 0) throw new OnnxException(graph.Unsupported.Values.Last());
        foreach (NodeProto node in proto.Node) graph.Nodes.Add(ReadNode(node, graph, external));
        foreach (StringStringEntryProto entry in model.MetadataProps)
        {
            if (!graph.Metadata.TryAdd(entry.Key, entry.Value)) throw new OnnxException($"Metadata '{entry.Key}' is there twice, expected distinct keys.");
        }
        GraphValidator.ValidateStructure(graph);
        return graph;

        // Files of IR version 3 list every initializer as an input too; as in later ones it is a constant here.
        void AddInput(ValueInfo info)
        {
            if (graph.Initializers.TryGetValue(info.Name, out Tensor? tensor))
            {
                if (info.ElementType != tensor.ElementType || info.Shape is { } shape && !Fits(tensor.Shape, shape))
                    throw new OnnxException($"Input '{info.Name}' is declared as {info}, but its initializer is {tensor.ElementType}[{string.Join(", ", tensor.Shape.ToArray())}].");
            }
            else graph.Inputs.Add(info);
        }

        void IfSupported(string name, Action read)
        {
            try
            {
                read();
            }
            catch (OnnxException exception) when (exception.IsUnsupported)
            {
                graph.Unsupported[name] = exception.Message;
            }
        }
    }

    private static int Opset(ModelProto model, string source)
    {
        long? version = null;
        foreach (OperatorSetIdProto set in model.OpsetImport)
        {
            if (set.Domain is not ("" or "ai.onnx")) continue;
            if (version is not null && version != set.Version) throw new OnnxException($"{source}: imports the standard operator set as version {version} and as {set.Version}, expected one.");
            version = set.Version;
        }
        // Before IR version 3 files named no operator set and followed the first.
        if (version is null && model.IrVersion is > 0 and < 3) version = 1;
        return version switch
        {
            null => throw new OnnxException($"{source}: imports {(model.OpsetImport.Count == 0 ? "no operator set" : string.Join(", ", model.OpsetImport.Select(s => $"'{s.Domain}'")))} (opset_import, field 8), expected the standard one."),
            >= OldestOpset and <= NewestOpset => (int)version,
            _ => throw new OnnxException($"{source}: operator set {version} is not supported, expected {OldestOpset} to {NewestOpset}."),
        };
    }

    private static bool Fits(ReadOnlySpan<int> actual, IReadOnlyList<Dimension> declared)
    {
        // Some exporters declare scalars without looking at the tensor; the tensor counts.
        if (actual.Length != declared.Count) return declared.Count == 0;
        for (int i = 0; i < actual.Length; i++)
            if (declared[i].IsFixed && declared[i].Size != actual[i]) return false;
        return true;
    }

    private static ValueInfo Value(ValueInfoProto proto, string role)
    {
        string what = $"{role} '{proto.Name}'";
        if (proto.Name.Length == 0) throw new OnnxException($"An {role} of the graph has no name.");
        TypeProto? type = proto.Type;
        switch (type?.ValueCase ?? TypeProto.ValueOneofCase.None)
        {
            case TypeProto.ValueOneofCase.TensorType: break;
            case TypeProto.ValueOneofCase.None: throw new OnnxException($"Type of {what} is missing, expected a tensor type.");
            case var other: throw new OnnxException($"Type of {what} is {other}, which is not supported, expected a tensor.") { IsUnsupported = true };
        }
        TypeProto.Types.Tensor tensor = type!.TensorType;
        ElementType elementType = TensorReader.Type(tensor.ElemType, what);
        if (tensor.Shape is null) return new ValueInfo(proto.Name, elementType, null);
        if (tensor.Shape.Dim.Count > TensorReader.HighestRank)
            throw new OnnxException($"Shape of {what} has rank {tensor.Shape.Dim.Count}, expected at most {TensorReader.HighestRank}.");
        var shape = new Dimension[tensor.Shape.Dim.Count];
        for (int i = 0; i < shape.Length; i++)
        {
            TensorShapeProto.Types.Dimension dimension = tensor.Shape.Dim[i];
            shape[i] = dimension.ValueCase switch
            {
                TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue => dimension.DimValue switch
                {
                    // −1 is no valid size, but a common way to say that it is dynamic.
                    -1 => Dimension.Unknown,
                    >= 0 and <= int.MaxValue => (int)dimension.DimValue,
                    _ => throw new OnnxException($"Dimension {i} of {what} is {dimension.DimValue}, expected 0 to {int.MaxValue}."),
                },
                TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when dimension.DimParam.Length > 0 => Dimension.Named(dimension.DimParam),
                _ => Dimension.Unknown,
            };
        }
        return new ValueInfo(proto.Name, elementType, shape);
    }

    private static Node ReadNode(NodeProto proto, Graph graph, ExternalData? external)
    {
        if (proto.OpType.Length == 0) throw new OnnxException($"Node {graph.Nodes.Count} ('{proto.Name}') has no operator type.");
        var node = new Node(proto.OpType, proto.Input, proto.Output, proto.Name, proto.Domain == "ai.onnx" ? "" : proto.Domain);
        if (proto.Overload.Length > 0) throw new OnnxException($"{node}: calls overload '{proto.Overload}' of a local function, which is not supported.");
        foreach (AttributeProto attribute in proto.Attribute)
        {
            if (attribute.Name.Length == 0) throw new OnnxException($"{node}: an attribute has no name.");
            try
            {
                if (!node.Attributes.TryAdd(attribute.Name, ReadAttribute(node, attribute, external)))
                    throw new OnnxException($"{node}: attribute '{attribute.Name}' is there twice.");
            }
            catch (OnnxException exception) when (exception.IsUnsupported)
            {
                foreach (string output in node.Outputs) graph.Unsupported[output] = exception.Message;
            }
        }
        return node;
    }

    private static object ReadAttribute(Node node, AttributeProto attribute, ExternalData? external)
    {
        string what = $"{node}: attribute '{attribute.Name}'";
        if (attribute.RefAttrName.Length > 0) throw new OnnxException($"{what} refers to '{attribute.RefAttrName}' of a local function, which is not supported.");
        // The kinds of value that are there; old files leave out the type, and some writers leave out zeros.
        var present = new List<AttributeProto.Types.AttributeType>();
        void Note(bool there, AttributeProto.Types.AttributeType type)
        {
            if (there) present.Add(type);
        }
        Note(attribute.HasF, AttributeProto.Types.AttributeType.Float);
        Note(attribute.HasI, AttributeProto.Types.AttributeType.Int);
        Note(attribute.HasS, AttributeProto.Types.AttributeType.String);
        Note(attribute.T is not null, AttributeProto.Types.AttributeType.Tensor);
        Note(attribute.Floats.Count > 0, AttributeProto.Types.AttributeType.Floats);
        Note(attribute.Ints.Count > 0, AttributeProto.Types.AttributeType.Ints);
        Note(attribute.Strings.Count > 0, AttributeProto.Types.AttributeType.Strings);
        Note(attribute.Tensors.Count > 0, AttributeProto.Types.AttributeType.Tensors);
        Note(attribute.Graph.Count > 0, AttributeProto.Types.AttributeType.Graph);
        Note(attribute.Graphs.Count > 0, AttributeProto.Types.AttributeType.Graphs);
        Note(attribute.TypeProto.Count > 0, AttributeProto.Types.AttributeType.TypeProto);
        Note(attribute.TypeProtos.Count > 0, AttributeProto.Types.AttributeType.TypeProtos);
        Note(attribute.SparseTensor.Count > 0, AttributeProto.Types.AttributeType.SparseTensor);
        Note(attribute.SparseTensors.Count > 0, AttributeProto.Types.AttributeType.SparseTensors);
        if (present.Count > 1) throw new OnnxException($"{what} holds values of types {string.Join(" and ", present)}, expected one type.");
        AttributeProto.Types.AttributeType type = attribute.Type != AttributeProto.Types.AttributeType.Undefined ? attribute.Type
            : present.Count == 1 ? present[0]
            : throw new OnnxException($"{what} has neither type nor value.");
        if (present.Count == 1 && present[0] != type) throw new OnnxException($"{what} is declared as {type}, but holds {present[0]}.");
        return type switch
        {
            AttributeProto.Types.AttributeType.Float => attribute.F,
            AttributeProto.Types.AttributeType.Int => attribute.I,
            AttributeProto.Types.AttributeType.String => attribute.S.ToStringUtf8(),
            AttributeProto.Types.AttributeType.Tensor => attribute.T is { } tensor ? TensorReader.Read(tensor, what, external) : throw new OnnxException($"{what} is declared as a tensor, but holds none."),
            AttributeProto.Types.AttributeType.Floats => attribute.Floats.ToArray(),
            AttributeProto.Types.AttributeType.Ints => attribute.Ints.ToArray(),
            AttributeProto.Types.AttributeType.Strings => attribute.Strings.Select(s => s.ToStringUtf8()).ToArray(),
            _ => throw new OnnxException($"{what} is of type {type}, which is not supported{(type is AttributeProto.Types.AttributeType.Graph or AttributeProto.Types.AttributeType.Graphs ? " (sub-graphs, as If, Loop and Scan have them)" : "")}.") { IsUnsupported = true },
        };
    }
}
