using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Optimization;

/// <summary>One trainable initializer inside a <see cref="ParameterSet"/>.</summary>
/// <param name="Name">Name of the initializer.</param>
/// <param name="Shape">Its dimensions, as in the graph (convolution weights OIHW, Gemm weights as written).</param>
/// <param name="Offset">First element in the flat buffers.</param>
/// <param name="Length">Number of elements.</param>
/// <param name="Decayed">Whether weight decay applies: weights of Conv, Gemm and MatMul; not biases, scales and shifts.</param>
internal sealed record Parameter(string Name, int[] Shape, int Offset, int Length, bool Decayed);

/// <summary>A piece of a parameter.</summary>
/// <param name="Offset">First element in the flat buffers, a multiple of 16.</param>
/// <param name="Length">Number of elements, a multiple of 16.</param>
/// <param name="Decayed">As of the parameter.</param>
internal readonly record struct ParameterBlock(int Offset, int Length, bool Decayed)
{
    /// <summary>Long enough that waking a thread for one pays.</summary>
    public const int LargestLength = 64 * 1024;
}

/// <summary>The trainable initializers of a graph in one flat buffer, and their gradients in another, so that optimisers and EMA are
/// one pass over memory. Each parameter starts at a multiple of 16 floats; the gaps stay zero.</summary>
internal sealed class ParameterSet : IDisposable
{
    private readonly AlignedBuffer<float> _values;
    private readonly AlignedBuffer<float> _gradients;

    public ParameterSet(Graph graph, IEnumerable<(string Name, bool Decayed)> trainable)
    {
        var parameters = new List<Parameter>();
        int offset = 0;
        foreach ((string name, bool decayed) in trainable)
        {
            Tensor tensor = graph.Initializers[name];
            parameters.Add(new Parameter(name, tensor.Shape.ToArray(), offset, tensor.Length, decayed));
            offset += (tensor.Length + 15) / 16 * 16;
        }
        Parameters = parameters;
        Length = offset;
        Blocks = [.. parameters.SelectMany(Split)];
        _values = new AlignedBuffer<float>(offset);
        _gradients = new AlignedBuffer<float>(offset);
        foreach (Parameter parameter in parameters)
            graph.Initializers[parameter.Name].Span<float>().CopyTo(Value(parameter));
    }

    /// <summary>Threads that share passes over the buffers; null means the caller's alone.</summary>
    public WorkerPool? Workers { get; set; }

    /// <summary>Pieces of the parameters, gaps included, that passes over the buffers work on at a time; their bounds depend on the
    /// parameters alone.</summary>
    public IReadOnlyList<ParameterBlock> Blocks { get; }

    /// <summary>Does a pass over all <see cref="Blocks"/>; parts are their numbers.</summary>
    public void ForEachBlock(IParallelWork work)
    {
        if (Workers is { } workers) workers.Run(Blocks.Count, work);
        else for (int i = 0; i < Blocks.Count; i++) work.Execute(i, 0);
    }

    /// <summary>The parameters in the order of their offsets.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Length of the flat buffers.</summary>
    public int Length { get; }

    /// <summary>All values.</summary>
    public Span<float> Values => _values.Span;

    /// <summary>All gradients, of the mean loss over the batch.</summary>
    public Span<float> Gradients => _gradients.Span;

    public Span<float> Value(Parameter parameter) => Values.Slice(parameter.Offset, parameter.Length);

    public Span<float> Gradient(Parameter parameter) => Gradients.Slice(parameter.Offset, parameter.Length);

    /// <summary>Writes values (these, or an average of the same layout) into a graph's initializers.</summary>
    public void CopyTo(Graph graph, ReadOnlySpan<float> values)
    {
        foreach (Parameter parameter in Parameters)
            values.Slice(parameter.Offset, parameter.Length).CopyTo(graph.Initializers[parameter.Name].Span<float>());
    }

    private static IEnumerable<ParameterBlock> Split(Parameter parameter)
    {
        int end = parameter.Offset + (parameter.Length + 15) / 16 * 16;
        for (int offset = parameter.Offset; offset < end; offset += ParameterBlock.LargestLength)
            yield return new ParameterBlock(offset, Math.Min(ParameterBlock.LargestLength, end - offset), parameter.Decayed);
    }

    public void Dispose()
    {
        _values.Dispose();
        _gradients.Dispose();
    }
}
