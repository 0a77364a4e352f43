using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Recognizer.Inference.Onnx.Proto;

namespace Recognizer.Inference.Onnx;

/// <summary>Turns a tensor message into a tensor, after holding its shape against the data that are there.</summary>
internal static class TensorReader
{
    /// <summary>The highest rank that is read; real models stay below ten.</summary>
    public const int HighestRank = 64;

    /// <summary>An element type by the file's number.</summary>
    public static ElementType Type(int number, string what) => number is > 0 and <= (int)ElementType.UInt64
        ? (ElementType)number
        : throw new OnnxException($"Element type of {what} is {TypeName(number)}, which is not supported.") { IsUnsupported = true };

    /// <summary>Bytes per element in raw data; 0 for strings, which have none.</summary>
    public static int Size(ElementType type) => type switch
    {
        ElementType.UInt8 or ElementType.Int8 or ElementType.Bool => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 => 2,
        ElementType.Float or ElementType.Int32 or ElementType.UInt32 => 4,
        ElementType.Double or ElementType.Int64 or ElementType.UInt64 => 8,
        _ => 0,
    };

    /// <summary>Reads a tensor.</summary>
    /// <param name="proto">The message.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <param name="external">Where external data are; null where there can't be any.</param>
    /// <exception cref="OnnxException">Shape and data don't match, or the form is not supported.</exception>
    public static Tensor Read(TensorProto proto, string what, ExternalData? external)
    {
        ElementType type = Type(proto.DataType, what);
        if (proto.HasSegment) throw new OnnxException($"{what} is stored in segments, which is not supported.");
        (int[] shape, int count) = Shape(proto, what);
        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
        {
            if (HasTypedData(proto) || proto.HasRawData) throw new OnnxException($"{what} has data inside the file and says that they are outside, expected one of the two.");
            if (type == ElementType.String) throw new OnnxException($"{what} holds strings as external data, which ONNX doesn't allow.");
            if (external is null) throw new OnnxException($"{what} has its data in another file, which needs a model read from a file.");
            return FromRaw(type, shape, external.Read(proto.ExternalData, (long)count * Size(type), what));
        }
        if (proto.HasRawData)
        {
            if (HasTypedData(proto)) throw new OnnxException($"{what} has raw data and typed data, expected one of the two.");
            if (type == ElementType.String) throw new OnnxException($"{what} holds strings as raw data, which ONNX doesn't allow.");
            long expected = (long)count * Size(type);
            if (proto.RawData.Length != expected)
                throw new OnnxException($"{what} of type {type} and shape [{string.Join(", ", shape)}] has {proto.RawData.Length} bytes of data, expected {expected}.");
            return FromRaw(type, shape, proto.RawData.Span);
        }
        return FromTypedData(proto, type, shape, count, what);
    }

