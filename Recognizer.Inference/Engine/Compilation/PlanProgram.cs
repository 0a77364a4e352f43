using Recognizer.Inference.Engine.Execution;
using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>One part of a program: either a segment of fast steps, or a node run by reference semantics on the whole batch.</summary>
internal readonly record struct Phase(Segment? Segment, Node? Node);

/// <summary>A graph compiled for certain shapes of its inputs, the batch left open.</summary>
internal sealed class PlanProgram : IDisposable
{
    private readonly RewriteGraph _graph;
    private readonly List<Phase> _phases = [];

    private PlanProgram(RewriteGraph graph) => _graph = graph;

    /// <summary>The one segment that is the whole program and computes every output from the inputs, or null.</summary>
    public Segment? Whole { get; private set; }

    public IReadOnlyList<Phase> Phases => _phases;

    /// <summary>Inputs that the outputs depend on.</summary>
    public IEnumerable<string> NeededInputs => _graph.Inputs.Select(input => input.Name).Where(name => _graph.IsOutput(name) || _graph.Consumers(name).Count > 0);

    /// <summary>Compiles a valid graph.</summary>
    /// <param name="graph">The graph; not changed.</param>
    /// <param name="outputs">Values wanted.</param>
    /// <param name="options">Kernel choice.</param>
    /// <param name="shapes">Actual shapes of the inputs, where the declared ones leave more open than the batch; the batch among them doesn't count.</param>
    public static PlanProgram Compile(Graph graph, IReadOnlyList<string> outputs, PlanOptions options, IReadOnlyDictionary<string, int[]>? shapes = null)
    {
        var rewrite = new RewriteGraph(graph, outputs);
        rewrite.Prune();
        var knowledge = new ShapeKnowledge(graph, shapes);
        QuantizationRewrites.Remember(rewrite);
        ConstantFolding.Apply(rewrite);
        Simplification.Apply(rewrite, knowledge.TypeOf, knowledge.IsFloatImage);
        QuantizationRewrites.Apply(rewrite, knowledge.IsFloatImage);
        ResolveReshapes(rewrite, knowledge);
        new AffineFolding(rewrite, knowledge.ImageShapeOf).Apply();
        rewrite.Prune();

        var analysis = new BatchAnalysis(rewrite, knowledge.DeclaredBatch, knowledge.ImageShapeOf);
        foreach (ValueInfo input in rewrite.Inputs)
            if (knowledge.ImageShapeOf(input.Name) is { } shape) analysis.Set(input.Name, shape);
        var program = new PlanProgram(rewrite);
        try
        {
            program.Partition(analysis, knowledge, options);
            return program;
        }
        catch
        {
            program.Dispose();
            throw;
        }
    }

    /// <summary>Reshapes to computed shapes get constant ones where shape inference knows the result.</summary>
    private static void ResolveReshapes(RewriteGraph graph, ShapeKnowledge knowledge)
    {
        foreach (Node node in graph.Nodes)
        {
            if (node is not { OperatorType: "Reshape", Domain: "", Inputs.Count: 2 } || graph.Constants.ContainsKey(node.Inputs[1])) continue;
            if (knowledge.ImageShapeOf(node.Inputs[0]) is null || knowledge.ImageShapeOf(node.Outputs[0]) is not { } shape) continue;
            long[] target = [-1, .. shape.Select(size => (long)size)];
            node.Inputs[1] = graph.AddConstant("shape", Tensor.Create(target, target.Length));
        }
        graph.Prune();
    }

