using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Constant: the value of its one attribute.</summary>
internal sealed class Constant : Operator
{
    protected override Tensor[] Compute(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        foreach ((string name, object value) in node.Attributes)
        {
            switch (name, value)
            {
                case ("value", Tensor tensor): return [tensor];
                case ("value_int", long number): return [Tensor.Scalar(number)];
                case ("value_ints", long[] numbers): return [Tensor.Vector(numbers)];
                case ("value_float", float number): return [Tensor.Scalar(number)];
                case ("value_floats", float[] numbers): return [Tensor.Vector(numbers)];
                case ("value_string", string text): return [Tensor.Scalar(text)];
                case ("value_strings", string[] texts): return [Tensor.Vector(texts)];
            }
        }
        throw new OnnxException($"{node}: none of the attributes value, value_int(s), value_float(s) and value_string(s) is there.");
    }
}
