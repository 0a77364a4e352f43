using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Recognizer.Training.Architectures;

namespace Recognizer.Benchmarks.Peers;

/// <summary>Training against PyTorch: the same network, whole steps on random images, in turns.</summary>
internal static class TrainingPeers
{
    private const int Batch = 128, Threads = 2, Rounds = 7;

    public static readonly string[] Networks = ["cnn2", "vgg", "residual"];

    /// <summary>One network.</summary>
    /// <param name="python">An interpreter that has PyTorch.</param>
    /// <param name="network">One of <see cref="Networks"/>.</param>
    /// <param name="seconds">Time for each side.</param>
    /// <param name="peak">Floating-point operations a second of one core.</param>
    public static PeerRow Row(string python, string network, double seconds, double peak)
    {
        using var ours = new TrainingBenchmark(network, Batch, Threads);
        double each = Math.Max(0.3, seconds / Rounds);
        string script = Path.Combine(PeerInstaller.RepositoryRoot(), "Recognizer.Benchmarks", "Peers", "pytorch_training.py");
        using Process peer = Process.Start(new ProcessStartInfo(python,
            [script, "--network", network, "--batch", $"{Batch}", "--threads", $"{Threads}", "--rounds", $"{Rounds}", "--seconds", each.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        ours.ImagesPerSecond(0.5);
        var oursSpeeds = new List<double>();
        var peerSpeeds = new List<double>();
        for (int i = 0; i < Rounds; i++)
        {
            if (peer.StandardOutput.ReadLine() != "ready") throw new InvalidOperationException("The PyTorch script ended early.");
            oursSpeeds.Add(ours.ImagesPerSecond(each));
            peer.StandardInput.WriteLine();
            peer.StandardInput.Flush();
            using JsonDocument line = JsonDocument.Parse(peer.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The PyTorch script ended early."));
            peerSpeeds.Add(line.RootElement.GetProperty("imagesPerSecond").GetDouble());
        }
        peer.WaitForExit();
        double[] ratios = [.. oursSpeeds.Zip(peerSpeeds, (a, b) => a / b).Order()];
        double ratio = AlternatingTimer.Quantile(ratios, 0.5), speed = AlternatingTimer.Quantile([.. oursSpeeds.Order()], 0.5);
        // Forward, gradient by data and gradient by weights: three times the forward pass's multiply-adds.
        long multiplyAdds = 3 * InferencePeers.MultiplyAdds(Architecture.Build(network, PeerNetworks.Labels, 1));
        return new PeerRow("training", network, "fp32", Threads, Batch, speed, AlternatingTimer.Quantile([.. peerSpeeds.Order()], 0.5), $"PyTorch {Version(python)}", ratio,
            (AlternatingTimer.Quantile(ratios, 0.75) - AlternatingTimer.Quantile(ratios, 0.25)) / ratio, 2.0 * multiplyAdds * speed / (peak * Threads));
    }

    private static string Version(string python)
    {
        using Process process = Process.Start(new ProcessStartInfo(python, ["-c", "import torch; print(torch.__version__)"]) { RedirectStandardOutput = true })!;
        string version = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return version;
    }
}
