namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Mean of each channel over all pixels. Output [C], flat.</summary>
internal sealed unsafe class GlobalAverageStep(Value input, Value output) : Step(output, input)
{
    public override void Forward(in Chunk chunk)
    {
        Rows x = Inputs[0].Rows(Inputs[0].Data(chunk));
        int stride = Inputs[0].Image.PixelStride, channels = Output.Length;
        float* y = Output.Data(chunk);
        float scale = 1f / (Inputs[0].Shape[1] * Inputs[0].Shape[2]);
        new Span<float>(y, channels * chunk.Count).Clear();
        for (int n = 0; n < chunk.Count; n++, y += channels)
        {
            for (int r = 0; r < x.Count; r++)
            {
                float* row = x[n, r];
                for (int i = 0; i < x.Length; i += stride)
                    for (int c = 0; c < channels; c++) y[c] += row[i + c];
            }
            for (int c = 0; c < channels; c++) y[c] *= scale;
        }
    }

    public override void Backward(in Chunk chunk)
    {
        Rows result = Inputs[0].Rows(Inputs[0].Gradient(chunk));
        int stride = Inputs[0].Image.PixelStride, channels = Output.Length;
        float* gradient = Output.Gradient(chunk);
        float scale = 1f / (Inputs[0].Shape[1] * Inputs[0].Shape[2]);
        for (int n = 0; n < chunk.Count; n++, gradient += channels)
        {
            for (int r = 0; r < result.Count; r++)
            {
                float* row = result[n, r];
                for (int i = 0; i < result.Length; i += stride)
                {
                    if (Adds[0]) for (int c = 0; c < channels; c++) row[i + c] += gradient[c] * scale;
                    else for (int c = 0; c < channels; c++) row[i + c] = gradient[c] * scale;
                }
            }
        }
    }
}
