using System.Collections.Concurrent;
using System.Diagnostics;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Quantized;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Picks the algorithm of each convolution: from a fixed table, and where that sees several about as fast, by timing them on this machine. One choice serves all
/// batches, so that an image gives the same bits in any of them; only a single image may have another, since reading the weights of the algorithm that suits a batch would
/// take most of its time.</summary>
internal sealed unsafe class KernelChoice(PlanOptions options)
{
    /// <summary>Images for which the table chooses, unless there is only one.</summary>
    public const int TypicalImages = 32;

    /// <summary>How far the table's estimates may be off: algorithms that it expects to be slower than that aren't timed, since compiling them takes tens of milliseconds.</summary>
    private const double Margin = 1.1;

    // Images and rounds that candidates are timed with, unless a buffer would be larger than this many floats.
    private const int TimedImages = 14;
    private const int Rounds = 5;
    private const int TimedFloats = 1 << 22;

    // For the whole process, so that all plans of a model give the same bits.
    private static readonly ConcurrentDictionary<(ConvolutionShape, Epilogue, ImageShape), Lazy<ConvolutionAlgorithm>> s_measured = [];
    private static readonly ConcurrentDictionary<(ConvolutionShape, int? ResidualBorder, bool Pool, ImageShape, string Candidates), Lazy<QuantizedAlgorithm>> s_measuredQuantized = [];

    /// <summary>The algorithm for runs of one or of <see cref="TypicalImages"/> images.</summary>
    public ConvolutionAlgorithm Choose(ConvolutionShape shape, Epilogue epilogue, ImageShape output, int images)
    {
        // What makes one kernel slower for a single image, weights that aren't in a near cache, is not there when a kernel runs over and over.
        if (!options.MeasureKernels || images == 1) return Convolution.Default(shape, options.Winograd, images);
        IReadOnlyList<ConvolutionAlgorithm> candidates = Convolution.Candidates(shape, options.Winograd, images, Margin);
        if (candidates.Count == 1) return candidates[0];
        return s_measured.GetOrAdd((shape, epilogue, output), key => new(() => Fastest(candidates, shape, output, epilogue.AddResidual ? epilogue.ResidualBorder ?? output.Border : null,
            algorithm => Convolution.Create(shape, epilogue, output, algorithm, new float[shape.WeightLength], [])), LazyThreadSafetyMode.PublicationOnly)).Value;
    }

    /// <summary>The algorithm of a convolution in 8 bits, all of which give the same bits.</summary>
    /// <param name="shape">The convolution.</param>
    /// <param name="epilogue">What follows it.</param>
    /// <param name="output">Layout of the result.</param>
    /// <param name="low">Lowest level of the input.</param>
    /// <param name="weights">Its weights, which decide what is exact.</param>
    /// <param name="bias">[OutputChannels], or empty.</param>
    public QuantizedAlgorithm Choose(ConvolutionShape shape, QuantizedEpilogue epilogue, ImageShape output, int low, ReadOnlySpan<sbyte> weights, int[] bias)
    {
        IReadOnlyList<QuantizedAlgorithm> candidates = QuantizedConvolution.Candidates(shape, weights, bias, options.Winograd, InstructionSet.Current, options.MeasureKernels ? Margin : 1);
        if (candidates.Count == 1) return candidates[0];
        int? residualBorder = epilogue.Sum is null ? null : epilogue.ResidualBorder ?? output.Border;
        return s_measuredQuantized.GetOrAdd((shape, residualBorder, epilogue.Pool, output, string.Join(' ', candidates)), key => new(() => Fastest(candidates, shape, output, residualBorder,
            algorithm => QuantizedConvolution.Create(shape, epilogue, output, low, new sbyte[shape.WeightLength], [], new float[shape.OutputChannels], algorithm, InstructionSet.Current)),
            LazyThreadSafetyMode.PublicationOnly)).Value;
    }

    /// <summary>Images and rounds that candidates are timed with: fewer of large images, so that memory and time stay small.</summary>
    /// <param name="imageStride">Floats of an image in the largest buffer.</param>
    internal static (int Images, int Rounds) Effort(int imageStride)
    {
        int images = Math.Clamp(TimedFloats / imageStride, 1, TimedImages);
        return (images, (int)Math.Clamp((long)Rounds * TimedFloats / ((long)images * imageStride), 1, Rounds));
    }

    // No time depends on what the weights are.
    private static TAlgorithm Fastest<TAlgorithm>(IReadOnlyList<TAlgorithm> candidates, ConvolutionShape shape, ImageShape output, int? residualBorder, Func<TAlgorithm, IImageKernel> create)
    {
        int residualStride = residualBorder is { } border ? new ImageShape(shape.OutputHeight, shape.OutputWidth, shape.OutputChannels, border).ImageStride : 0;
        (int images, int rounds) = Effort(Math.Max(Math.Max(shape.Input.ImageStride, output.ImageStride), residualStride));
        var kernels = new IImageKernel[candidates.Count];
        var best = new double[candidates.Count];
        Array.Fill(best, double.PositiveInfinity);
        using var input = new AlignedBuffer<float>((long)images * shape.Input.ImageStride);
        using var result = new AlignedBuffer<float>((long)images * output.ImageStride);
        using AlignedBuffer<float>? residual = residualBorder is null ? null : new((long)images * residualStride);
        // Memory that was never written would all be one page.
        input.Span.Fill(1);
        residual?.Span.Fill(1);
        try
        {
            for (int i = 0; i < kernels.Length; i++) kernels[i] = create(candidates[i]);
            using var scratch = new AlignedBuffer<float>(kernels.Max(kernel => kernel.ScratchLength(images)));
            // In turns, and the best time of each: what disturbs one round rarely disturbs them all. The first round warms up.
            for (int round = 0; round <= rounds; round++)
            {
                for (int i = 0; i < kernels.Length; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    kernels[i].Run(input.Pointer, result.Pointer, residual is null ? null : residual.Pointer, images, scratch.Pointer);
                    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                    if (round > 0) best[i] = Math.Min(best[i], seconds);
                }
            }
        }
        finally
        {
            foreach (IImageKernel? kernel in kernels) kernel?.Dispose();
        }
        return candidates[Array.IndexOf(best, best.Min())];
    }
}
