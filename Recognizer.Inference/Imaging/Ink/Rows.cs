using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>What resampling does to whole rows of pixels.</summary>
internal static class Rows
{
    public static void Widen(ReadOnlySpan<byte> from, Span<float> to)
    {
        int i = 0;
        for (; i <= from.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var (low, high) = Vector128.Widen(Vector128.Create(from[i..]));
            var (a, b) = Vector128.Widen(low);
            var (c, d) = Vector128.Widen(high);
            Vector128.ConvertToSingle(a.AsInt32()).CopyTo(to[i..]);
            Vector128.ConvertToSingle(b.AsInt32()).CopyTo(to[(i + 4)..]);
            Vector128.ConvertToSingle(c.AsInt32()).CopyTo(to[(i + 8)..]);
            Vector128.ConvertToSingle(d.AsInt32()).CopyTo(to[(i + 12)..]);
        }
        for (; i < from.Length; i++) to[i] = from[i];
    }

    /// <summary>[rows, columns] to [columns, rows].</summary>
    public static void Transpose(ReadOnlySpan<float> from, Span<float> to, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column];
    }

    /// <summary>target += weight · source.</summary>
    public static void MultiplyAdd(ReadOnlySpan<float> source, float weight, Span<float> target)
    {
        target = target[..source.Length];
        ref float from = ref MemoryMarshal.GetReference(source), to = ref MemoryMarshal.GetReference(target);
        int i = 0;
        var factor = new Vector<float>(weight);
        for (; i <= source.Length - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.LoadUnsafe(ref to, (nuint)i) + factor * Vector.LoadUnsafe(ref from, (nuint)i)).StoreUnsafe(ref to, (nuint)i);
        for (; i < source.Length; i++) target[i] += weight * source[i];
    }

    /// <summary>target = Σ weights[t] · rows[t].</summary>
    /// <param name="rows">One row after the other, each as long as the target.</param>
    /// <param name="weights">One for each row.</param>
    /// <param name="target">A row.</param>
    public static void WeightedSum(ReadOnlySpan<float> rows, ReadOnlySpan<float> weights, Span<float> target)
    {
        rows = rows[..(weights.Length * target.Length)];
        ref float from = ref MemoryMarshal.GetReference(rows), to = ref MemoryMarshal.GetReference(target);
        int i = 0;
        for (; i <= target.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var sum = Vector<float>.Zero;
            nuint p = (nuint)i;
            foreach (float weight in weights)
            {
                sum += new Vector<float>(weight) * Vector.LoadUnsafe(ref from, p);
                p += (nuint)target.Length;
            }
            sum.StoreUnsafe(ref to, (nuint)i);
        }
        for (; i < target.Length; i++)
        {
            float sum = 0;
            for (int t = 0; t < weights.Length; t++) sum += weights[t] * rows[t * target.Length + i];
            target[i] = sum;
        }
    }

    /// <summary>Adds each pixel to the sum below it.</summary>
    public static void Add(ReadOnlySpan<byte> row, Span<ushort> sums)
    {
        int i = 0;
        for (; i <= row.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(row[i..]), out var low, out var high);
            (new Vector<ushort>(sums[i..]) + low).CopyTo(sums[i..]);
            (new Vector<ushort>(sums[(i + Vector<ushort>.Count)..]) + high).CopyTo(sums[(i + Vector<ushort>.Count)..]);
        }
        for (; i < row.Length; i++) sums[i] += row[i];
    }

    /// <summary>A quarter of one row and the next but one, and half of that between them, rounded.</summary>
    public static void Smooth(ReadOnlySpan<byte> before, ReadOnlySpan<byte> at, ReadOnlySpan<byte> after, Span<byte> to)
    {
        int i = 0;
        var two = new Vector<ushort>(2);
        for (; i <= to.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(before[i..]), out var beforeLow, out var beforeHigh);
            Vector.Widen(new Vector<byte>(at[i..]), out var low, out var high);
            Vector.Widen(new Vector<byte>(after[i..]), out var afterLow, out var afterHigh);
            Vector.Narrow((beforeLow + low + low + afterLow + two) >>> 2, (beforeHigh + high + high + afterHigh + two) >>> 2).CopyTo(to[i..]);
        }
        for (; i < to.Length; i++) to[i] = (byte)((before[i] + 2 * at[i] + after[i] + 2) >> 2);
    }

    /// <summary>Counts how often each value occurs.</summary>
    /// <param name="pixels">Any number of them.</param>
    /// <param name="histogram">Receives 256 counts.</param>
    public static void Histogram(ReadOnlySpan<byte> pixels, Span<int> histogram)
    {
        // Neighbours are mostly alike: in tables of their own, one's count needn't wait for the other's
        Span<int> second = stackalloc int[256], third = stackalloc int[256], fourth = stackalloc int[256];
        histogram = histogram[..256];
        histogram.Clear();
        second.Clear();
        third.Clear();
        fourth.Clear();
        int i = 0;
        for (; i <= pixels.Length - 4; i += 4)
        {
            histogram[pixels[i]]++;
            second[pixels[i + 1]]++;
            third[pixels[i + 2]]++;
            fourth[pixels[i + 3]]++;
        }
        for (; i < pixels.Length; i++) histogram[pixels[i]]++;
        for (int v = 0; v < histogram.Length; v++) histogram[v] += second[v] + third[v] + fourth[v];
    }

    /// <summary>Counts the places where one row, but not the other, has at least a level.</summary>
    /// <param name="a">A row.</param>
    /// <param name="b">Another, as long; or empty, for one that has it nowhere.</param>
    /// <param name="level">The level.</param>
    public static int CountEdges(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, byte level)
    {
        var least = new Vector<byte>(level);
        int count = 0, i = 0;
        while (i <= a.Length - Vector<byte>.Count)
        {
            var counts = Vector<byte>.Zero;
            for (int n = 0; n < byte.MaxValue && i <= a.Length - Vector<byte>.Count; n++, i += Vector<byte>.Count)
            {
                Vector<byte> here = Vector.GreaterThanOrEqual(new Vector<byte>(a[i..]), least), there = b.IsEmpty ? Vector<byte>.Zero : Vector.GreaterThanOrEqual(new Vector<byte>(b[i..]), least);
                counts -= here ^ there;
            }
            Vector.Widen(counts, out var low, out var high);
            count += Vector.Sum(low + high);
        }
        for (; i < a.Length; i++) if (a[i] >= level != (!b.IsEmpty && b[i] >= level)) count++;
        return count;
    }

    /// <summary>How many of two levels each pixel has at least.</summary>
    public static void CountLevels(ReadOnlySpan<byte> pixels, byte low, byte high, Span<byte> counts)
    {
        int i = 0;
        Vector<byte> lows = new(low), highs = new(high);
        for (; i <= pixels.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            var pixel = new Vector<byte>(pixels[i..]);
            (Vector<byte>.Zero - Vector.GreaterThanOrEqual(pixel, lows) - Vector.GreaterThanOrEqual(pixel, highs)).CopyTo(counts[i..]);
        }
        for (; i < pixels.Length; i++) counts[i] = (byte)((pixels[i] >= low ? 1 : 0) + (pixels[i] >= high ? 1 : 0));
    }

    /// <summary>255 less each pixel.</summary>
    public static void Invert(ReadOnlySpan<byte> pixels, Span<byte> to)
    {
        int i = 0;
        for (; i <= pixels.Length - Vector<byte>.Count; i += Vector<byte>.Count) Vector.OnesComplement(new Vector<byte>(pixels[i..])).CopyTo(to[i..]);
        for (; i < pixels.Length; i++) to[i] = (byte)~pixels[i];
    }

    /// <summary>target &amp;= ~other.</summary>
    public static void AndNot(Span<byte> target, ReadOnlySpan<byte> other)
    {
        int i = 0;
        for (; i <= target.Length - Vector<byte>.Count; i += Vector<byte>.Count) Vector.AndNot(new Vector<byte>(target[i..]), new Vector<byte>(other[i..])).CopyTo(target[i..]);
        for (; i < target.Length; i++) target[i] &= (byte)~other[i];
    }
}
