using Recognizer.Inference.Onnx;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Recognizer.TorchSharp;

/// <summary>What a node computes, in TorchSharp.</summary>
/// <param name="node">The node.</param>
/// <param name="inputs">Its inputs; null where an optional one is left out.</param>
/// <param name="leastMomentum">In training, where batch normalisation takes the batch's statistics and dropout drops, the least share of the batch in the running statistics; else null.</param>
internal delegate Tensor TorchOperator(Node node, IReadOnlyList<Tensor?> inputs, float? leastMomentum);

/// <summary>ONNX operators in TorchSharp.</summary>
internal static class TorchOperators
{
    private static readonly Dictionary<string, TorchOperator> s_all = new(StringComparer.Ordinal)
    {
        ["Abs"] = Unary(abs),
        ["Add"] = (_, x, _) => x[0]! + x[1]!,
        ["AveragePool"] = (node, x, _) => Pool(node, x[0]!, 0, (input, kernel, strides, padding, ceil) =>
            F.avg_pool2d(input, kernel, strides, padding, ceil, node.Int("count_include_pad", 0) != 0)),
        ["BatchNormalization"] = BatchNormalization,
        ["Cast"] = (_, x, _) => x[0]!.to(ScalarType.Float32),
        ["Clip"] = (node, x, _) => x[0]!.clamp(Bound(node, x, 1, "min", float.NegativeInfinity), Bound(node, x, 2, "max", float.PositiveInfinity)),
        ["Concat"] = (node, x, _) => cat([.. x.Select(part => part!)], node.Int("axis", 1)),
        ["Conv"] = Convolution,
        ["Div"] = (_, x, _) => x[0]! / x[1]!,
        ["Dropout"] = (node, x, leastMomentum) => F.dropout(x[0]!, x.Count > 1 && x[1] is { } ratio ? ratio.item<float>() : node.Float("ratio", 0.5f), leastMomentum is not null),
        ["Elu"] = (node, x, _) => F.elu(x[0]!, node.Float("alpha", 1)),
        ["Erf"] = Unary(erf),
        ["Exp"] = Unary(exp),
        ["Flatten"] = (node, x, _) => node.Int("axis", 1) == 1 ? x[0]!.flatten(1) : throw Unsupported(node, "an axis other than 1"),
        ["Gemm"] = Gemm,
        ["GlobalAveragePool"] = (_, x, _) => x[0]!.mean([2, 3], keepdim: true),
        ["GlobalMaxPool"] = (_, x, _) => x[0]!.amax([2, 3], keepdim: true),
        ["HardSigmoid"] = (node, x, _) => (x[0]! * node.Float("alpha", 0.2f) + node.Float("beta", 0.5f)).clamp(0, 1),
        ["HardSwish"] = Unary(x => F.hardswish(x)),
        ["Identity"] = Unary(x => x.alias()),
        ["LeakyRelu"] = (node, x, _) => F.leaky_relu(x[0]!, node.Float("alpha", 0.01f)),
        ["Log"] = Unary(log),
        ["LogSoftmax"] = (node, x, _) => F.log_softmax(x[0]!, node.Int("axis", -1)),
        ["MatMul"] = (_, x, _) => matmul(x[0]!, x[1]!),
        ["MaxPool"] = (node, x, _) => Pool(node, x[0]!, double.NegativeInfinity, (input, kernel, strides, padding, ceil) =>
            F.max_pool2d(input, kernel, strides, padding, node.Ints("dilations") ?? [1, 1], ceil)),
        ["Mul"] = (_, x, _) => x[0]! * x[1]!,
        ["Neg"] = Unary(neg),
        ["PRelu"] = (_, x, _) => where(x[0]! < 0, x[0]! * x[1]!, x[0]!),
        ["Relu"] = Unary(x => x.relu()),
        ["Reshape"] = (node, x, _) => x[0]!.reshape(Dimensions(x[0]!, x[1]!)),
        ["Sigmoid"] = Unary(sigmoid),
        ["Softmax"] = (node, x, _) => F.softmax(x[0]!, node.Int("axis", -1)),
        ["Sqrt"] = Unary(sqrt),
        ["Sub"] = (_, x, _) => x[0]! - x[1]!,
        ["Tanh"] = Unary(tanh),
        ["Transpose"] = (node, x, _) => x[0]!.permute(node.Ints("perm") ?? [.. Enumerable.Range(0, (int)x[0]!.dim()).Reverse().Select(i => (long)i)]),
    };

