using System.Text;
using System.Text.Json;

namespace Recognizer.Training;

/// <summary>JSON as text.</summary>
internal static class JsonText
{
    /// <summary>The text of one document.</summary>
    public static string Of(Action<Utf8JsonWriter> write, JsonWriterOptions options = default)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, options)) write(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
