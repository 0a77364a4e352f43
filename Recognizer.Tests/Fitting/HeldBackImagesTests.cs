using Recognizer.Inference;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public class HeldBackImagesTests
{
    private static readonly string[] Names = ["A", "a", "B"];

    // Four images of A, of a, of B each, and four of which only A or a is known.
    private static readonly TrainingData Data = new(new Dataset("three", Names, new DatasetPart(Pixels(), Labels()), null) { Coarse = new CoarseLabels(Labels(), [[0, 1]]) }, null, 0.5, 1);

    [Fact]
    public void Measures_what_is_known_of_each_image_as_often_as_it_is_met_in_use()
    {
        Assert.Equal(8, Data.HeldBack.Length);
        Assert.Equal(6, Data.Validation.Length);
        using CharacterRecognizer model = CharacterRecognizer.Load(Architecture.Build("nano", Names, 1, 1));
        Check(model, [0.375, 0.375, 0.25], null);
        Check(model, [0.2, 0.1, 0.7], [0.2, 0.1, 0.7]);
    }

    [Theory]
    [InlineData("-|ox")]
    [InlineData("ox")]
    [InlineData("-|x")]
    public void Of_a_class_the_same_images_are_held_back_with_any_alphabet(string alphabet)
    {
        Dataset plain = Shapes.Make();
        int[] labels = [.. plain.Train!.Labels.Select((label, i) => i % 8 < 4 ? label : 4 + label / 2)];
        Dataset grouped = plain with { Train = new DatasetPart(plain.Train.Images, labels), Coarse = new CoarseLabels(labels, [[0, 1], [2, 3]]) };
        foreach (Dataset dataset in new[] { plain, grouped })
        {
            TrainingData all = new(dataset, null, 0.2, 3), some = new(dataset, Alphabet.Parse(alphabet), 0.2, 3);
            Assert.Equal(StratifiedSplit.Divide(dataset.Train!.Labels, 0.2, 3).Held, all.HeldBack);
            Assert.Equal(all.HeldBack.Where(i => some.Images.Labels[i] >= 0), some.HeldBack);
            Assert.NotEmpty(some.HeldBack);
        }
    }

    private static void Check(CharacterRecognizer model, double[] shares, double[]? use)
    {
        // Of 8 training images, 2 are of each class and 2 shared by A and a: 3/8, 3/8, 2/8.
        double[] training = [0.375, 0.375, 0.25];
        Assert.Equal(training, Data.TrainingFrequencies().Select(s => Math.Round(s, 9)));
        var probabilities = new float[3];
        double right = 0, loss = 0, all = 0;
        foreach (int i in Data.HeldBack)
        {
            model.Score([.. Data.Images.Image(i).ToArray().Select(p => p / 255f)], 1, probabilities);
            int[] known = Data.Images.Labels[i] == 3 ? [0, 1] : [Data.Images.Labels[i]];
            double weight = known.Sum(k => shares[k]) / known.Sum(k => training[k]);
            all += weight;
            loss -= weight * Math.Log(known.Sum(k => probabilities[k]));
            if (known.Contains(Array.IndexOf(probabilities, probabilities.Max()))) right += weight;
        }
        (double accuracy, double logLoss) = new HeldBackImages(Data, use).Measure(model, CancellationToken.None);
        Assert.Equal(right / all, accuracy, 1e-9);
        Assert.Equal(loss / all, logLoss, 1e-5);
        Assert.InRange(logLoss, 0.1, 10);
    }

    private static int[] Labels() => [.. Enumerable.Range(0, 16).Select(i => i / 4)];

    private static byte[] Pixels()
    {
        var random = new Random(3);
        var pixels = new byte[16 * DatasetPart.PixelsPerImage];
        random.NextBytes(pixels);
        return pixels;
    }
}
