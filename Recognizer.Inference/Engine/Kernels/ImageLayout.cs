using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Row-major [channels, height, width] into the engine's image layout and back, one image at a time.</summary>
internal static unsafe class ImageLayout
{
    /// <summary>Writes interior pixels; of padding channels too, as zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Import(in ImageShape shape, float* source, float* destination, int images)
    {
        int pixels = shape.Height * shape.Width, stride = shape.PixelStride;
        for (int n = 0; n < images; n++)
        {
            float* rows = source + (long)n * pixels * shape.Channels;
            float* image = destination + (long)n * shape.ImageStride + shape.Origin;
            for (int y = 0; y < shape.Height; y++)
            {
                float* row = image + y * shape.RowStride;
                if (stride == 1)
                {
                    new ReadOnlySpan<float>(rows + y * shape.Width, shape.Width).CopyTo(new Span<float>(row, shape.Width));
                    continue;
                }
                for (int x = 0; x < shape.Width; x++)
                {
                    float* pixel = row + x * stride;
                    float* plane = rows + y * shape.Width + x;
                    for (int c = 0; c < shape.Channels; c++) pixel[c] = plane[c * pixels];
                    for (int c = shape.Channels; c < stride; c++) pixel[c] = 0;
                }
            }
        }
    }

    /// <summary>Reads interior pixels and leaves padding channels out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Export(in ImageShape shape, float* source, float* destination, int images)
    {
        int pixels = shape.Height * shape.Width, stride = shape.PixelStride;
        for (int n = 0; n < images; n++)
        {
            float* image = source + (long)n * shape.ImageStride + shape.Origin;
            float* rows = destination + (long)n * pixels * shape.Channels;
            for (int y = 0; y < shape.Height; y++)
            {
                float* row = image + y * shape.RowStride;
                for (int c = 0; c < shape.Channels; c++)
                {
                    float* plane = rows + c * pixels + y * shape.Width;
                    for (int x = 0; x < shape.Width; x++) plane[x] = row[x * stride + c];
                }
            }
        }
    }
}
