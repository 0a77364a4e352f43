namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Separates ink from ground.</summary>
internal static class InkMap
{
    /// <summary>Least coherence of writing: lines of 2 pixels have 0.54 and more, what noise leaves of faint writing 0.3 and less.</summary>
    private const double LeastCoherence = 0.4;

    /// <summary>Pixels of ink up to which it is taken for specks, in a picture that wasn't reduced.</summary>
    public const int LeastInk = 24;

    /// <summary>Most ink on the border of a picture that is surely even.</summary>
    private const double MostBorderInk = 0.08;

    /// <summary>Smooths large pictures with 1-2-1 in both directions, against noise.</summary>
    public static void Smooth(NormalizerWorkspace work, int width, int height)
    {
        if (Math.Max(width, height) < 96 || width < 3 || height < 3) return;
        Span<byte> gray = work.Gray.AsSpan(0, width * height), temporary = work.Temporary.AsSpan(0, width * height);
        for (int y = 0; y < height; y++)
        {
            var row = gray.Slice(y * width, width);
            var to = temporary.Slice(y * width, width);
            to[0] = row[0];
            to[width - 1] = row[width - 1];
            Rows.Smooth(row[..^2], row[1..^1], row[2..], to[1..^1]);
        }
        for (int y = 0; y < height; y++)
        {
            var above = temporary.Slice(Math.Max(0, y - 1) * width, width);
            var row = temporary.Slice(y * width, width);
            var below = temporary.Slice(Math.Min(height - 1, y + 1) * width, width);
            Rows.Smooth(above, row, below, gray.Slice(y * width, width));
        }
    }

    /// <summary>How well a map falls into two classes, and what they look like.</summary>
    /// <param name="Separability">Variance between the classes over total variance at the best threshold (Otsu), 0…1.</param>
    /// <param name="Border">Share of the lower class on the map's border.</param>
    /// <param name="Share">Share of the lower class on the map.</param>
    /// <param name="LowThickness">Twice the area of the lower class over its perimeter and the map's longer side: for strokes their relative width.</param>
    /// <param name="HighThickness">The same of the higher class.</param>
    /// <param name="Threshold">Least value of the higher class.</param>
    private readonly record struct Split(double Separability, double Border, double Share, double LowThickness, double HighThickness, int Threshold)
    {
        /// <summary>Ink is what there is less of, above all on the border.</summary>
        public Polarity Polarity => Border + Share < 1 ? Polarity.DarkOnLight : Polarity.LightOnDark;

        public double BorderInk(Polarity polarity) => polarity == Polarity.DarkOnLight ? Border : 1 - Border;

        /// <summary>Worth of the map for ink of the polarity: two clear classes, little ink on the border, and thin ink. An edge
        /// of a shadow makes two classes as well, but both are thick and on the border.</summary>
        public double Score(Polarity polarity) => Clearness(polarity) - 1.5 * (Thickness(polarity) - 0.12);

        /// <summary>The same however thick ink is.</summary>
        public double Clearness(Polarity polarity) => Separability - 0.6 * BorderInk(polarity);

        public double InkShare(Polarity polarity) => polarity == Polarity.DarkOnLight ? Share : 1 - Share;

        public double Thickness(Polarity polarity) => polarity == Polarity.DarkOnLight ? LowThickness : HighThickness;
    }

    /// <summary>What ink is set off from.</summary>
    private enum Ground
    {
        Even,
        Surface,
        Local,

        /// <summary>As <see cref="Local"/>, with a window as narrow as strokes allow, so that the ground follows the edges of shadows.</summary>
        Narrow,

        /// <summary><see cref="GroundProfile"/>.</summary>
        Profile,
    }

