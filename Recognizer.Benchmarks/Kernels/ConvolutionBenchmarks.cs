using BenchmarkDotNet.Attributes;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;

namespace Recognizer.Benchmarks.Kernels;

/// <summary>The convolutions of the built-in networks, and larger windows, with bias and ReLU: time per image.</summary>
public unsafe class ConvolutionBenchmarks
{
    private const int Images = 14;
    private Convolution? _convolution;
    private ConvolutionWeightGradient? _gradient;
    private AlignedBuffer<float>? _input, _output, _scratch, _accumulator;

    /// <summary>Side of the image, input and output channels, side of the window.</summary>
    [Params("28x1x32x3", "28x32x32x3", "14x32x64x3", "14x64x64x3", "11x32x64x3", "7x64x128x3", "7x128x128x3", "14x32x64x5")]
    public string Layer { get; set; } = "";

    /// <summary>How it is computed.</summary>
    [Params(nameof(ConvolutionAlgorithm.Direct), nameof(ConvolutionAlgorithm.Winograd2), nameof(ConvolutionAlgorithm.Winograd4), nameof(ConvolutionAlgorithm.Winograd7))]
    public string Algorithm { get; set; } = "";

    /// <summary>The convolution that a text such as 28x32x32x3 stands for, with the padding that keeps the size, and the layout of its result.</summary>
    internal static (ConvolutionShape Shape, ImageShape Output) Read(string layer)
    {
        int[] sizes = [.. layer.Split('x').Select(int.Parse)];
        int pad = sizes[3] / 2;
        return (new(new ImageShape(sizes[0], sizes[0], sizes[1], pad), sizes[2], sizes[3], sizes[3], 1, 1, pad, pad, pad, pad), new(sizes[0], sizes[0], sizes[2], pad));
    }

    [GlobalSetup]
    public void Setup()
    {
        (ConvolutionShape shape, ImageShape output) = Read(Layer);
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
