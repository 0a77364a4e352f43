using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.OnnxRuntime;
using Recognizer.TorchSharp;
using TorchSharp;

namespace Recognizer.Integrations;

/// <summary><c>train-torch</c> and <c>compare-torch</c>.</summary>
internal static class TorchCommands
{
    private const double Tolerance = 1e-4;

    /// <summary>Trains with TorchSharp.</summary>
    /// <param name="recipe">JSON, or a file with it.</param>
    public static int Train(string recipe, TorchTrainerOptions options, TextWriter output)
    {
        TorchTrainingResult result = TorchTrainer.Train(File.Exists(recipe) ? File.ReadAllText(recipe) : recipe, options);
        output.WriteLine($"{result.Split}: accuracy {result.Metrics.MicroAccuracy:P2} ± {result.Metrics.StandardError:P2} of {result.Metrics.Count}, log-loss {result.Metrics.LogLoss:0.0000}");
        output.WriteLine($"model   {result.ModelPath}");
        return 0;
    }

    /// <summary>Runs a model in the engine, in ONNX Runtime and in TorchSharp, and takes its weights there and back.</summary>
    /// <returns>0 where all outputs agree and the weights come back unchanged, else 1.</returns>
    public static int Compare(string model, string dataset, string? data, TextWriter output)
    {
        var images = new TestImages(dataset, data);
        Graph graph = OnnxReader.ReadFile(model);
        using var module = new GraphModule(graph);
        bool unchanged = OnnxWriter.ToBytes(module.ToGraph()).AsSpan().SequenceEqual(OnnxWriter.ToBytes(graph));
        output.WriteLine($"weights, engine → TorchSharp → engine: {(unchanged ? "unchanged" : "CHANGED")}");
        bool agree = unchanged;
        foreach (ValueInfo value in graph.Outputs)
        {
            using Plan engine = Plan.Compile(graph, new PlanOptions { Outputs = [value.Name] });
            using var onnxRuntime = new OnnxRuntimeRunner(graph, new PlanOptions { Outputs = [value.Name] });
            using var torchModule = new GraphModule(graph, value.Name);
            torchModule.eval();
            int classes = value.Shape![^1].Size;
            const int Batch = 100;
            double runtime = 0, torchs = 0;
            for (int start = 0; start < images.Count; start += Batch)
            {
                int count = Math.Min(Batch, images.Count - start);
                float[] pixels = [.. Enumerable.Range(start, count).SelectMany(images.PixelsOf)], ours = new float[count * classes], theirs = new float[count * classes];
                engine.Run(pixels, count, ours);
                onnxRuntime.Run(pixels, count, theirs);
                runtime = Math.Max(runtime, Difference(ours, theirs));
                using DisposeScope scope = torch.NewDisposeScope();
                using IDisposable untracked = torch.no_grad();
                torchs = Math.Max(torchs, Difference(ours, torchModule.forward(torch.tensor(pixels, [count, 1, 28, 28])).data<float>().ToArray()));
            }
            output.WriteLine($"{value.Name} of {images.Count} images: largest difference of the engine from ONNX Runtime {runtime:g3}, from TorchSharp {torchs:g3}");
            agree &= runtime <= Tolerance && torchs <= Tolerance;
        }
        return agree ? 0 : 1;
    }

    private static double Difference(float[] left, float[] right) => left.Zip(right).Max(pair => Math.Abs((double)pair.First - pair.Second));
}
