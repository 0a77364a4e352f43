using Recognizer.Inference.Imaging.Ink;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Augmentation;

/// <summary>Makes pictures that are no characters, mostly out of characters: what a model learns to reject. Stateless.</summary>
internal static class MarkPainter
{
    private const int Side = DatasetPart.Side;
    private const int PixelCount = Side * Side;

    /// <summary>Number of ways.</summary>
    public const int Ways = 12;

    /// <summary>Draws a picture.</summary>
    /// <param name="part">Characters to make it of.</param>
    /// <param name="indices">Which of them.</param>
    /// <param name="way">0 … <see cref="Ways"/> − 1.</param>
    /// <param name="key">Decides everything that is random.</param>
    /// <param name="mark">[28, 28], receives 0 = ground … 1 = ink.</param>
    public static void Paint(DatasetPart part, ReadOnlySpan<int> indices, int way, ulong key, Span<float> mark)
    {
        var random = new CounterRandom(key);
        mark.Clear();
        switch (way)
        {
            case 0:
                Overlay(part, indices, mark, ref random);
                break;
            case 1:
                Jigsaw(part, indices, 14, mark, ref random);
                break;
            case 2:
                Jigsaw(part, indices, 7, mark, ref random);
                break;
            case 3:
                // Light and dark exchanged, all of the contrast or part of it
                float ground = random.NextSingle(0.3f, 1);
                Add(part, indices, mark, ref random, 1, 0, 0);
                for (int i = 0; i < PixelCount; i++) mark[i] = ground * (1 - mark[i]);
                break;
            case 4:
            case 5:
                Wander(mark, ref random);
                break;
            case 6:
                Plaid(mark, ref random);
                break;
            case 7:
                Blots(mark, ref random);
                break;
            case 8:
                Scatter(part, indices, mark, ref random);
                break;
            case 9:
            case 10:
                Several(part, indices, mark, ref random);
                break;
            default:
                Shade(mark, ref random);
                break;
        }
        for (int i = 0; i < PixelCount; i++) mark[i] = Math.Clamp(mark[i], 0, 1);
    }

    // Two or three characters on top of each other, all but the first turned or mirrored.
    private static void Overlay(DatasetPart part, ReadOnlySpan<int> indices, Span<float> mark, ref CounterRandom random)
    {
        int count = 2 + random.NextInt32(2);
        for (int i = 0; i < count; i++)
            Add(part, indices, mark, ref random, 1, random.NextInt32(7) - 3, random.NextInt32(7) - 3, turned: i > 0);
    }

    // Squares out of different characters, each from another place.
    private static void Jigsaw(DatasetPart part, ReadOnlySpan<int> indices, int size, Span<float> mark, ref CounterRandom random)
    {
        ReadOnlySpan<byte> image = Pick(part, indices, ref random);
        bool several = random.NextInt32(2) == 0;
        int cells = Side / size;
        for (int cell = 0; cell < cells * cells; cell++)
        {
            if (several) image = Pick(part, indices, ref random);
            int fromX = size * random.NextInt32(cells), fromY = size * random.NextInt32(cells), toX = cell % cells * size, toY = cell / cells * size;
            for (int y = 0; y < size; y++)
            {
                for (int x = 0; x < size; x++) mark[(toY + y) * Side + toX + x] = image[(fromY + y) * Side + fromX + x] / 255f;
            }
        }
    }

    // A pen that turns at random and is thrown back at the edges of a box.
    private static void Wander(Span<float> mark, ref CounterRandom random)
    {
        float margin = random.NextSingle(2.5f, 6), radius = random.NextSingle(0.8f, 1.9f), length = random.NextSingle(40, 110);
        float x = random.NextSingle(margin, Side - 1 - margin), y = random.NextSingle(margin, Side - 1 - margin);
        float angle = random.NextSingle(0, 2 * MathF.PI), bend = 0, wildness = random.NextSingle(0.05f, 0.25f);
        const float Step = 0.5f;
        for (float drawn = 0; drawn < length; drawn += Step)
        {
            bend = 0.9f * bend + wildness * random.NextGaussian() * 0.4f;
            angle += bend;
            // Now and then the pen is lifted and set down elsewhere, or turns sharply.
            float chance = random.NextSingle();
            if (chance < 0.008f) (x, y) = (random.NextSingle(margin, Side - 1 - margin), random.NextSingle(margin, Side - 1 - margin));
            if (chance is >= 0.008f and < 0.03f) angle += random.NextSingle(1.5f, 4.5f);
            (float sin, float cos) = MathF.SinCos(angle);
            x += Step * cos;
            y += Step * sin;
            if (x < margin || x > Side - 1 - margin || y < margin || y > Side - 1 - margin) angle += 2 + random.NextSingle();
            x = Math.Clamp(x, margin, Side - 1 - margin);
            y = Math.Clamp(y, margin, Side - 1 - margin);
            RoundPen.Line(mark, Side, x, y, x, y, radius, 0.5f);
        }
    }

