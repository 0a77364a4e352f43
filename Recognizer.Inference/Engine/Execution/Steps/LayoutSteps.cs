using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Inference.Engine.Execution.Steps;

/// <summary>Row-major values into the layout of images.</summary>
internal sealed unsafe class ImportStep(Slot input, Slot output) : Step([input], [output])
{
    public override void Run(in StepContext context) => ImageLayout.Import(output.Image!.Value, context[input], context[output], context.Images);
}

/// <summary>Images into row-major order.</summary>
internal sealed unsafe class ExportStep(Slot input, Slot output) : Step([input], [output])
{
    public override void Run(in StepContext context)
    {
        float* destination = context[output];
        if (destination != null) ImageLayout.Export(input.Image!.Value, context[input], destination, context.Images);
    }
}

/// <summary>Row-major values to where the caller wants them.</summary>
internal sealed unsafe class OutputStep(Slot input, Slot output) : Step([input], [output])
{
    public override void Run(in StepContext context)
    {
        float* destination = context[output];
        if (destination == null) return;
        long length = (long)context.Images * output.ImageStride;
        Buffer.MemoryCopy(context[input], destination, length * sizeof(float), length * sizeof(float));
    }
}

/// <summary>One copy per image between layouts: transposes, parts of a concatenation, padding.</summary>
/// <param name="input">Source.</param>
/// <param name="output">Destination.</param>
/// <param name="nest">Loops over the elements of one image; the source is its c.</param>
/// <param name="sourceOffset">Floats from a source image to its first element that is copied.</param>
/// <param name="destinationOffset">Floats from a destination image to the first element that is written.</param>
/// <param name="fill">What the destination is filled with first, or null.</param>
internal sealed unsafe class CopyStep(Slot input, Slot output, LoopNest nest, int sourceOffset, int destinationOffset, float? fill = null) : Step([input], [output])
{
    public override void Run(in StepContext context)
    {
        float* source = context[input] + sourceOffset, destination = context[output];
        for (int n = 0; n < context.Images; n++, source += input.ImageStride, destination += output.ImageStride)
        {
            if (fill is { } value) new Span<float>(destination, output.ImageStride).Fill(value);
            StridedCopy.Run(nest, source, destination + destinationOffset);
        }
    }
}
