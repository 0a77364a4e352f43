using System.Runtime.Intrinsics;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Draws selected ink into a layout: scaled, stroke width adjusted, edges as soft as in the training data.</summary>
internal static class InkRenderer
{
    private const int Scale = 4;
    private const int Canvas = NormalizerWorkspace.CanvasSize;

    // What the data sets have, measured at half intensity: EMNIST's longest side 22 of its 24 pixels (the rest is the soft edge), strokes
    // 2 to 4.5 wide with 2.9 in the middle; MNIST nearly 20 and 1.7 to 3.8 with 2.4 in the middle. Edges rise like a Gaussian of 0.47 pixels.
    private static float Extent(NormalizerLayout layout) => layout == NormalizerLayout.Emnist ? 22f : 19.7f;

    private static float LeastStroke(NormalizerLayout layout) => layout == NormalizerLayout.Emnist ? 2.4f : 2.1f;

    private const float EdgeSigma = 0.47f;

    // Sizes between which EMNIST's own are; what is smaller or larger is drawn like them
    private const float LeastSize = 0.6f, GreatestSize = 1.2f;

    /// <summary>Length of an edge per side of a pixel along it: π/4, right on average over directions.</summary>
    public const float PerimeterPerSide = 0.785f;

    /// <summary>Result pixels per pixel of the picture from which its pixels are coarse beside the character.</summary>
    private const float Coarse = 1.2f;

    /// <summary>How a data set would show a character of some size: its longest side in pixels, measured at half intensity, and how soft its edges are.</summary>
    /// <param name="layout">Of the data set.</param>
    /// <param name="size">Longest side in heights of the typical character written beside it.</param>
    /// <remarks>EMNIST blurs all scans alike and then scales each character, with its soft edges, to 24 pixels: what was written small has softer edges and less between them, by which
    /// networks tell an I from a 1 and a c from a C. Of the typical character 22 of 24 pixels are between the edges and 2 belong to them, so that one written s times as large has
    /// 24·s / (s + 2/22) between them, and edges that are softer as the rest is greater. Sizes on a page tell more when they are squared before: held-back characters of two thirds and of full
    /// height were read best with a power of 2, from 1 and 3 better than without. MNIST's characters were scaled before their edges were made soft: they show no size.</remarks>
    private static (float Extent, float Sigma) Form(NormalizerLayout layout, float size)
    {
        float extent = Extent(layout);
        if (layout == NormalizerLayout.Mnist || size == 1) return (extent, EdgeSigma); // without rounding
        const float Side = 24;
        float edges = Side - extent;
        size = Math.Clamp(size, LeastSize, GreatestSize);
        float drawn = Side / (1 + edges / (extent * size * size));
        return (drawn, EdgeSigma * (Side - drawn) / edges);
    }

    /// <summary>Draws the ink of a workspace.</summary>
    /// <param name="work">Its map of ink, and which pixels are more ink than ground.</param>
    /// <param name="width">Pixels in a row of it.</param>
    /// <param name="height">Rows.</param>
    /// <param name="box">Where the character is.</param>
    /// <param name="layout">The form that the network expects.</param>
    /// <param name="destination">Receives [28, 28].</param>
    /// <param name="size">Longest side in heights of the typical character written beside it; 1 where none is known.</param>
    public static void Render(NormalizerWorkspace work, int width, int height, PixelBox box, NormalizerLayout layout, Span<float> destination, float size = 1)
    {
        float stroke = StrokeWidth(work.Mask, width, box, 1);
        float longest = Math.Max(box.Width, box.Height);
        float least = LeastStroke(layout);
        var (extent, sigma) = Form(layout, size);
        float scale = extent / longest;
        float grow = 0; // result pixels on either side
        if (stroke * scale < least && longest > stroke * 1.5f)
        {
            // scale·longest + 2·grow = extent and scale·stroke + 2·grow = least
            scale = (extent - least) / (longest - stroke);
            grow = Math.Max(0, (least - stroke * scale) / 2);
        }
        float canvasScale = scale * Scale;
        float centerX = box.Left + box.Width / 2f, centerY = box.Top + box.Height / 2f;
        DrawOnCanvas(work, width, height, canvasScale, centerX, centerY);
        if (scale > Coarse && TryMeasure(work.Canvas, out var drawn))
        {
            // A pixel of such a picture is several percent of the character: where its ink ends between pixels is known only now
            float correction = Math.Clamp(canvasScale * longest / Math.Max(drawn.Width, drawn.Height), 0.8f, 1.25f);
            centerX += (drawn.Left + drawn.Width / 2f - Canvas / 2f) / canvasScale;
            centerY += (drawn.Top + drawn.Height / 2f - Canvas / 2f) / canvasScale;
            DrawOnCanvas(work, width, height, canvasScale * correction, centerX, centerY);
        }
        int steps = (int)Math.Round(grow * Scale);
        for (int i = 0; i < steps; i++) Thicken(work, square: (i & 1) != 0);

        float offsetX = 0, offsetY = 0;
        if (layout == NormalizerLayout.Mnist)
        {
            // MNIST moves the centre of mass to the middle of pixel 14
            var (x, y) = CenterOfMass(work.Canvas);
            offsetX = x - Scale * 14.5f;
            offsetY = y - Scale * 14.5f;
        }
        Sample(work, offsetX, offsetY, sigma, destination);
    }

