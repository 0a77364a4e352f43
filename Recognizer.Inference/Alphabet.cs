namespace Recognizer.Inference;

/// <summary>A set of labels that an answer may have. Scores of all other classes are masked and the rest renormalised.</summary>
public sealed class Alphabet
{
    private static readonly Dictionary<string, Alphabet> ByName = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _labels;

    private Alphabet(string name, IEnumerable<string> labels)
    {
        Name = name;
        _labels = new HashSet<string>(labels, StringComparer.Ordinal);
    }

    /// <summary>0 … 9.</summary>
    public static Alphabet Digits { get; } = Named("digits", Range('0', '9'));

    /// <summary>A … Z.</summary>
    public static Alphabet Upper { get; } = Named("upper", Range('A', 'Z'));

    /// <summary>a … z.</summary>
    public static Alphabet Lower { get; } = Named("lower", Range('a', 'z'));

    /// <summary>A … Z and a … z.</summary>
    public static Alphabet Letters { get; } = Named("letters", Range('A', 'Z').Concat(Range('a', 'z')));

    /// <summary>0 … 9, A … Z and a … z.</summary>
    public static Alphabet Alphanumeric { get; } = Named("alphanumeric", Range('0', '9').Concat(Range('A', 'Z')).Concat(Range('a', 'z')));

    /// <summary>Name of a predefined alphabet, or the characters of a custom one.</summary>
    public string Name { get; }

    /// <summary>The labels.</summary>
    public IReadOnlyCollection<string> Labels => _labels;

    /// <summary>Whether a label may be answered.</summary>
    public bool Contains(string label) => _labels.Contains(label);

    /// <summary>Whether it is one of those that have a name.</summary>
    internal bool IsPredefined => ByName.ContainsValue(this);

    /// <summary>Whether all labels are Latin letters and digits.</summary>
    internal static bool AreAlphanumeric(IEnumerable<string> labels) => labels.All(Alphanumeric.Contains);

    /// <summary>An alphabet of any labels.</summary>
    /// <exception cref="ArgumentException">There is no label.</exception>
    public static Alphabet Of(IEnumerable<string> labels)
    {
        string[] all = [.. labels];
        if (all.Length == 0) throw new ArgumentException("An alphabet needs at least one label.", nameof(labels));
        return new Alphabet(string.Concat(all), all);
    }

    /// <summary>Reads <c>digits</c>, <c>upper</c>, <c>lower</c>, <c>letters</c>, <c>alphanumeric</c>, or takes the text's own characters
    /// (Unicode text elements) as the alphabet.</summary>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    public static Alphabet Parse(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (ByName.TryGetValue(text, out Alphabet? named)) return named;
        return Of(Elements(text));
    }

    /// <summary>The characters of a text, as people count them: Unicode text elements.</summary>
    internal static IEnumerable<string> Elements(string text)
    {
        var elements = System.Globalization.StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext()) yield return elements.GetTextElement();
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static Alphabet Named(string name, IEnumerable<string> labels) => ByName[name] = new Alphabet(name, labels);

    private static IEnumerable<string> Range(char first, char last)
    {
        for (char c = first; c <= last; c++) yield return c.ToString();
    }
}
