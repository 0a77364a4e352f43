using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>AveragePool with any window.</summary>
/// <param name="countPadding">Whether samples in the padding count in the divisor.</param>
internal sealed unsafe class AveragePoolStep(Value input, Value output, WindowGeometry window, bool countPadding) : Step(output, input)
{
    public override void Forward(in Chunk chunk)
    {
        Output.Rows(Output.Data(chunk)).Clear(chunk.Count);
        Move(chunk, Inputs[0].Data(chunk), Output.Data(chunk), forward: true);
    }

    public override void Backward(in Chunk chunk)
    {
        if (!Adds[0]) Inputs[0].Rows(Inputs[0].Gradient(chunk)).Clear(chunk.Count);
        Move(chunk, Inputs[0].Gradient(chunk), Output.Gradient(chunk), forward: false);
    }

    /// <summary>Adds the scaled samples of each window to its output, or the scaled output to the samples.</summary>
    private void Move(in Chunk chunk, float* inputs, float* outputs, bool forward)
    {
        ImageShape input = Inputs[0].Image, output = Output.Image;
        for (int n = 0; n < chunk.Count; n++)
        {
            float* x = inputs + n * (long)input.ImageStride + input.Origin;
            float* y = outputs + n * (long)output.ImageStride + output.Origin;
            for (int oy = 0; oy < output.Height; oy++)
            {
                for (int ox = 0; ox < output.Width; ox++)
                {
                    float scale = 1f / Divisor(oy, ox);
                    float* pooled = y + oy * output.RowStride + ox * output.PixelStride;
                    for (int ky = 0; ky < window.Kernel[0]; ky++)
                    {
                        int iy = oy * window.Strides[0] - window.PadsBegin[0] + ky * window.Dilations[0];
                        if (iy < 0 || iy >= input.Height) continue;
                        for (int kx = 0; kx < window.Kernel[1]; kx++)
                        {
                            int ix = ox * window.Strides[1] - window.PadsBegin[1] + kx * window.Dilations[1];
                            if (ix < 0 || ix >= input.Width) continue;
                            float* sample = x + iy * input.RowStride + ix * input.PixelStride;
                            if (forward) for (int c = 0; c < input.Channels; c++) pooled[c] += sample[c] * scale;
                            else for (int c = 0; c < input.Channels; c++) sample[c] += pooled[c] * scale;
                        }
                    }
                }
            }
        }
    }

    private int Divisor(int oy, int ox) => Samples(0, oy, Inputs[0].Shape[1]) * Samples(1, ox, Inputs[0].Shape[2]);

    /// <summary>Samples of a window along one axis that count: those inside the image, or inside image and padding.</summary>
    private int Samples(int axis, int position, int size)
    {
        int count = 0;
        for (int k = 0; k < window.Kernel[axis]; k++)
        {
            int at = position * window.Strides[axis] - window.PadsBegin[axis] + k * window.Dilations[axis];
            if (countPadding ? at < size + window.PadsEnd[axis] : at >= 0 && at < size) count++;
        }
        return count;
    }
}
