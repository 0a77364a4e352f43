using Microsoft.ML;
using Microsoft.ML.Data;
using Recognizer.Inference;
using Recognizer.Inference.Engine;

namespace Recognizer.MLNet;

/// <summary>Recognizes handwritten characters: adds a key column with the predicted label and a vector column with the probabilities. Part of any chain, of a model zip
/// (<see cref="RecognizerCatalog.RegisterRecognizer"/> before it is loaded), of a <c>PredictionEngine</c> and a <c>PredictionEnginePool</c>.</summary>
public sealed class RecognizeHandwritingTransformer : ITransformer, IDisposable
{
    private readonly byte[] _model;

    internal RecognizeHandwritingTransformer(byte[] model, RecognizeHandwritingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        _model = model;
        Options = options;
        Recognizer = CharacterRecognizer.Load(model, new RecognizerOptions
        {
            Alphabet = options.Alphabet,
            Plan = new PlanOptions { Threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount },
        });
        AddedSchema = CreateAddedSchema();
    }

    /// <summary>Text of each class, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels => Recognizer.Labels;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal RecognizeHandwritingOptions Options { get; }

    internal CharacterRecognizer Recognizer { get; }

    /// <summary>The two columns that are added.</summary>
    internal DataViewSchema AddedSchema { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing or of another type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        PixelReaders.Find(inputSchema, Options.InputColumnName);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema);
        builder.AddColumns(AddedSchema);
        return builder.ToSchema();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing or of another type.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new RecognizedDataView(this, input);
    }

    /// <inheritdoc/>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => new RowMapper(this, inputSchema);

    /// <summary>Frees the model.</summary>
    public void Dispose() => Recognizer.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx) => LoadableComponent.Save(ctx, writer =>
    {
        writer.Write(Options.InputColumnName);
        writer.Write(Options.PredictedLabelColumnName);
        writer.Write(Options.ScoreColumnName);
        writer.Write(Options.BatchSize);
        writer.Write(Options.Threads);
        string[] alphabet = [.. Options.Alphabet?.Labels ?? []];
        writer.Write(alphabet.Length);
        foreach (string label in alphabet) writer.Write(label);
        writer.Write(_model.Length);
        writer.Write(_model);
    });

    internal static RecognizeHandwritingTransformer Load(BinaryReader reader)
    {
        var options = new RecognizeHandwritingOptions
        {
            InputColumnName = reader.ReadString(),
            PredictedLabelColumnName = reader.ReadString(),
            ScoreColumnName = reader.ReadString(),
            BatchSize = reader.ReadInt32(),
            Threads = reader.ReadInt32(),
        };
        var alphabet = new string[reader.ReadInt32()];
        for (int i = 0; i < alphabet.Length; i++) alphabet[i] = reader.ReadString();
        if (alphabet.Length > 0) options = options with { Alphabet = Alphabet.Of(alphabet) };
        byte[] model = reader.ReadBytes(reader.ReadInt32());
        return new RecognizeHandwritingTransformer(model, options);
    }

    private DataViewSchema CreateAddedSchema()
    {
        ReadOnlyMemory<char>[] labels = [.. Labels.Select(label => label.AsMemory())];
        DataViewSchema.Annotations Named(string kind)
        {
            var annotations = new DataViewSchema.Annotations.Builder();
            annotations.Add(kind, new VectorDataViewType(TextDataViewType.Instance, labels.Length),
                (ref VBuffer<ReadOnlyMemory<char>> value) => value = new VBuffer<ReadOnlyMemory<char>>(labels.Length, labels));
            return annotations.ToAnnotations();
        }
        var builder = new DataViewSchema.Builder();
        builder.AddColumn(Options.PredictedLabelColumnName, new KeyDataViewType(typeof(uint), labels.Length), Named("KeyValues"));
        builder.AddColumn(Options.ScoreColumnName, new VectorDataViewType(NumberDataViewType.Single, labels.Length), Named("SlotNames"));
        return builder.ToSchema();
    }
}
