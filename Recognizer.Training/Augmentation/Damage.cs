namespace Recognizer.Training.Augmentation;

/// <summary>Spoils an image in one of several ways that paper, pens and cameras have: a network that has met some learns to read through others. Stateless.</summary>
internal static class Damage
{
    private const int Side = Datasets.DatasetPart.Side;
    private const int PixelCount = Side * Side;

    /// <summary>Number of ways.</summary>
    public const int Ways = 9;

    /// <summary>Spoils an image.</summary>
    /// <param name="image">[28, 28], 0 = ground … 1 = ink.</param>
    /// <param name="way">0 … <see cref="Ways"/> − 1.</param>
    /// <param name="random">Decides how much.</param>
    public static void Apply(Span<float> image, int way, ref CounterRandom random)
    {
        switch (way)
        {
            case 0:
                Grain(image, random.NextSingle(0.1f, 0.45f), ref random);
                break;
            case 1:
                Specks(image, random.NextSingle(0.02f, 0.25f), ref random);
                break;
            case 2:
            case 3:
                Veil(image, way == 3, ref random);
                break;
            case 4:
                for (int pass = random.NextInt32(3); pass >= 0; pass--) Blur(image);
                break;
            case 5:
                Coarsen(image, 2 + random.NextInt32(2), ref random);
                break;
            case 6:
                Lines(image, ref random);
                break;
            case 7:
                Invert(image, ref random);
                break;
            default:
                Outline(image);
                break;
        }
        for (int i = 0; i < PixelCount; i++) image[i] = Math.Clamp(image[i], 0, 1);
    }

    /// <summary>Makes strokes thicker (towards the largest of five pixels) or thinner (towards the smallest).</summary>
    /// <param name="image">[28, 28].</param>
    /// <param name="amount">−1 (as thin as that makes them) … 1.</param>
    public static void Thicken(Span<float> image, float amount)
    {
        Span<float> extreme = stackalloc float[PixelCount];
        Morph(image, extreme, amount > 0);
        float share = Math.Abs(amount);
        for (int i = 0; i < PixelCount; i++) image[i] += share * (extreme[i] - image[i]);
    }

    // The largest or smallest value of each pixel and its four neighbours.
    private static void Morph(ReadOnlySpan<float> image, Span<float> result, bool largest)
    {
        for (int y = 0; y < Side; y++)
        {
            int above = Math.Max(y - 1, 0) * Side, here = y * Side, below = Math.Min(y + 1, Side - 1) * Side;
            for (int x = 0; x < Side; x++)
            {
                float left = image[here + Math.Max(x - 1, 0)], right = image[here + Math.Min(x + 1, Side - 1)], middle = image[here + x];
                result[here + x] = largest
                    ? Math.Max(Math.Max(Math.Max(left, right), Math.Max(image[above + x], image[below + x])), middle)
                    : Math.Min(Math.Min(Math.Min(left, right), Math.Min(image[above + x], image[below + x])), middle);
            }
        }
    }

    // Noise that grows with the ink, or is the same everywhere.
    private static void Grain(Span<float> image, float deviation, ref CounterRandom random)
    {
        bool onInk = random.NextInt32(2) == 0;
        for (int i = 0; i < PixelCount; i++) image[i] += deviation * (onInk ? 1.6f * MathF.Sqrt(image[i]) : 1) * random.NextGaussian();
    }

    private static void Specks(Span<float> image, float share, ref CounterRandom random)
    {
        for (int i = 0; i < PixelCount; i++)
        {
            float u = random.NextSingle();
            if (u < share) image[i] = u < share / 2 ? 0 : 1;
        }
    }

    // Less contrast on a ground that isn't black: even, or cloudy.
    private static void Veil(Span<float> image, bool cloudy, ref CounterRandom random)
    {
        float ink = random.NextSingle(0.3f, 1), ground = random.NextSingle(0, 0.7f);
        int cell = 5 + random.NextInt32(10);
        Span<float> lattice = stackalloc float[49];
        for (int i = 0; i < lattice.Length; i++) lattice[i] = cloudy ? 2 * random.NextSingle() : 1;
        for (int i = 0; i < PixelCount; i++)
        {
            float x = i % Side / (float)cell, y = i / Side / (float)cell;
            int left = (int)x, top = (int)y;
            float right = x - left, lower = y - top;
            float level = ground * ((1 - lower) * ((1 - right) * lattice[top * 7 + left] + right * lattice[top * 7 + left + 1])
                + lower * ((1 - right) * lattice[(top + 1) * 7 + left] + right * lattice[(top + 1) * 7 + left + 1]));
            image[i] = cloudy ? level + image[i] * Math.Max(ink, 1 - level) : level + image[i] * ink;
        }
    }

