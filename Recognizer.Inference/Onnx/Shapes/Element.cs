namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>One element of an integer tensor whose content is followed through the graph, as those that hold shapes are: a number, the size that a symbol stands for,
/// or unknown.</summary>
internal readonly record struct Element(long Value, string? Symbol, bool IsFixed)
{
    public static Element Unknown => default;

    public static implicit operator Element(long value) => new(value, null, true);

    public static Element Of(Dimension dimension) => dimension.IsFixed ? dimension.Size : new Element(0, dimension.Symbol, false);

    public bool IsOne => IsFixed && Value == 1;
}
