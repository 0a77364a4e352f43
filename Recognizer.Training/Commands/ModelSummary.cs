using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Commands;

/// <summary>One node of a model; what it multiplies is null where shapes aren't known.</summary>
internal sealed record LayerSummary(string Name, string OperatorType, string OutputShape, long Parameters, long? MultiplyAdds);

/// <summary>Size and cost of a model.</summary>
/// <param name="Graph">The model.</param>
/// <param name="Operators">How often each operator occurs, in the order of first use.</param>
/// <param name="Parameters">Elements of the initializers that nodes compute with, whatever they are stored in: floats, and integers that operators on 8-bit numbers read as weights or biases.
/// Scales and zero points aren't counted.</param>
/// <param name="MultiplyAdds">Multiplications of convolutions, matrix products and recurrent layers for one image, counted directly; null where shapes aren't known.</param>
/// <param name="Layers">The nodes in order.</param>
/// <param name="Problem">Why some shapes aren't known: the first rule of an operator that a node breaks; null where none does.</param>
internal sealed record ModelSummary(Graph Graph, IReadOnlyDictionary<string, int> Operators, long Parameters, long? MultiplyAdds, IReadOnlyList<LayerSummary> Layers, string? Problem)
{
    /// <summary>What one should know before training the model further.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            if (Problem is not null) return [$"not all of it can be computed here: {Problem}"];
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
        // One image, whose height and width may be open.
        Graph one = graph.Like();
        one.Inputs.Clear();
        foreach (ValueInfo input in graph.Inputs) one.Inputs.Add(input.Shape is [{ IsFixed: false }, ..] ? input with { Shape = [1, .. input.Shape.Skip(1)] } : input);
        foreach ((string name, Tensor tensor) in graph.Initializers) one.Initializers.Add(name, tensor);
        foreach (Node node in graph.Nodes) one.Nodes.Add(node);
        string? problem = null;
        IReadOnlyDictionary<string, ValueInfo> values = ShapeInference.Known(one, exception => problem ??= exception.Message);

        var operators = new OrderedDictionary<string, int>(StringComparer.Ordinal);
        var counted = new HashSet<string>(StringComparer.Ordinal);
        var layers = new List<LayerSummary>();
        foreach (Node node in graph.Nodes)
        {
            operators[node.OperatorType] = operators.GetValueOrDefault(node.OperatorType) + 1;
            long parameters = node.Inputs.Where((name, i) => graph.Initializers.TryGetValue(name, out Tensor? tensor) && IsWeight(node, i, tensor) && counted.Add(name))
                .Sum(name => (long)graph.Initializers[name].Length);
            string shape = values.TryGetValue(node.Outputs[0], out ValueInfo? output) && output.Shape is { } dimensions ? $"[{string.Join(", ", dimensions)}]" : "?";
            layers.Add(new LayerSummary(node.Name.Length > 0 ? node.Name : node.Outputs[0], node.OperatorType, shape, parameters, MultiplyAddsOf(node, values)));
        }
        return new ModelSummary(graph, operators, layers.Sum(layer => layer.Parameters), layers.Aggregate((long?)0, (sum, layer) => sum + layer.MultiplyAdds), layers, problem);
    }

    private static bool IsWeight(Node node, int input, Tensor tensor) => node.OperatorType switch
    {
        "QuantizeLinear" or "DequantizeLinear" => input == 0,
        "ConvInteger" or "MatMulInteger" => input <= 1,
        "QLinearConv" or "QLinearMatMul" => input is 0 or 3 or 8,
        _ => tensor.ElementType is ElementType.Float or ElementType.Double or ElementType.Float16,
    };

    // Every output element of most of these operators is a sum of products; its length is what follows the first dimension of a convolution's weights, or a row of a product's left factor.
    private static long? MultiplyAddsOf(Node node, IReadOnlyDictionary<string, ValueInfo> values)
    {
        return node.OperatorType switch
        {
            "Conv" or "ConvInteger" => Product(Output()) * Product(Input(1)?.Skip(1)),
            "QLinearConv" => Product(Output()) * Product(Input(3)?.Skip(1)),
            // Here it is each element of the input that meets what follows the first dimension.
            "ConvTranspose" => Product(Input(0)) * Product(Input(1)?.Skip(1)),
            "Gemm" when node.Int("transA", 0) != 0 => Product(Output()) * Product(Input(0)?.Take(1)),
            "Gemm" or "MatMul" or "MatMulInteger" or "QLinearMatMul" => Product(Output()) * Product(Input(0)?.TakeLast(1)),
            // Steps of every sequence, each with the weights of its input and of the state.
            "RNN" or "GRU" or "LSTM" => Product(Input(0)?.Take(2)) * (Product(Input(1)) + Product(Input(2))),
            _ => 0,
        };

        IEnumerable<Dimension>? Input(int index) => index < node.Inputs.Count ? Shape(node.Inputs[index]) : null;

        IEnumerable<Dimension>? Output() => Shape(node.Outputs[0]);

        IEnumerable<Dimension>? Shape(string name) => values.GetValueOrDefault(name)?.Shape;

        static long? Product(IEnumerable<Dimension>? sizes) => sizes?.Aggregate((long?)1, (product, size) => product * (size.IsFixed ? size.Size : (long?)null));
    }
}
