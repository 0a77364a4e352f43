using System.Diagnostics;
using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Picks the algorithm of each convolution: from a fixed table, or by timing the candidates on this machine. One choice serves all batches, so that an
/// image gives the same bits in any of them; only a single image may have another, since reading the weights of the algorithm that suits a batch would take most
/// of its time.</summary>
internal sealed unsafe class KernelChoice(PlanOptions options)
{
    /// <summary>Images for which the table chooses, unless there is only one.</summary>
    public const int TypicalImages = 32;

    /// <summary>Most images that a candidate is timed with.</summary>
    private const int MostImages = 14;

    private const int Rounds = 5;

    private readonly Dictionary<(ConvolutionShape, Epilogue, ImageShape, int), ConvolutionAlgorithm> _measured = [];

    /// <summary>Whether Winograd's algorithm is allowed.</summary>
    public bool Winograd => options.Winograd;

    /// <summary>The algorithm for runs of one or of <see cref="TypicalImages"/> images.</summary>
    public ConvolutionAlgorithm Choose(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, int images)
    {
        ConvolutionAlgorithm usual = Convolution.Default(shape, options.Winograd, images);
        if (!options.MeasureKernels || !options.Winograd) return usual;
        images = Math.Min(images, MostImages);
        if (_measured.TryGetValue((shape, epilogue, output, images), out ConvolutionAlgorithm known)) return known;
        var candidates = new List<(ConvolutionAlgorithm Algorithm, Convolution Kernel, double Seconds)>();
        using var input = new AlignedBuffer<float>((long)images * shape.Input.ImageStride);
        using var result = new AlignedBuffer<float>((long)images * output.ImageStride);
        using var residual = new AlignedBuffer<float>((long)images * new ImageShape(shape.OutputHeight, shape.OutputWidth, shape.OutputChannels, output.Border).ImageStride);
        foreach (ConvolutionAlgorithm algorithm in Enum.GetValues<ConvolutionAlgorithm>())
        {
            if (Convolution.Supports(shape, algorithm))
                candidates.Add((algorithm, Convolution.Create(shape, epilogue, output, algorithm, weights, bias), double.PositiveInfinity));
        }
        try
        {
            if (candidates.Count == 1) return candidates[0].Algorithm;
            // In turns, and the best time of each: what disturbs one round rarely disturbs them all. The first round warms up.
            for (int round = 0; round <= Rounds; round++)
            {
                for (int i = 0; i < candidates.Count; i++)
                {
                    (ConvolutionAlgorithm algorithm, Convolution kernel, double best) = candidates[i];
                    using var scratch = new AlignedBuffer<float>(kernel.ScratchLength(images));
                    long start = Stopwatch.GetTimestamp();
                    kernel.Run(input.Pointer, result.Pointer, epilogue.AddResidual ? residual.Pointer : null, images, scratch.Pointer);
                    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                    if (round > 0) candidates[i] = (algorithm, kernel, Math.Min(best, seconds));
                }
            }
            return _measured[(shape, epilogue, output, images)] = candidates.MinBy(candidate => candidate.Seconds).Algorithm;
        }
        finally
        {
            foreach ((_, Convolution kernel, _) in candidates) kernel.Dispose();
        }
    }
}
