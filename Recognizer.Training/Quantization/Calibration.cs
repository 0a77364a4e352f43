using Recognizer.Inference.Onnx;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Quantization;

/// <summary>Chooses the images that ranges of 8-bit values are found on.</summary>
internal static class Calibration
{
    private const int Images = 512;

    /// <summary>Quantises a model with images spread evenly over a training split.</summary>
    public static Graph Quantize(Graph graph, DatasetPart train, int threads)
    {
        int count = Math.Min(Images, train.Count);
        var images = new float[count * DatasetPart.PixelsPerImage];
        for (int i = 0; i < count; i++)
            Augmenter.ToUnit(train.Image((int)((long)i * train.Count / count)), images.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage));
        return PostTrainingQuantizer.Quantize(graph, images, count, threads);
    }
}
