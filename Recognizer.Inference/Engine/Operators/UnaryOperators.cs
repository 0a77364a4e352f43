using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>A function of one floating-point number, with what it takes from its node.</summary>
internal interface IFloatFunction<TSelf> where TSelf : struct, IFloatFunction<TSelf>
{
    static abstract TSelf Of(Node node);
    T Apply<T>(T x) where T : IFloatingPointIeee754<T>;
}

/// <summary>A function of one number of any type.</summary>
internal interface INumericFunction
{
    static abstract T Apply<T>(T x) where T : INumber<T>;
}

/// <summary>Applies a function to each element.</summary>
internal sealed class FloatElementwise<TFunction> : FloatOperator where TFunction : struct, IFloatFunction<TFunction>
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        TFunction function = TFunction.Of(node);
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        var output = new T[input.Length];
        for (int i = 0; i < output.Length; i++) output[i] = function.Apply(input[i]);
        return [Tensor.Create(output, x.Shape)];
    }
}

/// <summary>Applies a function to each element.</summary>
internal sealed class NumericElementwise<TFunction> : NumericOperator where TFunction : INumericFunction
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        var output = new T[input.Length];
        for (int i = 0; i < output.Length; i++) output[i] = TFunction.Apply(input[i]);
        return [Tensor.Create(output, x.Shape)];
    }
}

/// <summary>max(x, 0); NaN stays NaN.</summary>
internal readonly struct Relu : INumericFunction
{
    public static T Apply<T>(T x) where T : INumber<T> => x < T.Zero ? T.Zero : x;
}

/// <summary>−x; unsigned types have no negation, wrap around.</summary>
internal readonly struct Negation : INumericFunction
{
    public static T Apply<T>(T x) where T : INumber<T> => -x;
}

/// <summary>|x|.</summary>
internal readonly struct AbsoluteValue : INumericFunction
{
    // the smallest integer has no positive twin and stays as it is, as in two's complement
    public static T Apply<T>(T x) where T : INumber<T> => T.IsNegative(x) ? -x : x;
}

/// <summary>x for x ≥ 0, α·x below.</summary>
internal readonly record struct LeakyRelu(float Alpha) : IFloatFunction<LeakyRelu>
{
    public static LeakyRelu Of(Node node) => new(node.Float("alpha", 0.01f));
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => x < T.Zero ? T.CreateTruncating(Alpha) * x : x;
}

/// <summary>1 / (1 + exp(−x)).</summary>
internal readonly struct Sigmoid : IFloatFunction<Sigmoid>
{
    public static Sigmoid Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.One / (T.One + T.Exp(-x));
}

/// <summary>tanh(x).</summary>
internal readonly struct Tanh : IFloatFunction<Tanh>
{
    public static Tanh Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.Tanh(x);
}

/// <summary>max(0, min(1, α·x + β)).</summary>
internal readonly record struct HardSigmoid(float Alpha, float Beta) : IFloatFunction<HardSigmoid>
{
    public static HardSigmoid Of(Node node) => new(node.Float("alpha", 0.2f), node.Float("beta", 0.5f));
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> =>
        T.Max(T.Zero, T.Min(T.One, T.CreateTruncating(Alpha) * x + T.CreateTruncating(Beta)));
}

/// <summary>x · max(0, min(1, x/6 + 1/2)).</summary>
internal readonly struct HardSwish : IFloatFunction<HardSwish>
{
    public static HardSwish Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> =>
        x * T.Max(T.Zero, T.Min(T.One, x / T.CreateTruncating(6) + T.One / T.CreateTruncating(2)));
}

/// <summary>x · Φ(x): exactly, x/2 · (1 + erf(x/√2)), or by tanh, x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))).</summary>
internal readonly record struct Gelu(bool ByTanh) : IFloatFunction<Gelu>
{
    public static Gelu Of(Node node) => node.String("approximate", "none") switch
    {
        "none" => new(false),
        "tanh" => new(true),
        string other => throw new OnnxException($"{node}: attribute 'approximate' is '{other}', expected none or tanh."),
    };

    public T Apply<T>(T x) where T : IFloatingPointIeee754<T>
    {
        double value = double.CreateTruncating(x);
        double inner = ByTanh ? Math.Tanh(Math.Sqrt(2 / Math.PI) * (value + 0.044715 * value * value * value)) : ErrorFunction.Erf(value / Math.Sqrt(2));
        return T.CreateTruncating(value / 2 * (1 + inner));
    }
}

/// <summary>The error function.</summary>
internal readonly struct Erf : IFloatFunction<Erf>
{
    public static Erf Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.CreateTruncating(ErrorFunction.Erf(double.CreateTruncating(x)));
}

/// <summary>x for x ≥ 0, α·(exp(x) − 1) below.</summary>
internal readonly record struct Elu(float Alpha) : IFloatFunction<Elu>
{
    public static Elu Of(Node node) => new(node.Float("alpha", 1f));
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => x < T.Zero ? T.CreateTruncating(Alpha) * T.ExpM1(x) : x;
}

/// <summary>γ·x for x &gt; 0, γ·α·(exp(x) − 1) elsewhere.</summary>
internal readonly record struct Selu(float Alpha, float Gamma) : IFloatFunction<Selu>
{
    public static Selu Of(Node node) => new(node.Float("alpha", 1.6732632f), node.Float("gamma", 1.050701f));
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> =>
        T.CreateTruncating(Gamma) * (x > T.Zero ? x : T.CreateTruncating(Alpha) * T.ExpM1(x));
}

/// <summary>ln(1 + exp(x)).</summary>
internal readonly struct Softplus : IFloatFunction<Softplus>
{
    public static Softplus Of(Node node) => default;
    // for large x the exponential would overflow although the result is x
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.Max(x, T.Zero) + T.LogP1(T.Exp(-T.Abs(x)));
}

/// <summary>x / (1 + |x|).</summary>
internal readonly struct Softsign : IFloatFunction<Softsign>
{
    public static Softsign Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => x / (T.One + T.Abs(x));
}

/// <summary>exp(x).</summary>
internal readonly struct Exponential : IFloatFunction<Exponential>
{
    public static Exponential Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.Exp(x);
}

/// <summary>ln(x).</summary>
internal readonly struct Logarithm : IFloatFunction<Logarithm>
{
    public static Logarithm Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.Log(x);
}

/// <summary>√x.</summary>
internal readonly struct SquareRoot : IFloatFunction<SquareRoot>
{
    public static SquareRoot Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.Sqrt(x);
}

/// <summary>1/x.</summary>
internal readonly struct Reciprocal : IFloatFunction<Reciprocal>
{
    public static Reciprocal Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.One / x;
}

/// <summary>The largest integer not above x.</summary>
internal readonly struct Floor : IFloatFunction<Floor>
{
    public static Floor Of(Node node) => default;
    public T Apply<T>(T x) where T : IFloatingPointIeee754<T> => T.Floor(x);
}
