using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Tests.Engine.Kernels;

/// <summary>Moves plain [images, height, width, channels] values into the layout of the engine and back.</summary>
internal static unsafe class Images
{
    /// <summary>Places images with a border of zeros.</summary>
    /// <param name="padding">Value of the padding channels, which kernels must not let through.</param>
    public static AlignedBuffer<float> Place(float[] values, ImageShape shape, int firstImage, int images, float padding)
    {
        AlignedBuffer<float> buffer = new((long)images * shape.ImageStride);
        long source = (long)firstImage * shape.Height * shape.Width * shape.Channels;
        for (int n = 0; n < images; n++)
        {
            for (int y = 0; y < shape.Height; y++)
            {
                for (int x = 0; x < shape.Width; x++)
                {
                    float* pixel = buffer.Pointer + (long)n * shape.ImageStride + shape.Origin + y * shape.RowStride + x * shape.PixelStride;
                    for (int c = 0; c < shape.PixelStride; c++) pixel[c] = c < shape.Channels ? values[source++] : padding;
                }
            }
        }
        return buffer;
    }

    /// <summary>Reads images back, and checks that the border is zero and padding channels are finite.</summary>
    public static float[] Read(AlignedBuffer<float> buffer, ImageShape shape, int images)
    {
        float[] values = new float[(long)images * shape.Height * shape.Width * shape.Channels];
        long i = 0;
        for (int n = 0; n < images; n++)
        {
            for (int y = -shape.Border; y < shape.Height + shape.Border; y++)
            {
                for (int x = -shape.Border; x < shape.Width + shape.Border; x++)
                {
                    bool inside = y >= 0 && y < shape.Height && x >= 0 && x < shape.Width;
                    float* pixel = buffer.Pointer + (long)n * shape.ImageStride + shape.Origin + y * shape.RowStride + x * shape.PixelStride;
                    for (int c = 0; c < shape.PixelStride; c++)
                    {
                        if (!inside) Assert.Equal(0, pixel[c]);
                        else if (c < shape.Channels) values[i++] = pixel[c];
                        else Assert.True(float.IsFinite(pixel[c]), "a padding channel isn't finite");
                    }
                }
            }
        }
        return values;
    }
}
