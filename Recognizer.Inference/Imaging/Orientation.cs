namespace Recognizer.Inference.Imaging;

/// <summary>Turns a picture upright, as EXIF's orientation tells.</summary>
internal static class Orientation
{
    /// <summary>Applies an orientation: 1 none, 2 mirrored left to right, 3 turned by 180°, 4 mirrored top to bottom, 5 transposed, 6 to be
    /// turned clockwise by 90°, 7 transposed across the other diagonal, 8 to be turned counter-clockwise by 90°.</summary>
    public static Image Apply(int width, int height, int channels, byte[] pixels, int orientation)
    {
        bool transposed = orientation >= 5;
        return new Image(transposed ? height : width, transposed ? width : height, channels, orientation == 1 ? pixels : Turn(pixels, width, height, channels, orientation));
    }

    /// <summary>The same for a grey picture.</summary>
    public static GrayImage Apply(GrayImage image, int orientation) => orientation switch
    {
        1 => image,
        >= 5 => new(image.Height, image.Width, Turn(image.Pixels, image.Width, image.Height, 1, orientation)),
        _ => new(image.Width, image.Height, Turn(image.Pixels, image.Width, image.Height, 1, orientation)),
    };

    private static byte[] Turn(ReadOnlySpan<byte> pixels, int width, int height, int channels, int orientation)
    {
        bool transposed = orientation >= 5;
        int newWidth = transposed ? height : width, newHeight = transposed ? width : height;
        var result = new byte[pixels.Length];
        for (int y = 0; y < newHeight; y++)
            for (int x = 0; x < newWidth; x++)
            {
                var (u, v) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                int from = (v * width + u) * channels, to = (y * newWidth + x) * channels;
                for (int c = 0; c < channels; c++) result[to + c] = pixels[from + c];
            }
        return result;
    }
}
