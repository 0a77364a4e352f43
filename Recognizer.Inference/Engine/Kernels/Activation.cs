namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Elementwise functions that kernels apply to their result; formulas as in the ONNX operators of the same names.</summary>
internal enum ActivationKind
{
    /// <summary>y = x</summary>
    None,

    /// <summary>y = max(0, x)</summary>
    Relu,

    /// <summary>y = x for x ≥ 0, else Alpha · x</summary>
    LeakyRelu,

    /// <summary>y = 1 / (1 + exp(−x))</summary>
    Sigmoid,

    /// <summary>y = tanh x</summary>
    Tanh,

    /// <summary>y = min(max(x, Alpha), Beta)</summary>
    Clip,

    /// <summary>y = max(0, min(1, Alpha · x + Beta))</summary>
    HardSigmoid,

    /// <summary>y = x · max(0, min(1, x / 6 + ½))</summary>
    HardSwish,

    /// <summary>y = x · ½ · (1 + erf(x / √2))</summary>
    Gelu,

    /// <summary>y = Alpha · x: values of 8-bit levels</summary>
    Scale,

    /// <summary>y = round(min(max(x / Alpha, Beta), Beta + 255)): 8-bit levels of values; halves to even</summary>
    Quantize,

    /// <summary>y = round(min(max(x · Alpha, Beta), Beta + 255)): 8-bit levels of sums of levels; halves to even</summary>
    Requantize,
}

/// <summary>An activation function with its constants.</summary>
/// <param name="Kind">Which function.</param>
/// <param name="Alpha">Slope of LeakyRelu and HardSigmoid, lower bound of Clip, factor of Scale and Requantize, step of Quantize.</param>
/// <param name="Beta">Offset of HardSigmoid, upper bound of Clip, lowest level of Quantize and Requantize.</param>
internal readonly record struct Activation(ActivationKind Kind, float Alpha = 0, float Beta = 0)
{
    /// <summary>Whether the function is a clamp between <see cref="Floor"/> and <see cref="Ceiling"/>, which kernels apply in registers.</summary>
    public bool IsClamp => Kind is ActivationKind.None or ActivationKind.Relu or ActivationKind.Clip;

    /// <summary>Lower bound of a clamp.</summary>
    public float Floor => Kind switch { ActivationKind.Relu => 0, ActivationKind.Clip => Alpha, _ => float.NegativeInfinity };

    /// <summary>Upper bound of a clamp.</summary>
    public float Ceiling => Kind == ActivationKind.Clip ? Beta : float.PositiveInfinity;

    /// <summary>Whether zero gives zero, so that borders of zeros may be passed through.</summary>
    public bool KeepsZero => Kind switch
    {
        ActivationKind.Sigmoid or ActivationKind.HardSigmoid => false,
        ActivationKind.Clip => Alpha <= 0 && Beta >= 0,
        ActivationKind.Quantize or ActivationKind.Requantize => Beta is <= 0 and >= -255,
        _ => true,
    };
}
