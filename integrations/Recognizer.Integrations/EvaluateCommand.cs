using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.MLNet;
using Recognizer.OnnxRuntime;

namespace Recognizer.Integrations;

/// <summary><c>evaluate-mlnet</c>: measures a model on a data set through ML.NET's own parts, the estimator, ONNX Runtime and the engine, and holds them to each other.</summary>
internal static class EvaluateCommand
{
    private const double LeastAgreement = 0.9999;
    private const double MetricsTolerance = 1e-9;

    /// <returns>0 where all agree, else 1.</returns>
    public static int Run(string model, string dataset, string? data, TextWriter output)
    {
        var images = new TestImages(dataset, data);
        string folder = Directory.CreateTempSubdirectory("recognizer-").FullName;
        try
        {
            var context = new MLContext(seed: 0);
            string[] paths = images.WritePng(folder);
            IDataView rows = context.Data.LoadFromEnumerable(paths.Select((path, i) => new Row { ImagePath = path, Label = images.Labels[i] }));
            using CharacterRecognizer engine = CharacterRecognizer.Load(model);

            var core = new string[images.Count];
            EvaluationResult evaluated = Evaluator.Evaluate(engine, images.Labelled, new EvaluationOptions { Observer = image => core[image.Index] = image.Predicted });
            output.WriteLine($"{images.Count} images of {dataset}, {model}");
            output.WriteLine($"{"",-44} accuracy  same prediction   rows/s");
            Report("evaluate (the core's)", core, evaluated.Duration);

            bool agree = Report("ONNX Runtime, direct", ScoreDirectly(model, images, out TimeSpan time), time);
            (string[] stock, IDataView stockRows) = Transform(OnnxPipeline.Create(context, model), rows, out time);
            agree &= Report("PNG files, ML.NET's parts, ApplyOnnxModel", stock, time);
            (string[] ours, IDataView ourRows) = Transform(OnnxPipeline.Pixels(context)
                .Append(context.Transforms.RecognizeHandwriting(model, new() { InputColumnName = "input" })), rows, out time);
            agree &= Report("PNG files, ML.NET's parts, RecognizeHandwriting", ours, time);

            double difference = Math.Max(CompareMetrics(context, stockRows, output), CompareMetrics(context, ourRows, output));
            output.WriteLine($"largest difference between ML.NET's metrics and ours of the same scores: {difference:g3}");
            return agree && difference <= MetricsTolerance ? 0 : 1;

            bool Report(string name, string[] predictions, TimeSpan duration)
            {
                double accuracy = predictions.Zip(images.Labels).Average(pair => pair.First == pair.Second ? 1.0 : 0);
                double same = predictions.Zip(core).Average(pair => pair.First == pair.Second ? 1.0 : 0);
                output.WriteLine($"{name,-47} {accuracy,8:P2}  {same,12:P2} {images.Count / duration.TotalSeconds,11:N0}");
                return same >= LeastAgreement;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The largest difference between ML.NET's metrics of some rows and this library's.</summary>
    internal static double CompareMetrics(MLContext context, IDataView rows, TextWriter output)
    {
        MulticlassMetrics ours = RecognizerEvaluation.Measure(rows);
        int topK = Math.Min(5, ours.PerClass.Count);
        MulticlassClassificationMetrics theirs = RecognizerEvaluation.Evaluate(context, rows, topKPredictionCount: topK);
        IEnumerable<(string Name, double Theirs, double Ours)> figures =
        [
            ("MicroAccuracy", theirs.MicroAccuracy, ours.MicroAccuracy),
            ("MacroAccuracy", theirs.MacroAccuracy, ours.MacroAccuracy),
            ("LogLoss", theirs.LogLoss, ours.LogLoss),
            ("LogLossReduction", theirs.LogLossReduction, ours.LogLossReduction),
            .. theirs.TopKAccuracyForAllK.Select((accuracy, k) => ($"Top{k + 1}Accuracy", accuracy, ours.TopKAccuracy[k])),
            .. theirs.PerClassLogLoss.Select((logLoss, c) => ($"LogLoss of class {c}", logLoss, ours.PerClass[c].LogLoss)),
            .. theirs.ConfusionMatrix.PerClassPrecision.Select((precision, c) => ($"Precision of class {c}", precision, ours.PerClass[c].Precision)),
            .. theirs.ConfusionMatrix.PerClassRecall.Select((recall, c) => ($"Recall of class {c}", recall, ours.PerClass[c].Recall)),
            .. theirs.ConfusionMatrix.Counts.SelectMany((row, actual) => row.Select((count, predicted) =>
                ($"count of {actual} as {predicted}", count, (double)ours.ConfusionMatrix[actual, predicted]))),
        ];
        double largest = 0;
        foreach ((string name, double their, double our) in figures)
        {
            // Without entropy to reduce, the reduction is no number on either side; which one differs.
            double difference = double.IsFinite(their) || double.IsFinite(our) ? Math.Abs(their - our) : 0;
            if (!(difference <= MetricsTolerance)) output.WriteLine($"  {name}: ML.NET {their:R}, ours {our:R}");
            largest = difference <= largest ? largest : difference;
        }
        output.WriteLine($"  micro {ours.MicroAccuracy:R}, macro {ours.MacroAccuracy:R}, log-loss {ours.LogLoss:R}, reduction {ours.LogLossReduction:R}, top {topK} {ours.TopKAccuracy[topK - 1]:R}");
        return largest;
    }

    private static string[] ScoreDirectly(string model, TestImages images, out TimeSpan time)
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(model, new RecognizerOptions().UseOnnxRuntime());
        const int Batch = 64;
        float[] pixels = images.Pixels;
        int classes = recognizer.Labels.Count, size = pixels.Length / images.Count;
        var scores = new float[images.Count * classes];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < images.Count; i += Batch)
        {
            int count = Math.Min(Batch, images.Count - i);
            recognizer.Score(pixels.AsSpan(i * size, count * size), count, scores.AsSpan(i * classes, count * classes));
        }
        time = Stopwatch.GetElapsedTime(start);
        return [.. scores.Chunk(classes).Select(row => recognizer.Labels[Array.IndexOf(row, row.Max())])];
    }

    // Fits a chain, reads its predictions, and keeps scores and labels for the metrics.
    private static (string[] Predictions, IDataView Rows) Transform(IEstimator<ITransformer> chain, IDataView rows, out TimeSpan time)
    {
        using var fitted = (IDisposable)chain.Fit(rows);
        IDataView result = ((ITransformer)fitted).Transform(rows);
        VBuffer<ReadOnlyMemory<char>> labels = default;
        result.Schema["PredictedLabel"].GetKeyValues(ref labels);
        long start = Stopwatch.GetTimestamp();
        IDataView cached = new MLContext().Data.Cache(result, "Label", "Score", "PredictedLabel");
        var predictions = new List<string>();
        using (DataViewRowCursor cursor = cached.GetRowCursor(cached.Schema))
        {
            ValueGetter<uint> getKey = cursor.GetGetter<uint>(cached.Schema["PredictedLabel"]);
            uint key = 0;
            while (cursor.MoveNext())
            {
                getKey(ref key);
                predictions.Add(key == 0 ? "" : labels.GetItemOrDefault((int)key - 1).ToString());
            }
        }
        time = Stopwatch.GetElapsedTime(start);
        return ([.. predictions], cached);
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
