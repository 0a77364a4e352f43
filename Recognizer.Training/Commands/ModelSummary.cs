using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Commands;

/// <summary>One node of a model.</summary>
internal sealed record LayerSummary(string Name, string OperatorType, string OutputShape, long Parameters, long MultiplyAdds);

/// <summary>Size and cost of a model.</summary>
/// <param name="Graph">The model.</param>
/// <param name="Operators">How often each operator occurs, in the order of first use.</param>
/// <param name="Parameters">Elements of the float initializers.</param>
/// <param name="MultiplyAdds">Multiplications of Conv, Gemm and MatMul for one image, counted directly; null where shapes aren't known.</param>
/// <param name="Layers">The nodes in order.</param>
internal sealed record ModelSummary(Graph Graph, IReadOnlyDictionary<string, int> Operators, long Parameters, long? MultiplyAdds, IReadOnlyList<LayerSummary> Layers)
{
    /// <summary>What one should know before training the model further.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            if (Graph.Nodes.Any(ModelTransforms.IsInTrainingMode))
                return ["in training mode, where dropout is random and batch normalisation takes the batch's statistics: evaluate, predict and train use it in inference mode"];
            // Normalisation that follows a convolution is folded; one that follows a dense layer is not.
            bool hasNormalizedConvolution = Operators.ContainsKey("BatchNormalization") && Graph.Nodes.Where(n => n.OperatorType == "BatchNormalization")
                .Any(n => Graph.Nodes.Any(conv => conv.OperatorType == "Conv" && conv.Outputs.Contains(n.Inputs[0])));
            return Graph.Producer.Contains("pytorch", StringComparison.OrdinalIgnoreCase) && Operators.ContainsKey("Conv") && !hasNormalizedConvolution && !Operators.ContainsKey("Dropout")
                ? ["written by PyTorch in evaluation mode, as it seems: batch normalisation after convolutions, where there was any, is folded into their weights, and dropout is gone, "
                    + "so that fine-tuning goes without both (a smaller --learning-rate helps); to keep them, export with training=TrainingMode.TRAINING, do_constant_folding=False"]
                : [];
        }
    }

    public static ModelSummary Of(Graph graph)
    {
        // One image: named and unknown dimensions are 1.
        var shapes = graph.Inputs.Where(i => i.Shape is not null)
            .ToDictionary(i => i.Name, i => i.Shape!.Select(d => d.IsFixed ? d.Size : 1).ToArray(), StringComparer.Ordinal);
        IReadOnlyDictionary<string, ValueInfo> values = ShapeInference.Infer(graph, shapes);

        var operators = new OrderedDictionary<string, int>(StringComparer.Ordinal);
        var counted = new HashSet<string>(StringComparer.Ordinal);
        var layers = new List<LayerSummary>();
        long? total = 0;
        foreach (Node node in graph.Nodes)
        {
            operators[node.OperatorType] = operators.GetValueOrDefault(node.OperatorType) + 1;
            long parameters = node.Inputs.Where(i => graph.Initializers.ContainsKey(i) && counted.Add(i))
                .Select(i => graph.Initializers[i]).Where(IsFloat).Sum(t => (long)t.Length);
            long? multiplyAdds = MultiplyAddsOf(node, graph, values);
            total += multiplyAdds;
            string shape = values.TryGetValue(node.Outputs[0], out ValueInfo? output) && output.Shape is { } dimensions ? $"[{string.Join(", ", dimensions)}]" : "?";
            layers.Add(new LayerSummary(node.Name.Length > 0 ? node.Name : node.Outputs[0], node.OperatorType, shape, parameters, multiplyAdds ?? 0));
        }
        return new ModelSummary(graph, operators, graph.Initializers.Values.Where(IsFloat).Sum(t => (long)t.Length), total, layers);
    }

    private static bool IsFloat(Tensor tensor) => tensor.ElementType is ElementType.Float or ElementType.Double or ElementType.Float16;

    // Every output element of these operators is a sum of products; its length is what follows the first dimension of the weights.
    private static long? MultiplyAddsOf(Node node, Graph graph, IReadOnlyDictionary<string, ValueInfo> values)
    {
        if (node.OperatorType is not ("Conv" or "Gemm" or "MatMul")) return 0;
        if (Shape(node.Outputs[0]) is not { } output || Shape(node.Inputs[0]) is not { } left || Shape(node.Inputs[1]) is not { } right) return null;
        long terms = node.OperatorType switch
        {
            "Conv" => Product(right.AsSpan(1)),
            "Gemm" => node.Int("transA", 0) != 0 ? left[0] : left[^1],
            _ => left[^1],
        };
        return Product(output) * terms;

        int[]? Shape(string name) => graph.Initializers.TryGetValue(name, out Tensor? tensor)
            ? tensor.Shape.ToArray()
            : values.TryGetValue(name, out ValueInfo? value) && value.Shape is { } shape && shape.All(d => d.IsFixed)
                ? [.. shape.Select(d => d.Size)]
                : null;
    }

    private static long Product(ReadOnlySpan<int> sizes)
    {
        long product = 1;
        foreach (int size in sizes) product *= size;
        return product;
    }
}
