using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Fitting;
using Recognizer.Training.Reports;

namespace Recognizer.Tests.Reports;

public class ReportWriterTests
{
    [Theory]
    [InlineData(10, 6)]
    [InlineData(62, 1)]
    public void A_report_is_one_file_that_holds_everything(int classes, int epochs)
    {
        string html = ReportWriter.Write(Example(classes, epochs));

        Assert.StartsWith("<!doctype html>", html, StringComparison.Ordinal);
        // Nothing is fetched from anywhere: pictures are inside.
        Assert.DoesNotMatch("(src|href)=\"?http", html);
        Assert.DoesNotMatch("url\\((?!data:)", html);
        Assert.Equal(2, Regex.Count(html, "data:image/png;base64,"));
        foreach (Match picture in Regex.Matches(html, "<svg.*?</svg>", RegexOptions.Singleline))
            Assert.NotNull(XDocument.Parse(picture.Value).Root);
        Assert.Equal(classes, Regex.Count(html, "<tr><td><b>"));
    }

    [Theory]
    [InlineData(true, 0.9931, 0.9938)]
    [InlineData(true, 0.1, 0.9)]
    [InlineData(true, 0.99123, 0.99124)]
    [InlineData(false, 1e-5, 5e-5)]
    [InlineData(false, 0.5, 2.5)]
    public void Each_line_of_a_chart_has_a_figure_of_its_own(bool percent, double low, double high)
    {
        string svg = LineChart.Draw("", percent, new LineChart.Series("a", "a", [(1, low), (2, high)]));
        string[] figures = [.. Regex.Matches(svg, "text-anchor=\"end\">([^<]*)<").Select(m => m.Groups[1].Value)];
        Assert.InRange(figures.Length, 3, 12);
        Assert.Equal(figures.Distinct(), figures);
    }

    [Fact]
    public void Sample_images_are_drawn_as_they_are()
    {
        TrainingReport report = Example(10, 2);
        string html = ReportWriter.Write(report);
        byte[] png = Convert.FromBase64String(Regex.Match(html, "base64,([^)]*)\\)").Groups[1].Value);
        Image sheet = ImageDecoder.Decode(png);
        Assert.Equal((16 * 28, 2 * 28), (sheet.Width, sheet.Height));
        Assert.True(sheet.Pixels[..28].SequenceEqual(report.Samples[0].Pixels.AsSpan(0, 28)));
    }

