namespace Recognizer.Inference.Onnx;

/// <summary>Checks what every ONNX graph must be, whatever its operators: every value has one name and one source, nodes follow the nodes that they read from,
/// and nothing comes from another operator set.</summary>
public static class GraphValidator
{
    /// <summary>Checks a graph.</summary>
    /// <exception cref="OnnxException">A rule is broken; the message names the node or value.</exception>
    public static void Validate(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ValidateStructure(graph);
        ValidateSupport(graph);
    }

    /// <summary>Checks that no operator comes from another operator set, and that the file it comes from had nothing else that isn't supported.</summary>
    /// <exception cref="OnnxException">One does, or it had; the message names the node or value.</exception>
    internal static void ValidateSupport(Graph graph)
    {
        ValidateRead(graph);
        foreach (Node node in graph.Nodes)
        {
            if (node.Domain.Length > 0)
                throw new OnnxException($"{node}: operator {node.OperatorType} of domain '{node.Domain}' is not supported, expected the standard operator set.");
        }
    }

    /// <summary>Checks that the file that the graph comes from had nothing that isn't supported; operators of other sets may be there for what runs the graph.</summary>
    /// <exception cref="OnnxException">It had; the message names the node or value.</exception>
    internal static void ValidateRead(Graph graph)
    {
        foreach (string reason in graph.Unsupported.Values) throw new OnnxException(reason);
    }

    /// <summary>Checks everything but where operators come from and whether all is supported.</summary>
    /// <exception cref="OnnxException">A rule is broken; the message names the node or value.</exception>
    internal static void ValidateStructure(Graph graph)
    {
        if (graph.Opset is < OnnxReader.OldestOpset or > OnnxReader.NewestOpset)
            throw new OnnxException($"Operator set {graph.Opset} is not supported, expected {OnnxReader.OldestOpset} to {OnnxReader.NewestOpset}.");
        // Where each value comes from: −1 for inputs and initializers, else the node that writes it.
        var sources = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (ValueInfo input in graph.Inputs)
        {
            if (input.Name.Length == 0) throw new OnnxException("An input of the graph has no name.");
            if (!sources.TryAdd(input.Name, -1)) throw new OnnxException($"Two inputs are called '{input.Name}', expected distinct names.");
        }
        foreach (string name in graph.Initializers.Keys)
        {
            if (name.Length == 0) throw new OnnxException("An initializer has no name.");
            if (!sources.TryAdd(name, -1)) throw new OnnxException($"'{name}' is both an input and an initializer, expected distinct names.");
        }
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            Node node = graph.Nodes[i];
            if (node.OperatorType.Length == 0) throw new OnnxException($"Node {i} ('{node.Name}') has no operator type.");
            foreach (string output in node.Outputs)
            {
                if (output.Length == 0) continue;
                if (!sources.TryAdd(output, i))
                {
                    throw new OnnxException(sources[output] < 0
                        ? $"{node}: writes '{output}', which is an input or initializer of the graph."
                        : $"{node}: writes '{output}', which {graph.Nodes[sources[output]]} writes too, expected distinct names.");
                }
            }
            if (node.Outputs.All(o => o.Length == 0)) throw new OnnxException($"{node} (number {i}) has no output.");
            CheckAttributes(node);
        }
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            Node node = graph.Nodes[i];
            foreach (string input in node.Inputs)
            {
                if (input.Length == 0) continue;
                if (!sources.TryGetValue(input, out int source))
                {
                    if (graph.Unsupported.ContainsKey(input)) continue;
                    throw new OnnxException($"{node}: reads '{input}', which no input, initializer or node provides.");
                }
                if (source >= i)
                {
                    throw new OnnxException($"{node}: reads '{input}' of {(source == i ? "itself" : graph.Nodes[source].ToString())}, " +
                        (Reaches(graph, sources, source, i) ? "which closes a cycle; expected none." : "which comes later; expected nodes in topological order."));
                }
            }
        }
        if (graph.Outputs.Count == 0) throw new OnnxException("The graph has no outputs, expected at least one.");
        var outputs = new HashSet<string>(StringComparer.Ordinal);
        foreach (ValueInfo output in graph.Outputs)
        {
            if (!outputs.Add(output.Name)) throw new OnnxException($"Two outputs are called '{output.Name}', expected distinct names.");
            if (!sources.ContainsKey(output.Name)) throw new OnnxException($"Output '{output.Name}' of the graph is provided by no node.");
        }
    }

    private static void CheckAttributes(Node node)
    {
        foreach ((string name, object value) in node.Attributes)
        {
            if (name.Length == 0) throw new OnnxException($"{node}: an attribute has no name.");
            if (value is not (long or float or string or Tensor or long[] or float[] or string[]))
                throw new OnnxException($"{node}: attribute '{name}' is of type {value?.GetType().Name ?? "null"}, expected an integer, a float, a string, a list of these, or a tensor.");
        }
    }

    /// <summary>Whether a node's inputs depend on another's outputs, by any path.</summary>
    private static bool Reaches(Graph graph, Dictionary<string, int> sources, int from, int target)
    {
        var seen = new HashSet<int> { from };
        var open = new Stack<int>([from]);
        while (open.TryPop(out int index))
        {
            if (index == target) return true;
            foreach (string input in graph.Nodes[index].Inputs)
                if (sources.TryGetValue(input, out int source) && source >= 0 && seen.Add(source)) open.Push(source);
        }
        return false;
    }
}
