using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>An operator whose first input decides the element type, which may be any floating-point one.</summary>
internal abstract class FloatOperator : Operator
{
    public sealed override Tensor[] Evaluate(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        ElementType type = inputs.Required(node, 0).ElementType;
        return type switch
        {
            ElementType.Float => Evaluate<float>(node, opset, inputs),
            ElementType.Double => Evaluate<double>(node, opset, inputs),
            ElementType.Float16 => Evaluate<Half>(node, opset, inputs),
            _ => throw new OnnxException($"{node}: the first input is {type}, expected Float, Double or Float16."),
        };
    }

    protected abstract Tensor[] Evaluate<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>An operator whose first input decides the element type, which may be any number.</summary>
internal abstract class NumericOperator : Operator
{
    public sealed override Tensor[] Evaluate(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        ElementType type = inputs.Required(node, 0).ElementType;
        return type switch
        {
            ElementType.Float => Evaluate<float>(node, opset, inputs),
            ElementType.Double => Evaluate<double>(node, opset, inputs),
            ElementType.Float16 => Evaluate<Half>(node, opset, inputs),
            ElementType.UInt8 => Evaluate<byte>(node, opset, inputs),
            ElementType.Int8 => Evaluate<sbyte>(node, opset, inputs),
            ElementType.UInt16 => Evaluate<ushort>(node, opset, inputs),
            ElementType.Int16 => Evaluate<short>(node, opset, inputs),
            ElementType.UInt32 => Evaluate<uint>(node, opset, inputs),
            ElementType.Int32 => Evaluate<int>(node, opset, inputs),
            ElementType.UInt64 => Evaluate<ulong>(node, opset, inputs),
            ElementType.Int64 => Evaluate<long>(node, opset, inputs),
            _ => throw new OnnxException($"{node}: the first input is {type}, expected numbers."),
        };
    }

    protected abstract Tensor[] Evaluate<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>;
}

/// <summary>An operator that moves elements about without looking at them, so that their type doesn't matter.</summary>
internal abstract class MovementOperator : Operator
{
    /// <summary>Index of the input whose elements are moved.</summary>
    protected virtual int DataInput => 0;

    public sealed override Tensor[] Evaluate(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        ElementType type = inputs.Required(node, DataInput).ElementType;
        return type switch
        {
            ElementType.Float => Evaluate<float>(node, opset, inputs),
            ElementType.Double => Evaluate<double>(node, opset, inputs),
            ElementType.Float16 => Evaluate<Half>(node, opset, inputs),
            ElementType.UInt8 => Evaluate<byte>(node, opset, inputs),
            ElementType.Int8 => Evaluate<sbyte>(node, opset, inputs),
            ElementType.UInt16 => Evaluate<ushort>(node, opset, inputs),
            ElementType.Int16 => Evaluate<short>(node, opset, inputs),
            ElementType.UInt32 => Evaluate<uint>(node, opset, inputs),
            ElementType.Int32 => Evaluate<int>(node, opset, inputs),
            ElementType.UInt64 => Evaluate<ulong>(node, opset, inputs),
            ElementType.Int64 => Evaluate<long>(node, opset, inputs),
            ElementType.Bool => Evaluate<bool>(node, opset, inputs),
            ElementType.String => Evaluate<string>(node, opset, inputs),
            _ => throw new OnnxException($"{node}: an input is {type}, which is not supported."),
        };
    }

    protected abstract Tensor[] Evaluate<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs);
}
