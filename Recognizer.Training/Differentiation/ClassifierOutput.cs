using Recognizer.Inference;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Differentiation;

/// <summary>Where a classifier's answers come from: what inference takes them from, followed back to what the loss reads.</summary>
/// <param name="Scores">Value that inference takes the answers from.</param>
/// <param name="Copies">Nodes on the way to the scores which the loss takes for copies of a value, by that value's name: the loss takes the softmax of what comes out then, which is
/// what the softmax and the calibration temperature among these nodes would make of it. Where there is none, independent probabilities learn the right ranking, but from another loss than
/// that of the answers, in which they are made to add up to 1.</param>
/// <param name="Temperature">The initializer with that temperature, or null.</param>
internal sealed record ClassifierOutput(string Scores, IReadOnlyDictionary<Node, string> Copies, Tensor? Temperature)
{
    /// <summary>Name of the initializer that architectures divide their logits by to calibrate confidences.</summary>
    public const string TemperatureName = "temperature";

    /// <summary>Finds the output of a graph.</summary>
    /// <exception cref="OnnxException">It has none.</exception>
    public static ClassifierOutput Of(Graph graph)
    {
        (string scores, ScoreKind kind) = ClassifierGraph.ScoreOutput(graph);
        string logits = scores;
        Dictionary<string, Node> producers = Node.Producers(graph.Nodes);
        var copies = new Dictionary<Node, string>();
        ScorePath path = ScorePath.Of(producers, scores);
        // Softmax takes the logarithms of probabilities back to the same probabilities, but makes others of probabilities.
        if (path.Kind == ScoreKind.LogProbabilities || path.Kind == ScoreKind.Probabilities && kind != ScoreKind.Logits)
        {
            // What only moves numbers moves logits as it moves their probabilities.
            foreach (Node node in path.Nodes.Where(node => !ScorePath.Moves(node))) copies[node] = node.Inputs[0];
            copies[path.Nodes[^1]] = logits = ScorePath.Logits(producers, path.Nodes[^1]);
        }
        while (producers.TryGetValue(logits, out Node? copy) && copy.OperatorType == "Identity") logits = copy.Inputs[0];
        if (!producers.TryGetValue(logits, out Node? division) || division is not { OperatorType: "Div", Inputs: [_, TemperatureName] } || graph.Nodes.Count(node => node.Inputs.Contains(TemperatureName)) != 1
            || !graph.Initializers.TryGetValue(TemperatureName, out Tensor? temperature) || temperature is not { ElementType: ElementType.Float, Length: 1 }) return new ClassifierOutput(scores, copies, null);
        copies[division] = division.Inputs[0];
        return new ClassifierOutput(scores, copies, temperature);
    }

    /// <summary>The part of a graph that computes, as its only output, what the loss takes the softmax of.</summary>
    /// <param name="graph">The graph that this is the output of; initializers and most nodes are shared.</param>
    public Graph ForLoss(Graph graph)
    {
        Graph loss = ModelTransforms.Only(graph, Scores);
        for (int i = 0; i < loss.Nodes.Count; i++)
            if (Copies.TryGetValue(loss.Nodes[i], out string? value)) loss.Nodes[i] = new Node("Identity", [value], [loss.Nodes[i].Outputs[0]], loss.Nodes[i].Name);
        return ModelTransforms.Only(loss, Scores);
    }
}
