using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;

namespace Recognizer.Tests.Evaluation;

public class MulticlassMetricsTests
{
    private static readonly string[] Abc = ["a", "b", "c"];

    [Fact]
    public void Figures_follow_their_definitions()
    {
        var builder = new MulticlassMetricsBuilder(Abc);
        Assert.Equal(0, builder.Add(0, [0.7f, 0.2f, 0.1f]));
        Assert.Equal(0, builder.Add(0, [0.6f, 0.3f, 0.1f]));
        Assert.Equal(2, builder.Add(1, [0.1f, 0.4f, 0.5f]));
        Assert.Equal(1, builder.Add(1, [0.1f, 0.8f, 0.1f]));
        MulticlassMetrics metrics = builder.Build();

        Assert.Equal(4, metrics.Count);
        Assert.Equal(0.75, metrics.MicroAccuracy);
        Assert.Equal(Math.Sqrt(0.75 * 0.25 / 4), metrics.StandardError, 12);
        Assert.Equal((1 + 0.5) / 2, metrics.MacroAccuracy, 12);
        Assert.Equal(Math.Sqrt(0.5 * 0.5 / 2) / 2, metrics.MacroStandardError, 12);
        double logLoss = -(Math.Log(0.7f) + Math.Log(0.6f) + Math.Log(0.4f) + Math.Log(0.8f)) / 4;
        Assert.Equal(logLoss, metrics.LogLoss, 12);
        Assert.Equal((Math.Log(2) - logLoss) / Math.Log(2), metrics.LogLossReduction, 12);
        Assert.Equal([0.75, 1, 1, 1, 1], metrics.TopKAccuracy);
        Assert.Equal(1, metrics.ConfusionMatrix[1, 2]);
        Assert.Equal(0, metrics.PerClass[2].Precision);
        Assert.Equal(0, metrics.PerClass[2].Recall);
        Assert.Equal(1, metrics.PerClass[1].Precision);
        Assert.Equal(2 * 1 * 0.5 / 1.5, metrics.PerClass[1].F1, 12);
        Assert.Equal(-(Math.Log(0.4f) + Math.Log(0.8f)) / 2, metrics.PerClass[1].LogLoss, 12);
    }

    [Fact]
    public void Ties_go_to_the_lower_index_in_prediction_and_in_top_k()
    {
        string[] labels = [.. Enumerable.Range(0, 6).Select(i => i.ToString())];
        var builder = new MulticlassMetricsBuilder(labels);
        float[] even = [.. Enumerable.Repeat(1f / 6, 6)];
        for (int label = 0; label < 6; label++) Assert.Equal(0, builder.Add(label, even));
        Assert.Equal([1 / 6.0, 2 / 6.0, 3 / 6.0, 4 / 6.0, 5 / 6.0], builder.Build().TopKAccuracy);
    }

    [Fact]
    public void Certain_and_wrong_costs_the_clamped_log_loss()
    {
        var builder = new MulticlassMetricsBuilder(Abc);
        builder.Add(0, [0, 1, 0]);
        Assert.Equal(-Math.Log(1e-15f), builder.Build().LogLoss, 9);
    }

    [Fact]
    public void One_class_leaves_nothing_to_reduce()
    {
        var builder = new MulticlassMetricsBuilder(Abc);
        builder.Add(0, [0.7f, 0.2f, 0.1f]);
        builder.Add(0, [0.4f, 0.5f, 0.1f]);
        Assert.Equal(double.NaN, builder.Build().LogLossReduction);
    }

    [Fact]
    public void Rows_that_are_not_finite_are_counted_and_left_out()
    {
        var builder = new MulticlassMetricsBuilder(Abc);
        Assert.Equal(-1, builder.Add(0, [float.NaN, 0, 0]));
        Assert.Equal(-1, builder.Add(0, [0, float.PositiveInfinity, 0]));
        builder.Add(2, [0, 0, 1]);
        MulticlassMetrics metrics = builder.Build();
        Assert.Equal((1, 2, 1.0), (metrics.Count, metrics.NonFinite, metrics.MicroAccuracy));
        // They took their time all the same
        Assert.Equal(1.5, new EvaluationResult(metrics, TimeSpan.FromSeconds(2)).ImagesPerSecond);
    }

    [Fact]
    public void Without_rows_that_count_nothing_is_known()
    {
        var builder = new MulticlassMetricsBuilder(Abc);
        builder.Add(0, [float.NaN, 0, 0]);
        MulticlassMetrics metrics = builder.Build();
        Assert.Equal((double.NaN, double.NaN, double.NaN), (metrics.LogLoss, metrics.LogLossReduction, metrics.ExpectedCalibrationError));
    }

    [Fact]
    public void An_alphabet_masks_renormalises_and_skips()
    {
        var builder = new MulticlassMetricsBuilder(["1", "l", "I"], alphabet: Alphabet.Digits);
        Assert.Equal(0, builder.Add(0, [0.2f, 0.5f, 0.3f]));
        Assert.Equal(-1, builder.Add(1, [0.2f, 0.5f, 0.3f]));
        MulticlassMetrics metrics = builder.Build();
        Assert.Equal((1, 1, 1.0, 0.0), (metrics.Count, metrics.Skipped, metrics.MicroAccuracy, metrics.LogLoss));
    }

