using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Gemm: α·A·B + β·C, with A and B transposed where asked and C broadcast.</summary>
internal sealed class GeneralMatrixProduct : NumericOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor a = inputs.Required(node, 0), b = inputs.Required(node, 1);
        a.RequireRank(node, 0, 2, 2);
        b.RequireRank(node, 1, 2, 2);
        bool transposeA = node.Int("transA", 0) != 0, transposeB = node.Int("transB", 0) != 0;
        int m = a.Shape[transposeA ? 1 : 0], k = a.Shape[transposeA ? 0 : 1], n = b.Shape[transposeB ? 0 : 1];
        if (b.Shape[transposeB ? 1 : 0] != k)
            OperatorInputs.Fail(node, $"the inner dimensions of {Shapes.Text(a.Shape)} (transA {transposeA}) and {Shapes.Text(b.Shape)} (transB {transposeB}) differ");
        T alpha = T.CreateTruncating(node.Float("alpha", 1)), beta = T.CreateTruncating(node.Float("beta", 1));
        ReadOnlySpan<T> left = a.Values<T>(node, 0), right = b.Values<T>(node, 1);
        int[] shape = [m, n];
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        if (inputs.Optional(2) is { } c)
        {
            if (!Broadcasting.Shape(node, c.Shape, shape).AsSpan().SequenceEqual(shape))
                OperatorInputs.Fail(node, $"input 2 {Shapes.Text(c.Shape)} doesn't broadcast to {Shapes.Text(shape)}");
            output = Shapes.Stretch(node, c.Values<T>(node, 2), c.Shape, shape);
        }
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                T sum = T.Zero;
                for (int p = 0; p < k; p++)
                    sum += left[transposeA ? p * m + i : i * k + p] * right[transposeB ? j * k + p : p * n + j];
                output[i * n + j] = alpha * sum + beta * output[i * n + j];
            }
        }
        return [Tensor.Create(output, shape)];
    }
}

/// <summary>MatMul by NumPy's rule: the last two axes are matrices, the others broadcast, a vector is a row on the left and a column on
/// the right.</summary>
internal sealed class MatrixProduct : NumericOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor a = inputs.Required(node, 0), b = inputs.Required(node, 1);
        return [Multiply(node, a, a.Values<T>(node, 0), b, b.Values<T>(node, 1))];
    }

    /// <summary>The loops of MatMul, MatMulInteger and QLinearMatMul.</summary>
    /// <param name="node">For messages.</param>
    /// <param name="a">Gives the shape of <paramref name="left"/>.</param>
    /// <param name="left">Elements of the left factor.</param>
    /// <param name="b">Gives the shape of <paramref name="right"/>.</param>
    /// <param name="right">Elements of the right factor.</param>
    public static Tensor Multiply<T>(Node node, Tensor a, ReadOnlySpan<T> left, Tensor b, ReadOnlySpan<T> right) where T : INumber<T>
    {
        a.RequireRank(node, 0, 1);
        b.RequireRank(node, 1, 1);
        int[] leftShape = a.Rank == 1 ? [1, a.Shape[0]] : a.Shape.ToArray(), rightShape = b.Rank == 1 ? [b.Shape[0], 1] : b.Shape.ToArray();
        int m = leftShape[^2], k = leftShape[^1], n = rightShape[^1];
        if (rightShape[^2] != k) OperatorInputs.Fail(node, $"the inner dimensions of {Shapes.Text(a.Shape)} and {Shapes.Text(b.Shape)} differ");
        int[] batch = Broadcasting.Shape(node, leftShape.AsSpan(..^2), rightShape.AsSpan(..^2));
        T[] output = OperatorInputs.Allocate<T>(node, [.. batch, m, n]);
        int[] leftMatrices = Shapes.Positions(batch, Broadcasting.Strides(leftShape.AsSpan(..^2), batch));
        int[] rightMatrices = Shapes.Positions(batch, Broadcasting.Strides(rightShape.AsSpan(..^2), batch));
        for (int matrix = 0; matrix < leftMatrices.Length; matrix++)
        {
            ReadOnlySpan<T> x = left.Slice(leftMatrices[matrix] * m * k, m * k), y = right.Slice(rightMatrices[matrix] * k * n, k * n);
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    T sum = T.Zero;
                    for (int p = 0; p < k; p++) sum += x[i * k + p] * y[p * n + j];
                    output[(matrix * m + i) * n + j] = sum;
                }
            }
        }
        List<int> shape = [.. batch];
        if (a.Rank > 1) shape.Add(m);
        if (b.Rank > 1) shape.Add(n);
        return Tensor.Create(output, shape.ToArray());
    }
}
