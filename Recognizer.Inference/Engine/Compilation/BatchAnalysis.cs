using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Finds which nodes treat every image of a batch by itself in float arithmetic, with shapes that are known, so that fast steps can run them.
/// Shapes here are those of one image: without the first dimension, which is the batch.</summary>
/// <param name="graph">Where constants and readers are found.</param>
/// <param name="declaredBatch">The one batch size that is compiled for, or null where it is open.</param>
/// <param name="probe">Shape of one image for a value that only shape inference knows, or null.</param>
internal sealed class BatchAnalysis(RewriteGraph graph, int? declaredBatch, Func<string, int[]?> probe)
{
    private readonly Dictionary<string, int[]> _shapes = new(StringComparer.Ordinal);

    /// <summary>Shape of one image, or null where the value isn't one tensor per image.</summary>
    public int[]? this[string value] => _shapes.GetValueOrDefault(value);

    public void Set(string value, int[] shape) => _shapes[value] = shape;

    /// <summary>Works out a node's output from its inputs.</summary>
    /// <returns>Whether a fast step can run the node.</returns>
    public bool TryAdd(Node node)
    {
        for (int i = 1; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i].Length > 0 && (graph.IsOutput(node.Outputs[i]) || graph.Consumers(node.Outputs[i]).Count > 0)) return false;
        }
        if (Shape(node) is not { } shape || Tensor.ElementCount(shape) is 0 or > int.MaxValue) return false;
        _shapes[node.Outputs[0]] = shape;
        return true;
    }

    private int[]? Shape(Node node)
    {
        if (node.Inputs.Count == 0) return null;
        int[]? x = this[node.Inputs[0]];
        if (node.Domain == RewriteGraph.InternalDomain) return x;
        if (node.Domain.Length > 0) return null;
        if (node.OperatorType is "Add" or "Sub" or "Mul" or "Div" or "Max" or "Min") return Binary(node);
        if (x is null) return null;
        switch (node.OperatorType)
        {
            case "Conv":
                if (x.Length != 3 || Floats(node, 1) is not { Rank: 4 } weights || !OptionalFloats(node, 2)) return null;
                return [weights.Shape[0], .. WindowGeometry.ForConvolution(node, [1, .. x], weights.Shape).Output];
            case "MaxPool" or "AveragePool":
                return x.Length == 3 ? [x[0], .. WindowGeometry.ForPooling(node, [1, .. x]).Output] : null;
            case "GlobalAveragePool" or "GlobalMaxPool":
                return x.Length == 3 ? [x[0], 1, 1] : null;
            case "Gemm":
                return Gemm(node, x);
            case "MatMul":
                return x.Length >= 1 && Floats(node, 1) is { Rank: 2 } right && right.Shape[0] == x[^1] ? [.. x[..^1], right.Shape[1]] : null;
            case "Flatten":
                return Axes.Normalize(node, node.Int("axis", 1), x.Length + 1, end: true) == 1 ? [(int)Tensor.ElementCount(x)] : null;
            case "Reshape":
                return Reshape(node, x);
            case "Squeeze" or "Unsqueeze":
                return Squeeze(node, x);
            case "Transpose":
                return node.Ints("perm") is { } perm && perm.Length == x.Length + 1 && perm[0] == 0 ? [.. perm.Skip(1).Select(axis => x[axis - 1])] : null;
            case "Concat":
                return Concat(node, x);
            case "Softmax" or "LogSoftmax":
                if (x.Length == 0) return null;
                int axis = Axes.Normalize(node, node.Int("axis", graph.Opset >= 13 ? -1 : 1), x.Length + 1);
                return axis >= 1 && (graph.Opset < 13 || axis == x.Length) ? x : null;
            case "ReduceMean":
                return ReduceMean(node, x);
            case "Pad":
                return Pad(node, x);
            default:
                return NodeActivation.TryRead(graph, node, out _) ? x : null;
        }
    }

    private Tensor? Floats(Node node, int input) =>
        node.Inputs.Count > input && graph.TryGetFloats(node.Inputs[input], out Tensor? tensor) ? tensor : null;

    private bool OptionalFloats(Node node, int input) =>
        node.Inputs.Count <= input || node.Inputs[input].Length == 0 || graph.TryGetFloats(node.Inputs[input], out _);

    private int[]? Binary(Node node)
    {
        if (node.Inputs.Count != 2 || (graph.Opset < 7 && node.OperatorType is not ("Max" or "Min"))) return null;
        int[]? a = this[node.Inputs[0]], b = this[node.Inputs[1]];
        if (a is not null && b is not null) return a.Length == b.Length ? Broadcasting.Shape(node, a, b) : null;
        int[]? batched = a ?? b;
        if (batched is null || Floats(node, a is null ? 0 : 1) is not { } constant) return null;
        int[] shape = constant.Shape.ToArray();
        if (shape.Length > batched.Length)
        {
            if (shape.Length > batched.Length + 1 || shape[0] != 1) return null;
            shape = shape[1..];
        }
        return Broadcasting.Shape(node, batched, shape);
    }

    private int[]? Gemm(Node node, int[] x)
    {
        if (x.Length != 1 || node.Int("transA", 0) != 0 || Floats(node, 1) is not { Rank: 2 } weights || !OptionalFloats(node, 2)) return null;
        bool transposed = node.Int("transB", 0) != 0;
        int rows = weights.Shape[transposed ? 1 : 0], columns = weights.Shape[transposed ? 0 : 1];
        if (rows != x[0]) return null;
        if (node.Inputs.Count > 2 && Floats(node, 2) is { } bias && bias.Length != 1 && (bias.Length != columns || bias.Shape[^1] != columns)) return null;
        return [columns];
    }

    private int[]? Reshape(Node node, int[] x)
    {
        long count = Tensor.ElementCount(x);
        if (node.Inputs.Count < 2 || !graph.Constants.TryGetValue(node.Inputs[1], out Tensor? target) || target.ElementType != ElementType.Int64)
            return probe(node.Outputs[0]) is { } probed && Tensor.ElementCount(probed) == count ? probed : null;
        long[] wanted = target.Span<long>().ToArray();
        if (wanted.Length == 0 || (node.Int("allowzero", 0) != 0 && wanted.Contains(0))) return null;
        bool batchFirst = wanted[0] is 0 or -1 || wanted[0] == declaredBatch;
        if (!batchFirst) return null;
        var shape = new int[wanted.Length - 1];
        int free = -1;
        long known = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            long size = wanted[i + 1];
            if (size == 0)
            {
                if (i >= x.Length) return null;
                size = x[i];
            }
            if (size == -1)
            {
                if (free >= 0 || wanted[0] == -1) return null;
                free = i;
                continue;
            }
            if (size is < 0 or > int.MaxValue) return null;
            shape[i] = (int)size;
            known *= size;
        }
        if (free >= 0)
        {
            if (known == 0 || count % known != 0) return null;
            shape[free] = (int)(count / known);
            known *= shape[free];
        }
        return known == count ? shape : null;
    }

    private int[]? Squeeze(Node node, int[] x)
    {
        long[]? axes = node.Ints("axes");
        if (axes is null && node.Inputs.Count > 1 && graph.Constants.TryGetValue(node.Inputs[1], out Tensor? given) && given.ElementType == ElementType.Int64)
            axes = given.Span<long>().ToArray();
        if (axes is null) return null;
        if (node.OperatorType == "Squeeze")
        {
            int[] removed = Axes.Normalize(node, axes, x.Length + 1);
            if (removed.Contains(0) || removed.Any(axis => x[axis - 1] != 1)) return null;
            return [.. x.Where((_, i) => !removed.Contains(i + 1))];
        }
        int rank = x.Length + 1 + axes.Length;
        int[] added = Axes.Normalize(node, axes, rank);
        if (added.Contains(0)) return null;
        var shape = new List<int>();
        int next = 0;
        for (int axis = 1; axis < rank; axis++) shape.Add(added.Contains(axis) ? 1 : x[next++]);
        return [.. shape];
    }

    private int[]? Concat(Node node, int[] x)
    {
        int axis = Axes.Normalize(node, node.Int("axis", 1), x.Length + 1);
        if (axis == 0) return null;
        int[] shape = [.. x];
        for (int i = 1; i < node.Inputs.Count; i++)
        {
            if (this[node.Inputs[i]] is not { } other || other.Length != x.Length) return null;
            for (int d = 0; d < x.Length; d++)
            {
                if (d == axis - 1) shape[d] += other[d];
                else if (other[d] != x[d]) return null;
            }
        }
        return shape;
    }

    private int[]? ReduceMean(Node node, int[] x)
    {
        if (MeanAxes(graph, node, x.Length + 1) is not { } axes) return null;
        bool keep = node.Int("keepdims", 1) != 0;
        var shape = new List<int>();
        for (int i = 0; i < x.Length; i++)
        {
            if (!axes.Contains(i + 1)) shape.Add(x[i]);
            else if (keep) shape.Add(1);
        }
        return [.. shape];
    }

    /// <summary>Axes that a ReduceMean averages, counted with the batch; null where it isn't known or the batch is among them.</summary>
    public static int[]? MeanAxes(RewriteGraph graph, Node node, int rank)
    {
        long[]? axes = node.Ints("axes");
        if (axes is null && node.Inputs.Count > 1 && node.Inputs[1].Length > 0)
        {
            if (!graph.Constants.TryGetValue(node.Inputs[1], out Tensor? given) || given.ElementType != ElementType.Int64) return null;
            axes = given.Span<long>().ToArray();
        }
        if (axes is null || axes.Length == 0) return null;
        int[] normalized = Axes.Normalize(node, axes, rank);
        return normalized.Contains(0) ? null : normalized;
    }

    private int[]? Pad(Node node, int[] x)
    {
        if (Padding(graph, node, x.Length + 1) is not { } padding) return null;
        return [.. x.Select((size, i) => size + padding.Begin[i + 1] + padding.End[i + 1])];
    }

    /// <summary>What a Pad with a constant adds before and after each axis, the batch included; null where a fast step can't do it.</summary>
    public static (int[] Begin, int[] End, float Value)? Padding(RewriteGraph graph, Node node, int rank)
    {
        if (node.String("mode", "constant") != "constant" || (node.Inputs.Count > 3 && node.Inputs[3].Length > 0)) return null;
        long[]? pads = node.Ints("pads");
        float value = node.Float("value", 0);
        if (pads is null)
        {
            if (node.Inputs.Count < 2 || !graph.Constants.TryGetValue(node.Inputs[1], out Tensor? given) || given.ElementType != ElementType.Int64) return null;
            pads = given.Span<long>().ToArray();
            if (node.Inputs.Count > 2 && node.Inputs[2].Length > 0)
            {
                if (!graph.TryGetFloats(node.Inputs[2], out Tensor? constant) || constant.Length != 1) return null;
                value = constant.Span<float>()[0];
            }
        }
        if (pads.Length != 2 * rank || pads.Any(pad => pad is < 0 or > 1 << 20) || pads[0] != 0 || pads[rank] != 0) return null;
        int[] sizes = Array.ConvertAll(pads, pad => (int)pad);
        return (sizes[..rank], sizes[rank..], value);
    }
}
