namespace Recognizer.Inference.Evaluation;

/// <summary>Collects rows of scores and true labels into <see cref="MulticlassMetrics"/>. Classes of the model and of the data are
/// matched by their text.</summary>
/// <remarks>The prediction is the class with the largest score, the lower index where scores tie. A predicted label that the data
/// doesn't have counts as its other-case twin if the data has that one; with case ignored all labels are upper-cased. Where several
/// classes of the model fall together that way, their scores are added for log-loss and calibration, and the best-ranked one stands for
/// them in the top k.</remarks>
public sealed class MulticlassMetricsBuilder
{
    private const int CalibrationBins = 15;
    private const int TopK = 5;
    private const float Epsilon = 1e-15f;

    private readonly List<string> _labels = [];
    private readonly int[] _ofModelClass;
    private readonly int[] _ofDataClass;
    private readonly LabelMask? _mask; // null where every class of the model may be answered
    private readonly bool[] _allowedDataClass;
    private readonly bool _merged;

    private readonly long[,] _counts;
    private readonly long[] _support;
    private readonly double[] _classLogLoss;
    private readonly long[] _correctAtRank = new long[TopK];
    private readonly long[] _binCount = new long[CalibrationBins];
    private readonly long[] _binCorrect = new long[CalibrationBins];
    private readonly double[] _binConfidence = new double[CalibrationBins];
    private readonly float[] _scores;
    private readonly float[] _mergedScores;
    private long _skipped, _nonFinite, _unreadable, _unknown;

    /// <summary>Starts with no rows.</summary>
    /// <param name="modelLabels">Text of each class of the model, in the order of its scores.</param>
    /// <param name="dataLabels">Text of each class of the data; null for the model's own.</param>
    /// <param name="alphabet">Classes that may be answered; rows of other classes are skipped. Null allows all.</param>
    /// <param name="ignoreCase">Whether labels that differ by case only count as the same.</param>
    /// <exception cref="ArgumentException">The model has no labels, or none that is in the alphabet.</exception>
    public MulticlassMetricsBuilder(IReadOnlyList<string> modelLabels, IReadOnlyList<string>? dataLabels = null, Alphabet? alphabet = null, bool ignoreCase = false)
    {
        ArgumentNullException.ThrowIfNull(modelLabels);
        if (modelLabels.Count == 0) throw new ArgumentException("The model has no labels.", nameof(modelLabels));
        dataLabels ??= modelLabels;
        _mask = alphabet is not null && new LabelMask(modelLabels, alphabet) is var mask && mask.Count < modelLabels.Count ? mask : null;
        _allowedDataClass = [.. dataLabels.Select(label => alphabet?.Contains(label) ?? true)];

        var known = new HashSet<string>(dataLabels, StringComparer.Ordinal);
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        int Number(string label)
        {
            if (ignoreCase) label = label.ToUpperInvariant();
            if (!numbers.TryGetValue(label, out int number))
            {
                numbers[label] = number = _labels.Count;
                _labels.Add(label);
            }
            return number;
        }
        _ofDataClass = [.. dataLabels.Select(Number)];
        _ofModelClass = [.. modelLabels.Select(label => Number(known.Contains(label) ? label : OtherCase(label) is { } twin && known.Contains(twin) ? twin : label))];
        _merged = _ofModelClass.Distinct().Count() < _ofModelClass.Length;

        int classes = _labels.Count;
        _counts = new long[classes, classes];
        _support = new long[classes];
        _classLogLoss = new double[classes];
        _scores = new float[modelLabels.Count];
        _mergedScores = new float[classes];
    }

    /// <summary>Text of each row of the matrix: the data's labels, then what only the model knows.</summary>
    public IReadOnlyList<string> Labels => _labels;

    /// <summary>Adds a row.</summary>
    /// <param name="dataClass">Index of the true class among the data's labels.</param>
    /// <param name="scores">Probability of each class of the model.</param>
    /// <returns>Index among <see cref="Labels"/> of the prediction, or −1 where the row doesn't count.</returns>
    public int Add(int dataClass, ReadOnlySpan<float> scores) => Add(dataClass, scores, out _);

    /// <summary>Text in <see cref="Labels"/> of a class of the data.</summary>
    internal string LabelOf(int dataClass) => _labels[_ofDataClass[dataClass]];

