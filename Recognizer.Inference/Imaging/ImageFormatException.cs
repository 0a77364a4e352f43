namespace Recognizer.Inference.Imaging;

/// <summary>An image file that is damaged, truncated, too large for the limits given, or of a kind that is not supported. The message
/// names the format, the byte position and what was expected there.</summary>
public sealed class ImageFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="format">Name of the file format, such as "PNG".</param>
    /// <param name="position">Offset in bytes from the start of the file at which the trouble was noticed.</param>
    /// <param name="problem">What was expected and what was found.</param>
    /// <param name="innerException">The cause, if another exception was.</param>
    public ImageFormatException(string format, long position, string problem, Exception? innerException = null)
        : base($"{format}, byte {position}: {problem}", innerException)
    {
        Format = format;
        Position = position;
    }

    /// <summary>Name of the file format, such as "PNG".</summary>
    public string Format { get; }

    /// <summary>Offset in bytes from the start of the file at which the trouble was noticed.</summary>
    public long Position { get; }
}
