namespace Recognizer.Inference.Imaging.Pages;

/// <summary>A character that was found and read.</summary>
/// <param name="Label">What it was read as.</param>
/// <param name="Confidence">Probability of that, given that it is one character, 0…1.</param>
/// <param name="Box">Where it is.</param>
public sealed record PageCharacter(string Label, float Confidence, BoundingBox Box)
{
    /// <summary>What it could be, most probable first: the label, and on a page others, <see cref="PageOptions.Top"/> in all.</summary>
    public IReadOnlyList<Candidate> Candidates { get; init; } = [new(Label, Confidence)];
}

/// <summary>Characters without a wide gap between them.</summary>
/// <param name="Characters">From left to right.</param>
public sealed record PageWord(IReadOnlyList<PageCharacter> Characters)
{
    /// <summary>The labels, one after the other.</summary>
    public string Text => string.Concat(Characters.Select(c => c.Label));

    /// <summary>The box around all characters; empty where there are none.</summary>
    public BoundingBox Box => BoundingBox.Around(Characters.Select(c => c.Box));

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}

/// <summary>A line of writing.</summary>
/// <param name="Words">From left to right.</param>
public sealed record PageLine(IReadOnlyList<PageWord> Words)
{
    /// <summary>The words, with a space between them.</summary>
    public string Text => string.Join(' ', Words.Select(w => w.Text));

    /// <summary>The box around all words; empty where there are none.</summary>
    public BoundingBox Box => BoundingBox.Around(Words.Select(w => w.Box));

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}

/// <summary>What was read on a picture.</summary>
/// <param name="Lines">From top to bottom.</param>
/// <param name="Skew">Degrees by which the writing rises (positive) or falls to the right.</param>
public sealed record PageResult(IReadOnlyList<PageLine> Lines, double Skew)
{
    /// <summary>How the page lies in the picture: what <see cref="PageOptions.Orientation"/> says, or what was found out.</summary>
    public PageOrientation Orientation { get; init; }

    /// <summary>The lines, each ended by a line feed but for the last.</summary>
    public string Text => string.Join('\n', Lines.Select(l => l.Text));

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}
