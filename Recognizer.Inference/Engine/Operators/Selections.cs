using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Slice: start, start + step, … along each named axis, up to but without end. Negative positions count from the end.</summary>
internal sealed class Slice : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        long[] starts = List(node, inputs, 1, "starts") ?? throw new OnnxException($"{node}: the starts are missing.");
        long[] ends = List(node, inputs, 2, "ends") ?? throw new OnnxException($"{node}: the ends are missing.");
        long[] axes = List(node, inputs, 3, "axes") ?? [.. Enumerable.Range(0, starts.Length).Select(axis => (long)axis)];
        long[] steps = inputs.Optional(4)?.Integers(node, 4) ?? [.. axes.Select(_ => 1L)];
        if (ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length)
            OperatorInputs.Fail(node, $"there are {starts.Length} starts, {ends.Length} ends, {axes.Length} axes and {steps.Length} steps, expected as many of each");
        int[] own = Shapes.Strides(x.Shape), shape = x.Shape.ToArray(), strides = (int[])own.Clone();
        int origin = 0;
        int[] named = Axes.Normalize(node, axes, x.Rank);
        for (int i = 0; i < named.Length; i++)
        {
            int axis = named[i];
            (int first, int count) = Slicing.Resolve(node, starts[i], ends[i], steps[i], x.Shape[axis]);
            shape[axis] = count;
            origin += count == 0 ? 0 : first * own[axis];
            strides[axis] = count <= 1 ? 0 : (int)steps[i] * own[axis];
        }
        return [Shapes.Gather<T>(node, x, shape, strides, origin)];
    }

    // attributes before operator set 10
    private static long[]? List(Node node, ReadOnlySpan<Tensor?> inputs, int index, string attribute) =>
        inputs.Optional(index)?.Integers(node, index) ?? node.Ints(attribute);
}

/// <summary>Gather: the slices along an axis that indices name; negative indices count from the end.</summary>
internal sealed class Gather : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), indices = inputs.Required(node, 1);
        int axis = Axes.Normalize(node, node.Int("axis", 0), x.Rank);
        int size = x.Shape[axis], outer = Shapes.Count(x.Shape[..axis]), inner = Shapes.Count(x.Shape[(axis + 1)..]);
        int[] shape = [.. x.Shape[..axis], .. indices.Shape, .. x.Shape[(axis + 1)..]];
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        int to = 0;
        long[] rows = indices.Integers(node, 1);
        for (int o = 0; o < outer; o++)
        {
            foreach (long index in rows)
            {
                if (index < -size || index >= size) OperatorInputs.Fail(node, $"index {index} is outside axis {axis} of {Shapes.Text(x.Shape)}");
                int row = (int)(index < 0 ? index + size : index);
                input.Slice((o * size + row) * inner, inner).CopyTo(output.AsSpan(to));
                to += inner;
            }
        }
        return [Tensor.Create(output, shape)];
    }
}

/// <summary>Split: cuts an axis into pieces of given lengths, or into as many equal ones as there are outputs.</summary>
internal sealed class Split : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        int axis = Axes.Normalize(node, node.Int("axis", 0), x.Rank), size = x.Shape[axis];
        if (node.Int("num_outputs", node.Outputs.Count) != node.Outputs.Count)
            OperatorInputs.Fail(node, $"attribute 'num_outputs' is {node.Int("num_outputs", 0)}, but there are {node.Outputs.Count} outputs");
        long[] lengths = inputs.Optional(1)?.Integers(node, 1) ?? node.Ints("split")
            ?? Array.ConvertAll(Slicing.EqualParts(node, opset, size, node.Outputs.Count), length => (long)length);
        if (lengths.Any(length => length < 0) || lengths.Sum() != size || lengths.Length < node.Outputs.Count)
            OperatorInputs.Fail(node, $"pieces of [{string.Join(", ", lengths)}] don't make up axis {axis} of {Shapes.Text(x.Shape)} in {node.Outputs.Count} outputs");
        int[] strides = Shapes.Strides(x.Shape);
        var pieces = new Tensor[lengths.Length];
        int start = 0;
        for (int i = 0; i < pieces.Length; i++)
        {
            int[] shape = x.Shape.ToArray();
            shape[axis] = (int)lengths[i];
            pieces[i] = Shapes.Gather<T>(node, x, shape, strides, start * strides[axis]);
            start += shape[axis];
        }
        return pieces;
    }
}

/// <summary>Expand: broadcasts to a shape, both ways.</summary>
internal sealed class Expand : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        int[] shape = Broadcasting.Shape(node, x.Shape, Shapes.FromInput(node, inputs.Required(node, 1), 1));
        return [Tensor.Create(Shapes.Stretch(node, x.Values<T>(node, 0), x.Shape, shape), shape)];
    }
}

/// <summary>Equal: whether elements are the same, broadcast to one shape; NaN is unlike everything.</summary>
internal sealed class Equal : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), y = inputs.Required(node, 1);
        int[] right = [.. y.Shape, .. Enumerable.Repeat(1, Broadcasting.LegacyPadding(node, opset, x.Rank, y.Rank))];
        int[] shape = Broadcasting.Shape(node, x.Shape, right);
        T[] a = Shapes.Stretch(node, x.Values<T>(node, 0), x.Shape, shape), b = Shapes.Stretch(node, y.Values<T>(node, 1), right, shape);
        var equal = new bool[a.Length];
        for (int i = 0; i < equal.Length; i++) equal[i] = EqualityComparer<T>.Default.Equals(a[i], b[i]) && !IsNaN(a[i]);
        return [Tensor.Create(equal, shape)];
    }

    private static bool IsNaN<T>(T value) => value switch
    {
        float number => float.IsNaN(number),
        double number => double.IsNaN(number),
        Half number => Half.IsNaN(number),
        _ => false,
    };
}

