using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>A matrix product in 8-bit integers: y[m, n] = activation(scale[n] · (x[m, k] · B + bias[n])), where x takes 256 levels, B signed levels with a
/// step per column, and y values or levels again. Sums of products are exact in 32 bits, so that no order of adding changes a bit. A quarter of the bytes of floats, which is what counts where
/// few rows share the weights.</summary>
internal sealed unsafe class QuantizedMatrix : IDisposable
{
    /// <summary>Columns in a panel: the 32-bit lanes of a 256-bit vector.</summary>
    private const int Panel = 8;

    /// <summary>Levels along k that one instruction multiplies and adds.</summary>
    private const int Group = 4;

    // [panels, k / 4, 8 columns, 4 levels of k]
    private readonly AlignedBuffer<sbyte> _weights;
    private readonly AlignedBuffer<int> _corrections;
    private readonly AlignedBuffer<float> _scales;
    private readonly int _depth;
    private readonly int _columns;
    private readonly int _groups;
    private readonly int _panels;
    private readonly int _low;
    private readonly bool _givesLevels;
    private readonly float _floor;
    private readonly float _ceiling;

    /// <summary>Packs weights that are supported.</summary>
    /// <param name="depth">Length of the sums.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="weights">Levels [depth, columns] row-major.</param>
    /// <param name="scales">Factor of each column's sums.</param>
    /// <param name="bias">[columns], added to the sums; or empty.</param>
    /// <param name="low">Lowest level of x; the highest is 255 above.</param>
    /// <param name="levels">Levels of y, or null where y is values.</param>
    public QuantizedMatrix(int depth, int columns, ReadOnlySpan<sbyte> weights, ReadOnlySpan<float> scales, ReadOnlySpan<int> bias, int low, QuantizedEpilogue? levels = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Length, depth * columns);
        if (!Supports(weights, bias, columns, transposed: false)) throw new ArgumentException("The sums don't fit 32 bits.", nameof(weights));
        (_depth, _columns, _low) = (depth, columns, low);
        (_givesLevels, _floor, _ceiling) = (levels is not null, levels?.Floor ?? 0, levels?.Result.High ?? 0);
        _groups = (depth + Group - 1) / Group;
        _panels = (columns + Panel - 1) / Panel;
        _weights = new AlignedBuffer<sbyte>((long)_panels * _groups * Panel * Group);
        _corrections = new AlignedBuffer<int>(_panels * Panel);
        _scales = new AlignedBuffer<float>(_panels * Panel);
        for (int c = 0; c < columns; c++)
        {
            int sum = 0;
            sbyte* panel = _weights.Pointer + (long)(c / Panel) * _groups * Panel * Group + c % Panel * Group;
            for (int k = 0; k < depth; k++)
            {
                sbyte level = weights[k * columns + c];
                panel[k / Group * Panel * Group + k % Group] = level;
                sum += level;
            }
            _corrections.Pointer[c] = low * sum + (bias.Length == 0 ? 0 : bias[c]);
            _scales.Pointer[c] = scales[c];
        }
    }

    /// <summary>Whether all sums fit 32 bits.</summary>
    /// <param name="weights">Levels [depth, columns] row-major, or [columns, depth].</param>
    /// <param name="bias">[columns], added to the sums; or empty.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="transposed">Whether the weights are [columns, depth].</param>
    public static bool Supports(ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias, int columns, bool transposed) =>
        SumBound.Of(weights, bias, columns, outputsLast: !transposed) <= int.MaxValue;

    /// <summary>Whether this machine has instructions for it; elsewhere floats are as good.</summary>
    public static bool IsAccelerated => InstructionSet.Current >= SimdLevel.Avx2;

    /// <summary>Bytes of scratch for m rows.</summary>
    public long ScratchBytes(int m) => (long)m * LevelStride;

    private int LevelStride => (_groups * Group + 31) / 32 * 32;

    /// <summary>Multiplies rows.</summary>
    /// <param name="m">Rows.</param>
    /// <param name="x">[m, depth] levels, <paramref name="stride"/> floats apart.</param>
    /// <param name="stride">Floats between rows of x.</param>
    /// <param name="y">[m, columns].</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="scratch"><see cref="ScratchBytes"/>.</param>
    public void Multiply(int m, float* x, nint stride, float* y, Activation activation, byte* scratch)
    {
        if (IsAccelerated)
        {
            for (int row = 0; row < m; row++) ToLevels(x + row * stride, scratch + (long)row * LevelStride);
            for (int row = 0; row < m;)
            {
                byte* levels = scratch + (long)row * LevelStride;
                float* result = y + (long)row * _columns;
                if (AvxVnni.IsSupported && m - row >= 4)
                {
                    FourRows(levels, result);
                    row += 4;
                    continue;
                }
                if (AvxVnni.IsSupported) OneRow(levels, result);
                else OneRowByPairs(levels, result);
                row++;
            }
        }
        else
        {
            MultiplyScalar(m, x, stride, y, scratch);
        }
        ActivationKernels.Apply(y, y, (long)m * _columns, activation);
        GC.KeepAlive(this);
    }

    /// <summary>The scalar twin, without activation.</summary>
    internal void MultiplyScalar(int m, float* x, nint stride, float* y, byte* scratch)
    {
        for (int row = 0; row < m; row++)
        {
            for (int k = 0; k < _depth; k++) scratch[k] = (byte)Math.Clamp(x[row * stride + k] - _low, 0, 255);
            for (int c = 0; c < _columns; c++)
            {
                sbyte* panel = _weights.Pointer + (long)(c / Panel) * _groups * Panel * Group + c % Panel * Group;
                int sum = _corrections.Pointer[c];
                for (int k = 0; k < _depth; k++) sum += scratch[k] * panel[k / Group * Panel * Group + k % Group];
                float value = sum * _scales.Pointer[c];
                y[(long)row * _columns + c] = _givesLevels ? MathF.Round(Math.Clamp(value, _floor, _ceiling)) : value;
            }
        }
    }

    public void Dispose()
    {
        _weights.Dispose();
        _corrections.Dispose();
        _scales.Dispose();
    }

    // 32 floats to 32 bytes at a time: shifted so that the lowest is 0, saturated.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void ToLevels(float* x, byte* levels)
    {
        Vector256<int> low = Vector256.Create(_low), order = Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7);
        int k = 0;
        for (; k <= _depth - 32; k += 32)
        {
            Vector256<int> a = Avx.ConvertToVector256Int32(Vector256.Load(x + k)) - low;
            Vector256<int> b = Avx.ConvertToVector256Int32(Vector256.Load(x + k + 8)) - low;
            Vector256<int> c = Avx.ConvertToVector256Int32(Vector256.Load(x + k + 16)) - low;
            Vector256<int> d = Avx.ConvertToVector256Int32(Vector256.Load(x + k + 24)) - low;
            // Packing works within 128-bit halves; the permutation puts the quarters back in order.
            Vector256<byte> packed = Avx2.PackUnsignedSaturate(Avx2.PackSignedSaturate(a, b), Avx2.PackSignedSaturate(c, d));
            Avx2.PermuteVar8x32(packed.AsInt32(), order).AsByte().Store(levels + k);
        }
        for (; k < _depth; k++) levels[k] = (byte)Math.Clamp(x[k] - _low, 0, 255);
        for (; k < LevelStride; k++) levels[k] = 0;
    }

    // Eight panels at once: enough independent sums to keep the multipliers busy.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void OneRow(byte* levels, float* y)
    {
        nint panelBytes = (nint)_groups * Panel * Group;
        int p = 0;
        for (; p <= _panels - 8; p += 8)
        {
            sbyte* w = _weights.Pointer + p * panelBytes;
            Vector256<int> s0 = Vector256<int>.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
            for (int g = 0; g < _groups; g++, w += Panel * Group)
            {
                Vector256<byte> a = Vector256.Create(((uint*)levels)[g]).AsByte();
                s0 = AvxVnni.MultiplyWideningAndAdd(s0, a, Vector256.Load(w));
                s1 = AvxVnni.MultiplyWideningAndAdd(s1, a, Vector256.Load(w + panelBytes));
                s2 = AvxVnni.MultiplyWideningAndAdd(s2, a, Vector256.Load(w + 2 * panelBytes));
                s3 = AvxVnni.MultiplyWideningAndAdd(s3, a, Vector256.Load(w + 3 * panelBytes));
                s4 = AvxVnni.MultiplyWideningAndAdd(s4, a, Vector256.Load(w + 4 * panelBytes));
                s5 = AvxVnni.MultiplyWideningAndAdd(s5, a, Vector256.Load(w + 5 * panelBytes));
                s6 = AvxVnni.MultiplyWideningAndAdd(s6, a, Vector256.Load(w + 6 * panelBytes));
                s7 = AvxVnni.MultiplyWideningAndAdd(s7, a, Vector256.Load(w + 7 * panelBytes));
            }
            Finish(s0, p, y);
            Finish(s1, p + 1, y);
            Finish(s2, p + 2, y);
            Finish(s3, p + 3, y);
            Finish(s4, p + 4, y);
            Finish(s5, p + 5, y);
            Finish(s6, p + 6, y);
            Finish(s7, p + 7, y);
        }
        for (; p < _panels; p++)
        {
            sbyte* w = _weights.Pointer + p * panelBytes;
            Vector256<int> even = Vector256<int>.Zero, odd = even;
            int g = 0;
            for (; g <= _groups - 2; g += 2, w += 2 * Panel * Group)
            {
                even = AvxVnni.MultiplyWideningAndAdd(even, Vector256.Create(((uint*)levels)[g]).AsByte(), Vector256.Load(w));
                odd = AvxVnni.MultiplyWideningAndAdd(odd, Vector256.Create(((uint*)levels)[g + 1]).AsByte(), Vector256.Load(w + Panel * Group));
            }
            if (g < _groups) even = AvxVnni.MultiplyWideningAndAdd(even, Vector256.Create(((uint*)levels)[g]).AsByte(), Vector256.Load(w));
            Finish(even + odd, p, y);
        }
    }

    // Four rows of two panels, which share the loads of weights.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void FourRows(byte* levels, float* y)
    {
        nint panelBytes = (nint)_groups * Panel * Group;
        nint stride = LevelStride;
        for (int p = 0; p < _panels; p += 2)
        {
            bool two = p + 1 < _panels;
            sbyte* w = _weights.Pointer + p * panelBytes;
            sbyte* v = two ? w + panelBytes : w;
            Vector256<int> s0 = Vector256<int>.Zero, s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
            byte* a = levels;
            for (int g = 0; g < _groups; g++, w += Panel * Group, v += Panel * Group, a += Group)
            {
                Vector256<sbyte> first = Vector256.Load(w), second = Vector256.Load(v);
                Vector256<byte> x = Vector256.Create(*(uint*)a).AsByte();
                s0 = AvxVnni.MultiplyWideningAndAdd(s0, x, first);
                t0 = AvxVnni.MultiplyWideningAndAdd(t0, x, second);
                x = Vector256.Create(*(uint*)(a + stride)).AsByte();
                s1 = AvxVnni.MultiplyWideningAndAdd(s1, x, first);
                t1 = AvxVnni.MultiplyWideningAndAdd(t1, x, second);
                x = Vector256.Create(*(uint*)(a + 2 * stride)).AsByte();
                s2 = AvxVnni.MultiplyWideningAndAdd(s2, x, first);
                t2 = AvxVnni.MultiplyWideningAndAdd(t2, x, second);
                x = Vector256.Create(*(uint*)(a + 3 * stride)).AsByte();
                s3 = AvxVnni.MultiplyWideningAndAdd(s3, x, first);
                t3 = AvxVnni.MultiplyWideningAndAdd(t3, x, second);
            }
            Finish(s0, p, y);
            Finish(s1, p, y + _columns);
            Finish(s2, p, y + 2 * _columns);
            Finish(s3, p, y + 3 * _columns);
            if (!two) continue;
            Finish(t0, p + 1, y);
            Finish(t1, p + 1, y + _columns);
            Finish(t2, p + 1, y + 2 * _columns);
            Finish(t3, p + 1, y + 3 * _columns);
        }
    }

    // Without an instruction for four products: pairs of 16-bit products, whose sums can't overflow 32 bits.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void OneRowByPairs(byte* levels, float* y)
    {
        for (int p = 0; p < _panels; p++)
        {
            sbyte* w = _weights.Pointer + (nint)p * _groups * Panel * Group;
            // Two partial sums for each of columns 0 … 3 and 4 … 7.
            Vector256<int> lower = Vector256<int>.Zero, upper = lower;
            for (int g = 0; g < _groups; g++, w += Panel * Group)
            {
                Vector256<short> a = Avx2.ConvertToVector256Int16(Vector128.Create(((uint*)levels)[g]).AsByte());
                lower += Avx2.MultiplyAddAdjacent(a, Avx2.ConvertToVector256Int16(Vector128.Load(w)));
                upper += Avx2.MultiplyAddAdjacent(a, Avx2.ConvertToVector256Int16(Vector128.Load(w + 16)));
            }
            // Adding neighbours gives columns 0 1 4 5 2 3 6 7.
            Vector256<int> sums = Avx2.HorizontalAdd(lower, upper);
            Finish(Avx2.Permute4x64(sums.AsInt64(), 0b11_01_10_00).AsInt32(), p, y);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(Vector256<int> sums, int panel, float* y)
    {
        int column = panel * Panel;
        Vector256<float> result = Avx.ConvertToVector256Single(sums + Vector256.Load(_corrections.Pointer + column)) * Vector256.Load(_scales.Pointer + column);
        if (_givesLevels) result = Vector256.Round(Vector256.Min(Vector256.Create(_ceiling), Vector256.Max(Vector256.Create(_floor), result)));
        if (column + Panel <= _columns)
        {
            result.Store(y + column);
            return;
        }
        for (int i = column; i < _columns; i++) y[i] = result[i - column];
    }
}
