using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Differentiation;

/// <summary>Brings a graph that another tool exported into a form in which all that training changes is in initializers, running statistics apart from weights. It computes the same.</summary>
internal static class TrainableGraph
{
    /// <summary>Stores weights that nodes compute from constants as what they come to, and gives batch normalisation running statistics of its own where an exporter merged
    /// them with other constants of the same values.</summary>
    /// <param name="graph">The graph, which is changed.</param>
    /// <param name="frozen">Initializers that must stay as they are; what is computed from them stays too.</param>
    public static void Prepare(Graph graph, IReadOnlySet<string> frozen)
    {
        StoreComputedWeights(graph, frozen);
        SeparateStatistics(graph);
    }

    /// <summary>Names of the initializers that match one of the patterns, or that a node reads whose name does: exporters name layers better than weights.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="patterns">Names, with * for any characters.</param>
    /// <param name="isPrepared">Whether all weights are initializers by now; before, a pattern may match none.</param>
    /// <exception cref="FormatException">A pattern matches none.</exception>
    public static HashSet<string> Frozen(Graph graph, IEnumerable<string> patterns, bool isPrepared = true)
    {
        var frozen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string pattern in patterns)
        {
            string[] names = [.. graph.Initializers.Keys.Where(Matches), .. graph.Nodes.Where(n => Matches(n.Name)).SelectMany(n => n.Inputs).Where(graph.Initializers.ContainsKey)];
            if (names.Length == 0 && isPrepared) throw new FormatException($"freeze '{pattern}' matches no weight and no layer; there are {string.Join(", ", graph.Initializers.Keys.Take(12))} …");
            frozen.UnionWith(names);

            // A backslash in a name would escape what follows it.
            bool Matches(string name) => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern.Replace(@"\", @"\\", StringComparison.Ordinal), name, ignoreCase: false);
        }
        return frozen;
    }

    private static void StoreComputedWeights(Graph graph, IReadOnlySet<string> frozen)
    {
        var constants = new Dictionary<string, Tensor>(graph.Initializers, StringComparer.Ordinal);
        // Constants that stay computed: those that training follows back to an initializer by itself, and what comes from frozen ones.
        var kept = new HashSet<string>(graph.Initializers.Keys, StringComparer.Ordinal);
        // Others may be of operators that are unknown here
        IList<Node> nodes = ModelTransforms.Only(graph, ClassifierOutput.Of(graph).Scores).Nodes;
        Dictionary<string, Node> producers = Node.Producers(nodes);
        var stored = new HashSet<Node>();
        var fixedSources = new HashSet<string>(frozen, StringComparer.Ordinal);
        foreach (Node node in nodes)
        {
            if (!node.Inputs.All(input => input.Length == 0 || constants.ContainsKey(input)))
            {
                foreach (string weight in Weights(node))
                {
                    if (constants.TryGetValue(weight, out Tensor? value) && value.ElementType == ElementType.Float && !kept.Contains(weight)) stored.Add(producers[weight]);
                }
                continue;
            }
            Tensor?[] arguments = [.. node.Inputs.Select(input => input.Length == 0 ? null : constants[input])];
            Tensor[] results = OperatorRegistry.Find(node).Evaluate(node, graph.Opset, arguments);
            bool isFixed = node.Inputs.Any(fixedSources.Contains), isFollowed = node.Inputs.Count > 0 && kept.Contains(node.Inputs[0]) && GraphCompiler.IsCopy(node, results[0]);
            for (int i = 0; i < Math.Min(results.Length, node.Outputs.Count); i++)
            {
                if (node.Outputs[i].Length == 0) continue;
                constants[node.Outputs[i]] = results[i];
                if (isFixed) fixedSources.Add(node.Outputs[i]);
                if (isFixed || isFollowed) kept.Add(node.Outputs[i]);
            }
        }
        if (stored.Count == 0) return;

        var unread = new Stack<Node>(stored);
        while (unread.TryPop(out Node? node))
        {
            if (stored.Contains(node))
            {
                foreach (string output in node.Outputs.Where(constants.ContainsKey)) graph.Initializers[output] = constants[output].Clone();
            }
            graph.Nodes.Remove(node);
            // What led to it alone goes with it.
            foreach (string input in node.Inputs.Distinct().Where(input => input.Length > 0 && !IsRead(input)))
            {
                if (!producers.TryGetValue(input, out Node? source)) graph.Initializers.Remove(input);
                else if (!source.Outputs.Any(IsRead)) unread.Push(source);
            }
        }

        bool IsRead(string value) => graph.Nodes.Any(node => node.Inputs.Contains(value)) || graph.Outputs.Any(output => output.Name == value);

        // What is added to a layer's result is its bias.
        IEnumerable<string> Weights(Node node) => node.OperatorType switch
        {
            "Conv" or "Gemm" or "MatMul" or "BatchNormalization" => node.Inputs.Skip(1),
            "Add" when node.Inputs.Any(input => producers.TryGetValue(input, out Node? layer) && layer.OperatorType is "Conv" or "Gemm" or "MatMul") => node.Inputs,
            _ => [],
        };
    }

    private static void SeparateStatistics(Graph graph)
    {
        foreach (Node node in graph.Nodes.Where(node => node.OperatorType == "BatchNormalization"))
        {
            foreach ((int role, string suffix) in new[] { (3, "mean"), (4, "variance") })
            {
                string name = node.Inputs[role];
                if (!graph.Initializers.TryGetValue(name, out Tensor? tensor) || !graph.Nodes.Any(reader => HasOtherRole(reader, name, role))) continue;
                string own = $"{node.Outputs[0]}.{suffix}";
                while (graph.Initializers.ContainsKey(own) || graph.Nodes.Any(other => other.Outputs.Contains(own))) own += "_";
                graph.Initializers[own] = tensor.Clone();
                node.Inputs[role] = own;
            }
        }

        static bool HasOtherRole(Node reader, string name, int role) =>
            Enumerable.Range(0, reader.Inputs.Count).Any(i => reader.Inputs[i] == name && (i != role || reader.OperatorType != "BatchNormalization"));
    }
}
