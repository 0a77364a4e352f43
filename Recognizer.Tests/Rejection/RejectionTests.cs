using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Rejection;
using Recognizer.Tests.Imaging;
using Recognizer.Training.Architectures;

namespace Recognizer.Tests.Rejection;

public class RejectionTests
{
    [Fact]
    public void Form_of_a_ring_and_a_dot()
    {
        var pixels = new float[784];
        // A square ring of width 3 and outer side 15, and a dot of 2×2 that touches nothing
        for (int y = 5; y < 20; y++)
            for (int x = 4; x < 19; x++)
                if (y < 8 || y >= 17 || x < 7 || x >= 16) pixels[y * 28 + x] = 1;
        pixels[2 * 28 + 24] = pixels[2 * 28 + 25] = pixels[3 * 28 + 24] = pixels[3 * 28 + 25] = 1;
        InkForm form = InkForm.Measure(pixels);
        const int Area = 15 * 15 - 9 * 9 + 4;
        Assert.Equal(2, form.Components);
        Assert.Equal(1, form.Holes);
        Assert.Equal(Area / 784f, form.Coverage, 1e-5f);
        Assert.Equal(18f / 22, form.Aspect, 1e-5f);
        Assert.Equal(Area / (18f * 22), form.Fill, 1e-5f);
        Assert.Equal(2 * Area / ((4 * 15 + 4 * 9 + 8) * (MathF.PI / 4)), form.StrokeWidth, 1e-3f);
        Assert.Equal(0, form.Softness);
    }

    [Fact]
    public void Pieces_and_holes_are_those_of_a_plain_flood_fill()
    {
        var random = new Random(1);
        for (int round = 0; round < 200; round++)
        {
            double density = random.NextDouble();
            float[] pixels = [.. Enumerable.Range(0, 784).Select(_ => random.NextDouble() < density ? 1f : 0f)];
            InkForm form = InkForm.Measure(pixels);
            Assert.Equal(Pieces(pixels, 1, diagonal: true, border: true), form.Components);
            if (form.Components > 0) Assert.Equal(Pieces(pixels, 0, diagonal: false, border: false), form.Holes);
        }
    }

