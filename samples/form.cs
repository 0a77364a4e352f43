#:project ../Recognizer.Inference
#:property PublishAot=false

// Reads the fields of scanned forms, and writes CSV: a row per scan with the text and the confidence of each field; the column "review" names those that a person should look at.
//   dotnet run samples/form.cs -- form.json scans/*.png > result.csv
//   dotnet run samples/form.cs -- form.json model.onnx scans/*.png
// The template says what is where, and from which confidence on a field needs no review. Boxes are shares of the scan's width and height (left, top, width, height), so that
// one template serves scans of any resolution:
//   {
//     "confidence": 0.9,
//     "fields": [
//       { "name": "date", "box": [0.10, 0.08, 0.35, 0.06], "format": "dd/dd/dddd" },
//       { "name": "code", "box": [0.55, 0.08, 0.35, 0.06], "alphabet": "upper" }
//     ]
//   }
// A format is what FieldFormat.Parse takes: a mask or a regular expression. An alphabet, digits, upper, lower, letters, alphanumeric or characters, allows any number of these,
// none too: an empty box is then read as "" with confidence 1. Give a format such as \d+ where something has to be written.

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;

string[] models = [.. args.Where(a => a.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))], files = [.. args.Skip(1).Where(a => !models.Contains(a))];
if (files.Length == 0 || models.Length > 1)
{
    Console.Error.WriteLine("usage: dotnet run form.cs -- TEMPLATE.json [MODEL.onnx] SCAN…");
    return 2;
}
using CharacterRecognizer recognizer = models is [var model] ? CharacterRecognizer.Load(model) : CharacterRecognizer.Load(ShippedModel.Characters);
Template template;
(Field Field, FieldReader Reader)[] fields;
try
{
    template = JsonSerializer.Deserialize<Template>(File.ReadAllText(args[0]), new JsonSerializerOptions(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow }) ?? throw new JsonException("there is no template in it");
    fields = [.. template.Fields.Select(field => (field, new FieldReader(recognizer, field.ToFormat())))]; // made once: it works the format out
}
catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or FormatException or ArgumentException)
{
    Console.Error.WriteLine($"{args[0]}: {exception.Message}");
    return 2;
}

Console.WriteLine(string.Join(',', fields.SelectMany(f => (string[])[Quoted(f.Field.Name), Quoted($"{f.Field.Name} confidence")]).Prepend("review").Prepend("file")));
int failures = 0;
foreach (string file in files)
{
    GrayImage scan;
    try
    {
        scan = ImageDecoder.Decode(File.ReadAllBytes(file)).ToGray(); // once for all of its fields
    }
    catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ImageFormatException)
    {
        Console.Error.WriteLine($"{file}: {exception.Message}");
        failures++;
        continue;
    }
    List<string> cells = [], review = [];
    foreach ((Field field, FieldReader reader) in fields)
    {
        FieldResult? result = reader.Read(field.Of(scan)); // null where nothing in the box fits
        // Among texts that fit one may be likely although its characters aren't like those in the box. What is written like another character, as 0 like O and 1 like l, has about half.
        double confidence = result is null ? 0 : result.Characters.Select(c => Math.Min(1, 2.0 * c.Confidence)).Append(result.Confidence).Min();
        if (confidence < template.Confidence) review.Add(field.Name);
        cells.AddRange([Quoted(result?.Text ?? ""), confidence.ToString("0.0000", CultureInfo.InvariantCulture)]);
    }
    Console.WriteLine(string.Join(',', cells.Prepend(Quoted(string.Join("; ", review))).Prepend(Quoted(Path.GetFileName(file)))));
}
return failures == 0 ? 0 : 1;

static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

internal sealed record Template(Field[] Fields, double Confidence = 0.9)
{
    public Field[] Fields { get; } = Fields is { Length: > 0 } && !Fields.Contains(null) ? Fields : throw new JsonException("there are no fields, or one is null");

    public double Confidence { get; } = Confidence is >= 0 and <= 1 ? Confidence : throw new JsonException("the confidence has to be 0 to 1");
}

internal sealed record Field(string Name, double[] Box, string? Format = null, string? Alphabet = null)
{
    public string Name { get; } = !string.IsNullOrWhiteSpace(Name) ? Name : throw new JsonException("a field has no name");

    public double[] Box { get; } = Box is [>= 0 and < 1, >= 0 and < 1, > 0, > 0] && Box[0] + Box[2] <= 1 + 1e-9 && Box[1] + Box[3] <= 1 + 1e-9
        ? Box : throw new JsonException($"the box of {Name} has to be left, top, width and height in shares of the scan, within it");

    public FieldFormat ToFormat() => (Format, Alphabet) switch
    {
        ({ } format, null) => FieldFormat.Parse(format),
        (null, { } alphabet) => FieldFormat.FromRegularExpression($"[{string.Concat(Recognizer.Inference.Alphabet.Parse(alphabet).Labels.Select(Escaped))}]*"),
        _ => throw new JsonException($"{Name} needs either a format or an alphabet"),
    };

    public GrayImage Of(GrayImage scan)
    {
        int left = (int)(Box[0] * scan.Width), top = (int)(Box[1] * scan.Height);
        int right = Math.Clamp((int)Math.Ceiling((Box[0] + Box[2]) * scan.Width), left + 1, scan.Width), bottom = Math.Clamp((int)Math.Ceiling((Box[1] + Box[3]) * scan.Height), top + 1, scan.Height);
        return scan.Crop(left, top, right - left, bottom - top);
    }

    private static string Escaped(string label) => string.Concat(label.Select(c => char.IsAsciiLetterOrDigit(c) || c > 127 ? $"{c}" : $"\\{c}"));
}
