namespace Recognizer.Training.Differentiation;

/// <summary>Work on the images of a chunk.</summary>
internal delegate void ChunkWork(in Chunk chunk);

/// <summary>What a step's backward pass reads besides the gradient of its output.</summary>
[Flags]
internal enum BackwardNeeds
{
    None = 0,

    /// <summary>Its inputs.</summary>
    Inputs = 1,

    /// <summary>Its output.</summary>
    Output = 2,

    /// <summary>The first of its inputs.</summary>
    FirstInput = 4,
}

/// <summary>Work that is done once per training step, before the forward pass or after the backward pass.</summary>
/// <param name="Weights">Weights whose gradients it writes.</param>
/// <param name="Execute">The work; gets the worker's number.</param>
internal sealed record Job(IReadOnlyList<Weight> Weights, Action<int> Execute);

/// <summary>One operator of the graph, or several fused into one, with its forward and backward pass. Both work on a chunk of
/// images at a time and may run for several chunks at the same time; sums over images go to accumulators per part, which
/// <see cref="AfterJobs"/> add up in a fixed order.</summary>
internal abstract class Step
{
    protected Step(Value output, params Value[] inputs)
    {
        Output = output;
        Inputs = inputs;
        Adds = new bool[inputs.Length];
    }

    public Value[] Inputs { get; }

    public Value Output { get; }

    /// <summary>Whether the gradient of each input is added to what a later reader already left there.</summary>
    public bool[] Adds { get; }

    /// <summary>Values besides input and output that are kept from the forward to the backward pass.</summary>
    public IReadOnlyList<Value> Kept { get; protected init; } = [];

    /// <summary>What the backward pass reads.</summary>
    public virtual BackwardNeeds Needs => BackwardNeeds.None;

    /// <summary>Whether the forward pass is so cheap, from inputs that the backward pass reads anyway, that doing it again in the backward
    /// pass beats keeping the output in memory.</summary>
    public virtual bool IsRepeatable => false;

    /// <summary>Whether the jobs after the backward pass read the inputs and the gradient of the output.</summary>
    public virtual bool JobsReadBatch => false;

    /// <summary>Whether all images must pass <see cref="Measure"/> before the first is passed on, and likewise backward.</summary>
    public virtual bool NeedsStatistics => false;

    /// <summary>Adds to the statistics of the part.</summary>
    public virtual void Measure(in Chunk chunk) { }

    /// <summary>Joins the statistics of all parts.</summary>
    /// <param name="parts">Number of parts.</param>
    /// <param name="images">Images in the batch.</param>
    public virtual void Join(int parts, int images) { }

    /// <summary>Writes the output.</summary>
    public abstract void Forward(in Chunk chunk);

    /// <summary>Adds to the sums over images that the gradients of the inputs depend on.</summary>
    public virtual void MeasureGradient(in Chunk chunk) { }

    /// <summary>Joins these sums over all parts.</summary>
    public virtual void JoinGradient(int parts, int images) { }

    /// <summary>Writes or adds the gradient of every input that needs it, and adds to the weights' accumulators. May overwrite the
    /// gradient of the output.</summary>
    public abstract void Backward(in Chunk chunk);

    /// <summary>Floats of scratch memory for a chunk of so many images.</summary>
    public virtual long ScratchLength(int images) => 0;

    /// <summary>Images that should come together for the kernels to run at full speed.</summary>
    /// <param name="backward">Whether in the backward pass.</param>
    public virtual int LeastChunk(bool backward) => 1;

    /// <summary>Called when layouts are final and weights bound, before memory is planned.</summary>
    /// <param name="parts">Number of parts of a batch.</param>
    /// <param name="context">What all steps share.</param>
    public virtual void Prepare(int parts, StepContext context) { }

    /// <summary>Work before the forward pass, such as packing weights; the jobs are independent of each other.</summary>
    public virtual IEnumerable<Job> BeforeJobs => [];

    /// <summary>Work after the backward pass: finishing the gradients of the weights. Jobs that write to different weights, or to
    /// different elements of a weight, run at the same time.</summary>
    public virtual IEnumerable<Job> AfterJobs => [];
}

/// <summary>What changes from one training step to the next and is shared by all steps.</summary>
internal sealed class StepContext
{
    /// <summary>Images in this batch.</summary>
    public int Count { get; set; }

    /// <summary>Seed of this step's dropout masks.</summary>
    public ulong Seed { get; set; }

    /// <summary>Loss of this step.</summary>
    public Loss? Loss { get; set; }

    /// <summary>Least share of this batch in the running statistics of batch normalisation.</summary>
    public float LeastMomentum { get; set; }

    /// <summary>Whether convolutions may use Winograd's algorithm.</summary>
    public required bool Winograd { get; init; }

    /// <summary>Most images per step.</summary>
    public required int BatchSize { get; init; }
}
