using System.Text.Json;
using Recognizer.Inference.Evaluation;
using Recognizer.Training.Fitting;

namespace Recognizer.Training.Reports;

/// <summary>One finished epoch, as in a line of <c>training.jsonl</c>.</summary>
/// <param name="Epoch">1 for the first.</param>
/// <param name="TrainLoss">Mean training loss, in nats, with whatever smoothing and augmentation training used.</param>
/// <param name="TrainAccuracy">Share of training images that were right when their batch was seen.</param>
/// <param name="ValidationLoss">Log-loss on the validation split, or null where there is none.</param>
/// <param name="ValidationAccuracy">Accuracy on the validation split, or null where there is none.</param>
internal sealed record EpochPoint(int Epoch, double TrainLoss, double TrainAccuracy, double? ValidationLoss, double? ValidationAccuracy)
{
    /// <summary>Reads such a line.</summary>
    public static EpochPoint Read(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement epoch = document.RootElement;
        return new EpochPoint(epoch.GetProperty("epoch").GetInt32(), epoch.GetProperty("trainLoss").GetDouble(), epoch.GetProperty("trainAccuracy").GetDouble(),
            epoch.TryGetProperty("validationLoss", out JsonElement loss) ? loss.GetDouble() : null,
            epoch.TryGetProperty("validationAccuracy", out JsonElement accuracy) ? accuracy.GetDouble() : null);
    }
}

/// <summary>A table of what else was measured.</summary>
/// <param name="Title">Heading.</param>
/// <param name="Text">What the table shows.</param>
/// <param name="Headings">One per column.</param>
/// <param name="Rows">As many cells as headings.</param>
/// <param name="Summary">Name and value of figures over all rows.</param>
internal sealed record ReportSection(string Title, string Text, IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<string>> Rows, IReadOnlyList<(string Name, string Value)> Summary)
{
    /// <summary>PNG file of examples; empty for none.</summary>
    public byte[] Picture { get; init; } = [];
}

/// <summary>What goes into a report.</summary>
internal sealed record TrainingReport
{
    /// <summary>Heading.</summary>
    public required string Title { get; init; }

    /// <summary>Name and value of facts worth a line each: network, data, seed, time …</summary>
    public required IReadOnlyList<(string Name, string Value)> Facts { get; init; }

    /// <summary>Epochs in order; empty where the report is of an evaluation only.</summary>
    public IReadOnlyList<EpochPoint> Epochs { get; init; } = [];

    /// <summary>What the metrics were measured on, such as "test split of mnist".</summary>
    public required string Measured { get; init; }

    /// <summary>The metrics.</summary>
    public required MulticlassMetrics Metrics { get; init; }

    /// <summary>Some images, spread evenly.</summary>
    public IReadOnlyList<ReportSample> Samples { get; init; } = [];

    /// <summary>The mistakes that the model was surest of, worst first.</summary>
    public IReadOnlyList<ReportSample> WorstMistakes { get; init; } = [];

    /// <summary>What else was measured.</summary>
    public IReadOnlyList<ReportSection> Sections { get; init; } = [];
}
