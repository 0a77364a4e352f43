using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Matrices;

/// <summary>What a register tile starts from.</summary>
internal enum TileStart
{
    Zero,

    /// <summary>A row of biases, the same for each row of the tile.</summary>
    Bias,

    /// <summary>The values in C.</summary>
    Accumulate,
}

/// <summary>Operands of one register tile: C[r, j] = start + Σ over segments s and steps k of A[s, r, k] · B[s, k, j].</summary>
internal unsafe struct TileArguments
{
    /// <summary>A[0, 0, 0]. Element (s, r, k) lies SegmentOffsets[s] + r · RowStride + k · StepStride bytes further.</summary>
    public byte* A;

    /// <summary>Bytes between rows of A.</summary>
    public nint RowStride;

    /// <summary>Bytes between steps of A.</summary>
    public nint StepStride;

    /// <summary>Byte offset of each segment of A, such as a position inside a convolution's window; null means one segment at 0.</summary>
    public nint* SegmentOffsets;

    public int Segments;

    /// <summary>Steps in each segment, at least 1.</summary>
    public nint Steps;

    /// <summary>B[0, 0, 0]. The steps of a segment follow those of the segment before after a gap of <see cref="BGap"/>.</summary>
    public byte* B;

    /// <summary>Bytes between steps of B.</summary>
    public nint BStride;

    /// <summary>Bytes between the segments of B.</summary>
    public nint BGap;

    /// <summary>Bytes from a step of B to data that is needed soon and gets fetched meanwhile.</summary>
    public nint Prefetch;

    public byte* C;

    /// <summary>Bytes between rows of C.</summary>
    public nint CStride;

    public TileStart Start;

    public float* Bias;

    /// <summary>Whether results are clamped between <see cref="Floor"/> and <see cref="Ceiling"/>.</summary>
    public bool Clamp;

    public float Floor;

    public float Ceiling;
}

/// <summary>A number that the compiler knows: rows or vectors of a register tile.</summary>
internal interface ITileSize
{
    static abstract int Value { get; }
}

/// <summary>The inner product at the heart of GEMM, Winograd and direct convolution: up to 14 rows × 2 vectors of sums that stay in
/// registers while A is broadcast and B is streamed. Written once; the compiler drops the rows and columns that a size doesn't have.
/// 28 sums, two vectors of B and one of A just fit the 32 registers of AVX-512; with 16 registers 6 rows do.</summary>
internal static unsafe partial class Tile
{
    /// <summary>Vectors of a full tile.</summary>
    public const int Vectors = 2;

    /// <summary>Most rows that keep their sums in registers.</summary>
    public static int MaxRows<TSimd>() where TSimd : unmanaged, ITileVector<TSimd> =>
        TSimd.Count == 16 || System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported ? 14 : 6;

    /// <summary>Computes any number of rows, in tiles of nearly equal height.</summary>
    /// <param name="tile">Operands of the first tile; A and C move down with each tile, and back. Not a copy, since reading several fields at a
    /// time would wait until all earlier stores are done.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="columns">Columns of C to write, at most two vectors. B and the bias are read in whole vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void MultiplyRows<TSimd>(TileArguments* tile, int rows, int columns) where TSimd : unmanaged, ITileVector<TSimd>
    {
        byte* a = tile->A, c = tile->C;
        for (int tiles = (rows + MaxRows<TSimd>() - 1) / MaxRows<TSimd>(); tiles > 0; tiles--)
        {
            int height = tiles == 1 ? rows : (rows + tiles - 1) / tiles;
            if (columns == 2 * TSimd.Count) Multiply<TSimd, Size2>(tile, height);
            else if (columns == TSimd.Count) Multiply<TSimd, Size1>(tile, height);
            else MultiplyEdge<TSimd>(*tile, height, columns);
            tile->A += height * tile->RowStride;
            tile->C += height * tile->CStride;
            rows -= height;
        }
        tile->A = a;
        tile->C = c;
    }

