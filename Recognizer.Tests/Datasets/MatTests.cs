using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Recognizer.Training.Datasets;
using static Recognizer.Tests.Datasets.DatasetBytes;

namespace Recognizer.Tests.Datasets;

public sealed class MatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Writes MATLAB level 5 elements.</summary>
    private sealed class MatWriter(bool bigEndian)
    {
        public byte[] Word(uint value)
        {
            var bytes = new byte[4];
            if (bigEndian) BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            else BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
            return bytes;
        }

        public byte[] Element(uint type, byte[] data, bool small = false)
        {
            if (small && data.Length <= 4)
                return [.. Word((uint)data.Length << 16 | type), .. data, .. new byte[4 - data.Length]];
            return [.. Word(type), .. Word((uint)data.Length), .. data, .. new byte[type == 15 ? 0 : -data.Length & 7]];
        }

        public byte[] Matrix(string name, byte kind, int[] dimensions, params byte[][] rest) => Element(14,
        [
            .. Element(6, [.. Word(kind), .. Word(0)]),
            .. Element(5, [.. dimensions.SelectMany(d => Word((uint)d))]),
            .. Element(1, Encoding.ASCII.GetBytes(name), small: true),
            .. rest.SelectMany(r => r),
        ]);

        public byte[] Bytes(string name, int rows, int columns, byte[] values) => Matrix(name, 9, [rows, columns], Element(2, values, small: true));

        public byte[] Doubles(string name, int rows, int columns, double[] values) => Matrix(name, 6, [rows, columns], Element(9, [.. values.SelectMany(v =>
        {
            var b = new byte[8];
            if (bigEndian) BinaryPrimitives.WriteDoubleBigEndian(b, v);
            else BinaryPrimitives.WriteDoubleLittleEndian(b, v);
            return b;
        })]));

        public byte[] Struct(string name, params (string Field, byte[] Matrix)[] fields) => Matrix(name, 2, [1, 1],
            [Element(5, Word(16), small: true), Element(1, [.. fields.SelectMany(f => Encoding.ASCII.GetBytes(f.Field.PadRight(16, '\0')))]), .. fields.Select(f => f.Matrix)]);

        public byte[] File(bool compressed, params byte[][] variables)
        {
            var header = new byte[128];
            Encoding.ASCII.GetBytes("MATLAB 5.0 MAT-file").CopyTo(header, 0);
            (bigEndian ? new byte[] { 1, 0, (byte)'M', (byte)'I' } : [0, 1, (byte)'I', (byte)'M']).CopyTo(header, 124);
            return [.. header, .. variables.SelectMany(v => compressed ? Element(15, Deflate(v)) : v)];
        }

        private static byte[] Deflate(byte[] data)
        {
            using var stream = new MemoryStream();
            using (var zlib = new ZLibStream(stream, CompressionLevel.Fastest))
                zlib.Write(data);
            return stream.ToArray();
        }
    }

    private static byte[] Columns(byte[] pixels)
    {
        int count = pixels.Length / 784;
        var columns = new byte[pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
            columns[i % 784 * count + i / 784] = pixels[i];
        return columns;
    }

    private static byte[] Emnist(MatWriter w, byte[] train, byte[] test, bool compressed) => w.File(compressed, w.Struct("dataset",
        ("train", w.Struct("", ("images", w.Bytes("", train.Length / 784, 784, Columns(Transpose(train)))), ("labels", w.Bytes("", 3, 1, [1, 2, 1])), ("writers", w.Doubles("", 3, 1, [1, 2, 3])))),
        ("test", w.Struct("", ("images", w.Bytes("", test.Length / 784, 784, Columns(Transpose(test)))), ("labels", w.Doubles("", 2, 1, [2, 2])))),
        ("mapping", w.Doubles("", 2, 3, [1, 2, 65, 0x416, 97, 0x436]))));

    [Theory, InlineData(false, false), InlineData(true, false), InlineData(false, true), InlineData(true, true)]
    public void Reads_the_layout_of_emnist(bool bigEndian, bool compressed)
    {
        byte[] train = Pixels(3), test = Pixels(2, seed: 2);
        _folder.Write("small.mat", Emnist(new MatWriter(bigEndian), train, test, compressed));
        var set = DatasetLoader.Load("small.mat", _folder.Options);
        Assert.Equal(["A", "Ж"], set.Labels);
        Assert.Equal([0, 1, 0], set.Train!.Labels);
        Assert.Equal(train, set.Train.Images);
        Assert.Equal([1, 1], set.Test!.Labels);
        Assert.Equal(test, set.Test.Images);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Reads_the_layout_of_mnist_original(bool bigEndian)
    {
        byte[] pixels = Pixels(4);
        var w = new MatWriter(bigEndian);
        _folder.Write("original.mat", w.File(true, w.Bytes("data", 784, 4, pixels), w.Doubles("label", 1, 4, [3, 10, 3, 7])));
        var set = DatasetLoader.Load(Path.Combine(_folder.Root, "original.mat"), _folder.Options with { NeedTest = false });
        Assert.Equal(["3", "7", "10"], set.Labels);
        Assert.Equal([0, 2, 0, 1], set.Train!.Labels);
        Assert.Equal(pixels, set.Train.Images);
    }

    [Theory, InlineData(10, "0"), InlineData(11, "11")]
    public void Reads_the_layout_of_courses(int last, string label)
    {
        byte[] pixels = Pixels(11);
        var told = new List<string>();
        var w = new MatWriter(false);
        _folder.Write("course.mat", w.File(true, w.Doubles("X", 11, 784, [.. Columns(Transpose(pixels)).Select(p => p / 255.0)]), w.Doubles("y", 11, 1, [last, last, 1, 2, 3, 4, 5, 6, 7, 8, 9])));
        var set = DatasetLoader.Load("course.mat", _folder.Options with { NeedTrain = false, Progress = told.Add });
        Assert.Equal(pixels, set.Test!.Images);
        Assert.Equal([label, label, "1", "2"], set.Test.Labels.Take(4).Select(c => set.Labels[c]));
        Assert.Contains($"course.mat: X is taken as an image per row, whose pixels go down its columns, as y is 11×1{(last == 10 ? ", and 10 in y as the digit 0" : "")}", Assert.Single(told) + "\n", StringComparison.Ordinal);
    }

    [Fact]
    public void Reads_what_python_writes_in_the_layout_of_courses()
    {
        byte[] pixels = Pixels(3);
        var told = new List<string>();
        var w = new MatWriter(false);
        _folder.Write("python.mat", w.File(true, w.Bytes("X", 3, 784, Columns(pixels)), w.Bytes("y", 1, 3, [2, 1, 2])));
        var set = DatasetLoader.Load("python.mat", _folder.Options with { NeedTrain = false, Progress = told.Add });
        Assert.Equal(pixels, set.Test!.Images);
        Assert.Equal([1, 0, 1], set.Test.Labels);
        Assert.EndsWith("python.mat: X is taken as an image per row, whose pixels go row by row, as y is 1×3", Assert.Single(told), StringComparison.Ordinal);
    }

    /// <summary>MATLAB computes with doubles, of which it stores whole numbers as bytes where they fit.</summary>
    [Theory]
    [InlineData(1, 255)]
    [InlineData(1.0 / 255, 255)]
    [InlineData(1, 1)]
    public void Pixels_may_be_numbers_of_any_type(double unit, int most)
    {
        byte[] levels = [.. Pixels(3).Select(p => (byte)(p * most / 255))], images = [.. levels.Select(p => (byte)(p * 255 / most))];
        double[] Numbers(byte[] bytes) => [.. bytes.Select(b => b * unit)];
        var w = new MatWriter(false);
        byte[] rows = Columns(Transpose(levels)), labels = w.Bytes("", 3, 1, [0, 1, 1]);
        Check([w.Doubles("data", 784, 3, Numbers(levels)), w.Bytes("label", 1, 3, [0, 1, 1])]);
        Check(Struct(w.Doubles("", 3, 784, Numbers(rows))));
        if (unit == 1)
            Check(Struct(w.Matrix("", 6, [3, 784], w.Element(2, rows))));

        byte[][] Struct(byte[] matrix) => [w.Struct("dataset", ("test", w.Struct("", ("images", matrix), ("labels", labels))), ("mapping", w.Doubles("", 2, 2, [0, 1, 48, 49])))];

        void Check(byte[][] variables)
        {
            _folder.Write("numbers.mat", w.File(false, variables));
            Assert.Equal(images, DatasetLoader.Load("numbers.mat", _folder.Options with { NeedTrain = false }).Test!.Images);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Refuses_a_file_cut_anywhere(bool compressed)
    {
        byte[] file = Emnist(new MatWriter(false), Pixels(3), Pixels(2), compressed);
        for (int cut = 0; cut < file.Length - 8; cut += cut < 400 ? 1 : 97)
        {
            _folder.Write("cut.mat", file.AsSpan(0, cut));
            Assert.Contains("cut.mat", Assert.Throws<DatasetException>(() => DatasetLoader.Load("cut.mat", _folder.Options)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Never_fails_in_another_way_on_damaged_bytes()
    {
        byte[] file = Emnist(new MatWriter(true), Pixels(3), Pixels(2), false);
        var random = new Random(5);
        for (int i = 0; i < 400; i++)
        {
            var damaged = (byte[])file.Clone();
            for (int k = 0; k < 4; k++)
                damaged[random.Next(i % 2 == 0 ? 600 : damaged.Length)] = (byte)random.Next(256);
            _folder.Write("damaged.mat", damaged);
            try
            {
                DatasetLoader.Load("damaged.mat", _folder.Options);
            }
            catch (DatasetException e)
            {
                Assert.Contains("damaged.mat", e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Says_what_is_wrong()
    {
        var w = new MatWriter(false);
        Assert.Contains("byte order mark is missing", Refusal(new byte[200]), StringComparison.Ordinal);
        byte[] newer = w.File(false);
        newer[125] = 2;
        Assert.Contains("version 0x0200", Refusal(newer), StringComparison.Ordinal);
        Assert.Contains("has the variables x, expected a struct \"dataset\"", Refusal(w.File(false, w.Bytes("x", 1, 1, [1]))), StringComparison.Ordinal);
        Assert.Contains("has 2 images, but 1 labels", Refusal(w.File(false, w.Bytes("data", 784, 2, Pixels(2)), w.Bytes("label", 1, 1, [1]))), StringComparison.Ordinal);
        foreach (double label in (double[])[double.NaN, 0.5, 1e300])
        {
            Assert.Contains("expected a whole number", Refusal(w.File(false, w.Bytes("data", 784, 2, Pixels(2)), w.Doubles("label", 1, 2, [1, label]))), StringComparison.Ordinal);
            Assert.Contains("row 0 of dataset.mapping is not a label of its own", Refusal(w.File(false, Labelled(label, 0))), StringComparison.Ordinal);
            Assert.Contains("in row 1, which dataset.mapping doesn't have", Refusal(w.File(false, Labelled(0, label))), StringComparison.Ordinal);
        }
        foreach (double pixel in (double[])[double.NaN, -0.5, 255.5])
            Assert.Contains(FormattableString.Invariant($"data has {pixel}, expected pixels from 0 to 255"), Refusal(w.File(false, w.Doubles("data", 4, 2, [0, 0, 0, 0, 0, 0, 0, pixel]), w.Doubles("label", 1, 2, [1, 2]))), StringComparison.Ordinal);
        Assert.Contains("data is 1×1, expected a matrix", Refusal(w.File(false, w.Struct("data"), w.Doubles("label", 1, 1, [1]))), StringComparison.Ordinal);
        Assert.Contains("X is 4×4×3×2, expected a matrix of pixels with a row per image", Refusal(w.File(false, w.Matrix("X", 9, [4, 4, 3, 2], w.Element(2, new byte[96])), w.Bytes("y", 2, 1, [1, 2]))), StringComparison.Ordinal);
        Assert.Contains("its dimensions 784×3 need 2352", Refusal(w.File(false, w.Bytes("data", 784, 3, Pixels(2)))), StringComparison.Ordinal);
        Assert.Contains("too large", Refusal(w.File(false, w.Bytes("data", int.MaxValue, int.MaxValue, [1]))), StringComparison.Ordinal);

        byte[] Labelled(double mapped, double label) => w.Struct("dataset",
            ("train", w.Struct("", ("images", w.Bytes("", 2, 784, Pixels(2))), ("labels", w.Doubles("", 2, 1, [2, label])))),
            ("mapping", w.Doubles("", 2, 2, [mapped, 2, 65, 66])));
    }

    private string Refusal(byte[] file)
    {
        _folder.Write("bad.mat", file);
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("bad.mat", _folder.Options)).Message;
        Assert.Contains("bad.mat", message, StringComparison.Ordinal);
        return message;
    }
}
