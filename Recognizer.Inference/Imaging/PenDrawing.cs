using System.Buffers;
using System.Drawing;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Recognizer.Inference.Imaging.Ink;
using Recognizer.Inference.Imaging.Pages;

namespace Recognizer.Inference.Imaging;

/// <summary>What a pen wrote on a screen or tablet, drawn as a picture that <see cref="CharacterRecognizer"/>, <see cref="PageReader"/> and <see cref="FieldReader"/> read.</summary>
/// <remarks>A round pen draws dark strokes on a light ground, a tenth as thick as the writing is high and 48 pixels to that height, so that the unit of the points doesn't matter; smooth
/// curves go through points that are far apart. The height of the writing is the typical height of its strokes, whether they are one character, a line or a page. What would take more than
/// <see cref="MaxPixels"/> in this size is drawn smaller. Drawing takes time in proportion to the points and to the length of the strokes in pixels.</remarks>
public sealed class PenDrawing
{
    /// <summary>Most pixels of a picture, 16,777,216: about 50 lines of 80 characters.</summary>
    public const int MaxPixels = 1 << 24;

    // In heights of the writing. What reads best is flat from 0.06 to 0.14; thin strokes are thickened for the network, thick ones aren't thinned, and small letters have the same pen
    private const double Thickness = 0.1;

    /// <summary>Width of a dot in widths of the pen: those of i and j as narrow as the pen are dropped as specks now and then.</summary>
    private const float DotWidth = 1.5f;

    /// <summary>Ground on all sides, in heights of the writing.</summary>
    private const double Margin = 0.5;

    private const double PixelsPerHeight = 48;

    /// <summary>Pixels added to each direction, one of them for rounding: they keep the thinnest pen within the picture.</summary>
    private const int Border = 5;

    private const float LeastRadius = 0.7f, Edge = 0.5f;

    private readonly Vector2 _origin;
    private readonly double _inset, _scale;

    private PenDrawing(GrayImage image, Vector2 origin, double inset, double scale)
    {
        Image = image;
        _origin = origin;
        _inset = inset;
        _scale = scale;
    }

    /// <summary>The picture, dark on light.</summary>
    public GrayImage Image { get; }

