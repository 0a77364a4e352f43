using System.Collections.Concurrent;
using Recognizer.Inference.Engine.Compilation;
using Recognizer.Inference.Engine.Execution;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine;

/// <summary>A graph compiled for running: constants folded, operators fused, weights packed, memory planned. Immutable; any number of
/// threads may run it at the same time. The bits of an image's result depend neither on the other images of its batch, nor on the size of
/// the batch or the number of threads; only an image that is run alone may differ in rounding, because it may be run by other kernels.</summary>
public sealed class Plan : IGraphRunner
{
    /// <summary>Most sets of input shapes that are kept compiled where a graph leaves more open than the batch.</summary>
    private const int MaxPrograms = 8;

    // Callers that run batch after batch are back within this time; waking a thread takes a tenth of it, at best.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(0.3);

    private readonly Graph _graph;
    private readonly PlanOptions _options;
    private readonly string[] _outputNames;
    private readonly HashSet<string> _batched;
    private readonly PlanProgram? _program;
    private readonly ConcurrentDictionary<string, PlanProgram> _programs = new(StringComparer.Ordinal);
    private readonly Lock _compiling = new();
    private readonly Func<WorkerPool?> _getPool;
    private WorkerPool? _pool;
    private bool _disposed;

    private Plan(Graph graph, PlanOptions options)
    {
        if (options.Threads < 1) throw new ArgumentOutOfRangeException(nameof(options), options.Threads, "PlanOptions.Threads must be at least 1.");
        _graph = graph;
        _options = options;
        _getPool = Pool;
        _batched = ShapeKnowledge.Batched(graph);
        IReadOnlyDictionary<string, ValueInfo> inferred = ShapeInference.Infer(graph);
        _outputNames = [.. options.Outputs ?? graph.Outputs.Select(output => output.Name)];
        foreach (string name in _outputNames)
        {
            if (!inferred.ContainsKey(name))
                throw new ArgumentException($"The graph computes no value '{name}'; its outputs are {Names(graph.Outputs)}.", nameof(options));
        }
        Outputs = [.. _outputNames.Select(name => inferred[name])];
        bool open = graph.Inputs.Any(input => input.Shape is null || input.Shape.Skip(1).Any(dimension => !dimension.IsFixed));
        if (open)
        {
            Inputs = [.. graph.Inputs];
        }
        else
        {
            _program = PlanProgram.Compile(graph, _outputNames, options);
            HashSet<string> needed = [.. _program.NeededInputs];
            Inputs = [.. graph.Inputs.Where(input => needed.Contains(input.Name))];
        }
    }

    /// <summary>Compiles a graph, which must not be changed as long as the plan is used.</summary>
    /// <exception cref="OnnxException">An operator is unknown or shapes don't fit; the message names the node.</exception>
    /// <exception cref="ArgumentException">An output in <paramref name="options"/> doesn't exist.</exception>
    public static Plan Compile(Graph graph, PlanOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return new Plan(graph, options ?? new PlanOptions());
    }

    /// <summary>Values that <see cref="Run(IReadOnlyDictionary{string, Tensor})"/> expects.</summary>
    public IReadOnlyList<ValueInfo> Inputs { get; }

    /// <summary>Values that are computed.</summary>
    public IReadOnlyList<ValueInfo> Outputs { get; }

    /// <summary>What runs, step by step, for profiles and tests.</summary>
    internal IReadOnlyList<string> Description =>
        [.. (_program ?? throw new InvalidOperationException("Compiled per input shape.")).Phases.SelectMany(phase =>
            phase.Segment is { } segment ? segment.Steps.Select(step => step.Description) : [$"{phase.Node!.OperatorType} by reference"])];

    /// <summary>Whether threads were started.</summary>
    internal bool HasThreads => _pool is not null;

    /// <summary>Floats of the first output that each image of the input gives, or null where only a run tells.</summary>
    internal long? FloatsPerImage => _program?.Whole is { Inputs.Count: 1 } whole ? Tensor.ElementCount(whole.OutputShapes[0]) : null;

    /// <summary>The compiled program, where shapes are known beforehand.</summary>
    internal PlanProgram? Program => _program;

