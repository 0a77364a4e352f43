namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>An operator that only moves the elements of each image: Transpose, Pad, Slice, Expand …: y[i] = x[source[i]], or a
/// constant where the source is negative. Backward every element gives its gradient back to its source.</summary>
internal sealed unsafe class GatherStep(Value input, Value output, int[] sources, float fill) : Step(output, input)
{
    public override void Forward(in Chunk chunk)
    {
        float* x = Inputs[0].Data(chunk), y = Output.Data(chunk);
        int length = Inputs[0].Length;
        for (int n = 0; n < chunk.Count; n++, x += length, y += sources.Length)
            for (int i = 0; i < sources.Length; i++) y[i] = sources[i] < 0 ? fill : x[sources[i]];
    }

    public override void Backward(in Chunk chunk)
    {
        float* gradient = Output.Gradient(chunk), result = Inputs[0].Gradient(chunk);
        int length = Inputs[0].Length;
        if (!Adds[0]) new Span<float>(result, length * chunk.Count).Clear();
        for (int n = 0; n < chunk.Count; n++, result += length, gradient += sources.Length)
            for (int i = 0; i < sources.Length; i++)
                if (sources[i] >= 0) result[sources[i]] += gradient[i];
    }
}
