using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Resize: nearest, linear or cubic interpolation along each axis, in all of ONNX's coordinate conventions. Axes are treated one
/// after the other, which gives the same as all at once because every interpolation is a product over axes. Sizes and places are worked out in single precision, as
/// ONNX has it: at 1/3 of the size a sample lies at 3, not a little before it.</summary>
internal sealed class Resize : NumericOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        Axis[] axes = Plan(node, opset, x, inputs, out double extrapolation);
        int[] shape = x.Shape.ToArray();
        double[] values = [.. Cast.To<double>(node, x)];
        var outside = new bool[x.Rank][];
        for (int axis = 0; axis < axes.Length; axis++)
        {
            int size = shape[axis];
            shape[axis] = axes[axis].Size;
            // refuses what is too large
            if (OperatorInputs.Allocate<double>(node, shape) is []) return [Tensor.Zeros(x.ElementType, [.. axes.Select(a => a.Size)])];
            outside[axis] = new bool[axes[axis].Size];
            if (axes[axis].IsIdentity(size)) continue;
            values = Interpolate(node, values, shape, axis, size, axes[axis], outside[axis]);
        }
        T[] output = Array.ConvertAll(values, value => T.CreateSaturating(value));
        int[] strides = Shapes.Strides(shape);
        for (int axis = 0; axis < axes.Length; axis++)
        {
            if (!outside[axis].Contains(true)) continue;
            for (int i = 0; i < output.Length; i++)
            {
                if (outside[axis][i / strides[axis] % shape[axis]]) output[i] = T.CreateSaturating(extrapolation);
            }
        }
        return [Tensor.Create(output, shape)];
    }

    /// <summary>How one axis is resized.</summary>
    /// <param name="Size">New length.</param>
    /// <param name="Scale">New length per old one, before it was cut to an integer.</param>
    /// <param name="Start">Region of interest of tf_crop_and_resize, 0 … 1.</param>
    /// <param name="End">Its end.</param>
    private sealed record Axis(int Size, float Scale, float Start, float End)
    {
        public bool IsIdentity(int size) => Size == size && Scale == 1 && Start == 0 && End == 1;
    }

    private static Axis[] Plan(Node node, int opset, Tensor x, ReadOnlySpan<Tensor?> inputs, out double extrapolation)
    {
        int rank = x.Rank;
        // operator set 10 had no region of interest: X, scales
        Tensor? roi = opset < 11 ? null : inputs.Optional(1), scales = inputs.Optional(opset < 11 ? 1 : 2), sizes = opset < 11 ? null : inputs.Optional(3);
        if (scales is { Length: 0 }) scales = null;
        if (sizes is { Length: 0 }) sizes = null;
        if (scales is null == sizes is null) OperatorInputs.Fail(node, "expected either scales or sizes");
        int[] named = Axes.Normalize(node, node.Ints("axes") ?? [.. Enumerable.Range(0, rank).Select(axis => (long)axis)], rank);
        if ((scales ?? sizes)!.Length != named.Length) OperatorInputs.Fail(node, $"there are {(scales ?? sizes)!.Length} scales or sizes, expected {named.Length}");
        bool crops = node.String("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize";
        float[]? region = crops && roi is not null ? Cast.To<float>(node, roi) : null;
        if (crops && (region is null || region.Length != 2 * named.Length)) OperatorInputs.Fail(node, $"tf_crop_and_resize needs a region of {2 * named.Length} numbers");
        extrapolation = node.Float("extrapolation_value", 0);

        var axes = new Axis[rank];
        for (int axis = 0; axis < rank; axis++) axes[axis] = new Axis(x.Shape[axis], 1, 0, 1);
        float[] factors = scales is not null ? Cast.To<float>(node, scales) : Factors(node, x, sizes!.Integers(node, 3), named);
        for (int i = 0; i < named.Length; i++)
        {
            int size = x.Shape[named[i]];
            float start = region?[i] ?? 0, end = region?[named.Length + i] ?? 1;
            if (!(factors[i] > 0) || !(factors[i] < 1 << 24)) OperatorInputs.Fail(node, $"a scale is {factors[i]}, expected more than 0 and less than {1 << 24}");
            double length = scales is not null ? Resizing.Scaled(size, factors[i], crops ? end - start : 1)
                : node.String("keep_aspect_ratio_policy", "stretch") == "stretch" ? sizes!.Integers(node, 3)[i] : Resizing.Proportional(size, factors[i]);
            if (length is < 0 or > 1 << 30 || size == 0 && length > 0) OperatorInputs.Fail(node, $"axis {named[i]} of {Shapes.Text(x.Shape)} would become {length} long");
            axes[named[i]] = new Axis((int)length, factors[i], start, end);
        }
        return axes;
    }

    private static float[] Factors(Node node, Tensor x, long[] sizes, int[] named)
    {
        var factors = new float[named.Length];
        for (int i = 0; i < named.Length; i++) factors[i] = (float)sizes[i] / x.Shape[named[i]];
        string policy = node.String("keep_aspect_ratio_policy", "stretch");
        switch (policy)
        {
            case "stretch": break;
            case "not_larger": Array.Fill(factors, factors.Min()); break;
            case "not_smaller": Array.Fill(factors, factors.Max()); break;
            default: OperatorInputs.Fail(node, $"attribute 'keep_aspect_ratio_policy' is '{policy}', expected stretch, not_larger or not_smaller"); break;
        }
        return factors;
    }

    private static double[] Interpolate(Node node, double[] values, int[] shape, int axis, int size, Axis plan, bool[] outside)
    {
        int inner = Shapes.Count(shape.AsSpan((axis + 1)..)), outer = Shapes.Count(shape.AsSpan(..axis)), length = shape[axis];
        var output = new double[(long)outer * length * inner];
        bool crops = node.String("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize";
        for (int i = 0; i < length; i++)
        {
            float coordinate = Coordinate(node, i, size, plan);
            outside[i] = crops && !(coordinate >= 0 && coordinate <= size - 1);
            if (outside[i]) continue;
            foreach ((int source, double weight) in Weights(node, coordinate, size, plan.Scale))
            {
                for (int o = 0; o < outer; o++)
                {
                    for (int k = 0; k < inner; k++) output[(o * length + i) * inner + k] += weight * values[(o * size + source) * inner + k];
                }
            }
        }
        return output;
    }

    // where the i-th output sample lies among the input samples
    private static float Coordinate(Node node, int i, int size, Axis plan)
    {
        string mode = node.String("coordinate_transformation_mode", node.Attributes.ContainsKey("coordinate_transformation_mode") || !IsOldest(node) ? "half_pixel" : "asymmetric");
        float exact = size * plan.Scale;
        switch (mode)
        {
            case "half_pixel": return (i + 0.5f) / plan.Scale - 0.5f;
            case "pytorch_half_pixel": return plan.Size > 1 ? (i + 0.5f) / plan.Scale - 0.5f : 0;
            case "tf_half_pixel_for_nn": return (i + 0.5f) / plan.Scale;
            case "asymmetric": return i / plan.Scale;
            // ONNX's own cases take the new length before it is cut to an integer
            case "align_corners": return plan.Size > 1 && exact > 1 ? i * (size - 1f) / (exact - 1) : 0;
            case "half_pixel_symmetric": return size / 2f * (1 - plan.Size / exact) + (i + 0.5f) / plan.Scale - 0.5f;
            case "tf_crop_and_resize":
                return plan.Size > 1
                    ? plan.Start * (size - 1) + i * (plan.End - plan.Start) * (size - 1) / (plan.Size - 1)
                    : 0.5f * (plan.Start + plan.End) * (size - 1);
            default: throw new OnnxException($"{node}: the coordinate_transformation_mode '{mode}' is not known.");
        }
    }

    // operator set 10 is known by its two inputs
    private static bool IsOldest(Node node) => node.Inputs.Count == 2;

    private static List<(int Source, double Weight)> Weights(Node node, float coordinate, int size, float scale)
    {
        var weights = new List<(int, double)>(4);
        string mode = node.String("mode", "nearest");
        if (mode == "nearest")
        {
            weights.Add((Math.Clamp(Nearest(node, coordinate), 0, size - 1), 1));
            return weights;
        }
        double a = node.Float("cubic_coeff_a", -0.75f);
        // with antialias a kernel that shrinks is stretched, so that it sees all samples
        double stretch = node.Int("antialias", 0) != 0 ? Math.Clamp(1 / (double)scale, 1, size) : 1;
        int reach = mode switch
        {
            "linear" => 1,
            "cubic" => 2,
            _ => throw new OnnxException($"{node}: attribute 'mode' is '{mode}', expected nearest, linear or cubic."),
        };
        bool exclude = node.Int("exclude_outside", 0) != 0;
        double sum = 0;
        int first = (int)Math.Floor(coordinate - reach * stretch) + 1, last = (int)Math.Ceiling(coordinate + reach * stretch) - 1;
        for (int source = first; source <= last; source++)
        {
            if (exclude && (source < 0 || source >= size)) continue;
            double distance = Math.Abs(source - (double)coordinate) / stretch;
            double weight = mode == "linear" ? 1 - distance : distance <= 1 ? Near(distance, a) : Far(distance, a);
            sum += weight;
            weights.Add((Math.Clamp(source, 0, size - 1), weight));
        }
        // without stretching and leaving out, the weights add up to 1 as they are
        if ((exclude || stretch > 1) && sum != 0)
        {
            for (int i = 0; i < weights.Count; i++) weights[i] = (weights[i].Item1, weights[i].Item2 / sum);
        }
        return weights;
    }

    // Keys' cubic kernel with its free parameter a, for distances up to 1 and from 1 to 2
    private static double Near(double x, double a) => ((a + 2) * x - (a + 3)) * x * x + 1;

    private static double Far(double x, double a) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;

    private static int Nearest(Node node, float coordinate)
    {
        string mode = node.String("nearest_mode", IsOldest(node) ? "floor" : "round_prefer_floor");
        return mode switch
        {
            "round_prefer_floor" => (int)MathF.Ceiling(coordinate - 0.5f),
            "round_prefer_ceil" => (int)MathF.Floor(coordinate + 0.5f),
            "floor" => (int)MathF.Floor(coordinate),
            "ceil" => (int)MathF.Ceiling(coordinate),
            _ => throw new OnnxException($"{node}: attribute 'nearest_mode' is '{mode}', expected round_prefer_floor, round_prefer_ceil, floor or ceil."),
        };
    }
}
