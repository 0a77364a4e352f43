namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Operators that rearrange, repeat or surround elements.</summary>
internal static class LayoutShapes
{
    public static void Register(ShapeRules rules)
    {
        rules.Add("Flatten", 1, 1, Flatten);
        rules.Add("Reshape", 1, 2, Reshape);
        rules.Add("Transpose", 1, 1, Transpose);
        rules.Add("Concat", 1, int.MaxValue, Concat);
        rules.Add("Squeeze", 1, 2, Squeeze);
        rules.Add("Unsqueeze", 1, 2, Unsqueeze);
        rules.Add("Expand", 2, 2, Expand);
        rules.Add("Pad", 1, 4, Pad);
        rules.Add("DepthToSpace", 1, 1, DepthToSpace);
        rules.Add("SpaceToDepth", 1, 1, SpaceToDepth);
        rules.Add("Resize", 1, 4, Resize);
    }

    /// <summary>Product of dimensions; unknown unless all are fixed or all but one are 1.</summary>
    public static Dimension Product(ShapeContext context, ReadOnlySpan<Dimension> dimensions)
    {
        long size = 1;
        Dimension open = 1;
        int unknown = 0;
        foreach (Dimension dimension in dimensions)
        {
            if (dimension.IsFixed) size = size > int.MaxValue ? size : size * dimension.Size;
            else
            {
                open = dimension;
                unknown++;
            }
        }
        if (unknown == 0) return context.Size(size);
        return size == 0 ? 0 : unknown == 1 && size == 1 ? open : Dimension.Unknown;
    }

    private static void Flatten(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        if (input.Shape is null)
        {
            context.Output(0, input.Type, [Dimension.Unknown, Dimension.Unknown]);
            return;
        }
        int axis = Axes.Normalize(context.Node, context.Node.Int("axis", 1), input.Shape.Length, end: true);
        context.Output(0, input.Type, [Product(context, input.Shape.AsSpan(0, axis)), Product(context, input.Shape.AsSpan(axis))]);
    }

    private static void Reshape(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        Element[]? target;
        if (context.Opset < 5) target = Array.ConvertAll(context.Node.Ints("shape") ?? throw context.Error("attribute 'shape' is missing."), n => (Element)n);
        else
        {
            InferredValue shape = context.Input(1, TypeSet.Int64);
            context.ExpectRank(1, 1, 1);
            target = shape.Content;
            if (target is null)
            {
                context.Output(0, input.Type, shape.Shape is [{ IsFixed: true } rank] ? Unknowns(context, rank.Size) : null);
                return;
            }
        }
        bool zeroIsZero = context.Opset >= 14 && context.Node.Int("allowzero", 0) != 0;
        var result = new Dimension[target.Length];
        int inferred = -1;
        for (int i = 0; i < result.Length; i++)
        {
            if (!target[i].IsFixed) result[i] = target[i].Symbol is { } symbol ? Dimension.Named(symbol) : Dimension.Unknown;
            else if (target[i].Value == -1)
            {
                if (inferred >= 0) throw context.Error($"target shape [{Text(target)}] holds -1 twice, expected once at most.");
                inferred = i;
                result[i] = Dimension.Unknown;
            }
            else if (target[i].Value == 0 && !zeroIsZero)
            {
                if (input.Shape is not null && i >= input.Shape.Length) throw context.Error($"target shape [{Text(target)}] copies dimension {i} of {input}, which has none.");
                result[i] = input.Shape is null ? Dimension.Unknown : input.Shape[i];
            }
            else result[i] = context.Size(target[i].Value);
        }
        if (input.Shape is not null) Balance(context, input, target, result, inferred);
        context.Output(0, input.Type, result, result.Length <= 1 ? input.Content : null);
    }

    /// <summary>Holds the elements of a reshape's result against the input's, and works out the dimension given as −1.</summary>
    private static void Balance(ShapeContext context, InferredValue input, Element[] target, Dimension[] result, int inferred)
    {
        long before = 1, after = 1;
        var open = new List<Dimension>();
        foreach (Dimension dimension in input.Shape!)
        {
            if (dimension.IsFixed) before = Grow(before, dimension.Size);
            else open.Add(dimension);
        }
        bool known = true;
        for (int i = 0; i < result.Length; i++)
        {
            if (i == inferred) continue;
            if (result[i].IsFixed) after = Grow(after, result[i].Size);
            // A symbol on both sides cancels, as does a dimension copied by 0.
            else if (result[i].Symbol is not null || target[i] == 0) known &= open.Remove(result[i]);
            else known = false;
        }
        if (!known) return;
        if (inferred < 0)
        {
            if (open.Count == 0 && before != after) throw Mismatch();
            return;
        }
        if (after == 0)
        {
            if (open.Count == 0 && before != 0) throw Mismatch();
            // Any size would do; the standard leaves it open, and runtimes take 0.
            result[inferred] = 0;
        }
        else if (open.Count == 0) result[inferred] = before % after == 0 ? context.Size(before / after) : throw Mismatch();
        else if (open.Count == 1 && before == after) result[inferred] = open[0];

        OnnxException Mismatch() => context.Error($"{input} can't take the shape [{Text(target)}], expected the same number of elements.");

        static long Grow(long product, int size) => product > long.MaxValue / Math.Max(size, 1) ? long.MaxValue : product * size;
    }

