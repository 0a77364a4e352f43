using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>The ink of a page, upright, deskewed, enlarged where the picture is small, without ruled lines, borders of boxes and what lies along the picture's edge, and its
/// connected components.</summary>
internal sealed class PageInk
{
    /// <summary>Longest side that is worked on; larger pictures are averaged down.</summary>
    private const int MaxSide = 3600;

    /// <summary>Longest side to which smaller pictures are enlarged, and most and least enlargement.</summary>
    private const int EnlargedSide = 2400;

    private const double MostEnlargement = 2, LeastEnlargement = 1.25;

    /// <summary>Pixels from which a frame isn't a line.</summary>
    private const int ThickFrame = 8;

    /// <summary>Components that may be circles around others, the largest ones: a page of noise has very many.</summary>
    private const int MostCircles = 500;

    /// <summary>Components that may be tables, the largest ones, and pixels that their sides have at least.</summary>
    private const int MostTables = 50, LeastTable = 80;

    /// <summary>Least area of a character beside another; dots are smaller.</summary>
    private const double LeastShare = 1.0 / 6;

    /// <summary>Least width, in heights, of a component of several characters, such as three digits.</summary>
    private const double LeastWidth = 1.4;

    /// <summary>Least area in pixels of a character on a page of several; specks are smaller.</summary>
    private const int LeastCharacter = 16;

    /// <summary>Components of about one size that are writing, and how many that aren't may be larger.</summary>
    private const int Several = 5, MostPictures = 20;

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Where its pixels are in the picture.</summary>
    public required PagePlacement Placement { get; init; }

    /// <summary>[Height, Width], 0 = ground … 255 = ink.</summary>
    public byte[] Ink { get; private set; } = [];

    /// <summary>Component of each pixel, 0 for none; [Height, Width].</summary>
    public int[] Labels { get; private set; } = [];

    public List<InkComponent> Components { get; } = [];

    /// <summary>Whether the picture shows one character only, as far as that can be told before any is read: two that touch may pass for one.</summary>
    public bool IsOne { get; private set; }

    /// <summary>Finds the ink; null on an empty page.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="options">How it is read, but for its orientation.</param>
    /// <param name="orientation">How the page lies in the picture.</param>
    /// <param name="isAlphanumeric">Whether its characters are Latin letters and digits, so that what runs around others is none of them.</param>
    public static PageInk? Find(GrayImage image, PageOptions options, PageOrientation orientation, bool isAlphanumeric)
    {
        var page = new PageInk { Placement = new PagePlacement(orientation, image.Width, image.Height) };
        image = Orientation.Apply(image, page.Placement.Upright);
        var polarity = options.Polarity;
        PictureFrame? frame = PictureFrame.Find(image.Pixels, image.Width, image.Height) is { } found && (polarity == Polarity.Detect || polarity == found.Polarity) ? found : null;
        if (frame is not null) polarity = frame.Value.Polarity;
        var work = new NormalizerWorkspace();
        var whole = new PixelBox(0, 0, image.Width, image.Height);
        page.Reduce(image, whole, work);
        // A thin frame may be the border of a comb, and goes with its separators
        if (frame is not { Thickness: <= ThickFrame } && !page.CropToSheet(image, work, frame?.Within, ref polarity) && frame is { } thick)
            page.Reduce(image, thick.Within, work);
        // But where there is one character within, it is the border of its box
        bool isThin = frame is { Thickness: <= ThickFrame };
        if (isThin) page.Reduce(image, frame!.Value.Within, work);
        page.IsOne = page.IsOneCharacter(work, ref polarity);
        if (isThin && !page.IsOne) page.Reduce(image, whole, work);
        int width = page.Width, height = page.Height;
        // Strokes of writing are narrow beside the page; a picture of one line has strokes up to some part of its height
        int radius = Math.Clamp(Math.Max(Math.Min(width, height) / 4, Math.Max(width, height) / 50), 6, 48);
        if (!page.IsOne && !InkMap.FindOnPage(work, width, height, radius, ref polarity)) return null;
        page.Ink = work.Ink;
        page.FindComponents();
        double angle = options.MaxSkew <= 0 ? 0 : SkewEstimator.Estimate(work.Mask, width, height, options.MaxSkew, page.HasLines());
        // The lines of a table may be too faint for writing, and hang together only with their faint parts
        var faint = new PageInk { Placement = page.Placement, Width = width, Height = height, Ink = page.Ink };
        faint.FindComponents(RuledLines.LeastInk);
        bool tables = faint.ClearTables(angle);
        if (tables) page.FindComponents();
        // Before rules are removed, for which the flat parts of a circle around a word would be taken, and afterwards, when it no longer hangs together with them
        if (isAlphanumeric) page.Drop(dropped => page.MarkCircles(dropped, angle));
        bool ruled = (page.IsOne ? RuledLines.RemoveBelow(page.Ink, width, height, angle) : RuledLines.Remove(page.Ink, width, height, angle)) || tables;
        page.FindComponents();
        // All go by these components, whichever of them another has cleared
        bool surroundings = page.Drop(dropped =>
        {
            double[] thickness = page.Thickness();
            if (!page.IsOne) page.MarkSurroundings(dropped, thickness);
            if (ruled) page.MarkRemains(dropped, thickness);
        });
        bool circles = isAlphanumeric && page.Drop(dropped => page.MarkCircles(dropped, null));
        bool sides = isAlphanumeric && RuledLines.RemoveSides(page.Ink, page.Width, page.Height, page.Components);
        double scale = Math.Min(MostEnlargement, (double)EnlargedSide / Math.Max(page.Width, page.Height));
        bool deskewed = page.Deskew(angle, scale < LeastEnlargement ? 1 : scale);
        if (surroundings || circles || sides || deskewed) page.FindComponents();
        page.JoinFragments();
        return page.Components.Count == 0 ? null : page;
    }

