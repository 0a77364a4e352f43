namespace Recognizer.Inference.Imaging.Pages;

/// <summary>How wide characters are for their height: mean and standard deviation of log(width / height) by label, measured on the
/// training images of EMNIST; and which are as high as a line. Tells parts and pairs of characters from whole ones.</summary>
internal static class CharacterShape
{
    /// <summary>Digits, small letters with ascenders, and capitals other than those that are the small letter made larger.</summary>
    private const string Tall = "0123456789ABDEFGHIJKLNPQRTYbdfhklt";

    private const string Labels = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    // hundredths
    private static ReadOnlySpan<sbyte> Mean =>
    [
        -10, -89, -5, -20, -20, 0, -32, -29, -29, -41, -10, -13, 0, -10, 0, -20, -5, -10, -92, 0, -10, -23, 32, 10, 0, -32, -10, -5, -11, 9, 0,
        -15, 18, -20, -38, 10, 15, -45, 0, -29, 10, -29, -32, -45, -105, -53, -20, -101, 45, 5, 0, -20, -34, 0, -10, -29, 10, -6, 38, -11, -29, 20,
    ];

    private static ReadOnlySpan<byte> Deviation =>
    [
        21, 51, 20, 23, 23, 25, 22, 18, 21, 20, 23, 22, 24, 20, 22, 26, 20, 24, 51, 28, 20, 23, 26, 25, 17, 29, 19, 22, 20, 23, 21,
        18, 20, 20, 26, 21, 27, 25, 20, 27, 21, 26, 25, 25, 35, 29, 25, 58, 27, 21, 16, 23, 26, 22, 23, 27, 21, 18, 22, 22, 27, 26,
    ];

    /// <summary>Whether a label's width was measured; all others have one and the same shape.</summary>
    public static bool IsMeasured(string label) => IndexOf(label) >= 0;

    private static int IndexOf(string label) => label.Length == 1 ? Labels.IndexOf(label[0], StringComparison.Ordinal) : -1;

    /// <summary>−log of the density relative to its peak, at most 8.</summary>
    public static double Cost(string label, int width, int height)
    {
        double ratio = Math.Log(Math.Max(1, width) / (double)Math.Max(1, height));
        int index = IndexOf(label);
        double mean = index < 0 ? -0.15 : Mean[index] / 100.0, deviation = index < 0 ? 0.5 : Math.Max(0.25, Deviation[index] / 100.0 * 1.15);
        double z = (ratio - mean) / deviation;
        return Math.Min(8, 0.5 * z * z);
    }

    /// <summary>How unusually low a character is that is as high as a line: the square of the log of its height, at most 0.4. Parts that look like one are lower. A C may be a small
    /// c, as a network sees all characters in nearly the same size.</summary>
    /// <param name="label">The character.</param>
    /// <param name="height">Its height in those of the line's typical character.</param>
    public static double HeightCost(string label, double height)
    {
        const double Most = 0.4;
        if (height >= 1 || label.Length != 1 || !Tall.Contains(label[0], StringComparison.Ordinal)) return 0;
        double z = Math.Log(Math.Max(0.01, height));
        return Math.Min(Most, z * z);
    }
}
