#:project ../Recognizer.Inference
#:property PublishAot=false

// Reads one character per image file.
//   dotnet run samples/console.cs -- model.onnx seven.png
// Without a model, the shipped one is used.

using Recognizer.Inference;
using Recognizer.Inference.Imaging;

string[] files = [.. args.Where(a => !a.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))];
string? model = args.FirstOrDefault(a => a.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase));
if (files.Length == 0)
{
    Console.Error.WriteLine("usage: dotnet run console.cs -- [MODEL.onnx] IMAGE…");
    return 2;
}

// Thread-safe and worth keeping: loading takes longer than reading.
using CharacterRecognizer recognizer = model is null ? CharacterRecognizer.Load(ShippedModel.Characters) : CharacterRecognizer.Load(model);
int failures = 0;
foreach (string file in files)
{
    try
    {
        Prediction prediction = recognizer.Recognize(File.ReadAllBytes(file));
        string others = string.Join(", ", prediction.Candidates.Skip(1).Select(c => $"{c.Label} {c.Confidence:P1}"));
        string doubt = prediction.IsLikelyCharacter ? "" : "  (doesn't look like a character)";
        Console.WriteLine($"{file}: {prediction.Label} {prediction.Confidence:P1}{doubt}  [{others}]");
    }
    catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ImageFormatException)
    {
        Console.Error.WriteLine($"{file}: {exception.Message}");
        failures++;
    }
}
return failures == 0 ? 0 : 1;
