namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Tells strokes that run all around other ink from strokes of characters: circles drawn around an answer, boxes drawn by hand, printed ones on a tilted picture.</summary>
internal static class EnclosingStroke
{
    /// <summary>Least extent of what is enclosed and least height, as shares of those of the stroke: it is more than the dot in a 0 or the middle bar of an E whose other strokes are
    /// apart from it.</summary>
    private const double LeastExtent = 0.35, LeastHeight = 0.2;

    /// <summary>Pixels; what is smaller is a speck.</summary>
    private const int LeastSide = 10;

    /// <summary>Least width of the stroke as a share of its height, and least around a straight bar: a 0 with a bar that doesn't touch it is narrower.</summary>
    private const double LeastAspect = 0.7, LeastAspectAroundBar = 0.9;

    /// <summary>Most that the variance of a bar's pixels across it is of that along it.</summary>
    private const double MostBarVariance = 0.02;

    /// <summary>Most area of the stroke as a share of the area of its bounding box: a circle a tenth of its diameter thick has 0.28.</summary>
    private const double MostArea = 0.28;

    /// <summary>Share of the enclosed ink's rows and columns beyond which the stroke lies on both sides, and the least on any side: its ends may miss each other.</summary>
    private const double Closed = 0.8, ClosedSide = 0.5;

    /// <summary>Whether a component is a thin stroke around others.</summary>
    /// <param name="labels">Component of each pixel; rows of <paramref name="width"/>.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="components">All components; those of no area are left out.</param>
    /// <param name="stroke">The component in question.</param>
    public static bool Surrounds(ReadOnlySpan<int> labels, int width, List<InkComponent> components, InkComponent stroke)
    {
        PixelBox box = stroke.Box;
        if (Math.Min(box.Width, box.Height) < LeastSide || box.Width < LeastAspect * box.Height || stroke.Area > MostArea * box.Width * box.Height) return false;
        // Most of what is enclosed stands for all of it; that is as large as all of it together
        InkComponent most = default;
        PixelBox all = default;
        foreach (InkComponent c in components)
        {
            if (c.Area == 0 || c.Box.Left <= box.Left || c.Box.Right >= box.Right || c.Box.Top <= box.Top || c.Box.Bottom >= box.Bottom) continue;
            all = most.Area == 0 ? c.Box : all.Union(c.Box);
            if (c.Area > most.Area) most = c;
        }
        return most.Area > 0 && all.Height >= LeastHeight * box.Height && Math.Max(all.Width, all.Height) >= LeastExtent * Math.Max(box.Width, box.Height)
            && !Divides(labels, width, all, stroke.Label) && IsEnclosed(labels, width, most, stroke)
            && (box.Width >= LeastAspectAroundBar * box.Height || !IsBar(labels, width, most));
    }

    /// <summary>Whether the stroke runs between parts of what it surrounds, as the lines of a comb or a table do; the digits that touch these belong to it.</summary>
    private static bool Divides(ReadOnlySpan<int> labels, int width, PixelBox all, int stroke)
    {
        int middle = all.Left + all.Width / 2;
        if (labels.Slice((all.Top + all.Height / 2) * width + all.Left, all.Width).Contains(stroke)) return true;
        for (int y = all.Top; y < all.Bottom; y++)
            if (labels[y * width + middle] == stroke) return true;
        return false;
    }

    /// <summary>Whether ink is a straight bar, by the second moments of its pixels.</summary>
    private static bool IsBar(ReadOnlySpan<int> labels, int width, InkComponent ink)
    {
        double sumX = 0, sumY = 0, squaresX = 0, squaresY = 0, products = 0;
        for (int y = 0; y < ink.Box.Height; y++)
            for (int x = 0; x < ink.Box.Width; x++)
            {
                if (labels[(ink.Box.Top + y) * width + ink.Box.Left + x] != ink.Label) continue;
                sumX += x;
                sumY += y;
                squaresX += (double)x * x;
                squaresY += (double)y * y;
                products += (double)x * y;
            }
        double n = ink.Area, xx = squaresX / n - sumX / n * (sumX / n), yy = squaresY / n - sumY / n * (sumY / n), xy = products / n - sumX / n * (sumY / n);
        double root = Math.Sqrt((xx - yy) * (xx - yy) + 4 * xy * xy);
        return xx + yy - root <= MostBarVariance * (xx + yy + root);
    }

    private static bool IsEnclosed(ReadOnlySpan<int> labels, int width, InkComponent ink, InkComponent stroke)
    {
        PixelBox inner = ink.Box, outer = stroke.Box;
        int left = 0, right = 0, above = 0, below = 0;
        for (int y = inner.Top; y < inner.Bottom; y++)
        {
            if (Finds(labels, y * width + inner.Left, 1, inner.Width, -1, inner.Left - outer.Left, ink.Label, stroke.Label)) left++;
            if (Finds(labels, y * width + inner.Right - 1, -1, inner.Width, 1, outer.Right - inner.Right, ink.Label, stroke.Label)) right++;
        }
        for (int x = inner.Left; x < inner.Right; x++)
        {
            if (Finds(labels, inner.Top * width + x, width, inner.Height, -width, inner.Top - outer.Top, ink.Label, stroke.Label)) above++;
            if (Finds(labels, (inner.Bottom - 1) * width + x, -width, inner.Height, width, outer.Bottom - inner.Bottom, ink.Label, stroke.Label)) below++;
        }
        return left + right + above + below >= Closed * 2 * (inner.Width + inner.Height)
            && Math.Min(left, right) >= ClosedSide * inner.Height && Math.Min(above, below) >= ClosedSide * inner.Width;
    }

    /// <summary>Whether the stroke lies between the ink in a row or column and the end of the stroke's box.</summary>
    /// <param name="labels">Component of each pixel.</param>
    /// <param name="start">Where the ink's box begins, seen from there.</param>
    /// <param name="inwards">Step across that box.</param>
    /// <param name="across">Pixels of the box.</param>
    /// <param name="outwards">Step to the end of the stroke's box.</param>
    /// <param name="beyond">Pixels to there.</param>
    /// <param name="ink">The ink's label.</param>
    /// <param name="stroke">The stroke's label.</param>
    private static bool Finds(ReadOnlySpan<int> labels, int start, int inwards, int across, int outwards, int beyond, int ink, int stroke)
    {
        for (int i = 0, p = start; i < across && labels[p] != ink; i++, p += inwards)
            if (labels[p] == stroke) return true;
        for (int i = 0, p = start + outwards; i < beyond; i++, p += outwards)
            if (labels[p] == stroke) return true;
        return false;
    }
}
