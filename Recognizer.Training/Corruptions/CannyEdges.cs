namespace Recognizer.Training.Corruptions;

/// <summary>Only the edges remain: Canny's detector with a smoothing of one pixel and thresholds of 0.1 and 0.2 on the unscaled Sobel
/// gradient.</summary>
internal sealed class CannyEdges : Corruption
{
    private const float Low = 0.1f;
    private const float High = 0.2f;

    public override string Name => "canny-edges";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        GaussianFilter.Apply(image, 1, Beyond.Nothing);
        Span<float> gradientX = stackalloc float[PixelCount], gradientY = stackalloc float[PixelCount], magnitude = stackalloc float[PixelCount];
        for (int y = 0; y < Side; y++)
        {
            int above = Math.Max(0, y - 1) * Side, here = y * Side, below = Math.Min(Side - 1, y + 1) * Side;
            for (int x = 0; x < Side; x++)
            {
                int left = Math.Max(0, x - 1), right = Math.Min(Side - 1, x + 1);
                float dx = image[above + right] - image[above + left] + 2 * (image[here + right] - image[here + left]) + image[below + right] - image[below + left];
                float dy = image[below + left] - image[above + left] + 2 * (image[below + x] - image[above + x]) + image[below + right] - image[above + right];
                gradientX[here + x] = dx;
                gradientY[here + x] = dy;
                magnitude[here + x] = MathF.Sqrt(dx * dx + dy * dy);
            }
        }

        // 1 marks a ridge that counts beside a strong one.
        result.Clear();
        for (int y = 1; y < Side - 1; y++)
        {
            for (int x = 1; x < Side - 1; x++)
            {
                int i = y * Side + x;
                if (magnitude[i] >= Low && IsRidge(magnitude, i, gradientX[i], gradientY[i])) result[i] = 1;
            }
        }
        Follow(result, magnitude);
    }

    // Whether the gradient is no smaller than at either neighbour across the edge, which lie between two pixels.
    private static bool IsRidge(ReadOnlySpan<float> magnitude, int i, float dx, float dy)
    {
        bool steep = Math.Abs(dy) > Math.Abs(dx);
        float share = steep ? Math.Abs(dx) / Math.Abs(dy) : Math.Abs(dy) / Math.Abs(dx);
        int straight = steep ? Math.Sign(dy) * Side : Math.Sign(dx);
        int diagonal = straight + (steep ? (dx < 0 ? -1 : 1) : (dy < 0 ? -Side : Side));
        float ahead = share * magnitude[i + diagonal] + (1 - share) * magnitude[i + straight];
        float behind = share * magnitude[i - diagonal] + (1 - share) * magnitude[i - straight];
        return ahead <= magnitude[i] && behind <= magnitude[i];
    }

    // Keeps the connected ridges (8 neighbours) that are strong somewhere.
    private static void Follow(Span<float> ridges, ReadOnlySpan<float> magnitude)
    {
        Span<bool> kept = stackalloc bool[PixelCount];
        Span<int> pending = stackalloc int[PixelCount];
        kept.Clear();
        int count = 0;
        for (int i = 0; i < PixelCount; i++)
        {
            if (ridges[i] == 0 || magnitude[i] < High) continue;
            kept[i] = true;
            pending[count++] = i;
        }
        while (count > 0)
        {
            int i = pending[--count];
            for (int dy = -1; dy <= 1; dy++)
            {
                for (int dx = -1; dx <= 1; dx++)
                {
                    // Ridges are never on the border, so that all neighbours exist.
                    int next = i + dy * Side + dx;
                    if (ridges[next] == 0 || kept[next]) continue;
                    kept[next] = true;
                    pending[count++] = next;
                }
            }
        }
        for (int i = 0; i < PixelCount; i++) ridges[i] = kept[i] ? 1 : 0;
    }
}
