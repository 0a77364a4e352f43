using System.Buffers;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference;

/// <summary>Reads single characters. Thread-safe: create one and share it.</summary>
public sealed class CharacterRecognizer : ICharacterScorer, IDisposable
{
    /// <summary>Pixels on each side of the image that the model sees.</summary>
    public const int Side = 28;

    private const int PixelsPerImage = Side * Side;
    private readonly Plan _plan;
    private readonly RecognizerOptions _options;
    private readonly string[] _labels;
    private readonly bool[]? _allowed;
    private readonly int _allowedCount;
    private readonly ValueInfo _input;
    private readonly string _output;
    private readonly ScoreKind _kind;

    private CharacterRecognizer(Graph graph, RecognizerOptions options)
    {
        if (options.Top < 1) throw new ArgumentOutOfRangeException(nameof(options), options.Top, "RecognizerOptions.Top must be at least 1.");
        _options = options;
        graph = ModelTransforms.InInferenceMode(graph);
        _input = SingleInput(graph);
        (_output, _kind) = ScoreOutput(graph);
        _plan = Plan.Compile(graph, options.Plan with { Outputs = [_output] });
        int classes = Classes(_plan.Outputs[0], graph);
        IReadOnlyList<string> labels = ModelMetadata.Labels(graph) ?? options.Labels
            ?? throw new OnnxException($"The model carries no '{ModelMetadata.LabelsKey}' and RecognizerOptions.Labels is not set; expected {classes} labels.");
        if (labels.Count != classes)
        {
            throw new OnnxException(ModelMetadata.Labels(graph) is null
                ? $"The model carries no labels and gives {classes} scores, but {labels.Count} labels were given; expected as many labels as scores."
                : $"The model gives {classes} scores but has {labels.Count} labels.");
        }
        _labels = [.. labels];
        Layout = ModelMetadata.Layout(graph) ?? options.DefaultLayout;
        if (options.Alphabet is { } alphabet)
        {
            _allowed = [.. _labels.Select(alphabet.Contains)];
            if (!_allowed.Contains(true)) throw new ArgumentException($"The model has none of the labels of the alphabet '{alphabet}'.", nameof(options));
        }
        _allowedCount = _allowed?.Count(a => a) ?? classes;
    }

    private enum ScoreKind { Probabilities, LogProbabilities, Logits }

    /// <summary>Text of each class, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels => _labels;

    /// <summary>Layout that images are brought into before they are scored.</summary>
    public NormalizerLayout Layout { get; }

    /// <summary>Loads a model file.</summary>
    /// <exception cref="OnnxException">The file is not a model that this library can run.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static CharacterRecognizer Load(string path, RecognizerOptions? options = null) => new(OnnxReader.ReadFile(path), options ?? new());

    /// <summary>Loads a model from a stream, such as an embedded resource.</summary>
    /// <exception cref="OnnxException">The stream does not hold a model that this library can run.</exception>
    public static CharacterRecognizer Load(Stream stream, RecognizerOptions? options = null) => new(OnnxReader.Read(stream), options ?? new());

    /// <summary>Loads a model from memory.</summary>
    /// <exception cref="OnnxException">The bytes are not a model that this library can run.</exception>
    public static CharacterRecognizer Load(byte[] model, RecognizerOptions? options = null) => new(OnnxReader.Read(model), options ?? new());

    /// <summary>Uses a graph that is already in memory.</summary>
    /// <exception cref="OnnxException">The graph is not a model that this library can run.</exception>
    public static CharacterRecognizer Load(Graph graph, RecognizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return new(graph, options ?? new());
    }

    /// <summary>Reads the character in an image file (PNG, JPEG, BMP or PNM, told apart by content).</summary>
    /// <exception cref="ImageFormatException">The bytes are not an image of a known format, or exceed the limits.</exception>
    public Prediction Recognize(ReadOnlySpan<byte> encoded) => Recognize(ImageDecoder.Decode(encoded, _options.Decoder));

