namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Finds the angle at which writing lies: the one whose projection onto the vertical is the most uneven, as rows of writing (and
/// ruled lines) then fall together (Postl).</summary>
internal static class SkewEstimator
{
    /// <summary>Least length of a line, in its heights; one or two characters are shorter.</summary>
    private const double LeastLine = 2.2;

    // How much more uneven than the level profile that of an angle has to be: of lines, and of less, whose bars and slant tell nothing of the page, but for what is printed around it
    private const double LinesGain = 1.04, CharactersGain = 2;

    /// <summary>Degrees by which the writing rises to the right; 0 where no other angle is clearly better.</summary>
    /// <param name="mask">[height, width], 0 where there is no ink.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="most">The largest angle that is looked for.</param>
    /// <param name="hasLines">Whether there are lines of writing or others for sure; else it depends on the form of the ink as a whole.</param>
    public static double Estimate(ReadOnlySpan<byte> mask, int width, int height, double most, bool hasLines)
    {
        const int MaxPoints = 20_000;
        int ink = 0;
        for (int i = 0; i < width * height; i++) if (mask[i] != 0) ink++;
        if (ink < 32) return 0;
        int every = Math.Max(1, ink / MaxPoints), n = 0, seen = 0;
        var xs = new float[ink / every + 1];
        var ys = new float[ink / every + 1];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                if (mask[y * width + x] == 0 || seen++ % every != 0) continue;
                xs[n] = x - width / 2f;
                ys[n++] = y;
            }
        var points = (xs.AsMemory(0, n), ys.AsMemory(0, n));
        var bins = new float[height + width + 4];
        double level = Unevenness(points.Item1.Span, points.Item2.Span, 0, width, bins), best = level, angle = 0;
        for (double a = -most; a <= most; a += 0.5) Try(a);
        double coarse = angle;
        for (int i = -4; i <= 4; i++) Try(Math.Round(coarse + 0.1 * i, 1));
        return best > (hasLines || IsLine(points.Item1.Span, points.Item2.Span, angle) ? LinesGain : CharactersGain) * level ? angle : 0;

        void Try(double a)
        {
            if (Math.Abs(a) > most) return;
            double value = Unevenness(points.Item1.Span, points.Item2.Span, a, width, bins);
            if (value > best) (best, angle) = (value, a);
        }
    }

    /// <summary>Whether all points together are a line at this angle.</summary>
    private static bool IsLine(ReadOnlySpan<float> xs, ReadOnlySpan<float> ys, double degrees)
    {
        float slope = Slope(degrees), left = float.MaxValue, right = float.MinValue, top = float.MaxValue, bottom = float.MinValue;
        for (int i = 0; i < xs.Length; i++)
        {
            float y = ys[i] + xs[i] * slope;
            (left, right) = (Math.Min(left, xs[i]), Math.Max(right, xs[i]));
            (top, bottom) = (Math.Min(top, y), Math.Max(bottom, y));
        }
        return right - left >= LeastLine * (bottom - top);
    }

    private static float Slope(double degrees) => (float)Math.Tan(degrees * Math.PI / 180);

    /// <summary>Sum of squares of the profile, points spread linearly over two bins so that the grid of pixels doesn't favour an angle.</summary>
    private static double Unevenness(ReadOnlySpan<float> xs, ReadOnlySpan<float> ys, double degrees, int width, float[] bins)
    {
        Array.Clear(bins);
        float slope = Slope(degrees), offset = width / 2f;
        for (int i = 0; i < xs.Length; i++)
        {
            float y = ys[i] + xs[i] * slope + offset;
            int bin = (int)y;
            if ((uint)bin + 1 >= (uint)bins.Length) continue;
            float part = y - bin;
            bins[bin] += 1 - part;
            bins[bin + 1] += part;
        }
        double sum = 0, previous = 0;
        foreach (float value in bins)
        {
            double smooth = value + previous; // two rows together: strokes are more than one pixel thick
            sum += smooth * smooth;
            previous = value;
        }
        return sum;
    }
}
