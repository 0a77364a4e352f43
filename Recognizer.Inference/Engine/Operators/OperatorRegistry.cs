using System.Collections.Frozen;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>All operators by their ONNX names.</summary>
internal static class OperatorRegistry
{
    /// <summary>Oldest operator set whose rules the operators know.</summary>
    public const int OldestOpset = 6;

    private static readonly FrozenDictionary<string, Operator> Operators = new Dictionary<string, Operator>(StringComparer.Ordinal)
    {
        ["Add"] = new BinaryElementwise<Addition>(),
        ["AveragePool"] = new AveragePool(),
        ["BatchNormalization"] = new BatchNormalization(),
        ["Cast"] = new Cast(),
        ["Clip"] = new Clip(),
        ["Concat"] = new Concat(),
        ["Constant"] = new Constant(),
        ["Conv"] = new Conv(),
        ["Div"] = new BinaryElementwise<Division>(),
        ["Dropout"] = new Dropout(),
        ["Flatten"] = new Flatten(),
        ["Gelu"] = new FloatElementwise<Gelu>(),
        ["Gemm"] = new GeneralMatrixProduct(),
        ["GlobalAveragePool"] = new GlobalPool(average: true),
        ["HardSigmoid"] = new FloatElementwise<HardSigmoid>(),
        ["HardSwish"] = new FloatElementwise<HardSwish>(),
        ["Identity"] = new Identity(),
        ["LeakyRelu"] = new FloatElementwise<LeakyRelu>(),
        ["LogSoftmax"] = new Softmax(logarithm: true),
        ["MatMul"] = new MatrixProduct(),
        ["MaxPool"] = new MaxPool(),
        ["Mul"] = new BinaryElementwise<Multiplication>(),
        ["Pad"] = new Pad(),
        ["ReduceMean"] = new Reduce(Reduction.Mean),
        ["Relu"] = new NumericElementwise<Relu>(),
        ["Reshape"] = new Reshape(),
        ["Sigmoid"] = new FloatElementwise<Sigmoid>(),
        ["Softmax"] = new Softmax(logarithm: false),
        ["Squeeze"] = new Squeeze(),
        ["Sub"] = new BinaryElementwise<Subtraction>(),
        ["Tanh"] = new FloatElementwise<Tanh>(),
        ["Transpose"] = new Transpose(),
        ["Unsqueeze"] = new Unsqueeze(),

        ["Abs"] = new NumericElementwise<AbsoluteValue>(),
        ["Elu"] = new FloatElementwise<Elu>(),
        ["Erf"] = new FloatElementwise<Erf>(),
        ["Exp"] = new FloatElementwise<Exponential>(),
        ["Floor"] = new FloatElementwise<Floor>(),
        ["GlobalMaxPool"] = new GlobalPool(average: false),
        ["Log"] = new FloatElementwise<Logarithm>(),
        ["Max"] = new BinaryElementwise<Maximum>(variadic: true),
        ["Min"] = new BinaryElementwise<Minimum>(variadic: true),
        ["Neg"] = new NumericElementwise<Negation>(),
        ["Reciprocal"] = new FloatElementwise<Reciprocal>(),
        ["ReduceMax"] = new Reduce(Reduction.Max),
        ["ReduceMin"] = new Reduce(Reduction.Min),
        ["ReduceSum"] = new Reduce(Reduction.Sum),
        ["Selu"] = new FloatElementwise<Selu>(),
        ["Softplus"] = new FloatElementwise<Softplus>(),
        ["Softsign"] = new FloatElementwise<Softsign>(),
        ["Sqrt"] = new FloatElementwise<SquareRoot>(),
        ["Sum"] = new BinaryElementwise<Addition>(variadic: true),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Names of all operators, sorted.</summary>
    public static IEnumerable<string> Names => Operators.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether a node's operator is known.</summary>
    public static bool Contains(Node node) => IsStandardDomain(node) && Operators.ContainsKey(node.OperatorType);

    /// <summary>The operator of a node.</summary>
    /// <exception cref="OnnxException">There is none of that name.</exception>
    public static Operator Find(Node node)
    {
        if (IsStandardDomain(node) && Operators.TryGetValue(node.OperatorType, out Operator? found)) return found;
        string domain = IsStandardDomain(node) ? "" : $" of the domain '{node.Domain}'";
        throw new OnnxException($"{node}: the operator {node.OperatorType}{domain} is not supported.");
    }

    private static bool IsStandardDomain(Node node) => node.Domain is "" or "ai.onnx";
}
