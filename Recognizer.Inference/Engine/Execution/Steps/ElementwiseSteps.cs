using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Inference.Engine.Execution.Steps;

/// <summary>An activation function by itself; where the layout is that of images, on interior pixels.</summary>
internal sealed unsafe class ActivationStep(Activation activation, Slot input, Slot output) : Step([input], [output])
{
    public override string Description => activation.Kind.ToString();

    public override void Run(in StepContext context)
    {
        float* source = context[input], destination = context[output];
        // Rows beside images are images of one pixel that lie as rows do.
        if (input.Image is not { } from || output.Image is not { } to || (from == to && (from.Border == 0 || activation.KeepsZero)))
        {
            ActivationKernels.Apply(source, destination, (long)context.Images * input.ImageStride, activation);
            return;
        }
        for (int n = 0; n < context.Images; n++)
            Interior(source + (long)n * input.ImageStride, from, destination + (long)n * output.ImageStride, to, activation);
    }

    /// <summary>Applies an activation to the pixels of one image and not to its border.</summary>
    public static void Interior(float* source, ImageShape from, float* destination, ImageShape to, Activation activation)
    {
        for (int y = 0; y < from.Height; y++)
        {
            ActivationKernels.Apply(source + from.Origin + y * from.RowStride, destination + to.Origin + y * to.RowStride,
                (long)from.Width * from.PixelStride, activation);
        }
    }
}

/// <summary>Arithmetic of two values, or of a value and a constant, and an activation of the result, one image at a time.</summary>
internal sealed unsafe class ArithmeticStep(ArithmeticOperation operation, Slot? left, Slot? right, AlignedBuffer<float>? constant, Slot output, LoopNest nest, Activation activation)
    : Step([.. new[] { left, right }.OfType<Slot>()], [output])
{
    public override string Description => operation.ToString() + (activation.Kind == ActivationKind.None ? "" : $" {activation.Kind}");

    public override void Run(in StepContext context)
    {
        float* a = left is null ? constant!.Pointer : context[left] + (left.Image?.Origin ?? 0);
        float* b = right is null ? constant!.Pointer : context[right] + (right.Image?.Origin ?? 0);
        float* result = context[output];
        int origin = output.Image?.Origin ?? 0;
        int strideA = left?.ImageStride ?? 0, strideB = right?.ImageStride ?? 0;
        for (int n = 0; n < context.Images; n++, a += strideA, b += strideB, result += output.ImageStride)
        {
            Arithmetic.Run(operation, nest, a, b, result + origin);
            if (activation.Kind == ActivationKind.None) continue;
            if (output.Image is { Border: > 0 } image && !activation.KeepsZero) ActivationStep.Interior(result, image, result, image, activation);
            else ActivationKernels.Apply(result, result, output.ImageStride, activation);
        }
        GC.KeepAlive(constant);
    }

    public override void Dispose()
    {
        constant?.Dispose();
        base.Dispose();
    }
}

/// <summary>x · scale + shift, one image at a time.</summary>
internal sealed unsafe class AffineStep(Slot input, Slot output, AlignedBuffer<float> scale, AlignedBuffer<float> shift, LoopNest nest) : Step([input], [output])
{
    public override void Run(in StepContext context)
    {
        float* source = context[input] + (input.Image?.Origin ?? 0), destination = context[output] + (output.Image?.Origin ?? 0);
        for (int n = 0; n < context.Images; n++)
            AffineMap.Run(nest, source + (long)n * input.ImageStride, scale.Pointer, shift.Pointer, destination + (long)n * output.ImageStride);
        GC.KeepAlive(this);
    }

    public override void Dispose()
    {
        scale.Dispose();
        shift.Dispose();
        base.Dispose();
    }
}

/// <summary>Softmax or its logarithm over rows.</summary>
internal sealed unsafe class SoftmaxStep(bool logarithm, int rows, int columns, Slot input, Slot output) : Step([input], [output])
{
    public override string Description => logarithm ? "LogSoftmax" : "Softmax";

    public override void Run(in StepContext context) => Softmax.Run(logarithm, context.Images * rows, columns, context[input], context[output]);
}

/// <summary>Pooling of images.</summary>
internal sealed unsafe class PoolingStep(PoolingShape shape, Slot input, Slot output) : Step([input], [output])
{
    public override string Description => $"{shape.Kind} pooling {shape.KernelHeight}x{shape.KernelWidth}";

    public override void Run(in StepContext context) => ImagePooling.Run(shape, context[input], context[output], context.Images);
}

/// <summary>Means over axes.</summary>
internal sealed unsafe class MeanStep(Slot input, Slot output, LoopNest kept, LoopNest reduced, int count) : Step([input], [output])
{
    public override void Run(in StepContext context)
    {
        for (int n = 0; n < context.Images; n++)
            MeanReduction.Run(kept, reduced, count, context[input] + (long)n * input.ImageStride, context[output] + (long)n * output.ImageStride);
    }
}
