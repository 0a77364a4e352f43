using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Training.Differentiation.Kernels;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>MaxPool of 2×2 pixels with stride 2 and no padding. Where its input is the result of ReLU that nobody else reads, the gradient
/// that it hands back is already zero where ReLU's derivative is.</summary>
internal sealed unsafe class MaxPool2x2Step : Step
{
    private readonly bool _afterRelu;
    private readonly Value _choices;

    public MaxPool2x2Step(Value input, Value output, bool afterRelu) : base(output, input)
    {
        _afterRelu = afterRelu;
        _choices = output.BesideElements();
        Kept = [_choices];
    }

    public override void Forward(in Chunk chunk)
    {
        Operation operation = new()
        {
            Images = chunk.Count, X = PixelGrid.Of(Inputs[0], Inputs[0].Data(chunk)), Y = PixelGrid.Of(Output, Output.Data(chunk)),
            Choices = _choices.Data(chunk), ChoiceStride = _choices.Length, Relu = _afterRelu, IsForward = true,
        };
        Dispatch(ref operation);
    }

    public override void Backward(in Chunk chunk)
    {
        Operation operation = new()
        {
            Images = chunk.Count, X = PixelGrid.Of(Inputs[0], Inputs[0].Gradient(chunk)), Y = PixelGrid.Of(Output, Output.Gradient(chunk)),
            Choices = _choices.Data(chunk), ChoiceStride = _choices.Length, Add = Adds[0],
        };
        Dispatch(ref operation);
    }

    // A single channel is stored without padding.
    private static void Dispatch(ref Operation operation) =>
        InstructionSet.Dispatch(operation.X.PixelStride == 1 ? SimdLevel.Scalar : InstructionSet.Current, ref operation);

    private struct Operation : ISimdOperation
    {
        public int Images, ChoiceStride;
        public PixelGrid X, Y;
        public float* Choices;
        public bool Relu, Add, IsForward;

        public readonly void Run<T>() where T : unmanaged, ISimd<T>
        {
            for (int n = 0; n < Images; n++)
            {
                float* choices = Choices + (long)n * ChoiceStride;
                if (IsForward) MaxPool2x2Kernels.Forward<T>(X, Y, n, Relu, choices);
                else MaxPool2x2Kernels.Backward<T>(X, Y, n, choices, Add);
            }
        }
    }
}
