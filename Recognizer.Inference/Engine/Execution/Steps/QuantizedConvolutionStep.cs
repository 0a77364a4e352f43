using Recognizer.Inference.Engine.Kernels.Quantized;

namespace Recognizer.Inference.Engine.Execution.Steps;

/// <summary>A convolution from levels to levels, and what follows it: residual, pooling.</summary>
internal sealed unsafe class QuantizedConvolutionStep(QuantizedConvolution kernel, QuantizedEpilogue epilogue, Slot input, Slot output, Slot? residual)
    : Step(residual is null ? [input] : [input, residual], [output])
{
    // Panels of 14 tiles; several of them share a reading of the weights.
    public override int PreferredImages => kernel.Tiles == 0 ? 1 : Math.Clamp(28 / kernel.Tiles, 1, 14);

    public override string Description =>
        $"Conv {kernel.Shape.KernelHeight}x{kernel.Shape.KernelWidth} {kernel.Shape.Input.Channels}→{kernel.Shape.OutputChannels} on {kernel.Shape.Input.Height}x{kernel.Shape.Input.Width} {kernel.Algorithm}"
        + (residual is null ? "" : " +residual") + (epilogue.Pool ? " Max2x2" : "");

    public override long ScratchLength(int images) => kernel.ScratchLength(images);

    public override void Run(in StepContext context) =>
        kernel.Run(context[input], context[output], residual is null ? null : context[residual], context.Images, context.Scratch);

    public override void Dispose()
    {
        kernel.Dispose();
        base.Dispose();
    }
}
