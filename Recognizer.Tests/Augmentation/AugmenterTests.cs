using Recognizer.Training;
using Recognizer.Training.Augmentation;

namespace Recognizer.Tests.Augmentation;

public class AugmenterTests
{
    private const int Pixels = 28 * 28;

    private static byte[] Cross()
    {
        var image = new byte[Pixels];
        for (int i = 4; i < 24; i++)
        {
            for (int w = 13; w < 16; w++)
            {
                image[i * 28 + w] = 255;
                image[w * 28 + i] = 255;
            }
        }
        return image;
    }

    private static float[] Apply(AugmentationOptions options, ulong key, byte[]? image = null)
    {
        var result = new float[Pixels];
        new Augmenter(options).Apply(image ?? Cross(), result, key);
        return result;
    }

    [Fact]
    public void None_only_scales()
    {
        byte[] image = Cross();
        Assert.Equal(image.Select(b => b / 255f), Apply(new AugmentationOptions(), 3, image));
    }

    [Theory]
    [InlineData("light")]
    [InlineData("standard")]
    [InlineData("strong")]
    [InlineData("erasing=1,noise=0.3")]
    [InlineData("perspective=0.3")]
    [InlineData("aspect=0.5")]
    [InlineData("thickness")]
    [InlineData("damage=1")]
    public void The_key_alone_decides(string text)
    {
        AugmentationOptions options = AugmentationOptions.Parse(text);
        var shared = new Augmenter(options);
        var before = new float[Pixels];
        shared.Apply(Cross(), before, 1);
        var after = new float[Pixels];
        shared.Apply(Cross(), after, 42);
        Assert.Equal(Apply(options, 42), after);
        Assert.NotEqual(before, after);
    }

    [Theory]
    [InlineData("strong")]
    [InlineData("translation=14")]
    [InlineData("rotation=180,scale=0.9,elastic=5,noise=1")]
    public void Values_stay_from_0_to_1(string text)
    {
        AugmentationOptions options = AugmentationOptions.Parse(text);
        for (ulong key = 0; key < 200; key++)
            Assert.All(Apply(options, key), value => Assert.InRange(value, 0, 1));
    }

    [Fact]
    public void Ink_is_kept_on_the_average()
    {
        float ink = Cross().Sum(b => b / 255f);
        double mean = Enumerable.Range(0, 400).Average(key => Apply(AugmentationOptions.Parse("standard"), (ulong)key).Sum());
        Assert.InRange(mean / ink, 0.9, 1.1);
    }

    [Fact]
    public void Elastic_displacement_has_the_size_asked_for()
    {
        // A horizontal ramp turns displacement into brightness: d(grey) = dx · slope.
        var ramp = new byte[Pixels];
        for (int i = 0; i < Pixels; i++) ramp[i] = (byte)(9 * (i % 28));
        var plain = Apply(new AugmentationOptions(), 0, ramp);
        double sum = 0;
        int count = 0;
        for (ulong key = 0; key < 200; key++)
        {
            float[] warped = Apply(new AugmentationOptions { Elastic = 1 }, key, ramp);
            for (int y = 8; y < 20; y++)
            {
                for (int x = 8; x < 20; x++)
                {
                    sum += Math.Pow((warped[y * 28 + x] - plain[y * 28 + x]) * 255 / 9, 2);
                    count++;
                }
            }
        }
        Assert.InRange(Math.Sqrt(sum / count), 0.85, 1.15);
    }

