namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Takes ruled lines out of a page, and those of squared paper, or that it stands on, out of the picture of a character: thin ink along straight lines that cross the picture, parallel or
/// nearly so, but for the strokes that cross them; the borders of boxes that hang between two of them; upright lines that cross the picture as well, of squared paper and tables; and, before all
/// these, the lines of tables in any part of it. Done before the page is turned, because turning blurs thin lines until parts of them fade.</summary>
internal static class RuledLines
{
    /// <summary>Rules are fainter than writing, and what is left of their edges is fainter still.</summary>
    public const byte LeastInk = 56;

    /// <summary>Share of the columns between the picture's edges in which a rule shows; strokes hide it in others.</summary>
    private const double LeastShare = 0.4;

    /// <summary>Pixels that lines of a form have at least where they are shorter than rules, and share of the picture's width.</summary>
    private const int LeastFormLine = 60;

    private const double LeastFormShare = 0.12;

    /// <summary>Share of its columns in which a form's line shows: between boxes that stand apart it doesn't.</summary>
    private const double FormCoverage = 0.55;

    /// <summary>The same of the upright lines of squared paper and tables, which writing in lines never looks like.</summary>
    private const double LeastUprightShare = 0.7;

    /// <summary>The same of rules that aren't parallel to the others: some line among many angles may run through a row of writing.</summary>
    private const double TiltedShare = 0.6;

    /// <summary>The same of the lines between boxes in a row that was cut out of a form, where the picture is hardly higher than the writing in it.</summary>
    private const double LeastSeparatorShare = 0.9;

    /// <summary>The same of those of squared paper around a single character, beside which strokes of that may be long.</summary>
    private const double LeastSquareShare = 0.8;

    /// <summary>Share of runs of ink that lines of squared paper are no thicker than: of a single character and dotted lines most runs are those of dots.</summary>
    private const double ThinOfSquares = 0.75;

    /// <summary>Pixels by which a rule departs from the straight line along which it was found.</summary>
    private const double MostDrift = 4;

    /// <summary>Pixels of a line that is taken for a rule.</summary>
    private const int LeastSpan = 40;

    /// <summary>Rules that make it worth looking for upright lines.</summary>
    private const int RulesOfSquares = 2;

    /// <summary>Runs of ink from which the angle of rules is found.</summary>
    private const int MostRuns = 100_000;

    /// <summary>Most of an upright line that strokes may hide.</summary>
    private const double MostHidden = 0.5;

    /// <summary>A vertical run of thin ink.</summary>
    private readonly record struct Run(int X, int Top, int Bottom)
    {
        public int Thickness => Bottom - Top;

        public float Middle => (Top + Bottom - 1) / 2f;
    }

    /// <summary>A rule that was found.</summary>
    /// <param name="Middle">Its row in the picture's middle column.</param>
    /// <param name="Thickness">In pixels.</param>
    /// <param name="Left">Column where it begins.</param>
    /// <param name="Right">Column where it ends.</param>
    private readonly record struct Rule(int Middle, int Thickness, int Left, int Right)
    {
        /// <summary>How far beyond <see cref="Left"/> and <see cref="Right"/> it may go, where ink on the same line was taken for stray.</summary>
        public int Ends => 2 * (Thickness + 2) + (Right - Left) / 30;
    }

    /// <summary>Clears the rules.</summary>
    /// <param name="ink">[height, width], 0 = ground … 255 = ink.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="skew">Degrees by which the writing, and so the rules, rise to the right, about.</param>
    /// <returns>Whether there were any.</returns>
    public static bool Remove(byte[] ink, int width, int height, double skew)
    {
        (List<Rule> rules, double slope) = RemoveLevel(ink, width, height, skew, LeastShare, forms: true);
        bool isSquared = rules.Count(rule => rule.Right - rule.Left > LeastShare * width) >= RulesOfSquares;
        byte[]? squares = isSquared || MayHaveSeparators(ink, width, height) ? Transpose(ink, width, height) : null;
        if (squares is not null)
        {
            List<Rule> uprights = RemoveLevel(squares, height, width, -skew, isSquared ? LeastUprightShare : LeastSeparatorShare, forms: false).Rules;
            if (uprights.Count == 0 || !isSquared && !AreSeparators(uprights, squares, width, height)) squares = null;
        }
        // Boxes are known by their outer sides, which are among the upright lines where the picture is hardly higher
        for (int i = 0; i + 1 < rules.Count; i++) ClearBorders(ink, width, height, slope, rules[i], rules[i + 1]);
        if (squares is not null)
        {
            squares = Transpose(squares, height, width);
            for (int i = 0; i < squares.Length; i++) ink[i] = Math.Min(ink[i], squares[i]);
        }
        foreach (Rule rule in rules) ClearTicks(ink, width, height, slope, rule);
        return rules.Count > 0 || squares is not null;
    }

    /// <summary>Clears the line that a single character stands on, such as a dash to write on.</summary>
    /// <param name="ink">[height, width], 0 = ground … 255 = ink.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="skew">Degrees by which the line rises to the right, about.</param>
    /// <returns>Whether there was one.</returns>
    public static bool RemoveBelow(byte[] ink, int width, int height, double skew) =>
        RemoveLevel(ink, width, height, skew, LeastShare, forms: true, isBelow: true).Rules.Count > 0;

