using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Quantized;

namespace Recognizer.Inference.Engine.Execution.Steps;

/// <summary>A dense layer whose weights and input are of 8 bits.</summary>
internal sealed unsafe class QuantizedDenseStep(QuantizedMatrix weights, Activation activation, Slot input, Slot output) : Step([input], [output])
{
    public override int PreferredImages => 4;

    public override string Description => $"Dense int8 →{output.Elements}" + (activation.Kind == ActivationKind.None ? "" : $" {activation.Kind}");

    public override long ScratchLength(int images) => (weights.ScratchBytes(images) + sizeof(float) - 1) / sizeof(float);

    public override void Run(in StepContext context) =>
        weights.Multiply(context.Images, context[input], input.ImageStride, context[output], activation, (byte*)context.Scratch);

    public override void Dispose()
    {
        weights.Dispose();
        base.Dispose();
    }
}
