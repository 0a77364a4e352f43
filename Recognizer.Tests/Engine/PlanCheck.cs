using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine;

/// <summary>Holds plans to the interpreter in double precision.</summary>
internal static class PlanCheck
{
    /// <summary>Runs a graph both ways on random inputs and compares every output.</summary>
    /// <param name="graph">Float graph; its first dimensions may be open.</param>
    /// <param name="batch">Images.</param>
    /// <param name="tolerance">Largest error as a share of the largest output.</param>
    /// <param name="options">How the plan is compiled.</param>
    /// <param name="seed">Of the inputs.</param>
    /// <returns>The plan's description.</returns>
    public static IReadOnlyList<string> AgreesWithReference(Graph graph, int batch = 3, double tolerance = 3e-5, PlanOptions? options = null, int seed = 1)
    {
        using Plan plan = Plan.Compile(graph, options);
        Dictionary<string, Tensor> inputs = RandomInputs(graph, batch, seed);
        IReadOnlyDictionary<string, Tensor> actual = plan.Run(inputs);
        Dictionary<string, Tensor> expected = Interpreter.Run(ToDouble(graph), inputs.ToDictionary(p => p.Key, p => ToDouble(p.Value)), plan.Outputs.Select(o => o.Name));
        foreach (ValueInfo output in plan.Outputs) AssertClose(expected[output.Name], actual[output.Name], tolerance, output.Name);
        return plan.Program is null ? [] : plan.Description;
    }

    public static void AssertClose(Tensor expected, Tensor actual, double tolerance, string name)
    {
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        if (expected.ElementType != ElementType.Double)
        {
            Assert.Equal(expected.Data, actual.Data);
            return;
        }
        ReadOnlySpan<double> e = expected.Span<double>();
        ReadOnlySpan<float> a = actual.Span<float>();
        double largest = 1e-30;
        foreach (double value in e) largest = Math.Max(largest, Math.Abs(value));
        for (int i = 0; i < e.Length; i++)
        {
            double error = Math.Abs(e[i] - a[i]) / largest;
            Assert.True(error <= tolerance, $"{name}[{i}] is {a[i]}, expected {e[i]} (error {error:g3} of the largest output).");
        }
    }

    public static Dictionary<string, Tensor> RandomInputs(Graph graph, int batch, int seed)
    {
        var random = new Random(seed);
        var inputs = new Dictionary<string, Tensor>();
        foreach (ValueInfo input in graph.Inputs)
        {
            int[] shape = [.. input.Shape!.Select((dimension, i) => dimension.IsFixed ? dimension.Size : i == 0 ? batch : 8)];
            inputs[input.Name] = Random(random, shape);
        }
        return inputs;
    }

    public static Tensor Random(Random random, params int[] shape)
    {
        var values = new float[Tensor.ElementCount(shape)];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(random.NextDouble() * 2 - 1);
        return Tensor.Create(values, shape);
    }

    public static Graph ToDouble(Graph graph)
    {
        Graph result = graph.Clone();
        foreach (string name in graph.Initializers.Keys.ToArray()) result.Initializers[name] = ToDouble(graph.Initializers[name]);
        return result;
    }

    private static Tensor ToDouble(Tensor tensor) => tensor.ElementType == ElementType.Float
        ? Tensor.Create(Array.ConvertAll((float[])tensor.Data, value => (double)value), tensor.Shape)
        : tensor;
}
