namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Softmax or its logarithm along one axis inside the network (the final one belongs to the loss), row-major.</summary>
/// <param name="count">Size of the axis.</param>
/// <param name="inner">Product of the dimensions after it.</param>
internal sealed unsafe class SoftmaxStep(Value input, Value output, int count, int inner, bool logarithm) : Step(output, input)
{
    public override BackwardNeeds Needs => BackwardNeeds.Output;

    public override void Forward(in Chunk chunk)
    {
        float* x = Inputs[0].Data(chunk), y = Output.Data(chunk);
        int groups = chunk.Count * Output.Length / count;
        for (int k = 0; k < groups; k++)
        {
            int first = k / inner * inner * count + k % inner;
            float largest = float.NegativeInfinity;
            for (int i = 0; i < count; i++) largest = Math.Max(largest, x[first + i * inner]);
            double sum = 0;
            for (int i = 0; i < count; i++) sum += Math.Exp(x[first + i * inner] - largest);
            double logSum = Math.Log(sum);
            for (int i = 0; i < count; i++)
            {
                double log = x[first + i * inner] - largest - logSum;
                y[first + i * inner] = (float)(logarithm ? log : Math.Exp(log));
            }
        }
    }

    // softmax: dx = y (g − Σ g y); its logarithm: dx = g − exp(y) Σ g
    public override void Backward(in Chunk chunk)
    {
        float* y = Output.Data(chunk), gradient = Output.Gradient(chunk), result = Inputs[0].Gradient(chunk);
        int groups = chunk.Count * Output.Length / count;
        for (int k = 0; k < groups; k++)
        {
            int first = k / inner * inner * count + k % inner;
            double sum = 0;
            for (int i = 0; i < count; i++) sum += logarithm ? gradient[first + i * inner] : gradient[first + i * inner] * (double)y[first + i * inner];
            for (int i = 0; i < count; i++)
            {
                int at = first + i * inner;
                double value = logarithm ? gradient[at] - Math.Exp(y[at]) * sum : y[at] * (gradient[at] - sum);
                result[at] = Adds[0] ? result[at] + (float)value : (float)value;
            }
        }
    }
}
