using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine;

/// <summary>Runs a graph: this library's own <see cref="Plan"/>, or another runtime in its place (<see cref="RecognizerOptions.Runner"/>). Any number of threads may
/// run it at the same time.</summary>
public interface IGraphRunner : IDisposable
{
    /// <summary>Values that are computed: those that <see cref="PlanOptions.Outputs"/> asked for, in that order.</summary>
    IReadOnlyList<ValueInfo> Outputs { get; }

    /// <summary>Computes the outputs.</summary>
    /// <param name="inputs">A tensor for each input, by name.</param>
    /// <returns>The outputs by name.</returns>
    IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs);

    /// <summary>Computes the first output of a graph with one float input.</summary>
    /// <param name="input">[batch, …] in row-major order.</param>
    /// <param name="batch">Size of the first dimension.</param>
    /// <param name="output">[batch, …], receives the first output.</param>
    void Run(ReadOnlySpan<float> input, int batch, Span<float> output);
}
