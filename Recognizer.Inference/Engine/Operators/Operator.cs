using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Reference semantics of one ONNX operator: plain loops, every element type that the operator takes, no speed. Plans fold
/// constants with it, run what no kernel covers, and tests hold every kernel to it (in double precision where that matters).</summary>
internal abstract class Operator
{
    /// <summary>Computes the outputs of a node.</summary>
    /// <param name="node">The node, for its attributes and for messages.</param>
    /// <param name="opset">Version of the standard operator set that the model follows.</param>
    /// <param name="inputs">One tensor per input of the node; null where an optional input is left out.</param>
    /// <returns>One tensor per output of the node.</returns>
    /// <exception cref="OnnxException">Inputs or attributes break the operator's rules.</exception>
    public abstract Tensor[] Evaluate(Node node, int opset, ReadOnlySpan<Tensor?> inputs);
}
