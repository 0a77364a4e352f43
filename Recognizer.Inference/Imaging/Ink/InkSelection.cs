namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Decides which pieces of ink belong to the character.</summary>
internal static class InkSelection
{
    /// <summary>Drops specks and what belongs to the picture's surroundings, clears the ink that is dropped, and gives the box of the rest.</summary>
    public static bool Select(NormalizerWorkspace work, int width, int height, out PixelBox box)
    {
        int count = width * height;
        var labels = work.Labels.AsSpan(0, count);
        var components = work.Components;
        InkComponents.Find(work.Mask.AsSpan(0, count), width, height, labels, components, work.Parents, work.Ink.AsSpan(0, count));
        box = default;
        if (components.Count == 0) return false;

        DropSurroundings(work, width, height);
        if (work.IsAlphanumeric) DropFrames(work, width);
        int main = -1;
        long mainMass = -1;
        for (int i = 0; i < components.Count; i++)
        {
            if (components[i].Area == 0) continue;
            // what a side cuts off is likely to be a neighbour's
            long mass = TouchesSide(components[i].Box, width) ? components[i].Mass / 2 : components[i].Mass;
            if (mass > mainMass) (main, mainMass) = (i, mass);
        }
        mainMass = components[main].Mass;
        box = components[main].Box;
        bool dropped = false;
        foreach (var c in components) dropped |= c.Area == 0;
        int reach = Math.Max(components[main].Box.Width, components[main].Box.Height);
        var mainBox = components[main].Box;
        bool cropped = TouchesSide(mainBox, width);
        for (int i = 0; i < components.Count; i++)
        {
            if (i == main || components[i].Area == 0) continue;
            var c = components[i];
            int gap = Gap(c.Box, mainBox);
            // The farther away, the more ink it takes to belong, most of all where no dot of an i would be: dirt may be anywhere
            double share = (double)c.Mass / mainMass, away = gap / Math.Max(1.0, reach);
            bool keep = share >= 0.02 && share >= 0.12 * away && (share >= 0.8 * away * away || IsAbove(c.Box, mainBox, reach));
            // Ink that is cut off at the left or right, while the character isn't, and that is beside it
            int overlap = Math.Min(c.Box.Right, mainBox.Right) - Math.Max(c.Box.Left, mainBox.Left);
            if (!cropped && TouchesSide(c.Box, width) && overlap < c.Box.Width / 2 && share < 1) keep = false;
            if (keep && work.IsAlphanumeric && IsUnderline(c.Box, c.Area, mainBox)) keep = false;
            if (keep) box = box.Union(c.Box);
            else
            {
                components[i] = c with { Area = 0 };
                dropped = true;
            }
        }
        if (dropped) ClearDropped(work, width, height);
        return true;
    }

    /// <summary>Whether a part is a stroke under the character: flat, about as long as that is large, and farther from it than the foot of an I or the base of a Z may be.</summary>
    private static bool IsUnderline(PixelBox line, int area, PixelBox main)
    {
        const double LeastGap = 0.12, LeastWidth = 0.45, LeastOverlap = 0.5, MostThickness = 0.15, Flat = 0.25;
        int extent = Math.Max(main.Width, main.Height), overlap = Math.Min(line.Right, main.Right) - Math.Max(line.Left, main.Left);
        return line.Top - main.Bottom >= LeastGap * extent && line.Width >= LeastWidth * extent && line.Height <= Flat * line.Width && area <= MostThickness * extent * line.Width
            && overlap >= LeastOverlap * Math.Min(line.Width, main.Width) && main.Height >= 2 * Flat * main.Width;
    }

    private static bool IsAbove(PixelBox part, PixelBox main, int reach)
    {
        double center = part.Left + part.Width / 2.0;
        return part.Bottom <= main.Top + main.Height / 2 && center >= main.Left - 0.7 * reach && center <= main.Right + 0.7 * reach;
    }

    /// <summary>Marks what lies along the picture's edge as dropped where the character lies apart from all of them: the edge of a table, a corner in the shade, a neighbour's
    /// stroke. In a picture that is cropped to its ink nothing is dropped, as all of that may belong to the character.</summary>
    private static void DropSurroundings(NormalizerWorkspace work, int width, int height)
    {
        var components = work.Components;
        int main = -1;
        for (int i = 0; i < components.Count; i++)
            if (components[i].Box.IsWithin(width, height) && (main < 0 || components[i].Mass > components[main].Mass)) main = i;
        if (main < 0) return;
        var box = components[main].Box;
        int margin = Math.Min(Math.Min(box.Left, width - box.Right), Math.Min(box.Top, height - box.Bottom)), extent = Math.Max(box.Width, box.Height);
        if (extent < Math.Min(width, height) / 5 || margin < extent / 16) return;
        foreach (InkComponent c in components)
        {
            // What is larger, no line, and not along the edge, is a character that the edge cuts, and what is apart is a stroke of it
            int longest = Math.Max(c.Box.Width, c.Box.Height);
            if (!c.Box.IsWithin(width, height) && longest > extent && longest < 12 * Math.Min(c.Box.Width, c.Box.Height) && EdgeShare(work, width, height, c.Label) < 0.4) return;
        }
        for (int i = 0; i < components.Count; i++)
            if (!components[i].Box.IsWithin(width, height)) components[i] = components[i] with { Area = 0 };
    }

