using Recognizer.Training.Differentiation.Kernels;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>y = a + b of two values of the same shape and layout, then max(0, y) where fused: the end of a residual block.</summary>
internal sealed unsafe class AddStep(Value a, Value b, Value output, bool relu) : Step(output, a, b)
{
    public override BackwardNeeds Needs => relu ? BackwardNeeds.Output : BackwardNeeds.None;

    public override void Forward(in Chunk chunk) => ElementwiseKernels.Add(Inputs[0].Rows(Inputs[0].Data(chunk)), Inputs[1].Rows(Inputs[1].Data(chunk)),
        Output.Rows(Output.Data(chunk)), relu ? 0 : float.NegativeInfinity, chunk.Count);

    public override void Backward(in Chunk chunk)
    {
        Rows gradient = Output.Rows(Output.Gradient(chunk));
        if (relu) ElementwiseKernels.MaskByOutput(Output.Rows(Output.Data(chunk)), gradient, chunk.Count);
        for (int side = 0; side < 2; side++)
        {
            if (!Inputs[side].NeedsGradient) continue;
            Rows result = Inputs[side].Rows(Inputs[side].Gradient(chunk));
            if (Adds[side])
            {
                ElementwiseKernels.Add(gradient, result, chunk.Count);
                continue;
            }
            for (int n = 0; n < chunk.Count; n++)
                for (int r = 0; r < result.Count; r++) new ReadOnlySpan<float>(gradient[n, r], result.Length).CopyTo(new Span<float>(result[n, r], result.Length));
        }
    }
}
