using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Components that make a line of writing.</summary>
internal sealed class TextLine
{
    public List<InkComponent> Components { get; } = [];

    /// <summary>Typical height of the characters.</summary>
    public double CharacterHeight { get; set; }

    /// <summary>Typical height of what was taken for characters on the whole page, in lines of about this size.</summary>
    private double Size { get; init; }

    /// <summary>Row of the middle, and height of the characters, followed along the line.</summary>
    private double _middle, _height;

    private void Add(InkComponent component)
    {
        double share = Components.Count == 0 ? 1 : 0.4;
        _middle += share * (Middle(component) - _middle);
        _height += share * (component.Box.Height - _height);
        Components.Add(component);
    }

    /// <summary>What is lower than this part of the typical height is a mark, or a part of a character.</summary>
    public const double SmallHeight = 0.45;

    /// <summary>How far from the middle of a character its marks lie, in heights.</summary>
    private const double MostAbove = 1.1;

    /// <summary>How far from the middle of a single line its characters and marks lie, in heights.</summary>
    private const double MostAway = 1.2;

    /// <summary>How far from that middle characters reach up and down at least.</summary>
    private const double HalfBand = 0.4;

    /// <summary>Pixels that writing is high at least where there is dust (of the picture, reduced where it is very large), and that a component has that isn't a speck, however small the
    /// writing is.</summary>
    private const int LeastPixels = 7, LeastArea = 8;

    /// <summary>Groups a page's components into lines, top to bottom; specks are left out.</summary>
    /// <param name="page">The page.</param>
    /// <param name="single">Whether it holds one line only, of whatever sizes.</param>
    /// <param name="isAlphanumeric">Whether its characters are Latin letters and digits, so that what runs along below several is none of them.</param>
    public static List<TextLine> Find(PageInk page, bool single, bool isAlphanumeric)
    {
        var small = new List<InkComponent>();
        List<TextLine> lines = [.. Rows(WithoutDust(page), small, single ? page.Height : null)];
        if (lines.Count == 0) return [];
        if (!single) lines.AddRange(SmallerRows(small, lines));
        if (isAlphanumeric) small.RemoveAll(c => lines.Exists(line => line.IsUnderlinedBy(c)));
        // Of a page of noise these are very many
        double least = lines.Min(line => SpeckArea(line.Size));
        // Small ones go to the nearest of the others, not to one another
        List<(TextLine Line, InkComponent[] Own)> large = [.. lines.Select(line => (line, line.Components.OrderBy(Center).ToArray()))];
        foreach (var c in small.Where(c => c.Area >= least))
        {
            TextLine? nearest = null;
            double distance = double.MaxValue;
            foreach (var (line, own) in large)
            {
                double away = Math.Abs(Middle(Beside(own, c)) - Middle(c));
                if (away < distance && (single || away < MostAbove * line.Size)) (nearest, distance) = (line, away);
            }
            if (nearest != null && c.Area >= SpeckArea(nearest.Size)) nearest.Components.Add(c);
        }
        foreach (var line in lines)
        {
            var own = line.Components.Select(c => c.Box.Height).Where(h => h >= SmallHeight * line.Size).Order().ToList();
            line.CharacterHeight = own[own.Count / 2];
            line.Components.Sort((a, b) => (a.Box.Left + a.Box.Right).CompareTo(b.Box.Left + b.Box.Right));
        }
        return [.. lines.OrderBy(l => l.Components.Average(Middle))];
    }

    /// <summary>Whether a low component runs along below characters of the line, as no mark and no part of a character does.</summary>
    private bool IsUnderlinedBy(InkComponent component)
    {
        const double LeastLength = 1.2, MostRaised = 0.3, MostBelow = 0.7, LeastCover = 0.5;
        const int LeastCharacters = 2;
        PixelBox box = component.Box;
        return box.Width > LeastLength * Size && Components.Count(c => (box.Top - c.Box.Bottom) / Size is > -MostRaised and < MostBelow && box.Bottom >= c.Box.Bottom
            && Math.Min(box.Right, c.Box.Right) - Math.Max(box.Left, c.Box.Left) > LeastCover * c.Box.Width) >= LeastCharacters;
    }

    /// <summary>A page's components, but where most are too low for writing and fill their boxes, only those that are higher.</summary>
    private static List<InkComponent> WithoutDust(PageInk page)
    {
        double least = LeastPixels * page.Placement.Scale;
        if (TypicalHeight(page.Components) >= least) return page.Components;
        List<InkComponent> low = page.Components.FindAll(c => c.Area >= LeastArea && c.Box.Height < least);
        return 2 * low.Count(IsFilled) > low.Count ? page.Components.FindAll(c => c.Box.Height >= least) : page.Components;
    }

    /// <summary>Height of characters; 0 where there are only specks.</summary>
    private static double TypicalHeight(List<InkComponent> components)
    {
        var heights = components.Where(c => c.Area >= LeastArea).Select(c => c.Box.Height).Order().ToList();
        if (heights.Count == 0) return 0;
        // specks and dots may be many: the typical height is that of what isn't small beside the tallest tenth
        double tall = heights[Math.Min(heights.Count - 1, heights.Count * 9 / 10)];
        heights.RemoveAll(h => h < 0.4 * tall);
        return heights[heights.Count / 2];
    }

    /// <summary>Whether it is as full as dots and dashes are, and strokes hardly ever.</summary>
    private static bool IsFilled(InkComponent c) => c.Area >= 0.65 * c.Box.Width * c.Box.Height;