    // Each pixel takes a quarter from the neighbours of its row, then of its column.
    private static void Blur(Span<float> image)
    {
        for (int axis = 0; axis < 2; axis++)
        {
            int step = axis == 0 ? 1 : Side, line = axis == 0 ? Side : 1;
            for (int l = 0; l < Side; l++)
            {
                float before = 0;
                for (int i = 0; i < Side; i++)
                {
                    int at = l * line + i * step;
                    float value = image[at], next = i + 1 < Side ? image[at + step] : 0;
                    image[at] = 0.25f * before + 0.5f * value + 0.25f * next;
                    before = value;
                }
            }
        }
    }

    // Squares of one grey, hard-edged or not: what few pixels leave.
    private static void Coarsen(Span<float> image, int size, ref CounterRandom random)
    {
        int startX = -random.NextInt32(size), startY = -random.NextInt32(size);
        bool hard = random.NextInt32(2) == 0;
        for (int y = startY; y < Side; y += size)
        {
            for (int x = startX; x < Side; x += size)
            {
                float sum = 0;
                int count = 0;
                for (int py = Math.Max(y, 0); py < Math.Min(y + size, Side); py++)
                {
                    for (int px = Math.Max(x, 0); px < Math.Min(x + size, Side); px++, count++) sum += image[py * Side + px];
                }
                float value = hard ? (sum > 0.45f * count ? 1 : 0) : sum / count;
                for (int py = Math.Max(y, 0); py < Math.Min(y + size, Side); py++)
                {
                    for (int px = Math.Max(x, 0); px < Math.Min(x + size, Side); px++) image[py * Side + px] = value;
                }
            }
        }
        if (random.NextInt32(2) == 0) Blur(image);
    }

    // Up to three thin lines right through: rules, strokes of a neighbour, crossings-out.
    private static void Lines(Span<float> image, ref CounterRandom random)
    {
        for (int n = random.NextInt32(3); n >= 0; n--)
        {
            float angle = random.NextSingle(0, MathF.PI), offset = random.NextSingle(-11, 11), width = random.NextSingle(0.4f, 1.6f), ink = random.NextSingle(0.4f, 1);
            float period = random.NextInt32(2) == 0 ? 1000 : random.NextSingle(3, 8), wave = random.NextInt32(3) == 0 ? random.NextSingle(0.5f, 2.5f) : 0;
            (float sin, float cos) = MathF.SinCos(angle);
            for (int i = 0; i < PixelCount; i++)
            {
                float x = i % Side - 13.5f, y = i / Side - 13.5f;
                float along = cos * x + sin * y, across = cos * y - sin * x - offset + wave * MathF.Sin(along * 1.2f);
                if (period < 1000 && MathF.Abs(along % period) > period / 2) continue;
                float line = Math.Clamp(width + 0.5f - MathF.Abs(across), 0, 1) * ink;
                image[i] = Math.Max(image[i], line);
            }
        }
    }

    // Ink and ground exchanged in part of the image.
    private static void Invert(Span<float> image, ref CounterRandom random)
    {
        bool columns = random.NextInt32(2) == 0;
        int length = 4 + random.NextInt32(18), start = random.NextInt32(Side - length + 1);
        for (int i = 0; i < PixelCount; i++)
        {
            int at = columns ? i % Side : i / Side;
            if (at >= start && at < start + length) image[i] = 1 - image[i];
        }
    }

    // The edges of the strokes only.
    private static void Outline(Span<float> image)
    {
        Span<float> outer = stackalloc float[PixelCount], inner = stackalloc float[PixelCount];
        Morph(image, outer, largest: true);
        Morph(image, inner, largest: false);
        for (int i = 0; i < PixelCount; i++) image[i] = outer[i] - inner[i];
    }
}
