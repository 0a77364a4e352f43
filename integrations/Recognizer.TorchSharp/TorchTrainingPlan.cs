using Recognizer.Inference.Onnx;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Recognizer.TorchSharp;

/// <summary>Forward and backward in TorchSharp. Which weights are trained, the loss, the optimiser, the average of the weights and everything around them are those of the
/// engine's own training.</summary>
internal sealed class TorchTrainingPlan : ITrainingPlan
{
    private readonly GraphModule _module;
    private readonly Device _device;
    private readonly long[] _inputShape;

    public TorchTrainingPlan(Graph graph, TrainingPlanOptions options, Device device)
    {
        CompiledGraph compiled = new GraphCompiler(graph, options, new StepContext { BatchSize = options.BatchSize, Winograd = false }).Compile();
        Parameters = new ParameterSet(graph, compiled.Weights.Where(weight => weight.IsTrainable).Select(weight => (weight.Name, weight.IsDecayed)));
        Statistics = [.. compiled.Statistics.Select(statistic => (statistic.Key, statistic.Value.AsMemory()))];
        foreach (Weight weight in compiled.Weights) weight.Dispose();
        _device = device;
        Graph loss = ClassifierOutput.Of(graph).ForLoss(graph);
        _module = new GraphModule(loss, loss.Outputs[0].Name, Parameters.Parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal));
        _module.to(device);
        _inputShape = [.. compiled.Input.Shape.Select(size => (long)size)];
    }

    public ParameterSet Parameters { get; }

    public IReadOnlyList<(string Name, Memory<float> Values)> Statistics { get; }

    public StepResult Step(ReadOnlySpan<float> images, int count, Loss loss, ulong seed, float leastMomentum = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed((long)seed);
        foreach (Parameter parameter in Parameters.Parameters) _module.Write(parameter.Name, Parameters.Value(parameter));
        // A resumed training writes those of its checkpoint
        foreach ((string name, Memory<float> values) in Statistics) _module.Write(name, values.Span);
        _module.LeastMomentum = leastMomentum;
        _module.train();
        _module.zero_grad();
        Tensor logits = _module.forward(tensor(images.ToArray(), [count, .. _inputShape], device: _device));

        float[] rows = [.. logits.detach().cpu().data<float>()];
        int classes = rows.Length / count, correct = 0;
        var gradient = new float[rows.Length];
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += loss.Evaluate(i, rows.AsSpan(i * classes, classes), gradient.AsSpan(i * classes, classes), out bool isCorrect);
            if (isCorrect) correct++;
        }
        for (int i = 0; i < gradient.Length; i++) gradient[i] /= count;
        logits.backward([tensor(gradient, logits.shape, device: _device)]);

        foreach (Parameter parameter in Parameters.Parameters) _module.Read(parameter.Name, Parameters.Gradient(parameter), gradient: true);
        foreach ((string name, Memory<float> values) in Statistics) _module.Read(name, values.Span);
        return new StepResult(sum / count, correct);
    }

    public void Dispose()
    {
        _module.Dispose();
        Parameters.Dispose();
    }
}
