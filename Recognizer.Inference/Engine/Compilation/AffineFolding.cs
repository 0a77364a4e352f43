using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Turns batch normalisation and arithmetic with constants into y = x · scale[c] + shift[c] over axis 1, merges chains of them,
/// and folds them into the weights of the convolution or dense layer before.</summary>
/// <param name="graph">What is rewritten.</param>
/// <param name="imageShape">Shape of one image of a value, or null where it isn't known or no axis of the value is the batch.</param>
internal sealed class AffineFolding(RewriteGraph graph, Func<string, int[]?> imageShape)
{
    public void Apply()
    {
        var nodes = new List<Node>(graph.Nodes.Count);
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
        {
            Node? replacement = node.OperatorType switch
            {
                _ when node.Domain.Length > 0 => null,
                "BatchNormalization" => FromBatchNormalization(node),
                "Add" or "Sub" or "Mul" or "Div" => FromArithmetic(node),
                "MatMul" => FromMatMul(node),
                _ => null,
            };
            // What comes before has been folded already, so that once is enough
            if (replacement is not null && IsAffine(replacement) && graph.OnlyConsumer(replacement.Inputs[0]) == node
                && places.TryGetValue(replacement.Inputs[0], out int place) && Fold(nodes[place], replacement) is { } folded)
            {
                nodes[place] = folded;
                places[folded.Outputs[0]] = place;
                continue;
            }
            foreach (string output in node.Outputs) places[output] = nodes.Count;
            nodes.Add(replacement ?? node);
        }
        graph.Nodes = nodes;
    }

    private static bool IsAffine(Node node) => node is { OperatorType: RewriteGraph.Affine, Domain: RewriteGraph.InternalDomain };

    private Node? FromBatchNormalization(Node node)
    {
        if (node.Int("training_mode", 0) != 0 || node.Outputs.Skip(1).Any(output => output.Length > 0 && (graph.IsOutput(output) || graph.Consumers(output).Count > 0))
            || node.Inputs.Count != 5 || imageShape(node.Inputs[0]) is not { Length: >= 1 } shape) return null;
        var parameters = new Tensor[4];
        for (int i = 0; i < 4; i++)
        {
            if (!graph.TryGetFloats(node.Inputs[i + 1], out Tensor? found)) return null;
            parameters[i] = found;
        }
        int channels = parameters[0].Length;
        if (channels != shape[0] || parameters.Any(parameter => parameter.Length != channels)) return null;
        double epsilon = node.Float("epsilon", 1e-5f);
        var scale = new float[channels];
        var shift = new float[channels];
        for (int c = 0; c < channels; c++)
        {
            double factor = parameters[0].Span<float>()[c] / Math.Sqrt(parameters[3].Span<float>()[c] + epsilon);
            scale[c] = (float)factor;
            shift[c] = (float)(parameters[1].Span<float>()[c] - parameters[2].Span<float>()[c] * factor);
        }
        return NewAffine(node, node.Inputs[0], scale, shift);
    }

