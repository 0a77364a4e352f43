using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.TorchSharp;
using Recognizer.Training;
using Recognizer.Training.Architectures;
using Recognizer.Training.Differentiation;
using TorchSharp;
using Xunit;
using Tensor = Recognizer.Inference.Onnx.Tensor;

namespace Recognizer.Integrations.Tests;

public class TorchSharpTests
{
    public TorchSharpTests() => torch.set_num_threads(1);

    public static TheoryData<string> Architectures => [.. Architecture.Names];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_graph_computes_the_same_as_a_module(string architecture)
    {
        Graph graph = Models.Network(architecture);
        float[] pixels = Models.Pixels(3);
        foreach (string output in new[] { "logits", "probabilities" })
        {
            using Plan plan = Plan.Compile(graph, new PlanOptions { Outputs = [output] });
            var expected = new float[30];
            plan.Run(pixels, 3, expected);
            using var module = new GraphModule(graph, output);
            Assert.Equal(expected, Forward(module, pixels), (a, b) => Math.Abs(a - b) < 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Weights_come_back_unchanged(string architecture)
    {
        Graph graph = Models.Network(architecture);
        using var module = new GraphModule(graph);
        Assert.Equal(OnnxWriter.ToBytes(graph), OnnxWriter.ToBytes(module.ToGraph()));

        Graph other = Models.Network(architecture, seed: 8);
        module.CopyFrom(other);
        Assert.Equal(OnnxWriter.ToBytes(other), OnnxWriter.ToBytes(module.ToGraph()));
        // Scalars that normalise pixels and calibrate logits are not learnt.
        string[] parameters = [.. module.named_parameters().Select(parameter => parameter.name)];
        Assert.DoesNotContain("input.mean", parameters);
        Assert.DoesNotContain("temperature", parameters);
        Assert.Equal(parameters.Order(StringComparer.Ordinal), TrainedByTheEngine(graph).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("cnn2", false)]
    [InlineData("nano", false)]
    [InlineData("residual", false)]
    [InlineData("residual", true)]
    [InlineData("lenet5", false)]
    public void Gradients_and_statistics_are_the_engines(string architecture, bool isFrozen)
    {
        Graph graph = Models.Network(architecture);
        IEnumerable<string> norms = graph.Nodes.Where(node => node.OperatorType == "BatchNormalization").SelectMany(node => node.Inputs.Skip(1).Take(2));
        var options = new TrainingPlanOptions { BatchSize = 8, Winograd = false, Frozen = isFrozen ? norms.ToHashSet(StringComparer.Ordinal) : [] };
        using ITrainingPlan engine = new TrainingPlan(graph, options), torchs = new TorchTrainingPlan(graph, options, torch.CPU);
        // As a resumed training does
        foreach (ITrainingPlan plan in new[] { engine, torchs })
            foreach ((_, Memory<float> values) in plan.Statistics)
                for (int i = 0; i < values.Length; i++) values.Span[i] = 0.5f + 0.01f * i;
        float[] pixels = Models.Pixels(6);
        var loss = new SoftmaxCrossEntropy(new[] { 1, 4, 0, SoftmaxCrossEntropy.NoCharacter, 9, 2 }, 0.1f);
        StepResult expected = engine.Step(pixels, 6, loss, 1), actual = torchs.Step(pixels, 6, loss, 1);
        Assert.Equal(expected.Loss, actual.Loss, 1e-5);
        Assert.Equal(expected.Correct, actual.Correct);
        foreach (Training.Optimization.Parameter parameter in engine.Parameters.Parameters)
        {
            float[] ours = engine.Parameters.Gradient(parameter).ToArray(), theirs = torchs.Parameters.Gradient(parameter).ToArray();
            float scale = Math.Max(1e-3f, ours.Max(Math.Abs));
            Assert.Equal(ours, theirs, (a, b) => Math.Abs(a - b) < 2e-4f * scale);
        }
        foreach (((string name, Memory<float> ours), (string otherName, Memory<float> theirs)) in engine.Statistics.Zip(torchs.Statistics))
        {
            Assert.Equal(name, otherName);
            Assert.Equal(ours.ToArray(), theirs.ToArray(), (a, b) => Math.Abs(a - b) < 1e-4f * Math.Max(1, Math.Abs(a)));
        }
    }

    [Fact]
    public void A_recipe_trains_and_exports()
    {
        string folder = Directory.CreateTempSubdirectory("recognizer-").FullName;
        try
        {
            var lines = new List<string>();
            TorchTrainingResult result = TorchTrainer.Train("""{ "dataset": "strokes", "architecture": "nano", "epochs": 1, "augment": "none", "alphabet": "01", "batchSize": 32 }""",
                new TorchTrainerOptions { Output = folder, Device = torch.CPU, Threads = 1, Offline = true, Progress = lines.Add });
            Assert.True(result.Metrics.MicroAccuracy > 0.8, $"{result.Metrics.MicroAccuracy}\n{string.Join('\n', lines)}");
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(result.ModelPath);
            Assert.Equal(["0", "1"], recognizer.Labels);
            Assert.Throws<FormatException>(() => TorchTrainer.Train("""{ "epoch": 1 }""", new TorchTrainerOptions { Output = folder }));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Files_that_can_not_be_read_are_named()
    {
        string folder = Directory.CreateTempSubdirectory("recognizer-").FullName, set = Path.Combine(folder, "set");
        try
        {
            byte[] images = [.. Models.Pixels(40).Select(pixel => (byte)(255 * pixel))];
            foreach (string label in (string[])["0", "1"]) Directory.CreateDirectory(Path.Combine(set, label));
            for (int i = 0; i < 40; i++) File.WriteAllBytes(Path.Combine(set, $"{i % 2}", $"{i}.png"), PngEncoder.Encode(28, 28, 1, images.AsSpan(784 * i, 784)));
            File.WriteAllText(Path.Combine(set, "0", "broken.png"), "nothing");
            var lines = new List<string>();
            TorchTrainer.Train($$"""{ "dataset": {{JsonSerializer.Serialize(set)}}, "architecture": "nano", "epochs": 1, "batchSize": 8 }""",
                new TorchTrainerOptions { Output = folder, Device = torch.CPU, Threads = 1, Progress = lines.Add });
            Assert.Contains(lines, line => line.StartsWith("unreadable: ", StringComparison.Ordinal) && line.Contains("broken.png", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Modules_export_with_all_usual_layers()
    {
        using torch.nn.Module<torch.Tensor, torch.Tensor> module = torch.nn.Sequential(
            ("stem", torch.nn.Sequential(torch.nn.Conv2d(1, 8, 5, Padding.Same), torch.nn.BatchNorm2d(8), torch.nn.ReLU())),
            ("pool", torch.nn.MaxPool2d(2)),
            ("conv", torch.nn.Conv2d(8, 12, 3, stride: 2, padding: 1, bias: false)),
            ("leaky", torch.nn.LeakyReLU(0.2)),
            ("grouped", torch.nn.Conv2d(12, 12, 3, padding: 1, groups: 12)),
            ("gelu", torch.nn.GELU()),
            ("silu", torch.nn.SiLU()),
            ("mean", torch.nn.AvgPool2d(3, stride: 2, padding: 1)),
            ("drop", torch.nn.Dropout2d(0.3)),
            ("elu", torch.nn.ELU(0.7)),
            ("swish", torch.nn.Hardswish()),
            ("flat", torch.nn.Flatten()),
            ("dense", torch.nn.Linear(12 * 16, 20)),
            ("norm", torch.nn.BatchNorm1d(20, affine: false)),
            ("six", torch.nn.ReLU6()),
            ("tanh", torch.nn.Tanh()),
            ("out", torch.nn.Linear(20, 10, hasBias: false)));
        // Statistics that are not the initial ones.
        using (torch.no_grad())
            for (int i = 0; i < 3; i++) module.forward(torch.randn(16, 1, 28, 28));
        module.eval();
        Graph graph = OnnxReader.Read(OnnxWriter.ToBytes(ModuleExport.ToGraph(module, Models.Digits)));
        Assert.Contains("stem.0.weight", graph.Initializers.Keys);

        float[] pixels = Models.Pixels(4), expected = Forward(module, pixels), actual = new float[40];
        using Plan plan = Plan.Compile(graph, new PlanOptions { Outputs = ["logits"] });
        plan.Run(pixels, 4, actual);
        Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-4);
        using var runtime = new Recognizer.OnnxRuntime.OnnxRuntimeRunner(graph, new PlanOptions { Outputs = ["logits"] });
        runtime.Run(pixels, 4, actual);
        Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-4);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph);
        Assert.Equal(Models.Digits, recognizer.Labels);
    }

    [Fact]
    public void Unknown_modules_are_named_and_can_be_taught()
    {
        using torch.nn.Module<torch.Tensor, torch.Tensor> module = torch.nn.Sequential(("flat", torch.nn.Flatten()), ("twice", new Twice()), ("out", torch.nn.Linear(784, 10)));
        Assert.Contains("'twice'", Assert.Throws<NotSupportedException>(() => ModuleExport.ToGraph(module, Models.Digits)).Message, StringComparison.Ordinal);
        Graph graph = ModuleExport.ToGraph(module, Models.Digits, exporters: [new TwiceExporter()]);
        var actual = new float[20];
        using Plan plan = Plan.Compile(graph, new PlanOptions { Outputs = ["logits"] });
        plan.Run(Models.Pixels(2), 2, actual);
        Assert.Equal(Forward(module, Models.Pixels(2)), actual, (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Fact]
    public void A_module_of_a_graph_exports_that_graph_or_says_what_does_not_fit()
    {
        Graph graph = Models.Network();
        using var module = new GraphModule(graph);
        Assert.Equal(OnnxWriter.ToBytes(graph), OnnxWriter.ToBytes(ModuleExport.ToGraph(module, Models.Digits, [1, 28, 28], [new TwiceExporter()])));
        Assert.Equal("labels", Assert.Throws<ArgumentException>(() => ModuleExport.ToGraph(module, [.. Models.Digits.Reverse()])).ParamName);
        Assert.Equal("inputShape", Assert.Throws<ArgumentException>(() => ModuleExport.ToGraph(module, Models.Digits, [1, 32, 32])).ParamName);

        graph.Metadata.Remove("recognizer.labels");
        using var unnamed = new GraphModule(graph);
        Assert.Equal("labels", Assert.Throws<ArgumentException>(() => ModuleExport.ToGraph(unnamed, Models.Digits[..9])).ParamName);
        string[] letters = [.. "abcdefghij".Select(letter => letter.ToString())];
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(ModuleExport.ToGraph(unnamed, letters));
        Assert.Equal(letters, recognizer.Labels);

        // An exporter comes before the graph.
        Graph other = ModuleExport.ToGraph(module, Models.Digits, exporters: [new StandInExporter()]);
        Assert.Contains(other.Nodes, node => node.OperatorType == "Flatten");
        Assert.DoesNotContain(other.Nodes, node => node.OperatorType == "Conv");
    }

    [Fact]
    public void Labels_and_input_have_to_fit_the_layers()
    {
        using torch.nn.Module<torch.Tensor, torch.Tensor> module = torch.nn.Sequential(("flat", torch.nn.Flatten()), ("out", torch.nn.Linear(784, 10)));
        Assert.Contains("logits", Assert.Throws<OnnxException>(() => ModuleExport.ToGraph(module, Models.Digits[..9])).Message, StringComparison.Ordinal);
        Assert.Contains("out", Assert.Throws<OnnxException>(() => ModuleExport.ToGraph(module, Models.Digits, [1, 20, 20])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Operators_without_a_form_are_named()
    {
        Graph graph = Models.Network();
        graph.Nodes.Single(node => node.Name == "relu1").Outputs[0] = "before";
        graph.Nodes.Insert(graph.Nodes.IndexOf(graph.Nodes.Single(node => node.Name == "pool1")), new Node("Sign", ["before"], ["relu1"], "odd"));
        Assert.Contains("odd", Assert.Throws<NotSupportedException>(() => new GraphModule(graph)).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> TrainedByTheEngine(Graph graph)
    {
        using var plan = new TrainingPlan(graph, new TrainingPlanOptions { BatchSize = 4 });
        return plan.Parameters.Parameters.Select(parameter => parameter.Name);
    }

    private static float[] Forward(torch.nn.Module<torch.Tensor, torch.Tensor> module, float[] pixels)
    {
        using IDisposable untracked = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        module.eval();
        return module.forward(torch.tensor(pixels, [pixels.Length / 784, 1, 28, 28])).data<float>().ToArray();
    }

    private sealed class Twice() : torch.nn.Module<torch.Tensor, torch.Tensor>(nameof(Twice))
    {
        public override torch.Tensor forward(torch.Tensor input) => input * 2;
    }

    private sealed class StandInExporter : IModuleExporter
    {
        public bool TryExport(torch.nn.Module module, ModuleGraph graph)
        {
            if (module is not GraphModule) return false;
            graph.Apply("Flatten");
            graph.Apply("MatMul", [graph.Weight("weight", torch.ones(784, 10))]);
            return true;
        }
    }

    private sealed class TwiceExporter : IModuleExporter
    {
        public bool TryExport(torch.nn.Module module, ModuleGraph graph)
        {
            if (module is not Twice) return false;
            graph.Apply("Mul", [graph.Constant("two", 2)]);
            return true;
        }
    }
}
