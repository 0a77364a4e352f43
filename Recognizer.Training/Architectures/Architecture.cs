using Recognizer.Inference;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Architectures;

/// <summary>Networks by name. Each is a function that builds a graph: input <c>input</c> [N, 1, 28, 28], outputs <c>logits</c> and
/// <c>probabilities</c> [N, classes].</summary>
internal static class Architecture
{
    private static readonly OrderedDictionary<string, (string Description, Func<int, ulong, double, Graph> Build)> All = new(StringComparer.OrdinalIgnoreCase)
    {
        ["cnn2"] = ("two convolutions (32, 64) and two dense layers: small, fast, no tricks", Cnn2),
        ["cnn2-dropout"] = ("the same without padding and with dropout, the classic MNIST example network", Cnn2Dropout),
        ["vgg"] = ("three stages of two convolutions with batch normalisation, 32/64/128 wide", Vgg),
        ["residual"] = ("residual blocks of 3×3 convolutions: the most accurate for its time", Residual),
        ["nano"] = ("four narrow convolutions with batch normalisation: below 10,000 parameters", Nano),
        ["lenet5"] = ("the network of LeCun et al. 1998: tanh, mean pooling, 5×5 kernels", LeNet5),
    };

    /// <summary>The names that <see cref="Build"/> takes.</summary>
    public static IReadOnlyList<string> Names => [.. All.Keys];

    /// <summary>A line on each architecture.</summary>
    public static string Overview => string.Join('\n', All.Select(a => $"{a.Key}: {a.Value.Description}"));

    /// <summary>Builds a network with freshly drawn weights.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="labels">Text of each class; at least two.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="width">Factor on the number of channels, which are then rounded to a multiple of 16 (the engine's vector); 1 is the network as described.</param>
    /// <exception cref="ArgumentException">The name is unknown or there are fewer than two classes.</exception>
    public static Graph Build(string name, IReadOnlyList<string> labels, ulong seed, double width = 1)
    {
        if (!All.TryGetValue(name, out (string, Func<int, ulong, double, Graph> Build) architecture))
            throw new ArgumentException($"There is no architecture '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
        if (labels.Count < 2)
            throw new ArgumentException($"A classifier needs at least two classes, not {labels.Count}.", nameof(labels));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        Graph graph = architecture.Build(labels.Count, seed, width);
        ModelMetadata.SetLabels(graph, labels);
        return graph;
    }

    // 1×28×28 → 32×14×14 → 64×7×7 → 128 → classes
    private static Graph Cnn2(int classes, ulong seed, double width) => new NetworkBuilder("cnn2", seed)
        .Conv("conv1", Scale(32, width)).Relu("relu1").MaxPool("pool1")
        .Conv("conv2", Scale(64, width)).Relu("relu2").MaxPool("pool2")
        .Flatten("flat")
        .Dense("dense1", Scale(128, width)).Relu("relu3")
        .Classifier("dense2", classes);

    // 1×28×28 → 32×26×26 → 32×13×13 → 64×11×11 → 64×5×5 → 128 → classes
    private static Graph Cnn2Dropout(int classes, ulong seed, double width) => new NetworkBuilder("cnn2-dropout", seed)
        .Conv("conv1", Scale(32, width), same: false).Relu("relu1").MaxPool("pool1").Dropout("dropout1", 0.25f)
        .Conv("conv2", Scale(64, width), same: false).Relu("relu2").MaxPool("pool2").Dropout("dropout2", 0.25f)
        .Flatten("flat")
        .Dense("dense1", Scale(128, width)).Relu("relu3").Dropout("dropout3", 0.5f)
        .Classifier("dense2", classes);

    // 32×28×28 twice, 64×14×14 twice, 128×7×7 twice → 128 → classes
    private static Graph Vgg(int classes, ulong seed, double width)
    {
        var network = new NetworkBuilder("vgg", seed);
        int[] widths = [32, 64, 128];
        for (int stage = 0; stage < 3; stage++)
        {
            for (int i = 1; i <= 2; i++) ConvBatchNormRelu(network, $"stage{stage + 1}.conv{i}", Scale(widths[stage], width));
            if (stage < 2) network.MaxPool($"stage{stage + 1}.pool");
        }
        return network.GlobalAveragePool("average").Classifier("dense", classes);
    }

    // On this engine a 3×3 convolution of stride 1 on 28, 14 or 7 pixels costs a fifth of its direct multiply-adds, so all layers are such, and
    // narrow 1×1 or strided layers would save nothing. Only the stem runs at 28×28, where a single input channel makes it cheap; a residual
    // block at 14×14 and one at 7×7 give depth where pixels are few: 32×28×28 → 64×14×14, block → 128×7×7, block → 128 → classes.
    private static Graph Residual(int classes, ulong seed, double width)
    {
        var network = new NetworkBuilder("residual", seed);
        ConvBatchNormRelu(network, "stem", Scale(32, width)).MaxPool("stem.pool");
        ConvBatchNormRelu(network, "stage1.conv", Scale(64, width));
        ResidualBlock(network, "stage1.block", Scale(64, width)).MaxPool("stage1.pool");
        ConvBatchNormRelu(network, "stage2.conv", Scale(128, width));
        ResidualBlock(network, "stage2.block", Scale(128, width));
        return network.GlobalAveragePool("average").Classifier("dense", classes);
    }

    // 16×28×28 → 16×14×14 twice → 28×7×7 → 28 → classes
    private static Graph Nano(int classes, ulong seed, double width)
    {
        var network = new NetworkBuilder("nano", seed);
        ConvBatchNormRelu(network, "conv1", Exact(16, width)).MaxPool("pool1");
        ConvBatchNormRelu(network, "conv2", Exact(16, width));
        ConvBatchNormRelu(network, "conv3", Exact(16, width)).MaxPool("pool2");
        ConvBatchNormRelu(network, "conv4", Exact(28, width));
        return network.GlobalAveragePool("average").Classifier("dense", classes);
    }

    // 6×28×28 → 6×14×14 → 16×10×10 → 16×5×5 → 120 → 84 → classes
    private static Graph LeNet5(int classes, ulong seed, double width) => new NetworkBuilder("lenet5", seed)
        .Conv("conv1", Exact(6, width), kernel: 5).Tanh("tanh1").AveragePool("pool1")
        .Conv("conv2", Exact(16, width), kernel: 5, same: false).Tanh("tanh2").AveragePool("pool2")
        .Flatten("flat")
        .Dense("dense1", Exact(120, width), reluFollows: false).Tanh("tanh3")
        .Dense("dense2", Exact(84, width), reluFollows: false).Tanh("tanh4")
        .Classifier("dense3", classes);

    private static NetworkBuilder ConvBatchNormRelu(NetworkBuilder network, string name, int channels) =>
        network.Conv(name, channels, bias: false).BatchNorm($"{name}.norm").Relu($"{name}.relu");

    // y = relu(x + norm(conv(relu(norm(conv x))))); He et al. 2016
    private static NetworkBuilder ResidualBlock(NetworkBuilder network, string name, int channels)
    {
        string shortcut = network.Value;
        return ConvBatchNormRelu(network, $"{name}.conv1", channels)
            .Conv($"{name}.conv2", channels, bias: false).BatchNorm($"{name}.conv2.norm")
            .Add($"{name}.add", shortcut).Relu($"{name}.relu");
    }

    private static int Scale(int channels, double width) => Math.Max(16, (int)Math.Round(channels * width / 16) * 16);

    private static int Exact(int channels, double width) => Math.Max(1, (int)Math.Round(channels * width));
}