    // Columns that don't fill a vector go through a tile of their own, so that nothing beyond them is written.
    private static void MultiplyEdge<TSimd>(TileArguments tile, int rows, int columns) where TSimd : unmanaged, ITileVector<TSimd>
    {
        float* edge = stackalloc float[14 * 32];
        byte* c = tile.C;
        nint cStride = tile.CStride;
        int width = columns > TSimd.Count ? 2 * TSimd.Count : TSimd.Count;
        if (tile.Start == TileStart.Accumulate)
        {
            new Span<float>(edge, rows * width).Clear();
            for (int r = 0; r < rows; r++) new Span<float>(c + r * cStride, columns).CopyTo(new Span<float>(edge + r * width, columns));
        }
        tile.C = (byte*)edge;
        tile.CStride = width * sizeof(float);
        if (width > TSimd.Count) Multiply<TSimd, Size2>(&tile, rows);
        else Multiply<TSimd, Size1>(&tile, rows);
        for (int r = 0; r < rows; r++) new Span<float>(edge + r * width, columns).CopyTo(new Span<float>(c + r * cStride, columns));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Multiply<TSimd, TColumns>(TileArguments* tile, int rows)
        where TSimd : unmanaged, ITileVector<TSimd>
        where TColumns : struct, ITileSize
    {
        switch (rows)
        {
            case 1: Multiply<TSimd, Size1, TColumns>(tile); break;
            case 2: Multiply<TSimd, Size2, TColumns>(tile); break;
            case 3: Multiply<TSimd, Size3, TColumns>(tile); break;
            case 4: Multiply<TSimd, Size4, TColumns>(tile); break;
            case 5: Multiply<TSimd, Size5, TColumns>(tile); break;
            case 6: Multiply<TSimd, Size6, TColumns>(tile); break;
            case 7: Multiply<TSimd, Size7, TColumns>(tile); break;
            case 8: Multiply<TSimd, Size8, TColumns>(tile); break;
            case 9: Multiply<TSimd, Size9, TColumns>(tile); break;
            case 10: Multiply<TSimd, Size10, TColumns>(tile); break;
            case 11: Multiply<TSimd, Size11, TColumns>(tile); break;
            case 12: Multiply<TSimd, Size12, TColumns>(tile); break;
            case 13: Multiply<TSimd, Size13, TColumns>(tile); break;
            case 14: Multiply<TSimd, Size14, TColumns>(tile); break;
            default: throw new ArgumentOutOfRangeException(nameof(rows));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Multiply<TSimd, TRows, TColumns>(TileArguments* tile)
        where TSimd : unmanaged, ITileVector<TSimd>
        where TRows : struct, ITileSize
        where TColumns : struct, ITileSize
    {
        // Row 3q + j is read at p(q) + j · stride: few pointers, and each a mode that the processor addresses in one instruction.
        nint stride = tile->RowStride, step = tile->StepStride, bStride = tile->BStride, prefetch = tile->Prefetch;
        byte* b = tile->B;
        TSimd x, b0, b1 = TSimd.Zero;
        TSimd c00 = TSimd.Zero, c01 = TSimd.Zero;
        TSimd c10 = TSimd.Zero, c11 = TSimd.Zero;
        TSimd c20 = TSimd.Zero, c21 = TSimd.Zero;
        TSimd c30 = TSimd.Zero, c31 = TSimd.Zero;
        TSimd c40 = TSimd.Zero, c41 = TSimd.Zero;
        TSimd c50 = TSimd.Zero, c51 = TSimd.Zero;
        TSimd c60 = TSimd.Zero, c61 = TSimd.Zero;
        TSimd c70 = TSimd.Zero, c71 = TSimd.Zero;
        TSimd c80 = TSimd.Zero, c81 = TSimd.Zero;
        TSimd c90 = TSimd.Zero, c91 = TSimd.Zero;
        TSimd c100 = TSimd.Zero, c101 = TSimd.Zero;
        TSimd c110 = TSimd.Zero, c111 = TSimd.Zero;
        TSimd c120 = TSimd.Zero, c121 = TSimd.Zero;
        TSimd c130 = TSimd.Zero, c131 = TSimd.Zero;
        if (tile->Start == TileStart.Bias)
        {
            b0 = TSimd.Load(tile->Bias);
            if (TColumns.Value > 1) b1 = TSimd.Load(tile->Bias + TSimd.Count);
            if (TRows.Value > 0) { c00 = b0; if (TColumns.Value > 1) c01 = b1; }
            if (TRows.Value > 1) { c10 = b0; if (TColumns.Value > 1) c11 = b1; }
            if (TRows.Value > 2) { c20 = b0; if (TColumns.Value > 1) c21 = b1; }
            if (TRows.Value > 3) { c30 = b0; if (TColumns.Value > 1) c31 = b1; }
            if (TRows.Value > 4) { c40 = b0; if (TColumns.Value > 1) c41 = b1; }
            if (TRows.Value > 5) { c50 = b0; if (TColumns.Value > 1) c51 = b1; }
            if (TRows.Value > 6) { c60 = b0; if (TColumns.Value > 1) c61 = b1; }
            if (TRows.Value > 7) { c70 = b0; if (TColumns.Value > 1) c71 = b1; }
            if (TRows.Value > 8) { c80 = b0; if (TColumns.Value > 1) c81 = b1; }
            if (TRows.Value > 9) { c90 = b0; if (TColumns.Value > 1) c91 = b1; }
            if (TRows.Value > 10) { c100 = b0; if (TColumns.Value > 1) c101 = b1; }
            if (TRows.Value > 11) { c110 = b0; if (TColumns.Value > 1) c111 = b1; }
            if (TRows.Value > 12) { c120 = b0; if (TColumns.Value > 1) c121 = b1; }
            if (TRows.Value > 13) { c130 = b0; if (TColumns.Value > 1) c131 = b1; }
        }
        else if (tile->Start == TileStart.Accumulate)
        {
            byte* c = tile->C;
            if (TRows.Value > 0) { c00 = TSimd.Load((float*)c); if (TColumns.Value > 1) c01 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 1) { c10 = TSimd.Load((float*)c); if (TColumns.Value > 1) c11 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 2) { c20 = TSimd.Load((float*)c); if (TColumns.Value > 1) c21 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 3) { c30 = TSimd.Load((float*)c); if (TColumns.Value > 1) c31 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 4) { c40 = TSimd.Load((float*)c); if (TColumns.Value > 1) c41 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 5) { c50 = TSimd.Load((float*)c); if (TColumns.Value > 1) c51 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 6) { c60 = TSimd.Load((float*)c); if (TColumns.Value > 1) c61 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 7) { c70 = TSimd.Load((float*)c); if (TColumns.Value > 1) c71 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 8) { c80 = TSimd.Load((float*)c); if (TColumns.Value > 1) c81 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 9) { c90 = TSimd.Load((float*)c); if (TColumns.Value > 1) c91 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 10) { c100 = TSimd.Load((float*)c); if (TColumns.Value > 1) c101 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 11) { c110 = TSimd.Load((float*)c); if (TColumns.Value > 1) c111 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 12) { c120 = TSimd.Load((float*)c); if (TColumns.Value > 1) c121 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
            if (TRows.Value > 13) { c130 = TSimd.Load((float*)c); if (TColumns.Value > 1) c131 = TSimd.Load((float*)c + TSimd.Count); c += tile->CStride; }
        }
        for (int segment = 0; segment < tile->Segments; segment++)
        {
            byte* p0 = tile->A + (tile->SegmentOffsets == null ? 0 : tile->SegmentOffsets[segment]);
            byte* p1 = p0 + 3 * stride, p2 = p0 + 6 * stride, p3 = p0 + 9 * stride, p4 = p0 + 12 * stride;
            nint k = tile->Steps;
            do
            {
                b0 = TSimd.Load((float*)b);
                if (TColumns.Value > 1) b1 = TSimd.Load((float*)b + TSimd.Count);
                if (Sse.IsSupported && TSimd.Count > 1)
                {
                    Sse.Prefetch0(b + prefetch);
                    if (TColumns.Value > 1 && TSimd.Count == 16) Sse.Prefetch0(b + prefetch + 64);
                }
                if (TRows.Value > 0) { x = TSimd.Broadcast(*(float*)(p0)); c00 = TSimd.MultiplyAdd(x, b0, c00); if (TColumns.Value > 1) c01 = TSimd.MultiplyAdd(x, b1, c01); }
                if (TRows.Value > 1) { x = TSimd.Broadcast(*(float*)(p0 + stride)); c10 = TSimd.MultiplyAdd(x, b0, c10); if (TColumns.Value > 1) c11 = TSimd.MultiplyAdd(x, b1, c11); }
                if (TRows.Value > 2) { x = TSimd.Broadcast(*(float*)(p0 + 2 * stride)); c20 = TSimd.MultiplyAdd(x, b0, c20); if (TColumns.Value > 1) c21 = TSimd.MultiplyAdd(x, b1, c21); }
                if (TRows.Value > 3) { x = TSimd.Broadcast(*(float*)(p1)); c30 = TSimd.MultiplyAdd(x, b0, c30); if (TColumns.Value > 1) c31 = TSimd.MultiplyAdd(x, b1, c31); }
                if (TRows.Value > 4) { x = TSimd.Broadcast(*(float*)(p1 + stride)); c40 = TSimd.MultiplyAdd(x, b0, c40); if (TColumns.Value > 1) c41 = TSimd.MultiplyAdd(x, b1, c41); }
                if (TRows.Value > 5) { x = TSimd.Broadcast(*(float*)(p1 + 2 * stride)); c50 = TSimd.MultiplyAdd(x, b0, c50); if (TColumns.Value > 1) c51 = TSimd.MultiplyAdd(x, b1, c51); }
                if (TRows.Value > 6) { x = TSimd.Broadcast(*(float*)(p2)); c60 = TSimd.MultiplyAdd(x, b0, c60); if (TColumns.Value > 1) c61 = TSimd.MultiplyAdd(x, b1, c61); }
                if (TRows.Value > 7) { x = TSimd.Broadcast(*(float*)(p2 + stride)); c70 = TSimd.MultiplyAdd(x, b0, c70); if (TColumns.Value > 1) c71 = TSimd.MultiplyAdd(x, b1, c71); }
                if (TRows.Value > 8) { x = TSimd.Broadcast(*(float*)(p2 + 2 * stride)); c80 = TSimd.MultiplyAdd(x, b0, c80); if (TColumns.Value > 1) c81 = TSimd.MultiplyAdd(x, b1, c81); }
                if (TRows.Value > 9) { x = TSimd.Broadcast(*(float*)(p3)); c90 = TSimd.MultiplyAdd(x, b0, c90); if (TColumns.Value > 1) c91 = TSimd.MultiplyAdd(x, b1, c91); }
                if (TRows.Value > 10) { x = TSimd.Broadcast(*(float*)(p3 + stride)); c100 = TSimd.MultiplyAdd(x, b0, c100); if (TColumns.Value > 1) c101 = TSimd.MultiplyAdd(x, b1, c101); }
                if (TRows.Value > 11) { x = TSimd.Broadcast(*(float*)(p3 + 2 * stride)); c110 = TSimd.MultiplyAdd(x, b0, c110); if (TColumns.Value > 1) c111 = TSimd.MultiplyAdd(x, b1, c111); }
                if (TRows.Value > 12) { x = TSimd.Broadcast(*(float*)(p4)); c120 = TSimd.MultiplyAdd(x, b0, c120); if (TColumns.Value > 1) c121 = TSimd.MultiplyAdd(x, b1, c121); }
                if (TRows.Value > 13) { x = TSimd.Broadcast(*(float*)(p4 + stride)); c130 = TSimd.MultiplyAdd(x, b0, c130); if (TColumns.Value > 1) c131 = TSimd.MultiplyAdd(x, b1, c131); }
                b += bStride;
                p0 += step;
                if (TRows.Value > 3) p1 += step;
                if (TRows.Value > 6) p2 += step;
                if (TRows.Value > 9) p3 += step;
                if (TRows.Value > 12) p4 += step;
            }
            while (--k > 0);
            b += tile->BGap;
        }
        if (tile->Clamp)
        {
            b0 = TSimd.Broadcast(tile->Floor);
            if (TRows.Value > 0) { c00 = TSimd.Max(b0, c00); if (TColumns.Value > 1) c01 = TSimd.Max(b0, c01); }
            if (TRows.Value > 1) { c10 = TSimd.Max(b0, c10); if (TColumns.Value > 1) c11 = TSimd.Max(b0, c11); }
            if (TRows.Value > 2) { c20 = TSimd.Max(b0, c20); if (TColumns.Value > 1) c21 = TSimd.Max(b0, c21); }
            if (TRows.Value > 3) { c30 = TSimd.Max(b0, c30); if (TColumns.Value > 1) c31 = TSimd.Max(b0, c31); }
            if (TRows.Value > 4) { c40 = TSimd.Max(b0, c40); if (TColumns.Value > 1) c41 = TSimd.Max(b0, c41); }
            if (TRows.Value > 5) { c50 = TSimd.Max(b0, c50); if (TColumns.Value > 1) c51 = TSimd.Max(b0, c51); }
            if (TRows.Value > 6) { c60 = TSimd.Max(b0, c60); if (TColumns.Value > 1) c61 = TSimd.Max(b0, c61); }
            if (TRows.Value > 7) { c70 = TSimd.Max(b0, c70); if (TColumns.Value > 1) c71 = TSimd.Max(b0, c71); }
            if (TRows.Value > 8) { c80 = TSimd.Max(b0, c80); if (TColumns.Value > 1) c81 = TSimd.Max(b0, c81); }
            if (TRows.Value > 9) { c90 = TSimd.Max(b0, c90); if (TColumns.Value > 1) c91 = TSimd.Max(b0, c91); }
            if (TRows.Value > 10) { c100 = TSimd.Max(b0, c100); if (TColumns.Value > 1) c101 = TSimd.Max(b0, c101); }
            if (TRows.Value > 11) { c110 = TSimd.Max(b0, c110); if (TColumns.Value > 1) c111 = TSimd.Max(b0, c111); }
            if (TRows.Value > 12) { c120 = TSimd.Max(b0, c120); if (TColumns.Value > 1) c121 = TSimd.Max(b0, c121); }
            if (TRows.Value > 13) { c130 = TSimd.Max(b0, c130); if (TColumns.Value > 1) c131 = TSimd.Max(b0, c131); }
        }
        if (tile->Clamp && tile->Ceiling < float.PositiveInfinity)
        {
            b1 = TSimd.Broadcast(tile->Ceiling);
            if (TRows.Value > 0) { c00 = TSimd.Min(b1, c00); if (TColumns.Value > 1) c01 = TSimd.Min(b1, c01); }
            if (TRows.Value > 1) { c10 = TSimd.Min(b1, c10); if (TColumns.Value > 1) c11 = TSimd.Min(b1, c11); }
            if (TRows.Value > 2) { c20 = TSimd.Min(b1, c20); if (TColumns.Value > 1) c21 = TSimd.Min(b1, c21); }
            if (TRows.Value > 3) { c30 = TSimd.Min(b1, c30); if (TColumns.Value > 1) c31 = TSimd.Min(b1, c31); }
            if (TRows.Value > 4) { c40 = TSimd.Min(b1, c40); if (TColumns.Value > 1) c41 = TSimd.Min(b1, c41); }
            if (TRows.Value > 5) { c50 = TSimd.Min(b1, c50); if (TColumns.Value > 1) c51 = TSimd.Min(b1, c51); }
            if (TRows.Value > 6) { c60 = TSimd.Min(b1, c60); if (TColumns.Value > 1) c61 = TSimd.Min(b1, c61); }
            if (TRows.Value > 7) { c70 = TSimd.Min(b1, c70); if (TColumns.Value > 1) c71 = TSimd.Min(b1, c71); }
            if (TRows.Value > 8) { c80 = TSimd.Min(b1, c80); if (TColumns.Value > 1) c81 = TSimd.Min(b1, c81); }
            if (TRows.Value > 9) { c90 = TSimd.Min(b1, c90); if (TColumns.Value > 1) c91 = TSimd.Min(b1, c91); }
            if (TRows.Value > 10) { c100 = TSimd.Min(b1, c100); if (TColumns.Value > 1) c101 = TSimd.Min(b1, c101); }
            if (TRows.Value > 11) { c110 = TSimd.Min(b1, c110); if (TColumns.Value > 1) c111 = TSimd.Min(b1, c111); }
            if (TRows.Value > 12) { c120 = TSimd.Min(b1, c120); if (TColumns.Value > 1) c121 = TSimd.Min(b1, c121); }
            if (TRows.Value > 13) { c130 = TSimd.Min(b1, c130); if (TColumns.Value > 1) c131 = TSimd.Min(b1, c131); }
        }
        byte* d = tile->C;
        nint dStride = tile->CStride;
        if (TRows.Value > 0) { TSimd.Store(c00, (float*)d); if (TColumns.Value > 1) TSimd.Store(c01, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 1) { TSimd.Store(c10, (float*)d); if (TColumns.Value > 1) TSimd.Store(c11, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 2) { TSimd.Store(c20, (float*)d); if (TColumns.Value > 1) TSimd.Store(c21, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 3) { TSimd.Store(c30, (float*)d); if (TColumns.Value > 1) TSimd.Store(c31, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 4) { TSimd.Store(c40, (float*)d); if (TColumns.Value > 1) TSimd.Store(c41, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 5) { TSimd.Store(c50, (float*)d); if (TColumns.Value > 1) TSimd.Store(c51, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 6) { TSimd.Store(c60, (float*)d); if (TColumns.Value > 1) TSimd.Store(c61, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 7) { TSimd.Store(c70, (float*)d); if (TColumns.Value > 1) TSimd.Store(c71, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 8) { TSimd.Store(c80, (float*)d); if (TColumns.Value > 1) TSimd.Store(c81, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 9) { TSimd.Store(c90, (float*)d); if (TColumns.Value > 1) TSimd.Store(c91, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 10) { TSimd.Store(c100, (float*)d); if (TColumns.Value > 1) TSimd.Store(c101, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 11) { TSimd.Store(c110, (float*)d); if (TColumns.Value > 1) TSimd.Store(c111, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 12) { TSimd.Store(c120, (float*)d); if (TColumns.Value > 1) TSimd.Store(c121, (float*)d + TSimd.Count); d += dStride; }
        if (TRows.Value > 13) { TSimd.Store(c130, (float*)d); if (TColumns.Value > 1) TSimd.Store(c131, (float*)d + TSimd.Count); d += dStride; }
    }

    private readonly struct Size1 : ITileSize
    {
        public static int Value => 1;
    }

    private readonly struct Size2 : ITileSize
    {
        public static int Value => 2;
    }

    private readonly struct Size3 : ITileSize
    {
        public static int Value => 3;
    }

    private readonly struct Size4 : ITileSize
    {
        public static int Value => 4;
    }

    private readonly struct Size5 : ITileSize
    {
        public static int Value => 5;
    }

    private readonly struct Size6 : ITileSize
    {
        public static int Value => 6;
    }

    private readonly struct Size7 : ITileSize
    {
        public static int Value => 7;
    }

    private readonly struct Size8 : ITileSize
    {
        public static int Value => 8;
    }

    private readonly struct Size9 : ITileSize
    {
        public static int Value => 9;
    }

    private readonly struct Size10 : ITileSize
    {
        public static int Value => 10;
    }

    private readonly struct Size11 : ITileSize
    {
        public static int Value => 11;
    }

    private readonly struct Size12 : ITileSize
    {
        public static int Value => 12;
    }

    private readonly struct Size13 : ITileSize
    {
        public static int Value => 13;
    }

    private readonly struct Size14 : ITileSize
    {
        public static int Value => 14;
    }
}