    /// <summary>Marks parts of a box as dropped, two sides or more: ink along the sides of its own bounding box only, around something that is about as large; and strokes that run
    /// all around, such as a circle.</summary>
    private static void DropFrames(NormalizerWorkspace work, int width)
    {
        // What a frame surrounds: more than the middle bar of an E whose other strokes are apart from it
        const double LeastExtent = 0.45, LeastHeight = 0.4, Along = 0.95;
        var components = work.Components;
        Span<int> hits = stackalloc int[4];
        for (int i = 0; i < components.Count; i++)
        {
            PixelBox box = components[i].Box;
            int band = Math.Max(2, Math.Max(box.Width, box.Height) / 14), extent = Math.Max(box.Width, box.Height);
            if (components[i].Area == 0 || Math.Min(box.Width, box.Height) < 5 * band || components[i].Area > extent * 4 * band) continue;
            if (EnclosingStroke.Surrounds(work.Labels, width, components, components[i]))
            {
                components[i] = components[i] with { Area = 0 };
                continue;
            }
            bool surrounds = false;
            foreach (var c in components)
                surrounds |= c.Area > 0 && c.Label != components[i].Label
                    && c.Box.Left >= box.Left && c.Box.Right <= box.Right && c.Box.Top >= box.Top && c.Box.Bottom <= box.Bottom
                    && Math.Max(c.Box.Width, c.Box.Height) >= LeastExtent * extent && c.Box.Height >= LeastHeight * box.Height;
            if (!surrounds) continue;
            int along = 0, sides = 0;
            hits.Clear();
            for (int y = box.Top; y < box.Bottom; y++)
                for (int x = box.Left; x < box.Right; x++)
                {
                    if (work.Labels[y * width + x] != components[i].Label) continue;
                    bool left = x < box.Left + band, right = x >= box.Right - band, top = y < box.Top + band, bottom = y >= box.Bottom - band;
                    if (left || right || top || bottom) along++;
                    if (left) hits[0]++;
                    if (right) hits[1]++;
                    if (top) hits[2]++;
                    if (bottom) hits[3]++;
                }
            for (int k = 0; k < 4; k++) if (hits[k] >= 0.9 * (k < 2 ? box.Height : box.Width)) sides++;
            if (sides >= 2 && along >= Along * components[i].Area) components[i] = components[i] with { Area = 0 };
        }
    }

    /// <summary>Greatest share of a side of the picture that a component covers.</summary>
    private static double EdgeShare(NormalizerWorkspace work, int width, int height, int label)
    {
        int left = 0, right = 0, top = 0, bottom = 0;
        for (int x = 0; x < width; x++)
        {
            if (work.Labels[x] == label) top++;
            if (work.Labels[(height - 1) * width + x] == label) bottom++;
        }
        for (int y = 0; y < height; y++)
        {
            if (work.Labels[y * width] == label) left++;
            if (work.Labels[y * width + width - 1] == label) right++;
        }
        return Math.Max((double)Math.Max(top, bottom) / width, (double)Math.Max(left, right) / height);
    }

    private static bool TouchesSide(PixelBox box, int width) => box.Left <= 0 || box.Right >= width;

    private static int Gap(PixelBox a, PixelBox b)
    {
        int x = Math.Max(0, Math.Max(a.Left - b.Right, b.Left - a.Right)), y = Math.Max(0, Math.Max(a.Top - b.Bottom, b.Top - a.Bottom));
        return Math.Max(x, y);
    }

    /// <summary>Sets ink to 0 within dropped components and next to them, unless a kept component is next to it as well.</summary>
    private static void ClearDropped(NormalizerWorkspace work, int width, int height)
    {
        var components = work.Components;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int p = y * width + x;
                if (work.Ink[p] == 0) continue;
                int label = work.Labels[p];
                if (label == 0)
                {
                    bool nearDropped = false, nearKept = false;
                    for (int v = Math.Max(0, y - 2); v <= Math.Min(height - 1, y + 2); v++)
                        for (int u = Math.Max(0, x - 2); u <= Math.Min(width - 1, x + 2); u++)
                        {
                            int near = work.Labels[v * width + u];
                            if (near == 0) continue;
                            if (components[near - 1].Area == 0) nearDropped = true;
                            else nearKept = true;
                        }
                    if (nearDropped && !nearKept) work.Ink[p] = 0;
                }
                else if (components[label - 1].Area == 0)
                {
                    work.Ink[p] = 0;
                    work.Mask[p] = 0;
                }
            }
    }
}
