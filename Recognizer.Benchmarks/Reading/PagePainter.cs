using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;
using Recognizer.Training;

namespace Recognizer.Benchmarks.Reading;

/// <summary>How far characters of a line are apart.</summary>
internal enum Spacing
{
    /// <summary>Gaps of 0.35 to 0.7 of a character's height.</summary>
    Wide,

    /// <summary>Gaps of 0.12 to 0.3.</summary>
    Normal,

    /// <summary>Gaps of 0.02 to 0.08: ink boxes don't overlap.</summary>
    Tight,

    /// <summary>Moved to the left until ink meets ink, boxes overlapping by no more than 0.15.</summary>
    Touching,

    /// <summary>Moved to the left until ink meets ink, however far boxes overlap.</summary>
    Interlocked,

    /// <summary>Gaps of 0.12 to 0.6, but one character in five touches the one before it.</summary>
    Mixed,
}

/// <summary>What a page is like.</summary>
/// <param name="Spacing">Between characters.</param>
/// <param name="Skew">Turned by up to 10 degrees either way.</param>
/// <param name="Ruled">Ruled paper, the writing on the rules.</param>
/// <param name="Shadow">A shadow with a soft edge over part of the paper, and a fall-off of the light.</param>
/// <param name="Table">A dark table around the sheet, which takes between a fifth and half of the picture.</param>
internal readonly record struct PageStyle(Spacing Spacing, bool Skew = false, bool Ruled = false, bool Shadow = false, bool Table = false)
{
    public override string ToString() =>
        string.Join(" + ", new[] { Skew ? "skew" : "", Ruled ? "rules" : "", Shadow ? "shadow" : "", Table ? "table" : "" }.Where(s => s.Length > 0).DefaultIfEmpty("plain"));
}

/// <summary>Paints pages out of characters of 28×28 pixels.</summary>
internal static class PagePainter
{
    private const int Side = 28, InkLevel = 100;

    /// <summary>Paints lines of characters.</summary>
    /// <param name="characters">Where they are taken from.</param>
    /// <param name="lines">Numbers of the characters of each line.</param>
    /// <param name="style">How the page looks.</param>
    /// <param name="seed">Decides what the style leaves open.</param>
    public static GrayImage Paint(CharacterSource characters, int[][] lines, PageStyle style, ulong seed)
    {
        var random = new CounterRandom(CounterRandom.Key(seed, 0x9A6E));
        float scale = random.NextSingle(1.4f, 2.4f), height = 22 * scale, pitch = height * random.NextSingle(1.7f, 2.4f);
        var placed = new List<(int Character, float X, float Baseline, float Scale)>();
        float margin = height, right = 0;
        for (int l = 0; l < lines.Length; l++)
        {
            float x = margin + random.NextSingle() * height, baseline = margin + height + l * pitch;
            for (int i = 0; i < lines[l].Length; i++)
            {
                int character = lines[l][i];
                float own = scale * random.NextSingle(0.92f, 1.08f), bottom = baseline + random.NextSingle(-0.04f, 0.04f) * height;
                var box = Box(characters.Image(character));
                if (i > 0)
                {
                    var (before, beforeX, beforeBottom, beforeScale) = placed[^1];
                    x = style.Spacing switch
                    {
                        Spacing.Wide => x + random.NextSingle(0.35f, 0.7f) * height,
                        Spacing.Normal => x + random.NextSingle(0.12f, 0.3f) * height,
                        Spacing.Tight => x + random.NextSingle(0.02f, 0.08f) * height,
                        Spacing.Mixed when random.NextSingle() >= 0.2f => x + random.NextSingle(0.12f, 0.6f) * height,
                        _ => Meet(characters.Image(before), beforeX, beforeBottom, beforeScale, characters.Image(character), x, bottom, own,
                            style.Spacing == Spacing.Interlocked ? float.MaxValue : 0.15f * height),
                    };
                }
                placed.Add((character, x, bottom, own));
                x += box.Width * own;
            }
            right = Math.Max(right, x);
        }
        int width = (int)(right + margin + random.NextSingle() * height), rows = (int)(2 * margin + height + (lines.Length - 1) * pitch);
        var cover = new float[width * rows];
        foreach (var (character, x, baseline, own) in placed) Draw(characters.Image(character), cover, width, x, baseline, own);
        return Photograph(cover, width, rows, margin + height, pitch, style, ref random);
    }

