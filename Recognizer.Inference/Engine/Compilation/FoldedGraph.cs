using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>A graph with batch normalisation and constant arithmetic folded into weights and nodes that do nothing removed, in standard operators again:
/// what other forms of a model for running are made of.</summary>
internal static class FoldedGraph
{
    public static Graph Create(Graph graph)
    {
        var rewrite = new RewriteGraph(graph, [.. graph.Outputs.Select(output => output.Name)]);
        rewrite.Prune();
        var knowledge = new ShapeKnowledge(graph, null);
        ConstantFolding.Apply(rewrite);
        Simplification.Apply(rewrite, knowledge.TypeOf, knowledge.IsFloatImage);
        new AffineFolding(rewrite, knowledge.ImageShapeOf).Apply();
        rewrite.Prune();
        rewrite.Nodes = [.. rewrite.Nodes.SelectMany(node =>
            node.Domain == RewriteGraph.InternalDomain ? Written(rewrite, node, knowledge.ImageShapeOf(node.Outputs[0])!.Length + 1) : [node])];
        Graph result = rewrite.ToGraph();
        result.Name = graph.Name;
        result.Producer = graph.Producer;
        result.Outputs.Clear();
        for (int i = 0; i < graph.Outputs.Count; i++)
        {
            result.Outputs.Add(graph.Outputs[i]);
            (string name, string value) = rewrite.Outputs[i];
            if (name != value) result.Nodes.Add(new Node("Identity", [value], [name], name));
        }
        foreach ((string key, string value) in graph.Metadata) result.Metadata[key] = value;
        return result;
    }

    private static IEnumerable<Node> Written(RewriteGraph graph, Node node, int rank)
    {
        string x = node.Inputs[0], y = node.Outputs[0];
        if (node.OperatorType == RewriteGraph.Affine)
        {
            string scaled = $"{y}/scaled";
            yield return new Node("Mul", [x, PerChannel(node.Inputs[1])], [scaled], scaled);
            yield return new Node("Add", [scaled, PerChannel(node.Inputs[2])], [y], node.Name);
            yield break;
        }
        if (node.OperatorType != "Gelu") throw new InvalidOperationException($"{node} can't be written.");
        (string root, string erf, string one, string half) = ($"{y}/root", $"{y}/erf", $"{y}/one", $"{y}/half");
        yield return new Node("Mul", [x, Scalar(MathF.Sqrt(0.5f))], [root], root);
        yield return new Node("Erf", [root], [erf], erf);
        yield return new Node("Add", [erf, Scalar(1)], [one], one);
        yield return new Node("Mul", [x, Scalar(0.5f)], [half], half);
        yield return new Node("Mul", [half, one], [y], node.Name);

        string PerChannel(string constant)
        {
            Tensor values = graph.Constants[constant];
            int[] shape = [.. Enumerable.Repeat(1, rank)];
            shape[1] = values.Length;
            return values.Length == 1 ? graph.AddConstant(constant, values.Reshape()) : graph.AddConstant(constant, values.Reshape(shape));
        }

        string Scalar(float value) => graph.AddConstant("gelu", Tensor.Scalar(value));
    }
}
