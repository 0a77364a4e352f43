using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>What operators ask of their inputs, with errors that name the node.</summary>
internal static class OperatorInputs
{
    /// <summary>Bytes that one result may take; a model that asks for more is broken or hostile.</summary>
    public const long LargestResult = 1L << 30;

    /// <summary>An input that must be there.</summary>
    public static Tensor Required(this ReadOnlySpan<Tensor?> inputs, Node node, int index) =>
        (index < inputs.Length ? inputs[index] : null) ?? throw new OnnxException($"{node}: input {index} is missing.");

    /// <summary>An input that may be left out.</summary>
    public static Tensor? Optional(this ReadOnlySpan<Tensor?> inputs, int index) => index < inputs.Length ? inputs[index] : null;

    /// <summary>Elements of an input that must be there and be of type <typeparamref name="T"/>.</summary>
    public static ReadOnlySpan<T> Values<T>(this ReadOnlySpan<Tensor?> inputs, Node node, int index) =>
        inputs.Required(node, index).Values<T>(node, index);

    /// <summary>Elements of an input that must be of type <typeparamref name="T"/>.</summary>
    public static ReadOnlySpan<T> Values<T>(this Tensor input, Node node, int index) => input.ElementType == Tensor.TypeOf<T>()
        ? (T[])input.Data
        : throw new OnnxException($"{node}: input {index} is {input.ElementType}, expected {Tensor.TypeOf<T>()}.");

    /// <summary>Integers of a tensor of Int32 or Int64, such as a list of axes.</summary>
    public static long[] Integers(this Tensor input, Node node, int index) => input.ElementType switch
    {
        ElementType.Int64 => (long[])input.Data,
        ElementType.Int32 => Array.ConvertAll((int[])input.Data, value => (long)value),
        _ => throw new OnnxException($"{node}: input {index} is {input.ElementType}, expected Int64."),
    };

    /// <summary>Checks the rank of an input.</summary>
    public static void RequireRank(this Tensor input, Node node, int index, int least, int most = int.MaxValue)
    {
        if (input.Rank < least || input.Rank > most)
        {
            string expected = least == most ? $"{least}" : most == int.MaxValue ? $"at least {least}" : $"{least} to {most}";
            throw new OnnxException($"{node}: input {index} has the shape {Shapes.Text(input.Shape)}, expected rank {expected}.");
        }
    }

    /// <summary>Elements of an optional parameter vector of an exact length.</summary>
    public static ReadOnlySpan<T> Vector<T>(this ReadOnlySpan<Tensor?> inputs, Node node, int index, int length)
    {
        Tensor input = inputs.Required(node, index);
        if (input.Length != length)
            throw new OnnxException($"{node}: input {index} has the shape {Shapes.Text(input.Shape)}, expected {length} elements.");
        return input.Values<T>(node, index);
    }

    /// <summary>The single element of an input.</summary>
    public static T Single<T>(this Tensor input, Node node, int index) => input.Length == 1
        ? input.Values<T>(node, index)[0]
        : throw new OnnxException($"{node}: input {index} has {input.Length} elements, expected 1.");

    /// <summary>An array for a result.</summary>
    /// <exception cref="OnnxException">It would be larger than <see cref="LargestResult"/>.</exception>
    public static T[] Allocate<T>(Node node, ReadOnlySpan<int> shape)
    {
        long bytes = Math.Max(Unsafe.SizeOf<T>(), sizeof(int));       // lists of positions take an int per element
        foreach (int dimension in shape)
        {
            if (dimension < 0) Fail(node, $"the result would have the shape {Shapes.Text(shape)}");
            // capped, so that it can't overflow while a later dimension may still be 0
            bytes = Math.Min(bytes * dimension, LargestResult << 1);
        }
        if (bytes > LargestResult && !shape.Contains(0)) Fail(node, $"the result {Shapes.Text(shape)} would take more than {LargestResult >> 20} MiB");
        var values = new T[Tensor.ElementCount(shape)];
        if (values is string[] texts) texts.AsSpan().Fill("");
        return values;
    }

    /// <summary>Throws for a node.</summary>
    [DoesNotReturn]
    public static void Fail(Node node, string reason) => throw new OnnxException($"{node}: {reason}.");
}
