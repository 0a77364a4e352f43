namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Operators that put one number in the place of many.</summary>
internal static class ReductionShapes
{
    public static void Register(ShapeRules rules)
    {
        // The opset in which the axes became an input.
        rules.Add("ReduceSum", 1, 2, c => Reduce(c, 13));
        foreach (string name in new[] { "ReduceMean", "ReduceMax", "ReduceMin" }) rules.Add(name, 1, 2, c => Reduce(c, 18));
        rules.Add("ArgMax", 1, 1, ArgMax);
    }

    private static void Reduce(ShapeContext context, int axesInputSince)
    {
        // Flags have a largest and a smallest since operator set 20.
        InferredValue input = context.Input(0, context.Node.OperatorType is "ReduceMax" or "ReduceMin" && context.Opset >= 20 ? TypeSet.NumbersOrBool : TypeSet.Numbers);
        (bool given, long[]? axes) = IndexingShapes.Integers(context, "axes", 1, axesInputSince);
        bool keep = context.Node.Int("keepdims", 1) != 0;
        bool nothing = context.Opset >= axesInputSince && context.Node.Int("noop_with_empty_axes", 0) != 0;
        if (given && axes is null)
        {
            context.Output(0, input.Type, keep && input.Shape is not null ? LayoutShapes.Unknowns(context, input.Shape.Length) : null);
            return;
        }
        if (input.Shape is null)
        {
            context.Output(0, input.Type, null);
            return;
        }
        int rank = input.Shape.Length;
        int[] reduced = axes is { Length: > 0 } ? Axes.Normalize(context.Node, axes, rank) : nothing ? [] : [.. Enumerable.Range(0, rank)];
        context.Output(0, input.Type, Reduced(input.Shape, reduced, keep));
    }

    private static void ArgMax(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Numbers);
        Dimension[]? shape = null;
        if (input.Shape is not null)
        {
            int axis = Axes.Normalize(context.Node, context.Node.Int("axis", 0), input.Shape.Length);
            if (input.Shape[axis].IsFixed && input.Shape[axis].Size == 0) throw context.Wrong(0, $"at least one element at axis {axis}");
            shape = Reduced(input.Shape, [axis], context.Node.Int("keepdims", 1) != 0);
        }
        context.Output(0, ElementType.Int64, shape);
    }

    private static Dimension[] Reduced(Dimension[] shape, int[] axes, bool keep)
    {
        var result = new List<Dimension>(shape.Length);
        for (int i = 0; i < shape.Length; i++)
        {
            if (!axes.Contains(i)) result.Add(shape[i]);
            else if (keep) result.Add(1);
        }
        return [.. result];
    }
}
