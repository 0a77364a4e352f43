using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Matrices;

/// <summary>The right-hand matrix of a product, packed once into the order in which it is read: panels of two vectors of columns,
/// [panels, k, panel]. Any number of threads may multiply by it, also by different panels of it.</summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private readonly AlignedBuffer<float> _panels;
    private readonly SimdLevel _level;
    private readonly int _k;
    private readonly int _n;

    /// <param name="k">Rows of B: length of the sums.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="b">B[k, n] row-major, or [n, k] if <paramref name="transposed"/>.</param>
    /// <param name="transposed">Whether b is stored as [n, k].</param>
    public PackedMatrix(int k, int n, ReadOnlySpan<float> b, bool transposed)
        : this(k, n, b, transposed, InstructionSet.Current)
    {
    }

    internal PackedMatrix(int k, int n, ReadOnlySpan<float> b, bool transposed, SimdLevel level)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, checked(k * n));
        (_k, _n, _level) = (k, n, level);
        PanelColumns = Tile.Vectors * InstructionSet.Count(level);
        _panels = new AlignedBuffer<float>((long)k * Panels * PanelColumns);
        Pack(b, transposed);
    }

    /// <summary>Packs another matrix of the same size in place; nothing may multiply meanwhile.</summary>
    /// <param name="b">B[k, n] row-major, or [n, k] if <paramref name="transposed"/>.</param>
    /// <param name="transposed">Whether b is stored as [n, k].</param>
    public void Pack(ReadOnlySpan<float> b, bool transposed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, _k * _n);
        fixed (float* source = b)
        {
            Packing packing = new() { K = _k, N = _n, Transposed = transposed, Source = source, Panels = _panels.Pointer };
            InstructionSet.Dispatch(_level, ref packing);
        }
    }

    /// <summary>Columns in a panel; the last may have fewer.</summary>
    public int PanelColumns { get; }

    /// <summary>Number of panels.</summary>
    public int Panels => (_n + PanelColumns - 1) / PanelColumns;

    /// <summary>y[m, n] = activation(x[m, k] · B + bias[n]), or some panels of its columns.</summary>
    /// <param name="m">Rows of x and y.</param>
    /// <param name="a">x.</param>
    /// <param name="lda">Floats between rows of x.</param>
    /// <param name="c">y, its column 0; doesn't overlap x.</param>
    /// <param name="ldc">Floats between rows of y.</param>
    /// <param name="bias">[n], or null.</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="firstPanel">First panel to compute.</param>
    /// <param name="panelCount">Panels to compute; null means all from the first.</param>
    public void Multiply(int m, float* a, nint lda, float* c, nint ldc, float* bias, Activation activation, int firstPanel = 0, int? panelCount = null)
    {
        Product product = new()
        {
            M = m, K = _k, N = _n, A = a, Lda = lda, B = _panels.Pointer, C = c, Ldc = ldc, Bias = bias, Activation = activation,
            FirstPanel = firstPanel, EndPanel = firstPanel + (panelCount ?? Panels - firstPanel),
        };
        InstructionSet.Dispatch(_level, ref product);
        GC.KeepAlive(this);
    }

    public void Dispose() => _panels.Dispose();

    private struct Packing : ISimdOperation
    {
        public int K, N;
        public bool Transposed;
        public float* Source, Panels;

        public readonly void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd> =>
            Gemm.PackB<TSimd>(Source, Transposed ? K : N, Transposed, K, N, Panels);
    }

    private struct Product : ISimdOperation
    {
        public int M, K, N, FirstPanel, EndPanel;
        public float* A, B, C, Bias;
        public nint Lda, Ldc;
        public Activation Activation;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            int panel = Tile.Vectors * TSimd.Count;
            int rows = Tile.MaxRows<TSimd>();
            int firstColumn = FirstPanel * panel, endColumn = Math.Min(N, EndPanel * panel);
            if (M <= 0 || firstColumn >= endColumn) return;
            // The bias is read in whole vectors.
            float* edgeBias = stackalloc float[32];
            // A single tile reads each weight once, whatever the order.
            int blockSteps = M <= rows ? K : Gemm.BlockSteps;
            for (int k0 = 0; k0 < K; k0 += blockSteps)
            {
                int steps = Math.Min(blockSteps, K - k0);
                TileArguments tile = new()
                {
                    Segments = 1, Steps = steps, RowStride = Lda * sizeof(float), StepStride = sizeof(float), BStride = panel * sizeof(float),
                    Prefetch = 8 * panel * sizeof(float), CStride = Ldc * sizeof(float),
                    Start = k0 > 0 ? TileStart.Accumulate : Bias != null ? TileStart.Bias : TileStart.Zero,
                    Clamp = k0 + steps == K && Activation.IsClamp && Activation.Kind != ActivationKind.None,
                    Floor = Activation.Floor, Ceiling = Activation.Ceiling,
                };
                // Tiles of nearly equal height: a low last one would wait for its few sums.
                for (int tiles = (M + rows - 1) / rows, m0 = 0, height; tiles > 0; tiles--, m0 += height)
                {
                    height = (M - m0 + tiles - 1) / tiles;
                    tile.A = (byte*)(A + m0 * Lda + k0);
                    for (int j = firstColumn; j < endColumn; j += panel)
                    {
                        int columns = Math.Min(panel, N - j);
                        if (tile.Start == TileStart.Bias)
                        {
                            tile.Bias = Bias + j;
                            if (columns < panel)
                            {
                                for (int i = 0; i < panel; i++) edgeBias[i] = i < columns ? Bias[j + i] : 0;
                                tile.Bias = edgeBias;
                            }
                        }
                        tile.B = (byte*)(B + (long)j * K + (long)k0 * panel);
                        tile.C = (byte*)(C + m0 * Ldc + j);
                        Tile.MultiplyRows<TSimd>(&tile, height, columns);
                    }
                }
            }
            if (Activation.IsClamp) return;
            for (int i = 0; i < M; i++)
            {
                float* row = C + i * Ldc + firstColumn;
                ActivationKernels.Apply<TSimd>(row, row, endColumn - firstColumn, Activation);
            }
        }
    }
}
