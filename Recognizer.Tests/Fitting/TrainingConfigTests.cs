using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Commands;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public partial class TrainingConfigTests
{
    [Fact]
    public void Json_keeps_everything()
    {
        var config = new TrainingConfig
        {
            Dataset = "mnist", Architecture = "vgg", Width = 0.5, Epochs = 3, BatchSize = 64, Optimizer = "sgd", LearningRate = 0.1, Schedule = "cosine", WeightDecay = 1e-4,
            GradientClipping = 1, Ema = 0, LabelSmoothing = 0.1, Augment = "light", Validation = 0.2, Patience = 2, Seed = ulong.MaxValue, Alphabet = ["ä", "ch"], Normalizer = "mnist", Initial = ["a.onnx", "b.onnx"], Freeze = ["conv*", "b"],
            Coarser = ["c", "d"], ClassFrequencies = new Dictionary<string, double> { ["ä"] = 3, ["ß"] = 0.5 }, Teachers = ["t.onnx"], Distillation = 0.7, Marks = 0.1, Painted = 0.3,
        };
        TrainingConfig read = TrainingConfig.FromJson(config.ToJson());
        // Collections are compared by what is in them.
        Assert.Equal([config.Freeze, config.Coarser, config.Teachers, config.Initial, config.Alphabet], new[] { read.Freeze, read.Coarser, read.Teachers, read.Initial, read.Alphabet });
        Assert.Equal(config.ClassFrequencies, read.ClassFrequencies);
        Assert.Equal(Plain(config), Plain(read));
        Assert.Equal(config.ToJson(), read.ToJson());

        static TrainingConfig Plain(TrainingConfig config) => config with { Freeze = NoNames, Coarser = NoNames, Teachers = NoNames, Initial = NoNames, Alphabet = NoNames, ClassFrequencies = null };
    }

    private static readonly string[] NoNames = [];

    [Fact]
    public void What_a_file_leaves_out_takes_its_default()
    {
        Assert.Equal((new TrainingConfig() with { Epochs = 3 }).ToJson(), TrainingConfig.FromJson("{ \"epochs\": 3, /* short */ }").ToJson());
        TrainingConfig defaults = TrainingDefaults.For(TrainingConfig.FromJson("{\"optimizer\": \"sgd\"}"));
        Assert.Equal(TrainingDefaults.SgdLearningRate, TrainingConfig.FromJson("{\"optimizer\": \"sgd\"}", defaults).LearningRate);
        Assert.Equal(1, TrainingConfig.FromJson("{\"learningRate\": 1}", defaults).LearningRate);
        Dataset mnist = new("digits", ["0", "1"], null, null) { Layout = NormalizerLayout.Mnist };
        Assert.Equal("mnist", TrainingDefaults.For(defaults, mnist).Normalizer);
        Assert.Equal("emnist", TrainingDefaults.For(defaults, new Dataset("mnist", ["0", "1"], null, null)).Normalizer);
        Assert.Equal("emnist", TrainingDefaults.For(TrainingConfig.FromJson("{\"normalizer\": \"emnist\"}", defaults), mnist).Normalizer);
    }

    [Fact]
    public void The_readme_lists_every_setting_with_its_option_and_default()
    {
        string readme = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "README.md")).ReplaceLineEndings("\n");
        int start = readme.IndexOf("<!-- settings -->\n", StringComparison.Ordinal), end = readme.IndexOf("<!-- /settings -->", StringComparison.Ordinal);
        Assert.True(start >= 0 && end > start);
        string[][] rows = [.. readme[start..end].Split('\n', StringSplitOptions.RemoveEmptyEntries)[3..].Select(row => row.Split('|', StringSplitOptions.TrimEntries)[1..4])];
        Assert.Equal(TrainingConfig.Names, rows.Select(row => row[0].Trim('`')));

        JsonObject defaults = JsonNode.Parse(new TrainingConfig().ToJson())!.AsObject();
        Assert.All(rows, row =>
        {
            if (defaults[row[0].Trim('`')] is { } value) Assert.StartsWith(value is JsonArray ? "none" : value.ToString(), row[2], StringComparison.Ordinal);
        });

        using var help = new StringWriter();
        CommandLine.Run(["train", "--help"], new CommandHost(help, help, CancellationToken.None));
        string[] other = ["--config", "--resume", "--output", "--data", "--offline", "--threads", "--json"];
        Assert.Equal(OptionLine().Matches(help.ToString()).Select(match => match.Groups[1].Value).Except(other).Order(StringComparer.Ordinal),
            rows.Select(row => row[1].Trim('`')).Where(option => option != "only in the file").Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("^  (--[a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex OptionLine();

    [Theory]
    [InlineData("\"a-{seed}.onnx\"", "a-7.onnx")]
    [InlineData("[\"a.onnx\", \"b{seed}.onnx\"]", "a.onnx", "b7.onnx")]
    [InlineData("null")]
    public void One_initial_model_is_a_text_and_several_are_a_list(string json, params string[] files)
    {
        TrainingConfig config = TrainingConfig.FromJson($"{{\"seed\": 7, \"initial\": {json}}}");
        Assert.Equal(files, config.InitialFiles);
        Assert.Equal(files, TrainingConfig.FromJson(config.ToJson()).InitialFiles);
    }

    [Theory]
    [InlineData("\"digits\"", "ab", false)]
    [InlineData("\"ab7\"", "ab", false)]
    [InlineData("[\"ab\", \"7\"]", "ab", true)]
    public void An_alphabet_is_a_text_or_a_list_of_labels(string json, string label, bool contained)
    {
        TrainingConfig config = TrainingConfig.FromJson($"{{\"alphabet\": {json}}}");
        Assert.Equal((contained, true), (config.Classes!.Contains(label), config.Classes.Contains("7")));
    }

    [Fact]
    public void Class_frequencies_are_those_of_a_known_data_set_where_it_is_named()
    {
        TrainingConfig config = TrainingConfig.FromJson("{\"classFrequencies\": \"emnist-byclass\"}");
        Assert.Equal((62, 34585, 15318), (config.ClassFrequencies!.Count, config.ClassFrequencies["0"], config.ClassFrequencies["l"]));
        Assert.Equal(config.ClassFrequencies, TrainingConfig.FromJson(config.ToJson()).ClassFrequencies);
        Assert.All(TrainingConfig.FromJson("{\"classFrequencies\": \"emnist-letters\"}").ClassFrequencies!.Values, count => Assert.Equal(4800, count));
    }

    [Theory]
    [InlineData("{\"classFrequencies\": \"emnist-byglass\"}", "classFrequencies is 'emnist-byglass'; expected numbers by class, or one of mnist, emnist-byclass,")]
    [InlineData("{\"classFrequencies\": 3}", "classFrequencies")]
    [InlineData("{\"classFrequencies\": { \"a\": \"b\" }}", "classFrequencies")]
    [InlineData("{\"classFrequencies\": { \"a\": [1] }}", "classFrequencies")]
    [InlineData("{\"initial\": 1}", "initial")]
    [InlineData("{\"alphabet\": 1}", "alphabet")]
    [InlineData("{\"initial\": [\"a\", 1]}", "initial")]
    [InlineData("{\"freeze\": [null]}", "freeze has null in its list")]
    [InlineData("{\"coarser\": [\"a\", null]}", "coarser has null in its list")]
    [InlineData("{\"teachers\": [null]}", "teachers has null in its list")]
    [InlineData("{\"initial\": [null]}", "initial has null in its list")]
    [InlineData("{\"layout\": \"Mnist\"}", "there is no setting 'layout'")]
    [InlineData("{\"initialFiles\": [\"a.onnx\"]}", "there is no setting 'initialFiles'")]
    [InlineData("{\"epoch\": 3}", "epoch")]
    [InlineData("{\"epochs\": \"three\"}", "epochs")]
    [InlineData("{\"dataset\": null}", "dataset")]
    [InlineData("{\"epochs\": 1, \"epochs\": 2}", "epochs")]
    [InlineData("[1]", "")]
    [InlineData("{", "")]
    public void Mistakes_in_the_file_are_named(string json, string name) =>
        Assert.Contains(name, Assert.Throws<FormatException>(() => TrainingConfig.FromJson(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Only_settings_are_offered_in_place_of_one_that_does_not_exist()
    {
        string message = Assert.Throws<FormatException>(() => TrainingConfig.FromJson("{\"epoch\": 3}")).Message;
        Assert.Contains("epochs, ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("layout", message, StringComparison.Ordinal);
        Assert.DoesNotContain("initialFiles", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Impossible_values_are_named()
    {
        TrainingConfig usual = new();
        usual.Validate();
        foreach ((TrainingConfig config, string name) in new[]
        {
            (usual with { Epochs = 0 }, "epochs"), (usual with { BatchSize = 0 }, "batch-size"), (usual with { LearningRate = 0 }, "learning-rate"),
            (usual with { LearningRate = double.NaN }, "learning-rate"), (usual with { Ema = 1 }, "ema"), (usual with { Validation = 1 }, "validation"),
            (usual with { Patience = 1, Validation = 0 }, "patience"), (usual with { LabelSmoothing = -0.1 }, "label-smoothing"), (usual with { Augment = "x" }, "augmentation"),
            (usual with { Architecture = "vvg" }, "architecture"), (usual with { Optimizer = "lion" }, "optimizer"), (usual with { Schedule = "" }, "schedule"), (usual with { Alphabet = [""] }, "alphabet"), (usual with { Alphabet = [] }, "alphabet"),
            (usual with { Architecture = "model.onnx", Width = 0.5 }, "width"), (usual with { FinalAugment = "light" }, "final-augment"), (usual with { FinalShare = 0.5 }, "final-share"),
        })
        {
            Assert.Contains(name, Assert.Throws<FormatException>(config.Validate).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Output_is_named_after_data_and_network()
    {
        Assert.Equal("mnist-cnn2", TrainingDefaults.Name(new TrainingConfig { Dataset = "mnist", Architecture = "cnn2" }));
        Assert.Equal("letters-model", TrainingDefaults.Name(new TrainingConfig { Dataset = "data/letters/", Architecture = "models/x/model.onnx" }));
    }

    [Theory]
    [InlineData("letters.csv", "letters")]
    [InlineData("data/letters.CSV.gz", "letters")]
    [InlineData("emnist-letters.mat", "emnist-letters")]
    [InlineData("kmnist.npz", "kmnist")]
    [InlineData("letters-2026.11.30.zip", "letters-2026.11.30")]
    [InlineData("letters/dataset.json", "dataset")]
    [InlineData("letters-2026.11.30", "letters-2026.11.30")]
    [InlineData("data\\letters.v2\\", "letters.v2")]
    [InlineData(".", "data")]
    public void Only_what_is_an_ending_is_taken_off(string dataset, string name) =>
        Assert.Equal($"{name}-cnn2", TrainingDefaults.Name(new TrainingConfig { Dataset = dataset, Architecture = "cnn2" }));

    [Fact]
    public void A_folder_has_no_ending()
    {
        using var folder = new TemporaryFolder();
        string path = Directory.CreateDirectory(Path.Combine(folder.Root, "letters.zip")).FullName;
        Assert.Equal("letters.zip-cnn2", TrainingDefaults.Name(new TrainingConfig { Dataset = path }));
    }
}
