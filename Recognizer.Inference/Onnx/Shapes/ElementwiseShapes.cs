namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Operators that treat every element alike.</summary>
internal static class ElementwiseShapes
{
    public static void Register(ShapeRules rules)
    {
        foreach (string name in new[]
        {
            "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Gelu", "Elu", "Selu", "Softplus", "Softsign",
            "Exp", "Log", "Sqrt", "Reciprocal", "Floor",
        }) rules.Add(name, 1, 1, c => Unary(c, TypeSet.Real));
        rules.Add("Relu", 1, 1, c => Unary(c, TypeSet.SignedNumbers));
        rules.Add("Neg", 1, 1, c => Unary(c, TypeSet.SignedNumbers));
        rules.Add("Abs", 1, 1, c => Unary(c, TypeSet.Numbers));
        rules.Add("Erf", 1, 1, c => Unary(c, TypeSet.Numbers));
        rules.Add("Identity", 1, 1, c => Pass(c, c.Input(0)));
        rules.Add("Softmax", 1, 1, Softmax);
        rules.Add("LogSoftmax", 1, 1, Softmax);
        rules.Add("Cast", 1, 1, Cast);
        rules.Add("Clip", 1, 3, Clip);
        rules.Add("Dropout", 1, 3, Dropout, outputs: 2);
        rules.Add("PRelu", 2, 2, PRelu);
        rules.Add("Add", 2, 2, c => Arithmetic(c, Add));
        rules.Add("Sub", 2, 2, c => Arithmetic(c, Subtract));
        rules.Add("Mul", 2, 2, c => Arithmetic(c, Multiply));
        rules.Add("Div", 2, 2, c => Arithmetic(c, Divide));
        rules.Add("Equal", 2, 2, Equal);
        rules.Add("Pow", 2, 2, Pow);
        foreach (string name in new[] { "Min", "Max", "Sum", "Mean" }) rules.Add(name, 1, int.MaxValue, Variadic);
        rules.Add("Where", 3, 3, Where);
    }

    /// <summary>The common shape of operands whose dimensions may be unknown.</summary>
    public static Dimension[]? Broadcast(ShapeContext context, Dimension[]? a, Dimension[]? b)
    {
        if (a is null || b is null) return null;
        var result = new Dimension[Math.Max(a.Length, b.Length)];
        for (int i = 0; i < result.Length; i++)
        {
            int inA = i - (result.Length - a.Length), inB = i - (result.Length - b.Length);
            Dimension left = inA < 0 ? 1 : a[inA], right = inB < 0 ? 1 : b[inB];
            result[i] = left == right || IsOne(right) ? left
                : IsOne(left) ? right
                : left.IsFixed && right.IsFixed ? throw context.Error($"shapes [{string.Join(", ", a)}] and [{string.Join(", ", b)}] don't broadcast, expected equal dimensions or 1 at axis {i} of the result.")
                // A size above 1 is the result's, whatever the other turns out to be.
                : left.IsFixed ? left
                : right.IsFixed ? right
                : Dimension.Unknown;
        }
        return result;
    }

    /// <summary>The second operand's shape as the modern rule wants it, whatever the operator set.</summary>
    private static Dimension[]? Aligned(ShapeContext context, Dimension[]? a, Dimension[]? b)
    {
        if (a is null || b is null || context.Opset >= 7) return b;
        int padding = Broadcasting.LegacyPadding(context.Node, context.Opset, a.Length, b.Length);
        if (padding == 0) return b;
        Dimension[] result = [.. b, .. new Dimension[padding]];
        result.AsSpan(b.Length).Fill(1);
        return result;
    }

    private static bool IsOne(Dimension dimension) => dimension.IsFixed && dimension.Size == 1;

    private static void Unary(ShapeContext context, TypeSet types)
    {
        InferredValue input = context.Input(0, types);
        context.Output(0, input.Type, input.Shape);
    }

    private static void Pass(ShapeContext context, InferredValue input) => context.Output(0, input.Type, input.Shape, input.Content, input.Constant);

