namespace Recognizer.Training.Differentiation;

/// <summary>A loss on logits, row by row.</summary>
internal abstract class Loss
{
    /// <summary>Loss of one row and its gradient.</summary>
    /// <param name="row">Number of the image in the batch, to find its target.</param>
    /// <param name="logits">[classes].</param>
    /// <param name="gradient">[classes], receives ∂loss/∂logits of this row (not divided by the batch size).</param>
    /// <param name="correct">Whether the largest logit (ties to the lower index) is the target's.</param>
    /// <returns>The loss of this row in nats.</returns>
    public abstract double Evaluate(int row, ReadOnlySpan<float> logits, Span<float> gradient, out bool correct);
}
