using System.Diagnostics;

namespace Recognizer.Inference.Evaluation;

/// <summary>Measures a model on labelled images.</summary>
public static class Evaluator
{
    private const int PixelCount = CharacterRecognizer.Side * CharacterRecognizer.Side;

    /// <summary>Scores every image of a set and compares with its label.</summary>
    /// <param name="recognizer">The model. Load it without an alphabet: <see cref="EvaluationOptions.Alphabet"/> masks.</param>
    /// <param name="images">The set; enumerated once, a batch at a time.</param>
    /// <param name="options">How to evaluate.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="ArgumentException">An image has a label that is not among <see cref="EvaluationOptions.Labels"/>, or no class of the
    /// model is in the alphabet.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="EvaluationOptions.BatchSize"/> is out of its range.</exception>
    public static EvaluationResult Evaluate(CharacterRecognizer recognizer, IEnumerable<LabelledImage> images, EvaluationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recognizer);
        ArgumentNullException.ThrowIfNull(images);
        options ??= new EvaluationOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.BatchSize, EvaluationOptions.MaxBatchSize);
        // Figures are those of one model, whatever replaces it meanwhile
        using CharacterRecognizer steady = recognizer.Snapshot();
        recognizer = steady;

        // Which labels occur decides how the model's are matched to them; without a list that is known only at the end.
        Tally? tally = options.Labels is { } labels ? new Tally(recognizer, labels, options) : null;
        var waiting = new List<ScoredBatch>();
        int classes = recognizer.Labels.Count;
        var pixels = new float[options.BatchSize * PixelCount];
        var scores = new float[options.BatchSize * classes];
        var readable = new bool[options.BatchSize];
        var watch = new Stopwatch();
        long done = 0;
        foreach (LabelledImage[] batch in images.Chunk(options.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            watch.Start();
            Normalize(recognizer, batch, pixels, readable, options, cancellation);
            recognizer.Score(pixels.AsSpan(0, batch.Length * PixelCount), batch.Length, scores.AsSpan(0, batch.Length * classes));
            watch.Stop();
            // Images are kept for nobody but an observer
            var scored = new ScoredBatch(Array.ConvertAll(batch, image => image.Label), options.Observer is null ? null : batch, readable, scores);
            if (tally is not null) tally.Add(scored);
            else waiting.Add(scored with { Readable = readable[..batch.Length], Scores = scores[..(batch.Length * classes)] });
            done += batch.Length;
            options.Progress?.Report(done);
        }
        if (tally is null)
        {
            string[] occurring = [.. waiting.SelectMany(w => w.Labels).Distinct().Order(StringComparer.Ordinal)];
            tally = new Tally(recognizer, occurring, options);
            waiting.ForEach(tally.Add);
        }
        return new EvaluationResult(tally.Build(), watch.Elapsed);
    }

    private static void Normalize(CharacterRecognizer recognizer, LabelledImage[] batch, float[] pixels, bool[] readable, EvaluationOptions options, CancellationToken cancellation)
    {
        void One(int i)
        {
            Span<float> destination = pixels.AsSpan(i * PixelCount, PixelCount);
            readable[i] = batch[i].TryNormalize(recognizer.Layout, options.Decoder, destination, recognizer.IsAlphanumeric);
            if (!readable[i]) destination.Clear();
        }
        if (batch.Any(image => image.NeedsNormalizing))
        {
            Parallel.For(0, batch.Length, new ParallelOptions { MaxDegreeOfParallelism = options.Threads > 0 ? options.Threads : -1, CancellationToken = cancellation }, One);
            return;
        }
        for (int i = 0; i < batch.Length; i++) One(i);
    }

    /// <summary>What is known of some images once they are scored.</summary>
    /// <param name="Labels">What they are.</param>
    /// <param name="Images">The images themselves, if anybody wants to see them.</param>
    /// <param name="Readable">Whether each could be decoded.</param>
    /// <param name="Scores">[image, class]; both may have room for more images.</param>
    private readonly record struct ScoredBatch(string[] Labels, LabelledImage[]? Images, bool[] Readable, float[] Scores);

    /// <summary>Rows so far.</summary>
    private sealed class Tally
    {
        private readonly MulticlassMetricsBuilder _builder;
        private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
        private readonly EvaluationOptions _options;
        private readonly int _classes;
        private long _index;

        public Tally(CharacterRecognizer recognizer, IReadOnlyList<string> labels, EvaluationOptions options)
        {
            _builder = new MulticlassMetricsBuilder(recognizer.Labels, labels, options.Alphabet, options.IgnoreCase);
            for (int number = 0; number < labels.Count; number++) _numbers.TryAdd(labels[number], number);
            if (options.IgnoreCase)
            {
                // A label stands for those of other cases that aren't there themselves
                for (int number = 0; number < labels.Count; number++) _numbers.TryAdd(labels[number].ToUpperInvariant(), number);
            }
            _classes = recognizer.Labels.Count;
            _options = options;
        }

        public void Add(ScoredBatch batch)
        {
            for (int i = 0; i < batch.Labels.Length; i++, _index++)
            {
                if (!TryFind(batch.Labels[i], out int actual))
                    throw new ArgumentException($"Image {_index} has the label '{batch.Labels[i]}', which EvaluationOptions.Labels doesn't have.", nameof(batch));
                if (!batch.Readable[i])
                {
                    _builder.AddUnreadable(actual);
                    continue;
                }
                int predicted = _builder.Add(actual, batch.Scores.AsSpan(i * _classes, _classes), out float confidence);
                if (predicted < 0 || batch.Images is not { } images || _options.Observer is not { } observer) continue;
                observer(new EvaluatedImage(_index, images[i], _builder.LabelOf(actual), _builder.Labels[predicted], confidence));
            }
        }

        public MulticlassMetrics Build() => _builder.Build();

        private bool TryFind(string label, out int number) =>
            _numbers.TryGetValue(label, out number) || _options.IgnoreCase && _numbers.TryGetValue(label.ToUpperInvariant(), out number);
    }
}
