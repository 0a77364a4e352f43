using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Training;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Differentiation.Kernels;

namespace Recognizer.Tests.Differentiation;

/// <summary>Training kernels of every instruction set against their scalar twins.</summary>
public sealed unsafe class KernelTests : IDisposable
{
    private const int Images = 2, Channels = 48, Height = 5, Width = 7;

    private readonly Value _full = NewValue(Height, Width, 1), _other = NewValue(Height, Width, 2), _pooled = NewValue(Height / 2, Width / 2, 0);
    private readonly List<AlignedBuffer<float>> _buffers = [];

    public static TheoryData<string> Levels =>
        [.. Enum.GetValues<SimdLevel>().Where(l => l <= InstructionSet.Supported).Select(l => l.ToString())];

    public void Dispose()
    {
        foreach (AlignedBuffer<float> buffer in _buffers) buffer.Dispose();
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void BatchNorm_passes(string name)
    {
        var level = Enum.Parse<SimdLevel>(name);
        foreach (BatchNormPass pass in Enum.GetValues<BatchNormPass>())
        {
            foreach (bool flag in (bool[])[false, true])
            {
                float[] expected = Run(pass, flag, SimdLevel.Scalar), actual = Run(pass, flag, level);
                Assert.Contains(expected, v => v != 0);
                for (int i = 0; i < expected.Length; i++)
                    Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5 * (1 + Math.Abs(expected[i])), $"{pass} {flag} [{i}]: {actual[i]}, expected {expected[i]}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void MaxPool_passes(string name)
    {
        var level = Enum.Parse<SimdLevel>(name);
        foreach (bool flag in (bool[])[false, true])
        {
            float[] expected = RunPool(flag, SimdLevel.Scalar), actual = RunPool(flag, level);
            Assert.Equal(expected, actual);
            // Each window gives its gradient to one pixel or, after ReLU, to none.
            Assert.Contains(expected, v => v != 0);
        }
    }

    internal enum BatchNormPass
    {
        Moments,
        Apply,
        ApplyPooled,
        GradientSums,
        GradientSumsPooled,
        Gradient,
        GradientPooled,
    }

    private static Value NewValue(int height, int width, int border)
    {
        var value = new Value("test", [Channels, height, width], ValueLayout.Image, needsGradient: true);
        value.RequireBorder(border);
        return value;
    }

    private float* Random(Value value, ulong seed) => Random((int)(Images * value.Stride), seed, deviation: 1);

    private float* Random(int length, ulong seed, float deviation)
    {
        var buffer = new AlignedBuffer<float>(length);
        _buffers.Add(buffer);
        var random = new CounterRandom(CounterRandom.Key(seed));
        for (int i = 0; i < length; i++) buffer.Pointer[i] = deviation * random.NextGaussian();
        return buffer.Pointer;
    }

    private float[] Run(BatchNormPass pass, bool flag, SimdLevel level)
    {
        float* output = Random(pass is BatchNormPass.ApplyPooled ? _pooled : _other, 3);
        float* residual = Random(_other, 4);
        var operation = new Operation
        {
            Pass = pass, Flag = flag, X = PixelGrid.Of(_full, Random(_full, 1)), Gradient = PixelGrid.Of(_other, Random(_other, 2)),
            PooledGradient = PixelGrid.Of(_pooled, Random(_pooled, 2)), Output = PixelGrid.Of(pass is BatchNormPass.ApplyPooled ? _pooled : _other, output),
            Residual = PixelGrid.Of(_other, residual), Numbers = Random(6 * Channels, 5, deviation: 1), Sums = Random(2 * Channels, 6, deviation: 0),
        };
        InstructionSet.Dispatch(level, ref operation);
        return [.. new Span<float>(output, (int)(Images * (pass is BatchNormPass.ApplyPooled ? _pooled : _other).Stride)).ToArray(),
            .. new Span<float>(residual, (int)(Images * _other.Stride)).ToArray(), .. new Span<float>(operation.Sums, 2 * Channels).ToArray()];
    }

    private float[] RunPool(bool flag, SimdLevel level)
    {
        float* pooled = Random(_pooled, 3), result = Random(_full, 4), choices = Random(Height / 2 * (Width / 2) * Channels, 5, 0);
        var operation = new PoolOperation
        {
            Flag = flag, X = PixelGrid.Of(_full, Random(_full, 1)), Y = PixelGrid.Of(_pooled, pooled), Gradient = PixelGrid.Of(_pooled, Random(_pooled, 2)),
            Result = PixelGrid.Of(_full, result), Choices = choices,
        };
        InstructionSet.Dispatch(level, ref operation);
        return [.. new Span<float>(pooled, (int)(Images * _pooled.Stride)).ToArray(), .. new Span<float>(result, (int)(Images * _full.Stride)).ToArray()];
    }

    private struct Operation : ISimdOperation
    {
        public BatchNormPass Pass;
        public bool Flag;
        public PixelGrid X, Gradient, PooledGradient, Output, Residual;
        public float* Numbers, Sums;

        public readonly void Run<T>() where T : unmanaged, ISimd<T>
        {
            float* scale = Numbers, offset = scale + Channels, mean = offset + Channels, constant = mean + Channels, slope = constant + Channels;
            float floor = Flag ? 0 : float.NegativeInfinity;
            float* products = Sums + Channels;
            for (int n = 0; n < Images; n++)
            {
                switch (Pass)
                {
                    case BatchNormPass.Moments: BatchNormKernels.Moments<T>(X, n, mean, Sums, products); break;
                    case BatchNormPass.Apply: BatchNormKernels.Apply<T>(X, Output, Residual, Flag, n, scale, offset, floor); break;
                    case BatchNormPass.ApplyPooled: BatchNormKernels.ApplyPooled<T>(X, Output, n, scale, offset); break;
                    // The mask by output reads a grid with the strides of x.
                    case BatchNormPass.GradientSums: BatchNormKernels.GradientSums<T>(X, Gradient, X, Flag, n, mean, scale, offset, floor, Sums, products); break;
                    case BatchNormPass.GradientSumsPooled: BatchNormKernels.GradientSumsPooled<T>(X, PooledGradient, n, mean, scale, offset, Sums, products); break;
                    case BatchNormPass.Gradient:
                        BatchNormKernels.Gradient<T>(X, Gradient, X, Flag, Output, Flag, Residual, Flag, Flag, n, scale, offset, floor, constant, slope);
                        break;
                    default: BatchNormKernels.GradientPooled<T>(X, PooledGradient, Output, Flag, n, scale, offset, constant, slope); break;
                }
            }
        }
    }

    private struct PoolOperation : ISimdOperation
    {
        public bool Flag;
        public PixelGrid X, Y, Gradient, Result;
        public float* Choices;

        public readonly void Run<T>() where T : unmanaged, ISimd<T>
        {
            for (int n = 0; n < Images; n++)
            {
                MaxPool2x2Kernels.Forward<T>(X, Y, n, Flag, Choices);
                MaxPool2x2Kernels.Backward<T>(Result, Gradient, n, Choices, Flag);
            }
        }
    }
}