    /// <summary>Averages a part of the picture down to <see cref="MaxSide"/>.</summary>
    private void Reduce(GrayImage image, PixelBox part, NormalizerWorkspace work)
    {
        int factor = (Math.Max(part.Width, part.Height) + MaxSide - 1) / MaxSide;
        Placement.Reduce(part, factor);
        (Width, Height) = (Math.Max(1, part.Width / factor), Math.Max(1, part.Height / factor));
        work.Reserve(Width, Height);
        CharacterNormalizer.Reduce(image.Pixels, image.Width, part, factor, work.Gray.AsSpan(0, Width * Height), Width, Height);
    }

    /// <summary>Leaves what a sheet covers, where one lies on a table, in as many pixels as there are of it.</summary>
    /// <param name="image">The picture, of which <see cref="Reduce"/> has made <see cref="NormalizerWorkspace.Gray"/>.</param>
    /// <param name="work">Holds it.</param>
    /// <param name="framed">What a frame surrounds, if there is one: a sheet that reaches no farther lies level, and what touches the frame is none of the table.</param>
    /// <param name="polarity">That of the ink.</param>
    /// <returns>Whether there is a sheet to be cut out.</returns>
    private bool CropToSheet(GrayImage image, NormalizerWorkspace work, PixelBox? framed, ref Polarity polarity)
    {
        const int Margin = 8;
        if (Card.TakeOut(work, Width, Height, isPage: true, ref polarity) is not { } sheet) return false;
        int factor = Placement.Factor;
        if (framed is { } within && sheet.Left * factor >= within.Left && sheet.Top * factor >= within.Top && sheet.Right * factor <= within.Right && sheet.Bottom * factor <= within.Bottom) return false;
        if (factor > 1)
        {
            // With enough of the table for the sheet to be found again
            PixelBox wide = Widened(sheet, Math.Max(sheet.Width, sheet.Height) / 4);
            PixelBox part = new(wide.Left * factor, wide.Top * factor, wide.Width * factor, wide.Height * factor);
            Reduce(image, part, work);
            if (Card.TakeOut(work, Width, Height, isPage: true, ref polarity) is { } nearer) sheet = nearer;
            else
            {
                Reduce(image, new PixelBox(0, 0, image.Width, image.Height), work);
                Card.TakeOut(work, Width, Height, isPage: true, ref polarity);
            }
        }
        PixelBox kept = Widened(sheet, Margin);
        for (int y = 0; y < kept.Height; y++) work.Gray.AsSpan((kept.Top + y) * Width + kept.Left, kept.Width).CopyTo(work.Gray.AsSpan(y * kept.Width));
        Placement.Crop(kept);
        (Width, Height) = (kept.Width, kept.Height);
        return true;
    }

