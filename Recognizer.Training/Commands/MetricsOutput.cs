using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;
using static System.FormattableString;

namespace Recognizer.Training.Commands;

/// <summary>How results of <c>train</c> and <c>evaluate</c> are written.</summary>
internal static class MetricsOutput
{
    /// <summary>Writes the properties that both commands have in common.</summary>
    /// <param name="writer">Within an object.</param>
    /// <param name="model">Name of the model.</param>
    /// <param name="data">The data set.</param>
    /// <param name="split">Part of it; where it has none, all its images count as this one.</param>
    /// <param name="alphabet">Classes that could be answered; null for all.</param>
    /// <param name="ignoreCase">Whether labels that differ by case only counted as the same.</param>
    /// <param name="evaluation">The figures.</param>
    public static void WriteJson(Utf8JsonWriter writer, string model, Dataset data, string split, Alphabet? alphabet, bool ignoreCase, ModelEvaluation evaluation)
    {
        writer.WriteString("model", model);
        writer.WriteString("dataset", data.Name);
        writer.WriteString("split", split);
        writer.WriteBoolean("isWhole", data.IsWhole);
        writer.WriteString("alphabet", alphabet?.Name);
        writer.WriteBoolean("ignoreCase", ignoreCase);
        evaluation.Metrics.WriteJson(writer);
        writer.WriteNumber("seconds", Math.Round(evaluation.Seconds, 4));
        writer.WriteNumber("imagesPerSecond", Math.Round(evaluation.ImagesPerSecond, 1));
    }

    /// <summary>A few lines for people.</summary>
    /// <param name="output">Where they go.</param>
    /// <param name="measured">What was measured, such as "test split of mnist".</param>
    /// <param name="evaluation">The figures.</param>
    public static void Print(TextWriter output, string measured, ModelEvaluation evaluation)
    {
        MulticlassMetrics metrics = evaluation.Metrics;
        output.WriteLine(Invariant($"{measured}: {metrics.Count:N0} images{(metrics.Skipped > 0 ? Invariant($", {metrics.Skipped:N0} outside the alphabet left out") : "")}"));
        output.WriteLine(Invariant($"  accuracy            {Accuracy(metrics)}"));
        output.WriteLine(Invariant($"  per class, mean     {Percent(metrics.MacroAccuracy)}"));
        output.WriteLine(Invariant($"  top 2, 3, 5         {Percent(metrics.TopKAccuracy[1])}, {Percent(metrics.TopKAccuracy[2])}, {Percent(metrics.TopKAccuracy[4])}"));
        output.WriteLine(Invariant($"  log-loss            {metrics.LogLoss:0.0000} nats{(double.IsFinite(metrics.LogLossReduction) ? Invariant($" (reduction {metrics.LogLossReduction:0.0000})") : "")}"));
        output.WriteLine(Invariant($"  calibration error   {Percent(metrics.ExpectedCalibrationError)}"));
        if (metrics.Unreadable > 0) output.WriteLine(Invariant($"  unreadable          {metrics.Unreadable:N0}, counted as wrong"));
        if (metrics.NonFinite > 0) output.WriteLine(Invariant($"  not finite          {metrics.NonFinite:N0}, left out"));
        IReadOnlyList<(string Actual, string Predicted, long Count)> worst = metrics.ConfusionMatrix.WorstConfusions(5);
        if (worst.Count > 0) output.WriteLine(Invariant($"  most often confused {string.Join(", ", worst.Select(c => $"{c.Actual} read as {c.Predicted} ({c.Count:N0})"))}"));
        output.WriteLine(Invariant($"  speed               {evaluation.ImagesPerSecond:N0} images/s"));
    }

    /// <summary>Accuracy and its standard error.</summary>
    public static string Accuracy(MulticlassMetrics metrics) => Invariant($"{Percent(metrics.MicroAccuracy)} ± {100 * metrics.StandardError:0.00}");

    public static string Percent(double share) => Invariant($"{100 * share:0.00} %");
}
