using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>What shape inference says about a graph's values, asked with two batch sizes: a first dimension that follows the batch is the batch.</summary>
internal sealed class ShapeKnowledge
{
    // Primes that no layer has as a size by accident.
    private const int FirstBatch = 7919, SecondBatch = 7927;

    private readonly IReadOnlyDictionary<string, ValueInfo> _first;
    private readonly IReadOnlyDictionary<string, ValueInfo> _second;

    public ShapeKnowledge(Graph graph, IReadOnlyDictionary<string, int[]>? shapes)
    {
        HashSet<string> batched = Batched(graph);
        if (batched.Count == 0 && First(graph) is { } first && SizesOf(first) is [>= 0 and var only, ..]) DeclaredBatch = only;
        _first = Infer(FirstBatch);
        _second = batched.Count == 0 ? _first : Infer(SecondBatch);

        IReadOnlyDictionary<string, ValueInfo> Infer(int size)
        {
            var actual = new Dictionary<string, int[]>(StringComparer.Ordinal);
            foreach (ValueInfo input in graph.Inputs)
            {
                if (input.Shape is not { Count: > 0 }) continue;
                int[] shape = SizesOf(input);
                if (batched.Contains(input.Name)) shape[0] = size;
                if (shape.All(dimension => dimension >= 0)) actual[input.Name] = shape;
            }
            return ShapeInference.Probe(graph, actual, batched.Count == 0 ? 1 : size);
        }

        int[] SizesOf(ValueInfo input) => shapes?.GetValueOrDefault(input.Name)?.ToArray() ?? [.. input.Shape!.Select(dimension => dimension.Size)];
    }

    /// <summary>Inputs whose first dimension is the batch, where a graph leaves that open: the first input that has a dimension, and those that share its symbol.
    /// Without a symbol, nothing says that two dimensions are the same. None where the batch is another dimension of an input, too: its size isn't left open then.</summary>
    public static HashSet<string> Batched(Graph graph)
    {
        if (First(graph) is not { } first || first.Shape![0].IsFixed) return [];
        Dimension batch = first.Shape[0];
        if (batch.Symbol is null) return [first.Name];
        if (graph.Inputs.Any(input => input.Shape is not null && input.Shape.Skip(1).Contains(batch))) return [];
        return [.. graph.Inputs.Where(input => input.Shape is { Count: > 0 } shape && shape[0] == batch).Select(input => input.Name)];
    }

    private static ValueInfo? First(Graph graph) => graph.Inputs.FirstOrDefault(input => input.Shape is { Count: > 0 });

    /// <summary>The one batch size that is compiled for, or null where it is open.</summary>
    public int? DeclaredBatch { get; }

    public ElementType? TypeOf(string value) => _first.TryGetValue(value, out ValueInfo? info) ? info.ElementType : null;

    /// <summary>Whether a value is a float tensor with the batch first.</summary>
    public bool IsFloatImage(string value) => ImageShapeOf(value) is not null;

    /// <summary>Shape of one image of a float value whose first dimension is the batch; null for anything else, and for images without elements.</summary>
    public int[]? ImageShapeOf(string value)
    {
        if (!_first.TryGetValue(value, out ValueInfo? first) || first is not { ElementType: ElementType.Float, Shape: { Count: > 0 } one }
            || _second[value].Shape is not { } other || other.Count != one.Count) return null;
        if (one[0].Size != (DeclaredBatch ?? FirstBatch) || other[0].Size != (DeclaredBatch ?? SecondBatch)) return null;
        var shape = new int[one.Count - 1];
        for (int i = 0; i < shape.Length; i++)
        {
            if (one[i + 1].Size <= 0 || one[i + 1] != other[i + 1]) return null;
            shape[i] = one[i + 1].Size;
        }
        return shape;
    }
}
