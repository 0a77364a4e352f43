using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Outliers;

/// <summary>How well a model tells one kind of picture from characters.</summary>
/// <param name="Kind">Name of the kind.</param>
/// <param name="Auroc">Probability that such a picture gets a higher rejection score than a character.</param>
internal sealed record OutlierResult(string Kind, double Auroc);

/// <summary>How well a model tells pictures without a character from characters.</summary>
/// <param name="Results">One per kind, in the order of <see cref="OutlierSuite.All"/>.</param>
internal sealed record OutlierReport(IReadOnlyList<OutlierResult> Results)
{
    /// <summary>The kind that is told apart worst.</summary>
    public OutlierResult Lowest => Results.MinBy(r => r.Auroc)!;
}

/// <summary>Pictures that are no characters. They serve measuring only: nothing is trained on them.</summary>
internal static class OutlierSuite
{
    /// <summary>Characters that are compared with at most, spread evenly over the set.</summary>
    public const int MaximumCharacters = 10_000;

    /// <summary>Pictures of each kind: as many as characters, at most so many.</summary>
    public const int MaximumPictures = 2000;

    private const ulong Seed = 99;
    private const int Batch = 512;

    /// <summary>The kinds.</summary>
    public static IReadOnlyList<OutlierKind> All { get; } =
    [
        new Blank(), new UniformNoise(), new GaussianNoise(), new Specks(), new Grating(), new Checkerboard(), new Clouds(), new Rings(),
        new RadicalScript(), new HangingScript(), new RoundScript(), new WedgeScript(), new Scribble(),
    ];

    /// <summary>Draws pictures; the result depends on the characters and the numbers only.</summary>
    /// <param name="number">Which of <see cref="All"/>.</param>
    /// <param name="count">How many.</param>
    /// <param name="models">Characters whose pen, size and ink strokes take, as <see cref="Measure"/> gives them.</param>
    /// <param name="threads">Threads to use; 0 = one per processor.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>[count, 28, 28], 0 = ground … 255 = ink.</returns>
    public static byte[] Draw(int number, int count, IReadOnlyList<InkMeasure> models, int threads = 0, CancellationToken cancellation = default)
    {
        var images = new byte[count * DatasetPart.PixelsPerImage];
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : -1, CancellationToken = cancellation }, i =>
            All[number].Draw(images.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage), models[i % models.Count], CounterRandom.Key(Seed, (ulong)number, (ulong)i)));
        return images;
    }

    /// <summary>Measures of those characters that have room for other shapes; of a usual one where none has.</summary>
    public static IReadOnlyList<InkMeasure> Measure(DatasetPart part)
    {
        InkMeasure[] roomy = [.. Enumerable.Range(0, part.Count).Select(i => InkMeasure.Of(part.Image(i))).Where(m => m.IsRoomy)];
        return roomy.Length > 0 ? roomy : [new InkMeasure(4, 4, 20, 20, 2.5f, 110)];
    }

    /// <summary>The first pictures of each kind, which is their label.</summary>
    public static DatasetPart Examples(DatasetPart part, int count)
    {
        IReadOnlyList<InkMeasure> models = Measure(part.Spread(MaximumCharacters));
        return new DatasetPart([.. Enumerable.Range(0, All.Count).SelectMany(number => Draw(number, count, models))],
            [.. Enumerable.Range(0, All.Count).SelectMany(number => Enumerable.Repeat(number, count))]);
    }

    /// <summary>Measures how well a model's rejection score tells these pictures from characters.</summary>
    /// <param name="model">The model.</param>
    /// <param name="part">The characters.</param>
    /// <param name="threads">Threads to use; 0 = one per processor.</param>
    /// <param name="progress">Hears what is being measured.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static OutlierReport Evaluate(CharacterRecognizer model, DatasetPart part, int threads, Action<string>? progress, CancellationToken cancellation)
    {
        part = part.Spread(MaximumCharacters);
        IReadOnlyList<InkMeasure> models = Measure(part);
        float[] characters = Scores(model, part.Images, cancellation);
        var results = new List<OutlierResult>();
        for (int number = 0; number < All.Count; number++)
        {
            progress?.Invoke($"{All[number].Name}: kind {number + 1} of {All.Count}");
            float[] scores = Scores(model, Draw(number, Math.Min(MaximumPictures, part.Count), models, threads, cancellation), cancellation);
            results.Add(new OutlierResult(All[number].Name, RocCurve.Area(characters, scores)));
        }
        return new OutlierReport(results);
    }

    /// <summary>Rejection score of each image.</summary>
    private static float[] Scores(CharacterRecognizer model, byte[] images, CancellationToken cancellation)
    {
        int count = images.Length / DatasetPart.PixelsPerImage, classes = model.Labels.Count;
        var scores = new float[count];
        var pixels = new float[Batch * DatasetPart.PixelsPerImage];
        var probabilities = new float[Batch * classes];
        for (int start = 0; start < count; start += Batch)
        {
            cancellation.ThrowIfCancellationRequested();
            int size = Math.Min(Batch, count - start);
            Span<float> input = pixels.AsSpan(0, size * DatasetPart.PixelsPerImage);
            DatasetPart.ToUnit(images.AsSpan(start * DatasetPart.PixelsPerImage, input.Length), input);
            model.Score(input, size, probabilities.AsSpan(0, size * classes), null, scores.AsSpan(start, size));
        }
        return scores;
    }
}