    private static PixelBox Box(ReadOnlySpan<byte> image)
    {
        int left = Side, top = Side, right = -1, bottom = -1;
        for (int i = 0; i < image.Length; i++)
        {
            if (image[i] < InkLevel) continue;
            left = Math.Min(left, i % Side);
            right = Math.Max(right, i % Side);
            top = Math.Min(top, i / Side);
            bottom = i / Side;
        }
        return right < 0 ? new(0, 0, Side, Side) : new(left, top, right - left + 1, bottom - top + 1);
    }

    /// <summary>The place at which a character meets the one before it.</summary>
    private static float Meet(ReadOnlySpan<byte> before, float beforeX, float beforeBottom, float beforeScale, ReadOnlySpan<byte> image, float x, float bottom, float scale, float mostOverlap)
    {
        PixelBox boxBefore = Box(before), box = Box(image);
        float closest = float.MaxValue;
        // Right edges of the one and left edges of the other, row by row of the page
        for (float y = bottom - box.Height * scale + 0.5f; y < bottom; y++)
        {
            int row = (int)((y - bottom) / scale + box.Bottom);
            int left = Edge(image, row, 1);
            if (left < 0) continue;
            for (int d = -1; d <= 1; d++)
            {
                float beforeRow = (y + d - beforeBottom) / beforeScale + boxBefore.Bottom;
                int end = beforeRow < 0 || beforeRow >= Side ? -1 : Edge(before, (int)beforeRow, -1);
                if (end < 0) continue;
                closest = Math.Min(closest, (left - box.Left) * scale - (end + 1 - boxBefore.Left) * beforeScale);
            }
        }
        // as if the box's edge were ink where no row has both
        float meeting = closest == float.MaxValue ? x : beforeX - closest;
        return Math.Max(Math.Min(meeting, x), x - mostOverlap) - 0.5f;
    }

    /// <summary>First ink of a row from the left (1) or from the right (−1); −1 where there is none.</summary>
    private static int Edge(ReadOnlySpan<byte> image, int row, int direction)
    {
        if (row < 0 || row >= Side) return -1;
        for (int x = direction > 0 ? 0 : Side - 1; x >= 0 && x < Side; x += direction)
            if (image[row * Side + x] >= InkLevel) return x;
        return -1;
    }

    /// <summary>Draws an image so that its ink's left and bottom come to a place; bilinear, with edges as steep as a pen's.</summary>
    private static void Draw(ReadOnlySpan<byte> image, float[] cover, int width, float left, float baseline, float scale)
    {
        var box = Box(image);
        int height = cover.Length / width;
        float originX = left - box.Left * scale, originY = baseline - box.Bottom * scale;
        for (int y = Math.Max(0, (int)originY); y < Math.Min(height, originY + Side * scale); y++)
            for (int x = Math.Max(0, (int)originX); x < Math.Min(width, originX + Side * scale); x++)
            {
                float value = (Bilinear(image, (x + 0.5f - originX) / scale - 0.5f, (y + 0.5f - originY) / scale - 0.5f) / 255 - 0.45f) * Math.Max(1.2f, scale * 0.8f) + 0.5f;
                ref float target = ref cover[y * width + x];
                target = Math.Max(target, Math.Clamp(value, 0, 1));
            }
    }

    private static float Bilinear(ReadOnlySpan<byte> image, float u, float v)
    {
        int x = (int)MathF.Floor(u), y = (int)MathF.Floor(v);
        float fx = u - x, fy = v - y;
        return (At(image, x, y) * (1 - fx) + At(image, x + 1, y) * fx) * (1 - fy) + (At(image, x, y + 1) * (1 - fx) + At(image, x + 1, y + 1) * fx) * fy;

        static float At(ReadOnlySpan<byte> image, int x, int y) => x < 0 || y < 0 || x >= Side || y >= Side ? 0 : image[y * Side + x];
    }

