using Recognizer.Inference;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Architectures;

/// <summary>The last dense layer of a classifier: where scores per class come from.</summary>
internal static class ClassifierHead
{
    /// <summary>Operators between the last dense layer and the outputs: softmax, temperature, changes of shape.</summary>
    private static readonly HashSet<string> After = ["Softmax", "LogSoftmax", "Div", "Mul", "Identity", "Reshape", "Flatten", "Squeeze"];

    /// <summary>Whether a graph's classes are these, in this order.</summary>
    public static bool HasLabels(Graph graph, IReadOnlyList<string> labels) => ModelMetadata.Labels(graph) is { } own && own.SequenceEqual(labels, StringComparer.Ordinal);

    /// <summary>The node that makes one score per class: a Gemm.</summary>
    /// <exception cref="OnnxException">The graph ends in something else.</exception>
    public static Node Find(Graph graph)
    {
        var producers = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
        {
            foreach (string output in node.Outputs.Where(o => o.Length > 0)) producers[output] = node;
        }
        string value = graph.Outputs[^1].Name;
        while (producers.TryGetValue(value, out Node? node))
        {
            if (node.OperatorType == "Gemm")
            {
                if (graph.Initializers.ContainsKey(node.Inputs[1])) return node;
                throw new OnnxException($"{node}: its weights '{node.Inputs[1]}' are computed, expected an initializer, to replace the classes.");
            }
            if (!After.Contains(node.OperatorType))
                throw new OnnxException($"{node}: expected the model to end in a Gemm, followed only by {string.Join(", ", After)}, to replace its classes.");
            value = node.Inputs.FirstOrDefault(i => !graph.Initializers.ContainsKey(i), node.Inputs[0]);
        }
        throw new OnnxException($"Output '{graph.Outputs[^1].Name}' doesn't come from a Gemm, which is needed to replace the model's classes.");
    }

    /// <summary>Names of the head's weights.</summary>
    public static IReadOnlyList<string> Weights(Graph graph) => [.. Find(graph).Inputs.Skip(1).Where(graph.Initializers.ContainsKey)];

    /// <summary>Gives a graph other classes: fresh weights in the last dense layer, new shapes of the outputs, new labels.</summary>
    public static void Replace(Graph graph, IReadOnlyList<string> labels, ulong seed)
    {
        Node head = Find(graph);
        string weights = head.Inputs[1];
        bool transposed = head.Int("transB", 0) != 0;
        ReadOnlySpan<int> shape = graph.Initializers[weights].Shape;
        int inputs = transposed ? shape[1] : shape[0], before = transposed ? shape[0] : shape[1], classes = labels.Count;
        double deviation = Math.Sqrt(1.0 / inputs);
        graph.Initializers[weights] = transposed
            ? NetworkBuilder.RandomTensor(seed, weights, deviation, classes, inputs)
            : NetworkBuilder.RandomTensor(seed, weights, deviation, inputs, classes);
        if (head.Inputs.Count > 2 && head.Inputs[2].Length > 0) graph.Initializers[head.Inputs[2]] = Tensor.Vector(new float[classes]);
        for (int i = 0; i < graph.Outputs.Count; i++)
        {
            ValueInfo output = graph.Outputs[i];
            if (output.Shape is { Count: > 0 } dimensions && dimensions[^1].IsFixed && dimensions[^1].Size == before)
                graph.Outputs[i] = output with { Shape = [.. dimensions.SkipLast(1), Dimension.Fixed(classes)] };
        }
        Architecture.SetLabels(graph, labels);
    }

    /// <summary>Takes over the weights of another graph that have the same name and shape; the head only where the classes are the same.</summary>
    /// <returns>Number of initializers taken over.</returns>
    public static int LoadWeights(Graph graph, Graph from, IReadOnlyList<string> labels)
    {
        HashSet<string> head = HasLabels(from, labels) ? [] : [.. Weights(graph)];
        int loaded = 0;
        foreach ((string name, Tensor tensor) in graph.Initializers)
        {
            if (head.Contains(name) || !from.Initializers.TryGetValue(name, out Tensor? source) || source.ElementType != ElementType.Float
                || tensor.ElementType != ElementType.Float || !source.Shape.SequenceEqual(tensor.Shape)) continue;
            source.Span<float>().CopyTo(tensor.Span<float>());
            loaded++;
        }
        return loaded;
    }
}
