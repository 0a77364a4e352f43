using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Datasets;
using static Recognizer.Tests.Datasets.DatasetBytes;

namespace Recognizer.Tests.Datasets;

public sealed class NpzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private DatasetLoadOptions Test => _folder.Options with { NeedTrain = false };

    public void Dispose() => _folder.Dispose();

    /// <summary>An array as NumPy writes it.</summary>
    private static byte[] Npy(string type, string shape, byte[] values, bool isFortran = false, byte version = 1, string? header = null)
    {
        header ??= $"{{'descr': '{type}', 'fortran_order': {(isFortran ? "True" : "False")}, 'shape': {shape}, }}";
        byte[] text = Encoding.Latin1.GetBytes(header.PadRight(117) + "\n"), length = new byte[version == 1 ? 2 : 4];
        if (version == 1) BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)text.Length);
        else BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. values];
    }

    private static byte[] Images(byte[] pixels) => Npy("|u1", $"({pixels.Length / 784}, 28, 28)", pixels);

    private static byte[] Labels(params byte[] labels) => Npy("|u1", $"({labels.Length},)", labels);

    private string Npz(string path, params (string Name, byte[] Array)[] arrays)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            foreach ((string name, byte[] array) in arrays)
            {
                using Stream entry = archive.CreateEntry(name + ".npy").Open();
                entry.Write(array);
            }
        }
        return _folder.Write(path, stream.ToArray());
    }

    private static byte[] Numbers(string type, IEnumerable<double> values) => [.. values.SelectMany(v =>
    {
        byte[] bytes = type[1..] switch
        {
            "i1" => [(byte)(sbyte)v],
            "u1" => [(byte)v],
            "i2" => BitConverter.GetBytes((short)v),
            "u2" => BitConverter.GetBytes((ushort)v),
            "i4" => BitConverter.GetBytes((int)v),
            "u4" => BitConverter.GetBytes((uint)v),
            "i8" => BitConverter.GetBytes((long)v),
            "u8" => BitConverter.GetBytes((ulong)v),
            "f2" => BitConverter.GetBytes((Half)v),
            "f4" => BitConverter.GetBytes((float)v),
            _ => BitConverter.GetBytes(v),
        };
        if (type[0] == '>') Array.Reverse(bytes);
        return bytes;
    })];

    [Fact]
    public void Reads_what_keras_caches()
    {
        byte[] train = Pixels(3), test = Pixels(2, seed: 2);
        string path = Npz("mnist.npz", ("x_test", Images(test)), ("x_train", Images(train)), ("y_train", Labels(7, 0, 7)), ("y_test", Labels(9, 0)));
        var set = DatasetLoader.Load(path, _folder.Options);
        Assert.Equal("mnist", set.Name);
        Assert.Equal(["0", "7", "9"], set.Labels);
        Assert.Equal([1, 0, 1], set.Train!.Labels);
        Assert.Equal([2, 0], set.Test!.Labels);
        Assert.Equal(train, set.Train.Images);
        Assert.Equal(test, set.Test.Images);
        Assert.False(set.IsWhole || set.IsDivided);
        // The labels of both parts are those of the set, also where one is wanted
        Assert.Equal(set.Labels, DatasetLoader.Load(path, Test).Labels);
        string zip = _folder.Zip("packed.zip", "mnist.npz");
        Assert.Equal(test, DatasetLoader.Load(zip, Test).Test!.Images);
    }

    [Theory]
    [InlineData("<U2", "(3,)")]
    [InlineData(">U2", "(3, 1)")]
    public void Labels_may_be_texts(string type, string shape)
    {
        byte[] texts = new UTF32Encoding(bigEndian: type[0] == '>', byteOrderMark: false).GetBytes("Ш\0ab😀\0"), pixels = Pixels(3);
        var set = DatasetLoader.Load(Npz("letters.npz", ("images", Images(pixels)), ("labels", Npy(type, shape, texts))), Test);
        Assert.Equal(["ab", "Ш", "😀"], set.Labels);
        Assert.Equal([1, 0, 2], set.Test!.Labels);
        Assert.Equal(pixels, set.Test.Images);
    }

    [Theory]
    [InlineData("kuzushiji")]
    [InlineData("kuzushiji/kmnist-train-imgs.npz")]
    [InlineData("kuzushiji/kmnist-test-labels.npz")]
    public void Reads_files_that_belong_together_by_name(string named)
    {
        byte[] train = Pixels(3), test = Pixels(2, seed: 2);
        foreach (var (name, array) in new[] { ("train-imgs", Images(train)), ("train-labels", Labels(1, 0, 1)), ("test-imgs", Images(test)), ("test-labels", Labels(0, 2)) })
            Npz($"kuzushiji/kmnist-{name}.npz", ("arr_0", array));
        _folder.Write("kuzushiji/kmnist_classmap.csv", "index,codepoint,char\n0,U+304A,お\n");
        var set = DatasetLoader.Load(named, _folder.Options);
        Assert.Equal("kmnist", set.Name);
        Assert.Equal(["0", "1", "2"], set.Labels);
        Assert.Equal([1, 0, 1], set.Train!.Labels);
        Assert.Equal(train, set.Train.Images);
        Assert.Equal([0, 2], set.Test!.Labels);
        Assert.Equal(test, set.Test.Images);
    }

    [Fact]
    public void A_lone_file_counts_as_the_part_that_is_wanted_whatever_its_name()
    {
        Npz("own-train.npz", ("x", Images(Pixels(2))), ("y", Labels(1, 0)));
        Npz("other-test.npz", ("x", Images(Pixels(2))), ("y", Labels(1, 0)));
        Assert.Equal((2, true), DatasetLoader.Load("own-train.npz", Test) is var set ? (set.Test!.Count, set.IsWhole) : default);
        Npz("own-test.npz", ("x", Images(Pixels(1))), ("y", Labels(1)));
        Assert.Equal((1, false), DatasetLoader.Load("own-train.npz", Test) is var both ? (both.Test!.Count, both.IsWhole) : default);
    }

    [Fact]
    public void A_file_with_images_and_labels_of_all_parts_is_a_set_whatever_lies_beside()
    {
        var told = new List<string>();
        (string, byte[])[] parts = [("x_train", Images(Pixels(2))), ("y_train", Labels(1, 0)), ("x_test", Images(Pixels(1))), ("y_test", Labels(1))];
        (string, byte[])[] whole = [("x", Images(Pixels(3))), ("y", Labels(1, 0, 1))];
        Npz("names/data.npz", whole);
        Npz("names/labels.npz", ("arr_0", Labels(0, 1)));
        Npz("one/train.npz", parts);
        Npz("one/test.npz", whole);
        Npz("copy/mnist-train.npz", parts);
        Npz("copy/mnist_train.npz", parts);
        Npz("twice/own-test.npz", whole);
        Npz("twice/own_test.npz", whole);
        Assert.Equal((3, true), Loaded("names/data.npz"));
        Assert.Equal((1, false), Loaded("one/train.npz"));
        Assert.Equal((3, true), Loaded("one/test.npz"));
        Assert.EndsWith("train.npz, as it is a set by itself", Assert.Single(told), StringComparison.Ordinal);
        told.Clear();
        Assert.Equal((1, false), Loaded("copy/mnist-train.npz"));
        Assert.Empty(told);
        Assert.Equal((3, true), Loaded("twice/own-test.npz"));
        Assert.EndsWith("own_test.npz, as own-test.npz has the same", Assert.Single(told), StringComparison.Ordinal);

        (int, bool) Loaded(string path) => DatasetLoader.Load(path, Test with { Progress = told.Add }) is var set ? (set.Test!.Count, set.IsWhole) : default;
    }

    [Fact]
    public void A_folder_is_loaded_whatever_arrays_lie_beside()
    {
        byte[] csv = Encoding.ASCII.GetBytes("1,0,9,9,0\n2,0,9,9,0\n"), png = PngEncoder.Encode(new GrayImage(28, 28, Ring(12)));
        foreach (string path in (string[])["classes/1/a.png", "classes/2/b.png"])
            _folder.Write(path, png);
        _folder.Write("table/digits.csv", csv);
        foreach (string path in (string[])["official/mnist_train.csv", "official/mnist_test.csv"])
            _folder.Write(path, $"1{string.Concat(Enumerable.Repeat(",9", 784))}\n");
        foreach (string path in (string[])["classes/cache.npz", "table/digits.npz", "official/weights.npz"])
            Npz(path, ("features", Images(Pixels(2))));
        Assert.Equal(2, DatasetLoader.Load("classes", Test).Test!.Count);
        Assert.Equal(2, DatasetLoader.Load("table", Test).Test!.Count);
        Assert.Equal(1, DatasetLoader.Load("official", Test).Test!.Count);
    }

    [Fact]
    public void Says_what_is_measured_where_that_is_not_the_file_that_was_named()
    {
        foreach (string part in (string[])["train", "val", "test"])
            Npz($"own/{part}.npz", ("x", Images(Pixels(2))), ("y", Labels(1, 0)));
        Assert.EndsWith("val.npz belongs to a set of the files test.npz, train.npz, val.npz, whose test images are in test.npz", Assert.Single(Told("own/val.npz")), StringComparison.Ordinal);
        Assert.Empty(Told("own/test.npz"));
        Assert.Empty(Told("own"));

        List<string> Told(string path)
        {
            var told = new List<string>();
            DatasetLoader.Load(path, Test with { Progress = told.Add });
            return told;
        }
    }

    [Fact]
    public void Arrays_may_be_in_folders()
    {
        byte[] train = Pixels(2), test = Pixels(1, seed: 2);
        Npz("nested.npz", ("train/x", Images(train)), ("train/y", Labels(1, 0)), ("test/x", Images(test)), ("test/y", Labels(1)), ("names/of/x", Labels(1)));
        var set = DatasetLoader.Load("nested.npz", _folder.Options);
        Assert.Equal(train, set.Train!.Images);
        Assert.Equal(test, set.Test!.Images);
    }

    [Theory]
    [InlineData("images", "labels")]
    [InlineData("X", "y")]
    [InlineData("data", "target")]
    public void Reads_images_and_labels_without_parts(string images, string labels)
    {
        byte[] pixels = Pixels(3);
        Npz("own.npz", (images, Images(pixels)), (labels, Labels(2, 1, 2)), ("writers", Labels(1, 2, 3)));
        var set = DatasetLoader.Load("own.npz", Test);
        Assert.True(set.IsWhole);
        Assert.Equal(["1", "2"], set.Labels);
        Assert.Equal([1, 0, 1], set.Test!.Labels);
        Assert.Equal(pixels, set.Test.Images);
    }

    [Fact]
    public void Images_for_validation_are_training_images()
    {
        byte[] train = Pixels(2), validation = Pixels(1, seed: 3);
        Npz("parts.npz", ("train_images", Images(train)), ("train_labels", Labels(0, 1)), ("val_images", Images(validation)), ("val_labels", Labels(2)), ("test_images", Images(train)), ("test_labels", Labels(1, 0)));
        var set = DatasetLoader.Load("parts.npz", _folder.Options);
        Assert.Equal([0, 1, 2], set.Train!.Labels);
        Assert.Equal([.. train, .. validation], set.Train.Images);
        Assert.Equal([1, 0], set.Test!.Labels);
    }

    [Theory]
    [InlineData("(3, 28, 28)", 1)]
    [InlineData("(3, 28, 28, 1)", 2)]
    [InlineData("(3, 1, 28, 28)", 3)]
    [InlineData("(3L, 784L)", 1)]
    public void Arrays_may_have_any_shape_and_order(string shape, byte version)
    {
        byte[] pixels = Pixels(3), columns = new byte[pixels.Length];
        Check(Npy("|u1", shape, pixels, version: version));
        for (int i = 0; i < pixels.Length; i++)
        {
            int p = i % 784;
            // The first index is the fastest, and of an image's own two the row
            columns[(shape.Count(c => c == ',') == 1 ? p : p % 28 * 28 + p / 28) * 3 + i / 784] = pixels[i];
        }
        Check(Npy("|u1", shape, columns, isFortran: true, version));

        void Check(byte[] array)
        {
            Npz("shape.npz", ("x", array), ("y", Labels(1, 2, 1)));
            Assert.Equal(pixels, DatasetLoader.Load("shape.npz", Test).Test!.Images);
        }
    }

    [Theory]
    [InlineData("<f4", 1.0 / 255)]
    [InlineData(">f8", 1.0 / 255)]
    [InlineData("<f2", 1)]
    [InlineData(">f4", 1)]
    [InlineData("<i4", 1)]
    [InlineData(">u2", 1)]
    [InlineData("<i8", 1)]
    public void Pixels_may_be_numbers_of_any_type(string type, double unit)
    {
        byte[] pixels = Pixels(2);
        Npz("types.npz", ("x", Npy(type, "(2, 28, 28)", Numbers(type, pixels.Select(p => p * unit)))), ("y", Labels(1, 2)));
        Assert.Equal(pixels, DatasetLoader.Load("types.npz", Test).Test!.Images);
    }

    [Theory]
    [InlineData("|i1"), InlineData("|u1"), InlineData("<i2"), InlineData(">i2"), InlineData(">u4"), InlineData("<i8"), InlineData(">i8"), InlineData("<u8"), InlineData("<f8"), InlineData("<f4")]
    public void Labels_may_be_whole_numbers_of_any_type(string type)
    {
        double least = type[1] == 'u' ? 3 : -3;
        foreach (string shape in (string[])["(3,)", "(3, 1)", "(1, 3)"])
        {
            Npz("labels.npz", ("x", Images(Pixels(3))), ("y", Npy(type, shape, Numbers(type, [7, least, 12]))));
            var set = DatasetLoader.Load("labels.npz", Test);
            Assert.Equal([FormattableString.Invariant($"{least}"), "7", "12"], set.Labels);
            Assert.Equal([1, 0, 2], set.Test!.Labels);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Labels_may_be_rows_with_a_one(bool isFortran)
    {
        double[] rows = isFortran ? [0, 1, 0, 0, 0, 0, 1, 0, 1] : [0, 0, 1, 1, 0, 0, 0, 0, 1];
        Npz("rows.npz", ("x", Images(Pixels(3))), ("y", Npy("<f4", "(3, 3)", Numbers("<f4", rows), isFortran)));
        Assert.Equal(["2", "0", "2"], DatasetLoader.Load("rows.npz", Test) is var set ? set.Test!.Labels.Select(c => set.Labels[c]) : []);
        Npz("wrong.npz", ("x", Images(Pixels(2))), ("y", Npy("<f4", "(2, 2)", Numbers("<f4", [0, 1, 1, 1]))));
        Assert.Contains("wrong.npz:y.npy: row 1 of 2×2 is not one 1 among zeros", Refusal("wrong.npz"), StringComparison.Ordinal);
    }

    [Fact]
    public void Pixels_a_little_beyond_black_and_white_are_clipped_and_told()
    {
        var told = new List<string>();
        byte[] ring = Ring(12);
        Npz("beyond.npz", ("x", Npy("<f4", "(1, 28, 28)", Numbers("<f4", ring.Select(p => p > 0 ? 1.125 : -0.125)))), ("y", Labels(1)));
        Assert.Equal(ring, DatasetLoader.Load("beyond.npz", Test with { Progress = told.Add }).Test!.Images);
        Assert.Contains("beyond.npz:x.npy: pixels from -0.125 to 1.125 are taken as 0 to 1", Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public void Says_what_is_wrong()
    {
        byte[] images = Images(Pixels(2)), labels = Labels(0, 1);
        Assert.Contains("bad.npz is not a readable .zip file", Bad(), StringComparison.Ordinal);
        Assert.Contains("bad.npz has the arrays a.npy, expected x_train and y_train", Bad(("a", images)), StringComparison.Ordinal);
        Assert.Contains("bad.npz has the arrays b.npy, a/b/c.npy, expected x_train and y_train", Bad(("a/b/c", images), ("b", images)), StringComparison.Ordinal);
        Assert.Contains("bad.npz:x_train.npy are images without labels: expected an array such as y or labels of the same part (train)", Bad(("x_train", images), ("y_test", labels)), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy are labels without images", Bad(("y", labels)), StringComparison.Ordinal);
        Assert.Contains("bad.npz:X.npy, ", Bad(("X", images), ("images", images), ("y", labels)), StringComparison.Ordinal);
        Assert.Contains("bad.npz:x.npy has 2 images, but ", Bad(("x", images), ("y", Labels(1))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:x.npy is 1×4×4×3, expected images × height × width", Bad(("x", Npy("|u1", "(1, 4, 4, 3)", new byte[48])), ("y", Labels(1))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:x.npy has 5 pixels per image, which is not a square number", Bad(("x", Npy("|u1", "(1, 5)", new byte[5])), ("y", Labels(1))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:x.npy has images of 0×3 pixels", Bad(("x", Npy("|u1", "(1, 3, 0)", [])), ("y", Labels(1))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy holds Python objects", Bad(("x", images), ("y", Npy("|O", "(2,)", [1, 2]))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy has values of type '|S1', expected numbers: integers of 1, 2, 4 or 8 bytes, or floats of 2, 4 or 8; or texts", Bad(("x", images), ("y", Npy("|S1", "(2,)", new byte[2]))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:x.npy has values of type '<U1', expected numbers", Bad(("x", Npy("<U1", "(2, 1)", new byte[8])), ("y", labels)), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy has an empty text for image 1, expected a label", Bad(("x", images), ("y", Npy("<U1", "(2,)", [65, 0, 0, 0, 0, 0, 0, 0]))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy is damaged: its texts aren't Unicode", Bad(("x", images), ("y", Npy("<U1", "(2,)", [65, 0, 0, 0, 0, 0xD8, 0, 0]))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy is 2×2, expected a label for each image", Bad(("x", images), ("y", Npy("<U1", "(2, 2)", [.. Encoding.UTF32.GetBytes("ABCD")]))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy is not a NumPy array: it starts with 0102", Bad(("x", images), ("y", [1, 2, 3, 4, 5, 6, 7, 8])), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy is truncated", Bad(("x", images), ("y", labels[..60])), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy is a NumPy array of version 4.0", Bad(("x", images), ("y", Npy("|u1", "(2,)", [1, 2], version: 4))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy has the header [('a', '<f4')]", Bad(("x", images), ("y", Npy("", "", [], header: "[('a', '<f4')]"))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy has the header {'descr': '|u1'", Bad(("x", images), ("y", Npy("", "", [], header: "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)" + new string(' ', 60_000) + "x"))), StringComparison.Ordinal);
        Assert.Contains("it promises 3 numbers of 1 bytes, which are 3 bytes, but 2 follow", Bad(("x", images), ("y", Npy("|u1", "(3,)", [1, 2]))), StringComparison.Ordinal);
        Assert.Contains("too large", Bad(("x", images), ("y", Npy("|u1", "(2147483647, 2147483647)", [1, 2]))), StringComparison.Ordinal);
        Assert.Contains("too large", Bad(("x", images), ("y", Npy("|u1", "(99999999999999999999,)", [1, 2]))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:y.npy has 0.5 for image 1, expected a whole number", Bad(("x", images), ("y", Npy("<f8", "(2,)", Numbers("<f8", [1, 0.5])))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:x.npy has -0.5, expected pixels from 0 to 255", Bad(("x", Npy("<f8", "(1, 1)", Numbers("<f8", [-0.5]))), ("y", Labels(1))), StringComparison.Ordinal);
        Assert.Contains("bad.npz:x.npy has -0.1, expected pixels from 0 to 255", Bad(("x", Npy("<f8", "(1, 4)", Numbers("<f8", [-0.1, 2, 3, 255]))), ("y", Labels(1))), StringComparison.Ordinal);

        string Bad(params (string, byte[])[] arrays)
        {
            if (arrays.Length == 0) _folder.Write("bad.npz", "nothing");
            else Npz("bad.npz", arrays);
            return Refusal("bad.npz");
        }
    }

    [Fact]
    public void Never_fails_in_another_way_on_damaged_bytes()
    {
        byte[] images = Images(Pixels(2)), labels = Npy("<i8", "(2,)", Numbers("<i8", [1, 2]));
        byte[] file = File.ReadAllBytes(Npz("damaged.npz", ("x", images), ("y", labels)));
        var random = new Random(5);
        for (int i = 0; i < 200; i++)
        {
            if (i % 2 == 0)
            {
                byte[] array = [.. labels];
                for (int k = 0; k < 2; k++)
                    array[random.Next(array.Length)] = (byte)random.Next(256);
                Npz("damaged.npz", ("x", images), ("y", array));
            }
            else
            {
                byte[] damaged = [.. file];
                for (int k = 0; k < 4; k++)
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                _folder.Write("damaged.npz", damaged);
            }
            try
            {
                DatasetLoader.Load("damaged.npz", Test);
            }
            catch (DatasetException e)
            {
                Assert.Contains("damaged.npz", e.Message, StringComparison.Ordinal);
            }
        }
    }

    private string Refusal(string file)
    {
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load(file, Test)).Message;
        // Nobody else can have the file open for that.
        File.OpenWrite(_folder.File(file)).Dispose();
        return message;
    }
}
