using System.Diagnostics;
using System.Drawing;
using System.Numerics;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Training.Datasets.Strokes;

namespace Recognizer.Tests.Imaging;

public class PenDrawingTests
{
    /// <summary>The points of the usual form of a character, about 100 high.</summary>
    private static Vector2[][] Character(char character) =>
        [.. StrokeAlphabet.Allographs[StrokeAlphabet.Characters.IndexOf(character, StringComparison.Ordinal)].MaxBy(a => a.Weight)!.Strokes.Select(s => s.X.Zip(s.Y, (x, y) => new Vector2(x, y)).ToArray())];

    private static Vector2[][] Moved(Vector2[][] strokes, float scale, float right, float down) => [.. strokes.Select(s => s.Select(p => scale * p + new Vector2(right, down)).ToArray())];

    private static Vector2[][] Line(string text, float scale = 1, float right = 0, float down = 0) =>
        [.. text.SelectMany((c, i) => c == ' ' ? [] : Moved(Character(c), scale, right + 150 * scale * i, down))];

    private static bool IsDark(GrayImage image, float x, float y) => image.Pixels[(int)MathF.Round(y) * image.Width + (int)MathF.Round(x)] < 80;

    [Theory]
    [InlineData("123456789")]
    [InlineData("ABCDEFGHJKLMNPQRSTUVWXY")]
    [InlineData("abdeghijknrt")]
    public void Trajectories_of_few_points_are_read_as_what_they_are(string characters)
    {
        foreach (char c in characters) Assert.Equal($"{c}", CharacterRecognizer.Default.Recognize(Character(c)).Label);
    }

    [Theory]
    [InlineData(0.01f, 0, 0)]
    [InlineData(1, -500, 70_000)]
    [InlineData(26.458f, 40_000, 3)]
    public void The_unit_and_the_place_do_not_matter(float scale, float right, float down)
    {
        foreach (char c in "4gR")
        {
            GrayImage expected = PenDrawing.Draw(Character(c)).Image, actual = PenDrawing.Draw(Moved(Character(c), scale, right, down)).Image;
            Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
            for (int i = 0; i < expected.Pixels.Length; i++) Assert.InRange(actual.Pixels[i] - expected.Pixels[i], -12, 12);
            Assert.Equal($"{c}", CharacterRecognizer.Default.Recognize(Moved(Character(c), scale, right, down)).Label);
        }
        // Powers of two leave nothing to round
        Assert.Equal(PenDrawing.Draw(Character('4')).Image.Pixels, PenDrawing.Draw(Moved(Character('4'), 1 / 1024f, 0, 0)).Image.Pixels);
    }

    [Fact]
    public void The_pen_is_a_tenth_as_thick_as_the_writing_is_high_whatever_the_page()
    {
        Vector2[] upright = [new(0, 0), new(0, 100)];
        // A bar of an E is no writing of its own; nor does a far line of a page, a rule under it or a tall frame change the size
        Vector2[][][] pages =
        [
            [upright],
            [upright, [new(0, 0), new(60, 2)], [new(0, 50), new(50, 51)], [new(0, 100), new(60, 101)]],
            [upright, .. Enumerable.Range(1, 9).Select(i => Moved([upright], 1, i % 3 * 90, i * 200)[0])],
            [upright, Moved([upright], 1, 90, 0)[0], [new(-20, 120), new(300, 122)]],
            [upright, .. Enumerable.Range(1, 9).Select(i => Moved([upright], 1, i * 90, 0)[0]), [new(-50, -50), new(1000, -50), new(1000, 150), new(-50, 150), new(-50, -50)]],
        ];
        foreach (var page in pages)
        {
            PenDrawing drawing = PenDrawing.Draw(page);
            RectangleF pixel = drawing.ToPen(new BoundingBox(0, 0, 1, 1));
            Assert.Equal(100 / 48f, pixel.Width, 0.05f);
            int row = (int)((20 - pixel.Top) / pixel.Height), middle = (int)(-pixel.Left / pixel.Width);
            double ink = 0;
            for (int x = middle - 8; x <= middle + 8; x++) ink += 1 - drawing.Image.Pixels[row * drawing.Image.Width + x] / 255.0;
            Assert.Equal(4.8, ink, 0.2);
        }
    }

