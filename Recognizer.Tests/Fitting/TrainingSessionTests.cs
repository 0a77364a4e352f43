using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Training.Datasets;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public class TrainingSessionTests
{
    private static readonly Dataset Data = Shapes.Make();

    private static readonly TrainingConfig Config = new()
    {
        Dataset = "shapes", Architecture = "cnn2", Width = 0.25, Epochs = 4, BatchSize = 16, LearningRate = 0.005, Augment = "light", Ema = 0.9, Seed = 3, LabelSmoothing = 0.02, GradientClipping = 5,
    };

    private sealed class Progress(Action<int, int>? step = null, Action<string>? message = null) : ITrainingProgress
    {
        public List<string> Messages { get; } = [];

        public List<EpochResult> Epochs { get; } = [];

        public void Message(string text)
        {
            Messages.Add(text);
            message?.Invoke(text);
        }

        public void Step(int epoch, int images, int of, double loss, double accuracy) => step?.Invoke(epoch, images);

        public void Epoch(EpochResult result) => Epochs.Add(result);
    }

    private static SessionResult Train(string output, TrainingConfig? config = null, bool resume = false, int threads = 1, Progress? progress = null, Dataset? data = null, CancellationToken cancellation = default) =>
        TrainingSession.Run(config ?? Config, data ?? Data, new SessionOptions { Output = output, Resume = resume, Threads = threads }, progress ?? new Progress(), cancellation);

    // Without times, which differ from run to run.
    private static string[] History(string output) => [.. File.ReadLines(Path.Combine(output, TrainingSession.HistoryFile)).Select(line =>
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return string.Join(" ", document.RootElement.EnumerateObject().Where(p => p.Name is not ("seconds" or "imagesPerSecond")).Select(p => p.ToString()));
    })];

    private static byte[] Model(string output) => File.ReadAllBytes(Path.Combine(output, TrainingSession.ModelFile));

    [Fact]
    public void Learns_exports_and_measures()
    {
        using var folder = new TemporaryFolder();
        var progress = new Progress();
        SessionResult result = Train(folder.Root, Config with { Epochs = 8, Quantize = true }, progress: progress);
        Assert.Equal("test", result.Split);
        Assert.Equal(60, result.Evaluation.Metrics.Count);
        Assert.True(result.Evaluation.Metrics.MicroAccuracy > 0.9, $"accuracy {result.Evaluation.Metrics.MicroAccuracy}");
        Assert.Equal(8, progress.Epochs.Count);
        Assert.True(progress.Epochs[^1].TrainLoss < progress.Epochs[0].TrainLoss / 2);
        Assert.Equal(24, result.Validation!.Metrics.Count);

        Graph graph = OnnxReader.ReadFile(result.ModelPath);
        Assert.Equal(Data.Labels, ModelMetadata.Labels(graph));
        Assert.Equal("shapes", TrainingConfig.FromJson(graph.Metadata[ModelMetadata.TrainingKey]).Dataset);
        using JsonDocument metrics = JsonDocument.Parse(graph.Metadata[ModelMetadata.MetricsKey]);
        Assert.Equal(result.Evaluation.Metrics.MicroAccuracy, metrics.RootElement.GetProperty("test").GetProperty("microAccuracy").GetDouble());
        using var recognizer = CharacterRecognizer.Load(graph);
        ModelEvaluation again = ModelEvaluation.Run(recognizer, Data.Test!, null, Data.Labels);
        Assert.Equal(result.Evaluation.Metrics.MicroAccuracy, again.Metrics.MicroAccuracy);
        using var small = CharacterRecognizer.Load(Path.Combine(folder.Root, TrainingSession.QuantizedFile));
        Assert.InRange(ModelEvaluation.Run(small, Data.Test!, null, Data.Labels).Metrics.MicroAccuracy, again.Metrics.MicroAccuracy - 0.05, 1);
        Assert.Equal(Config.ToJson(), (TrainingConfig.FromJson(File.ReadAllText(Path.Combine(folder.Root, TrainingSession.ConfigFile))) with { Epochs = Config.Epochs, Quantize = false }).ToJson());
    }

    [Theory]
    [InlineData("best", 2, true)]
    [InlineData("last", 2, false)]
    [InlineData("best", 1, false)]
    public void Choosing_an_epoch_by_few_images_is_told(string keep, int epochs, bool told)
    {
        using var folder = new TemporaryFolder();
        var progress = new Progress();
        Train(folder.Root, Config with { Keep = keep, Epochs = epochs }, progress: progress);
        Assert.Equal(told, progress.Messages.Any(message => message.StartsWith("with 24 validation images", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_initial_model_is_that_of_the_seed_where_its_name_says_so()
    {
        using TemporaryFolder folder = new(), next = new();
        string second = Path.Combine(folder.Root, "of-4"), next4 = Path.Combine(next.Root, "4");
        Train(second, Config with { Seed = 4, Epochs = 8 });
        var progress = new Progress();
        Train(next4, Config with { Seed = 4, Epochs = 1, LearningRate = 1e-6, Initial = [Path.Combine(folder.Root, "of-{seed}", TrainingSession.ModelFile)] }, progress: progress);
        Assert.True(progress.Epochs[0].ValidationAccuracy > 0.9, $"{progress.Epochs[0].ValidationAccuracy}");
        // Another seed holds back other images: some of those that the model learnt from.
        Assert.DoesNotContain(progress.Messages, message => message.Contains("held back here", StringComparison.Ordinal));
        Train(next4, Config with { Seed = 5, Epochs = 1, Initial = [Path.Combine(second, TrainingSession.ModelFile)] }, progress: progress);
        Assert.Contains(progress.Messages, message => message.Contains("held back here", StringComparison.Ordinal));
        Assert.Throws<OnnxException>(() => Train(next4, Config with { Seed = 5, Epochs = 1, Initial = [Path.Combine(folder.Root, "of-{seed}", TrainingSession.ModelFile)] }));
    }

    [Fact]
    public void Without_epochs_the_mean_of_the_initial_models_is_calibrated_and_measured()
    {
        using TemporaryFolder first = new(), second = new(), mean = new();
        SessionResult[] parts = [Train(first.Root, Config with { Epochs = 8 }), Train(second.Root, Config with { Epochs = 1, LearningRate = 1e-3, Initial = [Path.Combine(first.Root, TrainingSession.ModelFile)] })];
        SessionResult result = Train(mean.Root, Config with { Epochs = 0, Quantize = true, Initial = [.. parts.Select(part => part.ModelPath)] });
        float[][] weights = [.. parts.Append(result).Select(part => part.Graph.Initializers["conv2.weight"].Span<float>().ToArray())];
        Assert.NotEqual(weights[0], weights[1]);
        for (int i = 0; i < weights[2].Length; i++) Assert.Equal((weights[0][i] + weights[1][i]) / 2, weights[2][i], 1e-7);
        Assert.True(result.Evaluation.Metrics.MicroAccuracy > 0.9, $"{result.Evaluation.Metrics.MicroAccuracy}");
        Assert.NotNull(result.Validation);
        Assert.Empty(result.History);
        // Weights that nothing was loaded for would stay random.
        Assert.Throws<InvalidDataException>(() => Train(mean.Root, Config with { Epochs = 0, Alphabet = ["-|o"], Initial = [parts[0].ModelPath] }));
        Assert.True(File.Exists(Path.Combine(mean.Root, TrainingSession.ModelFile)) && File.Exists(Path.Combine(mean.Root, TrainingSession.QuantizedFile)));
    }

    [Fact]
    public void Weights_that_have_seen_the_images_held_back_are_told_of()
    {
        using TemporaryFolder first = new(), second = new();
        SessionResult known = Train(first.Root, Config with { Epochs = 1, Coarser = ["families"] });
        TrainingConfig next = Config with { Epochs = 1, Initial = [known.ModelPath] }, taught = Config with { Epochs = 1, Teachers = [known.ModelPath] }, tuned = Config with { Epochs = 1, Architecture = known.ModelPath, Width = 1 };
        foreach ((TrainingConfig config, bool told) in new[]
        {
            (next, false), (next with { Seed = 4 }, true), (next with { Validation = 0.2 }, true), (next with { Seed = 4, Dataset = "families" }, true), (next with { Seed = 4, Dataset = "others" }, false),
            (next with { Dataset = "families" }, true), (next with { Coarser = ["others"] }, true), (next with { Coarser = ["families", "others"] }, false), (next with { Alphabet = ["-|o"] }, false),
            (taught, false), (taught with { Seed = 4 }, true), (taught with { Seed = 4, Validation = 0 }, false), (tuned, false), (tuned with { Seed = 4 }, true), (tuned with { Seed = 4, Alphabet = ["-|o"] }, true),
        })
        {
            var progress = new Progress();
            Train(second.Root, config, progress: progress);
            Assert.Equal(told, progress.Messages.Any(message => message.Contains("may have learnt", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Weights_that_have_seen_test_images_which_the_seed_chose_are_told_of()
    {
        using TemporaryFolder first = new(), second = new();
        TrainingConfig config = Config with { Epochs = 1, Validation = 0 };
        string known = Train(first.Root, config, data: Divided(config.Seed)).ModelPath;
        TrainingConfig next = config with { Initial = [known] }, tuned = config with { Architecture = known, Width = 1 };
        foreach ((TrainingConfig again, bool told) in new[] { (next, false), (next with { Seed = 4 }, true), (next with { Seed = 4, Dataset = "others" }, false), (tuned, false), (tuned with { Seed = 4 }, true) })
        {
            var progress = new Progress();
            Train(second.Root, again, progress: progress, data: Divided(again.Seed));
            Assert.Equal(told, progress.Messages.Any(message => message.Contains("may have learnt", StringComparison.Ordinal)));
        }

        static Dataset Divided(ulong seed) => Holdout.Split(Data.Name, Data.Labels, Data.Train!, new DatasetLoadOptions { Seed = seed });
    }

    [Fact]
    public void The_last_epochs_vary_a_share_of_the_images_otherwise()
    {
        // The same weights, order and images but for how they are varied: a share of all is what --final-augment alone does, none what --augment does.
        TrainingConfig config = Config with { Epochs = 1, FinalEpochs = 1, Augment = "none", FinalAugment = "strong" };
        double varied = Loss(config), plain = Loss(config with { FinalShare = 0 }), half = Loss(config with { FinalShare = 0.5 });
        Assert.Equal(Loss(config with { FinalEpochs = 0, FinalAugment = "none" }), plain);
        Assert.Equal(Loss(config with { FinalEpochs = 0, FinalAugment = "none", Augment = "strong" }), varied);
        // Images differ in how much harder variation makes them, so that half of them needn't cost half.
        Assert.InRange(half, plain + 0.05 * (varied - plain), varied - 0.05 * (varied - plain));

        static double Loss(TrainingConfig config)
        {
            using var folder = new TemporaryFolder();
            var progress = new Progress();
            Train(folder.Root, config with { LearningRate = 1e-9 }, progress: progress);
            return progress.Epochs[0].TrainLoss;
        }
    }

    [Fact]
    public void A_teacher_is_believed_as_much_as_asked_for()
    {
        using TemporaryFolder first = new(), second = new();
        SessionResult teacher = Train(first.Root, Config with { Epochs = 8 });
        // Labels that are all wrong don't matter to a student that listens to the teacher only.
        DatasetPart train = Data.Train!;
        Dataset wrong = Data with { Train = new DatasetPart(train.Images, [.. train.Labels.Select(l => (l + 1) % 4)]) };
        TrainingConfig config = Config with { Epochs = 8, Seed = 4, Teachers = [teacher.ModelPath], Distillation = 1, Validation = 0 };
        SessionResult student = TrainingSession.Run(config, wrong, new SessionOptions { Output = second.Root }, new Progress(), default);
        Assert.True(student.Evaluation.Metrics.MicroAccuracy > 0.9, $"accuracy {student.Evaluation.Metrics.MicroAccuracy}");

        Dataset others = Data with { Labels = ["-", "|", "o", "y"] };
        FormatException error = Assert.Throws<FormatException>(() => TrainingSession.Run(config, others, new SessionOptions { Output = second.Root }, new Progress(), default));
        Assert.Contains("teachers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Classes_that_cannot_be_painted_are_named()
    {
        using var folder = new TemporaryFolder();
        FormatException error = Assert.Throws<FormatException>(() =>
            TrainingSession.Run(Config with { Painted = 0.1 }, Data with { Labels = ["-", "|", "()", "+"] }, new SessionOptions { Output = folder.Root }, new Progress(), default));
        Assert.Contains("painted", error.Message, StringComparison.Ordinal);
        // Of these four one is a letter.
        Train(folder.Root, Config with { Painted = 0.1, Epochs = 1 });
    }

    [Fact]
    public void Class_frequencies_replace_those_of_the_training_images()
    {
        using TemporaryFolder first = new(), second = new();
        // Noise as images: nothing to see, so that answers are the classes' frequencies.
        var noise = new byte[240 * 784];
        new Random(1).NextBytes(noise);
        Dataset blank = new("blank", Data.Labels, new DatasetPart(noise, [.. Enumerable.Range(0, 240).Select(i => i % 8 < 4 ? 0 : i % 8 - 4)]), null);
        TrainingConfig config = Config with { Epochs = 2, Augment = "none", LabelSmoothing = 0, LearningRate = 1e-4, WeightDecay = 0 };
        var use = new Dictionary<string, double> { ["-"] = 1, ["|"] = 1, ["o"] = 1, ["x"] = 97 };
        SessionResult adjusted = TrainingSession.Run(config with { ClassFrequencies = use }, blank, new SessionOptions { Output = first.Root }, new Progress(), default);
        SessionResult plain = TrainingSession.Run(config, blank, new SessionOptions { Output = second.Root }, new Progress(), default);
        Assert.True(Score(adjusted, 3) > Score(plain, 3));

        use.Remove("x");
        FormatException error = Assert.Throws<FormatException>(() => TrainingSession.Run(config with { ClassFrequencies = use }, blank, new SessionOptions { Output = first.Root }, new Progress(), default));
        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);

        double Score(SessionResult result, int label)
        {
            using var recognizer = CharacterRecognizer.Load(result.Graph);
            float[] pixels = [.. noise.Select(b => b / 255f)], probabilities = new float[240 * 4];
            recognizer.Score(pixels, 240, probabilities);
            return Enumerable.Range(0, 240).Average(i => probabilities[i * 4 + label]);
        }
    }

    [Theory]
    [InlineData(0.9, false)]
    [InlineData(0.9, true)]
    [InlineData(0.9, false, true)]
    [InlineData(0.5, true)]
    public void Teachers_of_another_mix_teach_no_mix(double share, params bool[] hasMix)
    {
        using var folder = new TemporaryFolder();
        // All images are the same, so that answers are the classes' frequencies: one to one among the images.
        Dataset same = new("same", ["a", "b"], new DatasetPart(new byte[240 * 784], [.. Enumerable.Range(0, 240).Select(i => i % 2)]), null);
        TrainingConfig plain = Config with { Epochs = 8, Augment = "none", LabelSmoothing = 0, WeightDecay = 0, Validation = 0 };
        TrainingConfig mixed = plain with { ClassFrequencies = new Dictionary<string, double> { ["a"] = 9, ["b"] = 1 } };
        string[] teachers = [.. hasMix.Select((has, i) => Train(folder.File($"{i}"), has ? mixed : plain, data: same).ModelPath)];
        SessionResult student = Train(folder.File("student"), (share == 0.5 ? plain : mixed) with { Teachers = teachers, Distillation = 1 }, data: same);
        Assert.All(teachers.Zip(hasMix), teacher => Assert.Equal(teacher.Second ? 0.9 : 0.5, Share(teacher.First), 0.05));
        Assert.Equal(share, Share(student.ModelPath), 0.05);

        static double Share(string model)
        {
            using var recognizer = CharacterRecognizer.Load(model);
            var probabilities = new float[2];
            recognizer.Score(new float[784], 1, probabilities);
            return probabilities[0];
        }
    }

    [Fact]
    public void Threads_do_not_change_the_bits()
    {
        using TemporaryFolder one = new(), three = new();
        TrainingConfig config = Config with { Epochs = 2, Architecture = "vgg", Optimizer = "sgd", LearningRate = 0.05 };
        Train(one.Root, config, threads: 1);
        Train(three.Root, config, threads: 3);
        Assert.Equal(History(one.Root), History(three.Root));
        Assert.Equal(Model(one.Root), Model(three.Root));
    }

    [Theory]
    [InlineData("cnn2-dropout", 0.9)]
    [InlineData("residual", 0)]
    public void Goes_on_after_interruptions_to_the_same_bits(string architecture, double ema)
    {
        using TemporaryFolder unbroken = new(), broken = new();
        TrainingConfig config = Config with { Architecture = architecture, Ema = ema, Epochs = 3 };
        Train(unbroken.Root, config);
        // In the first epoch, in the middle of the second, at the first step of the third.
        foreach ((int epoch, int images) in new[] { (1, 32), (2, 96), (3, 16) })
        {
            using var stop = new CancellationTokenSource();
            var progress = new Progress((e, i) =>
            {
                if (e == epoch && i == images) stop.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => Train(broken.Root, config, resume: true, progress: progress, cancellation: stop.Token));
            Assert.Equal(epoch - 1, History(broken.Root).Length);
            // What a kill between checkpoint and line leaves: a torn line, or none.
            if (epoch == 3) File.WriteAllText(Path.Combine(broken.Root, TrainingSession.HistoryFile), "{\"epoch\":1,\"tra");
        }
        SessionResult result = Train(broken.Root, config, resume: true, threads: 2);
        Assert.Equal(History(unbroken.Root), History(broken.Root));
        Assert.Equal(Model(unbroken.Root), Model(broken.Root));
        Assert.Equal(3, result.History.Count);
        // Once more when all is done changes nothing.
        Train(broken.Root, config, resume: true);
        Assert.Equal(Model(unbroken.Root), Model(broken.Root));
        Assert.Equal(History(unbroken.Root), History(broken.Root));
    }

    [Theory]
    [InlineData("residual", 0)]
    [InlineData("vgg", 0.995)]
    public void A_few_batches_are_enough_for_the_statistics_of_a_network(string architecture, double ema)
    {
        using var folder = new TemporaryFolder();
        Dataset few = Data with { Train = Data.Train!.Select([.. Enumerable.Range(0, 60)]), Test = null };
        var progress = new Progress();
        SessionResult result = Train(folder.Root, Config with { Architecture = architecture, Epochs = 10, BatchSize = 60, Validation = 0, LearningRate = 0.02, Ema = ema, Augment = "none", LabelSmoothing = 0, GradientClipping = 0 }, progress: progress, data: few);
        Assert.Equal("train", result.Split);
        Assert.True(progress.Epochs[^1].TrainAccuracy > 0.9, $"{progress.Epochs[^1].TrainAccuracy}");
        Assert.True(result.Evaluation.Metrics.MicroAccuracy > 0.8, $"{result.Evaluation.Metrics.MicroAccuracy}");
    }

    [Fact]
    public void Statistics_of_a_model_whose_own_share_is_small_keep_up_with_its_weights()
    {
        using TemporaryFolder folder = new();
        Graph graph = OnnxReader.ReadFile(Train(folder.File("first"), Config with { Architecture = "nano", Width = 1, Epochs = 1 }).ModelPath);
        float[][][] trained = [.. new[] { 0.9f, 0.99f }.Select(momentum =>
        {
            foreach (Node node in graph.Nodes.Where(node => node.OperatorType == "BatchNormalization")) node.Attributes["momentum"] = momentum;
            OnnxWriter.WriteFile(graph, folder.File($"{momentum}.onnx"));
            SessionResult result = Train(folder.File($"{momentum}"), Config with { Architecture = folder.File($"{momentum}.onnx"), Width = 1, Epochs = 1 });
            return (float[][])[.. OnnxReader.ReadFile(result.ModelPath).Initializers.OrderBy(i => i.Key, StringComparer.Ordinal).Where(i => i.Value.ElementType == ElementType.Float).Select(i => i.Value.Span<float>().ToArray())];
        })];
        Assert.Equal(trained[0], trained[1]);
    }

    [Fact]
    public void No_memory_is_reserved_for_images_that_are_not_there()
    {
        using TemporaryFolder large = new(), whole = new();
        var sizes = new List<int>();
        var options = new SessionOptions
        {
            Output = large.Root,
            CreatePlan = (graph, plan) =>
            {
                sizes.Add(plan.BatchSize);
                return new TrainingPlan(graph, plan);
            },
        };
        TrainingSession.Run(Config with { BatchSize = 65_536 }, Data, options, new Progress(), default);
        Assert.Equal([216], sizes);
        Train(whole.Root, Config with { BatchSize = 216 });
        Assert.Equal(History(whole.Root), History(large.Root));
    }

    [Fact]
    public void The_seed_matters()
    {
        using TemporaryFolder first = new(), second = new();
        Train(first.Root, Config with { Epochs = 1 });
        Train(second.Root, Config with { Epochs = 1, Seed = 4 });
        Assert.NotEqual(History(first.Root), History(second.Root));
    }

    [Fact]
    public void Starting_anew_forgets_the_old_run()
    {
        using TemporaryFolder used = new(), fresh = new();
        Train(used.Root, Config with { Epochs = 2, Seed = 9 });
        Train(used.Root, Config with { Epochs = 1 });
        Train(fresh.Root, Config with { Epochs = 1 });
        Assert.Equal(History(fresh.Root), History(used.Root));
        Assert.Equal(Model(fresh.Root), Model(used.Root));
    }

    /// <summary>Else the folder would have the settings of one and the model of the other.</summary>
    [Fact]
    public void One_run_at_a_time_writes_to_a_folder()
    {
        using var folder = new TemporaryFolder();
        // What a process leaves that was killed
        string hold = folder.Write(TrainingSession.HoldFile, "");
        TrainingConfig config = Config with { Epochs = 2 };
        var refused = new List<string>();
        Train(folder.Root, config, progress: new Progress((epoch, images) =>
        {
            if (refused.Count == 2 * epoch) return;
            foreach (bool resume in (bool[])[false, true])
                refused.Add(Assert.Throws<IOException>(() => Train(folder.Root, resume ? config : config with { Seed = 4 }, resume)).Message);
        }));
        Assert.Equal(4, refused.Count);
        Assert.All(refused, message => Assert.StartsWith($"another training writes to {folder.Root}", message, StringComparison.Ordinal));
        Assert.Equal(2, History(folder.Root).Length);
        Assert.Equal(config.ToJson(), File.ReadAllText(Path.Combine(folder.Root, TrainingSession.ConfigFile)).TrimEnd());
        Assert.False(File.Exists(hold));
        Train(folder.Root, config with { Seed = 4 });
        // Where there can't be such a file there is nothing to hold.
        Directory.CreateDirectory(hold);
        Train(folder.Root, config);
    }

    [Fact]
    public void A_folder_is_held_from_before_its_checkpoints_are_read_until_all_is_written()
    {
        using var folder = new TemporaryFolder();
        TrainingConfig config = Config with { Epochs = 1 };
        Train(folder.Root, config);
        int refused = 0;
        // The first message comes before anything of the run is written
        var progress = new Progress(message: _ => TryAnother(0));
        TrainingSession.Run(config, Data, new SessionOptions { Output = folder.Root, Resume = true, Finish = _ => TryAnother(1) }, progress, default);
        Assert.Equal(2, refused);

        void TryAnother(int before)
        {
            if (refused != before) return;
            Assert.StartsWith("another training writes to", Assert.Throws<IOException>(() => Train(folder.Root, config with { Seed = 4 })).Message, StringComparison.Ordinal);
            refused++;
        }
    }

    [Fact]
    public void Blank_images_are_told()
    {
        using var folder = new TemporaryFolder();
        byte[] images = [.. Data.Train!.Images];
        images.AsSpan(5 * 784, 784).Clear();
        images.AsSpan(9 * 784, 784).Fill(255);
        foreach (string[]? files in (string[]?[])[null, [.. Enumerable.Range(0, Data.Train.Count).Select(i => $"{i}.png")]])
        {
            var progress = new Progress();
            Train(folder.Root, Config with { Epochs = 1 }, progress: progress, data: Data with { Train = new DatasetPart(images, Data.Train.Labels) { Files = files } });
            Assert.Contains($"warning: 2 of the training images are blank{(files is null ? "" : ", such as 5.png")}", progress.Messages);
        }
    }

    [Fact]
    public void A_checkpoint_of_another_configuration_is_refused()
    {
        using var folder = new TemporaryFolder();
        Train(folder.Root, Config with { Epochs = 1 });
        Assert.Throws<InvalidDataException>(() => Train(folder.Root, Config with { Epochs = 2 }, resume: true));
    }

    [Theory]
    [InlineData("cut off", "none of the checkpoints in ")]
    [InlineData("of version 2", "none of the checkpoints in ")]
    [InlineData("gone", "there is no checkpoint in ")]
    public void A_run_is_not_lost_with_its_checkpoints(string how, string message)
    {
        using var folder = new TemporaryFolder();
        TrainingConfig config = Config with { Epochs = 2 };
        var progress = new Progress();
        Train(folder.Root, config, resume: true, progress: progress);
        Assert.Equal($"nothing to resume in {folder.Root}: starting", progress.Messages[0]);
        progress.Messages.Clear();
        string[] checkpoints = Directory.GetFiles(Path.Combine(folder.Root, TrainingSession.CheckpointFolder), "*.checkpoint");
        Assert.Equal(2, checkpoints.Length);
        foreach (string file in checkpoints)
        {
            byte[] bytes = File.ReadAllBytes(file);
            if (how == "gone") File.Delete(file);
            else if (how == "cut off") File.WriteAllBytes(file, bytes[..^1]);
            else
            {
                bytes[4] = 2;
                SHA256.HashData(bytes.AsSpan(..^SHA256.HashSizeInBytes), bytes.AsSpan(^SHA256.HashSizeInBytes..));
                File.WriteAllBytes(file, bytes);
            }
        }
        (string, string)[] before = All();
        string error = Assert.Throws<InvalidDataException>(() => Train(folder.Root, config, resume: true, progress: progress)).Message;
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.EndsWith("; start anew without --resume", error, StringComparison.Ordinal);
        Assert.Contains(how == "gone" ? TrainingSession.ModelFile : how, error, StringComparison.Ordinal);
        Assert.Equal(how == "gone" ? 0 : 1, progress.Messages.Count(text => text.Contains("trying the one before it", StringComparison.Ordinal)));
        Assert.Equal(before, All());

        (string, string)[] All() => [.. Directory.GetFiles(folder.Root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => (file, Convert.ToHexString(File.ReadAllBytes(file))))];
    }

    [Fact]
    public void A_checkpoint_of_a_version_with_fewer_settings_goes_on()
    {
        using var folder = new TemporaryFolder();
        TrainingConfig config = Config with { Epochs = 1 };
        Train(folder.Root, config);
        string checkpoints = Path.Combine(folder.Root, TrainingSession.CheckpointFolder);
        Checkpoint saved = Checkpoint.LoadNewest(checkpoints, _ => { })!;
        JsonObject settings = JsonNode.Parse(saved.Config)!.AsObject();
        Assert.True(settings.Remove("painted"));
        var older = new Checkpoint { Config = settings.ToJsonString(), Epoch = saved.Epoch, Step = saved.Step, BestEpoch = saved.BestEpoch, BestAccuracy = saved.BestAccuracy, BestLoss = saved.BestLoss, History = saved.History };
        foreach ((string name, float[] values) in saved.Arrays) older.Arrays.Add(name, values);
        older.Save(checkpoints);
        var progress = new Progress();
        Train(folder.Root, config, resume: true, progress: progress);
        Assert.Contains("resuming after epoch 1", progress.Messages);
    }

    [Fact]
    public void A_run_is_not_resumed_with_other_images()
    {
        using var folder = new TemporaryFolder();
        Train(folder.Root);
        Dataset other = Shapes.Make();
        other.Train!.Images[400] ^= 1;
        var options = new SessionOptions { Output = folder.Root, Resume = true, Threads = 1 };
        var failure = Assert.Throws<InvalidDataException>(() => TrainingSession.Run(Config, other, options, new Progress(), default));
        Assert.Contains("the images of shapes have changed", failure.Message, StringComparison.Ordinal);
        other.Train.Images[400] ^= 1;
        TrainingSession.Run(Config, other, options, new Progress(), default);
    }

    [Fact]
    public void A_run_is_not_resumed_with_other_classes()
    {
        using var folder = new TemporaryFolder();
        Train(folder.Root);
        Dataset renamed = Shapes.Make() with { Labels = ["-", "|", "o", "y"] };
        var options = new SessionOptions { Output = folder.Root, Resume = true, Threads = 1 };
        void Resume() => TrainingSession.Run(Config, renamed, options, new Progress(), default);
        Assert.Contains("the classes of shapes have changed", Assert.Throws<InvalidDataException>(Resume).Message, StringComparison.Ordinal);
        // Runs of before know the images only, or nothing
        string hashes = Path.Combine(folder.Root, TrainingSession.CheckpointFolder, "images.sha256");
        File.WriteAllText(hashes, File.ReadAllLines(hashes)[0] + "\n");
        Resume();
        File.Delete(hashes);
        Resume();
    }

    [Theory]
    [InlineData("teacher")]
    [InlineData("initial")]
    [InlineData("architecture")]
    public void A_run_is_not_resumed_with_other_models(string use)
    {
        using TemporaryFolder first = new(), folder = new();
        string model = Train(first.Root, Config with { Epochs = 1 }).ModelPath;
        TrainingConfig usual = Config with { Epochs = 1 }, config = use switch
        {
            "teacher" => usual with { Teachers = [model] },
            "initial" => usual with { Initial = [model] },
            _ => usual with { Architecture = model, Width = 1 },
        };
        Train(folder.Root, config);
        Train(folder.Root, config, resume: true);
        Train(first.Root, Config with { Epochs = 1, Seed = 4 });
        string message = Assert.Throws<InvalidDataException>(() => Train(folder.Root, config, resume: true)).Message;
        Assert.Contains($"the model {model} has changed since the run", message, StringComparison.Ordinal);
        // Runs of before don't know it
        string hashes = Path.Combine(folder.Root, TrainingSession.CheckpointFolder, "images.sha256");
        File.WriteAllLines(hashes, File.ReadAllLines(hashes)[..2]);
        Train(folder.Root, config, resume: true);
    }

    [Fact]
    public void No_model_that_is_read_is_overwritten()
    {
        using var folder = new TemporaryFolder();
        SessionResult first = Train(folder.Root, Config with { Epochs = 1, Quantize = true });
        string model = first.ModelPath, small = Path.Combine(folder.Root, TrainingSession.QuantizedFile);
        byte[] before = File.ReadAllBytes(model), smallBefore = File.ReadAllBytes(small);
        string other = Path.Combine(folder.Root, "..", Path.GetFileName(folder.Root), TrainingSession.ModelFile);
        TrainingConfig next = Config with { Epochs = 1, Seed = 4 };
        foreach ((TrainingConfig config, string file) in new[]
        {
            (next with { Initial = [model] }, model), (next with { Teachers = [other] }, other), (next with { Architecture = model, Width = 1 }, model), (next with { Teachers = [small] }, small),
        })
        {
            foreach (bool resume in (bool[])[false, true])
            {
                // Without a checkpoint a run begins anew
                if (resume) Checkpoint.Clear(Path.Combine(folder.Root, TrainingSession.CheckpointFolder));
                Assert.Equal($"{file} would be overwritten; give another --output", Assert.Throws<FormatException>(() => Train(folder.Root, config, resume)).Message);
            }
        }
        Assert.Equal(before, Model(folder.Root));
        Assert.Equal(smallBefore, File.ReadAllBytes(small));
        Assert.Single(History(folder.Root));
    }

    [Fact]
    public void A_new_run_leaves_no_results_of_the_one_before()
    {
        using var folder = new TemporaryFolder();
        string[] stale = [TrainingSession.MetricsFile, TrainingSession.ReportFile, TrainingSession.QuantizedFile, TrainingSession.ModelFile];
        foreach (string file in stale) folder.Write(file, "of another run");
        string mine = folder.Write("notes.txt", "mine");
        // Stopped before there is a model of its own
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Train(folder.Root, Config with { Epochs = 1 }, progress: new Progress((_, _) => stop.Cancel()), cancellation: stop.Token));
        Assert.All(stale, file => Assert.False(File.Exists(Path.Combine(folder.Root, file))));
        Assert.True(File.Exists(mine));
    }

    [Theory]
    [InlineData("best", 2)]
    [InlineData("last", 0)]
    public void Stops_early_and_keeps_the_best_or_the_last_epoch(string keep, int after)
    {
        using var folder = new TemporaryFolder();
        var progress = new Progress();
        // A rate this small changes nothing that validation accuracy sees.
        SessionResult result = Train(folder.Root, Config with { Epochs = 30, Patience = 2, Keep = keep, LearningRate = 1e-12, Ema = 0, Schedule = "constant" }, progress: progress);
        Assert.True(result.History.Count < 30);
        Assert.Equal(result.BestEpoch + after, result.History.Count);
        Assert.Contains(progress.Messages, m => m.Contains("stopped early", StringComparison.Ordinal));
    }

    [Fact]
    public void Stopping_early_needs_images_that_are_held_back()
    {
        using var folder = new TemporaryFolder();
        // One image per class
        Dataset few = Data with { Train = Data.Train!.Select([0, 1, 2, 3]) };
        string message = Assert.Throws<FormatException>(() => Train(folder.Root, Config with { Epochs = 2, Patience = 1 }, data: few)).Message;
        Assert.StartsWith("patience is 1; expected validation images", message, StringComparison.Ordinal);
        Train(folder.Root, Config with { Epochs = 1 }, data: few);
    }

    [Fact]
    public void An_alphabet_restricts_training_and_test()
    {
        using var folder = new TemporaryFolder();
        SessionResult result = Train(folder.Root, Config with { Epochs = 1, Alphabet = ["xo"] });
        Assert.Equal(["o", "x"], ModelMetadata.Labels(result.Graph));
        Assert.Equal((30, 30), (result.Evaluation.Metrics.Count, result.Evaluation.Metrics.Skipped));
        Assert.Throws<DatasetException>(() => Train(folder.Root, Config with { Alphabet = ["x"] }));
        // Test images of other classes say nothing of the model.
        Dataset bars = Data with { Test = Data.Test!.Select([.. Enumerable.Range(0, Data.Test.Count).Where(i => Data.Test.Labels[i] < 2)]) };
        result = TrainingSession.Run(Config with { Epochs = 1, Alphabet = ["xo"] }, bars, new SessionOptions { Output = folder.Root }, new Progress(), default);
        Assert.Equal(("validation", result.Validation!.Metrics.Count), (result.Split, result.Evaluation.Metrics.Count));
        Assert.DoesNotContain("\"test\"", result.Graph.Metadata[ModelMetadata.MetricsKey], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no class of shapes is Q, é", "xoQ-é")]
    [InlineData("no class of shapes is ch", "x", "ch", "o")]
    [InlineData(null, "xo-")]
    [InlineData(null, "x", "o", "-")]
    [InlineData(null, "letters")]
    public void Labels_of_an_alphabet_that_no_class_has_are_named(string? message, params string[] alphabet)
    {
        using var folder = new TemporaryFolder();
        var progress = new Progress();
        Train(folder.Root, Config with { Epochs = 1, Alphabet = alphabet }, progress: progress);
        Assert.Equal(message, progress.Messages.FirstOrDefault(m => m.Contains("no class", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(null, "-|ox", 0, 1, 2, 3)]
    [InlineData("no training images of x; therefore 15 test images count as wrong", "-|ox", 0, 1, 2)]
    [InlineData("no training images of |, x; therefore 30 test images count as wrong", "-|ox", 0, 2)]
    [InlineData(null, "-|o", 0, 1, 2)]
    [InlineData(null, "-|ox", 0, 1, 5)]
    [InlineData("no training images of -, |; therefore 30 test images count as wrong", "-|ox", 2, 3)]
    public void Classes_without_training_images_are_named(string? message, string alphabet, params int[] labels)
    {
        using var folder = new TemporaryFolder();
        var progress = new Progress();
        // 5 is "o" or "x".
        int[] ofImages = [.. Data.Train!.Labels.Select(label => labels[label % labels.Length])];
        Dataset data = Data with { Train = new DatasetPart(Data.Train.Images, ofImages), Coarse = new CoarseLabels(ofImages, [[0, 1], [2, 3]]) };
        Train(folder.Root, Config with { Epochs = 1, Alphabet = [alphabet] }, progress: progress, data: data);
        Assert.Equal(message, progress.Messages.FirstOrDefault(m => m.StartsWith("no training images", StringComparison.Ordinal)));
        // Without test images there is no more to say.
        progress.Messages.Clear();
        Train(folder.Root, Config with { Epochs = 1, Alphabet = [alphabet] }, progress: progress, data: data with { Test = null });
        Assert.Equal(message?[..message.IndexOf(';', StringComparison.Ordinal)], progress.Messages.FirstOrDefault(m => m.StartsWith("no training images", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_alphabet_may_have_labels_of_several_characters()
    {
        using var folder = new TemporaryFolder();
        SessionResult result = Train(folder.Root, Config with { Epochs = 1, Alphabet = ["ring", "x"] }, data: Data with { Labels = ["-", "|", "ring", "x"] });
        Assert.Equal(["ring", "x"], ModelMetadata.Labels(result.Graph));
    }

    [Fact]
    public void An_alphabet_leaves_groups_that_are_trained_as_a_whole()
    {
        using var folder = new TemporaryFolder();
        // Every other image is known by group only: "-" or "|", and "o" or "x".
        DatasetPart train = Data.Train!;
        int[] labels = [.. train.Labels.Select((label, i) => i % 8 < 4 ? label : 4 + label / 2)];
        Dataset grouped = Data with { Train = new DatasetPart(train.Images, labels), Coarse = new CoarseLabels(labels, [[0, 1], [2, 3]]) };
        var progress = new Progress();
        TrainingConfig config = Config with { Epochs = 2, Alphabet = ["-|o"], Painted = 0.1, ClassFrequencies = new Dictionary<string, double> { ["-"] = 1, ["|"] = 1, ["o"] = 2 } };
        SessionResult result = TrainingSession.Run(config, grouped, new SessionOptions { Output = folder.Root }, progress, default);
        Assert.Equal(["-", "|", "o"], ModelMetadata.Labels(result.Graph));
        // 90 of known class, and of the others the 60 that are "-" or "|"; the other 60 may be "x".
        Assert.Contains(progress.Messages, message => message.Contains("135 training and 15 validation images", StringComparison.Ordinal));
        TrainingSession.Run(config with { Alphabet = ["-|"], Painted = 0 }, grouped, new SessionOptions { Output = folder.Root }, progress, default);
        Assert.Contains(progress.Messages, message => message.Contains("108 training and 12 validation images", StringComparison.Ordinal));
    }

    [Fact]
    public void Fine_tunes_a_file_with_frozen_layers_and_a_new_head()
    {
        using TemporaryFolder first = new(), second = new(), third = new();
        SessionResult start = Train(first.Root, Config with { Epochs = 1 });
        SessionResult tuned = Train(second.Root, Config with { Epochs = 1, Architecture = start.ModelPath, Width = 1, Alphabet = ["-|o"], Freeze = ["conv*"] });
        Assert.Equal(start.Graph.Initializers["conv1.weight"].Span<float>().ToArray(), tuned.Graph.Initializers["conv1.weight"].Span<float>().ToArray());
        Assert.NotEqual(start.Graph.Initializers["dense1.weight"].Span<float>().ToArray(), tuned.Graph.Initializers["dense1.weight"].Span<float>().ToArray());
        Assert.Equal(3, tuned.Graph.Initializers["dense2.weight"].Shape[0]);
        SessionResult initial = Train(third.Root, Config with { Epochs = 1, Initial = [start.ModelPath], Freeze = ["*1.*"] });
        Assert.Equal(start.Graph.Initializers["conv1.weight"].Span<float>().ToArray(), initial.Graph.Initializers["conv1.weight"].Span<float>().ToArray());
        Assert.Throws<FormatException>(() => Train(third.Root, Config with { Freeze = ["nothing*"] }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_same_classes_in_another_order_keep_what_was_learnt_of_them(bool initial)
    {
        using TemporaryFolder first = new(), second = new();
        string model = Train(first.Root, Config with { Epochs = 8 }).ModelPath;
        int[] order = [2, 0, 3, 1];
        DatasetPart Turned(DatasetPart part) => new(part.Images, [.. part.Labels.Select(label => Array.IndexOf(order, label))]);
        Dataset turned = Data with { Labels = [.. order.Select(k => Data.Labels[k])], Train = Turned(Data.Train!), Test = Turned(Data.Test!) };
        TrainingConfig config = Config with { Epochs = 1, LearningRate = 1e-6 };
        SessionResult result = Train(second.Root, initial ? config with { Initial = [model] } : config with { Architecture = model, Width = 1 }, data: turned);
        Assert.Equal(turned.Labels, ModelMetadata.Labels(result.Graph));
        Assert.True(result.Evaluation.Metrics.MicroAccuracy >= 0.9, $"{result.Evaluation.Metrics.MicroAccuracy}");
    }

    // In a batch of all images every step is the last of its epoch, so that the images held back show it first.
    [Theory]
    [InlineData(16)]
    [InlineData(240)]
    public void Divergence_is_an_error_and_not_a_model(int batchSize)
    {
        using var folder = new TemporaryFolder();
        TrainingConfig config = Config with { LearningRate = 100, Optimizer = "sgd", Schedule = "constant", GradientClipping = 0, Epochs = 20, BatchSize = batchSize };
        Assert.Throws<DivergedException>(() => Train(folder.Root, config));
        Assert.False(File.Exists(Path.Combine(folder.Root, TrainingSession.ModelFile)) && History(folder.Root).Length == 0);
    }
}
