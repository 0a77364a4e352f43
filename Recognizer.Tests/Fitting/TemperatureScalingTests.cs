using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public class TemperatureScalingTests
{
    private const int Rows = 30_000;

    [Theory]
    [InlineData(0.7)]
    [InlineData(1)]
    [InlineData(2.5)]
    public void Finds_the_temperature_that_the_labels_were_drawn_with(double temperature)
    {
        (float[] logits, int[] labels) = Draw(5, temperature);
        Assert.InRange(Fit(logits, Data(5, labels)) / temperature, 0.95, 1.05);
    }

    [Fact]
    public void Images_known_by_group_only_count_as_such()
    {
        // Classes 0 and 1 can't be told apart in two images of three; these are of classes that the model is too sure of.
        const double Temperature = 1.6;
        (float[] logits, int[] labels) = Draw(3, Temperature);
        for (int row = 0; row < Rows; row++)
        {
            if (row % 3 != 0 && labels[row] < 2) labels[row] = 3;
        }
        Assert.InRange(Fit(logits, Data(3, labels, [0, 1])) / Temperature, 0.95, 1.05);
    }

    // A model that is right with a margin of 5 expects one mistake in 150 images: the first handful without one says nothing new.
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Perfect_answers_do_not_ask_for_infinite_confidence(int imagesPerClass)
    {
        TrainingData data = Data(2, [.. Enumerable.Range(0, 4 * imagesPerClass).Select(i => i % 2)]);
        float[] logits = [.. data.HeldBack.SelectMany(i => i % 2 == 0 ? new[] { 5f, 0 } : [0, 5])];
        Assert.Equal(2 * imagesPerClass, data.HeldBack.Length);
        Assert.InRange(TemperatureScaling.Fit(logits, new HeldBackImages(data, null)), 0.8, 1.05);
    }

    [Fact]
    public void A_handful_of_perfect_answers_moves_no_factor_within_families_far()
    {
        // Of classes 2 and 3 three answers in four are right, as the model expects; the three images of class 0 and of 1 all are, with a margin of 5.
        TrainingData data = Data(4, [.. Enumerable.Range(0, 812).Select(i => i < 12 ? i % 2 : 2 + i % 2)], [0, 1]);
        Assert.Equal([3, 3, 200, 200], Enumerable.Range(0, 4).Select(k => data.HeldBack.Count(i => data.Images.Labels[i] == k)));
        float[] logits = [.. data.HeldBack.SelectMany((i, row) => data.Images.Labels[i] switch
        {
            0 => new float[] { 5, 0, -20, -20 },
            1 => [0, 5, -20, -20],
            int k => [-20, -20, k == 2 == (row % 4 > 0) ? MathF.Log(3) : 0, k == 2 == (row % 4 > 0) ? 0 : MathF.Log(3)],
        })];
        var images = new HeldBackImages(data, null);
        Assert.InRange(TemperatureScaling.Fit(logits, images), 0.8, 1.2);
        Assert.InRange(TemperatureScaling.FitWithinFamilies(logits, images)!.Value, 0.95, 1.2);
    }

    [Fact]
    public void Images_of_another_mix_give_the_temperature_of_the_mix_that_is_expected()
    {
        // Scores of two classes that overlap; the model expects them equally often, the images have three times as many of the second.
        const double Temperature = 1.7;
        var random = new CounterRandom(CounterRandom.Key(4));
        var logits = new float[2 * Rows];
        var labels = new int[Rows];
        for (int row = 0; row < Rows; row++)
        {
            labels[row] = row % 4 == 0 ? 0 : 1;
            // Normal with means ±1 and deviation 1: the logit of one class against the other is 2 x.
            logits[2 * row + labels[row]] = (float)Temperature * 2 * (1 + random.NextGaussian());
        }
        Assert.InRange(Fit(logits, Data(2, labels), [0.5, 0.5]) / Temperature, 0.95, 1.05);
    }

    [Fact]
    public void Biases_put_wrong_frequencies_right()
    {
        const double Temperature = 1.5;
        double[] wrong = [0.5, -0.4, 0];
        (float[] logits, int[] labels) = Draw(3, 1);
        // What the model gives is too sure, and takes class 0 for more frequent than it is, 1 for less.
        for (int i = 0; i < logits.Length; i++) logits[i] = (float)(Temperature * (logits[i] + wrong[i % 3]));
        for (int row = 0; row < Rows; row += 4)
        {
            if (labels[row] < 2) labels[row] = 3;
        }
        TrainingData data = Data(3, labels, [0, 1]);
        var biases = new double[3];
        Assert.InRange(TemperatureScaling.Fit(HeldBack(logits, data), new HeldBackImages(data, null), biases) / Temperature, 0.95, 1.05);
        for (int k = 1; k < 3; k++) Assert.Equal(wrong[0] - wrong[k], biases[k] - biases[0], 0.06);
    }

    [Fact]
    public void Differences_within_a_family_get_a_factor_of_their_own()
    {
        // Labels are drawn from these scores; the model then trebles the difference of classes 1 and 2, which most images don't tell apart, and divides all by a temperature.
        const double Temperature = 1.4, Excess = 3;
        (float[] logits, int[] labels) = Draw(4, 1);
        for (int row = 0; row < Rows; row++)
        {
            ClassifierHead.Contract(logits, [[1, 2]], Excess, 4 * row, 1);
            if (row % 5 != 0 && labels[row] is 1 or 2) labels[row] = 4;
        }
        for (int i = 0; i < logits.Length; i++) logits[i] *= (float)Temperature;
        TrainingData data = Data(4, labels, [1, 2]);
        Assert.Equal([1, 2], Assert.Single(data.Families));
        var images = new HeldBackImages(data, null);
        float[] scores = HeldBack(logits, data);
        // In units of the model's own temperature, which the excess moves too.
        double factor = TemperatureScaling.FitWithinFamilies(scores, images)!.Value / TemperatureScaling.Fit(scores, images);
        Assert.InRange(factor * Excess * Temperature, 0.93, 1.07);
        Assert.Null(TemperatureScaling.FitWithinFamilies(scores, new HeldBackImages(Data(4, [.. labels.Select(l => l % 4)]), null)));
    }

    [Fact]
    public void Contracting_a_head_contracts_its_scores()
    {
        Graph graph = Architecture.Build("nano", ["A", "B", "a", "C"], 5, 1);
        var random = new CounterRandom(3);
        float[] pixels = [.. Enumerable.Range(0, 2 * DatasetPart.PixelsPerImage).Select(_ => random.NextSingle())], before = new float[8], after = new float[8];
        foreach (ref float bias in ClassifierHead.Bias(graph)!.Span<float>()) bias = random.NextSingle();
        Score(before);
        ClassifierHead.Contract(graph, [[0, 2]], 0.25);
        Score(after);
        for (int row = 0; row < 2; row++) ClassifierHead.Contract(before, [[0, 2]], 0.25, 4 * row, 1);
        for (int i = 0; i < 8; i++) Assert.Equal(before[i] - before[i / 4 * 4 + 1], after[i] - after[i / 4 * 4 + 1], 1e-4);

        void Score(float[] scores)
        {
            using CharacterRecognizer model = CharacterRecognizer.Load(graph.Clone());
            model.Score(pixels, 2, scores);
            for (int i = 0; i < scores.Length; i++) scores[i] = MathF.Log(scores[i]);
        }
    }

    [Fact]
    public void Slopes_are_those_of_the_loss()
    {
        (float[] logits, int[] labels) = Draw(3, 1.3);
        for (int row = 0; row < Rows; row += 3)
        {
            if (labels[row] < 2) labels[row] = 3;
        }
        TrainingData data = Data(3, labels, [0, 1]);
        double[] use = [0.2, 0.5, 0.3], train = data.TrainingFrequencies();
        var images = new HeldBackImages(data, use);
        float[] scores = HeldBack(logits, data);
        double[] biases = [0.3, -0.2, 0.1], gradient = new double[3], curvature = new double[3];
        const double Inverse = 0.8, Step = 1e-4;
        double slope = images.Slope(scores, Inverse, biases, gradient, curvature);
        Assert.Equal((TotalLoss(Inverse + Step, biases) - TotalLoss(Inverse - Step, biases)) / (2 * Step), slope, 0.05);
        for (int k = 0; k < 3; k++)
        {
            double Shifted(double by) => TotalLoss(Inverse, [.. biases.Select((b, i) => i == k ? b + by : b)]);
            Assert.Equal((Shifted(Step) - Shifted(-Step)) / (2 * Step), gradient[k], 0.05);
            Assert.InRange(curvature[k], (Shifted(0.01) - 2 * Shifted(0) + Shifted(-0.01)) / 1e-4 - 1, Rows);
        }

        double TotalLoss(double inverse, double[] b)
        {
            double loss = 0;
            for (int row = 0; row < images.Count; row++)
            {
                int[] known = data.Members(data.Images.Labels[data.HeldBack[row]]).ToArray();
                double[] p = [.. Enumerable.Range(0, 3).Select(k => Math.Exp(scores[3 * row + k] * inverse + b[k]))];
                loss -= known.Sum(k => use[k]) / known.Sum(k => train[k]) * Math.Log(known.Sum(k => p[k]) / p.Sum());
            }
            return loss;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_graph_gets_what_was_fitted(bool biased)
    {
        Graph graph = Architecture.Build("nano", ["A", "B", "C"], 5, 1), plain = graph.Clone();
        var random = new CounterRandom(3);
        var pixels = new byte[60 * DatasetPart.PixelsPerImage];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)random.NextInt32(256);
        int[] labels = [.. Enumerable.Range(0, 60).Select(i => i % 5 == 0 ? 1 : 2 * (i % 2))];
        var data = new TrainingData(new Dataset("drawn", ["A", "B", "C"], new DatasetPart(pixels, labels), null), null, 0.5, 1);
        var images = new HeldBackImages(data, null);
        using CharacterRecognizer before = CharacterRecognizer.Load(plain);
        TemperatureScaling.Apply(graph, before, images, data.Families, biased, default);
        float[] scores = images.Score(before, default);
        var biases = new double[3];
        double temperature = biased ? TemperatureScaling.Fit(scores, images, biases) : TemperatureScaling.Fit(scores, images);
        Assert.Equal(temperature, ClassifierOutput.Of(graph).Temperature!.Span<float>()[0], 1e-4);
        Assert.Equal(biased, biases.Any(b => Math.Abs(b) > 1e-3));
        using CharacterRecognizer after = CharacterRecognizer.Load(graph);
        float[] fitted = images.Score(after, default);
        for (int row = 0; row < images.Count; row++)
        {
            double[] expected = [.. Enumerable.Range(0, 3).Select(k => Math.Exp(scores[3 * row + k] / temperature + biases[k]))];
            for (int k = 0; k < 3; k++) Assert.Equal(expected[k] / expected.Sum(), Math.Exp(fitted[3 * row + k]), 1e-4);
        }
    }

    [Fact]
    public void A_handful_of_images_moves_no_bias_far()
    {
        var biases = new double[2];
        TemperatureScaling.Fit([1, 0, 1, 0], new HeldBackImages(Data(2, [0, 0, 1, 1]), null), biases);
        Assert.All(biases, b => Assert.InRange(Math.Abs(b), 0, 0.05));
    }

    [Fact]
    public void Fitting_can_be_stopped()
    {
        var cancelled = new CancellationToken(canceled: true);
        float[] logits = [1, 0, 1, 0];
        var images = new HeldBackImages(Data(2, [0, 1, 0, 1], [0, 1]), null);
        Assert.NotNull(TemperatureScaling.FitWithinFamilies(logits, images));
        Assert.Throws<OperationCanceledException>(() => TemperatureScaling.Fit(logits, images, cancelled));
        Assert.Throws<OperationCanceledException>(() => TemperatureScaling.Fit(logits, images, new double[2], cancelled));
        Assert.Throws<OperationCanceledException>(() => TemperatureScaling.FitWithinFamilies(logits, images, cancelled));
    }

    /// <summary>Logits, and labels that are drawn from the probabilities that they give at a temperature.</summary>
    private static (float[] Logits, int[] Labels) Draw(int classes, double temperature)
    {
        var random = new CounterRandom(CounterRandom.Key(1));
        var logits = new float[Rows * classes];
        var labels = new int[Rows];
        for (int row = 0; row < Rows; row++)
        {
            Span<float> values = logits.AsSpan(row * classes, classes);
            double sum = 0;
            for (int c = 0; c < classes; c++)
            {
                values[c] = 3 * random.NextGaussian();
                sum += Math.Exp(values[c] / temperature);
            }
            double draw = random.NextDouble() * sum;
            while (labels[row] < classes - 1 && (draw -= Math.Exp(values[labels[row]] / temperature)) > 0) labels[row]++;
        }
        return (logits, labels);
    }

    private static TrainingData Data(int classes, int[] labels, params int[][] groups)
    {
        string[] names = [.. Enumerable.Range(0, classes).Select(k => $"{k}")];
        var dataset = new Dataset("drawn", names, new DatasetPart(new byte[labels.Length * DatasetPart.PixelsPerImage], labels), null) { Coarse = new CoarseLabels(labels, groups) };
        return new TrainingData(dataset, null, 0.5, 1);
    }

    private static float[] HeldBack(float[] logits, TrainingData data)
    {
        int classes = data.Labels.Count;
        return [.. data.HeldBack.SelectMany(i => logits[(i * classes)..((i + 1) * classes)])];
    }

    private static double Fit(float[] logits, TrainingData data, double[]? use = null) => TemperatureScaling.Fit(HeldBack(logits, data), new HeldBackImages(data, use));
}
