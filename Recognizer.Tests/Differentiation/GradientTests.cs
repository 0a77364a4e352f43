using Recognizer.Inference.Onnx;
using Recognizer.Training.Differentiation;

namespace Recognizer.Tests.Differentiation;

/// <summary>Every operator's gradient against central differences in double precision, in a network with a layer before it and a
/// classifier after it.</summary>
public class GradientTests
{
    [Theory]
    [InlineData(2, 3, 3, 1, 1, 1, 1)]
    [InlineData(2, 3, 3, 1, 0, 1, 1)]
    [InlineData(2, 17, 5, 1, 2, 1, 1)]
    [InlineData(3, 4, 3, 2, 1, 1, 1)]
    [InlineData(2, 3, 3, 1, 2, 2, 1)]
    [InlineData(4, 6, 3, 1, 1, 1, 2)]
    [InlineData(4, 4, 3, 1, 1, 1, 4)]
    [InlineData(16, 32, 3, 1, 1, 1, 1)]
    [InlineData(3, 5, 1, 1, 0, 1, 1)]
    [InlineData(3, 5, 1, 2, 0, 1, 1)]
    [InlineData(1, 32, 3, 1, 1, 1, 1)]
    [InlineData(1, 3, 5, 1, 0, 1, 1)]
    public void Conv(int inputs, int outputs, int kernel, int stride, int pad, int dilation, int groups)
    {
        var network = new TestNetwork(inputs, 7, 8);
        if (inputs > 1) network.Conv(inputs, inputs, 1);
        network.Add("Conv", [network.Weight(0.5, outputs, inputs / groups, kernel, kernel), network.Weight(0.3, outputs)], ("pads", new[] { pad, pad, pad, pad }),
            ("strides", new[] { stride, stride }), ("dilations", new[] { dilation, dilation }), ("group", groups));
        int extent = (kernel - 1) * dilation + 1;
        int height = (7 + 2 * pad - extent) / stride + 1, width = (8 + 2 * pad - extent) / stride + 1;
        (Graph graph, string logits) = network.Classify(outputs * height * width);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Conv_with_uneven_padding_and_strides_and_relu()
    {
        (Graph graph, string logits) = new TestNetwork(2, 7, 9).Conv(2, 3, 1)
            .Conv(3, 5, 3, ("pads", new[] { 0, 1, 2, 0 }), ("strides", new[] { 2, 1 })).Add("Relu").Classify(5 * 4 * 8);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Conv_without_bias_and_automatic_padding()
    {
        var network = new TestNetwork(2, 6, 6).Conv(2, 3, 1);
        (Graph graph, string logits) = network.Add("Conv", [network.Weight(0.5, 4, 3, 2, 2)], ("auto_pad", "SAME_UPPER")).Classify(4 * 36);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData("Relu")]
    [InlineData("LeakyRelu")]
    [InlineData("Sigmoid")]
    [InlineData("Tanh")]
    [InlineData("HardSigmoid")]
    [InlineData("HardSwish")]
    [InlineData("Erf")]
    [InlineData("Exp")]
    [InlineData("Abs")]
    [InlineData("Neg")]
    [InlineData("Elu")]
    [InlineData("Selu")]
    [InlineData("Softplus")]
    [InlineData("Softsign")]
    public void Elementwise(string operatorType)
    {
        (Graph graph, string logits) = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add(operatorType).Classify(60);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData("Log")]
    [InlineData("Sqrt")]
    [InlineData("Reciprocal")]
    public void Elementwise_of_positive_values(string operatorType)
    {
        (Graph graph, string logits) = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("Softplus").Add(operatorType).Classify(60);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Elementwise_on_the_row_major_layout()
    {
        (Graph graph, string logits) = new TestNetwork(2, 4, 5).Add("Flatten").Dense(40, 7).Add("Tanh").Dense(7, 9).Add("Relu").Classify(9);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Clip()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        (Graph graph, string logits) = network.Add("Clip", [network.Constant([-0.4f], []), network.Constant([0.6f], [])]).Classify(60);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3, 1, 1)]
    public void PRelu(params int[] slopes)
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        string slope = network.Weight(0.3, slopes);
        (Graph graph, string logits) = network.Add("PRelu", [slope]).Classify(60);
        using var plan = new TrainingPlan(graph.Clone(), new TrainingPlanOptions { BatchSize = 1 });
        Assert.Contains(slope, plan.Parameters.Parameters.Select(parameter => parameter.Name));
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Pow()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("Softplus");
        (Graph graph, string logits) = network.Add("Pow", [network.Constant([1.7f], [])]).Classify(60);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Gelu_as_Erf()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        string x = network.Value;
        network.Add("Div", [network.Constant([1.41421356f], [])]).Add("Erf").Add("Add", [network.Constant([1f], [])]).Add("Mul", [x]).Add("Mul", [network.Constant([0.5f], [])]);
        (Graph graph, string logits) = network.Classify(60);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Gelu()
    {
        (Graph graph, string logits) = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("Gelu").Classify(60);
        graph.Opset = 20;
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData(2, 2, 0, 0)]
    [InlineData(3, 2, 1, 0)]
    [InlineData(3, 1, 1, 0)]
    [InlineData(3, 2, 0, 1)]
    public void MaxPool(int kernel, int stride, int pad, int ceiling)
    {
        (Graph graph, string logits) = Pooled("MaxPool", kernel, stride, pad, ceiling);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData(2, 2, 0, 0)]
    [InlineData(3, 2, 1, 0)]
    [InlineData(3, 1, 1, 0)]
    [InlineData(3, 2, 0, 1)]
    public void AveragePool(int kernel, int stride, int pad, int ceiling)
    {
        (Graph graph, string logits) = Pooled("AveragePool", kernel, stride, pad, ceiling);
        GradientCheck.Run(graph, logits);
        (graph, logits) = Pooled("AveragePool", kernel, stride, pad, ceiling, ("count_include_pad", 1));
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void MaxPool_after_relu()
    {
        (Graph graph, string logits) = new TestNetwork(2, 7, 9).Conv(2, 18, 3).Add("Relu").Add("MaxPool", null, ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 })).Classify(18 * 2 * 3);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData("GlobalAveragePool")]
    [InlineData("GlobalMaxPool")]
    public void Global_pooling(string operatorType)
    {
        (Graph graph, string logits) = new TestNetwork(2, 7, 5).Conv(2, 18, 3).Add(operatorType).Classify(18);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData(new[] { 2, 3 }, 1)]
    [InlineData(new[] { 2, 3 }, 0)]
    [InlineData(new[] { -1 }, 0)]
    [InlineData(new[] { 1 }, 1)]
    public void ReduceMean(int[] axes, int keep)
    {
        (Graph graph, string logits) = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("ReduceMean", null, ("axes", axes), ("keepdims", keep))
            .Classify(axes.Length == 2 ? 3 : axes[0] == 1 ? 20 : 12);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData(new[] { 2L, 3 }, 1)]
    [InlineData(new[] { 1L }, 0)]
    public void ReduceSum(long[] axes, int keep)
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        (Graph graph, string logits) = network.Add("ReduceSum", [network.Constant(axes, axes.Length)], ("keepdims", keep)).Classify(axes.Length == 2 ? 3 : 20);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, false)]
    [InlineData(true, true, true)]
    [InlineData(false, false, true)]
    public void BatchNormalization(bool relu, bool pool, bool odd)
    {
        var network = new TestNetwork(2, odd ? 5 : 6, odd ? 7 : 8).Conv(2, 18, 3, ("pads", new[] { 1, 1, 1, 1 })).BatchNorm(18);
        if (relu) network.Add("Relu");
        if (pool) network.Add("MaxPool", null, ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
        (Graph graph, string logits) = network.Conv(18, 3, 1).Classify(3 * (pool ? odd ? 6 : 12 : odd ? 35 : 48));
        GradientCheck.Run(graph, logits, count: 6, tolerance: 5e-4);
    }

    [Fact]
    public void BatchNormalization_of_values_far_from_zero()
    {
        var network = new TestNetwork(2, 6, 6);
        (Graph graph, string logits) = network.Add("Conv", [network.Weight(0.5, 16, 2, 1, 1)]).BatchNorm(16).Add("Relu").Classify(16 * 36);
        GradientCheck.Run(graph, logits, count: 6, tolerance: 1e-2, offset: 100);
    }

    [Fact]
    public void BatchNormalization_of_the_input_and_of_rows()
    {
        (Graph graph, string logits) = new TestNetwork(2, 3, 3).BatchNorm(2).Add("Flatten").Dense(18, 7).BatchNorm(7).Add("Relu").Classify(7);
        GradientCheck.Run(graph, logits, count: 9, tolerance: 1e-3);
    }

    [Theory]
    [InlineData(0.99f)]
    [InlineData(0.5f)]
    public void BatchNormalization_moves_its_statistics_by_its_own_momentum(float momentum)
    {
        (Graph graph, string logits) = new TestNetwork(2, 6, 6).Conv(2, 16, 3).BatchNorm(16).Add("Relu").Classify(16 * 16);
        graph.Nodes.Single(n => n.OperatorType == "BatchNormalization").Attributes["momentum"] = momentum;
        GradientCheck.Run(graph, logits, count: 6, tolerance: 5e-4);
    }

    [Fact]
    public void Frozen_BatchNormalization_uses_running_statistics()
    {
        (Graph graph, string logits) = new TestNetwork(2, 6, 6).Conv(2, 16, 3).BatchNorm(16).Add("Relu").Classify(16 * 16);
        Node norm = graph.Nodes.Single(n => n.OperatorType == "BatchNormalization");
        GradientCheck.Run(graph, logits, options: new TrainingPlanOptions { BatchSize = 3, Frozen = new HashSet<string> { norm.Inputs[1], norm.Inputs[2] } });
    }

    [Fact]
    public void Residual_block()
    {
        var network = new TestNetwork(2, 6, 6).Conv(2, 16, 1).Add("Relu");
        string shortcut = network.Value;
        network.Conv(16, 16, 3, ("pads", new[] { 1, 1, 1, 1 })).BatchNorm(16).Add("Relu").Conv(16, 16, 3, ("pads", new[] { 1, 1, 1, 1 })).BatchNorm(16)
            .Add("Add", [shortcut]).Add("Relu");
        (Graph graph, string logits) = network.Classify(16 * 36);
        GradientCheck.Run(graph, logits, count: 4, tolerance: 1e-3);
    }

    [Fact]
    public void Squeeze_and_excitation()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 6, 1);
        string x = network.Value;
        network.Add("GlobalAveragePool").Conv(6, 2, 1).Add("Relu").Conv(2, 6, 1).Add("HardSigmoid").Add("Mul", [x]);
        (Graph graph, string logits) = network.Classify(120);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData("Add")]
    [InlineData("Sum")]
    [InlineData("Sub")]
    [InlineData("Mul")]
    [InlineData("Div")]
    [InlineData("Max")]
    [InlineData("Min")]
    public void Arithmetic_of_two_values_with_broadcasting(string operatorType)
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        string a = network.Value;
        network.Add("ReduceMean", null, ("axes", new[] { 2 })).Add("Softplus");
        string b = network.Value;
        (Graph graph, string logits) = network.AddNode(operatorType, [a, b]).Classify(60);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData("Add")]
    [InlineData("Sum")]
    [InlineData("Sub")]
    [InlineData("Mul")]
    [InlineData("Div")]
    [InlineData("Max")]
    [InlineData("Min")]
    public void Arithmetic_with_constants(string operatorType)
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("Softplus");
        network.AddNode(operatorType, [network.Value, network.Constant([0.7f, 1.3f, 2f], 3, 1, 1)]);
        network.AddNode(operatorType, [network.Constant([1.5f], []), network.Value]);
        network.AddNode(operatorType, [network.Value, network.Constant([0.9f], [])]);
        (Graph graph, string logits) = network.Classify(60);
        using var plan = new TrainingPlan(graph.Clone(), new TrainingPlanOptions { BatchSize = 1 });
        Assert.Equal(["w0", "w1"], plan.Parameters.Parameters.Take(2).Select(p => p.Name));
        Assert.DoesNotContain(plan.Parameters.Parameters, p => p.Name[0] == 'c');
        GradientCheck.Run(graph, logits, tolerance: 5e-4);
    }

    [Fact]
    public void Value_added_to_itself()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        (Graph graph, string logits) = network.AddNode("Add", [network.Value, network.Value]).AddNode("Mul", [network.Value, network.Value]).Classify(60);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void MatMul_and_Add_on_rows_of_an_image()
    {
        var network = new TestNetwork(3, 5);
        network.Add("MatMul", [network.Weight(0.3, 5, 6)]).Add("Add", [network.Weight(0.3, 6)]).Add("Relu");
        string transposed = network.Weight(0.3, 7, 6);
        string x = network.Value;
        string turned = network.AddNode("Transpose", [transposed], ("perm", new[] { 1, 0 })).Value;
        (Graph graph, string logits) = network.AddNode("MatMul", [x, turned]).Classify(21);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Concat_on_channels()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        string a = network.Value;
        network.Add("Tanh");
        (Graph graph, string logits) = network.AddNode("Concat", [network.Value, a, a], ("axis", 1)).Conv(9, 2, 3).Classify(12);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData("constant")]
    [InlineData("edge")]
    [InlineData("reflect")]
    public void Pad(string mode)
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        network.Add("Pad", mode == "constant" ? [network.Constant([0L, 0, 1, 2, 0, 0, 0, 1], 8), network.Constant([0.5f], [])] : [network.Constant([0L, 0, 1, 2, 0, 0, 0, 1], 8)], ("mode", mode));
        (Graph graph, string logits) = network.Conv(3, 2, 3).Classify(2 * 3 * 6);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Slice_with_steps()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        network.Add("Slice", [network.Constant([0L, 4], 2), network.Constant([3L, -6], 2), network.Constant([1L, 3], 2), network.Constant([1L, -2], 2)]);
        (Graph graph, string logits) = network.Classify(3 * 4 * 3);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Expand()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("ReduceMean", null, ("axes", new[] { 3 }));
        (Graph graph, string logits) = network.Add("Expand", [network.Constant([1L, 1, 1, 6], 4)]).Classify(3 * 4 * 6);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Gather_of_channels()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        (Graph graph, string logits) = network.Add("Gather", [network.Constant([2L, 0, 2], 3)], ("axis", 1)).Classify(60);
        // Channel 1 is read by nobody, so that its weights have no gradient to speak of: all others are held.
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData("SpaceToDepth", 3)]
    [InlineData("DepthToSpace", 12)]
    public void Space_and_depth(string operatorType, int channels)
    {
        (Graph graph, string logits) = new TestNetwork(2, 4, 4).Conv(2, channels, 1).Add(operatorType, null, ("blocksize", 2)).Classify(channels * 16);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Transpose_as_an_exporter_of_the_other_layout_writes_it()
    {
        var network = new TestNetwork(5, 6, 2).Add("Transpose", null, ("perm", new[] { 0, 3, 1, 2 })).Conv(2, 4, 3).Add("Relu").Add("Transpose", null, ("perm", new[] { 0, 2, 3, 1 }));
        string shape = network.Constant([-1L, 48], 2);
        network.Add("Reshape", [shape]);
        network.Add("MatMul", [network.Weight(0.3, 48, 4)]).Add("Add", [network.Weight(0.3, 4)]);
        (Graph graph, string logits) = network.Finish();
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Reshape_to_a_computed_shape()
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1);
        string x = network.Value;
        network.Add("Shape").Add("Gather", [network.Constant([0L], [])]).Add("Unsqueeze", [network.Constant([0L], 1)]).Add("Concat", [network.Constant([-1L], 1)], ("axis", 0));
        (Graph graph, string logits) = network.AddNode("Reshape", [x, network.Value]).Dense(60, 4).Finish();
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData("Softmax", 1)]
    [InlineData("Softmax", -1)]
    [InlineData("LogSoftmax", 2)]
    public void Softmax_inside(string operatorType, int axis)
    {
        (Graph graph, string logits) = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add(operatorType, null, ("axis", axis)).Classify(60);
        GradientCheck.Run(graph, logits);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(-1)]
    public void A_factor_on_the_scores_is_part_of_the_loss(float factor)
    {
        var network = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("Flatten").Dense(60, 4);
        (Graph graph, string logits) = network.Add("Mul", [network.Constant([factor], [])]).Finish();
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void Shared_weights_get_the_sum_of_their_gradients()
    {
        var network = new TestNetwork(3, 6, 6);
        string weight = network.Weight(0.4, 3, 3, 3, 3), bias = network.Weight(0.3, 3);
        (Graph graph, string logits) = network.Add("Conv", [weight, bias], ("pads", new[] { 1, 1, 1, 1 })).Add("Tanh").Add("Conv", [weight, bias]).Classify(48);
        GradientCheck.Run(graph, logits);
    }

    [Fact]
    public void An_operator_without_gradient_is_named()
    {
        (Graph graph, _) = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("Floor").Classify(60);
        OnnxException exception = Assert.Throws<OnnxException>(() => new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 2 }));
        Assert.Contains("Floor node 'floor", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>They would be trained as if they changed nothing.</summary>
    [Theory]
    [InlineData(ElementType.Int64)]
    [InlineData(ElementType.UInt8)]
    [InlineData(ElementType.Bool)]
    public void A_cast_to_whole_numbers_has_no_gradient(ElementType type)
    {
        (Graph graph, _) = new TestNetwork(2, 4, 5).Conv(2, 3, 1).Add("Cast", null, ("to", (long)type)).Add("Cast", null, ("to", (long)ElementType.Float)).Classify(60);
        OnnxException exception = Assert.Throws<OnnxException>(() => new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 2 }));
        Assert.Contains("Cast node", exception.Message, StringComparison.Ordinal);
    }

    private static (Graph, string) Pooled(string operatorType, int kernel, int stride, int pad, int ceiling, params (string, object)[] more)
    {
        int extent = ceiling == 1 ? stride - 1 : 0;
        int height = (7 + 2 * pad - kernel + extent) / stride + 1, width = (8 + 2 * pad - kernel + extent) / stride + 1;
        return new TestNetwork(2, 7, 8).Conv(2, 18, 1).Add(operatorType, null,
            [("kernel_shape", new[] { kernel, kernel }), ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }), ("ceil_mode", ceiling), .. more]).Classify(18 * height * width);
    }
}