    [Fact]
    public void A_stroke_of_one_point_is_a_dot_that_makes_an_i()
    {
        Vector2[] stem = [new(50, 35), new(50, 60), new(52, 100)], dot = [new(50, 8)];
        GrayImage with = PenDrawing.Draw([stem, dot]).Image;
        Assert.Equal("i", CharacterRecognizer.Default.Recognize([stem, dot]).Label);
        Assert.NotEqual("i", CharacterRecognizer.Default.Recognize([stem]).Label);
        Assert.Equal(with.Pixels, PenDrawing.Draw([stem, [dot[0], dot[0], dot[0]]]).Image.Pixels);
        Assert.Equal(with.Pixels, PenDrawing.Draw([[], stem, dot, []]).Image.Pixels);
        // A pen that is set down rarely gives one point only
        ReadOnlySpan<byte> tap = PenDrawing.Draw([stem, [new(50, 8), new(51, 8), new(52, 8)]]).Image.Pixels, point = PenDrawing.Draw([stem, [new(51, 8)]]).Image.Pixels;
        Assert.Equal(point.Length, tap.Length);
        for (int i = 0; i < tap.Length; i++) Assert.InRange(tap[i] - point[i], -1, 1);
        // Whatever its place, a single dot is the same disc
        foreach (Vector2 place in new Vector2[] { default, new(-7, 1e30f), new(1e-38f, float.MaxValue) })
        {
            GrayImage disc = PenDrawing.Draw([[place]]).Image;
            Assert.Equal((52, 52), (disc.Width, disc.Height));
            Assert.True(IsDark(disc, 26, 26) && IsDark(disc, 28, 26) && !IsDark(disc, 31, 26));
        }
    }

    [Fact]
    public void Few_points_of_a_round_stroke_are_joined_by_a_curve()
    {
        Vector2[] circle = [.. Enumerable.Range(0, 7).Select(i => 100 * new Vector2(MathF.Cos(i * MathF.Tau / 6), MathF.Sin(i * MathF.Tau / 6)))];
        PenDrawing drawing = PenDrawing.Draw([circle]);
        RectangleF pixel = drawing.ToPen(new BoundingBox(0, 0, 1, 1));
        // Halfway between the points, where chords are 13 units within the circle; beside the ends the curve is flatter
        for (int i = 1; i < 5; i++)
        {
            var (sine, cosine) = MathF.SinCos((i + 0.5f) * MathF.Tau / 6);
            Assert.True(IsDark(drawing.Image, (98 * cosine - pixel.Left) / pixel.Width - 0.5f, (98 * sine - pixel.Top) / pixel.Height - 0.5f), $"piece {i}");
        }
        // Points at uneven distances: the curve stays with them
        GrayImage uneven = PenDrawing.Draw([[new(0, 0), new(0, 90), new(0, 100), new(10, 100), new(400, 100)]]).Image, straight = PenDrawing.Draw([[new(0, 0), new(0, 100)], [new(0, 100), new(400, 100)]]).Image;
        Assert.InRange(uneven.Pixels.ToArray().Zip(straight.Pixels.ToArray(), (a, b) => Math.Abs(a - b) / 255.0).Sum(), 0, 25);
    }

    [Fact]
    public void Lines_and_fields_are_read_and_their_boxes_go_back_to_the_pen()
    {
        // Hundredths of a millimetre somewhere on a tablet
        const float Scale = 7.5f, Right = 12_000, Down = 30_000;
        PenDrawing drawing = PenDrawing.Draw([.. Line("2745", Scale, Right, Down), .. Line("693", Scale, Right, Down + 1500)]);
        using CharacterRecognizer digits = CharacterRecognizer.Load(ShippedModel.Characters, new RecognizerOptions { Alphabet = Alphabet.Digits });
        PageResult page = new PageReader(digits).Read(drawing.Image);
        Assert.Equal(["2745", "693"], page.Lines.Select(l => l.Text.Replace(" ", "", StringComparison.Ordinal)));
        foreach ((PageLine line, int number) in page.Lines.Select((l, i) => (l, i)))
            foreach ((PageCharacter character, int place) in line.Words.SelectMany(w => w.Characters).Select((c, i) => (c, i)))
            {
                Vector2[] points = [.. Moved(Character(character.Label[0]), Scale, Right + 150 * Scale * place, Down + 1500 * number).SelectMany(s => s)];
                RectangleF box = drawing.ToPen(character.Box);
                // Half the pen's width, as much as the curve goes beyond its points, and two pixels
                const float Slack = 0.05f * 100 * Scale + 0.04f * 100 * Scale + 2 * 100 * Scale / 48;
                Assert.InRange(points.Min(p => p.X) - box.Left, 0, Slack);
                Assert.InRange(points.Min(p => p.Y) - box.Top, 0, Slack);
                Assert.InRange(box.Right - points.Max(p => p.X), 0, Slack);
                Assert.InRange(box.Bottom - points.Max(p => p.Y), 0, Slack);
            }
        FieldResult? field = new FieldReader(digits, FieldFormat.Parse("dd/dd")).Read(PenDrawing.Draw([.. Line("27", Scale), [new(370 * Scale, 100 * Scale), new(420 * Scale, 0)], .. Line("45", Scale, 450 * Scale)]).Image);
        Assert.Equal("27/45", field?.Text);
    }

