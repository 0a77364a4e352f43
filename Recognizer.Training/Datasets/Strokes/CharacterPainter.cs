using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Training.Datasets.Strokes;

/// <summary>
/// Writes one character as a hand might: picks a way of writing it, moves its points about, bends the whole, slants and stretches it, runs a pen along it, and
/// lays ink where the pen went. One instance per thread.
/// </summary>
internal sealed class CharacterPainter
{
    private const int Side = DatasetPart.Side;
    private const int StepsPerCurve = 6;
    private const int MaximumPoints = 512;

    // The pen's path: points in writing order; _down[i] says that ink runs from point i − 1 to point i.
    private readonly float[] _x = new float[MaximumPoints];
    private readonly float[] _y = new float[MaximumPoints];
    private readonly bool[] _down = new bool[MaximumPoints];
    private int _points;

    // Control points of the stroke at hand.
    private readonly float[] _controlX = new float[32];
    private readonly float[] _controlY = new float[32];

    private readonly float[] _ink = new float[Side * Side];

    /// <summary>Draws a character of the class into <paramref name="destination"/>, [28, 28].</summary>
    /// <param name="character">Number of the character in <see cref="StrokeAlphabet.Characters"/>.</param>
    /// <param name="random">Decides how it is written.</param>
    /// <param name="destination">Receives 0 = ground … 255 = ink.</param>
    /// <param name="layout">How it lies in the frame; null leaves that to chance too.</param>
    /// <param name="evenly">Whether all ways to write the character are equally likely, rather than as usual as they are.</param>
    public void Paint(int character, ref CounterRandom random, Span<byte> destination, NormalizerLayout? layout = null, bool evenly = false)
    {
        var ways = StrokeAlphabet.Allographs[character];
        float sloppiness = random.NextSingle(0.4f, 1.5f);
        Trace(evenly ? ways[random.NextInt32(ways.Length)] : Choose(ways, ref random), sloppiness, ref random);
        Bend(sloppiness, ref random);
        Transform(ref random);
        float radius = Fit(ref random, layout);
        Ink(radius, ref random);
        Develop(ref random, destination);
    }

    /// <summary>Draws the usual form of a character neatly, for captions.</summary>
    public void PaintNeatly(int character, Span<byte> destination)
    {
        var random = new CounterRandom(0);
        Trace(StrokeAlphabet.Allographs[character].MaxBy(w => w.Weight)!, 0, ref random);
        for (int i = 0; i < _points; i++)
        {
            // 100 units to 20 pixels, so that proportions between characters stay
            _x[i] = 4 + 0.17f * _x[i];
            _y[i] = 4 + 0.2f * _y[i];
        }
        Ink(0.9f, ref random);
        Develop(ref random, destination);
    }

    private static Allograph Choose(Allograph[] ways, ref CounterRandom random)
    {
        float total = 0;
        foreach (var way in ways)
            total += way.Weight;
        float at = random.NextSingle() * total;
        foreach (var way in ways)
        {
            at -= way.Weight;
            if (at < 0)
                return way;
        }
        return ways[^1];
    }

    /// <summary>Moves each control point a little, each stroke as a whole a little more, and lays a smooth path through them.</summary>
    private void Trace(Allograph way, float sloppiness, ref CounterRandom random)
    {
        _points = 0;
        foreach (var stroke in way.Strokes)
        {
            int count = stroke.X.Length;
            float shiftX = random.NextGaussian() * 3 * sloppiness, shiftY = random.NextGaussian() * 3 * sloppiness;
            float scale = 1 + random.NextGaussian() * 0.05f * sloppiness, turn = random.NextGaussian() * 0.06f * sloppiness;
            float centreX = stroke.X.Sum() / count, centreY = stroke.Y.Sum() / count;
            if (way.Strokes.Length == 1)
                (shiftX, shiftY, scale, turn) = (0, 0, 1, 0);
            for (int i = 0; i < count; i++)
            {
                float dx = (stroke.X[i] - centreX) * scale, dy = (stroke.Y[i] - centreY) * scale;
                _controlX[i] = centreX + shiftX + dx - turn * dy + random.NextGaussian() * 2.4f * sloppiness;
                _controlY[i] = centreY + shiftY + dy + turn * dx + random.NextGaussian() * 2.4f * sloppiness;
            }
            Curve(stroke, count, sloppiness, ref random);
        }
    }

