using System.Globalization;
using System.Text.RegularExpressions;

namespace Recognizer.Training.Datasets;

/// <summary>
/// A row per image: its label, then its pixels row by row. The first line may be a header, which may say that the label is the last column: by the name
/// <c>label</c>, <c>class</c>, <c>target</c>, <c>digit</c> or <c>y</c> there, or by a number at the end of the first name alone. Pixels are 0 to 255, or 0 to 1 if no value is
/// larger; labels that are all whole numbers may be written as floats; a comma, semicolon or tab divides them, unless in quotes; the file may be gzipped. Files named after an official set, such as <c>emnist-letters-train.csv</c>, number its classes and store
/// its images as its other files do.
/// </summary>
internal static partial class CsvDataset
{
    public static Dataset Load(FileTree tree, string path, DatasetLoadOptions options)
    {
        if (OfficialParts(path, options.Catalogue) is not var (set, train, test))
        {
            var (labels, rows) = Read(tree, path, null, options);
            if (options is { NeedTrain: true, NeedTest: true } && Parts(path) is var (_, one, two) && (path == one ? two : one) is var other && tree.FileExists(other))
                options.Progress?.Invoke($"left out: {tree.Describe(other)}, as {FileTree.NameOf(path)} is divided into both parts");
            return Holdout.Split(Path.GetFileNameWithoutExtension(FileTree.NameOf(path)), labels, rows, options);
        }
        if (!tree.FileExists(train) || !tree.FileExists(test))
            return Holdout.Split(set.Name, set.Labels, Read(tree, path, set, options).Rows, options);
        return new Dataset(set.Name, set.Labels,
            options.NeedTrain ? Read(tree, train, set, options).Rows : null,
            options.NeedTest ? Read(tree, test, set, options).Rows : null);
    }

    /// <summary>The official set that a file is named after as one of its parts, and the files of both; null for other names.</summary>
    public static (CatalogueSet Set, string Train, string Test)? OfficialParts(string path, DatasetCatalogue catalogue) =>
        Parts(path) is var (name, train, test) && catalogue.Find(name) is { } set ? (set, train, test) : null;

    /// <summary>The files of both parts where one is named as that of a part, and what is in front of that.</summary>
    private static (string Name, string Train, string Test)? Parts(string path) =>
        PartName().Match(path) is { Success: true, Groups: [_, var stem, var ending] } ? (stem.Value.TrimEnd('-', '_'), $"{stem}train{ending}", $"{stem}test{ending}") : null;

    [GeneratedRegex(@"^((?:.+[-_])?)(?:train|test)(\.csv(?:\.gz)?)$")]
    private static partial Regex PartName();

