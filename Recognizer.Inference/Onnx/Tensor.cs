namespace Recognizer.Inference.Onnx;

/// <summary>A dense tensor in row-major order, backed by one managed array. Rank 0 is a scalar with one element.</summary>
public sealed class Tensor
{
    private readonly int[] _shape;

    private Tensor(ElementType elementType, Array data, int[] shape)
    {
        ElementType = elementType;
        Data = data;
        _shape = shape;
    }

    /// <summary>Type of the elements.</summary>
    public ElementType ElementType { get; }

    /// <summary>The backing array; its element type is the .NET type of <see cref="ElementType"/>.</summary>
    public Array Data { get; }

    /// <summary>Dimensions, outermost first.</summary>
    public ReadOnlySpan<int> Shape => _shape;

    /// <summary>Number of dimensions.</summary>
    public int Rank => _shape.Length;

    /// <summary>Number of elements.</summary>
    public int Length => Data.Length;

    /// <summary>Wraps an array without copying it.</summary>
    /// <param name="data">Elements in row-major order.</param>
    /// <param name="shape">Dimensions; their product must be the array's length.</param>
    /// <exception cref="ArgumentException">The shape doesn't fit the data, or the type has no ONNX counterpart.</exception>
    public static Tensor Create<T>(T[] data, params ReadOnlySpan<int> shape)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (ElementCount(shape) != data.Length)
            throw new ArgumentException($"A tensor of shape [{string.Join(", ", shape.ToArray())}] needs {ElementCount(shape)} elements, not {data.Length}.", nameof(shape));
        return new Tensor(TypeOf<T>(), data, shape.ToArray());
    }

    /// <summary>A scalar (rank 0).</summary>
    public static Tensor Scalar<T>(T value) => Create([value], []);

    /// <summary>A vector (rank 1).</summary>
    public static Tensor Vector<T>(params T[] values) => Create(values, values.Length);

    /// <summary>A zero-filled tensor of a type known only at run time.</summary>
    public static Tensor Zeros(ElementType elementType, params ReadOnlySpan<int> shape)
    {
        int count = checked((int)ElementCount(shape));
        Array data = elementType switch
        {
            ElementType.Float => new float[count],
            ElementType.Double => new double[count],
            ElementType.Float16 => new Half[count],
            ElementType.UInt8 => new byte[count],
            ElementType.Int8 => new sbyte[count],
            ElementType.UInt16 => new ushort[count],
            ElementType.Int16 => new short[count],
            ElementType.Int32 => new int[count],
            ElementType.UInt32 => new uint[count],
            ElementType.Int64 => new long[count],
            ElementType.UInt64 => new ulong[count],
            ElementType.Bool => new bool[count],
            ElementType.String => Enumerable.Repeat("", count).ToArray(),
            _ => throw new ArgumentOutOfRangeException(nameof(elementType), elementType, "No .NET counterpart."),
        };
        return new Tensor(elementType, data, shape.ToArray());
    }

    /// <summary>The elements; <typeparamref name="T"/> must be the tensor's own type.</summary>
    /// <exception cref="InvalidOperationException">The tensor holds another type.</exception>
    public Span<T> Span<T>() => Data.GetType() == typeof(T[]) // "is" would take an int[] for a uint[]
        ? (T[])Data
        : throw new InvalidOperationException($"The tensor holds {ElementType}, not {typeof(T).Name}.");

    /// <summary>The same elements under another shape, sharing the array.</summary>
    /// <exception cref="ArgumentException">The number of elements differs.</exception>
    public Tensor Reshape(params ReadOnlySpan<int> shape)
    {
        if (ElementCount(shape) != Length)
            throw new ArgumentException($"{Length} elements can't take the shape [{string.Join(", ", shape.ToArray())}].", nameof(shape));
        return new Tensor(ElementType, Data, shape.ToArray());
    }

    /// <summary>A copy with an array of its own.</summary>
    public Tensor Clone() => new(ElementType, (Array)Data.Clone(), _shape);

    /// <summary>Product of the dimensions; 1 for rank 0.</summary>
    public static long ElementCount(ReadOnlySpan<int> shape)
    {
        long count = 1;
        foreach (int dimension in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dimension);
            count = checked(count * dimension);
        }
        return count;
    }

    /// <summary>The ONNX type of a .NET type.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ElementType TypeOf<T>()
    {
        if (typeof(T) == typeof(float)) return ElementType.Float;
        if (typeof(T) == typeof(double)) return ElementType.Double;
        if (typeof(T) == typeof(Half)) return ElementType.Float16;
        if (typeof(T) == typeof(byte)) return ElementType.UInt8;
        if (typeof(T) == typeof(sbyte)) return ElementType.Int8;
        if (typeof(T) == typeof(ushort)) return ElementType.UInt16;
        if (typeof(T) == typeof(short)) return ElementType.Int16;
        if (typeof(T) == typeof(int)) return ElementType.Int32;
        if (typeof(T) == typeof(uint)) return ElementType.UInt32;
        if (typeof(T) == typeof(long)) return ElementType.Int64;
        if (typeof(T) == typeof(ulong)) return ElementType.UInt64;
        if (typeof(T) == typeof(bool)) return ElementType.Bool;
        if (typeof(T) == typeof(string)) return ElementType.String;
        throw new ArgumentException($"{typeof(T)} has no ONNX counterpart.");
    }
}
