using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Clip: min(max(x, lower), upper). The bounds are attributes before operator set 11 and optional inputs since.</summary>
internal sealed class Clip : NumericOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        (T Value, bool Given) lower = Bound<T>(node, inputs, 1, "min"), upper = Bound<T>(node, inputs, 2, "max");
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        var output = new T[input.Length];
        for (int i = 0; i < output.Length; i++)
        {
            T value = input[i];
            if (lower.Given) value = T.Max(value, lower.Value);
            if (upper.Given) value = T.Min(value, upper.Value);
            output[i] = value;
        }
        return [Tensor.Create(output, x.Shape)];
    }

    private static (T, bool) Bound<T>(Node node, ReadOnlySpan<Tensor?> inputs, int index, string attribute) where T : System.Numerics.INumber<T>
    {
        if (inputs.Optional(index) is { } bound) return (bound.Single<T>(node, index), true);
        return node.Attributes.ContainsKey(attribute) ? (T.CreateTruncating(node.Float(attribute, 0)), true) : (T.Zero, false);
    }
}
