using System.IO.Compression;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Datasets;
using static Recognizer.Tests.Datasets.DatasetBytes;

namespace Recognizer.Tests.Datasets;

public sealed class FolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static byte[] Png(byte[] pixels, int index = 0) => PngEncoder.Encode(28, 28, 1, pixels.AsSpan(index * 784, 784));

    private DatasetLoadOptions Test => _folder.Options with { NeedTrain = false };

    [Fact]
    public void Reads_a_folder_per_class()
    {
        byte[] pixels = Pixels(3);
        _folder.Write("set/я/1.png", Png(pixels, 0));
        _folder.Write("set/B/x.png", Png(pixels, 1));
        _folder.Write("set/B/y.png", Png(pixels, 2));
        _folder.Write("set/B/broken.png", Png(pixels, 2).AsSpan(0, 60));
        _folder.Write("set/B/notes.txt", "not an image");
        foreach (string left in new[] { "Thumbs.db", "desktop.ini", ".DS_Store" }) _folder.Write($"set/B/{left}", "left by a file manager");
        var set = DatasetLoader.Load("set", Test);
        Assert.Equal("set", set.Name);
        Assert.Equal(["B", "я"], set.Labels);
        Assert.Equal([0, 0, 1], set.Test!.Labels);
        Assert.Equal([.. pixels[784..], .. pixels[..784]], set.Test.Images);
        Assert.Null(set.Train);
        Assert.Equal(2, set.UnreadableFiles.Count);
        Assert.Contains("broken.png", set.UnreadableFiles[0], StringComparison.Ordinal);
        Assert.Contains("notes.txt", set.UnreadableFiles[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train", "test")]
    [InlineData("Train", "TEST")]
    [InlineData("training", "testing")]
    public void Reads_train_and_test_folders(string train, string test)
    {
        byte[] pixels = Pixels(2);
        _folder.Write($"set/{train}/a/1.png", Png(pixels, 0));
        _folder.Write($"set/{test}/b/1.png", Png(pixels, 1));
        var set = DatasetLoader.Load("set", _folder.Options);
        Assert.Equal(["a", "b"], set.Labels);
        Assert.Equal([0], set.Train!.Labels);
        Assert.Equal([1], set.Test!.Labels);
        Assert.Equal(pixels[784..], set.Test.Images);
    }

    [Theory]
    [InlineData("val")]
    [InlineData("valid")]
    [InlineData("Validation")]
    public void Images_for_validation_are_training_images_too(string validation)
    {
        byte[] pixels = Pixels(3);
        foreach (var (path, i) in new[] { ("train/a/1.png", 0), ($"{validation}/b/1.png", 1), ("test/b/1.png", 2) }) _folder.Write($"set/{path}", Png(pixels, i));
        var set = DatasetLoader.Load("set", _folder.Options);
        Assert.Equal([0, 1], set.Train!.Labels.Order());
        Assert.Equal([1], set.Test!.Labels);
        Assert.Equal(pixels[1568..], set.Test.Images);
    }

    [Fact]
    public void An_archive_of_images_for_validation_alone_is_a_set_by_itself()
    {
        byte[] pixels = Pixels(2);
        foreach (var (path, i) in new[] { ("val/a/1.png", 0), ("val/b/1.png", 1) }) _folder.Write(path, Png(pixels, i));
        _folder.Zip("val.zip", "val/a/1.png", "val/b/1.png");
        Assert.Equal([0, 1], DatasetLoader.Load("val.zip", Test).Test!.Labels);
    }

    [Theory]
    [InlineData("train/a/1.png", "extra/a/1.png", "test/a/1.png")]
    [InlineData("a/writer1/1.png", "b/writer1/1.png")]
    [InlineData("train/a/writer1/1.png", "test/a/writer1/1.png")]
    public void Images_that_all_lie_deeper_are_refused_with_the_names_that_are_expected(params string[] files)
    {
        foreach (string file in files) _folder.Write($"set/{file}", Png(Pixels(1)));
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("set", Test)).Message;
        Assert.Contains("a folder of images for each class, or train and test (training, testing,", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_how_many_images_in_sub_folders_of_classes_are_left_out()
    {
        string[] files = ["set/a/1.png", "set/b/1.png", "set/b/old/2.png", "set/b/old/older/3.png", "set/c/old/4.png"];
        // In MNIST's layout, for which a set is loaded twice
        foreach (string file in files) _folder.Write(file, Png(Ring(20)));
        _folder.Write("set/b/old/Thumbs.db", "left by a file manager");
        _folder.Zip("set.zip", files);
        foreach (string name in new[] { "set", "set.zip" })
        {
            var said = new List<string>();
            var set = DatasetLoader.LoadInItsLayout(name, [], Test with { Progress = said.Add });
            Assert.Equal(["a", "b"], set.Labels);
            Assert.Equal(2, set.Test!.Count);
            Assert.StartsWith("left out: 3 files in sub-folders of classes", Assert.Single(said), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Reads_a_list_with_quoted_fields_inside_a_zip()
    {
        byte[] pixels = Pixels(2);
        _folder.Write("labels.csv", "file,label\r\nimages/1.png,\",\"\r\n\"images/2,b.png\",é\r\nmissing.png,é\r\n");
        _folder.Write("images/1.png", Png(pixels, 0));
        _folder.Write("images/2,b.png", Png(pixels, 1));
        _folder.Zip("list.zip", "labels.csv", "images/1.png", "images/2,b.png");
        var set = DatasetLoader.Load("list.zip", Test);
        Assert.Equal([",", "é"], set.Labels);
        Assert.Equal([0, 1], set.Test!.Labels);
        Assert.Equal(pixels, set.Test.Images);
        Assert.Contains("missing.png: the file doesn't exist", Assert.Single(set.UnreadableFiles), StringComparison.Ordinal);
    }

    /// <summary>Each part has its list, or a folder per class.</summary>
    [Theory]
    [InlineData("set/test/labels.csv", "set/test/writer1/1.png")]
    [InlineData("set/test/b/1.png")]
    public void Parts_may_have_lists(params string[] test)
    {
        byte[] pixels = Pixels(2);
        string[] files = ["set/train/labels.csv", "set/train/writer1/1.png", .. test];
        _folder.Write(files[0], "file,label\nwriter1/1.png,c\n");
        _folder.Write(files[1], Png(pixels, 0));
        _folder.Write(test[^1], Png(pixels, 1));
        if (test.Length > 1) _folder.Write(test[0], "writer1/1.png,b\n");
        _folder.Zip("set.zip", files);
        foreach (string name in new[] { "set", "set.zip" })
        {
            var set = DatasetLoader.Load(name, _folder.Options);
            Assert.Equal(["b", "c"], set.Labels);
            Assert.Equal([1], set.Train!.Labels);
            Assert.Equal(pixels[..784], set.Train.Images);
            Assert.Equal([0], set.Test!.Labels);
            Assert.Equal(pixels[784..], set.Test.Images);
            Assert.Equal(["b", "c"], DatasetLoader.Load(name, Test).Labels);
        }
    }

    [Theory]
    [InlineData("file,label,writer\n1.png,a,7\n")]
    [InlineData("id,label\n0,zero\n1,one\n")]
    public void A_list_of_something_else_leaves_classes_to_their_folders(string list)
    {
        byte[] pixels = Pixels(2);
        foreach (string part in new[] { "train", "test" })
            for (int i = 0; i < 2; i++) _folder.Write($"set/{part}/{i}/1.png", Png(pixels, i));
        _folder.Write("set/train/labels.csv", list);
        Assert.Equal(["0", "1"], DatasetLoader.Load("set", _folder.Options).Labels);
    }

    [Theory]
    [InlineData("file,label", true)]
    [InlineData("file, label", true)]
    [InlineData("filename,Label", true)]
    [InlineData("\"Image\", \"CLASS\"", true)]
    [InlineData("image,digit", true)]
    [InlineData("filename,character", true)]
    [InlineData("image,category", true)]
    [InlineData("id,text", true)]
    [InlineData("file,labels", true)]
    [InlineData("Datei,Zeichen", true)]
    [InlineData("missing,b", false)]
    [InlineData("1,c", false)]
    [InlineData("1.png, label", false)]
    [InlineData("missing.png,b", false)]
    public void Tells_the_header_of_a_list_from_its_first_image(string line, bool isHeader)
    {
        _folder.Write("set/labels.csv", $"{line}\n1.png,a\n2.png,b\n");
        for (int i = 0; i < 2; i++) _folder.Write($"set/{i + 1}.png", Png(Pixels(2), i));
        _folder.Write("set/1", Png(Pixels(1)));
        var set = DatasetLoader.Load("set", Test);
        Assert.Equal(isHeader ? 2 : 3, set.Test!.Count + set.UnreadableFiles.Count);
        Assert.Equal(line == "1.png, label", set.Labels.Contains("label"));
    }

    [Theory]
    [InlineData("label,file")]
    [InlineData("Class,\"Image\"")]
    [InlineData("digit,path")]
    public void A_header_may_put_the_label_of_a_list_first(string header)
    {
        _folder.Write("set/labels.csv", $"{header}\na,1.png\nb,2.png\n");
        for (int i = 0; i < 2; i++) _folder.Write($"set/{i + 1}.png", Png(Pixels(2), i));
        var set = DatasetLoader.Load("set", Test);
        Assert.Equal(["a", "b"], set.Labels);
        Assert.Equal(Pixels(2), set.Test!.Images);
    }

    [Theory]
    [InlineData("file,label,writer\n1.png,a,w1\n2.png,b,w2\n", 1)]
    [InlineData("1.png,a\n2.png,b,w2\n", 2)]
    [InlineData("1.png,a\n2.png,\"b\",\"w2\"\n", 2)]
    [InlineData("1.png,a\n2.png,,w2\n", 2)]
    [InlineData("1.png,a\n2.png\n", 2)]
    [InlineData("1.png;a\n2.png;b;w2\n", 2)]
    public void A_list_has_two_columns(string list, int line)
    {
        _folder.Write("set/labels.csv", list);
        for (int i = 1; i <= 2; i++) _folder.Write($"set/{i}.png", Png(Pixels(1)));
        Assert.Contains($"labels.csv: line {line} must be", Assert.Throws<DatasetException>(() => DatasetLoader.Load("set", Test)).Message, StringComparison.Ordinal);
    }

    /// <summary>As spreadsheets write it where a comma is the decimal sign.</summary>
    [Theory]
    [InlineData("file;label\n1.png;a\n2.png;1,5\n")]
    [InlineData("file\tlabel\n1.png\ta\n2.png\t1,5\n")]
    [InlineData("1.png;a\n\"2.png\";\"1,5\"\n")]
    [InlineData("label;file\na;1.png\n1,5;2.png\n")]
    public void A_list_may_have_semicolons_or_tabs(string list)
    {
        _folder.Write("set/labels.csv", list);
        for (int i = 0; i < 2; i++) _folder.Write($"set/{i + 1}.png", Png(Pixels(2), i));
        var set = DatasetLoader.Load("set", Test);
        Assert.Equal(["1,5", "a"], set.Labels);
        Assert.Equal([1, 0], set.Test!.Labels);
        Assert.Equal(Pixels(2), set.Test.Images);
    }

    [Theory]
    [InlineData(';')]
    [InlineData('\t')]
    public void Where_all_labels_have_a_comma_the_files_tell_what_divides(char separator)
    {
        _folder.Write("set/labels.csv", $"1.png{separator}1,5\n2.png{separator}2,5\n");
        for (int i = 0; i < 2; i++) _folder.Write($"set/{i + 1}.png", Png(Pixels(2), i));
        Assert.Equal(["1,5", "2,5"], DatasetLoader.Load("set", Test).Labels);
    }

    [Theory]
    [InlineData(",", ",")]
    [InlineData(";", ";")]
    [InlineData("\",\"", ",")]
    [InlineData("\"a, b\"", "a, b")]
    [InlineData("\"\"\"\"", "\"")]
    [InlineData("\"", "\"")]
    public void Marks_may_be_labels_of_a_list(string written, string label)
    {
        _folder.Write("set/labels.csv", $"1.png,{written}\n2.png,z\n");
        for (int i = 1; i <= 2; i++) _folder.Write($"set/{i}.png", Png(Pixels(1)));
        Assert.Equal([label, "z"], DatasetLoader.Load("set", Test).Labels);
    }

    /// <summary>Else é and è would be one class.</summary>
    [Fact]
    public void Labels_that_are_not_utf8_are_refused()
    {
        for (int i = 1; i <= 2; i++) _folder.Write($"list/{i}.png", Png(Pixels(1)));
        _folder.Write("list/labels.csv", System.Text.Encoding.Latin1.GetBytes("file,label\n1.png,é\n2.png,è\n1.png,a\n"));
        string[] files = ["é/1.png", "è/2.png", "a/3.png"];
        foreach (string file in files) _folder.Write(file, Png(Pixels(1)));
        _folder.Zip("set.zip", System.Text.Encoding.Latin1, files);
        foreach (string name in new[] { "list", "set.zip" })
        {
            string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load(name, Test)).Message;
            Assert.Contains(name, message, StringComparison.Ordinal);
            Assert.Contains("is not UTF-8", message, StringComparison.Ordinal);
        }
    }

    /// <summary>Not taken for files that aren't there.</summary>
    [Fact]
    public void Lists_of_files_whose_names_are_not_utf8_are_refused()
    {
        for (int i = 1; i <= 2; i++) _folder.Write($"set/{i}.png", Png(Pixels(1)));
        string list = _folder.Write("set/labels.csv", System.Text.Encoding.Latin1.GetBytes("1.png,a\n2.png,b\né.png,b\n"));
        Assert.Equal($"{list} is not UTF-8; save it as UTF-8.", Assert.Throws<DatasetException>(() => DatasetLoader.Load("set", Test)).Message);
    }

    [Fact]
    public void Images_know_their_files()
    {
        for (int i = 0; i < 20; i++) _folder.Write($"set/{"ab"[i % 2]}/{i}.png", Png(Pixels(1, seed: i)));
        _folder.Write("set/a/broken.png", "no image");
        var set = DatasetLoader.Load("set", _folder.Options);
        foreach (DatasetPart part in (DatasetPart[])[set.Train!, set.Test!])
        {
            Assert.Equal(part.Count, part.Files!.Count);
            Assert.All(part.Files.Index(), file => Assert.Equal(Pixels(1, seed: int.Parse(Path.GetFileNameWithoutExtension(file.Item), System.Globalization.CultureInfo.InvariantCulture)), part.Image(file.Index).ToArray()));
        }
    }

    /// <summary>Letters of UTF-16 are UTF-8 too, with a zero beside each.</summary>
    [Theory]
    [InlineData("set/labels.csv", "1.png,a\n2.png,b")]
    [InlineData("set.csv", "label,pixel\n1,255\n2,0\n")]
    public void Tables_in_UTF_16_without_a_mark_of_it_are_refused(string file, string table)
    {
        for (int i = 1; i <= 2; i++) _folder.Write($"set/{i}.png", Png(Pixels(1)));
        foreach (bool bigEndian in new[] { false, true })
        {
            string path = _folder.Write(file, new System.Text.UnicodeEncoding(bigEndian, byteOrderMark: false).GetBytes(table));
            string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load(file.Split('/')[0], Test)).Message;
            Assert.Equal($"{path} is not UTF-8; save it as UTF-8.", message);
            _folder.Write(file, [.. new System.Text.UnicodeEncoding(bigEndian, byteOrderMark: true).GetPreamble(), .. File.ReadAllBytes(path)]);
            Assert.Equal(2, DatasetLoader.Load(file.Split('/')[0], Test).Labels.Count);
        }
    }

    [Fact]
    public void Says_why_no_image_can_be_read()
    {
        _folder.Write("gifs/a/1.gif", "GIF89a");
        _folder.Write("gifs/b/2.gif", "GIF89a");
        foreach (var options in new[] { _folder.Options, Test })
        {
            string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("gifs", options)).Message;
            Assert.Contains("2 files can't be read; the first: ", message, StringComparison.Ordinal);
            Assert.Contains(Path.Combine("gifs", "a", "1.gif"), message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Folders_keep_what_looks_like_an_ending_and_archives_lose_theirs()
    {
        _folder.Write("letters-2026.11.29/a/1.png", Png(Pixels(1)));
        _folder.Write("letters-2026.11.29/b/1.png", Png(Pixels(1)));
        Assert.Equal("letters-2026.11.29", DatasetLoader.Load("letters-2026.11.29", Test).Name);
        _folder.Zip("letters-2026.11.30.zip", "letters-2026.11.29/a/1.png", "letters-2026.11.29/b/1.png");
        Assert.Equal("letters-2026.11.30", DatasetLoader.Load("letters-2026.11.30.zip", Test).Name);
        _folder.Write("list-1.0/labels.csv", "1.png,a\n2.png,b\n");
        for (int i = 1; i <= 2; i++) _folder.Write($"list-1.0/{i}.png", Png(Pixels(1)));
        Assert.Equal("list-1.0", DatasetLoader.Load("list-1.0", Test).Name);
    }

    [Theory]
    [InlineData("a b", "data/letters/a/1.png", "data/letters/b/1.png")]
    [InlineData("a b", "a/1.png", "b/1.png")]
    [InlineData("0", "my/test/0/1.png")]
    [InlineData("0", "test/0/1.png")]
    [InlineData("0 1", "my/train/0/1.png", "my/test/1/1.png")]
    [InlineData("0", "Testing/0/1.png")]
    public void Folders_around_a_set_in_an_archive_are_no_part_of_it(string labels, params string[] files)
    {
        foreach (string file in files) _folder.Write(file, Png(Pixels(1)));
        _folder.Zip("set.zip", files);
        var set = DatasetLoader.Load("set.zip", Test);
        Assert.Equal(labels.Split(' '), set.Labels);
        Assert.Equal(files.Count(file => !file.Contains("train", StringComparison.Ordinal)), set.Test!.Count);
    }

    [Theory]
    [InlineData("./a/1.png", "./b/1.png")]
    [InlineData("./a/1.png", "b/./c/..//1.png")]
    [InlineData("./labels.csv", "./img/1.png")]
    [InlineData("set/labels.csv", "set/img/../../set/./img/1.png")]
    [InlineData("dataset.json", "./images", "./labels")]
    public void Dots_in_paths_of_an_archive_lead_where_they_do_in_folders(params string[] files)
    {
        _folder.Write("labels.csv", "./img/1.png,a\nother/..//img/1.png,b\n../../img/1.png,b\n");
        _folder.Write("dataset.json", """{ "labels": ["a", "b"], "test": { "images": "./images", "labels": "other/../labels" } }""");
        _folder.Write("images", IdxImages(Pixels(2)));
        _folder.Write("labels", IdxLabels(0, 1));
        _folder.Write("1.png", Png(Pixels(1)));
        using (var archive = ZipFile.Open(_folder.File("set.zip"), ZipArchiveMode.Create))
        {
            archive.CreateEntry("./");
            foreach (string file in files) archive.CreateEntryFromFile(_folder.File(Path.GetFileName(file)), file);
        }
        var set = DatasetLoader.Load("set.zip", Test);
        Assert.Equal(["a", "b"], set.Labels);
        Assert.Equal([0, 1], set.Test!.Labels);
        Assert.Equal(files[0].EndsWith(".csv", StringComparison.Ordinal) ? 1 : 0, set.UnreadableFiles.Count);
    }

    [Fact]
    public void Members_outside_of_an_archive_are_left_out()
    {
        _folder.Write("1.png", Png(Pixels(1)));
        using (var archive = ZipFile.Open(_folder.File("set.zip"), ZipArchiveMode.Create))
            foreach (string file in new[] { "a/1.png", "b/1.png", "a/../../1.png" }) archive.CreateEntryFromFile(_folder.File("1.png"), file);
        Assert.Equal(["a", "b"], DatasetLoader.Load("set.zip", Test).Labels);
    }

    [Fact]
    public void A_set_with_a_list_may_lie_in_a_folder_of_any_name_in_an_archive()
    {
        _folder.Write("train/labels.csv", "1.png,a\n2.png,b\n");
        for (int i = 0; i < 2; i++) _folder.Write($"train/{i + 1}.png", Png(Pixels(2), i));
        _folder.Zip("train.zip", "train/labels.csv", "train/1.png", "train/2.png");
        Assert.Equal(2, DatasetLoader.Load("train.zip", Test).Test!.Count);
    }

    [Fact]
    public void A_single_class_is_refused_in_a_folder_and_in_an_archive()
    {
        _folder.Write("set/data/A/1.png", Png(Pixels(1)));
        _folder.Zip("set.zip", "set/data/A/1.png");
        foreach (string name in new[] { "set/data", "set.zip" })
            Assert.Contains("a sub-folder of images for each", Assert.Throws<DatasetException>(() => DatasetLoader.Load(name, Test)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Normalises_large_images_that_are_dark_on_light()
    {
        var paper = new byte[200 * 100];
        Array.Fill(paper, (byte)240);
        for (int y = 20; y < 80; y++)
            paper.AsSpan(y * 200 + 95, 10).Fill(10);
        _folder.Write("set/1/tall.png", PngEncoder.Encode(200, 100, 1, paper));
        _folder.Write("set/0/tall.png", PngEncoder.Encode(200, 100, 1, paper));
        var image = DatasetLoader.Load("set", Test).Test!.Image(0);
        int top = 28, bottom = -1;
        for (int p = 0; p < 784; p++)
        {
            if (image[p] > 128)
                (top, bottom) = (Math.Min(top, p / 28), Math.Max(bottom, p / 28));
        }
        Assert.InRange(bottom - top, 19, 24);
        Assert.True(image[14 * 28 + 14] > 200 && image[14 * 28 + 2] < 20);
    }

    [Fact]
    public void Normalises_idx_images_of_other_sizes()
    {
        var pixels = new byte[2 * 56 * 40];
        Array.Fill(pixels, (byte)255);
        // stored transposed, dark on light: a bar along the stored row is a tall bar when upright
        for (int i = 0; i < 2; i++)
            pixels.AsSpan(i * 2240 + 20 * 56 + 8, 40).Clear();
        _folder.Write("set/images", IdxImages(pixels, width: 56, height: 40));
        _folder.Write("set/labels", IdxLabels(0, 1));
        _folder.Write("set/dataset.json", """
            { "labels": ["a", "b"], "orientation": "transposed", "polarity": "dark-on-light", "test": { "images": "images", "labels": "labels" } }
            """);
        var image = DatasetLoader.Load("set", Test).Test!.Image(1);
        int inColumn = 0;
        for (int y = 0; y < 28; y++)
            inColumn += image[y * 28 + 13] > 60 || image[y * 28 + 14] > 60 ? 1 : 0;
        Assert.InRange(inColumn, 18, 26);
    }

    [Theory]
    [InlineData(null, false, ',')]
    [InlineData("label", false, ';')]
    [InlineData("category", false, ',')]
    [InlineData("label", true, ',')]
    [InlineData("Label", true, ';')]
    [InlineData("\"target\"", true, ',')]
    [InlineData("y", true, ',')]
    [InlineData("category", true, '\t')]
    public void Reads_csv(string? header, bool isLast, char separator)
    {
        byte[] pixels = Pixels(3);
        string[] labels = ["10", "9", "10"];
        var lines = labels.Select((label, i) =>
        {
            var row = pixels.Skip(i * 784).Take(784).Select(p => p.ToString()).ToList();
            row.Insert(isLast ? 784 : 0, label);
            return string.Join(separator, row);
        }).ToList();
        var names = Enumerable.Range(0, 784).Select(i => $"pixel{i}").ToList();
        names.Insert(isLast ? 784 : 0, header ?? "");
        if (header is not null)
            lines.Insert(0, string.Join(separator, names));
        _folder.Write("rows.csv", Gzip(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines))));
        var set = DatasetLoader.Load("rows.csv", Test);
        Assert.Equal(["9", "10"], set.Labels);
        Assert.Equal([1, 0, 1], set.Test!.Labels);
        Assert.Equal(pixels, set.Test.Images);
    }

    /// <summary>A column that pandas wasn't given a name for has its number.</summary>
    [Theory]
    [InlineData("label", false)]
    [InlineData("class", true)]
    [InlineData("y", false)]
    [InlineData("\"category\"", false, "\"")]
    public void A_header_may_number_the_pixels(string name, bool isLast, string quote = "")
    {
        var rows = Enumerable.Range(0, 300).Select(i => Row($"{i % 10}", Enumerable.Range(0, 64).Select(p => (i + p) % 17)));
        _folder.Write("rows.csv", string.Join('\n', rows.Prepend(Row(name, Enumerable.Range(0, 64).Select(p => $"{quote}{p}{quote}")))));
        var set = DatasetLoader.Load("rows.csv", Test);
        Assert.Equal(Enumerable.Range(0, 10).Select(d => $"{d}"), set.Labels);
        Assert.Equal(300, set.Test!.Count);

        string Row<T>(string label, IEnumerable<T> pixels) => isLast ? $"{string.Join(',', pixels)},{label}" : $"{label},{string.Join(',', pixels)}";
    }

    [Theory]
    [InlineData("y", "z")]
    [InlineData("digit", "letter")]
    public void A_label_that_a_column_may_have_too_makes_no_header(string first, string second)
    {
        _folder.Write("rows.csv", $"{first},0,0,255,0\n{second},0,255,0,0\n");
        var set = DatasetLoader.Load("rows.csv", Test);
        Assert.Equal([first, second], set.Labels);
        Assert.Equal([0, 1], set.Test!.Labels);
    }

    [Theory]
    [InlineData("\",\"", ",", ',')]
    [InlineData(" \"a,b;c\" ", "a,b;c", ',')]
    [InlineData("\"a,b;c\"", "a,b;c", ';')]
    [InlineData("\"\"\",\"\"\"", "\",\"", ',')]
    [InlineData("\"\"\"\"", "\"", ',')]
    [InlineData("\"", "\"", ',')]
    [InlineData("\"a\"b", "\"a\"b", ',')]
    public void A_label_in_quotes_may_have_what_divides_the_pixels(string written, string label, char separator)
    {
        string[] pixels = [string.Join(separator, 0, 0, 255, 0), string.Join(separator, 0, 255, 0, 0)];
        _folder.Write("rows.csv", $"{written}{separator}{pixels[0]}\nz{separator}{pixels[1]}");
        Check();
        // In the last column, under a header
        _folder.Write("rows.csv", $"{string.Join(separator, 1, 2, 3, 4)}{separator}label\n{pixels[0]}{separator}{written}\n{pixels[1]}{separator}z");
        Check();

        void Check()
        {
            var set = DatasetLoader.Load("rows.csv", Test);
            Assert.Equal([label, "z"], set.Labels);
            Assert.Equal([0, 1], set.Test!.Labels);
        }
    }

    /// <summary>As pandas and numpy.savetxt write columns of floats.</summary>
    [Theory]
    [InlineData("5.0 10.0 5.0", "5 10")]
    [InlineData("5.000000000000000000e+00 1.000000000000000000e+01 5.000000000000000000e+00", "5 10")]
    [InlineData("-1E0 10 0.0", "-1 0 10")]
    [InlineData("1.0 1.5 2.0", "1.0 1.5 2.0")]
    [InlineData("1e300 1.0 2.0", "1.0 1e300 2.0")]
    [InlineData("NaN 1.0 2.0", "1.0 2.0 NaN")]
    [InlineData("1.0 a 2.0", "1.0 2.0 a")]
    [InlineData("01 2 3", "01 2 3")]
    public void Labels_of_a_table_that_are_whole_numbers_may_be_written_as_floats(string written, string labels)
    {
        _folder.Write("rows.csv", string.Join('\n', written.Split(' ').Select(label => $"{label},0.0,0.0,255.0,0.0")));
        Assert.Equal(labels.Split(' '), DatasetLoader.Load("rows.csv", Test).Labels);
        _folder.Write("mnist_test.csv", $"7.0,{string.Join(',', Enumerable.Repeat("0.0", 784))}");
        Assert.Equal([7], DatasetLoader.Load("mnist_test.csv", Test).Test!.Labels);
    }

    /// <summary>Rings as large as MNIST's characters, or as EMNIST's, in the middle of the image.</summary>
    [Theory]
    [InlineData(20, NormalizerLayout.Mnist)]
    [InlineData(24, NormalizerLayout.Emnist)]
    public void The_layout_of_files_of_others_is_found_out(int size, NormalizerLayout layout)
    {
        string ring = string.Join(',', Ring(size));
        _folder.Write("rows.csv", string.Join('\n', Enumerable.Range(0, 40).Select(i => $"{"ab"[i % 2]},{ring}")));
        // Sets of other scripts have MNIST's names, too
        foreach (string part in new[] { "train", "t10k" })
        {
            _folder.Write($"named/{part}-images-idx3-ubyte", IdxImages([.. Enumerable.Repeat(Ring(size), 40).SelectMany(image => image)]));
            _folder.Write($"named/{part}-labels-idx1-ubyte", IdxLabels([.. Enumerable.Range(0, 40).Select(i => (byte)(i % 10))]));
        }
        foreach (string name in new[] { "rows.csv", "named" })
        {
            Assert.Equal(layout, DatasetLoader.Load(name, _folder.Options).Layout);
            Assert.Equal(layout, DatasetLoader.Load(name, Test).Layout);
        }
    }

    /// <summary>EMNIST's tables store images transposed, as its other files do, and number the letters from 1.</summary>
    [Theory]
    [InlineData("emnist-letters-train.csv")]
    [InlineData("emnist-letters-test.csv")]
    [InlineData("")]
    public void Tables_of_an_official_set_are_its_parts(string named)
    {
        _folder.Write("tables/emnist-letters-train.csv", Row(26, 5));
        _folder.Write("tables/emnist-letters-test.csv", Row(1, 6));
        var set = DatasetLoader.Load(Path.Combine("tables", named), _folder.Options);
        Assert.Equal(26, set.Labels.Count);
        Assert.Equal(["z"], set.Train!.Labels.Select(l => set.Labels[l].ToLowerInvariant()));
        Assert.Equal(["a"], set.Test!.Labels.Select(l => set.Labels[l].ToLowerInvariant()));
        // Pixel 5 of the first row of the file is the sixth row's first one
        Assert.Equal([5 * 28], Inked(set.Train));
        Assert.Equal([6 * 28], Inked(set.Test));

        static string Row(int label, int pixel) => $"{label}," + string.Join(',', Enumerable.Range(0, 784).Select(p => p == pixel ? 255 : 0));

        static int[] Inked(DatasetPart part) => [.. part.Image(0).ToArray().Index().Where(p => p.Item > 0).Select(p => p.Index)];
    }

    [Fact]
    public void One_table_of_an_official_set_is_divided()
    {
        string[] rows = [.. Enumerable.Range(0, 40).Select(i => $"{i % 2}," + string.Join(',', Enumerable.Range(0, 784).Select(p => p == 400 ? 255 : 0)))];
        _folder.Write("mnist_train.csv", string.Join('\n', rows));
        var set = DatasetLoader.Load("mnist_train.csv", _folder.Options);
        Assert.Equal((10, 36, 4), (set.Labels.Count, set.Train!.Count, set.Test!.Count));
        Assert.Equal(400, set.Train.Image(0).IndexOf((byte)255));
        _folder.Write("emnist-digits-test.csv", $"x{rows[0][1..]}");
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("emnist-digits-test.csv", Test)).Message;
        Assert.Contains("emnist-digits-test.csv", message, StringComparison.Ordinal);
        Assert.Contains("label x,", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train.csv", "test.csv")]
    [InlineData("mine_train.csv.gz", "mine_test.csv.gz")]
    [InlineData("train.csv", "other.csv")]
    public void Says_that_the_table_of_the_other_part_is_left_out(string named, string other)
    {
        foreach (string file in new[] { named, other }) _folder.Write(file, "a,0,0,255,0\nb,0,255,0,0\n");
        var said = new List<string>();
        DatasetLoader.Load(named, Test with { Progress = said.Add });
        Assert.Empty(said);
        DatasetLoader.Load(named, _folder.Options with { AllowMissingPart = true, Progress = said.Add });
        Assert.Equal(other == "other.csv" ? [] : [$"left out: {_folder.File(other)}, as {named} is divided into both parts"], said);
    }

    [Fact]
    public void Reads_csv_of_fractions()
    {
        string zeros = string.Join(',', Enumerable.Repeat("0.0", 783));
        _folder.Write("rows.csv", $"a,{zeros},0.5\nb,{zeros},1\n");
        var set = DatasetLoader.Load("rows.csv", Test);
        Assert.Equal((128, 255), (set.Test!.Image(0)[783], set.Test.Image(1)[783]));
    }

    [Theory]
    [InlineData("a,1,2,3\n", "line 1 has 4 columns, expected a label and a square number of pixels")]
    [InlineData("a,1,2,3,4\nb,1,2,3\n", "line 2 has 4 columns, expected 5")]
    [InlineData("a,1,2,3,4\nb,1,2,3,4,5\n", "line 2 has 6 columns, expected 5")]
    [InlineData("a,1,2,3,4\nb,1,2,x,4\n", "line 2, column 4 is \"x\"")]
    [InlineData("a,1,2,3,4\nb,1,2,300,4\n", "line 2, column 4 is \"300\"")]
    [InlineData("", "has no rows")]
    [InlineData("0,1,2,3,7\n0,1,2,3,9\n", "all labels are 0; is the label the last column?")]
    public void Says_what_is_wrong_with_csv(string text, string expected)
    {
        _folder.Write("rows.csv", text);
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("rows.csv", Test)).Message;
        Assert.Contains("rows.csv", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Holds_back_a_tenth_of_each_class_when_both_parts_are_wanted()
    {
        var labels = new byte[300];
        for (int i = 0; i < labels.Length; i++)
            labels[i] = (byte)(i < 200 ? 0 : i < 299 ? 1 : 2);
        byte[] pixels = Pixels(300);
        var rows = Enumerable.Range(0, 300).Select(i => $"{labels[i]},{string.Join(',', pixels.Skip(i * 784).Take(784))}");
        _folder.Write("rows.csv", string.Join('\n', rows));
        var both = DatasetLoader.Load("rows.csv", _folder.Options with { Seed = 3 });
        Assert.Equal([20, 10, 0], both.Labels.Select((_, c) => both.Test!.Labels.Count(l => l == c)));
        Assert.Equal(270, both.Train!.Count);
        Assert.Equal(both.Test!.Images, DatasetLoader.Load("rows.csv", _folder.Options with { Seed = 3, Threads = 1 }).Test!.Images);
        Assert.NotEqual(both.Test.Images, DatasetLoader.Load("rows.csv", _folder.Options with { Seed = 4 }).Test!.Images);
        Assert.Equal(300, DatasetLoader.Load("rows.csv", Test).Test!.Count);
    }

    [Fact]
    public void Reads_official_names_in_any_folder()
    {
        byte[] pixels = Pixels(2);
        _folder.Write("fashion/t10k-images-idx3-ubyte.gz", Gzip(IdxImages(pixels)));
        _folder.Write("fashion/t10k-labels-idx1-ubyte", IdxLabels(7, 2));
        var set = DatasetLoader.Load("fashion", Test);
        Assert.Equal([7, 2], set.Test!.Labels);
        Assert.Equal(pixels, set.Test.Images);
    }

    [Fact]
    public void Refuses_an_archive_whose_member_lies_about_its_length()
    {
        _folder.Write("labels.csv", "1.png,a\n2.png,b\n");
        _folder.Write("1.png", new byte[100_000]);
        string zip = _folder.Zip("bomb.zip", "labels.csv", "1.png");
        byte[] bytes = File.ReadAllBytes(zip);
        // the length in the central directory: 24 bytes behind the signature of the second entry
        int directory = bytes.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(directory + 24), 1_900_000_000);
        File.WriteAllBytes(zip, bytes);
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("bomb.zip", Test)).Message;
        Assert.Contains("bomb.zip:1.png is damaged", message, StringComparison.Ordinal);
        // Nobody else can have the file open for that.
        File.OpenWrite(zip).Dispose();
    }

    [Theory]
    [InlineData("empty/x.txt", "expected dataset.json, labels.csv, one .csv, .mat or .npz file, or a sub-folder of images for each class")]
    [InlineData("file.txt", "file.txt is not a data set")]
    [InlineData("archive.zip", "is not a readable .zip file")]
    public void Says_what_a_data_set_may_be(string file, string expected)
    {
        _folder.Write(file, "nothing");
        Assert.Contains(expected, Assert.Throws<DatasetException>(() => DatasetLoader.Load(file.Split('/')[0], Test)).Message, StringComparison.Ordinal);
    }
}
