using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Reads activation functions from nodes.</summary>
internal static class NodeActivation
{
    /// <summary>The activation that a node computes of its first input.</summary>
    public static bool TryRead(RewriteGraph graph, Node node, out Activation activation)
    {
        activation = default;
        Activation? found = (node.Domain, node.OperatorType) switch
        {
            (RewriteGraph.InternalDomain, "Gelu") => new Activation(ActivationKind.Gelu),
            ("", "Gelu") when node.String("approximate", "none") == "none" => new Activation(ActivationKind.Gelu),
            ("", "Relu") => new Activation(ActivationKind.Relu),
            ("", "LeakyRelu") => new Activation(ActivationKind.LeakyRelu, node.Float("alpha", 0.01f)),
            ("", "Sigmoid") => new Activation(ActivationKind.Sigmoid),
            ("", "Tanh") => new Activation(ActivationKind.Tanh),
            ("", "HardSigmoid") => new Activation(ActivationKind.HardSigmoid, node.Float("alpha", 0.2f), node.Float("beta", 0.5f)),
            ("", "HardSwish") => new Activation(ActivationKind.HardSwish),
            ("", "Clip") => Clip(graph, node),
            _ => null,
        };
        if (found is null) return false;
        activation = found.Value;
        return true;
    }

    /// <summary>Whether a larger argument never gives a smaller value, so that a maximum may be taken before or after.</summary>
    public static bool IsMonotone(Activation activation) => activation.Kind switch
    {
        ActivationKind.None or ActivationKind.Relu or ActivationKind.Sigmoid or ActivationKind.Tanh or ActivationKind.Clip => true,
        ActivationKind.LeakyRelu or ActivationKind.HardSigmoid => activation.Alpha >= 0,
        _ => false,
    };

    private static Activation? Clip(RewriteGraph graph, Node node)
    {
        float low = node.Float("min", float.NegativeInfinity), high = node.Float("max", float.PositiveInfinity);
        for (int i = 1; i < node.Inputs.Count && i <= 2; i++)
        {
            if (node.Inputs[i].Length == 0) continue;
            if (!graph.TryGetFloats(node.Inputs[i], out Tensor? bound) || bound.Length != 1) return null;
            if (i == 1) low = bound.Span<float>()[0];
            else high = bound.Span<float>()[0];
        }
        // min(max(x, low), high) gives high where the bounds are the wrong way round, NaN bounds are nobody's business here.
        return low <= high ? new Activation(ActivationKind.Clip, low, high) : null;
    }
}
