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

    private readonly HashSet<string> _names;
    private IReadOnlyList<Node> _nodes;
    private Dictionary<string, Node>? _producers;
    private Dictionary<string, List<Node>>? _consumers;
    private int _constants;

    public RewriteGraph(Graph graph, IReadOnlyList<string> outputs)
    {
        Opset = graph.Opset;
        Inputs = [.. graph.Inputs];
        _nodes = [.. graph.Nodes.Select(node => node.With())];
        foreach ((string name, Tensor tensor) in graph.Initializers) Constants[name] = tensor;
        foreach (string output in outputs) Outputs.Add((output, output));
        _names = new HashSet<string>([.. Inputs.Select(input => input.Name), .. Constants.Keys, .. _nodes.SelectMany(node => node.Outputs)], StringComparer.Ordinal);
    }

    public int Opset { get; }

    public IReadOnlyList<ValueInfo> Inputs { get; }

    /// <summary>Nodes in topological order.</summary>
    public IReadOnlyList<Node> Nodes
    {
        get => _nodes;
        set
        {
            _nodes = value;
            _producers = null;
            _consumers = null;
        }
    }

    /// <summary>Initializers and folded values; tensors are shared with the caller's graph and never written.</summary>
    public Dictionary<string, Tensor> Constants { get; } = new(StringComparer.Ordinal);

    /// <summary>Folded constants that were stored as integers, by their float names.</summary>
    public Dictionary<string, QuantizedConstant> Quantized { get; } = new(StringComparer.Ordinal);

    /// <summary>What the caller asked for, and which value holds it by now.</summary>
    public List<(string Name, string Value)> Outputs { get; } = [];

    public bool IsOutput(string value) => Outputs.Any(output => output.Value == value);

    /// <summary>The node that computes a value, or null for inputs and constants.</summary>
    public Node? Producer(string value) => (_producers ??= Node.Producers(Nodes)).GetValueOrDefault(value);

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
        do name = $"{hint}/{++_constants}";
        while (!_names.Add(name));
        Constants[name] = value;
        return name;
    }

    /// <summary>Goes over all nodes once, in their order, and keeps in the place of each what a function makes of it: the node itself, changed or not, or another that writes the same.
    /// Null leaves it out: who reads its first output reads its first input instead.</summary>
    /// <param name="change">Is given nodes that read already what is left. Meanwhile the graph tells producers and consumers as they were before, those of nodes left out among them.</param>
    public void Rewrite(Func<Node, Node?> change)
    {
        var instead = new Dictionary<string, string>(StringComparer.Ordinal);
        var kept = new List<Node>(Nodes.Count);
        foreach (Node node in Nodes)
        {
            for (int i = 0; i < node.Inputs.Count; i++) node.Inputs[i] = instead.GetValueOrDefault(node.Inputs[i], node.Inputs[i]);
            if (change(node) is { } left) kept.Add(left);
            else instead[node.Outputs[0]] = node.Inputs[0];
        }
        for (int i = 0; i < Outputs.Count; i++) Outputs[i] = (Outputs[i].Name, instead.GetValueOrDefault(Outputs[i].Value, Outputs[i].Value));
        Nodes = kept;
    }

    /// <summary>Drops nodes that no output needs, and constants that nothing reads.</summary>
    public void Prune()
    {
        var needed = new HashSet<string>(Outputs.Select(output => output.Value), StringComparer.Ordinal);
        var kept = new List<Node>(Nodes.Count);
        foreach (Node node in Enumerable.Reverse(Nodes))
        {
            if (!node.Outputs.Any(needed.Contains)) continue;
            kept.Add(node);
            foreach (string input in node.Inputs)
                if (input.Length > 0) needed.Add(input);
        }
        kept.Reverse();
        Nodes = kept;
        foreach (string name in Constants.Keys.Where(name => !needed.Contains(name)).ToArray()) Constants.Remove(name);
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