    // Stripes of one direction, or the maximum, product or difference of those of two.
    private static void Plaid(Span<float> mark, ref CounterRandom random)
    {
        Span<float> across = stackalloc float[2 * Side], down = stackalloc float[2 * Side];
        Stripes(across, ref random);
        Stripes(down, ref random);
        int how = random.NextInt32(4), slant = random.NextInt32(3);
        for (int i = 0; i < PixelCount; i++)
        {
            int x = i % Side, y = i / Side;
            float a = across[slant == 0 ? x : slant == 1 ? (x + y) % (2 * Side) : x + y / 2], b = down[y];
            mark[i] = how switch { 0 => a, 1 => Math.Max(a, b), 2 => a * b, _ => Math.Abs(a - b) };
        }

        static void Stripes(Span<float> line, ref CounterRandom random)
        {
            int widest = 2 + random.NextInt32(7);
            bool isRegular = random.NextInt32(2) == 0, isSoft = random.NextInt32(2) == 0;
            int width = 1 + random.NextInt32(widest);
            float level = 0;
            for (int i = 0; i < line.Length;)
            {
                level = level > 0 ? 0 : random.NextSingle(0.5f, 1);
                int end = i + (isRegular ? width : 1 + random.NextInt32(widest));
                for (; i < Math.Min(end, line.Length); i++) line[i] = level;
            }
            for (int i = 1; isSoft && i + 1 < line.Length; i++) line[i] = (line[i - 1] + 2 * line[i] + line[i + 1]) / 4;
        }
    }

    // Random values at a coarse lattice, spread out, and with more or less contrast.
    private static void Blots(Span<float> mark, ref CounterRandom random)
    {
        int coarse = 2 + random.NextInt32(10);
        Span<float> lattice = stackalloc float[16 * 16];
        for (int i = 0; i < lattice.Length; i++) lattice[i] = random.NextSingle();
        float gain = MathF.Exp(random.NextSingle(-0.5f, 3)), middle = random.NextSingle(0.3f, 0.7f);
        for (int i = 0; i < PixelCount; i++)
        {
            float x = i % Side / (float)coarse, y = i / Side / (float)coarse;
            int left = (int)x, top = (int)y;
            float right = x - left, lower = y - top;
            float value = (1 - lower) * ((1 - right) * lattice[top * 16 + left] + right * lattice[top * 16 + left + 1])
                + lower * ((1 - right) * lattice[(top + 1) * 16 + left] + right * lattice[(top + 1) * 16 + left + 1]);
            mark[i] = 0.5f + gain * (value - middle);
        }
    }

    // The pixels of a character in any order, or any other grey noise.
    private static void Scatter(DatasetPart part, ReadOnlySpan<int> indices, Span<float> mark, ref CounterRandom random)
    {
        int how = random.NextInt32(3);
        if (how == 0)
        {
            Add(part, indices, mark, ref random, 1, 0, 0);
            random.Shuffle(mark);
            return;
        }
        float mean = random.NextSingle(), width = random.NextSingle(0.1f, 0.7f);
        for (int i = 0; i < PixelCount; i++) mark[i] = mean + width * (how == 1 ? random.NextGaussian() : random.NextSingle(-1, 1));
    }

    // Two to four characters beside and above each other, where one should be.
    private static void Several(DatasetPart part, ReadOnlySpan<int> indices, Span<float> mark, ref CounterRandom random)
    {
        int how = random.NextInt32(3), overlap = random.NextInt32(3);
        int columns = how == 1 ? 1 : 2, rows = how == 0 ? 1 : 2;
        for (int cell = 0; cell < columns * rows; cell++)
        {
            ReadOnlySpan<byte> image = Pick(part, indices, ref random);
            float left = columns == 1 ? 0 : cell % columns * (Side / 2 - overlap), top = rows == 1 ? 0 : cell / columns * (Side / 2 - overlap);
            float scaleX = columns, scaleY = rows;
            for (int y = 0; y < Side; y++)
            {
                for (int x = 0; x < Side; x++)
                {
                    float value = Read(image, (x - left) * scaleX, (y - top) * scaleY, scaleX, scaleY);
                    mark[y * Side + x] = Math.Max(mark[y * Side + x], value);
                }
            }
        }

        // The mean of up to four pixels.
        static float Read(ReadOnlySpan<byte> image, float x, float y, float width, float height)
        {
            float sum = 0;
            for (int dy = 0; dy < (int)height; dy++)
            {
                for (int dx = 0; dx < (int)width; dx++)
                {
                    int px = (int)x + dx, py = (int)y + dy;
                    if (x >= 0 && y >= 0 && px < Side && py < Side) sum += image[py * Side + px];
                }
            }
            return Math.Min(1, 1.3f * sum / (255 * (int)width * (int)height));
        }
    }

    // Ground only: a grey, a slope, a little noise.
    private static void Shade(Span<float> mark, ref CounterRandom random)
    {
        float level = random.NextInt32(2) == 0 ? 0 : random.NextSingle(), slopeX = random.NextSingle(-0.02f, 0.02f), slopeY = random.NextSingle(-0.02f, 0.02f);
        float noise = random.NextSingle(0, 0.06f);
        for (int i = 0; i < PixelCount; i++) mark[i] = level + slopeX * (i % Side - 14) + slopeY * (i / Side - 14) + noise * random.NextGaussian();
    }

    private static ReadOnlySpan<byte> Pick(DatasetPart part, ReadOnlySpan<int> indices, ref CounterRandom random) => part.Image(indices[random.NextInt32(indices.Length)]);

    // Lays a character over what is there.
    private static void Add(DatasetPart part, ReadOnlySpan<int> indices, Span<float> mark, ref CounterRandom random, float strength, int shiftX, int shiftY, bool turned = false)
    {
        ReadOnlySpan<byte> image = Pick(part, indices, ref random);
        bool exchanged = turned && random.NextInt32(2) == 0, mirrored = turned && (!exchanged || random.NextInt32(2) == 0);
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                int sourceX = exchanged ? y : x, sourceY = exchanged ? x : y;
                if (mirrored) sourceX = Side - 1 - sourceX;
                sourceX -= shiftX;
                sourceY -= shiftY;
                if ((uint)sourceX >= Side || (uint)sourceY >= Side) continue;
                mark[y * Side + x] = Math.Max(mark[y * Side + x], strength * image[sourceY * Side + sourceX] / 255f);
            }
        }
    }
}
