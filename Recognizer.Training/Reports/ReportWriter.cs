using System.Globalization;
using System.Net;
using System.Text;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Fitting;

namespace Recognizer.Training.Reports;

/// <summary>Writes <c>report.html</c>: one file with curves, confusion matrix, classification report, sample images and whatever else was measured, which
/// needs nothing else to be looked at.</summary>
internal static class ReportWriter
{
    private const int Side = Datasets.DatasetPart.Side;

    private const string Style = """
        :root{--ink:#1c2330;--ground:#fff;--soft:#5d6777;--line:#dfe3ea;--panel:#f6f7f9;--one:#1f6feb;--two:#d9480f;--bad:#c92a2a;--good:#2b8a3e;--under-bad:#fa5252;--under-good:#2f9e44}
        @media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--ground:#14181f;--soft:#98a2b3;--line:#2d3440;--panel:#1c222c;--one:#6ea8fe;--two:#ff922b;--bad:#ff8787;--good:#69db7c;--under-bad:#b82525;--under-good:#237032}}
        *{box-sizing:border-box;print-color-adjust:exact}section{break-inside:avoid}b{unicode-bidi:isolate}body{margin:0 auto;max-width:1180px;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
        h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 10px;border-bottom:1px solid var(--line);padding-bottom:4px}
        .soft,.legend{color:var(--soft)}.cards{display:flex;flex-wrap:wrap;gap:12px;margin:18px 0}
        .card{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:10px 16px;min-width:150px}.card b{display:block;font-size:22px}
        .card span{color:var(--soft);font-size:13px}.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:20px}
        .chart{width:100%;height:auto}.chart text{font-size:11px;fill:var(--soft)}.grid{stroke:var(--line)}
        .curve{fill:none;stroke-width:2}.train.curve{stroke:var(--one)}.validation.curve{stroke:var(--two)}.train.dot{fill:var(--one)}.validation.dot{fill:var(--two)}
        .key{display:inline-block;width:12px;height:12px;border-radius:2px;margin:0 5px 0 10px;vertical-align:-1px}.key.train{background:var(--one)}.key.validation{background:var(--two)}
        table{border-collapse:collapse}td,th{padding:3px 12px 3px 0;text-align:right;font-variant-numeric:tabular-nums}td:first-child,th:first-child{text-align:left}
        .wide{overflow-x:auto}.report{columns:2 380px}.report table{width:100%;break-inside:avoid}.facts td{text-align:left;overflow-wrap:anywhere}.facts td:first-child{color:var(--soft);white-space:nowrap}
        th{color:var(--soft);font-weight:600;border-bottom:1px solid var(--line)}.matrix{max-width:980px;width:100%;height:auto}.matrix text{fill:var(--soft)}
        .matrix rect.ground{fill:var(--panel)}.matrix .right{fill:var(--good)}.matrix .wrong{fill:var(--bad)}
        .numbered .right{fill:var(--under-good)}.numbered .wrong{fill:var(--under-bad)}
        .picture{max-width:100%;height:auto;border-radius:4px}.samples{display:flex;flex-wrap:wrap;gap:10px}figure{margin:0;width:76px;text-align:center;break-inside:avoid}figure i{display:block;width:76px;height:76px;border-radius:4px;image-rendering:pixelated;background-size:var(--sheet)}
        figcaption{font-size:12px;color:var(--soft);overflow-wrap:anywhere}figcaption b{color:var(--ink);font-size:14px}figcaption .no{color:var(--bad)}
        """;

    /// <summary>Writes the file, replacing an older one as a whole.</summary>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static void WriteFile(TrainingReport report, string path) => AtomicFile.WriteText(path, Write(report));

