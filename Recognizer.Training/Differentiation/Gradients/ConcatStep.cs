namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Concat along one axis, row-major: each input is a block of the innermost dimensions, repeated for the outer ones.</summary>
/// <param name="outer">Product of the dimensions before the axis, without the batch.</param>
internal sealed unsafe class ConcatStep(Value[] inputs, Value output, int outer) : Step(output, inputs)
{
    public override void Forward(in Chunk chunk)
    {
        float* y = Output.Data(chunk);
        for (int k = 0; k < chunk.Count * outer; k++)
        {
            foreach (Value input in Inputs)
            {
                int block = input.Length / outer;
                new ReadOnlySpan<float>(input.Data(chunk) + (long)k * block, block).CopyTo(new Span<float>(y, block));
                y += block;
            }
        }
    }

    public override void Backward(in Chunk chunk)
    {
        float* gradient = Output.Gradient(chunk);
        for (int k = 0; k < chunk.Count * outer; k++)
        {
            for (int s = 0; s < Inputs.Length; s++)
            {
                int block = Inputs[s].Length / outer;
                if (Inputs[s].NeedsGradient)
                {
                    float* result = Inputs[s].Gradient(chunk) + (long)k * block;
                    for (int i = 0; i < block; i++) result[i] = Adds[s] ? result[i] + gradient[i] : gradient[i];
                }
                gradient += block;
            }
        }
    }
}
