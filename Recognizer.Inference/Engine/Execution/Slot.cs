using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Inference.Engine.Execution;

/// <summary>Where in a run a slot's images lie.</summary>
internal enum SlotScope
{
    /// <summary>Arena; written and read within one block of images, so that it stays in the nearest cache.</summary>
    Block,

    /// <summary>Arena; holds all images of a chunk.</summary>
    Chunk,

    /// <summary>Memory of the caller, all images of the run, row-major.</summary>
    External,
}

/// <summary>Memory for one value, an equal share per image. Layout is row-major, or what <see cref="Image"/> says.</summary>
internal sealed class Slot
{
    public Slot(int elements, ImageShape? image = null)
    {
        Elements = elements;
        Image = image;
        ImageStride = image?.ImageStride ?? elements;
    }

    /// <summary>Row-major elements per image.</summary>
    public int Elements { get; }

    /// <summary>Layout where the value is stored as an image.</summary>
    public ImageShape? Image { get; }

    /// <summary>Floats from one image to the next.</summary>
    public int ImageStride { get; }

    public SlotScope Scope { get; set; }

    /// <summary>Floats from the arena's start; number of the external value where <see cref="Scope"/> is external.</summary>
    public long Offset { get; set; }

    /// <summary>First and last step that touch the slot.</summary>
    public int FirstStep { get; set; } = int.MaxValue;

    public int LastStep { get; set; } = -1;
}

/// <summary>What a step needs to know to find its slots.</summary>
internal readonly unsafe struct StepContext(float* arena, float* scratch, nint[] externals, long chunkStart, int blockStart, int images, bool alone)
{
    /// <summary>Images to work on.</summary>
    public int Images { get; } = images;

    /// <summary>Whether the run has a single image, so that weights are read for it alone.</summary>
    public bool Alone { get; } = alone;

    /// <summary>Memory of this worker that no other step uses meanwhile.</summary>
    public float* Scratch { get; } = scratch;

    /// <summary>A slot's first image of this block; null where the caller doesn't want an external output.</summary>
    public float* this[Slot slot] => slot.Scope switch
    {
        SlotScope.Block => arena + slot.Offset,
        SlotScope.Chunk => arena + slot.Offset + (long)blockStart * slot.ImageStride,
        _ => (float*)externals[slot.Offset] is var start && start == null ? null : start + (chunkStart + blockStart) * slot.ImageStride,
    };
}

/// <summary>One kernel call of a plan. Steps hold weights, never activations, and may run on many threads at once.</summary>
internal abstract class Step : IDisposable
{
    protected Step(IReadOnlyList<Slot> reads, IReadOnlyList<Slot> writes)
    {
        Reads = reads;
        Writes = writes;
    }

    public IReadOnlyList<Slot> Reads { get; }

    public IReadOnlyList<Slot> Writes { get; }

    /// <summary>Works on the images of a context.</summary>
    public abstract void Run(in StepContext context);

    /// <summary>Floats of scratch memory.</summary>
    public virtual long ScratchLength(int images) => 0;

    /// <summary>Fewest images for which the step is efficient (rows of a matrix product, tiles of a transformed convolution).</summary>
    public virtual int PreferredImages => 1;

    /// <summary>Short description for profiles and tests.</summary>
    public virtual string Description => GetType().Name;

    /// <summary>Frees packed weights.</summary>
    public virtual void Dispose() { }
}
