using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training;
using Recognizer.Training.Architectures;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Optimization;

namespace Recognizer.Tests.Differentiation;

public class TrainingPlanTests
{
    private static readonly string[] Labels = ["0", "1", "2", "3"];

    [Theory]
    [InlineData("cnn2-dropout")]
    [InlineData("residual")]
    [InlineData("lenet5")]
    public void Threads_do_not_change_a_bit(string architecture)
    {
        (float[] values, float[] statistics) first = Train(architecture, threads: 1);
        foreach (int threads in (int[])[2, 3])
        {
            (float[] values, float[] statistics) = Train(architecture, threads);
            Assert.Equal(first.values, values);
            Assert.Equal(first.statistics, statistics);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_bias_stands_at_the_axis_that_old_operator_sets_name(int axis)
    {
        const int Side = 4, Images = 2;
        var random = new Random(axis);
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
        var builder = new GraphBuilder("old");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("N"), 1, Side, Side);
        x = builder.Node("Conv", "conv", [x, builder.Initializer("w", Tensor.Create(Numbers(Side * 9), Side, 1, 3, 3))], ("pads", new[] { 1, 1, 1, 1 }), ("kernel_shape", new[] { 3, 3 }));
        x = builder.Node("Add", "sum", [x, builder.Initializer("bias", Tensor.Vector([5f, -5, 3, -3]))], ("broadcast", 1), ("axis", axis));
        x = builder.Node("Gemm", "logits", [builder.Node("Flatten", "flat", [x]), builder.Initializer("d", Tensor.Create(Numbers(Side * Side * Side * 3), Side * Side * Side, 3)), builder.Initializer("e", Tensor.Vector(new float[3]))], ("broadcast", 1));
        builder.Output(builder.Node("Softmax", "probabilities", [x]), ElementType.Float, Dimension.Named("N"), 3);
        Graph graph = builder.Build();
        graph.Opset = 6;
        float[] images = Numbers(Images * Side * Side);
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = Images });
        StepResult step = plan.Step(images, Images, new SoftmaxCrossEntropy(new[] { 0, 2 }), 1);
        Tensor probabilities = Interpreter.Run(graph, new Dictionary<string, Tensor> { ["x"] = Tensor.Create(images, Images, 1, Side, Side) })["probabilities"];
        Assert.Equal(-(Math.Log(probabilities.Span<float>()[0]) + Math.Log(probabilities.Span<float>()[5])) / 2, step.Loss, 1e-4);
    }

    [Fact]
    public void The_seed_decides_the_dropout_masks()
    {
        float[] values = Train("cnn2-dropout", 2, seed: 1).Values;
        Assert.Equal(values, Train("cnn2-dropout", 2, seed: 1).Values);
        Assert.NotEqual(values, Train("cnn2-dropout", 2, seed: 2).Values);
    }

    [Theory]
    [InlineData("cnn2")]
    [InlineData("vgg")]
    [InlineData("residual")]
    [InlineData("lenet5")]
    public void Learns_four_patterns(string architecture)
    {
        Graph graph = Architecture.Build(architecture, Labels, seed: 3, width: 0.25);
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 32, Threads = 2 });
        Optimizer optimizer = Optimizer.Create("adam", plan.Parameters, 0);
        var labels = new int[32];
        var loss = new SoftmaxCrossEntropy(labels);
        var random = new CounterRandom(CounterRandom.Key(9));
        StepResult first = default, last = default;
        for (int step = 0; step < 40; step++)
        {
            last = plan.Step(Patterns(ref random, labels), 32, loss, (ulong)step);
            if (step == 0) first = last;
            optimizer.Step(3e-3f, step);
        }
        Assert.True(last.Loss < 0.3 * first.Loss, $"{first} → {last}");
        Assert.True(last.Correct >= 28, $"{last}");
    }

    [Theory]
    [InlineData("vgg", true, 1e-5)]
    [InlineData("residual", true, 1e-5)]
    // Activations near zero that fall on the other side of a kink take their whole gradient with them: a few more or fewer, by chance, with each
    // change of the order of operations.
    [InlineData("vgg", false, 1.5e-2)]
    [InlineData("residual", false, 1.5e-2)]
    public void Winograd_changes_gradients_by_rounding_only(string architecture, bool smooth, double bound)
    {
        float[] with = Gradients(architecture, smooth, winograd: true, out double lossWith), without = Gradients(architecture, smooth, winograd: false, out double lossWithout);
        double difference = 0, norm = 0;
        for (int i = 0; i < with.Length; i++)
        {
            difference += Math.Pow(with[i] - without[i], 2);
            norm += Math.Pow(without[i], 2);
        }
        Assert.Equal(lossWithout, lossWith, 1e-4);
        Assert.InRange(Math.Sqrt(difference / norm), 1e-9, bound);
    }

    [Fact]
    public void A_smaller_batch_is_a_batch_of_its_own()
    {
        Graph graph = Architecture.Build("residual", Labels, seed: 3, width: 0.25);
        float[] images = GradientCheck.Images(graph, 20);
        int[] labels = [.. Enumerable.Range(0, 20).Select(i => i % 4)];
        using var large = new TrainingPlan(graph.Clone(), new TrainingPlanOptions { BatchSize = 20, Winograd = false });
        using var small = new TrainingPlan(graph.Clone(), new TrainingPlanOptions { BatchSize = 7, Winograd = false });
        // Nothing of a full batch may be left over in a smaller one after it. Plans for other batch sizes may choose other tiles, so no Winograd.
        large.Step(images, 20, new SoftmaxCrossEntropy(labels), 1);
        StepResult a = large.Step(images, 7, new SoftmaxCrossEntropy(labels), 1), b = small.Step(images, 7, new SoftmaxCrossEntropy(labels), 1);
        Assert.Equal(b.Loss, a.Loss, 1e-5);
        float largest = small.Parameters.Gradients.ToArray().Max(Math.Abs);
        for (int i = 0; i < small.Parameters.Length; i++)
            Assert.True(Math.Abs(small.Parameters.Gradients[i] - large.Parameters.Gradients[i]) < 1e-4 * largest, $"{small.Parameters.Gradients[i]} {large.Parameters.Gradients[i]} {largest}");
    }

    [Fact]
    public void Only_weights_before_the_loss_are_trained()
    {
        Graph graph = Architecture.Build("residual", Labels, seed: 3, width: 0.25);
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 2, Frozen = new HashSet<string> { "dense.bias" } });
        string[] names = [.. plan.Parameters.Parameters.Select(p => p.Name)];
        Assert.DoesNotContain("temperature", names);
        Assert.DoesNotContain("input.mean", names);
        Assert.DoesNotContain("input.scale", names);
        Assert.DoesNotContain("dense.bias", names);
        Assert.DoesNotContain(names, n => n.EndsWith(".mean", StringComparison.Ordinal) || n.EndsWith(".variance", StringComparison.Ordinal));
        Assert.Contains("dense.weight", names);
        Assert.Contains("stem.norm.scale", names);
        Assert.All(plan.Parameters.Parameters, p => Assert.Equal(p.Name.EndsWith(".weight", StringComparison.Ordinal), p.Decayed));
        Assert.Equal(4, plan.Classes);
    }

    [Fact]
    public void Weights_go_back_into_a_graph_and_statistics_move()
    {
        Graph graph = Architecture.Build("vgg", Labels, seed: 3, width: 0.25);
        Graph target = graph.Clone();
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 4 });
        plan.Step(GradientCheck.Images(graph, 4), 4, new SoftmaxCrossEntropy(new int[4]), 1);
        foreach (Parameter parameter in plan.Parameters.Parameters) plan.Parameters.Value(parameter)[0] += 1;
        plan.Parameters.CopyTo(target, plan.Parameters.Values);
        foreach (Parameter parameter in plan.Parameters.Parameters)
            Assert.Equal(plan.Parameters.Value(parameter).ToArray(), target.Initializers[parameter.Name].Span<float>().ToArray());
        Assert.Equal(12, plan.Statistics.Count);
        foreach ((string name, Memory<float> values) in plan.Statistics)
            Assert.NotEqual(graph.Initializers[name].Span<float>().ToArray(), values.ToArray());
    }

    [Fact]
    public void Running_statistics_take_at_least_the_share_of_a_batch_that_is_asked_for()
    {
        (Graph graph, _) = new TestNetwork(6).BatchNorm(6).Dense(6, 4).Finish();
        Node norm = graph.Nodes.Single(node => node.OperatorType == "BatchNormalization");
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 8 });
        float[] first = GradientCheck.Images(graph, 8), second = [.. first.Select(x => 3 * x + 1)];
        Step(first, 1);
        Check(0);
        Step(second, 0.5f);
        Check(0.5);
        // Its own share is a tenth.
        Step(first, 0.01f);
        Check(0.45);

        void Step(float[] images, float leastMomentum) => plan.Step(images, 8, new SoftmaxCrossEntropy(new int[8]), 1, leastMomentum);

        void Check(double share)
        {
            foreach ((int input, Func<float[], int, double> moment) in new (int, Func<float[], int, double>)[] { (3, Mean), (4, Variance) })
            {
                float[] values = plan.Statistics.Single(s => s.Name == norm.Inputs[input]).Values.ToArray();
                for (int c = 0; c < 6; c++) Assert.Equal((1 - share) * moment(first, c) + share * moment(second, c), values[c], 1e-4);
            }
        }

        static double Mean(float[] images, int c) => Enumerable.Range(0, 8).Average(n => images[6 * n + c]);

        static double Variance(float[] images, int c) => Enumerable.Range(0, 8).Sum(n => Math.Pow(images[6 * n + c] - Mean(images, c), 2)) / 7;
    }

    [Fact]
    public void A_batch_of_one_image_tells_dense_normalisation_no_statistics()
    {
        (Graph graph, _) = new TestNetwork(6).Dense(6, 5).BatchNorm(5).Add("Relu").Dense(5, 4).Finish();
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 8 });
        float[] images = GradientCheck.Images(graph, 8);
        plan.Step(images, 8, new SoftmaxCrossEntropy(new int[8]), 1);
        float[][] before = [.. plan.Statistics.Select(s => s.Values.ToArray())];
        plan.Step(images, 1, new SoftmaxCrossEntropy(new int[1]), 2);
        Assert.Equal(before, plan.Statistics.Select(s => s.Values.ToArray()));
        plan.Step(images, 2, new SoftmaxCrossEntropy(new int[2]), 3);
        Assert.NotEqual(before, plan.Statistics.Select(s => s.Values.ToArray()));
    }

    [Fact]
    public void Dropout_keeps_the_share_that_it_should()
    {
        (Graph graph, string logits) = new TestNetwork(1000).Add("Identity").Dense(1000, 1000).Add("Dropout", null, ("ratio", 0.3f)).Dense(1000, 4).Finish();
        Assert.NotEmpty(logits);
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 8 });
        // The gradient of a bias before the dropout is zero where the element was dropped for all images, so one image shows the mask.
        plan.Step(GradientCheck.Images(graph, 1), 1, new SoftmaxCrossEntropy(new int[1], 0.1f), 77);
        Parameter bias = plan.Parameters.Parameters.Single(p => p.Shape is [1000]);
        int kept = plan.Parameters.Gradient(bias).ToArray().Count(g => g != 0);
        Assert.InRange(kept, 640, 760);
    }

    [Fact]
    public void Wrong_batches_are_refused()
    {
        Graph graph = Architecture.Build("cnn2", Labels, seed: 3, width: 0.25);
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 4 });
        var loss = new SoftmaxCrossEntropy(new int[8]);
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.Step(new float[8 * 784], 5, loss, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.Step(new float[784], 0, loss, 0));
        Assert.Throws<ArgumentException>(() => plan.Step(new float[784], 2, loss, 0));
    }

    private static (float[] Values, float[] Statistics) Train(string architecture, int threads, ulong seed = 4)
    {
        Graph graph = Architecture.Build(architecture, Labels, seed: 3, width: 0.25);
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 22, Threads = threads });
        Optimizer optimizer = Optimizer.Create("adamw", plan.Parameters, 0.01f);
        float[] images = GradientCheck.Images(graph, 22);
        var loss = new SoftmaxCrossEntropy(Enumerable.Range(0, 22).Select(i => i % 4).ToArray(), 0.1f);
        for (int step = 0; step < 3; step++)
        {
            plan.Step(images, step == 1 ? 13 : 22, loss, seed + (ulong)step);
            optimizer.Step(1e-3f, step);
        }
        return (plan.Parameters.Values.ToArray(), [.. plan.Statistics.SelectMany(s => s.Values.ToArray())]);
    }

    private static float[] Gradients(string architecture, bool smooth, bool winograd, out double loss)
    {
        Graph graph = Architecture.Build(architecture, Labels, seed: 3, width: 0.5);
        for (int i = 0; smooth && i < graph.Nodes.Count; i++)
        {
            Node node = graph.Nodes[i];
            graph.Nodes[i] = new Node(node.OperatorType switch { "Relu" => "Softplus", "MaxPool" => "AveragePool", var other => other }, node.Inputs, node.Outputs, node.Name);
            foreach ((string name, object value) in node.Attributes) graph.Nodes[i].Attributes[name] = value;
        }
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 24, Threads = 2, Winograd = winograd });
        float[] images = GradientCheck.Images(graph, 24);
        loss = plan.Step(images, 24, new SoftmaxCrossEntropy(Enumerable.Range(0, 24).Select(i => i % 4).ToArray()), 1).Loss;
        return plan.Parameters.Gradients.ToArray();
    }

    /// <summary>Noise with a bright square in one of four corners.</summary>
    private static float[] Patterns(ref CounterRandom random, int[] labels)
    {
        var images = new float[labels.Length * 784];
        for (int n = 0; n < labels.Length; n++)
        {
            labels[n] = random.NextInt32(4);
            for (int i = 0; i < 784; i++) images[n * 784 + i] = 0.3f * random.NextSingle();
            for (int y = 0; y < 8; y++)
                for (int x = 0; x < 8; x++) images[n * 784 + (labels[n] / 2 * 16 + 2 + y) * 28 + labels[n] % 2 * 16 + 2 + x] += 0.7f;
        }
        return images;
    }
}
