using Recognizer.Inference.Onnx.Shapes;

namespace Recognizer.Inference.Onnx;

/// <summary>Works out type and shape of every value of a graph before it runs, and checks every node's inputs and attributes on the way. Dimensions known only at run
/// time keep their symbol or stay unknown; small integer tensors are followed, so that shapes computed by nodes are known too.</summary>
public static class ShapeInference
{
    /// <summary>Infers types and shapes.</summary>
    /// <param name="graph">A valid graph.</param>
    /// <param name="inputShapes">Actual shapes of inputs by name; where left out, the declared shapes hold.</param>
    /// <returns>Inputs, initializers and all values that nodes write, by name.</returns>
    /// <exception cref="OnnxException">The graph is not valid, has an unsupported operator, or a node's inputs break its rules; the message names the node and what it expects.</exception>
    public static IReadOnlyDictionary<string, ValueInfo> Infer(Graph graph, IReadOnlyDictionary<string, int[]>? inputShapes = null)
    {
        Dictionary<string, int> symbols = BindSymbols(graph, inputShapes);
        Dictionary<string, ValueInfo> result = Values(graph, inputShapes, symbols, batch: 1, broken: null);
        foreach (ValueInfo output in graph.Outputs)
        {
            if (!result.TryGetValue(output.Name, out ValueInfo? inferred)) throw new OnnxException($"Output '{output.Name}' of the graph is not written in operator set {graph.Opset}.");
            result[output.Name] = Merge(output, inferred, symbols);
        }
        return result;
    }

    /// <summary>What a graph's nodes would make of a batch that may be larger than there is memory for, whatever shapes its outputs declare.</summary>
    /// <param name="graph">A valid graph.</param>
    /// <param name="inputShapes">Shapes of inputs by name; where left out, the declared shapes hold.</param>
    /// <param name="batch">The batch size among them if it is made up, or 1.</param>
    internal static IReadOnlyDictionary<string, ValueInfo> Probe(Graph graph, IReadOnlyDictionary<string, int[]> inputShapes, int batch) =>
        Values(graph, inputShapes, BindSymbols(graph, inputShapes), batch, broken: null);

    /// <summary>What can be told of the values of any graph: those of nodes that break a rule, or follow one that does, are left out.</summary>
    /// <param name="graph">A graph of valid structure.</param>
    /// <param name="broken">Is told the rules that are broken, in the order of the nodes.</param>
    internal static IReadOnlyDictionary<string, ValueInfo> Known(Graph graph, Action<OnnxException> broken) => Values(graph, null, [], batch: 1, broken);

    private static Dictionary<string, ValueInfo> Values(Graph graph, IReadOnlyDictionary<string, int[]>? inputShapes, Dictionary<string, int> symbols, int batch, Action<OnnxException>? broken)
    {
        if (broken is null) GraphValidator.Validate(graph);
        var values = new Dictionary<string, InferredValue>(StringComparer.Ordinal);
        foreach (ValueInfo input in graph.Inputs)
        {
            Dimension[]? shape = inputShapes is not null && inputShapes.TryGetValue(input.Name, out int[]? actual)
                ? Array.ConvertAll(actual, size => (Dimension)size)
                : input.Shape?.Select(d => Bound(d, symbols)).ToArray();
            values[input.Name] = new InferredValue(input.Name, input.ElementType, shape);
        }
        foreach ((string name, Tensor tensor) in graph.Initializers) values[name] = InferredValue.Of(name, tensor);

        foreach (Node node in graph.Nodes)
        {
            try
            {
                Apply(node);
            }
            catch (OnnxException exception) when (broken is not null)
            {
                broken(exception);
            }
        }
        return values.ToDictionary(v => v.Key, v => new ValueInfo(v.Key, v.Value.Type, v.Value.Shape), StringComparer.Ordinal);

        void Apply(Node node)
        {
            var inputs = new InferredValue?[node.Inputs.Count];
            for (int i = 0; i < inputs.Length; i++)
            {
                if (node.Inputs[i].Length == 0) continue;
                inputs[i] = values.TryGetValue(node.Inputs[i], out InferredValue? value) ? value
                    : throw new OnnxException($"{node}: reads '{node.Inputs[i]}', an optional output that its operator doesn't write in operator set {graph.Opset}.");
            }
            var context = new ShapeContext(node, graph.Opset, inputs, batch);
            ShapeRules.All.Apply(context);
            foreach (InferredValue? output in context.Outputs)
                if (output is not null) values[output.Name] = output;
        }
    }

    /// <summary>Sizes of symbols such as N, from the actual shapes.</summary>
    private static Dictionary<string, int> BindSymbols(Graph graph, IReadOnlyDictionary<string, int[]>? inputShapes)
    {
        var symbols = new Dictionary<string, int>(StringComparer.Ordinal);
        if (inputShapes is null) return symbols;
        foreach ((string name, int[] actual) in inputShapes)
        {
            ValueInfo input = graph.Inputs.FirstOrDefault(i => i.Name == name)
                ?? throw new OnnxException($"The graph has no input '{name}', expected one of {string.Join(", ", graph.Inputs.Select(i => $"'{i.Name}'"))}.");
            if (Array.Exists(actual, size => size < 0)) throw new OnnxException($"Input '{name}' is given the shape [{string.Join(", ", actual)}], expected sizes of at least 0.");
            if (input.Shape is null) continue;
            bool fits = input.Shape.Count == actual.Length;
            for (int i = 0; fits && i < actual.Length; i++)
            {
                Dimension declared = input.Shape[i];
                fits = declared.IsFixed ? declared.Size == actual[i] : declared.Symbol is null || symbols.TryAdd(declared.Symbol, actual[i]) || symbols[declared.Symbol] == actual[i];
            }
            if (!fits) throw new OnnxException($"Input '{name}' is given the shape [{string.Join(", ", actual)}], expected {input}.");
        }
        return symbols;
    }

    private static Dimension Bound(Dimension dimension, Dictionary<string, int> symbols) =>
        dimension.Symbol is { } symbol && symbols.TryGetValue(symbol, out int size) ? size : dimension;

    /// <summary>An output's inferred shape, with the declared one where nothing could be inferred.</summary>
    private static ValueInfo Merge(ValueInfo declared, ValueInfo inferred, Dictionary<string, int> symbols)
    {
        if (declared.ElementType != inferred.ElementType) throw Contradiction(declared, inferred);
        if (declared.Shape is null) return inferred;
        if (inferred.Shape is null) return declared with { Shape = [.. declared.Shape.Select(d => Bound(d, symbols))] };
        if (declared.Shape.Count != inferred.Shape.Count) throw Contradiction(declared, inferred);
        var shape = new Dimension[inferred.Shape.Count];
        for (int i = 0; i < shape.Length; i++)
        {
            Dimension left = Bound(declared.Shape[i], symbols), right = inferred.Shape[i];
            if (left.IsFixed && right.IsFixed && left.Size != right.Size) throw Contradiction(declared, inferred);
            shape[i] = right.IsFixed || (right.Symbol is not null && !left.IsFixed) ? right : left;
        }
        return inferred with { Shape = shape };
    }

    private static OnnxException Contradiction(ValueInfo declared, ValueInfo inferred) =>
        new($"Output '{declared.Name}' of the graph is declared as {declared}, but its node writes {inferred}.");
}