    /// <summary>Clears the lines of squared paper around a single character: from edge to edge, in both directions.</summary>
    /// <param name="ink">[height, width], 0 = ground … 255 = ink.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="known">Degrees by which the paper is turned where it is known to be squared. Otherwise two lines in either direction tell it, none of them along the picture's edge, where
    /// strokes may be.</param>
    /// <returns>Degrees by which it is turned, about; null where there were no lines.</returns>
    public static double? RemoveSquares(Span<byte> ink, int width, int height, double? known)
    {
        // Degrees by which the paper may be turned, and the least side of a picture in which its lines may be told from strokes
        const double Turned = 3;
        const int LeastSide = 48;
        int least = known is null ? RulesOfSquares : 0;
        if (Math.Min(width, height) < LeastSide || RunsAlong(ink, 1, width, height) < least || RunsAlong(ink, width - 2, width, height) < least
            || RunsAlong(ink, width, 1, width) < least || RunsAlong(ink, (height - 2) * width, 1, width) < least) return null;
        foreach (double skew in known is { } angle ? [angle] : (ReadOnlySpan<double>)[0, Turned, -Turned])
        {
            byte[] level = ink.ToArray();
            int rules = CountWithin(RemoveLevel(level, width, height, skew, LeastSquareShare, forms: false, ThinOfSquares).Rules, height);
            if (rules < least) continue;
            byte[] upright = Transpose(level, width, height);
            int uprights = CountWithin(RemoveLevel(upright, height, width, -skew, LeastSquareShare, forms: false, ThinOfSquares).Rules, width);
            if (uprights < least || rules + uprights == 0) continue;
            Transpose(upright, height, width).CopyTo(ink);
            return skew;
        }
        return null;

        static int CountWithin(List<Rule> rules, int across) => rules.Count(rule => rule.Middle > 2 * rule.Thickness && rule.Middle < across - 1 - 2 * rule.Thickness);
    }

    /// <summary>Runs of ink along a row or column.</summary>
    private static int RunsAlong(ReadOnlySpan<byte> ink, int start, int step, int count)
    {
        int runs = 0;
        bool wasInk = false;
        for (int i = 0; i < count; i++)
        {
            bool isInk = ink[start + i * step] >= LeastInk;
            if (isInk && !wasInk) runs++;
            wasInk = isInk;
        }
        return runs;
    }

    /// <summary>Clears the lines of a table that hang together, wherever it is on the page: however many of its lines are tilted or bent, and however thick some are, there is hardly anything else
    /// among its ink but the strokes that touch it.</summary>
    /// <param name="ink">[height, width], nothing but the component that the lines may be; stays as it is where there is no table.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="skew">Degrees by which the writing rises to the right, about.</param>
    /// <returns>The thickness of its thickest line; 0 where it is no table.</returns>
    public static int RemoveTable(byte[] ink, int width, int height, double skew)
    {
        const int LeastLines = 3;
        byte[] level = [.. ink], upright = Transpose(ink, width, height);
        List<Rule> rules = RemoveTableLines(level, width, height, skew);
        if (rules.Count < LeastLines) return 0;
        List<Rule> uprights = RemoveTableLines(upright, height, width, -skew);
        if (uprights.Count < LeastLines) return 0;
        upright = Transpose(upright, height, width);
        for (int i = 0; i < ink.Length; i++) ink[i] = Math.Min(level[i], upright[i]);
        return rules.Concat(uprights).Max(rule => rule.Thickness);
    }

    /// <summary>Clears the lines of a table that are about level, those at one angle after those at another.</summary>
    private static List<Rule> RemoveTableLines(byte[] ink, int width, int height, double skew)
    {
        // Share of the columns between the picture's edges in which a line shows; slopes that are looked at, beside the page's own, and how often; how much thicker than most lines some
        // are; and by what share of its length a line bends
        const double LeastShare = 0.3, MostTilt = 0.1, MostBend = 0.03;
        const int MostSlopes = 8, Thick = 3;
        var rules = new List<Rule>();
        if (width < LeastSpan) return rules;
        double around = -Math.Tan(skew * Math.PI / 180);
        int beyond = (int)(width * (Math.Abs(around) + MostTilt) / 2) + 2, most = (int)(MostTilt * width);
        var bins = new float[height + 2 * beyond];
        List<Run>[] columns = Columns(ThinRuns(ink, width, height, thick: Thick), width);
        for (int i = 0, found = -1; i < MostSlopes && rules.Count > found; i++)
        {
            found = rules.Count;
            double slope = MostDistinct([.. columns.SelectMany(column => column ?? [])], Enumerable.Range(-most, 2 * most + 1).Select(k => around + (double)k / width), width, beyond, bins);
            for (int row = 1; row + 1 < bins.Length; row++)
            {
                double least = LeastShare * Math.Max(LeastSpan, Span(slope, row - beyond, width, height));
                if (bins[row] < bins[row - 1] || bins[row] <= bins[row + 1] || bins[row - 1] + bins[row] + bins[row + 1] < least) continue;
                // Several rows pass along parts of a line that is tilted; the first of them clears it
                if (Covered(columns, slope, row - beyond) < least || Clear(ink, width, height, columns, slope, row - beyond, 0, width, MostBend * width) is not { } rule) continue;
                rules.Add(rule);
                TakeOutCleared(ink, width, columns);
            }
        }
        return rules;
    }

    /// <summary>Whether some ink at the picture's top and some at its bottom are about one above the other.</summary>
    private static bool MayHaveSeparators(byte[] ink, int width, int height)
    {
        const double MostSlant = 0.1;
        if (height < 2) return false;
        int reach = (int)(MostSlant * height);
        for (int x = 0, next = 0; x < width; x++)
        {
            if (!IsInk(x, 0)) continue;
            for (next = Math.Max(next, x - reach); next < Math.Min(width, x + reach + 1); next++)
                if (IsInk(next, height - 2)) return true;
        }
        return false;

        bool IsInk(int x, int y) => ink[y * width + x] >= LeastInk || ink[(y + 1) * width + x] >= LeastInk;
    }

