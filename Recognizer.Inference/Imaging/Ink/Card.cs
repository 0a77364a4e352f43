namespace Recognizer.Inference.Imaging.Ink;

/// <summary>A card, a note, a sheet or a tile that lies within the picture on ground of another brightness, such as a table, which would pass for the ground, and the card for ink.
/// (A <see cref="PictureFrame"/> is level, may be thin, and surrounds most of the picture.)</summary>
internal static class Card
{
    /// <summary>What is taken for a card.</summary>
    /// <param name="LeastSide">Of a picture with room for a card and a character on it, in pixels.</param>
    /// <param name="LeastArea">As a share of the picture.</param>
    /// <param name="LeastRectangularity">Area as a share of that of the smallest rectangle around it, turned: cards have straight sides, with round corners at most.</param>
    /// <param name="MostElongation">Length beside its width: a thick stroke is longer.</param>
    /// <param name="MostInk">Area of the ink on it as a share of its own.</param>
    /// <param name="LeastExtent">Of one stroke beside the card's longer side: streaks and holes in a thick stroke are less.</param>
    /// <param name="MostOthers">Of what lies around it, the share that is as bright: where there are more cards, such as the cells of a form, none is the picture.</param>
    private readonly record struct Limits(int LeastSide, double LeastArea, double LeastRectangularity, double MostElongation, double MostInk, double LeastExtent, double MostOthers);

    /// <summary>Cards with one character.</summary>
    private static readonly Limits s_character = new(48, 0.2, 0.92, 2.5, 0.25, 0.15, 1);

    /// <summary>Sheets with lines of writing, which may be photographed from aside.</summary>
    private static readonly Limits s_page = new(64, 0.1, 0.85, 12, 0.3, 0.01, 0.2);

    /// <summary>Most difference from the middle brightness of the picture's border of what is like it, and the least share that is: all around the card lies one ground.</summary>
    private const int Tolerance = 35;

    private const double LeastAlike = 0.75;

    /// <summary>Most area as a share of the picture.</summary>
    private const double MostArea = 0.97;

    /// <summary>Most width of the strokes on a card as a share of their extent: holes in figures, as in a D of straight strokes, are broader.</summary>
    private const double MostThickness = 0.2;

    /// <summary>Pixels of ink that a card has at least, and their least share of its area.</summary>
    private const int LeastPixels = 8;

    private const double LeastInk = 0.001;

    /// <summary>Least difference between the brightness of a card and of what it lies on.</summary>
    private const int LeastContrast = 40;

    /// <summary>Paints what a card lies on in the brightness of the card beside it, in <see cref="NormalizerWorkspace.Gray"/>; leaves a picture without one as it is.</summary>
    /// <param name="work">Holds the picture.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="isPage">Whether lines of writing are looked for, not one character.</param>
    /// <param name="polarity">What is known; afterwards that of the ink on the card, if there is one: it is on the side of the table.</param>
    /// <returns>Whether there is one.</returns>
    public static bool TakeOut(NormalizerWorkspace work, int width, int height, bool isPage, ref Polarity polarity)
    {
        Limits limits = isPage ? s_page : s_character;
        if (Math.Min(width, height) < limits.LeastSide) return false;
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
        if (alike < LeastAlike * border) return false;

        Rows.Histogram(gray, histogram);
        byte threshold = InkMap.OtsuThreshold(histogram, count, out _);
        bool isDark = level < threshold; // the table
        Polarity found = isDark ? Polarity.DarkOnLight : Polarity.LightOnDark;
        int low = 0;
        for (int v = 0; v < threshold; v++) low += histogram[v];
        // Most characters cover less than the paper of a card
        if (polarity != Polarity.Detect && polarity != found || (isDark ? count - low : low) < limits.LeastArea * (1 - limits.MostInk) * count) return false;

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
        if (ink < LeastPixels || ink > limits.MostInk * rest) return false;
        for (int i = 0; i < count; i++) mask[i] = labels[i] == 0 || IsWithin(components[labels[i] - 1].Box) ? (byte)1 : (byte)0;
        InkComponents.Find(mask, gray, width, height, labels, work.Parents, components);
        InkComponent card = default;
        foreach (InkComponent c in components)
            if (c.Area > card.Area) card = c;
        if (card.Area < limits.LeastArea * count || card.Area > MostArea * count || extent < limits.LeastExtent * Math.Max(card.Box.Width, card.Box.Height)
            || !HasStrokes(gray, labels, width, height, card, threshold, isDark, limits) || Rectangularity(labels, width, card, limits.MostElongation) < limits.LeastRectangularity) return false;

        for (int i = 0; i < count; i++) mask[i] = labels[i] == card.Label ? (byte)1 : (byte)0;
        int soft = Math.Max(2, Math.Max(width, height) / 64);
        Span<byte> temporary = work.Temporary.AsSpan(0, count);
        WindowExtremum.Rows(mask, temporary, width, height, soft, maximum: false);
        WindowExtremum.Columns(temporary, mask, width, height, soft, maximum: false);
        Spread(gray, mask, width, isDark);
        polarity = found;
        return true;

        bool IsWithin(PixelBox box) => box is { Left: > 0, Top: > 0 } && box.Right < width && box.Bottom < height;
    }

