using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Dropout as inference has it: the input, and a mask that keeps everything. Training mode is random and refused, unless its
/// ratio is 0.</summary>
internal sealed class Dropout : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        if (IsRandom(node, inputs)) OperatorInputs.Fail(node, "training mode has random outputs, which only training draws");
        // operator sets before 10 gave the mask the type of the data
        Tensor mask = Tensor.Zeros(opset < 10 ? x.ElementType : ElementType.Bool, x.Shape);
        switch (mask.Data)
        {
            case bool[] values: Array.Fill(values, true); break;
            case float[] values: Array.Fill(values, 1f); break;
            case double[] values: Array.Fill(values, 1.0); break;
            case Half[] values: Array.Fill(values, Half.One); break;
            default: OperatorInputs.Fail(node, $"the first input is {x.ElementType}, expected Float, Double or Float16"); break;
        }
        return [x, mask];
    }

    /// <summary>Whether the outputs would be drawn at random.</summary>
    public static bool IsRandom(Node node, ReadOnlySpan<Tensor?> inputs)
    {
        if (inputs.Optional(2) is not { } training || !training.Single<bool>(node, 2)) return false;
        double ratio = inputs.Optional(1) is { } value ? Cast.To<double>(node, value)[0] : 0.5;
        return ratio != 0;
    }
}
