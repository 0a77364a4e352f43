namespace Recognizer.Inference.Imaging.Pages;

/// <summary>A scorer whose labels and scores are of one model from the beginning of a reading to its end: of a <see cref="CharacterRecognizer"/>, whose model may be
/// replaced meanwhile, a snapshot; other scorers as they are.</summary>
internal readonly struct SteadyScorer : IDisposable
{
    private readonly CharacterRecognizer? _snapshot;

    public SteadyScorer(ICharacterScorer scorer)
    {
        _snapshot = (scorer as CharacterRecognizer)?.Snapshot();
        Scorer = _snapshot ?? scorer;
        Labels = Scorer.Labels;
        AlikeLabels = LookAlikes.Of(Labels);
        IsAlphanumeric = _snapshot?.IsAlphanumeric ?? Alphabet.AreAlphanumeric(Labels);
    }

    public ICharacterScorer Scorer { get; }

    public IReadOnlyList<string> Labels { get; }

    /// <summary><see cref="LookAlikes.Of"/> the labels.</summary>
    public int[][] AlikeLabels { get; }

    /// <summary>Whether all labels are Latin letters and digits.</summary>
    public bool IsAlphanumeric { get; }

    /// <summary>Whether a label is in the alphabet. Only a recogniser has one; other scorers may answer all they have.</summary>
    public bool Allows(int label) => _snapshot?.Allows(label) ?? true;

    public void Dispose() => _snapshot?.Dispose();
}
