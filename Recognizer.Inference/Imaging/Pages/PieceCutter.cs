using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Divides the components of a line into pieces.</summary>
internal static class PieceCutter
{
    public static List<InkPiece> Cut(PageInk page, TextLine line)
    {
        var groups = Group(line);
        var pieces = new List<InkPiece>();
        for (int i = 0; i < groups.Count; i++)
        {
            var (ink, box) = Extract(page, groups[i]);
            CutGroup(ink, box, i, line.CharacterHeight, pieces);
        }
        return pieces;
    }

    /// <summary>Joins what lies above one another: dots, bars of =, broken strokes.</summary>
    private static List<List<InkComponent>> Group(TextLine line)
    {
        double height = line.CharacterHeight;
        var groups = new List<(List<InkComponent> Members, PixelBox Box)>();
        // the large ones first, so that small ones find what they belong to
        foreach (var c in line.Components.OrderByDescending(c => c.Box.Height >= TextLine.SmallHeight * height))
        {
            int best = -1;
            double most = 0;
            for (int i = 0; i < groups.Count; i++)
            {
                var box = groups[i].Box;
                int overlap = Math.Min(box.Right, c.Box.Right) - Math.Max(box.Left, c.Box.Left);
                double share = (double)overlap / Math.Min(box.Width, c.Box.Width);
                bool small = c.Box.Height < TextLine.SmallHeight * height;
                bool apart = Math.Min(box.Bottom, c.Box.Bottom) <= Math.Max(box.Top, c.Box.Top) + 0.15 * height; // one above the other
                if (share > most && share > (small ? 0.5 : apart ? 0.6 : 0.8)) (best, most) = (i, share);
            }
            if (best < 0) groups.Add(([c], c.Box));
            else
            {
                groups[best].Members.Add(c);
                groups[best] = (groups[best].Members, groups[best].Box.Union(c.Box));
            }
        }
        return [.. groups.OrderBy(g => g.Box.Left + g.Box.Right).Select(g => g.Members)];
    }

    /// <summary>The ink of components and of the soft pixels beside them.</summary>
    public static (byte[] Ink, PixelBox Box) Extract(PageInk page, List<InkComponent> members)
    {
        var box = members[0].Box;
        foreach (var c in members) box = box.Union(c.Box);
        int left = Math.Max(0, box.Left - 1), top = Math.Max(0, box.Top - 1), right = Math.Min(page.Width, box.Right + 1), bottom = Math.Min(page.Height, box.Bottom + 1);
        box = new PixelBox(left, top, right - left, bottom - top);
        var own = members.Select(c => c.Label).ToHashSet();
        var ink = new byte[box.Width * box.Height];
        for (int y = 0; y < box.Height; y++)
            for (int x = 0; x < box.Width; x++)
            {
                int u = x + left, v = y + top;
                int label = page.Labels[v * page.Width + u];
                bool belongs = label != 0 && own.Contains(label);
                if (label == 0 && page.Ink[v * page.Width + u] > 0)
                {
                    for (int dv = -1; dv <= 1 && !belongs; dv++)
                        for (int du = -1; du <= 1 && !belongs; du++)
                        {
                            if (u + du < 0 || v + dv < 0 || u + du >= page.Width || v + dv >= page.Height) continue;
                            int near = page.Labels[(v + dv) * page.Width + u + du];
                            belongs = near != 0 && own.Contains(near);
                        }
                }
                if (belongs) ink[y * box.Width + x] = page.Ink[v * page.Width + u];
            }
        return (ink, box);
    }

    /// <summary>A cut: its column in each row, the ink that it crosses, in pixels, where on average it crosses that, and its middle.</summary>
    private readonly record struct Seam(int[] Columns, double Crossed, double Position, double Middle);

    private static void CutGroup(byte[] ink, PixelBox box, int group, double height, List<InkPiece> pieces)
    {
        double stroke = 1;
        List<Seam> seams = [];
        if (box.Width > 0.5 * height && box.Width >= 10)
        {
            stroke = Math.Max(1, InkRenderer.StrokeWidth(ink, box.Width, new PixelBox(0, 0, box.Width, box.Height), CharacterNormalizer.InkLevel));
            seams = FindSeams(ink, box.Width, box.Height, height, stroke);
        }
        if (seams.Count == 0)
        {
            pieces.Add(new InkPiece(box, ink, group, 0));
            return;
        }
        var from = new int[box.Height];
        for (int i = 0; i <= seams.Count; i++)
        {
            var to = new int[box.Height];
            for (int y = 0; y < box.Height; y++) to[y] = i == seams.Count ? box.Width : Math.Max(from[y], seams[i].Columns[y]);
            int left = box.Width, right = -1, top = box.Height, bottom = -1;
            for (int y = 0; y < box.Height; y++)
                for (int x = from[y]; x < to[y]; x++)
                    if (ink[y * box.Width + x] != 0)
                    {
                        left = Math.Min(left, x);
                        right = Math.Max(right, x);
                        top = Math.Min(top, y);
                        bottom = y;
                    }
            if (right >= 0)
            {
                var part = new PixelBox(left, top, right - left + 1, bottom - top + 1);
                var own = new byte[part.Width * part.Height];
                for (int y = top; y <= bottom; y++)
                    for (int x = Math.Max(left, from[y]); x < Math.Min(right + 1, to[y]); x++) own[(y - top) * part.Width + x - left] = ink[y * box.Width + x];
                double cost = i == seams.Count ? 0 : CutBase + CutPerStroke * seams[i].Crossed / stroke;
                pieces.Add(new InkPiece(part with { Left = part.Left + box.Left, Top = part.Top + box.Top }, own, group, cost));
            }
            from = to;
        }
    }