    /// <summary>Fills <see cref="NormalizerWorkspace.Ink"/> and <see cref="NormalizerWorkspace.Mask"/>.</summary>
    /// <returns>Whether anything stands out.</returns>
    /// <remarks>The ground is taken to be as simple as the picture allows: even, or a smooth surface, or whatever remains of the picture
    /// when everything narrow is removed, or paper in light that changes in one direction. A simpler ground spoils less ink, and one that turns paper into ink needs a good reason: ink on the border of a close crop
    /// is none, a shadow is. (Held-back digits cropped to their ink, in 16 and 32 pixels: 1.8 and 0.9 % wrong without that cost, 0.2 and 0.3 % with it.) Ink that is broader than
    /// strokes are is such a reason.</remarks>
    /// <param name="work">Holds the picture in <see cref="NormalizerWorkspace.Gray"/>.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="radius">Half of the width beyond which something is ground, not ink, where the ground is uneven.</param>
    /// <param name="leastInk">Pixels of ink up to which it is taken for specks.</param>
    /// <param name="polarity">What is known; afterwards what was found.</param>
    public static bool Find(NormalizerWorkspace work, int width, int height, int radius, int leastInk, ref Polarity polarity)
    {
        // In the smallest pictures strokes may be as broad as anything; paper, shade and ink make three levels, where two explain less than this; and strokes that are nearly as
        // broad as a narrow window lose their crossings in it
        const int LeastSideForShadows = 48;
        const double MostTwofold = 0.985, BroadStroke = 0.15, MostNarrow = 0.075;
        const double GoodScore = 0.75, ClearScore = 0.9, SurfaceCost = 0.03, LocalCost = 0.06, OtherPolarityCost = 0.2, PaperCost = 0.35, LeastPaper = 0.4, MostBreadth = 3, BreadthCost = 0.1, BreakCost = 0.015;
        int count = width * height;
        Span<byte> gray = work.Gray.AsSpan(0, count), ink = work.Ink.AsSpan(0, count);
        bool detect = polarity == Polarity.Detect;

        var even = Measure(gray, width, height);
        var simplest = detect ? even.Polarity : polarity;
        bool bordered = Math.Max(width, height) >= LeastSideForShadows && even.BorderInk(simplest) > MostBorderInk;
        Candidate best = new(simplest, even.Score(simplest), Ground.Even);
        bool isBroad = even.Separability < MostTwofold && (bordered || best.Score < GoodScore) && Math.Max(width, height) >= LeastSideForShadows && IsSolid(work, even, simplest, width, height);
        // Light that is broad and takes up much of the picture is lit paper: strokes as broad as that take up less
        bool isPaper = detect && isBroad && simplest == Polarity.LightOnDark && even.InkShare(simplest) > LeastPaper;
        bool solid = isBroad && bordered;
        if (best.Score < GoodScore || bordered)
        {
            var surface = GroundSurface.Fit(gray, width, height);
            if (isPaper) best = best with { Score = best.Score - PaperCost };
            Signed(work, surface, width, height);
            var flat = Measure(ink, width, height);
            var flatPolarity = detect ? flat.Polarity : polarity;
            double breadth = Consider(ref best, flat, flatPolarity, flatPolarity, SurfaceCost, Ground.Surface);
            double narrowClearness = 0;
            if (best.Score < GoodScore || bordered)
            {
                // Without anything to tell the polarity, dark ink: shade falls on paper
                var tried = !detect ? polarity : flat.BorderInk(flatPolarity) < 0.1 ? flatPolarity : Polarity.DarkOnLight;
                Local(work, surface, width, height, radius, tried);
                breadth = Math.Min(breadth, Consider(ref best, Measure(ink, width, height), tried, Polarity.LightOnDark, LocalCost, Ground.Local)); // in this map ink is high
                // Only an edge leaves ink on the border of what a smooth surface explains, only shade is far broader than strokes, and lit paper is no ink
                if (isPaper && best.Polarity == simplest || breadth > MostBreadth || flat.BorderInk(flatPolarity) > MostBorderInk && (solid || bordered && even.Thickness(simplest) < BroadStroke))
                {
                    tried = detect ? Polarity.DarkOnLight : polarity;
                    Local(work, surface, width, height, Narrow(width, height), tried);
                    var narrow = Measure(ink, width, height);
                    narrowClearness = narrow.Clearness(Polarity.LightOnDark);
                    if (narrow.HighThickness < MostNarrow) Consider(ref best, narrow, tried, Polarity.LightOnDark, LocalCost, Ground.Narrow);
                }
            }
            // Beside the edge of a shadow the other grounds take pale strokes for paper, or the edge for a stroke; and a narrow window breaks strokes where they cross it, which makes ink
            // thinner and so worth more. Where ink is left on the border, light changes in more ways than one.
            if ((best.Score < ClearScore || best.Ground == Ground.Narrow) && polarity != Polarity.LightOnDark && Math.Max(width, height) >= LeastSideForShadows)
            {
                work.Profile.Fit(gray, width, height);
                Flattened(work, work.Profile, width, height, Polarity.DarkOnLight);
                var profile = Measure(ink, width, height);
                if (profile.Score(Polarity.LightOnDark) >= GoodScore && profile.BorderInk(Polarity.LightOnDark) <= MostBorderInk / 2)
                {
                    if (best.Ground != Ground.Narrow) Consider(ref best, profile, Polarity.DarkOnLight, Polarity.LightOnDark, LocalCost, Ground.Profile);
                    else if (profile.Clearness(Polarity.LightOnDark) > narrowClearness - BreakCost) best = best with { Ground = Ground.Profile };
                }
            }
            if (Draw(work, surface, width, height, radius, leastInk, best.Ground, polarity = best.Polarity)) return true;
        }
        else if (Draw(work, default, width, height, radius, leastInk, Ground.Even, polarity = simplest)) return true;
        if (best.Ground != Ground.Even) return false;
        // Noise on an uneven ground looks like thin ink, but nothing stands out from it
        var ground = GroundSurface.Fit(gray, width, height);
        Signed(work, ground, width, height);
        polarity = detect ? Measure(ink, width, height).Polarity : polarity;
        return Draw(work, ground, width, height, radius, leastInk, Ground.Surface, polarity)
            || Draw(work, ground, width, height, radius, leastInk, Ground.Local, polarity = detect ? Polarity.DarkOnLight : polarity);

        // Of a map in work.Ink, in which ink looks as inMap says
        double Consider(ref Candidate best, in Split split, Polarity polarity, Polarity inMap, double cost, Ground ground)
        {
            double breadth = Breadth(work, split, inMap, width, height);
            double polarityCost = polarity == simplest ? isPaper ? PaperCost : 0 : solid || isPaper ? 0 : OtherPolarityCost;
            double score = split.Score(inMap) - cost - polarityCost - BreadthCost * Math.Clamp(breadth - MostBreadth, 0, 3);
            if (score > best.Score) best = new(polarity, score, ground);
            return breadth;
        }
    }

