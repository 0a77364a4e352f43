using Microsoft.ML;
using Microsoft.ML.Data;

namespace Recognizer.MLNet;

/// <summary>Keeps the values of an input column for the rows of a batch, because the input has gone on when they are asked for.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Makes a buffer for any type of column.</summary>
    public static ColumnBuffer Create(DataViewRow input, DataViewSchema.Column column, int capacity)
    {
        Type type = column.Type is VectorDataViewType vector
            ? typeof(Vectors<>).MakeGenericType(vector.ItemType.RawType)
            : typeof(Scalars<>).MakeGenericType(column.Type.RawType);
        return (ColumnBuffer)Activator.CreateInstance(type, input, column, capacity)!;
    }

    /// <summary>Takes the value of the input's current row.</summary>
    public abstract void Read(int index);

    /// <summary>A getter of what was taken.</summary>
    /// <param name="row">Tells which row of the batch is meant.</param>
    public abstract Delegate Getter(Func<int> row);

    private sealed class Scalars<T>(DataViewRow input, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        private readonly ValueGetter<T> _getter = input.GetGetter<T>(column);
        private readonly T[] _values = new T[capacity];

        public override void Read(int index)
        {
            // Getters of images dispose of what they are given, which may be in the caller's hands still.
            T value = default!;
            _getter(ref value);
            _values[index] = value;
        }

        public override Delegate Getter(Func<int> row) => (ValueGetter<T>)((ref T value) => value = _values[row()]);
    }

    private sealed class Vectors<T>(DataViewRow input, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        private readonly ValueGetter<VBuffer<T>> _getter = input.GetGetter<VBuffer<T>>(column);
        private readonly VBuffer<T>[] _values = new VBuffer<T>[capacity];

        public override void Read(int index) => _getter(ref _values[index]);

        public override Delegate Getter(Func<int> row) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[row()].CopyTo(ref value));
    }
}
