namespace Recognizer.Inference;

/// <summary>A label and its probability.</summary>
/// <param name="Label">Text of the class.</param>
/// <param name="Confidence">Calibrated probability, 0 … 1, among the classes of the alphabet asked for.</param>
public readonly record struct Candidate(string Label, float Confidence);

/// <summary>What a character was read as.</summary>
public sealed class Prediction
{
    private readonly Candidate[] _candidates;

    internal Prediction(Candidate[] candidates, float rejectionScore, bool isLikelyCharacter, float alphabetShare = 1)
    {
        _candidates = candidates;
        RejectionScore = rejectionScore;
        IsLikelyCharacter = isLikelyCharacter;
        AlphabetShare = alphabetShare;
    }

    /// <summary>The most probable label.</summary>
    public string Label => _candidates[0].Label;

    /// <summary>Probability of <see cref="Label"/>, 0 … 1.</summary>
    public float Confidence => _candidates[0].Confidence;

    /// <summary>The best labels, most probable first; where probabilities tie, in the model's order.</summary>
    public IReadOnlyList<Candidate> Candidates => _candidates;

    /// <summary>How little the picture looks like any character of the model, 0 … 1; 1 where there is no ink, and with models of letters and digits only where it is one round
    /// or oval spot. Confidence can't tell this: a network that must choose is often sure of a scribble. The score weighs what the network's outputs and the form of the ink say; the
    /// weights are the model's own where its metadata has <c>recognizer.rejection</c>.</summary>
    public float RejectionScore { get; }

    /// <summary>Whether <see cref="RejectionScore"/> is below the model's threshold.</summary>
    public bool IsLikelyCharacter { get; }

    /// <summary>Probability that the alphabet's labels had together among all the model's, 0 … 1; 1 where there is no alphabet. Neither <see cref="Confidence"/>, which is among the alphabet's
    /// labels only, nor <see cref="RejectionScore"/> tells that a character is none of them. Labels that are written like one of the alphabet's, as O and o are like 0, count half. With
    /// <c>characters-best-int8</c> and the alphabet of digits, 4 of 1,038 digits that were held back from training had less than 0.4, and so had 382 of 386 letters that are written like no digit.</summary>
    public float AlphabetShare { get; }

    /// <summary>Label and confidence.</summary>
    public override string ToString() => $"{Label} ({100 * Confidence:0.0} %)";
}
