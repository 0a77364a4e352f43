using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Codecs;
using Recognizer.Training;

namespace Recognizer.Benchmarks.Reading;

/// <summary>A way in which the picture of a character may come.</summary>
/// <param name="Name">What is told of it.</param>
/// <param name="IsRequired">Whether labels have to stay in nearly all cases; the others are what paper and pens do to characters, and lose some.</param>
/// <param name="Make">From [28, 28], 0 = ground … 255 = ink, to a picture.</param>
internal sealed record PictureVariant(string Name, bool IsRequired, Func<byte[], CounterRandom, GrayImage> Make)
{
    private const int Side = 28;

    public static IReadOnlyList<PictureVariant> All { get; } =
    [
        new("28 px, as it is", true, (ink, _) => new(Side, Side, ink)),
        new("14 px", true, (ink, _) => Shrunk(ink, 14)),
        new("1,400 px", true, (ink, _) => Paint(1400, (x, y) => At(ink, x, y, 1400))),
        new("inverted", true, (ink, _) => Paint(Side, (x, y) => 255 - ink[y * Side + x])),
        new("20 % contrast", true, (ink, _) => Paint(Side, (x, y) => 102 + 0.2 * ink[y * Side + x])),
        new("on a gradient", true, (ink, random) => Gradient(ink, Side, random)),
        new("on a gradient, 112 px", true, (ink, random) => Gradient(ink, 112, random)),
        new("JPEG quality 20", true, (ink, _) => Jpeg(new GrayImage(Side, Side, ink), 20)),
        new("JPEG quality 20, 112 px, dark on light", true, (ink, _) => Jpeg(Paint(112, (x, y) => 230 - 0.8 * At(ink, x, y, 112)), 20)),
        new("16×16 pixels, enlarged", false, (ink, _) => Enlarged(Shrunk(ink, 16), 96)),
        new("bitmap that its ink fills, 64 px", false, (ink, _) => Filling(ink, 64)),
        new("8×8 pixels", false, (ink, _) => Shrunk(ink, 8)),
        new("thin pen, 112 px", false, (ink, _) => Paint(112, (x, y) => 235 - 190 * Math.Clamp((At(ink, x, y, 112) / 255 - 0.85) * 6 + 0.5, 0, 1))),
        new("thick pen, 112 px", false, (ink, _) => Paint(112, (x, y) => 235 - 190 * Math.Clamp((At(ink, x, y, 112) / 255 - 0.12) * 6 + 0.5, 0, 1))),
        new("slanted by up to 27°, 200 px", false, (ink, random) => Slanted(ink, random.NextSingle(-0.5f, 0.5f))),
        new("slanted by 39°, 200 px", false, (ink, random) => Slanted(ink, random.NextInt32(2) == 0 ? 0.8 : -0.8)),
        new("blurred, noisy, pale, 112 px", false, (ink, random) => Pale(ink, random)),
        new("shadow across, 112 px", false, (ink, random) => Shadow(ink, random)),
        new("in a box, 112 px", false, (ink, _) => Paint(112, (x, y) => Math.Min(x, y) is >= 2 and < 4 || Math.Max(x, y) is >= 108 and < 110 ? 70 : 240 - 0.8 * At(ink, x * 1.25 - 14, y * 1.25 - 14, 112))),
        new("underlined, 160 px", false, Underlined),
        new("in a circle drawn by hand, 160 px", false, (ink, random) => Encircled(ink, random, squareness: 2)),
        new("in a box drawn by hand, 160 px", false, (ink, random) => Encircled(ink, random, squareness: 8)),
        new("on a card on a table, 160 px", false, OnCard),
        new("letterboxed, 160 px", false, (ink, _) => Paint(160, (x, y) => y is < 20 or >= 140 ? 0 : 230 - 0.75 * At(ink, x - 40, y - 40, 80))),
        new("on squared paper, 160 px", false, OnSquares),
    ];

