namespace Recognizer.Inference.Onnx;

/// <summary>An ONNX model: the one representation that architectures build, training updates, files hold and the engine runs.</summary>
public sealed class Graph
{
    /// <summary>The operator set written by this library.</summary>
    public const int DefaultOpset = 17;

    /// <summary>Name of the graph.</summary>
    public string Name { get; set; } = "";

    /// <summary>Version of the standard operator set that the nodes follow.</summary>
    public int Opset { get; set; } = DefaultOpset;

    /// <summary>Inputs without the initializers that files of IR version 3 list among them.</summary>
    public IList<ValueInfo> Inputs { get; } = [];

    /// <summary>Outputs.</summary>
    public IList<ValueInfo> Outputs { get; } = [];

    /// <summary>Nodes in topological order.</summary>
    public IList<Node> Nodes { get; } = [];

    /// <summary>Constants and weights by name, in the file's order.</summary>
    public OrderedDictionary<string, Tensor> Initializers { get; } = new(StringComparer.Ordinal);

    /// <summary><c>metadata_props</c> of the model.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>What a file has that isn't supported, by the name of the value concerned: why the graph can't compute that value.</summary>
    internal Dictionary<string, string> Unsupported { get; } = new(StringComparer.Ordinal);

    /// <summary>Who wrote the file.</summary>
    public string Producer { get; set; } = "Recognizer";

    /// <summary>The file that the graph was read from, for messages; null where there is none.</summary>
    internal string? File { get; init; }

    /// <summary>A graph with the same nodes and metadata; initializers are copied deeply, so that one side can be trained without
    /// touching the other.</summary>
    public Graph Clone()
    {
        Graph copy = Like();
        foreach (Node node in Nodes) copy.Nodes.Add(node.With());
        foreach ((string name, Tensor tensor) in Initializers) copy.Initializers[name] = tensor.Clone();
        return copy;
    }

    /// <summary>A graph with the same inputs, outputs and metadata that computes nothing yet.</summary>
    internal Graph Like()
    {
        var empty = new Graph { Name = Name, Opset = Opset, Producer = Producer };
        foreach (ValueInfo input in Inputs) empty.Inputs.Add(input);
        foreach (ValueInfo output in Outputs) empty.Outputs.Add(output);
        foreach ((string key, string value) in Metadata) empty.Metadata[key] = value;
        foreach ((string name, string reason) in Unsupported) empty.Unsupported[name] = reason;
        return empty;
    }
}
