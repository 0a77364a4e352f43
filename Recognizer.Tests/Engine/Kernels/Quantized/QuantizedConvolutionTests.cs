using System.Runtime.Intrinsics.X86;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Quantized;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels.Quantized;

public sealed unsafe class QuantizedConvolutionTests
{
    [Fact]
    public void EveryAlgorithmGivesTheLevelsOfExactSums()
    {
        var random = new Random(1);
        var seen = new HashSet<QuantizedAlgorithm>();
        for (int repeat = 0; repeat < 40; repeat++)
        {
            bool winograd = repeat % 2 == 0, grouped = repeat % 5 == 1;
            int groups = grouped ? random.Next(2, 20) : 1, channels = grouped ? groups : random.Next(3) == 0 ? 1 : random.Next(1, 4) * (random.Next(2) == 0 ? 16 : 11);
            int outputs = grouped ? groups : random.Next(1, 4) * (random.Next(2) == 0 ? 16 : 13), height = winograd ? random.Next(3, 7) : random.Next(1, 6),
                width = winograd ? random.Next(3, 7) : random.Next(1, 6), pad = random.Next(Math.Min(height, width));
            var shape = new ConvolutionShape(new ImageShape(random.Next(6, 15), random.Next(6, 15), channels, pad + random.Next(2)), outputs, height, width,
                winograd ? 1 : random.Next(1, 3), winograd ? 1 : random.Next(1, 3), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1), 1, 1, groups);
            if (shape.OutputHeight < 2 || shape.OutputWidth < 2) continue;
            seen.UnionWith(Check(shape, random, sum: repeat % 3 == 0, pool: repeat % 4 < 2));
        }
        QuantizedAlgorithm[] expected = [.. Enum.GetValues<QuantizedAlgorithm>().Where(algorithm => algorithm != QuantizedAlgorithm.Quads || AvxVnni.IsSupported)];
        Assert.Equal(expected, seen.Order());
    }

    [Fact]
    public void CandidatesAreExactAndAllowed()
    {
        ConvolutionShape shape = new(new ImageShape(14, 14, 64, 1), 64, 3, 3, 1, 1, 1, 1, 1, 1);
        var weights = new sbyte[shape.WeightLength];
        Assert.Contains(QuantizedAlgorithm.Winograd, All(shape, weights, true, SimdLevel.Avx512));
        Assert.DoesNotContain(QuantizedAlgorithm.Winograd, All(shape, weights, false, SimdLevel.Avx512));
        Assert.DoesNotContain(QuantizedAlgorithm.Quads, All(shape, weights, true, SimdLevel.Vector128));
        Assert.Equal(AvxVnni.IsSupported, All(shape, weights, true, SimdLevel.Avx2).Contains(QuantizedAlgorithm.Quads));
        // 576 · 255 · 127 is more than floats add exactly, and less than Winograd's algorithm recovers.
        Array.Fill(weights, (sbyte)127);
        Assert.DoesNotContain(QuantizedAlgorithm.Floats, All(shape, weights, true, SimdLevel.Avx512));
        Assert.Contains(QuantizedAlgorithm.Winograd, All(shape, weights, true, SimdLevel.Avx512));
        int[] bias = new int[64];
        bias[5] = -20_000_000;
        Assert.DoesNotContain(QuantizedAlgorithm.Winograd, QuantizedConvolution.Candidates(shape, weights, bias, true, SimdLevel.Avx512, double.PositiveInfinity));
        shape = shape with { Input = shape.Input with { Channels = 128 } };
        weights = [.. weights, .. weights];
        Assert.DoesNotContain(QuantizedAlgorithm.Winograd, All(shape, weights, true, SimdLevel.Avx512));
        Assert.Throws<ArgumentException>(() => QuantizedConvolution.Create(shape, new QuantizedEpilogue(new LevelRange(1, 0, 0), 0), new ImageShape(14, 14, 64, 0), 0, weights, [], new float[64],
            QuantizedAlgorithm.Winograd, SimdLevel.Scalar));
        // The table's first: many channels by Winograd's algorithm, few directly.
        Assert.Equal(QuantizedAlgorithm.Winograd, QuantizedConvolution.Candidates(shape, new sbyte[weights.Length], [], true, SimdLevel.Avx512, 1).Single());
        if (AvxVnni.IsSupported)
        {
            ConvolutionShape few = shape with { Input = shape.Input with { Channels = 4 } };
            Assert.Equal(QuantizedAlgorithm.Quads, QuantizedConvolution.Candidates(few, new sbyte[few.WeightLength], [], true, SimdLevel.Avx512, 1).Single());
        }
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
        Assert.Throws<ArgumentException>(() => QuantizedConvolution.Create(shape, new QuantizedEpilogue(new LevelRange(1, 0, 0), 0), new ImageShape(4, 4, 2, 0), 0, weights, [], [1, 1],
            QuantizedAlgorithm.Floats, SimdLevel.Scalar));
        // Results of one channel aren't padded, so no kernel can write whole vectors of them.
        var single = new ConvolutionShape(new ImageShape(4, 4, 16, 1), 1, 3, 3, 1, 1, 1, 1, 1, 1);
        Assert.False(QuantizedConvolution.Supports(single, new sbyte[single.WeightLength], []));
        foreach (QuantizedAlgorithm algorithm in Enum.GetValues<QuantizedAlgorithm>())
        {
            Assert.Throws<ArgumentException>(() => QuantizedConvolution.Create(single, new QuantizedEpilogue(new LevelRange(1, 0, 0), 0), new ImageShape(4, 4, 1, 0), 0, new sbyte[single.WeightLength], [], [1],
                algorithm, SimdLevel.Scalar));
        }
    }

    private static IReadOnlyList<QuantizedAlgorithm> All(ConvolutionShape shape, sbyte[] weights, bool winograd, SimdLevel level) =>
        QuantizedConvolution.Candidates(shape, weights, [], winograd, level, double.PositiveInfinity);

    private static HashSet<QuantizedAlgorithm> Check(ConvolutionShape shape, Random random, bool sum, bool pool)
    {
        const int images = 2;
        int low = -random.Next(256), each = shape.WeightLength / shape.OutputChannels, height = shape.OutputHeight, width = shape.OutputWidth, channels = shape.Input.Channels;
        float[] input = Values(images * shape.Input.Height * shape.Input.Width * channels, () => low + random.Next(256));
        var weights = new sbyte[shape.WeightLength];
        for (int i = 0; i < weights.Length; i++) weights[i] = (sbyte)random.Next(-128, 128);
        int[] bias = [.. Enumerable.Range(0, shape.OutputChannels).Select(_ => random.Next(-100_000, 100_000))];
        float[] scales = Values(shape.OutputChannels, () => (0.5f + random.NextSingle()) / (1500 * MathF.Sqrt(each)));
        var levels = new LevelRange(0.02f, -random.Next(256), 0);
        levels = levels with { ZeroPoint = -levels.Low };
        LevelRange other = new(0.03f, -7, 7), result = new(0.041f, -100, 100);
        bool ownIsLeft = random.Next(2) == 0;
        LevelSum? added = sum ? new LevelSum(ownIsLeft ? levels : other, ownIsLeft ? other : levels, result, ownIsLeft, random.Next(2) == 0 ? 0 : result.Low) : null;
        var epilogue = new QuantizedEpilogue(levels, random.Next(2) == 0 ? 0 : levels.Low, added, pool, random.Next(2) == 0 ? null : random.Next(3));
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
        using AlignedBuffer<float> beside = Images.Place(residual, new ImageShape(height, width, shape.OutputChannels, epilogue.ResidualBorder ?? output.Border), 0, images, 3);
        var algorithms = new HashSet<QuantizedAlgorithm>();
        foreach ((SimdLevel level, QuantizedAlgorithm algorithm) in KernelCases.Levels.SelectMany(level => QuantizedConvolution.Candidates(shape, weights, bias, true, level, double.PositiveInfinity).Select(algorithm => (level, algorithm))))
        {
            using QuantizedConvolution convolution = QuantizedConvolution.Create(shape, epilogue, output, low, weights, bias, scales, algorithm, level);
            using AlignedBuffer<float> to = new((long)images * output.ImageStride), scratch = new(convolution.ScratchLength(images) + 16);
            scratch.Span.Fill(float.NaN);
            convolution.Run(from.Pointer, to.Pointer, sum ? beside.Pointer : null, images, scratch.Pointer);
            float[] actual = Images.Read(to, output, images);
            Assert.Equal(expected.Length, actual.Length);
            Assert.All(scratch.Span[^16..].ToArray(), value => Assert.True(float.IsNaN(value), $"{algorithm} wrote past its scratch"));
            for (int i = 0; i < actual.Length; i++)
                Assert.True(expected[i] == actual[i], $"{level} {convolution.Algorithm} {shape} {epilogue}: [{i}] is {actual[i]}, expected {expected[i]}");
            algorithms.Add(algorithm);
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
