namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Convolutions and poolings.</summary>
internal static class ConvolutionShapes
{
    public static void Register(ShapeRules rules)
    {
        rules.Add("Conv", 2, 3, c => Convolution(c, transposed: false));
        rules.Add("ConvTranspose", 2, 3, c => Convolution(c, transposed: true));
        rules.Add("MaxPool", 1, 1, Pooling, outputs: 2);
        rules.Add("AveragePool", 1, 1, Pooling);
        rules.Add("GlobalAveragePool", 1, 1, GlobalPooling);
        rules.Add("GlobalMaxPool", 1, 1, GlobalPooling);
    }

    /// <summary>The output shape [N, M, spatial…] of a convolution; null where the rank of input or weights is unknown.</summary>
    public static Dimension[]? OutputShape(ShapeContext context, InferredValue input, InferredValue weights, bool transposed = false)
    {
        if (input.Sizes is not { } sizes || weights.Sizes is not { } kernel) return null;
        WindowGeometry geometry = transposed
            ? WindowGeometry.ForTransposedConvolution(context.Node, sizes, kernel)
            : WindowGeometry.ForConvolution(context.Node, sizes, kernel);
        Dimension channels = !transposed ? weights.Shape![0]
            : weights.Shape![1].IsFixed ? context.Size((long)weights.Shape[1].Size * geometry.Groups)
            : Dimension.Unknown;
        return [input.Shape![0], channels, .. geometry.Output.Select(Known)];
    }

    private static void Convolution(ShapeContext context, bool transposed)
    {
        InferredValue input = context.Input(0, TypeSet.Real);
        InferredValue weights = context.Like(1, input)!;
        Dimension[]? shape = OutputShape(context, input, weights, transposed);
        if (context.Like(2, input) is not null) context.Expect(2, shape is null ? Dimension.Unknown : shape[1]);
        context.Output(0, input.Type, shape);
    }

    private static void Pooling(ShapeContext context)
    {
        InferredValue input = context.Input(0, context.Node.OperatorType == "MaxPool" ? TypeSet.Real | TypeSet.Bytes : TypeSet.Real);
        Dimension[]? shape = null;
        if (input.Sizes is { } sizes)
        {
            WindowGeometry geometry = WindowGeometry.ForPooling(context.Node, sizes);
            shape = [input.Shape![0], input.Shape[1], .. geometry.Output.Select(Known)];
        }
        context.Output(0, input.Type, shape);
        context.Output(1, ElementType.Int64, shape);
    }

    private static void GlobalPooling(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Real);
        context.ExpectRank(0, 3);
        Dimension[]? shape = input.Shape is null ? null : (Dimension[])input.Shape.Clone();
        if (shape is not null)
        {
            if (Array.Exists(shape[2..], d => d.IsFixed && d.Size == 0)) throw context.Wrong(0, "spatial sizes of at least 1");
            shape.AsSpan(2).Fill(1);
        }
        context.Output(0, input.Type, shape);
    }

    private static Dimension Known(int size) => size < 0 ? Dimension.Unknown : size;
}
