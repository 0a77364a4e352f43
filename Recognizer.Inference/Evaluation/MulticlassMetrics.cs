using System.Text.Json;

namespace Recognizer.Inference.Evaluation;

/// <summary>How well predictions fit the truth. Definitions are those of ML.NET's <c>MulticlassClassificationMetrics</c>; F1, the
/// calibration error and the standard errors are added to them.</summary>
public sealed class MulticlassMetrics
{
    internal MulticlassMetrics() { }

    /// <summary>Rows counted.</summary>
    public required long Count { get; init; }

    /// <summary>Rows left out because their label is outside the alphabet.</summary>
    public required long Skipped { get; init; }

    /// <summary>Rows left out because a score was NaN or infinite.</summary>
    public required long NonFinite { get; init; }

    /// <summary>Rows, among those counted, without a prediction (an image that could not be read); each counts as wrong.</summary>
    public required long Unreadable { get; init; }

    /// <summary>Rows, among those counted, of a class that is none of the answers that the model may give; each counts as wrong.</summary>
    internal long Unknown { get; init; }

    /// <summary>Share of rows whose prediction is right.</summary>
    public required double MicroAccuracy { get; init; }

    /// <summary>Standard error of <see cref="MicroAccuracy"/>: √(p (1 − p) / n).</summary>
    public required double StandardError { get; init; }

    /// <summary>Mean recall over the classes that occur.</summary>
    public required double MacroAccuracy { get; init; }

    /// <summary>Standard error of <see cref="MacroAccuracy"/>: √(Σ rᵢ (1 − rᵢ) / nᵢ) / classes.</summary>
    public required double MacroStandardError { get; init; }

    /// <summary>Mean of −ln p(true class) in nats, p clamped to 1e-15 … 1 as a float. Not a number where no row counts.</summary>
    public required double LogLoss { get; init; }

    /// <summary>(H − log-loss) / H with the entropy H of the class frequencies: 1 is perfect, 0 no better than guessing by frequency.
    /// Not a number where fewer than two classes occur.</summary>
    public required double LogLossReduction { get; init; }

    /// <summary>Element k − 1 is the share of rows whose true class is among the k best, for k = 1 … 5.</summary>
    public required IReadOnlyList<double> TopKAccuracy { get; init; }

    /// <summary>Expected calibration error over 15 equally wide bins of confidence: Σ share · |accuracy − mean confidence|. Not a number
    /// where no row counts.</summary>
    public required double ExpectedCalibrationError { get; init; }

    /// <summary>Figures per class, in the order of the matrix.</summary>
    public required IReadOnlyList<ClassMetrics> PerClass { get; init; }

    /// <summary>Counts of true against predicted class.</summary>
    public required ConfusionMatrix ConfusionMatrix { get; init; }

    /// <summary>Mean F1 over the classes that occur.</summary>
    public double MacroF1 => PerClass.Where(c => c.Support > 0).Select(c => c.F1).DefaultIfEmpty(0).Average();

    /// <summary>Writes the properties of this object (without braces around them) as JSON; figures that are not numbers become null.</summary>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteNumber("count", Count);
        writer.WriteNumber("skipped", Skipped);
        writer.WriteNumber("nonFinite", NonFinite);
        writer.WriteNumber("unreadable", Unreadable);
        Number(writer, "microAccuracy", MicroAccuracy);
        Number(writer, "standardError", StandardError);
        Number(writer, "macroAccuracy", MacroAccuracy);
        Number(writer, "macroStandardError", MacroStandardError);
        Number(writer, "macroF1", MacroF1);
        Number(writer, "logLoss", LogLoss);
        Number(writer, "logLossReduction", LogLossReduction);
        writer.WriteStartArray("topKAccuracy");
        foreach (double accuracy in TopKAccuracy) writer.WriteNumberValue(accuracy);
        writer.WriteEndArray();
        Number(writer, "expectedCalibrationError", ExpectedCalibrationError);
        writer.WriteStartArray("perClass");
        foreach (ClassMetrics metrics in PerClass)
        {
            writer.WriteStartObject();
            writer.WriteString("label", metrics.Label);
            Number(writer, "precision", metrics.Precision);
            Number(writer, "recall", metrics.Recall);
            Number(writer, "f1", metrics.F1);
            writer.WriteNumber("support", metrics.Support);
            Number(writer, "logLoss", metrics.LogLoss);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartObject("confusionMatrix");
        writer.WriteStartArray("labels");
        foreach (string label in ConfusionMatrix.Labels) writer.WriteStringValue(label);
        writer.WriteEndArray();
        writer.WriteStartArray("counts");
        // Without the writer's indentation, which would give each count a line: those of thousands of classes would be most of a large file.
        int[] classes = [.. Enumerable.Range(0, ConfusionMatrix.Labels.Count)];
        foreach (int actual in classes)
            writer.WriteRawValue($"[{string.Join(',', classes.Select(predicted => ConfusionMatrix[actual, predicted]))}]", skipInputValidation: true);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Writes a figure; null where it isn't a number.</summary>
    internal static void Number(Utf8JsonWriter writer, string name, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumber(name, value);
        else writer.WriteNull(name);
    }
}
