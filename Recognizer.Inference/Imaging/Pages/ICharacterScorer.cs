namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Scores single characters; what <see cref="PageReader"/> and <see cref="FieldReader"/> read with. <see cref="CharacterRecognizer"/> is one.</summary>
public interface ICharacterScorer
{
    /// <summary>Text of each class, in the order of the scores.</summary>
    IReadOnlyList<string> Labels { get; }

    /// <summary>Layout that images must be in.</summary>
    NormalizerLayout Layout { get; }

    /// <summary>Probabilities of all classes.</summary>
    /// <param name="pixels">[count, 28, 28], upright, 0 = ground … 1 = ink.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">[count, classes], receives the probabilities.</param>
    void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities);

    /// <summary>The same, and the probability that there is one of the characters that may be answered. A pair of digits looks like some letter rather
    /// than like a digit, so that this tells characters from parts and pairs of them; 1 where it isn't known.</summary>
    /// <param name="pixels">[count, 28, 28], upright, 0 = ground … 1 = ink.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">[count, classes], receives the probabilities.</param>
    /// <param name="allowed">[count], receives the sum of the probabilities of the labels that may be answered, and of half of those that are written like them (0 and O), before the
    /// others were masked.</param>
    void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities, Span<float> allowed)
    {
        Score(pixels, count, probabilities);
        allowed.Fill(1);
    }
}
