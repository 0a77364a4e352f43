using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>A convolution with its weights packed for one algorithm: y = pool(activation(conv(x) + bias + residual)), on activations in the
/// layout of <see cref="ImageShape"/>. Any number of threads may call <see cref="Run"/> at the same time, each with scratch of its own.</summary>
internal abstract unsafe class Convolution : IImageKernel
{
    /// <summary>Shape, input included.</summary>
    public readonly ConvolutionShape Shape;

    protected readonly Epilogue Epilogue;

    /// <summary>Layout of the result, after pooling.</summary>
    protected readonly ImageShape Output;

    /// <summary>Layout of the residual, which is added before pooling.</summary>
    protected readonly ImageShape Residual;

    protected Convolution(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output)
    {
        (Shape, Epilogue, Output) = (shape, epilogue, output);
        Residual = new(shape.OutputHeight, shape.OutputWidth, shape.OutputChannels, epilogue.ResidualBorder ?? output.Border);
        (int height, int width) = epilogue.Pooling switch
        {
            FusedPooling.Max2x2 => (shape.OutputHeight / 2, shape.OutputWidth / 2),
            FusedPooling.GlobalAverage => (1, 1),
            _ => (shape.OutputHeight, shape.OutputWidth),
        };
        if (output.Height != height || output.Width != width || output.Channels != shape.OutputChannels)
            throw new ArgumentException($"The result of {shape} is {height}×{width}×{shape.OutputChannels}, not {output}.", nameof(output));
        if (shape.OutputHeight < 1 || shape.OutputWidth < 1)
            throw new ArgumentException($"{shape} has no output.", nameof(shape));
        if (shape.Input.Border < Math.Max(Math.Max(shape.PadTop, shape.PadBottom), Math.Max(shape.PadLeft, shape.PadRight)))
            throw new ArgumentException($"{shape} pads more than the border of its input.", nameof(shape));
        if (shape.Groups < 1 || shape.Input.Channels % shape.Groups != 0 || shape.OutputChannels % shape.Groups != 0)
            throw new ArgumentException($"{shape} has channels that don't divide into its groups.", nameof(shape));
    }

    /// <summary>Whether an algorithm can compute a convolution.</summary>
    public static bool Supports(in ConvolutionShape shape, ConvolutionAlgorithm algorithm)
    {
        if (algorithm == ConvolutionAlgorithm.Direct) return true;
        return new WindowParts(shape).Fit && shape is { StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1, Groups: 1, Input.Channels: > 1, OutputChannels: > 1 }
            && Math.Min(shape.OutputHeight, shape.OutputWidth) >= WinogradTiling.Kinds(algorithm)[^1];
    }

    /// <summary>The algorithm that is expected to be fastest, from a fixed rule.</summary>
    /// <param name="shape">The convolution.</param>
    /// <param name="winograd">Whether Winograd's algorithm is allowed.</param>
    /// <param name="images">Images in a run.</param>
    public static ConvolutionAlgorithm Default(in ConvolutionShape shape, bool winograd, int images) => Candidates(shape, winograd, images, 1)[0];

    /// <summary>The algorithms that may be fastest, the most likely first.</summary>
    /// <param name="shape">The convolution.</param>
    /// <param name="winograd">Whether Winograd's algorithm is allowed.</param>
    /// <param name="images">Images in a run.</param>
    /// <param name="margin">Estimated time that is taken seriously, as a multiple of the least; 1 takes only the best.</param>
    public static IReadOnlyList<ConvolutionAlgorithm> Candidates(in ConvolutionShape shape, bool winograd, int images, double margin)
    {
        var costs = new List<(ConvolutionAlgorithm Algorithm, double Cost)>();
        foreach (ConvolutionAlgorithm algorithm in Enum.GetValues<ConvolutionAlgorithm>())
        {
            if (algorithm == ConvolutionAlgorithm.Direct || (winograd && Supports(shape, algorithm))) costs.Add((algorithm, Cost(shape, algorithm, images)));
        }
        double least = costs.Min(c => c.Cost);
        return [.. costs.Where(c => c.Cost <= margin * least).OrderBy(c => c.Cost).Select(c => c.Algorithm)];
    }

    /// <summary>Packs weights.</summary>
    /// <param name="shape">The convolution. Its input's border is at least as wide as the padding.</param>
    /// <param name="epilogue">What follows it.</param>
    /// <param name="output">Layout of the result, after pooling.</param>
    /// <param name="algorithm">One that <see cref="Supports"/> the shape.</param>
    /// <param name="weightsOIHW">[OutputChannels, InputChannels / Groups, KernelHeight, KernelWidth].</param>
    /// <param name="bias">[OutputChannels], or empty for zeros.</param>
    public static Convolution Create(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output, ConvolutionAlgorithm algorithm,
        ReadOnlySpan<float> weightsOIHW, ReadOnlySpan<float> bias) => Create(shape, epilogue, output, algorithm, weightsOIHW, bias, InstructionSet.Current);

    internal static Convolution Create(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output, ConvolutionAlgorithm algorithm,
        ReadOnlySpan<float> weightsOIHW, ReadOnlySpan<float> bias, SimdLevel level)
    {
        if (!Supports(shape, algorithm)) throw new ArgumentException($"{algorithm} can't compute {shape}.", nameof(algorithm));
        Factory factory = new() { Shape = shape, Epilogue = epilogue, Output = output, Algorithm = algorithm };
        InstructionSet.Dispatch(level, ref factory);
        factory.Result!.SetWeights(weightsOIHW, bias);
        return factory.Result;
    }

