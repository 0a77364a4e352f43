using System.Diagnostics;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine.Compilation;

[Collection(Alone.Name)]
public sealed class CompilationTimeTests
{
    [Theory]
    [InlineData("Add")]
    [InlineData("Identity")]
    public void Compiling_takes_as_long_as_graphs_are_large(string operation)
    {
        const int Nodes = 500;
        Graph one = Chain(operation, Nodes), four = Chain(operation, 4 * Nodes);
        // The least of several, as others may be at work; four times as many nodes would take sixteen times as long if each looked at all
        double least = double.MaxValue;
        for (int round = 0; round < 5 && least > 8; round++) least = Math.Min(least, Time(four) / Time(one));
        Assert.True(least < 8, $"Four times as many nodes took {least:f1} times as long.");
    }

    private static double Time(Graph graph)
    {
        double least = double.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long started = Stopwatch.GetTimestamp();
            Plan.Compile(graph).Dispose();
            least = Math.Min(least, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return least;
    }

    private static Graph Chain(string operation, int nodes)
    {
        var builder = new GraphBuilder("chain");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("N"), 4), one = builder.Initializer("one", Tensor.Scalar(1f));
        for (int i = 0; i < nodes; i++) x = builder.Node(operation, $"y{i}", operation == "Add" ? [x, one] : [x]);
        builder.Output(builder.Node("Relu", "y", [x]), ElementType.Float, Dimension.Named("N"), 4);
        return builder.Build();
    }
}
