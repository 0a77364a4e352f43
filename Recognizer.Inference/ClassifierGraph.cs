using Recognizer.Inference.Onnx;

namespace Recognizer.Inference;

/// <summary>What a model's scores are; independent ones are probabilities of each class by itself, which don't add up to 1.</summary>
internal enum ScoreKind
{
    Probabilities,
    LogProbabilities,
    Logits,
    Independent,
}

/// <summary>Where images go into a graph and a classifier's scores come out.</summary>
internal static class ClassifierGraph
{
    private const int PixelsPerImage = CharacterRecognizer.Side * CharacterRecognizer.Side;

    /// <summary>The input, if there is one that takes images.</summary>
    /// <exception cref="OnnxException">There isn't.</exception>
    public static ValueInfo SingleInput(Graph graph)
    {
        if (graph.Inputs.Count != 1) throw new OnnxException($"The model has {graph.Inputs.Count} inputs, expected one image input.");
        ValueInfo input = graph.Inputs[0];
        if (input.ElementType is not (ElementType.Float or ElementType.UInt8))
            throw new OnnxException($"Input '{input.Name}' is of type {input.ElementType}, expected Float or UInt8.");
        if (input.Shape is [{ IsFixed: true, Size: 0 }, ..]) throw new OnnxException($"Input '{input.Name}' is {input}, expected at least one image.");
        long pixels = ImageShape(input).Aggregate(1L, (product, size) => product * size);
        if (pixels != PixelsPerImage) throw new OnnxException($"Input '{input.Name}' is {input}, expected {PixelsPerImage} values per image (28×28, one channel).");
        return input;
    }

    /// <summary>Dimensions of one image, of which those that the model leaves open are 1; two, beside which there is one channel at most, are height and width.</summary>
    public static int[] ImageShape(ValueInfo input)
    {
        Dimension[] image = [.. (input.Shape ?? []).Skip(1)];
        int open = image.Count(d => !d.IsFixed) == 2 && image.All(d => !d.IsFixed || d.Size == 1) ? CharacterRecognizer.Side : 1;
        return [.. image.Select(d => d.IsFixed ? d.Size : open)];
    }

    /// <summary>The output of floats that a softmax made, else a log-softmax, else the last one: independent probabilities where sigmoids made it, else logits. Where what a softmax takes is a
    /// plain [N, classes], that is taken instead, because the softmax forgets how large the logits are, which tells characters from other marks.</summary>
    /// <param name="graph">A valid graph.</param>
    /// <exception cref="OnnxException">No output is of floats.</exception>
    public static (string Name, ScoreKind Kind) ScoreOutput(Graph graph)
    {
        ValueInfo[] outputs = [.. graph.Outputs.Where(output => output.ElementType == ElementType.Float)];
        if (outputs.Length == 0) throw new OnnxException($"Output '{graph.Outputs[^1].Name}' is of type {graph.Outputs[^1].ElementType}, expected Float.");
        Dictionary<string, Node> producers = Node.Producers(graph.Nodes);
        foreach ((string type, ScoreKind kind) in new[] { ("Softmax", ScoreKind.Probabilities), ("LogSoftmax", ScoreKind.LogProbabilities) })
        {
            foreach (ValueInfo output in outputs)
            {
                if (Maker(output.Name) is not { } maker || maker.OperatorType != type) continue;
                bool isPlain = maker.Outputs.Contains(output.Name) && output.Shape is { Count: 2 } && maker.Int("axis", -1) is 1 or -1
                    && maker.Inputs is [var logits, ..] && producers.TryGetValue(logits, out Node? before) && before.OperatorType != "Cast";
                return isPlain ? (maker.Inputs[0], ScoreKind.Logits) : (output.Name, kind);
            }
        }
        string last = outputs[^1].Name;
        return (last, Maker(last) is { OperatorType: "Sigmoid" } ? ScoreKind.Independent : ScoreKind.Logits);

        // What computed a value's numbers: nodes after it that only write them in another way are passed over
        Node? Maker(string value)
        {
            while (producers.TryGetValue(value, out Node? node) && node.Domain.Length == 0)
            {
                bool rewrites = node.OperatorType is "Identity" or "Reshape" or "Squeeze" or "Flatten" or "DequantizeLinear" or "QuantizeLinear" or "Clip"
                    || node.OperatorType == "Cast" && CastTarget.Of(node) is ElementType.Float or ElementType.Float16 or ElementType.Double;
                if (!rewrites || node.Inputs.Count == 0) return node;
                value = node.Inputs[0];
            }
            return null;
        }
    }
}
