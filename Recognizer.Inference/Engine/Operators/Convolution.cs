using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Conv: y[n,m,o] = b[m] + Σ x[n,c,o·stride + k·dilation − pad] · w[m,c,k] over the channels c of m's group.</summary>
internal sealed class Conv : FloatOperator
{
    protected override Tensor[] Evaluate<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), w = inputs.Required(node, 1);
        ReadOnlySpan<T> bias = inputs.Optional(2) is null || w.Rank == 0 ? default : inputs.Vector<T>(node, 2, w.Shape[0]);
        return [ConvolutionLoops.Convolve(node, x, x.Values<T>(node, 0), w, w.Values<T>(node, 1), bias, x => x)];
    }
}

/// <summary>The loops of Conv, ConvInteger and QLinearConv.</summary>
internal static class ConvolutionLoops
{
    /// <summary>Convolves and converts each sum to the type of the output.</summary>
    public static Tensor Convolve<T, TOut>(Node node, Tensor x, ReadOnlySpan<T> input, Tensor w, ReadOnlySpan<T> weights,
        ReadOnlySpan<T> bias, Func<T, TOut> convert) where T : unmanaged, INumber<T>
    {
        WindowGeometry geometry = Geometry(node, x, w, out int groups);
        int images = x.Shape[0], channels = x.Shape[1], filters = w.Shape[0], groupChannels = w.Shape[1];
        int plane = Shapes.Count(geometry.Input), cellCount = Shapes.Count(geometry.Kernel);
        int[] shape = [images, filters, .. geometry.Output];
        TOut[] output = OperatorInputs.Allocate<TOut>(node, shape);
        if (output.Length == 0) return Tensor.Create(output, shape);
        int positions = Shapes.Count(geometry.Output);
        var cells = new int[cellCount];
        for (int position = 0; position < positions; position++)
        {
            geometry.Cells(position, cells);
            for (int n = 0; n < images; n++)
            {
                for (int m = 0; m < filters; m++)
                {
                    int firstChannel = m / (filters / groups) * groupChannels;
                    T sum = bias.IsEmpty ? T.Zero : bias[m];
                    for (int c = 0; c < groupChannels; c++)
                    {
                        ReadOnlySpan<T> source = input.Slice((n * channels + firstChannel + c) * plane, plane);
                        ReadOnlySpan<T> filter = weights.Slice((m * groupChannels + c) * cellCount, cellCount);
                        for (int k = 0; k < cells.Length; k++)
                        {
                            if (cells[k] >= 0) sum += source[cells[k]] * filter[k];
                        }
                    }
                    output[(n * filters + m) * positions + position] = convert(sum);
                }
            }
        }
        return Tensor.Create(output, shape);
    }

    private static WindowGeometry Geometry(Node node, Tensor x, Tensor w, out int groups)
    {
        x.RequireRank(node, 0, 3);
        w.RequireRank(node, 1, x.Rank, x.Rank);
        int channels = x.Shape[1], filters = w.Shape[0];
        groups = Groups(node);
        if (groups > channels && channels > 0 || filters % groups != 0 || (long)w.Shape[1] * groups != channels)
        {
            OperatorInputs.Fail(node, $"weights {Shapes.Text(w.Shape)} in {groups} groups don't fit the input {Shapes.Text(x.Shape)}: "
                + "expected [filters, channels / groups, …] with filters divisible by groups");
        }
        ReadOnlySpan<int> kernel = w.Shape[2..];
        if (node.Ints("kernel_shape") is { } declared && !declared.AsSpan().SequenceEqual(Array.ConvertAll(kernel.ToArray(), size => (long)size)))
            OperatorInputs.Fail(node, $"attribute 'kernel_shape' [{string.Join(", ", declared)}] isn't that of the weights {Shapes.Text(w.Shape)}");
        return WindowGeometry.Of(node, x.Shape[2..], kernel);
    }

    /// <summary>The group attribute.</summary>
    public static int Groups(Node node)
    {
        long groups = node.Int("group", 1);
        if (groups is < 1 or > int.MaxValue) OperatorInputs.Fail(node, $"attribute 'group' is {groups}, expected at least 1");
        return (int)groups;
    }
}
