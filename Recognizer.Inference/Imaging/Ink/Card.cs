namespace Recognizer.Inference.Imaging.Ink;

/// <summary>A card, a note or a tile that lies within the picture on ground of another brightness, such as a table, and would pass for the character itself.</summary>
internal static class Card
{
    /// <summary>Least side of a picture with room for a card and a character on it.</summary>
    private const int LeastSide = 48;

    /// <summary>Most difference from the middle brightness of the picture's border of what is like it, and the least share that is: all around the card lies one ground.</summary>
    private const int Tolerance = 35;

    private const double LeastAlike = 0.75;

    /// <summary>Least and most area as shares of the picture, and least as a share of the smallest rectangle around it, turned: cards have straight sides, with round corners at most.</summary>
    private const double LeastArea = 0.2, MostArea = 0.97, LeastRectangularity = 0.92;

    /// <summary>Most area of the ink on a card as a share of that, and most width of its strokes as a share of its extent: holes in figures, as in a D of straight strokes, are broader.</summary>
    private const double MostInk = 0.25, MostThickness = 0.2;

    /// <summary>Pixels of ink that a card has at least, their least share of its area, and least extent of one stroke beside the card's longer side: streaks and holes in a thick stroke are less.</summary>
    private const int LeastPixels = 8;

    private const double LeastInk = 0.001, LeastExtent = 0.15;

    /// <summary>Most length of a card beside its width: a thick stroke is longer.</summary>
    private const double MostElongation = 2.5;

    /// <summary>Least difference between the brightness of a card and of what it lies on.</summary>
    private const int LeastContrast = 40;

    /// <summary>Paints what a card lies on in the brightness of the card beside it, in <see cref="NormalizerWorkspace.Gray"/>; leaves a picture without one as it is.</summary>
    /// <param name="work">Holds the picture.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="polarity">What is known; afterwards that of the ink on the card, if there is one: it is on the side of the table.</param>
    public static void TakeOut(NormalizerWorkspace work, int width, int height, ref Polarity polarity)
    {
        if (Math.Min(width, height) < LeastSide) return;
        int count = width * height;
        Span<byte> gray = work.Gray.AsSpan(0, count), mask = work.Mask.AsSpan(0, count);
        Span<int> histogram = stackalloc int[256];
        histogram.Clear();
        foreach (byte value in gray[..width]) histogram[value]++;
        foreach (byte value in gray[^width..]) histogram[value]++;
        for (int y = 1; y < height - 1; y++)
        {
            histogram[gray[y * width]]++;
            histogram[gray[y * width + width - 1]]++;
        }
        int border = 2 * (width + height) - 4, level = InkMap.Quantile(histogram, 0, 255, border, 0.5), alike = 0;
        for (int v = Math.Max(0, level - Tolerance); v <= Math.Min(255, level + Tolerance); v++) alike += histogram[v];
        if (alike < LeastAlike * border) return;

        Rows.Histogram(gray, histogram);
        byte threshold = InkMap.OtsuThreshold(histogram, count, out _);
        bool isDark = level < threshold; // the table
        Polarity found = isDark ? Polarity.DarkOnLight : Polarity.LightOnDark;
        int low = 0;
        for (int v = 0; v < threshold; v++) low += histogram[v];
        // Most characters cover less than the paper of a card
        if (polarity != Polarity.Detect && polarity != found || (isDark ? count - low : low) < LeastArea * (1 - MostInk) * count) return;

        // The table reaches the picture's border, ink doesn't
        for (int i = 0; i < count; i++) mask[i] = gray[i] < threshold == isDark ? (byte)1 : (byte)0;
        var labels = work.Labels.AsSpan(0, count);
        var components = work.Components;
        InkComponents.Find(mask, gray, width, height, labels, work.Parents, components);
        int extent = 0, ink = 0, rest = count;
        foreach (InkComponent c in components)
        {
            if (!IsWithin(c.Box)) rest -= c.Area;
            else (extent, ink) = (Math.Max(extent, Math.Max(c.Box.Width, c.Box.Height)), ink + c.Area);
        }
        // Most pictures end here: what isn't table has nothing on it, or surrounds more than it covers
        if (ink < LeastPixels || ink > MostInk * rest) return;
        for (int i = 0; i < count; i++) mask[i] = labels[i] == 0 || IsWithin(components[labels[i] - 1].Box) ? (byte)1 : (byte)0;
        InkComponents.Find(mask, gray, width, height, labels, work.Parents, components);
        InkComponent card = default;
        foreach (InkComponent c in components)
            if (c.Area > card.Area) card = c;
        if (card.Area < LeastArea * count || card.Area > MostArea * count || extent < LeastExtent * Math.Max(card.Box.Width, card.Box.Height) || !HasStrokes(gray, labels, width, height, card, threshold, isDark) || Rectangularity(labels, width, card) < LeastRectangularity) return;

        for (int i = 0; i < count; i++) mask[i] = labels[i] == card.Label ? (byte)1 : (byte)0;
        int soft = Math.Max(2, Math.Max(width, height) / 64);
        Span<byte> temporary = work.Temporary.AsSpan(0, count);
        WindowExtremum.Rows(mask, temporary, width, height, soft, maximum: false);
        WindowExtremum.Columns(temporary, mask, width, height, soft, maximum: false);
        Spread(gray, mask, width, height);
        polarity = found;

        bool IsWithin(PixelBox box) => box is { Left: > 0, Top: > 0 } && box.Right < width && box.Bottom < height;
    }

