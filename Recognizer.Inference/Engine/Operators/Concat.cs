using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Concat: tensors one behind the other along an axis; all other dimensions are equal.</summary>
internal sealed class Concat : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor first = inputs.Required(node, 0);
        if (opset >= 4 && !node.Attributes.ContainsKey("axis")) OperatorInputs.Fail(node, "attribute 'axis' is missing");
        int axis = Axes.Normalize(node, node.Int("axis", 1), first.Rank);
        int[] shape = first.Shape.ToArray();
        for (int i = 1; i < inputs.Length; i++)
        {
            ReadOnlySpan<int> other = inputs.Required(node, i).Shape;
            bool fits = other.Length == shape.Length;
            for (int a = 0; fits && a < shape.Length; a++) fits = a == axis || other[a] == shape[a];
            if (!fits) OperatorInputs.Fail(node, $"inputs {Shapes.Text(first.Shape)} and {Shapes.Text(other)} differ in more than axis {axis}");
            shape[axis] = checked(shape[axis] + other[axis]);
        }
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        int outer = Shapes.Count(shape.AsSpan(..axis)), row = Shapes.Count(shape.AsSpan(axis..)), offset = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            ReadOnlySpan<T> input = inputs.Values<T>(node, i);
            if (input.IsEmpty) continue;
            int block = input.Length / outer;
            for (int o = 0; o < outer; o++) input.Slice(o * block, block).CopyTo(output.AsSpan(o * row + offset));
            offset += block;
        }
        return [Tensor.Create(output, shape)];
    }
}
