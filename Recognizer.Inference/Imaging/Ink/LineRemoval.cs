using System.Buffers;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Takes ruled lines and the borders of boxes out of an ink mask, leaving the strokes that cross them.</summary>
internal static class LineRemoval
{
    /// <summary>Least height of a picture whose upright lines are removed: lower ones are too coarse to tell a line from the stem of a closely cropped 4, 7 or 9. (Held-back
    /// digits as bitmaps of 32 pixels, narrowed to three quarters: 2.4 % wrong with removal, 0.5 % without.)</summary>
    private const int LeastHeightForUprights = 40;

    /// <summary>Share of the width at either side where upright lines are removed from pictures of one character: the sides of its box are there, the stem of a 4, 7 or 9 that fills
    /// the picture's height isn't. (<c>stability</c>, held-back bitmaps that their ink fills: digits keep 99.8 % of their labels with it, 99.5 % without.)</summary>
    private const double UprightBand = 0.25;

    /// <summary>Share of the picture's width below which what is left may be the stem of a T. (The same, letters: 98.9 % with it, 98.7 % without.)</summary>
    private const double StemWidth = 0.3;

    /// <summary>Width that pictures of one character have at most, in heights; wider ones may have lines between boxes anywhere.</summary>
    private const double MostWidth = 1.25;

    /// <summary>Share of the picture's width and height that a box around the character takes at least.</summary>
    private const double LeastFrame = 0.35;

    /// <summary>Lines within a picture that make its paper ruled, so that one along its edge is a line, too, whatever joins it.</summary>
    private const int LeastRules = 2;

    /// <summary>Clears lines from edge to edge of the picture, and a frame around the ink, in <see cref="NormalizerWorkspace.Mask"/> and
    /// <see cref="NormalizerWorkspace.Ink"/>; leaves everything as it was where no character would remain.</summary>
    public static void Remove(NormalizerWorkspace work, int width, int height)
    {
        if (Math.Min(width, height) < 24) return;
        int count = width * height;
        Span<byte> mask = work.Mask.AsSpan(0, count), original = work.Temporary.AsSpan(0, count);
        mask.CopyTo(original);
        bool frame = RemoveFrame(mask, width, height);
        int lines = RemoveLines(mask, width, height, 1, width, 1, out double? line);
        bool ruled = frame || lines > 0;
        Span<byte> before = work.Ground.AsSpan(0, count);
        mask.CopyTo(before);
        // Between ruled lines, uprights may be those of squared paper or a margin
        bool columns = height >= LeastHeightForUprights && RemoveLines(mask, height, width, width, 1, width <= MostWidth * height && lines < 2 ? UprightBand : 1, out _) > 0;
        if (!ruled && !columns) return;
        if (!IsCharacterLeft(mask, original, width, height, lines > 0, columns, lines == 1 && !frame && !columns ? line : null))
        {
            // Without the uprights, which may be stems
            before.CopyTo(mask);
            if (!ruled || !columns || !IsCharacterLeft(mask, original, width, height, lines > 0, columns: false, lines == 1 && !frame ? line : null))
            {
                original.CopyTo(mask);
                return;
            }
        }
        ClearSoftEdge(work.Ink.AsSpan(0, count), mask, original, width, height);
    }

