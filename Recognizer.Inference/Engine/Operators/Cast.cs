using System.Globalization;
using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Cast: integers wrap around, reals are cut towards zero (and clamped, where ONNX leaves it open), numbers other than 0 are
/// true, texts are read and written in the invariant culture.</summary>
internal sealed class Cast : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs) => [To(node, inputs.Required(node, 0), CastTarget.Of(node))];

    /// <summary>A copy of another element type.</summary>
    public static Tensor To(Node node, Tensor x, ElementType type) => type == x.ElementType ? x : type switch
    {
        ElementType.Float => Tensor.Create(To<float>(node, x), x.Shape),
        ElementType.Double => Tensor.Create(To<double>(node, x), x.Shape),
        ElementType.Float16 => Tensor.Create(To<Half>(node, x), x.Shape),
        ElementType.UInt8 => Tensor.Create(To<byte>(node, x), x.Shape),
        ElementType.Int8 => Tensor.Create(To<sbyte>(node, x), x.Shape),
        ElementType.UInt16 => Tensor.Create(To<ushort>(node, x), x.Shape),
        ElementType.Int16 => Tensor.Create(To<short>(node, x), x.Shape),
        ElementType.UInt32 => Tensor.Create(To<uint>(node, x), x.Shape),
        ElementType.Int32 => Tensor.Create(To<int>(node, x), x.Shape),
        ElementType.UInt64 => Tensor.Create(To<ulong>(node, x), x.Shape),
        ElementType.Int64 => Tensor.Create(To<long>(node, x), x.Shape),
        ElementType.Bool => Tensor.Create(Array.ConvertAll(To<double>(node, x), value => value != 0), x.Shape),
        ElementType.String => Tensor.Create(ToText(node, x), x.Shape),
        _ => throw new OnnxException($"{node}: attribute 'to' is {(int)type}, which is no supported element type."),
    };

    /// <summary>The elements as numbers of another type.</summary>
    public static TTo[] To<TTo>(Node node, Tensor x) where TTo : INumber<TTo>
    {
        // by element type and not by array type, because the runtime takes arrays of signed and unsigned integers for each other
        if (x.ElementType == Tensor.TypeOf<TTo>()) return (TTo[])x.Data;
        return x.ElementType switch
        {
            ElementType.Float => Array.ConvertAll((float[])x.Data, TTo.CreateTruncating),
            ElementType.Double => Array.ConvertAll((double[])x.Data, TTo.CreateTruncating),
            ElementType.Float16 => Array.ConvertAll((Half[])x.Data, TTo.CreateTruncating),
            ElementType.UInt8 => Array.ConvertAll((byte[])x.Data, TTo.CreateTruncating),
            ElementType.Int8 => Array.ConvertAll((sbyte[])x.Data, TTo.CreateTruncating),
            ElementType.UInt16 => Array.ConvertAll((ushort[])x.Data, TTo.CreateTruncating),
            ElementType.Int16 => Array.ConvertAll((short[])x.Data, TTo.CreateTruncating),
            ElementType.UInt32 => Array.ConvertAll((uint[])x.Data, TTo.CreateTruncating),
            ElementType.Int32 => Array.ConvertAll((int[])x.Data, TTo.CreateTruncating),
            ElementType.UInt64 => Array.ConvertAll((ulong[])x.Data, TTo.CreateTruncating),
            ElementType.Int64 => Array.ConvertAll((long[])x.Data, TTo.CreateTruncating),
            ElementType.Bool => Array.ConvertAll((bool[])x.Data, value => value ? TTo.One : TTo.Zero),
            ElementType.String => Array.ConvertAll((string[])x.Data, value => Parse<TTo>(node, value)),
            _ => throw new OnnxException($"{node}: {x.ElementType} can't be cast."),
        };
    }

    private static TTo Parse<TTo>(Node node, string text) where TTo : INumber<TTo>
    {
        if (TTo.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out TTo? value)) return value;
        return text.ToUpperInvariant() switch
        {
            "INF" or "+INF" => TTo.CreateTruncating(double.PositiveInfinity),
            "-INF" => TTo.CreateTruncating(double.NegativeInfinity),
            _ => throw new OnnxException($"{node}: the text '{text}' is no number of the type wanted."),
        };
    }

    private static string[] ToText(Node node, Tensor x)
    {
        var texts = new string[x.Length];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = x.Data.GetValue(i) is IFormattable value ? value.ToString(null, CultureInfo.InvariantCulture) : $"{x.Data.GetValue(i)}";
        return texts;
    }
}
