using Recognizer.Training;
using Recognizer.Training.Augmentation;

namespace Recognizer.Tests.Augmentation;

public class DamageTests
{
    private static float[] Bar()
    {
        var image = new float[784];
        for (int y = 5; y < 23; y++)
        {
            for (int x = 12; x < 16; x++) image[y * 28 + x] = 1;
        }
        return image;
    }

    public static TheoryData<int> Ways => [.. Enumerable.Range(0, Damage.Ways)];

    [Theory]
    [MemberData(nameof(Ways))]
    public void Each_way_changes_the_image_within_range_by_its_key_alone(int way)
    {
        int changed = 0;
        for (ulong key = 0; key < 100; key++)
        {
            float[] one = Bar(), two = Bar();
            CounterRandom random = new(CounterRandom.Key(key)), same = new(CounterRandom.Key(key));
            Damage.Apply(one, way, ref random);
            Damage.Apply(two, way, ref same);
            Assert.Equal(one, two);
            Assert.All(one, value => Assert.InRange(value, 0, 1));
            if (!Bar().AsSpan().SequenceEqual(one)) changed++;
        }
        // Squares may fall on the edges of the bar.
        Assert.InRange(changed, 80, 100);
    }

    [Fact]
    public void Strokes_grow_and_shrink_by_a_pixel_on_each_side()
    {
        float[] thick = Bar(), thin = Bar(), half = Bar();
        Damage.Thicken(thick, 1);
        Damage.Thicken(thin, -1);
        Damage.Thicken(half, 0.5f);
        Assert.Equal(6, thick.AsSpan(14 * 28, 28).ToArray().Sum());
        Assert.Equal(2, thin.AsSpan(14 * 28, 28).ToArray().Sum());
        Assert.Equal(5, half.AsSpan(14 * 28, 28).ToArray().Sum());
        Assert.Equal(6 * 18 + 2 * 4, thick.Sum());
    }
}