    private static void Softmax(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Real);
        if (input.Shape is not null)
        {
            // Up to opset 12 the input was seen as a matrix cut before the axis, which could lie behind the last dimension.
            bool matrix = context.Opset < 13;
            Axes.Normalize(context.Node, context.Node.Int("axis", matrix ? 1 : -1), input.Shape.Length, end: matrix);
        }
        context.Output(0, input.Type, input.Shape);
    }

    private static void Cast(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        ElementType type = CastTarget.Of(context.Node);
        context.Output(0, type, input.Shape, type is ElementType.Int64 or ElementType.Int32 && input.Type is ElementType.Int64 or ElementType.Int32 or ElementType.Bool ? input.Content : null);
    }

    private static void Clip(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Numbers);
        if (context.Opset < 11 && context.InputCount > 1) throw context.Error($"{context.InputCount} inputs, expected 1: bounds are attributes up to opset 10.");
        for (int i = 1; i <= 2; i++)
        {
            context.Like(i, input);
            context.ExpectScalar(i);
        }
        context.Output(0, input.Type, input.Shape);
    }

    private static void Dropout(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Real);
        context.Optional(1, TypeSet.Real);
        context.ExpectScalar(1);
        context.Optional(2, TypeSet.Bool);
        context.ExpectScalar(2);
        float ratio = context.Node.Float("ratio", 0.5f);
        if (!(ratio >= 0 && ratio <= 1)) throw context.Error($"attribute 'ratio' is {ratio}, expected 0 to 1.");
        context.Output(0, input.Type, input.Shape);
        context.Output(1, context.Opset >= 10 ? ElementType.Bool : input.Type, input.Shape);
    }

    private static void PRelu(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Numbers);
        InferredValue slope = context.Like(1, input)!;
        // Up to opset 6 a vector of slopes was one per channel.
        if (context.Opset >= 7 && Broadcast(context, input.Shape, slope.Shape) is { } result && result.Length != input.Shape!.Length)
            throw context.Wrong(1, $"a shape that broadcasts to {input}");
        context.Output(0, input.Type, input.Shape);
    }

    private static void Arithmetic(ShapeContext context, Func<Element, Element, Element> combine)
    {
        InferredValue a = context.Input(0, TypeSet.Numbers);
        InferredValue b = context.Like(1, a)!;
        context.Output(0, a.Type, Broadcast(context, a.Shape, Aligned(context, a.Shape, b.Shape)), Combine(a, b, combine));
    }

    private static Element[]? Combine(InferredValue a, InferredValue b, Func<Element, Element, Element> combine)
    {
        if (a.Content is null || b.Content is null || a.Type is not (ElementType.Int32 or ElementType.Int64)) return null;
        int length = a.Content.Length == 1 ? b.Content.Length : a.Content.Length;
        if (b.Content.Length != 1 && b.Content.Length != length) return null;
        var result = new Element[length];
        for (int i = 0; i < length; i++) result[i] = combine(a.Content[a.Content.Length == 1 ? 0 : i], b.Content[b.Content.Length == 1 ? 0 : i]);
        return result;
    }

    private static Element Add(Element a, Element b) => a.IsFixed && b.IsFixed ? unchecked(a.Value + b.Value) : a is { IsFixed: true, Value: 0 } ? b : b is { IsFixed: true, Value: 0 } ? a : Element.Unknown;

    private static Element Subtract(Element a, Element b) => a.IsFixed && b.IsFixed ? unchecked(a.Value - b.Value) : b is { IsFixed: true, Value: 0 } ? a : Element.Unknown;

    private static Element Multiply(Element a, Element b) => a.IsFixed && b.IsFixed ? unchecked(a.Value * b.Value) : a.IsOne ? b : b.IsOne ? a : Element.Unknown;

    private static Element Divide(Element a, Element b) => a.IsFixed && b.IsFixed && b.Value is not (0 or -1) ? a.Value / b.Value : b.IsOne ? a : Element.Unknown;

    private static void Equal(ShapeContext context)
    {
        InferredValue a = context.Input(0);
        InferredValue b = context.Like(1, a)!;
        context.Output(0, ElementType.Bool, Broadcast(context, a.Shape, Aligned(context, a.Shape, b.Shape)),
            Combine(a, b, (left, right) => left.IsFixed && right.IsFixed ? left.Value == right.Value ? 1 : 0 : Element.Unknown));
    }

    private static void Pow(ShapeContext context)
    {
        InferredValue a = context.Input(0, TypeSet.Numbers), b = context.Input(1, TypeSet.Numbers);
        if (context.Opset < 12) context.Like(1, a);
        context.Output(0, a.Type, Broadcast(context, a.Shape, Aligned(context, a.Shape, b.Shape)));
    }

    private static void Variadic(ShapeContext context)
    {
        InferredValue first = context.Input(0, context.Node.OperatorType is "Min" or "Max" ? TypeSet.Numbers : TypeSet.Real);
        Dimension[]? shape = first.Shape;
        for (int i = 1; i < context.InputCount; i++)
        {
            InferredValue next = context.Like(i, first) ?? throw context.Error($"input {i} is missing.");
            shape = Broadcast(context, shape, next.Shape);
        }
        context.Output(0, first.Type, shape);
    }

    private static void Where(ShapeContext context)
    {
        InferredValue condition = context.Input(0, TypeSet.Bool), a = context.Input(1);
        InferredValue b = context.Like(2, a)!;
        Dimension[]? shape = Broadcast(context, condition.Shape, Broadcast(context, a.Shape, b.Shape));
        Element[]? content = null;
        if (condition.Content is { } choice && a.Content is { } then && b.Content is { } otherwise
            && new[] { choice.Length, then.Length, otherwise.Length } is var lengths && lengths.All(l => l == 1 || l == lengths.Max()))
        {
            content = new Element[lengths.Max()];
            for (int i = 0; i < content.Length; i++)
            {
                Element c = choice[choice.Length == 1 ? 0 : i];
                content[i] = !c.IsFixed ? Element.Unknown : c.Value != 0 ? then[then.Length == 1 ? 0 : i] : otherwise[otherwise.Length == 1 ? 0 : i];
            }
        }
        context.Output(0, a.Type, shape, content);
    }
}