    /// <summary>Whether the picture shows one character, closely cropped or with some paper around it. Its strokes are broad beside the picture, much of them may lie along its border, and a level
    /// one may cross it, all of which strokes on a page don't; so ink is told from ground, and lines from strokes, as for the picture of a single character.</summary>
    /// <param name="work">Holds the picture; afterwards, where it is one, its ink as well.</param>
    /// <param name="polarity">That of the ink; afterwards, where it is one, what was found.</param>
    private bool IsOneCharacter(NormalizerWorkspace work, ref Polarity polarity)
    {
        // The picture's breadth in heights of it, and the reverse; and the least height of the character in those of the picture, and in its own breadth
        const double MostBreadth = 2, MostLength = 6, LeastHeight = 0.3, LeastElongation = 0.4;
        // Most of the picture that a character takes: light that takes more than half of it is paper in a frame; and the area of its other pieces beside that of the largest
        const double MostDark = 0.75, MostLight = 0.5, MostOthers = 0.6;
        // The length of its strokes in longer sides of its box: those of an M come to 4, the lines of squared paper to many more; and the thickness of lines beside them
        const double MostStrokes = 6, LineThickness = 0.85;
        const int LeastSide = 8, SmallSide = 400;
        if (Math.Min(Width, Height) < LeastSide || Width > MostBreadth * Height || Height > MostLength * Width) return false;
        var found = polarity;
        // A page shows in a smaller picture that it is none, in far less time
        int factor = Math.Max(Width, Height) / SmallSide;
        if (factor > 1)
        {
            var small = new PageInk { Placement = Placement, Width = Math.Max(1, Width / factor), Height = Math.Max(1, Height / factor) };
            var smallWork = new NormalizerWorkspace();
            smallWork.Reserve(small.Width, small.Height);
            CharacterNormalizer.Reduce(work.Gray.AsSpan(0, Width * Height), Width, new PixelBox(0, 0, Width, Height), factor, smallWork.Gray.AsSpan(0, small.Width * small.Height), small.Width, small.Height);
            if (!small.IsOneCharacter(smallWork, ref found)) return false;
            found = polarity;
        }
        if (!InkMap.Find(work, Width, Height, Math.Max(2, Math.Max(Width, Height) / 5), InkMap.LeastInk, ref found)) return false;
        Ink = work.Ink;
        FindComponents();
        double[] thickness = Thickness();
        int[] labels = [.. Labels.AsSpan(0, Width * Height)];
        LineRemoval.Remove(work, Width, Height);
        FindComponents();
        if (Components.Count == 0) return false;
        InkComponent largest = Components.MaxBy(c => c.Area);
        PixelBox box = largest.Box;
        double[] remaining = Thickness();
        double stroke = remaining[largest.Label];
        if (largest.Area > (found == Polarity.LightOnDark ? MostLight : MostDark) * Width * Height || box.Height < Math.Max(LeastHeight * Height, LeastElongation * box.Width)
            || largest.Area > MostStrokes * stroke * Math.Max(box.Width, box.Height)
            || Components.Exists(c => c.Area > InkMap.LeastInk && c.Label != largest.Label && (!IsPart(c.Box, box) || IsRemains(c, remaining[c.Label], stroke)))
            || Components.Sum(c => (long)c.Area) > (1 + MostOthers) * largest.Area || EnclosingStroke.Surrounds(Labels, Width, Components, largest)) return false;
        // What went as a line and is as thick as a stroke may be a 1 as high as the picture
        var stays = new bool[thickness.Length];
        for (int i = 0; i < labels.Length; i++) stays[labels[i]] |= Labels[i] != 0;
        for (int label = 1; label < stays.Length; label++) if (!stays[label] && thickness[label] > LineThickness * stroke) return false;
        polarity = found;
        return true;
    }

    /// <summary>Whether a piece of ink may be part of the same character as a larger one: within its breadth, as a dot is or what is beyond a gap in a stroke, or leaning over its upper half, as the bar
    /// of a 5. What is below it may be a line to write on; and what it surrounds, but for a small piece such as the middle bar of an E, is a character in a box.</summary>
    private static bool IsPart(PixelBox piece, PixelBox larger)
    {
        const double MostInside = 0.4;
        bool isBeyond = piece.Top <= larger.Top || piece.Bottom >= larger.Bottom;
        return piece.Left >= larger.Left && piece.Right <= larger.Right && piece.Top < larger.Bottom && (isBeyond || piece.Height < MostInside * larger.Height)
            || piece.Left < larger.Right && piece.Right > larger.Left && (piece.Left >= larger.Left || piece.Right <= larger.Right) && piece.Bottom <= larger.Top + larger.Height / 2;
    }

