using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Matrices;

/// <summary>General matrix product on one thread.</summary>
internal static unsafe class Gemm
{
    // Steps in a block: a tile's rows of A (14 · 384 floats, 21 KB) stay in the first-level cache while B's panels pass.
    internal const int BlockSteps = 384;

    // Columns in a block: B's block (384 · 256 floats, 384 KB) stays in the second-level cache while A's rows pass.
    private const int BlockColumns = 256;

    /// <summary>C[m, n] = activation(beta · C + op(A) · op(B) + bias[n]), all row-major.</summary>
    /// <param name="transposeA">Whether A is stored [k, m] instead of [m, k].</param>
    /// <param name="transposeB">Whether B is stored [n, k] instead of [k, n].</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Length of the sums; 0 leaves beta · C.</param>
    /// <param name="a">First element of A.</param>
    /// <param name="lda">Floats between rows of A as stored.</param>
    /// <param name="b">First element of B.</param>
    /// <param name="ldb">Floats between rows of B as stored.</param>
    /// <param name="beta">Factor of what C held; with 0 C isn't read.</param>
    /// <param name="c">First element of C; doesn't overlap A or B.</param>
    /// <param name="ldc">Floats between rows of C.</param>
    /// <param name="bias">[n], or null.</param>
    /// <param name="activation">Applied last.</param>
    public static void Run(bool transposeA, bool transposeB, int m, int n, int k, float* a, nint lda, float* b, nint ldb,
        float beta, float* c, nint ldc, float* bias = null, Activation activation = default)
    {
        Operation operation = new()
        {
            TransposeA = transposeA, TransposeB = transposeB, M = m, N = n, K = k, A = a, Lda = lda, B = b, Ldb = ldb,
            Beta = beta, C = c, Ldc = ldc, Bias = bias, Activation = activation,
        };
        Run(ref operation, InstructionSet.Current);
    }

    internal static void Run(ref Operation operation, SimdLevel level) => InstructionSet.Dispatch(level, ref operation);

    /// <summary>Operands of one product.</summary>
    internal struct Operation : ISimdOperation
    {
        public bool TransposeA, TransposeB;
        public int M, N, K;
        public float* A, B, C, Bias;
        public nint Lda, Ldb, Ldc;
        public float Beta;
        public Activation Activation;

        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            if (M <= 0 || N <= 0) return;
            Prepare();
            if (K > 0)
            {
                int panel = Tile.Vectors * TSimd.Count;
                int rows = Tile.MaxRows<TSimd>();
                // Panels of B, then the rows of A that a tile needs, each padded to whole tiles.
                long panelFloats = (long)BlockSteps * (Math.Min(N, BlockColumns) + panel);
                float* packedB = ThreadScratch.Rent(panelFloats + (long)(BlockSteps + 16) * 16 + 16);
                float* packedA = packedB + panelFloats;
                for (int k0 = 0; k0 < K; k0 += BlockSteps)
                {
                    int steps = Math.Min(BlockSteps, K - k0);
                    for (int n0 = 0; n0 < N; n0 += BlockColumns)
                    {
                        int columns = Math.Min(BlockColumns, N - n0);
                        // B that is already row-major and used by few rows is read in place.
                        bool inPlace = !TransposeB && columns % panel == 0 && M <= 2 * rows;
                        if (!inPlace) PackB<TSimd>(B + (TransposeB ? n0 * Ldb + k0 : k0 * Ldb + n0), Ldb, TransposeB, steps, columns, packedB);
                        TileArguments tile = new()
                        {
                            Segments = 1, Steps = steps, CStride = Ldc * sizeof(float), Start = TileStart.Accumulate,
                            BStride = (inPlace ? Ldb : panel) * sizeof(float),
                        };
                        for (int m0 = 0; m0 < M; m0 += rows)
                        {
                            int height = Math.Min(rows, M - m0);
                            PlaceA<TSimd>(ref tile, m0, height, k0, steps, columns, packedA);
                            for (int j = 0; j < columns; j += panel)
                            {
                                tile.B = (byte*)(inPlace ? B + k0 * Ldb + n0 + j : packedB + (long)j * steps);
                                tile.C = (byte*)(C + m0 * Ldc + n0 + j);
                                Tile.MultiplyRows<TSimd>(&tile, height, Math.Min(panel, columns - j));
                            }
                        }
                    }
                }
            }
            if (Activation.Kind == ActivationKind.None) return;
            for (int i = 0; i < M; i++) ActivationKernels.Apply<TSimd>(C + i * Ldc, C + i * Ldc, N, Activation);
        }

        // C becomes what the sums are added to.
        private readonly void Prepare()
        {
            for (int i = 0; i < M; i++)
            {
                Span<float> row = new(C + i * Ldc, N);
                if (Beta == 0)
                {
                    if (Bias == null) row.Clear();
                    else new ReadOnlySpan<float>(Bias, N).CopyTo(row);
                    continue;
                }
                for (int j = 0; j < N; j++) row[j] = Beta * row[j] + (Bias == null ? 0 : Bias[j]);
            }
        }

        // A transposed matrix is copied step by step. Rows whose distance is a multiple of a page would share a set of the
        // first-level cache, so they are copied to better distances.
        private readonly void PlaceA<TSimd>(ref TileArguments tile, int m0, int height, int k0, int steps, int columns, float* packed)
            where TSimd : unmanaged, ISimd<TSimd>
        {
            if (TransposeA)
            {
                float* source = A + k0 * Lda + m0;
                if (columns <= 2 * TSimd.Count)
                {
                    Place(ref tile, source, 1, Lda);
                    return;
                }
                for (int i = 0; i < steps; i++, source += Lda)
                    for (int r = 0; r < height; r++) packed[i * 16 + r] = source[r];
                Place(ref tile, packed, 1, 16);
                return;
            }
            float* rows = A + m0 * Lda + k0;
            Place(ref tile, rows, Lda, 1);
            if (Lda % 512 != 0 || height < 8 || columns <= 2 * TSimd.Count) return;
            for (int r = 0; r < height; r++) new ReadOnlySpan<float>(rows + r * Lda, steps).CopyTo(new Span<float>(packed + r * (BlockSteps + 16), steps));
            Place(ref tile, packed, BlockSteps + 16, 1);
        }

        private static void Place(ref TileArguments tile, float* a, nint rowStride, nint stepStride)
        {
            tile.A = (byte*)a;
            tile.RowStride = rowStride * sizeof(float);
            tile.StepStride = stepStride * sizeof(float);
        }
    }

    /// <summary>Copies a block of B into panels [columns / panel, steps, panel], the last padded with zeros.</summary>
    internal static void PackB<TSimd>(float* b, nint ldb, bool transposed, int steps, int columns, float* packed) where TSimd : unmanaged, ISimd<TSimd>
    {
        int panel = Tile.Vectors * TSimd.Count;
        for (int j = 0; j < columns; j += panel)
        {
            int width = Math.Min(panel, columns - j);
            float* destination = packed + (long)j * steps;
            if (width < panel) new Span<float>(destination, steps * panel).Clear();
            if (transposed)
            {
                Transposition.Run(width, steps, b + j * ldb, ldb, destination, panel);
                continue;
            }
            float* source = b + j;
            for (int i = 0; i < steps; i++, source += ldb, destination += panel)
            {
                if (width == panel)
                {
                    TSimd low = TSimd.Load(source), high = TSimd.Load(source + TSimd.Count);
                    TSimd.Store(low, destination);
                    TSimd.Store(high, destination + TSimd.Count);
                }
                else
                {
                    for (int r = 0; r < width; r++) destination[r] = source[r];
                }
            }
        }
    }
}
