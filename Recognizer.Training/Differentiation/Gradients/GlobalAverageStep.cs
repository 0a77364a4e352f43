using Recognizer.Training.Differentiation.Kernels;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Mean of each channel over all pixels. Output [C], flat.</summary>
internal sealed unsafe class GlobalAverageStep(Value input, Value output) : Step(output, input)
{
    private float Scale => 1f / (Inputs[0].Shape[1] * Inputs[0].Shape[2]);

    // A pixel's channels with padding.
    public override long ScratchLength(int images) => Inputs[0].Image.PixelStride;

    public override void Forward(in Chunk chunk)
    {
        int channels = Output.Length;
        float* y = Output.Data(chunk);
        new Span<float>(y, channels * chunk.Count).Clear();
        for (int n = 0; n < chunk.Count; n++, y += channels)
        {
            PixelGrid pixels = PixelGrid.Of(Inputs[0], Inputs[0].Data(chunk) + n * Inputs[0].Stride);
            ElementwiseKernels.SumPixels(pixels, 1, channels, y, chunk.Scratch);
            for (int c = 0; c < channels; c++) y[c] *= Scale;
        }
    }

    public override void Backward(in Chunk chunk)
    {
        Rows result = Inputs[0].Rows(Inputs[0].Gradient(chunk));
        int stride = Inputs[0].Image.PixelStride, channels = Output.Length;
        float* gradient = Output.Gradient(chunk);
        var pixel = new Span<float>(chunk.Scratch, stride);
        pixel.Clear();
        for (int n = 0; n < chunk.Count; n++, gradient += channels)
        {
            for (int c = 0; c < channels; c++) pixel[c] = gradient[c] * Scale;
            for (int r = 0; r < result.Count; r++)
            {
                float* row = result[n, r];
                for (int i = 0; i < result.Length; i += stride)
                {
                    if (Adds[0]) for (int c = 0; c < channels; c++) row[i + c] += pixel[c];
                    else pixel.CopyTo(new Span<float>(row + i, stride));
                }
            }
        }
    }
}