    /// <summary>Draws strokes.</summary>
    /// <param name="strokes">The points of each stroke, from where the pen was set down to where it was lifted, in any unit (pixels, HIMETRIC, shares of a window …) that is the same to
    /// the right and downwards. A stroke that is shorter than the pen is wide, such as one of a single point, becomes a dot half as wide again as the pen; one without points is nothing. Without any
    /// points the picture is blank.</param>
    /// <exception cref="ArgumentException">A coordinate isn't finite, or a stroke is null; the message says which.</exception>
    public static PenDrawing Draw(IEnumerable<IEnumerable<Vector2>> strokes)
    {
        ArgumentNullException.ThrowIfNull(strokes);
        var all = new List<Vector2>();
        var ends = new List<int>();
        foreach (var stroke in strokes)
        {
            int first = all.Count;
            foreach (var point in stroke ?? throw new ArgumentException($"strokes[{ends.Count}] is null.", nameof(strokes)))
            {
                if (!float.IsFinite(point.X) || !float.IsFinite(point.Y))
                    throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"strokes[{ends.Count}][{all.Count - first}] is ({point.X}, {point.Y}), expected finite coordinates."), nameof(strokes));
                all.Add(point);
            }
            ends.Add(all.Count);
        }
        return Draw(CollectionsMarshal.AsSpan(all), CollectionsMarshal.AsSpan(ends));
    }

    /// <summary>Where something on the picture is in the unit of the points.</summary>
    /// <param name="box">In pixels of <see cref="Image"/>, as readers give it.</param>
    public RectangleF ToPen(BoundingBox box) =>
        new((float)(_origin.X - _inset + box.Left / _scale), (float)(_origin.Y - _inset + box.Top / _scale), (float)(box.Width / _scale), (float)(box.Height / _scale));

    /// <param name="points">Those of all strokes.</param>
    /// <param name="ends">Where each stroke ends among them.</param>
    private static PenDrawing Draw(Span<Vector2> points, ReadOnlySpan<int> ends)
    {
        var extent = Extent.Of(points);
        double height = HeightOfWriting(points, ends);
        // Dots say how far they are apart at most, and a single one nothing
        if (height == 0) height = Math.Max(extent.Width, extent.Height);
        if (height == 0) height = 1;
        double margin = Margin * height, width = extent.Width + 2 * margin, tall = extent.Height + 2 * margin;
        // The greatest scale with (width·scale + Border)·(tall·scale + Border) ≤ MaxPixels
        double sides = Border * (width + tall), room = MaxPixels - Border * Border, scale = Math.Min(PixelsPerHeight / height, 2 * room / (sides + Math.Sqrt(sides * sides + 4 * width * tall * room)));
        int columns = (int)Math.Round(width * scale) + Border - 1, rows = (int)Math.Round(tall * scale) + Border - 1, count = columns * rows;
        float radius = Math.Max(LeastRadius, (float)(Thickness * height * scale / 2));
        float[] rented = ArrayPool<float>.Shared.Rent(count);
        Span<float> ink = rented.AsSpan(0, count);
        ink.Clear();
        foreach (ref var p in points)
            p = new((float)(((double)p.X - extent.Least.X + margin) * scale) + Border / 2, (float)(((double)p.Y - extent.Least.Y + margin) * scale) + Border / 2);
        int first = 0;
        foreach (int end in ends)
        {
            Stroke(ink, columns, WithoutRepetitions(points[first..end]), radius);
            first = end;
        }
        var pixels = new byte[count];
        for (int i = 0; i < count; i++) pixels[i] = (byte)(255.5f - 255 * ink[i]);
        ArrayPool<float>.Shared.Return(rented);
        // Centres of pixels are at whole numbers
        return new PenDrawing(new GrayImage(columns, rows, pixels), extent.Least, margin + (Border / 2 + 0.5) / scale, scale);
    }

    /// <summary>The height that strokes with a third of the height of all strokes reach: parts of letters, such as the bars of an E, are lower than the letters, and a few strokes that are
    /// higher than all others, such as a frame, have less than that third.</summary>
    private static double HeightOfWriting(ReadOnlySpan<Vector2> points, ReadOnlySpan<int> ends)
    {
        // A dash has nearly no height, and a word in one stroke is several times as wide as high
        const double LeastPerWidth = 1.0 / 8, Share = 1.0 / 3;
        double[] heights = new double[ends.Length];
        int first = 0;
        for (int i = 0; i < heights.Length; i++)
        {
            var extent = Extent.Of(points[first..ends[i]]);
            heights[i] = Math.Max(extent.Height, LeastPerWidth * extent.Width);
            first = ends[i];
        }
        Array.Sort(heights);
        double rest = Share * heights.Sum();
        int last = heights.Length - 1;
        while (last > 0 && (rest -= heights[last]) >= 0) last--;
        return last < 0 ? 0 : heights[last];
    }

    /// <summary>Moves points that aren't where the one before them is to the front.</summary>
    private static ReadOnlySpan<Vector2> WithoutRepetitions(Span<Vector2> points)
    {
        int count = 0;
        foreach (var point in points)
            if (count == 0 || point != points[count - 1]) points[count++] = point;
        return points[..count];
    }

    private static void Stroke(Span<float> ink, int width, ReadOnlySpan<Vector2> points, float radius)
    {
        var extent = Extent.Of(points);
        if (!points.IsEmpty && Math.Max(extent.Width, extent.Height) < 2 * radius)
        {
            Vector2 middle = (extent.Least + extent.Most) / 2;
            RoundPen.Line(ink, width, middle.X, middle.Y, middle.X, middle.Y, DotWidth * radius, Edge);
            return;
        }
        for (int i = 0; i + 1 < points.Length; i++) Piece(ink, width, points, i, radius);
    }

    /// <summary>Draws what is between two points: a piece of the centripetal curve of Catmull and Rom, which doesn't swing out where points are unevenly apart. Of
    /// characters with such points, three or four to their height, 2 to 7 in 100 more are read than with straight lines.</summary>
    private static void Piece(Span<float> ink, int width, ReadOnlySpan<Vector2> points, int i, float radius)
    {
        const float PixelsPerStep = 3;
        const int MaxSteps = 16;
        Vector2 start = points[i], end = points[i + 1], chord = end - start;
        bool isFirst = i == 0, isLast = i + 2 == points.Length;
        int steps = isFirst && isLast ? 1 : Math.Clamp((int)(chord.Length() / PixelsPerStep), 1, MaxSteps);
        Vector2 leaving = isFirst ? default : Tangent(start - points[i - 1], chord, chord), arriving = isLast ? default : Tangent(chord, points[i + 2] - end, chord);
        // At an end of the stroke without a bend of its own
        if (isFirst) leaving = 1.5f * chord - 0.5f * arriving;
        if (isLast) arriving = 1.5f * chord - 0.5f * leaving;
        Vector2 from = start;
        for (int step = 1; step <= steps; step++)
        {
            float t = step / (float)steps, t2 = t * t, t3 = t2 * t;
            Vector2 to = step == steps ? end : start + (t3 - 2 * t2 + t) * leaving + (3 * t2 - 2 * t3) * chord + (t3 - t2) * arriving;
            RoundPen.Line(ink, width, from.X, from.Y, to.X, to.Y, radius, Edge);
            from = to;
        }
    }

    /// <summary>Direction of the curve between two chords, for a piece of it over one of them.</summary>
    private static Vector2 Tangent(Vector2 before, Vector2 after, Vector2 own)
    {
        float b = MathF.Sqrt(before.Length()), a = MathF.Sqrt(after.Length());
        return MathF.Sqrt(own.Length()) * (before / b - (before + after) / (b + a) + after / a);
    }

    private readonly record struct Extent(Vector2 Least, Vector2 Most)
    {
        public double Width => (double)Most.X - Least.X;

        public double Height => (double)Most.Y - Least.Y;

        public static Extent Of(ReadOnlySpan<Vector2> points)
        {
            if (points.IsEmpty) return default;
            Vector2 least = points[0], most = points[0];
            foreach (var point in points[1..]) (least, most) = (Vector2.Min(least, point), Vector2.Max(most, point));
            return new Extent(least, most);
        }
    }
}