    /// <summary>The box around what is at least half ink on the canvas, which is turned: [x, y].</summary>
    private static bool TryMeasure(ReadOnlySpan<byte> canvas, out PixelBox box)
    {
        int left = Canvas, right = -1, top = Canvas, bottom = -1;
        for (int x = 0; x < Canvas; x++)
            for (int y = 0; y < Canvas; y++)
            {
                if (canvas[x * Canvas + y] < 128) continue;
                left = Math.Min(left, x);
                right = x;
                top = Math.Min(top, y);
                bottom = Math.Max(bottom, y);
            }
        box = new PixelBox(left, top, right - left + 1, bottom - top + 1);
        return right >= 0;
    }

    /// <summary>Twice the area over the perimeter, which for a long stroke is its width. The perimeter is the count of pixel sides between
    /// ink and ground times <see cref="PerimeterPerSide"/>.</summary>
    /// <param name="map">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="box">What is looked at; beyond it is ground.</param>
    /// <param name="level">Least value of ink.</param>
    public static float StrokeWidth(ReadOnlySpan<byte> map, int width, PixelBox box, byte level)
    {
        int area = 0, sides = 0;
        ReadOnlySpan<byte> above = [];
        for (int y = box.Top; y < box.Bottom; y++)
        {
            ReadOnlySpan<byte> row = map.Slice(y * width + box.Left, box.Width);
            area += Rows.CountEdges(row, [], level);
            sides += (row[0] >= level ? 1 : 0) + (row[^1] >= level ? 1 : 0) + Rows.CountEdges(row, above, level);
            sides += Rows.CountEdges(row[1..], row[..^1], level);
            above = row;
        }
        sides += Rows.CountEdges(above, [], level);
        return sides == 0 ? 1 : 2 * area / (sides * PerimeterPerSide);
    }