    /// <summary>Whether upright lines part the boxes of a row: several, at one distance, that go from the picture's top to its bottom, and what is written between them doesn't.</summary>
    /// <param name="uprights">The lines, in the transposed picture.</param>
    /// <param name="squares">[width, height], without them.</param>
    /// <param name="width">Pixels in a row of the picture.</param>
    /// <param name="height">Its rows.</param>
    private static bool AreSeparators(List<Rule> uprights, byte[] squares, int width, int height)
    {
        // Height of the writing, where lines are as thick as strokes and may be tall 1s, and ground above and below most of it, in shares of the picture's height
        const double MostHeight = 0.6, LeastGround = 0.05, Ends = 0.05;
        const double Thin = 0.5, LeastArea = 1.0 / 6, MostUnevenness = 0.15;
        const int Several = 3;
        Rule[] full = [.. uprights.Where(line => line.Left <= Ends * height && line.Right >= (1 - Ends) * height - 1)];
        if (full.Length < Several) return false;
        int[] distances = [.. full.Zip(full.Skip(1), (a, b) => b.Middle - a.Middle).Order()];
        double usual = distances[distances.Length / 2];
        // Beside a line there may be another one, of the next box
        if (distances.Any(d => d > MostUnevenness * usual && Math.Abs(d - usual) > MostUnevenness * usual)) return false;
        var mask = new byte[squares.Length];
        for (int i = 0; i < mask.Length; i++) mask[i] = squares[i] >= CharacterNormalizer.InkLevel ? (byte)1 : (byte)0;
        var components = new List<InkComponent>();
        var labels = new int[mask.Length];
        InkComponents.Find(mask, height, width, labels, components);
        int largest = components.Select(c => c.Area).DefaultIfEmpty().Max();
        InkComponent[] writing = [.. components.Where(c => c.Area >= LeastArea * largest)];
        if (writing.Length < 2) return false;
        double[] thickness = InkComponents.Thickness(labels, height, width, components);
        double stroke = writing.Select(c => thickness[c.Label]).Order().ElementAt(writing.Length / 2);
        // Along the picture's sides it may be the form's frame, which is thicker
        int[] within = [.. full.Where(line => line.Middle > line.Thickness && line.Middle < width - 1 - line.Thickness).Select(line => line.Thickness)];
        bool areThin = within.Length > 1 && within.Max() <= Thin * stroke;
        return areThin || writing.All(c => c.Box.Width < MostHeight * height)
            && 2 * writing.Count(c => c.Box.Left >= LeastGround * height && c.Box.Right <= (1 - LeastGround) * height) > writing.Length;
    }

    /// <summary>Clears upright lines from the picture's top to its bottom that have all writing on one side of them and are higher than it at both ends: borders of a field that was cut a
    /// little too wide. A 1 may be as high in a picture cut as close as can be, but then the digits beside it are at least two thirds of that, and letters beside an l end at its bottom.</summary>
    /// <param name="ink">[height, width], without the rules.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="components">Of the ink.</param>
    /// <returns>Whether there were any.</returns>
    public static bool RemoveSides(byte[] ink, int width, int height, List<InkComponent> components)
    {
        // Shares of the picture's height: of what is beside a line, and of the ground above and below that; and of the largest component's area
        const double MostHeight = 0.6, LeastGround = 0.05, LeastArea = 1.0 / 6;
        List<(int Row, int Left, int Right)> left = SideLine(ink, width, height, 1), right = SideLine(ink, width, height, -1);
        if (left.Count + right.Count == 0) return false;
        int from = left.Select(run => run.Right).DefaultIfEmpty().Max(), to = right.Select(run => run.Left).DefaultIfEmpty(width).Min();
        InkComponent[] between = [.. components.Where(c => c.Box.Left >= from && c.Box.Right <= to)];
        int largest = between.Select(c => c.Area).DefaultIfEmpty().Max();
        between = [.. between.Where(c => c.Area >= LeastArea * largest)];
        // A sign and a 1 are as a digit and a line
        if (between.Length < 2 || between.Any(c => c.Box.Height >= MostHeight * height)
            || 2 * between.Count(c => c.Box.Top >= LeastGround * height && c.Box.Bottom <= (1 - LeastGround) * height) <= between.Length) return false;
        foreach (var (row, start, end) in left.Concat(right))
            for (int x = Math.Max(0, start - 1); x < Math.Min(width, end + 1); x++) ink[row * width + x] = 0;
        return true;
    }

    /// <summary>The outermost ink of each row, where it is a thin straight line from the picture's top to its bottom that nothing joins but rules at its ends; none otherwise.</summary>
    /// <param name="ink">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="direction">1: from the left, -1: from the right.</param>
    private static List<(int Row, int Left, int Right)> SideLine(byte[] ink, int width, int height, int direction)
    {
        // Of the rows; the others in shares of them
        const double LeastShare = 0.9, MostThickness = 0.1, MostSlant = 0.1, Ends = 0.1;
        const float Bend = 1.5f;
        var edges = new int[height];
        for (int y = 0; y < height; y++)
        {
            int x = direction > 0 ? 0 : width - 1;
            while (x >= 0 && x < width && ink[y * width + x] < LeastInk) x += direction;
            edges[y] = x;
        }
        int third = height / 3;
        if (third == 0) return [];
        int upper = edges.Take(third).Order().ElementAt(third / 2), lower = edges.TakeLast(third).Order().ElementAt(third / 2);
        if (Math.Abs(lower - upper) > MostSlant * height) return [];
        var runs = new List<(int Row, int Left, int Right)>();
        int first = height, last = -1;
        for (int y = 0; y < height; y++)
        {
            if (Math.Abs(edges[y] - upper - (lower - upper) * (y - third / 2) / (float)(height - third)) > Bend) continue;
            bool? thin = ThinRun(ink, width, height, edges[y], y, Math.Max(3, (int)(MostThickness * height)), out _, out int left, out int right);
            if (thin is null && y >= Ends * height && y < (1 - Ends) * height) return [];
            if (thin == false) continue;
            (first, last) = (Math.Min(first, y), y);
            if (thin == true) runs.Add((y, left, right));
        }
        return runs.Count >= LeastShare * height && first <= 1 && last >= height - 2 ? runs : [];
    }

