namespace Recognizer.Inference.Onnx;

/// <summary>One dimension of a declared shape: a size, a symbol such as <c>N</c>, or unknown.</summary>
public readonly record struct Dimension
{
    private Dimension(int size, string? symbol)
    {
        Size = size;
        Symbol = symbol;
    }

    /// <summary>A fixed size, at least 0; -1 where it is not fixed.</summary>
    public int Size { get; }

    /// <summary>Name of a dimension that is known only at run time, or null.</summary>
    public string? Symbol { get; }

    /// <summary>Whether the size is known.</summary>
    public bool IsFixed => Size >= 0;

    /// <summary>A dimension of any size.</summary>
    public static Dimension Unknown => new(-1, null);

    /// <summary>A dimension of a fixed size.</summary>
    public static Dimension Fixed(int size) => size >= 0 ? new(size, null) : throw new ArgumentOutOfRangeException(nameof(size), size, "A dimension can't be negative.");

    /// <summary>A dimension with a name instead of a size.</summary>
    public static Dimension Named(string symbol) => new(-1, symbol);

    /// <summary>A fixed size.</summary>
    public static implicit operator Dimension(int size) => Fixed(size);

    /// <summary>The size, the symbol, or ?.</summary>
    public override string ToString() => IsFixed ? Size.ToString() : Symbol ?? "?";
}

/// <summary>Name, type and shape of a value of the graph.</summary>
/// <param name="Name">Name of the value.</param>
/// <param name="ElementType">Type of its elements.</param>
/// <param name="Shape">Its dimensions, or null where even the rank is unknown.</param>
public sealed record ValueInfo(string Name, ElementType ElementType, IReadOnlyList<Dimension>? Shape)
{
    /// <summary>Type and shape, such as <c>Float[N, 1, 28, 28]</c>.</summary>
    public override string ToString() => $"{ElementType}[{(Shape is null ? "…" : string.Join(", ", Shape))}]";
}
