using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;

namespace Recognizer.Tests.Architectures;

public class ArchitectureTests
{
    private static readonly string[] Digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    public static TheoryData<string> Names => [.. Architecture.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Is_a_valid_classifier(string name)
    {
        Graph graph = Architecture.Build(name, Digits, seed: 1, width: 0.5);
        GraphValidator.Validate(graph);
        Assert.Equal(17, graph.Opset);
        Assert.Equal("Float[N, 1, 28, 28]", Assert.Single(graph.Inputs).ToString());
        Assert.Equal(["logits: Float[N, 10]", "probabilities: Float[N, 10]"], graph.Outputs.Select(o => $"{o.Name}: {o}"));
        Assert.Equal(Digits, ModelMetadata.Labels(graph));

        var pixels = new float[2 * 784];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = i % 7 / 7f;
        Dictionary<string, Tensor> result = Interpreter.Run(graph, new Dictionary<string, Tensor> { ["input"] = Tensor.Create(pixels, 2, 1, 28, 28) });
        Assert.Equal([2, 10], result["probabilities"].Shape.ToArray());
        float[] probabilities = result["probabilities"].Span<float>().ToArray();
        Assert.Equal(1, probabilities.Take(10).Sum(), 4);
        Assert.All(result["logits"].Span<float>().ToArray(), logit => Assert.InRange(logit, -30, 30));
        Assert.Contains(probabilities.Take(10), p => Math.Abs(p - 0.1) > 1e-4);
    }

    [Theory]
    [InlineData("cnn2", 421_642 + 1 + 2)]
    [InlineData("cnn2-dropout", 225_034 + 1 + 2 + 3)]
    public void Has_the_parameters_of_the_network_that_it_is_named_after(string name, int count)
    {
        // The published counts, and temperature, input mean and scale, and dropout ratios.
        Graph graph = Architecture.Build(name, Digits, 1);
        Assert.Equal(count, graph.Initializers.Values.Sum(t => t.Length));
    }

    [Fact]
    public void Weights_follow_from_the_seed_and_have_the_variance_of_He()
    {
        Graph first = Architecture.Build("vgg", Digits, 7), same = Architecture.Build("vgg", Digits, 7), other = Architecture.Build("vgg", Digits, 8);
        const string Name = "stage3.conv2.weight";
        Assert.Equal(first.Initializers[Name].Span<float>().ToArray(), same.Initializers[Name].Span<float>().ToArray());
        Assert.NotEqual(first.Initializers[Name].Span<float>().ToArray(), other.Initializers[Name].Span<float>().ToArray());
        double variance = first.Initializers[Name].Span<float>().ToArray().Average(w => (double)w * w);
        Assert.InRange(variance * 128 * 9 / 2, 0.97, 1.03);
    }

    [Fact]
    public void Width_scales_the_channels()
    {
        Graph graph = Architecture.Build("residual", Digits, 1, width: 1.5);
        Assert.Equal([48, 1, 3, 3], graph.Initializers["stem.weight"].Shape.ToArray());
    }

    [Fact]
    public void Unknown_names_are_refused_with_the_known_ones()
    {
        string message = Assert.Throws<ArgumentException>(() => Architecture.Build("alexnet", Digits, 1)).Message;
        Assert.Contains("residual", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_head_can_be_replaced()
    {
        Graph graph = Architecture.Build("cnn2", Digits, 1, width: 0.5);
        float[] before = graph.Initializers["conv1.weight"].Span<float>().ToArray();
        ClassifierHead.Replace(graph, ["a", "b", "c"], seed: 2);
        GraphValidator.Validate(graph);
        Assert.Equal(before, graph.Initializers["conv1.weight"].Span<float>().ToArray());
        Assert.Equal([3, 64], graph.Initializers["dense2.weight"].Shape.ToArray());
        Assert.True(ClassifierHead.HasLabels(graph, ["a", "b", "c"]));
        Tensor probabilities = Interpreter.Run(graph, new Dictionary<string, Tensor> { ["input"] = Tensor.Create(new float[784], 1, 1, 28, 28) })["probabilities"];
        Assert.Equal([1, 3], probabilities.Shape.ToArray());
    }

    [Fact]
    public void Weights_load_by_name_without_the_head_of_other_classes()
    {
        Graph from = Architecture.Build("cnn2", Digits, 1, width: 0.5);
        string[] letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        Graph graph = Architecture.Build("cnn2", letters, 2, width: 0.5);
        float[] head = graph.Initializers["dense2.weight"].Span<float>().ToArray();
        ClassifierHead.LoadWeights(graph, [from], letters);
        Assert.Equal(from.Initializers["conv2.weight"].Span<float>().ToArray(), graph.Initializers["conv2.weight"].Span<float>().ToArray());
        Assert.Equal(head, graph.Initializers["dense2.weight"].Span<float>().ToArray());
        Graph digits = Architecture.Build("cnn2", Digits, 2, width: 0.5);
        ClassifierHead.LoadWeights(digits, [from], Digits);
        Assert.Equal(from.Initializers["dense2.weight"].Span<float>().ToArray(), digits.Initializers["dense2.weight"].Span<float>().ToArray());
    }

    [Fact]
    public void Of_several_models_the_mean_of_the_weights_loads_where_all_have_them()
    {
        Graph[] from = [Architecture.Build("cnn2", Digits, 1, width: 0.5), Architecture.Build("cnn2", Digits, 2, width: 0.5), Architecture.Build("cnn2", Digits, 3, width: 0.5)];
        Graph graph = Architecture.Build("cnn2", Digits, 4, width: 0.5);
        float[] before = graph.Initializers["dense1.weight"].Span<float>().ToArray();
        from[2].Initializers.Remove("dense1.weight");
        int loaded = ClassifierHead.LoadWeights(graph, from, Digits);
        float[][] kernels = [.. from.Select(g => g.Initializers["conv2.weight"].Span<float>().ToArray())];
        float[] mean = [.. Enumerable.Range(0, kernels[0].Length).Select(i => (float)kernels.Average(k => (double)k[i]))];
        Assert.Equal(mean, graph.Initializers["conv2.weight"].Span<float>().ToArray(), (a, b) => Math.Abs(a - b) <= 1e-7f);
        Assert.Equal(before, graph.Initializers["dense1.weight"].Span<float>().ToArray());
        Assert.Equal(ClassifierHead.LoadWeights(graph, from[..2], Digits) - 1, loaded);
    }

    [Theory]
    [InlineData("residual")]
    [InlineData("vgg")]
    [InlineData("cnn2")]
    [InlineData("nano")]
    [InlineData("lenet5")]
    public void A_widened_network_gives_the_same_answers_and_learns_with_what_was_added(string name)
    {
        Graph trained = Architecture.Build(name, Digits, 1, width: 0.5), fresh = Architecture.Build(name, Digits, 2, width: 1.5), wider = Widening.Apply(trained, fresh);
        Assert.All(fresh.Initializers, pair => Assert.Equal(pair.Value.Shape.ToArray(), wider.Initializers[pair.Key].Shape.ToArray()));
        Tensor image = NetworkBuilder.RandomTensor(3, "image", 1, 2, 1, 28, 28);
        float[] before = Scores(trained), after = Scores(wider);
        Assert.Equal(before, after, (a, b) => Math.Abs(a - b) <= 1e-4f);
        // Inputs that were added have weights to be learnt, which matter.
        foreach (Tensor weight in wider.Initializers.Values.Where(tensor => tensor.Rank > 1)) weight.Span<float>()[weight.Length / weight.Shape[0] - 1] += 1;
        Assert.NotEqual(before, Scores(wider), (a, b) => Math.Abs(a - b) <= 1e-4f);
        Assert.Equal(fresh.Initializers.Count, ClassifierHead.LoadWeights(fresh, [wider], Digits));

        float[] Scores(Graph graph) => Interpreter.Run(graph, new Dictionary<string, Tensor> { ["input"] = image })["logits"].Span<float>().ToArray();
    }

    [Fact]
    public void Another_network_is_not_widened()
    {
        Graph wide = Architecture.Build("cnn2", Digits, 1);
        foreach (Graph other in (Graph[])[Architecture.Build("cnn2", Digits, 2), Architecture.Build("cnn2", Digits, 2, width: 2), Architecture.Build("cnn2-dropout", Digits, 2, width: 0.5),
            Architecture.Build("vgg", Digits, 2, width: 0.5), Architecture.Build("cnn2", [.. Digits, "a"], 2, width: 0.5)])
            Assert.Same(other, Widening.Apply(other, wide));
    }
}
