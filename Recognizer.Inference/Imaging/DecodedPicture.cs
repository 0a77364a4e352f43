namespace Recognizer.Inference.Imaging;

/// <summary>A picture as its file stores it, and what the file says about how to show it.</summary>
/// <param name="Image">The pixels.</param>
/// <param name="Orientation">How they are to be turned; see <see cref="Imaging.Orientation"/>.</param>
/// <param name="DensityX">Pixels over a length along the rows; 0 where unknown.</param>
/// <param name="DensityY">Pixels over the same length along the columns; 0 where unknown.</param>
internal readonly record struct DecodedPicture(Image Image, int Orientation, uint DensityX, uint DensityY)
{
    /// <summary>Ratios of the densities that are taken for pixels that aren't square: those of a standard fax are 2.1. Less does no harm, more is a mistake in the file.</summary>
    private const double LeastRatio = 1.3, GreatestRatio = 4;

    /// <summary>The picture as it is to be shown: of square pixels where limits allow, and upright.</summary>
    public Image Resolve(DecoderOptions options) => Imaging.Orientation.Apply(Square(options), Orientation);

    /// <summary>Repeats rows or columns, whichever are fewer over the same length.</summary>
    private Image Square(DecoderOptions options)
    {
        if (DensityX == 0 || DensityY == 0) return Image;
        double ratio = (double)DensityX / DensityY;
        if (Math.Max(ratio, 1 / ratio) is <= LeastRatio or > GreatestRatio) return Image;
        int channels = Image.Channels, stride = Image.Width * channels;
        long width = (long)Math.Round(Image.Width * Math.Max(1, 1 / ratio)), height = (long)Math.Round(Image.Height * Math.Max(1, ratio)), bytes = width * height * channels;
        // The picture as it was is held meanwhile, and another where this one is turned
        if (width * height > options.MaxPixels || Image.Pixels.Length + 2 * bytes > options.MaxMemoryBytes || bytes > Array.MaxLength) return Image;
        var pixels = new byte[bytes];
        for (int y = 0; y < height; y++)
        {
            var from = Image.Pixels.Slice((int)(y * (long)Image.Height / height) * stride, stride);
            var to = pixels.AsSpan((int)(y * width * channels));
            if (width == Image.Width) from.CopyTo(to);
            else
                for (int x = 0; x < width; x++) from.Slice((int)(x * (long)Image.Width / width) * channels, channels).CopyTo(to[(x * channels)..]);
        }
        return new Image((int)width, (int)height, channels, pixels);
    }
}
