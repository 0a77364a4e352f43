#:project ../Recognizer.Inference
#:property PublishAot=false

// Reads all images of a folder as they are loaded, and writes CSV: file, label, confidence, whether it looks like a character.
//   dotnet run samples/folder.cs -- model.onnx scans/ > result.csv

using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;

if (args is not [var model, var folder] || !Directory.Exists(folder))
{
    Console.Error.WriteLine("usage: dotnet run folder.cs -- MODEL.onnx FOLDER");
    return 2;
}
using var ending = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) => { e.Cancel = true; ending.Cancel(); };
using CharacterRecognizer recognizer = CharacterRecognizer.Load(model, new RecognizerOptions { Top = 1 });

string[] extensions = [".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".pbm", ".pnm", ".pam"];
string[] files = [.. Directory.EnumerateFiles(folder).Where(f => extensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal)];
var readable = new ConcurrentQueue<string>(); // the next files are loaded while these answers are written
Console.WriteLine("file,label,confidence,character");
int count = 0;
try
{
    // Files are loaded while others are read; never more than a batch is in memory.
    await foreach (Prediction prediction in recognizer.RecognizeAsync(Images(files, readable), cancellationToken: ending.Token))
    {
        readable.TryDequeue(out string? file);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Quoted(Path.GetFileName(file)!)},{Quoted(prediction.Label)},{prediction.Confidence:0.0000},{(prediction.IsLikelyCharacter ? "yes" : "no")}"));
        count++;
    }
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("interrupted");
    return 130;
}
Console.Error.WriteLine($"{count} of {files.Length} files read");
return count == files.Length ? 0 : 1;

static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

static async IAsyncEnumerable<GrayImage> Images(string[] files, ConcurrentQueue<string> readable, [EnumeratorCancellation] CancellationToken cancellationToken = default)
{
    foreach (string file in files)
    {
        GrayImage image;
        try
        {
            image = ImageDecoder.Decode(await File.ReadAllBytesAsync(file, cancellationToken)).ToGray();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ImageFormatException)
        {
            Console.Error.WriteLine($"{file}: {exception.Message}");
            continue;
        }
        readable.Enqueue(file);
        yield return image;
    }
}
