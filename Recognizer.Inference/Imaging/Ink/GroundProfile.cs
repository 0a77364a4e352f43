namespace Recognizer.Inference.Imaging.Ink;

/// <summary>The brightness of paper under dark ink where light changes in one direction alone, as it does across the edge of a shadow, sharp or soft: within a small picture such an
/// edge is straight. Every line along the edge has one level, whatever the strokes that cross it.</summary>
internal sealed class GroundProfile : IGround
{
    /// <summary>Most lines, and the levels of brightness that are told apart.</summary>
    private const int MostLines = 144, Levels = 32, LevelWidth = 256 / Levels;

    private byte[] _levels = new byte[MostLines], _bestLevels = new byte[MostLines];
    private Lines _lines;

    /// <summary>Parallel lines across a picture.</summary>
    /// <param name="Right">Lines from one pixel to the next.</param>
    /// <param name="Down">Lines from one row to the next.</param>
    /// <param name="First">Where the first lies, counted from the upper left corner.</param>
    /// <param name="Count">How many there are.</param>
    private readonly record struct Lines(float Right, float Down, float First, int Count)
    {
        /// <summary>At most one per pixel.</summary>
        public static Lines At(double angle, int width, int height)
        {
            const float PerSide = 96;
            (double sin, double cos) = Math.SinCos(angle);
            float perPixel = Math.Min(1, PerSide / Math.Max(width, height)), right = (float)cos * perPixel, down = (float)sin * perPixel;
            float acrossRow = right * width, acrossColumn = down * height;
            return new(right, down, Math.Min(0, acrossRow) + Math.Min(0, acrossColumn), (int)Math.Ceiling(Math.Abs(acrossRow) + Math.Abs(acrossColumn)));
        }

        /// <summary>Where the middle of a pixel lies: the first line reaches from 0 to 1.</summary>
        public float Position(int x, int y) => (x + 0.5f) * Right + (y + 0.5f) * Down - First;

        public int Of(int x, int y) => Math.Clamp((int)Position(x, y), 0, Count - 1);
    }

    /// <summary>Finds the direction and the levels that leave two classes most clearly, ink and paper, with little ink on the border.</summary>
    /// <param name="pixels">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    public void Fit(ReadOnlySpan<byte> pixels, int width, int height)
    {
        // A direction that is wrong by half a degree leaves a thin wedge of shade: too few pixels to be seen in a sample
        const int Directions = 16, Refinements = 4, SamplesPerSide = 64;
        int sparse = (Math.Max(width, height) + SamplesPerSide - 1) / SamplesPerSide;
        double step = Math.PI / Directions, bestScore = double.NegativeInfinity, bestAngle = 0;
        Lines best = default;
        for (int i = 0; i < Directions; i++) Try(i * step, pixels, sparse);
        bestScore = double.NegativeInfinity;
        Try(bestAngle, pixels, 1);
        for (int i = 0; i < Refinements; i++)
        {
            step /= 2;
            double middle = bestAngle;
            Try(middle - step, pixels, 1);
            Try(middle + step, pixels, 1);
        }
        (_lines, _levels, _bestLevels) = (best, _bestLevels, _levels);

        void Try(double angle, ReadOnlySpan<byte> pixels, int every)
        {
            _lines = Lines.At(angle, width, height);
            double score = FitLevels(pixels, width, height, every);
            if (score <= bestScore) return;
            (bestScore, bestAngle, best) = (score, angle, _lines);
            (_levels, _bestLevels) = (_bestLevels, _levels);
        }
    }

    /// <inheritdoc/>
    public void Row(int y, Span<float> row)
    {
        int last = _lines.Count - 1;
        for (int x = 0; x < row.Length; x++)
        {
            float line = Math.Clamp(_lines.Position(x, y) - 0.5f, 0, last);
            int i = (int)line;
            row[x] = float.Lerp(_levels[i], _levels[Math.Min(last, i + 1)], line - i);
        }
    }

    /// <summary>Finds the levels of the lines.</summary>
    /// <param name="pixels">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="step">Of so many times so many pixels one is looked at, and some of every row and column.</param>
    /// <returns>How clearly two classes are left, less for ink on the border.</returns>
    private double FitLevels(ReadOnlySpan<byte> pixels, int width, int height, int step)
    {
        const double BorderCost = 0.6;
        int lines = _lines.Count;
        // A line of zeros on either side
        Span<int> histogram = stackalloc int[(MostLines + 2) * Levels], flattened = stackalloc int[256];
        histogram.Clear();
        flattened.Clear();
        int every = step * step;
        for (int y = 0; y < height; y++)
        {
            var row = pixels.Slice(y * width, width);
            for (int x = y * (step + 1) % every; x < width; x += every) histogram[(_lines.Of(x, y) + 1) * Levels + row[x] / LevelWidth]++;
        }
        var levels = _levels.AsSpan(0, lines);
        for (int i = 0; i < lines; i++) levels[i] = Paper(histogram.Slice(i * Levels, 3 * Levels)) ?? levels[Math.Max(0, i - 1)];
        // What is narrower than two radii and darker than what is on both sides of it is a stroke along the lines. Within an edge, ground as dark as its darker side leaves no line of ink
        int radius = Math.Max(1, lines / 16);
        WindowExtremum.Rows(levels, levels, lines, 1, radius, maximum: true);
        WindowExtremum.Rows(levels, levels, lines, 1, radius + 1, maximum: false);

        int count = 0, border = 0;
        for (int i = 0; i < lines; i++)
            for (int v = 0; v < Levels; v++)
            {
                int n = histogram[(i + 1) * Levels + v];
                if (n == 0) continue;
                flattened[Flattened(LevelWidth * v + LevelWidth / 2, i)] += n;
                count += n;
            }
        int threshold = InkMap.OtsuThreshold(flattened, count, out double separability);
        for (int x = 0; x < width; x++) border += Ink(pixels, x, 0) + Ink(pixels, x, height - 1);
        for (int y = 0; y < height; y++) border += Ink(pixels, 0, y) + Ink(pixels, width - 1, y);
        return separability - BorderCost * border / (2 * (width + height));

        int Ink(ReadOnlySpan<byte> pixels, int x, int y) => Flattened(pixels[y * width + x], _lines.Of(x, y)) < threshold ? 1 : 0;
    }

    /// <summary>A pixel as if all lines were equally bright.</summary>
    private int Flattened(int pixel, int line) => Math.Min(255, pixel * 180 / (_levels[line] + 8));

    /// <summary>The brightness of paper on a line and those beside it, which strokes cover to less than seven tenths; null without pixels.</summary>
    private static byte? Paper(ReadOnlySpan<int> histograms)
    {
        const double Share = 0.7;
        int count = 0;
        for (int v = 0; v < Levels; v++) count += At(histograms, v);
        double seen = 0, wanted = Share * count;
        for (int v = 0; v < Levels; v++)
        {
            int n = At(histograms, v);
            if (n > 0 && seen + n >= wanted) return (byte)(LevelWidth * (v + (wanted - seen) / n));
            seen += n;
        }
        return null;

        // Half from the line itself, so that an edge stays where it is
        static int At(ReadOnlySpan<int> histograms, int v) => histograms[v] + 2 * histograms[Levels + v] + histograms[2 * Levels + v];
    }
}
