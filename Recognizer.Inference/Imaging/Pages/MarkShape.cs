using System.Globalization;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>What a mark usually looks like that the network doesn't know.</summary>
/// <param name="Alike">Labels that it is like; null where it may be like any.</param>
/// <param name="Ratio">log(width / height).</param>
/// <param name="Deviation">By how much that varies.</param>
/// <param name="Size">Longer side in heights of the line's typical character.</param>
/// <param name="IsToldByInk">Whether <see cref="SignShape"/> tells it from others with such a box.</param>
internal readonly record struct MarkShape(string? Alike, double Ratio = 0, double Deviation = 0.8, double Size = 0.9, bool IsToldByInk = false)
{
    public static MarkShape Of(string mark) => mark switch
    {
        "/" or "\\" or "(" or ")" or "[" or "]" or "!" => new("17CIJLcijl", -0.8, 0.5, 1.1),
        "|" => new("1IJijl", -1.8, 0.6, 1.1),
        "-" or "_" or "=" or "~" => new("", 1.2, 0.6, 0.5),
        "." or "," or "'" => new("", 0, 0.5, 0.2),
        ":" or ";" => new("", -1, 0.5, 0.6),
        "+" => new("tTfx4FXYd", IsToldByInk: true),
        "×" => new("xXkKyY4", IsToldByInk: true),
        "÷" => new(null, IsToldByInk: true),
        "#" => new("HAWNhK"),
        "*" => new("xXKHAtk"),
        "?" => new("73"),
        "€" => new("CEGce6"),
        "£" => new("EfLt"),
        "$" or "§" => new("Ss85B"),
        "%" => new("X8"),
        "&" => new("8BgRS"),
        "@" => new("QaO0"),
        "№" => new("N"),
        "¥" => new("Yy4"),
        "<" or "{" => new("CLcEt1"),
        ">" or "}" => new("7317"),
        // What ½, ✓ and letters that there is no label for are like isn't known
        _ => new(char.IsPunctuation(mark, 0) || CharUnicodeInfo.GetUnicodeCategory(mark, 0) == UnicodeCategory.CurrencySymbol ? "" : null),
    };

    /// <summary>How unusual a box's proportions are for it: −log of the density relative to its peak, at most 6.</summary>
    public double RatioCost(PixelBox box)
    {
        double z = (Math.Log((double)box.Width / box.Height) - Ratio) / Deviation;
        return Math.Min(6, 0.5 * z * z);
    }

    /// <summary>The same of a box's size.</summary>
    /// <param name="box">The box.</param>
    /// <param name="characterHeight">Height of the line's typical character.</param>
    public double SizeCost(PixelBox box, double characterHeight)
    {
        double size = Math.Max(box.Width, box.Height) / characterHeight, z = Math.Log(Math.Max(0.02, size) / Size) / 0.5;
        return Math.Min(6, 0.5 * z * z);
    }
}
