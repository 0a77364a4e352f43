using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>BatchNormalization: y = (x − mean[c]) / √(variance[c] + ε) · scale[c] + bias[c], channels on axis 1. In training mode mean and
/// (population) variance are those of the batch, and the running ones move towards them: r·momentum + batch·(1 − momentum).</summary>
internal sealed class BatchNormalization : FloatOperator
{
    protected override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0);
        x.RequireRank(node, 0, 1);
        if (node.Int("spatial", 1) != 1) OperatorInputs.Fail(node, "attribute 'spatial' is 0; only statistics per channel are supported");
        int channels = x.Rank > 1 ? x.Shape[1] : 1, images = x.Shape[0], plane = x.Rank > 2 ? Shapes.Count(x.Shape[2..]) : 1;
        ReadOnlySpan<T> input = x.Values<T>(node, 0);
        ReadOnlySpan<T> scale = inputs.Vector<T>(node, 1, channels), bias = inputs.Vector<T>(node, 2, channels);
        T[] mean = inputs.Vector<T>(node, 3, channels).ToArray(), variance = inputs.Vector<T>(node, 4, channels).ToArray();
        bool training = node.Int("training_mode", 0) != 0;
        var runningMean = (T[])mean.Clone();
        var runningVariance = (T[])variance.Clone();
        if (training)
        {
            T momentum = T.CreateTruncating(node.Float("momentum", 0.9f)), count = T.CreateTruncating((long)images * plane);
            for (int c = 0; c < channels; c++)
            {
                T sum = T.Zero, squares = T.Zero;
                for (int n = 0; n < images; n++)
                    foreach (T value in input.Slice((n * channels + c) * plane, plane)) sum += value;
                mean[c] = sum / count;
                for (int n = 0; n < images; n++)
                    foreach (T value in input.Slice((n * channels + c) * plane, plane)) squares += (value - mean[c]) * (value - mean[c]);
                variance[c] = squares / count;
                runningMean[c] = runningMean[c] * momentum + mean[c] * (T.One - momentum);
                runningVariance[c] = runningVariance[c] * momentum + variance[c] * (T.One - momentum);
            }
        }
        T epsilon = T.CreateTruncating(node.Float("epsilon", 1e-5f));
        T[] output = OperatorInputs.Allocate<T>(node, x.Shape);
        for (int i = 0; i < output.Length; i++)
        {
            int c = i / plane % channels;
            output[i] = (input[i] - mean[c]) / T.Sqrt(variance[c] + epsilon) * scale[c] + bias[c];
        }
        Tensor y = Tensor.Create(output, x.Shape);
        return training ? [y, Tensor.Create(runningMean, channels), Tensor.Create(runningVariance, channels)] : [y];
    }
}
