namespace Recognizer.Inference.Engine.Execution;

/// <summary>Everything that one run of a segment writes to: an arena per worker, the caller's pointers and the cut into chunks.</summary>
internal sealed unsafe class Workspace(int externals, long arenaLength) : IParallelWork, IDisposable
{
    private AlignedBuffer<float>?[] _arenas = [new AlignedBuffer<float>(arenaLength)];
    private int[] _starts = new int[16];
    private Segment? _segment;

    /// <summary>Addresses of the segment's inputs, then outputs; 0 for an output that isn't wanted. Valid while a run lasts.</summary>
    public nint[] Externals { get; } = new nint[externals];

    /// <summary>Whether the run has a single image.</summary>
    public bool Alone { get; set; }

    /// <summary>Where the time of each step is added up, or null.</summary>
    public long[]? Ticks { get; set; }

    /// <summary>Cuts images into chunks of nearly equal size, the same number for each thread.</summary>
    /// <param name="segment">Whose chunks <see cref="Execute"/> runs.</param>
    /// <param name="images">Images of the run.</param>
    /// <param name="threads">Threads that share them.</param>
    /// <param name="largest">Most images in a chunk.</param>
    /// <returns>Number of chunks.</returns>
    public int Cut(Segment segment, int images, int threads, int largest)
    {
        _segment = segment;
        if (_arenas.Length < threads) Array.Resize(ref _arenas, threads);
        int each = (images + threads - 1) / threads, count = Math.Min(images, (each + largest - 1) / largest * threads);
        if (count >= _starts.Length) Array.Resize(ref _starts, 2 * count);
        for (int i = 0; i <= count; i++) _starts[i] = (int)((long)images * i / count);
        return count;
    }

    public void Execute(int index, int worker)
    {
        AlignedBuffer<float> arena = _arenas[worker] ??= new AlignedBuffer<float>(arenaLength);
        if (Ticks is { } ticks) _segment!.ProfileChunk(arena.Pointer, Externals, _starts[index], _starts[index + 1] - _starts[index], Alone, ticks);
        else _segment!.RunChunk(arena.Pointer, Externals, _starts[index], _starts[index + 1] - _starts[index], Alone);
    }

    public void Dispose()
    {
        foreach (AlignedBuffer<float>? arena in _arenas) arena?.Dispose();
    }
}

/// <summary>Workspaces that wait for the next run. Taking and giving back is one exchange, without locks or allocation once warm.</summary>
internal sealed class WorkspacePool(int externals, long arenaLength) : IDisposable
{
    private readonly Workspace?[] _waiting = new Workspace?[Math.Max(4, 2 * Environment.ProcessorCount)];
    private volatile bool _disposed;

    public Workspace Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(Plan));
        for (int i = 0; i < _waiting.Length; i++)
        {
            if (Volatile.Read(ref _waiting[i]) is not null && Interlocked.Exchange(ref _waiting[i], null) is { } found) return found;
        }
        return new Workspace(externals, arenaLength);
    }

    public void Return(Workspace workspace)
    {
        Array.Clear(workspace.Externals);
        for (int i = 0; i < _waiting.Length && !_disposed; i++)
        {
            if (Volatile.Read(ref _waiting[i]) is null && Interlocked.CompareExchange(ref _waiting[i], workspace, null) is null) return;
        }
        workspace.Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        for (int i = 0; i < _waiting.Length; i++) Interlocked.Exchange(ref _waiting[i], null)?.Dispose();
    }
}