    /// <summary>Clears the soft edge, two pixels, of what was cleared, unless it is the edge of what stays.</summary>
    /// <param name="ink">[height, width]; what is no longer on the mask may go.</param>
    /// <param name="mask">What stays.</param>
    /// <param name="original">What there was; is overwritten.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    private static void ClearSoftEdge(Span<byte> ink, ReadOnlySpan<byte> mask, Span<byte> original, int width, int height)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(ink.Length);
        Span<byte> stays = rented.AsSpan(0, ink.Length), cleared = original;
        Rows.AndNot(cleared, mask);
        WindowExtremum.Squares(cleared, cleared, width, height, 2, maximum: true);
        WindowExtremum.Squares(mask, stays, width, height, 1, maximum: true);
        Rows.AndNot(cleared, stays);
        cleared.Replace((byte)1, byte.MaxValue);
        Rows.AndNot(ink, cleared);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>A character's worth of ink: not a sliver of what there was, of some extent, not at the edges that the lines ran between, and not the stem of a closely cropped
    /// T or t without its bar, the only line of the picture (where there are more, it is ruled).</summary>
    /// <param name="mask">What would remain.</param>
    /// <param name="original">What there was.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="rows">Whether level lines were cleared.</param>
    /// <param name="columns">Whether upright lines were.</param>
    /// <param name="line">Row of a line that may be such a bar, if there is one.</param>
    private static bool IsCharacterLeft(ReadOnlySpan<byte> mask, ReadOnlySpan<byte> original, int width, int height, bool rows, bool columns, double? line)
    {
        int left = width, right = -1, top = height, bottom = -1, area = 0, before = 0;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                if (original[y * width + x] != 0) before++;
                if (mask[y * width + x] == 0) continue;
                area++;
                left = Math.Min(left, x);
                right = Math.Max(right, x);
                top = Math.Min(top, y);
                bottom = Math.Max(bottom, y);
            }
        if (area < before / 12 || Math.Max(right - left, bottom - top) < Math.Min(width, height) / 5) return false;
        if (rows && left == 0 && right == width - 1) return false;
        // A line that a 1 stands on is at its foot, one that was written over mostly lower than a bar, which is hardly longer than its stem.
        int stem = bottom - top + 1;
        if (right - left + 1 < StemWidth * width && width < 1.5 * stem && line is { } bar && bar > top - stem / 10.0 && bar < top + 0.45 * stem) return false;
        return !(columns && top == 0 && bottom == height - 1);
    }

    /// <summary>Removes lines from the first to the last position along one axis that lie in a band, a share of the picture, at either edge (1: anywhere). Written for horizontal
    /// lines; the strides turn it. Returns the number of lines, and where the last of them lies, if there are any.</summary>
    private static int RemoveLines(Span<byte> mask, int length, int across, int stepAlong, int stepAcross, double band, out double? position)
    {
        Span<(int Start, int End)> starts = stackalloc (int, int)[32], ends = stackalloc (int, int)[32];
        int startCount = Runs(mask, across, 0, stepAlong, stepAcross, starts);
        int endCount = Runs(mask, across, (length - 1) * stepAlong, -stepAlong, stepAcross, ends);
        position = null;
        if (startCount == 0 || endCount == 0) return 0;
        int most = Math.Max(2, across / 12);
        Span<int> thickness = length <= 1024 ? stackalloc int[length] : new int[length];
        int removed = 0;
        // Lines along the picture's edge come last
        Span<bool> isEdge = stackalloc bool[32];
        isEdge.Clear();
        foreach (bool edges in (ReadOnlySpan<bool>)[false, true])
            for (int i = 0; i < startCount; i++)
                for (int j = 0; j < endCount && (!edges || isEdge[i]); j++)
                {
                    var (a, b) = (starts[i], ends[j]);
                    int least = Math.Min(a.End - a.Start, b.End - b.Start);
                    double from = (a.Start + a.End - 1) / 2.0, to = (b.Start + b.End - 1) / 2.0;
                    if (least > most || Math.Abs(to - from) > 0.22 * length) continue;
                    if (Math.Max(from, to) >= band * across && across - 1 - Math.Min(from, to) >= band * across) continue;
                    int reach = least / 2 + 2, hits = 0, found = 0;
                    for (int x = 0; x < length; x++)
                    {
                        int center = (int)Math.Round(from + (to - from) * x / Math.Max(1, length - 1));
                        if (!RunAt(mask, across, x * stepAlong, stepAcross, center, reach, out var run)) continue;
                        hits++;
                        thickness[found++] = run.End - run.Start;
                    }
                    if (hits < 0.93 * length) continue;
                    thickness[..found].Sort();
                    int typical = thickness[found / 2];
                    if (typical > most) continue;
                    // Along the picture's edge a line that strokes join could be the character's own, as the bar of a closely cropped T, unless the paper has such lines
                    bool atEdge = Math.Min(from, to) <= typical + 1 || Math.Max(from, to) >= across - 2 - typical;
                    isEdge[i] |= atEdge;
                    if (atEdge != edges) continue;
                    int crossing = 0;
                    foreach (int t in thickness[..found]) if (t > 2 * typical + 1) crossing++;
                    if (atEdge && removed < LeastRules && crossing > 0.02 * length) continue;
                    for (int x = 0; x < length; x++)
                    {
                        int center = (int)Math.Round(from + (to - from) * x / Math.Max(1, length - 1));
                        if (!RunAt(mask, across, x * stepAlong, stepAcross, center, reach, out var run) || run.End - run.Start > typical + Math.Max(2, typical)) continue;
                        for (int y = run.Start; y < run.End; y++) mask[x * stepAlong + y * stepAcross] = 0;
                    }
                    removed++;
                    position = (from + to) / 2;
                }
        return removed;
    }

    /// <summary>Runs of ink across the line's direction within the first two positions.</summary>
    private static int Runs(ReadOnlySpan<byte> mask, int across, int origin, int stepAlong, int stepAcross, Span<(int Start, int End)> runs)
    {
        int count = 0, start = -1;
        for (int y = 0; y <= across; y++)
        {
            bool ink = y < across && (mask[origin + y * stepAcross] != 0 || mask[origin + stepAlong + y * stepAcross] != 0);
            if (ink && start < 0) start = y;
            else if (!ink && start >= 0)
            {
                if (count == runs.Length) return count;
                runs[count++] = (start, y);
                start = -1;
            }
        }
        return count;
    }

    /// <summary>The run of ink across the line that is nearest to a position, within a reach.</summary>
    private static bool RunAt(ReadOnlySpan<byte> mask, int across, int origin, int stepAcross, int center, int reach, out (int Start, int End) run)
    {
        run = default;
        int at = -1;
        for (int d = 0; d <= reach && at < 0; d++)
        {
            if (center - d >= 0 && center - d < across && mask[origin + (center - d) * stepAcross] != 0) at = center - d;
            else if (center + d >= 0 && center + d < across && mask[origin + (center + d) * stepAcross] != 0) at = center + d;
        }
        if (at < 0) return false;
        int start = at, end = at + 1;
        while (start > 0 && mask[origin + (start - 1) * stepAcross] != 0) start--;
        while (end < across && mask[origin + end * stepAcross] != 0) end++;
        run = (start, end);
        return true;
    }

    /// <summary>Peels a frame off: ink along all four sides of the box around all ink, where that box is nearly the picture.</summary>
    private static bool RemoveFrame(Span<byte> mask, int width, int height)
    {
        int left = width, right = -1, top = height, bottom = -1;
        for (int y = 0; y < height; y++)
        {
            var row = mask.Slice(y * width, width);
            int first = row.IndexOfAnyExcept((byte)0);
            if (first < 0) continue;
            left = Math.Min(left, first);
            right = Math.Max(right, row.LastIndexOfAnyExcept((byte)0));
            top = Math.Min(top, y);
            bottom = y;
        }
        int boxWidth = right - left + 1, boxHeight = bottom - top + 1;
        if (boxWidth < LeastFrame * width || boxHeight < LeastFrame * height) return false;
        int corner = top * width + left, far = bottom * width + right;
        // each side: origin, steps along it and inwards, its length and the depth of the box behind it
        Span<(int Origin, int Along, int Inwards, int Length, int Depth)> sides =
        [
            (corner, 1, width, boxWidth, boxHeight), (corner, width, 1, boxHeight, boxWidth),
            (far, -1, -width, boxWidth, boxHeight), (far, -width, -1, boxHeight, boxWidth),
        ];
        Span<int> typical = stackalloc int[4];
        for (int i = 0; i < 4; i++)
        {
            typical[i] = SideThickness(mask, sides[i]);
            if (typical[i] == 0) return false;
        }
        for (int i = 0; i < 4; i++) PeelSide(mask, sides[i], typical[i]);
        return true;
    }

    /// <summary>Typical thickness of ink along a side of the box, or 0 where the side isn't covered by thin ink.</summary>
    private static int SideThickness(ReadOnlySpan<byte> mask, (int Origin, int Along, int Inwards, int Length, int Depth) side)
    {
        int reach = Math.Max(2, side.Depth / 14), most = Math.Max(2, side.Depth / 12), hits = 0;
        Span<int> counts = stackalloc int[most + 2];
        counts.Clear();
        for (int x = 0; x < side.Length; x++)
        {
            if (!FirstRun(mask, side, x, reach, out _, out int thickness)) continue;
            hits++;
            counts[Math.Min(thickness, most + 1)]++;
        }
        if (hits < 0.9 * side.Length) return 0;
        int seen = 0;
        for (int t = 0; t <= most; t++)
        {
            seen += counts[t];
            if (seen * 2 >= hits) return t;
        }
        return 0;
    }

    private static bool FirstRun(ReadOnlySpan<byte> mask, (int Origin, int Along, int Inwards, int Length, int Depth) side, int x, int reach, out int start, out int thickness)
    {
        int p = side.Origin + x * side.Along;
        for (start = 0; start <= reach && mask[p + start * side.Inwards] == 0; start++) { }
        thickness = 0;
        if (start > reach) return false;
        while (start + thickness < side.Depth && mask[p + (start + thickness) * side.Inwards] != 0) thickness++;
        return true;
    }

    private static void PeelSide(Span<byte> mask, (int Origin, int Along, int Inwards, int Length, int Depth) side, int typical)
    {
        int reach = Math.Max(2, side.Depth / 14);
        for (int x = 0; x < side.Length; x++)
        {
            if (!FirstRun(mask, side, x, reach, out int start, out int thickness)) continue;
            // where a stroke joins, only the frame's own thickness
            int depth = thickness > 2 * typical + 1 ? typical : thickness;
            for (int y = start; y < start + depth; y++) mask[side.Origin + x * side.Along + y * side.Inwards] = 0;
        }
    }
}
