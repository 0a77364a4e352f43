using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Conv: y[n,m,o] = b[m] + Σ x[n,c,o·stride + k·dilation − pad] · w[m,c,k] over the channels c of m's group.</summary>
internal sealed class Conv : FloatOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), w = inputs.Required(node, 1);
        ReadOnlySpan<T> bias = inputs.Optional(2) is null || w.Rank == 0 ? default : inputs.Vector<T>(node, 2, w.Shape[0]);
        return [ConvolutionLoops.Convolve(node, x, x.Values<T>(node, 0), w, w.Values<T>(node, 1), bias)];
    }
}

/// <summary>ConvTranspose: the adjoint of Conv. Each input cell is spread over the output cells under its window.</summary>
internal sealed class ConvTranspose : FloatOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), w = inputs.Required(node, 1);
        WindowGeometry geometry = WindowGeometry.ForTransposedConvolution(node, x.Shape, w.Shape);
        int images = x.Shape[0], channels = x.Shape[1], groups = geometry.Groups, groupFilters = w.Shape[1], filters = groupFilters * groups;
        ReadOnlySpan<T> input = x.Values<T>(node, 0), weights = w.Values<T>(node, 1);
        int[] shape = [images, filters, .. geometry.Output];
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        if (output.Length == 0) return [Tensor.Create(output, shape)];
        int inputPlane = Shapes.Count(x.Shape[2..]), outputPlane = Shapes.Count(geometry.Output), cellCount = Shapes.Count(geometry.Kernel);
        if (inputs.Optional(2) is not null)
        {
            ReadOnlySpan<T> bias = inputs.Vector<T>(node, 2, filters);
            for (int i = 0; i < output.Length; i++) output[i] = bias[i / outputPlane % filters];
        }
        // the windows are those of a convolution that leads from the output back to the input
        var cells = new WindowCells(node, geometry with { Output = x.Shape[2..].ToArray() }, geometry.Output);
        for (int position = 0; position < inputPlane; position++)
        {
            ReadOnlySpan<int> window = cells.At(position);
            for (int n = 0; n < images; n++)
            {
                for (int c = 0; c < channels; c++)
                {
                    T value = input[(n * channels + c) * inputPlane + position];
                    int firstFilter = c / (channels / groups) * groupFilters;
                    for (int m = 0; m < groupFilters; m++)
                    {
                        Span<T> target = output.AsSpan((n * filters + firstFilter + m) * outputPlane, outputPlane);
                        ReadOnlySpan<T> filter = weights.Slice((c * groupFilters + m) * cellCount, cellCount);
                        for (int k = 0; k < window.Length; k++)
                        {
                            if (window[k] >= 0) target[window[k]] += value * filter[k];
                        }
                    }
                }
            }
        }
        return [Tensor.Create(output, shape)];
    }
}

/// <summary>The loops of Conv, ConvInteger and QLinearConv.</summary>
internal static class ConvolutionLoops
{
    /// <summary>Convolves.</summary>
    /// <param name="node">For attributes and messages.</param>
    /// <param name="x">Gives the shape of <paramref name="input"/>, [N, C, …].</param>
    /// <param name="input">Elements of the input.</param>
    /// <param name="w">Gives the shape of <paramref name="weights"/>, [M, C / groups, …].</param>
    /// <param name="weights">Elements of the weights.</param>
    /// <param name="bias">One per filter, or none.</param>
    public static Tensor Convolve<T>(Node node, Tensor x, ReadOnlySpan<T> input, Tensor w, ReadOnlySpan<T> weights, ReadOnlySpan<T> bias) where T : unmanaged, INumber<T>
    {
        WindowGeometry geometry = WindowGeometry.ForConvolution(node, x.Shape, w.Shape);
        int images = x.Shape[0], channels = x.Shape[1], filters = w.Shape[0], groupChannels = w.Shape[1];
        int plane = Shapes.Count(x.Shape[2..]), cellCount = Shapes.Count(geometry.Kernel);
        int[] shape = [images, filters, .. geometry.Output];
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        if (output.Length == 0) return Tensor.Create(output, shape);
        int positions = Shapes.Count(geometry.Output);
        var cells = new WindowCells(node, geometry, x.Shape[2..]);
        for (int position = 0; position < positions; position++)
        {
            ReadOnlySpan<int> window = cells.At(position);
            for (int n = 0; n < images; n++)
            {
                for (int m = 0; m < filters; m++)
                {
                    int firstChannel = m / (filters / geometry.Groups) * groupChannels;
                    T sum = bias.IsEmpty ? T.Zero : bias[m];
                    for (int c = 0; c < groupChannels; c++)
                    {
                        ReadOnlySpan<T> source = input.Slice((n * channels + firstChannel + c) * plane, plane);
                        ReadOnlySpan<T> filter = weights.Slice((m * groupChannels + c) * cellCount, cellCount);
                        for (int k = 0; k < window.Length; k++)
                        {
                            if (window[k] >= 0) sum += source[window[k]] * filter[k];
                        }
                    }
                    output[(n * filters + m) * positions + position] = sum;
                }
            }
        }
        return Tensor.Create(output, shape);
    }
}
