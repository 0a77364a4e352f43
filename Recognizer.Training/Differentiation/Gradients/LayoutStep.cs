using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Matrices;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Copies between the row-major layout [C, H, W] and that of images; backward the other way.</summary>
internal sealed unsafe class LayoutStep(Value input, Value output) : Step(output, input)
{
    public override void Forward(in Chunk chunk)
    {
        Value input = Inputs[0];
        if (input.Layout == ValueLayout.Flat) FromFlat(input.Data(chunk), Output.Data(chunk), Output.Image, chunk.Count, add: false);
        else ToFlat(input.Data(chunk), Output.Data(chunk), input.Image, chunk.Count, add: false);
    }

    public override void Backward(in Chunk chunk)
    {
        Value input = Inputs[0];
        if (input.Layout == ValueLayout.Flat) ToFlat(Output.Gradient(chunk), input.Gradient(chunk), Output.Image, chunk.Count, Adds[0]);
        else FromFlat(Output.Gradient(chunk), input.Gradient(chunk), input.Image, chunk.Count, Adds[0]);
    }

    // flat: [C, H, W] → image: [H, W, C]
    private static void FromFlat(float* flat, float* image, ImageShape shape, int count, bool add)
    {
        int plane = shape.Height * shape.Width;
        for (int n = 0; n < count; n++, flat += shape.Channels * plane, image += shape.ImageStride)
        {
            for (int y = 0; y < shape.Height; y++)
            {
                float* row = image + shape.Origin + y * shape.RowStride;
                float* source = flat + y * shape.Width;
                if (!add)
                {
                    Transposition.Run(shape.Channels, shape.Width, source, plane, row, shape.PixelStride);
                    continue;
                }
                for (int x = 0; x < shape.Width; x++, row += shape.PixelStride, source++)
                    for (int c = 0; c < shape.Channels; c++) row[c] += source[c * plane];
            }
        }
    }

    private static void ToFlat(float* image, float* flat, ImageShape shape, int count, bool add)
    {
        int plane = shape.Height * shape.Width;
        for (int n = 0; n < count; n++, flat += shape.Channels * plane, image += shape.ImageStride)
        {
            for (int y = 0; y < shape.Height; y++)
            {
                float* row = image + shape.Origin + y * shape.RowStride;
                float* target = flat + y * shape.Width;
                if (!add)
                {
                    Transposition.Run(shape.Width, shape.Channels, row, shape.PixelStride, target, plane);
                    continue;
                }
                for (int x = 0; x < shape.Width; x++, row += shape.PixelStride, target++)
                    for (int c = 0; c < shape.Channels; c++) target[c * plane] += row[c];
            }
        }
    }
}
