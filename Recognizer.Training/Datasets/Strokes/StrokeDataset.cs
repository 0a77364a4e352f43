namespace Recognizer.Training.Datasets.Strokes;

/// <summary>
/// The built-in data set: procedural handwriting of the 62 characters. Image n of a part is a function of the seed and n alone, so the same images come
/// out whatever the number of threads.
/// </summary>
internal static class StrokeDataset
{
    public const int TrainCount = 60_000;
    public const int TestCount = 10_000;

    private static readonly string[] s_labels = [.. StrokeAlphabet.Characters.Select(c => c.ToString())];

    public static Dataset Load(DatasetLoadOptions options) => new(
        DatasetCatalogue.Strokes, s_labels,
        options.NeedTrain ? Draw(TrainCount, CounterRandom.Key(options.Seed, 0), options) : null,
        options.NeedTest ? Draw(TestCount, CounterRandom.Key(options.Seed, 1), options) : null);

    /// <summary>Draws images number 0 to <paramref name="count"/> − 1 of the part with that key.</summary>
    public static DatasetPart Draw(int count, ulong key, DatasetLoadOptions options)
    {
        const int chunk = 128;
        var images = new byte[(long)count * DatasetPart.PixelsPerImage];
        var labels = new int[count];
        Parallel.For(0, (count + chunk - 1) / chunk, options.Parallel, () => new CharacterPainter(), (part, _, painter) =>
        {
            for (int i = part * chunk; i < Math.Min(count, (part + 1) * chunk); i++)
            {
                var random = new CounterRandom(CounterRandom.Key(key, (ulong)i));
                labels[i] = ChooseClass(ref random);
                painter.Paint(labels[i], ref random, images.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage));
            }
            return painter;
        }, _ => { });
        return new DatasetPart(images, labels);
    }

    /// <summary>Digits come more often than letters, as they do on forms: twice as often each.</summary>
    private static int ChooseClass(ref CounterRandom random)
    {
        const int digits = 10;
        int choice = random.NextInt32(s_labels.Length + digits);
        return choice < s_labels.Length ? choice : choice - s_labels.Length;
    }
}
