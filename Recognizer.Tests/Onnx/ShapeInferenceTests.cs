using System.Text.RegularExpressions;
using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Onnx.Shapes;

namespace Recognizer.Tests.Onnx;

public partial class ShapeInferenceTests
{
    [Fact]
    public void Samples_have_the_shapes_they_declare()
    {
        foreach (Graph graph in SampleModels.All())
        {
            string[] declared = [.. graph.Outputs.Select(o => o.ToString())];
            for (int i = 0; i < graph.Outputs.Count; i++) graph.Outputs[i] = graph.Outputs[i] with { Shape = null };
            IReadOnlyDictionary<string, ValueInfo> values = ShapeInference.Infer(graph);
            Assert.Equal(declared, graph.Outputs.Select(o => values[o.Name].ToString()));
        }
    }

    [Fact]
    public void A_symbol_takes_the_size_that_an_input_is_given()
    {
        IReadOnlyDictionary<string, ValueInfo> values = ShapeInference.Infer(SampleModels.Classifier(), new Dictionary<string, int[]> { ["input"] = [7, 1, 8, 8] });
        Assert.Equal("Float[7, 4, 8, 8]", values["conv"].ToString());
        Assert.Equal("Float[7, 4, 4, 4]", values["pool"].ToString());
        Assert.Equal("Float[7, 64]", values["flat"].ToString());
        Assert.Equal("Float[7, 10]", values["probabilities"].ToString());
    }

    [Fact]
    public void Given_shapes_must_fit_the_declared_ones()
    {
        Assert.Contains("'input'", Fail(SampleModels.Classifier(), new() { ["input"] = [7, 1, 9, 8] }));
        Assert.Contains("'input'", Fail(SampleModels.Classifier(), new() { ["input"] = [7, 1, 8] }));
        Assert.Contains("'other'", Fail(SampleModels.Classifier(), new() { ["other"] = [7, 1, 8, 8] }));
        Assert.Contains("-1", Fail(SampleModels.Classifier(), new() { ["input"] = [-1, 1, 8, 8] }));
    }

    [Fact]
    public void Declared_outputs_must_agree()
    {
        Graph graph = SampleModels.Classifier();
        graph.Outputs[0] = new ValueInfo("logits", ElementType.Float, [Dimension.Named("N"), 11]);
        Assert.Contains("'logits'", Fail(graph));
        graph.Outputs[0] = new ValueInfo("logits", ElementType.Double, null);
        Assert.Contains("'logits'", Fail(graph));
    }

