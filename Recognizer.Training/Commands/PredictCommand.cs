using System.CommandLine;
using System.Globalization;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Commands;

/// <summary><c>predict</c>: reads single characters from image files.</summary>
internal static class PredictCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var model = new ModelOption();
        var images = new Argument<string[]>("IMAGE") { Description = "PNG, JPEG, BMP or PNM files, one character each, any size, dark on light or light on dark", Arity = ArgumentArity.OneOrMore };
        var top = new Option<int>("--top") { Description = "Answers per image", DefaultValueFactory = _ => 3, HelpName = "K" };
        top.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1) result.AddError("--top takes a number of at least 1.");
        });
        var alphabet = new AlphabetOption("Answers that are possible");
        var command = new Command("predict", "Read the character in image files") { images, model.Option, top, alphabet.Option };
        var common = new CommonOptions(command, data: false);
        command.SetAction(result =>
        {
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(model.Path(result), new RecognizerOptions
            {
                Top = result.GetValue(top),
                Alphabet = alphabet.Value(result),
                Plan = new PlanOptions { Threads = common.Threads(result) },
            });
            var read = new List<(string File, Prediction Prediction)>();
            int failures = 0;
            foreach (string file in result.GetRequiredValue(images))
            {
                host.Cancellation.ThrowIfCancellationRequested();
                try
                {
                    read.Add((file, recognizer.Recognize(File.ReadAllBytes(file))));
                }
                catch (Exception exception) when (exception is ImageFormatException or IOException or UnauthorizedAccessException)
                {
                    // The other files are still worth reading.
                    host.Error.WriteLine($"error: {file}: {exception.Message.ReplaceLineEndings(" ")}");
                    failures++;
                }
            }
            if (common.Json(result)) WriteJson(host, read);
            else if (read.Count > 0) Print(host.Output, read);
            return failures == 0 ? CommandLine.Done : CommandLine.Failed;
        });
        return new CommandDescription(command, "recognizer predict digit.png", "recognizer predict --model models/mnist-cnn2/model.onnx --top 5 scans/*.jpg", "recognizer predict --alphabet digits --json 7.png");
    }

    private static void WriteJson(CommandHost host, List<(string File, Prediction Prediction)> read) => host.WriteJson(writer =>
    {
        writer.WriteStartArray();
        foreach ((string file, Prediction prediction) in read)
        {
            writer.WriteStartObject();
            writer.WriteString("file", file);
            writer.WriteStartArray("predictions");
            foreach (Candidate candidate in prediction.Candidates)
            {
                writer.WriteStartObject();
                writer.WriteString("label", candidate.Label);
                writer.WriteNumber("confidence", candidate.Confidence);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    private static void Print(TextWriter output, List<(string File, Prediction Prediction)> read)
    {
        int columns = read.Max(r => r.Prediction.Candidates.Count);
        string[] headings = ["file", "read as", .. Enumerable.Range(2, columns - 1).Select(k => $"or ({k})")];
        TextTable.Write(output, headings, [.. read.Select(r => (string[])[r.File, .. Enumerable.Range(0, columns).Select(k => k < r.Prediction.Candidates.Count ? Text(r.Prediction.Candidates[k]) : "")])], rightFrom: int.MaxValue);
    }

    private static string Text(Candidate candidate) => string.Create(CultureInfo.InvariantCulture, $"{candidate.Label}  {100 * candidate.Confidence,5:0.0} %");
}
