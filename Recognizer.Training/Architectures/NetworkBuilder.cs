using Recognizer.Inference.Onnx;
using Recognizer.Training.Differentiation;

namespace Recognizer.Training.Architectures;

/// <summary>Adds layers with freshly drawn weights to a graph and keeps track of the shape. Weights that feed a ReLU are normal with variance
/// 2 / fan-in (He et al. 2015), others normal with variance 1 / fan-in; biases are zero. Each initializer has its own random stream, keyed
/// by its name, so that adding a layer doesn't change the others.</summary>
internal sealed class NetworkBuilder
{
    /// <summary>Mean and standard deviation of the pixels of MNIST's training images, values 0…1; other handwriting at 28×28 is close.</summary>
    private const float PixelMean = 0.1307f;
    private const float PixelDeviation = 0.3081f;

    private readonly GraphBuilder _graph;
    private readonly ulong _seed;
    private string _value;
    private int _channels = 1;
    private int _height = 28;
    private int _width = 28;

    public NetworkBuilder(string name, ulong seed)
    {
        _graph = new GraphBuilder(name);
        _seed = seed;
        _value = _graph.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        _graph.Initializer("input.mean", Tensor.Scalar(PixelMean));
        _graph.Initializer("input.scale", Tensor.Scalar(1 / PixelDeviation));
        _value = _graph.Node("Sub", "centered", [_value, "input.mean"]);
        _value = _graph.Node("Mul", "normalized", [_value, "input.scale"]);
    }

    /// <summary>Name of the value that the next layer reads.</summary>
    public string Value => _value;

    /// <summary>k×k convolution, stride 1. x: [N, channels, h, w] → [N, outputs, h', w'].</summary>
    /// <param name="same">Whether zeros around the image keep its size.</param>
    /// <param name="bias">False where batch normalisation follows, whose shift does the same.</param>
    public NetworkBuilder Conv(string name, int outputs, int kernel = 3, bool same = true, bool bias = true)
    {
        int pad = same ? kernel / 2 : 0;
        int fanIn = _channels * kernel * kernel;
        string weight = Weight($"{name}.weight", Math.Sqrt(2.0 / fanIn), outputs, _channels, kernel, kernel);
        List<string> inputs = [_value, weight];
        if (bias) inputs.Add(Constant($"{name}.bias", 0, outputs));
        _value = _graph.Node("Conv", name, inputs, ("kernel_shape", new[] { kernel, kernel }), ("pads", new[] { pad, pad, pad, pad }), ("strides", new[] { 1, 1 }));
        _channels = outputs;
        _height += 2 * pad - kernel + 1;
        _width += 2 * pad - kernel + 1;
        return this;
    }

    /// <summary>Batch normalisation over channels, ε = 1e-5.</summary>
    public NetworkBuilder BatchNorm(string name)
    {
        string[] inputs = [_value, Constant($"{name}.scale", 1, _channels), Constant($"{name}.shift", 0, _channels),
            Constant($"{name}.mean", 0, _channels), Constant($"{name}.variance", 1, _channels)];
        _value = _graph.Node("BatchNormalization", name, inputs, ("epsilon", 1e-5f), ("momentum", 0.9f));
        return this;
    }

    public NetworkBuilder Relu(string name) => Unary("Relu", name);

    public NetworkBuilder Tanh(string name) => Unary("Tanh", name);

    /// <summary>Maximum over 2×2 pixels, stride 2; an odd last row or column is left out.</summary>
    public NetworkBuilder MaxPool(string name) => Pool("MaxPool", name);

    /// <summary>Mean over 2×2 pixels, stride 2.</summary>
    public NetworkBuilder AveragePool(string name) => Pool("AveragePool", name);

    /// <summary>Sets a share of the values to zero while training; the identity afterwards.</summary>
    public NetworkBuilder Dropout(string name, float ratio)
    {
        string constant = _graph.Initializer($"{name}.ratio", Tensor.Scalar(ratio));
        _value = _graph.Node("Dropout", name, [_value, constant]);
        return this;
    }

    /// <summary>Adds a value computed before, of the same shape.</summary>
    public NetworkBuilder Add(string name, string other)
    {
        _value = _graph.Node("Add", name, [_value, other]);
        return this;
    }

    /// <summary>[N, channels, h, w] → [N, channels], the mean over all pixels.</summary>
    public NetworkBuilder GlobalAveragePool(string name)
    {
        _value = _graph.Node("GlobalAveragePool", name, [_value]);
        (_height, _width) = (1, 1);
        return Flatten($"{name}.flat");
    }

    /// <summary>[N, c, h, w] → [N, c·h·w].</summary>
    public NetworkBuilder Flatten(string name)
    {
        _value = _graph.Node("Flatten", name, [_value], ("axis", 1));
        (_channels, _height, _width) = (_channels * _height * _width, 1, 1);
        return this;
    }

    /// <summary>y = x · Wᵀ + b. x: [N, inputs] → [N, outputs].</summary>
    public NetworkBuilder Dense(string name, int outputs, bool reluFollows = true)
    {
        string weight = Weight($"{name}.weight", Math.Sqrt((reluFollows ? 2.0 : 1.0) / _channels), outputs, _channels);
        _value = _graph.Node("Gemm", name, [_value, weight, Constant($"{name}.bias", 0, outputs)], ("transB", 1));
        _channels = outputs;
        return this;
    }

    /// <summary>The last dense layer, the calibration temperature (1 until it is fitted) and softmax.</summary>
    public Graph Classifier(string name, int classes)
    {
        Dense(name, classes, reluFollows: false);
        _graph.Initializer(ClassifierOutput.TemperatureName, Tensor.Scalar(1f));
        string logits = _graph.Node("Div", "logits", [_value, ClassifierOutput.TemperatureName]);
        string probabilities = _graph.Node("Softmax", "probabilities", [logits], ("axis", 1));
        _graph.Output(logits, ElementType.Float, Dimension.Named("N"), classes);
        _graph.Output(probabilities, ElementType.Float, Dimension.Named("N"), classes);
        return _graph.Build();
    }

    private NetworkBuilder Unary(string operatorType, string name)
    {
        _value = _graph.Node(operatorType, name, [_value]);
        return this;
    }

    private NetworkBuilder Pool(string operatorType, string name)
    {
        _value = _graph.Node(operatorType, name, [_value], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
        _height /= 2;
        _width /= 2;
        return this;
    }

    private string Weight(string name, double deviation, params ReadOnlySpan<int> shape) =>
        _graph.Initializer(name, RandomTensor(_seed, name, deviation, shape));

    private string Constant(string name, float value, int length)
    {
        var values = new float[length];
        Array.Fill(values, value);
        return _graph.Initializer(name, Tensor.Vector(values));
    }

    /// <summary>Normal values from the stream that belongs to a seed and a name.</summary>
    internal static Tensor RandomTensor(ulong seed, string name, double deviation, params ReadOnlySpan<int> shape)
    {
        var values = new float[Tensor.ElementCount(shape)];
        ulong key = CounterRandom.Key(seed, 0x57);
        foreach (char letter in name) key = CounterRandom.Key(key, letter);
        var random = new CounterRandom(key);
        for (int i = 0; i < values.Length; i++) values[i] = (float)(deviation * random.NextGaussian());
        return Tensor.Create(values, shape);
    }
}
