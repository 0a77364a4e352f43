using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Transforms.Onnx;
using Recognizer.Inference;

namespace Recognizer.MLNet;

/// <summary>The same recognition made of ML.NET's own parts: images are loaded, resized, turned grey and scored by ONNX Runtime. It does not look for the ink: images must be cropped
/// and light on dark already. <see cref="RecognizerCatalog.RecognizeHandwriting(TransformsCatalog, string, RecognizeHandwritingOptions?)"/> does, and is faster.</summary>
public static class OnnxPipeline
{
    /// <summary>Chains <c>LoadImages</c>, <c>ResizeImages</c>, <c>ConvertToGrayscale</c>, <c>ExtractPixels</c>, <c>ApplyOnnxModel</c> and what makes a label of the scores. The result
    /// has the columns <c>input</c> (pixels), <c>Score</c> (probabilities) and <c>PredictedLabel</c> (a key whose values are the model's labels).</summary>
    /// <param name="context">The context.</param>
    /// <param name="modelFile">Path of a model.onnx with input <c>input</c> [N, 1, 28, 28] and output <c>probabilities</c>, as training here exports it.</param>
    /// <param name="imageFolder">Folder that image paths are relative to; null where they are absolute.</param>
    /// <param name="imagePathColumnName">Text column with the path of each image.</param>
    public static IEstimator<ITransformer> Create(MLContext context, string modelFile, string? imageFolder = null, string imagePathColumnName = "ImagePath")
    {
        ArgumentNullException.ThrowIfNull(context);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(modelFile);
        string[] labels = [.. recognizer.Labels];
        const int Side = CharacterRecognizer.Side;
        return Pixels(context, imageFolder, imagePathColumnName)
            .Append(context.Transforms.ApplyOnnxModel(new OnnxOptions
            {
                ModelFile = modelFile,
                InputColumns = ["input"],
                OutputColumns = ["probabilities"],
                ShapeDictionary = new Dictionary<string, int[]> { ["input"] = [1, 1, Side, Side], ["probabilities"] = [1, labels.Length] },
                // Each row is a run of its own: more threads than one only wait for each other.
                IntraOpNumThreads = 1,
                InterOpNumThreads = 1,
            }))
            .Append(context.Transforms.CopyColumns("Score", "probabilities"))
            .Append(context.Transforms.CustomMapping(new ArgMaxFactory().GetMapping(), ArgMaxFactory.Contract))
            .Append(context.Transforms.Conversion.MapValue("PredictedLabel", labels.Select((label, index) => KeyValuePair.Create(index, label)), "PredictedIndex"))
            .Append(context.Transforms.Conversion.MapValueToKey("PredictedLabel", keyData: context.LabelKeys(labels)));
    }

    /// <summary>The first part of the chain: from the path of an image to the column <c>input</c> [28, 28], 0 … 1.</summary>
    /// <param name="context">The context.</param>
    /// <param name="imageFolder">Folder that image paths are relative to; null where they are absolute.</param>
    /// <param name="imagePathColumnName">Text column with the path of each image.</param>
    public static IEstimator<ITransformer> Pixels(MLContext context, string? imageFolder = null, string imagePathColumnName = "ImagePath")
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Transforms.LoadImages("Image", imageFolder, imagePathColumnName)
            .Append(context.Transforms.ResizeImages("Image", CharacterRecognizer.Side, CharacterRecognizer.Side, resizing: ImageResizingEstimator.ResizingKind.Fill))
            .Append(context.Transforms.ConvertToGrayscale("Image"))
            .Append(context.Transforms.ExtractPixels("input", "Image", ImagePixelExtractingEstimator.ColorBits.Red, scaleImage: 1f / 255));
    }

    /// <summary>Labels as the key data of <c>MapValueToKey</c>, which keeps their order, so that keys number the classes as scores do.</summary>
    internal static IDataView LabelKeys(this MLContext context, IEnumerable<string> labels) => context.Data.LoadFromEnumerable(labels.Select(label => new LabelRow { Label = label }));

    private sealed class LabelRow
    {
        public string Label { get; set; } = "";
    }

    internal sealed class ScoreRow
    {
        [ColumnName("Score")]
        public VBuffer<float> Score { get; set; }
    }

    internal sealed class IndexRow
    {
        public int PredictedIndex { get; set; }
    }

    [CustomMappingFactoryAttribute(Contract)]
    internal sealed class ArgMaxFactory : CustomMappingFactory<ScoreRow, IndexRow>
    {
        public const string Contract = "Recognizer.ArgMax";

        // A row without a prediction has an index that no label has.
        public override Action<ScoreRow, IndexRow> GetMapping() => static (row, result) => result.PredictedIndex = (int)ScoreBuffer.Key([.. row.Score.DenseValues()]) - 1;
    }
}
