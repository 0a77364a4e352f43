using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Engine;

public sealed class PlanRandomGraphTests
{
    /// <summary>Networks drawn at random: whatever follows whatever, plan and interpreter must agree.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void PlansAgreeWithTheReference(int seed)
    {
        Graph graph = new Drawing(seed).Draw();
        PlanCheck.AgreesWithReference(graph, batch: 1 + seed % 3, tolerance: 1e-4, new PlanOptions { Winograd = seed % 2 == 0 }, seed);
    }

    public static IEnumerable<object[]> Seeds => Enumerable.Range(1, 120).Select(seed => new object[] { seed });

    private sealed class Drawing(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly GraphBuilder _builder = new("random");
        private readonly List<(string Name, int[] Shape)> _images = [];
        private int _names;

        public Graph Draw()
        {
            int[] shape = [_random.Next(1, 5), _random.Next(6, 16), _random.Next(6, 16)];
            string x = _builder.Input("input", ElementType.Float, Dimension.Named("N"), shape[0], shape[1], shape[2]);
            _images.Add((x, shape));
            for (int i = 0, count = _random.Next(3, 10); i < count; i++) AddImageNode();
            (string last, int[] lastShape) = _images[^1];
            if (_random.Next(2) == 0) _builder.Output(_images[_random.Next(1, _images.Count)].Name, ElementType.Float);
            int features = lastShape[0] * lastShape[1] * lastShape[2];
            string flat = _builder.Node("Flatten", Name(), [last]);
            string dense = _builder.Node("Gemm", Name(), [flat, Weights(7, features), Weights(7)], ("transB", 1));
            if (_random.Next(2) == 0) dense = Activation(dense);
            string end = _builder.Node(_random.Next(2) == 0 ? "Softmax" : "LogSoftmax", Name(), [dense], ("axis", 1));
            _builder.Output(end, ElementType.Float);
            Graph graph = _builder.Build();
            for (int i = 0; i < graph.Outputs.Count; i++) graph.Outputs[i] = new ValueInfo(graph.Outputs[i].Name, ElementType.Float, null);
            return graph;
        }

        private void AddImageNode()
        {
            (string x, int[] s) = _random.Next(4) == 0 ? _images[_random.Next(_images.Count)] : _images[^1];
            switch (_random.Next(10))
            {
                case 0 or 1 or 2:
                    int kernel = _random.Next(3) == 0 ? 1 : 3, pad = kernel == 1 ? 0 : _random.Next(2), stride = _random.Next(4) == 0 ? 2 : 1;
                    if (Math.Min(s[1], s[2]) + 2 * pad < kernel) return;
                    int to = _random.Next(1, 40);
                    string conv = _builder.Node("Conv", Name(), [x, Weights(to, s[0], kernel, kernel), Weights(to)],
                        ("pads", new[] { pad, pad, pad, pad }), ("strides", new[] { stride, stride }));
                    Push(conv, [to, (s[1] + 2 * pad - kernel) / stride + 1, (s[2] + 2 * pad - kernel) / stride + 1]);
                    return;
                case 3:
                    Push(Activation(x), s);
                    return;
                case 4:
                    if (Math.Min(s[1], s[2]) < 2) return;
                    Push(_builder.Node(_random.Next(2) == 0 ? "MaxPool" : "AveragePool", Name(), [x], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 })), [s[0], s[1] / 2, s[2] / 2]);
                    return;
                case 5:
                    string variance = Name();
                    _builder.Initializer(variance, Tensor.Create([.. Enumerable.Range(0, s[0]).Select(_ => 0.2f + _random.NextSingle())], s[0]));
                    Push(_builder.Node("BatchNormalization", Name(), [x, Weights(s[0]), Weights(s[0]), Weights(s[0]), variance]), s);
                    return;
                case 6 or 7:
                    (string other, int[] _) = _images.LastOrDefault(image => image.Name != x && image.Shape.AsSpan().SequenceEqual(s));
                    other ??= x;
                    Push(_builder.Node(_random.Next(3) == 0 ? "Mul" : "Add", Name(), _random.Next(2) == 0 ? [x, other] : [other, x]), s);
                    return;
                case 8:
                    string constant = Weights(_random.Next(3) switch { 0 => [1], 1 => [s[0], 1, 1], _ => [s[1], s[2]] });
                    Push(_builder.Node(_random.Next(2) == 0 ? "Mul" : "Sub", Name(), _random.Next(2) == 0 ? [x, constant] : [constant, x]), s);
                    return;
                default:
                    Push(_builder.Node("Concat", Name(), [x, _images[^1].Shape.AsSpan(1).SequenceEqual(s.AsSpan(1)) ? _images[^1].Name : x], ("axis", 1)),
                        [s[0] + (_images[^1].Shape.AsSpan(1).SequenceEqual(s.AsSpan(1)) ? _images[^1].Shape[0] : s[0]), s[1], s[2]]);
                    return;
            }
        }

        private string Activation(string x) => _builder.Node(
            new[] { "Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Identity", "Dropout" }[_random.Next(8)], Name(), [x]);

        private void Push(string name, int[] shape) => _images.Add((name, shape));

        private string Name() => $"v{++_names}";

        private string Weights(params int[] shape) => _builder.Initializer(Name(), PlanCheck.Random(_random, shape));
    }
}
