using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Recognizer.Training.Architectures;

namespace Recognizer.Benchmarks.Peers;

/// <summary>Training against PyTorch: the same network, whole steps on random images, in turns. How fast PyTorch is varies by a quarter from process to process and hardly within
/// one, so that each round starts a process of its own.</summary>
internal static class TrainingPeers
{
    private const int Batch = 128, Threads = 2, Rounds = 8;

    public static readonly string[] Networks = ["cnn2", "vgg", "residual"];

    /// <summary>One network.</summary>
    /// <param name="python">An interpreter that has PyTorch.</param>
    /// <param name="network">One of <see cref="Networks"/>.</param>
    /// <param name="seconds">Time for each side.</param>
    /// <param name="peak">Floating-point operations a second of one core.</param>
    public static PeerRow Row(string python, string network, double seconds, double peak)
    {
        using var ours = new TrainingBenchmark(network, Batch, Threads);
        double each = Math.Max(0.3, 2 * seconds / Rounds);
        ours.ImagesPerSecond(0.5);
        var oursSpeeds = new List<double>();
        var peerSpeeds = new List<double>();
        string layout = "best";
        for (int i = 0; i < Rounds; i++)
        {
            oursSpeeds.Add(ours.ImagesPerSecond(each));
            (double speed, layout) = PeerRun(python, network, layout, each);
            peerSpeeds.Add(speed);
        }
        double[] ratios = [.. oursSpeeds.Zip(peerSpeeds, (a, b) => a / b).Order()];
        double ratio = AlternatingTimer.Quantile(ratios, 0.5), median = AlternatingTimer.Quantile([.. oursSpeeds.Order()], 0.5);
        // Forward, gradient by data and gradient by weights: three times the forward pass's multiply-adds.
        long multiplyAdds = 3 * InferencePeers.MultiplyAdds(Architecture.Build(network, PeerNetworks.Labels, 1));
        return new PeerRow("training", network, "fp32", Threads, Batch, median, AlternatingTimer.Quantile([.. peerSpeeds.Order()], 0.5), $"PyTorch {Version(python)}", ratio,
            (AlternatingTimer.Quantile(ratios, 0.75) - AlternatingTimer.Quantile(ratios, 0.25)) / ratio, 2.0 * multiplyAdds * median / (peak * Threads));
    }

    // Images per second of a new process, and the memory layout: "best" lets it try both.
    private static (double Speed, string Layout) PeerRun(string python, string network, string layout, double seconds)
    {
        string script = Path.Combine(PeerInstaller.RepositoryRoot(), "Recognizer.Benchmarks", "Peers", "pytorch_training.py");
        string output = Output(python, script, "--network", network, "--batch", $"{Batch}", "--threads", $"{Threads}", "--layout", layout,
            "--seconds", seconds.ToString(CultureInfo.InvariantCulture));
        try
        {
            using JsonDocument line = JsonDocument.Parse(output);
            return (line.RootElement.GetProperty("imagesPerSecond").GetDouble(), line.RootElement.GetProperty("layout").GetString()!);
        }
        catch (JsonException)
        {
            throw new InvalidOperationException($"The PyTorch script printed '{output}', not a line of JSON.");
        }
    }

    private static string Version(string python) => Output(python, "-c", "import torch; print(torch.__version__)");

    private static string Output(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return output;
    }
}
