namespace Recognizer.Training.Datasets;

/// <summary>What a set without splits counts as.</summary>
internal static class Holdout
{
    /// <summary>The part of each class that is kept for test.</summary>
    private const double TestFraction = 0.1;

    /// <summary>Wholly the split that is wanted; where both are, a seeded tenth of each class is the test split, and images that could not be read are in neither.</summary>
    public static Dataset Split(string name, IReadOnlyList<string> labels, DatasetPart all, DatasetLoadOptions options)
    {
        if (!options.NeedTrain || !options.NeedTest)
            return new Dataset(name, labels, options.NeedTrain ? all : null, options.NeedTest ? all : null) { IsWhole = true };
        var random = new CounterRandom(CounterRandom.Key(options.Seed, 0x7E57));
        var isTest = new bool[all.Count];
        foreach (var rows in Enumerable.Range(0, all.Count).GroupBy(i => all.Labels[i]).OrderBy(g => g.Key))
        {
            int[] shuffled = [.. rows];
            random.Shuffle<int>(shuffled);
            // a class of one image stays in training
            int test = shuffled.Length < 2 ? 0 : Math.Max(1, (int)Math.Round(shuffled.Length * TestFraction));
            foreach (int row in shuffled.AsSpan(0, test))
                isTest[row] = true;
        }
        return new Dataset(name, labels,
            all.Select([.. Enumerable.Range(0, all.Count).Where(i => !isTest[i])]),
            all.Select([.. Enumerable.Range(0, all.Count).Where(i => isTest[i])])) { IsDivided = true };
    }
}
