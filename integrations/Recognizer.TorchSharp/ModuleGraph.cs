using Recognizer.Inference.Onnx;
using TorchSharp;
using GraphTensor = Recognizer.Inference.Onnx.Tensor;
using Tensor = TorchSharp.torch.Tensor;

namespace Recognizer.TorchSharp;

/// <summary>A graph that grows while a module is exported.</summary>
public sealed class ModuleGraph
{
    private readonly GraphBuilder _builder;
    private readonly IReadOnlyList<IModuleExporter> _exporters;
    private readonly HashSet<string> _nodes = new(StringComparer.Ordinal);
    private string _path = "";

    internal ModuleGraph(GraphBuilder builder, string input, IReadOnlyList<IModuleExporter> exporters)
    {
        _builder = builder;
        _exporters = exporters;
        Value = input;
    }

    /// <summary>Name of the value that the next node reads.</summary>
    public string Value { get; set; }

    /// <summary>Adds a node that reads <see cref="Value"/>, which becomes the node's output.</summary>
    /// <param name="operatorType">ONNX operator.</param>
    /// <param name="inputs">Names of what it reads besides, from <see cref="Weight"/> or <see cref="Value"/>; empty names are left-out inputs.</param>
    /// <param name="attributes">Attributes; integers, floats, strings and arrays of them.</param>
    public void Apply(string operatorType, IEnumerable<string>? inputs = null, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        string first = Name(operatorType.ToLowerInvariant()), name = first;
        for (int number = 2; !_nodes.Add(name); number++) name = $"{first}{number}";
        Value = _builder.Node(operatorType, name, [Value, .. inputs ?? []], attributes);
    }

    /// <summary>Adds a weight of the module.</summary>
    /// <param name="name">Its name in the module, such as <c>weight</c>.</param>
    /// <param name="tensor">Its values.</param>
    /// <returns>Its name in the graph: the path of the module and this name, as in a state dictionary.</returns>
    public string Weight(string name, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using Tensor values = tensor.detach().cpu().to(torch.ScalarType.Float32).contiguous();
        return _builder.Initializer(Name(name), GraphTensor.Create(values.data<float>().ToArray(), Array.ConvertAll(values.shape, size => (int)size)));
    }

    /// <summary>Adds a scalar constant.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="value">Its value.</param>
    public string Constant(string name, float value) => _builder.Initializer(Name(name), GraphTensor.Scalar(value));

    /// <summary>Adds the nodes of a module inside the one that is exported.</summary>
    /// <param name="name">Its name there.</param>
    /// <param name="module">The module.</param>
    /// <exception cref="NotSupportedException">No exporter knows it.</exception>
    public void Export(string name, torch.nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        string outer = _path;
        _path = outer.Length == 0 ? name : $"{outer}.{name}";
        if (!TryExport(module))
            throw new NotSupportedException($"Module '{_path}' of type {module.GetType().Name} can't be exported; give an {nameof(IModuleExporter)} that knows it.");
        _path = outer;
    }

    /// <summary>Adds the nodes of a module where an exporter knows it.</summary>
    internal bool TryExport(torch.nn.Module module) => _exporters.Any(exporter => exporter.TryExport(module, this));

    private string Name(string name) => _path.Length == 0 ? name : $"{_path}.{name}";
}
