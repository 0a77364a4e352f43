namespace Recognizer.Inference.Evaluation;

/// <summary>How often each class was taken for each other.</summary>
public sealed class ConfusionMatrix
{
    private readonly long[,] _counts;

    internal ConfusionMatrix(IReadOnlyList<string> labels, long[,] counts)
    {
        Labels = labels;
        _counts = counts;
    }

    /// <summary>Text of each row and column.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Rows of class <paramref name="actual"/> that were predicted as class <paramref name="predicted"/>.</summary>
    public long this[int actual, int predicted] => _counts[actual, predicted];

    /// <summary>The pairs of different classes, most frequent first.</summary>
    /// <param name="count">Most pairs to return.</param>
    public IReadOnlyList<(string Actual, string Predicted, long Count)> WorstConfusions(int count)
    {
        var pairs = new List<(string, string, long Count)>();
        for (int actual = 0; actual < Labels.Count; actual++)
        {
            for (int predicted = 0; predicted < Labels.Count; predicted++)
            {
                if (actual != predicted && _counts[actual, predicted] > 0)
                    pairs.Add((Labels[actual], Labels[predicted], _counts[actual, predicted]));
            }
        }
        return [.. pairs.OrderByDescending(p => p.Count).Take(count)];
    }
}