    /// <summary>What ink may be, and what it is worth to take it for that.</summary>
    private readonly record struct Candidate(Polarity Polarity, double Score, Ground Ground);

    /// <summary>How broad the ink of <see cref="NormalizerWorkspace.Ink"/> is at its broadest, in mean thicknesses of it: up to 2.5 of strokes, which cross, more where shade passes for ink.</summary>
    private static double Breadth(NormalizerWorkspace work, in Split split, Polarity polarity, int width, int height)
    {
        int count = width * height;
        Span<byte> mask = work.Mask.AsSpan(0, count), eroded = work.Temporary.AsSpan(0, count);
        for (int i = 0; i < count; i++) mask[i] = work.Ink[i] < split.Threshold == (polarity == Polarity.DarkOnLight) ? (byte)1 : (byte)0;
        int least = 0, most = Math.Min(width, height) / 2;
        while (most - least > 1)
        {
            int radius = (least + most) / 2;
            WindowExtremum.Squares(mask, eroded, width, height, radius, maximum: false);
            if (HasInk(eroded, width, height, radius)) least = radius;
            else most = radius;
        }
        return (2 * least + 1) / (split.Thickness(polarity) * Math.Max(width, height));
    }

    /// <summary>Whether there is any in a map, but for a margin.</summary>
    private static bool HasInk(ReadOnlySpan<byte> mask, int width, int height, int margin)
    {
        for (int y = margin; y < height - margin; y++)
            if (mask.Slice(y * width + margin, width - 2 * margin).Contains((byte)1)) return true;
        return false;
    }

    private static int Narrow(int width, int height) => Math.Max(4, Math.Max(width, height) / 12);