    /// <summary>The operator of a node.</summary>
    /// <exception cref="NotSupportedException">There is none.</exception>
    public static TorchOperator Of(Node node) => s_all.TryGetValue(node.OperatorType, out TorchOperator? found) && node.Domain.Length == 0
        ? found
        : throw new NotSupportedException($"{node}: there is no TorchSharp form of this operator; there are {string.Join(", ", s_all.Keys)}.");

    private static TorchOperator Unary(Func<Tensor, Tensor> function) => (_, x, _) => function(x[0]!);

    private static Tensor BatchNormalization(Node node, IReadOnlyList<Tensor?> x, float? leastMomentum) =>
        // ONNX's momentum is the share that stays, Torch's the share that is new. One that is frozen as a whole uses its stored statistics, as in the engine's own training.
        F.batch_norm(x[0]!, x[3], x[4], x[1], x[2], leastMomentum is not null && (x[1]!.requires_grad || x[2]!.requires_grad),
            Math.Max(leastMomentum ?? 0, 1 - node.Float("momentum", 0.9f)), node.Float("epsilon", 1e-5f));

    private static Tensor Convolution(Node node, IReadOnlyList<Tensor?> x, float? leastMomentum)
    {
        (Tensor input, long[] padding) = Pad(node, x[0]!, 0);
        return F.conv2d(input, x[1]!, x.Count > 2 ? x[2] : null, node.Ints("strides") ?? [1, 1], padding, node.Ints("dilations") ?? [1, 1], node.Int("group", 1));
    }

    private static Tensor Gemm(Node node, IReadOnlyList<Tensor?> x, float? leastMomentum)
    {
        Tensor a = node.Int("transA", 0) != 0 ? x[0]!.t() : x[0]!, b = node.Int("transB", 0) != 0 ? x[1]!.t() : x[1]!;
        float alpha = node.Float("alpha", 1), beta = node.Float("beta", 1);
        Tensor? c = x.Count > 2 ? x[2] : null;
        if (c is { } bias && bias.dim() == 1) return addmm(bias, a, b, beta, alpha);
        Tensor product = matmul(a, b) * alpha;
        return c is null ? product : product + c * beta;
    }

    private static Tensor Pool(Node node, Tensor input, double filler, Func<Tensor, long[], long[], long[], bool, Tensor> pool)
    {
        (input, long[] padding) = Pad(node, input, filler);
        return pool(input, node.Ints("kernel_shape")!, node.Ints("strides") ?? [1, 1], padding, node.Int("ceil_mode", 0) != 0);
    }

    // Torch pads both ends of an axis alike; other padding is added beforehand.
    private static (Tensor Input, long[] Padding) Pad(Node node, Tensor input, double filler)
    {
        if (node.String("auto_pad", "NOTSET") is not ("NOTSET" or "VALID")) throw Unsupported(node, "auto_pad");
        if (node.Ints("pads") is not [long top, long left, long bottom, long right]) return (input, [0, 0]);
        if (top == bottom && left == right) return (input, [top, left]);
        if (node.OperatorType == "AveragePool" && node.Int("count_include_pad", 0) == 0) throw Unsupported(node, "uneven padding that doesn't count");
        return (F.pad(input, [left, right, top, bottom], PaddingModes.Constant, filler), [0, 0]);
    }

    private static Scalar Bound(Node node, IReadOnlyList<Tensor?> x, int index, string attribute, float otherwise) =>
        (x.Count > index && x[index] is { } bound ? bound.item<float>() : node.Float(attribute, otherwise)).ToScalar();

    // 0 keeps a dimension.
    private static long[] Dimensions(Tensor input, Tensor shape) => [.. shape.cpu().data<long>().Select((size, i) => size == 0 ? input.shape[i] : size)];

    private static NotSupportedException Unsupported(Node node, string what) => new($"{node}: {what} is not supported.");
}
