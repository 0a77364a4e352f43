namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Normalisations.</summary>
internal static class NormalizationShapes
{
    public static void Register(ShapeRules rules)
    {
        rules.Add("BatchNormalization", 5, 5, BatchNormalization, outputs: 5);
        rules.Add("InstanceNormalization", 3, 3, InstanceNormalization);
        rules.Add("LayerNormalization", 2, 3, LayerNormalization, outputs: 3);
        rules.Add("LRN", 1, 1, LocalResponse);
    }

    private static void BatchNormalization(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Real);
        if (context.Opset < 9 && context.Node.Int("spatial", 1) == 0) throw context.Error("attribute 'spatial' is 0, which is not supported, expected statistics per channel.");
        // Rank 1 is a batch of single-channel values.
        context.ExpectRank(0, 1);
        Dimension channels = input.Shape is null ? Dimension.Unknown : input.Shape.Length > 1 ? input.Shape[1] : 1;
        for (int i = 1; i <= 4; i++)
        {
            // From opset 14 on, scale and statistics may be kept in a finer type.
            if (context.Opset < 14) context.Like(i, input);
            else context.Input(i, TypeSet.Real);
            context.Expect(i, channels);
        }
        for (int i = 0; !channels.IsFixed && i < 4; i++)
            if (context.Input(i + 1).Shape is [{ IsFixed: true } known]) channels = known;
        context.Output(0, input.Type, input.Shape);
        if (context.Opset >= 14 && context.Node.Int("training_mode", 0) == 0 && (context.Wants(1) || context.Wants(2)))
            throw context.Error("running statistics are outputs in training mode only (attribute 'training_mode').");
        for (int i = 1; i < 5; i++) context.Output(i, context.Input(3).Type, [channels]);
    }

    private static void InstanceNormalization(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Real);
        context.ExpectRank(0, 3);
        Dimension channels = input.Shape is null ? Dimension.Unknown : input.Shape[1];
        for (int i = 1; i <= 2; i++)
        {
            context.Like(i, input);
            context.Expect(i, channels);
        }
        context.Output(0, input.Type, input.Shape);
    }

    private static void LayerNormalization(ShapeContext context)
    {
        if (context.Opset < 17) throw context.Error($"operator set {context.Opset}, expected 17 or later for LayerNormalization.");
        InferredValue input = context.Input(0, TypeSet.Real);
        Dimension[]? statistics = null;
        if (input.Shape is not null)
        {
            int axis = Axes.Normalize(context.Node, context.Node.Int("axis", -1), input.Shape.Length);
            for (int i = 1; i <= 2; i++)
            {
                if (context.Like(i, input)?.Shape is not { } shape) continue;
                Dimension[]? common = ElementwiseShapes.Broadcast(context, input.Shape, shape);
                if (common!.Length != input.Shape.Length) throw context.Wrong(i, $"a shape that broadcasts to {input}");
            }
            statistics = (Dimension[])input.Shape.Clone();
            statistics.AsSpan(axis).Fill(1);
        }
        context.Output(0, input.Type, input.Shape);
        context.Output(1, ElementType.Float, statistics);
        context.Output(2, ElementType.Float, statistics);
    }

    private static void LocalResponse(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Real);
        context.ExpectRank(0, 3);
        if (context.Node.Int("size", 0) is var size and < 1) throw context.Error($"attribute 'size' is {size}, expected at least 1.");
        context.Output(0, input.Type, input.Shape);
    }
}
