using BenchmarkDotNet.Attributes;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Benchmarks.Kernels;

/// <summary>The convolutions of the built-in networks with bias and ReLU. Multiply-adds counted as in direct convolution:
/// 2 · size² · channels · outputs · 9 a call and image, so that algorithms compare.</summary>
public unsafe class ConvolutionBenchmarks
{
    private const int Images = 14;
    private Convolution? _convolution;
    private ConvolutionWeightGradient? _gradient;
    private AlignedBuffer<float>? _input, _output, _scratch, _accumulator;

    /// <summary>Side of the image, input and output channels.</summary>
    [Params("28x1x32", "28x32x32", "14x32x64", "14x64x64", "11x32x64", "7x64x128", "7x128x128")]
    public string Layer { get; set; } = "";

    /// <summary>How it is computed.</summary>
    [Params(nameof(ConvolutionAlgorithm.Direct), nameof(ConvolutionAlgorithm.Winograd2), nameof(ConvolutionAlgorithm.Winograd4), nameof(ConvolutionAlgorithm.Winograd7))]
    public string Algorithm { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        int[] layer = [.. Layer.Split('x').Select(int.Parse)];
        ConvolutionShape shape = new(new ImageShape(layer[0], layer[0], layer[1], 1), layer[2], 3, 3, 1, 1, 1, 1, 1, 1);
        ImageShape output = new(layer[0], layer[0], layer[2], 1);
        ConvolutionAlgorithm algorithm = Enum.Parse<ConvolutionAlgorithm>(Algorithm);
        if (!Convolution.Supports(shape, algorithm)) algorithm = ConvolutionAlgorithm.Direct;
        Random random = new(1);
        float[] weights = new float[shape.WeightLength];
        for (int i = 0; i < weights.Length; i++) weights[i] = random.NextSingle() - 0.5f;
        _convolution = Convolution.Create(shape, new Epilogue(new(ActivationKind.Relu)), output, algorithm, weights, default);
        _gradient = ConvolutionWeightGradient.Create(shape, output, algorithm);
        _input = new AlignedBuffer<float>((long)Images * shape.Input.ImageStride);
        _output = new AlignedBuffer<float>((long)Images * output.ImageStride);
        _scratch = new AlignedBuffer<float>(Math.Max(_convolution.ScratchLength(Images), _gradient.ScratchLength(Images)));
        _accumulator = new AlignedBuffer<float>(_gradient.AccumulatorLength);
        for (int i = 0; i < _input.Length; i++) _input.Pointer[i] = random.NextSingle() - 0.5f;
    }

    [Benchmark(OperationsPerInvoke = Images)]
    public void Forward() => _convolution!.Run(_input!.Pointer, _output!.Pointer, null, Images, _scratch!.Pointer);

    [Benchmark(OperationsPerInvoke = Images)]
    public void WeightGradient() => _gradient!.Add(_input!.Pointer, _output!.Pointer, Images, _accumulator!.Pointer, _scratch!.Pointer);

    [GlobalCleanup]
    public void Cleanup()
    {
        _convolution?.Dispose();
        _input?.Dispose();
        _output?.Dispose();
        _scratch?.Dispose();
        _accumulator?.Dispose();
    }
}
