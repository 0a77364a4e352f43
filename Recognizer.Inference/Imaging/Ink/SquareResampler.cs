using System.Collections.Concurrent;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Scales square pictures such that averaging over the area of pixels leads from the larger one to the smaller: exactly when a picture shrinks, nearly when it grows.</summary>
internal static class SquareResampler
{
    /// <summary>More of them make less difference than rounding to bytes does.</summary>
    private const int Refinements = 3;

    private static readonly ConcurrentDictionary<(int From, int To), float[]> s_enlarging = new();

    /// <summary>Scales a picture.</summary>
    /// <param name="work">Buffers.</param>
    /// <param name="pixels">[from, from].</param>
    /// <param name="from">Width and height of the picture.</param>
    /// <param name="result">Receives [to, to], 0…255.</param>
    /// <param name="to">Width and height of the result.</param>
    public static void Resample(NormalizerWorkspace work, ReadOnlySpan<byte> pixels, int from, Span<float> result, int to)
    {
        work.ReserveRows(Math.Max(from, to), to);
        Span<float> row = work.InkRow.AsSpan(0, from), rows = work.Columns.AsSpan(0, to * from), turned = work.Turned.AsSpan(0, from * to);
        Span<float> weights = stackalloc float[to];
        rows.Clear();
        float[]? enlarging = from < to ? s_enlarging.GetOrAdd((from, to), static sizes => Enlarging(sizes.From, sizes.To)) : null;
        for (int y = 0; y < from; y++)
        {
            Rows.Widen(pixels.Slice(y * from, from), row);
            Weights(y, weights, out int first, out int count);
            for (int i = 0; i < count; i++) Rows.MultiplyAdd(row, weights[i], rows.Slice((first + i) * from, from));
        }
        Rows.Transpose(rows, turned, to, from);
        Span<float> columns = work.Columns.AsSpan(0, to * to);
        columns.Clear();
        for (int x = 0; x < from; x++)
        {
            Weights(x, weights, out int first, out int count);
            for (int i = 0; i < count; i++) Rows.MultiplyAdd(turned.Slice(x * to, to), weights[i], columns.Slice((first + i) * to, to));
        }
        Rows.Transpose(columns, result, to, to);
        foreach (ref float value in result) value = Math.Clamp(value, 0, 255);

        // What a pixel adds to those of the result
        void Weights(int pixel, Span<float> weights, out int first, out int count)
        {
            if (enlarging is not null)
            {
                (first, count) = (0, to);
                enlarging.AsSpan(pixel * to, to).CopyTo(weights);
                return;
            }
            float ratio = (float)to / from, start = pixel * ratio, end = (pixel + 1) * ratio;
            first = (int)start;
            count = Math.Min(to, (int)MathF.Ceiling(end)) - first;
            for (int i = 0; i < count; i++) weights[i] = Math.Min(first + i + 1, end) - Math.Max(first + i, start);
        }
    }

    /// <summary>Catmull–Rom weights, refined: what averaging the enlarged picture gives less than the picture itself is enlarged too and added (iterative back-projection, Irani and Peleg 1991).</summary>
    /// <returns>[from, to]: what a pixel adds to those of the result.</returns>
    private static float[] Enlarging(int from, int to)
    {
        var cubic = new float[from * to];
        for (int i = 0; i < to; i++)
        {
            float center = (i + 0.5f) * from / to - 0.5f;
            for (int j = (int)MathF.Floor(center) - 1; j <= (int)MathF.Floor(center) + 2; j++)
                cubic[Math.Clamp(j, 0, from - 1) * to + i] += ResampleFilter.Cubic(j - center);
        }
        // what is left of the picture when it was enlarged and averaged: [from, from]
        var averaged = new float[from * from];
        float ratio = (float)to / from;
        for (int j = 0; j < from; j++)
            for (int i = 0; i < to; i++)
            {
                float overlap = Math.Min(i + 1, (j + 1) * ratio) - Math.Max(i, j * ratio);
                if (overlap <= 0) continue;
                for (int k = 0; k < from; k++) averaged[k * from + j] += cubic[k * to + i] * overlap / ratio;
            }
        float[] refined = [.. cubic], next = new float[from * to];
        for (int step = 0; step < Refinements; step++)
        {
            for (int k = 0; k < from; k++)
            {
                Span<float> row = next.AsSpan(k * to, to);
                for (int i = 0; i < to; i++) row[i] = cubic[k * to + i] + refined[k * to + i];
                for (int j = 0; j < from; j++) Rows.MultiplyAdd(refined.AsSpan(j * to, to), -averaged[k * from + j], row);
            }
            (refined, next) = (next, refined);
        }
        return refined;
    }
}
