using System.Text;

namespace Recognizer.Training.Reports;

/// <summary>Labels within a line of text.</summary>
internal static class LabelText
{
    /// <summary>The label; one of a script that is written from right to left within U+2068 and U+2069, because it would change places with others beside it.</summary>
    public static string Isolate(string label) => label.EnumerateRunes().Any(IsRightToLeft) ? $"\u2068{label}\u2069" : label;

    // Where Unicode has these scripts, and the forms of their letters.
    private static bool IsRightToLeft(Rune rune) =>
        rune.Value is (>= 0x0590 and <= 0x08FF) or (>= 0xFB1D and <= 0xFDFF) or (>= 0xFE70 and <= 0xFEFF) or (>= 0x10800 and <= 0x10FFF) or (>= 0x1E800 and <= 0x1EFFF);
}
