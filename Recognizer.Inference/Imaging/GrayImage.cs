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

    /// <summary>A part of the picture, copied.</summary>
    /// <param name="left">First column of the part.</param>
    /// <param name="top">First row.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part isn't within the picture.</exception>
    public GrayImage Crop(int left, int top, int width, int height) => new(width, height, Crop(Pixels, Width, Height, 1, left, top, width, height));

    /// <summary>Copies a part of a picture.</summary>
    /// <returns>[height, width, channels].</returns>
    internal static byte[] Crop(ReadOnlySpan<byte> pixels, int fullWidth, int fullHeight, int channels, int left, int top, int width, int height)
    {
        string? wrong = left < 0 ? nameof(left) : top < 0 ? nameof(top) : width < 1 || left > fullWidth - width ? nameof(width) : height < 1 || top > fullHeight - height ? nameof(height) : null;
        if (wrong != null) throw new ArgumentOutOfRangeException(wrong, $"The part {left},{top} {width}×{height} isn't within the picture of {fullWidth}×{fullHeight} pixels.");
        var part = new byte[width * height * channels];
        for (int y = 0; y < height; y++) pixels.Slice(((top + y) * fullWidth + left) * channels, width * channels).CopyTo(part.AsSpan(y * width * channels));
        return part;
    }
}
