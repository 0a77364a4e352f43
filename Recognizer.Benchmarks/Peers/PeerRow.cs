using System.Text.Json;

namespace Recognizer.Benchmarks.Peers;

/// <summary>One comparison.</summary>
/// <param name="Task"><c>inference</c> or <c>training</c>.</param>
/// <param name="Network">Name of the network.</param>
/// <param name="Precision"><c>fp32</c> or <c>int8</c>.</param>
/// <param name="Threads">Threads of both sides.</param>
/// <param name="Batch">Images per call; for inference the peer's best.</param>
/// <param name="Ours">Our images per second.</param>
/// <param name="Peer">The peer's images per second.</param>
/// <param name="PeerName">Name and version.</param>
/// <param name="Ratio">Our speed / the peer's, the median over alternating rounds.</param>
/// <param name="Spread">Distance between the ratio's quartiles as a share of it.</param>
/// <param name="ShareOfPeak">Multiply-adds of the network, counted directly, per second as a share of this machine's measured peak.</param>
internal sealed record PeerRow(string Task, string Network, string Precision, int Threads, int Batch, double Ours, double Peer, string PeerName, double Ratio,
    double Spread, double ShareOfPeak)
{
    /// <summary>Writes the row as an object, without the share of the peak.</summary>
    public void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("task", Task);
        writer.WriteString("network", Network);
        writer.WriteString("precision", Precision);
        writer.WriteNumber("threads", Threads);
        writer.WriteNumber("batch", Batch);
        writer.WriteNumber("ours", Ours);
        writer.WriteNumber("peer", Peer);
        writer.WriteString("peerName", PeerName);
        writer.WriteNumber("ratio", Ratio);
        writer.WriteNumber("spread", Spread);
        writer.WriteEndObject();
    }
}
