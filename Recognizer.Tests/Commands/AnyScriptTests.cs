using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Tests.Datasets;
using Recognizer.Training.Commands;

namespace Recognizer.Tests.Commands;

/// <summary>Labels are Unicode text: folders named after Greek and Cyrillic letters go all the way from images to predictions.</summary>
public sealed class AnyScriptTests : IDisposable
{
    // Each letter as polylines on a unit square, y downwards.
    private static readonly Dictionary<string, float[][]> s_letters = new()
    {
        ["λ"] = [[0.2f, 0, 0.8f, 1], [0.5f, 0.5f, 0.2f, 1]],
        ["Π"] = [[0.1f, 1, 0.1f, 0, 0.9f, 0, 0.9f, 1]],
        ["Σ"] = [[0.9f, 0, 0.1f, 0, 0.6f, 0.5f, 0.1f, 1, 0.9f, 1]],
        ["Ж"] = [[0.5f, 0, 0.5f, 1], [0.05f, 0, 0.95f, 1], [0.95f, 0, 0.05f, 1]],
        ["Ш"] = [[0, 0, 0, 1, 1, 1, 1, 0], [0.5f, 0, 0.5f, 1]],
        ["Г"] = [[0.2f, 1, 0.2f, 0, 0.8f, 0]],
    };

    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Greek_and_Cyrillic_letters_train_export_evaluate_and_predict()
    {
        var random = new Random(5);
        foreach ((string letter, float[][] lines) in s_letters)
            for (int i = 0; i < 40; i++) _folder.Write(Path.Combine("letters", letter, $"{i}.png"), PngEncoder.Encode(Draw(lines, random)));
        string letters = Path.Combine(_folder.Root, "letters"), run = Path.Combine(_folder.Root, "запуск"), model = Path.Combine(run, "model.onnx");

        JsonElement trained = Json("train", "--dataset", letters, "--width", "0.25", "--epochs", "6", "--batch-size", "16", "--ema", "0", "--threads", "1", "--output", run);
        Assert.True(trained.GetProperty("microAccuracy").GetDouble() > 0.75, trained.GetProperty("microAccuracy").ToString());
        Assert.Equal(s_letters.Keys.Order(StringComparer.Ordinal), trained.GetProperty("perClass").EnumerateArray().Select(c => c.GetProperty("label").GetString()!).Order(StringComparer.Ordinal));

        JsonElement evaluated = Json("evaluate", "--model", model, "--dataset", letters, "--alphabet", "λΠΣ");
        Assert.Equal(120, evaluated.GetProperty("count").GetInt32());
        Assert.Equal(120, evaluated.GetProperty("skipped").GetInt32());

        string bytes = Path.Combine(_folder.Root, "байты", "model.onnx");
        Json("export", model, "--uint8-input", "--samples", "1", "--output", bytes);
        int right = 0;
        foreach ((string letter, float[][] lines) in s_letters)
        {
            string image = _folder.Write($"{letter}.png", PngEncoder.Encode(Draw(lines, random)));
            JsonElement prediction = Json("predict", "--model", bytes, image)[0];
            Assert.Equal(image, prediction.GetProperty("file").GetString());
            if (prediction.GetProperty("predictions")[0].GetProperty("label").GetString() == letter) right++;
        }
        Assert.True(right >= 4, $"{right} of 6 letters read");
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(bytes);
        Assert.Equal(s_letters.Keys.Order(StringComparer.Ordinal), recognizer.Labels.Order(StringComparer.Ordinal));
    }

    private JsonElement Json(params string[] arguments)
    {
        _output.GetStringBuilder().Clear();
        int code = CommandLine.Run([.. arguments, "--json"], new CommandHost(_output, _error, CancellationToken.None));
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {_error}");
        using JsonDocument document = JsonDocument.Parse(_output.ToString());
        return document.RootElement.Clone();
    }

    /// <summary>Dark strokes on light paper of some size, shaken a little.</summary>
    private static GrayImage Draw(float[][] lines, Random random)
    {
        int width = random.Next(36, 60), height = random.Next(36, 60);
        var pixels = new byte[width * height];
        Array.Fill(pixels, (byte)230);
        float left = 6 + random.NextSingle() * 4, top = 6 + random.NextSingle() * 4, sizeX = width - left - 8, sizeY = height - top - 8, thickness = 1 + random.NextSingle();
        foreach (float[] line in lines)
        {
            float[] shaken = [.. line.Select(value => value + (random.NextSingle() - 0.5f) * 0.1f)];
            for (int p = 0; p + 3 < shaken.Length; p += 2)
            {
                for (float t = 0; t <= 1; t += 0.01f)
                {
                    float x = left + sizeX * (shaken[p] + t * (shaken[p + 2] - shaken[p])), y = top + sizeY * (shaken[p + 1] + t * (shaken[p + 3] - shaken[p + 1]));
                    for (int row = (int)(y - thickness); row <= y + thickness; row++)
                        for (int column = (int)(x - thickness); column <= x + thickness; column++)
                            if (row >= 0 && row < height && column >= 0 && column < width) pixels[row * width + column] = 30;
                }
            }
        }
        return new GrayImage(width, height, pixels);
    }
}
