using System.Numerics;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>How far pixels of a row stand out from the ground below them, in the forms that <see cref="InkMap"/> needs. Shade dims ink and paper alike: where dark ink is wanted,
/// differences are shares of the ground's brightness.</summary>
internal static class GroundDifference
{
    /// <summary>Level of the ground in what <see cref="Flattened"/> gives; those below are kept for what is on the other side of it.</summary>
    private const float Zero = 40;

    /// <summary>128 + half the difference.</summary>
    public static void Signed(ReadOnlySpan<byte> pixels, ReadOnlySpan<float> ground, Span<byte> to) => Map<SignedFormula>(pixels, ground, to);

    /// <summary>The difference on the side of the ink, in full at the ground's level and somewhat beyond.</summary>
    public static void Flattened(ReadOnlySpan<byte> pixels, ReadOnlySpan<float> ground, Span<byte> to, bool dark)
    {
        if (dark) Map<FlattenedDark>(pixels, ground, to);
        else Map<FlattenedLight>(pixels, ground, to);
    }

    /// <summary>The picture as if the ground were even.</summary>
    public static void Levelled(ReadOnlySpan<byte> pixels, ReadOnlySpan<float> ground, Span<byte> to, bool dark)
    {
        if (dark) Map<LevelledDark>(pixels, ground, to);
        else Map<LevelledLight>(pixels, ground, to);
    }

    /// <summary>The difference on the side of the ink, and 0 on the other.</summary>
    public static void Positive(ReadOnlySpan<byte> pixels, ReadOnlySpan<float> ground, Span<byte> to, bool dark)
    {
        if (dark) Map<PositiveDark>(pixels, ground, to);
        else Map<PositiveLight>(pixels, ground, to);
    }

    private interface IFormula
    {
        /// <summary>Anything; it is held to 0…255 and rounded down.</summary>
        static abstract Vector<float> Of(Vector<float> pixel, Vector<float> ground);
    }

    private readonly struct SignedFormula : IFormula
    {
        public static Vector<float> Of(Vector<float> pixel, Vector<float> ground) => new Vector<float>(128.5f) + (pixel - ground) * 0.5f;
    }

    private readonly struct FlattenedDark : IFormula
    {
        public static Vector<float> Of(Vector<float> pixel, Vector<float> ground) =>
            (ground - pixel) * (new Vector<float>(215) / (ground + new Vector<float>(8))) + new Vector<float>(Zero + 0.5f);
    }

    private readonly struct FlattenedLight : IFormula
    {
        public static Vector<float> Of(Vector<float> pixel, Vector<float> ground) => (pixel - ground) * (215f / 255) + new Vector<float>(Zero + 0.5f);
    }

    private readonly struct LevelledDark : IFormula
    {
        public static Vector<float> Of(Vector<float> pixel, Vector<float> ground) => pixel * (new Vector<float>(180) / (ground + new Vector<float>(8)));
    }

    private readonly struct LevelledLight : IFormula
    {
        public static Vector<float> Of(Vector<float> pixel, Vector<float> ground) => pixel - ground + new Vector<float>(60);
    }

    private readonly struct PositiveDark : IFormula
    {
        public static Vector<float> Of(Vector<float> pixel, Vector<float> ground) => (ground - pixel) * 255 / (ground + new Vector<float>(8));
    }

    private readonly struct PositiveLight : IFormula
    {
        public static Vector<float> Of(Vector<float> pixel, Vector<float> ground) => pixel - ground;
    }

    /// <summary>Pixels may be overwritten by the result.</summary>
    private static void Map<TFormula>(ReadOnlySpan<byte> pixels, ReadOnlySpan<float> ground, Span<byte> to)
        where TFormula : IFormula
    {
        int step = Vector<byte>.Count, i = 0;
        for (; i <= pixels.Length - step; i += step) MapVector<TFormula>(pixels[i..], ground[i..], to[i..]);
        int left = pixels.Length - i;
        if (left == 0) return;
        Span<byte> lastPixels = stackalloc byte[step];
        Span<float> lastGround = stackalloc float[step];
        lastPixels.Clear();
        lastGround.Clear();
        pixels[i..].CopyTo(lastPixels);
        ground.Slice(i, left).CopyTo(lastGround);
        MapVector<TFormula>(lastPixels, lastGround, lastPixels);
        lastPixels[..left].CopyTo(to[i..]);
    }

    private static void MapVector<TFormula>(ReadOnlySpan<byte> pixels, ReadOnlySpan<float> ground, Span<byte> to)
        where TFormula : IFormula
    {
        Vector.Widen(new Vector<byte>(pixels), out var low, out var high);
        Vector.Widen(low, out var a, out var b);
        Vector.Widen(high, out var c, out var d);
        Vector.Narrow(Vector.Narrow(Quarter(a, ground), Quarter(b, ground[Vector<float>.Count..])),
            Vector.Narrow(Quarter(c, ground[(2 * Vector<float>.Count)..]), Quarter(d, ground[(3 * Vector<float>.Count)..]))).CopyTo(to);

        static Vector<uint> Quarter(Vector<uint> pixels, ReadOnlySpan<float> ground)
        {
            Vector<float> value = TFormula.Of(Vector.ConvertToSingle(pixels.As<uint, int>()), new Vector<float>(ground));
            return Vector.ConvertToInt32(Vector.Min(Vector.Max(value, Vector<float>.Zero), new Vector<float>(255))).As<int, uint>();
        }
    }
}
