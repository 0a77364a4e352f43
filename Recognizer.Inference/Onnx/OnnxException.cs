namespace Recognizer.Inference.Onnx;

/// <summary>A model that can't be read, is not valid ONNX, or uses something that this library doesn't support. The message names
/// the file position, node or value concerned and what was expected.</summary>
public sealed class OnnxException : Exception
{
    private const int LongestMessage = 2000;

    /// <summary>Creates the exception with a one-line message.</summary>
    public OnnxException(string message) : base(OneLine(message)) { }

    /// <summary>Creates the exception with a one-line message and its cause.</summary>
    public OnnxException(string message, Exception innerException) : base(OneLine(message), innerException) { }

    /// <summary>Whether the file, or one with its weights, couldn't be read or wasn't there in full, which may pass, rather than holding no model that can be used.</summary>
    public bool IsUnreadable { get; init; }

    /// <summary>Whether a valid model uses something here that this library doesn't support, which is no matter where nothing needs it.</summary>
    internal bool IsUnsupported { get; init; }

    /// <summary>Does something with what a file holds, and puts the file's name before the message of what goes wrong, unless it is there already.</summary>
    /// <param name="file">The file; null leaves messages as they are.</param>
    /// <param name="use">What is done.</param>
    internal static T Naming<T>(string? file, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (OnnxException exception) when (file is not null && !exception.Message.StartsWith(OneLine(file), StringComparison.Ordinal))
        {
            throw new OnnxException($"{file}: {exception.Message}", exception) { IsUnreadable = exception.IsUnreadable, IsUnsupported = exception.IsUnsupported };
        }
    }

    /// <summary>Names come from files, which may hold anything: control characters would garble a terminal, and a name may be megabytes long.</summary>
    private static string OneLine(string message)
    {
        if (message.Length > LongestMessage) message = string.Concat(message.AsSpan(0, LongestMessage), "…");
        return message.Any(char.IsControl) ? string.Concat(message.Select(c => char.IsControl(c) ? '·' : c)) : message;
    }
}
