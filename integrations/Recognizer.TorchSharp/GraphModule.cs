using Recognizer.Inference.Onnx;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using GraphTensor = Recognizer.Inference.Onnx.Tensor;
using Tensor = TorchSharp.torch.Tensor;

namespace Recognizer.TorchSharp;

/// <summary>A graph as a TorchSharp module: float weights are parameters, everything else buffers, both under the names of the graph's initializers. Train it as any
/// module, then take the weights back with <see cref="ToGraph"/>.</summary>
public sealed class GraphModule : nn.Module<Tensor, Tensor>
{
    private readonly Graph _graph;
    private readonly Dictionary<string, Tensor> _values = new(StringComparer.Ordinal);
    private readonly List<(Node Node, TorchOperator Operator)> _steps = [];
    private readonly string _output;

    /// <summary>Makes a module of a graph.</summary>
    /// <param name="graph">The graph, with one input; it is copied. <see cref="OnnxReader.ReadFile(string)"/> reads one from a model.onnx.</param>
    /// <param name="output">Value that <see cref="forward"/> returns; null takes the graph's first output, which in models that are trained here is <c>logits</c>.</param>
    /// <exception cref="NotSupportedException">An operator has no TorchSharp form; the message names the node.</exception>
    /// <exception cref="ArgumentException">The graph has several inputs, or no such value.</exception>
    public GraphModule(Graph graph, string? output = null) : this(graph, output, Trainable(graph)) { }

    internal GraphModule(Graph graph, string? output, IReadOnlySet<string> trainable) : base(nameof(GraphModule))
    {
        _graph = graph.Clone();
        if (_graph.Inputs.Count(input => !_graph.Initializers.ContainsKey(input.Name)) != 1)
            throw new ArgumentException($"The graph has {_graph.Inputs.Count} inputs, expected one.", nameof(graph));
        _output = output ?? _graph.Outputs[0].Name;
        if (!_graph.Nodes.Any(node => node.Outputs.Contains(_output))) throw new ArgumentException($"The graph computes no value '{_output}'.", nameof(output));

        var needed = new HashSet<string>(StringComparer.Ordinal) { _output };
        foreach (Node node in _graph.Nodes.Reverse())
        {
            if (!node.Outputs.Any(needed.Contains)) continue;
            needed.UnionWith(node.Inputs);
            if (node.OperatorType == "Constant") _values[node.Outputs[0]] = Register(node.Outputs[0], (GraphTensor)node.Attributes["value"], isParameter: false);
            else _steps.Insert(0, (node, TorchOperators.Of(node)));
        }
        foreach ((string name, GraphTensor tensor) in _graph.Initializers) _values[name] = Register(name, tensor, trainable.Contains(name));
    }

    /// <summary>Least share of a batch in the running statistics of batch normalisation, in training.</summary>
    internal float LeastMomentum { get; set; }

    /// <summary>Computes the output.</summary>
    /// <param name="input">What the graph's input is, [N, 1, 28, 28] for characters, 0 = ground … 1 = ink.</param>
    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal) { [InputName] = input };
        foreach ((Node node, TorchOperator compute) in _steps)
        {
            Tensor?[] inputs = [.. node.Inputs.Select(name => name.Length == 0 ? null : values.GetValueOrDefault(name) ?? Weight(name))];
            values[node.Outputs[0]] = compute(node, inputs, training ? LeastMomentum : null);
        }
        return values[_output].MoveToOuterDisposeScope();
    }

    /// <summary>The graph with the module's weights.</summary>
    public Graph ToGraph()
    {
        Graph graph = _graph.Clone();
        CopyTo(graph);
        return graph;
    }

    /// <summary>Writes the module's weights into a graph that has initializers of the same names and shapes.</summary>
    /// <param name="graph">The graph.</param>
    public void CopyTo(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        foreach ((string name, GraphTensor tensor) in graph.Initializers)
        {
            if (tensor.ElementType == ElementType.Float && _values.ContainsKey(name)) Read(name, tensor.Span<float>());
        }
    }

    /// <summary>Takes the weights of a graph that has initializers of the same names and shapes.</summary>
    /// <param name="graph">The graph.</param>
    public void CopyFrom(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        foreach ((string name, GraphTensor tensor) in graph.Initializers)
        {
            if (tensor.ElementType == ElementType.Float && _values.ContainsKey(name)) Write(name, tensor.Span<float>());
        }
    }

    private string InputName => _graph.Inputs.First(input => !_graph.Initializers.ContainsKey(input.Name)).Name;

    /// <summary>Copies a weight, a statistic or the gradient of a weight out.</summary>
    internal void Read(string name, Span<float> destination, bool gradient = false)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor value = gradient ? Weight(name).grad ?? throw new InvalidOperationException($"'{name}' has no gradient.") : Weight(name);
        value.detach().cpu().contiguous().data<float>().CopyTo(destination);
    }

    /// <summary>Copies a weight or a statistic in.</summary>
    internal void Write(string name, ReadOnlySpan<float> source)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable untracked = no_grad();
        Tensor weight = Weight(name);
        weight.copy_(tensor(source.ToArray(), weight.shape));
    }

    // Moving a module to a device makes new tensors of its buffers.
    private Tensor Weight(string name) => get_parameter(name) ?? get_buffer(name) ?? throw new InvalidOperationException($"There is no value '{name}'.");

    private Tensor Register(string name, GraphTensor tensor, bool isParameter)
    {
        Tensor value = ToTorch(tensor).DetachFromDisposeScope();
        if (isParameter) register_parameter(name, (Parameter)(value = nn.Parameter(value)));
        else register_buffer(name, value);
        return value;
    }

    private static Tensor ToTorch(GraphTensor tensor)
    {
        long[] shape = Array.ConvertAll(tensor.Shape.ToArray(), size => (long)size);
        return tensor.Data switch
        {
            float[] data => torch.tensor(data, shape),
            long[] data => torch.tensor(data, shape),
            int[] data => torch.tensor(data, shape),
            bool[] data => torch.tensor(data, shape),
            _ => throw new NotSupportedException($"Weights of type {tensor.ElementType} are not supported."),
        };
    }

    // What layers learn: weights and biases of convolutions and products, scales and shifts. Not the scalars that normalise pixels and calibrate logits.
    private static HashSet<string> Trainable(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        IEnumerable<string> Read(Node node) => node.OperatorType switch
        {
            "Conv" or "Gemm" or "MatMul" or "PRelu" => node.Inputs,
            "BatchNormalization" => node.Inputs.Skip(1).Take(2),
            "Add" => node.Inputs.Where(name => graph.Initializers.TryGetValue(name, out GraphTensor? bias) && bias.Length > 1),
            _ => [],
        };
        return [.. graph.Nodes.SelectMany(Read).Where(name => graph.Initializers.TryGetValue(name, out GraphTensor? tensor) && tensor.ElementType == ElementType.Float)];
    }
}
