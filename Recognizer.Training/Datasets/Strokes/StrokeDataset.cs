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

    /// <summary>
    /// How often each character is written on the forms that EMNIST was cut from, per ten thousand. Look-alikes (0 and O, 1 and l) are then read as the more usual one.
    /// </summary>
    private static readonly int[] s_frequencies =
    [
        496, 550, 490, 504, 480, 450, 490, 512, 486, 485,
        92, 56, 145, 65, 71, 132, 36, 45, 171, 54, 35, 73, 129, 118, 358, 120, 37, 73, 298, 141, 181, 66, 67, 40, 68, 39,
        144, 74, 41, 146, 353, 37, 53, 125, 39, 27, 36, 219, 38, 164, 39, 35, 43, 202, 39, 262, 41, 42, 39, 40, 34, 39,
    ];

    private static readonly float[] s_cumulative = Cumulative();

    /// <summary>The frequencies, evened out so that the rare letters get enough examples.</summary>
    private static float[] Cumulative()
    {
        var sums = new float[s_frequencies.Length];
        float sum = 0;
        for (int i = 0; i < sums.Length; i++)
            sums[i] = sum += MathF.Pow(s_frequencies[i], 0.6f);
        return sums;
    }

    private static int ChooseClass(ref CounterRandom random)
    {
        float at = random.NextSingle() * s_cumulative[^1];
        int i = 0;
        while (i < s_cumulative.Length - 1 && at >= s_cumulative[i])
            i++;
        return i;
    }
}
