namespace Recognizer.Inference.Imaging.Ink;

/// <summary>A frame around the whole picture: the border of a box that the picture was cut along, the black edge of a scan, the table that a page lies on. It is as dark as ink
/// (or as light, where writing is light) and would pass for the ground, which is what lies along the edges of other pictures.</summary>
/// <param name="Polarity">What writing looks like within: dark on light in a dark frame, light on dark in a light one.</param>
/// <param name="Within">What it surrounds.</param>
/// <param name="Thickness">Of the thickest side, in pixels.</param>
internal readonly record struct PictureFrame(Polarity Polarity, PixelBox Within, int Thickness)
{
    /// <summary>Least difference between frame and ground, and most difference within a frame.</summary>
    private const int LeastContrast = 50, Tolerance = 30;

    /// <summary>Least side of what a frame surrounds: small pictures may be a character that fills them.</summary>
    private const int LeastSide = 20;

    /// <summary>How much longer than the other two sides those are that have a frame, where only two have: strokes of a character that fills its picture, as of a Z, may lie there
    /// too, but not all along the edge of a picture of <see cref="Large"/> pixels.</summary>
    private const double LeastAspect = 1.5;

    private const int Large = 200;

    /// <summary>Most thickness of a frame that has two sides only, as a share of the picture: broader strips are paper beside a shadow.</summary>
    private const double MostStrip = 0.1;

    /// <summary>Share of the pixels of a line that belong to the frame where it is whole, and most where it has ended: letters and the separators of combs may touch it.</summary>
    private const double Whole = 0.95, Ended = 0.1;

    /// <summary>Finds the frame of a picture.</summary>
    /// <param name="gray">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <returns>The frame; null without one: when what is inside isn't mostly ground with something else on it, and at least half of the picture.</returns>
    public static PictureFrame? Find(ReadOnlySpan<byte> gray, int width, int height)
    {
        if (Math.Min(width, height) < LeastSide) return null;
        Edge top = new(gray, 0, 1, width, width, height), bottom = new(gray, (height - 1) * width, 1, -width, width, height);
        int t = top.Thickness(gray), b = bottom.Thickness(gray);
        if (t > 0 != b > 0) return null;
        Edge left = new(gray, 0, width, 1, height, width), right = new(gray, width - 1, width, -1, height, width);
        int l = left.Thickness(gray), r = right.Thickness(gray);
        if (l > 0 != r > 0 || t == 0 && l == 0) return null;
        int w = width - l - r, h = height - t - b;
        if (t > 0 && !(top.FindEnd(gray, ref t, l, w) && bottom.FindEnd(gray, ref b, l, w))) return null;
        h = height - t - b;
        if (l > 0 && !(left.FindEnd(gray, ref l, t, h) && right.FindEnd(gray, ref r, t, h))) return null;
        w = width - l - r;
        if (t == 0 && Math.Max(l, r) > MostStrip * width || l == 0 && Math.Max(t, b) > MostStrip * height) return null;
        if (Math.Min(w, h) < LeastSide || w < h / 2 || 2L * w * h < (long)width * height
            || Math.Min(w, h) < Large && (l == 0 && w < LeastAspect * h || t == 0 && h < LeastAspect * w)) return null;

        // Ground is what lies along the frame, ink what is on the frame's side of the middle between both
        Span<int> ring = stackalloc int[256], inside = stackalloc int[256];
        ring.Clear();
        inside.Clear();
        for (int y = t; y < t + h; y++)
        {
            foreach (byte value in gray.Slice(y * width + l, w)) inside[value]++;
            ring[gray[y * width + l]]++;
            ring[gray[y * width + l + w - 1]]++;
        }
        foreach (byte value in gray.Slice(t * width + l, w)) ring[value]++;
        foreach (byte value in gray.Slice((t + h - 1) * width + l, w)) ring[value]++;
        int ground = InkMap.Quantile(ring, 0, 255, 2 * (w + h), 0.5), darkest = 255, lightest = 0;
        foreach (var (edge, thickness) in (ReadOnlySpan<(int, int)>)[(top.Level, t), (bottom.Level, b), (left.Level, l), (right.Level, r)])
            if (thickness > 0) (darkest, lightest) = (Math.Min(darkest, edge), Math.Max(lightest, edge));
        bool dark = ground - lightest >= LeastContrast;
        if (!dark && darkest - ground < LeastContrast) return null;
        int middle = (ground + (dark ? lightest : darkest)) / 2;
        long ink = 0, area = (long)w * h;
        for (int v = 0; v < 256; v++)
            if (dark ? v < middle : v > middle) ink += inside[v];
        // With nothing on it, it may be a solid figure, such as the upright stroke of a 1
        if (ink < Math.Max(8, area / 50_000) || ink > 0.3 * area) return null;
        return new PictureFrame(dark ? Polarity.DarkOnLight : Polarity.LightOnDark, new PixelBox(l, t, w, h), Math.Max(Math.Max(t, b), Math.Max(l, r)));
    }

    /// <summary>An edge of the picture and the lines of pixels that lie along it, from the outermost inwards.</summary>
    private readonly struct Edge
    {
        private readonly int _start, _step, _inwards, _length, _depth;

        /// <param name="gray">The picture.</param>
        /// <param name="start">First pixel of the outermost line.</param>
        /// <param name="step">From one pixel of a line to the next.</param>
        /// <param name="inwards">From one line to the next.</param>
        /// <param name="length">Pixels of a line.</param>
        /// <param name="depth">Lines of the picture.</param>
        public Edge(ReadOnlySpan<byte> gray, int start, int step, int inwards, int length, int depth)
        {
            (_start, _step, _inwards, _length, _depth) = (start, step, inwards, length, depth);
            Span<int> histogram = stackalloc int[256];
            histogram.Clear();
            for (int i = 0; i < length; i++) histogram[gray[start + i * step]]++;
            Level = InkMap.Quantile(histogram, 0, 255, length, 0.5);
        }

        /// <summary>Brightness of the outermost line.</summary>
        public int Level { get; }

        /// <summary>Lines that are mostly as bright as the outermost, which is so as a whole; 0 where it isn't, or where a quarter of the picture is.</summary>
        public int Thickness(ReadOnlySpan<byte> gray)
        {
            if (Share(gray, _depth / 4, 0, _length) >= 0.5 || Share(gray, 0, 0, _length) < Whole) return 0;
            int line = 1;
            while (Share(gray, line, 0, _length) >= 0.5) line++;
            return line;
        }

        /// <summary>Moves on to the line where the frame has ended, over blurred or slanting edges.</summary>
        /// <param name="gray">The picture.</param>
        /// <param name="line">Line to start at; afterwards the first that is free of the frame.</param>
        /// <param name="from">First pixel of a line that the other edges leave.</param>
        /// <param name="count">Pixels of a line that they leave.</param>
        public bool FindEnd(ReadOnlySpan<byte> gray, ref int line, int from, int count)
        {
            for (int last = line + Math.Max(2, _depth / 25); line <= last && line < _depth; line++)
                if (Share(gray, line, from, count) <= Ended) return true;
            return false;
        }

        private double Share(ReadOnlySpan<byte> gray, int line, int from, int count)
        {
            int near = 0;
            for (int i = from, p = _start + line * _inwards + from * _step; i < from + count; i++, p += _step)
                if (Math.Abs(gray[p] - Level) <= Tolerance) near++;
            return (double)near / Math.Max(1, count);
        }
    }
}
