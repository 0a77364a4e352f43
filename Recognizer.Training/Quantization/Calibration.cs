using Recognizer.Inference.Onnx;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Quantization;

/// <summary>Chooses the images that ranges of 8-bit values are found on.</summary>
internal static class Calibration
{
    private const int Images = 512;

    /// <summary>Quantises a model with images spread evenly over a training split.</summary>
    public static Graph Quantize(Graph graph, DatasetPart train, int threads, CancellationToken cancellation)
    {
        DatasetPart part = train.Spread(Images);
        var images = new float[part.Images.Length];
        DatasetPart.ToUnit(part.Images, images);
        return OnnxException.Naming(graph.File, () => PostTrainingQuantizer.Quantize(graph, images, part.Count, threads, cancellation));
    }
}
