using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Removes nodes that do nothing when a network is only run, and recognises operators that are written out as several nodes.</summary>
internal static class Simplification
{
    /// <summary>Simplifies.</summary>
    /// <param name="graph">What is rewritten, its constants folded.</param>
    /// <param name="elementType">Type of a value, where it is known.</param>
    /// <param name="isFloatImage">Whether a value is a float tensor with the batch first.</param>
    public static void Apply(RewriteGraph graph, Func<string, ElementType?> elementType, Func<string, bool> isFloatImage)
    {
        graph.Rewrite(node => DoesNothing(graph, node, elementType) ? null : node);
        var changes = new Dictionary<Node, Node?>();
        foreach (Node node in graph.Nodes)
        {
            if (node is { OperatorType: "Erf", Domain: "" }) RecogniseGelu(graph, node, isFloatImage, changes);
        }
        if (changes.Count > 0) graph.Rewrite(node => changes.TryGetValue(node, out Node? change) ? change : node);
    }

    private static bool DoesNothing(RewriteGraph graph, Node node, Func<string, ElementType?> elementType)
    {
        if (node.Domain.Length > 0) return false;
        switch (node.OperatorType)
        {
            case "Identity":
                return true;
            case "Dropout":
                bool maskUsed = node.Outputs.Count > 1 && node.Outputs[1].Length > 0
                    && (graph.IsOutput(node.Outputs[1]) || graph.Consumers(node.Outputs[1]).Count > 0);
                bool training = node.Inputs.Count > 2 && node.Inputs[2].Length > 0
                    && !(graph.Constants.TryGetValue(node.Inputs[2], out Tensor? mode) && mode is { ElementType: ElementType.Bool, Length: 1 } && !mode.Span<bool>()[0]);
                return !maskUsed && !training;
            case "Cast":
                return elementType(node.Inputs[0]) == CastTarget.Of(node);
            default:
                return false;
        }
    }

    /// <summary>gelu(x) = ½ · x · (1 + erf(x / √2)), in the orders in which exporters write the three products.</summary>
    /// <param name="graph">Where it is looked for.</param>
    /// <param name="erf">The error function in it.</param>
    /// <param name="isFloatImage">Whether a value is a float tensor with the batch first.</param>
    /// <param name="changes">Receives the last node with what takes its place, and the others, of which nothing is left.</param>
    private static void RecogniseGelu(RewriteGraph graph, Node erf, Func<string, bool> isFloatImage, Dictionary<Node, Node?> changes)
    {
        if (graph.Producer(erf.Inputs[0]) is not { Domain: "" } inner || ScaledValue(graph, inner) is not { } scaled
            || Math.Abs(scaled.Factor - Math.Sqrt(0.5)) > 1e-6) return;
        string x = scaled.Value;
        if (!isFloatImage(x) || graph.OnlyConsumer(inner.Outputs[0]) != erf || graph.OnlyConsumer(erf.Outputs[0]) is not { OperatorType: "Add", Domain: "" } add
            || ScalarOperand(graph, add, out _) != 1) return;
        // value · x · ½: the remaining factors in any order.
        var chain = new List<Node> { inner, erf, add };
        bool half = false, byX = false;
        string value = add.Outputs[0];
        while (!(half && byX))
        {
            if (graph.OnlyConsumer(value) is not { OperatorType: "Mul" or "Div", Domain: "" } next) return;
            if (!half && ScaledValue(graph, next) is { } again && again.Value == value && again.Factor == 0.5) half = true;
            else if (!byX && next.OperatorType == "Mul" && OtherOperand(next, value) is { } other)
            {
                if (other == x) byX = true;
                else if (!half && graph.Producer(other) is { Domain: "" } halved && ScaledValue(graph, halved) is { } pair && pair.Value == x && pair.Factor == 0.5
                    && graph.OnlyConsumer(other) == next)
                {
                    half = byX = true;
                    chain.Add(halved);
                }
                else return;
            }
            else return;
            chain.Add(next);
            value = next.Outputs[0];
        }
        Node last = chain[^1];
        foreach (Node node in chain) changes[node] = null;
        changes[last] = new Node("Gelu", [x], [value], last.Name, RewriteGraph.InternalDomain);
    }

    private static string? OtherOperand(Node node, string value) =>
        node.Inputs[0] == value ? node.Inputs[1] : node.Inputs[1] == value ? node.Inputs[0] : null;

    /// <summary>The value and the factor of a product with, or quotient by, a scalar constant.</summary>
    private static (string Value, double Factor)? ScaledValue(RewriteGraph graph, Node node)
    {
        if (node.OperatorType is not ("Mul" or "Div") || ScalarOperand(graph, node, out bool second) is not { } scalar) return null;
        if (node.OperatorType == "Div" && !second) return null;
        return (node.Inputs[second ? 0 : 1], node.OperatorType == "Div" ? 1 / scalar : scalar);
    }

    private static double? ScalarOperand(RewriteGraph graph, Node node, out bool second)
    {
        second = graph.TryGetFloats(node.Inputs[1], out Tensor? constant);
        if (!second && !graph.TryGetFloats(node.Inputs[0], out constant)) return null;
        return constant!.Length == 1 ? constant.Span<float>()[0] : null;
    }
}
