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
        // One cache line of slack: kernels may prefetch, never store, past the end.
        _bytes = checked((nuint)length * (nuint)sizeof(T) + 2 * Alignment);
        // Large blocks come from the system as zeros already, page by page when they are first touched.
        _block = NativeMemory.AllocZeroed(_bytes);
        Pointer = (T*)(((nuint)_block + Alignment - 1) & ~(Alignment - 1));
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
