using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Softmax: exp(x) / Σ exp(x), and LogSoftmax: x − ln Σ exp(x). From operator set 13 the sum runs along one axis (default −1);
/// before, the input counted as a matrix whose rows end at the axis (default 1), and the sum ran over all of a row.</summary>
internal sealed class Softmax(bool logarithm) : FloatOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        int axis = Axes.Normalize(node, node.Int("axis", opset < 13 ? 1 : -1), x.Rank, end: opset < 13);
        int count = Shapes.Count(opset < 13 ? x.Shape[axis..] : x.Shape[axis..(axis + 1)]);
        int stride = opset < 13 ? 1 : Shapes.Count(x.Shape[(axis + 1)..]);
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        var output = new T[input.Length];
        for (int start = 0; start < output.Length; start++)
        {
            if (start / stride % count != 0) continue;      // not the first element of its sum
            T largest = input[start], sum = T.Zero;
            for (int i = 1; i < count; i++) largest = T.Max(largest, input[start + i * stride]);
            for (int i = 0; i < count; i++) sum += T.Exp(input[start + i * stride] - largest);
            for (int i = 0; i < count; i++)
            {
                T shifted = input[start + i * stride] - largest;
                output[start + i * stride] = logarithm ? shifted - T.Log(sum) : T.Exp(shifted) / sum;
            }
        }
        return [Tensor.Create(output, x.Shape)];
    }
}
