namespace Recognizer.Inference.Onnx.Shapes;

/// <summary>The shape rules of all supported operators, by operator name.</summary>
internal sealed class ShapeRules
{
    /// <summary>A rule, and how many inputs and outputs the operator takes; the least number of inputs are there when the rule is asked.</summary>
    public sealed record Rule(int LeastInputs, int MostInputs, int MostOutputs, Action<ShapeContext> Infer);

    private readonly Dictionary<string, Rule> _rules = new(StringComparer.Ordinal);

    private ShapeRules()
    {
        ElementwiseShapes.Register(this);
        ConvolutionShapes.Register(this);
        NormalizationShapes.Register(this);
        MatrixShapes.Register(this);
        LayoutShapes.Register(this);
        IndexingShapes.Register(this);
        ReductionShapes.Register(this);
        QuantizationShapes.Register(this);
        RecurrentShapes.Register(this);
    }

    /// <summary>All rules.</summary>
    public static ShapeRules All { get; } = new();

    /// <summary>Names of the operators.</summary>
    public IReadOnlyCollection<string> Operators => _rules.Keys;

    /// <summary>Adds the rule of one operator.</summary>
    public void Add(string name, int leastInputs, int mostInputs, Action<ShapeContext> infer, int outputs = 1) =>
        _rules.Add(name, new Rule(leastInputs, mostInputs, outputs, infer));

    /// <summary>Applies the rule of a node.</summary>
    /// <exception cref="OnnxException">The operator is unknown, or its inputs or attributes break its rules.</exception>
    public void Apply(ShapeContext context)
    {
        Node node = context.Node;
        if (!_rules.TryGetValue(node.OperatorType, out Rule? rule)) throw context.Error($"operator {node.OperatorType} is not supported.");
        if (context.InputCount < rule.LeastInputs || context.InputCount > rule.MostInputs)
        {
            throw context.Error($"{context.InputCount} inputs, expected {rule.LeastInputs}" +
                (rule.MostInputs == int.MaxValue ? " or more." : rule.MostInputs > rule.LeastInputs ? $" to {rule.MostInputs}." : "."));
        }
        if (context.OutputCount > rule.MostOutputs) throw context.Error($"{context.OutputCount} outputs, expected at most {rule.MostOutputs}.");
        for (int i = 0; i < rule.LeastInputs; i++) context.Input(i);
        rule.Infer(context);
    }
}
