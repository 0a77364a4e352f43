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
    /// <param name="MostOthers">Of what lies around it, the share that may be of another brightness within the picture and at its border: writing, cells of a form, the dark part of a sheet.
    /// Null where anything may lie there.</param>
    /// <param name="Blur">Breadth of its edge beside the picture's longer side.</param>
    private readonly record struct Limits(int LeastSide, double LeastArea, double LeastRectangularity, double MostElongation, double MostInk, double LeastExtent,
        (double Within, double AtBorder)? MostOthers, double Blur)
    {
        /// <summary>Pixels of the blurred edge.</summary>
        public int Edge(int width, int height) => Math.Max(2, (int)(Blur * Math.Max(width, height)));
    }

    /// <summary>Cards with one character.</summary>
    private static readonly Limits s_character = new(48, 0.2, 0.92, 2.5, 0.25, 0.15, null, 1 / 64.0);

    /// <summary>Sheets with lines of writing, which may be photographed from aside.</summary>
    private static readonly Limits s_page = new(64, 0.1, 0.85, 12, 0.3, 0.01, (0.0002, 0.2), 1 / 400.0);

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
    /// <returns>The box around the card, if there is one.</returns>
    public static PixelBox? TakeOut(NormalizerWorkspace work, int width, int height, bool isPage, ref Polarity polarity)
    {
        Limits limits = isPage ? s_page : s_character;
        if (Math.Min(width, height) < limits.LeastSide) return null;
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
        if (alike < LeastAlike * border) return null;

        Rows.Histogram(gray, histogram);
        byte threshold = InkMap.OtsuThreshold(histogram, count, out _);
        bool isDark = level < threshold; // the table
        Polarity found = isDark ? Polarity.DarkOnLight : Polarity.LightOnDark;
        int low = 0;
        for (int v = 0; v < threshold; v++) low += histogram[v];
        // Most characters cover less than the paper of a card
        if (polarity != Polarity.Detect && polarity != found || (isDark ? count - low : low) < limits.LeastArea * (1 - limits.MostInk) * count) return null;

        var ground = new Table(level, threshold, isDark);
        InkComponent? seen = Find(work, width, height, ground, limits);
        // A sheet that is partly in shadow is of two kinds itself: all that differs from the table
        if (seen is null && isPage) seen = Find(work, width, height, ground with { Threshold = (byte)Math.Clamp(isDark ? level + Tolerance + 1 : level - Tolerance, 0, 255) }, limits);
        if (seen is not { } card) return null;

        int soft = limits.Edge(width, height), around = Math.Max(2 * soft, Math.Max(width, height) / 64);
        for (int i = 0; i < count; i++) mask[i] = work.Labels[i] == card.Label ? (byte)1 : (byte)0;
        WindowExtremum.Squares(mask, mask, width, height, soft, maximum: false);
        // Of the paper within a few pixels, what is farthest from ink, so that a stroke that ends at the card's edge isn't drawn on
        Span<byte> paper = work.Ground.AsSpan(0, count);
        byte nearest = isDark ? (byte)0 : (byte)255;
        for (int i = 0; i < count; i++) paper[i] = mask[i] != 0 ? gray[i] : nearest;
        WindowExtremum.Squares(paper, paper, width, height, around, maximum: isDark);
        Spread(gray, mask, paper, width, height);
        polarity = found;
        return card.Box;
    }

    /// <summary>What a card lies on.</summary>
    /// <param name="Level">Its brightness.</param>
    /// <param name="Threshold">Least value of what is brighter, the table or else the card.</param>
    /// <param name="IsDark">Whether the table is below the threshold.</param>
    private readonly record struct Table(int Level, byte Threshold, bool IsDark)
    {
        /// <summary>Whether a pixel is on the table's side of the threshold, as ink is, too.</summary>
        public bool Has(byte value) => value < Threshold == IsDark;
    }

    /// <summary>Finds a card, and marks it and what is written on it with its label in <see cref="NormalizerWorkspace.Labels"/>.</summary>
    private static InkComponent? Find(NormalizerWorkspace work, int width, int height, in Table table, in Limits limits)
    {
        int count = width * height;
        Span<byte> gray = work.Gray.AsSpan(0, count), mask = work.Mask.AsSpan(0, count);
        // The table reaches the picture's border, ink doesn't
        for (int i = 0; i < count; i++) mask[i] = table.Has(gray[i]) ? (byte)1 : (byte)0;
        var labels = work.Labels.AsSpan(0, count);
        var components = work.Components;
        InkComponents.Find(mask, width, height, labels, components, work.Parents);
        int extent = 0, ink = 0, rest = count;
        foreach (InkComponent c in components)
        {
            if (!c.Box.IsWithin(width, height)) rest -= c.Area;
            else (extent, ink) = (Math.Max(extent, Math.Max(c.Box.Width, c.Box.Height)), ink + c.Area);
        }
        // Most pictures end here: what isn't table has nothing on it, or surrounds more than it covers
        if (ink < LeastPixels || ink > limits.MostInk * rest) return null;
        for (int i = 0; i < count; i++) mask[i] = labels[i] == 0 || components[labels[i] - 1].Box.IsWithin(width, height) ? (byte)1 : (byte)0;
        InkComponents.Find(mask, width, height, labels, components, work.Parents);
        InkComponent card = default;
        foreach (InkComponent c in components)
            if (c.Area > card.Area) card = c;
        if (card.Area < limits.LeastArea * count || card.Area > MostArea * count || extent < limits.LeastExtent * Math.Max(card.Box.Width, card.Box.Height)
            || !HasStrokes(gray, labels, width, height, card, table, limits) || Rectangularity(labels, width, card, limits.MostElongation) < limits.LeastRectangularity) return null;
        return limits.MostOthers is not { } most || IsAlone(work, width, height, card, table, limits.Edge(width, height), most) ? card : null;
    }

    /// <summary>Whether what lies around a card and its blurred edge is table and little else.</summary>
    private static bool IsAlone(NormalizerWorkspace work, int width, int height, InkComponent card, in Table table, int soft, (double Within, double AtBorder) most)
    {
        int count = width * height, outside = 0, within = 0, atBorder = 0;
        Span<byte> mask = work.Mask.AsSpan(0, count);
        for (int i = 0; i < count; i++) mask[i] = work.Labels[i] == card.Label ? (byte)1 : (byte)0;
        WindowExtremum.Squares(mask, mask, width, height, soft, maximum: true);
        for (int i = 0; i < count; i++)
        {
            bool isOutside = mask[i] == 0;
            if (isOutside) outside++;
            mask[i] = isOutside && Math.Abs(work.Gray[i] - table.Level) > Tolerance ? (byte)1 : (byte)0;
        }
        var found = new List<InkComponent>();
        InkComponents.Find(mask, width, height, new int[count], found);
        foreach (InkComponent c in found)
        {
            if (c.Box.IsWithin(width, height)) within += c.Area;
            else atBorder += c.Area;
        }
        return within <= most.Within * outside && atBorder <= most.AtBorder * outside;
    }

    /// <summary>Whether what is on the table's side of the threshold within the card looks like strokes, and its paper stands out from the table.</summary>
    private static bool HasStrokes(ReadOnlySpan<byte> gray, ReadOnlySpan<int> labels, int width, int height, InkComponent card, in Table table, in Limits limits)
    {
        int left = width, right = -1, top = height, bottom = -1;
        long ink = 0, sides = 0, paper = 0, ground = 0, groundSum = 0, paperSum = 0;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int p = y * width + x;
                bool isInk = table.Has(gray[p]);
                if (labels[p] != card.Label)
                {
                    if (!isInk) continue;
                    ground++;
                    groundSum += gray[p];
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
                    if (x > 0 && !table.Has(gray[p - 1])) sides++;
                    if (x < width - 1 && !table.Has(gray[p + 1])) sides++;
                    if (y > 0 && !table.Has(gray[p - width])) sides++;
                    if (y < height - 1 && !table.Has(gray[p + width])) sides++;
                }
            }
        if (ink < Math.Max(LeastPixels, LeastInk * card.Area) || ink > limits.MostInk * card.Area || ground == 0 || paper == 0) return false;
        // A slanting edge has more sides of pixels than length, by 4/π on the average
        double thickness = 2 * ink / (Math.PI / 4 * Math.Max(1, sides));
        return thickness <= MostThickness * Math.Max(right - left + 1, bottom - top + 1) && Math.Abs((double)paperSum / paper - (double)groundSum / ground) >= LeastContrast;
    }

    /// <summary>Area of a component as a share of that of the smallest rectangle around it, turned; 0 where that is too long for a card.</summary>
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
        // The longer a card, the more it shows that an angle isn't exactly its own
        int best = 0;
        for (int degrees = 0; degrees < 90; degrees += 3)
            if (Try(ends, degrees)) best = degrees;
        for (int quarter = -8; quarter <= 8; quarter++) Try(ends, best + quarter / 4.0);
        return elongation <= mostElongation ? card.Area / smallest : 0;

        bool Try(ReadOnlySpan<(int First, int Last)> ends, double degrees)
        {
            var (sine, cosine) = Math.SinCos(degrees * Math.PI / 180);
            double left = double.MaxValue, right = double.MinValue, top = double.MaxValue, bottom = double.MinValue;
            for (int y = 0; y < ends.Length; y++)
            {
                // of a row, one end goes farthest in each direction
                var (first, last) = ends[y];
                left = Math.Min(left, Math.Min(first * cosine, last * cosine) + y * sine);
                right = Math.Max(right, Math.Max(first * cosine, last * cosine) + y * sine);
                top = Math.Min(top, y * cosine - Math.Max(first * sine, last * sine));
                bottom = Math.Max(bottom, y * cosine - Math.Min(first * sine, last * sine));
            }
            double length = right - left + 1, breadth = bottom - top + 1;
            if (length * breadth >= smallest) return false;
            (smallest, elongation) = (length * breadth, Math.Max(length / breadth, breadth / length));
            return true;
        }
    }

    /// <summary>Gives all pixels that aren't on the mask the brightness of the ground around the nearest in their row that is, and rows without one that of the nearest row.</summary>
    /// <param name="gray">[height, width].</param>
    /// <param name="mask">[height, width], 1 for what stays.</param>
    /// <param name="ground">Brightness of the ground around each pixel on the mask.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    private static void Spread(Span<byte> gray, ReadOnlySpan<byte> mask, ReadOnlySpan<byte> ground, int width, int height)
    {
        int above = -1;
        for (int y = 0; y < height; y++)
        {
            var row = gray.Slice(y * width, width);
            var stays = mask.Slice(y * width, width);
            var around = ground.Slice(y * width, width);
            int first = stays.IndexOf((byte)1), last = stays.LastIndexOf((byte)1);
            if (first < 0)
            {
                if (above >= 0) gray.Slice(above * width, width).CopyTo(row);
                continue;
            }
            row[..first].Fill(around[first]);
            row[(last + 1)..].Fill(around[last]);
            for (int x = first + 1; x < last; x++)
                if (stays[x] == 0) row[x] = stays[x - 1] == 0 ? row[x - 1] : around[x - 1];
            if (above < 0)
                for (int v = 0; v < y; v++) row.CopyTo(gray.Slice(v * width, width));
            above = y;
        }
    }
}