    /// <summary>Catmull–Rom through the control points; at a corner both neighbours get a tangent of their own. Straight strokes get a slight bow.</summary>
    private void Curve(PenStroke stroke, int count, float sloppiness, ref CounterRandom random)
    {
        Add(_controlX[0], _controlY[0], down: false);
        for (int i = 0; i + 1 < count; i++)
        {
            float x0 = _controlX[i], y0 = _controlY[i], x1 = _controlX[i + 1], y1 = _controlY[i + 1];
            bool startsAtCorner = i == 0 || stroke.Corners[i], endsAtCorner = i + 2 == count || stroke.Corners[i + 1];
            float tangentX0, tangentY0, tangentX1, tangentY1;
            if (startsAtCorner && endsAtCorner)
            {
                float bow = random.NextGaussian() * 0.09f * sloppiness;
                (tangentX0, tangentY0) = (x1 - x0 - 4 * bow * (y1 - y0), y1 - y0 + 4 * bow * (x1 - x0));
                (tangentX1, tangentY1) = (x1 - x0 + 4 * bow * (y1 - y0), y1 - y0 - 4 * bow * (x1 - x0));
            }
            else
            {
                (tangentX1, tangentY1) = endsAtCorner ? (0, 0) : (0.5f * (_controlX[i + 2] - x0), 0.5f * (_controlY[i + 2] - y0));
                (tangentX0, tangentY0) = startsAtCorner
                    ? (1.5f * (x1 - x0) - 0.5f * tangentX1, 1.5f * (y1 - y0) - 0.5f * tangentY1)
                    : (0.5f * (x1 - _controlX[i - 1]), 0.5f * (y1 - _controlY[i - 1]));
                if (endsAtCorner)
                    (tangentX1, tangentY1) = (1.5f * (x1 - x0) - 0.5f * tangentX0, 1.5f * (y1 - y0) - 0.5f * tangentY0);
            }
            for (int step = 1; step <= StepsPerCurve; step++)
            {
                float t = step / (float)StepsPerCurve, t2 = t * t, t3 = t2 * t;
                float a = 2 * t3 - 3 * t2 + 1, b = t3 - 2 * t2 + t, c = 3 * t2 - 2 * t3, d = t3 - t2;
                Add(a * x0 + b * tangentX0 + c * x1 + d * tangentX1, a * y0 + b * tangentY0 + c * y1 + d * tangentY1, down: true);
            }
        }
    }

    private void Add(float x, float y, bool down)
    {
        _x[_points] = x;
        _y[_points] = y;
        _down[_points++] = down;
    }

    /// <summary>Displaces the path by a few waves about as long as the character is high.</summary>
    private void Bend(float sloppiness, ref CounterRandom random)
    {
        for (int wave = 0; wave < 2; wave++)
        {
            float frequencyX = random.NextSingle(-0.075f, 0.075f), frequencyY = random.NextSingle(-0.075f, 0.075f), phase = random.NextSingle(0, MathF.Tau);
            float alongX = random.NextGaussian() * 4.2f * sloppiness, alongY = random.NextGaussian() * 4.2f * sloppiness;
            for (int i = 0; i < _points; i++)
            {
                float s = MathF.Sin(frequencyX * _x[i] + frequencyY * _y[i] + phase);
                _x[i] += alongX * s;
                _y[i] += alongY * s;
            }
        }
    }

    /// <summary>Stretch, slant and rotation.</summary>
    private void Transform(ref CounterRandom random)
    {
        float stretch = MathF.Exp(random.NextGaussian() * 0.28f - 0.05f), slant = 0.16f + random.NextGaussian() * 0.24f;
        float angle = random.NextGaussian() * 0.09f, cos = MathF.Cos(angle), sin = MathF.Sin(angle);
        for (int i = 0; i < _points; i++)
        {
            float x = (_x[i] - 50) * stretch, y = _y[i] - 50;
            x -= slant * y;
            _x[i] = cos * x - sin * y;
            _y[i] = sin * x + cos * y;
        }
    }