    private static (IReadOnlyList<string> Labels, DatasetPart Rows) Read(FileTree tree, string path, CatalogueSet? official, DatasetLoadOptions options)
    {
        using var file = new DataFile(tree, path);
        using var content = new ContentStream(file);
        var labels = new List<string>();
        var pixels = new PixelLevels();
        int line = 0, columns = 0, labelColumn = 0;
        bool hasHeader = false;
        char separator = ',';
        foreach (string text in TextLines.Read(content, file.Name))
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            line++;
            if (text.AsSpan().Trim().Length == 0)
                continue;
            if (columns == 0)
            {
                separator = Separator(text);
                string[] fields = Fields(text, separator), names = [.. fields.Select(LabelTable.Unquote)];
                columns = fields.Length;
                if (columns < 2 || !IsSquare(columns - 1))
                    throw new DatasetException($"{file.Name}: line {line} has {columns} columns, expected a label and a square number of pixels (28×28 gives 785).");
                hasHeader = IsHeader(fields, names);
                if (hasHeader)
                {
                    labelColumn = LabelIsLast(names) ? columns - 1 : 0;
                    continue;
                }
            }
            Row(text, line);
        }
        if (labels.Count == 0)
            throw new DatasetException($"{file.Name} has no rows.");
        int side = (int)Math.Sqrt(columns - 1);
        var images = new RawImages(pixels.ToArray(), labels.Count, side, side);
        // A model may have been trained with them as they stand
        HashSet<string> known = [.. options.ModelLabels([])];
        IReadOnlyList<string> texts = labels.TrueForAll(known.Contains) ? labels : LabelTable.WithoutFractions(labels);
        if (official is not null)
        {
            int[] numbers = [.. texts.Select((text, row) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int label) ? label
                : throw new DatasetException($"{file.Name}: row {row} has label {Shorten(text)}, expected a number of {official.Name}."))];
            numbers = PartBuilder.MapLabels(numbers, file.Name, official.FirstLabel, official.Labels.Count, null);
            return (official.Labels, PartBuilder.Build(images, numbers, new PartBuilder.Storage(official.Transposed, LightOnDark: true), options.For(official.Labels)));
        }
        var (classes, ofRows) = LabelTable.FromTexts(file.Name, texts);
        // Such as the pixel in a corner
        if (!hasHeader && labels.Count > 1 && classes is [var only] && TryPixel(only, out _))
            throw new DatasetException($"{file.Name}: all labels are {only}; is the label the last column? A header can say where it is, by the name label.");
        return (classes, PartBuilder.Build(images, ofRows, new PartBuilder.Storage(Transposed: false, LightOnDark: null), options.For(classes)));

        void Row(ReadOnlySpan<char> text, int line)
        {
            if (pixels.Count > Array.MaxLength - columns)
                throw new DatasetException($"{file.Name} is too large: more than {Array.MaxLength} pixels by line {line}.");
            int column = 0;
            for (int start = 0; start <= text.Length; column++)
            {
                int end = LabelTable.FieldEnd(text, start, separator);
                var field = text[start..end].Trim();
                start = end + 1;
                if (column == labelColumn)
                {
                    labels.Add(LabelTable.Unquote(field.ToString()));
                }
                else if (column < columns)
                {
                    if (!TryPixel(field, out float value))
                        throw new DatasetException($"{file.Name}: line {line}, column {column + 1} is \"{Shorten(field)}\", expected a pixel from 0 to 255.");
                    pixels.Add(value);
                }
            }
            if (column != columns)
                throw new DatasetException($"{file.Name}: line {line} has {column} columns, expected {columns} as in the first line.");
        }
    }

    /// <summary>What divides the fields: a label may have one or two of the others.</summary>
    private static char Separator(string text) => LabelTable.Separators.MaxBy(separator => text.AsSpan().Count(separator));

    private static string[] Fields(string text, char separator)
    {
        var fields = new List<string>();
        for (int start = 0, end; start <= text.Length; start = end + 1)
            fields.Add(text[start..(end = LabelTable.FieldEnd(text, start, separator))].Trim());
        return [.. fields];
    }

    private static bool IsSquare(int n) => Math.Round(Math.Sqrt(n)) is var side && (int)(side * side) == n;

    /// <summary>A header's pixel columns have names, which may be numbers in quotes; where they are bare numbers, they are counted, and the label's column has a name.</summary>
    private static bool IsHeader(string[] fields, string[] names)
    {
        string[] columns = fields.Length > 2 ? fields[1..^1] : fields[^1..];
        float[] numbers = [.. columns.TakeWhile(field => TryPixel(field, out _)).Select(field => TryPixel(field, out float value) ? value : float.NaN)];
        return numbers.Length < columns.Length || (IsLabel(names[0]) || IsLabel(names[^1])) && numbers.Zip(numbers.Skip(1)).All(pair => pair.Second == pair.First + 1);
    }

    private static bool LabelIsLast(string[] names) =>
        !IsLabel(names[0]) && (IsLabel(names[^1]) || char.IsAsciiDigit(names[0].LastOrDefault()) && !char.IsAsciiDigit(names[^1].LastOrDefault()));

    private static bool IsLabel(string name) => LabelTable.IsColumnName(name) || name is "y" or "Y";

    private static bool TryPixel(ReadOnlySpan<char> field, out float value) =>
        float.TryParse(field, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value) && PixelLevels.IsLevel(value);

    private static string Shorten(ReadOnlySpan<char> field) => field.Length <= 20 ? field.ToString() : $"{field[..20]}…";

    /// <summary>The content of a file that may be gzipped, for a text reader.</summary>
    private sealed class ContentStream(DataFile file) : ForwardStream
    {
        public override int Read(Span<byte> buffer)
        {
            int n = file.ReadAtMost(buffer);
            if (n < buffer.Length)
                file.End();
            return n;
        }
    }
}
