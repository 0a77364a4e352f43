namespace Recognizer.Training.Outliers;

/// <summary>Strokes with the place, size and pen of a character.</summary>
internal abstract class StrokeKind : OutlierKind
{
    /// <summary>Draws the strokes, in any units.</summary>
    protected abstract void Draw(Pen pen, ref CounterRandom random);

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        var pen = new Pen();
        Draw(pen, ref random);
        float width = Math.Min(model.Pen, 2.6f);
        pen.Fit(model, width);
        pen.Ink(image, width);
    }

    /// <summary>Moves a coordinate about as a hand does.</summary>
    protected static float Shake(float value, ref CounterRandom random) => value + 0.02f * random.NextGaussian();
}

/// <summary>As in Chinese script: two or three radicals side by side or above each other, each of bars, stems, boxes and sweeps.</summary>
internal sealed class RadicalScript : StrokeKind
{
    public override string Name => "script-radicals";

    protected override void Draw(Pen pen, ref CounterRandom random)
    {
        bool sideBySide = random.NextInt32(2) == 0;
        float cut = random.NextSingle(0.35f, 0.6f);
        (float X, float Y, float Width, float Height) first = sideBySide ? (0f, 0f, cut - 0.06f, 1f) : (0f, 0f, 1f, cut - 0.06f);
        (float X, float Y, float Width, float Height) second = sideBySide ? (cut + 0.06f, 0f, 1 - cut - 0.06f, 1f) : (0f, cut + 0.06f, 1f, 1 - cut - 0.06f);
        Radical(pen, first, ref random);
        Radical(pen, second, ref random);
        // The frame is full even where the radicals leave its corners empty.
        if (sideBySide) pen.Line(Shake(cut + 0.1f, ref random), Shake(0.5f, ref random), Shake(1, ref random), Shake(0.5f, ref random));
        else pen.Line(Shake(0, ref random), Shake(cut, ref random), Shake(1, ref random), Shake(cut, ref random));
    }

    private static void Radical(Pen pen, (float X, float Y, float Width, float Height) box, ref CounterRandom random)
    {
        switch (random.NextInt32(4))
        {
            case 0:
                // A box with bars: 日, 目
                Stroke(pen, box, 0.1f, 0, 0.1f, 1, ref random);
                Stroke(pen, box, 0.9f, 0, 0.9f, 1, ref random);
                int bars = 3 + random.NextInt32(2);
                for (int i = 0; i < bars; i++) Stroke(pen, box, 0.1f, i / (bars - 1f), 0.9f, i / (bars - 1f), ref random);
                break;
            case 1:
                // A stem, two bars and sweeps: 木, 米
                Stroke(pen, box, 0.5f, 0, 0.5f, 1, ref random);
                Stroke(pen, box, 0, 0.3f, 1, 0.3f, ref random);
                Stroke(pen, box, 0.5f, 0.35f, 0, 0.9f, ref random);
                Stroke(pen, box, 0.5f, 0.35f, 1, 0.9f, ref random);
                break;
            case 2:
                // Bars on a stem: 王, 主
                Stroke(pen, box, 0.5f, 0, 0.5f, 1, ref random);
                for (int i = 0; i < 3; i++) Stroke(pen, box, 0.05f, 0.05f + 0.45f * i, 0.95f, 0.05f + 0.45f * i, ref random);
                break;
            default:
                // Parallel sweeps under a roof: 灬, 彡
                Stroke(pen, box, 0, 0.1f, 1, 0.1f, ref random);
                for (int i = 0; i < 3; i++) Stroke(pen, box, 0.2f + 0.35f * i, 0.3f, 0.35f * i, 1, ref random);
                break;
        }
    }

    private static void Stroke(Pen pen, (float X, float Y, float Width, float Height) box, float x0, float y0, float x1, float y1, ref CounterRandom random) =>
        pen.Line(Shake(box.X + x0 * box.Width, ref random), Shake(box.Y + y0 * box.Height, ref random), Shake(box.X + x1 * box.Width, ref random), Shake(box.Y + y1 * box.Height, ref random));
}

/// <summary>As in Devanagari: a bar along the top from which three or four hooks, bowls and stems hang.</summary>
internal sealed class HangingScript : StrokeKind
{
    public override string Name => "script-hanging";

    protected override void Draw(Pen pen, ref CounterRandom random)
    {
        int parts = 3 + random.NextInt32(2);
        pen.Line(0, Shake(0, ref random), 1.05f, Shake(0, ref random));
        for (int i = 0; i < parts; i++)
        {
            float x = Shake((i + 0.5f) / parts, ref random), depth = random.NextSingle(0.7f, 1), half = 0.4f / parts;
            switch (random.NextInt32(3))
            {
                case 0:
                    pen.Line(x, 0, Shake(x, ref random), depth);
                    pen.Line(x, depth * 0.5f, x - half, depth * random.NextSingle(0.55f, 0.8f));
                    break;
                case 1:
                    pen.Line(x, 0, x, depth * 0.45f);
                    pen.Arc(x, depth * 0.7f, half, depth * 0.25f, 0.75f, random.NextSingle(0.6f, 1));
                    break;
                default:
                    pen.Arc(x, depth * 0.3f, half, depth * 0.3f, 0.75f, 0.5f);
                    pen.Arc(x, depth * 0.8f, half, depth * 0.2f, 0.75f, 0.5f);
                    break;
            }
        }
    }
}

