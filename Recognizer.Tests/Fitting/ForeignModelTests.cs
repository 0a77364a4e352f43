using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Training.Architectures;
using Recognizer.Training.Commands;
using Recognizer.Training.Datasets;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Fitting;
using Recognizer.Training.Quantization;

namespace Recognizer.Tests.Fitting;

/// <summary>Networks in the layouts that other frameworks' exporters write: they are evaluated, trained further and given other classes.</summary>
public sealed class ForeignModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _messages = [];

    public void Dispose() => _folder.Dispose();

    /// <summary>Images as [N, 28, 28, 1], a Transpose around the convolution, MatMul + Add, names with slashes, Softmax and a copy at the end.</summary>
    private static Graph Keras(int classes = 4)
    {
        var b = new GraphBuilder("converted");
        string x = b.Input("conv2d_input", ElementType.Float, Dimension.Named("unk__1"), 28, 28, 1);
        x = b.Node("Transpose", "sequential/conv2d/Conv2D__6:0", [x], ("perm", new[] { 0, 3, 1, 2 }));
        x = b.Node("Conv", "sequential/conv2d/BiasAdd:0", [x, Weight(b, "sequential/conv2d/Conv2D/ReadVariableOp:0", 9, 8, 1, 3, 3), Weight(b, "sequential/conv2d/BiasAdd/ReadVariableOp:0", 100, 8)],
            ("kernel_shape", new[] { 3, 3 }), ("auto_pad", "VALID"));
        x = b.Node("Relu", "sequential/conv2d/Relu:0", [x]);
        x = b.Node("MaxPool", "sequential/max_pooling2d/MaxPool:0", [x], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
        x = b.Node("Transpose", "sequential/max_pooling2d/MaxPool__18:0", [x], ("perm", new[] { 0, 2, 3, 1 }));
        x = b.Node("Reshape", "sequential/flatten/Reshape:0", [x, b.Initializer("sequential/flatten/Const:0", Tensor.Vector(-1L, 8 * 13 * 13))]);
        x = Dense(b, "sequential/dense", x, 8 * 13 * 13, 32);
        x = b.Node("Relu", "sequential/dense/Relu:0", [x]);
        x = Dense(b, "sequential/dense_1", x, 32, classes);
        x = b.Node("Softmax", "sequential/dense_1/Softmax:0", [x]);
        b.Output(b.Node("Identity", "dense_1", [x]), ElementType.Float, Dimension.Named("unk__2"), classes);
        return b.Build();
    }

    /// <summary>Training mode kept: normalisation with batch statistics, dropout switched on by a constant, log_softmax.</summary>
    private static Graph PyTorch(bool training, int classes = 4)
    {
        var b = new GraphBuilder("torch_jit");
        string x = b.Input("input", ElementType.Float, Dimension.Named("batch"), 1, 28, 28);
        x = b.Node("Conv", "/conv1/Conv", [x, Weight(b, "conv1.weight", 9, 8, 1, 3, 3)], ("kernel_shape", new[] { 3, 3 }), ("pads", new[] { 1, 1, 1, 1 }));
        x = b.Node("BatchNormalization", "/bn1/BatchNormalization", [x, b.Initializer("bn1.weight", Tensor.Vector(Filled(8, 1.2f))), b.Initializer("bn1.bias", Tensor.Vector(Filled(8, 0.1f))),
            b.Initializer("bn1.running_mean", Tensor.Vector(Filled(8, 0.05f))), b.Initializer("bn1.running_var", Tensor.Vector(Filled(8, 0.5f)))]);
        x = b.Node("Relu", "/Relu", [x]);
        x = b.Node("MaxPool", "/MaxPool", [x], ("kernel_shape", new[] { 4, 4 }), ("strides", new[] { 4, 4 }));
        string[] flags = training
            ? [b.Node("Constant", "/dropout/Constant", [], ("value", Tensor.Scalar(0.25f))), b.Node("Constant", "/dropout/Constant_1", [], ("value", Tensor.Scalar(true)))]
            : [b.Node("Constant", "/dropout/Constant", [], ("value", Tensor.Scalar(0.25f)))];
        x = b.Node("Dropout", "/dropout/Dropout", [x, .. flags]);
        x = b.Node("Flatten", "/Flatten", [x]);
        x = b.Node("Gemm", "/fc/Gemm", [x, Weight(b, "fc.weight", 392, classes, 392), Weight(b, "fc.bias", 100, classes)], ("transB", 1));
        b.Output(b.Node("LogSoftmax", "output", [x], ("axis", 1)), ElementType.Float, Dimension.Named("batch"), classes);
        Graph graph = b.Build();
        graph.Producer = "pytorch";
        if (training)
        {
            Node norm = graph.Nodes.Single(n => n.OperatorType == "BatchNormalization");
            norm.Attributes["training_mode"] = 1L;
            norm.Outputs.Add("/bn1/BatchNormalization_1");
            norm.Outputs.Add("/bn1/BatchNormalization_2");
        }
        return graph;
    }

    /// <summary>A small network with one thing written in another way.</summary>
    private static Graph Variant(string way, int side = 28)
    {
        var b = new GraphBuilder(way);
        string x = b.Input("pixels", ElementType.Float, Dimension.Named("N"), 1, side, side);
        string kernel = way switch
        {
            "transposed kernel" => b.Node("Transpose", "kernel", [Weight(b, "conv.weight", 9, 3, 3, 1, 8)], ("perm", new[] { 3, 2, 0, 1 })),
            "reshaped kernel" => b.Node("Reshape", "kernel", [Weight(b, "conv.weight", 9, 72), b.Initializer("kernel.shape", Tensor.Vector(8L, 1, 3, 3))]),
            "scaled kernel" => b.Node("Mul", "kernel", [Weight(b, "conv.weight", 9, 8, 1, 3, 3), b.Initializer("gain", Tensor.Create(Filled(8, 1), 8, 1, 1, 1))]),
            _ => Weight(b, "conv.weight", 9, 8, 1, 3, 3),
        };
        x = b.Node("Relu", "relu1", [b.Node("Conv", "conv", [x, kernel, Weight(b, "conv.bias", 100, 8)], ("pads", new[] { 1, 1, 1, 1 }))]);
        if (way == "merged statistics")
        {
            string ones = b.Initializer("ones", Tensor.Vector(Filled(8, 1))), zeros = b.Initializer("zeros", Tensor.Vector(Filled(8, 0)));
            x = b.Node("BatchNormalization", "norm", [x, ones, zeros, zeros, ones]);
        }
        else if (way == "statistics")
        {
            string Constant(string name, float value) => b.Initializer(name, Tensor.Vector(Filled(8, value)));
            x = b.Node("BatchNormalization", "norm", [x, Constant("gamma", 1), Constant("beta", 0), Constant("mean", 0), Constant("variance", 1)]);
        }
        x = b.Node("Flatten", "flat", [b.Node("MaxPool", "pool", [x], ("kernel_shape", new[] { 4, 4 }), ("strides", new[] { 4, 4 }))]);
        int features = 8 * (side / 4) * (side / 4);
        string hidden = x = b.Node("Gemm", "fc1", [x, Weight(b, "fc1.weight", features, 32, features), Weight(b, "fc1.bias", 100, 32)], ("transB", 1));
        if (way == "temperature inside") x = b.Node("Tanh", "tanh", [b.Node("Div", "sharp", [x, b.Initializer("temperature", Tensor.Scalar(0.1f))])]);
        x = b.Node("Gemm", "fc2", [b.Node("Relu", "relu2", [x]), Weight(b, "fc2.weight", 32, 4, 32), Weight(b, "fc2.bias", 100, 4)], ("transB", 1));
        switch (way)
        {
            case "features first":
                b.Output(hidden, ElementType.Float, Dimension.Named("N"), 32);
                break;
            case "softmax before flatten":
                x = b.Node("Softmax", "softmax", [b.Node("Reshape", "columns", [x, b.Initializer("columns.shape", Tensor.Vector(-1L, 4, 1, 1))])], ("axis", 1));
                x = b.Node("Flatten", "scores", [x]);
                break;
            case "turned":
                x = b.Node("Softmax", "softmax", [x], ("axis", 1));
                x = b.Node("Gather", "scores", [x, b.Initializer("order", Tensor.Vector(3L, 2, 1, 0))], ("axis", 1));
                break;
            case "upright":
                x = b.Node("Unsqueeze", "row", [b.Node("Softmax", "softmax", [x], ("axis", 1)), b.Initializer("one", Tensor.Vector(1L))]);
                x = b.Node("Squeeze", "scores", [b.Node("Transpose", "column", [x], ("perm", new[] { 0, 2, 1 })), b.Initializer("two", Tensor.Vector(2L))]);
                break;
            case "sliced":
                x = b.Node("Slice", "scores", [b.Node("Softmax", "softmax", [x]), b.Initializer("from", Tensor.Vector(0L)), b.Initializer("to", Tensor.Vector(9L)), b.Initializer("along", Tensor.Vector(1L))]);
                break;
            case "exponentials":
                x = b.Node("Exp", "scores", [b.Node("LogSoftmax", "softmax", [x])]);
                break;
            case "written out":
                x = b.Node("Sub", "less", [x, b.Node("ReduceMax", "largest", [x], ("axes", new[] { 1 }))]);
                x = b.Node("Exp", "exponentials", [x]);
                x = b.Node("Div", "scores", [x, b.Node("ReduceSum", "sum", [x, b.Initializer("one", Tensor.Vector(1L))])]);
                break;
            case "dropout":
                x = b.Node("Dropout", "scores", [b.Node("Softmax", "softmax", [x])]);
                break;
            case "logarithms":
                x = b.Node("Log", "scores", [b.Node("Softmax", "softmax", [x], ("axis", 1))]);
                break;
            case "negated":
                x = b.Node("Softmax", "softmax", [b.Node("Mul", "negative", [x, b.Initializer("sign", Tensor.Scalar(-1f))])], ("axis", -1));
                break;
            case "sharpened":
                x = b.Node("Softmax", "softmax", [b.Node("Mul", "sharp", [x, b.Initializer("sharpness", Tensor.Scalar(20f))])], ("axis", -1));
                break;
        }
        b.Output(x, ElementType.Float, Dimension.Named("N"), 4);
        return b.Build();
    }

    private static string Dense(GraphBuilder b, string name, string x, int inputs, int outputs)
    {
        x = b.Node("MatMul", $"{name}/MatMul:0", [x, Weight(b, $"{name}/MatMul/ReadVariableOp:0", inputs, inputs, outputs)]);
        return b.Node("Add", $"{name}/BiasAdd:0", [x, Weight(b, $"{name}/BiasAdd/ReadVariableOp:0", 100, outputs)]);
    }

    private static string Weight(GraphBuilder b, string name, int fan, params int[] shape)
    {
        var random = new Random(name.Length);
        float[] values = [.. Enumerable.Range(0, (int)Tensor.ElementCount(shape)).Select(_ => (float)((random.NextDouble() * 2 - 1) * Math.Sqrt(2.0 / fan)))];
        return b.Initializer(name, Tensor.Create(values, shape));
    }

    private static float[] Filled(int count, float value) => [.. Enumerable.Repeat(value, count)];

    private string Save(Graph graph)
    {
        string path = Path.Combine(_folder.Root, $"{graph.Name}.onnx");
        OnnxWriter.WriteFile(graph, path);
        return path;
    }

    private SessionResult Train(Graph graph, string name, string? alphabet = null, params string[] freeze)
    {
        var config = new TrainingConfig { Dataset = "shapes", Architecture = Save(graph), Epochs = 3, BatchSize = 16, LearningRate = 0.005, Ema = 0, Alphabet = alphabet is null ? null : [alphabet], Freeze = freeze };
        return TrainingSession.Run(config, Shapes.Make(), new SessionOptions { Output = Path.Combine(_folder.Root, name), Threads = 1 }, new Progress(_messages), CancellationToken.None);
    }

    private static float[] Values(Graph graph, string name) => graph.Initializers[name].Span<float>().ToArray();

    [Theory]
    [InlineData("keras")]
    [InlineData("pytorch")]
    [InlineData("pytorch-training")]
    public void A_model_without_labels_is_trained_further_and_written_back(string layout)
    {
        Graph graph = layout == "keras" ? Keras() : PyTorch(layout == "pytorch-training");
        SessionResult result = Train(graph, layout);
        Assert.Contains(_messages, m => m.Contains("carries no labels", StringComparison.Ordinal));
        Assert.True(result.Evaluation.Metrics.MicroAccuracy > 0.6, $"{result.Evaluation.Metrics.MicroAccuracy}");
        Graph written = OnnxReader.ReadFile(result.ModelPath);
        Assert.Equal(graph.Inputs[0].ToString(), written.Inputs[0].ToString());
        Assert.Equal(["-", "|", "o", "x"], ModelMetadata.Labels(written));
        Assert.DoesNotContain(written.Nodes, ModelTransforms.IsInTrainingMode);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("features first")]
    [InlineData("softmax before flatten")]
    [InlineData("logarithms")]
    [InlineData("negated")]
    [InlineData("sharpened")]
    [InlineData("turned")]
    [InlineData("upright")]
    [InlineData("sliced")]
    [InlineData("exponentials")]
    [InlineData("written out")]
    [InlineData("dropout")]
    public void The_loss_is_that_of_the_answers_of_inference(string way)
    {
        const int count = 12;
        Graph graph = Variant(way);
        DatasetPart part = Shapes.Make(train: count, test: 0).Train!;
        float[] images = [.. part.Images.Select(p => p / 255f)], probabilities = new float[count * 4];
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph, new RecognizerOptions { Labels = ["-", "|", "o", "x"] });
        recognizer.Score(images, count, probabilities);
        double expected = -Enumerable.Range(0, count).Average(i => Math.Log(probabilities[4 * i + part.Labels[i]]));
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = count });
        Assert.Equal(expected, plan.Step(images, count, new SoftmaxCrossEntropy(part.Labels), 1).Loss, 1e-3);
    }

    [Theory]
    [InlineData("logarithms")]
    [InlineData("turned")]
    [InlineData("upright")]
    [InlineData("sliced")]
    [InlineData("exponentials")]
    [InlineData("written out")]
    [InlineData("dropout")]
    public void Probabilities_stay_what_a_softmax_makes_them_whatever_follows(string way)
    {
        float[] images = [.. Shapes.Make(train: 4, test: 0).Train!.Images.Select(p => p / 255f)], expected = Probabilities("plain"), actual = Probabilities(way);
        if (way == "turned")
            for (int i = 0; i < 4; i++) actual.AsSpan(4 * i, 4).Reverse();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-5);

        float[] Probabilities(string form)
        {
            var probabilities = new float[4 * 4];
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(Variant(form), new RecognizerOptions { Labels = ["-", "|", "o", "x"] });
            recognizer.Score(images, 4, probabilities);
            return probabilities;
        }
    }

    [Theory]
    [InlineData("features first")]
    [InlineData("negated")]
    public void What_gives_the_answers_is_trained(string way)
    {
        SessionResult result = Train(Variant(way), way);
        Assert.True(result.Evaluation.Metrics.MicroAccuracy > 0.6, $"{result.Evaluation.Metrics.MicroAccuracy}");
    }

    [Fact]
    public void A_model_with_another_number_of_scores_than_labels_is_not_trained()
    {
        Graph graph = Variant("plain");
        ModelMetadata.SetLabels(graph, ["-", "|", "o"]);
        string message = Assert.Throws<OnnxException>(() => Train(graph, "labels", "-|o")).Message;
        Assert.Contains("'fc2'", message, StringComparison.Ordinal);
        Assert.Contains("4 scores", message, StringComparison.Ordinal);
        Assert.Contains("3 labels", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_named_temperature_elsewhere_is_no_calibration() =>
        Assert.Equal([0.1f], Values(Train(Variant("temperature inside"), "temperature").Graph, "temperature"));

    [Fact]
    public void A_model_of_other_images_is_refused_before_it_trains()
    {
        string message = Assert.Throws<OnnxException>(() => Train(Variant("plain", side: 16), "small")).Message;
        Assert.Contains("'pixels'", message, StringComparison.Ordinal);
        Assert.Contains("784", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Root, "small")));
    }

    [Fact]
    public void Statistics_that_an_exporter_merged_with_weights_are_told_apart()
    {
        SessionResult merged = Train(Variant("merged statistics"), "merged"), twin = Train(Variant("statistics"), "twin");
        foreach (string name in new[] { "conv.weight", "fc1.weight", "fc2.bias" }) Assert.Equal(Values(twin.Graph, name), Values(merged.Graph, name));
        Assert.Equal(Values(twin.Graph, "gamma"), Values(merged.Graph, "ones"));
        Assert.Equal(Values(twin.Graph, "variance"), Values(merged.Graph, merged.Graph.Nodes.Single(n => n.OperatorType == "BatchNormalization").Inputs[4]));
        Assert.Equal(twin.Evaluation.Metrics.LogLoss, merged.Evaluation.Metrics.LogLoss);
    }

    [Theory]
    [InlineData("transposed kernel")]
    [InlineData("reshaped kernel")]
    [InlineData("scaled kernel")]
    public void Weights_that_nodes_compute_from_constants_are_trained_unless_they_are_frozen(string way)
    {
        Graph graph = Variant(way), trained = Train(graph, "trained").Graph, frozen = Train(graph, "frozen", null, "conv.weight").Graph;
        float[] before = Kernel(graph);
        Assert.NotEqual(before, Values(trained, "kernel"));
        Assert.DoesNotContain("conv.weight", trained.Initializers.Keys);
        Assert.Equal(before, Kernel(frozen));
        Assert.Equal(before, Values(Train(graph, "layer", null, "conv").Graph, "kernel"));
        ModelMetadata.SetLabels(graph, ["-", "|", "o", "x"]);
        string file = Save(graph);
        var config = new TrainingConfig { Dataset = "shapes", Architecture = file, Initial = [file], Epochs = 0 };
        Graph again = TrainingSession.Run(config, Shapes.Make(), new SessionOptions { Output = Path.Combine(_folder.Root, "again"), Threads = 1 }, new Progress(_messages), CancellationToken.None).Graph;
        Assert.Equal(before, Values(again, "kernel"));

        static float[] Kernel(Graph graph) => Interpreter.Run(graph, new Dictionary<string, Tensor> { ["pixels"] = Tensor.Zeros(ElementType.Float, [1, 1, 28, 28]) }, ["kernel"])["kernel"].Span<float>().ToArray();
    }

    /// <summary>Such as a branch for which there is no operator here.</summary>
    [Fact]
    public void What_gives_no_scores_is_left_alone()
    {
        Graph graph = Variant("transposed kernel");
        var odd = new Node("NoSuchOperator", ["conv.bias"], ["odd"], "odd");
        graph.Nodes.Insert(0, odd);
        TrainableGraph.Prepare(graph, new HashSet<string>());
        Assert.Contains(odd, graph.Nodes);
        Assert.Contains("kernel", graph.Initializers.Keys);
    }

    [Theory]
    [InlineData("Add", false)]
    [InlineData("Mul", false)]
    [InlineData("", true)]
    public void Classes_are_reordered_where_the_last_layer_is_all_that_tells_them_apart(string after, bool reordered)
    {
        var b = new GraphBuilder("head");
        string x = b.Input("pixels", ElementType.Float, Dimension.Named("N"), 784);
        x = b.Node("Gemm", "fc", [x, Weight(b, "fc.weight", 784, 784, 4), Weight(b, "fc.bias", 4, 4)]);
        if (after.Length > 0) x = b.Node(after, "scores", [x, Weight(b, "prior", 4, 4)]);
        b.Output(x, ElementType.Float, Dimension.Named("N"), 4);
        Graph graph = b.Build();
        ModelMetadata.SetLabels(graph, ["a", "b", "c", "d"]);
        float[] before = Values(graph, "fc.bias");
        Assert.Equal(reordered, ClassifierHead.Reorder(graph, ["d", "c", "b", "a"]));
        if (reordered) Array.Reverse(before);
        Assert.Equal(before, Values(graph, "fc.bias"));
    }

    [Theory]
    [InlineData("keras", "sequential/dense_1/MatMul/ReadVariableOp:0", 1)]
    [InlineData("pytorch", "fc.weight", 0)]
    public void The_head_is_replaced_for_other_classes(string layout, string weights, int axis)
    {
        Graph graph = layout == "keras" ? Keras(classes: 7) : PyTorch(false, classes: 7);
        SessionResult result = Train(graph, layout, alphabet: "-|o");
        Assert.Contains(_messages, m => m.Contains("its last layer starts anew", StringComparison.Ordinal));
        Graph written = OnnxReader.ReadFile(result.ModelPath);
        Assert.Equal(3, written.Initializers[weights].Shape[axis]);
        Assert.Equal(3, written.Outputs[0].Shape![^1].Size);
        Assert.True(result.Evaluation.Metrics.MicroAccuracy > 0.6, $"{result.Evaluation.Metrics.MicroAccuracy}");
    }

    [Theory]
    [InlineData("keras", "sequential/dense/MatMul/ReadVariableOp:0", "sequential/conv2d/Conv2D/ReadVariableOp:0")]
    [InlineData("pytorch", null, "conv1.weight")]
    public void Hidden_dense_layers_start_anew_with_the_head_unless_they_are_kept(string layout, string? dense, string convolution)
    {
        Graph Fresh() => layout == "keras" ? Keras() : PyTorch(false);
        Graph before = Fresh(), after = Fresh(), kept = Fresh();
        ClassifierHead.Replace(after, ["a", "b"], 1, hidden: true);
        ClassifierHead.Replace(kept, ["a", "b"], 1, before.Initializers.Keys.ToHashSet(), hidden: true);
        Assert.Equal(Values(before, convolution), Values(after, convolution));
        Assert.Equal(2, ClassifierHead.Classes(after));
        if (dense is null) return;
        Assert.NotEqual(Values(before, dense), Values(after, dense));
        Assert.All(Values(after, "sequential/dense/BiasAdd/ReadVariableOp:0"), bias => Assert.Equal(0, bias));
        Assert.Equal(Values(before, dense), Values(kept, dense));
    }

    [Fact]
    public void Layers_are_frozen_by_the_names_of_weights_or_nodes()
    {
        Graph keras = Keras();
        Graph tuned = Train(keras, "weights", null, "sequential/conv2d/*").Graph;
        Assert.Equal(Values(keras, "sequential/conv2d/Conv2D/ReadVariableOp:0"), Values(tuned, "sequential/conv2d/Conv2D/ReadVariableOp:0"));
        Assert.Equal(Values(keras, "sequential/conv2d/BiasAdd/ReadVariableOp:0"), Values(tuned, "sequential/conv2d/BiasAdd/ReadVariableOp:0"));
        Assert.NotEqual(Values(keras, "sequential/dense/MatMul/ReadVariableOp:0"), Values(tuned, "sequential/dense/MatMul/ReadVariableOp:0"));

        Graph torch = PyTorch(false);
        tuned = Train(torch, "nodes", null, "/conv1/*", "/bn1/*").Graph;
        foreach (string name in new[] { "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var" }) Assert.Equal(Values(torch, name), Values(tuned, name));
        Assert.NotEqual(Values(torch, "fc.weight"), Values(tuned, "fc.weight"));
    }

    [Fact]
    public void Frozen_normalisation_uses_its_stored_statistics()
    {
        Graph graph = PyTorch(false);
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 8, Frozen = graph.Initializers.Keys.Where(n => n != "fc.weight").ToHashSet() });
        // Without dropout the loss is that of inference.
        graph.Initializers.Add("none", Tensor.Scalar(0f));
        graph.Nodes.Single(n => n.OperatorType == "Dropout").Inputs[1] = "none";
        using var sure = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 8, Frozen = graph.Initializers.Keys.Where(n => n != "fc.weight").ToHashSet() });
        DatasetPart part = Shapes.Make(train: 8, test: 0).Train!;
        float[] images = [.. part.Images.Select(p => p / 255f)];
        double loss = sure.Step(images, 8, new SoftmaxCrossEntropy(part.Labels, 0), 1).Loss;
        Tensor scores = Interpreter.Run(graph, new Dictionary<string, Tensor> { ["input"] = Tensor.Create(images, 8, 1, 28, 28) })["output"];
        double expected = -Enumerable.Range(0, 8).Average(i => scores.Span<float>()[i * 4 + part.Labels[i]]);
        Assert.Equal(expected, loss, 4);
        Assert.NotEqual(expected, plan.Step(images, 8, new SoftmaxCrossEntropy(part.Labels, 0), 1).Loss, 4);
        Assert.Contains("all four or none", Assert.Throws<OnnxException>(() => new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 8, Frozen = new HashSet<string> { "bn1.running_mean", "bn1.running_var" } })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_mode_ends_where_inference_begins()
    {
        Graph training = PyTorch(true), inference = PyTorch(false);
        Assert.Same(inference, ModelTransforms.InInferenceMode(inference));
        Graph converted = ModelTransforms.InInferenceMode(training);
        Assert.True(ModelTransforms.IsInTrainingMode(training.Nodes.Single(n => n.OperatorType == "Dropout")));
        Assert.DoesNotContain("/dropout/Constant_1", converted.Nodes.SelectMany(n => n.Outputs));
        var random = new Random(1);
        float[] pixels = [.. Enumerable.Range(0, 784 * 2).Select(_ => random.NextSingle())];
        var feed = new Dictionary<string, Tensor> { ["input"] = Tensor.Create(pixels, 2, 1, 28, 28) };
        Assert.Equal(Interpreter.Run(inference, feed)["output"].Span<float>().ToArray(), Interpreter.Run(converted, feed)["output"].Span<float>().ToArray());
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(training, new RecognizerOptions { Labels = ["a", "b", "c", "d"] });
        Assert.Equal(4, recognizer.RecognizeNormalized(pixels.AsSpan(0, 784)).Candidates.Count);
    }

    [Fact]
    public void Models_in_training_mode_are_quantised_and_sampled_in_inference_mode()
    {
        Graph graph = PyTorch(true);
        float[] images = [.. Shapes.Make(train: 32, test: 0).Train!.Images.Select(p => p / 255f)];
        Graph quantized = PostTrainingQuantizer.Quantize(graph, images, 32);
        Assert.DoesNotContain(quantized.Nodes, n => n.OperatorType == "BatchNormalization");
        var feed = new Dictionary<string, Tensor> { ["input"] = Tensor.Create(images, 32, 1, 28, 28) };
        float[] expected = Interpreter.Run(PyTorch(false), feed)["output"].Span<float>().ToArray(), actual = Interpreter.Run(quantized, feed)["output"].Span<float>().ToArray();
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - expected[i], -0.1, 0.1);
        Assert.Equal((0, ""), Run("export", Save(graph), "--samples", "1", "--output", Path.Combine(_folder.Root, "samples", "model.onnx")));
    }

    [Fact]
    public void Outputs_of_unknown_operators_are_listed_and_left_out_of_8_bits()
    {
        Graph graph = Keras();
        graph.Initializers["k"] = Tensor.Vector(2L);
        graph.Nodes.Add(new Node("TopK", ["dense_1", "k"], ["best", "which"], "best"));
        graph.Outputs.Add(new ValueInfo("which", ElementType.Int64, [Dimension.Named("unk__2"), 2]));
        ModelSummary summary = ModelSummary.Of(graph);
        Assert.Equal("TopK", summary.Layers[^1].OperatorType);
        Assert.Equal("?", summary.Layers[^1].OutputShape);
        Assert.Contains("TopK", Assert.Single(summary.Notes), StringComparison.Ordinal);
        Assert.Equal(ModelSummary.Of(Keras()).MultiplyAdds, summary.MultiplyAdds);
        float[] images = [.. Shapes.Make(train: 8, test: 0).Train!.Images.Select(p => p / 255f)];
        Assert.Equal(["dense_1"], PostTrainingQuantizer.Quantize(graph, images, 8).Outputs.Select(output => output.Name));
    }

    /// <summary>A 1×1 convolution to the classes and the mean over the image in the place of a dense layer.</summary>
    private static Graph Squeeze()
    {
        var b = new GraphBuilder("squeeze");
        string x = b.Input("pixels", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        x = b.Node("Relu", "relu", [b.Node("Conv", "conv", [x, Weight(b, "conv.weight", 9, 8, 1, 3, 3)], ("strides", new[] { 2, 2 }))]);
        x = b.Node("Conv", "classes", [x, Weight(b, "classes.weight", 8, 4, 8, 1, 1), Weight(b, "classes.bias", 100, 4)]);
        x = b.Node("Flatten", "flat", [b.Node("GlobalAveragePool", "mean", [x])]);
        b.Output(b.Node("Softmax", "scores", [x], ("axis", 1)), ElementType.Float, Dimension.Named("N"), 4);
        return b.Build();
    }

    [Fact]
    public void Models_without_a_dense_head_get_labels_and_are_trained_with_as_many_classes()
    {
        string output = Path.Combine(_folder.Root, "labelled.onnx");
        float[] images = [.. Shapes.Make(train: 8, test: 0).Train!.Images.Select(p => p / 255f)];
        foreach (Graph graph in new[] { Squeeze(), PostTrainingQuantizer.Quantize(Keras(), images, 8) })
        {
            Assert.Equal((0, ""), Run("export", Save(graph), "--labels", "abcd", "--output", output));
            Assert.Equal(["a", "b", "c", "d"], ModelMetadata.Labels(OnnxReader.ReadFile(output)));
        }
        Assert.Equal(["-", "|", "o", "x"], ModelMetadata.Labels(Train(Squeeze(), "trained").Graph));
        string message = Assert.Throws<OnnxException>(() => Train(Squeeze(), "other", "-|o")).Message;
        Assert.Contains("GlobalAveragePool", message, StringComparison.Ordinal);
        Assert.Contains(".onnx: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_that_break_rules_are_named()
    {
        Graph graph = Variant("plain");
        Node layer = graph.Nodes.Single(node => node.Outputs[0] == "fc2");
        while (layer.Inputs.Count > 1) layer.Inputs.RemoveAt(1);
        Assert.Contains("Gemm node 'fc2'", Assert.Throws<OnnxException>(() => Train(graph, "broken")).Message, StringComparison.Ordinal);
        (int code, string error) = Run("export", Save(graph), "--labels", "abcd", "--output", Path.Combine(_folder.Root, "labelled.onnx"));
        Assert.Equal(1, code);
        Assert.Contains("Gemm node 'fc2'", error, StringComparison.Ordinal);
    }

    private static (int Code, string Error) Run(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        return (CommandLine.Run(arguments, new CommandHost(output, error, CancellationToken.None)), error.ToString());
    }

    [Fact]
    public void Another_number_of_labels_than_scores_is_an_error_that_says_so()
    {
        OnnxException exception = Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(Keras(), new RecognizerOptions { Labels = ["a", "b"] }));
        Assert.Contains("4 scores", exception.Message, StringComparison.Ordinal);
        Assert.Contains("2 labels", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("αβγд", 0)]
    [InlineData("[\"ten\", \"B\", \"c\", \"ж\"]", 0)]
    [InlineData("abc", 1)]
    [InlineData("[1, 2, 3, 4]", 2)]
    [InlineData("e\u0301fgन\u093f", 0)]
    [InlineData("abca", 2)]
    [InlineData("[\"a\", \"\", \"c\", \"d\"]", 2)]
    public void Export_gives_a_model_labels(string labels, int code)
    {
        string output = Path.Combine(_folder.Root, "labelled.onnx");
        using var written = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(code, CommandLine.Run(["export", Save(Keras()), "--labels", labels, "--output", output], new CommandHost(written, error, CancellationToken.None)));
        Assert.Equal(code == 0, File.Exists(output));
        if (code == 0) Assert.Equal(4, ModelMetadata.Labels(OnnxReader.ReadFile(output))!.Count);
        else Assert.Contains("--labels", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_that_doesnt_end_in_a_dense_layer_keeps_its_classes()
    {
        var b = new GraphBuilder("odd");
        string x = b.Input("input", ElementType.Float, Dimension.Named("N"), 784);
        b.Output(b.Node("Tanh", "scores", [b.Node("MatMul", "product", [x, Weight(b, "w", 784, 784, 4)])]), ElementType.Float, Dimension.Named("N"), 4);
        Assert.Contains("Tanh", Assert.Throws<OnnxException>(() => ClassifierHead.Replace(b.Build(), ["a", "b"], 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keras", null)]
    [InlineData("pytorch", null)]
    [InlineData("pytorch-training", "in training mode")]
    [InlineData("folded", "evaluation mode")]
    public void Inspect_says_what_an_export_means_for_training(string layout, string? note)
    {
        Graph graph = layout switch
        {
            "keras" => Keras(),
            "folded" => Folded(),
            _ => PyTorch(layout == "pytorch-training"),
        };
        string path = Save(graph);
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(0, CommandLine.Run(["inspect", path, "--json"], new CommandHost(output, error, CancellationToken.None)));
        using JsonDocument json = JsonDocument.Parse(output.ToString());
        string[] notes = [.. json.RootElement.GetProperty("notes").EnumerateArray().Select(n => n.GetString()!)];
        if (note is null) Assert.Empty(notes);
        else Assert.Contains(note, Assert.Single(notes), StringComparison.Ordinal);

        static Graph Folded()
        {
            Graph graph = Keras();
            graph.Producer = "pytorch";
            return graph;
        }
    }

    private sealed class Progress(List<string> messages) : ITrainingProgress
    {
        public void Message(string text) => messages.Add(text);

        public void Step(int epoch, int images, int total, double loss, double accuracy)
        {
        }

        public void Epoch(EpochResult result)
        {
        }
    }
}
