using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Rejection;
using Recognizer.Training;
using Recognizer.Training.Architectures;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public class RejectionFittingTests
{
    private static readonly DatasetPart Characters = Shapes.Painted(700);
    private static readonly int[] First = [.. Enumerable.Range(0, 400)];

    [Fact]
    public void Logistic_regression_finds_the_weights_that_made_the_data()
    {
        double[] made = [0.5, -1.5, 0.8];
        var random = new CounterRandom(5);
        var rows = new float[3 * 20_000];
        var truth = new bool[20_000];
        for (int row = 0; row < truth.Length; row++)
        {
            (rows[3 * row], rows[3 * row + 1], rows[3 * row + 2]) = (1, random.NextGaussian(), random.NextGaussian());
            double odds = Enumerable.Range(0, 3).Sum(i => made[i] * rows[3 * row + i]);
            truth[row] = random.NextDouble() < 1 / (1 + Math.Exp(-odds));
        }
        double[] found = LogisticRegression.Fit(rows, truth, 3, 1e-9);
        for (int i = 0; i < 3; i++) Assert.Equal(made[i], found[i], 0.06);
        // Groups without overlap have no best weights but for the ridge.
        Assert.All(LogisticRegression.Fit([1, -1, 1, 1], [false, true], 2, 1e-3), w => Assert.True(double.IsFinite(w)));
    }

    [Fact]
    public void Marks_are_unlike_each_other_within_range_and_depend_on_the_key_only()
    {
        var one = new float[784];
        var two = new float[784];
        for (int way = 0; way < MarkPainter.Ways; way++)
        {
            var seen = new HashSet<string>();
            for (ulong key = 0; key < 20; key++)
            {
                MarkPainter.Paint(Characters, First, way, key, one);
                Array.Fill(two, 3);
                MarkPainter.Paint(Characters, First, way, key, two);
                Assert.Equal(one, two);
                Assert.All(one, value => Assert.InRange(value, 0, 1));
                seen.Add(string.Join(',', one));
            }
            Assert.InRange(seen.Count, 18, 20);
        }
    }

    [Fact]
    public void Fitted_numbers_tell_characters_from_marks_that_the_fit_has_not_seen()
    {
        Graph graph = Architecture.Build("cnn2", ["0", "1", "2"], seed: 3, width: 0.5);
        string json = RejectionFitting.Fit(graph, Characters, First, 1, 1, default)!;
        Assert.Equal(json, RejectionFitting.Fit(graph, Characters, First, 1, 2, default));
        graph.Metadata[ModelMetadata.RejectionKey] = json;
        RejectionModel rejection = RejectionModel.Of(graph);
        using CharacterRecognizer model = CharacterRecognizer.Load(graph);
        var pixels = new float[300 * 784];
        var marks = new float[300 * 784];
        for (int i = 0; i < 300; i++)
        {
            DatasetPart.ToUnit(Characters.Image(400 + i), pixels.AsSpan(i * 784, 784));
            MarkPainter.Paint(Characters, [.. Enumerable.Range(400, 300)], i % MarkPainter.Ways, (ulong)i, marks.AsSpan(i * 784, 784));
        }
        float[] characterScores = new float[300], markScores = new float[300];
        model.Score(pixels, 300, new float[900], null, characterScores);
        model.Score(marks, 300, new float[900], null, markScores);
        Assert.InRange(RocCurve.Area(characterScores, markScores), 0.85, 1);
        Assert.InRange(characterScores.Count(rejection.Accepts), 280, 300);
    }

    [Fact]
    public void What_lies_further_out_than_all_marks_is_no_character()
    {
        // The last feature of these marks varies less than that of characters: seen by itself, an extreme value would speak for a character.
        int names = RejectionModel.Names.Length;
        var random = new CounterRandom(8);
        var features = new float[2000 * names];
        for (int i = 0; i < features.Length; i++)
        {
            bool mark = i / names >= 1000;
            features[i] = random.NextGaussian() * (mark && i % names == names - 1 ? 0.2f : 1) + (mark && i % names == 0 ? 2 : 0);
        }
        using JsonDocument fitted = JsonDocument.Parse(RejectionFitting.Fit(features, 1000));
        JsonElement[] terms = [.. fitted.RootElement.GetProperty("features").EnumerateObject().Select(p => p.Value)];
        Assert.Equal(names, terms.Length);
        Assert.All(terms, term => Assert.InRange(term.GetProperty("square").GetDouble(), 0, 10));
        Assert.InRange(terms[0].GetProperty("weight").GetDouble(), 1, 4);
    }

    [Fact]
    public void Few_characters_fit_nothing()
    {
        Assert.Null(RejectionFitting.Fit(Architecture.Build("cnn2", ["0", "1", "2"], seed: 3, width: 0.5), Characters, First[..50], 1, 1, default));
    }
}