/// <summary>As in Burmese or Ol Chiki: a chain of three or four rings and open bowls, with dots.</summary>
internal sealed class RoundScript : StrokeKind
{
    public override string Name => "script-round";

    protected override void Draw(Pen pen, ref CounterRandom random)
    {
        int rings = 3 + random.NextInt32(2);
        for (int i = 0; i < rings; i++)
        {
            // Rings at the corners of a square touch and overlap each other.
            float x = Shake(0.25f + 0.5f * (i % 2), ref random), y = Shake(0.25f + 0.5f * (i / 2), ref random);
            float radius = random.NextSingle(0.2f, 0.28f);
            pen.Arc(x, y, radius, radius, random.NextSingle(), random.NextInt32(3) == 0 ? 0.75f : 1);
        }
        if (random.NextInt32(2) == 0) pen.Line(Shake(0.5f, ref random), 0, Shake(0.5f, ref random), 1);
        else pen.Line(0, Shake(0.5f, ref random), 1, Shake(0.5f, ref random));
    }
}

/// <summary>As in cuneiform or runes: wedges and ticks beside each other, four to six of them, none of which meets all others.</summary>
internal sealed class WedgeScript : StrokeKind
{
    public override string Name => "script-wedges";

    protected override void Draw(Pen pen, ref CounterRandom random)
    {
        int wedges = 4 + random.NextInt32(3);
        for (int i = 0; i < wedges; i++)
        {
            float x = (i % 3 + random.NextSingle(0.3f, 0.7f)) / 3, y = (i / 3 + random.NextSingle(0.3f, 0.7f)) / 2;
            (float sin, float cos) = MathF.SinCos(2 * MathF.PI * random.NextSingle());
            float size = random.NextSingle(0.14f, 0.2f);
            // A head of two short strokes and a tail.
            pen.Line(x, y, x + size * (cos - 0.5f * sin), y + size * (sin + 0.5f * cos));
            pen.Line(x, y, x + size * (cos + 0.5f * sin), y + size * (sin - 0.5f * cos));
            pen.Line(x, y, x - size * cos, y - size * sin);
        }
    }
}

/// <summary>Scribbles: one to three pen strokes through random points that cross each other in many places, with the stroke width, the extent
/// and the ink of a character.</summary>
internal sealed class Scribble : OutlierKind
{
    // Of so many paths the one with most crossings is drawn: some of the others are what people write.
    private const int Tries = 24;
    private const int EnoughCrossings = 5;
    private const int MostPoints = 24;

    public override string Name => "scribble";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        float length = model.Ink / model.Pen;
        var pens = new Pen[] { new(), new() };
        int best = 0, crossings = -1;
        for (int attempt = 0; attempt < Tries && crossings < EnoughCrossings; attempt++)
        {
            Pen pen = pens[1 - best];
            Path(pen, model, length, ref random);
            int count = pen.Crossings(model.Pen);
            if (count > crossings) (best, crossings) = (1 - best, count);
        }
        InkExactly(pens[best], image, model);
    }

    // Adds points until the path, brought into the box, is as long as the ink allows.
    private static void Path(Pen pen, in InkMeasure box, float length, ref CounterRandom random)
    {
        Span<(float X, float Y)> points = stackalloc (float, float)[MostPoints];
        Span<int> starts = stackalloc int[3];
        int strokes = 1 + random.NextInt32(3);
        for (int i = 0; i < MostPoints; i++) points[i] = (random.NextSingle(), random.NextSingle());
        for (int count = 3 * strokes; ; count++)
        {
            pen.Clear();
            for (int i = 0; i <= strokes; i++)
            {
                if (i < strokes) starts[i] = i * count / strokes;
                if (i > 0) pen.Curve(points[starts[i - 1]..(i < strokes ? starts[i] : count)]);
            }
            pen.Fit(box, box.Pen);
            if (count == MostPoints || pen.Length >= length) return;
        }
    }

    // The width of the pen for which the ink is the character's, within a third of the character's pen.
    private static void InkExactly(Pen pen, Span<float> image, in InkMeasure box)
    {
        float thin = 0.67f * box.Pen, thick = 1.33f * box.Pen;
        for (int step = 0; step < 6; step++)
        {
            float middle = (thin + thick) / 2;
            image.Clear();
            pen.Ink(image, middle);
            float ink = 0;
            foreach (float value in image) ink += value;
            if (ink < box.Ink) thin = middle;
            else thick = middle;
        }
    }
}
