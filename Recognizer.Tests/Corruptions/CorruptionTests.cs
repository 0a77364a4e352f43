using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Tests.Fitting;
using Recognizer.Training.Architectures;
using Recognizer.Training.Corruptions;
using Recognizer.Training.Datasets;

namespace Recognizer.Tests.Corruptions;

public class CorruptionTests
{
    private const int Side = 28;

    // A solid block off the centre, with a soft edge on one side.
    private static readonly byte[] Block = Paint((x, y) => x is >= 9 and < 17 && y is >= 8 and < 20 ? 255 : x == 17 && y is >= 8 and < 20 ? 100 : 0);

    public static TheoryData<string> Names => [.. CorruptionSuite.All.Select(c => c.Name)];

    [Fact]
    public void There_are_the_fifteen_published_ones()
    {
        Assert.Equal(["shot-noise", "impulse-noise", "glass-blur", "motion-blur", "shear", "scale", "rotate", "brightness", "translate", "stripe", "fog", "spatter",
            "dotted-line", "zigzag", "canny-edges"], CorruptionSuite.All.Select(c => c.Name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Changes_the_image_and_depends_on_its_place_only(string name)
    {
        int number = Number(name);
        DatasetPart part = Shapes.Make(train: 12, test: 0).Train!;
        DatasetPart one = CorruptionSuite.Corrupt(part, number, threads: 1), many = CorruptionSuite.Corrupt(part, number, threads: 4);
        Assert.Equal(one.Images, many.Images);
        Assert.Equal(one.Image(5).ToArray(), CorruptionSuite.Corrupt(part.Select([.. Enumerable.Range(0, 6)]), number).Image(5).ToArray());
        for (int i = 0; i < part.Count; i++) Assert.False(part.Image(i).SequenceEqual(one.Image(i)), $"image {i}");
        bool isRandom = name is not ("scale" or "brightness" or "stripe" or "canny-edges");
        byte[][] byKey = [.. Enumerable.Range(0, 12).Select(key => Apply(name, Block, (ulong)key))];
        Assert.Equal(isRandom, byKey.Any(image => !image.SequenceEqual(byKey[0])));
    }

    [Fact]
    public void Shot_noise_keeps_the_ground_and_the_mean()
    {
        var means = new List<double>();
        for (ulong key = 0; key < 40; key++)
        {
            byte[] image = Apply("shot-noise", Paint((x, _) => x < 14 ? 0 : 80), key);
            Assert.All(Pixels(image).Where(p => p.X < 14), p => Assert.Equal(0, p.Value));
            Assert.All(image, value => Assert.Contains((int)value, new[] { 0, 85, 170, 255 }));
            means.Add(Pixels(image).Where(p => p.X >= 14).Average(p => p.Value));
        }
        // Poisson of mean 0.94 loses little above three counts.
        Assert.InRange(means.Average(), 76, 81);
    }

    [Fact]
    public void Impulse_noise_sets_a_sixth_of_the_pixels_half_of_them_to_ink()
    {
        double low = 0, high = 0;
        for (ulong key = 0; key < 40; key++)
        {
            byte[] image = Apply("impulse-noise", Paint((_, _) => 100), key);
            low += image.Count(v => v == 0) / (784.0 * 40);
            high += image.Count(v => v == 255) / (784.0 * 40);
            Assert.All(image, v => Assert.Contains((int)v, new[] { 0, 100, 255 }));
        }
        Assert.Equal(0.085, low, 0.008);
        Assert.Equal(0.085, high, 0.008);
    }

    [Fact]
    public void Brightness_and_stripe_are_exact()
    {
        byte[] bright = Apply("brightness", Block, 0), stripe = Apply("stripe", Block, 0);
        foreach ((int x, int y, int value) in Pixels(Block))
        {
            Assert.Equal(Math.Min(255, value + 128), bright[y * Side + x]);
            Assert.Equal(x is < 7 or >= 21 ? 255 - value : value, stripe[y * Side + x]);
        }
    }

    [Fact]
    public void Translate_moves_by_three_pixels_to_every_corner()
    {
        (double x, double y) = Centroid(Block);
        var corners = new HashSet<(double, double)>();
        for (ulong key = 0; key < 30; key++)
        {
            (double movedX, double movedY) = Centroid(Apply("translate", Block, key));
            corners.Add((Math.Round(movedX - x, 3), Math.Round(movedY - y, 3)));
        }
        Assert.Equal([(-3, -3), (-3, 3), (3, -3), (3, 3)], corners.Order());
    }

    [Fact]
    public void Scale_rotate_and_shear_keep_the_centre_and_change_the_spread_as_they_should()
    {
        byte[] bar = Paint((x, y) => x is >= 12 and <= 15 && y is >= 6 and <= 21 ? 255 : 0);
        (double xx, double xy, double yy) = Spread(bar);
        foreach (string name in new[] { "scale", "rotate", "shear" })
        {
            var signs = new HashSet<int>();
            for (ulong key = 0; key < 12; key++)
            {
                byte[] image = Apply(name, bar, key);
                (double centreX, double centreY) = Centroid(image);
                Assert.Equal(13.5, centreX, 0.1);
                Assert.Equal(13.5, centreY, 0.1);
                (double newXx, double newXy, double newYy) = Spread(image);
                signs.Add(Math.Sign(newXy));
                double cos = Math.Cos(0.4), sin = Math.Sin(0.4);
                // Reading between pixels adds at most a third of a pixel² to the variances.
                (double expectedXx, double expectedXy, double expectedYy) = name switch
                {
                    "scale" => (0.49 * xx, 0, 0.49 * yy),
                    "rotate" => (cos * cos * xx + sin * sin * yy, sin * cos * (yy - xx), sin * sin * xx + cos * cos * yy),
                    _ => (xx + yy * sin * sin / (cos * cos), yy * sin / (cos * cos), yy / (cos * cos)),
                };
                Assert.InRange(newXx - expectedXx, -0.35, 0.5);
                Assert.InRange(newYy - expectedYy, -0.35, 0.5);
                Assert.Equal(Math.Abs(expectedXy), Math.Abs(newXy), 0.4);
            }
            if (name != "scale") Assert.Equal([-1, 1], signs.Order());
        }
    }

    [Fact]
    public void Blurs_spread_the_ink()
    {
        byte[] dot = Paint((x, y) => x == 10 && y == 14 ? 255 : 0);
        for (ulong key = 0; key < 10; key++)
        {
            // The trail of weights 1, e^(−1/18), e^(−4/18) … over 21 pixels holds the dot's ink, up to rounding.
            byte[] moved = Apply("motion-blur", dot, key);
            Assert.Equal(255, moved.Sum(v => v), 12.0);
            Assert.InRange(moved.Max(), 40, 70);
            Assert.All(Pixels(moved).Where(p => p.Value > 0), p => Assert.True(p.X <= 10 && Math.Abs(p.Y - 14) <= 10 - p.X + 1));
            byte[] glass = Apply("glass-blur", Block, key);
            Assert.InRange(glass.Sum(v => v) / (double)Block.Sum(v => v), 0.93, 1.02);
            Assert.True(glass.Count(v => v is > 20 and < 235) > Block.Count(v => v is > 20 and < 235));
        }
    }

    [Fact]
    public void Fog_brightens_the_ground_and_flattens_the_ink()
    {
        for (ulong key = 0; key < 4; key++)
        {
            byte[] image = Apply("fog", Block, key);
            double ground = Pixels(image).Where(p => Block[p.Y * Side + p.X] == 0).Average(p => p.Value);
            double ink = Pixels(image).Where(p => Block[p.Y * Side + p.X] == 255).Average(p => p.Value);
            Assert.InRange(ground, 25, 191);
            Assert.InRange(ink - ground, 5, 130);
        }
    }

    [Fact]
    public void Spatter_puts_mud_of_one_level_over_ink_and_ground()
    {
        int[] values = [.. Enumerable.Range(0, 10).SelectMany(key => Apply("spatter", Paint((_, _) => 0), (ulong)key)).Select(v => (int)v)];
        Assert.Equal(0, values.Min());
        Assert.InRange(values.Max(), 60, 63);
        Assert.InRange(values.Count(v => v > 0) / (double)values.Length, 0.05, 0.4);
        int[] onInk = [.. Enumerable.Range(0, 10).SelectMany(key => Apply("spatter", Paint((_, _) => 255), (ulong)key)).Select(v => (int)v)];
        Assert.Equal(255, onInk.Max());
        Assert.InRange(onInk.Min(), 63, 66);
    }

    [Fact]
    public void Lines_add_ink_only_where_they_run()
    {
        byte[] empty = Paint((_, _) => 0);
        for (ulong key = 0; key < 20; key++)
        {
            byte[] dotted = Apply("dotted-line", empty, key);
            for (int x = 0; x < Side; x++)
            {
                int column = Enumerable.Range(0, Side).Sum(y => dotted[y * Side + x]);
                Assert.Equal(x < 27 && x % 4 >= 2, column > 0);
            }
            byte[] zigzag = Apply("zigzag", empty, key);
            int[] inked = [.. Enumerable.Range(0, Side).Where(x => Enumerable.Range(0, Side).Any(y => zigzag[y * Side + x] > 0))];
            Assert.True(inked.Length == 0 || inked.Min() >= 1 && inked.Max() <= 26);
            // It never takes ink away.
            byte[] over = Apply("zigzag", Block, key);
            for (int i = 0; i < 784; i++) Assert.True(over[i] >= Block[i]);
        }
    }

    [Fact]
    public void Canny_draws_a_closed_line_of_one_pixel_around_a_block()
    {
        byte[] edges = Apply("canny-edges", Paint((x, y) => x is >= 8 and < 20 && y is >= 8 and < 20 ? 255 : 0), 0);
        Assert.Equal([0, 255], edges.Distinct().Order().Select(v => (int)v));
        // Through the middle: one or two pixels of edge on each side, at the block's border; nothing inside or far away.
        int[] row = [.. Enumerable.Range(0, Side).Where(x => edges[14 * Side + x] == 255)];
        Assert.Contains(row, x => x is 7 or 8);
        Assert.Contains(row, x => x is 19 or 20);
        Assert.All(row, x => Assert.True(x is 7 or 8 or 19 or 20));
        Assert.Equal(0, edges[14 * Side + 14]);
        Assert.All(Apply("canny-edges", Paint((_, _) => 77), 0), v => Assert.Equal(0, v));
    }

    [Fact]
    public void The_suite_measures_what_evaluating_each_part_gives()
    {
        Dataset shapes = Shapes.Make(train: 4, test: 40);
        using CharacterRecognizer model = CharacterRecognizer.Load(Architecture.Build("cnn2", shapes.Labels, seed: 3, width: 0.5));
        var options = new EvaluationOptions { Labels = shapes.Labels, Alphabet = Alphabet.Parse("ox|") };
        CorruptionReport report = CorruptionSuite.Evaluate(model, shapes.Test!, options, 0, null, default);
        Assert.Equal(15, report.Results.Count);
        Assert.Equal(30, report.Images);
        MulticlassMetrics stripe = Evaluator.Evaluate(model, CorruptionSuite.Corrupt(shapes.Test!, Number("stripe")).Labelled(shapes.Labels), options).Metrics;
        Assert.Equal(stripe.MicroAccuracy, report.Results[Number("stripe")].Accuracy);
        Assert.Equal(report.Results.Average(r => 1 - r.Accuracy), report.MeanError, 1e-12);
        Assert.InRange(report.StandardError, 1e-6, 0.5);
        var same = report.Results.ToDictionary(r => r.Name, r => r.Accuracy);
        Assert.Equal(1, report.RelativeTo(same), 1e-12);
        Assert.Equal(report.Results.Average(r => (1 - r.Accuracy) / 0.5), report.RelativeTo(report.Results.ToDictionary(r => r.Name, _ => 0.5)), 1e-12);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("nothing")]
    [InlineData("""{"corruptions": [{"name": "fog", "accuracy": 0.5}]}""")]
    public void Baselines_that_are_something_else_are_refused(string json) => Assert.Throws<FormatException>(() => CorruptionSuite.ReadBaseline(json));

    private static int Number(string name) => CorruptionSuite.All.Select((c, i) => (c, i)).First(x => x.c.Name == name).i;

    private static byte[] Apply(string name, byte[] image, ulong key)
    {
        var result = new byte[784];
        CorruptionSuite.All[Number(name)].Apply(image, result, Training.CounterRandom.Key(1, key));
        return result;
    }

    private static byte[] Paint(Func<int, int, int> value) => [.. Enumerable.Range(0, 784).Select(i => (byte)value(i % Side, i / Side))];

    private static IEnumerable<(int X, int Y, int Value)> Pixels(byte[] image) => image.Select((v, i) => (i % Side, i / Side, (int)v));

    private static (double X, double Y) Centroid(byte[] image)
    {
        double sum = image.Sum(v => v);
        return (Pixels(image).Sum(p => p.X * p.Value) / sum, Pixels(image).Sum(p => p.Y * p.Value) / sum);
    }

    private static (double Xx, double Xy, double Yy) Spread(byte[] image)
    {
        (double x, double y) = Centroid(image);
        double sum = image.Sum(v => v);
        return (Pixels(image).Sum(p => (p.X - x) * (p.X - x) * p.Value) / sum, Pixels(image).Sum(p => (p.X - x) * (p.Y - y) * p.Value) / sum,
            Pixels(image).Sum(p => (p.Y - y) * (p.Y - y) * p.Value) / sum);
    }
}
