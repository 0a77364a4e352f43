using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Training.Differentiation;

/// <summary>How the elements of one image's part of a value lie in memory.</summary>
internal enum ValueLayout
{
    /// <summary>Row-major, without gaps.</summary>
    Flat,

    /// <summary>As <see cref="ImageShape"/> says: NHWC with a border of zeros and padded channels.</summary>
    Image,
}

/// <summary>Where the elements of a value, or of its gradient, live.</summary>
internal sealed unsafe class Storage
{
    /// <summary>First segment that touches it, or -1 while nothing does.</summary>
    public int First { get; private set; } = -1;

    /// <summary>Last segment that touches it.</summary>
    public int Last { get; private set; } = -1;

    /// <summary>Whether it lives within one segment, or is computed again in each, and so needs memory for one chunk per worker only.</summary>
    public bool IsLocal => IsRepeated || (First == Last && !IsExternal);

    /// <summary>Whether every segment that reads it computes it again.</summary>
    public bool IsRepeated { get; set; }

    /// <summary>Whether the memory is the caller's: that of the images.</summary>
    public bool IsExternal { get; set; }

    /// <summary>Offset in floats from the worker's memory, for local storage.</summary>
    public long Offset { get; set; }

    /// <summary>First image of the batch, for storage that isn't local.</summary>
    public float* Base { get; set; }

    /// <summary>First work that touches it, counted through all segments.</summary>
    public int FirstWork { get; private set; }

    /// <summary>Last work that touches it.</summary>
    public int LastWork { get; private set; }

    /// <summary>Notes a use; uses come in order.</summary>
    public void Touch(int segment, int work)
    {
        if (First < 0) (First, FirstWork) = (segment, work);
        (Last, LastWork) = (segment, work);
    }
}

/// <summary>A tensor of the graph with one row per image of the batch, and the gradient of the loss by it in the same layout.</summary>
internal sealed unsafe class Value
{
    private readonly Value? _root;
    private int _border;

    /// <param name="name">Name in the graph, for messages.</param>
    /// <param name="shape">Dimensions without the batch; [C, H, W] for <see cref="ValueLayout.Image"/>.</param>
    /// <param name="layout">Memory layout.</param>
    /// <param name="needsGradient">Whether a trainable weight lies before it.</param>
    public Value(string name, int[] shape, ValueLayout layout, bool needsGradient)
    {
        Name = name;
        Shape = shape;
        Layout = layout;
        NeedsGradient = needsGradient;
        DataStorage = new Storage();
        GradientStorage = new Storage();
    }

    private Value(Value root, string name, int[] shape)
    {
        _root = root;
        Name = name;
        Shape = shape;
        Layout = root.Layout;
        NeedsGradient = root.NeedsGradient;
        DataStorage = root.DataStorage;
        GradientStorage = root.GradientStorage;
    }

    public string Name { get; }

    public int[] Shape { get; }

    public ValueLayout Layout { get; }

    public bool NeedsGradient { get; }

    public Storage DataStorage { get; }

    public Storage GradientStorage { get; }

    /// <summary>The value whose memory this one shares, or itself.</summary>
    public Value Root => _root ?? this;

    /// <summary>Pixels of zeros around an image, the most that any reader of it or of its gradient asked for.</summary>
    public int Border
    {
        get => Root._border;
        private set => Root._border = value;
    }

    /// <summary>Elements per image.</summary>
    public int Length
    {
        get
        {
            int length = 1;
            foreach (int dimension in Shape) length = checked(length * dimension);
            return length;
        }
    }

    /// <summary>Image layout; only for <see cref="ValueLayout.Image"/>, once all borders are known.</summary>
    public ImageShape Image => new(Shape[1], Shape[2], Shape[0], Border);

    /// <summary>Floats from one image to the next.</summary>
    public long Stride => Layout == ValueLayout.Image ? Image.ImageStride : Root.Length;

    /// <summary>The same memory under another shape; only for <see cref="ValueLayout.Flat"/>.</summary>
    public Value Reshape(string name, int[] shape) => new(Root, name, shape);

    /// <summary>Memory for a number beside each element of an image's pixels, padded channels included, without border; to be kept for the backward pass.</summary>
    public Value BesideElements() => new(Name, [Shape[1], Shape[2], new ImageShape(1, 1, Shape[0], 0).PixelStride], ValueLayout.Flat, needsGradient: false);

    public void RequireBorder(int border) => Border = Math.Max(Border, border);

    /// <summary>Elements of the chunk's first image.</summary>
    public float* Data(in Chunk chunk) => At(DataStorage, chunk);

    /// <summary>Gradient of the chunk's first image.</summary>
    public float* Gradient(in Chunk chunk) => At(GradientStorage, chunk);

    /// <summary>Rows of elements without gaps: those of the images, or one per image where the layout is flat.</summary>
    public Rows Rows(float* start)
    {
        if (Layout == ValueLayout.Flat) return new Rows(start, Length, Length, 1, Length);
        ImageShape image = Image;
        return new Rows(start + image.Origin, image.ImageStride, image.RowStride, image.Height, image.Width * image.PixelStride);
    }

    private float* At(Storage storage, in Chunk chunk) =>
        storage.IsLocal ? chunk.Local + storage.Offset : storage.Base + chunk.Start * Stride;
}

/// <summary>Rows of a chunk that have no gaps inside.</summary>
/// <param name="Start">First row of the first image.</param>
/// <param name="ImageStride">Floats from one image to the next.</param>
/// <param name="RowStride">Floats from one row to the next.</param>
/// <param name="Count">Rows per image.</param>
/// <param name="Length">Floats per row.</param>
internal readonly unsafe record struct Rows(nint Address, long ImageStride, long RowStride, int Count, int Length)
{
    public Rows(float* start, long imageStride, long rowStride, int count, int length)
        : this((nint)start, imageStride, rowStride, count, length)
    {
    }

    public float* this[int image, int row] => (float*)Address + image * ImageStride + row * RowStride;

    /// <summary>Sets the rows of some images to zero.</summary>
    public void Clear(int images)
    {
        for (int n = 0; n < images; n++)
            for (int r = 0; r < Count; r++) new Span<float>(this[n, r], Length).Clear();
    }
}

/// <summary>Images that one worker takes through a segment at a time.</summary>
/// <param name="start">First image in the batch.</param>
/// <param name="count">Images.</param>
/// <param name="part">Number of the part of the batch that they belong to: the number of the accumulators that they add to.</param>
/// <param name="local">The worker's memory for values that live within the segment.</param>
/// <param name="scratch">The worker's memory for one call.</param>
internal readonly unsafe ref struct Chunk(int start, int count, int part, float* local, float* scratch)
{
    public int Start { get; } = start;

    public int Count { get; } = count;

    public int Part { get; } = part;

    public float* Local { get; } = local;

    public float* Scratch { get; } = scratch;
}