    /// <summary>Rows of components that are about as high as characters of the typical height are.</summary>
    /// <param name="components">What they are made of.</param>
    /// <param name="small">Receives what is lower.</param>
    /// <param name="pageHeight">Height of a page that holds one line only; null where there may be several.</param>
    private static List<TextLine> Rows(List<InkComponent> components, List<InkComponent> small, int? pageHeight)
    {
        double height = TypicalHeight(components), speck = SpeckArea(height);
        if (height == 0) return [];
        double[] middles = [.. components.Where(c => c.Box.Height >= SmallHeight * height).Select(Middle).Order()];
        double middleOfAll = middles.Length == 0 ? 0 : middles[middles.Length / 2];

        var lines = new List<TextLine>();
        foreach (var c in components.OrderBy(c => c.Box.Left))
        {
            if (pageHeight is { } bottom && IsAway(c.Box, bottom)) continue;
            if (c.Box.Height < SmallHeight * height)
            {
                small.Add(c);
                continue;
            }
            // The ink of a stroke grows with its length, not with the square: what a thin pen draws as high as characters is no speck if it is whole
            if (c.Area < Math.Min(speck, c.Box.Height)) continue;
            double middle = Middle(c);
            var line = lines.Where(l => pageHeight != null || Math.Abs(l._middle - middle) < 0.65 * Math.Max(height, Math.Min(l._height, c.Box.Height))).MinBy(l => Math.Abs(l._middle - middle));
            if (line == null) lines.Add(line = new TextLine { Size = height });
            line.Add(c);
        }
        return lines;

        // Where there is one line only, what is above or below it is none of it, nor what the picture's edge leaves beside it
        bool IsAway(PixelBox box, int bottom) => Math.Abs(box.Top + box.Height / 2.0 - middleOfAll) > MostAway * height
            || (box.Top <= 0 && box.Bottom < middleOfAll - HalfBand * height) || (box.Bottom >= bottom && box.Top > middleOfAll + HalfBand * height);
    }

    /// <summary>Rows of writing that is much smaller than the rest of the page, such as a note below a heading, above or below the lines that there are: mostly three and more
    /// characters close together, or two that are too far from those lines for accents and quotation marks. One alone may be a rest of a shadow.</summary>
    /// <param name="small">What is lower than characters of the lines; what makes rows is taken out.</param>
    /// <param name="lines">Lines of larger writing.</param>
    private static List<TextLine> SmallerRows(List<InkComponent> small, List<TextLine> lines)
    {
        // Beside the larger writing; in pixels; and beside the row's own height
        const double LeastSize = 0.15, LeastHeight = 8, MostGap = 1.5, MostWidth = 2;
        const int LeastTogether = 3, LeastApart = 2;
        double least = Math.Max(LeastHeight, LeastSize * lines[0].Size);
        InkComponent[][] large = [.. lines.Select(line => line.Components.OrderBy(Center).ToArray())];
        List<TextLine> rows = [.. Rows([.. small.Where(c => c.Box.Height >= least && Away(c) > 0.5)], [], null).Where(IsWriting)];
        var taken = rows.SelectMany(row => row.Components).Select(c => c.Label).ToHashSet();
        small.RemoveAll(c => taken.Contains(c.Label));
        return rows;

        // From the middle of the nearest of the larger ones, in its heights
        double Away(InkComponent c) => large.Min(own => Beside(own, c) is var beside ? Math.Abs(Middle(beside) - Middle(c)) / beside.Box.Height : 0);

        bool IsWriting(TextLine row)
        {
            var own = row.Components.OrderBy(c => c.Box.Left).ToList();
            // Too far from all other lines for a mark of theirs, and no mere stroke
            bool isApart = own.TrueForAll(c => c.Box.Width <= MostWidth * c.Box.Height && Array.TrueForAll(large, line => Math.Abs(Middle(Beside(line, c)) - Middle(c)) >= MostAbove * Math.Max(lines[0].Size, Beside(line, c).Box.Height)));
            int together = 0, start = 0, leastTogether = isApart ? LeastApart : LeastTogether;
            for (int i = 1; i <= own.Count; i++)
            {
                if (i < own.Count && own[i].Box.Left - own[i - 1].Box.Right <= MostGap * row.Size) continue;
                if (i - start >= leastTogether) together += i - start;
                start = i;
            }
            return 2 * together >= own.Count && 2 * own.Count(c => !IsFilled(c)) >= own.Count;
        }
    }

    /// <summary>Pixels below which ink is a speck beside characters of a height.</summary>
    private static double SpeckArea(double height) => (int)Math.Max(4, height * height / 150);

    private static double Center(InkComponent c) => c.Box.Left + c.Box.Width / 2.0;

    private static double Middle(InkComponent c) => c.Box.Top + c.Box.Height / 2.0;

    /// <summary>The nearest to the left or right.</summary>
    /// <param name="sorted">Components by their centre.</param>
    /// <param name="component">What it is beside.</param>
    private static InkComponent Beside(InkComponent[] sorted, InkComponent component)
    {
        double center = Center(component);
        int from = 0, to = sorted.Length - 1;
        while (from < to)
        {
            int middle = (from + to) / 2;
            if (Center(sorted[middle]) < center) from = middle + 1;
            else to = middle;
        }
        return from > 0 && center - Center(sorted[from - 1]) <= Math.Abs(Center(sorted[from]) - center) ? sorted[from - 1] : sorted[from];
    }
}
