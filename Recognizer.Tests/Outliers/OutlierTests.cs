using Recognizer.Inference;
using Recognizer.Tests.Fitting;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;
using Recognizer.Training.Outliers;

namespace Recognizer.Tests.Outliers;

public class OutlierTests
{
    private static readonly DatasetPart Characters = Shapes.Painted(200);
    private static readonly IReadOnlyList<InkMeasure> Models = OutlierSuite.Measure(Characters);

    public static TheoryData<string> Names => [.. OutlierSuite.All.Select(o => o.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Pictures_differ_and_depend_on_their_number_only(string name)
    {
        int number = Number(name);
        byte[] one = OutlierSuite.Draw(number, 30, Models, threads: 1), many = OutlierSuite.Draw(number, 40, Models, threads: 4);
        Assert.Equal(one, many[..one.Length]);
        int distinct = Enumerable.Range(0, 40).Select(i => Convert.ToHexString(many, i * 784, 784)).Distinct().Count();
        Assert.InRange(distinct, name == "blank" ? 20 : 39, 40);
        if (name == "blank") return;
        for (int i = 0; i < 40; i++)
        {
            double mean = many.AsSpan(i * 784, 784).ToArray().Average(v => v), deviation = Math.Sqrt(many.AsSpan(i * 784, 784).ToArray().Average(v => (v - mean) * (v - mean)));
            Assert.True(deviation > 12, $"picture {i} is nearly blank");
        }
    }

    [Fact]
    public void Scribbles_have_the_pen_the_extent_and_the_ink_of_characters_and_cross_themselves()
    {
        byte[] images = OutlierSuite.Draw(Number("scribble"), 60, Models);
        double pens = 0, ink = 0;
        for (int i = 0; i < 60; i++)
        {
            InkMeasure model = Models[i % Models.Count], drawn = InkMeasure.Of(images.AsSpan(i * 784, 784));
            Assert.InRange(drawn.Width - model.Width, -3, 3);
            Assert.InRange(drawn.Height - model.Height, -3, 3);
            Assert.InRange(drawn.Left - model.Left, -2, 2);
            Assert.InRange(drawn.Top - model.Top, -2, 2);
            pens += drawn.Pen / model.Pen / 60;
            ink += drawn.Ink / model.Ink / 60;
        }
        Assert.InRange(pens, 0.8, 1.3);
        Assert.InRange(ink, 0.9, 1.1);
    }

    [Fact]
    public void Measures_of_a_bar_are_its_own()
    {
        var image = new byte[784];
        for (int y = 4; y < 24; y++) for (int x = 10; x < 13; x++) image[y * 28 + x] = 255;
        InkMeasure bar = InkMeasure.Of(image);
        Assert.Equal((10, 4, 3, 20), (bar.Left, bar.Top, bar.Width, bar.Height));
        Assert.Equal(60, bar.Ink, 1e-4f);
        Assert.Equal(2 * 60 / (46 * MathF.PI / 4), bar.Pen, 1e-4f);
        Assert.False(bar.IsRoomy);
        Assert.Equal(0, InkMeasure.Of(new byte[784]).Ink);
    }

    [Fact]
    public void Crossings_are_counted()
    {
        var pen = new Pen();
        pen.Line(0, 0, 2, 2);
        pen.Line(5, 5, 6, 6);
        pen.Line(0, 2, 2, 0);
        pen.Line(5.2f, 6, 5.9f, 5);
        Assert.Equal(2, pen.Crossings(apart: 0.1f));
        // Too near to the first to count again, and too flat to count at all.
        pen.Line(1.1f, 2, 1.1f, 0);
        pen.Line(0, 0.1f, 2, 1.9f);
        Assert.Equal(2, pen.Crossings(apart: 0.5f));
    }

    [Fact]
    public void The_suite_gives_an_area_for_every_kind()
    {
        using CharacterRecognizer model = CharacterRecognizer.Load(Architecture.Build("cnn2", ["0", "1", "2"], seed: 3, width: 0.5));
        OutlierReport report = OutlierSuite.Evaluate(model, Characters, 0, null, default);
        Assert.Equal(OutlierSuite.All.Select(o => o.Name), report.Results.Select(r => r.Kind));
        Assert.All(report.Results, r => Assert.InRange(r.Auroc, 0, 1));
        Assert.Equal(report.Results.Min(r => r.Auroc), report.Lowest.Auroc);
    }

    private static int Number(string name) => OutlierSuite.All.Select((o, i) => (o, i)).First(x => x.o.Name == name).i;
}
