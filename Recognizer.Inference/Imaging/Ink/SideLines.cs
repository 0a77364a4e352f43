namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Lines along one to four sides of a picture of one character, thin or thick: those of the form or table that it was cut out of. Most of the picture's border may be such lines, which
/// would then pass for the ground, and a thick one hides how dark ink is. (A <see cref="PictureFrame"/> is level and lies on opposite sides.)</summary>
internal static class SideLines
{
    /// <summary>Least side of a picture: in lower ones a line and a stroke along the edge of a close crop are alike.</summary>
    private const int LeastSide = 48;

    /// <summary>Parts of the picture's depth within which a line begins, counted from the side, and within which it ends.</summary>
    private const int Reach = 24, Deep = 8;

    /// <summary>Least difference between a line and what lies beside it.</summary>
    private const int LeastContrast = 32;

    /// <summary>Most slope of a line, most of it that may be missing within the picture, most that strokes or other lines may join, and the least of a side along which it lies: it may leave
    /// the picture aslant.</summary>
    private const double MostSlope = 0.06, MostMissing = 0.06, MostJoined = 0.3, LeastShare = 0.5;

    /// <summary>Thickness beside the strokes of the character up to which a line is surely none of them, and most ink along its inner edge: strokes that join it; and the
    /// most around all that lines leave, as more of it is the ground of ink of the other polarity.</summary>
    private const double Thin = 0.4, MostContact = 0.25, MostAround = 0.3;

    /// <summary>Of a character beside lines that may be strokes: its least height as a share of the picture, and its least distance from all other sides but one as a share of its extent. Of a
    /// closely cropped character something reaches them.</summary>
    private const double LeastHeight = 0.35, LeastMargin = 1 / 16.0;

    /// <summary>Finds what the lines leave of the picture in <see cref="NormalizerWorkspace.Gray"/>.</summary>
    /// <param name="work">Holds the picture; its mask and labels are overwritten.</param>
    /// <param name="width">Pixels in a row, at most 256.</param>
    /// <param name="height">Rows, at most 256.</param>
    /// <param name="polarity">What is known; afterwards that of the lines and the character, if there are any.</param>
    /// <returns>What is left; null without lines.</returns>
    public static PixelBox? Find(NormalizerWorkspace work, int width, int height, ref Polarity polarity)
    {
        if (Math.Min(width, height) < LeastSide) return null;
        foreach (Polarity tried in (ReadOnlySpan<Polarity>)[Polarity.DarkOnLight, Polarity.LightOnDark])
        {
            if (polarity != Polarity.Detect && polarity != tried || Find(work, width, height, tried == Polarity.DarkOnLight ? (byte)0 : byte.MaxValue) is not { } within) continue;
            polarity = tried;
            return within;
        }
        return null;
    }

    /// <param name="work">Holds the picture.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="flip">Turns the bits of pixels so that ink is dark.</param>
    private static PixelBox? Find(NormalizerWorkspace work, int width, int height, byte flip)
    {
        ReadOnlySpan<byte> gray = work.Gray.AsSpan(0, width * height);
        // Left, top, right, bottom
        ReadOnlySpan<Side> sides = [new(0, width, 1, height, width), new(0, 1, width, width, height), new(width - 1, width, -1, height, width), new((height - 1) * width, 1, -width, width, height)];
        Span<Line> lines = stackalloc Line[4];
        bool any = false;
        for (int i = 0; i < 4; i++) any |= (lines[i] = sides[i].FindLine(gray, flip)).End > 0;
        if (!any) return null;

        PixelBox within = Within(lines, width, height);
        if (!FindCharacter(work, width, within, flip, out PixelBox character, out double stroke)) return null;
        Span<double> contacts = stackalloc double[4];
        double around = 0;
        for (int i = 0; i < 4; i++) around += contacts[i] = Contact(work.Mask, within, i);
        if (around > 4 * MostAround) return null;
        // A line as broad as strokes may be one of a closely cropped character, but then others reach the sides that have no line, and what is at a corner joins the rest
        ReadOnlySpan<int> margins = [character.Left, character.Top, within.Width - character.Right, within.Height - character.Bottom];
        double margin = LeastMargin * Math.Max(character.Width, character.Height);
        int touched = 0;
        bool reachesOthers = false, isAtCorner = false;
        for (int i = 0; i < 4; i++)
        {
            isAtCorner |= IsClear(lines[i], margins[i]) && IsClear(lines[(i + 1) % 4], margins[(i + 1) % 4]);
            if (margins[i] >= margin || lines[i].IsThin(stroke)) continue;
            reachesOthers |= lines[i].End == 0;
            touched++;
        }
        bool isApart = character.Height >= LeastHeight * within.Height && (isAtCorner || touched <= 1 && !reachesOthers);
        any = false;
        for (int i = 0; i < 4; i++)
        {
            if (lines[i].End > 0 && (isApart || lines[i].IsThin(stroke)) && contacts[i] <= MostContact) any = true;
            else lines[i] = default;
        }
        return any ? Within(lines, width, height) : null;

        bool IsClear(Line line, int gap) => line.End > 0 && gap >= margin;
    }

