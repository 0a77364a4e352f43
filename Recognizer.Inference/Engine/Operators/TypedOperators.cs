using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Halves are computed in floats and rounded once, at the end: a sum kept in halves soon loses what is added to it.</summary>
internal static class Halves
{
    /// <summary>Inputs with floats in the place of halves.</summary>
    public static Tensor?[] Widen(Node node, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor?[] result = inputs.ToArray();
        for (int i = 0; i < result.Length; i++)
            if (result[i] is { ElementType: ElementType.Float16 } halves) result[i] = Cast.To(node, halves, ElementType.Float);
        return result;
    }

    /// <summary>Outputs with halves in the place of floats, in the first <paramref name="count"/>.</summary>
    public static Tensor[] Narrow(Node node, Tensor[] outputs, int count = int.MaxValue)
    {
        for (int i = 0; i < outputs.Length && i < count; i++)
            if (outputs[i].ElementType == ElementType.Float) outputs[i] = Cast.To(node, outputs[i], ElementType.Float16);
        return outputs;
    }
}

/// <summary>An operator whose first input decides the element type, which may be any floating-point one.</summary>
internal abstract class FloatOperator : Operator
{
    /// <summary>How many outputs, from the first on, have the type of the first input.</summary>
    protected virtual int OutputsLikeInput => int.MaxValue;

    protected sealed override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        ElementType type = inputs.Required(node, 0).ElementType;
        return type switch
        {
            ElementType.Float => Compute<float>(node, opset, inputs),
            ElementType.Double => Compute<double>(node, opset, inputs),
            ElementType.Float16 => Halves.Narrow(node, Compute<float>(node, opset, Halves.Widen(node, inputs)), OutputsLikeInput),
            _ => throw new OnnxException($"{node}: the first input is {type}, expected Float, Double or Float16."),
        };
    }

    protected abstract Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>An operator whose first input decides the element type, which may be any number.</summary>
internal abstract class NumericOperator : Operator
{
    protected sealed override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        ElementType type = inputs.Required(node, 0).ElementType;
        return type switch
        {
            ElementType.Float => Compute<float>(node, opset, inputs),
            ElementType.Double => Compute<double>(node, opset, inputs),
            ElementType.Float16 => Halves.Narrow(node, Compute<float>(node, opset, Halves.Widen(node, inputs))),
            ElementType.UInt8 => Compute<byte>(node, opset, inputs),
            ElementType.Int8 => Compute<sbyte>(node, opset, inputs),
            ElementType.UInt16 => Compute<ushort>(node, opset, inputs),
            ElementType.Int16 => Compute<short>(node, opset, inputs),
            ElementType.UInt32 => Compute<uint>(node, opset, inputs),
            ElementType.Int32 => Compute<int>(node, opset, inputs),
            ElementType.UInt64 => Compute<ulong>(node, opset, inputs),
            ElementType.Int64 => Compute<long>(node, opset, inputs),
            ElementType.Bool when TakesFlags(opset) => Array.ConvertAll(Compute<byte>(node, opset, [Cast.To(node, inputs[0]!, ElementType.UInt8), .. inputs[1..]]), output => Cast.To(node, output, ElementType.Bool)),
            _ => throw new OnnxException($"{node}: the first input is {type}, expected numbers."),
        };
    }

    /// <summary>Whether flags count as the numbers 0 and 1.</summary>
    protected virtual bool TakesFlags(int opset) => false;

    protected abstract Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>;
}

/// <summary>An operator that moves elements about without looking at them, so that their type doesn't matter.</summary>
internal abstract class MovementOperator : Operator
{
    /// <summary>Index of the input whose elements are moved.</summary>
    protected virtual int DataInput => 0;

    protected sealed override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        ElementType type = inputs.Required(node, DataInput).ElementType;
        return type switch
        {
            ElementType.Float => Compute<float>(node, opset, inputs),
            ElementType.Double => Compute<double>(node, opset, inputs),
            ElementType.Float16 => Compute<Half>(node, opset, inputs),
            ElementType.UInt8 => Compute<byte>(node, opset, inputs),
            ElementType.Int8 => Compute<sbyte>(node, opset, inputs),
            ElementType.UInt16 => Compute<ushort>(node, opset, inputs),
            ElementType.Int16 => Compute<short>(node, opset, inputs),
            ElementType.UInt32 => Compute<uint>(node, opset, inputs),
            ElementType.Int32 => Compute<int>(node, opset, inputs),
            ElementType.UInt64 => Compute<ulong>(node, opset, inputs),
            ElementType.Int64 => Compute<long>(node, opset, inputs),
            ElementType.Bool => Compute<bool>(node, opset, inputs),
            ElementType.String => Compute<string>(node, opset, inputs),
            _ => throw new OnnxException($"{node}: an input is {type}, which is not supported."),
        };
    }

    protected abstract Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs);
}