    /// <summary>Reads the character in an image of any size and polarity.</summary>
    public Prediction Recognize(Image image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Recognize(image.ToGray());
    }

    /// <summary>Reads the character in a grey image of any size.</summary>
    /// <param name="image">The image.</param>
    /// <param name="polarity">Whether ink is lighter or darker than the ground; found out where left out.</param>
    public Prediction Recognize(GrayImage image, Polarity polarity = Polarity.Detect)
    {
        ArgumentNullException.ThrowIfNull(image);
        Span<float> pixels = stackalloc float[PixelsPerImage];
        CharacterNormalizer.Normalize(image, Layout, polarity, pixels);
        return RecognizeNormalized(pixels);
    }

    /// <summary>Reads one image that already is what the model expects.</summary>
    /// <param name="pixels">[28, 28], upright, 0 = ground … 1 = ink, in the model's <see cref="Layout"/>.</param>
    public Prediction RecognizeNormalized(ReadOnlySpan<float> pixels)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(_labels.Length);
        try
        {
            Span<float> probabilities = rented.AsSpan(0, _labels.Length);
            Score(pixels, 1, probabilities);
            return ToPrediction(probabilities);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Probabilities of all classes for images that already are what the model expects; the batch path, which allocates
    /// nothing.</summary>
    /// <param name="pixels">[count, 28, 28], upright, 0 = ground … 1 = ink, in the model's <see cref="Layout"/>.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">[count, classes], receives the probabilities; labels outside the alphabet get 0.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (pixels.Length != (long)count * PixelsPerImage)
            throw new ArgumentException($"{count} images need {(long)count * PixelsPerImage} pixels, got {pixels.Length}.", nameof(pixels));
        if (probabilities.Length != (long)count * _labels.Length)
            throw new ArgumentException($"{count} images need {(long)count * _labels.Length} probabilities, got {probabilities.Length}.", nameof(probabilities));
        if (count == 0) return;
        int step = _input.Shape is { Count: > 0 } shape && shape[0].IsFixed ? shape[0].Size : count;
        if (_input.ElementType == ElementType.Float && count % step == 0)
        {
            for (int start = 0; start < count; start += step)
                _plan.Run(pixels.Slice(start * PixelsPerImage, step * PixelsPerImage), step, probabilities.Slice(start * _labels.Length, step * _labels.Length));
        }
        else
        {
            ScoreByTensors(pixels, count, step, probabilities);
        }
        for (int i = 0; i < count; i++) Finish(probabilities.Slice(i * _labels.Length, _labels.Length));
    }

    /// <summary>Frees the compiled model.</summary>
    public void Dispose() => _plan.Dispose();

    // Models with a fixed batch that doesn't divide the count, or with bytes as input.
    private void ScoreByTensors(ReadOnlySpan<float> pixels, int count, int step, Span<float> probabilities)
    {
        for (int start = 0; start < count; start += step)
        {
            int part = Math.Min(step, count - start);
            ReadOnlySpan<float> source = pixels.Slice(start * PixelsPerImage, part * PixelsPerImage);
            int[] shape = [.. _input.Shape!.Select((d, i) => i == 0 ? step : d.IsFixed ? d.Size : 1)];
            Tensor input = Tensor.Zeros(_input.ElementType, shape);
            if (_input.ElementType == ElementType.UInt8)
            {
                Span<byte> bytes = input.Span<byte>();
                for (int i = 0; i < source.Length; i++) bytes[i] = (byte)Math.Clamp(MathF.Round(255 * source[i]), 0, 255);
            }
            else
            {
                source.CopyTo(input.Span<float>());
            }
            Tensor output = _plan.Run(new Dictionary<string, Tensor> { [_input.Name] = input })[_output];
            output.Span<float>()[..(part * _labels.Length)].CopyTo(probabilities[(start * _labels.Length)..]);
        }
    }

