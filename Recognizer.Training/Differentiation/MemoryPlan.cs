using Recognizer.Inference.Engine;

namespace Recognizer.Training.Differentiation;

/// <summary>The order in which a batch goes through the steps, and the memory for what they leave to each other.</summary>
internal sealed unsafe class MemoryPlan : IDisposable
{
    /// <summary>Bytes of activations that a chunk may touch so that they stay in the second-level cache (1 MiB on current server
    /// processors) next to weights and scratch.</summary>
    private const long CacheBudget = 400 * 1024;

    private const int LeastParts = 4;

    private readonly List<(Value Value, Storage Storage)> _touched = [];
    private readonly HashSet<Storage> _seen = [];
    private readonly AlignedBuffer<float> _arena;
    private readonly AlignedBuffer<float>[] _local;
    private readonly AlignedBuffer<float>[] _scratch;

    public MemoryPlan(CompiledGraph graph, LossStep loss, int batchSize, int parts, int workers)
    {
        graph.Input.DataStorage.IsExternal = true;
        Segments = Order(graph, loss);
        long scratch = 16;
        foreach (Segment segment in Segments)
        {
            // Fewer parts where they would be smaller than what runs at full speed, but enough for four threads.
            segment.Parts = Math.Min(parts, Math.Max(LeastParts, batchSize / segment.LeastChunk));
            segment.ChunkSize = ChunkSize(segment, (batchSize + segment.Parts - 1) / segment.Parts);
            foreach (Step step in segment.Steps) scratch = Math.Max(scratch, step.ScratchLength(segment.ChunkSize));
        }

        long arena = 0;
        var placed = new List<(Storage Storage, long Offset)>();
        var places = new List<(Value Value, int LastWork, long Offset)>();
        foreach ((Value value, Storage storage) in _touched)
        {
            if (storage.IsExternal) continue;
            if (storage.IsLocal)
            {
                Segment segment = Segments[storage.First];
                storage.Offset = segment.LocalLength;
                segment.LocalLength += RoundUp(value.Stride * Segments.Skip(storage.First).Take(storage.Last - storage.First + 1).Max(s => s.ChunkSize));
            }
            else
            {
                // Images whose work is done leave their place to others with the same border of zeros; the last to go is most likely in the cache.
                int place = -1;
                for (int i = 0; i < places.Count; i++)
                {
                    (Value other, int lastWork, _) = places[i];
                    if (lastWork < storage.FirstWork && (place < 0 || lastWork > places[place].LastWork)
                        && other.Layout == ValueLayout.Image && value.Layout == ValueLayout.Image && other.Image == value.Image) place = i;
                }
                if (place < 0)
                {
                    place = places.Count;
                    places.Add((value, 0, arena));
                    arena += RoundUp(value.Stride * batchSize);
                }
                places[place] = places[place] with { LastWork = storage.LastWork };
                placed.Add((storage, places[place].Offset));
            }
        }
        _arena = new AlignedBuffer<float>(arena);
        foreach ((Storage storage, long offset) in placed) storage.Base = _arena.Pointer + offset;

        // Borders must stay zero, so segments don't share local memory: each begins where the one before ends.
        long local = 0;
        foreach (Segment segment in Segments)
        {
            foreach ((_, Storage storage) in _touched)
            {
                if (storage.IsLocal && Segments[storage.First] == segment) storage.Offset += local;
            }
            local += segment.LocalLength;
        }
        _local = new AlignedBuffer<float>[workers];
        _scratch = new AlignedBuffer<float>[workers];
        for (int i = 0; i < workers; i++)
        {
            _local[i] = new AlignedBuffer<float>(local);
            _scratch[i] = new AlignedBuffer<float>(scratch);
        }
    }

    /// <summary>Segments in the order in which they run.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    public float* Local(int worker) => _local[worker].Pointer;

    public float* Scratch(int worker) => _scratch[worker].Pointer;

    public void Dispose()
    {
        _arena.Dispose();
        foreach (AlignedBuffer<float> buffer in _local) buffer.Dispose();
        foreach (AlignedBuffer<float> buffer in _scratch) buffer.Dispose();
    }

