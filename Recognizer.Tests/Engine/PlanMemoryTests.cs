using System.Diagnostics;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;

namespace Recognizer.Tests.Engine;

/// <summary>10⁴ predictions; 10⁶ with RECOGNIZER_LONG_TESTS=1.</summary>
[Collection(Alone.Name)]
public sealed class PlanMemoryTests
{
    private const int Pixels = 784, Batch = 50;

    [Fact]
    public void ManyPredictionsLeaveMemoryFlat()
    {
        int predictions = Environment.GetEnvironmentVariable("RECOGNIZER_LONG_TESTS") == "1" ? 1_000_000 : 10_000;
        Graph graph = Architecture.Build("lenet5", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], 5);
        using Plan plan = Plan.Compile(graph, new PlanOptions { Outputs = ["probabilities"], Threads = 2 });
        var images = new float[Batch * Pixels];
        images.AsSpan().Fill(0.5f);
        var result = new float[Batch * 10];
        Predict(predictions / 10);
        (long managed, long total) = Memory();
        Predict(predictions);
        (long managedAfter, long totalAfter) = Memory();
        Assert.InRange(managedAfter - managed, long.MinValue, 256 * 1024);
        Assert.InRange(totalAfter - total, long.MinValue, 16 * 1024 * 1024);

        // Half of them in batches, half one by one.
        void Predict(int count)
        {
            for (int done = 0; done < count; done += 2 * Batch)
            {
                plan.Run(images, Batch, result);
                for (int i = 0; i < Batch; i++) plan.Run(images.AsSpan(i * Pixels, Pixels), 1, result.AsSpan(0, 10));
            }
        }

        static (long Managed, long Total) Memory()
        {
            long managed = GC.GetTotalMemory(forceFullCollection: true);
            using var process = Process.GetCurrentProcess();
            return (managed, process.WorkingSet64);
        }
    }
}