/// <summary>Where: elements of the second input where the condition holds, else of the third, all broadcast to one shape.</summary>
internal sealed class Where : MovementOperator
{
    protected override int DataInput => 1;

    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor condition = inputs.Required(node, 0), x = inputs.Required(node, 1), y = inputs.Required(node, 2);
        int[] shape = Broadcasting.Shape(node, condition.Shape, Broadcasting.Shape(node, x.Shape, y.Shape));
        bool[] chosen = Shapes.Stretch(node, condition.Values<bool>(node, 0), condition.Shape, shape);
        T[] output = Shapes.Stretch(node, x.Values<T>(node, 1), x.Shape, shape), other = Shapes.Stretch(node, y.Values<T>(node, 2), y.Shape, shape);
        for (int i = 0; i < output.Length; i++)
        {
            if (!chosen[i]) output[i] = other[i];
        }
        return [Tensor.Create(output, shape)];
    }
}

/// <summary>Shape: the dimensions, or some of them, as Int64.</summary>
internal sealed class Shape : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        int start = Position(node.Int("start", 0), x.Rank), end = Position(node.Int("end", x.Rank), x.Rank);
        long[] dimensions = Array.ConvertAll(x.Shape[start..Math.Max(start, end)].ToArray(), dimension => (long)dimension);
        return [Tensor.Vector(dimensions)];
    }

    private static int Position(long position, int rank) => (int)Math.Clamp(position < 0 ? position + rank : position, 0, rank);
}

/// <summary>ConstantOfShape: a tensor of one value (0 as Float if none is given).</summary>
internal sealed class ConstantOfShape : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        int[] shape = Shapes.FromInput(node, inputs.Required(node, 0), 0);
        Tensor value = node.Attributes.TryGetValue("value", out object? given) ? given as Tensor ?? throw new OnnxException($"{node}: attribute 'value' is no tensor.") : Tensor.Scalar(0f);
        if (value.Length != 1) OperatorInputs.Fail(node, $"attribute 'value' has {value.Length} elements, expected 1");
        return new Expand().Evaluate(node, opset, [value.Reshape(), Tensor.Vector(Array.ConvertAll(shape, dimension => (long)dimension))]);
    }
}

/// <summary>ArgMax: where along an axis the largest element is; of equal ones the first, or the last if asked.</summary>
internal sealed class ArgMax : NumericOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        int axis = Axes.Normalize(node, node.Int("axis", 0), x.Rank), size = x.Shape[axis], stride = Shapes.Count(x.Shape[(axis + 1)..]);
        bool last = node.Int("select_last_index", 0) != 0;
        int[] shape = x.Shape.ToArray();
        shape[axis] = 1;
        long[] output = OperatorInputs.Allocate<long>(node, shape);
        if (size == 0 && output.Length > 0) OperatorInputs.Fail(node, $"axis {axis} of {Shapes.Text(x.Shape)} has no elements");
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        for (int i = 0; i < output.Length; i++)
        {
            int start = i / stride * size * stride + i % stride, best = 0;
            for (int j = 1; j < size; j++)
            {
                T value = input[start + j * stride], largest = input[start + best * stride];
                if (value > largest || last && value == largest) best = j;
            }
            output[i] = best;
        }
        return [Tensor.Create(output, node.Int("keepdims", 1) != 0 ? shape : [.. shape[..axis], .. shape[(axis + 1)..]])];
    }
}

/// <summary>DepthToSpace: blocks of channels become blocks of pixels, in depth-column-row (DCR) or column-row-depth (CRD) order;
/// SpaceToDepth is the way back, in DCR order.</summary>
internal sealed class DepthSpace(bool toSpace) : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        x.RequireRank(node, 0, 4, 4);
        long block = node.Int("blocksize", 0);
        int images = x.Shape[0], channels = x.Shape[1], height = x.Shape[2], width = x.Shape[3];
        if (block is < 1 or > 1 << 15 || (toSpace ? channels % (block * block) != 0 : height % block != 0 || width % block != 0))
            OperatorInputs.Fail(node, $"attribute 'blocksize' {block} doesn't divide the input {Shapes.Text(x.Shape)}");
        int b = (int)block;
        if (!toSpace)
        {
            Tensor blocks = x.Reshape(images, channels, height / b, b, width / b, b);
            return [Transpose.Permute<T>(node, blocks, [0, 3, 5, 1, 2, 4]).Reshape(images, channels * b * b, height / b, width / b)];
        }
        int depth = channels / (b * b);
        Tensor spread = node.String("mode", "DCR") switch
        {
            "DCR" => Transpose.Permute<T>(node, x.Reshape(images, b, b, depth, height, width), [0, 3, 4, 1, 5, 2]),
            "CRD" => Transpose.Permute<T>(node, x.Reshape(images, depth, b, b, height, width), [0, 1, 4, 2, 5, 3]),
            string other => throw new OnnxException($"{node}: attribute 'mode' is '{other}', expected DCR or CRD."),
        };
        return [spread.Reshape(images, depth, height * b, width * b)];
    }
}
