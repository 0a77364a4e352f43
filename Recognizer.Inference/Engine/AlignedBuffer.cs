using System.Runtime.InteropServices;

namespace Recognizer.Inference.Engine;

/// <summary>Zeroed memory outside the garbage-collected heap, aligned to a cache line (64 bytes), for weights and activations.</summary>
internal sealed unsafe class AlignedBuffer<T> : IDisposable where T : unmanaged
{
    private const nuint Alignment = 64;
    private readonly nuint _bytes;

    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        // One cache line of slack: kernels may prefetch, never store, past the end.
        _bytes = checked((nuint)length * (nuint)sizeof(T) + Alignment);
        Pointer = (T*)NativeMemory.AlignedAlloc(_bytes, Alignment);
        NativeMemory.Clear(Pointer, _bytes);
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
        if (Pointer == null) return;
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
        GC.RemoveMemoryPressure((long)_bytes);
    }
}
