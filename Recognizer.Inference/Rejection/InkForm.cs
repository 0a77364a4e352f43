using System.Numerics;

namespace Recognizer.Inference.Rejection;

/// <summary>What the form of the ink on a normalised picture says, whatever character it is.</summary>
/// <param name="Coverage">Mean ink, 0 … 1.</param>
/// <param name="Aspect">Shorter side of the ink's box by its longer one, 0 … 1.</param>
/// <param name="Fill">Part of the box that is ink.</param>
/// <param name="StrokeWidth">Mean width of the strokes in pixels: twice the area by the length of the outline.</param>
/// <param name="Components">Pieces of ink (8-connected).</param>
/// <param name="Holes">Pieces of ground that the ink encloses (4-connected).</param>
/// <param name="Softness">Part of the inked pixels that are neither ink nor ground but between.</param>
internal readonly record struct InkForm(float Coverage, float Aspect, float Fill, float StrokeWidth, int Components, int Holes, float Softness)
{
    private const int Side = CharacterRecognizer.Side;
    private const uint Row = (1u << Side) - 1;

    /// <summary>Measures a picture.</summary>
    /// <param name="pixels">[28, 28], 0 = ground … 1 = ink.</param>
    public static InkForm Measure(ReadOnlySpan<float> pixels)
    {
        // One bit per pixel, a row per word: whole rows are then compared and filled at once.
        Span<uint> ink = stackalloc uint[Side], ground = stackalloc uint[Side];
        float mass = 0;
        int touched = 0, between = 0;
        for (int y = 0; y < Side; y++)
        {
            uint bits = 0;
            for (int x = 0; x < Side; x++)
            {
                float value = pixels[y * Side + x];
                mass += value;
                if (value > 0.5f) bits |= 1u << x;
                if (value > 0.1f)
                {
                    touched++;
                    if (value < 0.9f) between++;
                }
            }
            ink[y] = bits;
            ground[y] = ~bits & Row;
        }

        int area = 0, outline = 0, top = Side, bottom = -1;
        uint columns = 0, above = 0;
        for (int y = 0; y < Side; y++)
        {
            uint bits = ink[y];
            if (bits != 0) (top, bottom) = (Math.Min(top, y), y);
            columns |= bits;
            area += BitOperations.PopCount(bits);
            outline += BitOperations.PopCount(bits ^ above) + BitOperations.PopCount(bits ^ (bits << 1));
            above = bits;
        }
        outline += BitOperations.PopCount(above);
        if (area == 0) return new InkForm(mass / pixels.Length, 0, 0, 0, 0, 0, touched == 0 ? 0 : (float)between / touched);

        int width = 32 - BitOperations.LeadingZeroCount(columns) - BitOperations.TrailingZeroCount(columns), height = bottom - top + 1;
        // Steps along the pixels' sides are longer than a smooth outline by 4/π on average over all directions.
        float length = outline * (MathF.PI / 4);
        int components = Count(ink, diagonal: true);
        // Ground that reaches the picture's border is no hole.
        Span<uint> seed = stackalloc uint[Side];
        for (int y = 0; y < Side; y++) seed[y] = ground[y] & (y is 0 or Side - 1 ? Row : 1u | 1u << (Side - 1));
        Remove(ground, seed, diagonal: false);
        int holes = Count(ground, diagonal: false);
        return new InkForm(mass / pixels.Length, (float)Math.Min(width, height) / Math.Max(width, height), (float)area / (width * height), 2 * area / length,
            components, holes, (float)between / touched);
    }

    /// <summary>Whether the ink is a filled disc or oval of less than twice its width: it is as dense as the ellipse that has its moments. A thick stroke is longer, and what is left of a
    /// character whose inside has run full has corners and bays.</summary>
    /// <param name="pixels">[28, 28], 0 = ground … 1 = ink.</param>
    public static bool IsSpot(ReadOnlySpan<float> pixels)
    {
        const double LeastDensity = 0.96, LeastRoundness = 0.5;
        double mass = 0, x1 = 0, y1 = 0, xx = 0, xy = 0, yy = 0;
        for (int i = 0; i < pixels.Length; i++)
        {
            double ink = pixels[i], x = i % Side, y = i / Side;
            mass += ink;
            x1 += ink * x;
            y1 += ink * y;
            xx += ink * x * x;
            xy += ink * x * y;
            yy += ink * y * y;
        }
        if (mass == 0) return false;
        // Variances, with what a pixel has of its own
        xx = (xx - x1 * x1 / mass) / mass + 1 / 12.0;
        xy = (xy - x1 * y1 / mass) / mass;
        yy = (yy - y1 * y1 / mass) / mass + 1 / 12.0;
        double product = xx * yy - xy * xy, mean = (xx + yy) / 2, half = Math.Sqrt(Math.Max(0, mean * mean - product));
        return mass >= LeastDensity * 4 * Math.PI * Math.Sqrt(product) && mean - half >= LeastRoundness * LeastRoundness * (mean + half);
    }

    /// <summary>Number of connected pieces; the picture is empty afterwards.</summary>
    private static int Count(Span<uint> picture, bool diagonal)
    {
        Span<uint> seed = stackalloc uint[Side];
        int count = 0;
        for (int y = 0; y < Side; y++)
        {
            while (picture[y] != 0)
            {
                seed.Clear();
                seed[y] = picture[y] & ~(picture[y] - 1);
                Remove(picture, seed, diagonal);
                count++;
            }
        }
        return count;
    }

    /// <summary>Takes whatever is connected to the seed out of the picture.</summary>
    private static void Remove(Span<uint> picture, Span<uint> seed, bool diagonal)
    {
        bool grown = true;
        while (grown)
        {
            grown = false;
            // Down and up again, so that a shape that winds is filled in few rounds.
            for (int i = 0; i < 2 * Side; i++)
            {
                int y = i < Side ? i : 2 * Side - 1 - i;
                uint near = (y > 0 ? seed[y - 1] : 0) | (y < Side - 1 ? seed[y + 1] : 0);
                if (diagonal) near |= near << 1 | near >> 1;
                uint row = seed[y] | near & picture[y];
                for (uint before = 0; before != row;)
                {
                    before = row;
                    row |= (row << 1 | row >> 1) & picture[y];
                }
                if (row == seed[y]) continue;
                seed[y] = row;
                grown = true;
            }
        }
        for (int y = 0; y < Side; y++) picture[y] &= ~seed[y];
    }
}
