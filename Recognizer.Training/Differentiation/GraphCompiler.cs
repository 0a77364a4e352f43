using Recognizer.Inference;
using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Differentiation.Gradients;

namespace Recognizer.Training.Differentiation;

/// <summary>Turns a classifier graph into training steps: finds the logits, computes everything that doesn't depend on the images,
/// decides which initializers are trainable, chooses layouts and fuses activations and pooling into the steps before them.</summary>
internal sealed partial class GraphCompiler
{
    private readonly Graph _graph;
    private readonly string _logits;
    private readonly TrainingPlanOptions _options;
    private readonly StepContext _context;
    private readonly Dictionary<string, Node> _producers;

    /// <summary>Initializers and values computed from them alone.</summary>
    private readonly Dictionary<string, Tensor> _constants = new(StringComparer.Ordinal);

    /// <summary>Values with a row per image.</summary>
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<(Value, ValueLayout), Value> _converted = [];

    /// <summary>Initializers behind constants that are copies or transposes of one: what a foreign exporter writes between a weight and its use.</summary>
    private readonly Dictionary<string, (string Initializer, bool Transposed)> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Weight> _weights = new(StringComparer.Ordinal);
    private readonly Dictionary<string, float[]> _statistics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Node>> _readers = new(StringComparer.Ordinal);
    private readonly HashSet<Node> _fused = [];

    /// <summary>Results of ReLU whose only reader takes care of its derivative.</summary>
    private readonly HashSet<Value> _rectified = [];
    private readonly List<Step> _steps = [];

    /// <summary>Batch size that shapes are folded with: the declared one, or 2 to tell the batch from other axes.</summary>
    private int _foldedBatch = 2;

    public GraphCompiler(Graph graph, TrainingPlanOptions options, StepContext context)
    {
        _graph = ClassifierOutput.Of(graph).ForLoss(graph);
        _logits = _graph.Outputs[0].Name;
        _options = options;
        _context = context;
        _producers = Node.Producers(_graph.Nodes);
    }

    public CompiledGraph Compile()
    {
        foreach ((string name, Tensor tensor) in _graph.Initializers)
        {
            _constants[name] = tensor;
            _sources[name] = (name, false);
        }
        Value input = DeclareInput();
        FindReaders();
        foreach (Node node in _graph.Nodes)
        {
            if (!_fused.Contains(node)) Add(node);
        }
        if (!_values.TryGetValue(_logits, out Value? logits))
            throw new OnnxException($"The value '{_logits}', which the loss would read, doesn't depend on the input.");
        logits = AsFlat(logits);
        if (ModelMetadata.Labels(_graph) is { } labels && labels.Count != logits.Length)
            throw new OnnxException($"The value '{_logits}', which the answers come from, has {logits.Length} scores per image, but the model has {labels.Count} labels.");
        // Only the final value keeps its own memory: a reshaped one is one and the same.
        if (_steps.Count == 0 || !logits.NeedsGradient)
            throw new OnnxException("Nothing in the graph can be trained: no trainable initializer lies before the logits.");
        DecideWhatAdds(logits);
        return new CompiledGraph(input, logits, _steps, [.. OrderedWeights()], _statistics);
    }

    /// <summary>The last reader of a value, the first in the backward pass, writes its gradient; the others add to it.</summary>
    private void DecideWhatAdds(Value logits)
    {
        HashSet<Storage> written = [logits.GradientStorage];
        foreach (Step step in Enumerable.Reverse(_steps))
        {
            for (int i = 0; i < step.Inputs.Length; i++)
                if (step.Output.NeedsGradient && step.Inputs[i].NeedsGradient) step.Adds[i] = !written.Add(step.Inputs[i].GradientStorage);
        }
    }