    /// <summary>Fills <see cref="NormalizerWorkspace.Ink"/> and <see cref="NormalizerWorkspace.Mask"/> with what stands out from a ground.</summary>
    private static bool Draw(NormalizerWorkspace work, in GroundSurface surface, int width, int height, int radius, int leastInk, Ground ground, Polarity polarity)
    {
        if (ground == Ground.Even) Even(work.Gray.AsSpan(0, width * height), work.Ink.AsSpan(0, width * height), polarity);
        else if (ground == Ground.Surface) Flattened(work, surface, width, height, polarity);
        else if (ground == Ground.Profile) Flattened(work, work.Profile, width, height, polarity);
        else Local(work, surface, width, height, ground == Ground.Local ? radius : Narrow(width, height), polarity);
        return Threshold(work, width, height, leastInk);
    }

    /// <summary>Whether what would be ink on an even ground is somewhere broader than a quarter of the picture, as no stroke is: a shadow, or the paper itself.</summary>
    private static bool IsSolid(NormalizerWorkspace work, in Split even, Polarity polarity, int width, int height)
    {
        int count = width * height, radius = Math.Max(2, Math.Max(width, height) / 8);
        if (Math.Min(width, height) <= 2 * radius) return false;
        Span<byte> mask = work.Mask.AsSpan(0, count);
        for (int i = 0; i < count; i++) mask[i] = work.Gray[i] < even.Threshold == (polarity == Polarity.DarkOnLight) ? (byte)1 : (byte)0;
        WindowExtremum.Squares(mask, mask, width, height, radius, maximum: false);
        return HasInk(mask, width, height, radius);
    }

    /// <summary>The same for a page of writing, which has hardly any ink on its border: the ground is even, or else found locally. Where most ink turns out to be single pixels, which
    /// is what noise looks like, the page is smoothed and looked at again.</summary>
    public static bool FindOnPage(NormalizerWorkspace work, int width, int height, int radius, ref Polarity polarity)
    {
        var found = polarity;
        if (!FindWriting(work, width, height, radius, ref found)) return false;
        if (Coherence(work.Mask, width, height, 1) < LeastCoherence)
        {
            Smooth(work, width, height);
            found = polarity;
            if (!FindWriting(work, width, height, radius, ref found) || Coherence(work.Mask, width, height, 2) < LeastCoherence) return false;
        }
        polarity = found;
        return true;
    }

    /// <summary>Correlation of pixels that lie beside or below one another: 0 where each is ink or not on its own, 1 for broad areas.</summary>
    /// <param name="mask">[height, width], 1 for ink.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="distance">From one pixel to the other: 1, or 2 where smoothing has made neighbours alike.</param>
    private static double Coherence(ReadOnlySpan<byte> mask, int width, int height, int distance)
    {
        long ink = 0, pairs = 0;
        for (int y = 0; y + distance < height; y++)
            for (int p = y * width; p + distance < (y + 1) * width; p++)
            {
                ink += mask[p];
                pairs += (mask[p] & mask[p + distance]) + (mask[p] & mask[p + distance * width]);
            }
        double share = (double)ink / Math.Max(1, (width - distance) * (height - distance));
        return (pairs / (2.0 * Math.Max(1, ink)) - share) / Math.Max(1e-9, 1 - share);
    }

