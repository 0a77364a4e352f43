namespace Recognizer.Inference.Onnx;

/// <summary>Builds a <see cref="Graph"/> node by node. Each method adds one node and returns the name of its output.</summary>
public sealed class GraphBuilder
{
    private readonly Graph _graph = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Starts an empty graph.</summary>
    public GraphBuilder(string name) => _graph.Name = name;

    /// <summary>Declares an input.</summary>
    public string Input(string name, ElementType elementType, params ReadOnlySpan<Dimension> shape)
    {
        Claim(name);
        _graph.Inputs.Add(new ValueInfo(name, elementType, shape.ToArray()));
        return name;
    }

    /// <summary>Adds a constant or a weight.</summary>
    public string Initializer(string name, Tensor value)
    {
        Claim(name);
        _graph.Initializers.Add(name, value);
        return name;
    }

    /// <summary>Adds a node with one output, named after the node.</summary>
    /// <param name="operatorType">ONNX operator name.</param>
    /// <param name="name">Name of the node and of its output.</param>
    /// <param name="inputs">Values read.</param>
    /// <param name="attributes">Attributes, with the types that <see cref="Onnx.Node.Attributes"/> allows; <see cref="int"/> is taken as <see cref="long"/>.</param>
    public string Node(string operatorType, string name, IEnumerable<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        Claim(name);
        var node = new Node(operatorType, inputs, [name], name);
        foreach ((string key, object value) in attributes)
        {
            node.Attributes[key] = value switch
            {
                int number => (long)number,
                int[] numbers => Array.ConvertAll(numbers, n => (long)n),
                _ => value,
            };
        }
        _graph.Nodes.Add(node);
        return name;
    }

    /// <summary>Declares a value as an output of the graph.</summary>
    public void Output(string name, ElementType elementType, params ReadOnlySpan<Dimension> shape) =>
        _graph.Outputs.Add(new ValueInfo(name, elementType, shape.ToArray()));

    /// <summary>The finished graph.</summary>
    public Graph Build() => _graph;

    private void Claim(string name)
    {
        if (name.Length == 0 || !_names.Add(name))
            throw new ArgumentException($"The name '{name}' is empty or already in the graph.", nameof(name));
    }
}
