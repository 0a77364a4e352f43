using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Tests.Engine.Kernels;

public sealed unsafe class QuantizedConvolutionTests
{
    [Fact]
    public void EveryAlgorithmGivesTheLevelsOfExactSums()
    {
        var random = new Random(1);
        var seen = new HashSet<string>();
        for (int repeat = 0; repeat < 30; repeat++)
        {
            bool winograd = repeat % 2 == 0, grouped = repeat % 5 == 1;
            int groups = grouped ? random.Next(2, 20) : 1, channels = grouped ? groups : random.Next(3) == 0 ? 1 : random.Next(1, 4) * (random.Next(2) == 0 ? 16 : 11);
            int outputs = grouped ? groups : random.Next(1, 4) * (random.Next(2) == 0 ? 16 : 13), kernel = winograd ? 3 : random.Next(1, 6), pad = random.Next(kernel);
            var shape = new ConvolutionShape(new ImageShape(random.Next(6, 15), random.Next(6, 15), channels, pad + random.Next(2)), outputs, kernel, kernel,
                winograd ? 1 : random.Next(1, 3), winograd ? 1 : random.Next(1, 3), pad, pad, pad, pad, 1, 1, groups);
            if (shape.OutputHeight < 2 || shape.OutputWidth < 2) continue;
            seen.UnionWith(Check(shape, random, winograd || random.Next(2) == 0, sum: repeat % 3 == 0, pool: repeat % 4 < 2));
        }
        Assert.Equal(3, seen.Count);
    }

    [Fact]
    public void SumsThatDontFitAreRefused()
    {
        var shape = new ConvolutionShape(new ImageShape(4, 4, 1024, 2), 1, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 2);
        var weights = new sbyte[shape.WeightLength * 2];
        Array.Fill(weights, (sbyte)127);
        shape = shape with { OutputChannels = 2 };
        Assert.False(QuantizedConvolution.Supports(shape, weights, []));
        Assert.True(QuantizedConvolution.Supports(shape, new sbyte[weights.Length], []));
        Assert.Throws<ArgumentException>(() => QuantizedConvolution.Create(shape, new QuantizedEpilogue(new LevelRange(1, 0, 0), 0), new ImageShape(4, 4, 2, 0), weights, [], [1, 1],
            winograd: true, SimdLevel.Scalar));
    }

