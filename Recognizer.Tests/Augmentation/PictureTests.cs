using Recognizer.Inference.Imaging;
using Recognizer.Training;
using Recognizer.Training.Augmentation;

namespace Recognizer.Tests.Augmentation;

public class PictureTests
{
    /// <summary>A 7 in the form of a layout, as the normaliser leaves it.</summary>
    private static float[] Seven(NormalizerLayout layout)
    {
        var pixels = new byte[100 * 100];
        for (int i = 20; i < 80; i++)
        {
            for (int d = 0; d < 8; d++)
            {
                pixels[(20 + d) * 100 + i] = 255;
                pixels[i * 100 + 72 - (i - 20) / 2 + d] = 255;
            }
        }
        var image = new float[784];
        Assert.True(CharacterNormalizer.Normalize(new GrayImage(100, 100, pixels), layout, Polarity.LightOnDark, image));
        return image;
    }

    private static (float X, float Y) Centre(ReadOnlySpan<float> image)
    {
        float mass = 0, x = 0, y = 0;
        for (int i = 0; i < image.Length; i++) (mass, x, y) = (mass + image[i], x + image[i] * (i % 28), y + image[i] * (i / 28));
        return (x / mass, y / mass);
    }

    [Theory]
    [InlineData(NormalizerLayout.Emnist)]
    [InlineData(NormalizerLayout.Mnist)]
    public void A_character_comes_back_in_its_form(NormalizerLayout layout)
    {
        float[] seven = Seven(layout), image = new float[784];
        (float x, float y) = Centre(seven);
        var differences = new List<float>();
        for (ulong key = 0; key < 200; key++)
        {
            seven.CopyTo(image, 0);
            var random = new CounterRandom(CounterRandom.Key(key));
            Picture.Apply(image, layout, isAlphanumeric: true, ref random);
            Assert.All(image, value => Assert.InRange(value, 0, 1));
            (float movedX, float movedY) = Centre(image);
            differences.Add(MathF.Max(MathF.Abs(movedX - x), MathF.Abs(movedY - y)));
            Assert.False(image.AsSpan().SequenceEqual(seven));
        }
        differences.Sort();
        Assert.InRange(differences[100], 0, 0.6f);
        Assert.InRange(differences[190], 0, 2);
    }

    [Fact]
    public void The_key_alone_decides()
    {
        float[] first = Seven(NormalizerLayout.Emnist), second = Seven(NormalizerLayout.Emnist);
        CounterRandom a = new(CounterRandom.Key(5)), b = new(CounterRandom.Key(5));
        Picture.Apply(first, NormalizerLayout.Emnist, isAlphanumeric: true, ref a);
        Picture.Apply(second, NormalizerLayout.Emnist, isAlphanumeric: true, ref b);
        Assert.Equal(first, second);
    }
}
