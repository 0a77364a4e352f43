using System.Buffers;
using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Rejection;

namespace Recognizer.Inference;

/// <summary>A loaded model. Counts who uses it, so that it is freed when it has been replaced and the last call on it has ended.</summary>
internal sealed class RecognizerModel
{
    private const int PixelsPerImage = CharacterRecognizer.Side * CharacterRecognizer.Side;
    private readonly IGraphRunner _plan;
    private readonly string[] _labels;
    private readonly ValueInfo _input;
    private readonly int[] _imageShape;
    private readonly bool _takesTensors;
    private readonly string _output;
    private readonly ScoreKind _kind;
    private readonly RejectionModel _rejection;
    private readonly LabelMask? _mask;

    // Alphabets that callers come with; an alphabet that nobody holds any more takes its mask along.
    private readonly ConditionalWeakTable<Alphabet, LabelMask> _masks = [];
    private readonly ConditionalWeakTable<Alphabet, LabelMask>.CreateValueCallback _createMask;
    private int _references = 1;

    public RecognizerModel(Graph graph, RecognizerOptions options)
    {
        if (options.Top < 1) throw new ArgumentOutOfRangeException(nameof(options), options.Top, "RecognizerOptions.Top must be at least 1.");
        graph = ModelTransforms.InInferenceMode(graph);
        _input = SingleInput(graph);
        _imageShape = ImageShape(_input);
        _takesTensors = _input.ElementType != ElementType.Float || _input.Shape!.Skip(1).Any(d => !d.IsFixed);
        (_output, _kind) = ScoreOutput(graph);
        _rejection = RejectionModel.Of(graph);
        Layout = ModelMetadata.Layout(graph) ?? options.DefaultLayout;
        _plan = options.Runner(graph, options.Plan with { Outputs = [_output] });
        try
        {
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
            IsAlphanumeric = Alphabet.AreAlphanumeric(labels);
            _createMask = alphabet => new LabelMask(_labels, alphabet);
            if (options.Alphabet is not null) _mask = Mask(options.Alphabet);
        }
        catch
        {
            _plan.Dispose();
            throw;
        }
    }

    internal enum ScoreKind { Probabilities, LogProbabilities, Logits }

    public IReadOnlyList<string> Labels => _labels;

    public NormalizerLayout Layout { get; }

    /// <summary>Whether all labels are Latin letters and digits.</summary>
    public bool IsAlphanumeric { get; }