    [Fact]
    public void Nothing_is_a_blank_picture()
    {
        foreach (Vector2[][] nothing in new Vector2[][][] { [], [[]], [[], []] })
        {
            GrayImage blank = PenDrawing.Draw(nothing).Image;
            Assert.Equal(-1, blank.Pixels.IndexOfAnyExcept((byte)255));
            Prediction prediction = CharacterRecognizer.Default.Recognize(nothing), other = CharacterRecognizer.Default.Recognize(new GrayImage(9, 9, new byte[81]));
            Assert.Equal((other.Label, other.Confidence, false), (prediction.Label, prediction.Confidence, prediction.IsLikelyCharacter));
            Assert.Empty(new PageReader(CharacterRecognizer.Default).Read(blank).Lines);
        }
    }

    [Fact]
    public void Extreme_strokes_stay_within_the_pixels_and_the_time()
    {
        var random = new Random(3);
        Vector2[] Stroke(int count, float side) => [.. Enumerable.Range(0, count).Select(_ => new Vector2((random.NextSingle() - 0.5f) * side, (random.NextSingle() - 0.5f) * side))];
        Dictionary<string, Vector2[][]> extremes = new()
        {
            ["1e30"] = Moved(Character('4'), 1e28f, 1e30f, -1e30f),
            ["the greatest"] = [[new(-float.MaxValue, -float.MaxValue), new(float.MaxValue, float.MaxValue)], [new(-float.MaxValue, float.MaxValue), new(float.MaxValue, -float.MaxValue)]],
            ["the least"] = [[new(0, 0), new(float.Epsilon, float.Epsilon)]],
            ["level"] = [[new(0, 5), new(float.MaxValue, 5)]],
            ["an outlier"] = [.. Line("2745"), [new(1e30f, 1e30f)]],
            ["two dots"] = [[new(0, 0)], [new(1e20f, 1)]],
            ["a dash and a dot"] = [[new(0, 0), new(1e-20f, 0)], [new(1e20f, 1)]],
            ["a long line"] = [.. Enumerable.Range(0, 100_000).SelectMany(i => Moved(Character((char)('0' + i % 10)), 1, i * 130f, 0))],
            ["many points"] = [Stroke(300_000, 100)],
            ["many points on a large page"] = [Stroke(2000, 10_000), .. Enumerable.Range(0, 3000).Select(i => Moved([[new(0, 0), new(0, 100)]], 1, i, 0)[0])],
        };
        foreach (var (name, strokes) in extremes)
        {
            var watch = Stopwatch.StartNew();
            PenDrawing drawing = PenDrawing.Draw(strokes);
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), $"{name}: {watch.Elapsed}");
            Assert.True(drawing.Image.Pixels.Length <= PenDrawing.MaxPixels, name);
            Assert.True(drawing.Image.Pixels.ContainsAnyInRange((byte)0, (byte)160), $"{name} doesn't show");
        }
        Assert.Equal("4", CharacterRecognizer.Default.Recognize(extremes["1e30"]).Label);
        Assert.Equal("X", CharacterRecognizer.Default.Recognize(extremes["the greatest"]).Label, ignoreCase: true);
    }

    [Fact]
    public void Coordinates_that_are_not_finite_are_named()
    {
        foreach (Vector2 bad in new Vector2[] { new(float.NaN, 2), new(1, float.PositiveInfinity), new(float.NegativeInfinity, 0) })
        {
            var exception = Assert.Throws<ArgumentException>("strokes", () => PenDrawing.Draw([[new(1, 2)], [new(3, 4), new(5, 6), bad]]));
            Assert.Contains("strokes[1][2]", exception.Message, StringComparison.Ordinal);
        }
        Assert.Contains("(NaN, 2.5)", Assert.Throws<ArgumentException>("strokes", () => CharacterRecognizer.Default.Recognize([[new Vector2(float.NaN, 2.5f)]])).Message, StringComparison.Ordinal);
        Assert.Contains("strokes[1]", Assert.Throws<ArgumentException>("strokes", () => PenDrawing.Draw([[new(1, 2)], null!])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>("strokes", () => PenDrawing.Draw(null!));
    }
}
