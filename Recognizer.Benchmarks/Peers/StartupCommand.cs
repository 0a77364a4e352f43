using System.Diagnostics;
using System.Globalization;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Benchmarks.Peers;

/// <summary>What a process that has just started pays for its first prediction, and how much memory it has in use afterwards. Each measurement is a process
/// of its own; both sides read the same file in the same kind of process, so that starting the runtime counts for both.</summary>
internal static unsafe class StartupCommand
{
    private const int Processes = 7;
    private const string Output = "probabilities";

    public static int Run(string[] arguments)
    {
        if (arguments is ["child", string mode, string model, string native]) return Child(mode, model, native);
        if (arguments.Length > 0)
        {
            Console.Error.WriteLine("startup takes no options.");
            return 2;
        }
        if (PeerInstaller.OnnxRuntime() is not { } path)
        {
            Console.Error.WriteLine("ONNX Runtime is missing and could not be installed.");
            return 1;
        }
        Console.WriteLine("| network | | process start to first prediction, ms | loading and first prediction, ms | memory afterwards, MB |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        foreach (string network in new[] { "cnn2", "vgg" })
        {
            string file = Path.Combine(Path.GetTempPath(), $"recognizer-startup-{Environment.ProcessId}-{network}.onnx");
            try
            {
                OnnxWriter.WriteFile(PeerNetworks.All().First(n => n.Name == network).Graph, file);
                foreach (string side in new[] { "ours", "ONNX Runtime" })
                {
                    // Total, inside and memory of each process, medians taken one by one.
                    double[][] runs = [.. Enumerable.Range(0, Processes).Select(_ => Start(side, file, path))];
                    double Median(int i) => AlternatingTimer.Quantile([.. runs.Select(run => run[i]).Order()], 0.5);
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {network} | {side} | {Median(0):f0} | {Median(1):f0} | {Median(2):f0} |"));
                }
            }
            finally
            {
                File.Delete(file);
            }
        }
        return 0;
    }

    private static double[] Start(string side, string file, string library)
    {
        string program = Environment.ProcessPath!;
        string[] own = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(StartupCommand).Assembly.Location] : [];
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo(program, [.. own, "startup", "child", side, file, library]) { RedirectStandardOutput = true })!;
        string[] line = (process.StandardOutput.ReadLine() ?? "").Split(' ');
        double total = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        process.WaitForExit();
        if (process.ExitCode != 0 || line.Length != 2) throw new InvalidOperationException($"The process for {side} failed.");
        return [total, double.Parse(line[0], CultureInfo.InvariantCulture), double.Parse(line[1], CultureInfo.InvariantCulture)];
    }

    private static int Child(string side, string file, string library)
    {
        long start = Stopwatch.GetTimestamp();
        var image = new float[784];
        image[400] = 1;
        var result = new float[PeerNetworks.Labels.Length];
        if (side == "ours")
        {
            Plan plan = Plan.Compile(OnnxReader.ReadFile(file), new PlanOptions { Outputs = [Output] });
            plan.Run(image, 1, result);
        }
        else
        {
            var peer = new OnnxRuntimeLibrary(library);
            nint session = peer.CreateSession(File.ReadAllBytes(file), 1);
            fixed (float* from = image, to = result)
            {
                nint input = peer.CreateTensor(from, [1, 1, 28, 28]), output = peer.CreateTensor(to, [1, result.Length]);
                peer.Run(session, OnnxRuntimeLibrary.Text("input"), input, OnnxRuntimeLibrary.Text(Output), output);
            }
        }
        double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (!(Math.Abs(result.Sum() - 1) < 1e-3)) return 1;
        using Process self = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{elapsed:f2} {self.WorkingSet64 / 1e6:f1}"));
        return 0;
    }
}
