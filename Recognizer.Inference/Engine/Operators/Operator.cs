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
    /// <returns>At least one tensor per output of the node. They may share arrays with inputs and attributes.</returns>
    /// <exception cref="OnnxException">Inputs or attributes break the operator's rules.</exception>
    public Tensor[] Evaluate(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor[] outputs;
        try
        {
            outputs = Compute(node, opset, inputs);
        }
        catch (ArithmeticException exception)
        {
            // integer division by 0, or sizes that no array can have
            throw new OnnxException($"{node}: {exception.Message}", exception);
        }
        for (int i = outputs.Length; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i].Length > 0) throw new OnnxException($"{node}: its output {i} is not supported, expected at most {outputs.Length}.");
        }
        return outputs;
    }

    /// <summary>What <see cref="Evaluate"/> does, for one operator; it may give more outputs than the node has.</summary>
    protected abstract Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs);
}
