namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Memory that each thread keeps for the kernels it runs.</summary>
internal static unsafe class ThreadScratch
{
    [ThreadStatic]
    private static AlignedBuffer<float>? t_buffer;

    /// <summary>At least so many floats of any content, valid until the thread's next call.</summary>
    public static float* Rent(long floats)
    {
        AlignedBuffer<float>? buffer = t_buffer;
        if (buffer == null || buffer.Length < floats)
        {
            buffer?.Dispose();
            t_buffer = buffer = new AlignedBuffer<float>(floats);
        }
        return buffer.Pointer;
    }
}
