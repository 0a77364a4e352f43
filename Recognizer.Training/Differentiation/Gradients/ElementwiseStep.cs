namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>A function of one number and its derivative.</summary>
internal interface IElementwise
{
    /// <summary>y = f(x).</summary>
    float Apply(float x);

    /// <summary>f'(x), from x and y = f(x); only what <see cref="Needs"/> names is given.</summary>
    float Derivative(float x, float y);

    /// <summary>What <see cref="Derivative"/> reads.</summary>
    BackwardNeeds Needs { get; }
}

/// <summary>y = f(x) element by element, in any layout.</summary>
internal sealed unsafe class ElementwiseStep<TFunction>(Value input, Value output, TFunction function) : Step(output, input)
    where TFunction : struct, IElementwise
{
    public override BackwardNeeds Needs => function.Needs;

    public override void Forward(in Chunk chunk)
    {
        TFunction f = function;
        Rows x = Inputs[0].Rows(Inputs[0].Data(chunk)), y = Output.Rows(Output.Data(chunk));
        for (int n = 0; n < chunk.Count; n++)
        {
            for (int r = 0; r < x.Count; r++)
            {
                float* from = x[n, r];
                float* to = y[n, r];
                for (int i = 0; i < x.Length; i++) to[i] = f.Apply(from[i]);
            }
        }
    }

    public override void Backward(in Chunk chunk)
    {
        TFunction f = function;
        bool needsInput = f.Needs.HasFlag(BackwardNeeds.Inputs), needsOutput = f.Needs.HasFlag(BackwardNeeds.Output);
        Rows gradient = Output.Rows(Output.Gradient(chunk)), result = Inputs[0].Rows(Inputs[0].Gradient(chunk));
        Rows x = needsInput ? Inputs[0].Rows(Inputs[0].Data(chunk)) : gradient;
        Rows y = needsOutput ? Output.Rows(Output.Data(chunk)) : gradient;
        for (int n = 0; n < chunk.Count; n++)
        {
            for (int r = 0; r < result.Count; r++)
            {
                float* g = gradient[n, r], xs = x[n, r], ys = y[n, r], to = result[n, r];
                for (int i = 0; i < result.Length; i++)
                {
                    float value = g[i] * f.Derivative(xs[i], ys[i]);
                    to[i] = Adds[0] ? to[i] + value : value;
                }
            }
        }
    }
}
