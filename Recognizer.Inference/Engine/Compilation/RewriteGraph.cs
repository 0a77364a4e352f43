using System.Diagnostics.CodeAnalysis;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>The graph while a plan is made of it: nodes may be replaced, constants added; the caller's graph stays as it is.</summary>
internal sealed class RewriteGraph
{
    /// <summary>Domain of nodes that exist only inside plans.</summary>
    public const string InternalDomain = "recognizer.plan";

    /// <summary>y = x · scale[c] + shift[c] over axis 1; inputs x, scale, shift. Only in <see cref="InternalDomain"/>.</summary>
    public const string Affine = "Affine";

    private Dictionary<string, Node>? _producers;
    private Dictionary<string, List<Node>>? _consumers;
    private int _names;

    public RewriteGraph(Graph graph, IReadOnlyList<string> outputs)
    {
        Opset = graph.Opset;
        Inputs = [.. graph.Inputs];
        foreach (Node node in graph.Nodes)
        {
            var copy = new Node(node.OperatorType, node.Inputs, node.Outputs, node.Name, node.Domain);
            foreach ((string key, object value) in node.Attributes) copy.Attributes[key] = value;
            Nodes.Add(copy);
        }
        foreach ((string name, Tensor tensor) in graph.Initializers) Constants[name] = tensor;
        foreach (string output in outputs) Outputs.Add((output, output));
    }

    public int Opset { get; }

    public IReadOnlyList<ValueInfo> Inputs { get; }

    /// <summary>Nodes in topological order.</summary>
    public List<Node> Nodes { get; } = [];

    /// <summary>Initializers and folded values; tensors are shared with the caller's graph and never written.</summary>
    public Dictionary<string, Tensor> Constants { get; } = new(StringComparer.Ordinal);

    /// <summary>Folded constants that were stored as integers, by their float names.</summary>
    public Dictionary<string, QuantizedConstant> Quantized { get; } = new(StringComparer.Ordinal);

    /// <summary>What the caller asked for, and which value holds it by now.</summary>
    public List<(string Name, string Value)> Outputs { get; } = [];

    public bool IsInput(string value) => Inputs.Any(input => input.Name == value);

    public bool IsOutput(string value) => Outputs.Any(output => output.Value == value);

    /// <summary>The node that computes a value, or null for inputs and constants.</summary>
    public Node? Producer(string value)
    {
        if (_producers is null)
        {
            _producers = new(StringComparer.Ordinal);
            foreach (Node node in Nodes)
            {
                foreach (string output in node.Outputs)
                    if (output.Length > 0) _producers[output] = node;
            }
        }
        return _producers.GetValueOrDefault(value);
    }

    /// <summary>Nodes that read a value; one that reads it twice is listed twice.</summary>
    public IReadOnlyList<Node> Consumers(string value)
    {
        if (_consumers is null)
        {
            _consumers = new(StringComparer.Ordinal);
            foreach (Node node in Nodes)
            {
                foreach (string input in node.Inputs)
                {
                    if (input.Length == 0) continue;
                    if (!_consumers.TryGetValue(input, out List<Node>? list)) _consumers[input] = list = [];
                    list.Add(node);
                }
            }
        }
        return _consumers.TryGetValue(value, out List<Node>? found) ? found : [];
    }

    /// <summary>The only reader of a value that is no output of the graph, or null.</summary>
    public Node? OnlyConsumer(string value) =>
        !IsOutput(value) && Consumers(value) is [Node only] ? only : null;

    /// <summary>A float constant.</summary>
    public bool TryGetFloats(string name, [NotNullWhen(true)] out Tensor? tensor) =>
        Constants.TryGetValue(name, out tensor) && tensor.ElementType == ElementType.Float;

    /// <summary>Adds a constant under a name of its own and returns the name.</summary>
    public string AddConstant(string hint, Tensor value)
    {
        string name;
        do name = $"{hint}/{++_names}";
        while (Constants.ContainsKey(name) || Producer(name) is not null || IsInput(name));
        Constants[name] = value;
        return name;
    }

    /// <summary>Puts one node in the place of another.</summary>
    public void Replace(Node node, Node replacement)
    {
        Nodes[Nodes.IndexOf(node)] = replacement;
        Invalidate();
    }

    /// <summary>Removes a node; readers of its first output read another value instead.</summary>
    public void RemoveAndForward(Node node, string replacement)
    {
        Nodes.Remove(node);
        RenameUses(node.Outputs[0], replacement);
    }

    /// <summary>Makes every reader of a value, and the graph's outputs, use another one.</summary>
    public void RenameUses(string value, string replacement)
    {
        foreach (Node node in Nodes)
        {
            for (int i = 0; i < node.Inputs.Count; i++)
                if (node.Inputs[i] == value) node.Inputs[i] = replacement;
        }
        for (int i = 0; i < Outputs.Count; i++)
            if (Outputs[i].Value == value) Outputs[i] = (Outputs[i].Name, replacement);
        Invalidate();
    }

    /// <summary>Drops nodes that no output needs, and constants that nothing reads.</summary>
    public void Prune()
    {
        var needed = new HashSet<string>(Outputs.Select(output => output.Value), StringComparer.Ordinal);
        for (int i = Nodes.Count - 1; i >= 0; i--)
        {
            if (!Nodes[i].Outputs.Any(needed.Contains))
            {
                Nodes.RemoveAt(i);
                continue;
            }
            foreach (string input in Nodes[i].Inputs)
                if (input.Length > 0) needed.Add(input);
        }
        foreach (string name in Constants.Keys.Where(name => !needed.Contains(name)).ToArray()) Constants.Remove(name);
        Invalidate();
    }

    /// <summary>Has to be called after nodes were changed in place.</summary>
    public void Invalidate()
    {
        _producers = null;
        _consumers = null;
    }

    /// <summary>The graph as it is now, for shape inference and reference runs. Internal nodes are the caller's business.</summary>
    public Graph ToGraph()
    {
        var graph = new Graph { Name = "plan", Opset = Opset };
        foreach (ValueInfo input in Inputs) graph.Inputs.Add(input);
        foreach ((_, string value) in Outputs) graph.Outputs.Add(new ValueInfo(value, ElementType.Undefined, null));
        foreach (Node node in Nodes) graph.Nodes.Add(node);
        foreach ((string name, Tensor tensor) in Constants) graph.Initializers[name] = tensor;
        return graph;
    }
}

/// <summary>A matrix or kernel stored in 8 bits, or a bias in 32: value = scale · level, scale per index of an axis or one for all.</summary>
/// <param name="Levels">Signed levels, zero point 0.</param>
/// <param name="Scales">One per index of the axis, or one.</param>
/// <param name="Axis">The axis of the scales.</param>
internal sealed record QuantizedConstant(Tensor Levels, float[] Scales, int Axis)
{
    /// <summary>One scale for each index of an axis; null where the scales run along another one.</summary>
    public float[]? ScalesAlong(int axis)
    {
        int count = Levels.Shape[axis];
        if (Scales.Length == 1) return [.. Enumerable.Repeat(Scales[0], count)];
        return Axis == axis && Scales.Length == count ? Scales : null;
    }
}
