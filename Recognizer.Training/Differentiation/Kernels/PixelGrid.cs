namespace Recognizer.Training.Differentiation.Kernels;

/// <summary>Pixels of a chunk of images with their channels side by side.</summary>
/// <param name="Address">Pixel (0, 0) of the first image.</param>
/// <param name="ImageStride">Floats from one image to the next.</param>
/// <param name="RowStride">Floats from one row to the next.</param>
/// <param name="PixelStride">Floats from one pixel to the next: the channels, padded.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
internal readonly unsafe record struct PixelGrid(nint Address, long ImageStride, long RowStride, int PixelStride, int Height, int Width)
{
    /// <summary>Grid of a value: its pixels, or one pixel per image where it is flat.</summary>
    public static PixelGrid Of(Value value, float* start)
    {
        if (value.Layout == ValueLayout.Flat) return new PixelGrid((nint)start, value.Length, value.Length, value.Length, 1, 1);
        var image = value.Image;
        return new PixelGrid((nint)(start + image.Origin), image.ImageStride, image.RowStride, image.PixelStride, image.Height, image.Width);
    }

    public float* Row(int image, int row) => (float*)Address + image * ImageStride + row * RowStride;
}
