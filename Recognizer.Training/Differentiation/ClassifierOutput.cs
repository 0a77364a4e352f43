using Recognizer.Inference;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Differentiation;

/// <summary>Where a classifier's answers come from: what inference takes them from, followed back to what the loss reads.</summary>
/// <param name="Scores">Value that inference takes the answers from.</param>
/// <param name="Logits">What the softmax of these answers is applied to, before the calibration temperature divides it. Where there is none, the scores: the loss takes their softmax, and so
/// independent probabilities learn the right ranking, but from another loss than that of the answers, in which they are made to add up to 1.</param>
/// <param name="Temperature">The initializer with that temperature, or null.</param>
internal sealed record ClassifierOutput(string Scores, string Logits, Tensor? Temperature)
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
        if (kind is ScoreKind.Probabilities or ScoreKind.LogProbabilities)
        {
            // What made the scores is a softmax and maybe changes of their shape.
            Node node = Producer(scores)!;
            while (!IsSoftmax(node)) node = Producer(node.Inputs[0])!;
            logits = node.Inputs[0];
        }
        // Softmax takes the logarithms of probabilities back to the same probabilities.
        else if (Producer(scores) is { OperatorType: "Log" } logarithm && Producer(logarithm.Inputs[0]) is { } softmax && IsSoftmax(softmax)) logits = softmax.Inputs[0];

        string divided = logits;
        while (Producer(divided) is { OperatorType: "Identity" } copy) divided = copy.Inputs[0];
        return Producer(divided) is { OperatorType: "Div" } division && division.Inputs[1] == TemperatureName && graph.Nodes.Count(node => node.Inputs.Contains(TemperatureName)) == 1
            && graph.Initializers.TryGetValue(TemperatureName, out Tensor? temperature) && temperature is { ElementType: ElementType.Float, Length: 1 }
            ? new ClassifierOutput(scores, division.Inputs[0], temperature)
            : new ClassifierOutput(scores, logits, null);

        Node? Producer(string value) => producers.GetValueOrDefault(value);
    }

    private static bool IsSoftmax(Node node) => node.OperatorType is "Softmax" or "LogSoftmax";
}
