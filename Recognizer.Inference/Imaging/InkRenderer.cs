using System.Numerics;

namespace Recognizer.Inference.Imaging;

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

    public static void Render(NormalizerWorkspace work, int width, int height, PixelBox box, NormalizerLayout layout, Span<float> destination)
    {
        float stroke = StrokeWidth(work, width, box);
        float longest = Math.Max(box.Width, box.Height);
        float extent = Extent(layout), least = LeastStroke(layout);
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
        Sample(work, offsetX, offsetY, destination);
    }

    /// <summary>Twice the area over the perimeter, which for a long stroke is its width. The perimeter is the count of pixel sides between
    /// ink and ground times π/4, right on average over directions.</summary>
    private static float StrokeWidth(NormalizerWorkspace work, int width, PixelBox box)
    {
        var mask = work.Mask;
        int area = 0, sides = 0;
        for (int y = box.Top; y < box.Bottom; y++)
            for (int x = box.Left; x < box.Right; x++)
            {
                int p = y * width + x;
                if (mask[p] == 0) continue;
                area++;
                if (x == box.Left || mask[p - 1] == 0) sides++;
                if (x == box.Right - 1 || mask[p + 1] == 0) sides++;
                if (y == box.Top || mask[p - width] == 0) sides++;
                if (y == box.Bottom - 1 || mask[p + width] == 0) sides++;
            }
        return sides == 0 ? 1 : 2 * area / (sides * 0.785f);
    }

    /// <summary>Resamples the ink so that its centre comes to the canvas's, and makes edges steep, about the middle of their rise.</summary>
    private static void DrawOnCanvas(NormalizerWorkspace work, int width, int height, float scale, float centerX, float centerY)
    {
        var filterX = new ResampleFilter(width, scale, centerX, Canvas / 2f);
        var filterY = new ResampleFilter(height, scale, centerY, Canvas / 2f);
        // Rows first, with vectors along them, then the columns that are left
        int needed = Canvas * width;
        if (work.Columns.Length < needed) work.Columns = new float[needed];
        if (work.InkRow.Length < width) work.InkRow = new float[width];
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
        for (int row = from, lowest = 0; row < to; row++)
        {
            var ink = work.Ink.AsSpan(row * width, width);
            if (ink.IndexOfAnyExcept((byte)0) < 0) continue;
            for (int x = 0; x < width; x++) source[x] = ink[x];
            while (lowest < Canvas && firsts[lowest] + counts[lowest] <= row) lowest++;
            for (int y = lowest; y < Canvas && (counts[y] == 0 || firsts[y] <= row); y++)
            {
                if (row >= firsts[y] + counts[y]) continue;
                MultiplyAdd(source, rowWeights[y * ResampleFilter.MaxTaps + row - firsts[y]], columns.Slice(y * width, width));
            }
        }
        // Where a source pixel covers several canvas pixels the rise is spread over them: steepen it again
        float gain = Math.Clamp(scale, 1.5f, 4f);
        for (int x = 0; x < Canvas; x++)
        {
            int first = filterX.Weights(x, weights, out int taps);
            for (int y = 0, p = first; y < Canvas; y++, p += width)
            {
                float sum = 0;
                for (int t = 0; t < taps; t++) sum += weights[t] * columns[p + t];
                work.Canvas[y * Canvas + x] = (byte)Math.Clamp((sum - 127.5f) * gain + 127.5f, 0, 255);
            }
        }
    }

    /// <summary>target += weight · source.</summary>
    private static void MultiplyAdd(ReadOnlySpan<float> source, float weight, Span<float> target)
    {
        int i = 0;
        var factor = new Vector<float>(weight);
        for (; i <= source.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(target[i..]) + factor * new Vector<float>(source[i..])).CopyTo(target[i..]);
        for (; i < source.Length; i++) target[i] += weight * source[i];
    }

    /// <summary>Greatest value of the neighbours: of four, or of eight. In turn they grow ink by an octagon.</summary>
    private static void Thicken(NormalizerWorkspace work, bool square)
    {
        byte[] from = work.Canvas, to = work.CanvasTemporary;
        for (int y = 0; y < Canvas; y++)
            for (int x = 0; x < Canvas; x++)
            {
                int p = y * Canvas + x;
                byte value = from[p];
                if (x > 0) value = Math.Max(value, from[p - 1]);
                if (x < Canvas - 1) value = Math.Max(value, from[p + 1]);
                if (y > 0)
                {
                    value = Math.Max(value, from[p - Canvas]);
                    if (square && x > 0) value = Math.Max(value, from[p - Canvas - 1]);
                    if (square && x < Canvas - 1) value = Math.Max(value, from[p - Canvas + 1]);
                }
                if (y < Canvas - 1)
                {
                    value = Math.Max(value, from[p + Canvas]);
                    if (square && x > 0) value = Math.Max(value, from[p + Canvas - 1]);
                    if (square && x < Canvas - 1) value = Math.Max(value, from[p + Canvas + 1]);
                }
                to[p] = value;
            }
        (work.Canvas, work.CanvasTemporary) = (to, from);
    }

    private static (float X, float Y) CenterOfMass(ReadOnlySpan<byte> canvas)
    {
        long mass = 0, massX = 0, massY = 0;
        for (int y = 0; y < Canvas; y++)
            for (int x = 0; x < Canvas; x++)
            {
                int value = canvas[y * Canvas + x];
                mass += value;
                massX += value * x;
                massY += value * y;
            }
        return mass == 0 ? (Canvas / 2f, Canvas / 2f) : ((float)massX / mass + 0.5f, (float)massY / mass + 0.5f);
    }

    /// <summary>Gaussian samples of the canvas at the centres of the result's pixels.</summary>
    private static void Sample(NormalizerWorkspace work, float offsetX, float offsetY, Span<float> destination)
    {
        const int Size = CharacterNormalizer.Size, Radius = 6, Taps = 2 * Radius + 1;
        const float Sigma = EdgeSigma * Scale;
        Span<float> source = stackalloc float[Canvas];
        Span<float> rows = stackalloc float[Size * Canvas], weights = stackalloc float[Taps];
        rows.Clear();
        for (int y = 0; y < Size; y++)
        {
            int first = Kernel(y * Scale + Scale / 2f + offsetY, Sigma, weights);
            for (int t = Math.Max(0, -first); t < Math.Min(Taps, Canvas - first); t++)
            {
                var from = work.Canvas.AsSpan((first + t) * Canvas, Canvas);
                if (from.IndexOfAnyExcept((byte)0) < 0) continue;
                for (int x = 0; x < Canvas; x++) source[x] = from[x];
                MultiplyAdd(source, weights[t], rows.Slice(y * Canvas, Canvas));
            }
        }
        for (int x = 0; x < Size; x++)
        {
            int first = Kernel(x * Scale + Scale / 2f + offsetX, Sigma, weights);
            int from = Math.Max(0, -first), to = Math.Min(Taps, Canvas - first);
            for (int y = 0; y < Size; y++)
            {
                float sum = 0;
                for (int t = from; t < to; t++) sum += weights[t] * rows[y * Canvas + first + t];
                destination[y * Size + x] = Math.Clamp(sum * (1 / 255f), 0, 1);
            }
        }

        static int Kernel(float center, float sigma, Span<float> weights)
        {
            int first = (int)MathF.Floor(center) - Radius;
            float total = 0;
            for (int t = 0; t < Taps; t++)
            {
                float d = (first + t + 0.5f - center) / sigma;
                total += weights[t] = MathF.Exp(-0.5f * d * d);
            }
            for (int t = 0; t < Taps; t++) weights[t] /= total;
            return first;
        }
    }
}
