using System.Collections.Concurrent;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;

namespace Recognizer.Tests;

[Collection(Alone.Name)]
public class ModelReplacementTests
{
    private const int Threads = 16;
    private const int Images = 4;
    private static readonly string[] Labels = [.. Enumerable.Range(0, 10).Select(d => d.ToString())];
    private static readonly float[] Pixels = RandomPixels();

    /// <summary>Whether tests may take a minute.</summary>
    internal static bool Long => Environment.GetEnvironmentVariable("RECOGNIZER_LONG_TESTS") == "1";

    [Fact]
    public void Sixteen_threads_get_the_answers_of_one()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Model(0));
        var hammer = new Hammer([Answers(Model(0))]);
        hammer.Run(recognizer, () => Thread.Sleep(Long ? 60_000 : 1_500));
    }

    [Fact]
    public void No_answer_is_torn_or_stale_while_the_model_is_replaced()
    {
        const int Replacements = 50;
        byte[][] models = [.. Enumerable.Range(0, Replacements + 1).Select(Model)];
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(models[0]);
        var hammer = new Hammer([.. models.Select(Answers)]);
        hammer.Run(recognizer, () =>
        {
            for (int i = 1; i <= Replacements; i++)
            {
                recognizer.ReplaceModel(models[i]);
                if (i == 10) hammer.Mark();
                Thread.Sleep(Long ? 1_200 : 10);
            }
        });
        Assert.Equal(Replacements, recognizer.ModelVersion);
        Assert.True(hammer.ModelsSeen > Replacements / 2, $"Only {hammer.ModelsSeen} models answered: the threads did not read beside the replacements.");
    }

    [Fact]
    public void A_model_that_is_not_taken_into_use_is_freed()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("model.onnx", Model(1));
        var runners = new List<Runner>();
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Model(0), new RecognizerOptions { Runner = (graph, options) =>
        {
            runners.Add(new Runner(Plan.Compile(graph, options)));
            return runners[^1];
        } });
        Assert.False(recognizer.TryReplaceModel(path, () => false));
        Assert.Throws<FormatException>(() => recognizer.TryReplaceModel(path, () => throw new FormatException()));
        Assert.Equal([false, true, true], runners.Select(runner => runner.IsDisposed));
    }

    [Fact]
    public async Task A_model_that_is_disposed_of_under_load_ends_in_the_documented_exception()
    {
        for (int round = 0; round < 5; round++)
        {
            CharacterRecognizer recognizer = CharacterRecognizer.Load(Model(round));
            float[][] answers = Answers(Model(round));
            Task[] tasks = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                var scores = new float[Labels.Length];
                try
                {
                    while (true)
                    {
                        recognizer.Score(Pixels.AsSpan(0, 784), 1, scores);
                        Assert.Equal(answers[0], scores);
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            }))];
            Thread.Sleep(30);
            recognizer.Dispose();
            await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>A file that differs from those with other seeds in its answers.</summary>
    internal static byte[] Model(int seed)
    {
        if (Long) return OnnxWriter.ToBytes(Architecture.Build("cnn2", Labels, (ulong)seed + 100));
        // Loads quickly beside sixteen busy threads
        var random = new Random(seed);
        float[] Weights(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        var builder = new GraphBuilder("small");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        x = builder.Node("Conv", "c", [x, builder.Initializer("w", Tensor.Create(Weights(4 * 9), 4, 1, 3, 3))]);
        x = builder.Node("Relu", "r", [x]);
        x = builder.Node("MaxPool", "p", [x], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        x = builder.Node("Flatten", "f", [x]);
        x = builder.Node("MatMul", "m", [x, builder.Initializer("v", Tensor.Create(Weights(4 * 13 * 13 * 10), 4 * 13 * 13, 10))]);
        x = builder.Node("Softmax", "probabilities", [x], ("axis", 1L));
        builder.Output(x, ElementType.Float, Dimension.Named("N"), 10);
        Graph graph = builder.Build();
        graph.Metadata["recognizer.labels"] = """["0","1","2","3","4","5","6","7","8","9"]""";
        return OnnxWriter.ToBytes(graph);
    }

    /// <summary>A model's probabilities of the test's images, one after the other.</summary>
    internal static float[][] Answers(byte[] model)
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(model);
        return [.. Enumerable.Range(0, Images).Select(i =>
        {
            var scores = new float[Labels.Length];
            recognizer.Score(Pixels.AsSpan(i * 784, 784), 1, scores);
            return scores;
        })];
    }

    private static float[] RandomPixels()
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, Images * 784).Select(_ => random.NextSingle())];
    }

    private sealed class Runner(IGraphRunner plan) : IGraphRunner
    {
        public bool IsDisposed { get; private set; }

        public IReadOnlyList<ValueInfo> Outputs => plan.Outputs;

        public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs) => plan.Run(inputs);

        public void Run(ReadOnlySpan<float> input, int batch, Span<float> output) => plan.Run(input, batch, output);

        public void Dispose()
        {
            IsDisposed = true;
            plan.Dispose();
        }
    }

    /// <summary>Threads that read without pause and hold each answer to those of the models that were in use during the call.</summary>
    /// <param name="answers">Per version of the model and image.</param>
    internal sealed class Hammer(float[][][] answers)
    {
        private readonly ConcurrentQueue<string> _failures = new();
        private readonly bool[] _seen = new bool[answers.Length];
        private long _calls;
        private long _before;

        public int ModelsSeen => _seen.Count(s => s);

        public void Run(CharacterRecognizer recognizer, Action meanwhile)
        {
            using var ending = new CancellationTokenSource();
            Thread[] threads = [.. Enumerable.Range(0, Threads).Select(t => new Thread(() => Work(recognizer, t, ending.Token)))];
            foreach (Thread thread in threads) thread.Start();
            Thread.Sleep(100);
            Mark();
            try
            {
                meanwhile();
            }
            finally
            {
                long after = Memory();
                ending.Cancel();
                foreach (Thread thread in threads) thread.Join();
                Assert.Empty(_failures);
                // Forty models left behind would be more, in a long test
                Assert.True(after - _before < 48 << 20, $"Memory grew from {_before >> 20} to {after >> 20} MiB; {GC.GetGCMemoryInfo().TotalCommittedBytes >> 20} are the garbage collector's.");
            }
            Assert.True(_calls > Threads * 10, $"Only {_calls} calls.");
        }

        /// <summary>Memory must stay as it is now.</summary>
        public void Mark() => _before = Memory();

        private static long Memory()
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return Environment.WorkingSet;
        }

        private void Work(CharacterRecognizer recognizer, int thread, CancellationToken ending)
        {
            try
            {
                var scores = new float[Images * Labels.Length];
                for (int call = thread; !ending.IsCancellationRequested; call++)
                {
                    long first = recognizer.ModelVersion;
                    // A batch too: all of its images must be answered by the same model.
                    int image = call % (Images + 1), count = image == Images ? Images : 1;
                    if (count > 1) image = 0;
                    recognizer.Score(Pixels.AsSpan(image * 784, count * 784), count, scores.AsSpan(0, count * Labels.Length));
                    // The version goes up after the model has changed.
                    long last = Math.Min(recognizer.ModelVersion + 1, answers.Length - 1);
                    // With few cores, whoever replaces models must come to it now and then.
                    if (Interlocked.Increment(ref _calls) % 64 == 0) Thread.Sleep(1);
                    long version = first;
                    while (version <= last && !Matches(version, image, count, scores)) version++;
                    if (version <= last)
                    {
                        _seen[version] = true;
                        continue;
                    }
                    version = 0;
                    while (version < answers.Length && !Matches(version, image, count, scores)) version++;
                    _failures.Enqueue($"An answer between versions {first} and {last} is " + (version < answers.Length ? $"that of version {version}." : "no version's."));
                    return;
                }
            }
            catch (Exception exception)
            {
                _failures.Enqueue(exception.ToString());
            }
        }

        private bool Matches(long version, int image, int count, float[] scores)
        {
            for (int i = 0; i < count; i++)
            {
                if (!scores.AsSpan(i * Labels.Length, Labels.Length).SequenceEqual(answers[version][image + i])) return false;
            }
            return true;
        }
    }
}
