using Microsoft.ML;
using Microsoft.ML.Data;
using Recognizer.Inference.Evaluation;

namespace Recognizer.MLNet;

/// <summary>Measures recognized rows: with ML.NET's metrics, without what they leave out in silence, or with this library's, which are defined the same and have more.</summary>
public static class RecognizerEvaluation
{
    private const float SumTolerance = 1e-3f;

    /// <summary>ML.NET's multiclass metrics. Labels are matched to the classes by their text; a row that the evaluator would drop or mistake is an error.</summary>
    /// <param name="context">The context.</param>
    /// <param name="data">Rows with the columns below.</param>
    /// <param name="labelColumnName">Text column with the true label.</param>
    /// <param name="scoreColumnName">Vector column with the probability of each class.</param>
    /// <param name="predictedLabelColumnName">Key column with the prediction, whose values are the classes in the order of the scores.</param>
    /// <param name="topKPredictionCount">Most ranks to give the top-k accuracy for; no more than there are classes.</param>
    /// <exception cref="ArgumentException">A column is missing or of another type, or there are fewer classes than ranks.</exception>
    /// <exception cref="InvalidOperationException">A label is not one of the classes, a score is not a number, or a row's scores are not probabilities, 0 … 1 with a sum of 1
    /// (within 0.001), but logits, say.</exception>
    public static MulticlassClassificationMetrics Evaluate(MLContext context, IDataView data, string labelColumnName = "Label",
        string scoreColumnName = "Score", string predictedLabelColumnName = "PredictedLabel", int topKPredictionCount = 0)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(data);
        string[] labels = Labels(data.Schema, predictedLabelColumnName);
        if (topKPredictionCount > labels.Length)
            throw new ArgumentException($"There are {labels.Length} classes, no top {topKPredictionCount}.", nameof(topKPredictionCount));
        HashSet<string> known = new(labels, StringComparer.Ordinal);
        long rows = 0, unknown = 0, broken = 0;
        string firstUnknown = "";
        foreach ((string label, float[] scores) in Rows(data, labelColumnName, scoreColumnName, labels.Length))
        {
            if (!known.Contains(label) && unknown++ == 0) firstUnknown = label;
            if (!scores.All(float.IsFinite)) broken++;
            else if (scores.Any(score => score is < -SumTolerance or > 1 + SumTolerance) || Math.Abs(scores.Sum() - 1) > SumTolerance)
            {
                throw new InvalidOperationException(FormattableString.Invariant(
                    $"Row {rows}: the scores range from {scores.Min()} to {scores.Max()} and sum to {scores.Sum()}; expected probabilities, which are 0 … 1 and sum to 1. Logits need a softmax."));
            }
            rows++;
        }
        if (unknown > 0) throw new InvalidOperationException($"{unknown} of {rows} rows have a label, such as '{firstUnknown}', that is not one of the {labels.Length} classes.");
        if (broken > 0) throw new InvalidOperationException($"{broken} of {rows} rows have scores that are not numbers.");

        const string Key = "Recognizer.LabelKey";
        IDataView keyed = context.Transforms.Conversion.MapValueToKey(Key, labelColumnName, keyData: context.LabelKeys(labels)).Fit(data).Transform(data);
        MulticlassClassificationMetrics metrics = context.MulticlassClassification.Evaluate(keyed, Key, scoreColumnName, predictedLabelColumnName, topKPredictionCount);
        double counted = metrics.ConfusionMatrix.Counts.Sum(row => row.Sum());
        return counted == rows ? metrics : throw new InvalidOperationException($"ML.NET counted {counted} of {rows} rows.");
    }

    /// <summary>This library's metrics of the same rows: those of ML.NET, and F1, calibration error and standard errors.</summary>
    /// <param name="data">Rows with the columns below.</param>
    /// <param name="labelColumnName">Text column with the true label.</param>
    /// <param name="scoreColumnName">Vector column with the probability of each class.</param>
    /// <param name="predictedLabelColumnName">Key column whose values are the classes in the order of the scores.</param>
    /// <exception cref="ArgumentException">A column is missing or of another type.</exception>
    /// <exception cref="InvalidOperationException">A label is not one of the classes.</exception>
    public static MulticlassMetrics Measure(IDataView data, string labelColumnName = "Label", string scoreColumnName = "Score", string predictedLabelColumnName = "PredictedLabel")
    {
        ArgumentNullException.ThrowIfNull(data);
        string[] labels = Labels(data.Schema, predictedLabelColumnName);
        var builder = new MulticlassMetricsBuilder(labels);
        Dictionary<string, int> numbers = labels.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        long row = 0;
        foreach ((string label, float[] scores) in Rows(data, labelColumnName, scoreColumnName, labels.Length))
        {
            if (!numbers.TryGetValue(label, out int number)) throw new InvalidOperationException($"Row {row}: label '{label}' is not one of the {labels.Length} classes.");
            builder.Add(number, scores);
            row++;
        }
        return builder.Build();
    }

    private static IEnumerable<(string Label, float[] Scores)> Rows(IDataView data, string labelColumnName, string scoreColumnName, int classes)
    {
        DataViewSchema.Column label = Column(data.Schema, labelColumnName), score = Column(data.Schema, scoreColumnName);
        if (label.Type is not TextDataViewType) throw new ArgumentException($"Column '{labelColumnName}' is {label.Type}, expected text.", nameof(data));
        if (score.Type is not VectorDataViewType vector || vector.ItemType != NumberDataViewType.Single || (vector.Size > 0 && vector.Size != classes))
            throw new ArgumentException($"Column '{scoreColumnName}' is {score.Type}, expected Vector<Single, {classes}>.", nameof(data));
        using DataViewRowCursor cursor = data.GetRowCursor([label, score]);
        ValueGetter<ReadOnlyMemory<char>> getLabel = cursor.GetGetter<ReadOnlyMemory<char>>(label);
        ValueGetter<VBuffer<float>> getScores = cursor.GetGetter<VBuffer<float>>(score);
        ReadOnlyMemory<char> text = default;
        VBuffer<float> scores = default;
        while (cursor.MoveNext())
        {
            getLabel(ref text);
            getScores(ref scores);
            yield return (text.ToString(), [.. scores.DenseValues()]);
        }
    }

    private static DataViewSchema.Column Column(DataViewSchema schema, string name) =>
        schema.GetColumnOrNull(name) ?? throw new ArgumentException($"There is no column '{name}'.", nameof(schema));

    private static string[] Labels(DataViewSchema schema, string predictedLabelColumnName)
    {
        DataViewSchema.Column column = Column(schema, predictedLabelColumnName);
        if (column.Type is not KeyDataViewType || column.Annotations.Schema.GetColumnOrNull("KeyValues") is null)
            throw new ArgumentException($"Column '{predictedLabelColumnName}' is {column.Type}, expected a key whose values are the classes.", nameof(schema));
        VBuffer<ReadOnlyMemory<char>> labels = default;
        column.GetKeyValues(ref labels);
        return [.. labels.DenseValues().Select(label => label.ToString())];
    }
}