    [Fact]
    public void Aspect_changes_the_shape_and_keeps_the_longer_side()
    {
        // A frame 18 pixels high and 10 wide.
        var frame = new byte[Pixels];
        for (int y = 5; y < 23; y++)
        {
            for (int x = 9; x < 19; x++)
                if (y is 5 or 6 or 21 or 22 || x is 9 or 10 or 17 or 18) frame[y * 28 + x] = 255;
        }
        double least = double.MaxValue, most = 0;
        for (ulong key = 0; key < 300; key++)
        {
            float[] image = Apply(new AugmentationOptions { Aspect = 0.9f }, key, frame);
            int width = Enumerable.Range(0, 28).Count(x => Enumerable.Range(0, 28).Any(y => image[y * 28 + x] > 0.5f));
            int height = Enumerable.Range(0, 28).Count(y => image.AsSpan(28 * y, 28).ContainsAnyInRange(0.5f, 2f));
            Assert.InRange(Math.Max(width, height), 16, 20);
            (least, most) = (Math.Min(least, (double)width / height), Math.Max(most, (double)width / height));
        }
        // 10 / 18 · e^±0.9
        Assert.InRange(least, 0.16, 0.3);
        Assert.InRange(most, 1.2, 1.5);
        // Nothing to measure, nothing to change.
        Assert.All(Apply(new AugmentationOptions { Aspect = 0.9f }, 1, new byte[Pixels]), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Rotation_and_translation_move_the_ink()
    {
        // A dot right of the centre, turned by up to 90°, keeps its distance.
        var dot = new byte[Pixels];
        for (int y = 13; y < 15; y++)
        {
            for (int x = 21; x < 23; x++) dot[y * 28 + x] = 255;
        }
        bool moved = false;
        for (ulong key = 0; key < 20; key++)
        {
            (double x, double y) = Centre(Apply(new AugmentationOptions { Rotation = 90 }, key, dot));
            Assert.InRange(Math.Sqrt(Math.Pow(x - 13.5, 2) + Math.Pow(y - 13.5, 2)), 7.7, 8.3);
            moved |= Math.Abs(y - 13.5) > 4;
        }
        Assert.True(moved);

        static (double X, double Y) Centre(float[] image)
        {
            double sum = image.Sum(), x = 0, y = 0;
            for (int i = 0; i < Pixels; i++)
            {
                x += image[i] * (i % 28) / sum;
                y += image[i] * (i / 28) / sum;
            }
            return (x, y);
        }
    }

    [Fact]
    public void Noise_has_no_bias_and_the_right_size()
    {
        var grey = new byte[Pixels];
        Array.Fill(grey, (byte)128);
        double sum = 0, squares = 0;
        for (ulong key = 0; key < 300; key++)
        {
            foreach (float value in Apply(new AugmentationOptions { Noise = 0.1f }, key, grey))
            {
                sum += value - 128 / 255.0;
                squares += Math.Pow(value - 128 / 255.0, 2);
            }
        }
        Assert.InRange(sum / (300 * Pixels), -0.002, 0.002);
        // The deviation is uniform in 0 … 0.1 per image, so its mean square is 0.01 / 3.
        Assert.InRange(squares / (300 * Pixels), 0.0027, 0.004);
    }

    [Theory]
    [InlineData("affin")]
    [InlineData("elastic=x")]
    [InlineData("erasing=2", "number from 0 to 1")]
    [InlineData("noise=-1")]
    [InlineData("affine=1")]
    [InlineData("affine=2", "is unknown")]
    [InlineData("elastc=3", "is unknown")]
    [InlineData("elastic=NaN")]
    [InlineData("")]
    [InlineData("rotation=5,light", "a preset is expected at the start of the list")]
    [InlineData("elastic,none", "a preset is expected at the start of the list")]
    [InlineData("light,strong", "a preset is expected at the start of the list")]
    [InlineData("rotation=5,rotation=10", "'rotation=10' undoes what stands before it")]
    [InlineData("scale=0.2,affine", "'affine' undoes what stands before it")]
    [InlineData("noise,damage,Noise=0.2", "'Noise=0.2' undoes what stands before it")]
    public void Unknown_terms_are_refused(string text, string reason = "")
    {
        string message = Assert.Throws<FormatException>(() => AugmentationOptions.Parse(text)).Message;
        Assert.Contains("expected", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_start_from_a_preset()
    {
        AugmentationOptions options = AugmentationOptions.Parse("light, elastic=0.5");
        Assert.Equal(AugmentationOptions.Parse("light") with { Elastic = 0.5f }, options);
        Assert.True(AugmentationOptions.Parse("none").IsNone);
        Assert.Equal(AugmentationOptions.Parse("affine") with { Rotation = 5, Noise = 0.1f }, AugmentationOptions.Parse("none,affine,rotation=5,noise"));
    }

    [Fact]
    public void Random_streams_differ_by_every_part_of_their_key()
    {
        ulong[] keys = [CounterRandom.Key(1), CounterRandom.Key(2), CounterRandom.Key(1, 0), CounterRandom.Key(1, 1), CounterRandom.Key(1, 0, 1), CounterRandom.Key(1, 1, 0), CounterRandom.Key(0, 1)];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        var random = new CounterRandom(CounterRandom.Key(5));
        var histogram = new int[10];
        for (int i = 0; i < 10_000; i++) histogram[random.NextInt32(10)]++;
        Assert.All(histogram, count => Assert.InRange(count, 880, 1120));
    }
}
