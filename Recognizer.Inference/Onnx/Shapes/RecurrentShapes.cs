namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Recurrent layers.</summary>
internal static class RecurrentShapes
{
    public static void Register(ShapeRules rules)
    {
        rules.Add("RNN", 3, 6, c => Recurrent(c, 1), outputs: 2);
        rules.Add("GRU", 3, 6, c => Recurrent(c, 3), outputs: 2);
        rules.Add("LSTM", 3, 8, c => Recurrent(c, 4), outputs: 3);
    }

    private static void Recurrent(ShapeContext context, int gates)
    {
        Node node = context.Node;
        InferredValue input = context.Input(0, TypeSet.Real);
        InferredValue weights = context.Like(1, input)!;
        InferredValue recurrence = context.Like(2, input)!;
        for (int i = 0; i < 3; i++) context.ExpectRank(i, 3, 3);
        int directions = node.String("direction", "forward") switch
        {
            "forward" or "reverse" => 1,
            "bidirectional" => 2,
            var other => throw context.Error($"attribute 'direction' is '{other}', expected forward, reverse or bidirectional."),
        };
        bool batchFirst = node.Int("layout", 0) switch
        {
            0 => false,
            1 => true,
            var other => throw context.Error($"attribute 'layout' is {other}, expected 0 or 1."),
        };
        Dimension hidden = recurrence.Shape?[2] ?? Dimension.Unknown;
        if (node.Attributes.ContainsKey("hidden_size"))
        {
            long declared = node.Int("hidden_size", 0);
            if (declared is < 1 or > int.MaxValue / 8) throw context.Error($"attribute 'hidden_size' is {declared}, expected 1 to {int.MaxValue / 8}.");
            hidden = (int)declared;
        }
        Dimension steps = input.Shape?[batchFirst ? 1 : 0] ?? Dimension.Unknown, batch = input.Shape?[batchFirst ? 0 : 1] ?? Dimension.Unknown;
        context.Expect(1, directions, Times(hidden, gates), input.Shape?[2] ?? Dimension.Unknown);
        context.Expect(2, directions, Times(hidden, gates), hidden);
        context.Like(3, input);
        context.Expect(3, directions, Times(hidden, 2 * gates));
        context.Optional(4, TypeSet.Int32);
        context.Expect(4, batch);
        Dimension[] state = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
        for (int i = 5; i <= 6; i++)
        {
            context.Like(i, input);
            context.Expect(i, state);
        }
        context.Like(7, input);
        context.Expect(7, directions, Times(hidden, 3));
        context.Output(0, input.Type, batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]);
        context.Output(1, input.Type, state);
        context.Output(2, input.Type, state);

        Dimension Times(Dimension size, int factor) => size.IsFixed ? context.Size((long)size.Size * factor) : Dimension.Unknown;
    }
}
