namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Sums or means over axes of each image, row-major: y[targets[i]] += scale · x[i].</summary>
internal sealed unsafe class ReduceStep(Value input, Value output, int[] targets, float scale) : Step(output, input)
{
    public override void Forward(in Chunk chunk)
    {
        float* x = Inputs[0].Data(chunk), y = Output.Data(chunk);
        int length = Output.Length;
        new Span<float>(y, length * chunk.Count).Clear();
        for (int n = 0; n < chunk.Count; n++, x += targets.Length, y += length)
        {
            for (int i = 0; i < targets.Length; i++) y[targets[i]] += x[i];
            for (int i = 0; i < length; i++) y[i] *= scale;
        }
    }

    public override void Backward(in Chunk chunk)
    {
        float* gradient = Output.Gradient(chunk), result = Inputs[0].Gradient(chunk);
        int length = Output.Length;
        for (int n = 0; n < chunk.Count; n++, result += targets.Length, gradient += length)
        {
            for (int i = 0; i < targets.Length; i++)
            {
                float value = gradient[targets[i]] * scale;
                result[i] = Adds[0] ? result[i] + value : value;
            }
        }
    }
}
