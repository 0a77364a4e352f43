using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>Models whose mean answer a network learns besides the labels. Each answers for the mix of classes that it was trained for, its own <see cref="TrainingConfig.ClassFrequencies"/> or
/// that of the training images; the mean is that of their answers for the mix in use.</summary>
internal sealed class Teachers : IDisposable
{
    private readonly List<CharacterRecognizer> _models = [];

    // Factors that make a model's answers those for the mix in use; none where they are.
    private readonly List<float[]> _conversions = [];
    private readonly int _classes;
    private readonly float[] _probabilities;
    private readonly float[] _single;
    private readonly float[] _ratios;

    /// <summary>Loads the models.</summary>
    /// <param name="files">ONNX files; their classes must be the network's, in the same order.</param>
    /// <param name="labels">Text of each class.</param>
    /// <param name="batchSize">Most images at a time.</param>
    /// <param name="images">[classes], share of each among the training images.</param>
    /// <param name="adjustment">[classes], ln(that share / share in use); empty where they are the same.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="FormatException">A model has other classes.</exception>
    public Teachers(IReadOnlyList<string> files, IReadOnlyList<string> labels, int batchSize, double[] images, float[] adjustment, int threads)
    {
        _classes = labels.Count;
        _probabilities = new float[batchSize * labels.Count];
        _single = new float[_probabilities.Length];
        _ratios = Array.ConvertAll(adjustment, MathF.Exp);
        try
        {
            foreach (string file in files)
            {
                Graph graph = OnnxReader.ReadAnyFile(file);
                var model = CharacterRecognizer.Load(graph, ReproduciblePlan.Recognizer(threads));
                _models.Add(model);
                if (!model.Labels.SequenceEqual(labels, StringComparer.Ordinal))
                    throw new FormatException($"teachers: {file} has {model.Labels.Count} classes that aren't the {labels.Count} to be trained, in their order");
                // Labels may have been replaced since, with which frequencies have no classes any more
                var frequencies = TrainingConfig.Of(graph)?.ClassFrequencies is { } taught && labels.All(taught.ContainsKey) ? taught : null;
                float[] own = ClassFrequencies.Adjustment(images, ClassFrequencies.Of(frequencies, labels, $"classFrequencies of {file}"));
                _conversions.Add(own.SequenceEqual(adjustment) ? [] : [.. labels.Select((_, k) => MathF.Exp(own.ElementAtOrDefault(k) - adjustment.ElementAtOrDefault(k)))]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>[batch, classes], what <see cref="Ask"/> computed last: answers for the mix of the training images.</summary>
    public ReadOnlyMemory<float> Probabilities => _probabilities;

    /// <summary>Scores a batch.</summary>
    /// <param name="images">[count, 28, 28], 0…1.</param>
    /// <param name="count">Number of images.</param>
    public void Ask(ReadOnlySpan<float> images, int count)
    {
        Span<float> mean = _probabilities.AsSpan(0, count * _classes), single = _single.AsSpan(0, count * _classes);
        mean.Clear();
        foreach ((CharacterRecognizer model, float[] conversion) in _models.Zip(_conversions))
        {
            model.Score(images[..(count * DatasetPart.PixelsPerImage)], count, single);
            Multiply(single, conversion);
            for (int i = 0; i < mean.Length; i++) mean[i] += single[i] / _models.Count;
        }
        Multiply(mean, _ratios);
    }

    public void Dispose()
    {
        foreach (CharacterRecognizer model in _models) model.Dispose();
    }

    // Rows that sum to 1 again.
    private static void Multiply(Span<float> probabilities, float[] ratios)
    {
        for (int start = 0; ratios.Length > 0 && start < probabilities.Length; start += ratios.Length)
        {
            Span<float> values = probabilities.Slice(start, ratios.Length);
            float sum = 0;
            for (int k = 0; k < values.Length; k++) sum += values[k] *= ratios[k];
            for (int k = 0; k < values.Length; k++) values[k] /= sum;
        }
    }
}
