namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>Convolutions that are computed together, since each reads what the one before gives: results that nobody else reads are never written. They have the same bits as
/// those of the convolutions one after another. Any number of threads may call <see cref="Run"/> at the same time, each with scratch of its own.</summary>
internal abstract unsafe class ConvolutionChain
{
    /// <summary>Floats of scratch that a run of some images needs.</summary>
    public abstract long ScratchLength(int images);

    /// <summary>Convolves images.</summary>
    /// <param name="input">Start of the first image that the first convolution reads, border included; the border is zero.</param>
    /// <param name="outputs">[convolutions] addresses of the first results; 0 where nobody else reads them, never for the last.</param>
    /// <param name="residuals">[convolutions] addresses of the first residuals, or 0.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> floats of any content, aligned to 64 bytes.</param>
    public abstract void Run(float* input, ReadOnlySpan<nint> outputs, ReadOnlySpan<nint> residuals, int images, float* scratch);
}
