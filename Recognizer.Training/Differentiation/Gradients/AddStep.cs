namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>y = a + b of two values of the same shape and layout, then max(0, y) where fused: the end of a residual block.</summary>
internal sealed unsafe class AddStep(Value a, Value b, Value output, bool relu) : Step(output, a, b)
{
    public override BackwardNeeds Needs => relu ? BackwardNeeds.Output : BackwardNeeds.None;

    public override void Forward(in Chunk chunk)
    {
        Rows a = Inputs[0].Rows(Inputs[0].Data(chunk)), b = Inputs[1].Rows(Inputs[1].Data(chunk)), y = Output.Rows(Output.Data(chunk));
        for (int n = 0; n < chunk.Count; n++)
        {
            for (int r = 0; r < y.Count; r++)
            {
                float* left = a[n, r], right = b[n, r], to = y[n, r];
                for (int i = 0; i < y.Length; i++)
                {
                    float sum = left[i] + right[i];
                    to[i] = relu && sum < 0 ? 0 : sum;
                }
            }
        }
    }

    public override void Backward(in Chunk chunk)
    {
        Rows gradient = Output.Rows(Output.Gradient(chunk));
        Rows y = relu ? Output.Rows(Output.Data(chunk)) : gradient;
        for (int side = 0; side < 2; side++)
        {
            if (!Inputs[side].NeedsGradient) continue;
            Rows result = Inputs[side].Rows(Inputs[side].Gradient(chunk));
            for (int n = 0; n < chunk.Count; n++)
            {
                for (int r = 0; r < result.Count; r++)
                {
                    float* g = gradient[n, r], ys = y[n, r], to = result[n, r];
                    for (int i = 0; i < result.Length; i++)
                    {
                        float value = relu && ys[i] <= 0 ? 0 : g[i];
                        to[i] = Adds[side] ? to[i] + value : value;
                    }
                }
            }
        }
    }
}
