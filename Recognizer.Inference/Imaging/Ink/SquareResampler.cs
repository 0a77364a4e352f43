using System.Collections.Concurrent;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Scales square pictures to 28×28 such that averaging over the area of pixels leads from the larger one to the smaller: exactly when a picture shrinks, nearly when it grows.</summary>
internal static class SquareResampler
{
    private const int Size = CharacterNormalizer.Size;

    /// <summary>Steps of refinement of what grows. (<c>stability</c>, held-back characters of 14 pixels: 97.2 % keep their labels without any, 98.1 % with one, three or eight; of 8 pixels
    /// 89.1, 89.3, 89.4 and 89.4 %.)</summary>
    private const int Refinements = 3;

    private static readonly ConcurrentDictionary<int, float[]> s_enlarging = new();

    /// <summary>Scales a picture.</summary>
    /// <param name="work">Buffers.</param>
    /// <param name="pixels">[side, side].</param>
    /// <param name="side">Width and height of the picture.</param>
    /// <param name="result">Receives [28, 28], 0…255.</param>
    public static void Resample(NormalizerWorkspace work, ReadOnlySpan<byte> pixels, int side, Span<float> result)
    {
        work.ReserveRows(Math.Max(side, Size), Size);
        Span<float> row = work.InkRow.AsSpan(0, side), rows = work.Columns.AsSpan(0, Size * side), turned = work.Turned.AsSpan(0, side * Size);
        Span<float> weights = stackalloc float[Size];
        rows.Clear();
        float[]? enlarging = side < Size ? s_enlarging.GetOrAdd(side, Enlarging) : null;
        for (int y = 0; y < side; y++)
        {
            Rows.Widen(pixels.Slice(y * side, side), row);
            Weights(y, weights, out int first, out int count);
            for (int i = 0; i < count; i++) Rows.MultiplyAdd(row, weights[i], rows.Slice((first + i) * side, side));
        }
        Rows.Transpose(rows, turned, Size, side);
        Span<float> columns = work.Columns.AsSpan(0, Size * Size);
        columns.Clear();
        for (int x = 0; x < side; x++)
        {
            Weights(x, weights, out int first, out int count);
            for (int i = 0; i < count; i++) Rows.MultiplyAdd(turned.Slice(x * Size, Size), weights[i], columns.Slice((first + i) * Size, Size));
        }
        Rows.Transpose(columns, result, Size, Size);
        foreach (ref float value in result) value = Math.Clamp(value, 0, 255);

        // What a pixel adds to those of the result
        void Weights(int pixel, Span<float> weights, out int first, out int count)
        {
            if (enlarging is not null)
            {
                (first, count) = (0, Size);
                enlarging.AsSpan(pixel * Size, Size).CopyTo(weights);
                return;
            }
            float ratio = (float)Size / side, start = pixel * ratio, end = (pixel + 1) * ratio;
            first = (int)start;
            count = Math.Min(Size, (int)MathF.Ceiling(end)) - first;
            for (int i = 0; i < count; i++) weights[i] = Math.Min(first + i + 1, end) - Math.Max(first + i, start);
        }
    }

    /// <summary>Catmull–Rom weights, refined: what averaging the enlarged picture gives less than the picture itself is enlarged too and added (iterative back-projection, Irani and Peleg 1991).</summary>
    /// <returns>[side, 28]: what a pixel adds to those of the result.</returns>
    private static float[] Enlarging(int side)
    {
        var cubic = new float[side * Size];
        for (int i = 0; i < Size; i++)
        {
            float center = (i + 0.5f) * side / Size - 0.5f;
            for (int j = (int)MathF.Floor(center) - 1; j <= (int)MathF.Floor(center) + 2; j++)
                cubic[Math.Clamp(j, 0, side - 1) * Size + i] += ResampleFilter.Cubic(j - center);
        }
        // what is left of the picture when it was enlarged and averaged: [side, side]
        var averaged = new float[side * side];
        float ratio = (float)Size / side;
        for (int j = 0; j < side; j++)
            for (int i = 0; i < Size; i++)
            {
                float overlap = Math.Min(i + 1, (j + 1) * ratio) - Math.Max(i, j * ratio);
                if (overlap <= 0) continue;
                for (int k = 0; k < side; k++) averaged[k * side + j] += cubic[k * Size + i] * overlap / ratio;
            }
        float[] refined = [.. cubic], next = new float[side * Size];
        for (int step = 0; step < Refinements; step++)
        {
            for (int k = 0; k < side; k++)
            {
                Span<float> row = next.AsSpan(k * Size, Size);
                for (int i = 0; i < Size; i++) row[i] = cubic[k * Size + i] + refined[k * Size + i];
                for (int j = 0; j < side; j++) Rows.MultiplyAdd(refined.AsSpan(j * Size, Size), -averaged[k * side + j], row);
            }
            (refined, next) = (next, refined);
        }
        return refined;
    }
}