    /// <summary>Clears the upright lines of an open comb, which stand on a rule: thin, as high as one another, at equal distances, from one end of the rule to the other.</summary>
    private static void ClearTicks(byte[] ink, int width, int height, double slope, Rule rule)
    {
        const int LeastTicks = 4;
        int blur = rule.Thickness + 2, least = blur + 4, ends = rule.Ends;
        var ticks = new List<(int X, int Height)>();
        for (int x = Math.Max(0, rule.Left - ends); x < Math.Min(width, rule.Right + ends); x++)
        {
            int rise = Rise(x);
            if (rise < least) continue;
            if (ticks.Count > 0 && x - ticks[^1].X <= blur)
            {
                if (rise > ticks[^1].Height) ticks[^1] = (x, rise);
            }
            else ticks.Add((x, rise));
        }
        if (ticks.Count < LeastTicks) return;
        // Their usual height is that of most; strokes that reach down to the rule have others
        int usual = ticks.Select(t => t.Height).MaxBy(h => ticks.Count(t => Math.Abs(t.Height - h) <= 2));
        ticks.RemoveAll(t => Math.Abs(t.Height - usual) > 2);
        if (ticks.Count < LeastTicks || ticks[0].X - rule.Left > ends || rule.Right - ticks[^1].X > ends) return;
        double pitch = ticks.Zip(ticks.Skip(1), (a, b) => b.X - a.X).Order().ElementAt((ticks.Count - 1) / 2);
        if (pitch < 2 * blur || ticks.Any(t => Math.Abs((t.X - ticks[0].X) / pitch - Math.Round((t.X - ticks[0].X) / pitch)) * pitch > 2 + 0.06 * pitch)) return;
        foreach (var (x, _) in ticks)
            for (int t = -blur; t <= usual + 1; t++)
                if (IsThin(x, t, out int row, out int left, out int right))
                    for (int u = Math.Max(0, left - 1); u < Math.Min(width, right + 1); u++) ink[row + u] = 0;

        // Rows above the rule in which there is thin ink, without a gap; the rule itself was cleared, and its edge with it
        int Rise(int x)
        {
            int t = 0;
            while (t <= blur && !IsThin(x, t, out _, out _, out _)) t++;
            if (t > blur) return 0;
            while (IsThin(x, t, out _, out _, out _)) t++;
            return t;
        }

        bool IsThin(int x, int t, out int row, out int left, out int right) =>
            ThinRun(ink, width, height, (int)Math.Round(x + slope * t), (int)Math.Round(rule.Middle + slope * (x - width / 2.0) - t), blur, out row, out left, out right) == true;
    }

    private static byte[] Transpose(byte[] map, int width, int height)
    {
        const int Block = 32;
        var transposed = new byte[width * height];
        for (int y0 = 0; y0 < height; y0 += Block)
            for (int x0 = 0; x0 < width; x0 += Block)
                for (int y = y0; y < Math.Min(height, y0 + Block); y++)
                    for (int x = x0; x < Math.Min(width, x0 + Block); x++) transposed[x * height + y] = map[y * width + x];
        return transposed;
    }

    /// <summary>Clears rules that are about level.</summary>
    /// <param name="ink">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="skew">Degrees by which they rise to the right, about.</param>
    /// <param name="leastShare">Share of the columns between the picture's edges in which a rule shows at least.</param>
    /// <param name="forms">Whether the tops and bottoms of boxes and combs that are shorter are to be cleared too.</param>
    /// <param name="thin">Share of all runs of ink that those of rules are no thicker than.</param>
    /// <param name="isBelow">Whether only a line is to be cleared that a single character stands on.</param>
    /// <returns>The rules, and the rows by which they fall per column.</returns>
    private static (List<Rule> Rules, double Slope) RemoveLevel(byte[] ink, int width, int height, double skew, double leastShare, bool forms, double thin = 0.5, bool isBelow = false)
    {
        var rules = new List<Rule>();
        if (width < LeastSpan) return (rules, 0);
        List<Run> runs = ThinRuns(ink, width, height, thin);
        double shortest = forms ? Math.Max(LeastFormLine, LeastFormShare * width) : leastShare * width;
        if (runs.Count < FormCoverage * shortest) return (rules, 0);
        double around = -Math.Tan(skew * Math.PI / 180);
        // by the row in which a line crosses the picture's middle, which may be beyond the picture
        int beyond = (int)(width * (Math.Abs(around) + 0.02) / 2) + 2;
        var bins = new float[height + 2 * beyond];
        // Angles about the page's, a pixel apart at the picture's other side, and about the picture's own: the writing may rise on level lines
        int near = (int)(0.015 * width) + 2;
        double[] slopes = [.. Enumerable.Range(-near, 2 * near + 1).Select(k => (double)k / width)];
        double slope = MostDistinct(runs, slopes.Select(tilt => around + tilt).Concat(Math.Abs(around) * width > 2 * near ? slopes : []), width, beyond, bins);
        var lines = new List<(int Middle, int Left, int Right)>();
        List<Run>[] columns = Columns(runs, width);
        for (int i = 1; i + 1 < bins.Length; i++)
        {
            float count = bins[i - 1] + bins[i] + bins[i + 1];
            // the highest of its neighbours, the first of equals
            if (bins[i] < bins[i - 1] || bins[i] <= bins[i + 1]) continue;
            if (forms && count >= FormCoverage * shortest && IsOfStrokes(ink, width, height, columns, slope, i - beyond)) continue;
            int span = Math.Max(LeastSpan, Span(slope, i - beyond, width, height));
            bool isRule = count >= leastShare * span || !forms && count >= leastShare * (1 - MostHidden) * span && count >= leastShare * (span - Hidden(ink, width, height, slope, i - beyond));
            if (!isRule && !(forms && count >= FormCoverage * shortest)) continue;
            if (isBelow && !IsStoodOn(ink, width, height, columns, slope, i - beyond)) continue;
            if (!isRule) lines.AddRange(FormLines(columns, slope, i - beyond, width, shortest));
            else if (Clear(ink, width, height, columns, slope, i - beyond, 0, width) is { } rule) rules.Add(rule);
        }
        // A single short line may be a stroke, unless it is many times as long as the writing on it is high; two one below the other, as long as each other, are a box or a comb
        foreach (var (middle, left, right) in lines)
        {
            int slack = 6 + (right - left) / 20;
            if (!lines.Any(other => Math.Abs(other.Middle - middle) >= 8 && Math.Abs(other.Left - left) <= slack && Math.Abs(other.Right - right) <= slack)
                && !IsUnderline(ink, width, height, slope, middle, left, right)) continue;
            if (Clear(ink, width, height, columns, slope, middle, left, right) is { } rule) rules.Add(rule);
        }
        if ((rules.Count > 0 || !forms) && !isBelow) ClearTilted(ink, width, height, columns, around, forms ? TiltedShare : leastShare, rules);
        rules.Sort((a, b) => a.Middle.CompareTo(b.Middle));
        return (rules, slope);
    }

