namespace Recognizer.Inference;

/// <summary>Characters that are written alike, or the same way in another size: each letter's cases, and some digits and letters.</summary>
internal static class LookAlikes
{
    private static readonly string[] Groups = ["0Oo", "1Ll|", "1Ii", "2Zz", "5Ss", "6b", "6G", "8B", "9g", "9q"];

    /// <summary>Characters that may be a single stroke, as parts of others are.</summary>
    private const string Strokes = "1IiLl|";

    /// <summary>Whether two labels are written alike.</summary>
    public static bool Are(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase)
        || a.Length == 1 && b.Length == 1 && Array.Exists(Groups, group => group.Contains(a[0], StringComparison.Ordinal) && group.Contains(b[0], StringComparison.Ordinal));

    /// <summary>Which labels are written like one of some others, or are among them.</summary>
    public static bool[] OfAny(IReadOnlyList<string> labels, IReadOnlyCollection<string> others)
    {
        var byLetters = new HashSet<string>(others, StringComparer.OrdinalIgnoreCase);
        string[] grouped = [.. others.Where(IsGrouped).Distinct()];
        return [.. labels.Select(label => byLetters.Contains(label) || IsGrouped(label) && Array.Exists(grouped, other => Are(label, other)))];
    }

    /// <summary>For each label the numbers of those that ink may as well be where it is surely one whole character: itself and what is written like it. A stroke stands
    /// alone: whichever of its names it is given, it may be a part of something else.</summary>
    public static int[][] Of(IReadOnlyList<string> labels)
    {
        var byLetters = Enumerable.Range(0, labels.Count).ToLookup(i => labels[i], StringComparer.OrdinalIgnoreCase);
        int[] grouped = [.. Enumerable.Range(0, labels.Count).Where(i => IsGrouped(labels[i]))];
        var alike = new int[labels.Count][];
        for (int i = 0; i < alike.Length; i++)
        {
            string label = labels[i];
            alike[i] = IsStroke(label) ? [i] : [.. byLetters[label].Union(grouped.Where(j => Are(label, labels[j]))).Where(j => j == i || !IsStroke(labels[j]))];
        }
        return alike;

        static bool IsStroke(string label) => label.Length == 1 && Strokes.Contains(label[0], StringComparison.Ordinal);
    }

    // Only labels of a group or with the same letters can be alike: alphabets of thousands are not compared label by label
    private static bool IsGrouped(string label) => label.Length == 1 && Array.Exists(Groups, group => group.Contains(label[0], StringComparison.Ordinal));
}
