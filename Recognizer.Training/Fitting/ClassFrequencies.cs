namespace Recognizer.Training.Fitting;

/// <summary>How often classes are met in use, where the training images have another mix.</summary>
internal static class ClassFrequencies
{
    /// <summary>Reads frequencies by text.</summary>
    /// <param name="frequencies">Counts or shares by class; null for those of the training images.</param>
    /// <param name="labels">Text of each class.</param>
    /// <param name="name">What to call them where one is missing.</param>
    /// <returns>Shares that sum to 1, or null.</returns>
    /// <exception cref="FormatException">A class has no frequency above 0.</exception>
    public static double[]? Of(IReadOnlyDictionary<string, double>? frequencies, IReadOnlyList<string> labels, string name = "classFrequencies")
    {
        if (frequencies is null) return null;
        double[] shares = [.. labels.Select(label => frequencies.TryGetValue(label, out double count) && count > 0 && double.IsFinite(count)
            ? count : throw new FormatException($"{name} has no number above 0 for '{label}'"))];
        double sum = shares.Sum();
        return Array.ConvertAll(shares, s => s / sum);
    }

    /// <summary>ln(share among images / share in use) of each class, or none where that is the mix of the images; where a class has no images its logit is left alone.</summary>
    public static float[] Adjustment(double[] images, double[]? use) => use is null ? [] : [.. images.Zip(use, (i, u) => i > 0 ? (float)Math.Log(i / u) : 0)];
}
