namespace Recognizer.Inference.Imaging;

/// <summary>A rectangle of pixels.</summary>
internal readonly record struct PixelBox(int Left, int Top, int Width, int Height)
{
    public int Right => Left + Width;

    public int Bottom => Top + Height;

    public PixelBox Union(PixelBox other)
    {
        int left = Math.Min(Left, other.Left), top = Math.Min(Top, other.Top);
        return new(left, top, Math.Max(Right, other.Right) - left, Math.Max(Bottom, other.Bottom) - top);
    }
}

/// <summary>A connected piece of ink (8-connected).</summary>
/// <param name="Label">Number in <see cref="NormalizerWorkspace.Labels"/>.</param>
/// <param name="Box">Bounding box.</param>
/// <param name="Area">Pixels.</param>
/// <param name="Mass">Sum of ink, 0…255 each.</param>
internal readonly record struct InkComponent(int Label, PixelBox Box, int Area, long Mass);

/// <summary>Labels connected components of a mask.</summary>
internal static class InkComponents
{
    /// <summary>Fills labels (1… , 0 for ground) and the list of components, component i having label i + 1.</summary>
    public static void Find(ReadOnlySpan<byte> mask, ReadOnlySpan<byte> ink, int width, int height, Span<int> labels, List<int> parents, List<InkComponent> components)
    {
        parents.Clear();
        parents.Add(0);
        // First pass: provisional labels from the left and the three neighbours above, noting which are the same
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int p = y * width + x;
                if (mask[p] == 0)
                {
                    labels[p] = 0;
                    continue;
                }
                int label = 0;
                if (x > 0) label = labels[p - 1];
                if (y > 0)
                {
                    label = Merge(parents, label, labels[p - width]);
                    if (x > 0) label = Merge(parents, label, labels[p - width - 1]);
                    if (x + 1 < width) label = Merge(parents, label, labels[p - width + 1]);
                }
                if (label == 0)
                {
                    label = parents.Count;
                    parents.Add(label);
                }
                labels[p] = label;
            }
        // Second pass: final numbers in order of appearance
        components.Clear();
        for (int i = 1; i < parents.Count; i++)
        {
            int root = Root(parents, i);
            if (root == i)
            {
                components.Add(new InkComponent(components.Count + 1, default, 0, 0));
                parents[i] = -components.Count;
            }
            else parents[i] = parents[root]; // roots come before what is merged into them
        }
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int p = y * width + x;
                if (labels[p] == 0) continue;
                int label = labels[p] = -parents[labels[p]];
                var c = components[label - 1];
                var pixel = new PixelBox(x, y, 1, 1);
                components[label - 1] = new InkComponent(label, c.Area == 0 ? pixel : c.Box.Union(pixel), c.Area + 1, c.Mass + ink[p]);
            }
    }

    private static int Root(List<int> parents, int label)
    {
        while (parents[label] > 0 && parents[label] != label) label = parents[label];
        return label;
    }

    private static int Merge(List<int> parents, int a, int b)
    {
        if (a == 0) return b;
        if (b == 0 || a == b) return a;
        int rootA = Root(parents, a), rootB = Root(parents, b);
        int root = Math.Min(rootA, rootB);
        parents[rootA] = root;
        parents[rootB] = root;
        return root;
    }
}
