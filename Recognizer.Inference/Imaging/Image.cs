namespace Recognizer.Inference.Imaging;

/// <summary>A decoded picture: 8-bit grey or RGB, rows top to bottom without padding, upright, no transparency.</summary>
public sealed class Image
{
    /// <summary>Most levels by which two pixels of one colour and opacity differ over white once both colours were rounded, or cut off, to levels multiplied by the opacity.</summary>
    private const int RoundingLevels = 2;

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

    /// <summary>A part of the picture, copied.</summary>
    /// <param name="left">First column of the part.</param>
    /// <param name="top">First row.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part isn't within the picture.</exception>
    public Image Crop(int left, int top, int width, int height) => new(width, height, Channels, GrayImage.Crop(Pixels, Width, Height, Channels, left, top, width, height));

    /// <summary>Builds an image from raw channels, resolving transparency: composited over white or, where the colour is the same
    /// everywhere, with opacity as (dark) ink on white. Colours are the same where they would not be told apart by more than rounding,
    /// as of pixels that were once stored multiplied by their opacity.</summary>
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
        if (IsOfOneColor(pixels.AsSpan(0, count * channels), channels))
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

    /// <summary>Whether a picture is transparent somewhere, and all that is to be seen of it has one colour.</summary>
    /// <param name="pixels">[pixel, channels], the opacity last.</param>
    /// <param name="channels">2 or 4.</param>
    private static bool IsOfOneColor(ReadOnlySpan<byte> pixels, int channels)
    {
        // Canvases store colours multiplied by opacity, in whole levels: the fainter a pixel, the less is left of its colour. The most opaque pixel knows it best.
        int colors = channels - 1, reference = 0, most = pixels[colors];
        bool opaque = true;
        for (int p = 0; p < pixels.Length && (opaque || most < 255); p += channels)
        {
            int alpha = pixels[p + colors];
            if (alpha != 255) opaque = false;
            if (alpha > most) (most, reference) = (alpha, p);
        }
        if (opaque) return false;
        for (int p = 0; p < pixels.Length; p += channels)
        {
            int alpha = pixels[p + colors];
            // Most of a canvas: nothing of its colour is to be seen
            if (alpha == 0) continue;
            for (int c = 0; c < colors; c++)
                if (Math.Abs(pixels[p + c] - pixels[reference + c]) * alpha > RoundingLevels * 255) return false;
        }
        return true;
    }
}
