using BenchmarkDotNet.Attributes;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels.Matrices;

namespace Recognizer.Benchmarks.Kernels;

/// <summary>Dense layers: 2 · rows · depth · columns floating-point operations a call.</summary>
public unsafe class GemmBenchmarks
{
    private const int Depth = 3136, Columns = 128;
    private AlignedBuffer<float>? _a, _b, _c;
    private PackedMatrix? _packed;

    /// <summary>Rows of the left-hand matrix.</summary>
    [Params(1, 14, 128)]
    public int Rows { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(1);
        _a = new AlignedBuffer<float>(128 * Depth);
        _b = new AlignedBuffer<float>(Depth * Columns);
        _c = new AlignedBuffer<float>(128 * Depth);
        foreach (AlignedBuffer<float> buffer in new[] { _a, _b })
            for (int i = 0; i < buffer.Length; i++) buffer.Pointer[i] = random.NextSingle() - 0.5f;
        _packed = new PackedMatrix(Depth, Columns, _b.Span, transposed: true);
    }

    [Benchmark]
    public void Packed() => _packed!.Multiply(Rows, _a!.Pointer, Depth, _c!.Pointer, Columns, null, default);

    [Benchmark]
    public void TransposedB() => Gemm.Run(false, true, Rows, Columns, Depth, _a!.Pointer, Depth, _b!.Pointer, Depth, 0, _c!.Pointer, Columns);

    [Benchmark]
    public void TransposedA() => Gemm.Run(true, false, Columns, Depth, Rows, _b!.Pointer, Columns, _a!.Pointer, Depth, 0, _c!.Pointer, Depth);

    [GlobalCleanup]
    public void Cleanup()
    {
        _a?.Dispose();
        _b?.Dispose();
        _c?.Dispose();
        _packed?.Dispose();
    }
}