    private static long RoundUp(long length) => (length + 15) / 16 * 16;

    private List<Segment> Order(CompiledGraph graph, LossStep loss)
    {
        var segments = new List<Segment> { new() };
        int works = 0;
        void Barrier(Action<int, int>? join)
        {
            segments[^1].Join = join;
            segments.Add(new Segment { IsDescending = segments.Count % 2 == 1 });
        }

        void Add(Step step, ChunkWork work, bool backward = false)
        {
            segments[^1].Works.Add(work);
            works++;
            segments[^1].Steps.Add(step);
            segments[^1].LeastChunk = Math.Max(segments[^1].LeastChunk, step.LeastChunk(backward));
        }

        void Touch(Value value, bool gradient)
        {
            Storage storage = gradient ? value.GradientStorage : value.DataStorage;
            storage.Touch(segments.Count - 1, works);
            if (_seen.Add(storage)) _touched.Add((value.Root, storage));
        }

        foreach (Step step in graph.Steps)
        {
            if (step.NeedsStatistics)
            {
                foreach (Value input in step.Inputs) Touch(input, gradient: false);
                Add(step, step.Measure);
                Barrier(step.Join);
            }
            foreach (Value value in (Value[])[.. step.Inputs, .. step.Kept, step.Output]) Touch(value, gradient: false);
            Add(step, step.Forward);
        }
        Touch(loss.Logits, gradient: false);
        if (loss.Logits.NeedsGradient) Touch(loss.Logits, gradient: true);
        segments[^1].Works.Add(loss.Run);

        var producers = graph.Steps.ToDictionary(s => s.Output.Root);
        Step[] batchReaders = [.. graph.Steps.Where(s => s.JobsReadBatch && s.Output.NeedsGradient)];
        HashSet<Storage> kept = [.. batchReaders.SelectMany(s => s.Inputs).Select(i => i.DataStorage)];
        // Reads a value in the backward pass: what the forward pass left in memory for other segments, or what is computed again in each.
        void TouchKept(Value value)
        {
            Storage storage = value.DataStorage;
            bool isPresent = storage.Last == segments.Count - 1;
            if (storage.IsLocal && !isPresent && !kept.Contains(storage) && producers.TryGetValue(value.Root, out Step? producer) && producer.IsRepeatable)
            {
                storage.IsRepeated = true;
                foreach (Value input in producer.Inputs) TouchKept(input);
                Add(producer, producer.Forward, backward: true);
            }
            Touch(value, gradient: false);
        }

        foreach (Step step in graph.Steps.Reverse())
        {
            if (!step.Output.NeedsGradient) continue;
            void TouchRead()
            {
                Touch(step.Output, gradient: true);
                foreach (Value value in step.Kept) Touch(value, gradient: false);
                if (step.Needs.HasFlag(BackwardNeeds.Output)) Touch(step.Output, gradient: false);
                if (step.Needs.HasFlag(BackwardNeeds.FirstInput)) TouchKept(step.Inputs[0]);
                if (step.Needs.HasFlag(BackwardNeeds.Inputs))
                    foreach (Value input in step.Inputs) TouchKept(input);
            }

            if (step.NeedsStatistics)
            {
                TouchRead();
                Add(step, step.MeasureGradient, backward: true);
                Barrier(step.JoinGradient);
            }
            TouchRead();
            foreach (Value input in step.Inputs)
                if (input.NeedsGradient) Touch(input, gradient: true);
            Add(step, step.Backward, backward: true);
        }
        // The jobs after the last segment count as one more.
        foreach (Step step in batchReaders)
        {
            step.Output.GradientStorage.Touch(segments.Count, works);
            foreach (Value input in step.Inputs) input.DataStorage.Touch(segments.Count, works);
        }
        return segments;
    }

    private static int ChunkSize(Segment segment, int partSize)
    {
        long bytes = 0;
        foreach (Step step in segment.Steps) bytes = Math.Max(bytes, sizeof(float) * (step.Output.Stride + step.Inputs.Sum(i => i.Stride)));
        return (int)Math.Clamp(CacheBudget / Math.Max(1, bytes), Math.Min(segment.LeastChunk, partSize), partSize);
    }
}