    /// <summary>Resamples the ink so that its centre comes to the canvas's, and makes edges steep, about the middle of their rise.</summary>
    private static void DrawOnCanvas(NormalizerWorkspace work, int width, int height, float scale, float centerX, float centerY)
    {
        var filterX = new ResampleFilter(width, scale, centerX, Canvas / 2f);
        var filterY = new ResampleFilter(height, scale, centerY, Canvas / 2f);
        // Rows first, with vectors along them, then the columns that are left
        int needed = Canvas * width;
        work.ReserveRows(width, Canvas);
        Span<float> columns = work.Columns.AsSpan(0, needed), source = work.InkRow.AsSpan(0, width);
        columns.Clear();
        Span<float> weights = stackalloc float[ResampleFilter.MaxTaps];
        Span<int> firsts = stackalloc int[Canvas], counts = stackalloc int[Canvas];
        Span<float> rowWeights = work.Weights.AsSpan(0, Canvas * ResampleFilter.MaxTaps);
        int from = height, to = 0;
        for (int y = 0; y < Canvas; y++)
        {
            firsts[y] = filterY.Weights(y, rowWeights.Slice(y * ResampleFilter.MaxTaps, ResampleFilter.MaxTaps), out counts[y]);
            if (counts[y] == 0) continue;
            from = Math.Min(from, firsts[y]);
            to = Math.Max(to, firsts[y] + counts[y]);
        }
        int left = width, right = -1;
        for (int row = from, lowest = 0; row < to; row++)
        {
            var ink = work.Ink.AsSpan(row * width, width);
            int start = ink.IndexOfAnyExcept((byte)0);
            if (start < 0) continue;
            int length = ink.LastIndexOfAnyExcept((byte)0) + 1 - start;
            left = Math.Min(left, start);
            right = Math.Max(right, start + length - 1);
            Rows.Widen(ink.Slice(start, length), source);
            while (lowest < Canvas && firsts[lowest] + counts[lowest] <= row) lowest++;
            for (int y = lowest; y < Canvas && (counts[y] == 0 || firsts[y] <= row); y++)
            {
                if (row >= firsts[y] + counts[y]) continue;
                Rows.MultiplyAdd(source[..length], rowWeights[y * ResampleFilter.MaxTaps + row - firsts[y]], columns.Slice(y * width + start, length));
            }
        }
        Span<float> turned = work.Turned.AsSpan(0, needed), sums = stackalloc float[Canvas];
        Rows.Transpose(columns, turned, Canvas, width);
        // Where a source pixel covers several canvas pixels the rise is spread over them: steepen it again
        float gain = Math.Clamp(scale, 1.5f, 4f);
        for (int x = 0; x < Canvas; x++)
        {
            if (!filterX.Reaches(x, left, right))
            {
                work.Canvas.AsSpan(x * Canvas, Canvas).Clear();
                continue;
            }
            int first = filterX.Weights(x, weights, out int taps);
            Rows.WeightedSum(turned[(first * Canvas)..], weights[..taps], sums);
            Steepen(sums, gain, work.Canvas.AsSpan(x * Canvas, Canvas));
        }
    }

    /// <summary>(value − 127.5)·gain + 127.5, held to 0…255; the canvas's side is a multiple of a vector of bytes.</summary>
    private static void Steepen(ReadOnlySpan<float> values, float gain, Span<byte> target)
    {
        Vector128<float> middle = Vector128.Create(127.5f), factor = Vector128.Create(gain);
        for (int i = 0; i < values.Length; i += Vector128<byte>.Count)
        {
            var low = Vector128.Narrow(Quarter(values[i..]), Quarter(values[(i + 4)..]));
            Vector128.Narrow(low, Vector128.Narrow(Quarter(values[(i + 8)..]), Quarter(values[(i + 12)..]))).CopyTo(target[i..]);
        }

        Vector128<uint> Quarter(ReadOnlySpan<float> four) => Vector128.ConvertToInt32(
            Vector128.Min(Vector128.Max((Vector128.Create(four) - middle) * factor + middle, Vector128<float>.Zero), Vector128.Create(255f))).AsUInt32();
    }

    /// <summary>Greatest value of the neighbours: of four, or of eight. In turn they grow ink by an octagon.</summary>
    private static void Thicken(NormalizerWorkspace work, bool square)
    {
        ReadOnlySpan<byte> from = work.Canvas;
        Span<byte> to = work.CanvasTemporary;
        // a column with an empty pixel before and after it, and the greatest of three columns
        Span<byte> middle = stackalloc byte[Canvas + 2], across = stackalloc byte[Canvas + 2];
        middle[0] = middle[Canvas + 1] = across[0] = across[Canvas + 1] = 0;
        for (int x = 0; x < Canvas; x++)
        {
            from.Slice(x * Canvas, Canvas).CopyTo(middle[1..]);
            ReadOnlySpan<byte> before = from.Slice(Math.Max(0, x - 1) * Canvas, Canvas), after = from.Slice(Math.Min(Canvas - 1, x + 1) * Canvas, Canvas);
            for (int y = 0; y < Canvas; y += Vector128<byte>.Count)
                Vector128.Max(Vector128.Create(middle[(y + 1)..]), Vector128.Max(Vector128.Create(before[y..]), Vector128.Create(after[y..]))).CopyTo(across[(y + 1)..]);
            ReadOnlySpan<byte> beside = square ? across : middle;
            for (int y = 0; y < Canvas; y += Vector128<byte>.Count)
                Vector128.Max(Vector128.Create(across[(y + 1)..]), Vector128.Max(Vector128.Create(beside[y..]), Vector128.Create(beside[(y + 2)..]))).CopyTo(to[(x * Canvas + y)..]);
        }
        (work.Canvas, work.CanvasTemporary) = (work.CanvasTemporary, work.Canvas);
    }

