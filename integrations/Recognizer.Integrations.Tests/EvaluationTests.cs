using Microsoft.ML;
using Microsoft.ML.Data;
using Recognizer.MLNet;
using Xunit;

namespace Recognizer.Integrations.Tests;

/// <summary>Our metrics against ML.NET's, of the same scores.</summary>
public class EvaluationTests
{
    private static readonly string[] s_labels = ["a", "b", "c", "d", "e", "f", "g"];
    private readonly MLContext _context = new(seed: 0);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Metrics_equal_ml_nets(int seed)
    {
        var random = new Random(seed);
        // Coarse scores tie often; two classes never occur; zeros meet the clamp of the log-loss.
        IDataView rows = Rows(Enumerable.Range(0, 500).Select(_ =>
        {
            int[] weights = [.. s_labels.Select(_ => random.Next(4))];
            if (weights.All(weight => weight == 0)) weights[0] = 1;
            float sum = weights.Sum();
            return (s_labels[random.Next(5)], weights.Select(weight => weight / sum).ToArray());
        }));
        var output = new StringWriter();
        double difference = EvaluateCommand.CompareMetrics(_context, rows, output);
        Assert.True(difference <= 1e-9, $"{difference}\n{output}");
    }

    [Fact]
    public void One_class_alone_is_measured_alike()
    {
        IDataView rows = Rows([("b", [0.1f, 0.5f, 0.1f, 0.1f, 0.1f, 0.05f, 0.05f]), ("b", [1, 0, 0, 0, 0, 0, 0])]);
        var output = new StringWriter();
        double difference = EvaluateCommand.CompareMetrics(_context, rows, output);
        Assert.True(difference <= 1e-9, $"{difference}\n{output}");
    }

    [Fact]
    public void What_ml_net_would_leave_out_is_an_error()
    {
        IDataView unknown = Rows([("a", [1, 0, 0, 0, 0, 0, 0]), ("z", [1, 0, 0, 0, 0, 0, 0])]);
        Assert.Contains("1 of 2 rows", Assert.Throws<InvalidOperationException>(() => RecognizerEvaluation.Evaluate(_context, unknown)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => RecognizerEvaluation.Measure(unknown));
        IDataView broken = Rows([("a", [1, 0, 0, 0, 0, 0, 0]), ("b", [float.NaN, 0, 0, 0, 0, 0, 0]), ("c", [1, 0, 0, 0, 0, 0, 0])]);
        Assert.Contains("1 of 3 rows", Assert.Throws<InvalidOperationException>(() => RecognizerEvaluation.Evaluate(_context, broken)).Message, StringComparison.Ordinal);
        Assert.Equal(1, RecognizerEvaluation.Measure(broken).NonFinite);
        Assert.Throws<ArgumentException>(() => RecognizerEvaluation.Evaluate(_context, unknown, topKPredictionCount: 8));
    }

    [Fact]
    public void Scores_that_are_no_probabilities_are_refused()
    {
        (string, float[]) sound = ("a", [0.4f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f]);
        foreach (float[] scores in new float[][]
        {
            [9, -3, 0, 1, 2, 0, 0],                             // logits
            [2, -0.2f, -0.2f, -0.2f, -0.2f, -0.2f, 0],          // a sum of 1 by chance
            [-0.7f, -2, -3, -3, -4, -4, -5],                    // logarithms
            [0.9f, 0.8f, 0.1f, 0, 0, 0, 0],                     // one sigmoid per class
            [0, 0, 0, 0, 0, 0, 0],
        })
        {
            string message = Assert.Throws<InvalidOperationException>(() => RecognizerEvaluation.Evaluate(_context, Rows([sound, ("b", scores)]))).Message;
            Assert.Contains("Row 1", message, StringComparison.Ordinal);
            Assert.Contains("probabilities", message, StringComparison.Ordinal);
        }
        IDataView infinite = Rows([sound, ("b", [float.PositiveInfinity, 0, 0, 0, 0, 0, 0])]);
        Assert.Contains("1 of 2 rows", Assert.Throws<InvalidOperationException>(() => RecognizerEvaluation.Evaluate(_context, infinite)).Message, StringComparison.Ordinal);
        // What single precision leaves of a softmax is no error.
        IDataView rounded = Rows([sound, ("b", [0.3998f, 0.1001f, 0.1001f, 0.1f, 0.1f, 0.1f, 0.0995f])]);
        Assert.Equal(2, RecognizerEvaluation.Evaluate(_context, rounded).ConfusionMatrix.Counts.Sum(row => row.Sum()));
    }

    [Fact]
    public void Columns_of_other_types_are_refused()
    {
        IDataView rows = Rows([("a", [1, 0, 0, 0, 0, 0, 0]), ("", [1, 0, 0, 0, 0, 0, 0])]);
        Assert.Contains("1 of 2 rows", Assert.Throws<InvalidOperationException>(() => RecognizerEvaluation.Evaluate(_context, rows)).Message, StringComparison.Ordinal);
        // A key is numbered as it likes, and a text is no score.
        foreach ((string label, string score, string predicted, string named) in new[]
        {
            ("PredictedLabel", "Score", "PredictedLabel", "PredictedLabel"), ("Score", "Score", "PredictedLabel", "Score"), ("Label", "Label", "PredictedLabel", "Label"),
            ("Label", "Score", "Predicted", "Predicted"), ("Text", "Score", "PredictedLabel", "Text"), ("Label", "Score", "Key", "Key"),
        })
        {
            Assert.Contains($"'{named}'", Assert.Throws<ArgumentException>(() => RecognizerEvaluation.Evaluate(_context, rows, label, score, predicted)).Message, StringComparison.Ordinal);
            Assert.Contains($"'{named}'", Assert.Throws<ArgumentException>(() => RecognizerEvaluation.Measure(rows, label, score, predicted)).Message, StringComparison.Ordinal);
        }
        IDataView fewer = _context.Transforms.Conversion.MapValueToKey("PredictedLabel", "Predicted", keyData: _context.LabelKeys(s_labels[..5])).Fit(rows).Transform(rows);
        Assert.Contains("Vector<Single, 5>", Assert.Throws<ArgumentException>(() => RecognizerEvaluation.Evaluate(_context, fewer)).Message, StringComparison.Ordinal);
    }

    private IDataView Rows(IEnumerable<(string Label, float[] Scores)> rows)
    {
        IDataView data = _context.Data.LoadFromEnumerable(rows.Select(row => new Row { Label = row.Label, Score = row.Scores, Predicted = s_labels[Array.IndexOf(row.Scores, row.Scores.Max())] }).ToArray());
        return _context.Transforms.Conversion.MapValueToKey("PredictedLabel", "Predicted", keyData: _context.LabelKeys(s_labels)).Fit(data).Transform(data);
    }

    private sealed class Row
    {
        public string Label { get; set; } = "";

        public string Predicted { get; set; } = "";

        [VectorType(7)]
        public float[] Score { get; set; } = [];
    }
}
