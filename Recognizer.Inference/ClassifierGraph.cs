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
    /// plain [N, classes], that is taken instead, because the softmax forgets how large the logits are, which tells characters from other marks. A part of a softmax's probabilities
    /// is made to add up to 1, as independent ones are.</summary>
    /// <param name="graph">A valid graph in inference mode.</param>
    /// <exception cref="OnnxException">No output is of floats.</exception>
    public static (string Name, ScoreKind Kind) ScoreOutput(Graph graph)
    {
        ValueInfo[] outputs = [.. graph.Outputs.Where(output => output.ElementType == ElementType.Float)];
        if (outputs.Length == 0) throw new OnnxException($"Output '{graph.Outputs[^1].Name}' is of type {graph.Outputs[^1].ElementType}, expected Float.");
        Dictionary<string, Node> producers = Node.Producers(graph.Nodes);
        foreach (ScoreKind kind in (ReadOnlySpan<ScoreKind>)[ScoreKind.Probabilities, ScoreKind.LogProbabilities])
        {
            foreach (ValueInfo output in outputs)
            {
                ScorePath path = ScorePath.Of(producers, output.Name);
                // Beside other outputs, numbers of a softmax in another form may be anything, such as what an attention looks at
                if (path.Kind != kind || output != outputs[^1] && path.Nodes.Any(ScorePath.Rearranges)) continue;
                bool isPlain = path.Nodes is [{ OperatorType: "Softmax" or "LogSoftmax" } softmax] && output.Shape is { Count: 2 } && softmax.Int("axis", -1) is 1 or -1
                    && producers.TryGetValue(softmax.Inputs[0], out Node? before) && before.OperatorType != "Cast";
                if (isPlain) return (path.Nodes[0].Inputs[0], ScoreKind.Logits);
                // A softmax of what logarithms are left makes them add up, too
                return (output.Name, !path.IsPartial ? kind : kind == ScoreKind.Probabilities ? ScoreKind.Independent : ScoreKind.Logits);
            }
        }
        string last = outputs[^1].Name;
        return (last, ScorePath.Of(producers, last).Kind);
    }

    /// <summary>Scores per image.</summary>
    /// <param name="input">The input of images.</param>
    /// <param name="output">The scores, as far as their shape is known.</param>
    /// <param name="open">Says how many what the output leaves open is taken for; null for an error.</param>
    /// <exception cref="OnnxException">There are none, or their number can't be told.</exception>
    public static int Classes(ValueInfo? input, ValueInfo output, Func<int?> open)
    {
        if (output.ElementType != ElementType.Float) throw new OnnxException($"Output '{output.Name}' is of type {output.ElementType}, expected Float.");
        long? classes = null;
        if (output.Shape is { Count: > 0 } shape)
        {
            // A model of one image may leave out the batch
            if (shape.All(d => d.IsFixed) && input?.Shape is [{ IsFixed: true, Size: > 0 } batch, ..] && Product(shape) % batch.Size == 0) classes = Product(shape) / batch.Size;
            else if (shape.Count > 1 && shape.Skip(1).All(d => d.IsFixed)) classes = Product(shape.Skip(1));
        }
        return (classes ?? open()) switch
        {
            null => throw new OnnxException($"Output '{output.Name}' is {output}; the number of classes can't be told."),
            < 1 or > int.MaxValue => throw new OnnxException($"Output '{output.Name}' is {output}, expected at least one score per image."),
            { } count => (int)count,
        };

        static long Product(IEnumerable<Dimension> dimensions) => dimensions.Aggregate(1L, (product, dimension) => product * dimension.Size);
    }
}
