namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Quantisation, and operators on quantised numbers.</summary>
internal static class QuantizationShapes
{
    public static void Register(ShapeRules rules)
    {
        rules.Add("QuantizeLinear", 2, 3, Quantize);
        rules.Add("DequantizeLinear", 2, 3, Dequantize);
        rules.Add("DynamicQuantizeLinear", 1, 1, DynamicQuantize, outputs: 3);
        rules.Add("ConvInteger", 2, 4, c => Integer(c, convolution: true));
        rules.Add("MatMulInteger", 2, 4, c => Integer(c, convolution: false));
        rules.Add("QLinearConv", 8, 9, QLinearConv);
        rules.Add("QLinearMatMul", 8, 8, QLinearMatMul);
    }

    private static void Quantize(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Real | TypeSet.Int32);
        context.Input(1, TypeSet.Real | TypeSet.Int32);
        InferredValue? zero = context.Optional(2, TypeSet.Bytes | (context.Opset >= 21 ? (TypeSet)(1 << (int)ElementType.UInt16 | 1 << (int)ElementType.Int16) : 0));
        CheckScale(context, input);
        RealType(context, "precision");
        ElementType type = zero?.Type ?? context.Node.Int("output_dtype", 0) switch
        {
            0 => ElementType.UInt8,
            (long)ElementType.UInt8 => ElementType.UInt8,
            (long)ElementType.Int8 => ElementType.Int8,
            (long)ElementType.UInt16 => ElementType.UInt16,
            (long)ElementType.Int16 => ElementType.Int16,
            var other => throw context.Error($"attribute 'output_dtype' is {other}, expected an 8 or 16-bit integer type."),
        };
        context.Output(0, type, input.Shape);
    }

    private static void Dequantize(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Bytes | TypeSet.Int32 | (context.Opset >= 21 ? (TypeSet)(1 << (int)ElementType.UInt16 | 1 << (int)ElementType.Int16) : 0));
        InferredValue scale = context.Input(1, TypeSet.Real);
        context.Like(2, input);
        CheckScale(context, input);
        context.Output(0, RealType(context, "output_dtype") ?? (context.Opset >= 19 ? scale.Type : ElementType.Float), input.Shape);
    }

    /// <summary>A type of real numbers that an attribute of operator set 23 names; null where it names none.</summary>
    private static ElementType? RealType(ShapeContext context, string attribute) => context.Node.Int(attribute, 0) switch
    {
        0 => null,
        (long)ElementType.Float => ElementType.Float,
        (long)ElementType.Float16 => ElementType.Float16,
        (long)ElementType.Double => ElementType.Double,
        var other => throw context.Error($"attribute '{attribute}' is {other}, expected the number of Float, Float16 or Double."),
    };

    /// <summary>Scale and zero point: one for all, or one per index of an axis.</summary>
    private static void CheckScale(ShapeContext context, InferredValue input)
    {
        if (context.Node.Int("block_size", 0) != 0) throw context.Error("attribute 'block_size': quantisation in blocks is not supported.");
        if (context.Input(1).Shape is not { } scale) return;
        Dimension expected = Dimension.Unknown;
        if (scale.Length == 1 && input.Shape is not null && !(scale[0].IsFixed && scale[0].Size == 1))
        {
            // The axis came with opset 13; before, one scale was for all.
            if (context.Opset < 13) context.ExpectScalar(1);
            expected = input.Shape[Axes.Normalize(context.Node, context.Node.Int("axis", 1), input.Shape.Length)];
            context.Expect(1, expected);
        }
        context.ExpectRank(1, 0, 1);
        context.ExpectRank(2, 0, 1);
        if (scale.Length == 1 && scale[0].IsFixed && scale[0].Size > 1) context.Expect(2, scale[0]);
    }

    private static void DynamicQuantize(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Float);
        context.Output(0, ElementType.UInt8, input.Shape);
        context.Output(1, ElementType.Float, []);
        context.Output(2, ElementType.UInt8, []);
    }

    private static void Integer(ShapeContext context, bool convolution)
    {
        InferredValue a = context.Input(0, TypeSet.Bytes), b = context.Input(1, TypeSet.Bytes);
        context.Like(2, a);
        context.Like(3, b);
        if (convolution)
        {
            context.ExpectScalar(2);
            context.ExpectRank(3, 0, 1);
        }
        context.Output(0, ElementType.Int32, convolution ? ConvolutionShapes.OutputShape(context, a, b) : MatrixShapes.Product(context, a, b));
    }

    private static void QLinearConv(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Bytes), weights = context.Input(3, TypeSet.Bytes);
        context.Input(1, TypeSet.Float);
        context.Like(2, input);
        context.Input(4, TypeSet.Float);
        context.Like(5, weights);
        context.Input(6, TypeSet.Float);
        ElementType type = context.Input(7, TypeSet.Bytes).Type;
        foreach (int scalar in new[] { 1, 2, 6, 7 }) context.ExpectScalar(scalar);
        context.ExpectRank(4, 0, 1);
        context.ExpectRank(5, 0, 1);
        Dimension[]? shape = ConvolutionShapes.OutputShape(context, input, weights);
        Dimension channels = shape is null ? Dimension.Unknown : shape[1];
        foreach (int vector in new[] { 4, 5 })
            if (context.Input(vector).Shape is [{ IsFixed: true, Size: not 1 }]) context.Expect(vector, channels);
        context.Optional(8, TypeSet.Int32);
        context.Expect(8, channels);
        context.Output(0, type, shape);
    }

    private static void QLinearMatMul(ShapeContext context)
    {
        InferredValue a = context.Input(0, TypeSet.Bytes), b = context.Input(3, TypeSet.Bytes);
        context.Input(1, TypeSet.Real);
        context.Like(2, a);
        context.Input(4, TypeSet.Real);
        context.Like(5, b);
        context.Input(6, TypeSet.Real);
        context.Output(0, context.Input(7, TypeSet.Bytes).Type, MatrixShapes.Product(context, a, b));
    }
}
