using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Tests.Imaging;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public sealed class ModelDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>As <c>predict</c> reads it: the model's labels say whether a circle may be part of a character, not those of a set that it is measured on.</summary>
    [Theory]
    [InlineData("01", "01", true)]
    [InlineData("01", "01+", true)]
    [InlineData("01+", "01", false)]
    [InlineData("01+", "01+", false)]
    [InlineData(null, "01", true)]
    [InlineData(null, "01+", false)]
    public void Pictures_are_normalised_for_the_labels_of_the_model_that_is_measured(string? model, string set, bool bare)
    {
        Graph graph = Architecture.Build("cnn2", [.. (model ?? "01").Select(c => $"{c}")], 1, 0.25);
        if (model is null) graph.Metadata.Remove(ModelMetadata.LabelsKey);
        AssertNormalized(bare, set, name => DatasetLoader.Load(name, ModelData.OptionsFor(graph, name, _folder.Options with { NeedTrain = false }, out _)).Test!);
    }

    [Theory]
    [InlineData(null, "01", true)]
    [InlineData(null, "01+", false)]
    [InlineData("digits", "01+", true)]
    [InlineData("01+", "01+", false)]
    // The model won't have what the set hasn't.
    [InlineData("01+", "01", true)]
    public void Pictures_are_normalised_for_the_classes_that_are_trained(string? alphabet, string set, bool bare) =>
        AssertNormalized(bare, set, name => ModelData.ForTraining(new TrainingConfig { Dataset = name, Alphabet = alphabet is null ? null : [alphabet] }, _folder.Options with { NeedTest = false }).Dataset.Train!);

    /// <summary>A set of files may have been moved since the training; what was learnt of it is still none of its test images.</summary>
    [Theory]
    [InlineData("rows.csv", 7)]
    [InlineData("moved.csv", 7)]
    [InlineData("strokes", 2)]
    public void Sets_are_divided_as_they_were_for_the_training(string name, ulong seed)
    {
        Graph graph = Architecture.Build("cnn2", ["0", "1"], 1, 0.25);
        graph.Metadata[ModelMetadata.TrainingKey] = new TrainingConfig { Dataset = "rows.csv", Seed = 7 }.ToJson();
        Assert.Equal(seed, ModelData.OptionsFor(graph, name, _folder.Options with { Seed = 2 }, out TrainingConfig? training).Seed);
        Assert.Equal(name == "rows.csv", training is not null);
    }

    private void AssertNormalized(bool bare, string labels, Func<string, DatasetPart> load)
    {
        const int Size = 160;
        float[] cover = Drawing.Square(0, Size, 7, 0.4);
        Drawing.Ellipse(cover, Size, 80, 80, 62, 60, 4);
        GrayImage picture = Drawing.Paint(cover, Size, (_, _) => 230, (_, _) => 40);
        foreach (char label in labels) _folder.Write($"set/{label}/1.png", PngEncoder.Encode(picture));
        DatasetPart part = load(Path.Combine(_folder.Root, "set"));
        Assert.Equal(labels.Length, part.Count);
        foreach (bool isAlphanumeric in (bool[])[true, false])
        {
            var expected = new float[DatasetPart.PixelsPerImage];
            Assert.True(CharacterNormalizer.Normalize(picture, NormalizerLayout.Emnist, Polarity.Detect, expected, isAlphanumeric));
            float furthest = expected.Zip(part.Image(0).ToArray(), (e, pixel) => Math.Abs(e - pixel / 255f)).Max();
            Assert.Equal(isAlphanumeric == bare, furthest < 0.01);
        }
    }
}
