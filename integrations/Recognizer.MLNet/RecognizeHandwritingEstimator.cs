using Microsoft.ML;

namespace Recognizer.MLNet;

/// <summary>Makes a <see cref="RecognizeHandwritingTransformer"/>. There is nothing to fit: the model is trained already.</summary>
public sealed class RecognizeHandwritingEstimator : IEstimator<RecognizeHandwritingTransformer>
{
    private readonly byte[] _model;
    private readonly RecognizeHandwritingOptions _options;

    internal RecognizeHandwritingEstimator(byte[] model, RecognizeHandwritingOptions options)
    {
        _model = model;
        _options = options;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing or of another type.</exception>
    public RecognizeHandwritingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var transformer = new RecognizeHandwritingTransformer(_model, _options);
        try
        {
            transformer.GetOutputSchema(input.Schema);
            return transformer;
        }
        catch
        {
            transformer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        if (!inputSchema.Any(column => column.Name == _options.InputColumnName))
            throw new ArgumentException($"There is no column '{_options.InputColumnName}'.", nameof(inputSchema));
        using var transformer = new RecognizeHandwritingTransformer(_model, _options);
        SchemaShape added = LoadableComponent.Shape(transformer.AddedSchema);
        return new SchemaShape(inputSchema.Where(column => !added.Any(other => other.Name == column.Name)).Concat(added));
    }
}
