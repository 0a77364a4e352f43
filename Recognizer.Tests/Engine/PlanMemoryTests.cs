using System.Diagnostics;
using Recognizer.Benchmarks.Peers;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Execution;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;
using Recognizer.Training.Quantization;

namespace Recognizer.Tests.Engine;

/// <summary>What runs leave behind. 10⁴ predictions; 10⁶ with RECOGNIZER_LONG_TESTS=1.</summary>
[Collection(Alone.Name)]
public sealed class PlanMemoryTests
{
    private const int Pixels = 784, Batch = 50, Classes = 10;

    public static TheoryData<string> Networks => new(PeerNetworks.All().Select(network => network.Name));

    [Fact]
    public void ProcessorsDecideHowManyWorkspacesOutlastAPeak()
    {
        using var pool = new WorkspacePool(2, 16);
        Workspace[] Rent() => [.. Enumerable.Range(0, 32 + 2 * Environment.ProcessorCount).Select(_ => pool.Rent())];
        Workspace[] peak = Rent();
        foreach (Workspace workspace in peak) pool.Return(workspace);
        Workspace[] next = Rent();
        Assert.Equal(Math.Max(4, 2 * Environment.ProcessorCount), next.Intersect(peak).Count());
        foreach (Workspace workspace in next) pool.Return(workspace);
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void RunsAllocateNothingOnceWarm(string network)
    {
        const int most = 5;
        Graph graph = PeerNetworks.All().Single(n => n.Name == network).Graph;
        var images = new float[most * Pixels];
        PeerNetworks.FillWithStrokes(images);
        var result = new float[most * Classes];
        foreach (Graph form in new[] { graph, PostTrainingQuantizer.Quantize(graph, images, most) })
        {
            foreach ((int batch, int threads) in new[] { (1, 1), (most, 1), (most, 2) })
            {
                using Plan plan = Plan.Compile(form, new PlanOptions { Outputs = ["probabilities"], Threads = threads });
                for (int i = 0; i < 3; i++) Run();
                // On all threads where there are several; then the runtime and the test runner, which allocate a little of their own now and then, may be among them in any one of the tries.
                long least = long.MaxValue;
                for (int attempt = 0; attempt < 20 && least > 0; attempt++)
                {
                    long before = Allocated();
                    for (int i = 0; i < 3; i++) Run();
                    least = Math.Min(least, Allocated() - before);
                }
                Assert.True(least == 0, $"{least / 3.0:n0} bytes in each run of {batch} images on {threads} threads");

                void Run() => plan.Run(images.AsSpan(0, batch * Pixels), batch, result.AsSpan(0, batch * Classes));

                long Allocated() => threads == 1 ? GC.GetAllocatedBytesForCurrentThread() : GC.GetTotalAllocatedBytes(precise: true);
            }
        }
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
