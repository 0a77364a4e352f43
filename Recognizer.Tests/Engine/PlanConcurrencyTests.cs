using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Engine.Kernels;
using Recognizer.Training.Architectures;

namespace Recognizer.Tests.Engine;

public sealed class PlanConcurrencyTests
{
    private const int Pixels = 784, Classes = 10;

    private static readonly PlanOptions Probabilities = new() { Outputs = ["probabilities"] };

    private static Graph Network(string name) =>
        Architecture.Build(name, [.. Enumerable.Range(0, Classes).Select(digit => digit.ToString())], 5);

    private static float[] Images(int count)
    {
        var random = new Random(11);
        var images = new float[count * Pixels];
        for (int i = 0; i < images.Length; i++) images[i] = random.NextSingle();
        return images;
    }

    [Theory]
    [InlineData("cnn2")]
    [InlineData("vgg")]
    [InlineData("residual")]
    [InlineData("lenet5")]
    public void AnImageGivesTheSameBitsInAnyBatchOnAnyNumberOfThreadsAndNearlySoAlone(string name)
    {
        const int count = 70;
        Graph graph = Network(name);
        float[] images = Images(count);
        using Plan plan = Plan.Compile(graph, Probabilities);
        var expected = new float[count * Classes];
        plan.Run(images, count, expected);
        var single = new float[count * Classes];
        for (int i = 0; i < count; i++) plan.Run(images.AsSpan(i * Pixels, Pixels), 1, single.AsSpan(i * Classes, Classes));
        for (int i = 0; i < single.Length; i++) Assert.Equal(expected[i], single[i], 1e-5);
        foreach (int batch in new[] { 2, 14, count })
        {
            var result = new float[count * Classes];
            for (int start = 0; start < count; start += batch)
            {
                int n = Math.Min(batch, count - start);
                plan.Run(images.AsSpan(start * Pixels, n * Pixels), n, result.AsSpan(start * Classes, n * Classes));
            }
            Assert.Equal(expected, result);
        }
        using Plan threaded = Plan.Compile(graph, Probabilities with { Threads = 3 });
        var together = new float[count * Classes];
        threaded.Run(images, count, together);
        Assert.Equal(expected, together);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ManyThreadsMayRunOnePlan(int threads)
    {
        const int count = 20;
        using Plan plan = Plan.Compile(Network("cnn2"), Probabilities with { Threads = threads });
        float[] images = Images(count);
        var expected = new float[count * Classes];
        plan.Run(images, count, expected);
        Parallel.For(0, 24, new ParallelOptions { MaxDegreeOfParallelism = 6 }, _ =>
        {
            var result = new float[count * Classes];
            plan.Run(images, count, result);
            Assert.Equal(expected, result);
        });
    }

    [Fact]
    public void OneThreadStartsNone()
    {
        using Plan plan = Plan.Compile(Network("cnn2"), Probabilities);
        plan.Run(Images(5), 5, new float[50]);
        Assert.False(plan.HasThreads);
    }

    [Fact]
    public void ImagesThatAreNotFiniteDisturbNoOthers()
    {
        using Plan plan = Plan.Compile(Network("vgg"), Probabilities);
        float[] images = Images(3);
        var clean = new float[3 * Classes];
        plan.Run(images, 3, clean);
        images.AsSpan(Pixels, Pixels).Fill(float.NaN);
        var disturbed = new float[3 * Classes];
        plan.Run(images, 3, disturbed);
        Assert.Equal(clean[..Classes], disturbed[..Classes]);
        Assert.Equal(clean[(2 * Classes)..], disturbed[(2 * Classes)..]);
        Assert.All(disturbed[Classes..(2 * Classes)], value => Assert.True(float.IsNaN(value)));
        plan.Run(Images(3), 3, disturbed);
        Assert.Equal(clean, disturbed);
    }

    [Theory]
    [InlineData("cnn2", true)]
    [InlineData("cnn2-dropout", true)]
    [InlineData("vgg", true)]
    [InlineData("vgg", false)]
    [InlineData("residual", true)]
    [InlineData("residual", false)]
    [InlineData("lenet5", true)]
    public void ArchitecturesAgreeWithTheReference(string name, bool winograd)
    {
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(Network(name), batch: 2, tolerance: 2e-5, new PlanOptions { Winograd = winograd });
        Assert.DoesNotContain(steps, step => step.Contains("reference"));
        if (!winograd) Assert.DoesNotContain(steps, step => step.Contains("Winograd"));
    }

    [Fact]
    public void KernelsThatAreCloseAreMeasuredOncePerProcess()
    {
        // 24x24 with 16 channels: two algorithms are expected to be within a tenth of each other.
        var builder = new GraphBuilder("close");
        string x = builder.Input("x", ElementType.Float, Dimension.Named("N"), 16, 24, 24);
        string weights = builder.Initializer("w", Tensor.Create(KernelCases.Values("random", 16 * 16 * 9, 1), [16, 16, 3, 3]));
        builder.Output(builder.Node("Conv", "y", [x, weights], ("pads", new[] { 1, 1, 1, 1 })), ElementType.Float, Dimension.Named("N"), 16, 24, 24);
        Graph graph = builder.Build();
        var shape = new ConvolutionShape(new ImageShape(24, 24, 16, 1), 16, 3, 3, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1);
        IReadOnlyList<ConvolutionAlgorithm> candidates = Convolution.Candidates(shape, winograd: true, 32, 1.1);
        Assert.Equal(2, candidates.Count);
        IReadOnlyList<string> steps = PlanCheck.AgreesWithReference(graph, batch: 2, tolerance: 6e-5, new PlanOptions { MeasureKernels = true });
        Assert.Contains(steps, step => candidates.Any(c => step.Contains($"16→16 on 24x24 {c}", StringComparison.Ordinal)));
        using Plan again = Plan.Compile(graph, new PlanOptions { MeasureKernels = true }), fixedTable = Plan.Compile(graph, new PlanOptions { MeasureKernels = false });
        Assert.Equal(steps, again.Description);
        Assert.Contains(fixedTable.Description, step => step.Contains($"16→16 on 24x24 {candidates[0]}", StringComparison.Ordinal));
    }

    [Fact]
    public void OnlyKernelsThatMayWinAreMeasured()
    {
        // 14x14 with many channels: 4 tiles of 81 products against 16 of 36.
        var large = new ConvolutionShape(new ImageShape(14, 14, 64, 1), 64, 3, 3, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1);
        Assert.Equal([ConvolutionAlgorithm.Winograd7], Convolution.Candidates(large, winograd: true, 32, 1.1));
        Assert.Equal([ConvolutionAlgorithm.Winograd7, ConvolutionAlgorithm.Winograd4], Convolution.Candidates(large, winograd: true, 32, 2));
        Assert.Equal([ConvolutionAlgorithm.Direct], Convolution.Candidates(large, winograd: false, 32, 1000));
    }
}
