namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>A convolution whose weights are packed. Any number of threads may call <see cref="Run"/> at the same time, each with scratch of its own.</summary>
internal unsafe interface IImageKernel : IDisposable
{
    /// <summary>Floats of scratch that a run of some images needs.</summary>
    long ScratchLength(int images);

    /// <summary>Convolves images.</summary>
    /// <param name="input">Start of the first image, border included; the border is zero.</param>
    /// <param name="output">Start of the first result; only its interior is written, padding channels with finite values.</param>
    /// <param name="residual">Start of the first residual, or null.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> floats of any content, aligned to 64 bytes.</param>
    void Run(float* input, float* output, float* residual, int images, float* scratch);
}
