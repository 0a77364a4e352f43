namespace Recognizer.Inference;

/// <summary>An alphabet in terms of one model's classes.</summary>
internal sealed class LabelMask
{
    private readonly bool[] _allowed;

    /// <exception cref="ArgumentException">None of the labels is in the alphabet.</exception>
    public LabelMask(IReadOnlyList<string> labels, Alphabet alphabet)
    {
        _allowed = [.. labels.Select(alphabet.Contains)];
        Count = _allowed.Count(a => a);
        if (Count == 0) throw new ArgumentException($"The model has none of the labels of the alphabet '{alphabet}'.", nameof(alphabet));
    }

    /// <summary>Number of classes that may be answered, at least 1.</summary>
    public int Count { get; }

    public bool Allows(int index) => _allowed[index];

    /// <summary>Sets the probabilities of all other classes to 0 and makes the rest sum to 1.</summary>
    /// <returns>What the rest summed to before.</returns>
    public float Apply(Span<float> probabilities)
    {
        float sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (_allowed[i]) sum += probabilities[i];
            else probabilities[i] = 0;
        }
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (_allowed[i]) probabilities[i] = sum > 0 ? probabilities[i] / sum : 1f / Count;
        }
        return sum;
    }
}
