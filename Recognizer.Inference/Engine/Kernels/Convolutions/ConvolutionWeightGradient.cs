using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>Gradient of a loss by the weights of a convolution: dW[o, c, ky, kx] = Σ over images and output pixels of dY[pixel, o] · X[window(pixel, ky,
/// kx), c]. Sums go to accumulators of the caller's, so that their order doesn't depend on threads. Any number of threads may call
/// <see cref="Add"/> at the same time, each with scratch of its own.</summary>
internal abstract unsafe class ConvolutionWeightGradient
{
    protected readonly ConvolutionShape Shape;

    /// <summary>Layout of the gradient of the result.</summary>
    protected readonly ImageShape Output;

    protected ConvolutionWeightGradient(in ConvolutionShape shape, ImageShape output) => (Shape, Output) = (shape, output);

    /// <summary>Floats of an accumulator [channels of a group, kernel height, kernel width, outputs].</summary>
    public int AccumulatorLength => Rows * AccumulatorStride;

    /// <summary>Rows of an accumulator, one for each weight of an output.</summary>
    protected int Rows => Shape.GroupChannels * Shape.KernelHeight * Shape.KernelWidth;

    /// <summary>Floats between rows of an accumulator: every output, padded.</summary>
    protected int AccumulatorStride => Output.PixelStride;

    /// <summary>Chooses kernels.</summary>
    /// <param name="shape">The convolution. Its input's border is at least as wide as the padding.</param>
    /// <param name="output">Layout of the gradient of the result.</param>
    /// <param name="algorithm">One that <see cref="Convolution.Supports"/> the shape.</param>
    public static ConvolutionWeightGradient Create(in ConvolutionShape shape, ImageShape output, ConvolutionAlgorithm algorithm) =>
        Create(shape, output, algorithm, InstructionSet.Current);

    internal static ConvolutionWeightGradient Create(in ConvolutionShape shape, ImageShape output, ConvolutionAlgorithm algorithm, SimdLevel level)
    {
        if (!Convolution.Supports(shape, algorithm)) throw new ArgumentException($"{algorithm} can't compute {shape}.", nameof(algorithm));
        Factory factory = new() { Shape = shape, Output = output, Algorithm = algorithm };
        InstructionSet.Dispatch(level, ref factory);
        return factory.Result!;
    }

    /// <summary>The algorithm that is expected to be fastest, from a fixed rule.</summary>
    public static ConvolutionAlgorithm Default(in ConvolutionShape shape, bool winograd)
    {
        // Products save more than what transforming sums back costs, unless the image is cut off badly.
        if (!winograd || !Convolution.Supports(shape, ConvolutionAlgorithm.Winograd2)) return ConvolutionAlgorithm.Direct;
        ConvolutionAlgorithm best = ConvolutionAlgorithm.Direct;
        double least = (double)shape.KernelHeight * shape.KernelWidth * shape.OutputHeight * shape.OutputWidth;
        for (ConvolutionAlgorithm a = ConvolutionAlgorithm.Winograd2; a <= ConvolutionAlgorithm.Winograd7; a++)
        {
            if (!Convolution.Supports(shape, a)) continue;
            double products = 1.3 * new WindowParts(shape).Count * WinogradTiling.Of(a, shape.OutputHeight, shape.OutputWidth).Products;
            if (products < least) (best, least) = (a, products);
        }
        return best;
    }

    /// <summary>Floats of scratch that <see cref="Add"/> needs for some images.</summary>
    public abstract long ScratchLength(int images);

    /// <summary>Adds the gradient of some images to an accumulator.</summary>
    /// <param name="input">Start of the first image, border included; the border is zero.</param>
    /// <param name="outputGradient">Start of the gradient of the first result, border included.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="accumulator"><see cref="AccumulatorLength"/> floats.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> floats of any content, aligned to 64 bytes.</param>
    public abstract void Add(float* input, float* outputGradient, int images, float* accumulator, float* scratch);

    /// <summary>Adds accumulators up in their order and writes the gradient.</summary>
    /// <param name="accumulators">The first is overwritten with the sum.</param>
    /// <param name="stride">Floats between accumulators.</param>
    /// <param name="count">Number of accumulators.</param>
    /// <param name="gradientOIHW">Overwritten.</param>
    public void Finish(float* accumulators, long stride, int count, float* gradientOIHW)
    {
        for (int i = 1; i < count; i++) AddUp(accumulators, accumulators + i * stride);
        Transposition.Run(Rows, Shape.OutputChannels, accumulators, AccumulatorStride, gradientOIHW, Rows);
    }

    /// <summary>sum += accumulator</summary>
    protected abstract void AddUp(float* sum, float* accumulator);

    private struct Factory : ISimdOperation
    {
        public ConvolutionShape Shape;
        public ImageShape Output;
        public ConvolutionAlgorithm Algorithm;
        public ConvolutionWeightGradient? Result;

        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            Result = Algorithm switch
            {
                ConvolutionAlgorithm.Winograd2 => new WinogradWeightGradient<TSimd, Winograd2>(Shape, Output),
                ConvolutionAlgorithm.Winograd4 => new WinogradWeightGradient<TSimd, Winograd4>(Shape, Output),
                ConvolutionAlgorithm.Winograd7 => new WinogradWeightGradient<TSimd, Winograd7>(Shape, Output),
                _ => new DirectWeightGradient<TSimd>(Shape, Output),
            };
        }
    }
}
