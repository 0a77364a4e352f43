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
        WindowGeometry geometry = WindowGeometry.ForConvolution(node, x.Shape, w.Shape);
        int images = x.Shape[0], channels = x.Shape[1], filters = w.Shape[0], groupChannels = w.Shape[1];
        int plane = Shapes.Count(x.Shape[2..]), cellCount = Shapes.Count(geometry.Kernel);
        int[] shape = [images, filters, .. geometry.Output];
        TOut[] output = OperatorInputs.Allocate<TOut>(node, shape);
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
                    output[(n * filters + m) * positions + position] = convert(sum);
                }
            }
        }
        return Tensor.Create(output, shape);
    }
}