    private static (int[] Shape, int Count) Shape(TensorProto proto, string what)
    {
        if (proto.Dims.Count > HighestRank) throw new OnnxException($"{what} has rank {proto.Dims.Count}, expected at most {HighestRank}.");
        var shape = new int[proto.Dims.Count];
        long count = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            long dimension = proto.Dims[i];
            if (dimension is < 0 or > int.MaxValue) throw new OnnxException($"{what} has dimension {dimension} at axis {i}, expected 0 to {int.MaxValue}.");
            shape[i] = (int)dimension;
            count *= dimension;
            if (count > Array.MaxLength) throw new OnnxException($"{what} of shape [{string.Join(", ", proto.Dims)}] has too many elements, expected at most {Array.MaxLength}.");
        }
        return (shape, (int)count);
    }

    private static bool HasTypedData(TensorProto proto) => proto.FloatData.Count > 0 || proto.Int32Data.Count > 0 || proto.Int64Data.Count > 0
        || proto.DoubleData.Count > 0 || proto.Uint64Data.Count > 0 || proto.StringData.Count > 0;

    private static Tensor FromRaw(ElementType type, int[] shape, ReadOnlySpan<byte> bytes)
    {
        Tensor tensor = Tensor.Zeros(type, shape);
        if (type == ElementType.Bool)
        {
            Span<bool> flags = tensor.Span<bool>();
            for (int i = 0; i < flags.Length; i++) flags[i] = bytes[i] != 0;
            return tensor;
        }
        Span<byte> target = Bytes(tensor.Data);
        bytes.CopyTo(target);
        if (!BitConverter.IsLittleEndian) ReverseEndianness(target, Size(type));
        return tensor;
    }

    /// <summary>An array of numbers as bytes, in the machine's order.</summary>
    public static Span<byte> Bytes(Array data) => data.Length == 0
        ? []
        : MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(data), data is Half[] ? 2 * data.Length : Buffer.ByteLength(data));     // ByteLength takes primitives, which Half is not

    /// <summary>Turns the byte order of every element round: files are little-endian whatever the machine.</summary>
    public static void ReverseEndianness(Span<byte> bytes, int size)
    {
        switch (size)
        {
            case 2: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ushort>(bytes), MemoryMarshal.Cast<byte, ushort>(bytes)); break;
            case 4: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, uint>(bytes), MemoryMarshal.Cast<byte, uint>(bytes)); break;
            case 8: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ulong>(bytes), MemoryMarshal.Cast<byte, ulong>(bytes)); break;
        }
    }

    private static Tensor FromTypedData(TensorProto proto, ElementType type, int[] shape, int count, string what)
    {
        int present = type switch
        {
            ElementType.Float => proto.FloatData.Count,
            ElementType.Double => proto.DoubleData.Count,
            ElementType.Int64 => proto.Int64Data.Count,
            ElementType.UInt32 or ElementType.UInt64 => proto.Uint64Data.Count,
            ElementType.String => proto.StringData.Count,
            _ => proto.Int32Data.Count,
        };
        if (present != count)
            throw new OnnxException($"{what} of type {type} and shape [{string.Join(", ", shape)}] has {present} values in its field, expected {count}.");
        int all = proto.FloatData.Count + proto.DoubleData.Count + proto.Int64Data.Count + proto.Uint64Data.Count + proto.StringData.Count + proto.Int32Data.Count;
        if (all != present) throw new OnnxException($"{what} of type {type} has values in a field of another type.");
        return type switch
        {
            ElementType.Float => Tensor.Create(proto.FloatData.ToArray(), shape),
            ElementType.Double => Tensor.Create(proto.DoubleData.ToArray(), shape),
            ElementType.Int64 => Tensor.Create(proto.Int64Data.ToArray(), shape),
            ElementType.UInt64 => Tensor.Create(proto.Uint64Data.ToArray(), shape),
            ElementType.UInt32 => Tensor.Create(Narrow(proto.Uint64Data, v => v <= uint.MaxValue ? (uint)v : throw Outside(v, type, what)), shape),
            ElementType.String => Tensor.Create(Narrow(proto.StringData, s => s.ToStringUtf8()), shape),
            ElementType.Int32 => Tensor.Create(proto.Int32Data.ToArray(), shape),
            ElementType.UInt8 => Tensor.Create(Narrow(proto.Int32Data, v => v is >= 0 and <= byte.MaxValue ? (byte)v : throw Outside(v, type, what)), shape),
            ElementType.Int8 => Tensor.Create(Narrow(proto.Int32Data, v => v is >= sbyte.MinValue and <= sbyte.MaxValue ? (sbyte)v : throw Outside(v, type, what)), shape),
            ElementType.UInt16 => Tensor.Create(Narrow(proto.Int32Data, v => v is >= 0 and <= ushort.MaxValue ? (ushort)v : throw Outside(v, type, what)), shape),
            ElementType.Int16 => Tensor.Create(Narrow(proto.Int32Data, v => v is >= short.MinValue and <= short.MaxValue ? (short)v : throw Outside(v, type, what)), shape),
            ElementType.Bool => Tensor.Create(Narrow(proto.Int32Data, v => v is 0 or 1 ? v == 1 : throw Outside(v, type, what)), shape),
            // The 16 bits of the number, not its value; some writers extend the sign.
            ElementType.Float16 => Tensor.Create(Narrow(proto.Int32Data, v => v is >= short.MinValue and <= ushort.MaxValue ? BitConverter.UInt16BitsToHalf((ushort)v) : throw Outside(v, type, what)), shape),
            _ => throw new OnnxException($"{what} is of type {type}, which is not supported."),
        };
    }

    private static TResult[] Narrow<TSource, TResult>(IList<TSource> values, Func<TSource, TResult> convert)
    {
        var result = new TResult[values.Count];
        for (int i = 0; i < result.Length; i++) result[i] = convert(values[i]);
        return result;
    }

    private static OnnxException Outside(IFormattable value, ElementType type, string what) => new($"{what} of type {type} holds {value}, which is outside that type's range.");

    private static string TypeName(int number) => number switch
    {
        0 => "missing (0)",
        14 => "Complex64 (14)",
        15 => "Complex128 (15)",
        16 => "BFloat16 (16)",
        >= 17 and <= 20 => $"an 8-bit float ({number})",
        21 or 22 => $"a 4-bit integer ({number})",
        23 => "a 4-bit float (23)",
        _ => $"number {number}",
    };
}