    /// <summary>Takes part in the model's use; each success needs a <see cref="Release"/>.</summary>
    /// <returns>False where the model has been freed already.</returns>
    public bool TryAcquire()
    {
        int references = Volatile.Read(ref _references);
        while (references > 0)
        {
            int found = Interlocked.CompareExchange(ref _references, references + 1, references);
            if (found == references) return true;
            references = found;
        }
        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) _plan.Dispose();
    }

    /// <summary>The mask of an alphabet that a caller names, else the recogniser's own, else none.</summary>
    /// <exception cref="ArgumentException">The model has none of the alphabet's labels.</exception>
    public LabelMask? Mask(Alphabet? alphabet) => alphabet is null ? _mask : _masks.GetValue(alphabet, _createMask);

    /// <summary>Probabilities and, where asked for, rejection scores of images that are what the model expects.</summary>
    /// <param name="pixels">[count, 28, 28].</param>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">[count, classes], receives the probabilities, masked.</param>
    /// <param name="mask">Classes to choose from; null for all.</param>
    /// <param name="rejections">[count] or empty.</param>
    /// <param name="allowed">[count], receives what the probabilities of the mask's classes, and half of those that are written like them, summed to; or empty.</param>
    public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities, LabelMask? mask, Span<float> rejections, Span<float> allowed = default)
    {
        int classes = _labels.Length;
        if (pixels.Length != (long)count * PixelsPerImage)
            throw new ArgumentException($"{count} images need {(long)count * PixelsPerImage} pixels, got {pixels.Length}.", nameof(pixels));
        if (probabilities.Length != (long)count * classes)
            throw new ArgumentException($"{count} images need {(long)count * classes} probabilities, got {probabilities.Length}.", nameof(probabilities));
        if (count == 0) return;
        Run(pixels, count, probabilities);
        if (!rejections.IsEmpty) Reject(pixels, probabilities, count, rejections);
        ToProbabilities(probabilities, count, classes);
        if (mask is null) allowed.Fill(1);
        else
        {
            for (int i = 0; i < count; i++)
            {
                float sum = mask.Apply(probabilities.Slice(i * classes, classes));
                if (!allowed.IsEmpty) allowed[i] = sum;
            }
        }
    }

    /// <summary>The features that rejection scores are made of.</summary>
    /// <param name="pixels">[count, 28, 28].</param>
    /// <param name="count">Number of images.</param>
    /// <param name="features">[count, features], receives those that <see cref="RejectionModel.Names"/> names.</param>
    public void RejectionFeatures(ReadOnlySpan<float> pixels, int count, Span<float> features)
    {
        int classes = _labels.Length, names = RejectionModel.Names.Length;
        var scores = new float[count * classes];
        Run(pixels, count, scores);
        if (_kind == ScoreKind.Probabilities) Logarithms(scores, scores);
        for (int i = 0; i < count; i++)
            RejectionModel.Features(pixels.Slice(i * PixelsPerImage, PixelsPerImage), scores.AsSpan(i * classes, classes), features.Slice(i * names, names));
    }

    /// <summary>Sorts the most probable classes to the front.</summary>
    /// <param name="probabilities">[classes].</param>
    /// <param name="mask">Classes to choose from; null for all.</param>
    /// <param name="candidates">Receives as many as fit; no more than there are classes to choose from.</param>
    /// <returns>Number of candidates.</returns>
    public int Best(ReadOnlySpan<float> probabilities, LabelMask? mask, Span<Candidate> candidates)
    {
        int filled = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (mask is not null && !mask.Allows(i)) continue;
            // A network that computes no number may mean any class, as within an alphabet
            float confidence = float.IsNaN(probabilities[i]) ? 1f / _labels.Length : probabilities[i];
            int place = filled;
            while (place > 0 && candidates[place - 1].Confidence < confidence) place--;
            if (place == candidates.Length) continue;
            filled = Math.Min(filled + 1, candidates.Length);
            for (int j = filled - 1; j > place; j--) candidates[j] = candidates[j - 1];
            candidates[place] = new Candidate(_labels[i], confidence);
        }
        return filled;
    }

    /// <summary>Puts what is known of one image together.</summary>
    public Prediction ToPrediction(ReadOnlySpan<float> probabilities, LabelMask? mask, float rejection, int top)
    {
        var candidates = new Candidate[Math.Min(top, mask?.Count ?? _labels.Length)];
        Best(probabilities, mask, candidates);
        return new Prediction(candidates, rejection, _rejection.Accepts(rejection));
    }

    // What the model's output says as it is.
    private void Run(ReadOnlySpan<float> pixels, int count, Span<float> scores)
    {
        int classes = _labels.Length;
        int step = _input.Shape is { Count: > 0 } shape && shape[0].IsFixed ? shape[0].Size : count;
        if (_takesTensors || count % step != 0)
        {
            ScoreByTensors(pixels, count, step, scores);
            return;
        }
        for (int start = 0; start < count; start += step)
            _plan.Run(pixels.Slice(start * PixelsPerImage, step * PixelsPerImage), step, scores.Slice(start * classes, step * classes));
    }

    // Models with a fixed batch that doesn't divide the count, with bytes as input, or with an image whose shape is left open.
    private void ScoreByTensors(ReadOnlySpan<float> pixels, int count, int step, Span<float> scores)
    {
        for (int start = 0; start < count; start += step)
        {
            int part = Math.Min(step, count - start);
            ReadOnlySpan<float> source = pixels.Slice(start * PixelsPerImage, part * PixelsPerImage);
            Tensor input = Tensor.Zeros(_input.ElementType, [step, .. _imageShape]);
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
            output.Span<float>()[..(part * _labels.Length)].CopyTo(scores[(start * _labels.Length)..]);
        }
    }

    private void Reject(ReadOnlySpan<float> pixels, ReadOnlySpan<float> scores, int count, Span<float> rejections)
    {
        int classes = _labels.Length;
        float[] rented = ArrayPool<float>.Shared.Rent(classes);
        Span<float> logarithms = rented.AsSpan(0, classes);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> logits = scores.Slice(i * classes, classes);
            if (_kind == ScoreKind.Probabilities)
            {
                Logarithms(logits, logarithms);
                logits = logarithms;
            }
            rejections[i] = _rejection.Score(pixels.Slice(i * PixelsPerImage, PixelsPerImage), logits);
        }
        ArrayPool<float>.Shared.Return(rented);
    }

    private static void Logarithms(ReadOnlySpan<float> probabilities, Span<float> logarithms)
    {
        for (int i = 0; i < logarithms.Length; i++) logarithms[i] = MathF.Log(Math.Max(probabilities[i], 1e-37f));
    }

    private unsafe void ToProbabilities(Span<float> scores, int count, int classes)
    {
        if (_kind == ScoreKind.LogProbabilities)
        {
            for (int i = 0; i < scores.Length; i++) scores[i] = MathF.Exp(scores[i]);
        }
        else if (_kind == ScoreKind.Logits)
        {
            fixed (float* values = scores) Softmax.Run(logarithm: false, count, classes, values, values);
        }
    }

    /// <summary>The input, if there is one that takes images.</summary>
    /// <exception cref="OnnxException">There isn't.</exception>
    internal static ValueInfo SingleInput(Graph graph)
    {
        if (graph.Inputs.Count != 1) throw new OnnxException($"The model has {graph.Inputs.Count} inputs, expected one image input.");
        ValueInfo input = graph.Inputs[0];
        if (input.ElementType is not (ElementType.Float or ElementType.UInt8))
            throw new OnnxException($"Input '{input.Name}' is of type {input.ElementType}, expected Float or UInt8.");
        if (input.Shape is [{ IsFixed: true, Size: 0 }, ..]) throw new OnnxException($"Input '{input.Name}' is {input}, expected at least one image.");
        long pixels = ImageShape(input).Aggregate(1L, (product, size) => product * size);
        if (pixels != PixelsPerImage) throw new OnnxException($"Input '{input.Name}' is {input}, expected {PixelsPerImage} values per image (28×28, one channel).");
        return input;
    }

    /// <summary>Dimensions of one image, of which those that the model leaves open are 1.</summary>
    private static int[] ImageShape(ValueInfo input) => [.. (input.Shape ?? []).Skip(1).Select(d => d.IsFixed ? d.Size : 1)];

    // The output that a softmax made, else a log-softmax, else the last one, taken as logits. Where what a softmax takes is a plain [N, classes],
    // that is computed instead, because the softmax forgets how large the logits are, which tells characters from other marks.
    internal static (string Name, ScoreKind Kind) ScoreOutput(Graph graph)
    {
        if (graph.Outputs.Count == 0) throw new OnnxException("The model has no outputs.");
        foreach ((string type, ScoreKind kind) in new[] { ("Softmax", ScoreKind.Probabilities), ("LogSoftmax", ScoreKind.LogProbabilities) })
        {
            foreach (ValueInfo output in graph.Outputs)
            {
                string name = output.Name;
                while (graph.Nodes.FirstOrDefault(n => n.Outputs.Contains(name)) is { } node)
                {
                    if (node.OperatorType == type)
                        return name == output.Name && output.Shape is { Count: 2 } && IsPlain(graph, node) ? (node.Inputs[0], ScoreKind.Logits) : (output.Name, kind);
                    if (node.OperatorType is not ("Identity" or "Reshape" or "Squeeze" or "Flatten" or "DequantizeLinear" or "QuantizeLinear")) break;
                    name = node.Inputs[0];
                }
            }
        }
        return (graph.Outputs[^1].Name, ScoreKind.Logits);
    }

    /// <summary>Whether a softmax of rank 2 is over the classes and takes what a node computed as floats.</summary>
    private static bool IsPlain(Graph graph, Node softmax) => softmax.Int("axis", -1) is 1 or -1
        && graph.Nodes.Any(node => node.Outputs.Contains(softmax.Inputs[0]) && node.OperatorType != "Cast");

    private static int Classes(ValueInfo output, Graph graph)
    {
        if (output.ElementType != ElementType.Float) throw new OnnxException($"Output '{output.Name}' is of type {output.ElementType}, expected Float.");
        if (output.Shape is { Count: > 0 } shape && shape[^1].IsFixed) return shape[^1].Size;
        return ModelMetadata.Labels(graph)?.Count ?? throw new OnnxException($"Output '{output.Name}' is {output}; the number of classes can't be told.");
    }
}
