using System.Diagnostics;
using Recognizer.Benchmarks.Peers;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;

namespace Recognizer.Tests.Engine;

/// <summary>What runs leave behind. 10⁴ predictions; 10⁶ with RECOGNIZER_LONG_TESTS=1.</summary>
[Collection(Alone.Name)]
public sealed class PlanMemoryTests
{
    private const int Pixels = 784, Batch = 50, Classes = 10;

    public static TheoryData<string, bool, int, int> Runs
    {
        get
        {
            var runs = new TheoryData<string, bool, int, int>();
            foreach ((string network, _) in PeerNetworks.All())
            {
                foreach ((int batch, int threads) in new[] { (1, 1), (33, 1), (33, 2) })
                {
                    runs.Add(network, false, batch, threads);
                    runs.Add(network, true, batch, threads);
                }
            }
            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void RunsAllocateNothingOnceWarm(string network, bool int8, int batch, int threads)
    {
        Graph graph = PeerNetworks.All().Single(n => n.Name == network).Graph;
        var images = new float[batch * Pixels];
        PeerNetworks.FillWithStrokes(images);
        using Plan plan = Plan.Compile(int8 ? PeerNetworks.Quantize(graph) : graph, new PlanOptions { Outputs = ["probabilities"], Threads = threads });
        var result = new float[batch * Classes];
        for (int i = 0; i < 3; i++) plan.Run(images, batch, result);
        // Of all threads, also those of the runtime and of the test runner, which allocate a little now and then: some tries are free of that.
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 100 && least > 0; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < 2; i++) plan.Run(images, batch, result);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Assert.Equal(0, least);
    }

    [Fact]
    public void ManyPredictionsLeaveMemoryFlat()
    {
        int predictions = Environment.GetEnvironmentVariable("RECOGNIZER_LONG_TESTS") == "1" ? 1_000_000 : 10_000;
        using Plan plan = Plan.Compile(Architecture.Build("residual", [.. Enumerable.Range(0, Classes).Select(i => $"{i}")], 5, width: 0.25), new PlanOptions { Outputs = ["probabilities"], Threads = 2 });
        var images = new float[Batch * Pixels];
        images.AsSpan().Fill(0.5f);
        var result = new float[Batch * Classes];
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
                for (int i = 0; i < Batch; i++) plan.Run(images.AsSpan(i * Pixels, Pixels), 1, result.AsSpan(0, Classes));
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
