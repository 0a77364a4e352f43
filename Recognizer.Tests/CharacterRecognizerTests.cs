using Google.Protobuf;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Onnx.Proto;
using Recognizer.Tests.Imaging.Pages;
using Recognizer.Training.Architectures;
using Recognizer.Training.Quantization;

namespace Recognizer.Tests;

public class CharacterRecognizerTests
{
    private static readonly string[] Digits = [.. Enumerable.Range(0, 10).Select(d => d.ToString())];

    [Fact]
    public void Bytes_streams_files_and_graphs_give_the_same_recogniser()
    {
        Graph graph = Architecture.Build("cnn2", Digits, seed: 1);
        byte[] bytes = OnnxWriter.ToBytes(graph);
        using var folder = new TemporaryFolder();
        string path = folder.Write("model.onnx", bytes);
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
    public void Where_no_number_comes_out_all_classes_are_as_probable()
    {
        var pixels = new float[784];
        Array.Fill(pixels, float.NaN);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(TemplateModel.Build(), new RecognizerOptions { Top = 99 });
        Assert.Equal(Digits.Select(digit => new Candidate(digit, 0.1f)), recognizer.RecognizeNormalized(pixels).Candidates);
        Prediction masked = recognizer.RecognizeNormalized(pixels, Alphabet.Parse("35"));
        Assert.Equal([new Candidate("3", 0.5f), new Candidate("5", 0.5f)], masked.Candidates);
        Assert.Equal(0.2f, masked.AlphabetShare, 1e-6f);
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

    public static TheoryData<string> Architectures => [.. Architecture.Names];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void The_span_path_allocates_nothing_with_any_architecture(string name)
    {
        float[] images = Image(8, seed: 9), probabilities = new float[80];
        Graph graph = Architecture.Build(name, Digits, seed: 8, width: 0.25);
        foreach (Graph model in new[] { graph, PostTrainingQuantizer.Quantize(graph, images, 8) })
        {
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(model);
            Assert.Equal(0, Allocated(() => recognizer.Score(images, 8, probabilities)));
            Assert.Equal(0, Allocated(() => recognizer.Score(images.AsSpan(0, 784), 1, probabilities.AsSpan(0, 10))));
        }
    }

    [Fact]
    public void Models_without_labels_need_them_from_the_caller()
    {
        Graph graph = Architecture.Build("cnn2", Digits, seed: 10);
        graph.Metadata.Clear();
        Assert.Contains("labels", Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(graph)).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("10 scores, but 2 labels were given", Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(graph, new RecognizerOptions { Labels = ["a", "b"] })).Message, StringComparison.Ordinal);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(graph, new RecognizerOptions { Labels = Digits });
        Assert.Equal(Digits, recognizer.Labels);
    }

    [Fact]
    public void What_is_wrong_with_a_model_is_told_with_its_file_once()
    {
        using var folder = new TemporaryFolder();
        Graph graph = Architecture.Build("cnn2", Digits, seed: 10);
        graph.Metadata.Remove(ModelMetadata.LabelsKey);
        string unlabelled = folder.Write("unlabelled.onnx", OnnxWriter.ToBytes(graph)), broken = folder.Write("broken.onnx", [1, 2, 3]);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(TemplateModel.Build());
        foreach (string file in (string[])[unlabelled, broken])
        {
            foreach (Action use in (Action[])[() => CharacterRecognizer.Load(file), () => CharacterRecognizer.Load(OnnxReader.ReadFile(file)), () => recognizer.ReplaceModel(file)])
            {
                string message = Assert.Throws<OnnxException>(use).Message;
                Assert.StartsWith($"{file}: ", message, StringComparison.Ordinal);
                Assert.DoesNotContain(file, message[1..], StringComparison.Ordinal);
                if (file == unlabelled) Assert.Contains("of 10 classes: the command 'export FILE --labels", message, StringComparison.Ordinal);
            }
        }
        Assert.StartsWith("The model carries no labels", Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(graph)).Message, StringComparison.Ordinal);
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
        float[] weights = Weights();
        x = builder.Node("MatMul", "dense", [x, builder.Initializer("weights", Tensor.Create(weights, 784, 3))]);
        if (last is not null) x = builder.Node(last, "scores", [x]);
        builder.Output(x, ElementType.Float, 1, 3);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(builder.Build(), new RecognizerOptions { Labels = ["a", "b", "c"] });

        // The batch is fixed to 1 in the file; any count works.
        AssertScores(recognizer, weights, 5);
    }