    /// <summary>The slope along which the runs make the most distinct lines, the first of equals, and the profile there.</summary>
    private static double MostDistinct(List<Run> runs, IEnumerable<double> slopes, int width, int beyond, float[] bins)
    {
        int every = Math.Max(1, runs.Count / MostRuns);
        List<Run> sample = every == 1 ? runs : [.. runs.Where((_, i) => i % every == 0)];
        double distinct = 0, most = -1;
        foreach (double slope in slopes)
        {
            Profile(sample, slope, width, beyond, bins);
            double sum = 0;
            for (int i = 1; i < bins.Length; i++) sum += (double)(bins[i] + bins[i - 1]) * (bins[i] + bins[i - 1]);
            if (sum > most) (most, distinct) = (sum, slope);
        }
        Profile(runs, distinct, width, beyond, bins);
        return distinct;
    }

    /// <summary>Runs by their column; null where there are none.</summary>
    private static List<Run>[] Columns(List<Run> runs, int width)
    {
        var columns = new List<Run>[width];
        foreach (Run run in runs) (columns[run.X] ??= []).Add(run);
        return columns;
    }

    /// <summary>Clears rules that aren't parallel to the others, as on a page that was photographed from aside.</summary>
    /// <param name="ink">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="columns">Thin runs of ink, by their column; those that are cleared are taken out.</param>
    /// <param name="around">About what slope they have.</param>
    /// <param name="leastShare">Share of the columns between the picture's edges in which a rule shows at least.</param>
    /// <param name="rules">Receives them.</param>
    private static void ClearTilted(byte[] ink, int width, int height, List<Run>[] columns, double around, double leastShare, List<Rule> rules)
    {
        // Difference between slopes; pixels at the picture's other side from one slope to the next; lines that are looked at, several for each rule
        const double MostTilt = 0.03;
        const int Step = 2, MostLines = 1000;
        TakeOutCleared(ink, width, columns);
        List<Run> runs = [.. columns.SelectMany(column => column ?? [])];
        int beyond = (int)(width * (Math.Abs(around) + MostTilt) / 2) + 2, most = (int)(MostTilt * width / Step), every = Math.Max(1, runs.Count / MostRuns);
        if (every > 1) runs = [.. runs.Where((_, i) => i % every == 0)];
        var bins = new float[height + 2 * beyond];
        var lines = new List<(float Count, double Slope, int Middle)>();
        for (int k = -most; k <= most; k++)
        {
            double slope = around + (double)(k * Step) / width;
            Profile(runs, slope, width, beyond, bins);
            for (int i = 1; i + 1 < bins.Length; i++)
            {
                float count = every * (bins[i - 1] + bins[i] + bins[i + 1]);
                if (bins[i] >= bins[i - 1] && bins[i] > bins[i + 1] && count >= leastShare * LeastSpan && count >= Least(slope, i - beyond)) lines.Add((count, slope, i - beyond));
            }
        }
        foreach (var (_, slope, middle) in lines.OrderByDescending(line => line.Count).Take(MostLines))
        {
            if (Covered(columns, slope, middle) < Least(slope, middle) || Clear(ink, width, height, columns, slope, middle, 0, width) is not { } rule) continue;
            rules.Add(rule);
            TakeOutCleared(ink, width, columns);
        }

        double Least(double slope, int middle) => leastShare * Math.Max(LeastSpan, Span(slope, middle, width, height));
    }

    /// <summary>Leaves the runs that weren't cleared with another rule.</summary>
    private static void TakeOutCleared(byte[] ink, int width, List<Run>[] columns)
    {
        foreach (var column in columns) column?.RemoveAll(run => ink[(run.Top + run.Bottom) / 2 * width + run.X] == 0);
    }

    /// <summary>Columns in which thin ink shows where a line passes.</summary>
    private static int Covered(List<Run>[] columns, double slope, int middle)
    {
        int covered = 0;
        for (int x = 0; x < columns.Length; x++)
            if (IsCovered(columns[x], (float)(middle + slope * (x - columns.Length / 2.0)))) covered++;
        return covered;
    }

    /// <summary>Columns in which a line is hidden by strokes: where there is ink on it and well beside it.</summary>
    private static int Hidden(byte[] ink, int width, int height, double slope, int middle)
    {
        const int Beside = 4;
        int hidden = 0;
        for (int x = 0; x < width; x++)
        {
            int y = (int)Math.Round(middle + slope * (x - width / 2.0));
            if (y < Beside || y + Beside >= height) continue;
            if (ink[y * width + x] >= LeastInk && (ink[(y - Beside) * width + x] >= LeastInk || ink[(y + Beside) * width + x] >= LeastInk)) hidden++;
        }
        return hidden;
    }

    /// <summary>Whether what lies next above and next below a line is low beside its length, as a line of writing is, and the strokes of a character aren't.</summary>
    private static bool IsUnderline(byte[] ink, int width, int height, double slope, int middle, int left, int right)
    {
        const int Blur = 4;
        return right - left >= 2 * LeastFormShare * width && IsLow(-1) && IsLow(1);

        bool IsLow(int direction)
        {
            int most = (right - left) / 4, from = Blur;
            while (from <= most && !HasInk(direction * from)) from++;
            int to = from;
            while (to - from <= most && HasInk(direction * to)) to++;
            return to - from <= most;
        }

        bool HasInk(int offset) => HasInkBeside(ink, width, height, slope, middle, offset, left, right);
    }

