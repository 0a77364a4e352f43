using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels.Winograd;

public unsafe class ConvolutionChainTests
{
    public static TheoryData<string> Levels => new(KernelCases.Levels.Select(level => level.ToString()));

    [Theory]
    [MemberData(nameof(Levels))]
    public void A_chain_gives_the_bits_of_its_convolutions(string level)
    {
        ActivationKind[] activations = [ActivationKind.Relu, ActivationKind.None, ActivationKind.Sigmoid, ActivationKind.Clip];
        Random random = new(3);
        for (int repeat = 0; repeat < 36; repeat++)
        {
            ConvolutionAlgorithm algorithm = (ConvolutionAlgorithm)(1 + repeat % 3);
            int least = algorithm == ConvolutionAlgorithm.Winograd7 ? 3 : 4, height = random.Next(least, 17), width = random.Next(least, 17), images = random.Next(1, 20), length = random.Next(2, 5);
            int[] channels = [.. Enumerable.Range(0, length + 1).Select(_ => random.Next(2, 70))];
            // A link that adds what an earlier one gave has as many channels; that one is written, and others now and then.
            int from = random.Next(length - 1), to = random.Next(from + 1, length);
            bool adds = random.Next(2) == 0;
            if (adds) channels[to + 1] = channels[from + 1];
            var links = new Convolution[length];
            var buffers = new AlignedBuffer<float>[length + 1];
            var layouts = new ImageShape[length + 1];
            // The first link may have a larger window.
            int kernel = repeat % 4 == 0 ? 5 : 3, pad = kernel / 2;
            layouts[0] = new ImageShape(height, width, channels[0], pad);
            buffers[0] = Images.Place(KernelCases.Values(KernelCases.Inputs[repeat % 2], (long)images * height * width * channels[0], repeat), layouts[0], 0, images, 7);
            for (int i = 0; i < length; i++)
            {
                ConvolutionShape shape = i == 0 ? new(layouts[0], channels[1], kernel, kernel, 1, 1, pad, pad, pad, pad) : new(layouts[i], channels[i + 1], 3, 3, 1, 1, 1, 1, 1, 1);
                FusedPooling pooling = i < length - 1 ? FusedPooling.None : (FusedPooling)random.Next(3);
                layouts[i + 1] = pooling switch
                {
                    FusedPooling.Max2x2 => new ImageShape(height / 2, width / 2, channels[i + 1], 1),
                    FusedPooling.GlobalAverage => new ImageShape(1, 1, channels[i + 1], 0),
                    _ => new ImageShape(height, width, channels[i + 1], 1),
                };
                bool residual = adds && i == to;
                ActivationKind kind = residual ? ActivationKind.Relu : activations[random.Next(activations.Length)];
                var epilogue = new Epilogue(new Activation(kind, -0.5f, 0.5f), pooling, residual, residual ? 1 : null);
                links[i] = Convolution.Create(shape, epilogue, layouts[i + 1], algorithm, KernelCases.Values("random", shape.WeightLength, repeat + i),
                    KernelCases.Values("random", channels[i + 1], repeat + 2 * i), Enum.Parse<SimdLevel>(level));
                buffers[i + 1] = new AlignedBuffer<float>((long)images * layouts[i + 1].ImageStride);
            }
            var apart = new float[length][];
            using (var scratch = new AlignedBuffer<float>(links.Max(link => link.ScratchLength(images))))
            {
                scratch.Span.Fill(float.NaN);
                for (int i = 0; i < length; i++)
                {
                    links[i].Run(buffers[i].Pointer, buffers[i + 1].Pointer, adds && i == to ? buffers[from + 1].Pointer : null, images, scratch.Pointer);
                    apart[i] = Images.Read(buffers[i + 1], layouts[i + 1], images);
                }
            }
            ConvolutionChain? chain = links[0].Join(links[1..]);
            Assert.NotNull(chain);
            bool[] written = [.. Enumerable.Range(0, length).Select(i => i == length - 1 || (adds && i == from) || random.Next(3) == 0)];
            nint[] outputs = [.. written.Select((w, i) => w ? (nint)buffers[i + 1].Pointer : 0)], residuals = new nint[length];
            if (adds) residuals[to] = (nint)buffers[from + 1].Pointer;
            foreach (AlignedBuffer<float> buffer in buffers[1..]) buffer.Span.Clear();
            using (var scratch = new AlignedBuffer<float>(chain.ScratchLength(images)))
            {
                scratch.Span.Fill(float.NaN);
                chain.Run(buffers[0].Pointer, outputs, residuals, images, scratch.Pointer);
            }
            for (int i = 0; i < length; i++)
            {
                if (written[i]) Assert.Equal(apart[i], Images.Read(buffers[i + 1], layouts[i + 1], images));
                else Assert.Equal(-1, buffers[i + 1].Span.IndexOfAnyExcept(0f));
            }
            foreach (Convolution link in links) link.Dispose();
            foreach (AlignedBuffer<float> buffer in buffers) buffer.Dispose();
        }
    }

    [Fact]
    public void What_does_not_fit_together_is_no_chain()
    {
        using Convolution plain = Of(14, 32, 32), other = Of(14, 32, 32, ConvolutionAlgorithm.Winograd4), direct = Of(14, 32, 32, ConvolutionAlgorithm.Direct), wider = Of(14, 48, 32),
            smaller = Of(7, 32, 32), pooled = Of(14, 32, 32, pooling: FusedPooling.Max2x2), unpadded = Of(16, 32, 32, pad: 0), large = Of(280, 64, 64), window = Of(14, 32, 32, kernel: 4, pad: 2);
        Assert.NotNull(plain.Join([plain]));
        Assert.NotNull(plain.Join([pooled]));
        Assert.NotNull(window.Join([plain]));
        foreach (Convolution next in new[] { other, direct, wider, smaller, unpadded, window }) Assert.Null(plain.Join([next]));
        Assert.Null(pooled.Join([plain]));
        Assert.Null(direct.Join([direct]));
        Assert.Null(large.Join([large]));

        static Convolution Of(int size, int channels, int outputs, ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.Winograd7, FusedPooling pooling = FusedPooling.None, int pad = 1, int kernel = 3)
        {
            ConvolutionShape shape = new(new ImageShape(size, size, channels, 2), outputs, kernel, kernel, 1, 1, kernel == 4 ? 1 : pad, kernel == 4 ? 1 : pad, pad, pad);
            int side = pooling == FusedPooling.Max2x2 ? shape.OutputHeight / 2 : shape.OutputHeight;
            return Convolution.Create(shape, new Epilogue(new Activation(ActivationKind.Relu), pooling), new ImageShape(side, side, outputs, 1), algorithm, new float[shape.WeightLength], []);
        }
    }
}
