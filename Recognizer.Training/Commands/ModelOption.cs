using System.CommandLine;
using Recognizer.Inference;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Commands;

/// <summary><c>--model</c>, and the model that is used without it.</summary>
internal sealed class ModelOption
{
    public Option<string?> Option { get; } = new("--model") { Description = "The model [default: the shipped characters-best-int8, which reads digits and letters]", HelpName = "FILE" };

    /// <summary>Reads the model.</summary>
    /// <returns>What to call it, and its graph.</returns>
    /// <exception cref="OnnxException">The file isn't a model.</exception>
    public (string Name, Graph Graph) Read(ParseResult result) =>
        result.GetValue(Option) is { } path ? (path, OnnxReader.ReadAnyFile(path)) : ("characters-best-int8", CharacterRecognizer.Shipped(ShippedModel.Characters));
}
