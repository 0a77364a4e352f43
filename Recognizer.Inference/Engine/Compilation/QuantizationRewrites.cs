using Recognizer.Inference.Engine.Kernels.Quantized;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Reads graphs in ONNX's quantise–dequantise form: a pair of QuantizeLinear and DequantizeLinear with the same constants keeps of a value what 8 bits
/// hold, which is one elementwise function in floats.</summary>
internal static class QuantizationRewrites
{
    /// <summary>y = scale · round(min(max(x / scale, low), low + 255)). Only in <see cref="RewriteGraph.InternalDomain"/>.</summary>
    public const string FakeQuantize = "FakeQuantize";

    /// <summary>Operators that pick or move elements: quantising what they give does nothing if it was quantised the same way before.</summary>
    private static readonly HashSet<string> Moving = ["MaxPool", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Identity"];

    /// <summary>Notes which constants are stored as weights in 8 bits or as biases in 32, before they are folded into floats.</summary>
    public static void Remember(RewriteGraph graph)
    {
        foreach (Node node in graph.Nodes)
        {
            if (node is not { OperatorType: "DequantizeLinear", Domain: "" } || !graph.Constants.TryGetValue(node.Inputs[0], out Tensor? levels)
                || levels.ElementType is not (ElementType.Int8 or ElementType.Int32) || !graph.TryGetFloats(node.Inputs[1], out Tensor? scales) || node.Int("block_size", 0) != 0 || node.Int("output_dtype", 0) != 0) continue;
            if (node.Inputs.Count > 2 && node.Inputs[2].Length > 0
                && !(graph.Constants.TryGetValue(node.Inputs[2], out Tensor? zero) && IsZero(zero))) continue;
            long axis = node.Int("axis", 1);
            graph.Quantized[node.Outputs[0]] = new QuantizedConstant(levels, scales.Span<float>().ToArray(), (int)(axis < 0 ? axis + levels.Rank : axis));
        }
    }

    /// <summary>Turns pairs into one node, and removes what such nodes make unnecessary.</summary>
    /// <param name="graph">What is rewritten, its constants folded.</param>
    /// <param name="isFloatImage">Whether a value is a float tensor with the batch first.</param>
    public static void Apply(RewriteGraph graph, Func<string, bool> isFloatImage)
    {
        graph.Rewrite(node =>
        {
            if (node is not { OperatorType: "DequantizeLinear", Domain: "" } || graph.Producer(node.Inputs[0]) is not { OperatorType: "QuantizeLinear", Domain: "" } quantize
                || !isFloatImage(quantize.Inputs[0]) || Parameters(graph, node) is not { } parameters || Parameters(graph, quantize) != parameters) return node;
            var fake = new Node(FakeQuantize, [quantize.Inputs[0]], [node.Outputs[0]], node.Name, RewriteGraph.InternalDomain);
            fake.Attributes["scale"] = parameters.Scale;
            fake.Attributes["low"] = (long)parameters.Low;
            fake.Attributes["zero_point"] = (long)parameters.ZeroPoint;
            return fake;
        });
        graph.Prune();
        graph.Rewrite(node =>
        {
            if (!IsFakeQuantize(node)) return node;
            LevelRange range = Range(node);
            if (Find(graph, node.Inputs[0]) == range) return null;
            // The lowest level cuts off what Relu would.
            if (range.Low >= 0 && graph.Producer(node.Inputs[0]) is { OperatorType: "Relu", Domain: "" } relu) node.Inputs[0] = relu.Inputs[0];
            return node;
        });
        graph.Prune();
    }

    /// <summary>How a value was last quantised; null where it wasn't.</summary>
    public static LevelRange? Find(RewriteGraph graph, string value)
    {
        while (graph.Producer(value) is { } producer)
        {
            if (IsFakeQuantize(producer)) return Range(producer);
            if (producer.Domain.Length > 0 || !Moving.Contains(producer.OperatorType)) return null;
            value = producer.Inputs[0];
        }
        return null;
    }

    /// <summary>The levels of a node of type <see cref="FakeQuantize"/>.</summary>
    public static LevelRange Range(Node node) => new(node.Float("scale", 0), (int)node.Int("low", 0), (int)node.Int("zero_point", 0));

    public static bool IsFakeQuantize(Node node) => node is { OperatorType: FakeQuantize, Domain: RewriteGraph.InternalDomain };

    private static bool IsZero(Tensor zero) => zero.Data switch
    {
        sbyte[] bytes => !bytes.AsSpan().ContainsAnyExcept((sbyte)0),
        int[] integers => !integers.AsSpan().ContainsAnyExcept(0),
        _ => false,
    };

    /// <summary>The levels of an 8-bit quantisation with one scale.</summary>
    private static LevelRange? Parameters(RewriteGraph graph, Node node)
    {
        if (!graph.TryGetFloats(node.Inputs[1], out Tensor? scale) || scale.Length != 1 || !(scale.Span<float>()[0] > 0)) return null;
        if (node.Int("block_size", 0) != 0 || node.Int("output_dtype", 0) != 0 || node.Int("precision", 0) != 0) return null;
        (int low, int point) = (0, 0);
        if (node.Inputs.Count > 2 && node.Inputs[2].Length > 0)
        {
            if (!graph.Constants.TryGetValue(node.Inputs[2], out Tensor? zero) || zero.Length != 1) return null;
            // By element type and not by array type, because the runtime takes arrays of signed and unsigned integers for each other.
            switch (zero.ElementType)
            {
                case ElementType.UInt8: (low, point) = (-zero.Span<byte>()[0], zero.Span<byte>()[0]); break;
                case ElementType.Int8: (low, point) = (-128 - zero.Span<sbyte>()[0], zero.Span<sbyte>()[0]); break;
                default: return null;
            }
        }
        return new LevelRange(scale.Span<float>()[0], low, point);
    }
}
