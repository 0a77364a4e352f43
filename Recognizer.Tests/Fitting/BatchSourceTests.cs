using Recognizer.Inference.Imaging;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public class BatchSourceTests
{
    private static readonly DatasetPart Part = MakePart(23);

    private static DatasetPart MakePart(int count)
    {
        var images = new byte[count * 784];
        for (int i = 0; i < images.Length; i++) images[i] = (byte)(i / 784 * 7 + i % 251);
        return new DatasetPart(images, [.. Enumerable.Range(0, count)]);
    }

    private static List<(int Epoch, int[] Labels, float[] Images)> Read(int firstEpoch, int epochs, int pause = 0)
    {
        using var source = new BatchSource(Part, [.. Enumerable.Range(0, 20)], 8, (_, _) => AugmentationOptions.Parse("standard"), 5, firstEpoch, epochs);
        var batches = new List<(int, int[], float[])>();
        for (int i = 0; i < (epochs - firstEpoch) * source.StepsPerEpoch; i++)
        {
            Batch batch = source.Next(CancellationToken.None);
            batches.Add((batch.Epoch, batch.Labels[..batch.Count], batch.Images[..(batch.Count * 784)]));
            if (pause > 0) Thread.Sleep(pause);
            source.Return(batch);
        }
        return batches;
    }

    [Fact]
    public void Every_epoch_has_every_image_once_in_another_order()
    {
        var batches = Read(0, 3);
        Assert.Equal(9, batches.Count);
        var orders = batches.GroupBy(b => b.Epoch).Select(g => g.SelectMany(b => b.Labels).ToArray()).ToArray();
        Assert.All(orders, order => Assert.Equal(Enumerable.Range(0, 20), order.Order()));
        Assert.NotEqual(orders[0], orders[1]);
    }

    [Fact]
    public void Each_epoch_is_varied_in_its_own_way()
    {
        using var source = new BatchSource(Part, [.. Enumerable.Range(0, 20)], 20, (epoch, _) => AugmentationOptions.Parse(epoch < 2 ? "standard" : "none"), 5, 0, 3);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            Batch batch = source.Next(CancellationToken.None);
            float[] plain = [.. batch.Labels[..20].SelectMany(label => Part.Image(label).ToArray()).Select(b => b * (1f / 255))];
            Assert.Equal(epoch == 2, plain.AsSpan().SequenceEqual(batch.Images));
            source.Return(batch);
        }
    }

    [Fact]
    public void Each_image_is_varied_in_its_own_way()
    {
        // The key's lowest bit says how.
        using var source = new BatchSource(Part, [.. Enumerable.Range(0, 20)], 20, (_, key) => AugmentationOptions.Parse((key & 1) == 0 ? "none" : "noise=1"), 5, 0, 1);
        Batch batch = source.Next(CancellationToken.None);
        int plain = Enumerable.Range(0, 20).Count(i => Plain(batch.Labels[i]).AsSpan().SequenceEqual(batch.Images.AsSpan(i * 784, 784)));
        Assert.InRange(plain, 3, 17);
    }

    [Theory]
    [InlineData("noise=1", true)]
    [InlineData("rotation=20,noise=1,damage=1,erasing=1,picture=1", false)]
    [InlineData("none", true)]
    public void Teachers_see_images_before_they_are_spoilt(string augmentation, bool inPlace)
    {
        using var source = new BatchSource(Part, [.. Enumerable.Range(0, 20)], 20, (_, _) => AugmentationOptions.Parse(augmentation), 5, 0, 1, clean: true);
        Batch batch = source.Next(CancellationToken.None);
        // What comes before is the same with and without what spoils images.
        using var unspoilt = new BatchSource(Part, [.. Enumerable.Range(0, 20)], 20, (_, _) => AugmentationOptions.Parse(augmentation.Split(',')[0]) with { Noise = 0 }, 5, 0, 1);
        Assert.Equal(unspoilt.Next(CancellationToken.None).Images, batch.Clean);
        Assert.Equal(inPlace, Enumerable.Range(0, 20).All(i => Plain(batch.Labels[i]).AsSpan().SequenceEqual(batch.Clean.AsSpan(i * 784, 784))));
        Assert.Equal(augmentation == "none", batch.Clean.AsSpan().SequenceEqual(batch.Images));
    }

    private static float[] Plain(int index) => [.. Part.Image(index).ToArray().Select(b => b * (1f / 255))];

    [Fact]
    public void Marks_replace_a_share_of_the_images()
    {
        using var source = new BatchSource(Part, [.. Enumerable.Range(0, 20)], 20, (_, _) => new AugmentationOptions(), 5, 0, 50, marks: 0.2);
        int marks = 0;
        for (int epoch = 0; epoch < 50; epoch++)
        {
            Batch batch = source.Next(CancellationToken.None);
            for (int i = 0; i < batch.Count; i++)
            {
                if (batch.Labels[i] == Recognizer.Training.Differentiation.SoftmaxCrossEntropy.NoCharacter) marks++;
                else Assert.Equal(Part.Image(batch.Labels[i]).ToArray().Select(b => b * (1f / 255)), batch.Images[(i * 784)..((i + 1) * 784)]);
            }
            source.Return(batch);
        }
        Assert.InRange(marks, 150, 250);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Painted_characters_replace_a_share_of_the_images_and_keep_their_labels(bool marksToo)
    {
        string[] labels = [.. Enumerable.Range(0, 20).Select(i => i < 10 ? $"{i}" : $"class {i}")];
        using var source = new BatchSource(Part, [.. Enumerable.Range(0, 20)], 20, (_, _) => new AugmentationOptions(), 5, 0, 50, marks: marksToo ? 0.5 : 0, clean: true,
            painted: new PaintedCharacters(0.3, labels, [], NormalizerLayout.Mnist));
        int painted = 0, marks = 0;
        for (int epoch = 0; epoch < 50; epoch++)
        {
            Batch batch = source.Next(CancellationToken.None);
            marks += batch.Labels[..batch.Count].Count(label => label < 0);
            // A mark stays a mark; a class that nobody can paint stays as it is.
            Assert.All(Enumerable.Range(0, batch.Count).Where(i => batch.Painted[i]), i => Assert.InRange(batch.Labels[i], 0, 9));
            Assert.Equal(marksToo ? batch.Labels.Where(label => label >= 0).Distinct().Count() : 20, batch.Labels.Count(label => label >= 0));
            for (int i = 0; i < batch.Count; i++)
            {
                if (batch.Labels[i] < 0) continue;
                Assert.Equal(!batch.Painted[i], Plain(batch.Labels[i]).AsSpan().SequenceEqual(batch.Images.AsSpan(i * 784, 784)));
                if (batch.Painted[i]) painted++;
            }
            Assert.Equal(batch.Images, batch.Clean);
            source.Return(batch);
        }
        // 500 images of the ten digits, half of them without marks
        Assert.InRange(painted, marksToo ? 45 : 120, marksToo ? 105 : 180);
        Assert.InRange(marks, marksToo ? 440 : 0, marksToo ? 560 : 0);
    }

    [Fact]
    public void A_start_in_the_middle_gives_the_same_batches()
    {
        var all = Read(0, 4);
        var late = Read(2, 4, pause: 1);
        Assert.Equal(all.Skip(6).Select(b => b.Labels), late.Select(b => b.Labels));
        Assert.Equal(all.Skip(6).Select(b => b.Images), late.Select(b => b.Images));
    }

    [Fact]
    public void Stops_while_nobody_reads()
    {
        var source = new BatchSource(Part, [.. Enumerable.Range(0, 20)], 2, (_, _) => new AugmentationOptions(), 5, 0, 1000);
        source.Next(CancellationToken.None);
        source.Dispose();
    }

    [Fact]
    public void A_failure_reaches_the_reader()
    {
        using var source = new BatchSource(Part, [500], 2, (_, _) => new AugmentationOptions(), 5, 0, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Next(CancellationToken.None));
    }

    [Fact]
    public void A_split_is_stratified_and_seeded()
    {
        int[] labels = [.. Enumerable.Range(0, 1000).Select(i => i % 10 == 0 ? 1 : 0), 2, 3, 3];
        (int[] kept, int[] held) = StratifiedSplit.Divide(labels, 0.1, 1);
        Assert.Equal(Enumerable.Range(0, labels.Length), kept.Concat(held).Order());
        Assert.Equal([90, 10, 1], Enumerable.Range(0, 4).Select(c => held.Count(i => labels[i] == c)).Where(n => n > 0));
        Assert.Equal(held, StratifiedSplit.Divide(labels, 0.1, 1).Held);
        Assert.NotEqual(held, StratifiedSplit.Divide(labels, 0.1, 2).Held);
        Assert.Empty(StratifiedSplit.Divide(labels, 0, 1).Held);
    }
}
