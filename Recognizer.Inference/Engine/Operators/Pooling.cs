using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>MaxPool: the largest element of each window, and where it was. The first of equal ones counts; NaN stays NaN.</summary>
internal sealed class MaxPool : NumericOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        WindowGeometry geometry = WindowGeometry.ForPooling(node, x.Shape);
        bool columnMajor = node.Int("storage_order", 0) != 0;
        int[] shape = [x.Shape[0], x.Shape[1], .. geometry.Output];
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        long[] indices = OperatorInputs.Allocate<long>(node, shape);
        if (output.Length == 0) return [Tensor.Create(output, shape), Tensor.Create(indices, shape)];
        int planes = x.Shape[0] * x.Shape[1], plane = Shapes.Count(x.Shape[2..]), positions = Shapes.Count(geometry.Output);
        var cells = new WindowCells(node, geometry, x.Shape[2..]);
        for (int position = 0; position < positions; position++)
        {
            ReadOnlySpan<int> window = cells.At(position);
            for (int p = 0; p < planes; p++)
            {
                ReadOnlySpan<T> source = input.Slice(p * plane, plane);
                int best = -1;
                foreach (int cell in window)
                {
                    if (cell >= 0 && (best < 0 || source[cell] > source[best] || T.IsNaN(source[cell]))) best = cell;
                }
                // a window that lies in the padding as a whole sees only padding, which is the lowest value there is
                output[p * positions + position] = best < 0 ? Lowest<T>() : source[best];
                indices[p * positions + position] = best < 0 ? -1
                    : (long)p * plane + (columnMajor ? ColumnMajor(best, x.Shape[2..]) : best);
            }
        }
        return [Tensor.Create(output, shape), Tensor.Create(indices, shape)];
    }

    /// <summary>−∞, or the smallest integer.</summary>
    internal static T Lowest<T>() where T : INumber<T>, IMinMaxValue<T>
    {
        T infinity = T.CreateSaturating(double.NegativeInfinity);
        return infinity < T.MinValue ? infinity : T.MinValue;
    }

    // index of the same cell when the first spatial axis varies fastest
    private static long ColumnMajor(int cell, ReadOnlySpan<int> spatial)
    {
        int[] strides = Shapes.Strides(spatial);
        long index = 0, stride = 1;
        for (int axis = 0; axis < spatial.Length; axis++)
        {
            index += cell / strides[axis] % spatial[axis] * stride;
            stride *= spatial[axis];
        }
        return index;
    }
}

/// <summary>AveragePool: the mean of each window, over the cells inside the input or, with count_include_pad, inside the padded input.</summary>
internal sealed class AveragePool : FloatOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        WindowGeometry geometry = WindowGeometry.ForPooling(node, x.Shape);
        bool countPadding = node.Int("count_include_pad", 0) != 0;
        int[] shape = [x.Shape[0], x.Shape[1], .. geometry.Output];
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        if (output.Length == 0) return [Tensor.Create(output, shape)];
        int planes = x.Shape[0] * x.Shape[1], plane = Shapes.Count(x.Shape[2..]), positions = Shapes.Count(geometry.Output);
        var cells = new WindowCells(node, geometry, x.Shape[2..]);
        for (int position = 0; position < positions; position++)
        {
            ReadOnlySpan<int> window = cells.At(position);
            int count = 0;
            foreach (int cell in window) count += cell >= 0 || countPadding && cell == WindowCells.InPadding ? 1 : 0;
            for (int p = 0; p < planes; p++)
            {
                ReadOnlySpan<T> source = input.Slice(p * plane, plane);
                T sum = T.Zero;
                foreach (int cell in window)
                {
                    if (cell >= 0) sum += source[cell];
                }
                output[p * positions + position] = count == 0 ? T.Zero : sum / T.CreateTruncating(count);
            }
        }
        return [Tensor.Create(output, shape)];
    }
}

/// <summary>GlobalAveragePool and GlobalMaxPool: one number per channel plane.</summary>
internal sealed class GlobalPool(bool average) : FloatOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        x.RequireRank(node, 0, 3);
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        int[] shape = [x.Shape[0], x.Shape[1], .. Enumerable.Repeat(1, x.Rank - 2)];
        T[] output = OperatorInputs.Allocate<T>(node, shape);
        int plane = Shapes.Count(x.Shape[2..]);
        if (plane == 0 && output.Length > 0) OperatorInputs.Fail(node, $"the input {Shapes.Text(x.Shape)} has no spatial cells");
        for (int p = 0; p < output.Length; p++)
        {
            ReadOnlySpan<T> source = input.Slice(p * plane, plane);
            T result = average ? T.Zero : source[0];
            foreach (T value in source) result = average ? result + value : T.Max(result, value);
            output[p] = average ? result / T.CreateTruncating(plane) : result;
        }
        return [Tensor.Create(output, shape)];
    }
}