    /// <summary>Whether there is ink along a part of a line, or of one that is so many rows below it.</summary>
    private static bool HasInkBeside(byte[] ink, int width, int height, double slope, int middle, int offset, int left, int right)
    {
        for (int x = left; x < right; x++)
        {
            int y = (int)Math.Round(middle + offset + slope * (x - width / 2.0));
            if (y >= 0 && y < height && ink[y * width + x] >= LeastInk) return true;
        }
        return false;
    }

    /// <summary>Whether a line is made of level strokes of characters in a row, such as the feet of LL: it shows in pieces with bare ground between them, less than half of the picture
    /// long, most of which end in ink that is high beside them at one end, as the foot of an L does in its stem. Those that do at both ends are the sides of boxes, and dashes to write on
    /// reach beyond the writing.</summary>
    private static bool IsOfStrokes(byte[] ink, int width, int height, List<Run>[] columns, double slope, int middle)
    {
        // Columns of bare ground between two pieces; rows that a line may depart from the straight one; share of the line that is of strokes; and the height of a character, in lengths of its
        // level stroke and in thicknesses
        const int LeastGap = 2, Reach = 3;
        const double MostStrokes = 0.75, LeastHeight = 0.5, LeastThicknesses = 3;
        int all = 0, ofStrokes = 0;
        for (int left = 0; left < width; left++)
        {
            if (IsBare(left)) continue;
            int right = left + 1;
            for (int x = right; x < width && x < right + LeastGap; x++)
                if (!IsBare(x)) right = x + 1;
            Run[] runs = [.. Enumerable.Range(left, right - left).Select(x => RunAt(columns[x], Row(x))).OfType<Run>()];
            if (runs.Length > 0)
            {
                int thickness = runs.Select(run => run.Thickness).Order().ElementAt(runs.Length / 2), ends = Math.Min(thickness + 2, (right - left) / 2);
                int high = (int)Math.Max(LeastHeight * (right - left), LeastThicknesses * thickness);
                all += runs.Length;
                if (2 * (right - left) < width && IsHigh(left, left + ends, high) != IsHigh(right - ends, right, high)) ofStrokes += runs.Length;
            }
            left = right;
        }
        return ofStrokes > MostStrokes * all;

        float Row(int x) => (float)(middle + slope * (x - width / 2.0));

        bool IsBare(int x)
        {
            int y = (int)Math.Round(Row(x));
            for (int row = Math.Max(0, y - Reach); row <= Math.Min(height - 1, y + Reach); row++)
                if (ink[row * width + x] >= LeastInk) return false;
            return true;
        }

        // Whether ink goes on beyond the line's reach for so many rows, upwards and downwards together
        bool IsHigh(int from, int to, int least)
        {
            int rows = 0;
            foreach (int direction in (ReadOnlySpan<int>)[-1, 1])
                for (int offset = Reach + 1; rows < least && HasInkBeside(ink, width, height, slope, middle, direction * offset, from, to); offset++) rows++;
            return rows >= least;
        }
    }

    /// <summary>Whether all ink stands on a line and leaves both of its ends free. The level strokes of a character, such as the foot of an L or of a 2, end in others, or these go on below.</summary>
    private static bool IsStoodOn(byte[] ink, int width, int height, List<Run>[] columns, double slope, int middle)
    {
        // Rows that a line departs from the straight one, rows that strokes go beyond it, and columns beyond its thickness that are free at either end
        const int Reach = 3, MostBelow = 3, Free = 2;
        int left = Array.FindIndex(columns, IsCoveredHere), right = Array.FindLastIndex(columns, IsCoveredHere) + 1;
        if (left < 0) return false;
        int free = Math.Min(RunAt(columns[left], Row(left))!.Value.Thickness + Free, (right - left) / 2);
        for (int offset = Reach + 1; offset < height; offset++)
        {
            if (HasInk(-offset, 0, left + free) || HasInk(-offset, right - free, width) || offset > Reach + MostBelow && HasInk(offset, 0, width)) return false;
        }
        return true;

        bool IsCoveredHere(List<Run>? column) => column is { Count: > 0 } && IsCovered(column, Row(column[0].X));
        bool HasInk(int offset, int from, int to) => HasInkBeside(ink, width, height, slope, middle, offset, from, to);
        float Row(int x) => (float)(middle + slope * (x - width / 2.0));
    }

    /// <summary>Parts of a straight line in which thin ink shows in most columns.</summary>
    private static IEnumerable<(int Middle, int Left, int Right)> FormLines(List<Run>[] columns, double slope, int middle, int width, double shortest)
    {
        int from = 0;
        while (from < width)
        {
            // The part whose columns have the greatest sum, where one with ink counts for and one without against it (Kadane), as long as it stays above 0
            double sum = 0, best = 0;
            int start = from, left = from, right = from, x = from;
            for (; x < width; x++)
            {
                sum += (IsCovered(columns[x], (float)(middle + slope * (x - width / 2.0))) ? 1 : 0) - FormCoverage;
                if (sum > best) (best, left, right) = (sum, start, x + 1);
                if (sum > 0) continue;
                if (best > 0) break;
                (sum, start) = (0, x + 1);
            }
            if (right - left >= shortest) yield return (middle, left, right);
            from = best > 0 ? right + 1 : x + 1;
        }
    }

    /// <summary>Whether thin ink shows in a column where a line passes.</summary>
    private static bool IsCovered(List<Run>? column, float row) => RunAt(column, row) is not null;

