using Microsoft.ML.OnnxRuntime;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.OnnxRuntime;

/// <summary>Runs a graph in a session of ONNX Runtime, on the CPU or whatever execution provider the session is given.</summary>
public sealed class OnnxRuntimeRunner : IGraphRunner
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;

    /// <summary>Opens a session.</summary>
    /// <param name="graph">The graph; it is copied.</param>
    /// <param name="options">Outputs to compute, and how many threads one run may use.</param>
    /// <param name="configure">Adds to the session's options, such as an execution provider.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime can't load the graph.</exception>
    /// <exception cref="ArgumentException">An output in <paramref name="options"/> doesn't exist.</exception>
    public OnnxRuntimeRunner(Graph graph, PlanOptions? options = null, Action<SessionOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        options ??= new PlanOptions();
        IReadOnlyDictionary<string, ValueInfo> values = ShapeInference.Infer(graph);
        Outputs = [.. (options.Outputs ?? graph.Outputs.Select(output => output.Name)).Select(name =>
            values.TryGetValue(name, out ValueInfo? value) ? value : throw new ArgumentException($"The graph computes no value '{name}'.", nameof(options)))];
        Graph wanted = graph.Clone();
        wanted.Outputs.Clear();
        foreach (ValueInfo output in Outputs) wanted.Outputs.Add(output);
        _inputNames = [.. wanted.Inputs.Select(input => input.Name)];
        _outputNames = [.. Outputs.Select(output => output.Name)];

        using var sessionOptions = new SessionOptions { IntraOpNumThreads = options.Threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        configure?.Invoke(sessionOptions);
        _session = new InferenceSession(OnnxWriter.ToBytes(wanted), sessionOptions);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ValueInfo> Outputs { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var values = new List<OrtValue>(_inputNames.Length);
        try
        {
            foreach (string name in _inputNames)
                values.Add(ToOrtValue(inputs.TryGetValue(name, out Tensor? tensor) ? tensor : throw new ArgumentException($"There is no input '{name}'.", nameof(inputs))));
            using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(_run, _inputNames, values, _outputNames);
            return _outputNames.Zip(results).ToDictionary(pair => pair.First, pair => ToTensor(pair.Second));
        }
        finally
        {
            foreach (OrtValue value in values) value.Dispose();
        }
    }

    /// <inheritdoc/>
    public unsafe void Run(ReadOnlySpan<float> input, int batch, Span<float> output)
    {
        if (batch == 0) return;
        fixed (float* source = input, destination = output)
        {
            // Both sides are the caller's memory: nothing is copied.
            using OrtValue from = Wrap(source, input.Length, Shape(_session.InputMetadata[_inputNames[0]].Dimensions, batch, input.Length));
            using OrtValue to = Wrap(destination, output.Length, Shape(_session.OutputMetadata[_outputNames[0]].Dimensions, batch, output.Length));
            _session.Run(_run, _inputNames, [from], _outputNames[..1], [to]);
        }
    }

    /// <summary>Closes the session.</summary>
    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }

    private static unsafe OrtValue Wrap(float* values, int length, long[] shape) => OrtValue.CreateTensorValueWithData(
        OrtMemoryInfo.DefaultInstance, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float, shape, (nint)values, length * sizeof(float));

    // The first dimension is the batch; one other that is open takes what is left of the length.
    private static long[] Shape(int[] dimensions, int batch, int length)
    {
        var shape = Array.ConvertAll(dimensions, dimension => (long)dimension);
        shape[0] = batch;
        long known = shape.Where(dimension => dimension > 0).Aggregate(1L, (product, dimension) => product * dimension);
        for (int i = 0; i < shape.Length; i++)
        {
            if (shape[i] > 0) continue;
            shape[i] = length / known;
            known = length;
        }
        return shape;
    }

    private static OrtValue ToOrtValue(Tensor tensor)
    {
        long[] shape = [.. tensor.Shape.ToArray()];
        return tensor.Data switch
        {
            float[] data => OrtValue.CreateTensorValueFromMemory(data, shape),
            double[] data => OrtValue.CreateTensorValueFromMemory(data, shape),
            byte[] data => OrtValue.CreateTensorValueFromMemory(data, shape),
            int[] data => OrtValue.CreateTensorValueFromMemory(data, shape),
            long[] data => OrtValue.CreateTensorValueFromMemory(data, shape),
            _ => throw new NotSupportedException($"Inputs of type {tensor.ElementType} are not supported."),
        };
    }

    private static Tensor ToTensor(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        int[] shape = Array.ConvertAll(info.Shape, dimension => (int)dimension);
        return info.ElementDataType switch
        {
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float => Tensor.Create(value.GetTensorDataAsSpan<float>().ToArray(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Double => Tensor.Create(value.GetTensorDataAsSpan<double>().ToArray(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.UInt8 => Tensor.Create(value.GetTensorDataAsSpan<byte>().ToArray(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int32 => Tensor.Create(value.GetTensorDataAsSpan<int>().ToArray(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64 => Tensor.Create(value.GetTensorDataAsSpan<long>().ToArray(), shape),
            _ => throw new NotSupportedException($"Outputs of type {info.ElementDataType} are not supported."),
        };
    }
}
