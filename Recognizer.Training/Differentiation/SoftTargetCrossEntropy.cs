namespace Recognizer.Training.Differentiation;

/// <summary>−Σ t_k ln p_k with p = softmax(logits) and any distribution t as target, such as mixed-up labels or another model's
/// probabilities.</summary>
/// <param name="targets">[batch, classes], rows that sum to 1; read anew at every step, so that the caller may refill it.</param>
internal sealed class SoftTargetCrossEntropy(Memory<float> targets) : Loss
{
    public override double Evaluate(int row, ReadOnlySpan<float> logits, Span<float> gradient, out bool correct)
    {
        ReadOnlySpan<float> target = targets.Span.Slice(row * logits.Length, logits.Length);
        correct = Largest(logits) == Largest(target);
        double logSum = Softmax(logits, gradient);
        double loss = 0, total = 0;
        for (int k = 0; k < target.Length; k++)
        {
            loss += target[k] * (logSum - logits[k]);
            total += target[k];
        }
        for (int k = 0; k < target.Length; k++) gradient[k] = (float)total * gradient[k] - target[k];
        return loss;
    }
}
