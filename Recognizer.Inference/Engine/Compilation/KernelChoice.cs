using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Picks the algorithm of each convolution: from a fixed table, or by timing the candidates on this machine.</summary>
internal static class KernelChoice
{
    /// <summary>Images for which the table chooses. One choice serves all batch sizes, so that an image gives the same bits in any batch.</summary>
    private const int TypicalImages = 32;

    public static ConvolutionAlgorithm Choose(in ConvolutionShape shape, in Epilogue epilogue, ImageShape output,
        ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, PlanOptions options) =>
        Convolution.Default(shape, options.Winograd, TypicalImages);
}
