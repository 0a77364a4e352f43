using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine;

/// <summary>Graphs that the interpreter computes more exactly.</summary>
internal static class DoublePrecision
{
    /// <summary>A copy of a graph that computes in double precision: initializers, constants, casts and declared types of Float become
    /// Double. Inputs must then be given as Double.</summary>
    public static Graph Of(Graph graph)
    {
        Graph copy = graph.Clone();
        foreach (IList<ValueInfo> values in (IList<ValueInfo>[])[copy.Inputs, copy.Outputs])
        {
            for (int i = 0; i < values.Count; i++)
                if (values[i].ElementType == ElementType.Float) values[i] = values[i] with { ElementType = ElementType.Double };
        }
        foreach ((string name, Tensor tensor) in graph.Initializers) copy.Initializers[name] = Of(tensor);
        foreach (Node node in copy.Nodes)
        {
            foreach ((string name, object value) in node.Attributes.ToArray())
            {
                switch (node.OperatorType, name, value)
                {
                    case ("Constant", "value_float", float number): Replace(node, name, Tensor.Scalar((double)number)); break;
                    case ("Constant", "value_floats", float[] numbers): Replace(node, name, Tensor.Vector(Array.ConvertAll(numbers, n => (double)n))); break;
                    case ("Constant" or "ConstantOfShape", "value", Tensor tensor): node.Attributes[name] = Of(tensor); break;
                    case ("Cast", "to", _) when CastTarget.Of(node) == ElementType.Float: node.Attributes[name] = CastTarget.For(ElementType.Double, graph.Opset); break;
                }
            }
            // what it fills with if it isn't told is Float
            if (node.OperatorType == "ConstantOfShape") node.Attributes.TryAdd("value", Tensor.Vector(0.0));
        }
        return copy;
    }

    private static Tensor Of(Tensor tensor) => tensor.Data is float[] values
        ? Tensor.Create(Array.ConvertAll(values, value => (double)value), tensor.Shape)
        : tensor;

    private static void Replace(Node constant, string attribute, Tensor value)
    {
        constant.Attributes.Remove(attribute);
        constant.Attributes["value"] = value;
    }
}
