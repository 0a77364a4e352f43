namespace Recognizer.Training.Differentiation;

/// <summary>−ln Σ_{k ∈ group} p_k with p = softmax(logits): for images of which only a group of possible classes is known, such as
/// a letter without its case.</summary>
/// <remarks>Gradient: p_k − p_k / Σ_{group} p inside the group, p_k outside.</remarks>
internal sealed class PartialLabelLoss : Loss
{
    private readonly Memory<int> _groups;
    private readonly int[][] _members;

    /// <param name="groups">Group of each image of the batch; read anew at every step, so that the caller may refill it.</param>
    /// <param name="members">Classes of each group.</param>
    public PartialLabelLoss(Memory<int> groups, IReadOnlyList<IReadOnlyList<int>> members)
    {
        _groups = groups;
        _members = [.. members.Select(m => m.ToArray())];
        if (_members.Any(m => m.Length == 0)) throw new ArgumentException("A group has no classes.", nameof(members));
    }

    public override double Evaluate(int row, ReadOnlySpan<float> logits, Span<float> gradient, out bool correct)
    {
        int[] group = _members[_groups.Span[row]];
        correct = Array.IndexOf(group, Largest(logits)) >= 0;
        double logSum = Softmax(logits, gradient);
        float largest = float.NegativeInfinity;
        foreach (int k in group) largest = Math.Max(largest, logits[k]);
        double sum = 0;
        foreach (int k in group) sum += Math.Exp(logits[k] - largest);
        foreach (int k in group) gradient[k] -= (float)(Math.Exp(logits[k] - largest) / sum);
        return logSum - (Math.Log(sum) + largest);
    }
}
