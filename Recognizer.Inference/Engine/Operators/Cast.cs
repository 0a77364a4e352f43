using System.Globalization;
using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Cast: integers wrap around, reals are cut towards zero (and clamped, where ONNX leaves it open), numbers other than 0 are
/// true, texts are read and written in the invariant culture.</summary>
internal sealed class Cast : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        if (!node.Attributes.ContainsKey("to")) OperatorInputs.Fail(node, "attribute 'to' is missing");
        return [To(node, x, (ElementType)node.Int("to", 0))];
    }

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
    public static TTo[] To<TTo>(Node node, Tensor x) where TTo : INumber<TTo> => x.Data switch
    {
        TTo[] values => values,
        float[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        double[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        Half[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        byte[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        sbyte[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        ushort[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        short[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        uint[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        int[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        ulong[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        long[] values => Array.ConvertAll(values, TTo.CreateTruncating),
        bool[] values => Array.ConvertAll(values, value => value ? TTo.One : TTo.Zero),
        string[] values => Array.ConvertAll(values, value => Parse<TTo>(node, value)),
        _ => throw new OnnxException($"{node}: {x.ElementType} can't be cast."),
    };

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