    /// <summary>The page as text.</summary>
    public static string Write(TrainingReport report)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{Text(report.Title)}</title><style>{Style}</style></head><body>");
        MulticlassMetrics metrics = report.Metrics;
        html.Append(CultureInfo.InvariantCulture, $"<h1>{Text(report.Title)}</h1><p class=\"soft\">Measured on {Text(report.Measured)}: {metrics.Count:N0} images");
        if (metrics.Skipped > 0) html.Append(CultureInfo.InvariantCulture, $", {metrics.Skipped:N0} outside the alphabet left out");
        if (metrics.Unreadable > 0) html.Append(CultureInfo.InvariantCulture, $", {metrics.Unreadable:N0} unreadable counted as wrong");
        if (metrics.NonFinite > 0) html.Append(CultureInfo.InvariantCulture, $", {metrics.NonFinite:N0} with scores that are not numbers left out");
        html.Append("</p><div class=\"cards\">");
        Card(html, "accuracy", $"{Percent(metrics.MicroAccuracy)} ± {100 * metrics.StandardError:0.00}");
        Card(html, "mean accuracy of the classes", Percent(metrics.MacroAccuracy));
        Card(html, "among the best 3", Percent(metrics.TopKAccuracy[2]));
        Card(html, "log-loss (nats)", metrics.LogLoss.ToString("0.0000", CultureInfo.InvariantCulture));
        Card(html, "log-loss reduction", double.IsFinite(metrics.LogLossReduction) ? metrics.LogLossReduction.ToString("0.0000", CultureInfo.InvariantCulture) : "–");
        Card(html, "expected calibration error", Percent(metrics.ExpectedCalibrationError));
        html.Append("</div>");

        if (report.Epochs.Count > 0)
        {
            html.Append("<h2>Training</h2><div class=\"two\"><div>");
            html.Append(LineChart.Draw("Loss by epoch", false,
                new LineChart.Series("training loss", "train", [.. report.Epochs.Select(e => (e.Epoch, e.TrainLoss))]),
                new LineChart.Series("validation loss", "validation", [.. report.Epochs.Where(e => e.ValidationLoss is not null).Select(e => (e.Epoch, e.ValidationLoss!.Value))])));
            html.Append("</div><div>");
            html.Append(LineChart.Draw("Accuracy by epoch", true,
                new LineChart.Series("training accuracy", "train", [.. report.Epochs.Select(e => (e.Epoch, e.TrainAccuracy))]),
                new LineChart.Series("validation accuracy", "validation", [.. report.Epochs.Where(e => e.ValidationAccuracy is not null).Select(e => (e.Epoch, e.ValidationAccuracy!.Value))])));
            html.Append("</div></div>");
        }

        html.Append("<section><h2>Confusion matrix</h2><p class=\"soft\">Rows are true labels, columns predicted ones; the deeper the colour, the larger the share of the row.</p>");
        int[] met = Met(metrics);
        Matrix(html, metrics, met);
        html.Append("</section>");
        Confusions(html, metrics.ConfusionMatrix);
        Classes(html, [.. met.Select(k => metrics.PerClass[k])]);
        Images(html, "Samples", report.Samples);
        Images(html, "Worst mistakes", report.WorstMistakes);
        foreach (ReportSection section in report.Sections) Section(html, section);

