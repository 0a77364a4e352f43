using Recognizer.Inference.Onnx;
using Recognizer.Training.Optimization;

namespace Recognizer.Training.Differentiation;

/// <summary>Computes gradients of a graph: <see cref="TrainingPlan"/>, or another runtime in its place.</summary>
internal interface ITrainingPlan : IDisposable
{
    /// <summary>Trainable weights and their gradients.</summary>
    ParameterSet Parameters { get; }

    /// <summary>Running statistics of batch normalisation, by initializer name; updated by <see cref="Step"/>.</summary>
    IReadOnlyList<(string Name, Memory<float> Values)> Statistics { get; }

    /// <summary>Forward and backward over one batch; leaves the gradients of the mean loss in <see cref="Parameters"/>.</summary>
    /// <param name="images">[count, 1, 28, 28] (or whatever the graph's input is), row-major.</param>
    /// <param name="count">Images in this batch, at most <see cref="TrainingPlanOptions.BatchSize"/>.</param>
    /// <param name="loss">Loss of each row and its gradient at the logits.</param>
    /// <param name="seed">Seed of this step's dropout masks.</param>
    /// <param name="leastMomentum">Least share of this batch in the running statistics, 0 … 1; layers whose own is larger keep it.</param>
    StepResult Step(ReadOnlySpan<float> images, int count, Loss loss, ulong seed, float leastMomentum = 0);
}
