namespace Recognizer.Inference;

/// <summary>An alphabet in terms of one model's classes.</summary>
internal sealed class LabelMask
{
    /// <summary>How much a class counts that is written like an allowed one: half, as the stroke that is an l more than a 1 may be neither.</summary>
    private const float AlikeWeight = 0.5f;

    /// <summary>Where the allowed classes' probabilities sum to less, they are too close to the smallest float to tell which is the largest.</summary>
    private const float LeastSum = 1e-20f;

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
    /// <param name="probabilities">[classes].</param>
    /// <param name="logarithms">[classes], the probabilities' logarithms, give or take what is the same for all; or empty where they aren't known.</param>
    /// <returns>What the rest, and half of the classes that are written like one of them, summed to before: the probability that there is one of the characters that may be answered,
    /// where these are all that there is.</returns>
    public float Apply(Span<float> probabilities, ReadOnlySpan<float> logarithms = default)
    {
        float sum = 0, alike = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            probabilities[i] = RecognizerModel.Known(probabilities[i], probabilities.Length);
            alike += (_allowed[i] ? 1 : _alike[i] ? AlikeWeight : 0) * probabilities[i];
            if (_allowed[i]) sum += probabilities[i];
            else probabilities[i] = 0;
        }
        if (sum < LeastSum && !logarithms.IsEmpty)
        {
            float largest = float.NegativeInfinity;
            for (int i = 0; i < logarithms.Length; i++)
                if (_allowed[i]) largest = Math.Max(largest, logarithms[i]);
            sum = 0;
            for (int i = 0; i < logarithms.Length; i++)
                if (_allowed[i]) sum += probabilities[i] = MathF.Exp(logarithms[i] - largest);
        }
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (_allowed[i]) probabilities[i] = sum > 0 ? probabilities[i] / sum : 1f / Count;
        }
        return alike;
    }
}
