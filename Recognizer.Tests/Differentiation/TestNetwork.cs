using Recognizer.Inference.Onnx;
using Recognizer.Training;
using Recognizer.Training.Differentiation;

namespace Recognizer.Tests.Differentiation;

/// <summary>Builds small graphs with random weights. Each method adds a node to the value before and makes its result the next.</summary>
internal sealed class TestNetwork
{
    private readonly GraphBuilder _builder = new("test");
    private CounterRandom _random = new(CounterRandom.Key(7));
    private int _number;

    /// <param name="shape">Input without the batch.</param>
    public TestNetwork(params int[] shape)
    {
        Value = _builder.Input("input", ElementType.Float, [Dimension.Named("N"), .. shape.Select(Dimension.Fixed)]);
    }

    /// <summary>Name of the last result.</summary>
    public string Value { get; set; }

    /// <summary>An initializer with normal values.</summary>
    public string Weight(double deviation, params int[] shape) => Weight(deviation, 0, shape);

    public string Weight(double deviation, float mean, int[] shape)
    {
        var values = new float[Tensor.ElementCount(shape)];
        for (int i = 0; i < values.Length; i++) values[i] = mean + (float)deviation * _random.NextGaussian();
        return _builder.Initializer($"w{_number++}", Tensor.Create(values, shape));
    }

    public string Constant<T>(T[] values, params int[] shape) => _builder.Initializer($"c{_number++}", Tensor.Create(values, shape));

    /// <summary>A node on the last result and more inputs.</summary>
    public TestNetwork Add(string operatorType, string[]? others = null, params (string, object)[] attributes) => AddNode(operatorType, [Value, .. others ?? []], attributes);

    public TestNetwork AddNode(string operatorType, string[] inputs, params (string, object)[] attributes)
    {
        Value = _builder.Node(operatorType, $"{operatorType.ToLowerInvariant()}{_number++}", inputs, attributes);
        return this;
    }

    public TestNetwork Conv(int inputs, int outputs, int kernel, params (string, object)[] attributes) =>
        Add("Conv", [Weight(0.5, outputs, inputs, kernel, kernel), Weight(0.3, outputs)], attributes);

    public TestNetwork BatchNorm(int channels) => Add("BatchNormalization",
        [Weight(0.3, 1, [channels]), Weight(0.3, channels), Weight(0.2, channels), Weight(0.1, 1, [channels])]);

    public TestNetwork Dense(int inputs, int outputs) => Add("Gemm", [Weight(0.4, outputs, inputs), Weight(0.2, outputs)], ("transB", 1));

    /// <summary>Flattens, adds a dense layer to 4 classes, a temperature of 2 and softmax.</summary>
    /// <param name="features">Elements per image.</param>
    /// <returns>The graph and the name of the dense layer's result.</returns>
    public (Graph Graph, string Logits) Classify(int features)
    {
        Add("Flatten").Dense(features, 4);
        return Finish();
    }

    public (Graph Graph, string Logits) Finish()
    {
        string logits = Value;
        Add("Div", [_builder.Initializer(ClassifierOutput.TemperatureName, Tensor.Scalar(2f))]).Add("Softmax", null, ("axis", -1));
        _builder.Output(Value, ElementType.Float, Dimension.Named("N"), 4);
        return (_builder.Build(), logits);
    }
}
