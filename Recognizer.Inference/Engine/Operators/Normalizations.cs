using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>InstanceNormalization: each channel plane of each image to mean 0 and variance 1, then scale[c]·x + bias[c].</summary>
internal sealed class InstanceNormalization : FloatOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        x.RequireRank(node, 0, 3);
        int channels = x.Shape[1], plane = Shapes.Count(x.Shape[2..]);
        ReadOnlySpan<T> scale = inputs.Vector<T>(node, 1, channels), bias = inputs.Vector<T>(node, 2, channels), input = x.Values<T>(node, 0);
        T epsilon = T.CreateTruncating(node.Float("epsilon", 1e-5f));
        var output = new T[input.Length];
        for (int start = 0; start < output.Length; start += plane)
        {
            int c = start / plane % channels;
            (T mean, T deviation) = LayerNormalization.Moments(input.Slice(start, plane), epsilon);
            for (int i = start; i < start + plane; i++) output[i] = (input[i] - mean) / deviation * scale[c] + bias[c];
        }
        return [Tensor.Create(output, x.Shape)];
    }
}

/// <summary>LayerNormalization: everything from an axis on to mean 0 and variance 1, then scaled and shifted element by element. Also
/// gives the mean and 1/√(variance + ε), in floats whatever the input is.</summary>
internal sealed class LayerNormalization : FloatOperator
{
    protected override int OutputsLikeInput => 1;

    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), scale = inputs.Required(node, 1);
        int axis = Axes.Normalize(node, node.Int("axis", -1), x.Rank);
        ReadOnlySpan<int> normalized = x.Shape[axis..];
        int row = Shapes.Count(normalized);
        int[] reduced = [.. x.Shape[..axis], .. Enumerable.Repeat(1, x.Rank - axis)];
        T[] means = OperatorInputs.Allocate<T>(node, reduced), inverses = OperatorInputs.Allocate<T>(node, reduced);
        if (row == 0 && means.Length > 0) OperatorInputs.Fail(node, $"the input {Shapes.Text(x.Shape)} has nothing to normalise");
        T[] factors = Parameter<T>(node, scale, 1, x.Shape);
        T[] shifts = inputs.Optional(2) is { } bias ? Parameter<T>(node, bias, 2, x.Shape) : new T[x.Length];
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        T epsilon = T.CreateTruncating(node.Float("epsilon", 1e-5f));
        var output = new T[input.Length];
        for (int r = 0; r < means.Length; r++)
        {
            (means[r], T deviation) = Moments(input.Slice(r * row, row), epsilon);
            inverses[r] = T.One / deviation;
            for (int i = r * row; i < (r + 1) * row; i++) output[i] = (input[i] - means[r]) / deviation * factors[i] + shifts[i];
        }
        return [Tensor.Create(output, x.Shape), .. new[] { means, inverses }.Select(values => Cast.To(node, Tensor.Create(values, reduced), ElementType.Float))];
    }

    private static T[] Parameter<T>(Node node, Tensor parameter, int index, ReadOnlySpan<int> shape)
    {
        if (!Broadcasting.Shape(node, parameter.Shape, shape).AsSpan().SequenceEqual(shape))
            OperatorInputs.Fail(node, $"input {index} {Shapes.Text(parameter.Shape)} doesn't broadcast to {Shapes.Text(shape)}");
        return Shapes.Stretch(node, parameter.Values<T>(node, index), parameter.Shape, shape);
    }

    /// <summary>Mean and √(population variance + ε).</summary>
    public static (T Mean, T Deviation) Moments<T>(ReadOnlySpan<T> values, T epsilon) where T : System.Numerics.IFloatingPointIeee754<T>
    {
        T count = T.CreateTruncating(values.Length), sum = T.Zero, squares = T.Zero;
        foreach (T value in values) sum += value;
        T mean = sum / count;
        foreach (T value in values) squares += (value - mean) * (value - mean);
        return (mean, T.Sqrt(squares / count + epsilon));
    }
}

/// <summary>LRN: x / (bias + α/size · Σ x²)^β, the sum running over size neighbouring channels.</summary>
internal sealed class LocalResponseNormalization : FloatOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        x.RequireRank(node, 0, 3);
        long size = node.Int("size", 0);
        if (size is < 1 or > 1 << 24) OperatorInputs.Fail(node, $"attribute 'size' is {size}, expected 1 to {1 << 24}");
        int before = (int)(size - 1) / 2, after = (int)size - 1 - before, channels = x.Shape[1], plane = Shapes.Count(x.Shape[2..]);
        T factor = T.CreateTruncating(node.Float("alpha", 1e-4f)) / T.CreateTruncating(size);
        T beta = T.CreateTruncating(node.Float("beta", 0.75f)), bias = T.CreateTruncating(node.Float("bias", 1));
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        var output = new T[input.Length];
        for (int i = 0; i < output.Length; i++)
        {
            int c = i / plane % channels;
            T squares = T.Zero;
            for (int other = Math.Max(0, c - before); other <= Math.Min(channels - 1, c + after); other++)
            {
                T value = input[i + (other - c) * plane];
                squares += value * value;
            }
            output[i] = input[i] / T.Pow(bias + factor * squares, beta);
        }
        return [Tensor.Create(output, x.Shape)];
    }
}
