using System.Numerics;
using System.Runtime.Intrinsics;

namespace Recognizer.Inference.Imaging;

/// <summary>What resampling does to whole rows of pixels.</summary>
internal static class Rows
{
    public static void Widen(ReadOnlySpan<byte> from, Span<float> to)
    {
        int i = 0;
        for (; i <= from.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var (low, high) = Vector128.Widen(Vector128.Create(from[i..]));
            var (a, b) = Vector128.Widen(low);
            var (c, d) = Vector128.Widen(high);
            Vector128.ConvertToSingle(a.AsInt32()).CopyTo(to[i..]);
            Vector128.ConvertToSingle(b.AsInt32()).CopyTo(to[(i + 4)..]);
            Vector128.ConvertToSingle(c.AsInt32()).CopyTo(to[(i + 8)..]);
            Vector128.ConvertToSingle(d.AsInt32()).CopyTo(to[(i + 12)..]);
        }
        for (; i < from.Length; i++) to[i] = from[i];
    }

    /// <summary>[rows, columns] to [columns, rows].</summary>
    public static void Transpose(ReadOnlySpan<float> from, Span<float> to, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column];
    }

    /// <summary>target += weight · source.</summary>
    public static void MultiplyAdd(ReadOnlySpan<float> source, float weight, Span<float> target)
    {
        int i = 0;
        var factor = new Vector<float>(weight);
        for (; i <= source.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(target[i..]) + factor * new Vector<float>(source[i..])).CopyTo(target[i..]);
        for (; i < source.Length; i++) target[i] += weight * source[i];
    }
}