    private static void Transpose(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        long[]? order = context.Node.Ints("perm");
        if (order is not null && Array.Exists(order, a => a < 0)) throw context.Error($"attribute 'perm' is [{string.Join(", ", order.Take(TensorReader.HighestRank))}], expected axes counted from 0.");
        if (input.Shape is null)
        {
            context.Output(0, input.Type, order is null ? null : Unknowns(context, order.Length));
            return;
        }
        int rank = input.Shape.Length;
        if (order is not null && order.Length != rank) throw context.Error($"attribute 'perm' has {order.Length} axes, expected {rank} for {input}.");
        int[] axes = order is null ? [.. Enumerable.Range(0, rank).Reverse()] : Axes.Normalize(context.Node, order, rank);
        context.Output(0, input.Type, Array.ConvertAll(axes, a => input.Shape[a]), rank <= 1 ? input.Content : null);
    }

    private static void Concat(ShapeContext context)
    {
        InferredValue first = context.Input(0);
        if (context.Opset >= 4 && !context.Node.Attributes.ContainsKey("axis")) throw context.Error("attribute 'axis' is missing.");
        long given = context.Node.Int("axis", 1);
        Dimension[]? shape = null;
        bool rankKnown = true;
        int axis = 0;
        for (int i = 0; i < context.InputCount; i++)
        {
            InferredValue input = context.Like(i, first) ?? throw context.Error($"input {i} is missing.");
            if (input.Shape is null)
            {
                rankKnown = false;
                continue;
            }
            if (shape is null)
            {
                shape = (Dimension[])input.Shape.Clone();
                axis = Axes.Normalize(context.Node, given, shape.Length);
                continue;
            }
            if (input.Shape.Length != shape.Length) throw context.Wrong(i, $"rank {shape.Length} like {first}");
            for (int d = 0; d < shape.Length; d++)
            {
                if (d == axis)
                {
                    shape[d] = shape[d].IsFixed && input.Shape[d].IsFixed ? context.Size((long)shape[d].Size + input.Shape[d].Size) : Dimension.Unknown;
                    continue;
                }
                if (shape[d].IsFixed && input.Shape[d].IsFixed && shape[d].Size != input.Shape[d].Size) throw context.Wrong(i, $"dimension {shape[d]} at axis {d} like the inputs before");
                if (!shape[d].IsFixed) shape[d] = input.Shape[d].IsFixed || shape[d].Symbol is null ? input.Shape[d] : shape[d];
            }
        }
        if (shape is not null && !rankKnown) shape[axis] = Dimension.Unknown;
        Element[]? content = null;
        if (shape is { Length: 1 } && Enumerable.Range(0, context.InputCount).All(i => context.Input(i).Content is not null)
            && Enumerable.Range(0, context.InputCount).Sum(i => (long)context.Input(i).Content!.Length) <= InferredValue.LongestContent)
            content = [.. Enumerable.Range(0, context.InputCount).SelectMany(i => context.Input(i).Content!)];
        context.Output(0, first.Type, shape, content);
    }

    private static void Squeeze(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        (bool given, long[]? axes) = IndexingShapes.Integers(context, "axes", 1, 13);
        Dimension[]? shape = input.Shape;
        if (shape is not null && given)
        {
            if (axes is null)
            {
                context.Output(0, input.Type, null);
                return;
            }
            int[] gone = Axes.Normalize(context.Node, axes, shape.Length);
            foreach (int axis in gone)
                if (shape[axis].IsFixed && shape[axis].Size != 1) throw context.Wrong(0, $"dimension 1 at axis {axis}");
            shape = [.. shape.Where((_, i) => !gone.Contains(i))];
        }
        else if (shape is not null) shape = Array.TrueForAll(shape, d => d.IsFixed) ? [.. shape.Where(d => d.Size != 1)] : null;
        context.Output(0, input.Type, shape, input.Content);
    }

