using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine;
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

    /// <summary>Whether convolutions may use Winograd's algorithm.</summary>
    public bool Winograd { get; init; } = true;

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
/// <remarks>The batch is split into parts of which each sums the gradients of its images on its own; the sums are added in the order
/// of the parts. Their number depends on the batch size only. A part goes through the steps in chunks that fit the second-level
/// cache, as far as it gets without statistics over the whole batch.</remarks>
internal sealed unsafe class TrainingPlan : ITrainingPlan
{
    /// <summary>Threads meet every millisecond or so.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMicroseconds(200);

    private readonly CompiledGraph _compiled;
    private readonly StepContext _context;
    private readonly LossStep _lossStep;
    private readonly WorkerPool _pool;
    private readonly MemoryPlan _memory;
    private readonly SegmentWork _segmentWork;
    private readonly JobWork _before;
    private readonly JobWork _after;
    private readonly Job[] _sharedAfter;

    /// <summary>Compiles a graph; copies its weights (<see cref="Parameters"/> and <see cref="Statistics"/> have what becomes of them).</summary>
    /// <exception cref="OnnxException">An operator has no gradient; the message names the node.</exception>
    public TrainingPlan(Graph graph, TrainingPlanOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        _context = new StepContext { BatchSize = options.BatchSize, Winograd = options.Winograd };
        _compiled = new GraphCompiler(graph, options, _context).Compile();
        Parameters = new ParameterSet(graph, _compiled.Weights.Where(w => w.IsTrainable).Select(w => (w.Name, w.IsDecayed)));
        foreach (Parameter parameter in Parameters.Parameters)
            _compiled.Weights.Single(w => w.Name == parameter.Name && w.IsTrainable).Bind(Parameters, parameter);
        Statistics = [.. _compiled.Statistics.Select(s => (s.Key, s.Value.AsMemory()))];
        Classes = _compiled.Logits.Length;

        _lossStep = new LossStep(_compiled.Logits, _context);
        int parts = PartCount(options.BatchSize);
        foreach (Step step in _compiled.Steps) step.Prepare(parts, _context);
        _pool = new WorkerPool(options.Threads, s_patience);
        Parameters.Workers = _pool;
        _memory = new MemoryPlan(_compiled, _lossStep, options.BatchSize, parts, options.Threads);
        _segmentWork = new SegmentWork(_memory, _context);
        // Later layers tend to have the larger weights; long jobs first leave no thread waiting for one at the end.
        _before = new JobWork([.. _compiled.Steps.Reverse().SelectMany(s => s.BeforeJobs)]);
        Job[] after = [.. _compiled.Steps.Where(s => s.Output.NeedsGradient).Reverse().SelectMany(s => s.AfterJobs)];
        _after = new JobWork([.. after.Where(j => !j.Weights.Any(w => w.IsShared))]);
        _sharedAfter = [.. after.Where(j => j.Weights.Any(w => w.IsShared))];
    }

    /// <summary>Trainable weights and their gradients.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Running statistics of batch normalisation, by initializer name; updated by <see cref="Step"/>.</summary>
    public IReadOnlyList<(string Name, Memory<float> Values)> Statistics { get; }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>What runs, in order, for measurements.</summary>
    internal IReadOnlyList<Segment> Segments => _memory.Segments;

    /// <summary>Forward and backward over one batch; leaves the gradients of the mean loss in <see cref="Parameters"/>.</summary>
    /// <param name="images">[count, 1, 28, 28] (or whatever the graph's input is), row-major.</param>
    /// <param name="count">Images in this batch, at most <see cref="TrainingPlanOptions.BatchSize"/>.</param>
    /// <param name="loss">Loss of each row and its gradient at the logits.</param>
    /// <param name="seed">Seed of this step's dropout masks.</param>
    /// <param name="leastMomentum">Least share of this batch in the running statistics, 0 … 1; layers whose own is larger keep it.</param>
    public StepResult Step(ReadOnlySpan<float> images, int count, Loss loss, ulong seed, float leastMomentum = 0)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (count < 1 || count > _context.BatchSize)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"A batch has 1 to {_context.BatchSize} images.");
        if (images.Length < (long)count * _compiled.Input.Length)
            throw new ArgumentException($"{count} images of {_compiled.Input.Length} values need {(long)count * _compiled.Input.Length} values, not {images.Length}.", nameof(images));
        _context.Count = count;
        _context.Seed = seed;
        _context.Loss = loss;
        _context.LeastMomentum = leastMomentum;
        foreach (Weight weight in _compiled.Weights)
            if (weight is { IsTrainable: true, IsShared: true }) new Span<float>(weight.Gradient, weight.Length).Clear();
        fixed (float* pinned = images)
        {
            _compiled.Input.DataStorage.Base = pinned;
            _pool.Run(_before.Count, _before);
            foreach (Segment segment in _memory.Segments)
            {
                _segmentWork.Segment = segment;
                _pool.Run(segment.Parts, _segmentWork);
                segment.Join?.Invoke(segment.Parts, count);
            }
            _pool.Run(_after.Count, _after);
            foreach (Job job in _sharedAfter) job.Execute(0);
            _compiled.Input.DataStorage.Base = null;
        }
        _context.Loss = null;
        return _lossStep.Result(count);
    }

    public void Dispose()
    {
        _pool.Dispose();
        _memory.Dispose();
        foreach (Step step in _compiled.Steps) (step as IDisposable)?.Dispose();
        foreach (Weight weight in _compiled.Weights) weight.Dispose();
        Parameters.Dispose();
    }

    /// <summary>Parts of a batch: enough for eight threads, but not fewer than four images in each.</summary>
    private static int PartCount(int batchSize) => Math.Clamp(batchSize / 4, 1, 8);

    private sealed class SegmentWork(MemoryPlan memory, StepContext context) : IParallelWork
    {
        public Segment? Segment { get; set; }

        public void Execute(int index, int worker)
        {
            Segment segment = Segment!;
            int part = segment.IsDescending ? segment.Parts - 1 - index : index;
            int first = (int)((long)part * context.Count / segment.Parts), end = (int)((long)(part + 1) * context.Count / segment.Parts);
            int chunks = (end - first + segment.ChunkSize - 1) / segment.ChunkSize;
            for (int i = 0; i < chunks; i++)
            {
                int start = first + (segment.IsDescending ? chunks - 1 - i : i) * segment.ChunkSize;
                foreach (ChunkWork work in segment.Works)
                    work(new Chunk(start, Math.Min(segment.ChunkSize, end - start), part, memory.Local(worker), memory.Scratch(worker)));
            }
        }
    }

    private sealed class JobWork(Job[] jobs) : IParallelWork
    {
        public int Count => jobs.Length;

        public void Execute(int index, int worker) => jobs[index].Execute(worker);
    }
}