    [Fact]
    public void The_classification_report_ends_with_the_means_of_its_classes()
    {
        var builder = new MulticlassMetricsBuilder(["a", "b"]);
        foreach (var (actual, predicted) in new[] { (0, 0), (0, 0), (0, 1), (1, 1) }) builder.Add(actual, predicted == 0 ? [0.9f, 0.1f] : [0.1f, 0.9f]);
        string html = ReportWriter.Write(new TrainingReport { Title = "", Measured = "", Metrics = builder.Build(), Facts = [] });
        // a: precision 1, recall 2/3, F1 0.8; b: 1/2, 1, 2/3; three images and one
        Assert.Contains("<td>mean of the classes</td><td>0.7500</td><td>0.8333</td><td>0.7333</td><td>4</td>", html, StringComparison.Ordinal);
        Assert.Contains("<td>weighted by their images</td><td>0.8750</td><td>0.7500</td><td>0.7667</td><td>4</td>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_and_facts_are_escaped()
    {
        var builder = new MulticlassMetricsBuilder(["<b>", "&"]);
        builder.Add(0, [0.4f, 0.6f]);
        string html = ReportWriter.Write(new TrainingReport
        {
            Title = "<script>", Measured = "\"x\"", Metrics = builder.Build(), Facts = [("<i>", "a & b")],
            Sections = [new ReportSection("<i>", "<i>", ["<i>"], [["<i>"], ["c & d"]], [("<i>", "<i>")]) { Picture = [1, 2, 3] }],
        });
        Assert.Contains("<td>c &amp; d</td>", html, StringComparison.Ordinal);
        Assert.Contains("<img class=\"picture\" alt=\"Examples, a row each\" src=\"data:image/png;base64,AQID\">", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>", html, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt; read as &amp;: 1 of 1", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("א", "ب", "\u2068א\u2069 read as \u2068ب\u2069: 1 of 1")]
    [InlineData("א", "a", "\u2068א\u2069 read as a: 1 of 1")]
    [InlineData("é", "国", "&#233; read as 国: 1 of 1")]
    public void Labels_that_are_written_from_right_to_left_keep_their_places(string actual, string predicted, string title)
    {
        var builder = new MulticlassMetricsBuilder([actual, predicted]);
        builder.Add(0, [0.4f, 0.6f]);
        string html = ReportWriter.Write(new TrainingReport { Title = "t", Measured = "m", Metrics = builder.Build(), Facts = [] });
        Assert.Contains($"<title>{title}", html, StringComparison.Ordinal);
        Assert.Contains("b{unicode-bidi:isolate}", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", 26, 26, false)]
    [InlineData("国", 26, 26, false)]
    [InlineData("three", 58, 58, true)]
    [InlineData("fifteen letters", 149, 149, true)]
    public void Labels_have_room_beside_the_matrix(string label, int left, int top, bool turned)
    {
        string svg = Matrix([label, "b", "c"]);
        Match ground = Regex.Match(svg, "<rect class=\"ground\" x=\"(.*?)\" y=\"(.*?)\" width=\"132\" height=\"132\"/>");
        Assert.Equal((left, top), (int.Parse(ground.Groups[1].Value), int.Parse(ground.Groups[2].Value)));
        Assert.Contains($"viewBox=\"0 0 {left + 132} {top + 132}\"", svg, StringComparison.Ordinal);
        Assert.Equal(turned, svg.Contains("rotate(-90)", StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_that_take_too_much_room_are_shortened()
    {
        string svg = Matrix(["twenty-three characters", "b"]);
        Assert.Equal(2, Regex.Count(svg, "<title>twenty-three characters</title>twenty-three charac…</text>"));
    }

    [Theory]
    [InlineData(62, "max-width:894px")]
    [InlineData(1000, "max-width:none;width:14026px")]
    public void Matrices_that_are_wider_than_a_page_keep_their_width(int classes, string style) =>
        Assert.Contains($"style=\"{style}\"", Matrix([.. Enumerable.Range(0, classes).Select(k => $"{(char)(0x4E00 + k)}")]), StringComparison.Ordinal);

    /// <summary>As WCAG asks of text.</summary>
    [Fact]
    public void Figures_in_the_matrix_can_be_read_whatever_their_share_in_light_and_in_dark()
    {
        const int Classes = 10, Images = 100;
        var builder = new MulticlassMetricsBuilder([.. Enumerable.Range(0, Classes).Select(k => $"{k}")]);
        for (int actual = 0; actual < Classes; actual++)
        {
            // Of the others, more and more are right: from all but one to none.
            for (int i = 0; i < Images; i++)
            {
                var scores = new float[Classes];
                scores[i < actual * actual * Images / 81 ? (actual + 1) % Classes : actual] = 1;
                builder.Add(actual, scores);
            }
        }
        string html = ReportWriter.Write(new TrainingReport { Title = "t", Measured = "m", Metrics = builder.Build(), Facts = [] });
        Match[] cells = [.. Regex.Matches(html, "<rect class=\"(right|wrong)\".*?fill-opacity=\"(.*?)\".*?</rect><text[^>]*fill:var\\(--(.*?)\\)").Cast<Match>()];
        Assert.Equal(18, cells.Length);
        string[] roots = [.. Regex.Matches(html, ":root{(.*?)}").Select(m => m.Groups[1].Value)];
        Assert.Equal(2, roots.Length);
        foreach (string root in roots)
        {
            Assert.All(cells, cell =>
            {
                double opacity = double.Parse(cell.Groups[2].Value, CultureInfo.InvariantCulture);
                double[] fill = Colour(Rule($".{cell.Groups[1].Value}")), ground = Colour(Rule("rect.ground")), text = Colour(cell.Groups[3].Value);
                double[] levels = [Luminance(text), Luminance([.. fill.Zip(ground, (f, g) => opacity * f + (1 - opacity) * g)])];
                Assert.InRange((levels.Max() + 0.05) / (levels.Min() + 0.05), 4.5, 21);
            });

            double[] Colour(string variable)
            {
                int value = int.Parse(Regex.Match(root, $"--{variable}:#([0-9a-f]{{6}})").Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                return [value >> 16, value >> 8 & 255, value & 255];
            }
        }

        // The last one wins.
        string Rule(string selector) => Regex.Matches(html, $"\\.(?:matrix|numbered) {Regex.Escape(selector)}{{fill:var\\(--(.*?)\\)}}")[^1].Groups[1].Value;

        static double Luminance(double[] colour) => colour.Zip([0.2126, 0.7152, 0.0722], (level, weight) =>
            weight * (level <= 0.03928 * 255 ? level / 255 / 12.92 : Math.Pow((level / 255 + 0.055) / 1.055, 2.4))).Sum();
    }

    /// <summary>Each class is taken for the first.</summary>
    private static string Matrix(string[] labels)
    {
        var builder = new MulticlassMetricsBuilder(labels);
        for (int k = 0; k < labels.Length; k++) builder.Add(k, [1, .. new float[labels.Length - 1]]);
        string html = ReportWriter.Write(new TrainingReport { Title = "t", Measured = "m", Metrics = builder.Build(), Facts = [] });
        string svg = Regex.Match(html, "<svg class=\"matrix\".*?</svg>", RegexOptions.Singleline).Value;
        Assert.NotNull(XDocument.Parse(svg).Root);
        return svg;
    }

    /// <summary>Of an alphabet, a report shows its classes only.</summary>
    [Fact]
    public void Classes_that_were_never_met_are_left_out()
    {
        var builder = new MulticlassMetricsBuilder(["a", "b", "c", "d"]);
        builder.Add(1, [0, 0.6f, 0, 0.4f]);
        builder.Add(1, [0, 0.4f, 0, 0.6f]);
        // Wrong, though there is no answer
        builder.AddUnreadable(1);
        builder.AddUnreadable(2);
        string html = ReportWriter.Write(new TrainingReport { Title = "t", Measured = "m", Metrics = builder.Build(), Facts = [] });
        Assert.Equal(["b", "c", "d"], Regex.Matches(html, "<tr><td><b>(.*?)</b>").Select(m => m.Groups[1].Value));
        Assert.Equal(["b", "b", "c", "c", "d", "d"], Regex.Matches(html, "<text [^>]*(?:middle|end)\">([a-d])</text>").Select(m => m.Groups[1].Value));
        Assert.Contains("b read as d: 1 of 3 (33.33 %)", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_replaces_an_older_one()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("report.html", "old");
        ReportWriter.WriteFile(Example(10, 2), path);
        Assert.StartsWith("<!doctype", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder.Root));
    }

    internal static TrainingReport Example(int classes, int epochs)
    {
        var random = new Random(classes);
        const string Characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        string[] labels = [.. Characters[..classes].Select(c => c.ToString())];
        var builder = new MulticlassMetricsBuilder(labels);
        for (int i = 0; i < 5000; i++)
        {
            int actual = random.Next(classes), best = random.NextDouble() < 0.9 ? actual : random.Next(classes);
            var scores = new float[classes];
            Array.Fill(scores, 0.2f / (classes - 1));
            scores[best] = 0.8f;
            builder.Add(actual, scores);
        }
        ReportSample Sample(bool right)
        {
            var pixels = new byte[28 * 28];
            for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)(Math.Abs(Math.Sqrt(Math.Pow(i % 28 - 13.5, 2) + Math.Pow(i / 28 - 13.5, 2)) - 8) < 1.5 ? 255 : random.Next(20));
            string label = labels[random.Next(classes)];
            return new ReportSample(pixels, label, right ? label : labels[random.Next(classes)], random.NextSingle());
        }
        return new TrainingReport
        {
            Title = "cnn2 on example",
            Measured = "test split of example",
            Metrics = builder.Build(),
            Facts = [("network", "cnn2, 421,642 parameters"), ("seed", "1"), ("time", "52 s")],
            Epochs = [.. Enumerable.Range(1, epochs).Select(e => new EpochPoint(e, 0.6 / e, 1 - 0.2 / e, 0.5 / e + 0.02, 0.98 - 0.15 / e))],
            Samples = [.. Enumerable.Range(0, 32).Select(i => Sample(i % 9 != 0))],
            WorstMistakes = [.. Enumerable.Range(0, 24).Select(_ => Sample(false))],
        };
    }
}