    private PixelBox Widened(PixelBox box, int margin)
    {
        int left = Math.Max(0, box.Left - margin), top = Math.Max(0, box.Top - margin);
        return new PixelBox(left, top, Math.Min(Width, box.Right + margin) - left, Math.Min(Height, box.Bottom + margin) - top);
    }

    private double[] Thickness() => InkComponents.Thickness(Labels, Width, Height, Components);

    private void FindComponents(byte leastInk = CharacterNormalizer.InkLevel)
    {
        int count = Width * Height;
        var mask = new byte[count];
        for (int i = 0; i < count; i++) mask[i] = Ink[i] >= leastInk ? (byte)1 : (byte)0;
        if (Labels.Length < count) Labels = new int[count];
        InkComponents.Find(mask, Width, Height, Labels, Components);
    }

    /// <summary>Whether a large component is wide, as touching characters are, or the largest reaches from edge to edge, as squares do, or two besides it, or more besides whatever pictures
    /// there are, are of about one size.</summary>
    private bool HasLines()
    {
        InkComponent[] largest = [.. Components.OrderByDescending(c => c.Area).Take(MostPictures + Several)];
        return largest is [var first, ..] && (first.Box.Width == Width || largest.Any(c => c.Area >= LeastShare * first.Area && c.Box.Width >= LeastWidth * c.Box.Height))
            || AreAlike(1, 2) || Enumerable.Range(0, MostPictures).Any(i => AreAlike(i, Several));

        bool AreAlike(int from, int count) => from + count <= largest.Length && largest[from + count - 1].Area is var least && least >= LeastCharacter && least >= LeastShare * largest[from].Area;
    }

    /// <summary>Clears the ink of components; <see cref="Labels"/> and <see cref="Components"/> stay those of before.</summary>
    /// <param name="mark">Marks them, by label.</param>
    /// <returns>Whether there was anything to clear.</returns>
    private bool Drop(Action<bool[]> mark)
    {
        var dropped = new bool[Components.Count + 1];
        mark(dropped);
        if (!dropped.Contains(true)) return false;
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
            {
                int p = y * Width + x;
                // The soft edge goes with it
                bool isDropped = dropped[Labels[p]] || (Labels[p] == 0 && Ink[p] > 0
                    && ((x > 0 && dropped[Labels[p - 1]]) || (x + 1 < Width && dropped[Labels[p + 1]]) || (y > 0 && dropped[Labels[p - Width]]) || (y + 1 < Height && dropped[Labels[p + Width]])));
                if (isDropped) Ink[p] = 0;
            }
        return true;
    }

    /// <summary>Clears the lines of tables, each by itself: they need neither cross the page nor be parallel to other lines. <see cref="Labels"/> and <see cref="Components"/> stay those of
    /// before.</summary>
    /// <param name="skew">Degrees by which the writing rises, about.</param>
    /// <returns>Whether there were any.</returns>
    private bool ClearTables(double skew)
    {
        // Components inside; area of the lines as a share of the box; what is left of their crossings, in thicknesses of them; and how many pages' area is looked at: tables may lie in one another
        const int LeastInside = 4, MostPages = 4;
        const double MostArea = 0.3, MostRest = 2.5;
        bool any = false;
        long looked = 0;
        foreach (InkComponent c in Components.Where(c => Math.Min(c.Box.Width, c.Box.Height) >= LeastTable).OrderByDescending(c => (long)c.Box.Width * c.Box.Height).Take(MostTables))
        {
            if (c.Area > MostArea * c.Box.Width * c.Box.Height || Components.Count(inner => IsInside(inner.Box, c.Box)) < LeastInside) continue;
            if ((looked += (long)c.Box.Width * c.Box.Height) > (long)MostPages * Width * Height) break;
            var (ink, box) = PieceCutter.Extract(this, [c]);
            byte[] before = [.. ink];
            int thickness = RuledLines.RemoveTable(ink, box.Width, box.Height, skew);
            if (thickness == 0) continue;
            ClearSmall(ink, box.Width, box.Height, MostRest * thickness);
            for (int i = 0; i < ink.Length; i++)
                if (before[i] != 0) Ink[(box.Top + i / box.Width) * Width + box.Left + i % box.Width] = ink[i];
            any = true;
        }
        return any;

        static bool IsInside(PixelBox inner, PixelBox outer) => inner.Left > outer.Left && inner.Top > outer.Top && inner.Right < outer.Right && inner.Bottom < outer.Bottom;
    }

