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
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        if (!variadic && inputs.Length != 2) OperatorInputs.Fail(node, $"has {inputs.Length} inputs, expected 2");
        Tensor result = inputs.Required(node, 0);
        for (int i = 1; i < inputs.Length; i++)
        {
            Tensor next = inputs.Required(node, i);
            result = Combine(node, opset, result, result.Values<T>(node, 0), next, next.Values<T>(node, i));
        }
        return [result];
    }

    private static Tensor Combine<T>(Node node, int opset, Tensor a, ReadOnlySpan<T> left, Tensor b, ReadOnlySpan<T> right) where T : INumber<T>
    {
        int[] rightShape = [.. b.Shape, .. Enumerable.Repeat(1, Broadcasting.LegacyPadding(node, opset, a.Rank, b.Rank))];
        int[] shape = Broadcasting.Shape(node, a.Shape, rightShape);
        T[] output = Shapes.Stretch(node, left, a.Shape, shape);
        T[] other = Shapes.Stretch(node, right, rightShape, shape);
        for (int i = 0; i < output.Length; i++) output[i] = TFunction.Apply(output[i], other[i]);
        return Tensor.Create(output, shape);
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
