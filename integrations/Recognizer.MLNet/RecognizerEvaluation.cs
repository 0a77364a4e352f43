using Microsoft.ML;
using Microsoft.ML.Data;
using Recognizer.Inference.Evaluation;

namespace Recognizer.MLNet;

/// <summary>Measures recognized rows: with ML.NET's metrics, without what they leave out in silence, or with this library's, which are defined the same and have more.</summary>
public static class RecognizerEvaluation
{
    /// <summary>ML.NET's multiclass metrics. Labels are matched to the classes by their text; a row that the evaluator would drop is an error.</summary>
    /// <param name="context">The context.</param>
    /// <param name="data">Rows with the columns below.</param>
    /// <param name="labelColumnName">Text column with the true label.</param>
    /// <param name="scoreColumnName">Vector column with the probability of each class.</param>
    /// <param name="predictedLabelColumnName">Key column with the prediction, whose values are the classes in the order of the scores.</param>
    /// <param name="topKPredictionCount">Most ranks to give the top-k accuracy for; no more than there are classes.</param>
    /// <exception cref="ArgumentException">A column is missing or of another type, or there are fewer classes than ranks.</exception>
    /// <exception cref="InvalidOperationException">A label is not one of the classes, or a score is not a number.</exception>
    public static MulticlassClassificationMetrics Evaluate(MLContext context, IDataView data, string labelColumnName = "Label",
        string scoreColumnName = "Score", string predictedLabelColumnName = "PredictedLabel", int topKPredictionCount = 0)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(data);
        string[] labels = Labels(data.Schema, predictedLabelColumnName);
        if (topKPredictionCount > labels.Length)
            throw new ArgumentException($"There are {labels.Length} classes, no top {topKPredictionCount}.", nameof(topKPredictionCount));
        const string Key = "Recognizer.LabelKey";
        IDataView keyed = context.Transforms.Conversion.MapValueToKey(Key, labelColumnName, keyData: context.LabelKeys(labels)).Fit(data).Transform(data);
        long rows = 0, unknown = 0;
        using (DataViewRowCursor cursor = keyed.GetRowCursor([keyed.Schema[Key]]))
        {
            ValueGetter<uint> getKey = cursor.GetGetter<uint>(keyed.Schema[Key]);
            uint key = 0;
            for (; cursor.MoveNext(); rows++)
            {
                getKey(ref key);
                if (key == 0) unknown++;
            }
        }
        if (unknown > 0) throw new InvalidOperationException($"{unknown} of {rows} rows have a label that is not one of the {labels.Length} classes.");
        MulticlassClassificationMetrics metrics = context.MulticlassClassification.Evaluate(keyed, Key, scoreColumnName, predictedLabelColumnName, topKPredictionCount);
        double counted = metrics.ConfusionMatrix.Counts.Sum(row => row.Sum());
        return counted == rows ? metrics : throw new InvalidOperationException($"{rows - counted} of {rows} rows have scores that are not numbers.");
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
        DataViewSchema.Column label = Column(data.Schema, labelColumnName), score = Column(data.Schema, scoreColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor([label, score]);
        ValueGetter<ReadOnlyMemory<char>> getLabel = cursor.GetGetter<ReadOnlyMemory<char>>(label);
        ValueGetter<VBuffer<float>> getScores = cursor.GetGetter<VBuffer<float>>(score);
        ReadOnlyMemory<char> text = default;
        VBuffer<float> scores = default;
        while (cursor.MoveNext())
        {
            getLabel(ref text);
            getScores(ref scores);
            if (!numbers.TryGetValue(text.ToString(), out int number))
                throw new InvalidOperationException($"Row {cursor.Position}: label '{text}' is not one of the {labels.Length} classes.");
            builder.Add(number, [.. scores.DenseValues()]);
        }
        return builder.Build();
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
