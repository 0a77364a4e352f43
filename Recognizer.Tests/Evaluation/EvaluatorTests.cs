using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Fitting;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;

namespace Recognizer.Tests.Evaluation;

public sealed class EvaluatorTests : IDisposable
{
    private readonly CharacterRecognizer _model = CharacterRecognizer.Load(Architecture.Build("cnn2", ["-", "|", "o", "x", "X"], seed: 3, width: 0.5));
    private readonly Dataset _shapes = Shapes.Make(train: 4, test: 60);

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(null, false, 512)]
    [InlineData("ox", false, 7)]
    [InlineData(null, true, 60)]
    public void Gives_what_the_builder_gives(string? alphabetText, bool ignoreCase, int batch)
    {
        Alphabet? alphabet = alphabetText is null ? null : Alphabet.Parse(alphabetText);
        var builder = new MulticlassMetricsBuilder(_model.Labels, _shapes.Labels, alphabet, ignoreCase);
        var pixels = new float[784];
        var scores = new float[5];
        var predicted = new List<string>();
        for (int i = 0; i < 60; i++)
        {
            for (int p = 0; p < 784; p++) pixels[p] = _shapes.Test!.Image(i)[p] * (1f / 255);
            _model.Score(pixels, 1, scores);
            int answer = builder.Add(_shapes.Test!.Labels[i], scores);
            if (answer >= 0) predicted.Add(builder.Labels[answer]);
        }
        MulticlassMetrics expected = builder.Build();
        var seen = new List<EvaluatedImage>();
        var options = new EvaluationOptions { Labels = _shapes.Labels, Alphabet = alphabet, IgnoreCase = ignoreCase, BatchSize = batch, Observer = seen.Add };
        MulticlassMetrics actual = Evaluator.Evaluate(_model, Images(), options).Metrics;
        AssertSame(expected, actual);
        Assert.Equal(predicted, seen.Select(image => image.Predicted));
        Assert.Equal(actual.MicroAccuracy, seen.Average(image => image.IsRight ? 1.0 : 0), 1e-12);
        Assert.All(seen, image => Assert.InRange(image.Confidence, 0, 1.0001f));
        Assert.False(default(EvaluatedImage).IsRight);
        // All four labels occur, so that leaving the list out changes nothing but the order of the classes.
        MulticlassMetrics unlisted = Evaluator.Evaluate(_model, Images(), options with { Labels = null }).Metrics;
        Assert.Equal(expected.LogLoss, unlisted.LogLoss, 1e-9);
        Assert.Equal(expected.MicroAccuracy, unlisted.MicroAccuracy);
    }

    [Fact]
    public void Figures_are_those_of_one_model_even_if_it_is_replaced_meanwhile()
    {
        byte[] other = OnnxWriter.ToBytes(Architecture.Build("cnn2", ["o", "x"], seed: 4, width: 0.5));
        var options = new EvaluationOptions { Labels = _shapes.Labels, BatchSize = 7 };
        MulticlassMetrics expected = Evaluator.Evaluate(_model, Images(), options).Metrics;
        IEnumerable<LabelledImage> replacing = Images().Select((image, i) =>
        {
            if (i == 20) _model.ReplaceModel(other);
            return image;
        });
        AssertSame(expected, Evaluator.Evaluate(_model, replacing, options).Metrics);
        Assert.Equal(["o", "x"], _model.Labels);
    }

    [Fact]
    public void Every_form_of_an_image_counts_alike()
    {
        var image = new GrayImage(40, 50, [.. Enumerable.Range(0, 2000).Select(p => (byte)(p % 40 is > 16 and < 23 && p / 40 is > 8 and < 42 ? 20 : 230))]);
        var pixels = new float[784];
        CharacterNormalizer.Normalize(image, _model.Layout, Polarity.Detect, pixels);
        var confidences = new List<float>();
        var options = new EvaluationOptions { Labels = ["|", "o"], Observer = e => confidences.Add(e.Confidence) };
        LabelledImage[] forms =
        [
            LabelledImage.FromNormalized(pixels, "|"), LabelledImage.FromGray(image, "|"), LabelledImage.FromGray(image, "|", Polarity.DarkOnLight),
            LabelledImage.FromEncoded(PngEncoder.Encode(image), "|"),
        ];
        Assert.Equal(4, Evaluator.Evaluate(_model, forms, options).Metrics.Count);
        Assert.Single(confidences.Distinct());
    }

    [Fact]
    public void Files_that_are_no_images_count_as_wrong()
    {
        LabelledImage[] images = [.. Images().Take(3), LabelledImage.FromEncoded("nothing"u8.ToArray(), "o"), LabelledImage.Unreadable("x")];
        MulticlassMetrics metrics = Evaluator.Evaluate(_model, images, new EvaluationOptions { Labels = _shapes.Labels, Threads = 2 }).Metrics;
        Assert.Equal((5, 2), (metrics.Count, metrics.Unreadable));
    }

    [Fact]
    public void Labels_that_were_not_announced_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Evaluator.Evaluate(_model, Images(), new EvaluationOptions { Labels = ["-", "|"] }));
        Assert.Throws<ArgumentException>("pixels", () => LabelledImage.FromNormalized(new float[783], "o"));
    }

    [Theory]
    [InlineData("OX")]
    [InlineData("ox")]
    [InlineData("OxX")]
    public void Labels_that_differ_by_case_only_count_as_the_same_where_case_is_ignored(string listed)
    {
        string[] labels = [.. listed.Select(label => $"{label}")];
        LabelledImage[] images = [.. ((string[])["o", "O", "x", "X"]).Select(label => LabelledImage.FromNormalized(new float[784], label))];
        MulticlassMetrics metrics = Evaluator.Evaluate(_model, images, new EvaluationOptions { Labels = labels, IgnoreCase = true }).Metrics;
        Assert.Equal([("O", 2L), ("X", 2L)], metrics.PerClass.Where(c => c.Support > 0).Select(c => (c.Label, c.Support)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_537)]
    [InlineData(int.MaxValue)]
    public void Batches_have_a_range(int batchSize) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Evaluator.Evaluate(_model, Images(), new EvaluationOptions { BatchSize = batchSize }));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Images_are_not_kept(bool announced)
    {
        var drawn = new List<WeakReference>();
        int most = 0;
        var options = new EvaluationOptions { Labels = announced ? _shapes.Labels : null, BatchSize = 10, Progress = new Immediate(_ =>
        {
            GC.Collect();
            most = Math.Max(most, drawn.Count(image => image.IsAlive));
        }) };
        MulticlassMetrics metrics = Evaluator.Evaluate(_model, Images().Select(image => { drawn.Add(new WeakReference(image)); return image; }), options).Metrics;
        Assert.Equal(60, metrics.Count);
        Assert.InRange(most, 1, 40); // of this batch, and what the enumeration and the stack still hold of the last ones
    }

    private sealed class Immediate(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }

    [Fact]
    public void Stops_between_batches()
    {
        using var stop = new CancellationTokenSource();
        var options = new EvaluationOptions { Labels = _shapes.Labels, BatchSize = 10, Observer = e => { if (e.Index == 20) stop.Cancel(); } };
        int drawn = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => Evaluator.Evaluate(_model, Images().Select(image => { drawn++; return image; }), options, stop.Token));
        Assert.InRange(drawn, 21, 40);
    }

    private IEnumerable<LabelledImage> Images() => _shapes.Test!.Labelled(_shapes.Labels);

    private static void AssertSame(MulticlassMetrics expected, MulticlassMetrics actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        Assert.Equal(expected.Skipped, actual.Skipped);
        Assert.Equal(expected.MicroAccuracy, actual.MicroAccuracy);
        Assert.Equal(expected.LogLoss, actual.LogLoss, 1e-5);
        Assert.Equal(expected.ExpectedCalibrationError, actual.ExpectedCalibrationError, 1e-5);
        Assert.Equal(expected.TopKAccuracy, actual.TopKAccuracy);
        Assert.Equal(expected.PerClass.Select(c => (c.Label, c.Support, c.Recall)), actual.PerClass.Select(c => (c.Label, c.Support, c.Recall)));
    }
}