    private static PixelBox Within(ReadOnlySpan<Line> lines, int width, int height) =>
        new(lines[0].End, lines[1].End, width - lines[0].End - lines[2].End, height - lines[1].End - lines[3].End);

    /// <summary>Marks ink within a part of the picture, and finds the largest piece of it.</summary>
    /// <param name="work">Holds the picture; its mask receives that part alone.</param>
    /// <param name="stride">Pixels in a row of the picture.</param>
    /// <param name="within">The part.</param>
    /// <param name="flip">Turns the bits of pixels so that ink is dark.</param>
    /// <param name="character">The piece's box in that part.</param>
    /// <param name="stroke">Width of its strokes.</param>
    private static bool FindCharacter(NormalizerWorkspace work, int stride, PixelBox within, byte flip, out PixelBox character, out double stroke)
    {
        const double Darkest = 1 / 256.0, MostInk = 0.35;
        (character, stroke) = (default, 0);
        Span<int> histogram = stackalloc int[256];
        histogram.Clear();
        for (int y = within.Top; y < within.Bottom; y++)
            foreach (byte value in work.Gray.AsSpan(y * stride + within.Left, within.Width)) histogram[value ^ flip]++;
        int count = within.Width * within.Height, ink = 0;
        int ground = InkMap.Quantile(histogram, 0, 255, count, 0.5), dark = InkMap.Quantile(histogram, 0, 255, count, Darkest), level = (ground + dark) / 2;
        for (int v = 0; v < level; v++) ink += histogram[v];
        if (ground - dark < LeastContrast || ink > MostInk * count) return false;
        // The lightest of unevenly lit paper is no light ink: dark ink stands out from the paper farther
        if (flip != 0 && InkMap.Quantile(histogram, 0, 255, count, 1 - Darkest) - ground > ground - dark) return false;

        Span<byte> mask = work.Mask.AsSpan(0, count);
        int i = 0;
        for (int y = within.Top; y < within.Bottom; y++)
            foreach (byte value in work.Gray.AsSpan(y * stride + within.Left, within.Width)) mask[i++] = (value ^ flip) < level ? (byte)1 : (byte)0;
        Span<int> labels = work.Labels.AsSpan(0, count);
        InkComponents.Find(mask, within.Width, within.Height, labels, work.Components, work.Parents);
        InkComponent largest = default;
        foreach (InkComponent c in work.Components)
            if (c.Area > largest.Area) largest = c;
        if (largest.Area == 0) return false;
        int sides = 0;
        for (int y = 0; y < within.Height; y++)
            for (int x = 0; x < within.Width; x++)
            {
                int p = y * within.Width + x;
                bool isIts = labels[p] == largest.Label;
                if (x > 0 && isIts != (labels[p - 1] == largest.Label)) sides++;
                if (y > 0 && isIts != (labels[p - within.Width] == largest.Label)) sides++;
            }
        character = largest.Box;
        stroke = 2 * largest.Area / (InkRenderer.PerimeterPerSide * Math.Max(1, sides));
        return true;
    }

    /// <summary>Share of ink along an edge of the part of the picture that the mask shows.</summary>
    private static double Contact(ReadOnlySpan<byte> mask, PixelBox within, int side)
    {
        bool isUpright = side is 0 or 2;
        int length = isUpright ? within.Height : within.Width, step = isUpright ? within.Width : 1, ink = 0;
        int start = side == 2 ? within.Width - 1 : side == 3 ? (within.Height - 1) * within.Width : 0;
        for (int i = 0; i < length; i++) ink += mask[start + i * step];
        return (double)ink / length;
    }