    /// <summary>Adds a row and tells the probability of the prediction among what may be answered.</summary>
    internal int Add(int dataClass, ReadOnlySpan<float> scores, out float confidence)
    {
        confidence = 0;
        if (scores.Length != _scores.Length)
            throw new ArgumentException($"Expected {_scores.Length} scores, got {scores.Length}.", nameof(scores));
        ArgumentOutOfRangeException.ThrowIfNegative(dataClass);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(dataClass, _ofDataClass.Length);
        if (!_allowedDataClass[dataClass])
        {
            _skipped++;
            return -1;
        }
        foreach (float score in scores)
        {
            if (float.IsFinite(score)) continue;
            _nonFinite++;
            return -1;
        }

        scores.CopyTo(_scores);
        _mask?.Apply(_scores);
        int best = -1;
        for (int i = 0; i < _scores.Length; i++)
        {
            if (IsAllowed(i) && (best < 0 || _scores[i] > _scores[best])) best = i;
        }
        int actual = _ofDataClass[dataClass], predicted = _ofModelClass[best];
        bool correct = actual == predicted;

        if (_merged) Array.Clear(_mergedScores);
        bool modelKnows = false;
        float actualScore = 0;
        for (int i = 0; i < _scores.Length; i++)
        {
            if (_merged) _mergedScores[_ofModelClass[i]] += _scores[i];
            if (_ofModelClass[i] != actual || !IsAllowed(i)) continue;
            modelKnows = true;
            actualScore += _scores[i];
        }
        if (!modelKnows) _unknown++;
        confidence = _merged ? _mergedScores[predicted] : _scores[best];

        double logLoss = -Math.Log(Math.Min(1f, Math.Max(Epsilon, modelKnows ? actualScore : 0f)));
        _counts[actual, predicted]++;
        _support[actual]++;
        _classLogLoss[actual] += logLoss;
        int rank = correct ? 0 : modelKnows ? Rank(actual) : TopK;
        for (int k = rank; k < TopK; k++) _correctAtRank[k]++;
        int bin = Math.Clamp((int)(confidence * CalibrationBins), 0, CalibrationBins - 1);
        _binCount[bin]++;
        _binConfidence[bin] += confidence;
        if (correct) _binCorrect[bin]++;
        return predicted;
    }

    /// <summary>Adds a row for which there is no prediction; it counts as wrong.</summary>
    public void AddUnreadable(int dataClass)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dataClass);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(dataClass, _ofDataClass.Length);
        if (!_allowedDataClass[dataClass])
        {
            _skipped++;
            return;
        }
        _unreadable++;
        _support[_ofDataClass[dataClass]]++;
        _classLogLoss[_ofDataClass[dataClass]] -= Math.Log(Epsilon);
        _binCount[0]++;
    }

    /// <summary>The metrics of all rows so far.</summary>
    public MulticlassMetrics Build()
    {
        long count = _support.Sum();
        int classes = _labels.Count;
        long right = 0;
        double entropy = 0, macro = 0, macroVariance = 0, calibration = 0;
        int present = 0;
        var perClass = new ClassMetrics[classes];
        for (int c = 0; c < classes; c++)
        {
            long hits = _counts[c, c], answers = 0;
            for (int actual = 0; actual < classes; actual++) answers += _counts[actual, c];
            double precision = Ratio(hits, answers), recall = Ratio(hits, _support[c]);
            double f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
            perClass[c] = new ClassMetrics(_labels[c], precision, recall, f1, _support[c], _support[c] > 0 ? _classLogLoss[c] / _support[c] : 0);
            right += hits;
            if (_support[c] == 0) continue;
            present++;
            macro += recall;
            macroVariance += recall * (1 - recall) / _support[c];
            entropy -= (double)_support[c] / count * Math.Log((double)_support[c] / count);
        }
        for (int bin = 0; bin < CalibrationBins; bin++)
        {
            if (_binCount[bin] > 0) calibration += Math.Abs(_binCorrect[bin] - _binConfidence[bin]) / count;
        }
        double micro = Ratio(right, count), logLoss = count > 0 ? _classLogLoss.Sum() / count : double.NaN;
        return new MulticlassMetrics
        {
            Count = count,
            Skipped = _skipped,
            NonFinite = _nonFinite,
            Unreadable = _unreadable,
            Unknown = _unknown,
            MicroAccuracy = micro,
            StandardError = count > 0 ? Math.Sqrt(micro * (1 - micro) / count) : 0,
            MacroAccuracy = present > 0 ? macro / present : 0,
            MacroStandardError = present > 0 ? Math.Sqrt(macroVariance) / present : 0,
            LogLoss = logLoss,
            LogLossReduction = entropy > 0 ? (entropy - logLoss) / entropy : double.NaN,
            TopKAccuracy = [.. _correctAtRank.Select(hits => Ratio(hits, count))],
            ExpectedCalibrationError = count > 0 ? calibration : double.NaN,
            PerClass = perClass,
            ConfusionMatrix = new ConfusionMatrix(_labels.ToArray(), (long[,])_counts.Clone()),
        };
    }

    private static double Ratio(long part, long whole) => whole > 0 ? (double)part / whole : 0;

    private static string? OtherCase(string label)
    {
        string upper = label.ToUpperInvariant(), lower = label.ToLowerInvariant();
        return upper != label ? upper : lower != label ? lower : null;
    }

    private bool IsAllowed(int modelClass) => _mask?.Allows(modelClass) ?? true;

    // Rank of a label when the classes are put in descending order, ties to the lower index, and each label counts once.
    private int Rank(int actual)
    {
        int own = -1;
        for (int i = 0; i < _scores.Length; i++)
        {
            if (_ofModelClass[i] == actual && IsAllowed(i) && (own < 0 || _scores[i] > _scores[own])) own = i;
        }
        Span<bool> before = _labels.Count <= 1024 ? stackalloc bool[_labels.Count] : new bool[_labels.Count];
        before.Clear();
        int rank = 0;
        for (int i = 0; i < _scores.Length; i++)
        {
            if (!IsAllowed(i) || before[_ofModelClass[i]]) continue;
            if (_scores[i] > _scores[own] || (_scores[i] == _scores[own] && i < own))
            {
                before[_ofModelClass[i]] = true;
                rank++;
            }
        }
        return rank;
    }
}