    /// <summary>Packs other weights in place; nothing may run meanwhile.</summary>
    public void SetWeights(ReadOnlySpan<float> weightsOIHW, ReadOnlySpan<float> bias)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weightsOIHW.Length, Shape.WeightLength);
        if (bias.Length != 0) ArgumentOutOfRangeException.ThrowIfNotEqual(bias.Length, Shape.OutputChannels);
        fixed (float* weights = weightsOIHW) PackWeights(weights);
        PackBias(bias);
    }

    /// <summary>Packs the weights of the convolution whose gradient by data this one gives: turned by 180°, with inputs and outputs exchanged.
    /// There is no bias.</summary>
    /// <param name="weightsOIHW">Weights of that convolution.</param>
    /// <param name="scratch">As many floats as there are weights.</param>
    public void SetTurnedWeights(ReadOnlySpan<float> weightsOIHW, Span<float> scratch)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weightsOIHW.Length, Shape.WeightLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(scratch.Length, Shape.WeightLength);
        fixed (float* weights = weightsOIHW, turned = scratch) PackTurnedWeights(weights, turned);
        PackBias([]);
    }

    public abstract long ScratchLength(int images);

    public abstract void Run(float* input, float* output, float* residual, int images, float* scratch);

    /// <summary>This convolution together with others, of which each reads the result of the one before, itself unpooled.</summary>
    /// <returns>Null where nothing is gained by that, or it can't be done.</returns>
    public virtual ConvolutionChain? Join(IReadOnlyList<Convolution> following) => null;

    public abstract void Dispose();

    protected abstract void PackWeights(float* weightsOIHW);

    /// <summary>[inputs, outputs, ky, kx] → [outputs, inputs, −ky, −kx] in each group.</summary>
    protected virtual void PackTurnedWeights(float* weightsOIHW, float* scratch)
    {
        int kernel = Shape.KernelHeight * Shape.KernelWidth, inputs = Shape.GroupChannels, outputs = Shape.OutputChannels / Shape.Groups;
        for (int i = 0; i < Shape.Input.Channels; i++)
        {
            for (int o = 0; o < outputs; o++, weightsOIHW += kernel)
            {
                float* to = scratch + ((long)(i / inputs * outputs + o) * inputs + i % inputs) * kernel;
                for (int k = 0; k < kernel; k++) to[kernel - 1 - k] = weightsOIHW[k];
            }
        }
        PackWeights(scratch);
    }

    protected abstract void PackBias(ReadOnlySpan<float> bias);

    // Rows of a full register tile with AVX-512; the table is the same for all instructions.
    private const int TypicalRegisterRows = 14;

    // Time in multiply-adds: products, or reading the weights at about a float in the time of six multiply-adds, whichever takes longer
    // (measured: 89 GB/s beside 260 GFLOP/s), and transforms of about half of m + 2 multiply-adds a value and dimension. Each chunk of tiles reads the weights.
    private static double Cost(in ConvolutionShape shape, ConvolutionAlgorithm algorithm, int images)
    {
        bool direct = algorithm == ConvolutionAlgorithm.Direct;
        double stride = shape.Input.PixelStride, outputs = ImageShape.Padded(shape.OutputChannels);
        // Larger windows are like as many more channels.
        double windows = direct ? shape.KernelHeight * shape.KernelWidth / 9.0 : new WindowParts(shape).Count;
        double depth = direct ? windows * shape.Input.Channels : (windows - 1) * stride + shape.Input.Channels;
        WinogradTiling tiling = WinogradTiling.Of(algorithm, shape.OutputHeight, shape.OutputWidth);
        double tiles = (double)images * tiling.Tiles, chunk = direct ? tiles : tiling.RowsPerChunk((int)Math.Max(windows * stride, outputs), TypicalRegisterRows) * tiling.Columns.Count;
        double readings = Math.Ceiling(tiles / chunk);
        double products = tiling.Products * depth * outputs;
        double transforms = direct ? 0 : 0.5 * tiling.Products * (tiling.Rows.LongestPoints + tiling.Columns.LongestPoints) * (windows * stride + outputs);
        return Math.Max(products, 6.0 * tiling.Points * depth * outputs * readings / images) + transforms;
    }

    private struct Factory : ISimdOperation
    {
        public ConvolutionShape Shape;
        public Epilogue Epilogue;
        public ImageShape Output;
        public ConvolutionAlgorithm Algorithm;
        public Convolution? Result;

        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            Result = Algorithm switch
            {
                ConvolutionAlgorithm.Winograd2 => new WinogradConvolution<TSimd, Winograd2>(Shape, Epilogue, Output),
                ConvolutionAlgorithm.Winograd4 => new WinogradConvolution<TSimd, Winograd4>(Shape, Epilogue, Output),
                ConvolutionAlgorithm.Winograd7 => new WinogradConvolution<TSimd, Winograd7>(Shape, Epilogue, Output),
                _ when Shape.Groups > 1 && Shape.Groups == Shape.Input.Channels && Shape.Groups == Shape.OutputChannels =>
                    new DepthwiseConvolution<TSimd>(Shape, Epilogue, Output),
                _ when SingleChannelConvolution<TSimd>.Suits(Shape, Epilogue) => new SingleChannelConvolution<TSimd>(Shape, Epilogue, Output),
                _ => new DirectConvolution<TSimd>(Shape, Epilogue, Output),
            };
        }
    }
}
