namespace Recognizer.Inference.Onnx;

/// <summary>What a Cast makes of its input.</summary>
internal static class CastTarget
{
    /// <summary>The type that a Cast names: by its number, up to operator set 5 by its name.</summary>
    /// <exception cref="OnnxException">It names none, or none that is supported.</exception>
    public static ElementType Of(Node cast)
    {
        if (!cast.Attributes.TryGetValue("to", out object? value)) throw new OnnxException($"{cast}: attribute 'to' is missing.");
        if (value is string text)
            return Enum.TryParse(text, ignoreCase: true, out ElementType named) && named is > ElementType.Undefined and <= ElementType.UInt64 ? named : throw new OnnxException($"{cast}: attribute 'to' is '{text}', expected an element type.");
        long number = cast.Int("to", 0);
        return number is > 0 and <= (long)ElementType.UInt64
            ? (ElementType)number
            : throw new OnnxException($"{cast}: attribute 'to' is {number}, expected the number of a supported element type, 1 to {(int)ElementType.UInt64}.");
    }

    /// <summary>The attribute that names a type.</summary>
    public static object For(ElementType type, int opset) => opset < 6 ? type.ToString().ToUpperInvariant() : (long)type;
}