    [Fact]
    public void Blank_pictures_are_no_characters()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", ["0", "1"], seed: 1));
        Prediction blank = recognizer.RecognizeNormalized(new float[784]);
        Assert.Equal(1, blank.RejectionScore);
        Assert.False(blank.IsLikelyCharacter);
    }

    /// <summary>An empty cell with one speck, which comes to the network as large as a character.</summary>
    [Theory]
    [InlineData(3.4, 2.2, 30)]
    [InlineData(3, 3, 0)]
    [InlineData(2.5, 1.5, 75)]
    [InlineData(10, 7, 45)]
    public void A_spot_is_no_letter_and_no_digit(double length, double width, double degrees)
    {
        const int Side = 120;
        double sine = Math.Sin(degrees * Math.PI / 180), cosine = Math.Cos(degrees * Math.PI / 180);
        var cover = new float[Side * Side];
        for (int i = 0; i < 16 * cover.Length; i++)
        {
            // Sixteen samples in each pixel
            double x = (i % (4 * Side) + 0.5) / 4 - 60, y = (i / (4 * Side) + 0.5) / 4 - 60, u = (x * cosine + y * sine) / length, v = (y * cosine - x * sine) / width;
            if (u * u + v * v <= 1) cover[i / (16 * Side) * Side + i % (4 * Side) / 4] += 1 / 16f;
        }
        GrayImage spot = Drawing.Paint(cover, Side, (_, _) => 235, (_, _) => 50);
        Graph graph = Architecture.Build("cnn2", ["0", "1"], seed: 1);
        graph.Metadata["recognizer.rejection"] = """{"threshold": 0.5, "bias": -1, "features": {}}""";
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph);
        Assert.Equal((1f, false), (recognizer.Recognize(spot).RejectionScore, recognizer.Recognize(spot).IsLikelyCharacter));
        // A model of other characters may know dots
        ModelMetadata.SetLabels(graph, [".", "1"]);
        using CharacterRecognizer ofDots = CharacterRecognizer.Load(graph);
        Assert.True(ofDots.Recognize(spot).IsLikelyCharacter);
    }

    [Theory]
    [InlineData("........", "..####..", "..####..", "..####..", "..####..", "..####..", "..####..", "........")]
    [InlineData("...##...", "...##...", "...##...", "...##...", "...##...", "...##...", "...##...", "...##...")]
    [InlineData("..####..", ".######.", "###..###", "###..###", "###..###", "###..###", ".######.", "..####..")]
    [InlineData("########", "########", "......##", ".....###", "....###.", "...###..", "...###..", "...###..")]
    public void Strokes_are_no_spots_however_thick(params string[] rows)
    {
        float[] pixels = [.. Enumerable.Range(0, 784).Select(i => i % 28 < 24 && i / 28 < 24 && rows[i / 28 / 3][i % 28 / 3] == '#' ? 1f : 0f)];
        Assert.False(InkForm.IsSpot(pixels));
    }

    [Fact]
    public void A_models_own_weights_are_used()
    {
        var random = new Random(2);
        float[] pixels = [.. Enumerable.Range(0, 784).Select(_ => random.NextSingle())];
        Graph graph = Architecture.Build("cnn2", ["0", "1"], seed: 3);
        graph.Metadata["recognizer.rejection"] = """{"threshold": 0.4, "bias": -1, "features": {"coverage": {"mean": 0.25, "scale": 0.5, "weight": 3, "square": 2}}}""";
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph);
        double z = (pixels.Average() - 0.25) / 0.5, expected = 1 / (1 + Math.Exp(1 - z * (3 + 2 * z)));
        Prediction prediction = recognizer.RecognizeNormalized(pixels);
        Assert.Equal(expected, prediction.RejectionScore, 1e-4);
        Assert.Equal(expected < 0.4, prediction.IsLikelyCharacter);

        // The energy is log Σ exp(logit), of the logits that the model gives beside its probabilities.
        graph.Metadata["recognizer.rejection"] = """{"threshold": 0.5, "features": {"energy": {"scale": 1, "weight": 1}}}""";
        using CharacterRecognizer byEnergy = CharacterRecognizer.Load(graph);
        Tensor logits = Inference.Engine.Interpreter.Run(graph, new Dictionary<string, Tensor> { ["input"] = Tensor.Create(pixels, 1, 1, 28, 28) })["logits"];
        double energy = Math.Log(logits.Span<float>().ToArray().Sum(l => Math.Exp(l)));
        Assert.Equal(1 / (1 + Math.Exp(-energy)), byEnergy.RecognizeNormalized(pixels).RejectionScore, 1e-4);
        // An alphabet doesn't change what the picture looks like.
        Assert.Equal(byEnergy.RecognizeNormalized(pixels).RejectionScore, byEnergy.RecognizeNormalized(pixels, Alphabet.Of(["1"])).RejectionScore);
    }

    [Theory]
    [InlineData("[]", "can't be understood")]
    [InlineData("{", "can't be understood")]
    [InlineData("""{"features": {"beauty": {}}}""", "unknown feature 'beauty'")]
    [InlineData("""{"features": {"energy": {"scale": 0}}}""", "scale of 'energy' is 0")]
    [InlineData("""{"features": {"energy": {"scale": "x"}}}""", "can't be understood")]
    public void Weights_that_make_no_sense_are_refused(string json, string reason)
    {
        Graph graph = Architecture.Build("cnn2", ["0", "1"], seed: 3);
        graph.Metadata["recognizer.rejection"] = json;
        Assert.Contains(reason, Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(graph)).Message, StringComparison.Ordinal);
    }

    private static int Pieces(float[] pixels, float value, bool diagonal, bool border)
    {
        var done = new bool[784];
        int count = 0;
        for (int start = 0; start < 784; start++)
        {
            if (done[start] || pixels[start] != value) continue;
            bool touches = false;
            var open = new Stack<int>([start]);
            done[start] = true;
            while (open.TryPop(out int place))
            {
                int px = place % 28, py = place / 28;
                touches |= px is 0 or 27 || py is 0 or 27;
                for (int y = Math.Max(0, py - 1); y <= Math.Min(27, py + 1); y++)
                    for (int x = Math.Max(0, px - 1); x <= Math.Min(27, px + 1); x++)
                    {
                        if (!diagonal && x != px && y != py || done[y * 28 + x] || pixels[y * 28 + x] != value) continue;
                        done[y * 28 + x] = true;
                        open.Push(y * 28 + x);
                    }
            }
            if (border || !touches) count++;
        }
        return count;
    }
}
