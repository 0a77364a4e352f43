using Recognizer.Inference.Engine.Operators;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>y = Scale · x + Offset: addition, subtraction, multiplication and division by a constant.</summary>
internal readonly record struct AffineFunction(float Scale, float Offset) : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.None;

    public float Apply(float x) => x * Scale + Offset;

    public float Derivative(float x, float y) => Scale;
}

/// <summary>y = max(0, x); the derivative at 0 is 0.</summary>
internal readonly struct ReluFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Output;

    public float Apply(float x) => Math.Max(x, 0);

    public float Derivative(float x, float y) => y > 0 ? 1 : 0;
}

/// <summary>y = x for x ≥ 0, else Alpha · x.</summary>
internal readonly record struct LeakyReluFunction(float Alpha) : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => x >= 0 ? x : Alpha * x;

    public float Derivative(float x, float y) => x >= 0 ? 1 : Alpha;
}

/// <summary>y = 1 / (1 + exp(−x)), y' = y (1 − y).</summary>
internal readonly struct SigmoidFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Output;

    public float Apply(float x) => 1 / (1 + MathF.Exp(-x));

    public float Derivative(float x, float y) => y * (1 - y);
}

/// <summary>y = tanh x, y' = 1 − y².</summary>
internal readonly struct TanhFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Output;

    public float Apply(float x) => MathF.Tanh(x);

    public float Derivative(float x, float y) => 1 - y * y;
}

/// <summary>y = min(max(x, Low), High); the derivative is 0 at the bounds and beyond.</summary>
internal readonly record struct ClipFunction(float Low, float High) : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => Math.Min(Math.Max(x, Low), High);

    public float Derivative(float x, float y) => x > Low && x < High ? 1 : 0;
}

/// <summary>y = max(0, min(1, Alpha · x + Beta)).</summary>
internal readonly record struct HardSigmoidFunction(float Alpha, float Beta) : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Output;

    public float Apply(float x) => Math.Max(0, Math.Min(1, Alpha * x + Beta));

    public float Derivative(float x, float y) => y > 0 && y < 1 ? Alpha : 0;
}

/// <summary>y = x · max(0, min(1, x / 6 + ½)).</summary>
internal readonly struct HardSwishFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => x * Math.Max(0, Math.Min(1, x / 6 + 0.5f));

    public float Derivative(float x, float y) => x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5f;
}

/// <summary>y = x · Φ(x) with Φ(x) = ½ (1 + erf(x / √2)); y' = Φ(x) + x φ(x).</summary>
internal readonly struct GeluFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => x * Cumulative(x);

    public float Derivative(float x, float y) => Cumulative(x) + x * MathF.Exp(-0.5f * x * x) * 0.3989422804f;

    private static float Cumulative(float x) => (float)(0.5 * (1 + ErrorFunction.Erf(x * 0.70710678118654752)));
}

/// <summary>y = erf x, y' = 2 / √π · exp(−x²).</summary>
internal readonly struct ErfFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => (float)ErrorFunction.Erf((double)x);

    public float Derivative(float x, float y) => 1.1283791671f * MathF.Exp(-x * x);
}

/// <summary>y = exp x = y'.</summary>
internal readonly struct ExpFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Output;

    public float Apply(float x) => MathF.Exp(x);

    public float Derivative(float x, float y) => y;
}

/// <summary>y = ln x, y' = 1 / x.</summary>
internal readonly struct LogFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => MathF.Log(x);

    public float Derivative(float x, float y) => 1 / x;
}

/// <summary>y = √x, y' = 1 / (2 y).</summary>
internal readonly struct SqrtFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Output;

    public float Apply(float x) => MathF.Sqrt(x);

    public float Derivative(float x, float y) => 0.5f / y;
}

/// <summary>y = |x|; the derivative at 0 is 0.</summary>
internal readonly struct AbsFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => MathF.Abs(x);

    public float Derivative(float x, float y) => x > 0 ? 1 : x < 0 ? -1 : 0;
}

/// <summary>y = Scale / x, y' = −y / x.</summary>
internal readonly record struct ReciprocalFunction(float Scale) : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs | BackwardNeeds.Output;

    public float Apply(float x) => Scale / x;

    public float Derivative(float x, float y) => -y / x;
}

/// <summary>y = x^Exponent, y' = Exponent · x^(Exponent − 1).</summary>
internal readonly record struct PowerFunction(float Exponent) : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => MathF.Pow(x, Exponent);

    public float Derivative(float x, float y) => Exponent * MathF.Pow(x, Exponent - 1);
}

/// <summary>y = Gamma · x for x &gt; 0, else Gamma · Alpha · (exp x − 1): Elu and Selu.</summary>
internal readonly record struct EluFunction(float Alpha, float Gamma) : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs | BackwardNeeds.Output;

    public float Apply(float x) => x > 0 ? Gamma * x : Gamma * Alpha * (MathF.Exp(x) - 1);

    public float Derivative(float x, float y) => x > 0 ? Gamma : y + Gamma * Alpha;
}

/// <summary>y = ln(1 + exp x), y' = 1 / (1 + exp(−x)).</summary>
internal readonly struct SoftplusFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Inputs;

    public float Apply(float x) => Math.Max(x, 0) + MathF.Log(1 + MathF.Exp(-MathF.Abs(x)));

    public float Derivative(float x, float y) => 1 / (1 + MathF.Exp(-x));
}

/// <summary>y = x / (1 + |x|), y' = (1 − |y|)².</summary>
internal readonly struct SoftsignFunction : IElementwise
{
    public BackwardNeeds Needs => BackwardNeeds.Output;

    public float Apply(float x) => x / (1 + MathF.Abs(x));

    public float Derivative(float x, float y) => (1 - MathF.Abs(y)) * (1 - MathF.Abs(y));
}
