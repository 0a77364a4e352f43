namespace Recognizer.Inference.Imaging.Pages;

/// <summary>How a page is read.</summary>
public sealed record PageOptions
{
    /// <summary>Whether the ink is lighter or darker than the ground; found out where left out.</summary>
    public Polarity Polarity { get; init; } = Polarity.Detect;

    /// <summary>Candidates for each character of a page, at least 1; never more than there are classes. Default 5. In a field each character has one, its own in the text.</summary>
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
