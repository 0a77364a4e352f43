namespace Recognizer.Inference.Evaluation;

/// <summary>How well a score tells two groups apart.</summary>
public static class RocCurve
{
    /// <summary>Area under the receiver operating characteristic: the probability that a positive has a higher score than a negative, ties
    /// counting half (the statistic of Mann and Whitney, exact by ranks).</summary>
    /// <param name="negatives">Scores of the group that should score low, such as characters in a rejection score.</param>
    /// <param name="positives">Scores of the group that should score high.</param>
    /// <returns>0 … 1; 0.5 where the score says nothing.</returns>
    /// <exception cref="ArgumentException">A group is empty, or a score is NaN.</exception>
    public static double Area(ReadOnlySpan<float> negatives, ReadOnlySpan<float> positives)
    {
        if (negatives.IsEmpty || positives.IsEmpty) throw new ArgumentException("Both groups need at least one score.");
        float[] low = [.. negatives], high = [.. positives];
        if (low.Any(float.IsNaN) || high.Any(float.IsNaN)) throw new ArgumentException("A score is not a number.");
        Array.Sort(low);
        Array.Sort(high);
        // Twice the number of pairs won, in whole numbers: for each positive, the negatives below it and those not above it.
        long doubled = 0;
        int below = 0, notAbove = 0;
        foreach (float score in high)
        {
            while (below < low.Length && low[below] < score) below++;
            while (notAbove < low.Length && low[notAbove] <= score) notAbove++;
            doubled += below + notAbove;
        }
        return doubled / (2.0 * low.Length * high.Length);
    }
}
