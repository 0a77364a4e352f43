using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine;

/// <summary>Runs a graph node by node by reference semantics, in whatever types its values have: the truth that plans are held to.</summary>
internal static class Interpreter
{
    /// <summary>Computes outputs of a graph.</summary>
    /// <param name="graph">The graph; its nodes in topological order.</param>
    /// <param name="inputs">Values by name. One that has the name of an initializer takes its place.</param>
    /// <param name="outputs">Names of the values wanted, which may be inner ones; the graph's outputs if null.</param>
    /// <returns>The values by name. They may share arrays with inputs and initializers.</returns>
    /// <exception cref="OnnxException">An input is missing, an operator is unknown, or inputs break an operator's rules.</exception>
    public static Dictionary<string, Tensor> Run(Graph graph, IReadOnlyDictionary<string, Tensor> inputs, IEnumerable<string>? outputs = null)
    {
        HashSet<string> wanted = [.. outputs ?? graph.Outputs.Select(output => output.Name)];
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in graph.Initializers) values[name] = tensor;
        foreach ((string name, Tensor tensor) in inputs) values[name] = tensor;
        foreach (ValueInfo input in graph.Inputs)
        {
            if (!values.ContainsKey(input.Name)) throw new OnnxException($"The input '{input.Name}' ({input}) is missing.");
        }
        var readers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
            foreach (string name in node.Inputs) readers[name] = readers.GetValueOrDefault(name) + 1;

        foreach (Node node in graph.Nodes)
        {
            Tensor?[] arguments = Arguments(node, values);
            Tensor[] results = OperatorRegistry.Find(node).Evaluate(node, graph.Opset, arguments);
            for (int i = 0; i < node.Outputs.Count; i++)
            {
                if (node.Outputs[i].Length == 0) continue;
                values[node.Outputs[i]] = results[i];
                if (!readers.ContainsKey(node.Outputs[i]) && !wanted.Contains(node.Outputs[i])) values.Remove(node.Outputs[i]);
            }
            foreach (string name in node.Inputs)
            {
                if (--readers[name] == 0 && !wanted.Contains(name)) values.Remove(name);
            }
        }
        return wanted.ToDictionary(name => name, name => values.TryGetValue(name, out Tensor? value)
            ? value
            : throw new OnnxException($"No node computes the output '{name}'."));
    }

    /// <summary>A copy of a graph that computes in double precision: initializers, constants, casts and declared types of Float become
    /// Double. Inputs must then be given as Double.</summary>
    public static Graph InDouble(Graph graph)
    {
        Graph copy = graph.Clone();
        foreach (IList<ValueInfo> values in (IList<ValueInfo>[])[copy.Inputs, copy.Outputs])
        {
            for (int i = 0; i < values.Count; i++)
                if (values[i].ElementType == ElementType.Float) values[i] = values[i] with { ElementType = ElementType.Double };
        }
        foreach ((string name, Tensor tensor) in graph.Initializers) copy.Initializers[name] = InDouble(tensor);
        foreach (Node node in copy.Nodes)
        {
            foreach ((string name, object value) in node.Attributes.ToArray())
            {
                switch (node.OperatorType, name, value)
                {
                    case ("Constant", "value_float", float number): Replace(node, name, Tensor.Scalar((double)number)); break;
                    case ("Constant", "value_floats", float[] numbers): Replace(node, name, Tensor.Vector(Array.ConvertAll(numbers, n => (double)n))); break;
                    case ("Constant" or "ConstantOfShape", "value", Tensor tensor): node.Attributes[name] = InDouble(tensor); break;
                    case ("Cast", "to", _) when CastTarget.Of(node) == ElementType.Float: node.Attributes[name] = CastTarget.For(ElementType.Double, graph.Opset); break;
                }
            }
            // what it fills with if it isn't told is Float
            if (node.OperatorType == "ConstantOfShape") node.Attributes.TryAdd("value", Tensor.Vector(0.0));
        }
        return copy;
    }

    private static Tensor InDouble(Tensor tensor) => tensor.Data is float[] values
        ? Tensor.Create(Array.ConvertAll(values, value => (double)value), tensor.Shape)
        : tensor;

    private static void Replace(Node constant, string attribute, Tensor value)
    {
        constant.Attributes.Remove(attribute);
        constant.Attributes["value"] = value;
    }

    private static Tensor?[] Arguments(Node node, Dictionary<string, Tensor> values)
    {
        var arguments = new Tensor?[node.Inputs.Count];
        for (int i = 0; i < arguments.Length; i++)
        {
            if (node.Inputs[i].Length == 0) continue;
            arguments[i] = values.TryGetValue(node.Inputs[i], out Tensor? value)
                ? value
                : throw new OnnxException($"{node}: its input '{node.Inputs[i]}' is not computed before it.");
        }
        return arguments;
    }
}
