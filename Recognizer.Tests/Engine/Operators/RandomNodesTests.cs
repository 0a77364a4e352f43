using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine.Operators;

/// <summary>Whatever inputs and attributes a node has, its operator computes something or says what is wrong.</summary>
public sealed class RandomNodesTests
{
    private static readonly string[] s_lists = ["axes", "dilations", "ends", "kernel_shape", "output_padding", "output_shape", "pads", "perm", "split", "starts", "strides"];
    private static readonly string[] s_numbers = ["allowzero", "axis", "batch_dims", "block_size", "blocksize", "ceil_mode", "count_include_pad", "exclude_outside", "group",
        "antialias", "hidden_size", "input_forget", "keepdims", "layout", "linear_before_reset", "noop_with_empty_axes", "num_outputs", "output_dtype", "select_last_index", "size", "spatial",
        "storage_order", "to", "training_mode", "transA", "transB"];
    private static readonly (string Name, string[] Values)[] s_texts =
    [
        ("auto_pad", ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]), ("mode", ["constant", "reflect", "edge", "wrap", "nearest", "linear", "cubic", "DCR", "CRD"]),
        ("direction", ["forward", "reverse", "bidirectional"]), ("nearest_mode", ["floor", "ceil", "round_prefer_ceil"]),
        ("coordinate_transformation_mode", ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize", "half_pixel_symmetric"]),
        ("keep_aspect_ratio_policy", ["stretch", "not_larger", "not_smaller"]), ("approximate", ["none", "tanh"]),
    ];

    public static TheoryData<string> Operators => [.. OperatorRegistry.Names];

    [Theory]
    [MemberData(nameof(Operators))]
    public void Only_the_one_exception_is_thrown(string type)
    {
        var random = new Random(type.Sum(c => c));
        int computed = 0;
        for (int i = 0; i < 500; i++)
        {
            Node node = RandomNode(type, random);
            ElementType common = (ElementType)random.Next(1, 14);
            int rank = random.Next(6);
            Tensor?[] inputs = [.. node.Inputs.Select(name => name.Length == 0 ? null : RandomTensor(random, random.Next(3) > 0 ? common : ElementType.Float, random.Next(2) == 0 ? rank : random.Next(5)))];
            try
            {
                Tensor[] outputs = OperatorRegistry.Find(node).Evaluate(node, random.Next(6, 24), inputs);
                foreach (Tensor output in outputs) Assert.Equal(output.Length, Tensor.ElementCount(output.Shape));
                computed++;
            }
            catch (OnnxException exception)
            {
                Assert.Contains("'fuzzed'", exception.Message, StringComparison.Ordinal);
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                string attributes = string.Join(", ", node.Attributes.Select(a => $"{a.Key}={(a.Value is long[] list ? $"[{string.Join(" ", list)}]" : a.Value)}"));
                Assert.Fail($"case {i}: {string.Join(", ", inputs.Select(t => t is null ? "null" : $"{t.ElementType}{Shapes.Text(t.Shape)}"))}; {attributes}: {exception}");
            }
        }
        // the generator must reach more than the checks of simple operators
        if (type is "Relu" or "Add" or "Reshape" or "Transpose" or "Concat") Assert.True(computed > 0, $"{computed} cases got through");
    }

    private static Node RandomNode(string type, Random random)
    {
        var node = new Node(type, Enumerable.Range(0, random.Next(1, 9)).Select(i => i > 0 && random.Next(4) == 0 ? "" : $"i{i}"), random.Next(4) == 0 ? ["a", "b"] : ["a"], "fuzzed");
        foreach (string name in s_lists)
        {
            if (random.Next(4) != 0) continue;
            node.Attributes[name] = Enumerable.Range(0, random.Next(6)).Select(_ => random.Next(30) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.Next(-2, 4)).ToArray();
        }
        foreach (string name in s_numbers)
        {
            if (random.Next(4) == 0) node.Attributes[name] = random.Next(30) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.Next(-2, 5);
        }
        foreach ((string name, string[] values) in s_texts)
        {
            if (random.Next(2) == 0) node.Attributes[name] = values[random.Next(values.Length)];
        }
        if (random.Next(4) == 0) node.Attributes["value"] = type is "Constant" or "ConstantOfShape" ? RandomTensor(random, ElementType.Int32, random.Next(2)) : 1.5f;
        return node;
    }

    private static Tensor RandomTensor(Random random, ElementType type, int rank)
    {
        // positions, sizes and axes are lists of integers
        if (random.Next(4) == 0) (type, rank) = (ElementType.Int64, 1);
        int[] shape = [.. Enumerable.Range(0, rank).Select(_ => random.Next(20) == 0 ? 0 : random.Next(1, 4))];
        Tensor tensor = Tensor.Zeros(type, shape);
        for (int i = 0; i < tensor.Length; i++)
        {
            switch (tensor.ElementType)
            {
                case ElementType.Float: ((float[])tensor.Data)[i] = random.Next(15) == 0 ? 1e30f * random.Next(-1, 2) / random.Next(2) : random.Next(-2, 5) / 2f; break;
                case ElementType.Double: ((double[])tensor.Data)[i] = random.Next(-2, 5) / 2.0; break;
                case ElementType.Float16: ((Half[])tensor.Data)[i] = (Half)(random.Next(-2, 5) / 2f); break;
                case ElementType.Int64: ((long[])tensor.Data)[i] = random.Next(20) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.Next(-2, 5); break;
                case ElementType.Int32: ((int[])tensor.Data)[i] = random.Next(20) == 0 ? int.MinValue : random.Next(-2, 5); break;
                case ElementType.UInt8: ((byte[])tensor.Data)[i] = (byte)random.Next(256); break;
                case ElementType.Int8: ((sbyte[])tensor.Data)[i] = (sbyte)random.Next(-128, 128); break;
                case ElementType.Bool: ((bool[])tensor.Data)[i] = random.Next(2) == 0; break;
                case ElementType.String: ((string[])tensor.Data)[i] = random.Next(2) == 0 ? "1" : "x"; break;
            }
        }
        return tensor;
    }
}
