namespace Recognizer.Inference.Imaging.Pages;

/// <summary>A rectangle in pixels of the picture that was read.</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public readonly record struct BoundingBox(int Left, int Top, int Width, int Height)
{
    /// <summary>The least box with all of them in it; an empty one where there are none.</summary>
    internal static BoundingBox Around(IEnumerable<BoundingBox> boxes)
    {
        int left = int.MaxValue, top = int.MaxValue, right = int.MinValue, bottom = int.MinValue;
        foreach (var box in boxes)
        {
            left = Math.Min(left, box.Left);
            top = Math.Min(top, box.Top);
            right = Math.Max(right, box.Left + box.Width);
            bottom = Math.Max(bottom, box.Top + box.Height);
        }
        return right < left ? default : new(left, top, right - left, bottom - top);
    }
}

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
}

/// <summary>A line of writing.</summary>
/// <param name="Words">From left to right.</param>
public sealed record PageLine(IReadOnlyList<PageWord> Words)
{
    /// <summary>The words, with a space between them.</summary>
    public string Text => string.Join(' ', Words.Select(w => w.Text));

    /// <summary>The box around all words; empty where there are none.</summary>
    public BoundingBox Box => BoundingBox.Around(Words.Select(w => w.Box));
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
}

/// <summary>How a page lies in its picture.</summary>
public enum PageOrientation
{
    /// <summary>As it is read.</summary>
    Upright,

    /// <summary>On its right side: turned clockwise by 90°, its top to the right.</summary>
    Clockwise,

    /// <summary>On its head.</summary>
    UpsideDown,

    /// <summary>On its left side: turned counter-clockwise by 90°, its top to the left.</summary>
    CounterClockwise,

    /// <summary>Unknown: it is read in all four ways, and the one kept in which characters explain its ink best.</summary>
    Detect,
}

/// <summary>How a page is read.</summary>
public sealed record PageOptions
{
    /// <summary>Whether the ink is lighter or darker than the ground; found out where left out.</summary>
    public Polarity Polarity { get; init; } = Polarity.Detect;

    /// <summary>Candidates for each character of a page, at least 1; never more than there are classes. Default 5.</summary>
    public int Top { get; init; } = 5;

    /// <summary>Greatest skew that is looked for and corrected, in degrees, 0 to 30. Default 12.</summary>
    public double MaxSkew { get; init; } = 12;

    /// <summary>How the page lies in the picture, apart from its skew. <see cref="PageOrientation.Detect"/> takes four times as long, and needs several characters that aren't
    /// others on their head, as 6 and 9 are.</summary>
    public PageOrientation Orientation { get; init; }

    /// <summary>The options, or the defaults where there are none.</summary>
    /// <exception cref="ArgumentException">The orientation is none, or a number is out of its range.</exception>
    internal static PageOptions Checked(PageOptions? options)
    {
        if (options == null) return new();
        if (!Enum.IsDefined(options.Orientation)) throw new ArgumentException($"There is no orientation {options.Orientation}.", nameof(options));
        if (!Enum.IsDefined(options.Polarity)) throw new ArgumentException($"There is no polarity {options.Polarity}.", nameof(options));
        if (options.Top < 1) throw new ArgumentException($"Top is {options.Top}, expected at least 1.", nameof(options));
        if (options.MaxSkew is not (>= 0 and <= 30)) throw new ArgumentException($"MaxSkew is {options.MaxSkew}, expected 0 to 30 degrees.", nameof(options));
        return options;
    }
}
