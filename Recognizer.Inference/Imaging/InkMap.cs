namespace Recognizer.Inference.Imaging;

/// <summary>Separates ink from ground.</summary>
internal static class InkMap
{
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
            for (int x = 1; x < width - 1; x++) to[x] = (byte)((row[x - 1] + 2 * row[x] + row[x + 1] + 2) >> 2);
        }
        for (int y = 0; y < height; y++)
        {
            var above = temporary.Slice(Math.Max(0, y - 1) * width, width);
            var row = temporary.Slice(y * width, width);
            var below = temporary.Slice(Math.Min(height - 1, y + 1) * width, width);
            var to = gray.Slice(y * width, width);
            for (int x = 0; x < width; x++) to[x] = (byte)((above[x] + 2 * row[x] + below[x] + 2) >> 2);
        }
    }

    /// <summary>Ink is what deviates from the ground's surface, on the side where more of the deviation is.</summary>
    public static Polarity DetectPolarity(NormalizerWorkspace work, in GroundSurface surface, int width, int height)
    {
        var gray = work.Gray.AsSpan(0, width * height);
        float limit = Math.Max(6, 3 * surface.Noise);
        double dark = 0, light = 0;
        double second = 0, third = 0;
        int step = Math.Max(1, Math.Max(width, height) / 64), count = 0;
        var ground = work.Row.AsSpan(0, width);
        for (int y = 0; y < height; y += step)
        {
            surface.Row(y, ground);
            for (int x = 0; x < width; x += step)
            {
                float deviation = gray[y * width + x] - ground[x];
                if (deviation > limit) light += deviation;
                else if (deviation < -limit) dark -= deviation;
                second += deviation * deviation;
                third += deviation * deviation * deviation;
                count++;
            }
        }
        second /= count;
        third /= count;
        if (second < 1e-3) return Polarity.DarkOnLight;
        // -1 … 1 each; positive for light ink
        double balance = (light - dark) / Math.Max(1e-6, light + dark);
        double skew = third / Math.Pow(second, 1.5);
        return balance + 0.3 * Math.Clamp(skew, -1, 1) >= 0 ? Polarity.LightOnDark : Polarity.DarkOnLight;
    }

    /// <summary>Fills <see cref="NormalizerWorkspace.Ink"/> and <see cref="NormalizerWorkspace.Mask"/>.</summary>
    /// <returns>Whether anything stands out.</returns>
    public static bool Find(NormalizerWorkspace work, in GroundSurface surface, int width, int height, Polarity polarity)
    {
        int count = width * height;
        Span<byte> gray = work.Gray.AsSpan(0, count), ink = work.Ink.AsSpan(0, count);
        // Darkness: how much darker than the ground, as a share of the ground's brightness, because shade dims ink and paper alike.
        // For light ink the plain difference.
        var ground = work.Row.AsSpan(0, width);
        bool dark = polarity == Polarity.DarkOnLight;
        // 40 levels are kept for what is brighter than the ground, so that a flattened ground can still be estimated
        const int Zero = 40;
        for (int y = 0; y < height; y++)
        {
            surface.Row(y, ground);
            for (int x = 0; x < width; x++)
            {
                float value = gray[y * width + x];
                float amount = dark ? (ground[x] - value) * (215f / (ground[x] + 8)) : (value - ground[x]) * (215f / 255);
                ink[y * width + x] = (byte)Math.Clamp((int)(amount + Zero + 0.5f), 0, 255);
            }
        }
        if (surface.OutlierShare > 0.02f) SubtractLocalGround(work, width, height);
        return Threshold(work, width, height);
    }

    /// <summary>Subtracts the grey opening: what remains is narrower than its window, so that shadows with sharp edges go and strokes stay.</summary>
    private static void SubtractLocalGround(NormalizerWorkspace work, int width, int height)
    {
        int count = width * height, radius = Math.Max(2, Math.Max(width, height) / 5);
        Span<byte> ink = work.Ink.AsSpan(0, count), ground = work.Ground.AsSpan(0, count), temporary = work.Temporary.AsSpan(0, count);
        WindowExtremum.Rows(ink, temporary, width, height, radius, maximum: false);
        WindowExtremum.Columns(temporary, ground, width, height, radius, maximum: false);
        WindowExtremum.Rows(ground, temporary, width, height, radius, maximum: true);
        WindowExtremum.Columns(temporary, ground, width, height, radius, maximum: true);
        for (int i = 0; i < count; i++) ink[i] = (byte)Math.Min(255, ink[i] - Math.Min(ink[i], ground[i]) + 20);
    }

    /// <summary>Finds the level of ground and ink, stretches <see cref="NormalizerWorkspace.Ink"/> between them, and marks ink: what is
    /// beyond half, and what is beyond a third and connected with that.</summary>
    private static bool Threshold(NormalizerWorkspace work, int width, int height)
    {
        int count = width * height;
        Span<byte> ink = work.Ink.AsSpan(0, count), mask = work.Mask.AsSpan(0, count);
        Span<int> histogram = stackalloc int[256];
        histogram.Clear();
        foreach (byte value in ink) histogram[value]++;
        int top = 255;
        for (int seen = 0, rare = count / 500 + 1; top > 0 && seen + histogram[top] < rare; top--) seen += histogram[top];
        int ground = Quantile(histogram, 0, 255, count, 0.5);
        // Bold ink may hold the middle of the histogram: the ground is then the middle of its lower half
        if (top - ground < ground - Quantile(histogram, 0, 255, count, 0.02))
            ground = Quantile(histogram, 0, 255, count, 0.2);
        if (top - ground < 5) return false;
        // Means on either side of the threshold, and the threshold between them, until it stays (Ridler and Calvard)
        double threshold = (ground + top) / 2.0, low = ground, high = top;
        for (int i = 0; i < 12; i++)
        {
            (low, high) = Means(histogram, threshold);
            double next = Math.Max((low + high) / 2, (ground + top) * 0.5 - (top - ground) * 0.3);
            if (Math.Abs(next - threshold) < 0.5) break;
            threshold = next;
        }
        int cut = (int)Math.Ceiling(threshold);
        long squares = 0;
        int below = 0, above = 0;
        for (int v = 0; v < cut; v++)
        {
            squares += (long)histogram[v] * (v - ground) * (v - ground);
            below += histogram[v];
        }
        for (int v = cut; v < 256; v++) above += histogram[v];
        if (above == 0) return false;
        double noise = Math.Sqrt((double)squares / Math.Max(1, below));
        if (high - ground < Math.Max(5, 2.5 * noise)) return false;
        // Ink level: the upper middle of the ink, so that soft edges don't lower it
        double full = Quantile(histogram, cut, 255, above, 0.65);
        double floor = Math.Min(ground + Math.Max(1.5 * noise, 0.08 * (full - ground)), full - 2);
        float gain = (float)(255 / (full - floor));
        Span<byte> map = stackalloc byte[256];
        for (int v = 0; v < 256; v++) map[v] = (byte)Math.Clamp((v - floor) * gain + 0.5, 0, 255);
        for (int i = 0; i < count; i++)
        {
            byte value = map[ink[i]];
            ink[i] = value;
            mask[i] = value >= 112 ? (byte)2 : value >= 72 ? (byte)1 : (byte)0;
        }
        Connect(mask, width, height);
        return true;
    }

    /// <summary>Keeps weak ink (1) where it touches strong (2): two sweeps, enough for the soft ends of strokes.</summary>
    private static void Connect(Span<byte> mask, int width, int height)
    {
        for (int sweep = 0; sweep < 2; sweep++)
            for (int i = 0; i < height; i++)
            {
                int y = sweep == 0 ? i : height - 1 - i;
                for (int j = 0; j < width; j++)
                {
                    int x = sweep == 0 ? j : width - 1 - j;
                    if (mask[y * width + x] == 1 && TouchesStrong(mask, width, height, x, y)) mask[y * width + x] = 2;
                }
            }
        for (int i = 0; i < mask.Length; i++) mask[i] >>= 1;
    }

    private static bool TouchesStrong(ReadOnlySpan<byte> mask, int width, int height, int x, int y)
    {
        for (int v = Math.Max(0, y - 1); v <= Math.Min(height - 1, y + 1); v++)
            for (int u = Math.Max(0, x - 1); u <= Math.Min(width - 1, x + 1); u++)
                if (mask[v * width + u] == 2) return true;
        return false;
    }

    private static int Quantile(ReadOnlySpan<int> histogram, int from, int to, int count, double share)
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