    [Theory]
    [InlineData("half")]
    [InlineData("clipped")]
    public void Probabilities_are_known_behind_what_only_rewrites_them(string form)
    {
        // As converters to half precision and cautious exporters write them
        var builder = new GraphBuilder("rewritten");
        string x = builder.Node("Flatten", "flat", [builder.Input("image", ElementType.Float, Dimension.Named("N"), 1, 28, 28)]);
        float[] weights = Array.ConvertAll(Weights(), w => w / 10);
        x = builder.Node("MatMul", "dense", [x, builder.Initializer("weights", Tensor.Create(weights, 784, 3))]);
        if (form == "half") x = builder.Node("Cast", "lower", [x], ("to", (int)ElementType.Float16));
        x = builder.Node("Softmax", "probabilities", [x], ("axis", -1));
        x = form == "half"
            ? builder.Node("Cast", "scores", [x], ("to", (int)ElementType.Float))
            : builder.Node("Clip", "scores", [x, builder.Initializer("least", Tensor.Scalar(1e-7f)), builder.Initializer("most", Tensor.Scalar(1f))]);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), 3);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(builder.Build(), new RecognizerOptions { Labels = ["a", "b", "c"] });
        AssertScores(recognizer, weights, 5, 1e-3);
    }

    [Fact]
    public void Independent_probabilities_are_made_to_add_up()
    {
        var builder = new GraphBuilder("sigmoids");
        string x = builder.Node("Flatten", "flat", [builder.Input("image", ElementType.Float, Dimension.Named("N"), 1, 28, 28)]);
        float[] weights = Weights();
        x = builder.Node("MatMul", "dense", [x, builder.Initializer("weights", Tensor.Create(weights, 784, 3))]);
        builder.Output(builder.Node("Sigmoid", "scores", [x]), ElementType.Float, Dimension.Named("N"), 3);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(builder.Build(), new RecognizerOptions { Labels = ["a", "b", "c"] });
        float[] images = Image(4, seed: 26), scores = Scores(recognizer, images, 4);
        for (int n = 0; n < 4; n++)
        {
            double[] each = [.. Logits(images, weights, n).Select(logit => 1 / (1 + Math.Exp(-logit)))];
            for (int c = 0; c < 3; c++) Assert.Equal(each[c] / each.Sum(), scores[n * 3 + c], 1e-4);
        }
        Assert.InRange(recognizer.RecognizeNormalized(images.AsSpan(0, 784)).RejectionScore, 0, 1);
    }

    [Theory]
    [InlineData("label")]
    [InlineData("pixel")]
    [InlineData("squeezed")]
    [InlineData("best")]
    [InlineData("attention beside")]
    [InlineData("part beside")]
    [InlineData("other operator set")]
    [InlineData("sequence")]
    [InlineData("branch")]
    [InlineData("brain floats")]
    [InlineData("second input")]
    [InlineData("height and width")]
    public void Scores_are_found_in_whatever_form_they_come(string form)
    {
        var builder = new GraphBuilder("form");
        Dimension[] size = form == "height and width" ? [Dimension.Named("h"), Dimension.Unknown] : [28, 28];
        string x = builder.Node("Flatten", "flat", [builder.Input("image", ElementType.Float, [Dimension.Named("N"), 1, .. size])]);
        float[] weights = Weights();
        x = builder.Node("MatMul", "dense", [x, builder.Initializer("weights", Tensor.Create(weights, 784, 3))]);
        Dimension[] shape = [Dimension.Named("N"), 3];
        switch (form)
        {
            case "pixel":
                x = builder.Node("Reshape", "scores", [x, builder.Initializer("shape", Tensor.Vector(0L, 3, 1, 1))]);
                shape = [.. shape, 1, 1];
                break;
            case "squeezed":
                x = builder.Node("Squeeze", "scores", [builder.Node("Reshape", "reshaped", [x, builder.Initializer("shape", Tensor.Vector(0L, 3, 1, 1))])]);
                break;
            case "best" or "other operator set":
                x = builder.Node("Softmax", "scores", [x], ("axis", -1));
                break;
        }
        if (form == "attention beside") builder.Output(builder.Node("Transpose", "attention", [builder.Node("Softmax", "looks", [x], ("axis", 0))]), ElementType.Float, 3, Dimension.Named("N"));
        if (form == "part beside")
        {
            string index = builder.Initializer("index", Tensor.Vector(1L));
            builder.Output(builder.Node("Gather", "part", [builder.Node("Softmax", "shares", [x], ("axis", -1)), index], ("axis", 1)), ElementType.Float, Dimension.Named("N"), 1);
        }
        builder.Output(x, ElementType.Float, shape);
        Graph graph = builder.Build();
        if (form == "squeezed") graph.Outputs[0] = graph.Outputs[0] with { Shape = null };
        if (form == "label") builder.Output(builder.Node("ArgMax", "label", [x], ("axis", 1)), ElementType.Int64, Dimension.Named("N"), 1);
        if (form == "best")
        {
            builder.Initializer("k", Tensor.Vector(1L));
            graph.Nodes.Add(new Node("TopK", [x, "k"], ["best", "which"]));
            builder.Output("best", ElementType.Float, Dimension.Named("N"), 1);
            builder.Output("which", ElementType.Int64, Dimension.Named("N"), 1);
        }
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(graph));
        if (form == "other operator set")
        {
            model.Graph.Node.Add(new NodeProto { OpType = "Binarizer", Domain = "ai.onnx.ml", Input = { x }, Output = { "label" } });
            model.Graph.Output.Add(model.Graph.Output[0].Clone());
            model.Graph.Output[^1].Name = "label";
        }
        switch (form)
        {
            case "sequence":
                // As converters from scikit-learn write it
                model.Graph.Node.Add(new NodeProto { OpType = "ZipMap", Domain = "ai.onnx.ml", Input = { x }, Output = { "map" } });
                model.Graph.Output.Add(new ValueInfoProto { Name = "map", Type = new TypeProto { SequenceType = ByteString.Empty } });
                break;
            case "branch":
                model.Graph.Node.Add(new NodeProto
                {
                    OpType = "If",
                    Input = { x },
                    Output = { "branch" },
                    Attribute = { new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, Graph = { ByteString.Empty } } },
                });
                break;
            case "brain floats":
                model.Graph.Initializer.Add(new TensorProto { Name = "brain", DataType = 16, Dims = { 1 }, RawData = ByteString.CopyFrom(0, 0) });
                model.Graph.Node.Add(new NodeProto { OpType = "Identity", Input = { "brain" }, Output = { "copy" } });
                break;
            case "second input":
                model.Graph.Input.Add(new ValueInfoProto { Name = "size", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Int64 } } });
                model.Graph.Node.Add(new NodeProto { OpType = "Identity", Input = { "size" }, Output = { "copy" } });
                model.Graph.Output.Add(new ValueInfoProto { Name = "copy", Type = model.Graph.Input[^1].Type });
                break;
        }
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(model.ToByteArray(), new RecognizerOptions { Labels = ["a", "b", "c"] });
        AssertScores(recognizer, weights, 1);
        AssertScores(recognizer, weights, 5);
    }

    [Fact]
    public void What_isnt_supported_is_refused_where_scores_need_it()
    {
        var builder = new GraphBuilder("brain");
        string x = builder.Node("Flatten", "flat", [builder.Input("image", ElementType.Float, Dimension.Named("N"), 1, 28, 28)]);
        x = builder.Node("MatMul", "scores", [x, builder.Initializer("weights", Tensor.Create(Weights(), 784, 3))]);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), 3);
        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(builder.Build()));
        model.Graph.Initializer[0].DataType = 16;
        string message = Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(model.ToByteArray(), new RecognizerOptions { Labels = ["a", "b", "c"] })).Message;
        Assert.Contains("'weights'", message, StringComparison.Ordinal);
        Assert.Contains("BFloat16", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rows")]
    [InlineData("constant")]
    public void A_model_that_gives_other_scores_than_it_has_labels_is_refused_and_replaces_none(string wrong)
    {
        var builder = new GraphBuilder("wrong");
        string x = builder.Input("image", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        if (wrong == "rows")
        {
            x = builder.Node("Reshape", "rows", [x, builder.Initializer("shape", Tensor.Vector(-1L, 392))]);
            x = builder.Node("MatMul", "scores", [x, builder.Initializer("weights", Tensor.Create(new float[392 * 3], 392, 3))]);
        }
        else x = builder.Node("Identity", "scores", [builder.Initializer("weights", Tensor.Create(new float[784 * 3], 784, 3))]);
        builder.Output(x, ElementType.Float, Dimension.Named("batch"), 3);
        Graph graph = builder.Build();
        ModelMetadata.SetLabels(graph, ["a", "b", "c"]);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Imaging.Pages.TemplateModel.Build());
        string message = Assert.Throws<OnnxException>(() => recognizer.ReplaceModel(OnnxWriter.ToBytes(graph))).Message;
        Assert.Contains("'scores'", message, StringComparison.Ordinal);
        Assert.Contains("[N, 3]", message, StringComparison.Ordinal);
        Assert.Equal(0, recognizer.ModelVersion);
        Assert.NotNull(recognizer.RecognizeNormalized(new float[784]));
    }

    [Theory]
    [InlineData("Identity", "0 inputs")]
    [InlineData("Softmax", "0 inputs")]
    [InlineData("nothing", "'scores'")]
    [InlineData("Transpose", "'perm'")]
    [InlineData("no classes", "at least one")]
    public void Malformed_models_are_refused_with_the_reason(string wrong, string named)
    {
        var builder = new GraphBuilder("malformed");
        string x = builder.Input("image", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        if (wrong == "Transpose") x = builder.Node("Transpose", "moved", [x], ("perm", new[] { 0, -1, 1, 2 }));
        x = builder.Node("Flatten", "flat", [x]);
        int classes = wrong == "no classes" ? 0 : 10;
        x = builder.Node("MatMul", "dense", [x, builder.Initializer("weights", Tensor.Create(new float[784 * classes], 784, classes))]);
        if (wrong is "Identity" or "Softmax") x = builder.Node(wrong, "scores", []);
        if (wrong == "nothing") x = builder.Node("Identity", "scores", [""]);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), classes);
        var options = new RecognizerOptions { Labels = Digits[..classes] };
        Graph graph = builder.Build();
        if (wrong == "nothing") graph.Nodes[^1].Outputs.Add("");
        Assert.Contains(named, Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(graph, options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("C")]
    [InlineData(null)]
    public void Channels_that_a_model_leaves_open_are_one(string? channels)
    {
        var builder = new GraphBuilder("open");
        string x = builder.Input("image", ElementType.Float, Dimension.Named("N"), channels is null ? Dimension.Unknown : Dimension.Named(channels), 28, 28);
        float[] weights = Weights();
        x = builder.Node("MatMul", "scores", [builder.Node("Flatten", "flat", [x]), builder.Initializer("weights", Tensor.Create(weights, 784, 3))]);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), 3);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(builder.Build(), new RecognizerOptions { Labels = ["a", "b", "c"] });
        AssertScores(recognizer, weights, 1);
        AssertScores(recognizer, weights, 5);
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

    [Fact]
    public void A_model_of_no_images_is_refused_and_replaces_none()
    {
        var builder = new GraphBuilder("none");
        string x = builder.Node("Flatten", "flat", [builder.Input("input", ElementType.Float, 0, 1, 28, 28)]);
        builder.Output(builder.Node("Gemm", "logits", [x, builder.Initializer("weight", Tensor.Create(new float[784 * 2], 784, 2))]), ElementType.Float, 0, 2);
        Graph graph = builder.Build();
        ModelMetadata.SetLabels(graph, ["a", "b"]);
        Assert.Contains("expected at least one image", Assert.Throws<OnnxException>(() => CharacterRecognizer.Load(graph)).Message, StringComparison.Ordinal);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Imaging.Pages.TemplateModel.Build());
        Assert.Throws<OnnxException>(() => recognizer.ReplaceModel(OnnxWriter.ToBytes(graph)));
        Assert.Equal(0, recognizer.ModelVersion);
        Assert.NotNull(recognizer.RecognizeNormalized(new float[784]));
    }

    [Fact]
    public void An_alphabet_of_one_call_takes_the_place_of_the_recognisers_own()
    {
        Graph graph = Architecture.Build("cnn2", Digits, seed: 12);
        float[] image = Image(1, seed: 13);
        using CharacterRecognizer all = CharacterRecognizer.Load(graph, new RecognizerOptions { Top = 99 });
        using CharacterRecognizer odd = CharacterRecognizer.Load(graph, new RecognizerOptions { Alphabet = Alphabet.Parse("13579"), Top = 99 });
        using CharacterRecognizer even = CharacterRecognizer.Load(graph, new RecognizerOptions { Alphabet = Alphabet.Parse("02468"), Top = 99 });
        Alphabet asked = Alphabet.Parse("02468");
        Prediction expected = even.RecognizeNormalized(image);
        Assert.Equal(expected.Candidates, odd.RecognizeNormalized(image, asked).Candidates);
        Assert.Equal(expected.Candidates, all.RecognizeNormalized(image, asked).Candidates);
        Assert.Equal(5, odd.RecognizeNormalized(image).Candidates.Count);
        Assert.Contains("none of the labels", Assert.Throws<ArgumentException>(() => all.RecognizeNormalized(image, Alphabet.Upper)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_alphabets_share_of_all_probability_is_told_however_images_come()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", ["0", "O", "7", "x"], seed: 12));
        GrayImage[] images = [.. Enumerable.Range(0, 35).Select(i => Seven(30 + i, 60))];
        var predictions = new Prediction[images.Length];
        recognizer.Recognize(images, predictions, Alphabet.Digits);
        List<Prediction> streamed = [];
        await foreach (Prediction prediction in recognizer.RecognizeAsync(images.ToAsyncEnumerable(), Alphabet.Digits)) streamed.Add(prediction);
        var pixels = new float[784];
        foreach ((int i, GrayImage image) in images.Index())
        {
            CharacterNormalizer.Normalize(image, recognizer.Layout, Polarity.Detect, pixels, recognizer.IsAlphanumeric);
            float[] all = Scores(recognizer, pixels, 1);
            Prediction prediction = recognizer.RecognizeNormalized(pixels, Alphabet.Digits);
            // an O is written like a 0, which counts half
            Assert.Equal(all[0] + all[1] / 2 + all[2], prediction.AlphabetShare, 1e-6f);
            Same(prediction, predictions[i]);
            Same(prediction, streamed[i]);
            Same(prediction, recognizer.Recognize(image, alphabet: Alphabet.Digits));
            Assert.Equal(1, recognizer.Recognize(image).AlphabetShare);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_alphabet_chooses_among_labels_that_are_too_improbable_for_a_float(bool logarithms)
    {
        var builder = new GraphBuilder("steep");
        string x = builder.Node("Flatten", "flat", [builder.Input("image", ElementType.Float, Dimension.Named("N"), 1, 28, 28)]);
        float[] weights = [.. Enumerable.Range(0, 784).SelectMany(_ => new[] { 1, 0.2f, 0.5f, 0.1f })];
        x = builder.Node("MatMul", "dense", [x, builder.Initializer("weights", Tensor.Create(weights, 784, 4))]);
        if (logarithms) x = builder.Node("Identity", "scores", [builder.Node("LogSoftmax", "logarithms", [x], ("axis", -1))]);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), 4);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(builder.Build(), new RecognizerOptions { Labels = Digits[..4] });
        float[] image = [.. Enumerable.Repeat(1f, 784)];
        Assert.Equal("0", recognizer.RecognizeNormalized(image).Label);
        Prediction prediction = recognizer.RecognizeNormalized(image, Alphabet.Parse("123"));
        Assert.Equal("2", prediction.Label);
        Assert.InRange(prediction.Confidence, 0.99, 1);
        Assert.Equal(1, prediction.Candidates.Sum(c => c.Confidence), 1e-6);
    }

    [Fact]
    public void Pixels_with_a_stride_read_like_the_image_they_are_part_of()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 14));
        GrayImage image = Seven(40, 60);
        const int Stride = 57;
        var frame = new byte[60 * Stride];
        new Random(1).NextBytes(frame);
        for (int y = 0; y < 60; y++) image.Pixels.Slice(y * 40, 40).CopyTo(frame.AsSpan(y * Stride));
        Prediction expected = recognizer.Recognize(image);
        Assert.Equal(expected.Candidates, recognizer.Recognize(frame, 40, 60, Stride).Candidates);
        Assert.Equal(expected.Candidates, recognizer.Recognize(frame.AsSpan(0, 59 * Stride + 40), 40, 60, Stride).Candidates);
        var candidates = new Candidate[3];
        Assert.Equal(3, recognizer.Recognize(frame, 40, 60, Stride, candidates));
        Assert.Equal(expected.Candidates.Take(3), candidates);
        Assert.Throws<ArgumentException>(() => recognizer.Recognize(frame.AsSpan(0, 59 * Stride + 39), 40, 60, Stride));
        Assert.Throws<ArgumentOutOfRangeException>(() => recognizer.Recognize(frame, 40, 60, 39));
    }

    [Fact]
    public void Batches_read_like_single_images()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 15));
        GrayImage[] images = [.. Enumerable.Range(0, 70).Select(i => Seven(30 + i, 90 - i))];
        var predictions = new Prediction[71];
        recognizer.Recognize(images, predictions);
        for (int i = 0; i < images.Length; i++) Same(recognizer.Recognize(images[i]), predictions[i]);
        Assert.Null(predictions[70]);
        Image[] colored = [.. images.Take(3).Select(i => new Image(i.Width, i.Height, 1, i.Pixels.ToArray()))];
        recognizer.Recognize(colored, predictions.AsSpan(0, 3));
        for (int i = 0; i < 3; i++) Same(recognizer.Recognize(colored[i]), predictions[i]);
        float[] normalized = Image(40, seed: 16);
        recognizer.RecognizeNormalized(normalized, predictions.AsSpan(0, 40));
        for (int i = 0; i < 40; i++) Same(recognizer.RecognizeNormalized(normalized.AsSpan(i * 784, 784)), predictions[i]);
        Assert.Throws<ArgumentException>(() => recognizer.Recognize(images, new Prediction[69]));
        Assert.Throws<ArgumentException>(() => recognizer.RecognizeNormalized(normalized, new Prediction[41]));
    }

    [Fact]
    public void Reading_pixels_allocates_nothing_but_the_result()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 17));
        byte[] pixels = Seven(80, 100).Pixels.ToArray();
        var candidates = new Candidate[5];
        Alphabet odd = Alphabet.Parse("13579");
        Assert.Equal(0, Allocated(() => recognizer.Recognize(pixels, 80, 100, 80, candidates)));
        Assert.Equal(0, Allocated(() => recognizer.Recognize(pixels, 60, 100, 80, candidates, Polarity.Detect, odd)));
        float[] normalized = Image(1, seed: 1), probabilities = new float[10], rejections = new float[1];
        Assert.Equal(0, Allocated(() => recognizer.Score(normalized, 1, probabilities, odd)));
        Assert.Equal(0, Allocated(() => recognizer.Score(normalized, 1, probabilities, odd, rejections)));
        long result = Allocated(() => GC.KeepAlive(new Prediction(new Candidate[5], 0, true)));
        Assert.Equal(result, Allocated(() => recognizer.Recognize(pixels, 80, 100, 80)));
        Assert.Equal(result, Allocated(() => recognizer.Recognize(pixels, 80, 100, 80, Polarity.LightOnDark, odd)));
    }

    [Fact]
    public void A_model_that_gives_probabilities_only_allocates_no_more()
    {
        var builder = new GraphBuilder("named");
        string x = builder.Node("Flatten", "flat", [builder.Input("image", ElementType.Float, Dimension.Named("N"), 1, 28, 28)]);
        x = builder.Node("MatMul", "logits", [x, builder.Initializer("weights", Tensor.Create(Weights(), 784, 3))]);
        builder.Output(builder.Node("Identity", "scores", [builder.Node("Softmax", "probabilities", [x])]), ElementType.Float, Dimension.Named("N"), 3);
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(builder.Build(), new RecognizerOptions { Labels = ["a", "b", "c"] });
        byte[] pixels = Seven(80, 100).Pixels.ToArray();
        float[] images = Image(8, seed: 1), probabilities = new float[24], rejections = new float[8];
        Assert.Equal(0, Allocated(() => recognizer.Score(images, 8, probabilities, null, rejections)));
        Assert.Equal(Allocated(() => GC.KeepAlive(new Prediction(new Candidate[3], 0, true))), Allocated(() => recognizer.Recognize(pixels, 80, 100, 80)));
    }

    [Fact]
    public async Task Streams_are_read_in_order_and_no_answer_waits_for_a_later_image()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 18));
        GrayImage[] images = [.. Enumerable.Range(0, 75).Select(i => Seven(30 + i, 60))];
        var pause = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async IAsyncEnumerable<GrayImage> Source()
        {
            for (int i = 0; i < images.Length; i++)
            {
                if (i == 40) await pause.Task;
                yield return images[i];
            }
        }
        int read = 0;
        await foreach (Prediction prediction in recognizer.RecognizeAsync(Source()))
        {
            Same(recognizer.Recognize(images[read]), prediction);
            if (++read == 40) pause.SetResult();
        }
        Assert.Equal(75, read);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_may_hold_all_its_images_in_the_same_memory(bool isGray)
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 18));
        byte[] upright = Seven(40, 60).Pixels.ToArray(), turned = [.. upright.AsEnumerable().Reverse()], memory = new byte[2400];
        byte[][] frames = [upright, upright, turned, upright, turned];
        async IAsyncEnumerable<T> Source<T>(Func<T> wrap)
        {
            await Task.CompletedTask;
            foreach (byte[] frame in frames)
            {
                frame.CopyTo(memory, 0);
                yield return wrap();
            }
        }
        IAsyncEnumerable<Prediction> predictions = isGray ? recognizer.RecognizeAsync(Source(() => new GrayImage(40, 60, memory))) : recognizer.RecognizeAsync(Source(() => new Image(40, 60, 1, memory)));
        int read = 0;
        await foreach (Prediction prediction in predictions) Same(recognizer.Recognize(new GrayImage(40, 60, frames[read++])), prediction);
        Assert.Equal(5, read);
        Assert.NotEqual(recognizer.Recognize(new GrayImage(40, 60, upright)).Candidates, recognizer.Recognize(new GrayImage(40, 60, turned)).Candidates);
    }

    [Fact]
    public async Task Streams_end_when_cancelled_or_left_and_pass_failures_on_after_what_came_before()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 19));
        bool released = false;
        async IAsyncEnumerable<GrayImage> Endless([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token = default)
        {
            try
            {
                for (int i = 0; ; i++)
                {
                    if (i % 3 == 2) await Task.Delay(i == 20 ? -1 : 1, token);
                    yield return Seven(30, 40);
                }
            }
            finally
            {
                released = true;
            }
        }
        using var ending = new CancellationTokenSource();
        int read = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (Prediction _ in recognizer.RecognizeAsync(Endless(), cancellationToken: ending.Token)) if (++read == 20) ending.CancelAfter(20);
        });
        Assert.Equal(20, read);
        Assert.True(released);

        released = false;
        await foreach (Prediction _ in recognizer.RecognizeAsync(Endless())) break;
        Assert.True(released);

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Files()
        {
            await Task.CompletedTask;
            for (int i = 0; i < 5; i++) yield return PngEncoder.Encode(Seven(30, 40));
            yield return new byte[] { 1, 2, 3 };
        }
        read = 0;
        await Assert.ThrowsAsync<ImageFormatException>(async () =>
        {
            await foreach (Prediction _ in recognizer.RecognizeAsync(Files())) read++;
        });
        Assert.Equal(5, read);
    }

    [Fact]
    public async Task A_source_that_throws_at_once_loses_nothing_that_came_before()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 24));
        var source = new Source((call, _) => call < 4 ? ValueTask.FromResult(true) : throw new FormatException());
        int read = 0;
        await Assert.ThrowsAsync<FormatException>(async () =>
        {
            await foreach (Prediction _ in recognizer.RecognizeAsync(source)) read++;
        });
        Assert.Equal(3, read);
        Assert.True(source.IsDisposed);
    }

    [Fact]
    public async Task A_source_is_awaited_and_disposed_of_even_if_hearing_of_its_end_fails()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 25));
        bool ended = false;
        var source = new Source(async (call, token) =>
        {
            if (call == 1) return true;
            token.Register(() => throw new FormatException());
            while (!token.IsCancellationRequested) await Task.Delay(1, CancellationToken.None);
            return ended = true;
        });
        await Assert.ThrowsAsync<AggregateException>(async () =>
        {
            await foreach (Prediction _ in recognizer.RecognizeAsync(source)) break;
        });
        Assert.True(ended && source.IsDisposed);
    }

    [Fact]
    public void A_shipped_model_is_loaded_or_its_lack_is_explained()
    {
        bool there = typeof(CharacterRecognizer).Assembly.GetManifestResourceNames().Contains("characters.onnx");
        if (there)
        {
            CharacterRecognizer.Default.Dispose();
            Assert.Equal(62, CharacterRecognizer.Default.Labels.Count);
            Assert.Throws<InvalidOperationException>(() => CharacterRecognizer.Default.ReplaceModel([]));
        }
        else
        {
            Assert.Contains("CharacterRecognizer.Load(path)", Assert.Throws<InvalidOperationException>(() => CharacterRecognizer.Default).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_disposed_recogniser_says_so_and_its_snapshot_goes_on()
    {
        Graph first = Architecture.Build("cnn2", Digits, seed: 20), second = Architecture.Build("cnn2", Digits, seed: 21);
        float[] image = Image(1, seed: 22);
        CharacterRecognizer recognizer = CharacterRecognizer.Load(first);
        float[] expected = Scores(recognizer, image, 1), other = Scores(CharacterRecognizer.Load(second), image, 1);
        using CharacterRecognizer snapshot = recognizer.Snapshot();
        recognizer.ReplaceModel(OnnxWriter.ToBytes(second));
        Assert.Equal(1, recognizer.ModelVersion);
        Assert.Equal(other, Scores(recognizer, image, 1));
        Assert.Throws<OnnxException>(() => recognizer.ReplaceModel([1, 2, 3]));
        Assert.Equal(other, Scores(recognizer, image, 1));
        recognizer.Dispose();
        recognizer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => recognizer.RecognizeNormalized(image));
        Assert.Throws<ObjectDisposedException>(() => recognizer.ReplaceModel(OnnxWriter.ToBytes(first)));
        Assert.Equal(expected, Scores(snapshot, image, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_listener_that_throws_costs_no_answer_and_no_model(bool isAtStart)
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 23));
        Prediction expected = recognizer.Recognize(Seven(30, 40));
        int thread = Environment.CurrentManagedThreadId, thrown = 0;
        void Throw(bool isMeant = true)
        {
            if (!isMeant || Environment.CurrentManagedThreadId != thread) return;
            thrown++;
            throw new FormatException("The listener fails.");
        }
        System.Diagnostics.Activity? around = System.Diagnostics.Activity.Current;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, l) => { if (instrument.Meter.Name == RecognizerDiagnostics.Name) l.EnableMeasurementEvents(instrument); };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => Throw());
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Throw());
        listener.Start();
        using var activities = new System.Diagnostics.ActivityListener
        {
            ShouldListenTo = source => source.Name == RecognizerDiagnostics.Name,
            Sample = (ref System.Diagnostics.ActivityCreationOptions<System.Diagnostics.ActivityContext> _) => System.Diagnostics.ActivitySamplingResult.AllData,
            ActivityStarted = _ => Throw(isAtStart),
            ActivityStopped = _ => Throw(!isAtStart),
        };
        System.Diagnostics.ActivitySource.AddActivityListener(activities);
        // Characters, duration, activity
        Same(expected, recognizer.Recognize(Seven(30, 40)));
        Assert.InRange(thrown, 3, 4);
        Assert.Throws<ImageFormatException>(() => recognizer.Recognize([1, 2, 3]));
        Assert.Same(around, System.Diagnostics.Activity.Current);
        thrown = 0;
        Assert.Throws<OnnxException>(() => recognizer.ReplaceModel([1, 2, 3]));
        recognizer.ReplaceModel(OnnxWriter.ToBytes(Architecture.Build("cnn2", Digits, seed: 24)));
        Assert.Equal((1, 2), (recognizer.ModelVersion, thrown));
    }

    [Fact]
    public void Metrics_and_activities_tell_what_was_read()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Architecture.Build("cnn2", Digits, seed: 23));
        long characters = 0;
        int durations = 0;
        int thread = Environment.CurrentManagedThreadId;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, l) => { if (instrument.Meter.Name == RecognizerDiagnostics.Name) l.EnableMeasurementEvents(instrument); };
        // Other tests read at the same time, on other threads.
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => { if (instrument.Name == "recognizer.characters" && Environment.CurrentManagedThreadId == thread) characters += value; });
        var errors = new List<object?>();
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument.Name != "recognizer.duration" || Environment.CurrentManagedThreadId != thread || value <= 0) return;
            durations++;
            foreach (KeyValuePair<string, object?> tag in tags) if (tag.Key == "error.type") errors.Add(tag.Value);
        });
        listener.Start();
        var counts = new List<object?>();
        object? confidence = null;
        (System.Diagnostics.ActivityStatusCode Code, object? Error) status = default;
        using var activities = new System.Diagnostics.ActivityListener
        {
            ShouldListenTo = source => source.Name == RecognizerDiagnostics.Name,
            Sample = (ref System.Diagnostics.ActivityCreationOptions<System.Diagnostics.ActivityContext> _) => System.Diagnostics.ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (Environment.CurrentManagedThreadId != thread) return;
                counts.Add(activity.GetTagItem("recognizer.count"));
                confidence = activity.GetTagItem("recognizer.confidence");
                status = (activity.Status, activity.GetTagItem("error.type"));
            },
        };
        System.Diagnostics.ActivitySource.AddActivityListener(activities);
        recognizer.Recognize(Seven(30, 40));
        recognizer.Recognize((GrayImage[])[Seven(30, 40), Seven(50, 40)], new Prediction[2]);
        Assert.Equal(3, characters);
        Assert.Equal(2, durations);
        Assert.Equal([1, 2], counts);
        Assert.Equal((System.Diagnostics.ActivityStatusCode.Unset, null), status);
        Assert.Empty(errors);

        // Decoding is part of a call, even where nothing comes of it
        Assert.Throws<ImageFormatException>(() => recognizer.Recognize([1, 2, 3]));
        Assert.Equal((3, 3), (durations, counts.Count));
        string error = typeof(ImageFormatException).FullName!;
        Assert.Equal((System.Diagnostics.ActivityStatusCode.Error, error), status);
        Assert.Equal([error], errors);

        // Failures of all calls tell
        errors.Clear();
        Action[] failing =
        [
            () => recognizer.Recognize(Seven(30, 40), alphabet: Alphabet.Upper), () => recognizer.Recognize(new byte[4], 2, 2, 2, alphabet: Alphabet.Upper),
            () => recognizer.Recognize(new byte[4], 2, 2, 2, new Candidate[1], alphabet: Alphabet.Upper), () => recognizer.RecognizeNormalized(new float[784], Alphabet.Upper),
            () => recognizer.Score(new float[784], 1, new float[10], Alphabet.Upper), () => recognizer.Recognize((GrayImage[])[Seven(30, 40)], new Prediction[1], Alphabet.Upper),
        ];
        Assert.All(failing, call => Assert.Throws<ArgumentException>(call));
        Assert.Equal(Enumerable.Repeat<object?>(typeof(ArgumentException).FullName, failing.Length), errors);
        var cancelled = new CancellationToken(canceled: true);
        Assert.Throws<OperationCanceledException>(() => new PageReader(recognizer).Read(Seven(30, 40), cancelled));
        Assert.Throws<OperationCanceledException>(() => new FieldReader(recognizer, FieldFormat.FromMask("d")).Read(Seven(30, 40), cancelled));
        Assert.Equal(failing.Length + 2, errors.Count);
        (durations, counts) = (0, []);
        var candidates = new Candidate[2];
        recognizer.Recognize(Seven(30, 40).Pixels, 30, 40, 30, candidates);
        Assert.Equal(candidates[0].Confidence, confidence);
        counts.Clear();
        (characters, durations) = (0, 0);

        // What a reader tries doesn't count, only what it reads
        GrayImage line = DrawnPage.Paint(["2034"]);
        int found = new PageReader(recognizer).Read(line).Lines.Sum(l => l.Words.Sum(w => w.Characters.Count));
        int inField = new FieldReader(recognizer, FieldFormat.FromMask("dddd")).Read(line)!.Characters.Count;
        Assert.Equal(found + inField, characters);
        Assert.Equal(2, durations);
        Assert.Equal([found, inField], counts);
    }

    /// <summary>The same image again and again, as far as a function of the number of the call, from 1, and the token says that there is one.</summary>
    private sealed class Source(Func<int, CancellationToken, ValueTask<bool>> moveNext) : IAsyncEnumerable<GrayImage>, IAsyncEnumerator<GrayImage>
    {
        private CancellationToken _token;
        private int _calls;

        public bool IsDisposed { get; private set; }

        public GrayImage Current { get; } = Seven(30, 40);

        public IAsyncEnumerator<GrayImage> GetAsyncEnumerator(CancellationToken cancellationToken = default)
        {
            _token = cancellationToken;
            return this;
        }

        public ValueTask<bool> MoveNextAsync() => moveNext(++_calls, _token);

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Bytes that a call allocates once everything is warm; the least of several rounds, because collections that other tests cause empty pools.</summary>
    private static long Allocated(Action action)
    {
        long least = long.MaxValue;
        for (int round = 0; round < 6; round++)
        {
            for (int i = 0; i < 3; i++) action();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++) action();
            least = Math.Min(least, (GC.GetAllocatedBytesForCurrentThread() - before) / 10);
        }
        return least;
    }

    private static void Same(Prediction expected, Prediction actual)
    {
        Assert.Equal(expected.Candidates, actual.Candidates);
        Assert.Equal(expected.RejectionScore, actual.RejectionScore);
        Assert.Equal(expected.IsLikelyCharacter, actual.IsLikelyCharacter);
        Assert.Equal(expected.AlphabetShare, actual.AlphabetShare);
    }

    // Dark on light, with some grain.
    private static GrayImage Seven(int width, int height)
    {
        var random = new Random(width * 1000 + height);
        var pixels = new byte[width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                double u = (x + 0.5) / width, v = (y + 0.5) / height;
                bool ink = v is > 0.2 and < 0.3 && u is > 0.25 and < 0.75 || v is > 0.25 and < 0.85 && Math.Abs(u - (0.72 - 0.5 * (v - 0.25))) < 0.06;
                pixels[y * width + x] = (byte)((ink ? 40 : 220) + random.Next(-10, 11));
            }
        }
        return new GrayImage(width, height, pixels);
    }

    /// <summary>Of a dense layer from the pixels to three classes.</summary>
    private static float[] Weights()
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, 784 * 3).Select(_ => random.NextSingle() - 0.5f)];
    }

    private static double[] Logits(float[] images, float[] weights, int image) =>
        [.. Enumerable.Range(0, 3).Select(c => Enumerable.Range(0, 784).Sum(i => (double)images[image * 784 + i] * weights[i * 3 + c]))];

    private static void AssertScores(CharacterRecognizer recognizer, float[] weights, int count, double tolerance = 1e-4)
    {
        float[] images = Image(count, seed: 11), scores = Scores(recognizer, images, count);
        for (int n = 0; n < count; n++)
        {
            double[] logits = Logits(images, weights, n);
            double total = logits.Sum(Math.Exp);
            for (int c = 0; c < 3; c++) Assert.Equal(Math.Exp(logits[c]) / total, scores[n * 3 + c], tolerance);
        }
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
