using System.Text.Json;
using Recognizer.Benchmarks.Peers;

namespace Recognizer.Tests.Peers;

/// <summary>What <c>peers</c> gives to other programs: its rows and its exit codes.</summary>
public sealed class PeersCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Row_has_the_fields_that_are_promised()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            new PeerRow("inference", "vgg", "int8", 2, 16, 3000, 1500, "ONNX Runtime 1.30", 2.0, 0.05, 0.5).WriteJson(writer);
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(
            "task:inference network:vgg precision:int8 threads:2 batch:16 ours:3000 peer:1500 peerName:ONNX Runtime 1.30 ratio:2 spread:0.05",
            string.Join(' ', document.RootElement.EnumerateObject().Select(property => $"{property.Name}:{property.Value}")));
    }

    [Fact]
    public void Missing_peer_is_said_and_gives_exit_code_1()
    {
        (int code, string output, string errors) = Run("peers", "--json", "--only", "inference lenet5", "--seconds", "0.01");
        Assert.True(code == 1, output + errors);
        Assert.Contains("ONNX Runtime is missing and could not be installed.", errors, StringComparison.Ordinal);
        using JsonDocument rows = JsonDocument.Parse(output);
        Assert.Equal(0, rows.RootElement.GetArrayLength());
    }

    [Fact]
    public void Unknown_option_is_refused()
    {
        (int code, _, string errors) = Run("peers", "--jsn");
        Assert.Equal(2, code);
        Assert.Contains("'--jsn' is not understood", errors, StringComparison.Ordinal);
    }

    // Without programs that could install a peer, and with none there.
    private (int Code, string Output, string Errors) Run(params string[] arguments) => BenchmarksProgram.Run(arguments, ("RECOGNIZER_PEERS", _folder.Root), ("PATH", _folder.Root));
}
