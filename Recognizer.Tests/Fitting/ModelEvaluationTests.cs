using Recognizer.Inference;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public class ModelEvaluationTests
{
    [Theory]
    [InlineData(40, null, 10, 10, 10, 10)]
    [InlineData(100, null, 15, 15, 15, 15)]
    [InlineData(116, null, 15, 15, 15, 15)]
    [InlineData(400, "ox", 0, 0, 30, 30)]
    public void Samples_of_a_set_in_the_order_of_its_classes_show_them_all(int images, string? alphabet, params int[] samples)
    {
        Dataset shapes = Shapes.Make(images, 0);
        DatasetPart sorted = shapes.Train!.Select([.. Enumerable.Range(0, images).OrderBy(i => shapes.Train.Labels[i])]);
        using CharacterRecognizer model = CharacterRecognizer.Load(Architecture.Build("cnn2", shapes.Labels, seed: 1, width: 0.25));
        ModelEvaluation evaluation = ModelEvaluation.Run(model, sorted, null, shapes.Labels, alphabet is null ? null : Alphabet.Parse(alphabet));
        Assert.Equal(samples, shapes.Labels.Select(label => evaluation.Samples.Count(s => s.Actual == label)));
        // Each is shown once, as it is.
        Assert.Equal(samples.Sum(), evaluation.Samples.Select(s => Convert.ToHexString(s.Pixels)).Distinct().Count());
        Assert.All(evaluation.Samples, (ReportSample sample) =>
            Assert.Contains(Enumerable.Range(0, images), i => shapes.Labels[sorted.Labels[i]] == sample.Actual && sorted.Image(i).SequenceEqual(sample.Pixels)));
    }
}
