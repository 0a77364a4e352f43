using Microsoft.ML;
using Microsoft.ML.Data;
using Recognizer.Inference;

namespace Recognizer.MLNet;

/// <summary>Scores up to a batch of images and hands the results out as the values of the added columns.</summary>
internal sealed class ScoreBuffer
{
    private readonly CharacterRecognizer _recognizer;
    private readonly PixelReader _read;
    private readonly int _classes;
    private readonly float[] _pixels;
    private readonly float[] _scores;

    public ScoreBuffer(RecognizeHandwritingTransformer transformer, DataViewRow row, int capacity)
    {
        _recognizer = transformer.Recognizer;
        _classes = transformer.Labels.Count;
        _read = PixelReaders.Create(row, PixelReaders.Find(row.Schema, transformer.Options.InputColumnName), _recognizer);
        _pixels = new float[capacity * PixelReaders.PixelsPerImage];
        _scores = new float[capacity * _classes];
    }

    /// <summary>Takes the pixels of the input's current row.</summary>
    public void Read(int index) => _read(_pixels.AsSpan(index * PixelReaders.PixelsPerImage, PixelReaders.PixelsPerImage));

    /// <summary>Scores the first rows.</summary>
    public void Score(int count) => _recognizer.Score(_pixels.AsSpan(0, count * PixelReaders.PixelsPerImage), count, _scores.AsSpan(0, count * _classes));

    /// <summary>A getter of an added column.</summary>
    /// <param name="added">0 for the predicted label, 1 for the scores.</param>
    /// <param name="row">Tells which row of the batch is meant, when it is scored.</param>
    public Delegate Getter(int added, Func<int> row) => added == 0
        ? (ValueGetter<uint>)((ref uint value) => value = Key(Scores(row())))
        : (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        {
            VBufferEditor<float> editor = VBufferEditor.Create(ref value, _classes);
            Scores(row()).CopyTo(editor.Values);
            value = editor.Commit();
        });

    private ReadOnlySpan<float> Scores(int row) => _scores.AsSpan(row * _classes, _classes);

    /// <summary>The key of the best class. Keys count from 1; 0 is a missing value, which scores that aren't numbers give. The lower class wins where scores tie.</summary>
    internal static uint Key(ReadOnlySpan<float> scores)
    {
        int best = -1;
        for (int i = 0; i < scores.Length; i++)
        {
            if (float.IsNaN(scores[i])) return 0;
            if (best < 0 || scores[i] > scores[best]) best = i;
        }
        return (uint)(best + 1);
    }
}
