using BenchmarkDotNet.Attributes;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Quantized;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Benchmarks.Kernels;

/// <summary>Convolutions in 8 bits, back to levels: time per image. An algorithm that can't compute a layer shows as NA.</summary>
public unsafe class QuantizedConvolutionBenchmarks
{
    private const int Images = 14;
    private QuantizedConvolution? _convolution;
    private AlignedBuffer<float>? _input, _output, _scratch;

    /// <summary>Side of the image, input and output channels, side of the window.</summary>
    [Params("28x32x32x3", "14x64x64x3", "7x128x128x3", "28x8x16x3", "14x32x64x5", "14x6x16x5", "14x64x128x1")]
    public string Layer { get; set; } = "";

    /// <summary>How it is computed.</summary>
    [Params(nameof(QuantizedAlgorithm.Winograd), nameof(QuantizedAlgorithm.Quads), nameof(QuantizedAlgorithm.Pairs), nameof(QuantizedAlgorithm.Floats))]
    public string Algorithm { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        (ConvolutionShape shape, ImageShape output) = ConvolutionBenchmarks.Read(Layer);
        Random random = new(1);
        var weights = new sbyte[shape.WeightLength];
        for (int i = 0; i < weights.Length; i++) weights[i] = (sbyte)random.Next(-40, 41);
        var scales = new float[shape.OutputChannels];
        Array.Fill(scales, 1e-3f);
        _convolution = QuantizedConvolution.Create(shape, new QuantizedEpilogue(new LevelRange(0.02f, 0, 0), 0), output, low: 0, weights, [], scales, Enum.Parse<QuantizedAlgorithm>(Algorithm),
            InstructionSet.Current);
        _input = new AlignedBuffer<float>((long)Images * shape.Input.ImageStride);
        _output = new AlignedBuffer<float>((long)Images * output.ImageStride);
        _scratch = new AlignedBuffer<float>(_convolution.ScratchLength(Images));
        for (int i = 0; i < _input.Length; i++) _input.Pointer[i] = random.Next(256);
    }

    [Benchmark(OperationsPerInvoke = Images)]
    public void Forward() => _convolution!.Run(_input!.Pointer, _output!.Pointer, null, Images, _scratch!.Pointer);

    [GlobalCleanup]
    public void Cleanup()
    {
        _convolution?.Dispose();
        _input?.Dispose();
        _output?.Dispose();
        _scratch?.Dispose();
    }
}
