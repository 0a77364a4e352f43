using System.Globalization;

namespace Recognizer.Training.Datasets;

/// <summary>The classes of a set whose rows carry their label as text.</summary>
internal static class LabelTable
{
    /// <summary>Whether a column of this name in a table's header holds labels.</summary>
    public static bool IsColumnName(string name) => name.ToUpperInvariant() is "LABEL" or "CLASS" or "TARGET" or "DIGIT";

    /// <summary>What may divide the fields of a table, the usual one first.</summary>
    public const string Separators = ",;\t";

    /// <summary>Where the field ends that begins at <paramref name="start"/>: at the next separator outside quotes, of which those inside a field are doubled. A quote that none
    /// closes is a character as any other.</summary>
    public static int FieldEnd(ReadOnlySpan<char> text, int start, char separator)
    {
        int first = start;
        while (first < text.Length && text[first] == ' ') first++;
        if (first < text.Length && text[first] == '"')
        {
            int quote = first + 1;
            while (quote < text.Length && (text[quote] != '"' || quote + 1 < text.Length && text[quote + 1] == '"')) quote += text[quote] == '"' ? 2 : 1;
            int next = quote + 1;
            while (next < text.Length && text[next] == ' ') next++;
            if (quote < text.Length && (next >= text.Length || text[next] == separator)) return Math.Min(next, text.Length);
        }
        int length = text[start..].IndexOf(separator);
        return length < 0 ? text.Length : start + length;
    }

    /// <summary>A field of a table without its quotes; what isn't one field in quotes stays as it is.</summary>
    public static string Unquote(string text) => IsQuoted(text) ? text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : text;

    /// <summary>Whether a text is one field in quotes, of which those inside it are doubled.</summary>
    public static bool IsQuoted(string text) => text.Length > 1 && text[0] == '"' && text[^1] == '"' && !text[1..^1].Replace("\"\"", "", StringComparison.Ordinal).Contains('"', StringComparison.Ordinal);

    /// <summary>Labels that are numbers written as floats (<c>5.0</c>, <c>1.5e+01</c>) as the whole numbers that they are; as they stand where one isn't.</summary>
    public static IReadOnlyList<string> WithoutFractions(IReadOnlyList<string> labels)
    {
        const double MostExact = 1L << 53;
        return labels.Any(l => l.AsSpan().ContainsAny(".eE")) && labels.All(l => Number(l) is var number && Math.Abs(number) <= MostExact && number == Math.Truncate(number))
            ? [.. labels.Select(l => ((long)Number(l)).ToString(CultureInfo.InvariantCulture))] : labels;

        static double Number(string label) => double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN;
    }

    /// <summary>The distinct texts, by number if all are whole numbers and else by code point, and the class of each row.</summary>
    /// <param name="source">Where the texts come from, as messages name it.</param>
    /// <param name="rows">The text of each row.</param>
    /// <exception cref="DatasetException">A text was the name of a folder that was not UTF-8; other labels may have become the same.</exception>
    public static (string[] Labels, int[] Classes) FromTexts(string source, IReadOnlyList<string> rows)
    {
        string[] labels = [.. rows.Distinct(StringComparer.Ordinal)];
        if (labels.FirstOrDefault(l => l.Contains('\uFFFD', StringComparison.Ordinal)) is { } broken)
            throw new DatasetException($"{source}: the label {broken} is not UTF-8; rename the folder, or pack the archive again with names in UTF-8.");
        if (labels.All(l => long.TryParse(l, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)))
            Array.Sort(labels, (a, b) => long.Parse(a, CultureInfo.InvariantCulture).CompareTo(long.Parse(b, CultureInfo.InvariantCulture)));
        else
            Array.Sort(labels, StringComparer.Ordinal);
        var number = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string label in labels)
            number.Add(label, number.Count);
        return (labels, [.. rows.Select(r => number[r])]);
    }
}
