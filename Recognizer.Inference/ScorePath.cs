using Recognizer.Inference.Onnx;

namespace Recognizer.Inference;

/// <summary>How a value's numbers became probabilities, or logarithms of them: the nodes from the value back to a softmax, which may be written out in several.</summary>
/// <param name="Kind">What the numbers are. Probabilities, or their logarithms, are always those of a softmax.</param>
/// <param name="IsPartial">Whether some of them may be left out, so that the rest need not add up to 1.</param>
/// <param name="Nodes">The nodes, the last to compute first; the last of them computes the softmax, where there is one.</param>
internal sealed record ScorePath(ScoreKind Kind, bool IsPartial, IReadOnlyList<Node> Nodes)
{
    /// <summary>Follows a value back.</summary>
    /// <param name="producers">The node that writes each value of a graph in inference mode.</param>
    /// <param name="value">The value.</param>
    public static ScorePath Of(IReadOnlyDictionary<string, Node> producers, string value)
    {
        var nodes = new List<Node>();
        while (producers.TryGetValue(value, out Node? node) && node is { Domain: "", Inputs.Count: > 0 })
        {
            nodes.Add(node);
            if (!Moves(node) && !Rewrites(node) && node.OperatorType is not ("Exp" or "Log")) break;
            value = node.Inputs[0];
        }
        var kind = ScoreKind.Logits;
        bool isPartial = false;
        foreach (Node node in Enumerable.Reverse(nodes))
        {
            kind = (node.OperatorType, kind) switch
            {
                ("Softmax", _) => ScoreKind.Probabilities,
                ("LogSoftmax", _) => ScoreKind.LogProbabilities,
                ("Sigmoid", _) => ScoreKind.Independent,
                ("Div", _) when Exponentials(producers, node) is not null => ScoreKind.Probabilities,
                ("Exp", ScoreKind.LogProbabilities) => ScoreKind.Probabilities,
                ("Log", ScoreKind.Probabilities) => ScoreKind.LogProbabilities,
                _ when Moves(node) || Rewrites(node) => kind,
                _ => ScoreKind.Logits,
            };
            isPartial |= node.OperatorType is "Slice" or "Gather";
        }
        return new ScorePath(kind, isPartial, nodes);
    }

    /// <summary>Whether a node puts the numbers of its first input into another shape or order, or picks some of them.</summary>
    public static bool Moves(Node node) => node.OperatorType is "Identity" or "Reshape" or "Flatten" or "Squeeze" || Rearranges(node);

    /// <summary>Whether a node puts numbers into another order, picks some of them, or makes rows of them.</summary>
    public static bool Rearranges(Node node) => node.OperatorType is "Unsqueeze" or "Transpose" or "Slice" or "Gather";

    /// <summary>What the softmax at the end of the path is applied to.</summary>
    public static string Logits(IReadOnlyDictionary<string, Node> producers, Node softmax)
    {
        if (Exponentials(producers, softmax) is not { } exponentials) return softmax.Inputs[0];
        // What is largest is taken off so that no number overflows, which changes nothing else.
        string logits = exponentials.Inputs[0];
        return producers.TryGetValue(logits, out Node? less) && less is { OperatorType: "Sub", Inputs: [var all, var off] } && producers.TryGetValue(off, out Node? largest)
            && largest is { OperatorType: "ReduceMax", Inputs: [var over, ..] } && over == all ? all : logits;
    }

    private static bool Rewrites(Node node) => node.OperatorType is "Clip" or "Dropout" or "DequantizeLinear" or "QuantizeLinear"
        || node.OperatorType == "Cast" && CastTarget.Of(node) is ElementType.Float or ElementType.Float16 or ElementType.Double;

    /// <summary>The exponentials that a quotient divides by their sum, as a softmax is written out; null where it is another.</summary>
    private static Node? Exponentials(IReadOnlyDictionary<string, Node> producers, Node division) =>
        division is { OperatorType: "Div", Inputs: [var left, var right] } && producers.TryGetValue(right, out Node? sum) && sum is { OperatorType: "ReduceSum", Inputs: [var summed, ..] } && summed == left
            && producers.TryGetValue(left, out Node? exponentials) && exponentials is { OperatorType: "Exp", Inputs.Count: 1 } ? exponentials : null;
}
