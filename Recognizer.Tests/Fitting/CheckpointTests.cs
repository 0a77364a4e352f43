using Recognizer.Tests.Datasets;
using Recognizer.Training;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public class CheckpointTests
{
    private static Checkpoint Make(int epoch)
    {
        var checkpoint = new Checkpoint { Config = "{\"seed\": 1}", Epoch = epoch, Step = 100L * epoch, BestEpoch = epoch, BestAccuracy = 0.5, BestLoss = 1.25, History = [.. Enumerable.Range(1, epoch).Select(e => $"{{\"epoch\":{e}}}")] };
        checkpoint.Arrays.Add("weights/conv1.weight", [1, -2, float.Epsilon, epoch]);
        checkpoint.Arrays.Add("optimizer/0/ä", []);
        return checkpoint;
    }

    [Fact]
    public void Reads_what_was_written()
    {
        Checkpoint written = Make(3), read = Checkpoint.Read(written.ToBytes());
        Assert.Equal(written.Config, read.Config);
        Assert.Equal((3, 300, 3, 0.5, 1.25), (read.Epoch, read.Step, read.BestEpoch, read.BestAccuracy, read.BestLoss));
        Assert.Equal(written.History, read.History);
        Assert.Equal(written.Arrays, read.Arrays);
    }

    [Fact]
    public void Every_truncation_and_every_changed_byte_is_noticed()
    {
        byte[] bytes = Make(2).ToBytes();
        for (int length = 0; length < bytes.Length; length++) Assert.Throws<InvalidDataException>(() => Checkpoint.Read(bytes[..length]));
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 0x40;
            Assert.Throws<InvalidDataException>(() => Checkpoint.Read(changed));
        }
    }

    [Fact]
    public void A_broken_file_gives_way_to_the_one_before()
    {
        using var folder = new TemporaryFolder();
        for (int epoch = 1; epoch <= 12; epoch++) Make(epoch).Save(folder.Root);
        string[] files = [.. Directory.GetFiles(folder.Root).Order()];
        Assert.Equal(2, files.Length);
        File.WriteAllBytes(files[1], File.ReadAllBytes(files[1])[..50]);
        // What a process leaves behind that dies while writing.
        File.WriteAllText(System.IO.Path.Combine(folder.Root, "epoch-000013.checkpoint.tmp"), "half");
        var warnings = new List<string>();
        Assert.Equal(11, Checkpoint.LoadNewest(folder.Root, warnings.Add)!.Epoch);
        Assert.Contains("damaged", Assert.Single(warnings), StringComparison.Ordinal);
        Checkpoint.Clear(folder.Root);
        Assert.Null(Checkpoint.LoadNewest(folder.Root, warnings.Add));
        Assert.Empty(Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void A_file_whose_writing_fails_stays_as_it_was()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("model.onnx", "before");
        Assert.Throws<IOException>(() => AtomicFile.Write(file, stream =>
        {
            stream.Write("half"u8);
            throw new IOException("No space left on device");
        }));
        Assert.Equal("before", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(folder.Root));
    }
}
