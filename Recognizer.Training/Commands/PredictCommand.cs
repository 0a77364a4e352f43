using System.CommandLine;
using System.Globalization;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Commands;

/// <summary><c>predict</c>: reads single characters from image files, or each of several with its box.</summary>
internal static class PredictCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var model = new ModelOption();
        var images = new ImageFiles("PNG, JPEG, BMP or PNM files, one character each (any number with --boxes), any size, dark on light or light on dark");
        var top = new Option<int>("--top") { Description = "Answers per image", DefaultValueFactory = _ => 3, HelpName = "K" };
        top.Limit(1);
        var alphabet = new AlphabetOption("Answers that are possible");
        var polarity = new PolarityOption();
        var boxes = new Option<bool>("--boxes") { Description = "Find the characters in each image, and give the box (left, top, width, height in pixels) and the answers of each" };
        var command = new Command("predict", "Read the character in image files") { images.Argument, model.Option, images.Region, top, alphabet.Option, polarity.Option, boxes };
        var common = new CommonOptions(command, data: false);
        command.SetAction(result =>
        {
            Graph graph = model.Read(result).Graph;
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph, new RecognizerOptions
            {
                Top = result.GetValue(top),
                Alphabet = alphabet.Value(result, ModelMetadata.Labels(graph) ?? []),
                Plan = new PlanOptions { Threads = common.Threads(result) },
            });
            // A character without a box is the picture itself.
            Func<Image, IReadOnlyList<Answer>> read = image =>
            {
                Prediction prediction = recognizer.Recognize(image.ToGray(), polarity.Value(result));
                return [new(null, prediction.Candidates, prediction)];
            };
            if (result.GetValue(boxes))
            {
                var pages = new PageReader(recognizer, new PageOptions { Top = result.GetValue(top), Polarity = polarity.Value(result) });
                read = image => [.. pages.Read(image, host.Cancellation).Lines.SelectMany(l => l.Words).SelectMany(w => w.Characters).Select(c => new Answer(images.InWhole(result, c.Box), c.Candidates, null))];
            }
            List<(string, IReadOnlyList<Answer>)> answers = [];
            int exitCode = images.Read(result, host, read, (file, own) => answers.Add((file, own)));
            if (common.Json(result)) WriteJson(host, answers, result.GetValue(boxes));
            else Print(host.Output, answers, result.GetValue(boxes));
            return exitCode;
        });
        return new CommandDescription(command, "recognizer predict digit.png", "recognizer predict --model models/mnist-cnn2/model.onnx --top 5 scans/*.jpg", "recognizer predict --alphabet digits --json 7.png", "recognizer predict --model numbers.onnx --alphabet 11 --alphabet 17 cell.png", "recognizer predict --boxes --top 2 form.jpg", "recognizer predict --region 120,40,60,80 --alphabet digits form.jpg");
    }

    /// <summary>What one character may be.</summary>
    /// <param name="Box">Where it was found; null where it is the whole picture.</param>
    /// <param name="Candidates">The answers.</param>
    /// <param name="Prediction">Says whether a whole picture looks like a character at all, and like one of the alphabet.</param>
    private sealed record Answer(BoundingBox? Box, IReadOnlyList<Candidate> Candidates, Prediction? Prediction)
    {
        /// <summary>Nearly all characters that are like none of the alphabet have less. What is written like one of it, as O is like 0, has about half.</summary>
        private const float LeastShare = 0.4f;

        public string Doubt => Prediction switch
        {
            { IsLikelyCharacter: false } => "doesn't look like a character",
            { AlphabetShare: < LeastShare } => "looks like a character outside the alphabet",
            _ => "",
        };
    }

    private static void WriteJson(CommandHost host, List<(string File, IReadOnlyList<Answer> Answers)> read, bool boxes) => host.WriteJson(writer =>
    {
        writer.WriteStartArray();
        foreach ((string file, IReadOnlyList<Answer> answers) in read)
        {
            writer.WriteStartObject();
            writer.WriteString("file", file);
            if (boxes) writer.WriteStartArray("characters");
            foreach (Answer answer in answers)
            {
                if (answer.Box is { } box)
                {
                    writer.WriteStartObject();
                    ReadCommand.WriteBox(writer, box);
                }
                writer.WriteStartArray("predictions");
                foreach (Candidate candidate in answer.Candidates)
                {
                    writer.WriteStartObject();
                    writer.WriteString("label", candidate.Label);
                    writer.WriteNumber("confidence", candidate.Confidence);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                if (answer.Prediction is { } prediction)
                {
                    writer.WriteNumber("rejectionScore", prediction.RejectionScore);
                    writer.WriteBoolean("isLikelyCharacter", prediction.IsLikelyCharacter);
                    writer.WriteNumber("alphabetShare", prediction.AlphabetShare);
                }
                if (boxes) writer.WriteEndObject();
            }
            if (boxes) writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    private static void Print(TextWriter output, List<(string File, IReadOnlyList<Answer> Answers)> read, bool boxes)
    {
        if (read.Count == 0) return;
        int columns = read.SelectMany(r => r.Answers).Select(a => a.Candidates.Count).Append(1).Max();
        bool doubts = read.Exists(r => r.Answers.Any(a => a.Doubt.Length > 0));
        string[] headings = ["file", .. boxes ? ["box"] : Array.Empty<string>(), "read as", .. Enumerable.Range(2, columns - 1).Select(k => $"or ({k})"), .. doubts ? ["but"] : Array.Empty<string>()];
        TextTable.Write(output, headings, [.. read.SelectMany(r => r.Answers.Select(a => (string[])
            [r.File, .. boxes ? [Text(a.Box)] : Array.Empty<string>(), .. Enumerable.Range(0, columns).Select(k => k < a.Candidates.Count ? Text(a.Candidates[k]) : ""), .. doubts ? [a.Doubt] : Array.Empty<string>()]))], rightFrom: int.MaxValue);
    }

    private static string Text(BoundingBox? box) => box is { } b ? string.Create(CultureInfo.InvariantCulture, $"{b.Left},{b.Top} {b.Width}×{b.Height}") : "";

    private static string Text(Candidate candidate) => string.Create(CultureInfo.InvariantCulture, $"{candidate.Label}  {100 * candidate.Confidence,5:0.0} %");
}
