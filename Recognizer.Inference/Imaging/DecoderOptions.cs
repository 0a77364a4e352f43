namespace Recognizer.Inference.Imaging;

/// <summary>What a decoder may spend on one image. The limits are checked against what the file's header announces before memory for
/// pixels is taken, so a small file that claims to be a huge picture costs nothing.</summary>
public sealed record DecoderOptions
{
    /// <summary>New options with the limits used where none are given.</summary>
    public static DecoderOptions Default => new();

    // Limits are set, not init: the generated code that binds configuration in trimmed apps passes over what can only be initialised.

    /// <summary>Most pixels (width × height) of a picture. Default 67,108,864 (64 megapixels).</summary>
    public long MaxPixels { get; set; } = 64L << 20;

    /// <summary>Most bytes of an encoded file. Default 256 MiB.</summary>
    public long MaxFileBytes { get; set; } = 256L << 20;

    /// <summary>Most bytes that decoding one picture may take, result included. Default 1 GiB.</summary>
    public long MaxMemoryBytes { get; set; } = 1L << 30;

    /// <summary>Checks a picture's size and the memory it takes: so much for every pixel, and what is needed besides.</summary>
    /// <exception cref="ImageFormatException">A side is zero, or a limit is exceeded.</exception>
    internal void Check(string format, long position, long width, long height, double bytesPerPixel, double furtherBytes = 0)
    {
        if (width <= 0 || height <= 0)
            throw new ImageFormatException(format, position, $"expected a width and height of at least 1, found {width}×{height}");
        if (width > int.MaxValue || height > int.MaxValue || width * height > MaxPixels)
            throw new ImageFormatException(format, position, $"expected at most {MaxPixels} pixels, found {width}×{height}");
        // 0x7FFFFFC7 is the longest array of bytes
        double bytes = width * height * bytesPerPixel + furtherBytes;
        if (bytes > MaxMemoryBytes || width * height * 4 > 0x7FFFFFC7)
            throw new ImageFormatException(format, position, $"expected a picture that decodes within {MaxMemoryBytes} bytes, found {width}×{height}");
    }
}
