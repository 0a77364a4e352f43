namespace Recognizer.Inference.Imaging;

/// <summary>A decoded picture: 8-bit grey or RGB, rows top to bottom without padding, upright, no transparency.</summary>
public sealed class Image
{
    // May be longer than the picture: transparency is resolved in place.
    private readonly byte[] _pixels;

    /// <summary>Wraps pixels as an image without copying them.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 for grey, 3 for red, green, blue.</param>
    /// <param name="pixels">[height, width, channels].</param>
    /// <exception cref="ArgumentException">The array is shorter than that, or the channels are not 1 or 3.</exception>
    public Image(int width, int height, int channels, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (channels is not (1 or 3))
            throw new ArgumentException($"An image has 1 or 3 channels, not {channels}.", nameof(channels));
        if (pixels.LongLength < (long)width * height * channels)
            throw new ArgumentException($"{width}×{height}×{channels} needs {(long)width * height * channels} bytes, not {pixels.LongLength}.", nameof(pixels));
        Width = width;
        Height = height;
        Channels = channels;
        _pixels = pixels;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>1 for grey, 3 for red, green, blue.</summary>
    public int Channels { get; }

    /// <summary>[height, width, channels], 0 = black … 255 = full.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels.AsSpan(0, Width * Height * Channels);

    /// <summary>The picture in grey. Where ink and ground differ in colour rather than in lightness, the mixture of the channels that
    /// separates them best is taken instead of the luma; ink that is darker than its ground stays darker.</summary>
    public GrayImage ToGray()
    {
        if (Channels == 1) return new GrayImage(Width, Height, _pixels);
        var gray = new byte[Width * Height];
        ColorProjection.Find(this).Apply(Pixels, gray);
        return new GrayImage(Width, Height, gray);
    }

    /// <summary>Builds an image from raw channels, resolving transparency: composited over white or, where the colour is the same
    /// everywhere, with opacity as (dark) ink on white.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.</param>
    /// <param name="pixels">[height, width, channels]; overwritten.</param>
    /// <exception cref="ArgumentException">The array is shorter than that, or the channels are not 1 … 4.</exception>
    public static Image FromChannels(int width, int height, int channels, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (channels is < 1 or > 4) throw new ArgumentException($"An image has 1 to 4 channels, not {channels}.", nameof(channels));
        if (pixels.LongLength < (long)width * height * channels)
            throw new ArgumentException($"{width}×{height}×{channels} needs {(long)width * height * channels} bytes, not {pixels.LongLength}.", nameof(pixels));
        if (channels is 1 or 3) return new Image(width, height, channels, pixels);
        int count = width * height, colors = channels - 1;
        bool opaque = true, oneColor = true;
        int first = -1;
        for (int i = 0; i < count && (opaque || oneColor); i++)
        {
            int p = i * channels;
            byte alpha = pixels[p + colors];
            if (alpha != 255) opaque = false;
            if (alpha == 0) continue;
            if (first < 0) first = p;
            for (int c = 0; c < colors; c++)
                if (pixels[p + c] != pixels[first + c]) oneColor = false;
        }
        if (!opaque && oneColor)
        {
            for (int i = 0; i < count; i++) pixels[i] = (byte)(255 - pixels[i * channels + colors]);
            return new Image(width, height, 1, pixels);
        }
        for (int i = 0; i < count; i++)
        {
            int alpha = pixels[i * channels + colors];
            for (int c = 0; c < colors; c++)
            {
                int value = pixels[i * channels + c] * alpha + 255 * (255 - alpha);
                pixels[i * colors + c] = (byte)((value + 127) / 255);
            }
        }
        return new Image(width, height, colors, pixels);
    }
}
