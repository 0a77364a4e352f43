using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Picks the algorithm of each convolution from a fixed rule.</summary>
internal static class KernelChoice
{
    /// <summary>Images for which the table chooses. One choice serves all batches, so that an image gives the same bits in any of them; only a
    /// single image may have another, since reading the weights of the algorithm that suits a batch would take most of its time.</summary>
    public const int TypicalImages = 32;

    public static ConvolutionAlgorithm Choose(in ConvolutionShape shape, PlanOptions options, int images) =>
        Convolution.Default(shape, options.Winograd, images);
}