    private static bool FindWriting(NormalizerWorkspace work, int width, int height, int radius, ref Polarity polarity)
    {
        const double LightCost = 0.06, StrokesPerRadius = 3.5, LeastSeparability = 0.8, MostInk = 0.5;
        int count = width * height;
        Span<byte> gray = work.Gray.AsSpan(0, count), ink = work.Ink.AsSpan(0, count);
        var even = Measure(gray, width, height);
        var best = polarity == Polarity.Detect ? even.Polarity : polarity;
        // One threshold is for scans and screens. Ink that is paler somewhere, as in a reflection, would be lost to it, and sunlit paper beside a shadow be ink, or all paper within lines
        // along the picture's edge
        if (even.BorderInk(best) <= MostBorderInk && even.Separability >= LeastSeparability && even.InkShare(best) <= MostInk) Even(gray, ink, best);
        else
        {
            var surface = GroundSurface.Fit(gray, width, height);
            best = polarity;
            if (best == Polarity.Detect)
            {
                double scale = (double)Math.Max(width, height) / radius;
                Local(work, surface, width, height, radius, Polarity.LightOnDark);
                var light = Measure(ink, width, height);
                Local(work, surface, width, height, radius, Polarity.DarkOnLight);
                var dark = Measure(ink, width, height);
                best = PageScore(dark, scale) >= PageScore(light, scale) - LightCost ? Polarity.DarkOnLight : Polarity.LightOnDark;
            }
            if (polarity != Polarity.Detect || best == Polarity.LightOnDark) Local(work, surface, width, height, radius, best);
            // The narrower the window, the closer the ground follows edges of shadows; strokes only have to fit into it, the thick ones too, beside which rules make the mean stroke thin.
            // (Letters and digits held back, on ruled paper in shadow: 1.7 points lost with 2.2 strokes, 0.9 to 1.1 with 3 to 6, 1.4 without any narrowing.)
            double stroke = Measure(ink, width, height).HighThickness * Math.Max(width, height);
            int narrow = Math.Max(4, (int)(StrokesPerRadius * stroke));
            if (narrow < radius) Local(work, surface, width, height, narrow, best);
        }
        polarity = best;
        return Threshold(work, width, height, LeastInk);
    }

    /// <summary>Worth of a map in which ink is high: writing covers little of a page, and hardly its border, and is thin beside the window, unlike what lies between the edges of shadows.</summary>
    /// <param name="split">The map.</param>
    /// <param name="scale">Longer side of the picture in radii of the window.</param>
    private static double PageScore(Split split, double scale) => split.Separability - 0.6 * (1 - split.Border) - (1 - split.Share) - 0.5 * split.HighThickness * scale;

    private static void Even(ReadOnlySpan<byte> gray, Span<byte> ink, Polarity polarity)
    {
        if (polarity == Polarity.LightOnDark) gray.CopyTo(ink);
        else Rows.Invert(gray, ink);
    }

    private static Split Measure(ReadOnlySpan<byte> map, int width, int height)
    {
        Span<int> histogram = stackalloc int[256];
        Rows.Histogram(map, histogram);
        byte threshold = OtsuThreshold(histogram, map.Length, out double separability);
        int low = 0, border = 0, sides = 0;
        for (int y = 0; y < height; y++)
        {
            var row = map.Slice(y * width, width);
            sides += Rows.CountEdges(row[1..], row[..^1], threshold);
            if (y > 0) sides += Rows.CountEdges(row, map.Slice((y - 1) * width, width), threshold);
        }
        for (int v = 0; v < threshold; v++) low += histogram[v];
        for (int x = 0; x < width; x++)
        {
            if (map[x] < threshold) border++;
            if (map[(height - 1) * width + x] < threshold) border++;
        }
        for (int y = 0; y < height; y++)
        {
            if (map[y * width] < threshold) border++;
            if (map[y * width + width - 1] < threshold) border++;
        }
        int edge = 2 * (width + height), longest = Math.Max(width, height);
        return new Split(separability, (double)border / edge, (double)low / map.Length,
            2.0 * low / ((double)longest * (sides + border)), 2.0 * (map.Length - low) / ((double)longest * (sides + edge - border)), threshold);
    }

    /// <summary>The threshold between two classes that has the greatest variance between them (Otsu 1979): values below it are the lower class.</summary>
    internal static byte OtsuThreshold(ReadOnlySpan<int> histogram, int count, out double separability)
    {
        double total = 0, squares = 0;
        for (int v = 0; v < 256; v++)
        {
            total += (double)v * histogram[v];
            squares += (double)v * v * histogram[v];
        }
        double mean = total / count, variance = squares / count - mean * mean, best = 0, low = 0, lowSum = 0;
        byte threshold = 0;
        for (int v = 0; v < 255; v++)
        {
            low += histogram[v];
            lowSum += (double)v * histogram[v];
            if (low == 0 || low == count) continue;
            double share = low / count, difference = mean * share - lowSum / count;
            double between = difference * difference / (share * (1 - share));
            if (between > best) (best, threshold) = (between, (byte)(v + 1));
        }
        separability = variance > 1e-9 ? best / variance : 0;
        return threshold;
    }

