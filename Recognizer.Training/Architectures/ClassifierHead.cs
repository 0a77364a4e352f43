using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Differentiation;

namespace Recognizer.Training.Architectures;

/// <summary>The last dense layer of a classifier, where scores per class come from: a Gemm, or a MatMul with or without an Add after it.</summary>
internal static class ClassifierHead
{
    /// <summary>Operators between the last dense layer and the outputs: softmax, temperature, changes of shape.</summary>
    private static readonly HashSet<string> After = ["Softmax", "LogSoftmax", "Log", "Exp", "Sigmoid", "Clip", "Div", "Mul", "Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze"];

    /// <summary>Operators between dense layers.</summary>
    private static readonly HashSet<string> Between = ["Relu", "LeakyRelu", "Elu", "Selu", "Tanh", "Sigmoid", "Clip", "Dropout", "Identity", "BatchNormalization"];

    /// <summary>Where a dense layer's numbers are.</summary>
    /// <param name="Input">Value that the matrix is applied to.</param>
    /// <param name="Weights">Initializer with the matrix.</param>
    /// <param name="Transposed">Whether it is [classes, inputs] instead of [inputs, classes].</param>
    /// <param name="Bias">Initializer that is added, or null.</param>
    /// <param name="Shapes">Initializers with shapes that the scores take on afterwards.</param>
    /// <param name="IsWhole">Whether weights and bias are all the numbers per class that there are.</param>
    private sealed record Head(string Input, string Weights, bool Transposed, string? Bias, IReadOnlyList<string> Shapes, bool IsWhole)
    {
        public int Classes(Graph graph) => graph.Initializers[Weights].Shape[Transposed ? 0 : 1];
    }

    /// <summary>Whether a graph's classes are these, in this order.</summary>
    public static bool HasLabels(Graph graph, IReadOnlyList<string> labels) => ModelMetadata.Labels(graph) is { } own && own.SequenceEqual(labels, StringComparer.Ordinal);

    /// <summary>Number of scores per image, whatever layer gives them.</summary>
    /// <exception cref="OnnxException">A node before the scores breaks its operator's rules, or there is no telling: shapes say nothing, and the graph ends in something else than a dense layer.</exception>
    public static int Classes(Graph graph)
    {
        Graph scoring = ModelTransforms.Only(graph, ClassifierOutput.Of(graph).Scores);
        ValueInfo scores = ShapeInference.Infer(scoring)[scoring.Outputs[0].Name];
        return ClassifierGraph.Classes(scoring.Inputs.FirstOrDefault(), scores, open: () => Find(graph).Classes(graph));
    }

    /// <summary>Names of the head's weights.</summary>
    /// <exception cref="OnnxException">The graph ends in something else.</exception>
    public static IReadOnlyList<string> Weights(Graph graph) => Find(graph) is var head && head.Bias is { } bias ? [head.Weights, bias] : [head.Weights];

    /// <summary>What the last dense layer adds to the score of each class, or null where there is no such layer or it adds nothing.</summary>
    public static Tensor? Bias(Graph graph) => Walk(graph, Node.Producers(graph.Nodes), ClassifierOutput.Of(graph).Scores, After) is { Bias: { } bias } head
        && graph.Initializers[bias].Length == head.Classes(graph) ? graph.Initializers[bias] : null;

    /// <summary>Draws the scores of classes that belong together nearer to their mean, or away from it: score ← mean + factor · (score − mean).</summary>
    /// <param name="graph">The network.</param>
    /// <param name="families">Sets of classes, none of which is in two.</param>
    /// <param name="factor">Below 1 to be less sure within families.</param>
    /// <exception cref="OnnxException">The graph ends in something else than a dense layer.</exception>
    public static void Contract(Graph graph, IReadOnlyList<int[]> families, double factor)
    {
        Head head = Find(graph);
        int classes = head.Classes(graph);
        Tensor weights = graph.Initializers[head.Weights];
        int inputs = weights.Length / classes;
        for (int i = 0; i < inputs; i++) Contract(weights.Span<float>(), families, factor, head.Transposed ? i : i * classes, head.Transposed ? inputs : 1);
        if (head.Bias is { } bias) Contract(graph.Initializers[bias].Span<float>(), families, factor, 0, 1);
    }

    /// <summary>The same for numbers of one row: class k is at <paramref name="first"/> + k · <paramref name="step"/>.</summary>
    internal static void Contract(Span<float> values, IReadOnlyList<int[]> families, double factor, int first, int step)
    {
        foreach (int[] family in families)
        {
            double mean = 0;
            foreach (int k in family) mean += values[first + k * step] / family.Length;
            foreach (int k in family) values[first + k * step] = (float)(mean + factor * (values[first + k * step] - mean));
        }
    }