    private IEnumerable<Weight> OrderedWeights()
    {
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string name in _graph.Initializers.Keys) positions[name] = positions.Count;
        return _weights.Values.OrderBy(w => positions.GetValueOrDefault(w.Name, int.MaxValue));
    }

    private Value DeclareInput()
    {
        ValueInfo[] inputs = [.. _graph.Inputs.Where(i => !_graph.Initializers.ContainsKey(i.Name))];
        if (inputs.Length != 1)
            throw new OnnxException($"The graph has {inputs.Length} inputs ({string.Join(", ", inputs.Select(i => i.Name))}); training needs one, the images.");
        ValueInfo info = inputs[0];
        if (info.ElementType != ElementType.Float || info.Shape is not { Count: >= 2 } shape)
            throw new OnnxException($"The input '{info.Name}' is {info}; training expects float images with a batch dimension.");
        if (shape[0].IsFixed && shape[0].Size > 0) _foldedBatch = shape[0].Size;
        var dimensions = new int[shape.Count - 1];
        for (int i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = shape[i + 1].IsFixed && shape[i + 1].Size > 0
                ? shape[i + 1].Size
                : throw new OnnxException($"The input '{info.Name}' is {info}; training needs all dimensions but the first fixed.");
        }
        var value = new Value(info.Name, dimensions, ValueLayout.Flat, needsGradient: false);
        _values[info.Name] = value;
        return value;
    }

    /// <summary>Finds the readers of each value.</summary>
    private void FindReaders()
    {
        foreach (Node node in _graph.Nodes)
        {
            foreach (string input in node.Inputs)
            {
                if (!_readers.TryGetValue(input, out List<Node>? readers)) _readers[input] = readers = [];
                readers.Add(node);
            }
        }
    }

    private bool IsScalar(string name) => _constants.TryGetValue(name, out Tensor? tensor) && tensor.Length == 1;

    private void Add(Node node)
    {
        if (node.OperatorType == "Shape" && _values.TryGetValue(node.Inputs[0], out Value? shaped))
        {
            long[] dimensions = [_foldedBatch, .. shaped.Shape.Select(d => (long)d)];
            int start = (int)Math.Clamp(node.Int("start", 0) is < 0 and var s ? s + dimensions.Length : node.Int("start", 0), 0, dimensions.Length);
            int end = (int)Math.Clamp(node.Int("end", dimensions.Length) is < 0 and var e ? e + dimensions.Length : node.Int("end", dimensions.Length), start, dimensions.Length);
            _constants[node.Outputs[0]] = Tensor.Vector(dimensions[start..end]);
            return;
        }
        if (node.Inputs.All(i => i.Length == 0 || _constants.ContainsKey(i)))
        {
            Fold(node);
            return;
        }
        AddStep(node);
    }

    private void Fold(Node node)
    {
        Tensor?[] arguments = [.. node.Inputs.Select(i => i.Length == 0 ? null : _constants[i])];
        Tensor[] results = OperatorRegistry.Find(node).Evaluate(node, _graph.Opset, arguments);
        for (int i = 0; i < Math.Min(results.Length, node.Outputs.Count); i++)
            if (node.Outputs[i].Length > 0) _constants[node.Outputs[i]] = results[i];
        if (node.Inputs.Count == 0 || !_sources.TryGetValue(node.Inputs[0], out (string Initializer, bool Transposed) source)) return;
        if (IsCopy(node, results[0])) _sources[node.Outputs[0]] = (source.Initializer, source.Transposed != (node.OperatorType == "Transpose"));
    }

    /// <summary>Whether a node's result is its input or, for a matrix, the transpose: what exporters write between a weight and its use.</summary>
    internal static bool IsCopy(Node node, Tensor result) => node.OperatorType switch
    {
        "Identity" => true,
        "Transpose" => result.Rank == 2 && node.Ints("perm") is null or [1, 0],
        _ => false,
    };

    /// <summary>The one node that reads a value, unless the loss reads it.</summary>
    private Node? OnlyReader(string value) =>
        value != _logits && _readers.TryGetValue(value, out List<Node>? readers) && readers.Count == 1 ? readers[0] : null;

    /// <summary>Takes the ReLU that follows a node as its only reader along with it.</summary>
    /// <param name="last">The node whose result is meant; then the ReLU.</param>
    private bool FuseRelu(ref Node last)
    {
        if (OnlyReader(last.Outputs[0]) is not { OperatorType: "Relu" } relu) return false;
        _fused.Add(relu);
        last = relu;
        return true;
    }

    /// <summary>A weight of the graph that a step may train.</summary>
    private Weight WeightOf(Node node, int input, bool decayed, out bool transposed)
    {
        string name = node.Inputs[input];
        if (!_constants.TryGetValue(name, out Tensor? tensor))
            throw new OnnxException($"{node}: input {input} ('{name}') depends on the images; training needs it as a weight.");
        transposed = false;
        bool trainable = false;
        if (_sources.TryGetValue(name, out (string Initializer, bool Transposed) source))
        {
            tensor = _constants[source.Initializer];
            name = source.Initializer;
            transposed = source.Transposed;
            trainable = !_options.Frozen.Contains(name);
        }
        if (tensor.ElementType != ElementType.Float)
            throw new OnnxException($"{node}: the weight '{name}' is {tensor.ElementType}; training needs Float.");
        if (!_weights.TryGetValue(name, out Weight? weight)) _weights[name] = weight = new Weight(name, tensor, trainable, decayed);
        weight.Readers++;
        return weight;
    }

    private Weight WeightOf(Node node, int input, bool decayed)
    {
        Weight weight = WeightOf(node, input, decayed, out bool transposed);
        return transposed ? throw new OnnxException($"{node}: the weight '{weight.Name}' is transposed on its way here, which training doesn't support.") : weight;
    }

    private static bool HasInput(Node node, int input) => node.Inputs.Count > input && node.Inputs[input].Length > 0;

    private Value ValueOf(Node node, int input = 0) => _values.TryGetValue(node.Inputs[input], out Value? value)
        ? value
        : throw new OnnxException($"{node}: input {input} ('{node.Inputs[input]}') must depend on the images.");

    private float[] FloatsOf(Node node, int input)
    {
        Tensor tensor = _constants.TryGetValue(node.Inputs[input], out Tensor? found)
            ? found
            : throw new OnnxException($"{node}: input {input} ('{node.Inputs[input]}') must be a constant.");
        return tensor.ElementType switch
        {
            ElementType.Float => tensor.Span<float>().ToArray(),
            ElementType.Double => Array.ConvertAll(tensor.Span<double>().ToArray(), v => (float)v),
            ElementType.Int64 => Array.ConvertAll(tensor.Span<long>().ToArray(), v => (float)v),
            _ => throw new OnnxException($"{node}: input {input} ('{node.Inputs[input]}') is {tensor.ElementType}, expected Float."),
        };
    }

    private Value AsFlat(Value value) => Convert(value, ValueLayout.Flat);

    /// <summary>A value of shape [C, H, W] in the layout of images.</summary>
    private Value AsImage(Node node, Value value) => value.Shape.Length == 3
        ? Convert(value, ValueLayout.Image)
        : throw new OnnxException($"{node}: input '{value.Name}' has rank {value.Shape.Length + 1}, expected 4 ([N, C, H, W]).");

    private Value Convert(Value value, ValueLayout layout)
    {
        if (value.Layout == layout) return value;
        if (_converted.TryGetValue((value, layout), out Value? converted)) return converted;
        converted = new Value(value.Name, value.Shape, layout, value.NeedsGradient);
        _steps.Add(new LayoutStep(value, converted));
        _converted[(value, layout)] = converted;
        _converted[(converted, value.Layout)] = value;
        return converted;
    }

    private Value Result(Node node, Step step)
    {
        _steps.Add(step);
        _values[node.Outputs[0]] = step.Output;
        return step.Output;
    }
}