    private static void Unsqueeze(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        (bool given, long[]? axes) = IndexingShapes.Integers(context, "axes", 1, 13);
        if (!given) throw context.Error("axes are missing.");
        Dimension[]? shape = null;
        if (input.Shape is not null && axes is not null)
        {
            int rank = input.Shape.Length + axes.Length;
            if (rank > TensorReader.HighestRank) throw context.Error($"output of rank {rank}, expected at most {TensorReader.HighestRank}.");
            int[] added = Axes.Normalize(context.Node, axes, rank);
            shape = new Dimension[rank];
            for (int i = 0, from = 0; i < rank; i++) shape[i] = added.Contains(i) ? 1 : input.Shape[from++];
        }
        context.Output(0, input.Type, shape, input.Content);
    }

    private static void Expand(ShapeContext context)
    {
        InferredValue input = context.Input(0), shape = context.Input(1, TypeSet.Int64);
        context.ExpectRank(1, 1, 1);
        Dimension[]? target = shape.Content is { } content ? Array.ConvertAll(content, e => Size(context, e)) : shape.Shape is [{ IsFixed: true } rank] ? Unknowns(context, rank.Size) : null;
        context.Output(0, input.Type, ElementwiseShapes.Broadcast(context, input.Shape, target));
    }

    private static void Pad(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        string mode = context.Node.String("mode", "constant");
        if (mode is not ("constant" or "reflect" or "edge" or "wrap")) throw context.Error($"attribute 'mode' is '{mode}', expected constant, reflect, edge or wrap.");
        (bool given, long[]? pads) = IndexingShapes.Integers(context, context.Opset < 2 ? "paddings" : "pads", 1, 11);
        if (!given) throw context.Error("pads are missing.");
        context.Like(2, input);
        context.ExpectScalar(2);
        InferredValue? axesInput = context.Optional(3, TypeSet.Indices);
        if (axesInput is not null && context.Opset < 18) throw context.Error($"input 3 (axes), which came with operator set 18, in operator set {context.Opset}.");
        if (input.Shape is null || pads is null || (axesInput is not null && axesInput.Numbers is null))
        {
            context.Output(0, input.Type, input.Shape is null ? null : Unknowns(context, input.Shape.Length));
            return;
        }
        int[] axes = axesInput is null ? [.. Enumerable.Range(0, input.Shape.Length)] : Axes.Normalize(context.Node, axesInput.Numbers, input.Shape.Length);
        if (pads.Length != 2 * axes.Length) throw context.Error($"{pads.Length} pads, expected {2 * axes.Length}: two for each of {axes.Length} axes.");
        var shape = (Dimension[])input.Shape.Clone();
        for (int i = 0; i < axes.Length; i++)
        {
            long begin = pads[i], end = pads[i + axes.Length];
            if (Math.Max(begin, end) > int.MaxValue || Math.Min(begin, end) < -int.MaxValue) throw context.Error($"pads {begin} and {end} at axis {axes[i]}, expected less than 2^31.");
            if (begin == 0 && end == 0) continue;
            ref Dimension dimension = ref shape[axes[i]];
            dimension = dimension.IsFixed ? context.Size(dimension.Size + begin + end) : Dimension.Unknown;
        }
        context.Output(0, input.Type, shape);
    }

    private static void DepthToSpace(ShapeContext context)
    {
        (InferredValue input, int block) = Block(context);
        if (context.Node.String("mode", "DCR") is var mode and not ("DCR" or "CRD")) throw context.Error($"attribute 'mode' is '{mode}', expected DCR or CRD.");
        if (input.Shape is not { } shape)
        {
            context.Output(0, input.Type, null);
            return;
        }
        long square = (long)block * block;
        if (shape[1].IsFixed && shape[1].Size % square != 0) throw context.Wrong(0, $"a number of channels divisible by {square}");
        context.Output(0, input.Type, [shape[0], shape[1].IsFixed ? context.Size(shape[1].Size / square) : Dimension.Unknown, Times(shape[2]), Times(shape[3])]);

        Dimension Times(Dimension d) => d.IsFixed ? context.Size((long)d.Size * block) : Dimension.Unknown;
    }

    private static void SpaceToDepth(ShapeContext context)
    {
        (InferredValue input, int block) = Block(context);
        if (input.Shape is not { } shape)
        {
            context.Output(0, input.Type, null);
            return;
        }
        long square = (long)block * block;
        context.Output(0, input.Type, [shape[0], shape[1].IsFixed ? context.Size(Math.Min(long.MaxValue / square, shape[1].Size) * square) : Dimension.Unknown, Part(2), Part(3)]);

        Dimension Part(int axis) => !shape[axis].IsFixed ? Dimension.Unknown
            : shape[axis].Size % block == 0 ? shape[axis].Size / block
            : throw context.Wrong(0, $"a size divisible by {block} at axis {axis}");
    }

    private static (InferredValue Input, int Block) Block(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        context.ExpectRank(0, 4, 4);
        long block = context.Node.Int("blocksize", 0);
        if (block is < 1 or > int.MaxValue) throw context.Error($"attribute 'blocksize' is {block}, expected at least 1.");
        return (input, (int)block);
    }

