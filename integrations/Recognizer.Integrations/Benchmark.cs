using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Onnx;
using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.MLNet;
using Recognizer.OnnxRuntime;
using Recognizer.TorchSharp;

using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;
using Recognizer.Training.Differentiation;
using TorchSharp;

namespace Recognizer.Integrations;

/// <summary><c>benchmark</c>: the ways to run a model side by side, on the same images, a thread each.</summary>
internal static class Benchmark
{
    private const int Batch = 128;
    private const int Rounds = 5;

    public static int Run(string model, string dataset, string? data, int count, TextWriter output)
    {
        torch.set_num_threads(1);
        var images = new TestImages(dataset, data, count);
        float[] pixels = images.Pixels;
        output.WriteLine($"{images.Count} images of {dataset}, {model}, the best of {Rounds} rounds, {Environment.ProcessorCount} processors");
        output.WriteLine("| scoring | batch | threads | images/s |");
        output.WriteLine("| --- | --- | --- | --- |");

        using CharacterRecognizer engine = CharacterRecognizer.Load(model), onnxRuntime = CharacterRecognizer.Load(model, new RecognizerOptions().UseOnnxRuntime());
        var context = new MLContext(seed: 0);
        IDataView rows = context.Data.Cache(context.Data.LoadFromEnumerable(Enumerable.Range(0, images.Count).Select(i => new Pixels { Values = images.PixelsOf(i) })));
        Consume(rows, "input");
        int all = Environment.ProcessorCount;
        Fitted Ours(int threads) => Fit(context.Transforms.RecognizeHandwriting(model, new() { InputColumnName = "input", Threads = threads }), rows);
        Fitted Theirs(int threads) => Fit(context.Transforms.ApplyOnnxModel(new OnnxOptions
        {
            ModelFile = model,
            InputColumns = ["input"],
            OutputColumns = ["probabilities"],
            ShapeDictionary = new Dictionary<string, int[]> { ["input"] = [1, 1, 28, 28], ["probabilities"] = [1, engine.Labels.Count] },
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
        }).Append(context.Transforms.CopyColumns("Score", "probabilities")), rows);
        using Fitted ours = Ours(1), oursAll = Ours(all), theirs = Theirs(1), theirsAll = Theirs(all);
        using PredictionEngine<Pixels, Scores> ourEngine = context.Model.CreatePredictionEngine<Pixels, Scores>(oursAll.Transformer), theirEngine = context.Model.CreatePredictionEngine<Pixels, Scores>(theirs.Transformer);
        Graph graph = OnnxReader.ReadFile(model);
        using var module = new GraphModule(graph, "probabilities");
        module.eval();
        var row = new Pixels();

        Compare(output, images.Count,
        [
            ("engine", Batch, 1, () => Score(engine, pixels, Batch)),
            ("engine", 1, 1, () => Score(engine, pixels, 1)),
            ("ONNX Runtime, direct", Batch, 1, () => Score(onnxRuntime, pixels, Batch)),
            ("ONNX Runtime, direct", 1, 1, () => Score(onnxRuntime, pixels, 1)),
            ("ML.NET, RecognizeHandwriting", Batch, all, () => Consume(oursAll.Transformer.Transform(rows), "Score")),
            ("ML.NET, RecognizeHandwriting", Batch, 1, () => Consume(ours.Transformer.Transform(rows), "Score")),
            ("ML.NET, ApplyOnnxModel", 1, all, () => Consume(theirsAll.Transformer.Transform(rows), "Score")),
            ("ML.NET, ApplyOnnxModel", 1, 1, () => Consume(theirs.Transformer.Transform(rows), "Score")),
            ("PredictionEngine, RecognizeHandwriting", 1, 1, () => Predict(ourEngine)),
            ("PredictionEngine, ApplyOnnxModel", 1, 1, () => Predict(theirEngine)),
            ("TorchSharp", Batch, 1, () => Forward(module, pixels)),
        ]);

        output.WriteLine();
        output.WriteLine("| training of cnn2 | batch | threads | images/s |");
        output.WriteLine("| --- | --- | --- | --- |");
        Graph network = Architecture.Build("cnn2", engine.Labels, seed: 1);
        var options = new TrainingPlanOptions { BatchSize = 128, Threads = 1 };
        using ITrainingPlan native = new TrainingPlan(network, options), torchPlan = new TorchTrainingPlan(network, options, torch.CPU);
        int[] labels = [.. images.Labels.Select(label => engine.Labels.ToList().IndexOf(label))];
        Compare(output, images.Count / 128 * 128, [("engine", 128, 1, () => Train(native)), ("TorchSharp", 128, 1, () => Train(torchPlan))]);
        return 0;

        void Predict(PredictionEngine<Pixels, Scores> predictor)
        {
            var scores = new Scores();
            for (int i = 0; i < images.Count; i++)
            {
                row.Values = pixels[(i * 784)..((i + 1) * 784)];
                predictor.Predict(row, ref scores);
            }
        }

        void Train(ITrainingPlan plan)
        {
            for (int i = 0; i + 128 <= images.Count; i += 128)
                plan.Step(pixels.AsSpan(i * 784, 128 * 784), 128, new SoftmaxCrossEntropy(labels.AsMemory(i, 128)), 1);
        }
    }

