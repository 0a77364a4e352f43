using System.Globalization;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;
using Recognizer.Training;

namespace Recognizer.Benchmarks.Reading;

/// <summary><c>pages</c>: character error rates on pages painted from characters that the model has not seen, beside its error on the same characters one by one; and how
/// many fields of ten digits are read right.</summary>
internal static class PagesCommand
{
    private const int LinesPerPage = 3, FieldDigits = 10, WordCount = 1000;

    /// <summary>EXIF's numbers for the turns by 0, 90, 180 and 270 degrees clockwise.</summary>
    private static readonly int[] ExifTurns = [1, 6, 3, 8];

    private static readonly PageStyle[] Conditions =
        [new(), new(default, Skew: true), new(default, Ruled: true), new(default, Shadow: true), new(default, Skew: true, Ruled: true), new(default, true, true, true), new(default, Skew: true, Table: true)];

    public static int Run(string[] arguments)
    {
        if (ReadingOptions.Parse("pages", arguments, count: 60) is not { } options) return 2;
        Alphabet alphabet = options.Alphabet ?? Alphabet.Digits;
        bool digits = alphabet.Labels.All(Alphabet.Digits.Contains), fields = digits && options.Wants("fields"), orientation = options.Wants("orientation"), holds = true;
        PageStyle[] styles = [.. from spacing in Enum.GetValues<Spacing>() from condition in Conditions where options.Wants($"{spacing} {condition}") select condition with { Spacing = spacing }];
        if (styles.Length == 0 && !fields && !orientation) return options.NothingWanted("pages");
        Graph graph = options.ReadModel();
        CharacterSource characters = CharacterSource.Load(graph, options.Dataset, options.Test, alphabet);
        using CharacterRecognizer recognizer = ReadingOptions.Load(graph, alphabet);
        Console.WriteLine($"{options.Model}, {(options.Test ? "test" : "held-back")} characters of the alphabet {alphabet}, {options.Count} lines of 5 to 40 a row");
        Console.WriteLine();
        Console.WriteLine("| spacing | page | characters | one by one, error | on the page, error | substituted | missed | added | allowed | holds |");
        Console.WriteLine("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (PageStyle style in styles)
        {
            double? slack = style.Spacing == Spacing.Wide ? 0.02 : style.Spacing == Spacing.Touching && digits ? 0.10 : null;
            holds &= Lines(recognizer, characters, style, slack, options);
        }
        if (fields) holds &= Fields(recognizer, characters, options);
        if (orientation) Orientations(recognizer, characters, options);
        return holds ? 0 : 1;
    }

    /// <summary>How often it is found out how a page lies in its picture.</summary>
    private static void Orientations(CharacterRecognizer recognizer, CharacterSource characters, ReadingOptions options)
    {
        Console.WriteLine();
        Console.WriteLine("| lines on the page | characters in a line | pages on each side | orientation found |");
        Console.WriteLine("| ---: | ---: | ---: | ---: |");
        var reader = new PageReader(recognizer, new PageOptions { Orientation = PageOrientation.Detect });
        foreach ((int lines, int length) in new[] { (1, 10), (LinesPerPage, 10), (LinesPerPage, 22) })
        {
            int used = 0, found = 0, count = Math.Max(1, options.Count / lines / 2);
            int[][][] pages = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, lines).Select(_ => Next(ref used, length)).ToArray())];
            Parallel.For(0, 4 * count, i =>
            {
                (int page, int side) = (i / 4, i % 4);
                GrayImage picture = Orientation.Apply(PagePainter.Paint(characters, pages[page], new PageStyle(Spacing.Normal, Skew: true, Shadow: true), (ulong)page), ExifTurns[side]);
                if (reader.Read(picture).Orientation == (PageOrientation)side) Interlocked.Increment(ref found);
            });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {lines} | {length} | {count} | {100.0 * found / (4 * count):0.0} % |"));
        }
    }

    private static bool Lines(CharacterRecognizer recognizer, CharacterSource characters, PageStyle style, double? slack, ReadingOptions options)
    {
        var random = new CounterRandom(CounterRandom.Key(1, (ulong)style.Spacing));
        var pages = new List<int[][]>();
        int used = 0;
        for (int line = 0; line < options.Count; line += LinesPerPage)
            pages.Add([.. Enumerable.Range(0, Math.Min(LinesPerPage, options.Count - line)).Select(_ => Next(ref used, 5 + random.NextInt32(36)))]);
        var errors = new EditCounts[pages.Count];
        var alone = new int[pages.Count];
        var reader = new PageReader(recognizer);
        Parallel.For(0, pages.Count, p =>
        {
            GrayImage picture = PagePainter.Paint(characters, pages[p], style, (ulong)p);
            PageResult read = reader.Read(picture);
            string truth = string.Concat(pages[p].SelectMany(line => line).Select(characters.Label));
            string text = string.Concat(read.Lines.SelectMany(l => l.Words).Select(w => w.Text));
            errors[p] = EditCounts.Between(truth, text);
            alone[p] = Alone(recognizer, characters, pages[p].SelectMany(line => line));
            if (options.Folder is { } folder) Write(folder, $"{style.Spacing} {style} {p:00} {errors[p].Total:00}", picture, $"{string.Join('\n', pages[p].Select(line => string.Concat(line.Select(characters.Label))))}\n\n{read.Text}\n\nskew {read.Skew}\n");
        });
        double p = (double)alone.Sum() / used;
        int Sum(Func<EditCounts, int> part) => errors.Sum(part);
        double rate = (double)Sum(e => e.Total) / used;
        bool holds = slack is null || rate <= p + slack;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {style.Spacing.ToString().ToLowerInvariant()} | {style} | {used} | {100 * p:0.00} % | {100 * rate:0.00} % | {100.0 * Sum(e => e.Substituted) / used:0.0} % | {100.0 * Sum(e => e.Missed) / used:0.0} % | {100.0 * Sum(e => e.Added) / used:0.0} % | {(slack is null ? "" : $"{100 * (p + slack):0.00} %")} | {(slack is null ? "" : holds ? "yes" : "**no**")} |"));
        return holds;
    }

    /// <summary>Fields of ten digits, with the format and with a list of 1,000 numbers of which each holds one.</summary>
    private static bool Fields(CharacterRecognizer recognizer, CharacterSource characters, ReadingOptions options)
    {
        Console.WriteLine();
        Console.WriteLine("| spacing | fields | one by one, error | right by format | at least | right by list | at least | holds |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        bool all = true;
        foreach (Spacing spacing in new[] { Spacing.Wide, Spacing.Normal, Spacing.Tight, Spacing.Touching })
        {
            int count = 5 * options.Count, used = 0;
            int[][] fields = [.. Enumerable.Range(0, count).Select(_ => Next(ref used, FieldDigits))];
            string[] truth = [.. fields.Select(f => string.Concat(f.Select(characters.Label)))];
            var byFormat = new FieldReader(recognizer, FieldFormat.FromMask(new string('d', FieldDigits)));
            // Lists of numbers as they come: those of the fields, and random ones
            var random = new CounterRandom(CounterRandom.Key(2));
            var words = truth.Take(WordCount).ToHashSet();
            while (words.Count < WordCount) words.Add(string.Concat(Enumerable.Range(0, FieldDigits).Select(_ => random.NextInt32(10))));
            var byList = new FieldReader(recognizer, FieldFormat.FromWords(words));
            int right = 0, rightByList = 0, wrongAlone = 0;
            Parallel.For(0, count, i =>
            {
                GrayImage picture = PagePainter.Paint(characters, [fields[i]], new PageStyle(spacing), (ulong)i);
                string? read = byFormat.Read(picture)?.Text;
                if (read == truth[i]) Interlocked.Increment(ref right);
                else if (options.Folder is { } folder) Write(folder, $"field {spacing} {i:000}", picture, $"{truth[i]}\n{read}\n");
                if (i < WordCount && byList.Read(picture)?.Text == truth[i]) Interlocked.Increment(ref rightByList);
                Interlocked.Add(ref wrongAlone, Alone(recognizer, characters, fields[i]));
            });
            double p = (double)wrongAlone / used, least = Math.Pow(1 - p, FieldDigits) - 0.02, rate = (double)right / count, listRate = (double)rightByList / Math.Min(count, WordCount);
            bool required = spacing is Spacing.Wide or Spacing.Normal, holds = rate >= least && listRate >= 0.99;
            all &= holds || !required;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {spacing.ToString().ToLowerInvariant()} | {count} | {100 * p:0.00} % | {100 * rate:0.0} % | {(required ? $"{100 * least:0.0} %" : "")} | {100 * listRate:0.0} % | {(required ? "99.0 %" : "")} | {(!required ? "" : holds ? "yes" : "**no**")} |"));
        }
        return all;
    }

    private static int[] Next(ref int used, int length)
    {
        int first = used;
        used += length;
        return [.. Enumerable.Range(first, length)];
    }

    /// <summary>Mistakes on the same characters one by one, as they are in the data set.</summary>
    private static int Alone(CharacterRecognizer recognizer, CharacterSource characters, IEnumerable<int> indices)
    {
        var pixels = new float[784];
        int wrong = 0;
        foreach (int index in indices)
        {
            ReadOnlySpan<byte> image = characters.Image(index);
            for (int i = 0; i < pixels.Length; i++) pixels[i] = image[i] / 255f;
            if (recognizer.RecognizeNormalized(pixels).Label != characters.Label(index)) wrong++;
        }
        return wrong;
    }

    private static void Write(string folder, string name, GrayImage picture, string text)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, name.Replace(' ', '_') + ".png"), PngEncoder.Encode(picture));
        File.WriteAllText(Path.Combine(folder, name.Replace(' ', '_') + ".txt"), text);
    }

    /// <summary>Of the fewest changes that make one text of another (Levenshtein).</summary>
    private readonly record struct EditCounts(int Substituted, int Missed, int Added)
    {
        public int Total => Substituted + Missed + Added;

        public static EditCounts Between(string truth, string text)
        {
            var row = new EditCounts[text.Length + 1];
            for (int j = 0; j < row.Length; j++) row[j] = new(0, 0, j);
            for (int i = 1; i <= truth.Length; i++)
            {
                EditCounts diagonal = row[0];
                row[0] = new(0, i, 0);
                for (int j = 1; j < row.Length; j++)
                {
                    EditCounts best = truth[i - 1] == text[j - 1] ? diagonal : diagonal with { Substituted = diagonal.Substituted + 1 };
                    if (row[j].Total + 1 < best.Total) best = row[j] with { Missed = row[j].Missed + 1 };
                    if (row[j - 1].Total + 1 < best.Total) best = row[j - 1] with { Added = row[j - 1].Added + 1 };
                    (diagonal, row[j]) = (row[j], best);
                }
            }
            return row[^1];
        }
    }
}
