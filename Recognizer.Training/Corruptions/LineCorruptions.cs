namespace Recognizer.Training.Corruptions;

/// <summary>Draws soft lines.</summary>
internal static class SoftLine
{
    private const int Side = Datasets.DatasetPart.Side;

    /// <summary>Vertical distance at which ink ends.</summary>
    private const double Reach = 2.3;

    /// <summary>Adds a line to an image: ink falls as log(1 − d / 2.3) + 1 with the vertical distance d.</summary>
    /// <param name="image">[28, 28], clamped to 0 … 1 afterwards.</param>
    /// <param name="x0">Start; columns from there (rounded down) on get ink.</param>
    /// <param name="y0">Start.</param>
    /// <param name="x1">End, to the right of the start; the last column with ink is before it (rounded up).</param>
    /// <param name="y1">End.</param>
    /// <param name="dots">Ink in every second pair of columns only, from columns 2 and 3 on.</param>
    public static void Add(Span<float> image, double x0, double y0, double x1, double y1, bool dots = false)
    {
        if (x1 == x0) return;
        double slope = (y1 - y0) / (x1 - x0);
        int first = Math.Max(0, (int)Math.Floor(x0)), end = Math.Min(Side, (int)Math.Ceiling(x1));
        for (int x = first; x < end; x++)
        {
            if (dots && x % 4 < 2) continue;
            for (int y = 0; y < Side; y++)
            {
                double distance = Math.Abs(y - (y0 + slope * (x - x0)));
                if (distance >= Reach) continue;
                float ink = (float)Math.Max(0, Math.Log(1 - distance / Reach) + 1);
                image[y * Side + x] = Math.Min(1, image[y * Side + x] + ink);
            }
        }
    }
}

/// <summary>A dotted line from a random height at the left border to another at the right.</summary>
internal sealed class DottedLine : Corruption
{
    public override string Name => "dotted-line";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        image.CopyTo(result);
        int start = random.NextInt32(Side - 1), end = random.NextInt32(Side - 1);
        SoftLine.Add(result, 0, start, Side - 1, end, dots: true);
    }
}

/// <summary>A zigzag line, two pixels to either side, between random heights at columns 2 and 25.</summary>
internal sealed class Zigzag : Corruption
{
    private const double Stride = 2;
    private const double Height = 2;
    private const int Left = 2;
    private const int Right = 25;

    public override string Name => "zigzag";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        image.CopyTo(result);
        int top = random.NextInt32(Side - 1);
        int bottom = top + random.NextInt32(10) - 5;
        double angle = Math.Atan2(bottom - top, Right - Left);
        (double sin, double cos) = Math.SinCos(angle);
        double length = (Right - Left) / cos;
        // Corners at odd multiples of the stride along the line, on alternate sides; the last piece leads back towards the line.
        double x = 0, y = 0;
        int corners = (int)((length - Stride) / (2 * Stride)) + 1;
        for (int i = 0; i < corners; i++) To((2 * i + 1) * Stride, i % 2 == 0 ? Height : -Height, result);
        double rest = length % (2 * Stride);
        if (rest != 0) To(length, y / (2 * rest), result);

        void To(double nextX, double nextY, Span<float> target)
        {
            SoftLine.Add(target, Left + cos * x - sin * y, top + sin * x + cos * y, Left + cos * nextX - sin * nextY, top + sin * nextX + cos * nextY);
            (x, y) = (nextX, nextY);
        }
    }
}
