using System.Text.Json;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Corruptions;
using Recognizer.Training.Datasets;
using Recognizer.Training.Outliers;
using Recognizer.Training.Reports;
using static System.FormattableString;

namespace Recognizer.Training.Commands;

/// <summary>How results of <c>evaluate --corruptions</c> and <c>--outliers</c> are written.</summary>
internal sealed class RobustnessOutput
{
    private const int PictureColumns = 24;

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
        foreach (ReportSection section in Sections())
        {
            output.WriteLine(section.Text);
            TextTable.Write(output, section.Headings, section.Rows, rightFrom: 1);
            int width = section.Summary.Max(line => line.Name.Length);
            foreach ((string name, string value) in section.Summary) output.WriteLine($"  {name.PadRight(width)}  {value}");
        }
    }

    /// <summary>A section for spoilt images and one for pictures that are no characters, as far as they were measured.</summary>
    /// <param name="characters">What was measured, to draw examples of; null leaves the pictures out.</param>
    public IEnumerable<ReportSection> Sections(DatasetPart? characters = null)
    {
        if (Corruptions is { } corruptions)
        {
            var summary = new List<(string, string)> { ("mean corruption error", Invariant($"{MetricsOutput.Percent(corruptions.MeanError)} ± {100 * corruptions.StandardError:0.00}")) };
            if (Baseline is not null) summary.Add(("of the baseline", Invariant($"{MetricsOutput.Percent(BaselineError)}; mean of the ratios {corruptions.RelativeTo(Baseline.Accuracies):0.000}")));
            yield return new ReportSection("Spoilt images", Invariant($"{corruptions.Images:N0} images spoilt in {corruptions.Results.Count} ways"),
                ["corruption", "accuracy", "±", .. Baseline is null ? [] : (string[])["baseline"]],
                [.. corruptions.Results.Select(string[] (r) => [r.Name, MetricsOutput.Percent(r.Accuracy), Invariant($"{100 * r.StandardError:0.00}"), .. Baseline is null ? [] : (string[])[MetricsOutput.Percent(Baseline.Accuracies[r.Name])]])],
                summary)
            {
                Picture = characters is null ? [] : Picture(CorruptionSuite.Examples(characters, PictureColumns), [.. corruptions.Results.Select(r => r.Name)]),
            };
        }
        if (Outliers is not { } outliers) yield break;
        yield return new ReportSection("Pictures that are no characters", "Area under the ROC of the rejection score of pictures that are no characters",
            ["kind", "AUROC"], [.. outliers.Results.Select(string[] (r) => [r.Kind, Invariant($"{r.Auroc:0.0000}")])],
            [("lowest", Invariant($"{outliers.Lowest.Auroc:0.0000} ({outliers.Lowest.Kind})"))])
        {
            Picture = characters is null ? [] : Picture(OutlierSuite.Examples(characters, PictureColumns), [.. outliers.Results.Select(r => r.Kind)]),
        };
    }

    private static byte[] Picture(DatasetPart examples, IReadOnlyList<string> labels) => PngEncoder.Encode(SampleGrid.Draw(examples, labels, PictureColumns));

    private double BaselineError => Corruptions!.Results.Average(r => 1 - Baseline!.Accuracies[r.Name]);
}
