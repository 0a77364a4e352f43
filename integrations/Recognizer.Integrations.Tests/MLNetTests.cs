using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ML;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.MLNet;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.PixelFormats;
using Xunit;

namespace Recognizer.Integrations.Tests;

public class MLNetTests
{
    private readonly MLContext _context = new(seed: 0);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    public void Scores_of_a_view_are_those_of_the_recognizer(int batchSize)
    {
        float[] pixels = Models.Pixels(23);
        IDataView rows = Rows(pixels);
        using RecognizeHandwritingTransformer transformer = Estimator(new() { InputColumnName = "Pixels", BatchSize = batchSize }).Fit(rows);
        ScoredRow[] scored = [.. _context.Data.CreateEnumerable<ScoredRow>(transformer.Transform(rows), reuseRowObject: false)];

        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Models.Bytes);
        float[] expected = Models.Score(recognizer, pixels);
        Assert.Equal(23, scored.Length);
        for (int i = 0; i < scored.Length; i++)
        {
            float[] row = expected[(i * 10)..(i * 10 + 10)];
            Assert.Equal(row, scored[i].Score.Select(score => score), (a, b) => Math.Abs(a - b) < 1e-5);
            Assert.Equal((uint)Array.IndexOf(scored[i].Score, scored[i].Score.Max()) + 1, scored[i].PredictedLabel);
            // What the input had is still beside it, row by row.
            Assert.Equal(i, scored[i].Number);
            Assert.Equal($"{i % 10}", scored[i].Label);
            Assert.Equal(pixels[(i * 784)..((i + 1) * 784)], scored[i].Pixels);
        }
    }

    [Fact]
    public void Columns_carry_the_labels()
    {
        IDataView rows = Rows(Models.Pixels(2));
        using RecognizeHandwritingTransformer transformer = Estimator(new() { InputColumnName = "Pixels" }).Fit(rows);
        DataViewSchema schema = transformer.Transform(rows).Schema;
        VBuffer<ReadOnlyMemory<char>> keys = default, slots = default;
        schema["PredictedLabel"].GetKeyValues(ref keys);
        schema["Score"].GetSlotNames(ref slots);
        Assert.Equal(Models.Digits, keys.DenseValues().Select(key => key.ToString()));
        Assert.Equal(Models.Digits, slots.DenseValues().Select(slot => slot.ToString()));
        SchemaShape shape = Estimator(new() { InputColumnName = "Pixels" }).GetOutputSchema(LoadableComponent.Shape(rows.Schema));
        Assert.True(shape.Single(column => column.Name == "PredictedLabel").IsKey);
        Assert.Equal(SchemaShape.Column.VectorKind.Vector, shape.Single(column => column.Name == "Score").Kind);
    }

    [Fact]
    public void Cursors_pass_on_only_what_is_asked_for_and_agree_with_each_other()
    {
        IDataView rows = Rows(Models.Pixels(30));
        using RecognizeHandwritingTransformer transformer = Estimator(new() { InputColumnName = "Pixels", BatchSize = 8 }).Fit(rows);
        IDataView result = transformer.Transform(rows);
        using (DataViewRowCursor cursor = result.GetRowCursor([result.Schema["Number"]]))
        {
            Assert.False(cursor.IsColumnActive(result.Schema["Score"]));
            Assert.Throws<ArgumentException>(() => cursor.GetGetter<VBuffer<float>>(result.Schema["Score"]));
            Assert.Equal(-1, cursor.Position);
            int number = -1;
            ValueGetter<int> get = cursor.GetGetter<int>(result.Schema["Number"]);
            Assert.Throws<InvalidOperationException>(() => get(ref number));
            for (int i = 0; i < 30; i++)
            {
                Assert.True(cursor.MoveNext());
                get(ref number);
                Assert.Equal((i, (long)i), (number, cursor.Position));
            }
            Assert.False(cursor.MoveNext());
        }
        // ML.NET's own parts read in parallel and shuffled.
        var byNumber = _context.Data.CreateEnumerable<ScoredRow>(result, reuseRowObject: false).ToDictionary(row => row.Number, row => row.Score);
        foreach (ScoredRow row in _context.Data.CreateEnumerable<ScoredRow>(_context.Data.ShuffleRows(result, seed: 1), reuseRowObject: false))
            Assert.Equal(byNumber[row.Number], row.Score);
    }

    [Fact]
    public void Images_are_normalised_as_the_recognizer_does()
    {
        byte[] png = Models.PhotoPng(120, 90);
        using var image = MLImage.CreateFromStream(new MemoryStream(png));
        IDataView rows = _context.Data.LoadFromEnumerable([new ImageRow { Image = image }]);
        using RecognizeHandwritingTransformer transformer = Estimator(new()).Fit(rows);
        float[] scores = _context.Data.CreateEnumerable<Scored>(transformer.Transform(rows), reuseRowObject: false).Single().Score;

        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Models.Bytes, new RecognizerOptions { Top = 10 });
        Prediction expected = recognizer.Recognize(png);
        foreach (Candidate candidate in expected.Candidates) Assert.Equal(candidate.Confidence, scores[Array.IndexOf(Models.Digits, candidate.Label)], 1e-5);
    }

    [Theory]
    [InlineData("black ink")]
    [InlineData("blue ink")]
    [InlineData("white ink")]
    [InlineData("two inks")]
    [InlineData("veil on paper")]
    public void Transparency_is_resolved_as_the_recognizer_does(string kind)
    {
        byte[] png = TranslucentPng(kind);
        using var image = MLImage.CreateFromStream(new MemoryStream(png));
        byte[] expected = ImageDecoder.Decode(png).ToGray().Pixels.ToArray(), actual = PixelReaders.ToGray(image).Pixels.ToArray();
        Assert.True(expected.Max() - expected.Min() > 60);
        Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) <= 2);

        IDataView rows = _context.Data.LoadFromEnumerable([new ImageRow { Image = image }]);
        using RecognizeHandwritingTransformer transformer = Estimator(new()).Fit(rows);
        float[] scores = _context.Data.CreateEnumerable<Scored>(transformer.Transform(rows), reuseRowObject: false).Single().Score;
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Models.Bytes, new RecognizerOptions { Top = 10 });
        foreach (Candidate candidate in recognizer.Recognize(png).Candidates) Assert.Equal(candidate.Confidence, scores[Array.IndexOf(Models.Digits, candidate.Label)], 1e-3);
    }

    [Fact]
    public void Pixels_that_are_not_multiplied_by_their_opacity_are_told_apart()
    {
        using Image<Rgba32> picture = Translucent("two inks");
        var pixels = new byte[picture.Width * picture.Height * 4];
        picture.CopyPixelDataTo(pixels);
        using MLImage image = MLImage.CreateFromPixels(picture.Width, picture.Height, MLPixelFormat.Rgba32, pixels);
        Assert.Equal(Inference.Imaging.Image.FromChannels(picture.Width, picture.Height, 4, pixels).ToGray().Pixels.ToArray(), PixelReaders.ToGray(image).Pixels.ToArray());
    }

    private static byte[] TranslucentPng(string kind)
    {
        using Image<Rgba32> picture = Translucent(kind);
        var stream = new MemoryStream();
        picture.SaveAsPng(stream, new() { ColorType = PngColorType.RgbWithAlpha, TransparentColorMode = PngTransparentColorMode.Preserve });
        return stream.ToArray();
    }

    // A stroke whose edges fade.
    private static Image<Rgba32> Translucent(string kind)
    {
        var picture = new Image<Rgba32>(48, 60);
        for (int y = 0; y < picture.Height; y++)
        {
            for (int x = 0; x < picture.Width; x++)
            {
                double distance = y is < 8 or > 52 ? 99 : Math.Abs(x - 16 - y / 4);
                byte cover = (byte)(255 * Math.Clamp(1.5 - distance / 4, 0, 1));
                picture[x, y] = kind switch
                {
                    "black ink" => new Rgba32(0, 0, 0, cover),
                    "blue ink" => new Rgba32(25, 60, 210, cover),
                    "white ink" => new Rgba32(255, 255, 255, cover),
                    "two inks" => y < 30 ? new Rgba32(200, 10, 30, (byte)(cover / 2)) : new Rgba32(10, 90, 20, (byte)(cover * 2 / 3)),
                    _ => cover > 0 ? new Rgba32(30, 20, 20, (byte)(255 - cover / 2)) : new Rgba32(250, 248, 240, 255),
                };
            }
        }
        return picture;
    }

    [Fact]
    public void A_model_zip_comes_back_in_another_context()
    {
        float[] pixels = Models.Pixels(5);
        IDataView rows = Rows(pixels);
        string file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.zip");
        try
        {
            IEstimator<ITransformer> chain = Estimator(new() { InputColumnName = "Pixels", BatchSize = 3, Alphabet = Alphabet.Parse("13579") })
                .Append(_context.Transforms.Conversion.MapKeyToValue("Text", "PredictedLabel"));
            ITransformer fitted = chain.Fit(rows);
            _context.Model.Save(fitted, rows.Schema, file);

            var other = new MLContext();
            Assert.ThrowsAny<Exception>(() => other.Model.Load(file, out _));
            other.ComponentCatalog.RegisterRecognizer();
            other.ComponentCatalog.RegisterRecognizer();
            ITransformer loaded = other.Model.Load(file, out DataViewSchema schema);
            Assert.Equal(rows.Schema.Select(column => column.Name), schema.Select(column => column.Name));
            TextRow[] before = [.. _context.Data.CreateEnumerable<TextRow>(fitted.Transform(rows), reuseRowObject: false)];
            TextRow[] after = [.. other.Data.CreateEnumerable<TextRow>(loaded.Transform(rows), reuseRowObject: false)];
            Assert.Equal(before.Select(row => row.Text), after.Select(row => row.Text));
            Assert.Equal(before.SelectMany(row => row.Score), after.SelectMany(row => row.Score));
            Assert.All(after, row => Assert.Contains(row.Text, new[] { "1", "3", "5", "7", "9" }));
            VBuffer<ReadOnlyMemory<char>> slots = default;
            loaded.GetOutputSchema(schema)["Score"].GetSlotNames(ref slots);
            Assert.Equal(Models.Digits, slots.DenseValues().Select(slot => slot.ToString()));

            using PredictionEngine<InputRow, TextRow> engine = other.Model.CreatePredictionEngine<InputRow, TextRow>(loaded);
            for (int i = 0; i < 5; i++)
            {
                TextRow predicted = engine.Predict(new InputRow { Pixels = pixels[(i * 784)..((i + 1) * 784)] });
                Assert.Equal(after[i].Text, predicted.Text);
                Assert.Equal(after[i].Score, predicted.Score, (a, b) => Math.Abs(a - b) < 1e-5);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_pool_of_prediction_engines_predicts_from_many_threads()
    {
        float[] pixels = Models.Pixels(16);
        IDataView rows = Rows(pixels);
        string file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.zip");
        try
        {
            using RecognizeHandwritingTransformer transformer = Estimator(new() { InputColumnName = "Pixels" }).Fit(rows);
            _context.Model.Save(transformer, rows.Schema, file);
            var services = new ServiceCollection();
            services.AddPredictionEnginePool<InputRow, ScoredRow>().FromFile(file);
            services.PostConfigure<MLOptions>(options => options.MLContext.ComponentCatalog.RegisterRecognizer());
            await using ServiceProvider provider = services.BuildServiceProvider();
            var pool = provider.GetRequiredService<PredictionEnginePool<InputRow, ScoredRow>>();
            ScoredRow[] expected = [.. _context.Data.CreateEnumerable<ScoredRow>(transformer.Transform(rows), reuseRowObject: false)];
            ScoredRow[] actual = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => pool.Predict(new InputRow { Pixels = pixels[(i * 784)..((i + 1) * 784)] }))));
            Assert.Equal(expected.Select(row => row.PredictedLabel), actual.Select(row => row.PredictedLabel));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_column_of_another_type_is_refused_by_name()
    {
        IDataView rows = _context.Data.LoadFromEnumerable([new { Pixels = new float[3], Text = "a" }]);
        Assert.Contains("'Image'", Assert.Throws<ArgumentException>(() => Estimator(new()).Fit(rows)).Message, StringComparison.Ordinal);
        Assert.Contains("'Pixels'", Assert.Throws<ArgumentException>(() => Estimator(new() { InputColumnName = "Pixels" }).Fit(rows)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Estimator(new() { InputColumnName = "Text", BatchSize = 0 }).Fit(rows));
    }

    [Fact]
    public void The_chain_of_stock_parts_scores_as_the_engine_does()
    {
        string folder = Directory.CreateTempSubdirectory("recognizer-").FullName;
        try
        {
            string model = Path.Combine(folder, "model.onnx");
            File.WriteAllBytes(model, Models.Bytes);
            float[] pixels = [.. Models.Pixels(6).Select(pixel => MathF.Round(pixel * 255) / 255)];
            for (int i = 0; i < 6; i++)
                File.WriteAllBytes(Path.Combine(folder, $"{i}.png"), Inference.Imaging.PngEncoder.Encode(28, 28, 1, [.. pixels[(i * 784)..((i + 1) * 784)].Select(pixel => (byte)MathF.Round(pixel * 255))]));
            IDataView rows = _context.Data.LoadFromEnumerable(Enumerable.Range(0, 6).Select(i => new PathRow { ImagePath = $"{i}.png" }));
            ITransformer chain = OnnxPipeline.Create(_context, model, folder).Fit(rows);
            string zip = Path.Combine(folder, "chain.zip");
            _context.Model.Save(chain, rows.Schema, zip);
            using CharacterRecognizer recognizer = CharacterRecognizer.Load(model);
            float[] expected = Models.Score(recognizer, pixels);
            foreach (ITransformer transformer in new[] { chain, new MLContext().Model.Load(zip, out _) })
            {
                Scored[] scored = [.. _context.Data.CreateEnumerable<Scored>(transformer.Transform(rows), reuseRowObject: false)];
                Assert.Equal(expected, scored.SelectMany(row => row.Score), (a, b) => Math.Abs(a - b) < 1e-5);
                Assert.All(scored, row => Assert.Equal((uint)Array.IndexOf(row.Score, row.Score.Max()) + 1, row.PredictedLabel));
                (transformer as IDisposable)?.Dispose();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_best_class_is_the_first_of_equals_and_none_without_numbers()
    {
        Action<OnnxPipeline.ScoreRow, OnnxPipeline.IndexRow> map = new OnnxPipeline.ArgMaxFactory().GetMapping();
        foreach ((VBuffer<float> scores, int expected) in new (VBuffer<float>, int)[]
        {
            (new(3, [0.2f, 0.4f, 0.4f]), 1), (new(3, [float.NaN, 0.4f, 0.6f]), -1), (new(3, [0.4f, 0.6f, float.NaN]), -1), (new(5, 2, [0.3f, 0.7f], [2, 4]), 4),
        })
        {
            var row = new OnnxPipeline.IndexRow();
            map(new OnnxPipeline.ScoreRow { Score = scores }, row);
            Assert.Equal(expected, row.PredictedIndex);
        }
    }

    private RecognizeHandwritingEstimator Estimator(RecognizeHandwritingOptions options) => _context.Transforms.RecognizeHandwriting(Models.Bytes, options);

    private IDataView Rows(float[] pixels) => _context.Data.LoadFromEnumerable(
        pixels.Chunk(784).Select((image, i) => new InputRow { Number = i, Label = $"{i % 10}", Pixels = image }).ToArray());

    internal sealed class InputRow
    {
        public int Number { get; set; }

        public string Label { get; set; } = "";

        [VectorType(784)]
        public float[] Pixels { get; set; } = [];
    }

    internal sealed class ScoredRow
    {
        public int Number { get; set; }

        public string Label { get; set; } = "";

        public float[] Pixels { get; set; } = [];

        public uint PredictedLabel { get; set; }

        public float[] Score { get; set; } = [];
    }

    internal sealed class Scored
    {
        public uint PredictedLabel { get; set; }

        public float[] Score { get; set; } = [];
    }

    internal sealed class TextRow
    {
        public string Text { get; set; } = "";

        public float[] Score { get; set; } = [];
    }

    internal sealed class ImageRow
    {
        [ImageType(90, 120)]
        public MLImage Image { get; set; } = null!;
    }

    internal sealed class PathRow
    {
        public string ImagePath { get; set; } = "";
    }
}
