using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>A function of two numbers of one type.</summary>
internal interface IBinaryFunction
{
    static abstract T Apply<T>(T a, T b) where T : INumber<T>;
}

/// <summary>Applies a function to the elements of two tensors (Add) or more (Max, Sum), broadcast to one shape.</summary>
internal sealed class BinaryElementwise<TFunction>(bool variadic = false) : NumericOperator where TFunction : IBinaryFunction
{
    protected override Tensor[] Evaluate<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        if (!variadic && inputs.Length != 2) OperatorInputs.Fail(node, $"has {inputs.Length} inputs, expected 2");
        Tensor result = inputs.Required(node, 0);
        for (int i = 1; i < inputs.Length; i++)
        {
            Tensor next = inputs.Required(node, i);
            result = Combine(node, result, result.Values<T>(node, 0), next, next.Values<T>(node, i));
        }
        return [result];
    }

    private static Tensor Combine<T>(Node node, Tensor a, ReadOnlySpan<T> left, Tensor b, ReadOnlySpan<T> right) where T : INumber<T>
    {
        int[] shape = BroadcastOf(node, a, b, out int[] rightShape);
        T[] output = Shapes.Stretch(node, left, a.Shape, shape);
        T[] other = Shapes.Stretch(node, right, rightShape, shape);
        try
        {
            for (int i = 0; i < output.Length; i++) output[i] = TFunction.Apply(output[i], other[i]);
        }
        catch (ArithmeticException exception)
        {
            throw new OnnxException($"{node}: {exception.Message}", exception);
        }
        return Tensor.Create(output, shape);
    }

    // operator sets before 7 stretch only the second input, and align it at an axis
    private static int[] BroadcastOf(Node node, Tensor a, Tensor b, out int[] rightShape)
    {
        rightShape = b.Shape.ToArray();
        if (node.Attributes.ContainsKey("axis") && node.Int("broadcast", 0) != 0)
        {
            int axis = Shapes.Axis(node, node.Int("axis", 0), a.Rank);
            if (axis + b.Rank > a.Rank) OperatorInputs.Fail(node, $"{Shapes.Text(b.Shape)} at axis {axis} doesn't fit into {Shapes.Text(a.Shape)}");
            rightShape = [.. rightShape, .. Enumerable.Repeat(1, a.Rank - axis - b.Rank)];
        }
        return Shapes.Broadcast(node, a.Shape, rightShape);
    }
}

/// <summary>a + b.</summary>
internal readonly struct Addition : IBinaryFunction
{
    public static T Apply<T>(T a, T b) where T : INumber<T> => a + b;
}

/// <summary>a − b.</summary>
internal readonly struct Subtraction : IBinaryFunction
{
    public static T Apply<T>(T a, T b) where T : INumber<T> => a - b;
}

/// <summary>a · b.</summary>
internal readonly struct Multiplication : IBinaryFunction
{
    public static T Apply<T>(T a, T b) where T : INumber<T> => a * b;
}

/// <summary>a / b; integers are cut towards zero.</summary>
internal readonly struct Division : IBinaryFunction
{
    public static T Apply<T>(T a, T b) where T : INumber<T> => a / b;
}

/// <summary>The smaller; NaN where either is NaN.</summary>
internal readonly struct Minimum : IBinaryFunction
{
    public static T Apply<T>(T a, T b) where T : INumber<T> => T.Min(a, b);
}

/// <summary>The larger; NaN where either is NaN.</summary>
internal readonly struct Maximum : IBinaryFunction
{
    public static T Apply<T>(T a, T b) where T : INumber<T> => T.Max(a, b);
}