    /// <summary>A line along a side.</summary>
    /// <param name="Thickness">Its thickness.</param>
    /// <param name="End">Pixels from the side to where it has ended; 0 for none.</param>
    private readonly record struct Line(int Thickness, int End)
    {
        public bool IsThin(double stroke) => End > 0 && Thickness <= Thin * stroke;
    }

    /// <summary>A side of the picture.</summary>
    /// <param name="Start">First pixel.</param>
    /// <param name="Step">From one pixel along the side to the next.</param>
    /// <param name="Inwards">From one pixel to that behind it.</param>
    /// <param name="Length">Pixels along the side.</param>
    /// <param name="Depth">Pixels across the picture.</param>
    private readonly record struct Side(int Start, int Step, int Inwards, int Length, int Depth)
    {
        public Line FindLine(ReadOnlySpan<byte> gray, byte flip)
        {
            const int Every = 8;
            int seen = 0, tried = 0;
            for (int i = Every / 2; i < Length; i += Every, tried++)
                if (Across(gray, flip, i, out _, out _, out _)) seen++;
            if (seen < LeastShare * tried) return default;

            Span<int> at = stackalloc int[Length], ends = stackalloc int[Length], thickness = stackalloc int[Length], levels = stackalloc int[Length], sorted = stackalloc int[Length];
            int count = 0;
            for (int i = 0; i < Length; i++)
            {
                if (!Across(gray, flip, i, out int start, out int end, out int level)) continue;
                (at[count], ends[count], thickness[count], levels[count]) = (i, end, end - start, level);
                count++;
            }
            if (count < LeastShare * Length) return default;
            // Through the middle of either half of what was found
            int half = count / 2;
            double first = Middle(at[..half], sorted), second = Middle(at[half..count], sorted), from = Middle(ends[..half], sorted), to = Middle(ends[half..count], sorted);
            double slope = (to - from) / (second - first), tolerance = 1.5 + Depth / 128.0;
            if (Math.Abs(slope) > MostSlope) return default;
            double typical = Middle(levels[..count], sorted), broad = Middle(thickness[..count], sorted), farthest = 0;
            int expected = 0, missing = 0, joined = 0;
            for (int i = 0, k = 0; i < Length; i++)
            {
                double end = from + slope * (i - first);
                bool isNear = k < count && at[k] == i && Math.Abs(ends[k++] - end) <= tolerance;
                if (end < 1) continue;
                farthest = Math.Max(farthest, end);
                expected++;
                // Where a stroke or another side's line joins it, it ends later
                if (isNear) continue;
                if ((gray[Start + i * Step + ((int)end - 1) * Inwards] ^ flip) < typical) joined++;
                else missing++;
            }
            if (expected < LeastShare * Length || missing > MostMissing * expected || joined > MostJoined * expected) return default;
            return new Line((int)broad, (int)Math.Ceiling(farthest) + 1 + Depth / 128);
        }

        /// <summary>Looks for a line across the side at one of its pixels: the last run of dark pixels that begins near it.</summary>
        private bool Across(ReadOnlySpan<byte> gray, byte flip, int index, out int start, out int end, out int level)
        {
            int p = Start + index * Step, reach = Math.Max(2, Depth / Reach), deep = Depth / Deep, darkest = 255, lightest = 0;
            for (int d = 0; d < deep; d++)
            {
                int value = gray[p + d * Inwards] ^ flip;
                (darkest, lightest) = (Math.Min(darkest, value), Math.Max(lightest, value));
            }
            (start, end, level) = (-1, 0, (darkest + lightest) / 2);
            if (lightest - darkest < LeastContrast) return false;
            bool wasInk = false;
            for (int d = 0; d < deep; d++)
            {
                bool isInk = (gray[p + d * Inwards] ^ flip) < level;
                if (isInk && !wasInk)
                {
                    if (d > reach) break;
                    (start, end) = (d, deep);
                }
                else if (!isInk && wasInk) end = d;
                wasInk = isInk;
            }
            return start >= 0 && end < deep;
        }

        private static double Middle(ReadOnlySpan<int> values, Span<int> sorted)
        {
            values.CopyTo(sorted);
            sorted[..values.Length].Sort();
            return sorted[values.Length / 2];
        }
    }
}
