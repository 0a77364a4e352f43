using System.Runtime.InteropServices;
using Recognizer.Benchmarks.Peers;
using Recognizer.Inference.Onnx;

namespace Recognizer.Benchmarks.Agreement;

/// <summary>A model in ONNX Runtime, with one input, run on one thread.</summary>
internal sealed unsafe class OnnxRuntimeSession : IDisposable
{
    private readonly OnnxRuntimeLibrary _library;
    private readonly nint _session;

    public OnnxRuntimeSession(OnnxRuntimeLibrary library, byte[] file, bool optimize = true)
    {
        _library = library;
        _session = library.CreateSession(file, 1, optimize);
    }

    /// <summary>Computes one float output.</summary>
    /// <param name="inputName">Name of the input.</param>
    /// <param name="input">Its value.</param>
    /// <param name="outputName">Name of the output.</param>
    /// <param name="shape">Shape of the output; ONNX Runtime refuses another than its own.</param>
    public float[] Run(string inputName, Tensor input, string outputName, ReadOnlySpan<int> shape)
    {
        var result = new float[Tensor.ElementCount(shape)];
        GCHandle pin = GCHandle.Alloc(input.Data, GCHandleType.Pinned);
        try
        {
            fixed (float* output = result)
            {
                int size = input.ElementType switch
                {
                    ElementType.Float => sizeof(float),
                    ElementType.UInt8 => sizeof(byte),
                    _ => throw new NotSupportedException($"Inputs of type {input.ElementType} are not compared."),
                };
                nint from = _library.CreateTensor((void*)pin.AddrOfPinnedObject(), input.ElementType, size, Long(input.Shape));
                nint to = _library.CreateTensor(output, Long(shape));
                try
                {
                    _library.Run(_session, OnnxRuntimeLibrary.Text(inputName), from, OnnxRuntimeLibrary.Text(outputName), to);
                }
                finally
                {
                    _library.FreeTensor(from);
                    _library.FreeTensor(to);
                }
            }
        }
        finally
        {
            pin.Free();
        }
        return result;
    }

    public void Dispose() => _library.FreeSession(_session);

    private static long[] Long(ReadOnlySpan<int> shape)
    {
        var result = new long[shape.Length];
        for (int i = 0; i < shape.Length; i++) result[i] = shape[i];
        return result;
    }
}
