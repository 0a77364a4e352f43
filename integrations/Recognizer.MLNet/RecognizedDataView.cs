using Microsoft.ML;
using Microsoft.ML.Data;

namespace Recognizer.MLNet;

/// <summary>A view whose rows are scored a batch at a time, as they are read.</summary>
internal sealed class RecognizedDataView(RecognizeHandwritingTransformer transformer, IDataView input) : IDataView
{
    public bool CanShuffle => input.CanShuffle;

    public DataViewSchema Schema { get; } = transformer.GetOutputSchema(input.Schema);

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var needed = new NeededColumns(transformer, input.Schema, columnsNeeded);
        return new Cursor(this, input.GetRowCursor(needed.OfInput, rand), needed);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var needed = new NeededColumns(transformer, input.Schema, columnsNeeded);
        return [.. input.GetRowCursorSet(needed.OfInput, n, rand).Select(cursor => new Cursor(this, cursor, needed))];
    }

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly DataViewRowCursor _input;
        private readonly NeededColumns _needed;
        private readonly ScoreBuffer? _scores;
        private readonly Dictionary<int, ColumnBuffer> _columns = [];
        private readonly ValueGetter<DataViewRowId> _getId;
        private readonly DataViewRowId[] _ids;
        private readonly long[] _batches;
        private int _row = -1;
        private int _count;
        private long _position = -1;

        public Cursor(RecognizedDataView view, DataViewRowCursor input, NeededColumns needed)
        {
            Schema = view.Schema;
            _input = input;
            _needed = needed;
            int capacity = view.Options.BatchSize;
            if (needed.Scores) _scores = new ScoreBuffer(view.Transformer, input, capacity);
            foreach (DataViewSchema.Column column in needed.PassedOn) _columns[column.Index] = ColumnBuffer.Create(input, column, capacity);
            _getId = input.GetIdGetter();
            _ids = new DataViewRowId[capacity];
            _batches = new long[capacity];
        }

        public override DataViewSchema Schema { get; }

        public override long Position => _position;

        public override long Batch => _row >= 0 && _row < _count ? _batches[_row] : _input.Batch;

        public override bool MoveNext()
        {
            if (++_row >= _count) Fill();
            _position = _count > 0 ? _position + 1 : -1;
            return _count > 0;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => _needed.Contains(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = _ids[Row()];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => (ValueGetter<TValue>)(
            !_needed.Contains(column) ? throw new ArgumentException($"Column '{column.Name}' is not active.", nameof(column))
            : column.Index < _input.Schema.Count ? _columns[column.Index].Getter(Row)
            : _scores!.Getter(column.Index - _input.Schema.Count, Row));

        protected override void Dispose(bool disposing)
        {
            if (disposing) _input.Dispose();
            base.Dispose(disposing);
        }

        private int Row() => _row >= 0 && _row < _count ? _row : throw new InvalidOperationException("The cursor is on no row.");

        private void Fill()
        {
            (_row, _count) = (0, 0);
            while (_count < _ids.Length && _input.MoveNext())
            {
                _getId(ref _ids[_count]);
                _batches[_count] = _input.Batch;
                foreach (ColumnBuffer column in _columns.Values) column.Read(_count);
                _scores?.Read(_count);
                _count++;
            }
            _scores?.Score(_count);
        }
    }

    private RecognizeHandwritingTransformer Transformer => transformer;

    private RecognizeHandwritingOptions Options => transformer.Options;
}
