using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Corruptions;

/// <summary>How a model did on one kind of spoilt images.</summary>
/// <param name="Name">Name of the corruption.</param>
/// <param name="Accuracy">Share of images read right.</param>
/// <param name="StandardError">√(p (1 − p) / n).</param>
internal sealed record CorruptionResult(string Name, double Accuracy, double StandardError);

/// <summary>How a model did on all kinds of spoilt images.</summary>
/// <param name="Results">One per corruption, in the order of <see cref="CorruptionSuite.All"/>.</param>
/// <param name="Images">Images that were spoilt, each in every way.</param>
/// <param name="MeanError">Mean error over the corruptions.</param>
/// <param name="StandardError">Standard error of the mean error; images are independent, the ways to spoil one are not.</param>
internal sealed record CorruptionReport(IReadOnlyList<CorruptionResult> Results, long Images, double MeanError, double StandardError)
{
    /// <summary>Mean over the corruptions of the error by that of another model (Hendrycks and Dietterich 2019), 1 where both are as good.</summary>
    /// <param name="baseline">Accuracy of the other model by name of the corruption; one that made no error at all doesn't count.</param>
    public double RelativeTo(IReadOnlyDictionary<string, double> baseline) =>
        Results.Where(r => baseline[r.Name] < 1).Select(r => (1 - r.Accuracy) / (1 - baseline[r.Name])).DefaultIfEmpty(double.NaN).Average();
}

/// <summary>How another model did, to compare with.</summary>
/// <param name="Dataset">Name of the data set.</param>
/// <param name="Split">Part of it.</param>
/// <param name="Images">Images that were spoilt.</param>
/// <param name="Skipped">Images that the alphabet left out.</param>
/// <param name="IgnoreCase">Whether labels that differ by case only counted as the same; null where the file doesn't say.</param>
/// <param name="Accuracies">Share of images read right by name of the corruption.</param>
internal sealed record CorruptionBaseline(string Dataset, string Split, long Images, long Skipped, bool? IgnoreCase, IReadOnlyDictionary<string, double> Accuracies)
{
    /// <summary>How its images, or what counted as right, differ from others; null where they seem to be the same.</summary>
    public string? DifferenceFrom(string dataset, string split, long images, long skipped, bool ignoreCase) =>
        (Dataset, Split) != (dataset, split) ? $"on the {Split} split of {Dataset}, not on the {split} split of {dataset}"
        : (Images, Skipped) != (images, skipped) ? FormattableString.Invariant($"with another alphabet or on other images: {Images:N0} were spoilt and {Skipped:N0} left out, here {images:N0} and {skipped:N0}")
        : IgnoreCase is { } ignored && ignored != ignoreCase ? $"{(ignored ? "with" : "without")} --ignore-case"
        : null;
}

/// <summary>The 15 corruptions of MNIST-C.</summary>
internal static class CorruptionSuite
{
    /// <summary>Images that are spoilt at most, spread evenly over the set: as many as MNIST-C has.</summary>
    public const int MaximumImages = 10_000;

    private const ulong Seed = 15;

    /// <summary>The corruptions, in the order of the publication.</summary>
    public static IReadOnlyList<Corruption> All { get; } =
    [
        new ShotNoise(), new ImpulseNoise(), new GlassBlur(), new MotionBlur(), new Shear(), new Scale(), new Rotate(), new Brightness(),
        new Translate(), new Stripe(), new Fog(), new Spatter(), new DottedLine(), new Zigzag(), new CannyEdges(),
    ];

    /// <summary>Spoils images; the result depends on the images and their places only.</summary>
    /// <param name="part">The images.</param>
    /// <param name="number">Which of <see cref="All"/>.</param>
    /// <param name="threads">Threads to use; 0 = one per processor.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static DatasetPart Corrupt(DatasetPart part, int number, int threads = 0, CancellationToken cancellation = default)
    {
        var images = new byte[part.Images.Length];
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : -1, CancellationToken = cancellation };
        Parallel.For(0, part.Count, options, i =>
            All[number].Apply(part.Image(i), images.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage), CounterRandom.Key(Seed, (ulong)number, (ulong)i)));
        return new DatasetPart(images, part.Labels);
    }

    /// <summary>Measures a model on spoilt images.</summary>
    /// <param name="model">The model, without an alphabet.</param>
    /// <param name="part">The images.</param>
    /// <param name="options">How to evaluate.</param>
    /// <param name="threads">Threads to use; 0 = one per processor.</param>
    /// <param name="progress">Hears what is being measured.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static CorruptionReport Evaluate(CharacterRecognizer model, DatasetPart part, EvaluationOptions options, int threads, Action<string>? progress, CancellationToken cancellation)
    {
        part = part.Spread(MaximumImages);
        var results = new List<CorruptionResult>();
        var wrong = new int[part.Count];
        var counts = new bool[part.Count];
        for (int number = 0; number < All.Count; number++)
        {
            progress?.Invoke($"{All[number].Name}: corruption {number + 1} of {All.Count}");
            DatasetPart spoilt = Corrupt(part, number, threads, cancellation);
            MulticlassMetrics metrics = Evaluator.Evaluate(model, spoilt.Labelled(options.Labels!), options with
            {
                Observer = image =>
                {
                    counts[image.Index] = true;
                    if (!image.IsRight) wrong[image.Index]++;
                },
            }, cancellation).Metrics;
            results.Add(new CorruptionResult(All[number].Name, metrics.MicroAccuracy, metrics.StandardError));
        }
        double[] errors = [.. wrong.Where((_, i) => counts[i]).Select(w => (double)w / All.Count)];
        double mean = errors.DefaultIfEmpty(0).Average();
        double variance = errors.Length > 1 ? errors.Sum(e => (e - mean) * (e - mean)) / (errors.Length - 1) : 0;
        return new CorruptionReport(results, errors.Length, results.Average(r => 1 - r.Accuracy), errors.Length > 0 ? Math.Sqrt(variance / errors.Length) : 0);
    }

    /// <summary>The first images of a set, spoilt in each way, which is their label.</summary>
    public static DatasetPart Examples(DatasetPart part, int count)
    {
        DatasetPart first = part.Select([.. Enumerable.Range(0, Math.Min(count, part.Count))]);
        return new DatasetPart([.. Enumerable.Range(0, All.Count).SelectMany(number => Corrupt(first, number).Images)],
            [.. Enumerable.Range(0, All.Count).SelectMany(number => Enumerable.Repeat(number, first.Count))]);
    }

    /// <summary>Reads what <c>evaluate --corruptions --json</c> wrote for another model.</summary>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static CorruptionBaseline ReadBaseline(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            var accuracies = root.GetProperty("corruptions").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!, c => c.GetProperty("accuracy").GetDouble());
            if (All.FirstOrDefault(c => !accuracies.ContainsKey(c.Name)) is { } missing) throw new FormatException($"it has no figure for '{missing.Name}'");
            return new CorruptionBaseline(root.GetProperty("dataset").GetString()!, root.GetProperty("split").GetString()!, root.GetProperty("corruptionImages").GetInt64(), root.GetProperty("skipped").GetInt64(),
                root.TryGetProperty("ignoreCase", out JsonElement ignoreCase) ? ignoreCase.GetBoolean() : null, accuracies);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw new FormatException("it isn't what evaluate --corruptions --json writes", exception);
        }
    }
}
