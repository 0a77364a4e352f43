namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>One node under shape inference: a rule asks it for inputs, which it checks, and gives it the outputs.</summary>
/// <param name="node">The node.</param>
/// <param name="opset">Version of the operator set.</param>
/// <param name="inputs">What is known of the node's inputs; null where one is left out.</param>
/// <param name="batch">A made-up batch size, by which values may be larger than tensors can be; 1 where sizes are real.</param>
internal sealed class ShapeContext(Node node, int opset, InferredValue?[] inputs, int batch)
{
    private readonly InferredValue?[] _outputs = new InferredValue?[node.Outputs.Count];

    /// <summary>The node.</summary>
    public Node Node => node;

    /// <summary>Version of the operator set.</summary>
    public int Opset => opset;

    /// <summary>How many inputs the node lists.</summary>
    public int InputCount => inputs.Length;

    /// <summary>How many outputs the node lists.</summary>
    public int OutputCount => _outputs.Length;

    /// <summary>What the rule has said about the outputs; null where it said nothing.</summary>
    public IReadOnlyList<InferredValue?> Outputs => _outputs;

    /// <summary>Whether an input is there.</summary>
    public bool Has(int index) => index < inputs.Length && inputs[index] is not null;

    /// <summary>Whether an output is wanted.</summary>
    public bool Wants(int index) => index < _outputs.Length && node.Outputs[index].Length > 0;

    /// <summary>An input that must be there and of one of the types.</summary>
    public InferredValue Input(int index, TypeSet types = TypeSet.All) => Optional(index, types) ?? throw Error($"input {index} is missing.");

    /// <summary>An input that may be left out, of one of the types.</summary>
    public InferredValue? Optional(int index, TypeSet types = TypeSet.All)
    {
        if (!Has(index)) return null;
        InferredValue value = inputs[index]!;
        if ((types & (TypeSet)(1 << (int)value.Type)) == 0) throw Wrong(index, $"one of the types {string.Join(", ", Enum.GetValues<ElementType>().Where(t => (types & (TypeSet)(1 << (int)t)) != 0))}");
        return value;
    }

    /// <summary>An input of the same type as another, or null where it is left out.</summary>
    public InferredValue? Like(int index, InferredValue other)
    {
        if (Optional(index) is not { } value) return null;
        return value.Type == other.Type ? value : throw Wrong(index, $"type {other.Type} like input '{other.Name}'");
    }

    /// <summary>Checks an input's shape, where it is known, and dimensions, where they are; an unknown dimension of the expectation takes any.</summary>
    public void Expect(int index, params ReadOnlySpan<Dimension> expected)
    {
        if (!Has(index) || inputs[index]!.Shape is not { } shape) return;
        bool fits = shape.Length == expected.Length;
        for (int i = 0; fits && i < shape.Length; i++) fits = !shape[i].IsFixed || !expected[i].IsFixed || shape[i].Size == expected[i].Size;
        if (!fits) throw Wrong(index, $"shape [{string.Join(", ", expected.ToArray())}]");
    }

    /// <summary>Checks that an input holds one element: a scalar or a vector of one.</summary>
    public void ExpectScalar(int index)
    {
        if (!Has(index) || inputs[index]!.Shape is not { } shape) return;
        if (shape.Length > 1 || (shape.Length == 1 && shape[0].IsFixed && shape[0].Size != 1)) throw Wrong(index, "a scalar");
    }

    /// <summary>The known rank of an input must be one of a range.</summary>
    public void ExpectRank(int index, int least, int most = int.MaxValue)
    {
        if (!Has(index) || inputs[index]!.Shape is not { } shape) return;
        if (shape.Length < least || shape.Length > most) throw Wrong(index, least == most ? $"rank {least}" : most == int.MaxValue ? $"rank {least} or more" : $"rank {least} to {most}");
    }

    /// <summary>An exception about one input.</summary>
    public OnnxException Wrong(int index, string expected) => Error($"input {index} is {inputs[index]}, expected {expected}.");

    /// <summary>An exception about this node.</summary>
    public OnnxException Error(string message) => new($"{node}: {message}");

    /// <summary>Says what an output is; nothing happens where nobody wants it.</summary>
    public void Output(int index, ElementType type, Dimension[]? shape, Element[]? content = null, Tensor? constant = null)
    {
        if (!Wants(index)) return;
        if (shape is not null) CheckSize(shape, node.Outputs[index]);
        if (content is not null && (content.Length > InferredValue.LongestContent || shape is null || shape.Length > 1)) content = null;
        if (type == ElementType.Int32 && content is not null) content = Array.ConvertAll(content, Wrapped);
        _outputs[index] = new InferredValue(node.Outputs[index], type, shape, content, constant);
    }

    /// <summary>As arithmetic and casts do when they run; unknown where only a made-up batch makes it too large.</summary>
    private Element Wrapped(Element element) => unchecked((int)element.Value) is var wrapped && wrapped == element.Value ? element
        : Math.Abs((double)element.Value) / batch <= int.MaxValue ? Element.Unknown
        : element with { Value = wrapped };

    /// <summary>A dimension worked out by arithmetic, which must be a size; unknown where only a made-up batch makes it too large for one.</summary>
    public Dimension Size(long size) => size is >= 0 and <= int.MaxValue ? (int)size : size > 0 && size / batch <= int.MaxValue ? Dimension.Unknown : throw Error($"output dimension {size}, expected 0 to {int.MaxValue}.");

    private void CheckSize(Dimension[] shape, string name)
    {
        if (shape.Length > TensorReader.HighestRank) throw Error($"output '{name}' of rank {shape.Length}, expected at most {TensorReader.HighestRank}.");
        long count = 1;
        if (Array.Exists(shape, d => d.IsFixed && d.Size == 0)) return;
        foreach (Dimension dimension in shape)
        {
            if (!dimension.IsFixed) continue;
            if (count > (long)Array.MaxLength * batch / dimension.Size) throw Error($"output '{name}' of shape [{string.Join(", ", shape)}] would have more than {Array.MaxLength} elements.");
            count *= dimension.Size;
        }
    }
}
