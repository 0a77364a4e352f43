using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Tests.Engine.Kernels.Convolutions;

public unsafe class ConvolutionTests
{
    public static TheoryData<string> Levels => new(KernelCases.Levels.Select(level => level.ToString()));

    [Theory]
    [MemberData(nameof(Levels))]
    public void DirectConvolution_IsCloseToDoublePrecision(string level)
    {
        Random random = new(1);
        for (int repeat = 0; repeat < 60; repeat++)
        {
            int groups = random.Next(4) == 0 ? random.Next(2, 6) : 1;
            bool depthwise = random.Next(5) == 0;
            if (depthwise) groups = random.Next(2, 40);
            int channels = depthwise ? groups : groups * random.Next(1, groups > 1 ? 8 : 40), outputs = depthwise ? groups : groups * random.Next(1, groups > 1 ? 10 : 40);
            ConvolutionShape shape;
            do
            {
                int pad = random.Next(3);
                shape = new(new ImageShape(random.Next(1, 17), random.Next(1, 17), channels, pad + random.Next(2)), outputs, random.Next(1, 6), random.Next(1, 6),
                    random.Next(1, 3), random.Next(1, 3), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1),
                    random.Next(1, 3), random.Next(1, 3), groups);
            }
            while (!IsPossible(shape));
            Check(shape, ConvolutionAlgorithm.Direct, random, level, repeat);
        }
    }

    // Rows come in blocks that fit a cache: sizes with one block and with several, a last one that is smaller, and rows with and without gaps between them.
    [Theory]
    [MemberData(nameof(Levels))]
    public void SeparableConvolution_IsCloseToDoublePrecision(string level)
    {
        Random random = new(3);
        foreach ((int size, int channels) in new[] { (7, 128), (14, 64), (16, 48), (31, 33), (9, 300) })
        {
            foreach (int stride in new[] { 1, 2 })
            {
                for (int repeat = 0; repeat < 3; repeat++)
                {
                    Check(new(new ImageShape(size, size, channels, 1), channels, 3, 3, stride, stride, 1, 1, 1, 1, Groups: channels), ConvolutionAlgorithm.Direct, random, level, repeat);
                    Check(new(new ImageShape(size, size, channels, repeat % 2), 40, 1, 1, stride, stride, 0, 0, 0, 0), ConvolutionAlgorithm.Direct, random, level, repeat);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void SingleChannelConvolution_IsCloseToDoublePrecision(string level)
    {
        Random random = new(4);
        for (int repeat = 0; repeat < 60; repeat++)
        {
            ConvolutionShape shape;
            do
            {
                int pad = random.Next(3);
                shape = new(new ImageShape(random.Next(1, 34), random.Next(1, 34), 1, pad + random.Next(2)), random.Next(1, 40), random.Next(1, 6), random.Next(1, 6),
                    1, 1, random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1));
            }
            while (!IsPossible(shape));
            Check(shape, ConvolutionAlgorithm.Direct, random, level, repeat);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void WinogradConvolution_IsCloseToDoublePrecision(string level)
    {
        Random random = new(2);
        for (int repeat = 0; repeat < 60; repeat++)
        {
            ConvolutionAlgorithm algorithm = (ConvolutionAlgorithm)(1 + repeat % 3);
            ConvolutionShape shape;
            do
            {
                int pad = random.Next(3), height = repeat % 4 > 0 ? 3 : random.Next(3, 7), width = repeat % 4 > 0 ? 3 : random.Next(3, 7);
                shape = new(new ImageShape(random.Next(1, 31), random.Next(1, 31), random.Next(2, repeat % 5 == 0 ? 71 : 35), pad + random.Next(2)),
                    random.Next(2, repeat % 7 == 0 ? 71 : 35), height, width, 1, 1, random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1));
            }
            while (!IsPossible(shape) || !Convolution.Supports(shape, algorithm));
            Check(shape, algorithm, random, level, repeat);
        }
    }

    [Theory]
    [InlineData(28, 32, 32, 3)]
    [InlineData(14, 64, 64, 3)]
    [InlineData(7, 128, 128, 3)]
    [InlineData(12, 64, 64, 3)]
    [InlineData(5, 64, 64, 3)]
    [InlineData(14, 32, 64, 5)]
    [InlineData(7, 64, 64, 5)]
    public void Winograd_KeepsItsErrorBounds(int size, int channels, int outputs, int kernel)
    {
        int pad = kernel / 2;
        ConvolutionShape shape = new(new ImageShape(size, size, channels, pad), outputs, kernel, kernel, 1, 1, pad, pad, pad, pad);
        foreach ((ConvolutionAlgorithm algorithm, double largest, double rms) in new[]
        {
            // Errors of direct sums grow with their length, which is 1,600 with windows of 5×5.
            (ConvolutionAlgorithm.Direct, kernel == 3 ? 2e-6 : 3e-6, 1e-6), (ConvolutionAlgorithm.Winograd2, 2e-6, 1e-6),
            (ConvolutionAlgorithm.Winograd4, 6e-6, 2e-6), (ConvolutionAlgorithm.Winograd7, 6e-5, 2e-5),
        })
        {
            if (!Convolution.Supports(shape, algorithm)) continue;
            Case test = new(shape, new Epilogue(default), 1, "random", 5);
            float[] actual = test.Run(algorithm, InstructionSet.Current);
            double[] expected = test.Reference();
            double size2 = expected.Average(e => e * e), error2 = expected.Zip(actual, (e, a) => (e - a) * (e - a)).Average();
            double error = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max() / expected.Max(Math.Abs);
            Assert.True(error <= largest && Math.Sqrt(error2 / size2) <= rms, $"{algorithm}: {error:E2} of the largest output, rms {Math.Sqrt(error2 / size2):E2}");
        }
    }

    [Theory]
    [InlineData(33)]
    [InlineData(64)]
    public void Batch_DoesNotChangeAnImagesBits(int outputs)
    {
        foreach (ConvolutionAlgorithm algorithm in Enum.GetValues<ConvolutionAlgorithm>())
        {
            ConvolutionShape shape = new(new ImageShape(15, 13, 20, 1), outputs, 3, 3, 1, 1, 1, 1, 1, 1);
            Case test = new(shape, new Epilogue(new(ActivationKind.Relu), FusedPooling.Max2x2), 9, "random", 1);
            float[] together = test.Run(algorithm, InstructionSet.Current);
            for (int n = 0; n < 9; n++)
            {
                float[] alone = test.Run(algorithm, InstructionSet.Current, n, 1);
                Assert.Equal(together.AsSpan(n * alone.Length, alone.Length).ToArray(), alone);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void TurnedWeights_GiveTheSameBitsAsTurningThem(string level)
    {
        foreach ((ConvolutionAlgorithm algorithm, int groups, int kernel) in new[]
        {
            (ConvolutionAlgorithm.Direct, 1, 3), (ConvolutionAlgorithm.Direct, 3, 3), (ConvolutionAlgorithm.Winograd2, 1, 3), (ConvolutionAlgorithm.Winograd4, 1, 3),
            (ConvolutionAlgorithm.Winograd7, 1, 3), (ConvolutionAlgorithm.Winograd7, 1, 5),
        })
        {
            // 21 channels and 39 outputs in as many groups, the other way round in the convolution whose weights these are.
            int pad = kernel / 2, window = kernel * kernel;
            ConvolutionShape shape = new(new ImageShape(9, 8, 21, pad), 39, kernel, kernel, 1, 1, pad, pad, pad, pad, 1, 1, groups);
            int inputs = shape.GroupChannels, outputs = shape.OutputChannels / groups;
            float[] weights = KernelCases.Values("random", shape.WeightLength, 5), turned = new float[weights.Length];
            for (int i = 0; i < 21; i++)
                for (int o = 0; o < outputs; o++)
                    for (int k = 0; k < window; k++) turned[((i / inputs * outputs + o) * inputs + i % inputs) * window + window - 1 - k] = weights[(i * outputs + o) * window + k];
            ImageShape output = new(9, 8, 39, 1);
            using AlignedBuffer<float> input = Images.Place(KernelCases.Values("random", 2 * 9 * 8 * 21, 6), shape.Input, 0, 2, 7);
            float[][] results = [Run(c => c.SetWeights(turned, [])), Run(c => c.SetTurnedWeights(weights, new float[weights.Length]))];
            Assert.Equal(results[0], results[1]);

            float[] Run(Action<Convolution> setWeights)
            {
                using Convolution convolution = Convolution.Create(shape, default, output, algorithm, new float[weights.Length], KernelCases.Values("random", 39, 8), Enum.Parse<SimdLevel>(level));
                setWeights(convolution);
                using AlignedBuffer<float> result = new(2L * output.ImageStride), scratch = new(convolution.ScratchLength(2));
                convolution.Run(input.Pointer, result.Pointer, null, 2, scratch.Pointer);
                return Images.Read(result, output, 2);
            }
        }
    }

    [Theory]
    [InlineData(7, 14)]
    [InlineData(8, 12)]
    [InlineData(24, 5)]
    [InlineData(3, 10)]
    public void TilesThatDontOverlap_AddToWhatIsThere(int height, int width)
    {
        Assert.True(WinogradTiling.Of(ConvolutionAlgorithm.Winograd7, height, width).IsExact);
        const int images = 5, channels = 20, outputs = 33;
        ConvolutionShape shape = new(new ImageShape(height, width, channels, 1), outputs, 3, 3, 1, 1, 1, 1, 1, 1);
        ImageShape output = new(height, width, outputs, 1);
        using Convolution convolution = Convolution.Create(shape, new Epilogue(default, AddResidual: true), output, ConvolutionAlgorithm.Winograd7,
            KernelCases.Values("random", shape.WeightLength, 5), KernelCases.Values("random", outputs, 8));
        using AlignedBuffer<float> input = Images.Place(KernelCases.Values("random", (long)images * height * width * channels, 6), shape.Input, 0, images, 7);
        float[] there = KernelCases.Values("random", (long)images * height * width * outputs, 7);
        using AlignedBuffer<float> added = Images.Place(there, output, 0, images, 7), both = Images.Place(there, output, 0, images, 7), apart = new((long)images * output.ImageStride),
            scratch = new(convolution.ScratchLength(images));
        convolution.Run(input.Pointer, apart.Pointer, added.Pointer, images, scratch.Pointer);
        convolution.Run(input.Pointer, both.Pointer, both.Pointer, images, scratch.Pointer);
        Assert.Equal(Images.Read(apart, output, images), Images.Read(both, output, images));
    }

    [Fact]
    public void Default_IsSupportedAndObeysTheSwitch()
    {
        Random random = new(3);
        for (int repeat = 0; repeat < 300; repeat++)
        {
            ConvolutionShape shape = new(new ImageShape(random.Next(1, 40), random.Next(1, 40), random.Next(1, 140), 1), random.Next(1, 140), 3, 3, 1, 1, 1, 1, 1, 1);
            Assert.True(Convolution.Supports(shape, Convolution.Default(shape, true, random.Next(1, 300))));
            Assert.Equal(ConvolutionAlgorithm.Direct, Convolution.Default(shape, false, 100));
        }
        Assert.Equal(ConvolutionAlgorithm.Winograd7, Convolution.Default(Same(28, 32), true, 64));
        Assert.Equal(ConvolutionAlgorithm.Winograd7, Convolution.Default(Same(11, 64), true, 32));
        Assert.Equal(ConvolutionAlgorithm.Winograd7, Convolution.Default(Same(5, 64), true, 32));
        // Many channels leave room for few tiles, and each few tiles read all weights.
        Assert.Equal(ConvolutionAlgorithm.Winograd4, Convolution.Default(Same(12, 256), true, 32));
        Assert.Equal(ConvolutionAlgorithm.Winograd4, Convolution.Default(Same(24, 256), true, 32));
        // Four windows of 3×3 in place of 25 products, but four times as many weights to transform and read.
        ConvolutionShape five = new(new ImageShape(14, 14, 32, 2), 64, 5, 5, 1, 1, 2, 2, 2, 2);
        Assert.Equal(ConvolutionAlgorithm.Winograd7, Convolution.Default(five, true, 32));
        Assert.Equal(ConvolutionAlgorithm.Direct, Convolution.Default(five with { Input = five.Input with { Height = 4, Width = 4 } }, true, 1));

        static ConvolutionShape Same(int side, int channels) => new(new ImageShape(side, side, channels, 1), channels, 3, 3, 1, 1, 1, 1, 1, 1);
    }

    [Fact]
    public void WrongArguments_AreRefused()
    {
        ConvolutionShape shape = new(new ImageShape(5, 5, 4, 0), 8, 3, 3, 1, 1, 1, 1, 1, 1);
        ImageShape output = new(5, 5, 8, 0);
        Assert.Throws<ArgumentException>(() => Convolution.Create(shape, default, output, ConvolutionAlgorithm.Direct, new float[8 * 4 * 9], default));
        shape = shape with { Input = shape.Input with { Border = 1 } };
        Assert.Throws<ArgumentException>(() => Convolution.Create(shape with { PadTop = 0, PadBottom = 0, KernelHeight = 3, Input = shape.Input with { Height = 4 } }, default,
            output with { Height = 2 }, ConvolutionAlgorithm.Winograd7, new float[8 * 4 * 9], default));
        Assert.Throws<ArgumentException>(() => Convolution.Create(shape, default, output with { Width = 4 }, ConvolutionAlgorithm.Direct, new float[8 * 4 * 9], default));
        Assert.ThrowsAny<ArgumentException>(() => Convolution.Create(shape, default, output, ConvolutionAlgorithm.Direct, new float[8 * 4 * 9 - 1], default));
    }

    private static bool IsPossible(ConvolutionShape shape) =>
        shape.Input.Height + shape.PadTop + shape.PadBottom > shape.DilationY * (shape.KernelHeight - 1)
        && shape.Input.Width + shape.PadLeft + shape.PadRight > shape.DilationX * (shape.KernelWidth - 1);

    private static void Check(ConvolutionShape shape, ConvolutionAlgorithm algorithm, Random random, string level, int repeat)
    {
        FusedPooling pooling = (FusedPooling)random.Next(3);
        if (pooling == FusedPooling.Max2x2 && Math.Min(shape.OutputHeight, shape.OutputWidth) < 2) pooling = FusedPooling.None;
        Activation[] activations = [default, new(ActivationKind.Relu), new(ActivationKind.LeakyRelu, 0.1f), new(ActivationKind.Clip, -0.5f, 6), new(ActivationKind.HardSwish)];
        Epilogue epilogue = new(activations[random.Next(activations.Length)], pooling, random.Next(3) == 0, random.Next(2) == 0 ? null : random.Next(3));
        string kind = KernelCases.Inputs[repeat / 3 % 3];
        Case test = new(shape, epilogue, random.Next(1, 4), kind, repeat);
        float[] actual = test.Run(algorithm, Enum.Parse<SimdLevel>(level));
        double[] expected = test.Reference();
        double largest = test.LargestSum;
        // Stated bounds on the error, relative to the largest sum of sizes that meets in one output: rounding for direct
        // convolution; for Winograd the growth that its transforms cause.
        double bound = algorithm switch { ConvolutionAlgorithm.Winograd7 => 2e-5, ConvolutionAlgorithm.Winograd4 => 4e-6, _ => 1.5e-6 } * largest;
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= bound, $"off by {Math.Abs(expected[i] - actual[i]) / largest:E2}: {algorithm} {kind} [{i}] {actual[i]} instead of {expected[i]}, {shape} {epilogue}");
    }

    /// <summary>One convolution with its operands.</summary>
    internal sealed class Case
    {
        private readonly ConvolutionShape _shape;
        private readonly Epilogue _epilogue;
        private readonly int _images, _outputBorder;
        private readonly float[] _input, _weights, _bias, _residual;

        public Case(ConvolutionShape shape, Epilogue epilogue, int images, string kind, int seed)
        {
            (_shape, _epilogue, _images, _outputBorder) = (shape, epilogue, images, seed % 2);
            _input = KernelCases.Values(kind, (long)images * shape.Input.Height * shape.Input.Width * shape.Input.Channels, seed);
            _weights = KernelCases.Values("random", shape.WeightLength, seed + 1);
            _bias = KernelCases.Values("random", shape.OutputChannels, seed + 2);
            _residual = KernelCases.Values("random", (long)images * shape.OutputHeight * shape.OutputWidth * shape.OutputChannels, seed + 3);
        }

        /// <summary>Largest sum of the sizes of all terms of an output, before activation.</summary>
        public double LargestSum { get; private set; }

        private (int Height, int Width) Pooled => _epilogue.Pooling switch
        {
            FusedPooling.Max2x2 => (_shape.OutputHeight / 2, _shape.OutputWidth / 2),
            FusedPooling.GlobalAverage => (1, 1),
            _ => (_shape.OutputHeight, _shape.OutputWidth),
        };

        /// <summary>[images, height, width, channels] as the kernel computes it; also checks that borders stay as they were.</summary>
        public float[] Run(ConvolutionAlgorithm algorithm, SimdLevel level, int firstImage = 0, int? count = null)
        {
            int images = count ?? _images;
            ImageShape output = new(Pooled.Height, Pooled.Width, _shape.OutputChannels, _epilogue.Pooling == FusedPooling.GlobalAverage ? 0 : _outputBorder);
            ImageShape residualShape = new(_shape.OutputHeight, _shape.OutputWidth, _shape.OutputChannels, _epilogue.ResidualBorder ?? output.Border);
            using AlignedBuffer<float> input = Images.Place(_input, _shape.Input, firstImage, images, 7);
            using AlignedBuffer<float> residual = Images.Place(_residual, residualShape, firstImage, images, -3);
            using AlignedBuffer<float> result = new((long)images * output.ImageStride);
            using Convolution convolution = Convolution.Create(_shape, _epilogue, output, algorithm, _weights, _bias, level);
            using AlignedBuffer<float> scratch = new(convolution.ScratchLength(images) + 16);
            scratch.Span.Fill(float.NaN);
            convolution.Run(input.Pointer, result.Pointer, _epilogue.AddResidual ? residual.Pointer : null, images, scratch.Pointer);
            Assert.All(scratch.Span[^16..].ToArray(), value => Assert.True(float.IsNaN(value), "wrote past its scratch"));
            return Images.Read(result, output, images);
        }

        public double[] Reference()
        {
            int height = _shape.OutputHeight, width = _shape.OutputWidth, groupOutputs = _shape.OutputChannels / _shape.Groups, outputs = _shape.OutputChannels;
            double[] sums = new double[(long)_images * height * width * outputs];
            for (int n = 0; n < _images; n++)
            {
                for (int y = 0; y < height; y++)
                {
                    for (int x = 0; x < width; x++)
                    {
                        for (int o = 0; o < outputs; o++)
                        {
                            long index = (((long)n * height + y) * width + x) * outputs + o;
                            double sum = _bias[o], size = Math.Abs(sum);
                            for (int ky = 0; ky < _shape.KernelHeight; ky++)
                            {
                                int iy = y * _shape.StrideY - _shape.PadTop + ky * _shape.DilationY;
                                if (iy < 0 || iy >= _shape.Input.Height) continue;
                                for (int kx = 0; kx < _shape.KernelWidth; kx++)
                                {
                                    int ix = x * _shape.StrideX - _shape.PadLeft + kx * _shape.DilationX;
                                    if (ix < 0 || ix >= _shape.Input.Width) continue;
                                    long source = (((long)n * _shape.Input.Height + iy) * _shape.Input.Width + ix) * _shape.Input.Channels + o / groupOutputs * _shape.GroupChannels;
                                    long weight = ((long)o * _shape.GroupChannels * _shape.KernelHeight + ky) * _shape.KernelWidth + kx;
                                    for (int c = 0; c < _shape.GroupChannels; c++)
                                    {
                                        double product = (double)_input[source + c] * _weights[weight + (long)c * _shape.KernelHeight * _shape.KernelWidth];
                                        sum += product;
                                        size += Math.Abs(product);
                                    }
                                }
                            }
                            LargestSum = Math.Max(LargestSum, size);
                            if (_epilogue.AddResidual) sum += _residual[index];
                            sums[index] = Activate(sum);
                        }
                    }
                }
            }
            if (_epilogue.Pooling == FusedPooling.None) return sums;
            (int pooledHeight, int pooledWidth) = Pooled;
            (int windowHeight, int windowWidth) = _epilogue.Pooling == FusedPooling.Max2x2 ? (2, 2) : (height, width);
            double[] pooled = new double[(long)_images * pooledHeight * pooledWidth * outputs];
            for (long i = 0; i < pooled.Length; i++)
            {
                long o = i % outputs, x = i / outputs % pooledWidth, y = i / outputs / pooledWidth % pooledHeight, n = i / outputs / pooledWidth / pooledHeight;
                double largest = double.NegativeInfinity, total = 0;
                for (int wy = 0; wy < windowHeight; wy++)
                {
                    for (int wx = 0; wx < windowWidth; wx++)
                    {
                        double value = sums[((n * height + y * windowHeight + wy) * width + x * windowWidth + wx) * outputs + o];
                        largest = Math.Max(largest, value);
                        total += value;
                    }
                }
                pooled[i] = _epilogue.Pooling == FusedPooling.Max2x2 ? largest : total / (height * width);
            }
            return pooled;
        }

        private double Activate(double x)
        {
            Activation a = _epilogue.Activation;
            return a.Kind switch
            {
                ActivationKind.Relu => Math.Max(0, x),
                ActivationKind.LeakyRelu => x < 0 ? a.Alpha * x : x,
                ActivationKind.Clip => Math.Clamp(x, a.Alpha, a.Beta),
                ActivationKind.HardSwish => x * Math.Clamp(x / 6 + 0.5, 0, 1),
                _ => x,
            };
        }
    }
}
