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
    /// <param name="winograd">Whether convolutions may use Winograd's algorithm.</param>
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

    /// <summary>Time of each piece of work, summed over threads, per training step; slows training down a little from then on.</summary>
    /// <param name="seconds">How long to measure.</param>
    public IReadOnlyList<(string Work, double Milliseconds, int Calls)> Profile(double seconds)
    {
        var entries = new List<(string Name, long[] Ticks)>();
        foreach ((Segment segment, int number) in _plan.Segments.Select((s, i) => (s, i)))
        {
            for (int i = 0; i < segment.Works.Count; i++)
            {
                ChunkWork work = segment.Works[i];
                long[] ticks = new long[2];
                entries.Add(($"{number,2} ({segment.Parts} × {segment.ChunkSize}) {work.Target!.GetType().Name}.{work.Method.Name} {(work.Target as Step)?.Output.Name}", ticks));
                segment.Works[i] = (in Chunk chunk) =>
                {
                    long start = Stopwatch.GetTimestamp();
                    work(chunk);
                    Interlocked.Add(ref ticks[0], Stopwatch.GetTimestamp() - start);
                    Interlocked.Increment(ref ticks[1]);
                };
            }
        }
        int before = Steps;
        var watch = Stopwatch.StartNew();
        ImagesPerSecond(seconds);
        double total = watch.Elapsed.TotalMilliseconds;
        int steps = Steps - before;
        return [.. entries.Select(e => (e.Name, e.Ticks[0] * 1e3 / Stopwatch.Frequency / steps, (int)(e.Ticks[1] / steps))), ("whole step, wall clock", total / steps, 1)];
    }

    /// <summary>Steps taken.</summary>
    public int Steps => (int)_step;

    public void Dispose() => _plan.Dispose();
}
