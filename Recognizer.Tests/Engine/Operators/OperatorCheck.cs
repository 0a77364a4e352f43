using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine.Operators;

/// <summary>Evaluates single nodes and compares what comes out with numbers worked out by hand.</summary>
internal static class OperatorCheck
{
    public static Tensor[] Evaluate(string type, Tensor?[] inputs, int opset = 17, int outputs = 1, params (string Name, object Value)[] attributes)
    {
        var node = new Node(type, inputs.Select((input, i) => input is null ? "" : $"input{i}"), Enumerable.Range(0, outputs).Select(i => $"output{i}"), "tested");
        foreach ((string name, object value) in attributes)
            node.Attributes[name] = value is int number ? (long)number : value is int[] numbers ? Array.ConvertAll(numbers, n => (long)n) : value;
        return OperatorRegistry.Find(node).Evaluate(node, opset, inputs);
    }

    /// <summary>Evaluates in float and, as it must give the same to its precision, in double.</summary>
    public static void Floats(string type, float[] expected, int[] shape, Tensor?[] inputs, int opset = 17, params (string Name, object Value)[] attributes)
    {
        Same(expected, shape, Evaluate(type, inputs, opset, 1, attributes)[0]);
        Tensor?[] precise = Array.ConvertAll(inputs, input => input?.Data is float[] values ? Tensor.Create(Array.ConvertAll(values, v => (double)v), input.Shape) : input);
        Same(Array.ConvertAll(expected, v => (double)v), shape, Evaluate(type, precise, opset, 1, attributes)[0]);
    }

    public static void Same<T>(T[] expected, int[] shape, Tensor actual)
    {
        Assert.Equal(shape, actual.Shape.ToArray());
        Assert.Equal(Tensor.TypeOf<T>(), actual.ElementType);
        T[] values = actual.Span<T>().ToArray();
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i] is float or double)
            {
                double wanted = Convert.ToDouble(expected[i]), got = Convert.ToDouble(values[i]);
                bool same = double.IsFinite(wanted) ? Math.Abs(wanted - got) <= 1e-5 * Math.Max(1, Math.Abs(wanted)) : wanted.Equals(got);
                Assert.True(same, $"element {i}: {got}, expected {wanted}");
            }
            else Assert.Equal(expected[i], values[i]);
        }
    }

    public static Tensor Floats(int[] shape, params float[] values) => Tensor.Create(values, shape);

    public static Tensor Longs(params long[] values) => Tensor.Vector(values);

    /// <summary>1, 2, 3 … of a shape.</summary>
    public static Tensor Counting(params int[] shape) =>
        Tensor.Create(Enumerable.Range(1, (int)Tensor.ElementCount(shape)).Select(i => (float)i).ToArray(), shape);

    public static string Refusal(string type, Tensor?[] inputs, int opset = 17, int outputs = 1, params (string Name, object Value)[] attributes)
    {
        string message = Assert.Throws<OnnxException>(() => Evaluate(type, inputs, opset, outputs, attributes)).Message;
        Assert.Contains("'tested'", message, StringComparison.Ordinal);
        return message;
    }
}
