using System.Globalization;
using System.Text.Json;
using Recognizer.Inference.Onnx;

namespace Recognizer.Benchmarks.Peers;

/// <summary>Measures this library side by side with others.</summary>
internal static class PeersCommand
{
    public static int Run(string[] arguments)
    {
        bool json = false;
        string only = "";
        double seconds = 3;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--json":
                    json = true;
                    break;
                case "--only" when i + 1 < arguments.Length:
                    only = arguments[++i];
                    break;
                case "--seconds" when i + 1 < arguments.Length && double.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out seconds) && seconds > 0:
                    i++;
                    break;
                default:
                    Console.Error.WriteLine($"peers: '{arguments[i]}' is not understood; options are --json, --only TEXT, --seconds S.");
                    return 2;
            }
        }
        var rows = new List<PeerRow>();
        double peak = FmaPeak.Measure();
        Console.Error.WriteLine($"Peak of one core: {peak / 1e9:f0} GFLOP/s in fused multiply-adds.");
        bool complete = AddInference(rows, only, seconds, peak) & AddTraining(rows, only, seconds, peak);
        if (json) WriteJson(rows);
        else WriteTable(rows);
        return complete ? 0 : 1;
    }

    private static bool AddInference(List<PeerRow> rows, string only, double seconds, double peak)
    {
        if (PeerInstaller.OnnxRuntime() is not { } path)
        {
            Console.Error.WriteLine("ONNX Runtime is missing and could not be installed.");
            return false;
        }
        var comparison = new InferencePeers(new OnnxRuntimeLibrary(path), seconds, peak);
        foreach ((string name, Graph graph) in PeerNetworks.All())
        {
            foreach (string precision in new[] { "fp32", "int8" })
            {
                if (!$"inference {name} {precision}".Contains(only, StringComparison.OrdinalIgnoreCase)) continue;
                Console.Error.WriteLine($"{name} {precision} …");
                foreach (PeerRow row in comparison.Rows(name, precision, precision == "int8" ? PeerNetworks.Quantize(graph) : graph)) rows.Add(row);
            }
        }
        return true;
    }

    private static bool AddTraining(List<PeerRow> rows, string only, double seconds, double peak)
    {
        string[] networks = [.. TrainingPeers.Networks.Where(name => $"training {name} fp32".Contains(only, StringComparison.OrdinalIgnoreCase))];
        if (networks.Length == 0) return true;
        if (PeerInstaller.PythonWithTorch() is not { } python)
        {
            Console.Error.WriteLine("PyTorch is missing and could not be installed.");
            return false;
        }
        foreach (string network in networks)
        {
            Console.Error.WriteLine($"training {network} …");
            rows.Add(TrainingPeers.Row(python, network, seconds, peak));
        }
        return true;
    }

    private static void WriteTable(List<PeerRow> rows)
    {
        Console.WriteLine("| task | network | precision | threads | batch | ours, images/s | peer, images/s | peer | ratio | spread | of peak |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (PeerRow r in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {r.Task} | {r.Network} | {r.Precision} | {r.Threads} | {r.Batch} | {r.Ours:n0} | {r.Peer:n0} | {r.PeerName} | {r.Ratio:f2} | {r.Spread:p0} | {r.ShareOfPeak:p0} |"));
        }
    }

    private static void WriteJson(List<PeerRow> rows)
    {
        using Stream output = Console.OpenStandardOutput();
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        writer.WriteStartArray();
        foreach (PeerRow row in rows) row.WriteJson(writer);
        writer.WriteEndArray();
        writer.Flush();
        output.WriteByte((byte)'\n');
    }
}