    private void Finish(Span<float> scores)
    {
        if (_kind == ScoreKind.LogProbabilities)
        {
            for (int i = 0; i < scores.Length; i++) scores[i] = MathF.Exp(scores[i]);
        }
        else if (_kind == ScoreKind.Logits)
        {
            float highest = scores[0], total = 0;
            foreach (float score in scores) highest = Math.Max(highest, score);
            for (int i = 0; i < scores.Length; i++) total += scores[i] = MathF.Exp(scores[i] - highest);
            for (int i = 0; i < scores.Length; i++) scores[i] /= total;
        }
        if (_allowed is null) return;
        float sum = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            if (_allowed[i]) sum += scores[i];
            else scores[i] = 0;
        }
        for (int i = 0; i < scores.Length; i++)
        {
            if (_allowed[i]) scores[i] = sum > 0 ? scores[i] / sum : 1f / _allowedCount;
        }
    }

    private Prediction ToPrediction(ReadOnlySpan<float> probabilities)
    {
        var candidates = new Candidate[Math.Min(_options.Top, _allowedCount)];
        int filled = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (_allowed is not null && !_allowed[i]) continue;
            int place = filled;
            while (place > 0 && candidates[place - 1].Confidence < probabilities[i]) place--;
            if (place == candidates.Length) continue;
            filled = Math.Min(filled + 1, candidates.Length);
            for (int j = filled - 1; j > place; j--) candidates[j] = candidates[j - 1];
            candidates[place] = new Candidate(_labels[i], probabilities[i]);
        }
        return new Prediction(candidates);
    }

    private static ValueInfo SingleInput(Graph graph)
    {
        if (graph.Inputs.Count != 1) throw new OnnxException($"The model has {graph.Inputs.Count} inputs, expected one image input.");
        ValueInfo input = graph.Inputs[0];
        if (input.ElementType is not (ElementType.Float or ElementType.UInt8))
            throw new OnnxException($"Input '{input.Name}' is of type {input.ElementType}, expected Float or UInt8.");
        long pixels = input.Shape?.Skip(1).Aggregate(1L, (product, d) => product * (d.IsFixed ? d.Size : 1)) ?? 0;
        if (pixels != PixelsPerImage) throw new OnnxException($"Input '{input.Name}' is {input}, expected {PixelsPerImage} values per image (28×28, one channel).");
        return input;
    }

    // The output that a softmax made, else a log-softmax, else the last one, taken as logits.
    private static (string Name, ScoreKind Kind) ScoreOutput(Graph graph)
    {
        if (graph.Outputs.Count == 0) throw new OnnxException("The model has no outputs.");
        foreach ((string type, ScoreKind kind) in new[] { ("Softmax", ScoreKind.Probabilities), ("LogSoftmax", ScoreKind.LogProbabilities) })
        {
            foreach (ValueInfo output in graph.Outputs)
            {
                string name = output.Name;
                while (graph.Nodes.FirstOrDefault(n => n.Outputs.Contains(name)) is { } node)
                {
                    if (node.OperatorType == type) return (output.Name, kind);
                    if (node.OperatorType is not ("Identity" or "Reshape" or "Squeeze" or "Flatten" or "DequantizeLinear" or "QuantizeLinear")) break;
                    name = node.Inputs[0];
                }
            }
        }
        return (graph.Outputs[^1].Name, ScoreKind.Logits);
    }

    private static int Classes(ValueInfo output, Graph graph)
    {
        if (output.ElementType != ElementType.Float) throw new OnnxException($"Output '{output.Name}' is of type {output.ElementType}, expected Float.");
        if (output.Shape is { Count: > 0 } shape && shape[^1].IsFixed) return shape[^1].Size;
        return ModelMetadata.Labels(graph)?.Count ?? throw new OnnxException($"Output '{output.Name}' is {output}; the number of classes can't be told.");
    }
}
