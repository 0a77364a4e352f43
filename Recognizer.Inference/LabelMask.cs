namespace Recognizer.Inference;

/// <summary>An alphabet in terms of one model's classes.</summary>
internal sealed class LabelMask
{
    /// <summary>How much a class counts that is written like an allowed one: half, as the stroke that is an l more than a 1 may be neither.</summary>
    private const float AlikeWeight = 0.5f;

    private readonly bool[] _allowed;
    private readonly bool[] _alike;

    /// <exception cref="ArgumentException">None of the labels is in the alphabet.</exception>
    public LabelMask(IReadOnlyList<string> labels, Alphabet alphabet)
    {
        _allowed = [.. labels.Select(alphabet.Contains)];
        string[] allowed = [.. labels.Where(alphabet.Contains)];
        _alike = LookAlikes.OfAny(labels, allowed);
        Count = allowed.Length;
        if (Count == 0) throw new ArgumentException($"The model has none of the labels of the alphabet '{alphabet}'.", nameof(alphabet));
    }

    /// <summary>Number of classes that may be answered, at least 1.</summary>
    public int Count { get; }

    public bool Allows(int index) => _allowed[index];

    /// <summary>Sets the probabilities of all other classes to 0 and makes the rest sum to 1.</summary>
    /// <returns>What the rest, and half of the classes that are written like one of them, summed to before: the probability that there is one of the characters that may be answered,
    /// where these are all that there is.</returns>
    public float Apply(Span<float> probabilities)
    {
        float sum = 0, alike = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            alike += (_allowed[i] ? 1 : _alike[i] ? AlikeWeight : 0) * probabilities[i];
            if (_allowed[i]) sum += probabilities[i];
            else probabilities[i] = 0;
        }
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (_allowed[i]) probabilities[i] = sum > 0 ? probabilities[i] / sum : 1f / Count;
        }
        return alike;
    }
}