    /// <summary>Whether what is on the table's side of the threshold within the card looks like strokes, and its paper stands out from the table.</summary>
    private static bool HasStrokes(ReadOnlySpan<byte> gray, ReadOnlySpan<int> labels, int width, int height, InkComponent card, byte threshold, bool isDark, in Limits limits)
    {
        int left = width, right = -1, top = height, bottom = -1;
        long ink = 0, sides = 0, paper = 0, table = 0, others = 0, tableSum = 0, paperSum = 0;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int p = y * width + x;
                bool isInk = IsTableSide(gray[p]);
                if (labels[p] != card.Label)
                {
                    if (!isInk)
                    {
                        others++;
                        continue;
                    }
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
        if (ink < Math.Max(LeastPixels, LeastInk * card.Area) || ink > limits.MostInk * card.Area || table == 0 || paper == 0 || others > limits.MostOthers * (table + others)) return false;
        // A slanting edge has more sides of pixels than length, by 4/π on the average
        double thickness = 2 * ink / (Math.PI / 4 * Math.Max(1, sides));
        return thickness <= MostThickness * Math.Max(right - left + 1, bottom - top + 1) && Math.Abs((double)paperSum / paper - (double)tableSum / table) >= LeastContrast;

        bool IsTableSide(byte value) => value < threshold == isDark;
    }

    /// <summary>Area of a component as a share of that of the smallest rectangle around it, turned in steps of two degrees; 0 where that is too long for a card.</summary>
    private static double Rectangularity(ReadOnlySpan<int> labels, int width, InkComponent card, double mostElongation)
    {
        PixelBox box = card.Box;
        Span<(int First, int Last)> ends = box.Height <= 512 ? stackalloc (int, int)[box.Height] : new (int, int)[box.Height];
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
        return elongation <= mostElongation ? card.Area / smallest : 0;
    }

    /// <summary>Gives pixels outside a mask the value of those beside them that have one already, from the mask outwards: the farthest from ink, so that a stroke at the card's edge ends
    /// there.</summary>
    /// <param name="gray">[height, width].</param>
    /// <param name="mask">1 where a pixel has its value; afterwards everywhere.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="greatest">Whether the brightest is the farthest from ink.</param>
    private static void Spread(Span<byte> gray, Span<byte> mask, int width, bool greatest)
    {
        const byte Known = 1, Waiting = 2;
        List<int> front = [], next = [];
        for (int p = 0; p < mask.Length; p++)
            if (mask[p] == Known) Wait(mask, p, front);
        for (; front.Count > 0; (front, next) = (next, front))
        {
            foreach (int p in front) gray[p] = Beside(gray, mask, p);
            foreach (int p in front) mask[p] = Known;
            next.Clear();
            foreach (int p in front) Wait(mask, p, next);
        }

        void Wait(Span<byte> mask, int p, List<int> list)
        {
            int x = p % width;
            foreach (int q in (ReadOnlySpan<int>)[x > 0 ? p - 1 : p, x + 1 < width ? p + 1 : p, p >= width ? p - width : p, p + width < mask.Length ? p + width : p])
            {
                if (mask[q] != 0) continue;
                mask[q] = Waiting;
                list.Add(q);
            }
        }

        byte Beside(ReadOnlySpan<byte> gray, ReadOnlySpan<byte> mask, int p)
        {
            int left = p % width > 0 ? -1 : 0, right = p % width + 1 < width ? 1 : 0, best = -1;
            for (int row = p - width; row <= p + width; row += width)
            {
                if (row < 0 || row >= mask.Length) continue;
                for (int q = row + left; q <= row + right; q++)
                    if (mask[q] == Known && (best < 0 || gray[q] > best == greatest)) best = gray[q];
            }
            return (byte)best;
        }
    }
}
