using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Imaging.Pages;

/// <summary>Readers of a recogniser whose model is replaced.</summary>
public class ReaderReplacementTests
{
    private static readonly int[] s_few = [0, 2, 3, 4];

    [Fact]
    public void A_page_is_read_by_one_model_even_if_it_is_replaced_in_the_middle()
    {
        GrayImage page = DrawnPage.Paint(["2034", "4302"]);
        using var recognizer = new Replaced(TemplateModel.Build(), TemplateModel.Build(s_few));
        Assert.Equal("2034\n4302", new PageReader(recognizer.Reads).Read(page).Text);
        Assert.Equal(1, recognizer.Reads.ModelVersion);
        Assert.Equal("2034\n4302", new PageReader(recognizer.Reads).Read(page).Text);
    }

    [Fact]
    public void A_field_is_read_by_one_model_even_if_it_is_replaced_in_the_middle()
    {
        using var recognizer = new Replaced(TemplateModel.Build(), TemplateModel.Build([4, 3, 2, 0]));
        // as long as takes several calls of the recogniser
        string digits = string.Concat(Enumerable.Repeat("20342", 8));
        var reader = new FieldReader(recognizer.Reads, FieldFormat.FromMask(new string('d', digits.Length)));
        Assert.Equal(digits, reader.Read(DrawnPage.Paint([digits]))?.Text);
        Assert.Equal(1, recognizer.Reads.ModelVersion);
    }

    [Fact]
    public void A_field_reader_goes_by_the_labels_of_the_model_in_use()
    {
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(TemplateModel.Build());
        var reader = new FieldReader(recognizer, FieldFormat.FromMask("ddxd"));
        GrayImage field = DrawnPage.Paint(["2034"]);
        Assert.Equal("2034", reader.Read(field)?.Text);
        foreach (int[] order in new[] { s_few, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [4, 3, 2, 1, 0] })
        {
            recognizer.ReplaceModel(OnnxWriter.ToBytes(TemplateModel.Build(order)));
            Assert.Equal("2034", reader.Read(field)?.Text);
        }
    }

    [Fact]
    public async Task Threads_read_while_models_with_other_labels_come_and_go()
    {
        byte[][] models = [OnnxWriter.ToBytes(TemplateModel.Build()), OnnxWriter.ToBytes(TemplateModel.Build([4, 3, 2, 0]))];
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(models[0]);
        var (pages, fields) = (new PageReader(recognizer), new FieldReader(recognizer, FieldFormat.FromMask("dddd")));
        GrayImage field = DrawnPage.Paint(["2034"]);
        Task readers = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 40; i++)
            {
                Assert.Equal("2034", pages.Read(field).Text);
                Assert.Equal("2034", fields.Read(field)?.Text);
            }
        })));
        for (int i = 1; !readers.IsCompleted; i++) recognizer.ReplaceModel(models[i % 2]);
        await readers;
    }

    /// <summary>A recogniser whose model is replaced while it runs for the first time after it was loaded.</summary>
    private sealed class Replaced : IDisposable
    {
        private readonly byte[] _next;
        private bool _isNext;

        public Replaced(Graph first, Graph next)
        {
            _next = OnnxWriter.ToBytes(next);
            Reads = CharacterRecognizer.Load(first, new RecognizerOptions { Runner = (graph, options) => new Runner(this, Plan.Compile(graph, options)) });
            _isNext = true;
        }

        public CharacterRecognizer Reads { get; }

        public void Dispose() => Reads.Dispose();

        private sealed class Runner(Replaced owner, IGraphRunner plan) : IGraphRunner
        {
            public IReadOnlyList<ValueInfo> Outputs => plan.Outputs;

            public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs) => plan.Run(inputs);

            public void Run(ReadOnlySpan<float> input, int batch, Span<float> output)
            {
                plan.Run(input, batch, output);
                if (!owner._isNext) return;
                owner._isNext = false;
                owner.Reads.ReplaceModel(owner._next);
            }

            public void Dispose() => plan.Dispose();
        }
    }
}
