using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Compilation;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Quantization;

/// <summary>Stores a trained float model in 8 bits, as ONNX's QuantizeLinear and DequantizeLinear nodes say it, so that any runtime can use it: weights symmetric with
/// a scale per output channel, activations unsigned with a scale and zero point each, chosen on sample images.</summary>
internal static class PostTrainingQuantizer
{
    private const int WeightLevels = 127, CalibrationBatch = 64;

    /// <summary>Largest level of a bias: half of what 32 bits hold, so that the sum of products has room beside it.</summary>
    private const float LargestBias = 1 << 30;

    /// <summary>Operators that pick or move elements and so keep how their input is quantised.</summary>
    private static readonly HashSet<string> Moving = ["MaxPool", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose"];

    /// <summary>Other operators of one input whose input is quantised where their output is. A layer then never rounds a sum of floats, which depends on the order of adding and
    /// would fall to another level here and there in another runtime, but integers, or a function of few numbers.</summary>
    private static readonly HashSet<string> Unary =
    [
        "GlobalAveragePool", "AveragePool", "Pad", "LeakyRelu", "Tanh", "Sigmoid", "Clip", "Elu", "Selu", "Softplus", "Softsign", "HardSigmoid", "HardSwish", "Gelu", "Erf", "Abs",
    ];

    /// <summary>The first operator set in which DequantizeLinear takes a scale per channel.</summary>
    public const int LowestOpset = 13;

    /// <summary>Quantises a model. The result is in inference mode, and lacks outputs beside the scores that can't be computed here.</summary>
    /// <param name="model">A float model with one input.</param>
    /// <param name="images">[count, …] of the input: typical images, a few hundred.</param>
    /// <param name="count">Number of images, at least 1.</param>
    /// <param name="threads">Threads for running the float model.</param>
    /// <param name="cancellation">Ends it between batches of images.</param>
    /// <exception cref="OnnxException">The model has nothing to quantise, is in 8 bits already, has more than one input or one that isn't Float, or an operator set before
    /// <see cref="LowestOpset"/>.</exception>
    public static Graph Quantize(Graph model, ReadOnlySpan<float> images, int count, int threads = 1, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (model.Inputs is not [{ Shape: { Count: > 1 } shape } input] || shape[0].Size == 0) throw new OnnxException("A model with one input of images is needed to be quantised.");
        if (model.Opset < LowestOpset)
            throw new OnnxException($"The model follows operator set {model.Opset}, expected {LowestOpset} or newer, which has a scale per channel: export it again with a newer one (opset_version={LowestOpset}).");
        if (model.Nodes.FirstOrDefault(node => node is { Domain: "", OperatorType: "QuantizeLinear" or "DynamicQuantizeLinear" or "QLinearConv" or "QLinearMatMul" }) is { } done)
            throw new OnnxException($"The model is in 8 bits already: it has the {done}.");
        if (input.ElementType != ElementType.Float)
            throw new OnnxException($"Input '{input.Name}' is {input}, expected Float{(input.ElementType == ElementType.UInt8 ? ": quantise the model as it was before export --uint8-input" : "")}.");
        model = ModelTransforms.InInferenceMode(model);
        // Scores must be computed; other outputs may go
        ShapeInference.Infer(ModelTransforms.Only(model, ClassifierGraph.ScoreOutput(model).Name));
        Graph graph = FoldedGraph.Create(ModelTransforms.Computable(model));
        Node[] weighted = [.. graph.Nodes.Where(node => HasWeights(graph, node))];
        if (weighted.Length == 0) throw new OnnxException("The model has no convolution or dense layer with constant weights to quantise.");
        List<(string Value, string Parameters)> quantized = Choose(graph, weighted);
        Dictionary<string, (float Scale, byte ZeroPoint)> ranges = Calibrate(graph, [.. quantized.Select(q => q.Parameters).Distinct()], images, count, threads, cancellation);
        return Write(graph, weighted, quantized, ranges);
    }

    private static bool HasWeights(Graph graph, Node node) =>
        node is { Domain: "", OperatorType: "Conv" or "Gemm" } && graph.Initializers.TryGetValue(node.Inputs[1], out Tensor? weights)
        && weights is { ElementType: ElementType.Float, Rank: 2 or 4 } && node.Float("alpha", 1) == 1 && node.Float("beta", 1) == 1
        && (node.Inputs.Count < 3 || node.Inputs[2].Length == 0 || (graph.Initializers.TryGetValue(node.Inputs[2], out Tensor? bias) && bias.Rank == 1 && bias.Length == Outputs(node, weights)));

    private static int Outputs(Node node, Tensor weights) => weights.Shape[node.OperatorType == "Gemm" && node.Int("transB", 0) == 0 ? 1 : 0];

    /// <summary>Values to quantise in topological order, each with the value whose scale it takes: what goes into layers with weights, what comes out between
    /// them, and both sides of sums.</summary>
    private static List<(string Value, string Parameters)> Choose(Graph graph, Node[] weighted)
    {
        var chosen = new Dictionary<string, string>(StringComparer.Ordinal);
        var order = new List<(string, string)>();
        var layers = weighted.ToHashSet();
        Dictionary<string, Node> producers = Node.Producers(graph.Nodes);
        var wanted = new HashSet<string>(weighted.Select(node => node.Inputs[0]), StringComparer.Ordinal);
        // Backwards: what a pool, a reshape or a sum of quantised values reads is quantised too.
        for (int i = graph.Nodes.Count - 1; i >= 0; i--)
        {
            Node node = graph.Nodes[i];
            if (node.Domain.Length > 0 || !wanted.Contains(node.Outputs[0])) continue;
            if (Moving.Contains(node.OperatorType) || Unary.Contains(node.OperatorType)) wanted.Add(node.Inputs[0]);
            else if (node.OperatorType == "Relu" && Producer(node.Inputs[0]) is { OperatorType: "Add", Domain: "" } add) Sum(add);
            // What a convolution gives goes through Relu before it is quantised; what anything else gives is quantised before too.
            else if (node.OperatorType == "Relu" && Producer(node.Inputs[0]) is { } source && !layers.Contains(source)) wanted.Add(node.Inputs[0]);
            else if (node.OperatorType == "Add") Sum(node);
        }
        foreach (ValueInfo input in graph.Inputs) Add(input.Name);
        foreach (Node node in graph.Nodes)
        {
            if (node.Domain.Length == 0 && Moving.Contains(node.OperatorType) && chosen.TryGetValue(node.Inputs[0], out string? parameters) && wanted.Contains(node.Outputs[0]))
                (chosen[node.Outputs[0]], _) = (parameters, Order(node.Outputs[0], parameters));
            else
            {
                foreach (string output in node.Outputs) Add(output);
            }
        }
        return order;

        void Add(string value)
        {
            if (!wanted.Contains(value) || graph.Initializers.ContainsKey(value)) return;
            chosen[value] = value;
            Order(value, value);
        }

        bool Order(string value, string parameters)
        {
            order.Add((value, parameters));
            return true;
        }

        Node? Producer(string value) => producers.GetValueOrDefault(value);

        void Sum(Node add)
        {
            if (add.Inputs.Any(graph.Initializers.ContainsKey)) return;
            foreach (string input in add.Inputs) wanted.Add(input);
        }
    }

    private static Dictionary<string, (float, byte)> Calibrate(Graph graph, string[] values, ReadOnlySpan<float> images, int count, int threads, CancellationToken cancellation)
    {
        using Plan plan = Plan.Compile(graph, ReproduciblePlan.Options(threads) with { Outputs = values });
        var ranges = values.ToDictionary(value => value, _ => new ActivationRange());
        IReadOnlyList<Dimension> declared = graph.Inputs[0].Shape!;
        int[] image = [.. declared.Skip(1).Select(dimension => dimension.IsFixed ? dimension.Size : throw new OnnxException($"The input {graph.Inputs[0]} leaves the size of an image open."))];
        int pixels = (int)Tensor.ElementCount(image), batch = declared[0].IsFixed ? declared[0].Size : CalibrationBatch;
        for (int pass = 0; pass < 2; pass++)
        {
            for (int start = 0; start < count; start += batch)
            {
                cancellation.ThrowIfCancellationRequested();
                // A batch of fixed size is filled up with images that have been seen.
                int size = declared[0].IsFixed ? batch : Math.Min(batch, count - start);
                var batched = new float[size * pixels];
                for (int i = 0; i < size; i++) images.Slice((start + i) % count * pixels, pixels).CopyTo(batched.AsSpan(i * pixels));
                Tensor input = Tensor.Create(batched, [size, .. image]);
                IReadOnlyDictionary<string, Tensor> results = plan.Run(new Dictionary<string, Tensor> { [graph.Inputs[0].Name] = input });
                Parallel.ForEach(values, new ParallelOptions { MaxDegreeOfParallelism = threads }, value =>
                {
                    if (pass == 0) ranges[value].Widen(results[value].Span<float>());
                    else ranges[value].Count(results[value].Span<float>());
                });
            }
        }
        return ranges.ToDictionary(range => range.Key, range => range.Value.Choose());
    }

    private static Graph Write(Graph graph, Node[] weighted, List<(string Value, string Parameters)> quantized, Dictionary<string, (float Scale, byte ZeroPoint)> ranges)
    {
        Graph result = graph.Like();
        foreach ((string name, Tensor tensor) in graph.Initializers) result.Initializers[name] = tensor;
        foreach ((string value, (float scale, byte zero)) in ranges)
        {
            result.Initializers[$"{value}.scale"] = Tensor.Scalar(scale);
            result.Initializers[$"{value}.zero_point"] = Tensor.Scalar(zero);
        }
        var parameters = quantized.ToDictionary(q => q.Value, q => q.Parameters, StringComparer.Ordinal);
        var layers = weighted.ToHashSet();
        foreach (ValueInfo input in graph.Inputs) Pair(input.Name);
        foreach (Node node in graph.Nodes)
        {
            bool inQuantized = layers.Contains(node) || (node.Domain.Length == 0 && (Moving.Contains(node.OperatorType) || Unary.Contains(node.OperatorType) || node.OperatorType is "Relu" or "Add"));
            Node copy = node.With(node.Inputs.Select(input => inQuantized && parameters.ContainsKey(input) ? $"{input}.dequantized" : input));
            if (layers.Contains(node)) QuantizeWeights(result, copy, ranges[parameters[node.Inputs[0]]].Scale);
            result.Nodes.Add(copy);
            foreach (string output in node.Outputs) Pair(output);
        }
        var used = new HashSet<string>(result.Nodes.SelectMany(node => node.Inputs), StringComparer.Ordinal);
        foreach (string name in result.Initializers.Keys.Where(name => !used.Contains(name)).ToArray()) result.Initializers.Remove(name);
        return result;

        void Pair(string value)
        {
            if (!parameters.TryGetValue(value, out string? source)) return;
            string[] constants = [$"{source}.scale", $"{source}.zero_point"];
            result.Nodes.Add(new Node("QuantizeLinear", [value, .. constants], [$"{value}.quantized"], $"{value}.quantize"));
            result.Nodes.Add(new Node("DequantizeLinear", [$"{value}.quantized", .. constants], [$"{value}.dequantized"], $"{value}.dequantize"));
        }
    }

    private static void QuantizeWeights(Graph graph, Node node, float inputScale)
    {
        Tensor weights = graph.Initializers[node.Inputs[1]];
        int axis = node.OperatorType == "Gemm" && node.Int("transB", 0) == 0 ? 1 : 0, channels = weights.Shape[axis];
        int inner = axis == 0 ? weights.Length / channels : 1, step = axis == 0 ? 1 : channels, stride = axis == 0 ? inner : 1;
        int each = weights.Length / channels;
        bool hasBias = node.Inputs.Count > 2 && node.Inputs[2].Length > 0;
        ReadOnlySpan<float> source = weights.Span<float>(), biases = hasBias ? graph.Initializers[node.Inputs[2]].Span<float>() : default;
        var levels = new sbyte[weights.Length];
        var scales = new float[channels];
        for (int c = 0; c < channels; c++)
        {
            float largest = 0;
            for (int i = 0; i < each; i++) largest = Math.Max(largest, Math.Abs(source[c * stride + i * step]));
            // Where weights are small beside the bias they get fewer levels, so that the bias fits the integers that it is added to.
            float least = biases.IsEmpty ? 0 : Math.Abs(biases[c]) / (inputScale * LargestBias);
            scales[c] = Math.Max(largest / WeightLevels, least) is > 0 and var scale ? scale : 1;
            for (int i = 0; i < each; i++)
                levels[c * stride + i * step] = (sbyte)Math.Clamp(MathF.Round(source[c * stride + i * step] / scales[c]), -WeightLevels, WeightLevels);
        }
        // By layer, because layers that share a constant read it at scales and along axes of their own.
        string name = $"{node.Outputs[0]}.weights";
        graph.Initializers[$"{name}.quantized"] = Tensor.Create(levels, weights.Shape);
        graph.Initializers[$"{name}.scale"] = Tensor.Vector(scales);
        graph.Initializers[$"{name}.zero_point"] = Tensor.Vector(new sbyte[channels]);
        node.Inputs[1] = Dequantize($"{name}.quantized", $"{name}.scale", $"{name}.zero_point", $"{name}.dequantized", axis);
        if (!hasBias) return;

        // The bias takes the scale of the products, so that it can be added to their integer sums.
        string bias = $"{node.Outputs[0]}.bias";
        var sums = new int[channels];
        var sumScales = new float[channels];
        for (int c = 0; c < channels; c++)
        {
            sumScales[c] = scales[c] * inputScale;
            sums[c] = (int)Math.Round((double)biases[c] / sumScales[c]);
        }
        graph.Initializers[$"{bias}.quantized"] = Tensor.Vector(sums);
        graph.Initializers[$"{bias}.scale"] = Tensor.Vector(sumScales);
        graph.Initializers[$"{bias}.zero_point"] = Tensor.Vector(new int[channels]);
        node.Inputs[2] = Dequantize($"{bias}.quantized", $"{bias}.scale", $"{bias}.zero_point", $"{bias}.dequantized", 0);

        string Dequantize(string quantized, string scale, string zero, string output, int along)
        {
            var dequantize = new Node("DequantizeLinear", [quantized, scale, zero], [output], output);
            dequantize.Attributes["axis"] = (long)along;
            graph.Nodes.Add(dequantize);
            return output;
        }
    }

    /// <summary>Bytes of a graph's weights and constants.</summary>
    public static long ConstantBytes(Graph graph) => graph.Initializers.Values.Sum(tensor => (long)tensor.Length * tensor.ElementType switch
    {
        ElementType.Int8 or ElementType.UInt8 or ElementType.Bool => 1,
        ElementType.Float16 or ElementType.Int16 or ElementType.UInt16 => 2,
        ElementType.Double or ElementType.Int64 or ElementType.UInt64 => 8,
        _ => 4,
    });
}
