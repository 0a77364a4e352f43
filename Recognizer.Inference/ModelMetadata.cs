using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference;

/// <summary>What a model says of itself in its <c>metadata_props</c>.</summary>
internal static class ModelMetadata
{
    public const string LabelsKey = "recognizer.labels";
    public const string TrainingKey = "recognizer.training";
    public const string MetricsKey = "recognizer.metrics";
    public const string NormalizerKey = "recognizer.normalizer";
    public const string VersionKey = "recognizer.version";

    /// <summary>Weights of <see cref="Rejection.RejectionModel"/>.</summary>
    public const string RejectionKey = "recognizer.rejection";

    /// <summary>The labels, or null where the model carries none.</summary>
    /// <exception cref="OnnxException">The entry is not a JSON array of strings.</exception>
    public static IReadOnlyList<string>? Labels(Graph graph)
    {
        if (!graph.Metadata.TryGetValue(LabelsKey, out string? json)) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return [.. document.RootElement.EnumerateArray().Select(e => e.GetString() ?? throw new JsonException("null"))];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new OnnxException($"Metadata '{LabelsKey}' is not a JSON array of strings.", exception);
        }
    }

    /// <summary>Writes the text of each class into the metadata.</summary>
    public static void SetLabels(Graph graph, IEnumerable<string> labels)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartArray();
            foreach (string label in labels) writer.WriteStringValue(label);
            writer.WriteEndArray();
        }
        graph.Metadata[LabelsKey] = Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>The layout that the model was trained on, or null where it doesn't say.</summary>
    /// <exception cref="OnnxException">The entry names no known layout.</exception>
    public static NormalizerLayout? Layout(Graph graph) => !graph.Metadata.TryGetValue(NormalizerKey, out string? name)
        ? null
        : name switch
        {
            "emnist" => NormalizerLayout.Emnist,
            "mnist" => NormalizerLayout.Mnist,
            _ => throw new OnnxException($"Metadata '{NormalizerKey}' is '{name}', expected 'emnist' or 'mnist'."),
        };
}
