using Recognizer.Benchmarks.Reading;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Tests.Fitting;
using Recognizer.Training.Architectures;
using Recognizer.Training.Datasets;
using Recognizer.Training.Datasets.Strokes;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Reading;

public class CharacterSourceTests
{
    /// <summary>A set without parts is divided by the training: a tenth for test, and of the others some are held back.</summary>
    [Theory]
    [InlineData(true, 20)]
    [InlineData(false, 36)]
    public void A_model_is_measured_on_none_of_the_images_that_it_learnt_from(bool test, int count)
    {
        using var folder = new TemporaryFolder();
        DatasetPart images = Shapes.Make(200, 0).Train!;
        for (int i = 0; i < images.Count; i++)
            folder.Write($"set/{"abcd"[images.Labels[i]]}/{i}.png", PngEncoder.Encode(new GrayImage(28, 28, images.Image(i).ToArray())));
        var config = new TrainingConfig { Dataset = Path.Combine(folder.Root, "set"), Seed = 5, Validation = 0.2 };
        var training = new TrainingData(DatasetLoader.Load(config.Dataset, folder.Options with { Seed = config.Seed }), null, config.Validation, config.Seed);
        HashSet<string> learnt = [.. training.Train.Select(i => Convert.ToHexString(training.Images.Image(i)))];
        CharacterSource source = CharacterSource.Load(Model(config, training.Labels), null, test, null);
        Assert.Equal(count, source.Count);
        Assert.DoesNotContain(Enumerable.Range(0, source.Count), i => learnt.Contains(Convert.ToHexString(source.Image(i))));
    }

    /// <summary>For a model that was trained on something else they are those that <c>evaluate</c> measures it on.</summary>
    [Theory]
    [InlineData("strokes", 5)]
    [InlineData("mnist", 0)]
    public void Images_that_are_made_are_those_of_the_test_after_the_training(string trainedOn, ulong seed)
    {
        DatasetPart test = StrokeDataset.Load(new DatasetLoadOptions { Seed = seed, NeedTrain = false }).Test!;
        CharacterSource source = CharacterSource.Load(Model(new TrainingConfig { Dataset = trainedOn, Seed = 5 }, ["0", "1"]), "strokes", test: true, null);
        Assert.Equal(test.Count, source.Count);
        Assert.Contains(Enumerable.Range(0, test.Count), i => test.Image(i).SequenceEqual(source.Image(0)));
    }

    private static Graph Model(TrainingConfig config, IReadOnlyList<string> labels)
    {
        Graph graph = Architecture.Build("cnn2", labels, 1, 0.25);
        graph.Metadata[ModelMetadata.TrainingKey] = config.ToJson();
        return graph;
    }
}
