using System.Runtime.Intrinsics;

namespace Recognizer.Inference.Imaging;

/// <summary>Triples of red, green and blue, as pictures hold them, from and to a row of each.</summary>
internal static class RgbPixels
{
    /// <summary>Pixels that <see cref="Take"/> takes.</summary>
    public const int Step = 16;

    /// <summary>target = red, green, blue of the first pixel, of the second, …</summary>
    public static void Interleave(ReadOnlySpan<byte> red, ReadOnlySpan<byte> green, ReadOnlySpan<byte> blue, Span<byte> target)
    {
        int count = target.Length / 3, x = 0;
        for (; x <= count - Step; x += Step)
        {
            Vector128<byte> r = Vector128.Create(red[x..]), g = Vector128.Create(green[x..]), b = Vector128.Create(blue[x..]);
            Span<byte> to = target[(3 * x)..];
            // indices beyond a vector give 0
            (Vector128.Shuffle(r, Vector128.Create((byte)0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255, 255, 5))
                | Vector128.Shuffle(g, Vector128.Create((byte)255, 0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255, 255))
                | Vector128.Shuffle(b, Vector128.Create((byte)255, 255, 0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255))).CopyTo(to);
            (Vector128.Shuffle(r, Vector128.Create((byte)255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255, 10, 255))
                | Vector128.Shuffle(g, Vector128.Create((byte)5, 255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255, 10))
                | Vector128.Shuffle(b, Vector128.Create((byte)255, 5, 255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255))).CopyTo(to[16..]);
            (Vector128.Shuffle(r, Vector128.Create((byte)255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15, 255, 255))
                | Vector128.Shuffle(g, Vector128.Create((byte)255, 255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15, 255))
                | Vector128.Shuffle(b, Vector128.Create((byte)10, 255, 255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15))).CopyTo(to[32..]);
        }
        for (; x < count; x++) (target[3 * x], target[3 * x + 1], target[3 * x + 2]) = (red[x], green[x], blue[x]);
    }

    /// <summary>The first 16 pixels.</summary>
    public static (Vector128<byte> Red, Vector128<byte> Green, Vector128<byte> Blue) Take(ReadOnlySpan<byte> rgb)
    {
        Vector128<byte> a = Vector128.Create(rgb), b = Vector128.Create(rgb[16..]), c = Vector128.Create(rgb[32..]);
        return (
            Vector128.Shuffle(a, Vector128.Create((byte)0, 3, 6, 9, 12, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(b, Vector128.Create((byte)255, 255, 255, 255, 255, 255, 2, 5, 8, 11, 14, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(c, Vector128.Create((byte)255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 4, 7, 10, 13)),
            Vector128.Shuffle(a, Vector128.Create((byte)1, 4, 7, 10, 13, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(b, Vector128.Create((byte)255, 255, 255, 255, 255, 0, 3, 6, 9, 12, 15, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(c, Vector128.Create((byte)255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2, 5, 8, 11, 14)),
            Vector128.Shuffle(a, Vector128.Create((byte)2, 5, 8, 11, 14, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(b, Vector128.Create((byte)255, 255, 255, 255, 255, 1, 4, 7, 10, 13, 255, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(c, Vector128.Create((byte)255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 3, 6, 9, 12, 15)));
    }

    /// <summary>(offset + Σ weight · channel) / 65,536, rounded down and held to 0…255, of 16 pixels in three channels.</summary>
    public static Vector128<byte> Mix((Vector128<byte> First, Vector128<byte> Second, Vector128<byte> Third) channels, (int First, int Second, int Third) weights, int offset)
    {
        var (firstLow, firstHigh) = Vector128.Widen(channels.First);
        var (secondLow, secondHigh) = Vector128.Widen(channels.Second);
        var (thirdLow, thirdHigh) = Vector128.Widen(channels.Third);
        return Vector128.Narrow(Half(firstLow, secondLow, thirdLow), Half(firstHigh, secondHigh, thirdHigh));

        Vector128<ushort> Half(Vector128<ushort> first, Vector128<ushort> second, Vector128<ushort> third) => Vector128.Narrow(
            Quarter(Vector128.WidenLower(first), Vector128.WidenLower(second), Vector128.WidenLower(third)),
            Quarter(Vector128.WidenUpper(first), Vector128.WidenUpper(second), Vector128.WidenUpper(third)));

        Vector128<uint> Quarter(Vector128<uint> first, Vector128<uint> second, Vector128<uint> third)
        {
            Vector128<int> sum = first.AsInt32() * weights.First + second.AsInt32() * weights.Second + third.AsInt32() * weights.Third + Vector128.Create(offset);
            return Vector128.Min(Vector128.Max(sum >> 16, Vector128<int>.Zero), Vector128.Create(255)).AsUInt32();
        }
    }

    /// <summary>The same of one pixel.</summary>
    public static byte Mix(byte first, byte second, byte third, (int First, int Second, int Third) weights, int offset) =>
        (byte)Math.Clamp((first * weights.First + second * weights.Second + third * weights.Third + offset) >> 16, 0, 255);
}