    private static GrayImage Paint(int side, Func<int, int, double> value)
    {
        var pixels = new byte[side * side];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)Math.Clamp(value(i % side, i / side) + 0.5, 0, 255);
        return new GrayImage(side, side, pixels);
    }

    /// <summary>Ink at a pixel of a larger picture, 0…255, bilinear.</summary>
    private static double At(byte[] ink, double x, double y, int side)
    {
        double u = (x + 0.5) * Side / side - 0.5, v = (y + 0.5) * Side / side - 0.5;
        int left = (int)Math.Floor(u), top = (int)Math.Floor(v);
        double fx = u - left, fy = v - top;
        return (Pixel(left, top) * (1 - fx) + Pixel(left + 1, top) * fx) * (1 - fy) + (Pixel(left, top + 1) * (1 - fx) + Pixel(left + 1, top + 1) * fx) * fy;

        double Pixel(int column, int row) => column < 0 || row < 0 || column >= Side || row >= Side ? 0 : ink[row * Side + column];
    }

    /// <summary>Averages over the area of each pixel.</summary>
    private static GrayImage Shrunk(byte[] ink, int side)
    {
        double ratio = (double)Side / side;
        return Paint(side, (x, y) =>
        {
            double sum = 0;
            for (int v = (int)(y * ratio); v < Math.Min(Side, Math.Ceiling((y + 1) * ratio)); v++)
                for (int u = (int)(x * ratio); u < Math.Min(Side, Math.Ceiling((x + 1) * ratio)); u++)
                    sum += ink[v * Side + u] * (Math.Min(v + 1, (y + 1) * ratio) - Math.Max(v, y * ratio)) * (Math.Min(u + 1, (x + 1) * ratio) - Math.Max(u, x * ratio));
            return sum / (ratio * ratio);
        });
    }

    private static GrayImage Enlarged(GrayImage small, int side) =>
        Paint(side, (x, y) => small.Pixels[y * small.Height / side * small.Width + x * small.Width / side]);

    /// <summary>The smallest square around the ink, in black and white.</summary>
    private static GrayImage Filling(byte[] ink, int side)
    {
        int left = Side, right = -1, top = Side, bottom = -1;
        for (int i = 0; i < ink.Length; i++)
            if (ink[i] > 60) (left, right, top, bottom) = (Math.Min(left, i % Side), Math.Max(right, i % Side), Math.Min(top, i / Side), Math.Max(bottom, i / Side));
        int extent = Math.Max(right - left, bottom - top) + 1;
        double x0 = (left + right + 1 - extent) / 2.0, y0 = (top + bottom + 1 - extent) / 2.0;
        return Paint(side, (x, y) => At(ink, x0 + (x + 0.5) * extent / side - 0.5, y0 + (y + 0.5) * extent / side - 0.5, Side) > 127 ? 255 : 0);
    }

    private static GrayImage Gradient(byte[] ink, int side, CounterRandom random)
    {
        double direction = random.NextSingle() * 2 * Math.PI, dx = Math.Cos(direction), dy = Math.Sin(direction);
        return Paint(side, (x, y) => (150 + 75 * (dx * (2.0 * x / side - 1) + dy * (2.0 * y / side - 1)) / 1.42) * (1 - 0.75 * At(ink, x, y, side) / 255));
    }

    /// <summary>Each row moved to the side by a share of its height.</summary>
    private static GrayImage Slanted(byte[] ink, double slant) => Paint(200, (x, y) => 230 - 0.8 * At(ink, x - 44 + slant * (y - 100), y - 44, 112));

    /// <summary>Above a short stroke, about as long as the character is wide.</summary>
    private static GrayImage Underlined(byte[] ink, CounterRandom random)
    {
        int left = Side, right = 0, bottom = 0;
        for (int i = 0; i < ink.Length; i++)
            if (ink[i] > 60) (left, right, bottom) = (Math.Min(left, i % Side), Math.Max(right, i % Side + 1), i / Side + 1);
        double scale = 100.0 / Side, foot = 15 + bottom * scale + random.NextSingle(7, 20), slope = random.NextSingle(-0.1f, 0.1f), pen = random.NextSingle(1.5f, 2.5f);
        double from = 30 + left * scale - random.NextSingle(-8, 15), to = Math.Max(from + 30, 30 + right * scale + random.NextSingle(-8, 15));
        return Paint(160, (x, y) => 235 - Math.Max(0.75 * At(ink, x - 30, y - 15, 100),
            x < from || x > to ? 0 : 190 * Math.Clamp(pen - Math.Abs(y - foot - slope * (x - (from + to) / 2)) + 0.5, 0, 1)));
    }

    /// <summary>Within a closed stroke whose ends may miss each other: |x/a|ᵏ + |y/b|ᵏ = 1, turned and out of round, k its squareness.</summary>
    private static GrayImage Encircled(byte[] ink, CounterRandom random, double squareness)
    {
        const int Points = 720;
        double a = random.NextSingle(50, 68), b = random.NextSingle(52, 68), turn = random.NextSingle(-0.15f, 0.15f), pen = random.NextSingle(1.5f, 2.5f);
        double wobble = random.NextSingle(0, 0.05f), phase = random.NextSingle(0, 6), drift = random.NextSingle(-0.06f, 0.06f);
        double start = random.NextSingle(0, 6), length = 2 * Math.PI + random.NextSingle(-0.3f, 0.3f);
        var distance = new double[160 * 160];
        Array.Fill(distance, double.MaxValue);
        for (int i = 0; i < Points; i++)
        {
            double angle = start + length * i / Points, cosine = Math.Cos(angle), sine = Math.Sin(angle);
            double radius = Math.Pow(Math.Pow(Math.Abs(cosine), squareness) + Math.Pow(Math.Abs(sine), squareness), -1 / squareness) * (1 + wobble * Math.Sin(2 * angle + phase) + drift * i / Points);
            double u = a * radius * cosine, v = b * radius * sine, x = 80 + u * Math.Cos(turn) - v * Math.Sin(turn), y = 80 + u * Math.Sin(turn) + v * Math.Cos(turn);
            for (int py = Math.Max(0, (int)y - 4); py < Math.Min(160, y + 5); py++)
                for (int px = Math.Max(0, (int)x - 4); px < Math.Min(160, x + 5); px++)
                    distance[py * 160 + px] = Math.Min(distance[py * 160 + px], Math.Sqrt((px - x) * (px - x) + (py - y) * (py - y)));
        }
        return Paint(160, (x, y) => 235 - Math.Max(0.75 * At(ink, x - 40, y - 40, 80), 190 * Math.Clamp(pen - distance[y * 160 + x] + 0.5, 0, 1)));
    }

    /// <summary>On a white card, turned by up to 6 degrees, on a dark table.</summary>
    private static GrayImage OnCard(byte[] ink, CounterRandom random)
    {
        double turn = random.NextSingle(-0.1f, 0.1f), half = random.NextSingle(48, 62), table = random.NextSingle(30, 90), paper = random.NextSingle(200, 245);
        var (sine, cosine) = Math.SinCos(turn);
        return Paint(160, (x, y) =>
        {
            double u = (x - 79.5) * cosine + (y - 79.5) * sine, v = (y - 79.5) * cosine - (x - 79.5) * sine;
            double ground = table + (paper - table) * Math.Clamp(half + 0.5 - Math.Max(Math.Abs(u), Math.Abs(v)), 0, 1);
            return ground * (1 - 0.8 * At(ink, u + 39.5, v + 39.5, 80) / 255);
        });
    }

    /// <summary>On rules each way that run through it, paler than the pen.</summary>
    private static GrayImage OnSquares(byte[] ink, CounterRandom random)
    {
        double pitch = random.NextSingle(28, 45), left = random.NextSingle(0, (float)pitch), top = random.NextSingle(0, (float)pitch), rule = random.NextSingle(40, 90);
        return Paint(160, (x, y) => 235 - Math.Max(0.75 * At(ink, x - 30, y - 30, 100),
            rule * Math.Clamp(1.25 - Math.Min(Away(x - left), Away(y - top)), 0, 1)));

        double Away(double distance) => Math.Abs(distance - pitch * Math.Round(distance / pitch));
    }

    private static GrayImage Pale(byte[] ink, CounterRandom random) => Paint(112, (x, y) =>
    {
        double sum = 0;
        for (int d = 0; d < 9; d++) sum += At(ink, x + (d % 3 - 1) * 3, y + (d / 3 - 1) * 3, 112) / 9;
        return 205 - 0.28 * sum + 5 * random.NextGaussian();
    });

    private static GrayImage Shadow(byte[] ink, CounterRandom random)
    {
        double direction = random.NextSingle() * 2 * Math.PI, dx = Math.Cos(direction), dy = Math.Sin(direction), offset = random.NextSingle(-20, 20);
        return Paint(112, (x, y) => 225 * (1 - 0.4 * Math.Clamp(((x - 56) * dx + (y - 56) * dy - offset) / 12 + 0.5, 0, 1)) * (1 - 0.75 * At(ink, x, y, 112) / 255));
    }

    /// <summary>What JPEG does to a grey picture: blocks of 8×8 pixels, their cosine transforms rounded to multiples of the standard's example table of
    /// luminance scaled to a quality. The coding after that loses nothing.</summary>
    private static GrayImage Jpeg(GrayImage image, int quality)
    {
        int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality, width = image.Width, height = image.Height;
        var table = new ushort[64];
        for (int i = 0; i < 64; i++) table[i] = (ushort)Math.Clamp((Luminance[i] * scale + 50) / 100, 1, 255);
        var pixels = new byte[width * height];
        var coefficients = new short[64];
        var block = new byte[64];
        for (int top = 0; top < height; top += 8)
            for (int left = 0; left < width; left += 8)
            {
                for (int v = 0; v < 8; v++)
                    for (int u = 0; u < 8; u++)
                    {
                        double sum = 0;
                        for (int y = 0; y < 8; y++)
                            for (int x = 0; x < 8; x++)
                                sum += (image.Pixels[Math.Min(height - 1, top + y) * width + Math.Min(width - 1, left + x)] - 128) * s_cosines[v * 8 + y] * s_cosines[u * 8 + x];
                        coefficients[v * 8 + u] = (short)Math.Round(sum / table[v * 8 + u]);
                    }
                JpegTransform.Inverse(coefficients, table, block, 8);
                for (int y = 0; y < Math.Min(8, height - top); y++)
                    block.AsSpan(y * 8, Math.Min(8, width - left)).CopyTo(pixels.AsSpan((top + y) * width + left));
            }
        return new GrayImage(width, height, pixels);
    }

    // [frequency, position], orthonormal
    private static readonly double[] s_cosines = [.. Enumerable.Range(0, 64).Select(i => Math.Cos((2 * (i % 8) + 1) * (i / 8) * Math.PI / 16) * (i < 8 ? Math.Sqrt(0.125) : 0.5))];

    // ITU-T T.81, table K.1
    private static ReadOnlySpan<byte> Luminance =>
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ];
}
