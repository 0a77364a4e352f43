using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Inference.Engine.Execution.Steps;

/// <summary>A convolution with bias, and what follows it: residual, activation, pooling.</summary>
/// <remarks>Its other kernel is for a single image, where reading the weights costs more than multiplying by them; null where it is the same.</remarks>
internal sealed unsafe class ConvolutionStep(Convolution kernel, Convolution? alone, ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm,
    Slot input, Slot output, Slot? residual) : Step(residual is null ? [input] : [input, residual], [output])
{
    // A transformed convolution multiplies panels of 14 tiles, and reads all of its weights for each run: several panels share them.
    public override int PreferredImages =>
        algorithm == ConvolutionAlgorithm.Direct ? 1 : Math.Clamp(28 / WinogradTiling.Of(algorithm, shape.OutputHeight, shape.OutputWidth).Tiles, 1, 14);

    /// <summary>The kernel for several images.</summary>
    public Convolution Kernel => kernel;

    /// <summary>Whether a single image has a kernel of its own.</summary>
    public bool HasAlone => alone is not null;

    public Slot Input => input;

    public Slot Output => output;

    public Slot? Residual => residual;

    public override string Description =>
        $"Conv {shape.KernelHeight}x{shape.KernelWidth} {shape.Input.Channels}→{shape.OutputChannels} on {shape.Input.Height}x{shape.Input.Width} {algorithm}"
        + (residual is null ? "" : " +residual") + (epilogue.Activation.Kind == ActivationKind.None ? "" : $" {epilogue.Activation.Kind}")
        + (epilogue.Pooling == FusedPooling.None ? "" : $" {epilogue.Pooling}");

    public override long ScratchLength(int images) => Math.Max(kernel.ScratchLength(images), alone?.ScratchLength(1) ?? 0);

    public override void Run(in StepContext context) =>
        (context.Alone && alone is not null ? alone : kernel).Run(context[input], context[output], residual is null ? null : context[residual], context.Images, context.Scratch);

    public override void Dispose()
    {
        kernel.Dispose();
        alone?.Dispose();
        base.Dispose();
    }
}