    private static void Signed(NormalizerWorkspace work, in GroundSurface surface, int width, int height)
    {
        var ground = work.Row.AsSpan(0, width);
        for (int y = 0; y < height; y++)
        {
            surface.Row(y, ground);
            GroundDifference.Signed(work.Gray.AsSpan(y * width, width), ground, work.Ink.AsSpan(y * width, width));
        }
    }

    private static void Flattened<TGround>(NormalizerWorkspace work, in TGround ground, int width, int height, Polarity polarity)
        where TGround : IGround
    {
        var row = work.Row.AsSpan(0, width);
        for (int y = 0; y < height; y++)
        {
            ground.Row(y, row);
            GroundDifference.Flattened(work.Gray.AsSpan(y * width, width), row, work.Ink.AsSpan(y * width, width), polarity == Polarity.DarkOnLight);
        }
    }

    /// <summary>Ink above a ground found by taking away everything narrower than twice the radius (grey closing of what is left
    /// after the surface, for dark ink; opening for light ink): it follows edges of shadows.</summary>
    private static void Local(NormalizerWorkspace work, in GroundSurface surface, int width, int height, int radius, Polarity polarity)
    {
        int count = width * height;
        bool dark = polarity == Polarity.DarkOnLight;
        Span<byte> ink = work.Ink.AsSpan(0, count), local = work.Ground.AsSpan(0, count);
        var ground = work.Row.AsSpan(0, width);
        for (int y = 0; y < height; y++)
        {
            surface.Row(y, ground);
            GroundDifference.Levelled(work.Gray.AsSpan(y * width, width), ground, ink.Slice(y * width, width), dark);
        }
        WindowExtremum.Squares(ink, local, width, height, radius, maximum: dark);
        WindowExtremum.Squares(local, local, width, height, radius, maximum: !dark);
        for (int y = 0; y < height; y++)
        {
            var row = ink.Slice(y * width, width);
            Rows.Widen(local.Slice(y * width, width), ground);
            GroundDifference.Positive(row, ground, row, dark);
        }
    }

    /// <summary>Finds the level of ground and ink, stretches <see cref="NormalizerWorkspace.Ink"/> between them, and marks ink: what is
    /// beyond half, and what is beyond a third and connected with that.</summary>
    private static bool Threshold(NormalizerWorkspace work, int width, int height, int leastInk)
    {
        int count = width * height;
        Span<byte> ink = work.Ink.AsSpan(0, count), mask = work.Mask.AsSpan(0, count);
        Span<int> histogram = stackalloc int[256];
        Rows.Histogram(ink, histogram);
        // Ink that covers at least a five-hundredth may be faint; a single number on a sheet covers less, and has to stand out from all specks
        int cut;
        double ground, noise;
        if (!Cut(histogram, count, count / 500, 5, 2.5, out cut, out ground, out noise)
            && !Cut(histogram, count, Math.Max(leastInk, count / 10_000), 40, 6, out cut, out ground, out noise)
            && !Cut(histogram, count, Math.Max(leastInk, count / 200_000), 40, 6, out cut, out ground, out noise)) return false;
        int above = 0;
        for (int v = cut; v < 256; v++) above += histogram[v];
        // Ink level: the upper middle of the ink, so that soft edges don't lower it
        double full = Quantile(histogram, cut, 255, above, 0.65);
        double floor = Math.Min(ground + Math.Max(1.5 * noise, 0.08 * (full - ground)), full - 2);
        float gain = (float)(255 / (full - floor));
        Span<byte> map = stackalloc byte[256];
        for (int v = 0; v < 256; v++) map[v] = (byte)Math.Clamp((v - floor) * gain + 0.5, 0, 255);
        foreach (ref byte value in ink) value = map[value];
        Rows.CountLevels(ink, 72, 112, mask);
        Connect(mask, width, height);
        return true;
    }