    /// <summary>Runs a plan with one float input and reads its first chosen output. Allocates nothing in steady state where only the batch is left open and all operators have kernels.</summary>
    /// <param name="input">[batch, …] in row-major order.</param>
    /// <param name="batch">Number of images.</param>
    /// <param name="output">[batch, …] of the first output.</param>
    /// <exception cref="ArgumentException">A length doesn't fit the batch; the message says what was expected.</exception>
    /// <exception cref="InvalidOperationException">The plan has several inputs, one that isn't of floats, or one whose shape leaves more open than the batch.</exception>
    public unsafe void Run(ReadOnlySpan<float> input, int batch, Span<float> output)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        if (_program?.Whole is not { Inputs.Count: 1 } segment || Inputs.Count != 1)
        {
            RunThroughTensors(input, batch, output);
            return;
        }
        CheckLength(input.Length, batch, Inputs[0].Shape!, nameof(input));
        int elements = 1;
        foreach (int dimension in segment.OutputShapes[0]) elements *= dimension;
        if (output.Length != (long)batch * elements)
            throw new ArgumentException($"The output for {batch} images has {output.Length} floats, expected {batch} × [{string.Join(", ", segment.OutputShapes[0])}] = {(long)batch * elements}.", nameof(output));
        if (batch == 0) return;
        Workspace workspace = segment.Rent();
        try
        {
            fixed (float* from = input, to = output)
            {
                workspace.Externals[0] = (nint)from;
                workspace.Externals[1] = (nint)to;
                segment.Run(workspace, batch, batch > 1 ? Pool() : null);
            }
        }
        finally
        {
            segment.Return(workspace);
        }
        GC.KeepAlive(this);
    }

    /// <summary>Runs a plan with any inputs and returns all outputs by name.</summary>
    /// <exception cref="ArgumentException">An input is missing, unknown, or of another type or shape than the graph declares.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckInputs(inputs);
        return (_program ?? ProgramFor(inputs)).Run(inputs, _getPool);
    }

    /// <summary>Frees packed weights and activations, and ends the plan's threads. No run may be under way.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _program?.Dispose();
        foreach (PlanProgram program in _programs.Values) program.Dispose();
        _pool?.Dispose();
    }

    private WorkerPool? Pool()
    {
        if (_options.Threads == 1 || _pool is not null) return _pool;
        lock (_compiling) return _pool ??= new WorkerPool(_options.Threads, s_patience);
    }

    private void RunThroughTensors(ReadOnlySpan<float> input, int batch, Span<float> output)
    {
        if (Inputs is not [{ ElementType: ElementType.Float, Shape: { Count: > 0 } declared }] || declared.Skip(1).Any(dimension => !dimension.IsFixed))
            throw new InvalidOperationException($"This overload needs one float input with a fixed shape per image; the plan has {Names(Inputs)}.");
        CheckLength(input.Length, batch, declared, nameof(input));
        Tensor tensor = Tensor.Create(input.ToArray(), [batch, .. declared.Skip(1).Select(dimension => dimension.Size)]);
        Tensor result = Run(new Dictionary<string, Tensor> { [Inputs[0].Name] = tensor })[_outputNames[0]];
        if (result.ElementType != ElementType.Float || result.Length != output.Length)
            throw new ArgumentException($"The output for {batch} images has {output.Length} floats, expected {result.ElementType}[{string.Join(", ", result.Shape.ToArray())}].", nameof(output));
        result.Span<float>().CopyTo(output);
    }

    private void CheckLength(int length, int batch, IReadOnlyList<Dimension> declared, string parameter)
    {
        long elements = 1;
        for (int i = 1; i < declared.Count; i++) elements *= declared[i].Size;
        if (length != batch * elements)
            throw new ArgumentException($"The input '{Inputs[0].Name}' for {batch} images has {length} floats, expected {batch} × {Inputs[0]} = {batch * elements}.", parameter);
    }

    private void CheckInputs(IReadOnlyDictionary<string, Tensor> inputs)
    {
        foreach (string name in inputs.Keys)
        {
            if (!_graph.Inputs.Any(input => input.Name == name))
                throw new ArgumentException($"The graph has no input '{name}', expected {Names(Inputs)}.", nameof(inputs));
        }
        var symbols = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (ValueInfo input in Inputs)
        {
            if (!inputs.TryGetValue(input.Name, out Tensor? tensor)) throw new ArgumentException($"The input '{input.Name}' ({input}) is missing.", nameof(inputs));
            bool fits = tensor.ElementType == input.ElementType && (input.Shape is null || input.Shape.Count == tensor.Rank);
            for (int i = 0; fits && input.Shape is not null && i < tensor.Rank; i++)
            {
                Dimension dimension = input.Shape[i];
                if (dimension.IsFixed) fits = dimension.Size == tensor.Shape[i];
                else if (dimension.Symbol is { } symbol && !symbols.TryAdd(symbol, tensor.Shape[i])) fits = symbols[symbol] == tensor.Shape[i];
            }
            if (!fits)
            {
                throw new ArgumentException($"The input '{input.Name}' is {tensor.ElementType}[{string.Join(", ", tensor.Shape.ToArray())}], expected {input}"
                    + (symbols.Count == 0 ? "." : $" with {string.Join(", ", symbols.Select(symbol => $"{symbol.Key} = {symbol.Value}"))}."), nameof(inputs));
            }
        }
    }

    /// <summary>The program for inputs whose shapes are known only now.</summary>
    private PlanProgram ProgramFor(IReadOnlyDictionary<string, Tensor> inputs)
    {
        Dictionary<string, int[]> shapes = Inputs.ToDictionary(input => input.Name, input => inputs[input.Name].Shape.ToArray());
        string key = string.Join(';', Inputs.Select(input => string.Join(',', shapes[input.Name].Skip(_batched.Contains(input.Name) ? 1 : 0))));
        if (_programs.TryGetValue(key, out PlanProgram? program)) return program;
        lock (_compiling)
        {
            if (_programs.TryGetValue(key, out program)) return program;
            program = PlanProgram.Compile(_graph, _outputNames, _options, shapes);
            // Programs in use can't be freed; beyond a handful of shapes the last ones are compiled again each time and left to the finalizers.
            if (_programs.Count < MaxPrograms) _programs[key] = program;
            return program;
        }
    }

    private static string Names(IEnumerable<ValueInfo> values) => string.Join(", ", values.Select(value => $"'{value.Name}' ({value})"));
}