    private static (float X, float Y) CenterOfMass(ReadOnlySpan<byte> canvas)
    {
        long mass = 0, massX = 0, massY = 0;
        for (int x = 0; x < Canvas; x++)
        {
            var column = canvas.Slice(x * Canvas, Canvas);
            if (column.IndexOfAnyExcept((byte)0) < 0) continue;
            for (int y = 0; y < Canvas; y++)
            {
                int value = column[y];
                mass += value;
                massX += value * x;
                massY += value * y;
            }
        }
        return mass == 0 ? (Canvas / 2f, Canvas / 2f) : ((float)massX / mass + 0.5f, (float)massY / mass + 0.5f);
    }

    /// <summary>Gaussian samples of the canvas at the centres of the result's pixels. These are a whole number of canvas pixels apart, so that all have the
    /// same weights.</summary>
    private static void Sample(NormalizerWorkspace work, float offsetX, float offsetY, float sigma, Span<float> destination)
    {
        const int Size = CharacterNormalizer.Size;
        Span<float> source = stackalloc float[Canvas], weights = stackalloc float[2 * (int)MathF.Round(Reach * sigma * Scale) + 1];
        Span<float> columns = stackalloc float[Size * Canvas], turned = stackalloc float[Size * Canvas];
        columns.Clear();
        int taps = weights.Length, first = Kernel(Scale / 2f + offsetX, sigma, weights);
        for (int x = 0; x < Canvas; x++)
        {
            var ink = work.Canvas.AsSpan(x * Canvas, Canvas);
            if (ink.IndexOfAnyExcept((byte)0) < 0) continue;
            Rows.Widen(ink, source);
            // the samples that this column is within reach of
            for (int to = Math.Max(0, (x - first - taps + Scale) / Scale); to < Size && to * Scale + first <= x; to++)
                Rows.MultiplyAdd(source, weights[x - first - to * Scale], columns.Slice(to * Canvas, Canvas));
        }
        Rows.Transpose(columns, turned, Size, Canvas);
        first = Kernel(Scale / 2f + offsetY, sigma, weights);
        for (int y = 0; y < Size; y++)
        {
            var row = destination.Slice(y * Size, Size);
            int start = y * Scale + first, from = Math.Max(0, start), count = Math.Min(Canvas, start + taps) - from;
            if (count > 0) Rows.WeightedSum(turned.Slice(from * Size, count * Size), weights.Slice(from - start, count), row);
            else row.Clear();
            for (int x = 0; x < Size; x++) row[x] = Math.Clamp(row[x] * (1 / 255f), 0, 1);
        }
    }

    /// <summary>Standard deviations after which the Gaussian is cut off.</summary>
    private const float Reach = 3.2f;

    /// <summary>Weights of the canvas pixels about a place, of which the first is returned; an odd number of them.</summary>
    private static int Kernel(float center, float sigma, Span<float> weights)
    {
        int first = (int)MathF.Floor(center) - weights.Length / 2;
        float total = 0;
        for (int t = 0; t < weights.Length; t++)
        {
            float d = (first + t + 0.5f - center) / (sigma * Scale);
            total += weights[t] = MathF.Exp(-0.5f * d * d);
        }
        for (int t = 0; t < weights.Length; t++) weights[t] /= total;
        return first;
    }
}
