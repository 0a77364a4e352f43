using System.Text.Encodings.Web;
using System.Text.Json;

namespace Recognizer.Training.Commands;

/// <summary>Where a command writes, and what stops it.</summary>
/// <param name="Output">Results: standard output.</param>
/// <param name="Error">Progress, logs and failures: standard error. What can't be written there is lost, and ends nothing.</param>
/// <param name="Cancellation">Cancelled by Ctrl+C.</param>
internal sealed record CommandHost(TextWriter Output, TextWriter Error, CancellationToken Cancellation)
{
    private static readonly JsonWriterOptions JsonOptions = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Progress, logs and failures; writing to it throws nothing.</summary>
    public TextWriter Error { get; } = new OptionalWriter(Error);

    /// <summary>Whether <see cref="Error"/> is a terminal that can redraw a line.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Writes one JSON document and a line end to <see cref="Output"/>.</summary>
    public void WriteJson(Action<Utf8JsonWriter> write) => Output.WriteLine(ToJson(write));

    /// <summary>The text of one JSON document, indented.</summary>
    public static string ToJson(Action<Utf8JsonWriter> write) => JsonText.Of(write, JsonOptions);
}

/// <summary>A failure that the user can understand from one line; the program ends with exit code 1.</summary>
internal sealed class CommandException(string message) : Exception(message);

/// <summary>A combination of arguments that makes no sense; the program ends with exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
