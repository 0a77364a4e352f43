using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;
using Recognizer.Training.Quantization;

namespace Recognizer.Benchmarks.Peers;

/// <summary>The networks that are compared.</summary>
internal static class PeerNetworks
{
    public static readonly string[] Labels = [.. Enumerable.Range(0, 10).Select(digit => digit.ToString())];

    public static IEnumerable<(string Name, Graph Graph)> All()
    {
        foreach (string name in new[] { "cnn2", "vgg", "residual", "lenet5", "cnn2-dropout" }) yield return (name, Architecture.Build(name, Labels, 1));
        yield return ("depthwise", Depthwise());
        yield return ("conv5x5", Wide());
    }

    /// <summary>The same network in 8 bits.</summary>
    public static Graph Quantize(Graph graph)
    {
        const int count = 128;
        var images = new float[count * 784];
        FillWithStrokes(images);
        return PostTrainingQuantizer.Quantize(graph, images, count);
    }

    /// <summary>Something like characters: mostly empty, a few thick lines.</summary>
    internal static void FillWithStrokes(float[] images)
    {
        var random = new Random(1);
        for (int start = 0; start < images.Length; start += 784)
        {
            for (int stroke = 0; stroke < 3; stroke++)
            {
                double x = random.Next(6, 22), y = random.Next(6, 22), angle = random.NextDouble() * 6.28;
                for (int step = 0; step < 14; step++, x += Math.Cos(angle), y += Math.Sin(angle))
                {
                    if (x is >= 1 and < 27 && y is >= 1 and < 27)
                        images[start + (int)y * 28 + (int)x] = images[start + (int)y * 28 + (int)x + 1] = 0.5f + random.NextSingle() / 2;
                }
            }
        }
    }

    // Depthwise-separable blocks as in MobileNet: 32×28×28 → 64×14×14 → 128×7×7.
    private static Graph Depthwise()
    {
        var drawing = new Drawing("depthwise");
        string x = drawing.Relu(drawing.Conv(drawing.Input, 1, 32, 3, 1));
        foreach ((int from, int to, int stride) in new[] { (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1) })
        {
            x = drawing.Relu(drawing.Conv(x, from, from, 3, stride, from));
            x = drawing.Relu(drawing.Conv(x, from, to, 1, 1));
        }
        return drawing.Finish(x, 128);
    }

    private static Graph Wide()
    {
        var drawing = new Drawing("conv5x5");
        string x = drawing.Pool(drawing.Relu(drawing.Conv(drawing.Input, 1, 32, 5, 1)));
        x = drawing.Pool(drawing.Relu(drawing.Conv(x, 32, 64, 5, 1)));
        return drawing.Finish(drawing.Relu(drawing.Conv(x, 64, 64, 5, 1)), 64);
    }

    private sealed class Drawing
    {
        private readonly GraphBuilder _builder;
        private readonly Random _random = new(3);
        private int _count;

        public Drawing(string name)
        {
            _builder = new GraphBuilder(name);
            Input = _builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        }

        public string Input { get; }

        public string Conv(string x, int from, int to, int kernel, int stride, int groups = 1)
        {
            string name = $"conv{++_count}";
            int pad = kernel / 2, fan = from / groups * kernel * kernel;
            return _builder.Node("Conv", name, [x, Weights(name + ".weight", Math.Sqrt(2.0 / fan), to, from / groups, kernel, kernel), Weights(name + ".bias", 0.1, to)],
                ("kernel_shape", new[] { kernel, kernel }), ("pads", new[] { pad, pad, pad, pad }), ("strides", new[] { stride, stride }), ("group", groups));
        }

        public string Relu(string x) => _builder.Node("Relu", $"relu{++_count}", [x]);

        public string Pool(string x) => _builder.Node("MaxPool", $"pool{++_count}", [x], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));

        public Graph Finish(string x, int channels)
        {
            string flat = _builder.Node("Flatten", "flat", [_builder.Node("GlobalAveragePool", "average", [x])]);
            string logits = _builder.Node("Gemm", "logits", [flat, Weights("dense.weight", Math.Sqrt(1.0 / channels), Labels.Length, channels), Weights("dense.bias", 0.1, Labels.Length)], ("transB", 1));
            _builder.Output(_builder.Node("Softmax", "probabilities", [logits]), ElementType.Float, Dimension.Named("N"), Labels.Length);
            return _builder.Build();
        }

        private string Weights(string name, double deviation, params int[] shape)
        {
            var values = new float[Tensor.ElementCount(shape)];
            for (int i = 0; i < values.Length; i++) values[i] = (float)((_random.NextDouble() + _random.NextDouble() + _random.NextDouble() - 1.5) * 2 * deviation);
            return _builder.Initializer(name, Tensor.Create(values, shape));
        }
    }
}
