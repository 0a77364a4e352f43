using Microsoft.ML;
using Microsoft.ML.Data;

namespace Recognizer.MLNet;

/// <summary>Scores single rows, for <c>PredictionEngine</c>.</summary>
internal sealed class RowMapper(RecognizeHandwritingTransformer transformer, DataViewSchema inputSchema) : IRowToRowMapper
{
    public DataViewSchema InputSchema => inputSchema;

    public DataViewSchema OutputSchema { get; } = transformer.GetOutputSchema(inputSchema);

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) => Needed(dependingColumns).OfInput;

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) => new Row(this, input, Needed(activeColumns));

    private NeededColumns Needed(IEnumerable<DataViewSchema.Column> columns) => new(transformer, inputSchema, columns);

    private sealed class Row(RowMapper mapper, DataViewRow input, NeededColumns needed) : DataViewRow
    {
        private readonly ScoreBuffer? _scores = needed.Scores ? new ScoreBuffer(mapper.Transformer, input, 1) : null;
        private long _scored = -1;

        public override DataViewSchema Schema => mapper.OutputSchema;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column column) => needed.Contains(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            column.Index < mapper.InputSchema.Count ? input.GetGetter<TValue>(mapper.InputSchema[column.Index])
            : _scores is null ? throw new ArgumentException($"Column '{column.Name}' is not active.", nameof(column))
            : (ValueGetter<TValue>)_scores.Getter(column.Index - mapper.InputSchema.Count, Score);

        protected override void Dispose(bool disposing)
        {
            if (disposing) input.Dispose();
            base.Dispose(disposing);
        }

        private int Score()
        {
            if (_scored != input.Position)
            {
                _scores!.Read(0);
                _scores.Score(1);
                _scored = input.Position;
            }
            return 0;
        }
    }

    private RecognizeHandwritingTransformer Transformer => transformer;
}
