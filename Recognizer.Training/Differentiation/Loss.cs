namespace Recognizer.Training.Differentiation;

/// <summary>A loss on logits, row by row.</summary>
internal abstract class Loss
{
    /// <summary>Loss of one row and its gradient. Called from several threads at once for different rows.</summary>
    /// <param name="row">Number of the image in the batch, to find its target.</param>
    /// <param name="logits">[classes].</param>
    /// <param name="gradient">[classes], receives ∂loss/∂logits of this row (not divided by the batch size).</param>
    /// <param name="correct">Whether the largest logit (ties to the lower index) is the target's.</param>
    /// <returns>The loss of this row in nats.</returns>
    public abstract double Evaluate(int row, ReadOnlySpan<float> logits, Span<float> gradient, out bool correct);

    /// <summary>Writes the softmax of a row and returns ln Σ exp(logit), both computed with the largest logit taken out so that nothing
    /// overflows.</summary>
    protected static double Softmax(ReadOnlySpan<float> logits, Span<float> probabilities)
    {
        float largest = logits[Largest(logits)];
        double sum = 0;
        for (int k = 0; k < logits.Length; k++)
        {
            float e = MathF.Exp(logits[k] - largest);
            probabilities[k] = e;
            sum += e;
        }
        float scale = (float)(1 / sum);
        for (int k = 0; k < logits.Length; k++) probabilities[k] *= scale;
        return Math.Log(sum) + largest;
    }

    /// <summary>Index of the largest element, the lowest one among equals.</summary>
    internal static int Largest(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int k = 1; k < values.Length; k++)
            if (values[k] > values[best]) best = k;
        return best;
    }
}
