using Recognizer.Inference.Onnx;
using Recognizer.Training.Optimization;

namespace Recognizer.Training.Differentiation;

/// <summary>How a graph is trained.</summary>
internal sealed record TrainingPlanOptions
{
    /// <summary>Most images per step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Threads; results don't depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Whether 3×3 convolutions may use Winograd's algorithm.</summary>
    public bool Winograd { get; init; } = true;

    /// <summary>Momentum of batch-normalisation statistics as PyTorch means it: new = (1 − m) · old + m · batch.</summary>
    public float BatchNormMomentum { get; init; } = 0.1f;

    /// <summary>Initializers that stay as they are (names); everything else that is differentiable and of float type in a
    /// Conv, Gemm, MatMul, BatchNormalization, Add … weight position is trained.</summary>
    public IReadOnlySet<string> Frozen { get; init; } = new HashSet<string>();
}

/// <summary>Result of one step.</summary>
/// <param name="Loss">Mean loss over the batch.</param>
/// <param name="Correct">Images whose largest logit is the label's.</param>
internal readonly record struct StepResult(double Loss, int Correct);

/// <summary>A graph compiled for training: forward in training mode, loss at the logits (the tensor before the final softmax and the
/// temperature), backward to every trainable initializer. The same seed gives the same bits whatever the number of threads.</summary>
internal sealed class TrainingPlan : IDisposable
{
    /// <summary>Compiles a graph; takes over its weights (<see cref="WriteTo"/> gives them back).</summary>
    /// <exception cref="OnnxException">An operator has no gradient; the message names the node.</exception>
    public TrainingPlan(Graph graph, TrainingPlanOptions options) => throw new NotImplementedException();

    /// <summary>Trainable weights and their gradients.</summary>
    public ParameterSet Parameters => throw new NotImplementedException();

    /// <summary>Running statistics of batch normalisation, by initializer name; updated by <see cref="Step"/>.</summary>
    public IReadOnlyList<(string Name, Memory<float> Values)> Statistics => throw new NotImplementedException();

    /// <summary>Number of classes.</summary>
    public int Classes => throw new NotImplementedException();

    /// <summary>Forward and backward over one batch; leaves the gradients of the mean loss in <see cref="Parameters"/>.</summary>
    /// <param name="images">[count, 1, 28, 28] (or whatever the graph's input is), row-major.</param>
    /// <param name="loss">Loss of each row and its gradient at the logits.</param>
    /// <param name="count">Images in this batch, at most <see cref="TrainingPlanOptions.BatchSize"/>.</param>
    /// <param name="seed">Seed of this step's dropout masks.</param>
    public StepResult Step(ReadOnlySpan<float> images, int count, Loss loss, ulong seed) => throw new NotImplementedException();

    /// <summary>Writes weights (<paramref name="values"/>, or the current ones where empty) and running statistics into a graph with
    /// the same initializers.</summary>
    public void WriteTo(Graph graph, ReadOnlySpan<float> values = default) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