    /// <summary>Brings the classes of a graph into another order, with what the last dense layer has learnt of each.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="labels">The same classes in the order wanted.</param>
    /// <returns>False where the graph stays as it is: it has this order already, other classes, no labels, or more numbers per class than weights and a bias.</returns>
    /// <exception cref="OnnxException">The graph ends in something else than a dense layer.</exception>
    public static bool Reorder(Graph graph, IReadOnlyList<string> labels)
    {
        if (HasLabels(graph, labels) || ModelMetadata.Labels(graph) is not { } own || own.Count != labels.Count || labels.Except(own, StringComparer.Ordinal).Any()) return false;
        int[] from = [.. labels.Select(label => own.TakeWhile(other => other != label).Count())];
        Head head = Find(graph);
        if (!head.IsWhole) return false;
        int inputs = graph.Initializers[head.Weights].Length / from.Length;
        Move(head.Weights, inputs, head.Transposed ? inputs : 1, head.Transposed ? 1 : from.Length);
        if (head.Bias is { } bias) Move(bias, 1, 1, 0);
        ModelMetadata.SetLabels(graph, labels);
        return true;

        void Move(string name, int count, int stride, int step)
        {
            ReadOnlySpan<float> before = graph.Initializers[name].Clone().Span<float>();
            Span<float> after = graph.Initializers[name].Span<float>();
            for (int k = 0; k < from.Length; k++)
                for (int i = 0; i < count; i++) after[k * stride + i * step] = before[from[k] * stride + i * step];
        }
    }

    /// <summary>Gives a graph other classes: fresh weights in the last dense layer, new shapes of the outputs, new labels.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="labels">The new classes.</param>
    /// <param name="seed">Seed of the fresh weights.</param>
    /// <param name="kept">Weights that must stay as they are.</param>
    /// <param name="hidden">Whether the dense layers before the last one start anew too.</param>
    /// <exception cref="OnnxException">The graph ends in something else than a dense layer.</exception>
    public static void Replace(Graph graph, IReadOnlyList<string> labels, ulong seed, IReadOnlySet<string>? kept = null, bool hidden = false)
    {
        Head head = Find(graph);
        ReadOnlySpan<int> shape = graph.Initializers[head.Weights].Shape;
        int inputs = shape[head.Transposed ? 1 : 0], before = head.Classes(graph), classes = labels.Count;
        if (hidden)
        {
            foreach (Head layer in Hidden(graph, head).Where(layer => kept?.Contains(layer.Weights) != true))
            {
                // He et al. 2015, as for layers of our own.
                Tensor weights = graph.Initializers[layer.Weights];
                graph.Initializers[layer.Weights] = NetworkBuilder.RandomTensor(seed, layer.Weights, Math.Sqrt(2.0 / weights.Shape[layer.Transposed ? 1 : 0]), weights.Shape);
                if (layer.Bias is { } old) graph.Initializers[old] = Tensor.Zeros(ElementType.Float, graph.Initializers[old].Shape);
            }
        }
        // After trained layers small, so that the first answers are even: what such layers give may be large, and confident nonsense would spoil them
        // in the first steps.
        double deviation = (hidden ? 1 : 0.1) * Math.Sqrt(1.0 / inputs);
        graph.Initializers[head.Weights] = head.Transposed
            ? NetworkBuilder.RandomTensor(seed, head.Weights, deviation, classes, inputs)
            : NetworkBuilder.RandomTensor(seed, head.Weights, deviation, inputs, classes);
        if (head.Bias is { } bias)
        {
            int[] biasShape = graph.Initializers[bias].Shape.ToArray();
            biasShape[^1] = classes;
            graph.Initializers[bias] = Tensor.Zeros(ElementType.Float, biasShape);
        }
        foreach (string name in head.Shapes)
        {
            long[] sizes = graph.Initializers[name].Span<long>().ToArray();
            for (int i = 0; i < sizes.Length; i++)
                if (sizes[i] == before) sizes[i] = classes;
            graph.Initializers[name] = Tensor.Create(sizes, graph.Initializers[name].Shape);
        }
        for (int i = 0; i < graph.Outputs.Count; i++)
        {
            ValueInfo output = graph.Outputs[i];
            if (output.Shape is { Count: > 0 } dimensions && dimensions[^1].IsFixed && dimensions[^1].Size == before)
                graph.Outputs[i] = output with { Shape = [.. dimensions.SkipLast(1), Dimension.Fixed(classes)] };
        }
        ModelMetadata.SetLabels(graph, labels);
    }

