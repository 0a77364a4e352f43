using Microsoft.ML;

namespace Recognizer.MLNet;

/// <summary>What a reader of the output asked for, and what that takes from the input. Columns of the input keep their index in the output; the added ones come after.</summary>
internal sealed class NeededColumns
{
    private readonly HashSet<int> _needed;

    public NeededColumns(RecognizeHandwritingTransformer transformer, DataViewSchema input, IEnumerable<DataViewSchema.Column> columns)
    {
        _needed = [.. columns.Select(column => column.Index)];
        Scores = _needed.Any(index => index >= input.Count);
        PassedOn = [.. input.Where(column => _needed.Contains(column.Index))];
        int pixels = PixelReaders.Find(input, transformer.Options.InputColumnName).Index;
        OfInput = [.. input.Where(column => _needed.Contains(column.Index) || (Scores && column.Index == pixels))];
    }

    /// <summary>Whether an added column is wanted.</summary>
    public bool Scores { get; }

    /// <summary>Columns of the input that are wanted as they are.</summary>
    public IReadOnlyList<DataViewSchema.Column> PassedOn { get; }

    /// <summary>Columns of the input that have to be read.</summary>
    public IReadOnlyList<DataViewSchema.Column> OfInput { get; }

    /// <summary>Whether a column of the output is wanted.</summary>
    public bool Contains(DataViewSchema.Column column) => _needed.Contains(column.Index);
}