    private Node? FromArithmetic(Node node)
    {
        // There the second operand starts at the axis that is named.
        if (graph.Opset < 7 && node.Attributes.ContainsKey("axis")) return null;
        bool second = graph.TryGetFloats(node.Inputs[1], out Tensor? constant);
        if (!second && !graph.TryGetFloats(node.Inputs[0], out constant)) return null;
        string x = node.Inputs[second ? 0 : 1];
        if (imageShape(x) is not { Length: >= 1 } shape || PerChannel(constant!, shape.Length + 1) is not { } values) return null;
        // More values than channels would stretch x.
        if (values.Length != 1 && values.Length != shape[0]) return null;
        // x·s + t where the constant is the first operand: c − x = −x + c; c / x isn't affine.
        if (node.OperatorType == "Div" && !second) return null;
        var scale = new float[values.Length];
        var shift = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            (scale[i], shift[i]) = node.OperatorType switch
            {
                "Add" => (1f, values[i]),
                "Sub" => second ? (1f, -values[i]) : (-1f, values[i]),
                "Mul" => (values[i], 0f),
                _ => ((float)(1.0 / values[i]), 0f),
            };
            if (!float.IsFinite(scale[i]) || !float.IsFinite(shift[i])) return null;
        }
        return NewAffine(node, x, scale, shift);
    }

    /// <summary>A dense layer without bias, if the weights are a constant matrix and the rows one per image.</summary>
    private Node? FromMatMul(Node node)
    {
        if (imageShape(node.Inputs[0]) is not [_] || !graph.TryGetFloats(node.Inputs[1], out Tensor? weights) || weights.Rank != 2) return null;
        return new Node("Gemm", node.Inputs, node.Outputs, node.Name);
    }

    /// <summary>The constant's values along axis 1 of a tensor of the given rank (one value where all are the same), or null if it
    /// varies along another axis.</summary>
    private static float[]? PerChannel(Tensor constant, int rank)
    {
        if (constant.Rank > rank) return null;
        if (constant.Length == 1) return constant.Span<float>().ToArray();
        for (int i = 0; i < constant.Rank; i++)
            if (constant.Shape[i] != 1 && rank - constant.Rank + i != 1) return null;
        return constant.Span<float>().ToArray();
    }

    private Node NewAffine(Node original, string x, float[] scale, float[] shift) => new(RewriteGraph.Affine,
        [x, graph.AddConstant("scale", Tensor.Vector(scale)), graph.AddConstant("shift", Tensor.Vector(shift))],
        [original.Outputs[0]], original.Name, RewriteGraph.InternalDomain);

    /// <summary>A node that computes what another, and an affine one after it, would; null where there is none.</summary>
    private Node? Fold(Node producer, Node affine)
    {
        ReadOnlySpan<float> scale = graph.Constants[affine.Inputs[1]].Span<float>();
        ReadOnlySpan<float> shift = graph.Constants[affine.Inputs[2]].Span<float>();
        Node? merged = producer switch
        {
            { Domain: RewriteGraph.InternalDomain, OperatorType: RewriteGraph.Affine } => Merge(producer, scale, shift),
            { Domain: "", OperatorType: "Conv" } => IntoConv(producer, scale, shift),
            { Domain: "", OperatorType: "Gemm" } => IntoGemm(producer, scale, shift),
            _ => null,
        };
        if (merged is not null) merged.Outputs[0] = affine.Outputs[0];
        return merged;
    }

    private Node Merge(Node first, ReadOnlySpan<float> scale, ReadOnlySpan<float> shift)
    {
        ReadOnlySpan<float> scale1 = graph.Constants[first.Inputs[1]].Span<float>();
        ReadOnlySpan<float> shift1 = graph.Constants[first.Inputs[2]].Span<float>();
        int channels = Math.Max(scale1.Length, scale.Length);
        var newScale = new float[channels];
        var newShift = new float[channels];
        for (int c = 0; c < channels; c++)
        {
            float s = At(scale, c), t = At(shift, c);
            newScale[c] = (float)((double)At(scale1, c) * s);
            newShift[c] = (float)((double)At(shift1, c) * s + t);
        }
        return NewAffine(first, first.Inputs[0], newScale, newShift);
    }

    private static float At(ReadOnlySpan<float> values, int c) => values.Length == 1 ? values[0] : values[c];

    private Node? IntoConv(Node conv, ReadOnlySpan<float> scale, ReadOnlySpan<float> shift)
    {
        if (!graph.TryGetFloats(conv.Inputs[1], out Tensor? weights) || weights.Rank < 3) return null;
        Tensor? bias = null;
        if (conv.Inputs.Count > 2 && conv.Inputs[2].Length > 0 && !graph.TryGetFloats(conv.Inputs[2], out bias)) return null;
        int channels = weights.Shape[0];
        if (channels == 0 || (scale.Length != 1 && scale.Length != channels)) return null;
        int each = weights.Length / channels;
        var newWeights = new float[weights.Length];
        var newBias = new float[channels];
        ReadOnlySpan<float> old = weights.Span<float>();
        for (int c = 0; c < channels; c++)
        {
            float s = At(scale, c);
            for (int i = c * each; i < (c + 1) * each; i++) newWeights[i] = old[i] * s;
            newBias[c] = (float)((bias is null ? 0.0 : bias.Span<float>()[c]) * s + At(shift, c));
        }
        return conv.With([conv.Inputs[0], graph.AddConstant("weights", Tensor.Create(newWeights, weights.Shape)), graph.AddConstant("bias", Tensor.Vector(newBias))]);
    }

    private Node? IntoGemm(Node gemm, ReadOnlySpan<float> scale, ReadOnlySpan<float> shift)
    {
        if (!graph.TryGetFloats(gemm.Inputs[1], out Tensor? weights) || weights.Rank != 2) return null;
        Tensor? bias = null;
        if (gemm.Inputs.Count > 2 && gemm.Inputs[2].Length > 0 && !graph.TryGetFloats(gemm.Inputs[2], out bias)) return null;
        bool transposed = gemm.Int("transB", 0) != 0;
        int columns = weights.Shape[transposed ? 0 : 1], rows = weights.Shape[transposed ? 1 : 0];
        if (scale.Length != 1 && scale.Length != columns) return null;
        if (bias is not null && bias.Length != 1 && !(bias.Length == columns && bias.Shape[^1] == columns)) return null;
        float alpha = gemm.Float("alpha", 1), beta = gemm.Float("beta", 1);
        var newWeights = new float[weights.Length];
        var newBias = new float[columns];
        ReadOnlySpan<float> old = weights.Span<float>();
        for (int c = 0; c < columns; c++)
        {
            double s = At(scale, c);
            for (int r = 0; r < rows; r++)
            {
                int i = transposed ? c * rows + r : r * columns + c;
                newWeights[i] = (float)(old[i] * s * alpha);
            }
            newBias[c] = (float)((bias is null ? 0.0 : At(bias.Span<float>(), c)) * beta * s + At(shift, c));
        }
        var folded = new Node("Gemm", [gemm.Inputs[0],
            graph.AddConstant("weights", Tensor.Create(newWeights, weights.Shape)), graph.AddConstant("bias", Tensor.Vector(newBias))],
            gemm.Outputs, gemm.Name);
        if (transposed) folded.Attributes["transB"] = 1L;
        if (gemm.Int("transA", 0) != 0) folded.Attributes["transA"] = 1L;
        return folded;
    }
}
