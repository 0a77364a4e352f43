using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;

namespace Recognizer.Tests;

public class CharacterRecognizerTests
{
    private static readonly string[] Digits = [.. Enumerable.Range(0, 10).Select(d => d.ToString())];

    [Fact]
    public void Bytes_streams_files_and_graphs_give_the_same_recogniser()
    {
        Graph graph = Architecture.Build("cnn2", Digits, seed: 1);
        byte[] bytes = OnnxWriter.ToBytes(graph);
        string path = Path.Combine(Directory.CreateTempSubdirectory("recognizer").FullName, "model.onnx");
        File.WriteAllBytes(path, bytes);
        float[] image = Image(1, seed: 3);
        float[] expected = Scores(CharacterRecognizer.Load(graph), image, 1);
        Assert.Equal(expected, Scores(CharacterRecognizer.Load(bytes), image, 1));
        Assert.Equal(expected, Scores(CharacterRecognizer.Load(new MemoryStream(bytes)), image, 1));
        Assert.Equal(expected, Scores(CharacterRecognizer.Load(path), image, 1));
    }

    [Fact]
    public void Scores_are_the_interpreters_probabilities()
    {
        Graph graph = Architecture.Build("cnn2", Digits, seed: 2);
        float[] images = Image(3, seed: 4);
        float[] actual = Scores(CharacterRecognizer.Load(graph), images, 3);
        Tensor expected = Inference.Engine.Interpreter.Run(graph, new Dictionary<string, Tensor> { ["input"] = Tensor.Create(images, 3, 1, 28, 28) })["probabilities"];
        for (int i = 0; i < actual.Length; i++) Assert.Equal(expected.Span<float>()[i], actual[i], 1e-5f);
        Assert.Equal(3, actual.Sum(), 1e-4f);
    }

    [Fact]
    public void Candidates_are_sorted_and_an_alphabet_masks_and_renormalises()
    {
        Graph graph = Architecture.Build("cnn2", Digits, seed: 5);
        float[] image = Image(1, seed: 6);
        using CharacterRecognizer all = CharacterRecognizer.Load(graph, new RecognizerOptions { Top = 99 });
        using CharacterRecognizer odd = CharacterRecognizer.Load(graph, new RecognizerOptions { Alphabet = Alphabet.Parse("13579"), Top = 99 });
        Prediction full = all.RecognizeNormalized(image), masked = odd.RecognizeNormalized(image);
        Assert.Equal(10, full.Candidates.Count);
        Assert.Equal(5, masked.Candidates.Count);
        Assert.Equal(full.Candidates.OrderByDescending(c => c.Confidence), full.Candidates);
        Candidate[] kept = [.. full.Candidates.Where(c => "13579".Contains(c.Label, StringComparison.Ordinal))];
        Assert.Equal(kept.Select(c => c.Label), masked.Candidates.Select(c => c.Label));
        float sum = kept.Sum(c => c.Confidence);
        for (int i = 0; i < kept.Length; i++) Assert.Equal(kept[i].Confidence / sum, masked.Candidates[i].Confidence, 1e-6f);
    }

    [Fact]
    public void An_encoded_image_reads_like_its_pixels()
    {
        var pixels = new byte[40 * 60];
        for (int y = 10; y < 50; y++) for (int x = 18; x < 24; x++) pixels[y * 40 + x] = 255;
        var image = new GrayImage(40, 60, pixels);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 7));
        Assert.Equal(recognizer.Recognize(image).Candidates, recognizer.Recognize(PngEncoder.Encode(image)).Candidates);
        Assert.Throws<ImageFormatException>(() => recognizer.Recognize([1, 2, 3]));
    }

    [Fact]
    public void The_span_path_allocates_nothing()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 8));
        float[] images = Image(8, seed: 9), probabilities = new float[80];
        for (int i = 0; i < 3; i++) recognizer.Score(images, 8, probabilities);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++) recognizer.Score(images, 8, probabilities);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Models_without_labels_need_them_from_the_caller()
    {
        Graph graph = Architecture.Build("cnn2", Digits, seed: 10);
        graph.Metadata.Clear();
        Assert.Contains("labels", Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(graph)).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("10 scores but has 2 labels", Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(graph, new RecognizerOptions { Labels = ["a", "b"] })).Message, StringComparison.Ordinal);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph, new RecognizerOptions { Labels = Digits });
        Assert.Equal(Digits, recognizer.Labels);
    }

    [Theory]
    [InlineData("Softmax")]
    [InlineData("LogSoftmax")]
    [InlineData(null)]
    public void Foreign_models_give_probabilities_whatever_they_end_in(string? last)
    {
        var builder = new GraphBuilder("foreign");
        string x = builder.Input("image", ElementType.Float, 1, 28, 28, 1);
        x = builder.Node("Flatten", "flat", [x]);
        var random = new Random(1);
        float[] weights = [.. Enumerable.Range(0, 784 * 3).Select(_ => random.NextSingle() - 0.5f)];
        x = builder.Node("MatMul", "dense", [x, builder.Initializer("weights", Tensor.Create(weights, 784, 3))]);
        if (last is not null) x = builder.Node(last, "scores", [x]);
        builder.Output(x, ElementType.Float, 1, 3);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(builder.Build(), new RecognizerOptions { Labels = ["a", "b", "c"] });

        // The batch is fixed to 1 in the file; any count works.
        float[] images = Image(5, seed: 11), scores = Scores(recognizer, images, 5);
        for (int n = 0; n < 5; n++)
        {
            double[] logits = [.. Enumerable.Range(0, 3).Select(c => Enumerable.Range(0, 784).Sum(i => (double)images[n * 784 + i] * weights[i * 3 + c]))];
            double total = logits.Sum(Math.Exp);
            for (int c = 0; c < 3; c++) Assert.Equal(Math.Exp(logits[c]) / total, scores[n * 3 + c], 1e-4);
        }
    }

    [Fact]
    public void Models_of_other_image_sizes_are_refused_with_the_reason()
    {
        var builder = new GraphBuilder("small");
        string x = builder.Input("image", ElementType.Float, Dimension.Named("N"), 1, 8, 8);
        x = builder.Node("Flatten", "flat", [x]);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), 64);
        Assert.Contains("expected 784 values", Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(builder.Build())).Message, StringComparison.Ordinal);
    }

    private static float[] Scores(CharacterRecognizer recognizer, float[] images, int count)
    {
        var scores = new float[count * recognizer.Labels.Count];
        recognizer.Score(images, count, scores);
        return scores;
    }

    private static float[] Image(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count * 784).Select(_ => random.NextSingle())];
    }
}
