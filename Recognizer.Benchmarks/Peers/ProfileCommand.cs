using System.Diagnostics;
using System.Globalization;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Execution;
using Recognizer.Inference.Onnx;

namespace Recognizer.Benchmarks.Peers;

/// <summary>Time per step of a plan, and images per second.</summary>
internal static class ProfileCommand
{
    public static unsafe int Run(string network, string[] arguments)
    {
        int batch = 32, threads = 1;
        bool winograd = true, measure = true, int8 = false, training = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--no-winograd") winograd = false;
            else if (arguments[i] == "--no-measure") measure = false;
            else if (arguments[i] == "--int8") int8 = true;
            else if (arguments[i] == "--training") training = true;
            else if (i + 1 < arguments.Length && int.TryParse(arguments[i + 1], out int number) && number > 0 && arguments[i] is "--batch" or "--threads")
            {
                if (arguments[i++] == "--batch") batch = int.Parse(arguments[i], CultureInfo.InvariantCulture);
                else threads = int.Parse(arguments[i], CultureInfo.InvariantCulture);
            }
            else
            {
                Console.Error.WriteLine($"profile: '{arguments[i]}' is not understood; options are --batch N, --threads N, --no-winograd, --no-measure, --int8, --training.");
                return 2;
            }
        }
        if (training) return Training(network, batch, threads, winograd);
        Graph? graph = File.Exists(network) ? OnnxReader.ReadFile(network) : PeerNetworks.All().FirstOrDefault(n => n.Name == network).Graph;
        if (graph is null)
        {
            Console.Error.WriteLine($"profile: there is no network '{network}'; networks are {string.Join(", ", PeerNetworks.All().Select(n => n.Name))}, or a file.");
            return 2;
        }
        if (int8) graph = PeerNetworks.Quantize(graph);
        long started = Stopwatch.GetTimestamp();
        using Plan plan = Plan.Compile(graph, new PlanOptions { Threads = threads, Winograd = winograd, MeasureKernels = measure, Outputs = ["probabilities"] });
        double compiled = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var images = new float[batch * 784];
        var random = new Random(1);
        for (int i = 0; i < images.Length; i++) images[i] = random.NextSingle();
        var result = new float[batch * PeerNetworks.Labels.Length];
        started = Stopwatch.GetTimestamp();
        plan.Run(images, batch, result);
        double first = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < 0.5) plan.Run(images, batch, result);
        double seconds = AlternatingTimer.Median(() => plan.Run(images, batch, result), 1);
        Console.WriteLine($"compiled in {compiled:f1} ms, first run {first:f1} ms, then {seconds * 1e6:f1} µs a batch: {batch / seconds:n0} images/s");

        Segment segment = plan.Program!.Whole!;
        var ticks = new long[segment.Steps.Count];
        Workspace workspace = segment.Rent();
        int rounds = 0;
        fixed (float* from = images, to = result)
        {
            workspace.Externals[0] = (nint)from;
            workspace.Externals[1] = (nint)to;
            started = Stopwatch.GetTimestamp();
            for (; Stopwatch.GetElapsedTime(started).TotalSeconds < 0.7; rounds++) segment.Profile(workspace, batch, ticks);
        }
        segment.Return(workspace);
        foreach ((int begin, int end, int block) in segment.StageRanges)
        {
            Console.WriteLine($"stage of {block} images");
            for (int i = begin; i < end; i++)
            {
                double each = ticks[i] / (double)Stopwatch.Frequency / rounds / batch * 1e6;
                Console.WriteLine($"  {each,8:f3} µs/image  {100.0 * ticks[i] / ticks.Sum(),5:f1} %  {segment.Steps[i].Description}");
            }
        }
        return 0;
    }

    private static int Training(string network, int batch, int threads, bool winograd)
    {
        using var benchmark = new TrainingBenchmark(network, batch, threads, winograd);
        benchmark.ImagesPerSecond(0.5);
        Console.WriteLine($"{benchmark.ImagesPerSecond(2):n0} images/s");
        foreach ((string work, double milliseconds, int calls) in benchmark.Profile(2)) Console.WriteLine($"  {milliseconds,8:f3} ms  {calls,4} calls  {work}");
        return 0;
    }
}
