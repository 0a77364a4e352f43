using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Components that make a line of writing.</summary>
internal sealed class TextLine
{
    public List<InkComponent> Components { get; } = [];

    /// <summary>Typical height of the characters.</summary>
    public double CharacterHeight { get; set; }

    /// <summary>Row of the middle, followed along the line.</summary>
    public double Middle { get; private set; }

    private void Add(InkComponent component)
    {
        double middle = component.Box.Top + component.Box.Height / 2.0;
        Middle = Components.Count == 0 ? middle : 0.6 * Middle + 0.4 * middle;
        Components.Add(component);
    }

    /// <summary>How far from the middle of a single line its characters and marks lie, in heights.</summary>
    private const double MostAway = 1.2;

    /// <summary>How far from that middle characters reach up and down at least.</summary>
    private const double HalfBand = 0.4;

    /// <summary>Groups a page's components into lines, top to bottom; specks are left out.</summary>
    public static List<TextLine> Find(PageInk page, bool single)
    {
        var heights = page.Components.Where(c => c.Area >= 8).Select(c => c.Box.Height).Order().ToList();
        if (heights.Count == 0) return [];
        // specks and dots may be many: the typical height is that of what isn't small beside the tallest tenth
        double tall = heights[Math.Min(heights.Count - 1, heights.Count * 9 / 10)];
        heights.RemoveAll(h => h < 0.4 * tall);
        double height = heights.Count == 0 ? tall : heights[heights.Count / 2];
        int speck = (int)Math.Max(4, height * height / 150);

        double[] middles = [.. page.Components.Where(c => c.Box.Height >= 0.45 * height).Select(c => c.Box.Top + c.Box.Height / 2.0).Order()];
        double middleOfAll = middles.Length == 0 ? 0 : middles[middles.Length / 2];

        var lines = new List<TextLine>();
        var small = new List<InkComponent>();
        foreach (var c in page.Components.OrderBy(c => c.Box.Left))
        {
            if (c.Area < Speck(c.Box) || single && IsAway(c.Box)) continue;
            if (c.Box.Height < 0.45 * height)
            {
                small.Add(c);
                continue;
            }
            double middle = c.Box.Top + c.Box.Height / 2.0;
            var line = lines.Where(l => single || Math.Abs(l.Middle - middle) < 0.65 * height).MinBy(l => Math.Abs(l.Middle - middle));
            if (line == null) lines.Add(line = new TextLine());
            line.Add(c);
        }
        // Small ones go to the nearest of the others, not to one another
        List<(TextLine Line, InkComponent[] Own)> large = [.. lines.Select(line => (line, line.Components.OrderBy(Center).ToArray()))];
        foreach (var c in small)
        {
            double middle = c.Box.Top + c.Box.Height / 2.0;
            TextLine? nearest = null;
            double distance = single ? double.MaxValue : 1.1 * height;
            foreach (var (line, own) in large)
            {
                var beside = Nearest(own, Center(c));
                double away = Math.Abs(beside.Box.Top + beside.Box.Height / 2.0 - middle);
                if (away < distance) (nearest, distance) = (line, away);
            }
            nearest?.Components.Add(c);
        }
        foreach (var line in lines)
        {
            var own = line.Components.Select(c => c.Box.Height).Where(h => h >= 0.45 * height).Order().ToList();
            line.CharacterHeight = own[own.Count / 2];
            line.Components.Sort((a, b) => (a.Box.Left + a.Box.Right).CompareTo(b.Box.Left + b.Box.Right));
        }
        return [.. lines.OrderBy(l => l.Components.Average(c => c.Box.Top + c.Box.Height / 2.0))];

        static double Center(InkComponent c) => c.Box.Left + c.Box.Width / 2.0;

        static InkComponent Nearest(InkComponent[] sorted, double center)
        {
            int from = 0, to = sorted.Length - 1;
            while (from < to)
            {
                int middle = (from + to) / 2;
                if (Center(sorted[middle]) < center) from = middle + 1;
                else to = middle;
            }
            return from > 0 && center - Center(sorted[from - 1]) <= Math.Abs(Center(sorted[from]) - center) ? sorted[from - 1] : sorted[from];
        }

        // The ink of a stroke grows with its length, not with the square: what a thin pen draws as high as characters is no speck if it is whole
        int Speck(PixelBox box) => box.Height >= 0.45 * height ? Math.Min(speck, box.Height) : speck;

        // Where there is one line only, what is above or below it is none of it, nor what the picture's edge leaves beside it
        bool IsAway(PixelBox box) => Math.Abs(box.Top + box.Height / 2.0 - middleOfAll) > MostAway * height
            || (box.Top <= 0 && box.Bottom < middleOfAll - HalfBand * height) || (box.Bottom >= page.Height && box.Top > middleOfAll + HalfBand * height);
    }
}
