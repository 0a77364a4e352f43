using System.CommandLine;
using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Commands;

/// <summary><c>read</c>: reads several characters in an image, a page of lines or a form field of a known format.</summary>
internal static class ReadCommand
{
    private static readonly OrderedDictionary<string, PageOrientation> Orientations = new(StringComparer.Ordinal)
    {
        ["upright"] = PageOrientation.Upright,
        ["clockwise"] = PageOrientation.Clockwise,
        ["upside-down"] = PageOrientation.UpsideDown,
        ["counter-clockwise"] = PageOrientation.CounterClockwise,
        ["detect"] = PageOrientation.Detect,
    };

    public static CommandDescription Create(CommandHost host)
    {
        var model = new ModelOption();
        var images = new ImageFiles("PNG, JPEG, BMP or PNM files");
        var format = new Option<string?>("--format")
        {
            Description = "What a field may hold: a mask such as dd/dd/dddd (d digit, A upper, a lower, L letter, x letter or digit), a regular expression (what has any of [](){}*+?|\\^$; mask: or regex: before it says which it is), or @FILE with a word a line. Where nothing fits, no text is read, and standard error says so. Without it a model of letters and digits reads no punctuation: dots and dashes are left out, slashes and brackets come out as 1 or l, + as t, = as Z",
            HelpName = "FORMAT",
        };
        var alphabet = new AlphabetOption("Characters that are possible");
        var orientation = new Option<string>("--orientation")
        {
            Description = "How the page lies in the image: as it is read, turned by 90° clockwise (its top to the right) or back, on its head, or unknown (needs four times as long)",
            DefaultValueFactory = _ => Orientations.Keys.First(),
        };
        orientation.AcceptOnlyFromAmong([.. Orientations.Keys]);
        var polarity = new PolarityOption();
        var command = new Command("read", "Read the characters in images of several: lines of writing, or a form field") { images.Argument, model.Option, images.Region, format, alphabet.Option, orientation, polarity.Option };
        var common = new CommonOptions(command, data: false);
        command.SetAction(result =>
        {
            FieldFormat? fieldFormat = Format(result.GetValue(format));
            Graph graph = model.Read(result).Graph;
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph, new RecognizerOptions
            {
                Alphabet = alphabet.Value(result, ModelMetadata.Labels(graph) ?? []),
                Plan = new PlanOptions { Threads = common.Threads(result) },
            });
            var options = new PageOptions { Orientation = Orientations[result.GetValue(orientation)!], Polarity = polarity.Value(result) };
            var pages = new PageReader(recognizer, options);
            FieldReader? fields = fieldFormat is null ? null : Reader(recognizer, fieldFormat, options);
            bool isJson = common.Json(result), isOne = result.GetRequiredValue(images.Argument).Length == 1;
            List<(string File, Reading Reading)> read = [];
            int exitCode = images.Read(result, host, image => fields is null ? new Reading(pages.Read(image, host.Cancellation), null) : new Reading(null, fields.Read(image, host.Cancellation)), (file, reading) =>
            {
                if (fields is not null && reading.Field is null) host.Error.WriteLine($"{file}: nothing in it fits the format");
                if (isJson)
                {
                    read.Add((file, reading));
                    return;
                }
                host.Output.WriteLine(isOne ? reading.Text : $"{file}:\n{reading.Text}");
                host.Output.Flush();
            });
            if (isJson) WriteJson(host, read, box => images.InWhole(result, box));
            return exitCode;
        });
        return new CommandDescription(command, "recognizer read note.jpg", "recognizer read --format dd/dd/dddd --json date.png", "recognizer read --region 120,40,300,60 --format dd/dd/dddd form.jpg", "recognizer read --alphabet digits --format @numbers.txt scans/*.png", "recognizer read --alphabet digits --polarity light meter.jpg");
    }

    private static FieldFormat? Format(string? text)
    {
        if (text is null) return null;
        try
        {
            if (!text.StartsWith('@')) return FieldFormat.Parse(text);
            if (text.Length == 1) throw new FormatException("There is no file name after '@'.");
            using FileStream words = File.OpenRead(text[1..]);
            return FieldFormat.FromWords([.. TextLines.Read(words, text[1..]).Where(l => l.Length > 0)]);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or DatasetException)
        {
            throw Wrong(exception);
        }
    }

    private static FieldReader Reader(CharacterRecognizer recognizer, FieldFormat format, PageOptions options)
    {
        try
        {
            return new FieldReader(recognizer, format, options);
        }
        catch (ArgumentException exception)
        {
            throw Wrong(exception);
        }
    }

    private static UsageException Wrong(Exception format) => new($"--format: {CommandLine.Message(format)}");

    private sealed record Reading(PageResult? Page, FieldResult? Field)
    {
        public string Text => Page?.Text ?? Field?.Text ?? "";
    }

    private static void WriteJson(CommandHost host, List<(string File, Reading Reading)> read, Func<BoundingBox, BoundingBox> inWhole) => host.WriteJson(writer =>
    {
        writer.WriteStartArray();
        foreach ((string file, Reading reading) in read)
        {
            writer.WriteStartObject();
            writer.WriteString("file", file);
            writer.WriteString("text", reading.Text);
            if ((reading.Page?.Orientation ?? reading.Field?.Orientation) is { } orientation) writer.WriteString("orientation", Orientations.First(pair => pair.Value == orientation).Key);
            if (reading.Page is { } page)
            {
                writer.WriteNumber("skew", page.Skew);
                writer.WriteStartArray("lines");
                foreach (PageLine line in page.Lines)
                {
                    writer.WriteStartObject();
                    writer.WriteString("text", line.Text);
                    WriteBox(writer, inWhole(line.Box));
                    writer.WriteStartArray("words");
                    foreach (PageWord word in line.Words)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("text", word.Text);
                        WriteBox(writer, inWhole(word.Box));
                        WriteCharacters(writer, word.Characters, inWhole);
                        writer.WriteEndObject();
                    }
                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
            }
            else
            {
                // A text may be empty and fit
                writer.WriteBoolean("matched", reading.Field is not null);
                writer.WriteNumber("confidence", reading.Field?.Confidence ?? 0);
                WriteCharacters(writer, reading.Field?.Characters ?? [], inWhole);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    private static void WriteCharacters(Utf8JsonWriter writer, IReadOnlyList<PageCharacter> characters, Func<BoundingBox, BoundingBox> inWhole)
    {
        writer.WriteStartArray("characters");
        foreach (PageCharacter character in characters)
        {
            writer.WriteStartObject();
            writer.WriteString("label", character.Label);
            writer.WriteNumber("confidence", character.Confidence);
            WriteBox(writer, inWhole(character.Box));
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    internal static void WriteBox(Utf8JsonWriter writer, BoundingBox box)
    {
        writer.WriteStartArray("box");
        foreach (int value in (ReadOnlySpan<int>)[box.Left, box.Top, box.Width, box.Height]) writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }
}
