using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine.Compilation;

public sealed class AffineFoldingTests
{
    [Fact]
    public void Constants_may_stretch_the_channels()
    {
        var builder = new GraphBuilder("stretch");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("N"), 1, 2, 2);
        builder.Node("Mul", "y", [x, builder.Initializer("c", Tensor.Create([1f, 2f, 3f], 3, 1, 1))]);
        builder.Output("y", ElementType.Float, Dimension.Named("N"), 3, 2, 2);
        PlanCheck.AgreesWithReference(builder.Build());
    }

    [Fact]
    public void Values_without_a_batch_are_computed_as_they_are()
    {
        var builder = new GraphBuilder("statistics");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("N"), 3, 2, 2);
        string mean = builder.Node("ReduceMean", "mean", [x], ("axes", new[] { 0, 2, 3 }));
        string shifted = builder.Node("Add", "shifted", [mean, builder.Initializer("epsilon", Tensor.Scalar(0.5f))]);
        builder.Node("Sub", "y", [x, shifted]);
        builder.Output("y", ElementType.Float, Dimension.Named("N"), 3, 2, 2);
        PlanCheck.AgreesWithReference(builder.Build());
    }

    [Fact]
    public void Operands_of_old_operator_sets_start_at_the_axis_that_they_name()
    {
        var builder = new GraphBuilder("old");
        string x = builder.Input("x", ElementType.Float, 3, 3);
        builder.Node("Add", "y", [x, builder.Initializer("c", Tensor.Vector(10f, 20f, 30f))], ("broadcast", 1), ("axis", 0));
        builder.Output("y", ElementType.Float, 3, 3);
        Graph graph = builder.Build();
        graph.Opset = 6;
        PlanCheck.AgreesWithReference(graph);
    }
}
