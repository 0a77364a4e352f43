using System.Diagnostics;
using System.Globalization;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Training;

namespace Recognizer.Benchmarks.Reading;

/// <summary><c>stability</c>: how often the label stays the same when the same character comes in another size, polarity, light or file, and what it costs to bring
/// it into the model's form.</summary>
internal static class StabilityCommand
{
    private const double DigitsNeeded = 0.98, CharactersNeeded = 0.95;

    /// <summary>The row that the others are compared with.</summary>
    private const string Plain = "normalised";

    public static int Run(string[] arguments)
    {
        if (ReadingOptions.Parse("stability", arguments, count: 1000) is not { } options) return 2;
        PictureVariant[] variants = [.. PictureVariant.All.Where(variant => options.Wants(variant.Name))];
        if (variants.Length == 0 && !options.Wants(Plain)) return options.NothingWanted("stability");
        Graph graph = options.ReadModel();
        CharacterSource characters = CharacterSource.Load(graph, options.Dataset, options.Test, options.Alphabet);
        using CharacterRecognizer recognizer = ReadingOptions.Load(graph, options.Alphabet);
        double needed = recognizer.Labels.Where(l => options.Alphabet?.Contains(l) ?? true).All(Alphabet.Digits.Contains) ? DigitsNeeded : CharactersNeeded;
        int count = Math.Min(options.Count, characters.Count);
        Console.WriteLine($"{options.Model}, {count} {(options.Test ? "test" : "held-back")} characters{(options.Alphabet is { } a ? $" of the alphabet {a}" : "")}, case ignored");
        Console.WriteLine();
        Console.WriteLine("| picture | same label | needed | right | normalised in, µs | holds |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | --- |");
        var original = new string[count];
        Parallel.For(0, count, i =>
        {
            var pixels = new float[784];
            ReadOnlySpan<byte> image = characters.Image(i);
            for (int p = 0; p < pixels.Length; p++) pixels[p] = image[p] / 255f;
            original[i] = recognizer.RecognizeNormalized(pixels).Label;
        });
        Row(Plain, needed: null, i => original[i], null);
        bool all = true;
        foreach (PictureVariant variant in variants)
        {
            // A file, as users have it
            var files = new byte[count][];
            Parallel.For(0, count, i => files[i] = PngEncoder.Encode(variant.Make(characters.Image(i).ToArray(), new CounterRandom(CounterRandom.Key(3, (ulong)i)))));
            if (options.Folder is { } folder)
            {
                Directory.CreateDirectory(folder);
                for (int i = 0; i < Math.Min(20, count); i++) File.WriteAllBytes(Path.Combine(folder, $"{variant.Name.Replace(' ', '_')}_{i:00}_{characters.Label(i)}.png"), files[i]);
            }
            var read = new string[count];
            Parallel.For(0, count, i => read[i] = recognizer.Recognize(files[i]).Label);
            all &= Row(variant.Name, variant.IsRequired ? needed : null, i => read[i], Microseconds(files, recognizer.Layout));
        }
        return all ? 0 : 1;

        bool Row(string name, double? needed, Func<int, string> label, double? microseconds)
        {
            int same = 0, right = 0;
            for (int i = 0; i < count; i++)
            {
                if (string.Equals(label(i), original[i], StringComparison.OrdinalIgnoreCase)) same++;
                if (string.Equals(label(i), characters.Label(i), StringComparison.OrdinalIgnoreCase)) right++;
            }
            bool holds = needed is null || same >= needed * count;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {100.0 * same / count:0.0} % | {(needed is null ? "" : $"{100 * needed:0} %")} | {100.0 * right / count:0.0} % | {(microseconds is { } m ? $"{m:0}" : "")} | {(needed is null ? "" : holds ? "yes" : "**no**")} |"));
            return holds;
        }
    }

    /// <summary>Median time of normalising one picture.</summary>
    private static double Microseconds(byte[][] files, NormalizerLayout layout)
    {
        GrayImage[] images = [.. files.Take(100).Select(f => ImageDecoder.Decode(f).ToGray())];
        var destination = new float[784];
        var times = new List<double>();
        // until what runs is compiled for good
        for (var warming = Stopwatch.StartNew(); warming.ElapsedMilliseconds < 300;)
            foreach (GrayImage image in images) CharacterNormalizer.Normalize(image, layout, Polarity.Detect, destination);
        for (int round = 0; round < 5; round++)
            foreach (GrayImage image in images)
            {
                long start = Stopwatch.GetTimestamp();
                CharacterNormalizer.Normalize(image, layout, Polarity.Detect, destination);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }
        times.Sort();
        return times[times.Count / 2];
    }
}
