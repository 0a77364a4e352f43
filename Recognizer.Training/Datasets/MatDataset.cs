namespace Recognizer.Training.Datasets;

/// <summary>
/// Data sets in MATLAB files: EMNIST's layout (struct <c>dataset</c> with <c>train.images</c>, <c>train.labels</c>, <c>test…</c> and <c>mapping</c>), and
/// that of mnist-original.mat (<c>data</c>, one image per column, and <c>label</c>), and that of courses (<c>X</c>, one image per row, and <c>y</c>). Pixels are as <see cref="NumberArray.Levels"/> takes them.
/// </summary>
internal static class MatDataset
{
    public static Dataset Load(FileTree tree, string path, DatasetLoadOptions options, IReadOnlyList<string>? officialLabels = null)
    {
        string name = tree.Describe(path), title = Path.GetFileNameWithoutExtension(FileTree.NameOf(path));
        var variables = MatReader.Read(tree, path, variable => variable switch
        {
            "dataset.train.images" => options.NeedTrain,
            "dataset.test.images" => options.NeedTest,
            _ => !variable.EndsWith(".writers", StringComparison.Ordinal),
        });
        if (variables.TryGetValue("dataset", out var dataset) && dataset.Fields is not null)
        {
            var (labels, classOf) = Mapping(dataset, name);
            if (officialLabels is not null && !labels.SequenceEqual(officialLabels))
                throw new DatasetException($"{name} has the labels {string.Join(' ', labels)}, expected {string.Join(' ', officialLabels)}.");
            return new Dataset(title, labels,
                options.NeedTrain ? Part(dataset, "train", classOf, name, options) : null,
                options.NeedTest ? Part(dataset, "test", classOf, name, options) : null);
        }
        if (variables.TryGetValue("data", out var data) && variables.TryGetValue("label", out var label))
            return Flat(title, name, ("data", data), ("label", label), inRows: false, options);
        if (variables.TryGetValue("X", out var x) && variables.TryGetValue("y", out var y))
            return Flat(title, name, ("X", x), ("y", y), inRows: true, options);
        throw new DatasetException($"{name} has {(variables.Count == 0 ? "no variables that can be read" : "the variables " + string.Join(", ", variables.Keys))}, expected a struct \"dataset\", or \"data\" and \"label\", or \"X\" and \"y\".");
    }

    private static (string[] Labels, Dictionary<int, int> ClassOf) Mapping(MatValue dataset, string name)
    {
        if (!dataset.Fields!.TryGetValue("mapping", out var mapping) || mapping.Dimensions is not [var rows, >= 2] || mapping.Count < 2 * rows || rows < 2)
            throw new DatasetException($"{name}: dataset.mapping must be a matrix with a row per class: label, character code.");
        var labels = new string[rows];
        var classOf = new Dictionary<int, int>();
        for (int i = 0; i < rows; i++)
        {
            double code = mapping[rows + i];
            if (code is not (>= 1 and <= 0x10FFFF) or (>= 0xD800 and <= 0xDFFF) || NumberArray.Whole(mapping[i]) is not { } label || !classOf.TryAdd(label, i))
                throw new DatasetException($"{name}: row {i} of dataset.mapping is not a label of its own and a character code.");
            labels[i] = char.ConvertFromUtf32((int)code);
        }
        return (labels, classOf);
    }

    private static DatasetPart? Part(MatValue dataset, string part, Dictionary<int, int> classOf, string name, DatasetLoadOptions options)
    {
        if (!dataset.Fields!.TryGetValue(part, out var fields))
            return null;
        if (fields.Fields is null || !fields.Fields.TryGetValue("images", out var images) || !fields.Fields.TryGetValue("labels", out var labels))
            throw new DatasetException($"{name}: dataset.{part} must be a struct with images and labels.");
        if (images is not { Dimensions: [var count, DatasetPart.PixelsPerImage], Fields: null })
            throw new DatasetException($"{name}: dataset.{part}.images is {images.Size}, expected a row of {DatasetPart.PixelsPerImage} pixels per image.");
        if (labels.Count != count)
            throw new DatasetException($"{name}: dataset.{part} has {count} images, but {labels.Count} labels.");
        var classes = new int[count];
        for (int i = 0; i < count; i++)
        {
            if (NumberArray.Whole(labels[i]) is not { } label || !classOf.TryGetValue(label, out classes[i]))
                throw new DatasetException($"{name}: dataset.{part}.labels has {labels[i]} in row {i}, which dataset.mapping doesn't have.");
        }
        // [784, count] in memory; the pixels of an image go down its columns, as in the IDX files
        byte[] pixels = ArrayImages.Gather(images.Levels($"{name}: dataset.{part}.images", options.Progress), count, options);
        return PartBuilder.Build(new RawImages(pixels, count, 28, 28), classes, new PartBuilder.Storage(Transposed: true, LightOnDark: true), options);
    }

    /// <summary>One image per column, pixels row by row; or one image per row, made from a picture by MATLAB's own order, which goes down its columns, or by Python's, which goes row by row and
    /// writes a list of labels as a row.</summary>
    private static Dataset Flat(string title, string name, (string Name, MatValue Value) data, (string Name, MatValue Value) label, bool inRows, DatasetLoadOptions options)
    {
        string images = $"{name}: {data.Name}";
        if (data.Value is not { Dimensions: [var rows, var columns], Fields: null })
            throw new DatasetException($"{images} is {data.Value.Size}, expected a matrix of pixels with a {(inRows ? "row" : "column")} per image.");
        var (count, size) = inRows ? (rows, columns) : (columns, rows);
        int side = ArrayImages.Side(size, images);
        if (label.Value.Count != count)
            throw new DatasetException($"{name} has {count} images, but {label.Value.Count} labels.");
        IReadOnlyList<string> texts = ArrayImages.Texts(label.Value.Values, $"{name}: {label.Name}");
        byte[] levels = data.Value.Levels(images, options.Progress);
        bool transposed = inRows && label.Value.Dimensions is [_, 1];
        if (inRows)
        {
            levels = ArrayImages.Gather(levels, count, options);
            // MATLAB counts from 1, so that digits come as 1 to 10
            bool isTenZero = texts.ToHashSet().SetEquals(Enumerable.Range(1, 10).Select(n => $"{n}"));
            if (isTenZero)
                texts = [.. texts.Select(text => text == "10" ? "0" : text)];
            options.Progress?.Invoke($"{images} is taken as an image per row, whose pixels go {(transposed ? "down its columns" : "row by row")}, as {label.Name} is {label.Value.Size}{(isTenZero ? $", and 10 in {label.Name} as the digit 0" : "")}");
        }
        var (labels, classes) = LabelTable.FromTexts(name, texts);
        var part = new ArrayImages(new RawImages(levels, count, side, side), transposed).Build(classes, options.For(labels));
        return ArrayImages.Whole(title, labels, part, options);
    }
}
