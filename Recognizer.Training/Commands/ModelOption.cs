using System.CommandLine;

namespace Recognizer.Training.Commands;

/// <summary><c>--model</c>, and the model that is used without it.</summary>
internal sealed class ModelOption
{
    public Option<string?> Option { get; } = new("--model") { Description = "The model [default: models/default.onnx beside the program or here, else what train without options makes]", HelpName = "FILE" };

    /// <summary>The file to use.</summary>
    /// <exception cref="UsageException">None is named and there is no default.</exception>
    public string Path(ParseResult result)
    {
        if (result.GetValue(Option) is { } path) return path;
        string[] defaults = [System.IO.Path.Combine(AppContext.BaseDirectory, "models", "default.onnx"), System.IO.Path.Combine("models", "default.onnx"), System.IO.Path.Combine("models", "strokes-cnn2", "model.onnx")];
        return Array.Find(defaults, File.Exists) ?? throw new UsageException("there is no default model here: name one with --model, or make one with 'recognizer train'.");
    }
}
