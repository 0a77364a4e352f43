namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Matrix products.</summary>
internal static class MatrixShapes
{
    public static void Register(ShapeRules rules)
    {
        rules.Add("Gemm", 2, 3, Gemm);
        rules.Add("MatMul", 2, 2, MatMul);
    }

    /// <summary>Shape of the product of two tensors, as NumPy's matmul has it: matrices in the last two axes, the others broadcast, vectors stretched.</summary>
    public static Dimension[]? Product(ShapeContext context, InferredValue a, InferredValue b)
    {
        if (a.Shape is not { } left || b.Shape is not { } right) return null;
        if (left.Length == 0 || right.Length == 0) throw context.Error($"product of {a} and {b}, expected rank 1 or more.");
        Dimension inner = left[^1], other = right.Length == 1 ? right[0] : right[^2];
        if (inner.IsFixed && other.IsFixed && inner.Size != other.Size)
            throw context.Error($"product of {a} and {b}, expected equal inner dimensions instead of {inner} and {other}.");
        Dimension[] batch = ElementwiseShapes.Broadcast(context, left.Length > 2 ? left[..^2] : [], right.Length > 2 ? right[..^2] : [])!;
        var result = new List<Dimension>(batch);
        if (left.Length > 1) result.Add(left[^2]);
        if (right.Length > 1) result.Add(right[^1]);
        return [.. result];
    }

    private static void MatMul(ShapeContext context)
    {
        InferredValue a = context.Input(0, TypeSet.Numbers);
        InferredValue b = context.Like(1, a)!;
        context.Output(0, a.Type, Product(context, a, b));
    }

    private static void Gemm(ShapeContext context)
    {
        InferredValue a = context.Input(0, TypeSet.Numbers);
        InferredValue b = context.Like(1, a)!;
        if (context.Opset < 11 && !context.Has(2)) throw context.Error("input 2 is missing.");
        InferredValue? c = context.Like(2, a);
        bool transposeA = context.Node.Int("transA", 0) != 0, transposeB = context.Node.Int("transB", 0) != 0;
        context.ExpectRank(0, 2, 2);
        context.ExpectRank(1, 2, 2);
        Dimension rows = a.Shape?[transposeA ? 1 : 0] ?? Dimension.Unknown, inner = a.Shape?[transposeA ? 0 : 1] ?? Dimension.Unknown;
        Dimension other = b.Shape?[transposeB ? 1 : 0] ?? Dimension.Unknown, columns = b.Shape?[transposeB ? 0 : 1] ?? Dimension.Unknown;
        if (inner.IsFixed && other.IsFixed && inner.Size != other.Size)
            throw context.Error($"product of {a}{(transposeA ? " transposed" : "")} and {b}{(transposeB ? " transposed" : "")}, expected equal inner dimensions instead of {inner} and {other}.");
        Dimension[] shape = [rows, columns];
        if (c?.Shape is { } addend && ElementwiseShapes.Broadcast(context, shape, addend) is { } common
            && (common.Length != 2 || (rows.IsFixed && common[0] != rows) || (columns.IsFixed && common[1] != columns)))
            throw context.Wrong(2, $"a shape that broadcasts to [{rows}, {columns}]");
        context.Output(0, a.Type, shape);
    }
}
