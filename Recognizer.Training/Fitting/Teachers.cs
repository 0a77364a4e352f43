using Recognizer.Inference;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>Models whose mean answer a network learns besides the labels.</summary>
internal sealed class Teachers : IDisposable
{
    private readonly CharacterRecognizer[] _models;
    private readonly float[] _probabilities;
    private readonly float[] _single;
    private readonly float[] _ratios;

    /// <summary>Loads the models.</summary>
    /// <param name="files">ONNX files; their classes must be the network's, in the same order.</param>
    /// <param name="labels">Text of each class.</param>
    /// <param name="batchSize">Most images at a time.</param>
    /// <param name="adjustment">[classes], ln of a factor on the answers; empty for none.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="FormatException">A model has other classes.</exception>
    public Teachers(IReadOnlyList<string> files, IReadOnlyList<string> labels, int batchSize, float[] adjustment, int threads)
    {
        _probabilities = new float[batchSize * labels.Count];
        _single = new float[_probabilities.Length];
        _ratios = Array.ConvertAll(adjustment, MathF.Exp);
        _models = [.. files.Select(file => CharacterRecognizer.Load(file, ReproduciblePlan.Recognizer(threads)))];
        for (int i = 0; i < _models.Length; i++)
        {
            if (_models[i].Labels.SequenceEqual(labels, StringComparer.Ordinal)) continue;
            var error = new FormatException($"teachers: {files[i]} has {_models[i].Labels.Count} classes that aren't the {labels.Count} to be trained, in their order");
            Dispose();
            throw error;
        }
    }

    /// <summary>[batch, classes], what <see cref="Ask"/> computed last.</summary>
    public ReadOnlyMemory<float> Probabilities => _probabilities;

    /// <summary>Scores a batch.</summary>
    /// <param name="images">[count, 28, 28], 0…1.</param>
    /// <param name="count">Number of images.</param>
    public void Ask(ReadOnlySpan<float> images, int count)
    {
        int classes = _models[0].Labels.Count;
        Span<float> mean = _probabilities.AsSpan(0, count * classes), single = _single.AsSpan(0, count * classes);
        mean.Clear();
        foreach (CharacterRecognizer model in _models)
        {
            model.Score(images[..(count * DatasetPart.PixelsPerImage)], count, single);
            for (int i = 0; i < mean.Length; i++) mean[i] += single[i] / _models.Length;
        }
        if (_ratios.Length == 0) return;
        for (int row = 0; row < count; row++)
        {
            Span<float> values = mean.Slice(row * classes, classes);
            float sum = 0;
            for (int k = 0; k < classes; k++) sum += values[k] *= _ratios[k];
            for (int k = 0; k < classes; k++) values[k] /= sum;
        }
    }

    public void Dispose()
    {
        foreach (CharacterRecognizer model in _models) model.Dispose();
    }
}
