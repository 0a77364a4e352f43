using Microsoft.ML.OnnxRuntime;
using Recognizer.Inference;

namespace Recognizer.OnnxRuntime;

/// <summary>Puts ONNX Runtime behind <see cref="CharacterRecognizer"/>.</summary>
public static class OnnxRuntimeOptions
{
    /// <summary>The same options, with ONNX Runtime in place of the managed engine.</summary>
    /// <param name="options">How to read.</param>
    /// <param name="configure">Adds to the session's options, such as <c>session => session.AppendExecutionProvider_CUDA()</c>; the native package for that provider
    /// is the application's to choose.</param>
    /// <example><code>
    /// using var recognizer = CharacterRecognizer.Load("model.onnx", new RecognizerOptions().UseOnnxRuntime());
    /// </code></example>
    public static RecognizerOptions UseOnnxRuntime(this RecognizerOptions options, Action<SessionOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with { Runner = (graph, plan) => new OnnxRuntimeRunner(graph, plan, configure) };
    }
}