    /// <summary>The thin ink that shows in a column where a line passes.</summary>
    /// <param name="column">The column's runs, from top to bottom; null where there are none.</param>
    /// <param name="row">Where the line passes.</param>
    private static Run? RunAt(List<Run>? column, float row)
    {
        const float Reach = 1.5f;
        foreach (Run run in column ?? [])
        {
            if (run.Middle > row + Reach) return null;
            if (run.Middle >= row - Reach) return run;
        }
        return null;
    }

    /// <summary>The vertical runs that are no thicker than a share of all are, or than so many times as much.</summary>
    private static List<Run> ThinRuns(byte[] ink, int width, int height, double share = 0.5, int thick = 1)
    {
        var runs = new List<Run>();
        for (int x = 0; x < width; x++)
            for (int y = 0; y < height; y++)
            {
                if (ink[y * width + x] < LeastInk) continue;
                int top = y;
                while (y < height && ink[y * width + x] >= LeastInk) y++;
                runs.Add(new Run(x, top, y));
            }
        if (runs.Count == 0) return runs;
        int[] thickness = [.. runs.Select(r => r.Thickness)];
        Array.Sort(thickness);
        int most = thick * thickness[(int)(share * thickness.Length)] + 2;
        runs.RemoveAll(r => r.Thickness > most);
        return runs;
    }

    /// <summary>How many runs lie on each line of a slope.</summary>
    private static void Profile(List<Run> runs, double slope, int width, int beyond, float[] bins)
    {
        Array.Clear(bins);
        foreach (var run in runs)
        {
            float y = run.Middle - (float)slope * (run.X - width / 2f) + beyond;
            int bin = (int)y;
            float part = y - bin;
            bins[bin] += 1 - part;
            bins[bin + 1] += part;
        }
    }

    /// <summary>Columns in which a line is on the picture.</summary>
    private static int Span(double slope, double middle, int width, int height)
    {
        int columns = 0;
        for (int x = 0; x < width; x++) if (middle + slope * (x - width / 2.0) is >= 0 and var y && y < height) columns++;
        return columns;
    }

    /// <summary>Follows a rule from column to column and clears it where it isn't part of a stroke.</summary>
    /// <returns>The rule, or null if there is none.</returns>
    private static Rule? Clear(byte[] ink, int width, int height, List<Run>[] columns, double slope, int middle, int from, int to, double mostDrift = MostDrift)
    {
        const float Reach = 3, Following = 0.1f;
        var found = new List<Run>();
        int start = from;
        if (mostDrift > MostDrift)
        {
            // The ends of a line that bends are too far away to be found from there
            int[] covered = [.. Enumerable.Range(from, to - from).Where(x => IsCovered(columns[x], Row(x)))];
            if (covered.Length > 0) start = covered[covered.Length / 2];
        }
        float drift = 0;
        for (int x = start - 1; x >= from; x--) Follow(x);
        found.Reverse();
        drift = 0;
        for (int x = start; x < to; x++) Follow(x);
        if (found.Count == 0) return null;
        int[] thickness = [.. found.Select(r => r.Thickness)];
        Array.Sort(thickness);
        int typical = thickness[thickness.Length / 2], most = typical + Math.Max(2, typical / 2);
        foreach (Run run in RuleAlone(ink, width, height, found, most))
        {
            for (int y = Math.Max(0, run.Top - 1); y < Math.Min(height, run.Bottom + 1); y++) ink[y * width + run.X] = 0;
        }
        // A few columns at the ends may be stray ink on the same line.
        int stray = found.Count / 50;
        return new Rule(middle, typical, found[stray].X, found[^(1 + stray)].X);

        float Row(int x) => (float)(middle + slope * (x - width / 2.0));

        void Follow(int x)
        {
            float expected = Row(x) + drift, distance = Reach;
            Run nearest = default;
            foreach (var run in columns[x] ?? [])
                if (Math.Abs(run.Middle - expected) < distance) (nearest, distance) = (run, Math.Abs(run.Middle - expected));
            if (nearest.Thickness == 0) return;
            drift = (float)Math.Clamp(drift + Following * (nearest.Middle - expected), -mostDrift, mostDrift);
            found.Add(nearest);
        }
    }

    /// <summary>The runs in which there is nothing but the rule: no stroke that joins it and makes it thicker, nor one that runs along it for a while, as the bottom of a U does, and makes it
    /// darker.</summary>
    /// <param name="ink">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="runs">Of the rule, from left to right.</param>
    /// <param name="most">Thickness beyond which a run is a stroke.</param>
    private static List<Run> RuleAlone(byte[] ink, int width, int height, List<Run> runs, int most)
    {
        // A written part has more ink than the rule around it by this share, and by this many times what the rule's faintest tenth has less than its median
        const double LeastExcess = 0.4, Spread = 2;
        // Columns on either side around which the rule's own ink is looked for, at the lower third: a part may be up to two thirds of that before it counts as the rule
        int around = Math.Max(60, width / 25);
        // Over the whole run: how dark its darkest pixel is depends on where the rule lies between pixels, their sum doesn't. 0 is what another rule was cleared with.
        var sums = new int[runs.Count];
        for (int i = 0; i < sums.Length; i++)
            for (int y = Math.Max(0, runs[i].Top - 1); y < Math.Min(height, runs[i].Bottom + 1); y++) sums[i] += ink[y * width + runs[i].X];
        int[] thin = [.. sums.Where((sum, i) => IsThin(i) && sum > 0).Order()];
        double spread = thin.Length == 0 ? 0 : Spread * (thin[thin.Length / 2] - thin[thin.Length / 10]);
        var isWritten = new bool[runs.Count];
        double usual = 0;
        for (int i = 0, first = 0, end = 0, next = 0; i < runs.Count; i++)
        {
            if (runs[i].X >= next)
            {
                next = runs[i].X + around / 4;
                while (runs[first].X < runs[i].X - around) first++;
                while (end < runs.Count && runs[end].X <= runs[i].X + around) end++;
                int[] near = [.. Enumerable.Range(first, end - first).Where(k => IsThin(k) && sums[k] > 0).Select(k => sums[k]).Order()];
                usual = near.Length == 0 ? 0 : near[near.Length / 3];
            }
            // Three columns, against noise
            int sum = 0, columns = 0;
            for (int k = Math.Max(0, i - 1); k < Math.Min(runs.Count, i + 2); k++)
                if (IsThin(k) && Math.Abs(runs[k].X - runs[i].X) <= 1) (sum, columns) = (sum + sums[k], columns + 1);
            isWritten[i] = IsThin(i) && sum > columns * (usual + Math.Max(spread, LeastExcess * usual));
        }
        // A written part ends in a stroke that leaves the rule; where neither end does, the rule itself is darker for a while
        for (int i = 0; i < runs.Count;)
        {
            int start = i++;
            if (!isWritten[start]) continue;
            while (i < runs.Count && isWritten[i] && runs[i].X == runs[i - 1].X + 1) i++;
            if (!IsStroke(start - 1, start, -1) && !IsStroke(i, i - 1, 1)) Array.Clear(isWritten, start, i - start);
        }
        return [.. runs.Where((_, i) => IsThin(i) && !isWritten[i])];

        bool IsThin(int i) => runs[i].Thickness <= most;

        // Whether there is a stroke in the column next to that of a run: it is too thick for the rule, if it is among its runs at all
        bool IsStroke(int neighbour, int i, int direction)
        {
            int x = runs[i].X + direction;
            if (x < 0 || x >= width || ink[(runs[i].Top + runs[i].Bottom) / 2 * width + x] < LeastInk) return false;
            return neighbour < 0 || neighbour >= runs.Count || runs[neighbour].X != x || !IsThin(neighbour);
        }
    }

