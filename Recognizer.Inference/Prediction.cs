namespace Recognizer.Inference;

/// <summary>A label and its probability.</summary>
/// <param name="Label">Text of the class.</param>
/// <param name="Confidence">Calibrated probability, 0 … 1, among the classes of the alphabet asked for.</param>
public readonly record struct Candidate(string Label, float Confidence);

/// <summary>What a character was read as.</summary>
public sealed class Prediction
{
    internal Prediction(Candidate[] candidates) => Candidates = candidates;

    /// <summary>The most probable label.</summary>
    public string Label => Candidates[0].Label;

    /// <summary>Probability of <see cref="Label"/>, 0 … 1.</summary>
    public float Confidence => Candidates[0].Confidence;

    /// <summary>The best labels, most probable first; where probabilities tie, in the model's order.</summary>
    public IReadOnlyList<Candidate> Candidates { get; }

    /// <summary>Label and confidence.</summary>
    public override string ToString() => $"{Label} ({100 * Confidence:0.0} %)";
}