    private static HashSet<string> Check(ConvolutionShape shape, Random random, bool winograd, bool sum, bool pool)
    {
        const int images = 2;
        int low = -random.Next(256), each = shape.WeightLength / shape.OutputChannels, height = shape.OutputHeight, width = shape.OutputWidth, channels = shape.Input.Channels;
        float[] input = Values(images * shape.Input.Height * shape.Input.Width * channels, () => low + random.Next(256));
        var weights = new sbyte[shape.WeightLength];
        for (int i = 0; i < weights.Length; i++) weights[i] = (sbyte)random.Next(-127, 128);
        int[] bias = [.. Enumerable.Range(0, shape.OutputChannels).Select(_ => random.Next(-100_000, 100_000))];
        float[] scales = Values(shape.OutputChannels, () => (0.5f + random.NextSingle()) / (1500 * MathF.Sqrt(each)));
        var levels = new LevelRange(0.02f, -random.Next(256), 0);
        levels = levels with { ZeroPoint = -levels.Low };
        LevelRange other = new(0.03f, -7, 7), result = new(0.041f, -100, 100);
        bool ownIsLeft = random.Next(2) == 0;
        LevelSum? added = sum ? new LevelSum(ownIsLeft ? levels : other, ownIsLeft ? other : levels, result, ownIsLeft, random.Next(2) == 0 ? 0 : result.Low) : null;
        var epilogue = new QuantizedEpilogue(levels, random.Next(2) == 0 ? 0 : levels.Low, added, pool);
        float[] residual = Values(images * height * width * shape.OutputChannels, () => other.Low + random.Next(256));

        // Node by node, in the definition's order.
        var expected = new float[residual.Length];
        int next = 0;
        for (int n = 0; n < images; n++)
        {
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    for (int o = 0; o < shape.OutputChannels; o++)
                    {
                        long total = bias[o];
                        int group = o / (shape.OutputChannels / shape.Groups);
                        for (int c = 0; c < shape.GroupChannels; c++)
                        {
                            for (int ky = 0; ky < shape.KernelHeight; ky++)
                            {
                                for (int kx = 0; kx < shape.KernelWidth; kx++)
                                {
                                    int iy = y * shape.StrideY - shape.PadTop + ky, ix = x * shape.StrideX - shape.PadLeft + kx;
                                    if (iy < 0 || iy >= shape.Input.Height || ix < 0 || ix >= shape.Input.Width) continue;
                                    total += (long)input[((n * shape.Input.Height + iy) * shape.Input.Width + ix) * channels + group * shape.GroupChannels + c]
                                        * weights[o * each + (c * shape.KernelHeight + ky) * shape.KernelWidth + kx];
                                }
                            }
                        }
                        float own = MathF.Round(Math.Clamp(total * scales[o], epilogue.Floor, levels.High));
                        if (added is { } s)
                        {
                            (float a, float b) = ownIsLeft ? (own, residual[next]) : (residual[next], own);
                            double value = s.Left.Scale / s.Result.Scale * (double)a + s.Right.Scale / s.Result.Scale * (double)b;
                            own = (float)Math.Clamp(Math.Round(value + result.ZeroPoint) - result.ZeroPoint, s.Floor, s.Result.High);
                        }
                        expected[next++] = own;
                    }
                }
            }
        }
        if (pool) expected = Pool(expected, images, height, width, shape.OutputChannels);

        var output = new ImageShape(pool ? height / 2 : height, pool ? width / 2 : width, shape.OutputChannels, random.Next(2));
        using AlignedBuffer<float> from = Images.Place(input, shape.Input, 0, images, 1e6f);
        using AlignedBuffer<float> beside = Images.Place(residual, new ImageShape(height, width, shape.OutputChannels, output.Border), 0, images, 3);
        var algorithms = new HashSet<string>();
        foreach (SimdLevel level in KernelCases.Levels)
        {
            using QuantizedConvolution convolution = QuantizedConvolution.Create(shape, epilogue, output, weights, bias, scales, winograd, level);
            using AlignedBuffer<float> to = new((long)images * output.ImageStride), scratch = new(convolution.ScratchLength(images));
            scratch.Span.Fill(float.NaN);
            convolution.Run(from.Pointer, to.Pointer, sum ? beside.Pointer : null, images, scratch.Pointer);
            float[] actual = Images.Read(to, output, images);
            Assert.Equal(expected.Length, actual.Length);
            for (int i = 0; i < actual.Length; i++)
                Assert.True(expected[i] == actual[i], $"{level} {convolution.Algorithm} {shape} {epilogue}: [{i}] is {actual[i]}, expected {expected[i]}");
            algorithms.Add(convolution.Algorithm);
        }
        return algorithms;
    }

    private static float[] Values(int count, Func<float> value) => [.. Enumerable.Range(0, count).Select(_ => value())];

    private static float[] Pool(float[] x, int images, int height, int width, int channels)
    {
        var y = new float[images * (height / 2) * (width / 2) * channels];
        for (int i = 0; i < y.Length; i++) y[i] = Math.Max(Math.Max(At(i, 0, 0), At(i, 0, 1)), Math.Max(At(i, 1, 0), At(i, 1, 1)));
        return y;

        float At(int index, int dy, int dx)
        {
            (int pixel, int c) = Math.DivRem(index, channels);
            (int row, int j) = Math.DivRem(pixel, width / 2);
            (int n, int i) = Math.DivRem(row, height / 2);
            return x[((n * height + 2 * i + dy) * width + 2 * j + dx) * channels + c];
        }
    }
}
