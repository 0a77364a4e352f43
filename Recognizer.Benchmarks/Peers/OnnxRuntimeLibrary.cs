using System.Runtime.InteropServices;
using System.Text;
using Recognizer.Inference.Onnx;

namespace Recognizer.Benchmarks.Peers;

/// <summary>ONNX Runtime's C interface, called directly so that no binding costs the peer time. Functions are found by their place in the
/// interface's table, which only ever grows at its end.</summary>
internal sealed unsafe class OnnxRuntimeLibrary
{
    private const uint InterfaceVersion = 14;

    // Places in OrtApi.
    private const int GetErrorMessage = 2, CreateEnv = 3, CreateSessionFromArray = 8, RunFunction = 9, CreateSessionOptions = 10,
        SetGraphOptimizationLevel = 23, SetIntraOpThreads = 24, SetInterOpThreads = 25, CreateTensorWithData = 49, CreateCpuMemoryInfo = 69,
        ReleaseStatus = 93, ReleaseSession = 95, ReleaseValue = 96, ReleaseSessionOptions = 100;

    private readonly nint* _table;
    private readonly nint _environment;
    private readonly nint _memory;

    /// <summary>Loads the library.</summary>
    /// <param name="path">The shared library's file.</param>
    public OnnxRuntimeLibrary(string path)
    {
        nint library = NativeLibrary.Load(path);
        var getBase = (delegate* unmanaged[Cdecl]<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase");
        nint* functions = getBase();
        _table = ((delegate* unmanaged[Cdecl]<uint, nint*>)functions[0])(InterfaceVersion);
        Version = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged[Cdecl]<byte*>)functions[1])()) ?? "";
        if (_table == null) throw new InvalidOperationException($"ONNX Runtime {Version} doesn't offer interface version {InterfaceVersion}.");
        nint environment, memory;
        fixed (byte* name = "peers\0"u8)
        {
            const int errorsOnly = 3;
            Check(((delegate* unmanaged[Cdecl]<int, byte*, nint*, nint>)_table[CreateEnv])(errorsOnly, name, &environment));
        }
        Check(((delegate* unmanaged[Cdecl]<int, int, nint*, nint>)_table[CreateCpuMemoryInfo])(1, 0, &memory));
        (_environment, _memory) = (environment, memory);
    }

    public string Version { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="model">The file.</param>
    /// <param name="threads">Threads of one run.</param>
    /// <param name="optimize">Whether nodes may be fused; without, each node is computed as the file has it.</param>
    public nint CreateSession(byte[] model, int threads, bool optimize = true)
    {
        nint options, session;
        Check(((delegate* unmanaged[Cdecl]<nint*, nint>)_table[CreateSessionOptions])(&options));
        const int none = 0, all = 99;
        Check(((delegate* unmanaged[Cdecl]<nint, int, nint>)_table[SetGraphOptimizationLevel])(options, optimize ? all : none));
        Check(((delegate* unmanaged[Cdecl]<nint, int, nint>)_table[SetIntraOpThreads])(options, threads));
        Check(((delegate* unmanaged[Cdecl]<nint, int, nint>)_table[SetInterOpThreads])(options, 1));
        fixed (byte* data = model)
        {
            Check(((delegate* unmanaged[Cdecl]<nint, byte*, nuint, nint, nint*, nint>)_table[CreateSessionFromArray])(
                _environment, data, (nuint)model.Length, options, &session));
        }
        ((delegate* unmanaged[Cdecl]<nint, void>)_table[ReleaseSessionOptions])(options);
        return session;
    }

    /// <summary>Wraps the caller's memory as a float tensor.</summary>
    public nint CreateTensor(float* data, ReadOnlySpan<long> shape) => CreateTensor(data, ElementType.Float, sizeof(float), shape);

    /// <summary>Wraps the caller's memory as a tensor.</summary>
    public nint CreateTensor(void* data, ElementType type, int elementSize, ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (long dimension in shape) count *= dimension;
        nint value;
        // The interface numbers element types as the file format does.
        fixed (long* dimensions = shape)
        {
            Check(((delegate* unmanaged[Cdecl]<nint, void*, nuint, long*, nuint, int, nint*, nint>)_table[CreateTensorWithData])(
                _memory, data, (nuint)(count * elementSize), dimensions, (nuint)shape.Length, (int)type, &value));
        }
        return value;
    }

    /// <summary>Computes one output of one input, into the memory of <paramref name="output"/>.</summary>
    public void Run(nint session, byte[] inputName, nint input, byte[] outputName, nint output)
    {
        fixed (byte* from = inputName, to = outputName)
        {
            byte* first = from, second = to;
            Check(((delegate* unmanaged[Cdecl]<nint, nint, byte**, nint*, nuint, byte**, nuint, nint*, nint>)_table[RunFunction])(
                session, 0, &first, &input, 1, &second, 1, &output));
        }
    }

    public void FreeSession(nint session) => ((delegate* unmanaged[Cdecl]<nint, void>)_table[ReleaseSession])(session);

    public void FreeTensor(nint tensor) => ((delegate* unmanaged[Cdecl]<nint, void>)_table[ReleaseValue])(tensor);

    /// <summary>A name as the interface wants it.</summary>
    public static byte[] Text(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    private void Check(nint status)
    {
        if (status == 0) return;
        string message = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged[Cdecl]<nint, byte*>)_table[GetErrorMessage])(status)) ?? "";
        ((delegate* unmanaged[Cdecl]<nint, void>)_table[ReleaseStatus])(status);
        throw new InvalidOperationException($"ONNX Runtime: {message}");
    }
}
