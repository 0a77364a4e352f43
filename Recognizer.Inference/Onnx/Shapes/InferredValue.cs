namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>What is known about a value of the graph before it runs.</summary>
/// <param name="Name">Name of the value.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions, or null where even the rank is unknown.</param>
/// <param name="Content">Elements, for small integer tensors of rank 0 or 1 that can be followed.</param>
/// <param name="Constant">The tensor, where it is an initializer or comes from a Constant node.</param>
internal sealed record InferredValue(string Name, ElementType Type, Dimension[]? Shape, Element[]? Content = null, Tensor? Constant = null)
{
    /// <summary>The most elements whose content is followed.</summary>
    public const int LongestContent = 1024;

    /// <summary>Everything about a tensor that is there.</summary>
    public static InferredValue Of(string name, Tensor tensor)
    {
        var shape = new Dimension[tensor.Rank];
        for (int i = 0; i < shape.Length; i++) shape[i] = tensor.Shape[i];
        Element[]? content = tensor.Rank > 1 || tensor.Length > LongestContent ? null : tensor.ElementType switch
        {
            ElementType.Int64 => Array.ConvertAll((long[])tensor.Data, n => (Element)n),
            ElementType.Int32 => Array.ConvertAll((int[])tensor.Data, n => (Element)(long)n),
            ElementType.Bool => Array.ConvertAll((bool[])tensor.Data, f => (Element)(f ? 1L : 0L)),
            _ => null,
        };
        return new InferredValue(name, tensor.ElementType, shape, content, tensor);
    }

    /// <summary>The elements as numbers, where all are known.</summary>
    public long[]? Numbers => Content is not null && Array.TrueForAll(Content, e => e.IsFixed) ? Array.ConvertAll(Content, e => e.Value) : null;

    /// <summary>The shape with −1 for what isn't fixed.</summary>
    public int[]? Sizes => Shape is null ? null : Array.ConvertAll(Shape, d => d.Size);

    /// <summary>Name, type and shape, for messages.</summary>
    public override string ToString() => $"'{Name}' {new ValueInfo(Name, Type, Shape)}";
}
