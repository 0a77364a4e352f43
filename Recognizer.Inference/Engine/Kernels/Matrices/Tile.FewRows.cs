using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Matrices;

/// <summary>Many products of few rows in one go: a single image gives tiles so short that calling each of them takes a fifth of the time.</summary>
internal static unsafe partial class Tile
{
    /// <summary>Most rows of such products.</summary>
    public const int FewRows = 6;

    /// <summary>Multiplies the rows of each of several As by all panels of a B of its own, from zero, in full tiles of two vectors. Sums are those of other tiles, bit by bit.</summary>
    /// <param name="tile">Operands of the first tile; there is one segment, and neither bias nor clamp.</param>
    /// <param name="rows">Rows of A and C, at most <see cref="FewRows"/>.</param>
    /// <param name="panels">Panels of each B, one after another.</param>
    /// <param name="products">Number of products.</param>
    /// <param name="aStride">Bytes from one A to the next, and from one C to the next.</param>
    /// <param name="bStride">Bytes from one B to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void MultiplyFewRows<TSimd>(TileArguments* tile, int rows, int panels, int products, nint aStride, nint bStride) where TSimd : unmanaged, ITileVector<TSimd>
    {
        switch (rows)
        {
            case 1: MultiplyFewRows<TSimd, Size1>(tile, panels, products, aStride, bStride); break;
            case 2: MultiplyFewRows<TSimd, Size2>(tile, panels, products, aStride, bStride); break;
            case 3: MultiplyFewRows<TSimd, Size3>(tile, panels, products, aStride, bStride); break;
            case 4: MultiplyFewRows<TSimd, Size4>(tile, panels, products, aStride, bStride); break;
            case 5: MultiplyFewRows<TSimd, Size5>(tile, panels, products, aStride, bStride); break;
            case 6: MultiplyFewRows<TSimd, Size6>(tile, panels, products, aStride, bStride); break;
            default: throw new ArgumentOutOfRangeException(nameof(rows));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void MultiplyFewRows<TSimd, TRows>(TileArguments* tile, int panels, int products, nint aStride, nint bStride)
        where TSimd : unmanaged, ITileVector<TSimd>
        where TRows : struct, ITileSize
    {
        nint stride = tile->RowStride, step = tile->StepStride, prefetch = tile->Prefetch, dStride = tile->CStride, steps = tile->Steps;
        byte* a = tile->A, first = tile->B, c = tile->C;
        for (; products > 0; products--, a += aStride, first += bStride, c += aStride)
        {
            byte* b = first, d = c;
            for (int panel = panels; panel > 0; panel--, d += 2 * TSimd.Count * sizeof(float))
            {
                TSimd x, b0, b1;
                TSimd c00 = TSimd.Zero, c01 = TSimd.Zero;
                TSimd c10 = TSimd.Zero, c11 = TSimd.Zero;
                TSimd c20 = TSimd.Zero, c21 = TSimd.Zero;
                TSimd c30 = TSimd.Zero, c31 = TSimd.Zero;
                TSimd c40 = TSimd.Zero, c41 = TSimd.Zero;
                TSimd c50 = TSimd.Zero, c51 = TSimd.Zero;
                byte* p0 = a, p1 = a + 3 * stride;
                nint k = steps;
                do
                {
                    b0 = TSimd.Load((float*)b);
                    b1 = TSimd.Load((float*)b + TSimd.Count);
                    if (Sse.IsSupported && TSimd.Count > 1)
                    {
                        Sse.Prefetch0(b + prefetch);
                        if (TSimd.Count == 16) Sse.Prefetch0(b + prefetch + 64);
                    }
                    x = TSimd.Broadcast(*(float*)(p0)); c00 = TSimd.MultiplyAdd(x, b0, c00); c01 = TSimd.MultiplyAdd(x, b1, c01);
                    if (TRows.Value > 1) { x = TSimd.Broadcast(*(float*)(p0 + stride)); c10 = TSimd.MultiplyAdd(x, b0, c10); c11 = TSimd.MultiplyAdd(x, b1, c11); }
                    if (TRows.Value > 2) { x = TSimd.Broadcast(*(float*)(p0 + 2 * stride)); c20 = TSimd.MultiplyAdd(x, b0, c20); c21 = TSimd.MultiplyAdd(x, b1, c21); }
                    if (TRows.Value > 3) { x = TSimd.Broadcast(*(float*)(p1)); c30 = TSimd.MultiplyAdd(x, b0, c30); c31 = TSimd.MultiplyAdd(x, b1, c31); }
                    if (TRows.Value > 4) { x = TSimd.Broadcast(*(float*)(p1 + stride)); c40 = TSimd.MultiplyAdd(x, b0, c40); c41 = TSimd.MultiplyAdd(x, b1, c41); }
                    if (TRows.Value > 5) { x = TSimd.Broadcast(*(float*)(p1 + 2 * stride)); c50 = TSimd.MultiplyAdd(x, b0, c50); c51 = TSimd.MultiplyAdd(x, b1, c51); }
                    b += 2 * TSimd.Count * sizeof(float);
                    p0 += step;
                    if (TRows.Value > 3) p1 += step;
                }
                while (--k > 0);
                { TSimd.Store(c00, (float*)(d)); TSimd.Store(c01, (float*)(d) + TSimd.Count); }
                if (TRows.Value > 1) { TSimd.Store(c10, (float*)(d + dStride)); TSimd.Store(c11, (float*)(d + dStride) + TSimd.Count); }
                if (TRows.Value > 2) { TSimd.Store(c20, (float*)(d + 2 * dStride)); TSimd.Store(c21, (float*)(d + 2 * dStride) + TSimd.Count); }
                if (TRows.Value > 3) { TSimd.Store(c30, (float*)(d + 3 * dStride)); TSimd.Store(c31, (float*)(d + 3 * dStride) + TSimd.Count); }
                if (TRows.Value > 4) { TSimd.Store(c40, (float*)(d + 4 * dStride)); TSimd.Store(c41, (float*)(d + 4 * dStride) + TSimd.Count); }
                if (TRows.Value > 5) { TSimd.Store(c50, (float*)(d + 5 * dStride)); TSimd.Store(c51, (float*)(d + 5 * dStride) + TSimd.Count); }
            }
        }
    }
}
