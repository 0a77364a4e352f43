namespace Recognizer.Training.Differentiation;

/// <summary>−Σ t_k ln p_k with p = softmax(logits + <see cref="Adjustment"/>).</summary>
/// <remarks>
/// <para>What an image is known to be makes the target t. A class is one-hot. A group of classes that it may have, such as a letter of unknown case, is
/// shared out as the network itself does, so that the loss is −ln Σ_{k ∈ group} p_k. An image that is no character has all classes equally.</para>
/// <para>Of that, label smoothing ε takes (1 − ε) · t + ε / classes, and a teacher's probabilities q with weight α take (1 − α) · t + α · q (Hinton
/// et al. 2015). The gradient is p − t throughout.</para>
/// </remarks>
internal sealed class SoftmaxCrossEntropy : Loss
{
    /// <summary>Label of an image that is no character.</summary>
    public const int NoCharacter = -1;

    private readonly Memory<int> _labels;
    private readonly float _smoothing;

    /// <param name="labels">Class of each image of the batch, or the number of classes plus that of a group, or <see cref="NoCharacter"/>; read anew at every
    /// step, so that the caller may refill it.</param>
    /// <param name="smoothing">ε, from 0 (hard labels) to below 1.</param>
    public SoftmaxCrossEntropy(Memory<int> labels, float smoothing = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(smoothing);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(smoothing, 1);
        _labels = labels;
        _smoothing = smoothing;
    }

    /// <summary>Classes of each group.</summary>
    public IReadOnlyList<int[]> Groups { get; init; } = [];

    /// <summary>[classes], added to all logits: ln of how much more often a class is met in training than in use, so that the logits themselves are
    /// right for the latter (Menon et al. 2021). Empty adds nothing.</summary>
    public ReadOnlyMemory<float> Adjustment { get; init; }

    /// <summary>[batch, classes], probabilities of a teacher, with the adjustment included; read anew at every step. Empty for none.</summary>
    public ReadOnlyMemory<float> Teacher { get; init; }

    /// <summary>α, 0 … 1.</summary>
    public float TeacherWeight { get; init; }

    /// <summary>[batch], images of which the labels say all and the teacher is not listened to; read anew at every step. Empty for none.</summary>
    public ReadOnlyMemory<bool> Untaught { get; init; }

    public override double Evaluate(int row, ReadOnlySpan<float> logits, Span<float> gradient, out bool correct)
    {
        if (Adjustment.IsEmpty) return EvaluateAdjusted(row, logits, gradient, out correct);
        Span<float> adjusted = stackalloc float[Adjustment.Length];
        for (int k = 0; k < adjusted.Length; k++) adjusted[k] = logits[k] + Adjustment.Span[k];
        return EvaluateAdjusted(row, adjusted, gradient, out correct);
    }

    private double EvaluateAdjusted(int row, ReadOnlySpan<float> logits, Span<float> gradient, out bool correct)
    {
        int label = _labels.Span[row], largest = Largest(logits);
        double logSum = Softmax(logits, gradient);
        double teaching = label == NoCharacter || Teacher.IsEmpty || (!Untaught.IsEmpty && Untaught.Span[row]) ? 0 : TeacherWeight;
        double smoothing = label == NoCharacter ? 1 : _smoothing;
        double loss = 0, hard = (1 - teaching) * (1 - smoothing);
        // Nothing is right for what has no class, but a network that isn't sure is not wrong.
        correct = label == NoCharacter && gradient[largest] < 0.5f;

        if (teaching > 0)
        {
            ReadOnlySpan<float> teacher = Teacher.Span.Slice(row * logits.Length, logits.Length);
            for (int k = 0; k < teacher.Length; k++)
            {
                loss += teaching * teacher[k] * (logSum - logits[k]);
                gradient[k] -= (float)teaching * teacher[k];
            }
        }
        if (smoothing > 0)
        {
            double share = (1 - teaching) * smoothing, mean = 0;
            foreach (float logit in logits) mean += logit;
            loss += share * (logSum - mean / logits.Length);
            float uniform = (float)(share / logits.Length);
            for (int k = 0; k < gradient.Length; k++) gradient[k] -= uniform;
        }
        if ((uint)label < (uint)logits.Length)
        {
            correct = largest == label;
            loss += hard * (logSum - logits[label]);
            gradient[label] -= (float)hard;
        }
        else if (label != NoCharacter)
        {
            int[] group = Groups[label - logits.Length];
            correct = Array.IndexOf(group, largest) >= 0;
            float highest = float.NegativeInfinity;
            foreach (int k in group) highest = Math.Max(highest, logits[k]);
            double sum = 0;
            foreach (int k in group) sum += Math.Exp(logits[k] - highest);
            foreach (int k in group) gradient[k] -= (float)(hard * Math.Exp(logits[k] - highest) / sum);
            loss += hard * (logSum - Math.Log(sum) - highest);
        }
        return loss;
    }
}