    // Operator, opset, inputs as type[dims] or a list of integers or floats, attributes, expected outputs; "-" is an input left out.
    [Theory]
    [InlineData("Conv", 17, "f[N,3,28,28] f[8,3,3,3] f[8]", "", "Float[N, 8, 26, 26]")]
    [InlineData("Conv", 17, "f[N,3,28,28] f[8,3,3,3]", "pads=1,1,1,1", "Float[N, 8, 28, 28]")]
    [InlineData("Conv", 17, "f[N,4,28,28] f[8,2,5,3]", "group=2;strides=2,3;dilations=2,1;pads=1,2,3,4", "Float[N, 8, 12, 11]")]
    [InlineData("Conv", 17, "f[1,1,7,7] f[1,1,4,4]", "auto_pad=SAME_UPPER;strides=2,2", "Float[1, 1, 4, 4]")]
    [InlineData("Conv", 17, "f[1,1,7,7] f[1,1,4,4]", "auto_pad=VALID", "Float[1, 1, 4, 4]")]
    [InlineData("Conv", 17, "f[1,1,H,7] f[1,1,4,4]", "", "Float[1, 1, ?, 4]")]
    [InlineData("Conv", 17, "f[1,2,9] f[5,2,3]", "", "Float[1, 5, 7]")]
    [InlineData("ConvTranspose", 17, "f[1,1,3,3] f[1,2,3,3]", "", "Float[1, 2, 5, 5]")]
    [InlineData("ConvTranspose", 17, "f[1,1,3,3] f[1,2,3,3]", "strides=3,2;output_padding=1,1", "Float[1, 2, 10, 8]")]
    [InlineData("ConvTranspose", 17, "f[1,1,3,3] f[1,2,3,3]", "strides=3,2;output_shape=10,8", "Float[1, 2, 10, 8]")]
    [InlineData("ConvTranspose", 17, "f[1,1,3,3] f[1,2,3,3]", "strides=2,2;auto_pad=SAME_UPPER", "Float[1, 2, 6, 6]")]
    [InlineData("ConvTranspose", 17, "f[1,4,3,3] f[4,2,3,3]", "group=2;pads=1,1,1,1", "Float[1, 4, 3, 3]")]
    [InlineData("ConvInteger", 17, "u8[1,1,3,3] u8[1,1,2,2]", "", "Int32[1, 1, 2, 2]")]
    [InlineData("MaxPool", 17, "f[N,2,5,5]", "kernel_shape=2,2;strides=2,2", "Float[N, 2, 2, 2] Int64[N, 2, 2, 2]", 2)]
    [InlineData("MaxPool", 17, "f[N,2,5,5]", "kernel_shape=2,2;strides=2,2;ceil_mode=1", "Float[N, 2, 3, 3]")]
    [InlineData("MaxPool", 17, "f[1,1,4,4]", "kernel_shape=1,1;strides=3,3;ceil_mode=1", "Float[1, 1, 2, 2]")]
    [InlineData("MaxPool", 17, "f[1,1,2,2]", "kernel_shape=1,1;strides=3,3;ceil_mode=1", "Float[1, 1, 1, 1]")]
    [InlineData("AveragePool", 17, "f[1,1,32,32]", "kernel_shape=2,2;auto_pad=SAME_LOWER", "Float[1, 1, 32, 32]")]
    [InlineData("GlobalAveragePool", 17, "f[N,8,5,H]", "", "Float[N, 8, 1, 1]")]
    [InlineData("BatchNormalization", 17, "f[N,8,5,5] f[8] f[8] f[8] f[8]", "", "Float[N, 8, 5, 5]")]
    [InlineData("BatchNormalization", 17, "f[N,C,5] f[8] f[8] f[8] f[8]", "training_mode=1", "Float[N, C, 5] Float[8] Float[8]", 3)]
    [InlineData("LayerNormalization", 17, "f[N,8,5] f[5] f[5]", "", "Float[N, 8, 5] Float[N, 8, 1] Float[N, 8, 1]", 3)]
    [InlineData("Gemm", 17, "f[N,8] f[8,3] f[3]", "", "Float[N, 3]")]
    [InlineData("Gemm", 17, "f[8,N] f[3,8]", "transA=1;transB=1", "Float[N, 3]")]
    [InlineData("MatMul", 17, "f[N,5,4] f[4,6]", "", "Float[N, 5, 6]")]
    [InlineData("MatMul", 17, "f[4] f[2,4,6]", "", "Float[2, 6]")]
    [InlineData("MatMul", 17, "f[4] f[4]", "", "Float[]")]
    [InlineData("MatMulInteger", 17, "u8[N,4] i8[4,6]", "", "Int32[N, 6]")]
    [InlineData("Add", 17, "f[N,3,1] f[4]", "", "Float[N, 3, 4]")]
    [InlineData("Add", 17, "f[N,1] f[N,M]", "", "Float[N, M]")]
    [InlineData("Add", 17, "f[N,2] f[5,2]", "", "Float[5, 2]")]
    [InlineData("Add", 17, "f[N] f[M]", "", "Float[?]")]
    [InlineData("Add", 6, "f[2,3,4,5] f[3,4]", "broadcast=1;axis=1", "Float[2, 3, 4, 5]")]
    [InlineData("Pow", 17, "f[2,3] i64[3]", "", "Float[2, 3]")]
    [InlineData("Equal", 17, "f[2,1] f[3]", "", "Bool[2, 3]")]
    [InlineData("Where", 17, "b[2,1] f[3] f[1]", "", "Float[2, 3]")]
    [InlineData("Max", 17, "f[2,1] f[3] f[1]", "", "Float[2, 3]")]
    [InlineData("PRelu", 17, "f[N,3,4] f[3,1]", "", "Float[N, 3, 4]")]
    [InlineData("PRelu", 6, "f[N,3,4] f[3]", "", "Float[N, 3, 4]")]
    [InlineData("Softmax", 12, "f[N,3]", "", "Float[N, 3]")]
    [InlineData("Softmax", 13, "f[5]", "", "Float[5]")]
    [InlineData("Clip", 17, "f[3] - f[]", "", "Float[3]")]
    [InlineData("Dropout", 9, "f[N,3]", "ratio=0.25f", "Float[N, 3] Float[N, 3]", 2)]
    [InlineData("Dropout", 13, "f[N,3]", "", "Float[N, 3] Bool[N, 3]", 2)]
    [InlineData("Cast", 17, "f[N,3]", "to=10", "Float16[N, 3]")]
    [InlineData("Flatten", 17, "f[N,3,4]", "", "Float[N, 12]")]
    [InlineData("Flatten", 17, "f[2,3,4]", "axis=-1", "Float[6, 4]")]
    [InlineData("Flatten", 17, "f[N,3,4]", "axis=0", "Float[1, ?]")]
    [InlineData("Reshape", 17, "f[N,3,4] =-1,12", "", "Float[N, 12]")]
    [InlineData("Reshape", 17, "f[N,3,4] =0,-1", "", "Float[N, 12]")]
    [InlineData("Reshape", 17, "f[N,3,4] =-1,6", "", "Float[?, 6]")]
    [InlineData("Reshape", 17, "f[0,3] =0,3", "allowzero=1", "Float[0, 3]")]
    [InlineData("Reshape", 17, "f[N,3] i64[4]", "", "Float[?, ?, ?, ?]")]
    [InlineData("Reshape", 4, "f[2,6]", "shape=3,-1", "Float[3, 4]")]
    [InlineData("Transpose", 17, "f[N,3,4]", "", "Float[4, 3, N]")]
    [InlineData("Transpose", 17, "f[N,H,W,3]", "perm=0,3,1,2", "Float[N, 3, H, W]")]
    [InlineData("Concat", 17, "f[N,3] f[N,4] f[2,5]", "axis=-1", "Float[2, 12]")]
    [InlineData("Squeeze", 12, "f[1,N,1]", "axes=0", "Float[N, 1]")]
    [InlineData("Squeeze", 13, "f[1,N,1] =-1", "", "Float[1, N]")]
    [InlineData("Squeeze", 13, "f[1,3,1]", "", "Float[3]")]
    [InlineData("Squeeze", 13, "f[1,N,1]", "", "Float[…]")]
    [InlineData("Unsqueeze", 11, "f[N,3]", "axes=0,3", "Float[1, N, 3, 1]")]
    [InlineData("Unsqueeze", 13, "f[N,3] =1,-1", "", "Float[N, 1, 3, 1]")]
    [InlineData("Expand", 17, "f[N,1] =1,4", "", "Float[N, 4]")]
    [InlineData("Pad", 10, "f[N,2]", "pads=0,1,0,2", "Float[N, 5]")]
    [InlineData("Pad", 11, "f[N,5] =0,-1,0,-2", "", "Float[N, 2]")]
    [InlineData("Pad", 18, "f[N,5] =1,2 - =1", "", "Float[N, 8]")]
    [InlineData("DepthToSpace", 17, "f[N,8,2,3]", "blocksize=2", "Float[N, 2, 4, 6]")]
    [InlineData("SpaceToDepth", 17, "f[N,2,4,6]", "blocksize=2", "Float[N, 8, 2, 3]")]
    [InlineData("Resize", 10, "f[N,1,2,4] ~1,1,0.6,2", "", "Float[N, 1, 1, 8]")]
    [InlineData("Resize", 13, "f[N,1,2,4] - ~1,1,3,0.5", "", "Float[N, 1, 6, 2]")]
    [InlineData("Resize", 13, "f[N,1,28,10] - ~1,1,1.2857143,0.7", "", "Float[N, 1, 36, 7]")]
    [InlineData("Resize", 13, "f[1,1,2,4] - - =1,1,7,9", "", "Float[1, 1, 7, 9]")]
    [InlineData("Resize", 18, "f[N,1,2,4] - - =7,8", "axes=2,3;keep_aspect_ratio_policy=not_larger", "Float[N, 1, 4, 8]")]
    [InlineData("Slice", 9, "f[N,10]", "starts=1;ends=-1;axes=1", "Float[N, 8]")]
    [InlineData("Slice", 10, "f[10,20] =0,19 =3,-100 =0,1 =1,-2", "", "Float[3, 10]")]
    [InlineData("Slice", 10, "f[10] =-9223372036854775808 =9223372036854775807 =0 =3", "", "Float[4]")]
    [InlineData("Slice", 10, "f[10] =20 =30", "", "Float[0]")]
    [InlineData("Slice", 10, "f[10] =9 =-9223372036854775808 =0 =-9223372036854775808", "", "Float[1]")]
    [InlineData("Slice", 10, "f[N,4] =0 =9223372036854775807", "", "Float[N, 4]")]
    [InlineData("Gather", 17, "f[5,N] i64[2,3]", "axis=0", "Float[2, 3, N]")]
    [InlineData("Gather", 17, "f[N,5] =2", "axis=1", "Float[N, 1]")]
    [InlineData("Split", 12, "f[N,5]", "axis=1;split=2,3", "Float[N, 2] Float[N, 3]", 2)]
    [InlineData("Split", 13, "f[6,N]", "", "Float[2, N] Float[2, N] Float[2, N]", 3)]
    [InlineData("Split", 13, "f[6] =1,5", "", "Float[1] Float[5]", 2)]
    [InlineData("Split", 18, "f[7]", "num_outputs=3", "Float[3] Float[3] Float[1]", 3)]
    [InlineData("Shape", 15, "f[N,3,4]", "start=-2", "Int64[2]")]
    [InlineData("ConstantOfShape", 17, "=2,3", "", "Float[2, 3]")]
    [InlineData("ReduceMean", 13, "f[N,3,4]", "axes=-1;keepdims=0", "Float[N, 3]")]
    [InlineData("ReduceMean", 18, "f[N,3,4] =1,2", "", "Float[N, 1, 1]")]
    [InlineData("ReduceSum", 13, "f[N,3,4] =1", "keepdims=0", "Float[N, 4]")]
    [InlineData("ReduceSum", 13, "f[N,3]", "noop_with_empty_axes=1", "Float[N, 3]")]
    [InlineData("ReduceMax", 17, "f[N,3]", "", "Float[1, 1]")]
    [InlineData("ReduceMin", 20, "b[N,3]", "", "Bool[1, 1]")]
    [InlineData("ArgMax", 17, "f[N,3]", "axis=1;keepdims=0", "Int64[N]")]
    [InlineData("QuantizeLinear", 17, "f[N,3] f[] i8[]", "", "Int8[N, 3]")]
    [InlineData("QuantizeLinear", 17, "f[N,3] f[3]", "axis=1", "UInt8[N, 3]")]
    [InlineData("DequantizeLinear", 17, "u8[N,3] f[] u8[]", "", "Float[N, 3]")]
    [InlineData("DequantizeLinear", 23, "u8[N,3] f[] u8[]", "output_dtype=10", "Float16[N, 3]")]
    [InlineData("DynamicQuantizeLinear", 17, "f[N,3]", "", "UInt8[N, 3] Float[] UInt8[]", 3)]
    [InlineData("QLinearMatMul", 17, "u8[N,3] f[] u8[] u8[3,4] f[] u8[] f[] i8[]", "", "Int8[N, 4]")]
    [InlineData("LSTM", 17, "f[T,N,3] f[1,20,3] f[1,20,5]", "hidden_size=5", "Float[T, 1, N, 5] Float[1, N, 5] Float[1, N, 5]", 3)]
    [InlineData("GRU", 17, "f[N,T,3] f[2,15,3] f[2,15,5]", "hidden_size=5;direction=bidirectional;layout=1", "Float[N, T, 2, 5] Float[N, 2, 5]", 2)]
    [InlineData("RNN", 17, "f[T,N,3] f[1,5,3] f[1,5,5] f[1,10] i32[N] f[1,N,5]", "", "Float[T, 1, N, 5]")]
    public void Rules(string type, int opset, string inputs, string attributes, string expected, int outputs = 1)
    {
        Graph graph = Single(type, opset, inputs, attributes, outputs, expected);
        IReadOnlyDictionary<string, ValueInfo> values = ShapeInference.Infer(graph);
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, outputs).Select(i => values[$"y{i}"])));
    }

    [Theory]
    [InlineData("Conv", 17, "f[N,3,28,28] f[8,4,3,3]", "", "3 channels")]
    [InlineData("Conv", 17, "f[N,3,28,28] f[8,3,3,3] f[9]", "", "input 2")]
    [InlineData("Conv", 17, "f[N,3,28,28] d[8,3,3,3]", "", "input 1")]
    [InlineData("Conv", 17, "f[N,3,28,28] f[8,3,3]", "", "rank 4")]
    [InlineData("Conv", 17, "f[N,3,2,2] f[8,3,3,3]", "", "doesn't fit")]
    [InlineData("Conv", 17, "f[N,3,2,2] f[8,3,0,3]", "", "at least 1")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "kernel_shape=5,5", "'kernel_shape'")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "strides=0,1", "'strides'")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "strides=1", "expected 2")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "pads=-1,0,0,0", "'pads'")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "pads=9223372036854775807,0,0,0", "'pads'")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "dilations=1073741824,1", "dilation")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "group=0", "'group'")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "auto_pad=SAME", "'SAME'")]
    [InlineData("Conv", 17, "f[N,3,8,8] f[8,3,3,3]", "strides=same", "'strides'")]
    [InlineData("Conv", 17, "f[N,3,8,8]", "", "1 inputs")]
    [InlineData("MaxPool", 17, "f[N,3,8,8]", "", "'kernel_shape'")]
    [InlineData("MaxPool", 17, "f[N,3,8,8]", "kernel_shape=2,2;pads=2,2,2,2", "smaller than the window")]
    [InlineData("MaxPool", 17, "f[4]", "kernel_shape=2,2", "spatial")]
    [InlineData("BatchNormalization", 17, "f[N,8,5,5] f[8] f[8] f[7] f[8]", "", "input 3")]
    [InlineData("Gemm", 17, "f[N,8] f[7,3]", "", "inner dimensions")]
    [InlineData("Gemm", 17, "f[N,8] f[8,3] f[4]", "", "expected")]
    [InlineData("Gemm", 17, "f[N,8,1] f[8,3]", "", "rank 2")]
    [InlineData("MatMul", 17, "f[N,8] f[7,3]", "", "inner dimensions")]
    [InlineData("Add", 17, "f[N,8] f[7]", "", "broadcast")]
    [InlineData("Add", 17, "f[N,8] d[8]", "", "Double")]
    [InlineData("Relu", 17, "s[3]", "", "String")]
    [InlineData("PRelu", 17, "f[3] -", "", "input 1 is missing")]
    [InlineData("InstanceNormalization", 17, "f[N,3,4] - f[3]", "", "input 1 is missing")]
    [InlineData("Softmax", 17, "f[N,3]", "axis=2", "axis 2")]
    [InlineData("Cast", 17, "f[N,3]", "to=16", "'to'")]
    [InlineData("Clip", 17, "f[3] f[2]", "", "scalar")]
    [InlineData("Reshape", 17, "f[2,3] =4,2", "", "same number")]
    [InlineData("Reshape", 17, "f[2,3] =-1,4", "", "same number")]
    [InlineData("Reshape", 17, "f[2,3] =-1,-1", "", "-1 twice")]
    [InlineData("Reshape", 17, "f[2,3] =-2,3", "", "-2")]
    [InlineData("Reshape", 17, "f[2,3] =2,3,0", "", "dimension 2")]
    [InlineData("Reshape", 17, "f[2,3] ~2,3", "", "Int64")]
    [InlineData("Transpose", 17, "f[2,3]", "perm=0,0", "twice")]
    [InlineData("Transpose", 17, "f[2,3]", "perm=0,-1", "'perm'")]
    [InlineData("Transpose", 17, "f[2,3]", "perm=0,1,2", "'perm'")]
    [InlineData("Concat", 17, "f[2,3] f[2,3,1]", "axis=0", "rank 2")]
    [InlineData("Concat", 17, "f[2,3] f[2,4]", "axis=0", "input 1")]
    [InlineData("Squeeze", 13, "f[2,3] =0", "", "dimension 1")]
    [InlineData("Squeeze", 13, "f[1,3]", "axes=0", "'axes'")]
    [InlineData("Pad", 17, "f[2,3] =1,2,3", "", "3 pads")]
    [InlineData("Pad", 17, "f[2,3] =-3,0,0,0", "", "dimension -1")]
    [InlineData("Slice", 10, "f[2,3] =0 =2 =0 =0", "", "step 0")]
    [InlineData("Slice", 10, "f[2,3] =0 =2 =5", "", "axis 5")]
    [InlineData("Gather", 17, "f[2,3] =2", "", "index 2")]
    [InlineData("Split", 13, "f[7]", "", "3 parts", 3)]
    [InlineData("Split", 13, "f[7] =3,3", "", "sum of 7", 2)]
    [InlineData("ConstantOfShape", 17, "=100000,100000", "", "elements")]
    [InlineData("ConstantOfShape", 17, "=-1", "", "-1")]
    [InlineData("Expand", 17, "f[2] =3", "", "broadcast")]
    [InlineData("Expand", 17, "f[1] =1000000,1000000", "", "elements")]
    [InlineData("ReduceMean", 13, "f[N,3,4]", "axes=2,3", "axis 3")]
    [InlineData("ReduceMean", 13, "f[N,3,4] =1", "", "'axes'")]
    [InlineData("Resize", 13, "f[1,1,2,2]", "", "scales or sizes")]
    [InlineData("Resize", 13, "f[1,1,2,2] - ~1,1,-2,2", "", "-2")]
    [InlineData("DepthToSpace", 17, "f[1,7,2,2]", "blocksize=2", "divisible by 4")]
    [InlineData("QuantizeLinear", 17, "f[N,3] f[4]", "axis=1", "input 1")]
    [InlineData("QuantizeLinear", 23, "f[N,3] f[]", "precision=16", "'precision'")]
    [InlineData("DequantizeLinear", 23, "u8[N,3] f[]", "output_dtype=16", "'output_dtype'")]
    [InlineData("ReduceMax", 18, "b[N,3]", "", "types")]
    [InlineData("ReduceSum", 20, "b[N,3]", "", "types")]
    [InlineData("LSTM", 17, "f[T,N,3] f[1,20,3] f[1,20,5]", "hidden_size=6", "input 1")]
    [InlineData("LSTM", 17, "f[T,N,3] f[1,20,3] f[1,20,5]", "direction=sideways", "'sideways'")]
    [InlineData("NonMaxSuppression", 17, "f[1]", "", "not supported")]
    public void Broken_rules_name_the_node(string type, int opset, string inputs, string attributes, string named, int outputs = 1)
    {
        string message = Fail(Single(type, opset, inputs, attributes, outputs, null));
        Assert.Contains($"{type} node 'under test'", message);
        Assert.Contains(named, message);
    }

    [Fact]
    public void A_choice_between_known_shapes_is_followed()
    {
        var builder = new GraphBuilder("expand");
        builder.Input("x", ElementType.Float, Dimension.Named("N"), 1);
        builder.Initializer("as before", Tensor.Vector(true, false));
        string target = builder.Node("Where", "target", ["as before", builder.Node("Shape", "shape", ["x"]), builder.Initializer("wanted", Tensor.Vector(-1L, 5L))]);
        string twice = builder.Node("Mul", "twice", [target, builder.Initializer("factors", Tensor.Vector(1L, 2L))]);
        builder.Output(builder.Node("Expand", "y", ["x", twice]), ElementType.Float, Dimension.Named("N"), 10);
        Assert.Equal("Float[N, 10]", ShapeInference.Infer(builder.Build())["y"].ToString());
    }

    [Fact]
    public void Positions_in_a_list_of_open_length_are_checked()
    {
        var builder = new GraphBuilder("gather");
        builder.Input("x", ElementType.Float, Dimension.Named("N"));
        string list = builder.Node("Reshape", "list", [builder.Initializer("four", Tensor.Vector(1L, 2, 3, 4)), builder.Node("Shape", "shape", ["x"])]);
        builder.Output(builder.Node("Gather", "y", [list, builder.Initializer("eleventh", Tensor.Scalar(10L))]), ElementType.Int64);
        Assert.Contains("index 10", Fail(builder.Build()));
    }

    [Fact]
    public void Every_operator_has_a_rule_and_every_rule_an_operator() =>
        Assert.Equal(OperatorRegistry.Names, ShapeRules.All.Operators.Order(StringComparer.Ordinal));

    private static string Fail(Graph graph, Dictionary<string, int[]>? shapes = null) => Assert.Throws<OnnxException>(() => ShapeInference.Infer(graph, shapes)).Message;

    private static Graph Single(string type, int opset, string inputs, string attributes, int outputs, string? expected)
    {
        var builder = new GraphBuilder("single");
        var names = new List<string>();
        foreach (string input in inputs.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = input == "-" ? "" : $"x{names.Count}";
            names.Add(name);
            if (name.Length == 0) continue;
            if (input[0] == '=') builder.Initializer(name, Tensor.Vector(input[1..].Split(',').Select(long.Parse).ToArray()));
            else if (input[0] == '~') builder.Initializer(name, Tensor.Vector(input[1..].Split(',').Select(float.Parse).ToArray()));
            else
            {
                int bracket = input.IndexOf('[', StringComparison.Ordinal);
                ElementType elementType = input[..bracket] switch
                {
                    "f" => ElementType.Float,
                    "d" => ElementType.Double,
                    "b" => ElementType.Bool,
                    "s" => ElementType.String,
                    "u8" => ElementType.UInt8,
                    "i8" => ElementType.Int8,
                    "i32" => ElementType.Int32,
                    "i64" => ElementType.Int64,
                    var other => throw new ArgumentException(other),
                };
                builder.Input(name, elementType, [.. input[(bracket + 1)..^1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(d => int.TryParse(d, out int size) ? size : Dimension.Named(d))]);
            }
        }
        Graph graph = builder.Build();
        graph.Opset = opset;
        var node = new Node(type, names, Enumerable.Range(0, outputs).Select(i => $"y{i}"), "under test");
        foreach (string attribute in attributes.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = attribute.Split('=');
            bool list = parts[0] is "kernel_shape" or "strides" or "dilations" or "pads" or "perm" or "axes" or "starts" or "ends" or "shape" or "split" or "output_shape" or "output_padding";
            node.Attributes[parts[0]] = parts[1].EndsWith('f') ? float.Parse(parts[1][..^1])
                : !parts[1].Split(',').All(n => long.TryParse(n, out _)) ? parts[1]
                : list ? parts[1].Split(',').Select(long.Parse).ToArray()
                : long.Parse(parts[1]);
        }
        graph.Nodes.Add(node);
        // Every output is declared as the type that the rule should give it, without a shape.
        ElementType[] types = [.. OutputTypes().Matches(expected ?? "").Select(m => Enum.Parse<ElementType>(m.Groups[1].Value))];
        for (int i = 0; i < outputs; i++) graph.Outputs.Add(new ValueInfo($"y{i}", i < types.Length ? types[i] : ElementType.Float, null));
        return graph;
    }

    [GeneratedRegex(@"(\w+)\[")]
    private static partial Regex OutputTypes();
}
