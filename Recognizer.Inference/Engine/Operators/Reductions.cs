using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>What a reduction does with the elements that fall into one.</summary>
internal enum Reduction
{
    /// <summary>Σ x.</summary>
    Sum,
    /// <summary>Σ x / n; integers are cut towards zero.</summary>
    Mean,
    /// <summary>The largest; NaN where one is NaN; −∞, or the smallest integer, of none.</summary>
    Max,
    /// <summary>The smallest; NaN where one is NaN; ∞, or the largest integer, of none.</summary>
    Min,
}

/// <summary>ReduceSum, ReduceMean, ReduceMax and ReduceMin. The axes are an attribute or, in newer operator sets, an input; without any,
/// all axes are reduced, unless noop_with_empty_axes is set. Flags have a largest and a smallest since operator set 20.</summary>
internal sealed class Reduce(Reduction reduction) : NumericOperator
{
    protected override bool TakesFlags(int opset) => opset >= 20 && reduction is (Reduction.Max or Reduction.Min);

    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        long[]? axes = Shapes.AxesArgument(node, inputs, 1);
        if (axes is null or [])
        {
            if (node.Int("noop_with_empty_axes", 0) != 0) return [x];
            axes = [.. Enumerable.Range(0, x.Rank).Select(axis => (long)axis)];
        }
        bool[] reduced = Shapes.AxisMask(node, axes, x.Rank);
        int[] kept = x.Shape.ToArray();
        int count = 1;
        for (int i = 0; i < kept.Length; i++)
        {
            if (!reduced[i]) continue;
            count *= kept[i];
            kept[i] = 1;
        }
        T[] output = OperatorInputs.Allocate<T>(node, kept);
        Array.Fill(output, reduction switch
        {
            Reduction.Max => MaxPool.Lowest<T>(),
            Reduction.Min => Highest<T>(),
            _ => T.Zero,
        });
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        int[] positions = Shapes.Positions(x.Shape, Broadcasting.Strides(kept, x.Shape));
        for (int i = 0; i < input.Length; i++)
        {
            ref T result = ref output[positions[i]];
            result = reduction switch
            {
                Reduction.Max => T.Max(result, input[i]),
                Reduction.Min => T.Min(result, input[i]),
                _ => result + input[i],
            };
        }
        if (reduction == Reduction.Mean)
        {
            if (count == 0 && output.Length > 0) OperatorInputs.Fail(node, $"the mean of {Shapes.Text(x.Shape)} is over no elements");
            for (int i = 0; i < output.Length; i++) output[i] /= T.CreateTruncating(count);
        }
        int[] shape = node.Int("keepdims", 1) != 0 ? kept : [.. kept.Where((_, axis) => !reduced[axis])];
        return [Tensor.Create(output, shape)];
    }

    private static T Highest<T>() where T : INumber<T>, IMinMaxValue<T>
    {
        T infinity = T.CreateSaturating(double.PositiveInfinity);
        return infinity > T.MaxValue ? infinity : T.MaxValue;
    }
}
