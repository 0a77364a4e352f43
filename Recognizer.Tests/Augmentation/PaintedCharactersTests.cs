using Recognizer.Inference.Imaging;
using Recognizer.Training;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets.Strokes;

namespace Recognizer.Tests.Augmentation;

public class PaintedCharactersTests
{
    private static readonly string[] s_labels = ["7", "ab", "O"];

    private static byte[]? Paint(PaintedCharacters painted, int label, ulong key)
    {
        var image = new byte[784];
        return painted.TryPaint(label, key, image) ? image : null;
    }

    [Fact]
    public void The_key_decides_what_is_painted()
    {
        PaintedCharacters first = new(1, s_labels, [], NormalizerLayout.Emnist), second = new(1, s_labels, [], NormalizerLayout.Emnist);
        byte[][] images = [.. Enumerable.Range(0, 20).Select(key => Paint(first, 0, (ulong)key)!)];
        Assert.Equal(images, Enumerable.Range(0, 20).Select(key => Paint(second, 0, (ulong)key)!));
        Assert.Equal(20, images.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Classes_that_are_no_digit_or_letter_stay_as_they_are()
    {
        var painted = new PaintedCharacters(1, s_labels, [[1], [1, 2]], NormalizerLayout.Emnist);
        Assert.True(painted.Any);
        Assert.NotNull(Paint(painted, 0, 1));
        Assert.Null(Paint(painted, 1, 1));
        Assert.Null(Paint(painted, 3, 1));
        // Of a group, those are painted that can be.
        Assert.Equal(Paint(painted, 2, 1), Paint(painted, 4, 1));
        Assert.False(new PaintedCharacters(1, ["ab", "ä"], [], NormalizerLayout.Emnist).Any);
    }

    [Fact]
    public void All_members_of_a_group_are_painted()
    {
        // An x is a cross, a zero has an empty middle.
        var painted = new PaintedCharacters(1, ["x", "0"], [[0, 1]], NormalizerLayout.Emnist);
        int crosses = Enumerable.Range(0, 200).Count(key => Middle(Paint(painted, 2, (ulong)key)!) > 100);
        Assert.InRange(crosses, 60, 140);
    }

    /// <summary>One of seven ways to write a zero crosses its middle; as usual as it is, it would be one of fourteen zeros.</summary>
    [Fact]
    public void Rare_ways_to_write_a_character_are_painted_as_often_as_usual_ones()
    {
        var painted = new PaintedCharacters(1, ["0"], [], NormalizerLayout.Emnist);
        var painter = new CharacterPainter();
        var image = new byte[784];
        int painting = Enumerable.Range(0, 2000).Count(key => Crossed(Paint(painted, 0, (ulong)key)!));
        int writing = Enumerable.Range(0, 2000).Count(key =>
        {
            var random = new CounterRandom(CounterRandom.Key((ulong)key));
            painter.Paint(0, ref random, image, NormalizerLayout.Emnist);
            return Crossed(image);
        });
        Assert.InRange(painting, 1.5 * writing, 2.6 * writing);

        static bool Crossed(byte[] image) => image[28 * 13 + 13] > 100 || image[28 * 14 + 14] > 100;
    }

    private static int Middle(byte[] image) => Enumerable.Range(11, 6).SelectMany(y => Enumerable.Range(11, 6).Select(x => (int)image[28 * y + x])).Max();

    [Theory]
    [InlineData(NormalizerLayout.Emnist, 22, 26)]
    [InlineData(NormalizerLayout.Mnist, 18, 22)]
    public void Characters_lie_in_the_frame_as_the_model_expects(NormalizerLayout layout, double least, double most)
    {
        var painted = new PaintedCharacters(1, ["8"], [], layout);
        double height = Enumerable.Range(0, 200).Average(key => Rows(Paint(painted, 0, (ulong)key)!));
        Assert.InRange(height, least, most);

        static int Rows(byte[] image) => Enumerable.Range(0, 28).Count(y => image.AsSpan(28 * y, 28).ContainsAnyInRange((byte)100, (byte)255));
    }

    [Fact]
    public void The_share_is_kept()
    {
        var painted = new PaintedCharacters(0.25, s_labels, [], NormalizerLayout.Emnist);
        var keys = new CounterRandom(3);
        Assert.InRange(Enumerable.Range(0, 2000).Count(_ => Paint(painted, 0, keys.NextUInt64()) is not null), 420, 580);
    }
}