    /// <summary>Clears components that are no larger than so many pixels.</summary>
    private static void ClearSmall(byte[] ink, int width, int height, double most)
    {
        var mask = new byte[ink.Length];
        for (int i = 0; i < ink.Length; i++) mask[i] = ink[i] > 0 ? (byte)1 : (byte)0;
        var labels = new int[ink.Length];
        var components = new List<InkComponent>();
        InkComponents.Find(mask, width, height, labels, components);
        for (int i = 0; i < ink.Length; i++)
            if (labels[i] != 0 && components[labels[i] - 1].Box is var box && Math.Max(box.Width, box.Height) <= most) ink[i] = 0;
    }

    /// <summary>What runs around other ink, such as a circle around an answer.</summary>
    /// <param name="dropped">By label, is set where that is so.</param>
    /// <param name="skew">Where rules are still there, degrees by which they rise, about: what has one is left to <see cref="RuledLines"/>, which keeps the strokes that cross it.</param>
    private void MarkCircles(bool[] dropped, double? skew)
    {
        foreach (InkComponent c in Components.OrderByDescending(c => (long)c.Box.Width * c.Box.Height).Take(MostCircles))
            dropped[c.Label] = EnclosingStroke.Surrounds(Labels, Width, Components, c) && (skew is not { } angle || !HasLevelLine(c, 0) && (angle == 0 || !HasLevelLine(c, angle)));
    }

    /// <summary>Whether a straight line runs along half of a component, level but for a skew. The curve of an ellipse around a word is nearly level along a third of it.</summary>
    private bool HasLevelLine(InkComponent c, double skew)
    {
        const double LeastShare = 0.5;
        double slope = Math.Tan(skew * Math.PI / 180);
        int shift = (int)Math.Ceiling(Math.Abs(slope) * c.Box.Width);
        var counts = new int[c.Box.Height + 2 * shift + 1];
        for (int y = 0; y < c.Box.Height; y++)
            for (int x = 0; x < c.Box.Width; x++)
                if (Labels[(c.Box.Top + y) * Width + c.Box.Left + x] == c.Label && ++counts[y + shift + (int)Math.Round(slope * x)] >= LeastShare * c.Box.Width) return true;
        return false;
    }

    /// <summary>What touches the picture's edge and is broader than strokes of this page are: the corner between the edge of a shadow and that of the picture, a
    /// finger, the edge of a table.</summary>
    private void MarkSurroundings(bool[] dropped, double[] thickness)
    {
        const double Broad = 2.5;
        double[] strokes = [.. Components.Where(c => c.Area >= 8 && c.Box.IsWithin(Width, Height)).Select(c => thickness[c.Label]).Order()];
        if (strokes.Length == 0) return;
        double usual = strokes[strokes.Length / 2];
        foreach (InkComponent c in Components) dropped[c.Label] = !c.Box.IsWithin(Width, Height) && thickness[c.Label] > Broad * usual;
    }

    /// <summary>What is left of rules where they bend, or end at the picture's edge: straight, about level or upright, and far thinner than strokes of this page are.</summary>
    private void MarkRemains(bool[] dropped, double[] thickness)
    {
        double usual = Middle(Components, c => thickness[c.Label]);
        foreach (InkComponent c in Components) dropped[c.Label] |= IsRemains(c, thickness[c.Label], usual);
    }

    /// <summary>The same of one component.</summary>
    /// <param name="c">The component.</param>
    /// <param name="own">Its thickness.</param>
    /// <param name="usual">That of strokes.</param>
    private static bool IsRemains(InkComponent c, double own, double usual)
    {
        // Beside strokes; beside its own thickness; and beside its length
        const double Thin = 0.5, LeastLength = 10, MostBreadth = 2, MostSlant = 0.04;
        double length = Math.Max(c.Box.Width, c.Box.Height);
        return own <= Thin * usual && length >= LeastLength * own && Math.Min(c.Box.Width, c.Box.Height) <= MostBreadth * own + MostSlant * length;
    }

