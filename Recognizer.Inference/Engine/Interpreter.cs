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
