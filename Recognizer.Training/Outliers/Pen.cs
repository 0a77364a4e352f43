using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Training.Outliers;

/// <summary>Draws strokes with a round pen. One instance per image.</summary>
internal sealed class Pen
{
    private const int Side = Datasets.DatasetPart.Side;
    private readonly List<(float X0, float Y0, float X1, float Y1)> _segments = [];

    /// <summary>Length of all strokes.</summary>
    public float Length => _segments.Sum(s => MathF.Sqrt((s.X1 - s.X0) * (s.X1 - s.X0) + (s.Y1 - s.Y0) * (s.Y1 - s.Y0)));

    /// <summary>Starts anew.</summary>
    public void Clear() => _segments.Clear();

    /// <summary>Adds a straight stroke.</summary>
    public void Line(float x0, float y0, float x1, float y1) => _segments.Add((x0, y0, x1, y1));

    /// <summary>Adds part of an ellipse.</summary>
    /// <param name="x">Centre.</param>
    /// <param name="y">Centre.</param>
    /// <param name="radiusX">Half of the width.</param>
    /// <param name="radiusY">Half of the height.</param>
    /// <param name="from">Angle of the start, in turns.</param>
    /// <param name="turns">How far it goes, in turns.</param>
    public void Arc(float x, float y, float radiusX, float radiusY, float from = 0, float turns = 1)
    {
        const int Steps = 16;
        for (int i = 0; i < Steps; i++)
        {
            (float sin0, float cos0) = MathF.SinCos(2 * MathF.PI * (from + turns * i / Steps));
            (float sin1, float cos1) = MathF.SinCos(2 * MathF.PI * (from + turns * (i + 1) / Steps));
            Line(x + radiusX * cos0, y + radiusY * sin0, x + radiusX * cos1, y + radiusY * sin1);
        }
    }

    /// <summary>Adds a smooth path (Catmull and Rom) through points.</summary>
    public void Curve(ReadOnlySpan<(float X, float Y)> points)
    {
        const int Steps = 8;
        for (int i = 0; i + 1 < points.Length; i++)
        {
            (float X, float Y) before = points[Math.Max(0, i - 1)], start = points[i], end = points[i + 1], after = points[Math.Min(points.Length - 1, i + 2)];
            (float x, float y) = start;
            for (int step = 1; step <= Steps; step++)
            {
                float t = step / (float)Steps;
                float nextX = At(before.X, start.X, end.X, after.X, t), nextY = At(before.Y, start.Y, end.Y, after.Y, t);
                Line(x, y, nextX, nextY);
                (x, y) = (nextX, nextY);
            }
        }

        static float At(float before, float start, float end, float after, float t) =>
            start + 0.5f * t * (end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before)));
    }

    /// <summary>Stretches and moves all strokes so that, drawn with a pen of this width, they fill a character's box.</summary>
    public void Fit(in InkMeasure box, float penWidth)
    {
        float left = _segments.Min(s => Math.Min(s.X0, s.X1)), right = _segments.Max(s => Math.Max(s.X0, s.X1));
        float top = _segments.Min(s => Math.Min(s.Y0, s.Y1)), bottom = _segments.Max(s => Math.Max(s.Y0, s.Y1));
        float innerWidth = Math.Max(1, box.Width - penWidth), innerHeight = Math.Max(1, box.Height - penWidth);
        float scaleX = innerWidth / Math.Max(1e-3f, right - left), scaleY = innerHeight / Math.Max(1e-3f, bottom - top);
        // Pixel centres are at whole numbers, so that a box from Left covers Left − ½ on.
        float startX = box.Left - 0.5f + penWidth / 2, startY = box.Top - 0.5f + penWidth / 2;
        for (int i = 0; i < _segments.Count; i++)
        {
            (float x0, float y0, float x1, float y1) = _segments[i];
            _segments[i] = (startX + (x0 - left) * scaleX, startY + (y0 - top) * scaleY, startX + (x1 - left) * scaleX, startY + (y1 - top) * scaleY);
        }
    }

    /// <summary>Number of places where strokes plainly cross: at more than 30°, and apart from each other.</summary>
    /// <param name="apart">Crossings closer than this are one.</param>
    public int Crossings(float apart)
    {
        Span<(float X, float Y)> places = stackalloc (float, float)[16];
        int count = 0;
        for (int i = 0; i < _segments.Count; i++)
        {
            for (int j = i + 2; j < _segments.Count && count < places.Length; j++)
            {
                if (!Cross(_segments[i], _segments[j], out (float X, float Y) place)) continue;
                bool isNew = true;
                foreach ((float x, float y) in places[..count]) isNew &= (x - place.X) * (x - place.X) + (y - place.Y) * (y - place.Y) > apart * apart;
                if (isNew) places[count++] = place;
            }
        }
        return count;

        static bool Cross((float X0, float Y0, float X1, float Y1) a, (float X0, float Y0, float X1, float Y1) b, out (float X, float Y) place)
        {
            float ax = a.X1 - a.X0, ay = a.Y1 - a.Y0, bx = b.X1 - b.X0, by = b.Y1 - b.Y0, turn = ax * by - ay * bx;
            place = default;
            // |a × b| is |a| |b| times the sine of the angle.
            if (turn * turn <= 0.25f * (ax * ax + ay * ay) * (bx * bx + by * by)) return false;
            float alongA = ((b.X0 - a.X0) * by - (b.Y0 - a.Y0) * bx) / turn, alongB = ((b.X0 - a.X0) * ay - (b.Y0 - a.Y0) * ax) / turn;
            place = (a.X0 + alongA * ax, a.Y0 + alongA * ay);
            return alongA is > 0 and < 1 && alongB is > 0 and < 1;
        }
    }

    /// <summary>Draws all strokes.</summary>
    /// <param name="image">[28, 28], receives ink.</param>
    /// <param name="width">Width of the pen.</param>
    public void Ink(Span<float> image, float width)
    {
        // Half a pixel of softness to either side of the edge
        foreach ((float x0, float y0, float x1, float y1) in _segments) RoundPen.Line(image, Side, x0, y0, x1, y1, width / 2, 0.5f);
    }
}
