namespace Recognizer.Training.Differentiation;

/// <summary>Work that a chunk of images goes through without waiting for other images.</summary>
internal sealed class Segment
{
    /// <summary>The work, in order.</summary>
    public List<ChunkWork> Works { get; } = [];

    /// <summary>Steps whose passes are among <see cref="Works"/>.</summary>
    public List<Step> Steps { get; } = [];

    /// <summary>Joins sums over the batch when all images are through; gets the number of parts and of images.</summary>
    public Action<int, int>? Join { get; set; }

    /// <summary>Parts that the batch is split into.</summary>
    public int Parts { get; set; } = 1;

    /// <summary>Images that should go through together for the kernels to run at full speed.</summary>
    public int LeastChunk { get; set; } = 1;

    /// <summary>Most images that go through together.</summary>
    public int ChunkSize { get; set; } = 1;

    /// <summary>Whether the last image goes first: every other segment, so that it begins with what the one before has left in the cache.</summary>
    public bool IsDescending { get; init; }

    /// <summary>Floats that each worker needs for values that live within the segment.</summary>
    public long LocalLength { get; set; }
}
