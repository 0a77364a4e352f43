using System.Text.Json;
using System.Text.Json.Nodes;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Tests.Fitting;
using Recognizer.Training.Architectures;
using Recognizer.Training.Commands;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private const string Plan = """{ "summary": "s", "data": "d", "limits": "l", "licence": "t", "evaluations": [ { "title": "a", "arguments": "--dataset mnist" } ], "runs": [{ "seed": 9, "validation": [0.9, 0.02], "test": [0.8, 0.03], "hours": 1.5 }] }""";

    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _folder.Dispose();

    private int Run(params string[] arguments) => Run(CancellationToken.None, arguments);

    private int Run(CancellationToken cancellation, params string[] arguments)
    {
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        return CommandLine.Run(arguments, new CommandHost(_output, _error, cancellation));
    }

    // Exactly one document, and nothing else, on standard output.
    private JsonElement Json()
    {
        using JsonDocument document = JsonDocument.Parse(_output.ToString());
        return document.RootElement.Clone();
    }

    private (bool IsWhole, string? Alphabet, bool IgnoreCase) Conditions() =>
        (Json().GetProperty("isWhole").GetBoolean(), Json().GetProperty("alphabet").GetString(), Json().GetProperty("ignoreCase").GetBoolean());

    private string[] TrainShapes(string output, params string[] more)
    {
        Shapes.Save(_folder.Root, Shapes.Make());
        return ["train", "--dataset", "shapes", "--data", _folder.Root, "--epochs", "2", "--width", "0.25", "--batch-size", "16", "--threads", "1", "--output", output, .. more];
    }

    // In another size than 28x28, so that the normaliser lays them out.
    private string SaveWithoutParts(string name, int count)
    {
        DatasetPart part = Shapes.Make(count, 0).Train!;
        for (int i = 0; i < count; i++)
        {
            var pixels = new byte[40 * 40];
            for (int y = 0; y < 28; y++) part.Image(i).Slice(28 * y, 28).CopyTo(pixels.AsSpan(40 * (y + 6) + 6));
            _folder.Write($"{name}/{"abcd"[part.Labels[i]]}/{i}.png", PngEncoder.Encode(new GrayImage(40, 40, pixels)));
        }
        return System.IO.Path.Combine(_folder.Root, name);
    }

    private string SaveModel(string name = "model.onnx", params string[] labels)
    {
        string path = System.IO.Path.Combine(_folder.Root, name);
        OnnxWriter.WriteFile(Architecture.Build("cnn2", labels.Length > 0 ? labels : ["-", "|", "o", "x"], 1, 0.25), path);
        return path;
    }

    private static void SpoilWeights(string model)
    {
        Graph graph = OnnxReader.ReadFile(model);
        foreach (Tensor weights in graph.Initializers.Values.Where(tensor => tensor.ElementType == ElementType.Float)) weights.Span<float>().Fill(float.NaN);
        OnnxWriter.WriteFile(graph, model);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("train --help")]
    [InlineData("evaluate -h")]
    [InlineData("predict --help")]
    [InlineData("read --help")]
    [InlineData("inspect --help")]
    public void Help_has_examples_and_goes_to_standard_output(string arguments)
    {
        Assert.Equal(0, Run(arguments.Split(' ')));
        Assert.Contains("Examples (", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _error.ToString());
    }

    [Fact]
    public void Help_says_what_each_network_is()
    {
        Run("train", "--help");
        Assert.All(Architecture.Names, name => Assert.Contains($" {name}: ", _output.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--epochs", 10, "6")]
    [InlineData("--augment", "none", "standard")]
    public void Help_says_what_is_otherwise_for_strokes(string option, object usual, string strokes)
    {
        Run("train", "--help");
        // The next option ends a description, which may go over several lines.
        string text = _output.ToString();
        Assert.Matches($@"(?s)^  {option} (?:(?!\n  --).)*\[default:\s+{usual},\s+for\s+strokes\s+{strokes}\]", text[text.IndexOf($"  {option} ", StringComparison.Ordinal)..]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("trian")]
    [InlineData("train --epochs many")]
    [InlineData("train --epochs 0")]
    [InlineData("train --optimizer lion")]
    [InlineData("train --architecture transformer")]
    [InlineData("train --alphabet=")]
    [InlineData("predict --alphabet digit a.png")]
    [InlineData("read --alphabet UpperCase a.png")]
    [InlineData("datasets show")]
    [InlineData("train --augment sideways")]
    [InlineData("train --validation 1")]
    [InlineData("train --threads 0")]
    [InlineData("predict")]
    [InlineData("predict a.png --top 0")]
    [InlineData("evaluate --split middle --dataset mnist")]
    [InlineData("evaluate --dataset mnist --baseline metrics.json")]
    [InlineData("inspect")]
    [InlineData("read --orientaton detect a.png")]
    [InlineData("predict a.png --jsn")]
    public void Wrong_usage_is_2_with_a_reason_on_standard_error(string arguments)
    {
        Assert.Equal(2, Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        string error = _error.ToString();
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", error, StringComparison.Ordinal);
        Assert.DoesNotContain("\t", error, StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Theory]
    [InlineData("--model", "evaluate", "--dataset", "mnist", "--model", "")]
    [InlineData("--dataset", "evaluate", "--dataset", "")]
    [InlineData("--alphabet", "predict", "--alphabet", "", "a.png")]
    [InlineData("--run", "card", "a.onnx", "--plan", "a", "--recipe", "b", "--run", "c", "--run", "")]
    [InlineData("--output", "export", "a.onnx", "--output", "")]
    [InlineData("FILE.onnx", "inspect", "")]
    [InlineData("NAME", "datasets", "verify", "")]
    public void An_empty_value_is_wrong_usage(string name, params string[] arguments)
    {
        Assert.Equal(2, Run(arguments));
        Assert.StartsWith($"error: {name} takes a value that isn't empty.", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_usage_names_the_help_of_the_command()
    {
        Run("datasets", "show");
        Assert.Contains("Try: recognizer datasets show --help", _error.ToString(), StringComparison.Ordinal);
        Run();
        Assert.Contains("Try: recognizer --help", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect nowhere.onnx")]
    [InlineData("predict --model nowhere.onnx a.png")]
    [InlineData("evaluate --model nowhere.onnx --dataset mnist")]
    [InlineData("evaluate --dataset mnist --corruptions --baseline nowhere.json")]
    [InlineData("train --dataset no-such-set --offline")]
    [InlineData("train --config nowhere.json")]
    public void Failures_are_1_with_one_line_and_no_stack_trace(string arguments)
    {
        Assert.Equal(1, Run(arguments.Split(' ')));
        string error = _error.ToString();
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_models_are_refused()
    {
        string path = _folder.Write("broken.onnx", "this is no model"u8);
        Assert.Equal(1, Run("inspect", path));
        Assert.Equal(1, Run("predict", "--model", path, "a.png"));
    }

    [Fact]
    public void Inspect_counts_parameters_and_multiply_adds()
    {
        string path = System.IO.Path.Combine(_folder.Root, "cnn2.onnx");
        OnnxWriter.WriteFile(Architecture.Build("cnn2", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], 1), path);
        Assert.Equal(0, Run("inspect", path, "--json"));
        JsonElement json = Json();
        Assert.Equal(421_645, json.GetProperty("parameters").GetInt64());
        Assert.Equal(28 * 28 * 32 * 9 + 14 * 14 * 64 * 32 * 9 + 3136 * 128 + 128 * 10, json.GetProperty("multiplyAdds").GetInt64());
        Assert.Equal(2, json.GetProperty("operators").GetProperty("Conv").GetInt32());
        Assert.Equal("N", json.GetProperty("inputs")[0].GetProperty("shape")[0].GetString());
        Assert.Equal(28, json.GetProperty("inputs")[0].GetProperty("shape")[2].GetInt32());
        Assert.Equal(["logits", "probabilities"], json.GetProperty("outputs").EnumerateArray().Select(o => o.GetProperty("name").GetString()));
        Assert.True(json.GetProperty("metadata").TryGetProperty("recognizer.labels", out _));
        Assert.Equal(0, Run("inspect", path));
        Assert.Contains("421,645", _output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The figures are those of a set without the other classes.</summary>
    [Fact]
    public void What_the_alphabet_leaves_out_is_neither_spoilt_nor_told_from_other_pictures()
    {
        Dataset data = Shapes.Make();
        DatasetPart all = data.Test!;
        Shapes.Save(_folder.Root, data);
        Shapes.Save(_folder.Root, data with { Name = "two", Test = all.Select([.. Enumerable.Range(0, all.Count).Where(i => all.Labels[i] >= 2)]) });
        string model = SaveModel("untrained.onnx", [.. data.Labels]);
        double[][] figures = Array.ConvertAll(["shapes", "two"], (string name) =>
        {
            Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--dataset", name, "--alphabet", "xo", "--corruptions", "--outliers", "--json"));
            return (double[])[Json().GetProperty("meanCorruptionError").GetDouble(), .. Json().GetProperty("outliers").EnumerateArray().Select(o => o.GetProperty("auroc").GetDouble())];
        });
        Assert.Equal(figures[1], figures[0]);
    }

    [Theory]
    [InlineData("--corruptions")]
    [InlineData("--outliers")]
    public void Where_no_image_of_the_alphabet_can_be_read_nothing_is_spoilt(string what)
    {
        _folder.Write("set/o/broken.png", "nothing");
        _folder.Write("set/x/1.png", PngEncoder.Encode(new GrayImage(28, 28, Shapes.Make().Test!.Image(3).ToArray())));
        string[] evaluate = ["evaluate", "--model", SaveModel(), "--data", _folder.Root, "--dataset", "set", "--json", "--alphabet", "o"];
        Assert.Equal(0, Run(evaluate));
        Assert.Equal((1, 1), (Json().GetProperty("count").GetInt32(), Json().GetProperty("skipped").GetInt32()));
        Assert.Equal(1, Run([.. evaluate, what]));
        Assert.Contains("nothing to spoil", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public void Spoilt_images_are_compared_with_the_same_ones_only()
    {
        Shapes.Save(_folder.Root, Shapes.Make());
        string model = SaveModel();
        string[] evaluate = ["evaluate", "--model", model, "--data", _folder.Root, "--dataset", "shapes", "--corruptions", "--json"];
        Assert.Equal(0, Run(evaluate));
        string json = _output.ToString(), file = _folder.Write("other.json", json);
        Assert.Equal(0, Run([.. evaluate, "--baseline", file]));
        // Measuring would end in another failure.
        SpoilWeights(model);
        Refused("with another alphabet", "--alphabet", "ox");
        Refused($"{file} was measured without --ignore-case", "--ignore-case");
        foreach ((string name, string here, string other) in new[] { ("dataset", "shapes", "letters"), ("split", "test", "train") })
        {
            File.WriteAllText(file, json.Replace($"\"{name}\": \"{here}\"", $"\"{name}\": \"{other}\"", StringComparison.Ordinal));
            Refused($"{file} was measured on the ");
        }

        void Refused(string message, params string[] more)
        {
            Assert.Equal(1, Run([.. evaluate, "--baseline", file, .. more]));
            Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
            Assert.Equal("", _output.ToString());
        }
    }

    [Fact]
    public void Train_evaluate_and_predict_end_to_end()
    {
        string output = System.IO.Path.Combine(_folder.Root, "run");
        Assert.Equal(0, Run(TrainShapes(output, "--json")));
        JsonElement trained = Json();
        foreach (string file in new[] { "model.onnx", "config.json", "training.jsonl", "metrics.json", "report.html", "checkpoint" })
            Assert.True(System.IO.Path.Exists(System.IO.Path.Combine(output, file)), file);
        AssertMetrics(trained);
        Assert.Equal(60, trained.GetProperty("count").GetInt32());
        Assert.Equal(trained.ToString(), JsonDocument.Parse(File.ReadAllText(System.IO.Path.Combine(output, "metrics.json"))).RootElement.ToString());
        Assert.Contains("epoch 2/2", _error.ToString(), StringComparison.Ordinal);

        string model = System.IO.Path.Combine(output, "model.onnx"), report = System.IO.Path.Combine(_folder.Root, "report");
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--json", "--report", report));
        JsonElement evaluated = Json();
        AssertMetrics(evaluated);
        Assert.Equal(trained.GetProperty("microAccuracy").GetDouble(), evaluated.GetProperty("microAccuracy").GetDouble());
        Assert.True(File.Exists(System.IO.Path.Combine(report, "report.html")));
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--dataset", "shapes", "--alphabet", "xo", "--json"));
        Assert.Equal((30, 30), (Json().GetProperty("count").GetInt32(), Json().GetProperty("skipped").GetInt32()));
        Assert.Equal((false, "xo", false), Conditions());
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--dataset", "shapes", "--alphabet", "x", "--alphabet", "o", "--json"));
        Assert.Equal((30, 30), (Json().GetProperty("count").GetInt32(), Json().GetProperty("skipped").GetInt32()));
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--ignore-case", "--json"));
        Assert.Equal((false, null, true), Conditions());
        Assert.Equal(1, Run("evaluate", "--model", model, "--data", _folder.Root, "--dataset", "shapes", "--alphabet", "digits"));
        Assert.StartsWith("error: ", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, Run("evaluate", "--model", SaveModel("wide.onnx", "-", "|", "o", "x", "7"), "--data", _folder.Root, "--dataset", "shapes", "--alphabet", "digits", "--json"));
        Assert.Contains("no image", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());

        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--dataset", "shapes", "--corruptions", "--outliers", "--json", "--report", report));
        Assert.Equal(15, Json().GetProperty("corruptions").GetArrayLength());
        Assert.Equal(Json().GetProperty("lowestAuroc").GetDouble(), Json().GetProperty("outliers").EnumerateArray().Min(o => o.GetProperty("auroc").GetDouble()));
        Assert.Equal(evaluated.GetProperty("logLoss").GetDouble(), Json().GetProperty("logLoss").GetDouble());
        // The page shows what the document says.
        string page = File.ReadAllText(System.IO.Path.Combine(report, "report.html"));
        foreach (JsonElement c in Json().GetProperty("corruptions").EnumerateArray())
            Assert.Contains(FormattableString.Invariant($"<tr><td>{c.GetProperty("name")}</td><td>{100 * c.GetProperty("accuracy").GetDouble():0.00} %</td><td>{100 * c.GetProperty("standardError").GetDouble():0.00}</td></tr>"), page, StringComparison.Ordinal);
        foreach (JsonElement o in Json().GetProperty("outliers").EnumerateArray())
            Assert.Contains(FormattableString.Invariant($"<tr><td>{o.GetProperty("kind")}</td><td>{o.GetProperty("auroc").GetDouble():0.0000}</td></tr>"), page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("<img ").Length - 1);
        Assert.Equal(["metrics.json", "report.html"], Directory.GetFiles(report).Select(System.IO.Path.GetFileName).Order());
        string accuracy = FormattableString.Invariant($"{100 * Json().GetProperty("corruptions")[0].GetProperty("accuracy").GetDouble():0.00} %");
        string second = System.IO.Path.Combine(_folder.Root, "second");
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--corruptions", "--json", "--baseline", System.IO.Path.Combine(report, "metrics.json"), "--report", second));
        Assert.Equal(Json().GetProperty("baselineMeanCorruptionError").GetDouble(), Json().GetProperty("meanCorruptionError").GetDouble(), 1e-12);
        Assert.Matches($"<tr><td>shot-noise</td><td>{accuracy}</td><td>[0-9.]*</td><td>{accuracy}</td></tr>", File.ReadAllText(System.IO.Path.Combine(second, "report.html")));
        // Without --json, lines for people
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--corruptions", "--outliers", "--baseline", System.IO.Path.Combine(report, "metrics.json")));
        Assert.Contains("shot-noise", _output.ToString(), StringComparison.Ordinal);
        Assert.Matches(@"\n  mean corruption error  \d+\.\d\d % ± \d+\.\d\d\n  of the baseline        \d+\.\d\d %; mean of the ratios 1\.000\n", _output.ToString().ReplaceLineEndings("\n"));

        Dataset data = Shapes.Make();
        string image = _folder.Write("shape.png", PngEncoder.Encode(new GrayImage(28, 28, data.Test!.Image(3).ToArray())));
        Assert.Equal(0, Run("predict", "--model", model, "--top", "2", "--json", image));
        JsonElement predicted = Json();
        Assert.Equal(image, predicted[0].GetProperty("file").GetString());
        Assert.Equal(2, predicted[0].GetProperty("predictions").GetArrayLength());
        Assert.Equal(0, Run("predict", "--model", model, "--alphabet", "x", image));
        Assert.Contains("x  100.0 %", _output.ToString(), StringComparison.Ordinal);

        static void AssertMetrics(JsonElement json)
        {
            foreach (string name in new[] { "model", "dataset", "split", "count", "microAccuracy", "standardError", "macroAccuracy", "logLoss", "logLossReduction", "topKAccuracy", "expectedCalibrationError", "perClass", "confusionMatrix", "seconds", "imagesPerSecond" })
                Assert.True(json.TryGetProperty(name, out _), name);
            Assert.Equal(5, json.GetProperty("topKAccuracy").GetArrayLength());
            JsonElement matrix = json.GetProperty("confusionMatrix");
            Assert.Equal(json.GetProperty("count").GetInt32(), matrix.GetProperty("counts").EnumerateArray().Sum(row => row.EnumerateArray().Sum(c => c.GetInt32())));
            Assert.Equal(4, matrix.GetProperty("labels").GetArrayLength());
            Assert.Equal(["label", "precision", "recall", "f1", "support"], json.GetProperty("perClass")[0].EnumerateObject().Select(p => p.Name).Take(5));
        }
    }

    [Theory]
    [InlineData("10 11 12 13 14 15 16 17 18 19", "17 11", "11 17")]
    [InlineData("10 11 12 13 14 15 16 17 18 19", "17", "17")]
    [InlineData("1 2 7 17", "17", "1 7")]
    [InlineData("1 2 7 17", "17 2", "17 2")]
    [InlineData("upper lower digit", "digit", "digit")]
    [InlineData("upper lower digit", "upper digit", "digit upper")]
    [InlineData("upper lower A", "upper", "A")]
    public void Alphabets_are_characters_or_labels(string labels, string alphabet, string answers)
    {
        string image = _folder.Write("shape.png", PngEncoder.Encode(new GrayImage(28, 28, Shapes.Make().Test!.Image(3).ToArray())));
        string[] predict = ["predict", image, "--top", "9", "--json", "--model", SaveModel("model.onnx", labels.Split(' ')), .. alphabet.Split(' ').SelectMany(text => (string[])["--alphabet", text])];
        Assert.True(Run(predict) == 0, _error.ToString());
        Assert.Equal(answers.Split(' '), Json()[0].GetProperty("predictions").EnumerateArray().Select(p => p.GetProperty("label").GetString()!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_name_among_several_labels_is_refused()
    {
        Assert.Equal(2, Run("predict", "--model", SaveModel("model.onnx", "1", "2", "17"), "--alphabet", "digits", "--alphabet", "17", "a.png"));
        Assert.StartsWith("error: --alphabet digits stands alone", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_reads_the_files_that_it_can_and_names_the_others()
    {
        string good = _folder.Write("good.png", PngEncoder.Encode(new GrayImage(28, 28, Shapes.Make().Test!.Image(0).ToArray())));
        string bad = _folder.Write("bad.png", "nothing"u8);
        Assert.Equal(1, Run("predict", "--model", SaveModel(), good, bad, "missing.png", "-7.png", "--json"));
        Assert.Equal(1, Json().GetArrayLength());
        Assert.Contains("bad.png", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("error: -7.png: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("missing.png", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Terminals_see_the_epochs_too()
    {
        var host = new CommandHost(_output, _error, CancellationToken.None) { IsTerminal = true };
        Assert.Equal(0, CommandLine.Run(TrainShapes(System.IO.Path.Combine(_folder.Root, "run")), host));
        Assert.Contains("epoch 2/2", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("loss", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Speed_is_that_of_the_images_within_the_time()
    {
        var time = new Clock();
        var lines = new ProgressView.Lines(_error, epochs: 3, time);
        for (int step = 1; step <= 3; step++, time.Seconds += 10) lines.Step(1, 100 * step, 1000, 0.5, 0.9);
        Assert.EndsWith("10 images/s  70 s left in this epoch", _error.ToString().TrimEnd(), StringComparison.Ordinal);
    }

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }

    [Fact]
    public void Interruption_is_130_and_resuming_needs_the_same_settings()
    {
        string output = System.IO.Path.Combine(_folder.Root, "run");
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Equal(130, Run(stop.Token, TrainShapes(output)));
        Assert.Equal("", _output.ToString());
        Assert.Equal(0, Run(TrainShapes(output)));
        Assert.Equal(0, Run(TrainShapes(output, "--resume")));
        Assert.Contains("resuming after epoch 2", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Run(TrainShapes(output, "--resume", "--learning-rate", "0.5")));
        Assert.Contains("--learning-rate", _error.ToString(), StringComparison.Ordinal);
        // A file is compared too, but for what an option says otherwise.
        string changed = _folder.Write("changed.json", "{ \"learningRate\": 0.5, \"width\": 4, \"seed\": 1 }");
        Assert.Equal(2, Run(TrainShapes(output, "--resume", "--config", changed)));
        Assert.Contains($"learningRate of {changed} can't be changed", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("width", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Run(TrainShapes(output, "--resume", "--config", System.IO.Path.Combine(output, "config.json"))));
    }

    [Fact]
    public void Messages_that_can_not_be_written_end_nothing()
    {
        string output = System.IO.Path.Combine(_folder.Root, "run");
        var host = new CommandHost(_output, new FullWriter(), default);
        Assert.Equal(0, CommandLine.Run([.. TrainShapes(output), "--json"], host));
        Assert.Equal(60, Json().GetProperty("count").GetInt64());
        Assert.Equal(1, CommandLine.Run(["predict", "--model", SaveModel(), "missing.png"], host));
        Assert.Equal(2, CommandLine.Run(["train", "--threads", "abc"], host));
    }

    /// <summary>As a file on a full disk.</summary>
    private sealed class FullWriter : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left on device");

        public override void Write(char[] buffer, int index, int count) => Write('\0');

        public override void Write(string? value) => Write('\0');

        public override void Flush() => Write('\0');
    }

    [Fact]
    public void The_time_of_a_resumed_run_is_that_of_all_its_epochs()
    {
        string output = System.IO.Path.Combine(_folder.Root, "run");
        Assert.Equal(0, Run(TrainShapes(output)));
        string checkpoints = System.IO.Path.Combine(output, TrainingSession.CheckpointFolder);
        Checkpoint saved = Checkpoint.LoadNewest(checkpoints, _ => { })!;
        var slow = new Checkpoint
        {
            Config = saved.Config, Epoch = saved.Epoch, Step = saved.Step, BestEpoch = saved.BestEpoch, BestAccuracy = saved.BestAccuracy, BestLoss = saved.BestLoss,
            History = [.. saved.History.Select(line => { JsonNode epoch = JsonNode.Parse(line)!; epoch["seconds"] = 5000; return epoch.ToJsonString(); })],
        };
        foreach ((string name, float[] values) in saved.Arrays) slow.Arrays.Add(name, values);
        slow.Save(checkpoints);
        Assert.Equal(0, Run(TrainShapes(output, "--resume")));
        Assert.InRange(JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(output, TrainingSession.MetricsFile)))!["trainingSeconds"]!.GetValue<double>(), 10_000, 10_600);
    }

    [Theory]
    [InlineData("predict --top abc x.png", "abc")]
    [InlineData("predict --top 99999999999 x.png", "99999999999")]
    [InlineData("predict --top 0 x.png", "--top takes a number of at least 1.")]
    [InlineData("train --threads abc", "abc")]
    [InlineData("train --threads 2000", "--threads takes a number from 1 to 1024.")]
    [InlineData("export x.onnx --samples abc --output y.onnx", "abc")]
    [InlineData("datasets show strokes --output x.png --columns abc", "abc")]
    [InlineData("train --learning-rate NaN", "--learning-rate takes a finite number.")]
    [InlineData("train --weight-decay Infinity", "--weight-decay takes a finite number.")]
    [InlineData("train --learning-rate 0,002", "--learning-rate takes a number such as 0.002.")]
    [InlineData("train --width 1,5", "--width takes a number such as 0.002.")]
    public void A_number_that_makes_no_sense_is_wrong_usage(string arguments, string message)
    {
        Assert.Equal(2, Run(arguments.Split(' ')));
        Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Theory]
    [InlineData("""{ "learningRate": 1e400 }""", "learningRate is 1e400")]
    [InlineData("""{ "classFrequencies": { "a": 1, "b": -1e999 } }""", "classFrequencies is")]
    [InlineData("""{ "classFrequencies": { "a": 1e308, "b": 1e308 } }""", "classFrequencies is too large")]
    public void A_number_in_a_configuration_that_makes_no_sense_is_wrong_usage(string config, string message)
    {
        string file = _folder.Write("config.json", config);
        Assert.Equal(2, Run("train", "--config", file));
        Assert.StartsWith($"error: {file}: {message}", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistake_in_a_configuration_is_told_with_its_file()
    {
        const string Mistake = "{ \"epochz\": 3 }";
        string wrong = _folder.Write("wrong.json", Mistake), saved = _folder.Write("run/config.json", Mistake);
        string plan = _folder.Write("plan.json", Plan);
        (string[] Arguments, int Code, string File)[] cases =
        [
            (["train", "--config", wrong], 2, wrong),
            (["train", "--resume", "--output", System.IO.Path.Combine(_folder.Root, "run")], 2, saved),
            (["card", SaveModel(), "--plan", plan, "--recipe", wrong], 1, wrong),
        ];
        foreach ((string[] arguments, int code, string file) in cases)
        {
            Assert.Equal(code, Run(arguments));
            Assert.StartsWith($"error: {file}: there is no setting 'epochz'", _error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_card_downloads_nothing_where_that_is_forbidden()
    {
        string plan = _folder.Write("plan.json", Plan);
        Assert.Equal(1, Run("card", SaveModel(), "--plan", plan, "--recipe", _folder.Write("recipe.json", "{}"), "--data", _folder.Root, "--offline"));
        Assert.Contains("downloads are off", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(System.IO.Path.Combine(_folder.Root, "mnist")));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(3)]
    public void A_card_is_refused_where_the_first_training_is_not_that_of_the_model(int seed)
    {
        string model = SaveModel(), plan = _folder.Write("plan.json", Plan);
        Graph graph = OnnxReader.ReadFile(model);
        graph.Metadata[ModelMetadata.TrainingKey] = new TrainingConfig { Seed = (ulong)seed }.ToJson();
        OnnxWriter.WriteFile(graph, model);
        Assert.Equal(1, Run("card", model, "--plan", plan, "--recipe", _folder.Write("recipe.json", "{}"), "--data", _folder.Root, "--offline"));
        // The plan's own has seed 9, and measuring comes after that.
        Assert.Equal(seed != 9, _error.ToString().Contains("trained with seed 3, but the first training, that of the shipped model, has seed 9", StringComparison.Ordinal));
        Assert.Equal(seed == 9, _error.ToString().Contains("downloads are off", StringComparison.Ordinal));
    }

    [Fact]
    public void A_card_can_be_interrupted()
    {
        Shapes.Save(_folder.Root, Shapes.Make());
        string plan = _folder.Write("plan.json", Plan.Replace("mnist", "shapes", StringComparison.Ordinal));
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Equal(130, Run(stop.Token, "card", SaveModel(), "--plan", plan, "--recipe", _folder.Write("recipe.json", "{}"), "--data", _folder.Root));
        Assert.Single(_error.ToString().Split('\n'), line => line.StartsWith("interrupted", StringComparison.Ordinal));
        Assert.DoesNotContain("error", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_repeated_on_resuming_need_to_make_sense_in_that_run_only()
    {
        Shapes.Save(_folder.Root, Shapes.Make());
        string output = System.IO.Path.Combine(_folder.Root, "run"), model = SaveModel();
        string[] train = ["train", "--data", _folder.Root, "--threads", "1", "--output", output, "--epochs", "0"];
        Assert.Equal(0, Run([.. train, "--dataset", "shapes", "--width", "0.25", "--initial", model]));
        Assert.Equal(0, Run([.. train, "--resume"]));
        // Nothing to resume: then they have to on their own.
        File.Delete(System.IO.Path.Combine(output, "config.json"));
        Assert.Equal(2, Run([.. train, "--resume"]));
    }

    [Fact]
    public void An_empty_file_name_costs_no_other_results()
    {
        string picture = System.IO.Path.Combine(_folder.Root, "x.png");
        File.WriteAllBytes(picture, PngEncoder.Encode(new GrayImage(28, 28, new byte[784])));
        Assert.Equal(1, Run("predict", "--model", SaveModel(), picture, ""));
        Assert.Contains(picture, _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("an empty file name", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_can_not_be_read_count_as_wrong_even_where_all_are()
    {
        foreach (string label in (string[])["-", "x"]) _folder.Write($"gifs/{label}/1.gif", "GIF89a");
        Assert.Equal(0, Run("evaluate", "--model", SaveModel(), "--dataset", "gifs", "--data", _folder.Root, "--json", "--report", System.IO.Path.Combine(_folder.Root, "report")));
        Assert.Equal((2, 0.0), (Json().GetProperty("count").GetInt32(), Json().GetProperty("microAccuracy").GetDouble()));
        Assert.Equal(2, _error.ToString().Split("unreadable: ").Length - 1);
        Assert.Equal(1, Run("train", "--dataset", "gifs", "--data", _folder.Root));
        Assert.Contains("1.gif", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_can_not_be_read_count_alike_where_a_model_is_trained_and_where_it_is_measured()
    {
        DatasetPart images = Shapes.Make(40, 0).Train!;
        for (int i = 0; i < images.Count; i++)
            _folder.Write($"set/{(i < 30 ? "train" : "test")}/{"abcd"[images.Labels[i]]}/{i}.png", PngEncoder.Encode(new GrayImage(28, 28, images.Image(i).ToArray())));
        foreach (string part in (string[])["train", "test"]) _folder.Write($"set/{part}/a/broken.png", "nothing");
        string output = System.IO.Path.Combine(_folder.Root, "run");
        (int, int, double)[] figures = Array.ConvertAll((string[][])
        [
            ["train", "--dataset", "set", "--epochs", "1", "--width", "0.25", "--output", output],
            ["evaluate", "--model", System.IO.Path.Combine(output, "model.onnx")],
        ], command =>
        {
            Assert.Equal(0, Run([.. command, "--data", _folder.Root, "--threads", "1", "--json"]));
            return (Json().GetProperty("count").GetInt32(), Json().GetProperty("unreadable").GetInt32(), Json().GetProperty("microAccuracy").GetDouble());
        });
        Assert.Equal((11, 1), (figures[0].Item1, figures[0].Item2));
        Assert.Equal(figures[1], figures[0]);
    }

    [Fact]
    public void Images_of_one_class_leave_no_log_loss_to_reduce()
    {
        Shapes.Save(_folder.Root, Shapes.Make());
        Assert.Equal(0, Run("evaluate", "--model", SaveModel(), "--dataset", "shapes", "--data", _folder.Root, "--alphabet", "x"));
        Assert.Contains(" nats\n", _output.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_gives_no_numbers_has_no_figures()
    {
        Shapes.Save(_folder.Root, Shapes.Make());
        string model = SaveModel();
        SpoilWeights(model);
        foreach (string[] alphabet in (string[][])[[], ["--alphabet", "ox"]])
        {
            Assert.Equal(1, Run(["evaluate", "--model", model, "--dataset", "shapes", "--data", _folder.Root, "--json", .. alphabet]));
            Assert.Contains("gives no numbers", _error.ToString(), StringComparison.Ordinal);
            Assert.Equal("", _output.ToString());
        }
    }

    [Fact]
    public void A_report_that_can_not_be_written_is_refused_before_measuring()
    {
        Shapes.Save(_folder.Root, Shapes.Make());
        string file = _folder.Write("report", "a file");
        Assert.Equal(1, Run("evaluate", "--model", SaveModel(), "--dataset", "shapes", "--data", _folder.Root, "--report", file));
        Assert.Contains("--report takes a folder", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("report/inside", 1)]
    public void A_folder_for_the_report_that_can_not_be_made_is_refused_before_measuring(string path, int code)
    {
        Shapes.Save(_folder.Root, Shapes.Make());
        _folder.Write("report", "a file");
        string report = path.Length > 0 ? System.IO.Path.Combine(_folder.Root, path) : "";
        // Measuring would end in another failure, as the set has no image of that class.
        Assert.Equal(code, Run("evaluate", "--model", SaveModel("z.onnx", "-", "|", "o", "x", "z"), "--dataset", "shapes", "--data", _folder.Root, "--alphabet", "z", "--report", report));
        Assert.Contains("report", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("alphabet", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public void Measuring_on_all_images_of_a_set_without_parts_warns_where_it_was_trained_on()
    {
        string set = SaveWithoutParts("set", 80), other = SaveWithoutParts("other", 80), output = System.IO.Path.Combine(_folder.Root, "run");
        Assert.Equal(0, Run("train", "--dataset", set, "--epochs", "1", "--width", "0.25", "--threads", "1", "--output", output));
        string model = System.IO.Path.Combine(output, "model.onnx");
        Assert.Equal(0, Run("evaluate", "--model", model, "--json"));
        Assert.Equal(80, Json().GetProperty("count").GetInt32());
        Assert.Equal((true, null, false), Conditions());
        string warning = Json().GetProperty("warning").GetString()!;
        Assert.StartsWith("set has no test part of its own", warning, StringComparison.Ordinal);
        Assert.Contains($"warning: {warning}", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Run("evaluate", "--model", model, "--dataset", other, "--json"));
        Assert.False(Json().TryGetProperty("warning", out _));
        Assert.Equal(0, Run("evaluate", "--model", model, "--dataset", other));
        Assert.DoesNotContain("no test part of its own", _error.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("all images of other: 80 images", _output.ToString(), StringComparison.Ordinal);
        // However the set is spelt
        string[][] spellings = [[set + "/"], [System.IO.Path.Combine(other, "..", "set")], ["set", "--data", _folder.Root]];
        foreach (string[] spelling in spellings)
        {
            Assert.Equal(0, Run(["evaluate", "--model", model, "--report", output, "--dataset", .. spelling]));
            Assert.Contains("no test part of its own", _error.ToString(), StringComparison.Ordinal);
            Assert.StartsWith("all images of set: 80 images", _output.ToString(), StringComparison.Ordinal);
            string report = File.ReadAllText(System.IO.Path.Combine(output, "report.html"));
            Assert.DoesNotContain("test split", report, StringComparison.Ordinal);
            Assert.Contains(warning, report, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Pictures_among_images_of_MNIST_are_drawn_in_its_layout_at_once()
    {
        string set = System.IO.Path.Combine(_folder.Root, "mixed"), output = System.IO.Path.Combine(_folder.Root, "run");
        foreach (string part in (string[])["train", "test"])
        {
            for (int i = 0; i < 40; i++) _folder.Write($"mixed/{part}/{"ab"[i % 2]}/{i}.png", Ring(28, 20, 2 + 3 * (i % 2)));
            _folder.Write($"mixed/{part}/a/own.png", Ring(56, 30, 4));
        }
        string[] train = ["train", "--dataset", set, "--epochs", "1", "--width", "0.25", "--threads", "1", "--json", "--output", output];
        Assert.Equal(0, Run(train));
        Assert.Contains("\"normalizer\": \"mnist\"", File.ReadAllText(System.IO.Path.Combine(output, "config.json")), StringComparison.Ordinal);
        Assert.Equal(0, Run([.. train, "--resume"]));

        static byte[] Ring(int side, int size, int pen)
        {
            var pixels = new byte[side * side];
            for (int i = 0; i < pixels.Length; i++)
            {
                int away = Math.Max(Math.Abs(2 * (i % side) - side + 1), Math.Abs(2 * (i / side) - side + 1));
                pixels[i] = (byte)(away < size && away >= size - 2 * pen ? 255 : 0);
            }
            return PngEncoder.Encode(new GrayImage(side, side, pixels));
        }
    }

    [Fact]
    public void Files_of_MNIST_make_a_model_of_its_layout_in_any_folder()
    {
        byte[] labels = [.. Enumerable.Range(0, 80).Select(i => (byte)(i % 4))];
        foreach (string part in (string[])["train", "t10k"])
        {
            _folder.Write($"mine/{part}-images-idx3-ubyte", DatasetBytes.IdxImages([.. labels.SelectMany(Barred)]));
            _folder.Write($"mine/{part}-labels-idx1-ubyte", DatasetBytes.IdxLabels(labels));
        }
        string output = System.IO.Path.Combine(_folder.Root, "run");
        string[] train = ["train", "--dataset", System.IO.Path.Combine(_folder.Root, "mine"), "--epochs", "1", "--width", "0.25", "--threads", "1", "--output", output];
        Assert.Equal("mnist", Layout());
        Assert.Contains("\"normalizer\": \"mnist\"", File.ReadAllText(System.IO.Path.Combine(output, "config.json")), StringComparison.Ordinal);
        Assert.Equal("mnist", Layout("--resume"));
        Assert.Contains("resuming after epoch 1", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("emnist", Layout("--config", _folder.Write("config.json", "{ \"normalizer\": \"emnist\" }")));

        // In MNIST's form, with a bar at a height that tells the class
        static byte[] Barred(byte label)
        {
            byte[] ring = DatasetBytes.Ring(20);
            ring.AsSpan((14 + label) * 28 + 4, 20).Fill(255);
            return ring;
        }

        string Layout(params string[] more)
        {
            Assert.Equal(0, Run([.. train, .. more]));
            return OnnxReader.ReadFile(System.IO.Path.Combine(output, "model.onnx")).Metadata["recognizer.normalizer"];
        }
    }

    [Fact]
    public void A_set_that_only_the_model_names_and_that_is_not_here_is_asked_for()
    {
        string model = SaveModel();
        Graph graph = OnnxReader.ReadFile(model);
        graph.Metadata[ModelMetadata.TrainingKey] = new TrainingConfig { Dataset = "mine" }.ToJson();
        OnnxWriter.WriteFile(graph, model);
        Assert.Equal(2, Run("evaluate", "--model", model, "--data", _folder.Root));
        Assert.StartsWith("error: the model was trained on mine, which isn't here: --dataset says what to measure it on.", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, Run("evaluate", "--model", model, "--data", _folder.Root, "--dataset", "mine"));
        Assert.StartsWith("error: There is no data set mine", _error.ToString(), StringComparison.Ordinal);
        Shapes.Save(_folder.Root, Shapes.Make() with { Name = "mine" });
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root));
    }

    [Fact]
    public void Quantize_that_is_interrupted_leaves_no_model()
    {
        string small = System.IO.Path.Combine(_folder.Root, "small.onnx"), set = SaveWithoutParts("set", 40);
        _folder.Write("set/a/broken.png", "nothing");
        using var stop = new CancellationTokenSource();
        using var error = new StoppingWriter(stop);
        Assert.Equal(130, CommandLine.Run(["quantize", SaveModel("model.onnx", "a", "b", "c", "d"), "--dataset", set, "--output", small], new CommandHost(_output, error, stop.Token)));
        Assert.Contains("unreadable", error.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(small));
    }

    /// <summary>Interrupts the program at its first message.</summary>
    private sealed class StoppingWriter(CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            stop.Cancel();
        }
    }

    [Fact]
    public void Quantize_compares_on_the_test_images_of_the_training()
    {
        string set = SaveWithoutParts("set", 400), output = System.IO.Path.Combine(_folder.Root, "run");
        string config = _folder.Write("config.json", "{ \"normalizer\": \"mnist\", \"seed\": 5 }");
        Assert.Equal(0, Run("train", "--config", config, "--dataset", set, "--epochs", "1", "--width", "0.25", "--threads", "1", "--output", output, "--json"));
        Assert.Equal(40, Json().GetProperty("count").GetInt32());
        double accuracy = Json().GetProperty("microAccuracy").GetDouble(), error = Json().GetProperty("standardError").GetDouble();
        Assert.InRange(accuracy, 0.2, 0.99);
        string[] quantize = ["quantize", System.IO.Path.Combine(output, "model.onnx"), "--dataset", set, "--threads", "1", "--output", System.IO.Path.Combine(output, "small.onnx")];
        Assert.Equal(0, Run([.. quantize, "--json"]));
        Assert.Equal((accuracy, error), (Json().GetProperty("floatAccuracy").GetDouble(), Json().GetProperty("floatStandardError").GetDouble()));
        double smallAccuracy = Json().GetProperty("microAccuracy").GetDouble(), smallError = Json().GetProperty("standardError").GetDouble();
        Assert.Equal(Math.Sqrt(smallAccuracy * (1 - smallAccuracy) / 40), smallError, 1e-9);
        Assert.Equal(0, Run(quantize));
        Assert.Contains(FormattableString.Invariant($"{100 * accuracy:0.00} % ± {100 * error:0.00} in floats, {100 * smallAccuracy:0.00} % ± {100 * smallError:0.00} in 8 bits"), _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_compares_on_the_images_that_evaluate_measures_where_the_training_was_on_others()
    {
        string model = System.IO.Path.Combine(_folder.Root, "model.onnx"), small = System.IO.Path.Combine(_folder.Root, "small.onnx");
        Graph graph = OnnxReader.ReadFile(System.IO.Path.Combine(RepositoryFolder.Root, "models", "digits-nano.onnx"));
        graph.Metadata[ModelMetadata.TrainingKey] = new TrainingConfig { Dataset = "mnist", Seed = 5 }.ToJson();
        OnnxWriter.WriteFile(graph, model);
        Assert.Equal(0, Run("evaluate", "--model", model, "--dataset", "strokes", "--json"));
        double accuracy = Json().GetProperty("microAccuracy").GetDouble();
        Assert.InRange(accuracy, 0.001, 0.999);
        Assert.Equal(0, Run("quantize", model, "--dataset", "strokes", "--output", small, "--json"));
        Assert.Equal(accuracy, Json().GetProperty("floatAccuracy").GetDouble());
    }

    [Fact]
    public void Models_of_some_classes_are_measured_on_these_where_they_were_trained()
    {
        string output = System.IO.Path.Combine(_folder.Root, "run"), model = System.IO.Path.Combine(output, "model.onnx");
        Assert.Equal(0, Run(TrainShapes(output, "--alphabet", "ox", "--json")));
        Assert.Equal((false, "ox", false), Conditions());
        double accuracy = Json().GetProperty("microAccuracy").GetDouble();
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--json"));
        Assert.Equal((false, "ox", false), Conditions());
        Assert.Equal((30, 30, accuracy), (Json().GetProperty("count").GetInt32(), Json().GetProperty("skipped").GetInt32(), Json().GetProperty("microAccuracy").GetDouble()));
        Assert.DoesNotContain("warning", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Run("quantize", model, "--data", _folder.Root, "--dataset", "shapes", "--output", System.IO.Path.Combine(output, "small.onnx"), "--json"));
        Assert.Equal(accuracy, Json().GetProperty("floatAccuracy").GetDouble());
        // Of another set it isn't known which classes are meant.
        Shapes.Save(_folder.Root, Shapes.Make() with { Name = "other" });
        Assert.Equal(0, Run("evaluate", "--model", model, "--data", _folder.Root, "--dataset", "other", "--json"));
        Assert.Equal((60, 0), (Json().GetProperty("count").GetInt32(), Json().GetProperty("skipped").GetInt32()));
        Assert.Contains("30 of 60 images have a label that the model doesn't give", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Images_that_are_made_are_measured_as_after_the_training()
    {
        string output = System.IO.Path.Combine(_folder.Root, "run");
        Assert.Equal(0, Run("train", "--alphabet", "0Oo", "--seed", "5", "--epochs", "1", "--width", "0.25", "--augment", "none", "--threads", "2", "--output", output, "--json"));
        (int, int, double) trained = Figures();
        Assert.InRange(trained.Item3, 0.3, 0.99);
        Assert.Equal(0, Run("evaluate", "--model", System.IO.Path.Combine(output, "model.onnx"), "--alphabet", "0Oo", "--json"));
        Assert.Equal(trained, Figures());

        (int, int, double) Figures() => (Json().GetProperty("count").GetInt32(), Json().GetProperty("skipped").GetInt32(), Json().GetProperty("microAccuracy").GetDouble());
    }

    [Fact]
    public void Teachers_and_initial_models_of_a_configuration_can_be_left_out()
    {
        string config = _folder.Write("config.json", "{ \"teachers\": [\"missing.onnx\"], \"initial\": [\"missing.onnx\"] }"), output = System.IO.Path.Combine(_folder.Root, "run");
        Assert.Equal(0, Run(TrainShapes(output, "--config", config, "--teacher", "none", "--initial", "none")));
        Assert.Equal(0, Run(TrainShapes(output, "--resume", "--teacher", "none", "--initial", "none")));
    }

    [Fact]
    public void A_saved_configuration_trains_again_and_options_win_over_it()
    {
        string first = System.IO.Path.Combine(_folder.Root, "first"), second = System.IO.Path.Combine(_folder.Root, "second");
        Assert.Equal(0, Run(TrainShapes(first, "--augment", "none", "--ema", "0.5")));
        Assert.Equal(0, Run("train", "--config", System.IO.Path.Combine(first, "config.json"), "--data", _folder.Root, "--output", second));
        Assert.Equal(File.ReadAllBytes(System.IO.Path.Combine(first, "model.onnx")), File.ReadAllBytes(System.IO.Path.Combine(second, "model.onnx")));
        Assert.Equal(0, Run("train", "--config", System.IO.Path.Combine(first, "config.json"), "--data", _folder.Root, "--output", second, "--epochs", "1"));
        Assert.Single(File.ReadAllLines(System.IO.Path.Combine(second, "training.jsonl")));
        string wrong = _folder.Write("wrong.json", "{\"epochz\": 3}");
        Assert.Equal(2, Run("train", "--config", wrong));
        Assert.Contains("epochz", _error.ToString(), StringComparison.Ordinal);
    }
}
