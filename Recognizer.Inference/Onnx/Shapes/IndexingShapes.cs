namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Operators that pick elements, tell shapes, or make tensors.</summary>
internal static class IndexingShapes
{
    public static void Register(ShapeRules rules)
    {
        rules.Add("Slice", 1, 5, Slice);
        rules.Add("Gather", 2, 2, Gather);
        rules.Add("Split", 1, 2, Split, outputs: int.MaxValue);
        rules.Add("Shape", 1, 1, Shape);
        rules.Add("Constant", 0, 0, Constant);
        rules.Add("ConstantOfShape", 1, 1, ConstantOfShape);
    }

    /// <summary>Integers that are an attribute in older operator sets and an input in newer ones.</summary>
    /// <returns>Whether they are there at all, and their values where those are known.</returns>
    public static (bool Given, long[]? Values) Integers(ShapeContext context, string attribute, int index, int inputSince)
    {
        if (context.Opset < inputSince)
        {
            if (context.Has(index)) throw context.Error($"input {index} ('{context.Node.Inputs[index]}'), expected attribute '{attribute}' in operator set {context.Opset}.");
            return (context.Node.Attributes.ContainsKey(attribute), context.Node.Ints(attribute));
        }
        if (context.Node.Attributes.ContainsKey(attribute)) throw context.Error($"attribute '{attribute}', expected an input in operator set {context.Opset}.");
        context.ExpectRank(index, 0, 1);
        return (context.Has(index), context.Optional(index, TypeSet.Indices)?.Numbers);
    }

    /// <summary>The tensor of a Constant node.</summary>
    /// <exception cref="OnnxException">The node has none, or several.</exception>
    public static Tensor ConstantValue(Node node)
    {
        if (node.Attributes.Count != 1) throw new OnnxException($"{node}: {node.Attributes.Count} attributes, expected one that holds the value.");
        (string name, object value) = node.Attributes.Single();
        return (name, value) switch
        {
            ("value", Tensor tensor) => tensor,
            ("value_float", float number) => Tensor.Scalar(number),
            ("value_floats", float[] numbers) => Tensor.Vector(numbers),
            ("value_int", long number) => Tensor.Scalar(number),
            ("value_ints", long[] numbers) => Tensor.Vector(numbers),
            ("value_string", string text) => Tensor.Scalar(text),
            ("value_strings", string[] texts) => Tensor.Vector(texts),
            _ => throw new OnnxException($"{node}: attribute '{name}' of type {value.GetType().Name}, expected 'value' with a tensor or one of its short forms."),
        };
    }

    private static void Slice(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        (bool hasStarts, long[]? starts) = Integers(context, "starts", 1, 10);
        (bool hasEnds, long[]? ends) = Integers(context, "ends", 2, 10);
        (bool hasAxes, long[]? axes) = Integers(context, "axes", 3, 10);
        bool hasSteps = false;
        long[]? steps = null;
        if (context.Opset >= 10) (hasSteps, steps) = Integers(context, "steps", 4, 10);
        if (!hasStarts || !hasEnds) throw context.Error("starts or ends are missing.");
        foreach (long[]? list in new[] { ends, axes, steps })
            if (starts is not null && list is not null && list.Length != starts.Length) throw context.Error($"{starts.Length} starts and {list.Length} ends, axes or steps, expected as many of each.");
        if (input.Shape is null)
        {
            context.Output(0, input.Type, null);
            return;
        }
        if ((hasAxes && axes is null) || (starts is null && !hasAxes && ends is null))
        {
            context.Output(0, input.Type, LayoutShapes.Unknowns(context, input.Shape.Length));
            return;
        }
        int count = axes?.Length ?? starts?.Length ?? ends!.Length;
        if (!hasAxes && count > input.Shape.Length) throw context.Error($"{count} starts for {input}, expected at most {input.Shape.Length}.");
        int[] cut = axes is null ? [.. Enumerable.Range(0, count)] : Axes.Normalize(context.Node, axes, input.Shape.Length);
        var shape = (Dimension[])input.Shape.Clone();
        Element[]? content = null;
        for (int i = 0; i < cut.Length; i++)
        {
            ref Dimension dimension = ref shape[cut[i]];
            if (starts is null || ends is null || (hasSteps && steps is null))
            {
                dimension = Dimension.Unknown;
                continue;
            }
            long step = steps?[i] ?? 1;
            if (!dimension.IsFixed)
            {
                // The whole of an axis stays what it is.
                if (!(step == 1 && starts[i] == 0 && ends[i] >= int.MaxValue)) dimension = Dimension.Unknown;
                if (step == 0) throw context.Error("a slice with step 0, expected another.");
                continue;
            }
            (int first, int taken) = Slicing.Resolve(context.Node, starts[i], ends[i], step, dimension.Size);
            dimension = taken;
            if (shape.Length == 1 && input.Content is { } from)
            {
                content = new Element[taken];
                for (int e = 0; e < taken; e++) content[e] = from[first + (e * step)];
            }
        }
        context.Output(0, input.Type, shape, cut.Length == 0 ? input.Content : content);
    }

