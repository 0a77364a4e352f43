using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine;

/// <summary>A graph compiled for running: constants folded, operators fused, weights packed, memory planned. Immutable; any number of
/// threads may run it at the same time and get the same bits.</summary>
public sealed class Plan : IDisposable
{
    /// <summary>Compiles a graph.</summary>
    /// <exception cref="OnnxException">An operator is unknown or shapes don't fit; the message names the node.</exception>
    public static Plan Compile(Graph graph, PlanOptions? options = null) => throw new NotImplementedException();

    /// <summary>Values that <see cref="Run(IReadOnlyDictionary{string, Tensor})"/> expects.</summary>
    public IReadOnlyList<ValueInfo> Inputs => throw new NotImplementedException();

    /// <summary>Values that are computed.</summary>
    public IReadOnlyList<ValueInfo> Outputs => throw new NotImplementedException();

    /// <summary>Runs a plan with one float input and reads its first chosen output, without allocating in steady state.</summary>
    /// <param name="input">[batch, …] in row-major order.</param>
    /// <param name="batch">Number of images.</param>
    /// <param name="output">[batch, …] of the first output.</param>
    public void Run(ReadOnlySpan<float> input, int batch, Span<float> output) => throw new NotImplementedException();

    /// <summary>Runs a plan with any inputs and returns all outputs by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs) => throw new NotImplementedException();

    /// <summary>Frees packed weights and activations.</summary>
    public void Dispose() => throw new NotImplementedException();
}
