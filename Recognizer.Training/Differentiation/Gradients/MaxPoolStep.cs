using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>MaxPool with any window. The forward pass keeps which sample of each window was the largest (the first among equals, as in
/// PyTorch); the gradient goes there alone.</summary>
internal sealed unsafe class MaxPoolStep : Step
{
    private readonly WindowGeometry _window;
    private readonly Value _indices;

    public MaxPoolStep(Value input, Value output, WindowGeometry window) : base(output, input)
    {
        _window = window;
        _indices = output.BesideElements();
        Kept = [_indices];
    }

    public override void Forward(in Chunk chunk)
    {
        ImageShape input = Inputs[0].Image, output = Output.Image;
        int channels = input.Channels, kernelWidth = _window.Kernel[1];
        for (int n = 0; n < chunk.Count; n++)
        {
            float* x = Inputs[0].Data(chunk) + n * (long)input.ImageStride + input.Origin;
            float* y = Output.Data(chunk) + n * (long)output.ImageStride + output.Origin;
            int* index = (int*)_indices.Data(chunk) + n * _indices.Stride;
            for (int oy = 0; oy < output.Height; oy++)
            {
                for (int ox = 0; ox < output.Width; ox++, index += output.PixelStride)
                {
                    float* to = y + oy * output.RowStride + ox * output.PixelStride;
                    new Span<float>(to, channels).Fill(float.NegativeInfinity);
                    new Span<int>(index, channels).Fill(-1);
                    for (int ky = 0; ky < _window.Kernel[0]; ky++)
                    {
                        int iy = oy * _window.Strides[0] - _window.PadsBegin[0] + ky * _window.Dilations[0];
                        if (iy < 0 || iy >= input.Height) continue;
                        for (int kx = 0; kx < kernelWidth; kx++)
                        {
                            int ix = ox * _window.Strides[1] - _window.PadsBegin[1] + kx * _window.Dilations[1];
                            if (ix < 0 || ix >= input.Width) continue;
                            float* from = x + iy * input.RowStride + ix * input.PixelStride;
                            for (int c = 0; c < channels; c++)
                            {
                                if (!(from[c] > to[c]) && index[c] >= 0) continue;
                                to[c] = from[c];
                                index[c] = iy * input.Width + ix;
                            }
                        }
                    }
                }
            }
        }
    }

    public override void Backward(in Chunk chunk)
    {
        ImageShape input = Inputs[0].Image, output = Output.Image;
        if (!Adds[0]) Inputs[0].Rows(Inputs[0].Gradient(chunk)).Clear(chunk.Count);
        for (int n = 0; n < chunk.Count; n++)
        {
            float* result = Inputs[0].Gradient(chunk) + n * (long)input.ImageStride + input.Origin;
            float* gradient = Output.Gradient(chunk) + n * (long)output.ImageStride + output.Origin;
            int* index = (int*)_indices.Data(chunk) + n * _indices.Stride;
            for (int oy = 0; oy < output.Height; oy++)
            {
                for (int ox = 0; ox < output.Width; ox++, index += output.PixelStride)
                {
                    float* from = gradient + oy * output.RowStride + ox * output.PixelStride;
                    for (int c = 0; c < input.Channels; c++)
                        result[index[c] / input.Width * input.RowStride + index[c] % input.Width * input.PixelStride + c] += from[c];
                }
            }
        }
    }
}