    /// <summary>Joins components over gaps narrower than strokes where that makes most of them clearly higher: what is left of the strokes of a dry pen, or on cracked paper, would be read
    /// as characters in lines of their own. Characters beside one another become wider by that, not higher.</summary>
    private void JoinFragments()
    {
        // Fragments are hardly higher than strokes are broad; characters of two lines that touch would be far higher than wide
        const double Gap = 0.3, LeastGrowth = 1.25, MostHeight = 6.5, MostElongation = 2.5;
        if (Components.Count < Several) return;
        double[] thickness = Thickness();
        double stroke = Middle(Components, c => thickness[c.Label]), height = Middle(Components, c => c.Box.Height);
        if (height > MostHeight * stroke) return;
        int count = Width * Height, radius = (int)Math.Ceiling(Gap * stroke);
        var mask = new byte[count];
        for (int i = 0; i < count; i++) mask[i] = Labels[i] == 0 ? (byte)0 : (byte)1;
        WindowExtremum.Squares(mask, mask, Width, Height, radius, maximum: true);
        WindowExtremum.Squares(mask, mask, Width, Height, radius, maximum: false);
        var labels = new int[count];
        var joined = new List<InkComponent>();
        InkComponents.Find(mask, Width, Height, labels, joined);
        if (Middle(joined, c => c.Box.Height) < LeastGrowth * height || Middle(joined, c => (double)c.Box.Height / c.Box.Width) > MostElongation) return;
        Labels = labels;
        Components.Clear();
        Components.AddRange(joined);
    }

    /// <summary>The value that half of the ink's area lies below.</summary>
    private static double Middle(List<InkComponent> components, Func<InkComponent, double> value)
    {
        var sorted = components.Select(c => (Value: value(c), c.Area)).Order().ToArray();
        long half = sorted.Sum(c => (long)c.Area) / 2, seen = 0;
        foreach (var (v, area) in sorted)
            if ((seen += area) > half) return v;
        return 0;
    }

    /// <summary>Turns the ink about its centre so that what rose by the angle becomes level, and enlarges it, so that cuts between touching characters can be finer than the
    /// picture's pixels; the canvas grows to hold it all. Cubic interpolation keeps the narrow gaps between touching characters, which linear interpolation fills.</summary>
    /// <returns>Whether anything changed.</returns>
    private bool Deskew(double degrees, double scale)
    {
        if (degrees == 0 && scale == 1) return false;
        var (newWidth, newHeight) = Placement.Deskew(degrees, scale, Width, Height);
        var level = new byte[newWidth * newHeight];
        for (int y = 0; y < newHeight; y++)
            for (int x = 0; x < newWidth; x++)
            {
                var (u, v) = Placement.BeforeDeskewing(x + 0.5, y + 0.5);
                u -= 0.5;
                v -= 0.5;
                int left = (int)Math.Floor(u), top = (int)Math.Floor(v);
                if (left < -1 || top < -1 || left >= Width || top >= Height) continue;
                int middle = Math.Clamp(top, 0, Height - 1) * Width, below = Math.Min(Height - 1, top + 1) * Width, at = Math.Max(0, left), next = Math.Min(Width - 1, left + 1);
                if ((Ink[middle + at] | Ink[middle + next] | Ink[below + at] | Ink[below + next]) == 0) continue;
                float fx = (float)(u - left), fy = (float)(v - top), value = 0;
                float wx0 = ResampleFilter.Cubic(fx + 1), wx1 = ResampleFilter.Cubic(fx), wx2 = ResampleFilter.Cubic(fx - 1), wx3 = ResampleFilter.Cubic(fx - 2);
                for (int i = -1; i <= 2; i++)
                {
                    int row = Math.Clamp(top + i, 0, Height - 1) * Width, before = row + Math.Max(0, left - 1), after = row + Math.Min(Width - 1, left + 2);
                    value += ResampleFilter.Cubic(fy - i) * (wx0 * Ink[before] + wx1 * Ink[row + at] + wx2 * Ink[row + next] + wx3 * Ink[after]);
                }
                level[y * newWidth + x] = (byte)Math.Clamp(value + 0.5f, 0, 255);
            }
        Ink = level;
        Width = newWidth;
        Height = newHeight;
        return true;
    }
}
