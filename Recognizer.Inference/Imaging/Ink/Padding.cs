namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Bars of one value on two opposite sides of a picture or on all four, with which it was brought to another shape, such as those of a letterbox. As they lie along the edges
/// they would pass for the ground, and the paper within for ink.</summary>
internal static class Padding
{
    /// <summary>Most difference within the bars, for JPEG; and least between them and the ground.</summary>
    private const int Tolerance = 8, LeastContrast = 32;

    /// <summary>Least side of what the bars leave: smaller pictures may be a character with broad strokes.</summary>
    private const int LeastSide = 32;

    /// <summary>Lines that the end of a bar takes at most, where it is soft. Strokes of a pen, which are round, have no edge along all of a side within so few.</summary>
    private const int MostSoftLines = 2;

    /// <summary>Most of a line within that is like the bars, and the least and most of what is within that is ink.</summary>
    private const double Ended = 0.1, LeastInk = 0.002, MostInk = 0.4;

    /// <summary>Finds what the bars leave of a picture.</summary>
    /// <param name="gray">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <returns>The part within; null without bars, as in a picture of a character on plain ground.</returns>
    public static PixelBox? Find(ReadOnlySpan<byte> gray, int width, int height)
    {
        if (Math.Min(width, height) < LeastSide) return null;
        int level = gray[0];
        byte least = (byte)Math.Max(0, level - Tolerance), greatest = (byte)Math.Min(255, level + Tolerance);
        int top = 0, bottom = height, left = width, right = 0;
        while (top < height && !gray.Slice(top * width, width).ContainsAnyExceptInRange(least, greatest)) top++;
        while (bottom > top && !gray.Slice((bottom - 1) * width, width).ContainsAnyExceptInRange(least, greatest)) bottom--;
        if (top > 0 != bottom < height || top == bottom) return null;
        for (int y = top; y < bottom; y++)
        {
            var row = gray.Slice(y * width, width);
            if (row[..left].IndexOfAnyExceptInRange(least, greatest) is >= 0 and var first) left = first;
            if (row[right..].LastIndexOfAnyExceptInRange(least, greatest) is >= 0 and var last) right += last + 1;
        }
        if (left > 0 != right < width || top == 0 && left == 0) return null;

        // The ends of bars are straight: beyond them hardly anything is like them, all along
        if (top > 0 && !(FindEnd(gray, top * width + left, width, 1, right - left, ref top, 1) && FindEnd(gray, (bottom - 1) * width + left, -width, 1, right - left, ref bottom, -1))) return null;
        if (bottom - top < LeastSide) return null;
        if (left > 0 && !(FindEnd(gray, top * width + left, 1, width, bottom - top, ref left, 1) && FindEnd(gray, top * width + right - 1, -1, width, bottom - top, ref right, -1))) return null;
        if (right - left < LeastSide) return null;

        Span<int> ring = stackalloc int[256], inside = stackalloc int[256];
        ring.Clear();
        inside.Clear();
        for (int y = top; y < bottom; y++)
        {
            var row = gray.Slice(y * width + left, right - left);
            foreach (byte value in row) inside[value]++;
            if (y == top || y == bottom - 1)
                foreach (byte value in row) ring[value]++;
            ring[row[0]]++;
            ring[row[^1]]++;
        }
        int ground = InkMap.Quantile(ring, 0, 255, 2 * (right - left + bottom - top), 0.5);
        if (Math.Abs(ground - level) < LeastContrast) return null;
        long ink = 0, alike = 0, area = (long)(right - left) * (bottom - top);
        for (int v = 0; v < 256; v++)
        {
            if (Math.Abs(v - ground) < LeastContrast) continue;
            ink += inside[v];
            if (Math.Abs(v - level) <= Tolerance) alike += inside[v];
        }
        // With nothing on it, it may be a solid figure, and what has the value of the bars is a hole in a figure, as in an 8 of straight strokes
        return ink < LeastInk * area || ink > MostInk * area || 2 * alike > ink ? null : new PixelBox(left, top, right - left, bottom - top);

        bool FindEnd(ReadOnlySpan<byte> gray, int start, int inwards, int along, int count, ref int line, int step)
        {
            for (int soft = 0; soft <= MostSoftLines; soft++, start += inwards, line += step)
            {
                int alike = 0;
                for (int i = 0, p = start; i < count; i++, p += along)
                    if (Math.Abs(gray[p] - level) <= Tolerance) alike++;
                if (alike <= Ended * count) return true;
            }
            return false;
        }
    }
}
