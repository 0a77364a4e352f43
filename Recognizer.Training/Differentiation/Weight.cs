using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Optimization;

namespace Recognizer.Training.Differentiation;

/// <summary>An initializer or constant that a step reads: trainable ones live in the <see cref="ParameterSet"/>, others in memory of
/// their own.</summary>
internal sealed unsafe class Weight : IDisposable
{
    private readonly AlignedBuffer<float>? _constant;

    /// <param name="name">Name of the initializer.</param>
    /// <param name="tensor">Its elements, of float type.</param>
    /// <param name="trainable">Whether training changes it.</param>
    /// <param name="decayed">Whether weight decay applies.</param>
    public Weight(string name, Tensor tensor, bool trainable, bool decayed)
    {
        Name = name;
        Shape = tensor.Shape.ToArray();
        Length = tensor.Length;
        IsTrainable = trainable;
        IsDecayed = decayed;
        if (trainable) return;
        _constant = new AlignedBuffer<float>(tensor.Length);
        tensor.Span<float>().CopyTo(_constant.Span);
        Values = _constant.Pointer;
    }

    public string Name { get; }

    public int[] Shape { get; }

    public int Length { get; }

    public bool IsTrainable { get; }

    public bool IsDecayed { get; }

    /// <summary>Steps that read it; where there are several, their gradients are added one after the other.</summary>
    public int Readers { get; set; }

    public float* Values { get; private set; }

    /// <summary>Gradient of the mean loss; null where the weight is not trainable.</summary>
    public float* Gradient { get; private set; }

    public ReadOnlySpan<float> Span => new(Values, Length);

    /// <summary>Whether gradients are added to what other readers wrote, instead of overwriting.</summary>
    public bool IsShared => Readers > 1;

    public void Bind(ParameterSet set, Parameter parameter)
    {
        Values = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(set.Value(parameter)));
        Gradient = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(set.Gradient(parameter)));
    }

    public void Dispose() => _constant?.Dispose();
}