    /// <summary>Finds the threshold between ground and ink.</summary>
    /// <param name="histogram">Of a map in which ink is high.</param>
    /// <param name="count">Values in it.</param>
    /// <param name="rare">Values that are taken for specks, the highest ones.</param>
    /// <param name="leastContrast">Least difference between ink and ground.</param>
    /// <param name="leastRatio">Least difference as a multiple of the noise of the ground.</param>
    /// <param name="cut">Least value of ink.</param>
    /// <param name="ground">Level of the ground.</param>
    /// <param name="noise">Standard deviation of the ground.</param>
    /// <returns>Whether there is ink.</returns>
    private static bool Cut(ReadOnlySpan<int> histogram, int count, int rare, int leastContrast, double leastRatio, out int cut, out double ground, out double noise)
    {
        (cut, ground, noise) = (0, 0, 0);
        int top = 255;
        for (int seen = 0; top > 0 && seen + histogram[top] < rare + 1; top--) seen += histogram[top];
        int split = OtsuThreshold(histogram, count, out _), ordinary = 0;
        if (split == 0) return false; // one level only
        for (int v = 0; v < split; v++) ordinary += histogram[v];
        ground = Quantile(histogram, 0, Math.Max(0, split - 1), ordinary, 0.5);
        if (top - ground < leastContrast) return false;
        // Means on either side of the threshold, and the threshold between them, until it stays (Ridler and Calvard)
        double threshold = (ground + top) / 2.0, low = ground, high = top;
        for (int i = 0; i < 12; i++)
        {
            (low, high) = Means(histogram, threshold);
            double next = Math.Max((low + high) / 2, (ground + top) * 0.5 - (top - ground) * 0.3);
            if (Math.Abs(next - threshold) < 0.5) break;
            threshold = next;
        }
        cut = (int)Math.Ceiling(threshold);
        double squares = 0;
        int below = 0, above = 0;
        for (int v = 0; v < cut; v++)
        {
            squares += histogram[v] * (v - ground) * (v - ground);
            below += histogram[v];
        }
        for (int v = cut; v < 256; v++) above += histogram[v];
        if (above == 0) return false;
        noise = Math.Sqrt(squares / Math.Max(1, below));
        return high - ground >= Math.Max(leastContrast, leastRatio * noise);
    }

    /// <summary>Keeps weak ink (1) where it touches strong (2): two sweeps, enough for the soft ends of strokes.</summary>
    private static void Connect(Span<byte> mask, int width, int height)
    {
        for (int p = mask.IndexOf((byte)1); p >= 0; p = Next(mask, p + 1))
            if (TouchesStrong(mask, width, height, p % width, p / width)) mask[p] = 2;
        for (int p = mask.LastIndexOf((byte)1); p >= 0; p = mask[..p].LastIndexOf((byte)1))
            if (TouchesStrong(mask, width, height, p % width, p / width)) mask[p] = 2;
        mask.Replace((byte)1, (byte)0);
        mask.Replace((byte)2, (byte)1);

        static int Next(ReadOnlySpan<byte> mask, int from) => mask[from..].IndexOf((byte)1) is >= 0 and var i ? from + i : -1;
    }

    private static bool TouchesStrong(ReadOnlySpan<byte> mask, int width, int height, int x, int y)
    {
        for (int v = Math.Max(0, y - 1); v <= Math.Min(height - 1, y + 1); v++)
            for (int u = Math.Max(0, x - 1); u <= Math.Min(width - 1, x + 1); u++)
                if (mask[v * width + u] == 2) return true;
        return false;
    }

    /// <summary>The value below or at which a share of the values in a range of a histogram lies.</summary>
    internal static int Quantile(ReadOnlySpan<int> histogram, int from, int to, int count, double share)
    {
        double wanted = count * share, seen = 0;
        for (int v = from; v <= to; v++)
        {
            seen += histogram[v];
            if (seen >= wanted && seen > 0) return v;
        }
        return to;
    }

    private static (double Low, double High) Means(ReadOnlySpan<int> histogram, double threshold)
    {
        double lowSum = 0, highSum = 0;
        long low = 0, high = 0;
        for (int v = 0; v < 256; v++)
        {
            if (v < threshold)
            {
                lowSum += (double)v * histogram[v];
                low += histogram[v];
            }
            else
            {
                highSum += (double)v * histogram[v];
                high += histogram[v];
            }
        }
        return (lowSum / Math.Max(1, low), high == 0 ? 255 : highSum / high);
    }
}