    // Rounds go through all ways in turn, so that what else the machine does meets all alike.
    private static void Compare(TextWriter output, int images, (string Name, int Batch, int Threads, Action Run)[] ways)
    {
        var best = new double[ways.Length];
        for (int round = 0; round <= Rounds; round++)
        {
            for (int i = 0; i < ways.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                ways[i].Run();
                // The first round warms up.
                if (round > 0) best[i] = Math.Max(best[i], images / Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
        for (int i = 0; i < ways.Length; i++)
            output.WriteLine($"| {ways[i].Name} | {ways[i].Batch} | {ways[i].Threads} | {best[i]:N0} |");
    }

    private static void Score(CharacterRecognizer recognizer, float[] pixels, int batch)
    {
        var scores = new float[batch * recognizer.Labels.Count];
        for (int i = 0; i < pixels.Length; i += batch * 784)
        {
            int count = Math.Min(batch, (pixels.Length - i) / 784);
            recognizer.Score(pixels.AsSpan(i, count * 784), count, scores.AsSpan(0, count * recognizer.Labels.Count));
        }
    }

    private static void Forward(GraphModule module, float[] pixels)
    {
        using IDisposable untracked = torch.no_grad();
        for (int i = 0; i < pixels.Length; i += Batch * 784)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            int count = Math.Min(Batch, (pixels.Length - i) / 784);
            module.forward(torch.tensor(pixels[i..(i + count * 784)], [count, 1, 28, 28]));
        }
    }

    private static void Consume(IDataView rows, string column)
    {
        using DataViewRowCursor cursor = rows.GetRowCursor([rows.Schema[column]]);
        ValueGetter<VBuffer<float>> get = cursor.GetGetter<VBuffer<float>>(rows.Schema[column]);
        VBuffer<float> values = default;
        while (cursor.MoveNext()) get(ref values);
    }

    private static Fitted Fit<T>(IEstimator<T> estimator, IDataView rows) where T : class, ITransformer => new(estimator.Fit(rows));

    private sealed class Fitted(ITransformer transformer) : IDisposable
    {
        public ITransformer Transformer => transformer;

        public void Dispose() => (transformer as IDisposable)?.Dispose();
    }

    private sealed class Pixels
    {
        [ColumnName("input"), VectorType(1, 28, 28)]
        public float[] Values { get; set; } = [];
    }

    private sealed class Scores
    {
        [ColumnName("Score")]
        public float[] Values { get; set; } = [];
    }
}
