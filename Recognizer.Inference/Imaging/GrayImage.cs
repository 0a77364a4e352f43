namespace Recognizer.Inference.Imaging;

/// <summary>A grey picture: rows top to bottom without padding, 0 = black … 255 = white.</summary>
public sealed class GrayImage
{
    private readonly byte[] _pixels;

    /// <summary>Wraps pixels as an image without copying them.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="pixels">[height, width].</param>
    /// <exception cref="ArgumentException">The array is shorter than that.</exception>
    public GrayImage(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.LongLength < (long)width * height)
            throw new ArgumentException($"{width}×{height} needs {(long)width * height} bytes, not {pixels.LongLength}.", nameof(pixels));
        Width = width;
        Height = height;
        _pixels = pixels;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>[height, width], 0 = black … 255 = white.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels.AsSpan(0, Width * Height);
}