        html.Append("<h2>Facts</h2><table class=\"facts\">");
        foreach ((string name, string value) in report.Facts)
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(name)}</td><td>{Text(value)}</td></tr>");
        html.Append("</table></body></html>");
        return html.ToString();
    }

    private static void Card(StringBuilder html, string name, string value) =>
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"card\"><b>{value}</b><span>{name}</span></div>");

    /// <summary>Classes of which there are images or that were an answer: an alphabet leaves out all others.</summary>
    private static int[] Met(MulticlassMetrics metrics)
    {
        int[] all = [.. Enumerable.Range(0, metrics.PerClass.Count)];
        return Array.FindAll(all, k => metrics.PerClass[k].Support > 0 || all.Any(actual => metrics.ConfusionMatrix[actual, k] > 0));
    }

    private static void Matrix(StringBuilder html, MulticlassMetrics metrics, int[] met)
    {
        ConfusionMatrix matrix = metrics.ConfusionMatrix;
        const int Margin = 26, Widest = 980;
        int classes = met.Length;
        double cell = classes <= 12 ? 44 : classes <= 30 ? 26 : 14;
        double font = Math.Min(14, cell * 0.75), longest = met.Select(k => Ems(Shortened(matrix.Labels[k])) * font).DefaultIfEmpty(0).Max();
        // Labels that are wider than a column stand on their side above it.
        bool turned = longest > cell - 2;
        double left = Math.Max(Margin, Math.Ceiling(longest + 12)), top = turned ? left : Margin, width = left + classes * cell, height = top + classes * cell;
        // What fits most screens shrinks to smaller ones; wider matrices are scrolled, as nothing could be read in them.
        string limit = width > Widest ? "max-width:none;width" : "max-width";
        // Under figures, colours on which --ink has a contrast of at least 4.5 whatever the share; for very small shares they are too close to the ground.
        bool numbered = cell >= 40;
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"wide{(numbered ? " numbered" : "")}\"><svg class=\"matrix\" viewBox=\"0 0 {width} {height}\" style=\"{limit}:{width}px\" font-size=\"{font:0.#}\" role=\"img\"><title>Confusion matrix</title><rect class=\"ground\" x=\"{left}\" y=\"{top}\" width=\"{classes * cell}\" height=\"{classes * cell}\"/>");
        for (int i = 0; i < classes; i++)
        {
            double x = left + (i + 0.5) * cell, y = top + (i + 0.5) * cell, below = font * 0.35;
            string whole = matrix.Labels[met[i]], shown = Shortened(whole), label = shown == whole ? Text(whole) : $"<title>{Text(whole)}</title>{Text(shown)}";
            if (turned) html.Append(CultureInfo.InvariantCulture, $"<text transform=\"translate({x + below:0.#} {top - 6}) rotate(-90)\">{label}</text>");
            else html.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{top - 6}\" text-anchor=\"middle\">{label}</text>");
            html.Append(CultureInfo.InvariantCulture, $"<text x=\"{left - 6}\" y=\"{y + below:0.#}\" text-anchor=\"end\">{label}</text>");
        }
        for (int actual = 0; actual < classes; actual++)
        {
            // With the images that couldn't be read, which are in no column
            long row = metrics.PerClass[met[actual]].Support;
            for (int predicted = 0; predicted < classes; predicted++)
            {
                long count = matrix[met[actual], met[predicted]];
                if (count == 0) continue;
                double share = (double)count / row;
                // The square root lets rare confusions be seen beside a nearly perfect diagonal.
                double opacity = 0.08 + 0.92 * Math.Sqrt(share);
                double x = left + predicted * cell, y = top + actual * cell;
                html.Append(CultureInfo.InvariantCulture, $"<rect class=\"{(actual == predicted ? "right" : "wrong")}\" x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{cell - 1:0.#}\" height=\"{cell - 1:0.#}\" fill-opacity=\"{opacity:0.00}\"><title>{Isolated(matrix.Labels[met[actual]])} read as {Isolated(matrix.Labels[met[predicted]])}: {count} of {row} ({Percent(share)})</title></rect>");
                if (numbered)
                    html.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + cell / 2:0.#}\" y=\"{y + cell / 2 + 4:0.#}\" text-anchor=\"middle\" font-size=\"12\" style=\"fill:var(--ink);pointer-events:none\">{count}</text>");
            }
        }
        html.Append("</svg></div>");
    }

    /// <summary>At most so much of a label that there is room for the matrix beside it.</summary>
    private static string Shortened(string label)
    {
        const int Most = 20;
        string[] characters = [.. Alphabet.Elements(label)];
        return characters.Length <= Most ? label : string.Concat(characters.Take(Most - 1)) + "…";
    }

    /// <summary>About how wide a text is, in sizes of its font: characters from Korean onwards are as wide as high.</summary>
    private static double Ems(string text) => text.EnumerateRunes().Sum(rune => rune.Value < 0x1100 ? 0.65 : 1);

    private static void Confusions(StringBuilder html, ConfusionMatrix matrix)
    {
        var worst = matrix.WorstConfusions(12);
        if (worst.Count == 0) return;
        html.Append("<p>Most frequent confusions: ");
        html.AppendJoin(", ", worst.Select(w => $"<b>{Text(w.Actual)}</b> read as <b>{Text(w.Predicted)}</b> ({w.Count:N0})"));
        html.Append("</p>");
    }

    private static void Classes(StringBuilder html, ClassMetrics[] classes)
    {
        html.Append("<h2>Classification report</h2><div class=\"report\">");
        foreach (ClassMetrics[] part in classes.Chunk(16))
        {
            html.Append("<table><tr><th>label</th><th>precision</th><th>recall</th><th>F1</th><th>images</th></tr>");
            foreach (ClassMetrics c in part)
                html.Append(CultureInfo.InvariantCulture, $"<tr><td><b>{Text(c.Label)}</b></td><td>{c.Precision:0.0000}</td><td>{c.Recall:0.0000}</td><td>{c.F1:0.0000}</td><td>{c.Support:N0}</td></tr>");
            html.Append("</table>");
        }
        html.Append("</div>");
        if (classes.Length == 0) return;
        double images = classes.Sum(c => c.Support);
        html.Append("<table><tr><th></th><th>precision</th><th>recall</th><th>F1</th><th>images</th></tr>");
        Mean("mean of the classes", _ => 1d / classes.Length);
        if (images > 0) Mean("weighted by their images", c => c.Support / images);
        html.Append("</table>");

        void Mean(string name, Func<ClassMetrics, double> weight) => html.Append(CultureInfo.InvariantCulture,
            $"<tr><td>{name}</td><td>{classes.Sum(c => weight(c) * c.Precision):0.0000}</td><td>{classes.Sum(c => weight(c) * c.Recall):0.0000}</td><td>{classes.Sum(c => weight(c) * c.F1):0.0000}</td><td>{images:N0}</td></tr>");
    }

    private static void Images(StringBuilder html, string title, IReadOnlyList<ReportSample> samples)
    {
        if (samples.Count == 0) return;
        const int Scale = 76;
        int columns = Math.Min(samples.Count, 16), rows = (samples.Count + columns - 1) / columns;
        // All images of a section are one picture; each figure shows its part of it.
        var sheet = new byte[columns * Side * rows * Side];
        for (int i = 0; i < samples.Count; i++)
        {
            int left = i % columns * Side, top = i / columns * Side;
            for (int y = 0; y < Side; y++)
                samples[i].Pixels.AsSpan(y * Side, Side).CopyTo(sheet.AsSpan((top + y) * columns * Side + left));
        }
        string picture = Convert.ToBase64String(PngEncoder.Encode(columns * Side, rows * Side, 1, sheet));
        string id = title.Replace(' ', '-').ToLowerInvariant();
        html.Append(CultureInfo.InvariantCulture, $"<h2>{title}</h2><style>#{id} i{{background-image:url(data:image/png;base64,{picture});background-size:{columns * Scale}px {rows * Scale}px}}</style><div class=\"samples\" id=\"{id}\">");
        for (int i = 0; i < samples.Count; i++)
        {
            ReportSample sample = samples[i];
            bool right = sample.Actual == sample.Predicted;
            html.Append(CultureInfo.InvariantCulture, $"<figure><i style=\"background-position:-{i % columns * Scale}px -{i / columns * Scale}px\" title=\"{Isolated(sample.Actual)} read as {Isolated(sample.Predicted)}\"></i><figcaption><b>{Text(sample.Actual)}</b>{(right ? "" : $" <span class=\"no\">→ <b class=\"no\">{Text(sample.Predicted)}</b></span>")}<br>{Percent(sample.Confidence)}</figcaption></figure>");
        }
        html.Append("</div>");
    }

    private static void Section(StringBuilder html, ReportSection section)
    {
        html.Append(CultureInfo.InvariantCulture, $"<h2>{Text(section.Title)}</h2><p class=\"soft\">{Text(section.Text)}.</p><table><tr>");
        foreach (string heading in section.Headings) html.Append(CultureInfo.InvariantCulture, $"<th>{Text(heading)}</th>");
        html.Append("</tr>");
        foreach (IReadOnlyList<string> row in section.Rows)
            html.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{Text(cell)}</td>")).Append("</tr>");
        html.Append("</table><p>").AppendJoin("<br>", section.Summary.Select(line => $"{Text(line.Name)}: <b>{Text(line.Value)}</b>")).Append("</p>");
        if (section.Picture.Length > 0)
            html.Append(CultureInfo.InvariantCulture, $"<img class=\"picture\" alt=\"Examples, a row each\" src=\"data:image/png;base64,{Convert.ToBase64String(section.Picture)}\">");
    }

    private static string Percent(double share) => (100 * share).ToString("0.00", CultureInfo.InvariantCulture) + " %";

    // For titles, which have no elements that would set a label apart.
    private static string Isolated(string label) => Text(LabelText.Isolate(label));

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