    private static void Resize(ShapeContext context)
    {
        InferredValue input = context.Input(0);
        if (context.Opset < 10) throw context.Error($"operator set {context.Opset}, expected 10 or later for Resize.");
        InferredValue? scalesInput = context.Optional(context.Opset == 10 ? 1 : 2, TypeSet.Float), sizesInput = context.Opset == 10 ? null : context.Optional(3, TypeSet.Int64);
        // Opset 11 marked what is left out by an empty tensor; later ones by an empty name.
        if (scalesInput?.Shape is [{ IsFixed: true, Size: 0 }]) scalesInput = null;
        if (sizesInput?.Shape is [{ IsFixed: true, Size: 0 }]) sizesInput = null;
        if ((scalesInput is null) == (sizesInput is null)) throw context.Error("expected either scales or sizes.");
        if (input.Shape is null)
        {
            context.Output(0, input.Type, null);
            return;
        }
        int rank = input.Shape.Length;
        int[] axes = context.Opset >= 18 && context.Node.Ints("axes") is { } given ? Axes.Normalize(context.Node, given, rank) : [.. Enumerable.Range(0, rank)];
        var shape = (Dimension[])input.Shape.Clone();
        float[]? scales = scalesInput?.Constant?.Data as float[];
        // What is resized is the part that tf_crop_and_resize cuts out first: starts, then ends, as shares of the axes.
        bool crops = scalesInput is not null && context.Node.String("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize";
        float[]? region = crops && context.Optional(1) is { Constant.Data: float[] parts } && parts.Length == 2 * axes.Length ? parts : null;
        int count = scales?.Length ?? sizesInput?.Content?.Length ?? axes.Length;
        if (count != axes.Length) throw context.Error($"{count} scales or sizes, expected {axes.Length}.");
        for (int i = 0; i < axes.Length; i++)
        {
            ref Dimension dimension = ref shape[axes[i]];
            if (scales is not null)
            {
                if (!(scales[i] > 0 && scales[i] < int.MaxValue)) throw context.Error($"scale {scales[i]} at axis {axes[i]}, expected more than 0.");
                float share = !crops ? 1 : region is null ? float.NaN : region[axes.Length + i] - region[i];
                dimension = scales[i] == 1 && share == 1 ? dimension
                    : dimension.IsFixed && !float.IsNaN(share) ? context.Size((long)Resizing.Scaled(dimension.Size, scales[i], share))
                    : Dimension.Unknown;
            }
            else dimension = sizesInput?.Content is { } sizes ? Size(context, sizes[i]) : Dimension.Unknown;
        }
        string policy = context.Opset >= 18 ? context.Node.String("keep_aspect_ratio_policy", "stretch") : "stretch";
        if (policy != "stretch" && sizesInput is not null) KeepAspect(context, input.Shape, shape, axes, policy);
        context.Output(0, input.Type, shape);
    }

    /// <summary>Sizes that were asked for, made to keep the input's proportions.</summary>
    private static void KeepAspect(ShapeContext context, Dimension[] input, Dimension[] shape, int[] axes, string policy)
    {
        if (policy is not ("not_larger" or "not_smaller")) throw context.Error($"attribute 'keep_aspect_ratio_policy' is '{policy}', expected stretch, not_larger or not_smaller.");
        if (Array.Exists(axes, a => !input[a].IsFixed || !shape[a].IsFixed || input[a].Size == 0))
        {
            foreach (int axis in axes) shape[axis] = Dimension.Unknown;
            return;
        }
        IEnumerable<float> ratios = axes.Select(a => shape[a].Size / (float)input[a].Size);
        float scale = policy == "not_larger" ? ratios.Min() : ratios.Max();
        foreach (int axis in axes) shape[axis] = context.Size((long)Resizing.Proportional(input[axis].Size, scale));
    }

    /// <summary>A shape of which only the rank is known.</summary>
    public static Dimension[] Unknowns(ShapeContext context, int rank)
    {
        if (rank > TensorReader.HighestRank) throw context.Error($"output of rank {rank}, expected at most {TensorReader.HighestRank}.");
        var shape = new Dimension[rank];
        Array.Fill(shape, Dimension.Unknown);
        return shape;
    }

    /// <summary>A followed element as a dimension.</summary>
    public static Dimension Size(ShapeContext context, Element element) => element.IsFixed ? context.Size(element.Value)
        : element.Symbol is { } symbol ? Dimension.Named(symbol) : Dimension.Unknown;

    private static string Text(Element[] target) => string.Join(", ", target.Take(TensorReader.HighestRank).Select(e => e.IsFixed ? e.Value.ToString() : e.Symbol ?? "?"));
}