    private static GrayImage Photograph(float[] cover, int width, int rows, float baseline, float pitch, PageStyle style, ref CounterRandom random)
    {
        double degrees = style.Skew ? random.NextSingle(-10, 10) : 0, sine = Math.Sin(degrees * Math.PI / 180), cosine = Math.Cos(degrees * Math.PI / 180);
        int outWidth = (int)Math.Ceiling(width * cosine + rows * Math.Abs(sine)), outRows = (int)Math.Ceiling(rows * cosine + width * Math.Abs(sine));
        float paper = random.NextSingle(195, 245), ink = random.NextSingle(0.1f, 0.4f), noise = random.NextSingle(1, 4);
        float ruleThickness = random.NextSingle(0.8f, 2.6f), ruleInk = random.NextSingle(0.35f, 0.8f), ruleOffset = random.NextSingle(-1.5f, 3);
        // the fall-off over the whole page, and the line beyond which the shadow lies
        float fallX = random.NextSingle(-0.15f, 0.15f), fallY = random.NextSingle(-0.15f, 0.15f);
        double direction = random.NextSingle() * 2 * Math.PI, normalX = Math.Cos(direction), normalY = Math.Sin(direction), edge = random.NextSingle(-0.25f, 0.25f) * Math.Min(outWidth, outRows);
        float softness = random.NextSingle(5, 30), dark = random.NextSingle(0.5f, 0.75f);
        float table = 0;
        if (style.Table)
        {
            double enlargement = Math.Sqrt((double)width * rows / random.NextSingle(0.2f, 0.5f) / outWidth / outRows);
            (outWidth, outRows, table) = ((int)Math.Max(outWidth, enlargement * outWidth), (int)Math.Max(outRows, enlargement * outRows), random.NextSingle(20, 90));
        }
        var pixels = new byte[outWidth * outRows];
        for (int y = 0; y < outRows; y++)
            for (int x = 0; x < outWidth; x++)
            {
                double dx = x + 0.5 - outWidth / 2.0, dy = y + 0.5 - outRows / 2.0;
                float u = (float)(dx * cosine - dy * sine + width / 2.0), v = (float)(dx * sine + dy * cosine + rows / 2.0);
                float light = style.Table && (u < 0 || v < 0 || u >= width || v >= rows) ? table : paper;
                if (style.Shadow)
                {
                    light *= 1 + fallX * (float)(dx / outWidth) + fallY * (float)(dy / outRows);
                    float depth = (float)Math.Clamp((dx * normalX + dy * normalY - edge) / softness + 0.5, 0, 1);
                    light *= 1 - depth * (1 - dark);
                }
                float ground = light;
                if (style.Ruled)
                {
                    // distance to the nearest rule, rules going on above and below the writing
                    float distance = MathF.Abs(v - baseline - ruleOffset - pitch * MathF.Round((v - baseline - ruleOffset) / pitch));
                    ground *= 1 - (1 - ruleInk) * Math.Clamp(ruleThickness / 2 + 0.5f - distance, 0, 1);
                }
                float c = Sample(cover, width, rows, u - 0.5f, v - 0.5f);
                pixels[y * outWidth + x] = (byte)Math.Clamp(ground + (Math.Min(ground, light * ink) - ground) * c + noise * random.NextGaussian() + 0.5f, 0, 255);
            }
        return new GrayImage(outWidth, outRows, pixels);
    }

    private static float Sample(float[] cover, int width, int height, float u, float v)
    {
        int x = (int)MathF.Floor(u), y = (int)MathF.Floor(v);
        if (x < 0 || y < 0 || x + 1 >= width || y + 1 >= height) return 0;
        float fx = u - x, fy = v - y;
        int p = y * width + x;
        return (cover[p] * (1 - fx) + cover[p + 1] * fx) * (1 - fy) + (cover[p + width] * (1 - fx) + cover[p + width + 1] * fx) * fy;
    }
}
