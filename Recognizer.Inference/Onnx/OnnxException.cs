namespace Recognizer.Inference.Onnx;

/// <summary>A model that can't be read, is not valid ONNX, or uses something that this library doesn't support. The message names
/// the file position, node or value concerned and what was expected.</summary>
public sealed class OnnxException : Exception
{
    /// <summary>Creates the exception with a one-line message.</summary>
    public OnnxException(string message) : base(message) { }

    /// <summary>Creates the exception with a one-line message and its cause.</summary>
    public OnnxException(string message, Exception innerException) : base(message, innerException) { }
}
