using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Recognizer.MLNet;

/// <summary>Adds handwriting recognition to the catalogs of an <see cref="MLContext"/>.</summary>
public static class RecognizerCatalog
{
    /// <summary>Recognizes handwritten characters with the managed engine, a batch of rows at a time.</summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>.</param>
    /// <param name="modelFile">Path of a model.onnx.</param>
    /// <param name="options">Columns and alphabet.</param>
    /// <exception cref="Inference.Onnx.OnnxException">The file can't be read, or is not a model that the engine can run.</exception>
    public static RecognizeHandwritingEstimator RecognizeHandwriting(this TransformsCatalog catalog, string modelFile, RecognizeHandwritingOptions? options = null) =>
        catalog.RecognizeHandwriting(File.ReadAllBytes(modelFile), options);

    /// <summary>Recognizes handwritten characters with the managed engine, a batch of rows at a time.</summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>.</param>
    /// <param name="model">Content of a model.onnx.</param>
    /// <param name="options">Columns and alphabet.</param>
    /// <exception cref="Inference.Onnx.OnnxException">The bytes are not a model that the engine can run.</exception>
    public static RecognizeHandwritingEstimator RecognizeHandwriting(this TransformsCatalog catalog, byte[] model, RecognizeHandwritingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(model);
        return new RecognizeHandwritingEstimator(model, options ?? new());
    }

    /// <summary>Makes a context able to load models that have a <see cref="RecognizeHandwritingTransformer"/> in them. Call it before
    /// <see cref="ModelOperationsCatalog.Load(string, out Microsoft.ML.DataViewSchema)"/>; calling it again does nothing.</summary>
    /// <param name="catalog"><see cref="MLContext.ComponentCatalog"/>.</param>
    public static void RegisterRecognizer(this ComponentCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        LoadableComponent.Register(catalog);
    }
}