    /// <summary>
    /// Scales and moves the path into the frame and returns the pen's radius in pixels. Most are laid out as EMNIST does (longest side 24 pixels, centred), the others as
    /// MNIST does (20 pixels, centre of mass), both with some slack, because users' images aren't cropped perfectly either.
    /// </summary>
    private float Fit(ref CounterRandom random, NormalizerLayout? layout)
    {
        float left = float.MaxValue, right = float.MinValue, top = float.MaxValue, bottom = float.MinValue;
        for (int i = 0; i < _points; i++)
        {
            left = MathF.Min(left, _x[i]);
            right = MathF.Max(right, _x[i]);
            top = MathF.Min(top, _y[i]);
            bottom = MathF.Max(bottom, _y[i]);
        }
        bool mnist = random.NextSingle() < 0.4f;
        if (layout is { } wanted)
            mnist = wanted == NormalizerLayout.Mnist;
        float box = (mnist ? 20f : 24f) + random.NextGaussian() * 0.7f;
        float radius = Math.Clamp(0.5f * (mnist ? 2.3f : 2.7f) * MathF.Exp(random.NextGaussian() * 0.33f), 0.6f, 2.8f);
        float size = MathF.Max(MathF.Max(right - left, bottom - top), 1);
        float scale = (box - 2 * radius) / size;
        float centreX = 0.5f * (left + right), centreY = 0.5f * (top + bottom);
        if (mnist)
            (centreX, centreY) = CentreOfMass();
        float offsetX = 0.5f * (Side - 1) + random.NextGaussian() * 0.35f, offsetY = 0.5f * (Side - 1) + random.NextGaussian() * 0.35f;
        for (int i = 0; i < _points; i++)
        {
            _x[i] = (_x[i] - centreX) * scale + offsetX;
            _y[i] = (_y[i] - centreY) * scale + offsetY;
        }
        return radius;
    }

    private (float X, float Y) CentreOfMass()
    {
        float x = 0, y = 0, mass = 1e-6f;
        for (int i = 1; i < _points; i++)
        {
            if (!_down[i])
                continue;
            float dx = _x[i] - _x[i - 1], dy = _y[i] - _y[i - 1], length = MathF.Sqrt(dx * dx + dy * dy);
            x += length * 0.5f * (_x[i] + _x[i - 1]);
            y += length * 0.5f * (_y[i] + _y[i - 1]);
            mass += length;
        }
        return (x / mass, y / mass);
    }

    /// <summary>
    /// Lays ink: each pixel gets the greatest cover of any piece of the path, 1 inside the pen's width, falling to 0 over a soft edge as wide as the blur that EMNIST's
    /// images went through. The pen's radius wanders along the way.
    /// </summary>
    private void Ink(float radius, ref CounterRandom random)
    {
        Array.Clear(_ink);
        float edge = random.NextSingle(0.55f, 1.05f), pressure = MathF.Abs(random.NextGaussian()) * 0.12f, frequency = random.NextSingle(0.05f, 0.3f), phase = random.NextSingle(0, MathF.Tau);
        for (int i = 1; i < _points; i++)
        {
            if (_down[i])
                RoundPen.Line(_ink, Side, _x[i - 1], _y[i - 1], _x[i], _y[i], radius * (1 + pressure * MathF.Sin(frequency * i + phase)), edge);
        }
    }

    /// <summary>Ink texture: strength, grain, and now and then a speck beside the character.</summary>
    private void Develop(ref CounterRandom random, Span<byte> destination)
    {
        float strength = 1.04f - 0.16f * random.NextSingle() * random.NextSingle(), grain = 0.09f * random.NextSingle();
        if (random.NextSingle() < 0.03f)
        {
            int at = random.NextInt32(Side * (Side - 1) - 1);
            float speck = random.NextSingle(0.1f, 0.6f);
            foreach (int p in (ReadOnlySpan<int>)[at, at + 1, at + Side])
                _ink[p] = MathF.Max(_ink[p], speck);
        }
        for (int p = 0; p < _ink.Length; p += 4)
        {
            // four small numbers of one draw: grain needs no better
            ulong bits = random.NextUInt64();
            for (int k = 0; k < 4; k++, bits >>= 16)
            {
                float ink = _ink[p + k];
                // smooth at both ends, as a blurred edge is
                ink = ink * ink * (3 - 2 * ink) * strength * (1 + grain * ((bits & 0xFFFF) * (2f / 65536) - 1));
                destination[p + k] = (byte)(Math.Clamp(ink, 0, 1) * 255 + 0.5f);
            }
        }
    }
}
