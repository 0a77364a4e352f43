namespace Recognizer.Training.Differentiation;

/// <summary>−Σ t_k ln p_k with p = softmax(logits), for one target class per image. With label smoothing ε the target is
/// t = (1 − ε) · one-hot + ε / classes.</summary>
internal sealed class SoftmaxCrossEntropy : Loss
{
    private readonly Memory<int> _labels;
    private readonly float _smoothing;

    /// <param name="labels">Class of each image of the batch; read anew at every step, so that the caller may refill it.</param>
    /// <param name="smoothing">ε, from 0 (hard labels) to below 1.</param>
    public SoftmaxCrossEntropy(Memory<int> labels, float smoothing = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(smoothing);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(smoothing, 1);
        _labels = labels;
        _smoothing = smoothing;
    }

    public override double Evaluate(int row, ReadOnlySpan<float> logits, Span<float> gradient, out bool correct)
    {
        int label = _labels.Span[row];
        correct = Largest(logits) == label;
        double logSum = Softmax(logits, gradient);
        double loss = (1 - _smoothing) * (logSum - logits[label]);
        if (_smoothing > 0)
        {
            double mean = 0;
            foreach (float logit in logits) mean += logit;
            loss += _smoothing * (logSum - mean / logits.Length);
            float uniform = _smoothing / logits.Length;
            for (int k = 0; k < gradient.Length; k++) gradient[k] -= uniform;
        }
        gradient[label] -= 1 - _smoothing;
        return loss;
    }
}
