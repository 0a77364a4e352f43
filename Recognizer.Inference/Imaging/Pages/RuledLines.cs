namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Takes level ruled lines out of a deskewed page: long level runs of thin ink, but for what crosses them.</summary>
internal static class RuledLines
{
    public static void Remove(PageInk page)
    {
        int width = page.Width, height = page.Height;
        byte[] ink = page.Ink;
        var heights = page.Components.Where(c => c.Area >= 12).Select(c => c.Box.Height).Order().ToList();
        int typicalHeight = heights.Count == 0 ? 12 : heights[heights.Count / 2];
        // A line is long; once its rows are known, its shorter parts, between strokes or where it fades, are known as well
        int least = (int)Math.Max(0.35 * width, Math.Max(40, 3 * typicalHeight)), part = Math.Max(10, typicalHeight * 6 / 10);
        if (least >= width) return;
        var line = new bool[width * height];
        var rows = new bool[height];
        MarkRuns(ink, width, height, least, line, null, rows);
        bool any = rows.AsSpan().Contains(true);
        var near = new bool[height];
        for (int y = 0; y < height; y++)
            for (int v = Math.Max(0, y - 2); v <= Math.Min(height - 1, y + 2); v++) near[y] |= rows[v];
        if (any) MarkRuns(ink, width, height, part, line, near, rows);
        if (!any) return;
        // Thickness: the typical vertical run through line pixels
        var thickness = new int[height];
        long runs = 0;
        for (int x = 0; x < width; x++)
            for (int y = 0; y < height; y++)
            {
                if (!line[y * width + x] || y > 0 && line[(y - 1) * width + x]) continue;
                var (top, bottom) = Run(ink, width, height, x, y);
                thickness[Math.Min(bottom - top, height - 1)]++;
                runs++;
            }
        int typical = 1;
        for (long seen = 0; typical < height; typical++)
        {
            seen += thickness[typical];
            if (seen * 2 >= runs) break;
        }
        var cleared = new List<int>();
        for (int x = 0; x < width; x++)
            for (int y = 0; y < height; y++)
            {
                if (!line[y * width + x]) continue;
                var (top, bottom) = Run(ink, width, height, x, y);
                if (bottom - top > typical + Math.Max(2, typical / 2)) continue; // a stroke crosses or joins
                for (int v = Math.Max(0, top - 1); v < Math.Min(height, bottom + 1); v++) cleared.Add(v * width + x);
                y = bottom;
            }
        foreach (int p in cleared) ink[p] = 0;
    }

    /// <summary>Marks level runs of ink, gaps of up to three pixels bridged, rows one above and below counted in, as lines aren't quite level.</summary>
    private static void MarkRuns(byte[] ink, int width, int height, int least, bool[] line, bool[]? within, bool[] rows)
    {
        for (int y = 0; y < height; y++)
        {
            if (within != null && !within[y]) continue;
            int start = -1, last = -1;
            for (int x = 0; x <= width; x++)
            {
                if (x < width && IsInk(ink, width, height, x, y))
                {
                    if (start < 0) start = x;
                    last = x;
                }
                else if (start >= 0 && (x == width || x - last > 3))
                {
                    if (last - start + 1 >= least)
                    {
                        for (int u = start; u <= last; u++) if (ink[y * width + u] >= CharacterNormalizer.InkLevel) line[y * width + u] = true;
                        rows[y] = true;
                    }
                    start = -1;
                }
            }
        }
    }

    private static bool IsInk(byte[] ink, int width, int height, int x, int y) =>
        ink[y * width + x] >= CharacterNormalizer.InkLevel
        || y > 0 && ink[(y - 1) * width + x] >= CharacterNormalizer.InkLevel
        || y + 1 < height && ink[(y + 1) * width + x] >= CharacterNormalizer.InkLevel;

    private static (int Top, int Bottom) Run(byte[] ink, int width, int height, int x, int y)
    {
        int top = y, bottom = y + 1;
        while (top > 0 && ink[(top - 1) * width + x] >= CharacterNormalizer.InkLevel) top--;
        while (bottom < height && ink[bottom * width + x] >= CharacterNormalizer.InkLevel) bottom++;
        return (top, bottom);
    }
}