    /// <summary>Whether what is on the table's side of the threshold within the card looks like strokes, and its paper stands out from the table.</summary>
    private static bool HasStrokes(ReadOnlySpan<byte> gray, ReadOnlySpan<int> labels, int width, int height, InkComponent card, byte threshold, bool isDark)
    {
        int left = width, right = -1, top = height, bottom = -1;
        long ink = 0, sides = 0, paper = 0, table = 0, tableSum = 0, paperSum = 0;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int p = y * width + x;
                bool isInk = IsTableSide(gray[p]);
                if (labels[p] != card.Label)
                {
                    if (!isInk) continue;
                    table++;
                    tableSum += gray[p];
                }
                else if (!isInk)
                {
                    paper++;
                    paperSum += gray[p];
                }
                else
                {
                    ink++;
                    (left, right, top, bottom) = (Math.Min(left, x), Math.Max(right, x), Math.Min(top, y), Math.Max(bottom, y));
                    if (x > 0 && !IsTableSide(gray[p - 1])) sides++;
                    if (x < width - 1 && !IsTableSide(gray[p + 1])) sides++;
                    if (y > 0 && !IsTableSide(gray[p - width])) sides++;
                    if (y < height - 1 && !IsTableSide(gray[p + width])) sides++;
                }
            }
        if (ink < Math.Max(LeastPixels, LeastInk * card.Area) || ink > MostInk * card.Area || table == 0 || paper == 0) return false;
        // A slanting edge has more sides of pixels than length, by 4/π on the average
        double thickness = 2 * ink / (Math.PI / 4 * Math.Max(1, sides));
        return thickness <= MostThickness * Math.Max(right - left + 1, bottom - top + 1) && Math.Abs((double)paperSum / paper - (double)tableSum / table) >= LeastContrast;

        bool IsTableSide(byte value) => value < threshold == isDark;
    }

    /// <summary>Area of a component as a share of that of the smallest rectangle around it, turned in steps of two degrees; 0 where that is too long for a card.</summary>
    private static double Rectangularity(ReadOnlySpan<int> labels, int width, InkComponent card)
    {
        PixelBox box = card.Box;
        Span<(int First, int Last)> ends = stackalloc (int, int)[box.Height];
        for (int y = 0; y < box.Height; y++)
        {
            var row = labels.Slice((box.Top + y) * width, width);
            ends[y] = (row.IndexOf(card.Label), row.LastIndexOf(card.Label));
        }
        double smallest = double.MaxValue, elongation = 0;
        for (int degrees = 0; degrees < 90; degrees += 2)
        {
            var (sine, cosine) = Math.SinCos(degrees * Math.PI / 180);
            double left = double.MaxValue, right = double.MinValue, top = double.MaxValue, bottom = double.MinValue;
            for (int y = 0; y < ends.Length; y++)
            {
                // of a row, one end goes farthest in each direction
                var (first, last) = ends[y];
                left = Math.Min(left, first * cosine + y * sine);
                right = Math.Max(right, last * cosine + y * sine);
                top = Math.Min(top, y * cosine - last * sine);
                bottom = Math.Max(bottom, y * cosine - first * sine);
            }
            double length = right - left + 1, breadth = bottom - top + 1;
            if (length * breadth >= smallest) continue;
            (smallest, elongation) = (length * breadth, Math.Max(length / breadth, breadth / length));
        }
        return elongation <= MostElongation ? card.Area / smallest : 0;
    }

    /// <summary>Gives all pixels that aren't on the mask the value of the nearest in their row that is, and rows without one that of the nearest row.</summary>
    private static void Spread(Span<byte> gray, ReadOnlySpan<byte> mask, int width, int height)
    {
        int above = -1;
        for (int y = 0; y < height; y++)
        {
            var row = gray.Slice(y * width, width);
            var stays = mask.Slice(y * width, width);
            int first = stays.IndexOf((byte)1), last = stays.LastIndexOf((byte)1);
            if (first < 0)
            {
                if (above >= 0) gray.Slice(above * width, width).CopyTo(row);
                continue;
            }
            row[..first].Fill(row[first]);
            row[(last + 1)..].Fill(row[last]);
            for (int x = first + 1; x < last; x++)
                if (stays[x] == 0) row[x] = row[x - 1];
            if (above < 0)
                for (int v = 0; v < y; v++) row.CopyTo(gray.Slice(v * width, width));
            above = y;
        }
    }
}
