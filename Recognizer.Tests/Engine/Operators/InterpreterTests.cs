using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using static Recognizer.Tests.Engine.Operators.OperatorCheck;

namespace Recognizer.Tests.Engine.Operators;

public sealed class InterpreterTests
{
    private static Graph Affine()
    {
        var builder = new GraphBuilder("affine");
        builder.Input("x", ElementType.Float, Dimension.Named("N"));
        builder.Initializer("w", Tensor.Vector(2f));
        builder.Node("Mul", "product", ["x", "w"]);
        builder.Node("Constant", "one", [], ("value_float", 1f));
        builder.Node("Add", "y", ["product", "one"]);
        builder.Output("y", ElementType.Float, Dimension.Named("N"));
        return builder.Build();
    }

    [Fact]
    public void Runs_nodes_in_order()
    {
        Dictionary<string, Tensor> outputs = Interpreter.Run(Affine(), new Dictionary<string, Tensor> { ["x"] = Floats([2], 3, 4) });
        Assert.Equal(["y"], outputs.Keys);
        Same<float>([7, 9], [2], outputs["y"]);
    }

    [Fact]
    public void Gives_inner_values_on_request()
    {
        Dictionary<string, Tensor> outputs = Interpreter.Run(Affine(), new Dictionary<string, Tensor> { ["x"] = Floats([1], 3) }, ["product", "x", "w"]);
        Same<float>([6], [1], outputs["product"]);
        Same<float>([3], [1], outputs["x"]);
        Assert.Equal(3, outputs.Count);
        Assert.Throws<OnnxException>(() => Interpreter.Run(Affine(), new Dictionary<string, Tensor> { ["x"] = Floats([1], 3) }, ["nothing"]));
    }

    [Fact]
    public void Computes_in_double_precision()
    {
        Graph precise = DoublePrecision.Of(Affine());
        Same<double>([2 * 1e-12 + 1], [1], Interpreter.Run(precise, new Dictionary<string, Tensor> { ["x"] = Tensor.Vector(1e-12) })["y"]);
    }

    [Fact]
    public void Names_what_is_missing()
    {
        Assert.Contains("'x'", Assert.Throws<OnnxException>(() => Interpreter.Run(Affine(), new Dictionary<string, Tensor>())).Message, StringComparison.Ordinal);
        Graph broken = Affine();
        broken.Nodes[0].Inputs[1] = "absent";
        Assert.Contains("'absent'", Assert.Throws<OnnxException>(() => Interpreter.Run(broken, new Dictionary<string, Tensor> { ["x"] = Floats([1], 3) })).Message, StringComparison.Ordinal);
        Graph unknown = Affine();
        unknown.Nodes.Add(new Node("Quux", ["y"], ["z"]));
        Assert.Contains("Quux", Assert.Throws<OnnxException>(() => Interpreter.Run(unknown, new Dictionary<string, Tensor> { ["x"] = Floats([1], 3) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Optional_inputs_and_outputs_may_be_left_out()
    {
        var graph = new Graph();
        graph.Inputs.Add(new ValueInfo("x", ElementType.Float, [3]));
        graph.Initializers["upper"] = Tensor.Scalar(2f);
        graph.Nodes.Add(new Node("Clip", ["x", "", "upper"], ["clipped"]));
        graph.Nodes.Add(new Node("Dropout", ["clipped"], ["y", ""]));
        graph.Outputs.Add(new ValueInfo("y", ElementType.Float, [3]));
        Same<float>([1, 2, 2], [3], Interpreter.Run(graph, new Dictionary<string, Tensor> { ["x"] = Counting(3) })["y"]);
    }
}
