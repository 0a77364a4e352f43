using System.Text.Json;
using Recognizer.Training.Corruptions;
using Recognizer.Training.Outliers;
using static System.FormattableString;

namespace Recognizer.Training.Commands;

/// <summary>How results of <c>evaluate --corruptions</c> and <c>--outliers</c> are written.</summary>
internal sealed class RobustnessOutput
{
    /// <summary>The figures of another model, or null.</summary>
    public CorruptionBaseline? Baseline { get; init; }

    /// <summary>What was found on spoilt images, or null where that wasn't asked.</summary>
    public CorruptionReport? Corruptions { get; set; }

    /// <summary>What was found on pictures that are no characters, or null where that wasn't asked.</summary>
    public OutlierReport? Outliers { get; set; }

    /// <summary>Reads the figures of another model.</summary>
    /// <exception cref="CommandException">The file can't be read, or isn't what the command writes.</exception>
    public static CorruptionBaseline ReadBaseline(string file)
    {
        try
        {
            return CorruptionSuite.ReadBaseline(File.ReadAllText(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new CommandException($"{file}: {exception.Message}");
        }
    }

    /// <summary>Writes the properties.</summary>
    public void WriteJson(Utf8JsonWriter writer)
    {
        if (Corruptions is { } corruptions)
        {
            writer.WriteStartArray("corruptions");
            foreach (CorruptionResult result in corruptions.Results)
            {
                writer.WriteStartObject();
                writer.WriteString("name", result.Name);
                writer.WriteNumber("accuracy", result.Accuracy);
                writer.WriteNumber("standardError", result.StandardError);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteNumber("corruptionImages", corruptions.Images);
            writer.WriteNumber("meanCorruptionError", corruptions.MeanError);
            writer.WriteNumber("meanCorruptionErrorStandardError", corruptions.StandardError);
            if (Baseline is not null)
            {
                double relative = corruptions.RelativeTo(Baseline.Accuracies);
                writer.WriteNumber("baselineMeanCorruptionError", BaselineError);
                if (double.IsFinite(relative)) writer.WriteNumber("relativeCorruptionError", relative);
                else writer.WriteNull("relativeCorruptionError");
            }
        }
        if (Outliers is not { } outliers) return;
        writer.WriteStartArray("outliers");
        foreach (OutlierResult result in outliers.Results)
        {
            writer.WriteStartObject();
            writer.WriteString("kind", result.Kind);
            writer.WriteNumber("auroc", result.Auroc);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteNumber("lowestAuroc", outliers.Lowest.Auroc);
    }

    /// <summary>Some lines for people.</summary>
    public void Print(TextWriter output)
    {
        if (Corruptions is { } corruptions)
        {
            output.WriteLine(Invariant($"{corruptions.Images:N0} images spoilt in {corruptions.Results.Count} ways"));
            TextTable.Write(output, Baseline is null ? ["corruption", "accuracy", "±"] : ["corruption", "accuracy", "±", "baseline"],
                [.. corruptions.Results.Select(IReadOnlyList<string> (r) => Baseline is null
                    ? [r.Name, MetricsOutput.Percent(r.Accuracy), Invariant($"{100 * r.StandardError:0.00}")]
                    : [r.Name, MetricsOutput.Percent(r.Accuracy), Invariant($"{100 * r.StandardError:0.00}"), MetricsOutput.Percent(Baseline.Accuracies[r.Name])])], rightFrom: 1);
            output.WriteLine(Invariant($"  mean corruption error  {MetricsOutput.Percent(corruptions.MeanError)} ± {100 * corruptions.StandardError:0.00}"));
            if (Baseline is not null)
                output.WriteLine(Invariant($"  of the baseline        {MetricsOutput.Percent(BaselineError)}; mean of the ratios {corruptions.RelativeTo(Baseline.Accuracies):0.000}"));
        }
        if (Outliers is not { } outliers) return;
        output.WriteLine("pictures that are no characters: area under the ROC of the rejection score");
        TextTable.Write(output, ["kind", "AUROC"], [.. outliers.Results.Select(IReadOnlyList<string> (r) => [r.Kind, Invariant($"{r.Auroc:0.0000}")])], rightFrom: 1);
        output.WriteLine(Invariant($"  lowest  {outliers.Lowest.Auroc:0.0000} ({outliers.Lowest.Kind})"));
    }

    /// <summary>Lines for the report.</summary>
    public IEnumerable<(string Name, string Value)> Facts()
    {
        if (Corruptions is { } corruptions)
            yield return ("mean corruption error", Invariant($"{MetricsOutput.Percent(corruptions.MeanError)} ± {100 * corruptions.StandardError:0.00} over {corruptions.Results.Count} corruptions"));
        if (Outliers is { } outliers)
            yield return ("non-characters", Invariant($"area under the ROC at least {outliers.Lowest.Auroc:0.0000} ({outliers.Lowest.Kind})"));
    }

    private double BaselineError => Corruptions!.Results.Average(r => 1 - Baseline!.Accuracies[r.Name]);
}
