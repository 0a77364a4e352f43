using System.Diagnostics;
using Recognizer.Inference.Onnx;
using Recognizer.Training;
using Recognizer.Training.Architectures;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Optimization;

namespace Recognizer.Benchmarks;

/// <summary>Whole training steps (forward, backward, optimiser) on random images, without data loading; the peer's script does the same.</summary>
internal sealed class TrainingBenchmark : IDisposable
{
    private readonly TrainingPlan _plan;
    private readonly Optimizer _optimizer;
    private readonly float[] _images;
    private readonly Loss _loss;
    private readonly int _batch;
    private long _step;

    /// <param name="network">Name of an architecture; 10 classes.</param>
    /// <param name="batch">Images per step.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="winograd">Whether 3×3 convolutions may use Winograd's algorithm.</param>
    public TrainingBenchmark(string network, int batch, int threads, bool winograd = true)
    {
        Graph graph = Architecture.Build(network, [.. Enumerable.Range(0, 10).Select(i => i.ToString())], seed: 1);
        _plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = batch, Threads = threads, Winograd = winograd });
        _optimizer = Optimizer.Create("adam", _plan.Parameters, 0);
        _batch = batch;
        var random = new CounterRandom(CounterRandom.Key(2));
        _images = new float[batch * 784];
        for (int i = 0; i < _images.Length; i++) _images[i] = random.NextSingle();
        var labels = new int[batch];
        for (int i = 0; i < batch; i++) labels[i] = random.NextInt32(10);
        _loss = new SoftmaxCrossEntropy(labels);
    }

    /// <summary>Takes steps for about so long, at least three, and returns images per second of the median step.</summary>
    public double ImagesPerSecond(double seconds)
    {
        var times = new List<double>();
        long begin = Stopwatch.GetTimestamp();
        while (times.Count < 3 || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds)
        {
            long start = Stopwatch.GetTimestamp();
            _plan.Step(_images, _batch, _loss, (ulong)_step);
            _optimizer.Step(1e-3f, _step++);
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        times.Sort();
        return _batch / times[times.Count / 2];
    }

    /// <summary>Steps taken.</summary>
    public int Steps => (int)_step;

    public void Dispose() => _plan.Dispose();
}
