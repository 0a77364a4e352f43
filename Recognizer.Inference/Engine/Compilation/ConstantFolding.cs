using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Computes what depends on constants alone, by the operators' reference semantics.</summary>
internal static class ConstantFolding
{
    /// <summary>Results larger than this stay computed at run time, so that a small file can't ask for any amount of memory.</summary>
    private const long MaxElements = 1L << 26;

    public static void Apply(RewriteGraph graph, IReadOnlyDictionary<string, int[]>? knownShapes = null)
    {
        var remaining = new List<Node>(graph.Nodes.Count);
        foreach (Node node in graph.Nodes)
        {
            if (node.OperatorType == "Shape" && node.Domain.Length == 0 && knownShapes is not null
                && knownShapes.TryGetValue(node.Inputs[0], out int[]? shape))
            {
                // The operator sees only the shape; an empty tensor of that shape would do if there were no dimension but one.
                graph.Constants[node.Outputs[0]] = ShapeOf(node, shape);
                continue;
            }
            if (node.Domain == RewriteGraph.InternalDomain || IsRandom(node)
                || !node.Inputs.All(input => input.Length == 0 || graph.Constants.ContainsKey(input)))
            {
                remaining.Add(node);
                continue;
            }
            var inputs = new Tensor?[node.Inputs.Count];
            for (int i = 0; i < inputs.Length; i++) inputs[i] = node.Inputs[i].Length == 0 ? null : graph.Constants[node.Inputs[i]];
            if (node.OperatorType is "Expand" or "Tile" or "ConstantOfShape" && TooLarge(inputs))
            {
                remaining.Add(node);
                continue;
            }
            Tensor[] outputs = OperatorRegistry.Find(node).Evaluate(node, graph.Opset, inputs);
            for (int i = 0; i < node.Outputs.Count && i < outputs.Length; i++)
                if (node.Outputs[i].Length > 0) graph.Constants[node.Outputs[i]] = outputs[i];
        }
        graph.Nodes = remaining;
    }

    private static bool IsRandom(Node node) =>
        node.OperatorType.StartsWith("Random", StringComparison.Ordinal) || node.OperatorType is "Multinomial" or "Bernoulli";

    private static bool TooLarge(Tensor?[] inputs)
    {
        double elements = 1;
        foreach (Tensor? input in inputs)
        {
            if (input is { ElementType: ElementType.Int64, Rank: <= 1 })
                foreach (long dimension in input.Span<long>()) elements *= Math.Max(1, dimension);
            else
                elements *= Math.Max(1, input?.Length ?? 1);
        }
        return elements > MaxElements;
    }

    private static Tensor ShapeOf(Node node, int[] shape)
    {
        int Bound(long value) => (int)Math.Clamp(value < 0 ? value + shape.Length : value, 0, shape.Length);
        int start = Bound(node.Int("start", 0)), end = Bound(node.Int("end", shape.Length));
        long[] values = [.. shape.Skip(start).Take(Math.Max(0, end - start)).Select(dimension => (long)dimension)];
        return Tensor.Create(values, values.Length);
    }
}
