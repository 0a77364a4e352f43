namespace Recognizer.Inference.Onnx;

/// <summary>One application of an operator.</summary>
public sealed class Node
{
    /// <summary>Creates a node.</summary>
    /// <param name="operatorType">ONNX operator name, such as <c>Conv</c>.</param>
    /// <param name="inputs">Names of the values read; an empty name is an omitted optional input.</param>
    /// <param name="outputs">Names of the values written; an empty name is an output that nobody wants.</param>
    /// <param name="name">The node's own name, for messages; may be empty.</param>
    /// <param name="domain">Operator set; empty is ONNX's standard one.</param>
    public Node(string operatorType, IEnumerable<string> inputs, IEnumerable<string> outputs, string name = "", string domain = "")
    {
        OperatorType = operatorType;
        Inputs = [.. inputs];
        Outputs = [.. outputs];
        Name = name;
        Domain = domain;
    }

    /// <summary>ONNX operator name.</summary>
    public string OperatorType { get; }

    /// <summary>The node's own name; may be empty.</summary>
    public string Name { get; }

    /// <summary>Operator set; empty is the standard one.</summary>
    public string Domain { get; }

    /// <summary>Names of the values read.</summary>
    public IList<string> Inputs { get; }

    /// <summary>Names of the values written.</summary>
    public IList<string> Outputs { get; }

    /// <summary>Attributes by name: <see cref="long"/>, <see cref="float"/>, <see cref="string"/>, <see cref="Tensor"/>, or arrays
    /// of the first three.</summary>
    public IDictionary<string, object> Attributes { get; } = new SortedDictionary<string, object>(StringComparer.Ordinal);

    /// <summary>An integer attribute, or its default where it is left out.</summary>
    /// <exception cref="OnnxException">The attribute has another type.</exception>
    public long Int(string name, long defaultValue) => Attribute(name, defaultValue);

    /// <summary>A float attribute, or its default where it is left out.</summary>
    /// <exception cref="OnnxException">The attribute has another type.</exception>
    public float Float(string name, float defaultValue) => Attribute(name, defaultValue);

    /// <summary>A string attribute, or its default where it is left out.</summary>
    /// <exception cref="OnnxException">The attribute has another type.</exception>
    public string String(string name, string defaultValue) => Attribute(name, defaultValue);

    /// <summary>An integer list, or null where it is left out.</summary>
    /// <exception cref="OnnxException">The attribute has another type.</exception>
    public long[]? Ints(string name) => Attributes.ContainsKey(name) ? Attribute<long[]>(name, []) : null;

    /// <summary>A float list, or null where it is left out.</summary>
    /// <exception cref="OnnxException">The attribute has another type.</exception>
    public float[]? Floats(string name) => Attributes.ContainsKey(name) ? Attribute<float[]>(name, []) : null;

    /// <summary>A string list, or null where it is left out.</summary>
    /// <exception cref="OnnxException">The attribute has another type.</exception>
    public string[]? Strings(string name) => Attributes.ContainsKey(name) ? Attribute<string[]>(name, []) : null;

    /// <summary>A copy, of other inputs and outputs where they are given.</summary>
    internal Node With(IEnumerable<string>? inputs = null, IEnumerable<string>? outputs = null)
    {
        var copy = new Node(OperatorType, inputs ?? Inputs, outputs ?? Outputs, Name, Domain);
        foreach ((string key, object value) in Attributes) copy.Attributes[key] = value;
        return copy;
    }

    /// <summary>The node that writes each value.</summary>
    internal static Dictionary<string, Node> Producers(IEnumerable<Node> nodes)
    {
        var producers = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (Node node in nodes)
            foreach (string output in node.Outputs)
                if (output.Length > 0) producers[output] = node;
        return producers;
    }

    /// <summary>How messages call this node: operator, name and first output.</summary>
    public override string ToString() =>
        $"{OperatorType} node '{(Name.Length > 0 ? Name : Outputs.FirstOrDefault(o => o.Length > 0, "?"))}'";

    private T Attribute<T>(string name, T defaultValue) => !Attributes.TryGetValue(name, out object? value)
        ? defaultValue
        : value is T typed
            ? typed
            : throw new OnnxException($"{this}: attribute '{name}' is of type {value.GetType().Name}, expected {typeof(T).Name}.");
}