    /// <summary>Takes over the weights that other graphs have with the same name and shape, their mean where there are several; the head only where the classes are the same.</summary>
    /// <returns>Number of initializers taken over.</returns>
    public static int LoadWeights(Graph graph, IReadOnlyList<Graph> from, IReadOnlyList<string> labels)
    {
        HashSet<string> head = from.All(g => HasLabels(g, labels)) ? [] : [.. Weights(graph)];
        int loaded = 0;
        foreach ((string name, Tensor tensor) in graph.Initializers)
        {
            if (head.Contains(name) || tensor.ElementType != ElementType.Float) continue;
            Tensor[] sources = [.. from.Select(g => g.Initializers.GetValueOrDefault(name)).OfType<Tensor>()
                .Where(source => source.ElementType == ElementType.Float && source.Shape.SequenceEqual(tensor.Shape))];
            if (sources.Length < from.Count) continue;
            Span<float> mean = tensor.Span<float>();
            for (int i = 0; i < mean.Length; i++)
            {
                double sum = 0;
                foreach (Tensor source in sources) sum += source.Span<float>()[i];
                mean[i] = (float)(sum / sources.Length);
            }
            loaded++;
        }
        return loaded;
    }

    private static Head Find(Graph graph)
    {
        string scores = ClassifierOutput.Of(graph).Scores;
        return Walk(graph, Node.Producers(graph.Nodes), scores, After)
            ?? throw new OnnxException($"'{scores}' doesn't come from a dense layer (Gemm, or MatMul and Add), which is needed to replace the model's classes.");
    }

    /// <summary>The dense layers before the last one, up to the first layer of another kind.</summary>
    private static List<Head> Hidden(Graph graph, Head last)
    {
        Dictionary<string, Node> producers = Node.Producers(graph.Nodes);
        string input = last.Input;
        var layers = new List<Head>();
        try
        {
            while (Walk(graph, producers, input, Between) is { } layer)
            {
                layers.Add(layer);
                input = layer.Input;
            }
        }
        catch (OnnxException)
        {
            // Another kind of layer, such as a convolution: that is where the dense part begins.
        }
        return layers;
    }

    /// <summary>Walks back from a value to the dense layer that it comes from.</summary>
    /// <returns>The layer, or null where the value comes from an input.</returns>
    /// <exception cref="OnnxException">Another operator than those that may stand between is in the way, or the layer's weights are no initializer.</exception>
    private static Head? Walk(Graph graph, Dictionary<string, Node> producers, string value, HashSet<string> allowed)
    {
        var shapes = new List<string>();
        string? bias = null;
        bool isWhole = true;
        while (producers.TryGetValue(value, out Node? node))
        {
            switch (node.OperatorType)
            {
                case "Gemm":
                    isWhole &= bias is null || node.Inputs.Count < 3 || node.Inputs[2].Length == 0;
                    return Matrix(node, node.Int("transB", 0) != 0, bias ?? (node.Inputs.Count > 2 && node.Inputs[2].Length > 0 ? node.Inputs[2] : null));
                case "MatMul":
                    return Matrix(node, false, bias);
                case "Add" when bias is null && node.Inputs.FirstOrDefault(graph.Initializers.ContainsKey) is { } added:
                    bias = added;
                    break;
                case "Reshape" when allowed.Contains("Reshape") && graph.Initializers.ContainsKey(node.Inputs[1]):
                    shapes.Add(node.Inputs[1]);
                    break;
                default:
                    if (!allowed.Contains(node.OperatorType))
                        throw new OnnxException($"{node}: expected the model to end in a dense layer (Gemm, or MatMul and Add), followed only by {string.Join(", ", allowed)}, to replace its classes.");
                    isWhole &= !node.Inputs.Any(input => graph.Initializers.TryGetValue(input, out Tensor? tensor) && tensor.ElementType == ElementType.Float && tensor.Length > 1);
                    break;
            }
            value = node.Inputs.FirstOrDefault(i => !graph.Initializers.ContainsKey(i), node.Inputs[0]);
        }
        return null;

        Head Matrix(Node node, bool transposed, string? added)
        {
            string weights = node.Inputs[1];
            // Exporters may write a transpose or a copy between a weight and its use.
            while (producers.TryGetValue(weights, out Node? before) && before.OperatorType is "Transpose" or "Identity")
            {
                transposed ^= before.OperatorType == "Transpose";
                weights = before.Inputs[0];
            }
            if (!graph.Initializers.TryGetValue(weights, out Tensor? matrix) || matrix.Rank != 2 || matrix.ElementType != ElementType.Float)
                throw new OnnxException($"{node}: its weights '{node.Inputs[1]}' are {(matrix is null ? "computed" : $"{matrix.ElementType} of rank {matrix.Rank}")}, expected a float matrix among the initializers, to replace the classes.");
            if (added is not null && (!graph.Initializers.TryGetValue(added, out Tensor? vector) || vector.Rank == 0 || vector.Length != matrix.Shape[transposed ? 0 : 1]))
                throw new OnnxException($"{node}: '{added}' is added to its result, expected an initializer with one number per class, to replace the classes.");
            return new Head(node.Inputs[0], weights, transposed, added, shapes, isWhole);
        }
    }
}