    private static void Gather(ShapeContext context)
    {
        InferredValue data = context.Input(0), indices = context.Input(1, TypeSet.Indices);
        Dimension[]? shape = null;
        Element[]? content = null;
        if (data.Shape is not null)
        {
            if (data.Shape.Length == 0) throw context.Wrong(0, "rank 1 or more");
            int axis = Axes.Normalize(context.Node, context.Node.Int("axis", 0), data.Shape.Length);
            if (indices.Shape is not null) shape = [.. data.Shape[..axis], .. indices.Shape, .. data.Shape[(axis + 1)..]];
            int size = data.Content?.Length ?? data.Shape[axis].Size;
            if (size >= 0 && indices.Content is not null)
            {
                foreach (Element index in indices.Content)
                    if (index.IsFixed && (index.Value < -size || index.Value >= size)) throw context.Error($"index {index.Value} into axis {axis} of {data}, expected {-size} to {size - 1}.");
            }
            if (data.Content is { } from && data.Shape.Length == 1 && indices.Content is { } picked)
                content = Array.ConvertAll(picked, i => i.IsFixed ? from[i.Value < 0 ? i.Value + from.Length : i.Value] : Element.Unknown);
        }
        context.Output(0, data.Type, shape, content);
    }

    private static void Split(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        (bool given, long[]? sizes) = Integers(context, "split", 1, context.Opset < 2 ? 1 : 13);
        int parts = context.OutputCount;
        if (context.Opset >= 18 && context.Node.Attributes.ContainsKey("num_outputs"))
        {
            if (given) throw context.Error("attribute 'num_outputs' and input 1 (split), expected one of the two.");
            if (context.Node.Int("num_outputs", 0) != parts) throw context.Error($"attribute 'num_outputs' is {context.Node.Int("num_outputs", 0)}, but the node has {parts} outputs.");
        }
        if (sizes is not null && sizes.Length != parts) throw context.Error($"{sizes.Length} sizes for {parts} outputs, expected as many.");
        Dimension[]? source = input.Shape;
        int axis = source is null ? 0 : Axes.Normalize(context.Node, context.Node.Int("axis", 0), source.Length);
        if (source is { } && source[axis].IsFixed)
        {
            if (!given) sizes = Array.ConvertAll(Slicing.EqualParts(context.Node, context.Opset, source[axis].Size, parts), n => (long)n);
            else if (sizes is not null && (Array.Exists(sizes, s => s < 0 || s > source[axis].Size) || sizes.Sum() != source[axis].Size))
                throw context.Error($"sizes [{string.Join(", ", sizes.Take(TensorReader.HighestRank))}] of axis {axis}, expected a sum of {source[axis].Size}.");
        }
        long start = 0;
        for (int i = 0; i < parts; i++)
        {
            Dimension[]? shape = (Dimension[]?)source?.Clone();
            if (shape is not null) shape[axis] = sizes is null ? Dimension.Unknown : context.Size(sizes[i]);
            Element[]? content = shape is [{ IsFixed: true } length] && input.Content is { } all && start + length.Size <= all.Length ? all[(int)start..(int)(start + length.Size)] : null;
            if (sizes is not null) start += sizes[i];
            context.Output(i, input.Type, shape, content);
        }
    }

    private static void Shape(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        if (input.Shape is null)
        {
            context.Output(0, ElementType.Int64, [Dimension.Unknown]);
            return;
        }
        int rank = input.Shape.Length;
        int start = 0, end = rank;
        if (context.Opset >= 15)
        {
            start = Clamp(context.Node.Int("start", 0));
            end = Clamp(context.Node.Int("end", rank));
        }
        Element[] content = start >= end ? [] : Array.ConvertAll(input.Shape[start..end], Element.Of);
        context.Output(0, ElementType.Int64, [content.Length], content);

        int Clamp(long position) => (int)Math.Clamp(position < 0 ? Math.Max(position, -rank) + rank : position, 0, rank);
    }

    private static void Constant(ShapeContext context)
    {
        InferredValue value = InferredValue.Of("", ConstantValue(context.Node));
        context.Output(0, value.Type, value.Shape, value.Content, value.Constant);
    }

    private static void ConstantOfShape(ShapeContext context)
    {
        InferredValue input = context.Input(0, TypeSet.Int64);
        context.ExpectRank(0, 1, 1);
        Tensor? value = null;
        if (context.Node.Attributes.TryGetValue("value", out object? attribute))
        {
            value = attribute as Tensor ?? throw context.Error($"attribute 'value' is of type {attribute.GetType().Name}, expected a tensor.");
            if (value.Length != 1) throw context.Error($"attribute 'value' has {value.Length} elements, expected 1.");
        }
        Dimension[]? shape = input.Content is { } target ? LayoutShapes.Unknowns(context, target.Length)
            : input.Shape is [{ IsFixed: true } rank] ? LayoutShapes.Unknowns(context, rank.Size)
            : null;
        if (input.Content is { } sizes)
            for (int i = 0; i < sizes.Length; i++) shape![i] = LayoutShapes.Size(context, sizes[i]);
        Element[]? content = null;
        if (shape is [{ IsFixed: true, Size: <= InferredValue.LongestContent } length] && value is not null && InferredValue.Of("", value.Reshape()).Content is [var element])
        {
            content = new Element[length.Size];
            Array.Fill(content, element);
        }
        context.Output(0, value?.ElementType ?? ElementType.Float, shape, content);
    }
}
