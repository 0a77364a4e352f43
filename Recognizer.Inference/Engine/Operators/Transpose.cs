using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Transpose: axis i of the output is axis perm[i] of the input; without perm the axes are reversed.</summary>
internal sealed class Transpose : MovementOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        int rank = x.Rank;
        long[] permutation = node.Ints("perm") ?? [.. Enumerable.Range(1, rank).Select(i => (long)(rank - i))];
        if (permutation.Length != rank || permutation.Any(axis => axis < 0) || Shapes.AxisMask(node, permutation, rank).Contains(false))
            OperatorInputs.Fail(node, $"attribute 'perm' [{string.Join(", ", permutation)}] is not a permutation of the axes of {Shapes.Text(x.Shape)}");
        return [Permute<T>(node, x, Array.ConvertAll(permutation, axis => (int)axis))];
    }

    /// <summary>A copy with its axes in another order.</summary>
    public static Tensor Permute<T>(Node node, Tensor x, ReadOnlySpan<int> permutation)
    {
        int[] own = Shapes.Strides(x.Shape);
        int[] shape = new int[x.Rank], strides = new int[x.Rank];
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = x.Shape[permutation[i]];
            strides[i] = own[permutation[i]];
        }
        return Shapes.Gather<T>(node, x, shape, strides, 0);
    }
}
