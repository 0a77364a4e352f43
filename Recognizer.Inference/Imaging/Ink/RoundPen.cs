using System.Numerics;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>The ink of a round pen along straight lines, antialiased.</summary>
internal static class RoundPen
{
    /// <summary>Draws a line, or a disc where it ends where it begins. A pixel keeps the greater of the ink that it has and that of the line: 1 within the pen, falling to 0 across
    /// its soft edge.</summary>
    /// <param name="ink">[height, width], 0 … 1; what lies outside isn't drawn.</param>
    /// <param name="width">Pixels in a row, whose centres are at whole numbers.</param>
    /// <param name="fromX">Column of the beginning.</param>
    /// <param name="fromY">Row of the beginning.</param>
    /// <param name="toX">Column of the end.</param>
    /// <param name="toY">Row of the end.</param>
    /// <param name="radius">From the middle of the pen to the middle of its edge, in pixels.</param>
    /// <param name="edge">Half the width of the soft edge, in pixels.</param>
    public static void Line(Span<float> ink, int width, float fromX, float fromY, float toX, float toY, float radius, float edge)
    {
        int height = ink.Length / width;
        float dx = toX - fromX, dy = toY - fromY, lengthSquared = dx * dx + dy * dy, inverse = lengthSquared > 1e-8f ? 1 / lengthSquared : 0;
        float reach = radius + edge, slope = 0.5f / edge;
        int left = Math.Max((int)MathF.Ceiling(MathF.Min(fromX, toX) - reach), 0), right = Math.Min((int)MathF.Floor(MathF.Max(fromX, toX) + reach), width - 1);
        int top = Math.Max((int)MathF.Ceiling(MathF.Min(fromY, toY) - reach), 0), bottom = Math.Min((int)MathF.Floor(MathF.Max(fromY, toY) + reach), height - 1);
        // Of a row, only what lies in the strip of the line, where that isn't level: a long one would have to look at its whole box
        bool isLevel = MathF.Abs(dy) < 0.01f;
        float run = isLevel ? 0 : dx / dy, half = isLevel ? float.PositiveInfinity : reach * MathF.Sqrt(lengthSquared) / MathF.Abs(dy) + 1;
        for (int y = top; y <= bottom; y++)
        {
            float py = y - fromY, middle = fromX + run * py;
            int x = Math.Max(left, (int)MathF.Ceiling(middle - half)), last = Math.Min(right, (int)MathF.Floor(middle + half));
            Span<float> row = ink.Slice(y * width, width);
            // Whole vectors where the row has them: pixels beyond the last have no ink of this line
            for (; x <= last && x <= width - Vector<float>.Count; x += Vector<float>.Count)
            {
                Vector<float> px = Vector.CreateSequence<float>(x, 1) - new Vector<float>(fromX), across = new(py);
                Vector<float> t = Vector.Min(Vector.Max((px * dx + across * dy) * inverse, Vector<float>.Zero), Vector<float>.One);
                Vector<float> ex = px - t * dx, ey = across - t * dy;
                Vector<float> cover = (new Vector<float>(reach) - Vector.SquareRoot(ex * ex + ey * ey)) * slope;
                Span<float> pixels = row[x..];
                Vector.Max(new Vector<float>(pixels), Vector.Min(cover, Vector<float>.One)).CopyTo(pixels);
            }
            for (; x <= last; x++)
            {
                float px = x - fromX, t = Math.Clamp((px * dx + py * dy) * inverse, 0, 1);
                float ex = px - t * dx, ey = py - t * dy;
                row[x] = MathF.Max(row[x], MathF.Min((reach - MathF.Sqrt(ex * ex + ey * ey)) * slope, 1));
            }
        }
    }
}
