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
}
