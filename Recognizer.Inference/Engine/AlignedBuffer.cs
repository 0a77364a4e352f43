using System.Runtime.InteropServices;

namespace Recognizer.Inference.Engine;

/// <summary>Zeroed memory outside the garbage-collected heap, aligned to a cache line (64 bytes), for weights and activations.</summary>
internal sealed unsafe class AlignedBuffer<T> : IDisposable where T : unmanaged
{
    private const nuint Alignment = 64;
    private readonly nuint _bytes;
    private void* _block;

    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        // One cache line of slack: kernels may read, never store, past the end.
        _bytes = checked((nuint)length * (nuint)sizeof(T) + 2 * Alignment);
        bool large = LargePages.Suit(_bytes);
        nuint alignment = large ? LargePages.Size : Alignment, pages = (_bytes + LargePages.Size - 1) & ~(LargePages.Size - 1);
        // Large blocks come from the system as zeros already, page by page when they are first touched.
        _block = NativeMemory.AllocZeroed(large ? checked(pages + LargePages.Size) : _bytes);
        Pointer = (T*)(((nuint)_block + alignment - 1) & ~(alignment - 1));
        if (large) LargePages.Request(Pointer, pages);
        GC.AddMemoryPressure((long)_bytes);
    }

    ~AlignedBuffer() => Free();

    /// <summary>First element. Keep the buffer alive while it is used.</summary>
    public T* Pointer { get; private set; }

    public long Length { get; }

    public Span<T> Span => new(Pointer, checked((int)Length));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_block == null) return;
        NativeMemory.Free(_block);
        _block = null;
        Pointer = null;
        GC.RemoveMemoryPressure((long)_bytes);
    }
}
