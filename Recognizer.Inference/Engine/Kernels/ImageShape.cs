namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Layout of image activations inside the engine: NHWC with a border of zeros around each image, channels padded with
/// zeros to a multiple of 16 so that no kernel needs a remainder. Pixel (n, y, x) starts at
/// <c>Origin + n * ImageStride + y * RowStride + x * PixelStride</c>; y and x may run from -Border to size + Border - 1.</summary>
/// <param name="Height">Rows without the border.</param>
/// <param name="Width">Columns without the border.</param>
/// <param name="Channels">Channels that mean something.</param>
/// <param name="Border">Pixels of zeros on each side.</param>
internal readonly record struct ImageShape(int Height, int Width, int Channels, int Border)
{
    /// <summary>Widest vector in floats; channel strides are multiples of it. A single channel is stored without padding.</summary>
    public const int ChannelBlock = 16;

    /// <summary>Channels with padding.</summary>
    public static int Padded(int channels) => (channels + ChannelBlock - 1) / ChannelBlock * ChannelBlock;

    /// <summary>Floats from one pixel to the next.</summary>
    public int PixelStride => Channels == 1 ? 1 : Padded(Channels);

    /// <summary>Floats from one row to the next.</summary>
    public int RowStride => (Width + 2 * Border) * PixelStride;

    /// <summary>Floats from one image to the next.</summary>
    public int ImageStride => (Height + 2 * Border) * RowStride;

    /// <summary>Whether <see cref="ImageStride"/>, and with it every offset within an image, fits into an int.</summary>
    public bool IsAddressable => (Height + 2.0 * Border) * (Width + 2.0 * Border) * (Channels == 1 ? 1 : Math.Ceiling(Channels / (double)ChannelBlock) * ChannelBlock) <= int.MaxValue;

    /// <summary>Floats from the start of an image's memory, border included, to its pixel (0, 0).</summary>
    public int Origin => Border * RowStride + Border * PixelStride;
}
