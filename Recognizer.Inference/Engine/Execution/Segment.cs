using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Execution;

/// <summary>Steps that treat every image by itself, with their memory plan. A run cuts its images into chunks, the parallel parts; within a chunk,
/// steps that like the same number of images at a time form a stage, and the stage goes over the chunk in blocks of that many, so that activations
/// stay in the nearest cache. No result depends on how images are cut, because no kernel's arithmetic for one image depends on its neighbours.</summary>
internal sealed unsafe class Segment : IDisposable
{
    /// <summary>Floats of activations that a block may touch in one step, about half of a core's second-level cache.</summary>
    private const long BlockBudget = 96 * 1024;

    /// <summary>Largest number of images in a chunk: enough rows for dense layers, few enough for several threads to share a batch.</summary>
    private const int MaxChunk = 28;

    private readonly Step[] _steps;
    private readonly (int First, int End, int Block)[] _stages;
    private readonly WorkspacePool _workspaces;
    private readonly long _scratchOffset;

    public Segment(IReadOnlyList<string> inputs, IReadOnlyList<int[]> inputShapes, IReadOnlyList<string> outputs, IReadOnlyList<int[]> outputShapes, IReadOnlyList<Step> steps)
    {
        Inputs = inputs;
        InputShapes = inputShapes;
        Outputs = outputs;
        OutputShapes = outputShapes;
        _steps = [.. steps];
        _stages = Stages(_steps);
        long arena = MemoryPlanner.Assign(_steps, _stages, MaxChunk);
        long scratch = 0;
        foreach ((int first, int end, int block) in _stages)
        {
            for (int i = first; i < end; i++)
            {
                for (int images = 1; images <= block; images = images == block ? block + 1 : Math.Min(block, images * 2))
                    scratch = Math.Max(scratch, _steps[i].ScratchLength(images));
            }
        }
        _scratchOffset = (arena + 15) / 16 * 16;
        _workspaces = new WorkspacePool(inputs.Count + outputs.Count, _scratchOffset + scratch);
    }

    /// <summary>Names of the values read; external slots 0, 1, ….</summary>
    public IReadOnlyList<string> Inputs { get; }

    /// <summary>Shapes of the inputs without the batch dimension.</summary>
    public IReadOnlyList<int[]> InputShapes { get; }

    /// <summary>Names of the values written; external slots after the inputs'.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>Shapes of the outputs without the batch dimension.</summary>
    public IReadOnlyList<int[]> OutputShapes { get; }

    public IReadOnlyList<Step> Steps => _steps;

    /// <summary>Steps of each stage and images per block.</summary>
    public IReadOnlyList<(int First, int End, int Block)> StageRanges => _stages;

    /// <summary>Takes a workspace; <see cref="Return"/> gives it back.</summary>
    public Workspace Rent() => _workspaces.Rent();

    public void Return(Workspace workspace) => _workspaces.Return(workspace);

    /// <summary>Runs images with the external pointers set in <paramref name="workspace"/>.</summary>
    public void Run(Workspace workspace, int images, WorkerPool? pool)
    {
        int threads = pool?.Threads ?? 1;
        workspace.Alone = images == 1;
        int chunks = workspace.Cut(this, images, threads, MaxChunk);
        if (chunks == 1 || threads == 1)
        {
            for (int i = 0; i < chunks; i++) workspace.Execute(i, 0);
            return;
        }
        pool!.Run(chunks, workspace);
    }

    /// <summary>One chunk on one worker's arena.</summary>
    internal void RunChunk(float* arena, nint[] externals, long start, int images, bool alone)
    {
        foreach ((int first, int end, int block) in _stages)
        {
            // Blocks of nearly the same size: a small last one would read all weights for a few images.
            int blocks = (images + block - 1) / block, size = (images + blocks - 1) / blocks;
            for (int b = 0; b < images; b += size)
            {
                var context = new StepContext(arena, arena + _scratchOffset, externals, start, b, Math.Min(size, images - b), alone);
                for (int i = first; i < end; i++) _steps[i].Run(context);
            }
        }
    }

    /// <summary>Runs images on the caller's thread and adds up the time of each step, in <see cref="System.Diagnostics.Stopwatch"/> ticks.</summary>
    internal void Profile(Workspace workspace, int images, long[] ticks)
    {
        workspace.Ticks = ticks;
        Run(workspace, images, null);
        workspace.Ticks = null;
    }

    internal void ProfileChunk(float* arena, nint[] externals, long start, int images, bool alone, long[] ticks)
    {
        foreach ((int first, int end, int block) in _stages)
        {
            // Blocks of nearly the same size: a small last one would read all weights for a few images.
            int blocks = (images + block - 1) / block, size = (images + blocks - 1) / blocks;
            for (int b = 0; b < images; b += size)
            {
                var context = new StepContext(arena, arena + _scratchOffset, externals, start, b, Math.Min(size, images - b), alone);
                for (int i = first; i < end; i++)
                {
                    long before = System.Diagnostics.Stopwatch.GetTimestamp();
                    _steps[i].Run(context);
                    ticks[i] += System.Diagnostics.Stopwatch.GetTimestamp() - before;
                }
            }
        }
    }

    public void Dispose()
    {
        foreach (Step step in _steps) step.Dispose();
        _workspaces.Dispose();
    }

    private static (int, int, int)[] Stages(Step[] steps)
    {
        var stages = new List<(int First, int End, int Block)>();
        for (int i = 0; i < steps.Length; i++)
        {
            long perImage = steps[i].Reads.Concat(steps[i].Writes).Sum(slot => (long)slot.ImageStride);
            int block = (int)Math.Clamp(BlockBudget / Math.Max(1, perImage), 1, MaxChunk);
            int preferred = steps[i].PreferredImages;
            block = Math.Max(preferred, block / preferred * preferred);
            // A new stage where the block size changes by more than a half.
            if (stages.Count > 0 && stages[^1] is var last && 2 * block <= 3 * last.Block && 3 * block >= 2 * last.Block)
                stages[^1] = (last.First, i + 1, Math.Max(steps[last.First..(i + 1)].Max(step => step.PreferredImages), Math.Min(block, last.Block)));
            else
                stages.Add((i, i + 1, block));
        }
        return [.. stages];
    }
}