    // In units of −log p, set on lines made of characters that were held back from training
    private const double CutBase = 0.25, CutPerStroke = 1.6;

    /// <summary>Paths from top to bottom that cross as little ink as they can, started at columns all along the group: of those that lie close together the one that crosses
    /// the least.</summary>
    private static List<Seam> FindSeams(byte[] ink, int width, int height, double characterHeight, double stroke)
    {
        // In heights: how far a path goes aside. Where two strokes run along each other, one that may go far leads through a loop beside them instead of between them; what goes straight ahead
        // cuts strokes of one character more often, which costs as much as so many strokes that it crosses. Set on lines made of characters that were held back from training,
        // and of strokes of other hands.
        const double Reach = 0.3, ShortReach = 0.06, StrokesOfShort = 0.8;
        int most = (int)Math.Max(3, Reach * characterHeight), least = (int)Math.Round(ShortReach * characterHeight);
        // What crossing a pixel costs, with what is beside the group
        int stride = width + 2 * most + 1;
        var levels = new float[height * stride];
        Array.Fill(levels, 0.3f);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) levels[y * stride + most + x] = ink[y * width + x] / 255f;
        List<Seam> all = CheapestPaths(ink, width, levels, most, most, characterHeight, 0);
        if (least > 0) all.AddRange(CheapestPaths(ink, width, levels, most, least, characterHeight, StrokesOfShort * stroke));
        // the best first, others only at some distance from those taken
        var chosen = new List<Seam>();
        // close together: where two characters touch, the best cut is one of several that cross about the same ink
        double apart = Math.Max(2, 0.07 * characterHeight);
        foreach (var seam in all.OrderBy(s => s.Crossed))
            if (chosen.TrueForAll(s => Math.Abs(s.Middle - seam.Middle) >= apart && (Math.Abs(s.Position - seam.Position) >= 2 || seam.Crossed < 0.5)))
                chosen.Add(seam);
        return [.. chosen.OrderBy(s => s.Middle)];
    }

    /// <summary>The path that costs the least from each of columns all along the group.</summary>
    /// <param name="ink">[height, width].</param>
    /// <param name="width">Its columns.</param>
    /// <param name="levels">[height, width and columns beside it], what crossing a pixel costs.</param>
    /// <param name="beside">Columns of <paramref name="levels"/> on the left of the ink.</param>
    /// <param name="reach">How far a path goes aside.</param>
    /// <param name="characterHeight">Typical height of the line's characters.</param>
    /// <param name="more">Ink that each counts as crossing besides.</param>
    private static List<Seam> CheapestPaths(byte[] ink, int width, float[] levels, int beside, int reach, double characterHeight, double more)
    {
        int height = ink.Length / width, stride = levels.Length / height, window = 2 * reach + 1;
        int step = Math.Max(1, (int)(characterHeight / 14)), margin = (int)Math.Max(2, 0.12 * characterHeight);
        var all = new List<Seam>();
        // with one beyond either end that no path comes from
        var cost = new float[window + 2];
        var next = new float[window + 2];
        cost[0] = cost[^1] = next[0] = next[^1] = float.PositiveInfinity;
        // what it costs to be so far from the start
        var leaning = new float[window];
        for (int i = 0; i < window; i++) leaning[i] = 0.01f * Math.Abs(i - reach);
        var from = new sbyte[height * window];
        for (int start = margin; start <= width - margin; start += step)
        {
            int first = start + beside - reach;
            for (int i = 0; i < window; i++) cost[i + 1] = levels[first + i] + leaning[i];
            for (int y = 1; y < height; y++)
            {
                ReadOnlySpan<float> row = levels.AsSpan(y * stride + first, window);
                for (int i = 0; i < window; i++)
                {
                    float best = cost[i + 1], left = cost[i] + 0.02f, right = cost[i + 2] + 0.02f;
                    sbyte move = 0;
                    if (left < best) (best, move) = (left, -1);
                    if (right < best) (best, move) = (right, 1);
                    next[i + 1] = best + row[i] + leaning[i];
                    from[y * window + i] = move;
                }
                (cost, next) = (next, cost);
            }
            int end = 0;
            for (int i = 1; i < window; i++) if (cost[i + 1] < cost[end + 1]) end = i;
            var columns = new int[height];
            double crossed = 0, weighted = 0;
            for (int y = height - 1, i = end; y >= 0; y--)
            {
                int x = columns[y] = Math.Clamp(start - reach + i, 0, width);
                if (x < width)
                {
                    double value = ink[y * width + x] / 255.0;
                    crossed += value;
                    weighted += value * x;
                }
                if (y > 0) i += from[y * window + i];
            }
            double middle = columns.Average(), position = crossed > 0.5 ? weighted / crossed : middle;
            if (crossed <= 0.5 * characterHeight) all.Add(new Seam(columns, crossed + more, position, middle));
        }
        return all;
    }
}
