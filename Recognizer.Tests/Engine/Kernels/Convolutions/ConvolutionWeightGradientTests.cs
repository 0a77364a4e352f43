using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels.Convolutions;

public unsafe class ConvolutionWeightGradientTests
{
    public static TheoryData<string> Levels => new(KernelCases.Levels.Select(level => level.ToString()));

    [Theory]
    [MemberData(nameof(Levels))]
    public void DirectGradient_IsCloseToDoublePrecision(string level)
    {
        Random random = new(1);
        for (int repeat = 0; repeat < 50; repeat++)
        {
            bool depthwise = repeat % 6 == 0;
            int groups = depthwise ? random.Next(2, 40) : repeat % 6 == 1 ? random.Next(2, 5) : 1;
            int channels = depthwise ? groups : groups * (repeat % 6 == 2 ? 1 : random.Next(1, 20)), outputs = depthwise ? groups : groups * random.Next(1, 40);
            ConvolutionShape shape;
            do
            {
                int pad = random.Next(3);
                shape = new(new ImageShape(random.Next(1, 15), random.Next(1, 15), channels, pad + random.Next(2)), outputs, random.Next(1, 6), random.Next(1, 6),
                    random.Next(1, 3), random.Next(1, 3), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1),
                    random.Next(1, 3), random.Next(1, 3), groups);
            }
            while (shape.Input.Height + shape.PadTop + shape.PadBottom <= shape.DilationY * (shape.KernelHeight - 1)
                || shape.Input.Width + shape.PadLeft + shape.PadRight <= shape.DilationX * (shape.KernelWidth - 1));
            Check(shape, ConvolutionAlgorithm.Direct, level, repeat);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void WinogradGradient_IsCloseToDoublePrecision(string level)
    {
        Random random = new(2);
        for (int repeat = 0; repeat < 60; repeat++)
        {
            ConvolutionAlgorithm algorithm = (ConvolutionAlgorithm)(1 + repeat % 3);
            ConvolutionShape shape;
            do
            {
                int pad = random.Next(3), height = repeat % 4 > 0 ? 3 : random.Next(3, 7), width = repeat % 4 > 0 ? 3 : random.Next(3, 7);
                shape = new(new ImageShape(random.Next(1, 30), random.Next(1, 30), random.Next(2, 40), pad + random.Next(2)),
                    random.Next(2, repeat % 7 == 0 ? 71 : 35), height, width, 1, 1, random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1), random.Next(pad + 1));
            }
            while (!Convolution.Supports(shape, algorithm));
            Check(shape, algorithm, level, repeat);
        }
    }

    private static void Check(ConvolutionShape shape, ConvolutionAlgorithm algorithm, string level, int repeat)
    {
        const int ImageCount = 3;
        string kind = KernelCases.Inputs[repeat / 3 % 3];
        ImageShape output = new(shape.OutputHeight, shape.OutputWidth, shape.OutputChannels, repeat % 3);
        float[] x = KernelCases.Values(kind, (long)ImageCount * shape.Input.Height * shape.Input.Width * shape.Input.Channels, repeat);
        float[] dy = KernelCases.Values(repeat % 2 == 0 ? "random" : "sparse", (long)ImageCount * output.Height * output.Width * output.Channels, repeat + 1);
        using AlignedBuffer<float> input = Images.Place(x, shape.Input, 0, ImageCount, 7), gradient = Images.Place(dy, output, 0, ImageCount, -3);
        ConvolutionWeightGradient kernel = ConvolutionWeightGradient.Create(shape, output, algorithm, Enum.Parse<SimdLevel>(level));
        using AlignedBuffer<float> accumulators = new(2L * kernel.AccumulatorLength), scratch = new(kernel.ScratchLength(2) + 16), result = new(shape.WeightLength);
        scratch.Span.Fill(float.NaN);
        kernel.Add(input.Pointer, gradient.Pointer, 2, accumulators.Pointer, scratch.Pointer);
        kernel.Add(input.Pointer + 2 * shape.Input.ImageStride, gradient.Pointer + 2 * output.ImageStride, 1, accumulators.Pointer + kernel.AccumulatorLength, scratch.Pointer);
        Assert.All(scratch.Span[^16..].ToArray(), value => Assert.True(float.IsNaN(value), "wrote past its scratch"));
        kernel.Finish(accumulators.Pointer, kernel.AccumulatorLength, 2, result.Pointer);
        double[] expected = Reference(shape, x, dy, ImageCount, out double largest);
        // Relative to the largest sum of sizes: rounding for direct sums; for Winograd the growth that its transforms cause.
        double bound = algorithm switch { ConvolutionAlgorithm.Winograd7 => 2e-5, ConvolutionAlgorithm.Winograd4 => 4e-6, _ => 1.5e-6 } * largest;
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - result.Pointer[i]) <= bound, $"off by {Math.Abs(expected[i] - result.Pointer[i]) / largest:E2}: {algorithm} {kind} [{i}] {result.Pointer[i]} instead of {expected[i]}, {shape}");
    }

    private static double[] Reference(ConvolutionShape shape, float[] x, float[] dy, int images, out double largest)
    {
        double[] sums = new double[shape.WeightLength];
        largest = 0;
        int groupOutputs = shape.OutputChannels / shape.Groups;
        for (int i = 0; i < sums.Length; i++)
        {
            int kx = i % shape.KernelWidth, ky = i / shape.KernelWidth % shape.KernelHeight, c = i / shape.KernelWidth / shape.KernelHeight % shape.GroupChannels;
            int o = i / shape.KernelWidth / shape.KernelHeight / shape.GroupChannels;
            double sum = 0, size = 0;
            for (int n = 0; n < images; n++)
            {
                for (int y = 0; y < shape.OutputHeight; y++)
                {
                    int iy = y * shape.StrideY - shape.PadTop + ky * shape.DilationY;
                    if (iy < 0 || iy >= shape.Input.Height) continue;
                    for (int xo = 0; xo < shape.OutputWidth; xo++)
                    {
                        int ix = xo * shape.StrideX - shape.PadLeft + kx * shape.DilationX;
                        if (ix < 0 || ix >= shape.Input.Width) continue;
                        double product = (double)x[((n * shape.Input.Height + iy) * shape.Input.Width + ix) * shape.Input.Channels + o / groupOutputs * shape.GroupChannels + c]
                            * dy[((n * shape.OutputHeight + y) * shape.OutputWidth + xo) * shape.OutputChannels + o];
                        sum += product;
                        size += Math.Abs(product);
                    }
                }
            }
            sums[i] = sum;
            largest = Math.Max(largest, size);
        }
        return sums;
    }
}