    private void Partition(BatchAnalysis analysis, ShapeKnowledge knowledge, PlanOptions options)
    {
        var parts = new List<(List<Node>? Fast, Node? Slow)>();
        List<Node>? current = null;
        foreach (Node node in _graph.Nodes)
        {
            if (analysis.TryAdd(node))
            {
                if (current is null) parts.Add((current = [], null));
                current.Add(node);
                continue;
            }
            if (node.Domain == RewriteGraph.InternalDomain) throw new InvalidOperationException($"{node} was made where no step can run it.");
            current = null;
            parts.Add((null, node));
            foreach (string output in node.Outputs)
                if (knowledge.ImageShapeOf(output) is { } shape) analysis.Set(output, shape);
        }
        var kernels = new KernelChoice(options);
        foreach ((List<Node>? fast, Node? slow) in parts)
        {
            if (fast is null)
            {
                _phases.Add(new Phase(null, slow));
                continue;
            }
            var own = new HashSet<string>(fast.SelectMany(node => node.Outputs), StringComparer.Ordinal);
            var members = new HashSet<Node>(fast);
            string[] inputs = [.. fast.SelectMany(node => node.Inputs).Where(name => name.Length > 0 && !own.Contains(name) && !_graph.Constants.ContainsKey(name)).Distinct()];
            string[] outputs = [.. own.Where(name => name.Length > 0 && (_graph.IsOutput(name) || _graph.Consumers(name).Any(reader => !members.Contains(reader))))];
            // The graph's outputs in the order in which they were asked for.
            outputs = [.. outputs.OrderBy(name => _graph.Outputs.FindIndex(output => output.Value == name) is var at && at < 0 ? int.MaxValue : at)];
            _phases.Add(new Phase(SegmentBuilder.Build(_graph, analysis, kernels, fast, inputs, outputs), null));
        }
        if (_phases is [{ Segment: { } only }] && only.Outputs.SequenceEqual(_graph.Outputs.Select(output => output.Value))) Whole = only;
    }

    /// <summary>Runs everything on tensors.</summary>
    public Dictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, Func<WorkerPool?> pool)
    {
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in _graph.Constants) values[name] = tensor;
        foreach (ValueInfo input in _graph.Inputs)
            if (inputs.TryGetValue(input.Name, out Tensor? tensor)) values[input.Name] = tensor;
        foreach (Phase phase in _phases)
        {
            if (phase.Segment is { } segment)
            {
                RunSegment(segment, values, pool);
                continue;
            }
            Node node = phase.Node!;
            var arguments = new Tensor?[node.Inputs.Count];
            for (int i = 0; i < arguments.Length; i++) arguments[i] = node.Inputs[i].Length == 0 ? null : values[node.Inputs[i]];
            Tensor[] results = OperatorRegistry.Find(node).Evaluate(node, _graph.Opset, arguments);
            for (int i = 0; i < node.Outputs.Count && i < results.Length; i++)
                if (node.Outputs[i].Length > 0) values[node.Outputs[i]] = results[i];
        }
        return _graph.Outputs.ToDictionary(output => output.Name, output => values[output.Value]);
    }

    private static unsafe void RunSegment(Segment segment, Dictionary<string, Tensor> values, Func<WorkerPool?> pool)
    {
        int batch = segment.Inputs.Count > 0 && values[segment.Inputs[0]].Shape is [var images, ..] ? images : 1;
        var tensors = new Tensor[segment.Inputs.Count + segment.Outputs.Count];
        for (int i = 0; i < segment.Inputs.Count; i++)
        {
            tensors[i] = values[segment.Inputs[i]];
            // Steps take what they were compiled for on trust.
            if (tensors[i].ElementType == ElementType.Float && tensors[i].Shape is [var own, .. var image] && own == batch && image.SequenceEqual(segment.InputShapes[i])) continue;
            throw new OnnxException($"The value '{segment.Inputs[i]}' is {tensors[i].ElementType}{Shapes.Text(tensors[i].Shape)}, expected {ElementType.Float}{Shapes.Text([batch, .. segment.InputShapes[i]])}.");
        }
        for (int i = 0; i < segment.Outputs.Count; i++)
            values[segment.Outputs[i]] = tensors[segment.Inputs.Count + i] = Tensor.Zeros(ElementType.Float, [batch, .. segment.OutputShapes[i]]);
        if (batch == 0) return;
        var pins = new System.Runtime.InteropServices.GCHandle[tensors.Length];
        Workspace workspace = segment.Rent();
        try
        {
            for (int i = 0; i < tensors.Length; i++)
            {
                pins[i] = System.Runtime.InteropServices.GCHandle.Alloc(tensors[i].Data, System.Runtime.InteropServices.GCHandleType.Pinned);
                workspace.Externals[i] = pins[i].AddrOfPinnedObject();
            }
            segment.Run(workspace, batch, batch > 1 ? pool() : null);
        }
        finally
        {
            segment.Return(workspace);
            foreach (var pin in pins)
                if (pin.IsAllocated) pin.Free();
        }
    }

    public void Dispose()
    {
        foreach (Phase phase in _phases) phase.Segment?.Dispose();
    }
}
