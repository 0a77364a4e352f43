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

    private RecognizerModel(Graph graph, RecognizerOptions options)
    {
        if (options.Top < 1) throw new ArgumentOutOfRangeException(nameof(options), options.Top, "RecognizerOptions.Top must be at least 1.");
        GraphValidator.ValidateStructure(graph);
        graph = ModelTransforms.InInferenceMode(graph);
        (_output, _kind) = ClassifierGraph.ScoreOutput(graph);
        _rejection = RejectionModel.Of(graph);
        Layout = ModelMetadata.Layout(graph) ?? options.DefaultLayout;
        // What else the model computes, such as the best class, may need operators that nothing here runs
        graph = ModelTransforms.Only(graph, _output);
        GraphValidator.ValidateRead(graph);
        _input = ClassifierGraph.SingleInput(graph);
        _imageShape = ClassifierGraph.ImageShape(_input);
        _takesTensors = _input.ElementType != ElementType.Float || _input.Shape!.Skip(1).Any(d => !d.IsFixed);
        _plan = options.Runner(graph, options.Plan with { Outputs = [_output] });
        try
        {
            IReadOnlyList<string>? known = ModelMetadata.Labels(graph) ?? options.Labels;
            // What the output leaves open is as large as the labels need it, which trying the model out will tell
            int classes = ClassifierGraph.Classes(_input, _plan.Outputs[0], () => known?.Count);
            IReadOnlyList<string> labels = known ?? throw new OnnxException(
                $"The model carries no labels ('{ModelMetadata.LabelsKey}' in its metadata), expected the text of {classes} class{(classes == 1 ? "" : "es")}: the command 'export FILE --labels … --output FILE' writes them into a file, RecognizerOptions.Labels gives them in code.");
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
            // A run takes time, as the runtime compiles kernels for it
            if (_plan is not Plan { FloatsPerImage: { } scores } || scores != classes) TryOut();
        }
        catch
        {
            _plan.Dispose();
            throw;
        }
    }

    /// <summary>Prepares a model for use.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="options">How to read with it.</param>
    /// <exception cref="OnnxException">It can't be run; the message names the file that it was read from.</exception>
    public static RecognizerModel Of(Graph graph, RecognizerOptions options) => OnnxException.Naming(graph.File, () => new RecognizerModel(graph, options));

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
        if (mask is null)
        {
            ToProbabilities(probabilities, count, classes);
            allowed.Fill(1);
            return;
        }
        float[] rented = ArrayPool<float>.Shared.Rent(classes);
        Span<float> logarithms = _kind is ScoreKind.Logits or ScoreKind.LogProbabilities ? rented.AsSpan(0, classes) : [];
        for (int i = 0; i < count; i++)
        {
            Span<float> own = probabilities.Slice(i * classes, classes);
            if (!logarithms.IsEmpty) own.CopyTo(logarithms);
            ToProbabilities(own, 1, classes);
            float sum = mask.Apply(own, logarithms);
            if (!allowed.IsEmpty) allowed[i] = sum;
        }
        ArrayPool<float>.Shared.Return(rented);
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
        if (_kind is ScoreKind.Probabilities or ScoreKind.Independent) Logarithms(scores, scores);
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
            float confidence = Known(probabilities[i], _labels.Length);
            int place = filled;
            while (place > 0 && candidates[place - 1].Confidence < confidence) place--;
            if (place == candidates.Length) continue;
            filled = Math.Min(filled + 1, candidates.Length);
            for (int j = filled - 1; j > place; j--) candidates[j] = candidates[j - 1];
            candidates[place] = new Candidate(_labels[i], confidence);
        }
        return filled;
    }

    /// <summary>A probability, or what it is where a network computes no number: it may mean any class then.</summary>
    public static float Known(float probability, int classes) => float.IsNaN(probability) ? 1f / classes : probability;

    /// <summary>Puts what is known of one image together.</summary>
    public Prediction ToPrediction(ReadOnlySpan<float> probabilities, LabelMask? mask, float rejection, float allowed, int top)
    {
        var candidates = new Candidate[Math.Min(top, mask?.Count ?? _labels.Length)];
        Best(probabilities, mask, candidates);
        return new Prediction(candidates, rejection, _rejection.Accepts(rejection), Math.Min(1, allowed));
    }

    // Whether an answer has as many scores as there are labels may depend on shapes that are known only when the model runs.
    private void TryOut()
    {
        try
        {
            Run(new float[PixelsPerImage], 1, new float[_labels.Length]);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            throw new OnnxException($"Output '{_output}' isn't [N, {_labels.Length}] for N images, as {_labels.Length} labels need it: {exception.Message}", exception);
        }
    }

    // What the model's output says as it is, except that independent probabilities are made to add up to 1.
    private void Run(ReadOnlySpan<float> pixels, int count, Span<float> scores)
    {
        int classes = _labels.Length;
        int step = _input.Shape is { Count: > 0 } shape && shape[0].IsFixed ? shape[0].Size : count;
        if (_takesTensors || count % step != 0) ScoreByTensors(pixels, count, step, scores);
        else
        {
            for (int start = 0; start < count; start += step)
                _plan.Run(pixels.Slice(start * PixelsPerImage, step * PixelsPerImage), step, scores.Slice(start * classes, step * classes));
        }
        if (_kind != ScoreKind.Independent) return;
        for (int i = 0; i < count; i++)
        {
            Span<float> own = scores.Slice(i * classes, classes);
            float sum = 0;
            foreach (float probability in own) sum += probability;
            for (int c = 0; c < classes; c++) own[c] = sum > 0 ? own[c] / sum : 1f / classes;
        }
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
            if (output.ElementType != ElementType.Float || output.Length != (long)step * _labels.Length)
                throw new OnnxException($"Output '{_output}' is {output.ElementType}[{string.Join(", ", output.Shape.ToArray())}] for {step} images, expected Float[{step}, {_labels.Length}].");
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
            if (_kind is ScoreKind.Probabilities or ScoreKind.Independent)
            {
                Logarithms(logits, logarithms);
                logits = logarithms;
            }
            rejections[i] = _rejection.Score(pixels.Slice(i * PixelsPerImage, PixelsPerImage), logits, IsAlphanumeric);
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
}
