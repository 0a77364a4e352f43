namespace Recognizer.Inference.Imaging.Ink;

/// <summary>A connected piece of ink (8-connected).</summary>
/// <param name="Label">Number in <see cref="NormalizerWorkspace.Labels"/>.</param>
/// <param name="Box">Bounding box.</param>
/// <param name="Area">Pixels.</param>
/// <param name="Mass">Sum of ink, 0…255 each; 0 where only the mask was given.</param>
internal readonly record struct InkComponent(int Label, PixelBox Box, int Area, long Mass);

/// <summary>Labels connected components of a mask.</summary>
internal static class InkComponents
{
    /// <summary>Fills labels (1… , 0 for ground) and the list of components, component i having label i + 1.</summary>
    /// <param name="mask">[height, width], 0 for ground.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="labels">Receives them, [height, width].</param>
    /// <param name="components">Receives them.</param>
    /// <param name="parents">Is overwritten; a list of its own where there is none to reuse.</param>
    /// <param name="ink">[height, width], where the components' mass is wanted.</param>
    public static void Find(ReadOnlySpan<byte> mask, int width, int height, Span<int> labels, List<InkComponent> components, List<int>? parents = null, ReadOnlySpan<byte> ink = default)
    {
        parents ??= [];
        parents.Clear();
        parents.Add(0);
        labels.Clear();
        // First pass: provisional labels from the runs above that touch, noting which are the same
        for (int y = 0; y < height; y++)
        {
            var row = mask.Slice(y * width, width);
            for (int start = Next(row, 0); start < width;)
            {
                int end = RunEnd(row, start), label = 0;
                if (y > 0)
                {
                    var above = labels.Slice((y - 1) * width, width)[Math.Max(0, start - 1)..Math.Min(width, end + 1)];
                    for (int i = above.IndexOfAnyExcept(0); i >= 0;)
                    {
                        label = Merge(parents, label, above[i]);
                        above = above[i..];
                        int next = above.IndexOfAnyExcept(above[0], 0);
                        if (next < 0) break;
                        i = next;
                    }
                }
                if (label == 0)
                {
                    label = parents.Count;
                    parents.Add(label);
                }
                labels.Slice(y * width + start, end - start).Fill(label);
                start = Next(row, end);
            }
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
        {
            var row = mask.Slice(y * width, width);
            for (int start = Next(row, 0); start < width;)
            {
                int end = RunEnd(row, start), p = y * width + start, label = -parents[labels[p]];
                labels.Slice(p, end - start).Fill(label);
                long mass = 0;
                if (!ink.IsEmpty)
                    foreach (byte value in ink.Slice(p, end - start)) mass += value;
                var c = components[label - 1];
                var run = new PixelBox(start, y, end - start, 1);
                components[label - 1] = new InkComponent(label, c.Area == 0 ? run : c.Box.Union(run), c.Area + run.Width, c.Mass + mass);
                start = Next(row, end);
            }
        }
    }

    /// <summary>Of each component, by label, twice the area over the perimeter: of a stroke, its width.</summary>
    /// <param name="labels">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="components">All that there are.</param>
    public static double[] Thickness(ReadOnlySpan<int> labels, int width, int height, List<InkComponent> components)
    {
        var sides = new int[components.Count + 1];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int p = y * width + x, label = labels[p];
                if (label == 0) continue;
                if (x == 0 || labels[p - 1] != label) sides[label]++;
                if (x + 1 == width || labels[p + 1] != label) sides[label]++;
                if (y == 0 || labels[p - width] != label) sides[label]++;
                if (y + 1 == height || labels[p + width] != label) sides[label]++;
            }
        var thickness = new double[sides.Length];
        foreach (InkComponent c in components) thickness[c.Label] = 2.0 * c.Area / sides[c.Label];
        return thickness;
    }

    /// <summary>Where the next run of ink begins, or the end of the row.</summary>
    private static int Next(ReadOnlySpan<byte> row, int from) => row[from..].IndexOfAnyExcept((byte)0) is >= 0 and var i ? from + i : row.Length;

    private static int RunEnd(ReadOnlySpan<byte> row, int start) => row[start..].IndexOf((byte)0) is >= 0 and var i ? start + i : row.Length;

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
