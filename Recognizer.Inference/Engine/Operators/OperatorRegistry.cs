using System.Collections.Frozen;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>All operators by their ONNX names.</summary>
internal static class OperatorRegistry
{
    private static readonly FrozenDictionary<string, Operator> Operators = new Dictionary<string, Operator>(StringComparer.Ordinal)
    {
        ["Abs"] = new NumericElementwise<AbsoluteValue>(),
        ["Add"] = new BinaryElementwise<Addition>(),
        ["ArgMax"] = new ArgMax(),
        ["AveragePool"] = new AveragePool(),
        ["BatchNormalization"] = new BatchNormalization(),
        ["Cast"] = new Cast(),
        ["Clip"] = new Clip(),
        ["Concat"] = new Concat(),
        ["Constant"] = new Constant(),
        ["ConstantOfShape"] = new ConstantOfShape(),
        ["Conv"] = new Conv(),
        ["ConvInteger"] = new ConvInteger(),
        ["ConvTranspose"] = new ConvTranspose(),
        ["DepthToSpace"] = new DepthSpace(toSpace: true),
        ["DequantizeLinear"] = new DequantizeLinear(),
        ["Div"] = new BinaryElementwise<Division>(),
        ["Dropout"] = new Dropout(),
        ["DynamicQuantizeLinear"] = new DynamicQuantizeLinear(),
        ["Elu"] = new FloatElementwise<Elu>(),
        ["Equal"] = new Equal(),
        ["Erf"] = new FloatElementwise<Erf>(),
        ["Exp"] = new FloatElementwise<Exponential>(),
        ["Expand"] = new Expand(),
        ["Flatten"] = new Flatten(),
        ["Floor"] = new FloatElementwise<Floor>(),
        ["GRU"] = new GatedRecurrentUnit(),
        ["Gather"] = new Gather(),
        ["Gelu"] = new FloatElementwise<Gelu>(),
        ["Gemm"] = new GeneralMatrixProduct(),
        ["GlobalAveragePool"] = new GlobalPool(average: true),
        ["GlobalMaxPool"] = new GlobalPool(average: false),
        ["HardSigmoid"] = new FloatElementwise<HardSigmoid>(),
        ["HardSwish"] = new FloatElementwise<HardSwish>(),
        ["Identity"] = new Identity(),
        ["InstanceNormalization"] = new InstanceNormalization(),
        ["LRN"] = new LocalResponseNormalization(),
        ["LSTM"] = new LongShortTermMemory(),
        ["LayerNormalization"] = new LayerNormalization(),
        ["LeakyRelu"] = new FloatElementwise<LeakyRelu>(),
        ["Log"] = new FloatElementwise<Logarithm>(),
        ["LogSoftmax"] = new Softmax(logarithm: true),
        ["MatMul"] = new MatrixProduct(),
        ["MatMulInteger"] = new MatMulInteger(),
        ["Max"] = new BinaryElementwise<Maximum>(variadic: true),
        ["MaxPool"] = new MaxPool(),
        ["Mean"] = new Mean(),
        ["Min"] = new BinaryElementwise<Minimum>(variadic: true),
        ["Mul"] = new BinaryElementwise<Multiplication>(),
        ["Neg"] = new NumericElementwise<Negation>(),
        ["PRelu"] = new ParametricRelu(),
        ["Pad"] = new Pad(),
        ["Pow"] = new Power(),
        ["QLinearConv"] = new QLinearConv(),
        ["QLinearMatMul"] = new QLinearMatMul(),
        ["QuantizeLinear"] = new QuantizeLinear(),
        ["RNN"] = new SimpleRecurrentNetwork(),
        ["Reciprocal"] = new FloatElementwise<Reciprocal>(),
        ["ReduceMax"] = new Reduce(Reduction.Max),
        ["ReduceMean"] = new Reduce(Reduction.Mean),
        ["ReduceMin"] = new Reduce(Reduction.Min),
        ["ReduceSum"] = new Reduce(Reduction.Sum),
        ["Relu"] = new NumericElementwise<Relu>(),
        ["Reshape"] = new Reshape(),
        ["Resize"] = new Resize(),
        ["Selu"] = new FloatElementwise<Selu>(),
        ["Shape"] = new Shape(),
        ["Sigmoid"] = new FloatElementwise<Sigmoid>(),
        ["Slice"] = new Slice(),
        ["Softmax"] = new Softmax(logarithm: false),
        ["Softplus"] = new FloatElementwise<Softplus>(),
        ["Softsign"] = new FloatElementwise<Softsign>(),
        ["SpaceToDepth"] = new DepthSpace(toSpace: false),
        ["Split"] = new Split(),
        ["Sqrt"] = new FloatElementwise<SquareRoot>(),
        ["Squeeze"] = new Squeeze(),
        ["Sub"] = new BinaryElementwise<Subtraction>(),
        ["Sum"] = new BinaryElementwise<Addition>(variadic: true),
        ["Tanh"] = new FloatElementwise<Tanh>(),
        ["Transpose"] = new Transpose(),
        ["Unsqueeze"] = new Unsqueeze(),
        ["Where"] = new Where(),
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
