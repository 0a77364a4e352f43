namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>Sets of element types, one bit per type.</summary>
[Flags]
internal enum TypeSet
{
    Float = 1 << ElementType.Float,
    Real = Float | 1 << ElementType.Double | 1 << ElementType.Float16,
    Bytes = 1 << ElementType.UInt8 | 1 << ElementType.Int8,
    Indices = 1 << ElementType.Int32 | 1 << ElementType.Int64,
    Int32 = 1 << ElementType.Int32,
    Int64 = 1 << ElementType.Int64,
    Bool = 1 << ElementType.Bool,
    SignedNumbers = Real | Indices | 1 << ElementType.Int8 | 1 << ElementType.Int16,
    Numbers = SignedNumbers | 1 << ElementType.UInt8 | 1 << ElementType.UInt16 | 1 << ElementType.UInt32 | 1 << ElementType.UInt64,
    NumbersOrBool = Numbers | Bool,
    All = NumbersOrBool | 1 << ElementType.String,
}
