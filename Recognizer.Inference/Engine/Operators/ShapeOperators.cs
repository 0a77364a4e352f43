using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>An operator that gives the same elements, in the same order, another shape. The result shares the input's array.</summary>
internal abstract class ShapeOperator : Operator
{
    protected sealed override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        int[] shape = NewShape(node, x, inputs);
        long count = Tensor.ElementCount(x.Shape), wanted = 1;
        foreach (int dimension in shape) wanted = Math.Min(wanted * dimension, long.MaxValue >> 32);
        if (count != wanted) OperatorInputs.Fail(node, $"the input {Shapes.Text(x.Shape)} has {count} elements, which can't take the shape {Shapes.Text(shape)}");
        return [x.Reshape(shape)];
    }

    protected abstract int[] NewShape(Node node, Tensor x, ReadOnlySpan<Tensor?> inputs);
}

/// <summary>Identity.</summary>
internal sealed class Identity : ShapeOperator
{
    protected override int[] NewShape(Node node, Tensor x, ReadOnlySpan<Tensor?> inputs) => x.Shape.ToArray();
}

/// <summary>Flatten: a matrix; the axes before <c>axis</c> make its rows. Axis may be the rank itself.</summary>
internal sealed class Flatten : ShapeOperator
{
    protected override int[] NewShape(Node node, Tensor x, ReadOnlySpan<Tensor?> inputs)
    {
        int split = Axes.Normalize(node, node.Int("axis", 1), x.Rank, end: true);
        return [Shapes.Count(x.Shape[..split]), Shapes.Count(x.Shape[split..])];
    }
}

/// <summary>Reshape: −1 stands for what is left over, 0 for the input's dimension unless allowzero is set.</summary>
internal sealed class Reshape : ShapeOperator
{
    protected override int[] NewShape(Node node, Tensor x, ReadOnlySpan<Tensor?> inputs)
    {
        long[] wanted = inputs.Optional(1)?.Integers(node, 1) ?? node.Ints("shape") ?? throw new OnnxException($"{node}: input 1, the shape, is missing.");
        bool allowZero = node.Int("allowzero", 0) != 0;
        var shape = new int[wanted.Length];
        int unknown = -1;
        long known = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            if (wanted[i] is < -1 or > int.MaxValue) OperatorInputs.Fail(node, $"the shape holds {wanted[i]}");
            if (wanted[i] == -1)
            {
                if (unknown >= 0) OperatorInputs.Fail(node, $"the shape [{string.Join(", ", wanted)}] holds −1 twice");
                unknown = i;
                continue;
            }
            if (wanted[i] == 0 && !allowZero && i >= x.Rank) OperatorInputs.Fail(node, $"the shape copies dimension {i} of an input of rank {x.Rank}");
            shape[i] = wanted[i] == 0 && !allowZero ? x.Shape[i] : (int)wanted[i];
            known = Math.Min(known * shape[i], int.MaxValue);
        }
        if (unknown >= 0)
        {
            if (known == 0 || x.Length % known != 0)
                OperatorInputs.Fail(node, $"{x.Length} elements of {Shapes.Text(x.Shape)} can't take the shape [{string.Join(", ", wanted)}]");
            shape[unknown] = (int)(x.Length / known);
        }
        return shape;
    }
}

/// <summary>Squeeze: drops the named axes, which must be 1, or all that are 1.</summary>
internal sealed class Squeeze : ShapeOperator
{
    protected override int[] NewShape(Node node, Tensor x, ReadOnlySpan<Tensor?> inputs)
    {
        long[]? axes = Shapes.AxesArgument(node, inputs, 1);
        bool[] dropped = Shapes.AxisMask(node, axes, x.Rank);
        var shape = new List<int>();
        for (int i = 0; i < x.Rank; i++)
        {
            if (dropped[i] && x.Shape[i] != 1) OperatorInputs.Fail(node, $"axis {i} of {Shapes.Text(x.Shape)} is not 1");
            if (axes is null ? x.Shape[i] != 1 : !dropped[i]) shape.Add(x.Shape[i]);
        }
        return [.. shape];
    }
}

/// <summary>Unsqueeze: axes of size 1 are put in so that they end up at the named places.</summary>
internal sealed class Unsqueeze : ShapeOperator
{
    protected override int[] NewShape(Node node, Tensor x, ReadOnlySpan<Tensor?> inputs)
    {
        long[] axes = Shapes.AxesArgument(node, inputs, 1) ?? throw new OnnxException($"{node}: the axes are missing.");
        if (axes.Length > 64) OperatorInputs.Fail(node, $"{axes.Length} axes are too many");
        bool[] added = Shapes.AxisMask(node, axes, x.Rank + axes.Length);
        var shape = new int[added.Length];
        for (int i = 0, from = 0; i < shape.Length; i++) shape[i] = added[i] ? 1 : x.Shape[from++];
        return shape;
    }
}