    [Fact]
    public void A_label_the_data_lacks_counts_as_its_other_case()
    {
        var builder = new MulticlassMetricsBuilder(["C", "c", "a"], ["C", "a"]);
        Assert.Equal(["C", "a"], builder.Labels);
        Assert.Equal(0, builder.Add(0, [0.2f, 0.7f, 0.1f]));
        // After the argmax: the single best class decides, not the sum of the twins.
        Assert.Equal(1, builder.Add(1, [0.3f, 0.3f, 0.4f]));
        MulticlassMetrics metrics = builder.Build();
        Assert.Equal(1, metrics.MicroAccuracy);
        Assert.Equal(-(Math.Log(0.2f + 0.7f) + Math.Log(0.4f)) / 2, metrics.LogLoss, 6);
    }

    [Fact]
    public void Ignoring_case_merges_rows_and_columns()
    {
        var builder = new MulticlassMetricsBuilder(["A", "a", "B"], ignoreCase: true);
        Assert.Equal(["A", "B"], builder.Labels);
        builder.Add(0, [0.1f, 0.8f, 0.1f]);
        builder.Add(1, [0.8f, 0.1f, 0.1f]);
        builder.Add(2, [0.1f, 0.8f, 0.1f]);
        MulticlassMetrics metrics = builder.Build();
        Assert.Equal((2, 1), (metrics.ConfusionMatrix[0, 0], metrics.ConfusionMatrix[1, 0]));
        Assert.Equal(["B"], metrics.ConfusionMatrix.WorstConfusions(5).Select(w => w.Actual));
    }

    [Fact]
    public void A_class_that_the_model_lacks_counts_as_wrong()
    {
        var builder = new MulticlassMetricsBuilder(["x", "y"], ["x", "ж"]);
        builder.Add(1, [0.9f, 0.1f]);
        MulticlassMetrics metrics = builder.Build();
        Assert.Equal(0, metrics.MicroAccuracy);
        Assert.Equal(-Math.Log(1e-15f), metrics.LogLoss, 9);
        Assert.All(metrics.TopKAccuracy, accuracy => Assert.Equal(0, accuracy));
    }

    [Fact]
    public void Unreadable_images_count_as_wrong()
    {
        var builder = new MulticlassMetricsBuilder(Abc);
        builder.Add(0, [1, 0, 0]);
        builder.AddUnreadable(0);
        MulticlassMetrics metrics = builder.Build();
        Assert.Equal((2, 1, 0.5, 0.5), (metrics.Count, metrics.Unreadable, metrics.MicroAccuracy, metrics.PerClass[0].Recall));
    }

    [Fact]
    public void Calibration_error_compares_confidence_with_accuracy_per_bin()
    {
        var builder = new MulticlassMetricsBuilder(["a", "b"]);
        for (int i = 0; i < 10; i++) builder.Add(i < 6 ? 0 : 1, [0.8f, 0.2f]);
        Assert.Equal(0.2, builder.Build().ExpectedCalibrationError, 6);
    }

    [Fact]
    public void Json_has_the_agreed_fields_and_no_NaN()
    {
        var builder = new MulticlassMetricsBuilder(Abc);
        builder.Add(0, [1, 0, 0]);
        using JsonDocument document = JsonDocument.Parse(Json(builder.Build()));
        JsonElement root = document.RootElement;
        foreach (string name in new[] { "count", "microAccuracy", "standardError", "macroAccuracy", "logLoss", "logLossReduction", "topKAccuracy", "expectedCalibrationError", "perClass", "confusionMatrix" })
            Assert.True(root.TryGetProperty(name, out _), name);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("logLossReduction").ValueKind);
        Assert.Equal(1, root.GetProperty("confusionMatrix").GetProperty("counts")[0][0].GetInt32());
        Assert.Equal("a", root.GetProperty("perClass")[0].GetProperty("label").GetString());
    }

    [Fact]
    public void Json_of_many_classes_is_not_a_line_for_each_count()
    {
        string[] labels = [.. Enumerable.Range(0, 1000).Select(k => $"{k}")];
        var builder = new MulticlassMetricsBuilder(labels);
        builder.Add(998, [.. new float[999], 1]);
        byte[] json = Json(builder.Build());
        Assert.InRange(json.Length, 1, 3_000_000);
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement counts = document.RootElement.GetProperty("confusionMatrix").GetProperty("counts");
        Assert.Equal((1000, 1000, 1, 0), (counts.GetArrayLength(), counts[999].GetArrayLength(), counts[998][999].GetInt32(), counts[999][998].GetInt32()));
    }

    private static byte[] Json(MulticlassMetrics metrics)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            metrics.WriteJson(writer);
            writer.WriteEndObject();
        }
        return stream.ToArray();
    }

    [Fact]
    public void Nothing_to_answer_is_refused()
    {
        Assert.Throws<ArgumentException>("modelLabels", () => new MulticlassMetricsBuilder([]));
        Assert.Throws<ArgumentException>("alphabet", () => new MulticlassMetricsBuilder(Abc, alphabet: Alphabet.Digits));
    }

    [Theory]
    [InlineData("digits", "7", true)]
    [InlineData("LETTERS", "g", true)]
    [InlineData("upper", "g", false)]
    [InlineData("äж", "ж", true)]
    [InlineData("äж", "a", false)]
    public void Alphabets_are_read_by_name_or_as_characters(string text, string label, bool contained) =>
        Assert.Equal(contained, Alphabet.Parse(text).Contains(label));
}