    /// <summary>Clears straight thin lines from one rule to the next, square to both: the borders of boxes, of which the rules are the tops and bottoms.</summary>
    /// <param name="ink">[height, width], without the rules.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="slope">Rows by which rules fall per column.</param>
    /// <param name="upper">The upper rule.</param>
    /// <param name="lower">The lower rule.</param>
    private static void ClearBorders(byte[] ink, int width, int height, double slope, Rule upper, Rule lower)
    {
        // Share of the rows in which a border shows, and of those that strokes across it may hide; where the rules end, writing may cover most of it.
        const double LeastShare = 0.9, MostHidden = 0.4, MostHiddenAtEnd = 0.75;
        // Lines as thin as rules, give or take the blur of a scan; nearer to a rule than that its own edge may be what is seen.
        int gap = lower.Middle - upper.Middle, blur = Math.Max(upper.Thickness, lower.Thickness) + 2;
        // Boxes that hold a character are many times as high as their lines are thick.
        if (gap < 8 * blur) return;
        var borders = new List<int>();
        double last = 0;
        for (int x = Math.Max(0, Math.Max(upper.Left - upper.Ends, lower.Left - lower.Ends)); x < Math.Min(width, Math.Min(upper.Right + upper.Ends, lower.Right + lower.Ends)); x++)
        {
            double share = Share(x);
            if (share < LeastShare)
            {
                last = 0;
                continue;
            }
            if (last == 0) borders.Add(x);
            else if (share > last) borders[^1] = x;
            else continue;
            last = share;
        }
        if (borders.Count == 0) return;
        // The rules of boxes end at the outer borders; those of ruled paper go on, and what stands between them is writing.
        bool isBox = borders.Count > 1 && borders[0] - upper.Left <= 2 * blur && upper.Right - borders[^1] <= 2 * blur;
        // Of the two, writing may hide one altogether
        if (!isBox) borders.RemoveAll(x => !IsAtEnd(x));
        foreach (int border in borders)
        {
            for (int t = -blur; t <= gap + blur; t++)
            {
                if (Thin(border, t, out int row, out int left, out int right) != true) continue;
                for (int x = Math.Max(0, left - 1); x < Math.Min(width, right + 1); x++) ink[row + x] = 0;
            }
        }

        // Where both rules end, and not because the picture does.
        bool IsAtEnd(int x)
        {
            double below = x - slope * gap;
            return x - upper.Left <= 2 * blur && below - lower.Left <= 2 * blur && Math.Min(upper.Left, lower.Left) > blur
                || upper.Right - x <= 2 * blur && lower.Right - below <= 2 * blur && Math.Max(upper.Right, lower.Right) < width - blur;
        }

        // Of the rows between the rules, those with thin ink here; 0 where it doesn't reach both.
        double Share(int x)
        {
            if (Thin(x, blur, out _, out _, out _) == false || Thin(x, gap - blur, out _, out _, out _) == false) return 0;
            int thin = 0, hidden = 0, rows = gap - 2 * blur + 1;
            for (int t = blur; t <= gap - blur; t++)
            {
                switch (Thin(x, t, out _, out _, out _))
                {
                    case true: thin++; break;
                    case null: hidden++; break;
                }
            }
            return hidden > (IsAtEnd(x) ? MostHiddenAtEnd : MostHidden) * rows ? 0 : (double)thin / (rows - hidden);
        }

        // Ink t rows below the upper rule.
        bool? Thin(int x, int t, out int row, out int left, out int right) =>
            ThinRun(ink, width, height, (int)Math.Round(x - slope * t), (int)Math.Round(upper.Middle + slope * (x - width / 2.0) + t), blur, out row, out left, out right);
    }

    /// <summary>The level run of ink at a point.</summary>
    /// <returns>Whether it is at most as long as a line is thick; null where it is longer, a stroke; false where there is no ink.</returns>
    private static bool? ThinRun(byte[] ink, int width, int height, int column, int y, int most, out int row, out int left, out int right)
    {
        (row, left, right) = (y * width, column, column);
        if (y < 0 || y >= height || column < 0 || column >= width || ink[row + column] < LeastInk) return false;
        while (left > 0 && right - left <= most && ink[row + left - 1] >= LeastInk) left--;
        while (right < width && right - left <= most && ink[row + right] >= LeastInk) right++;
        return right - left <= most ? true : null;
    }
}
