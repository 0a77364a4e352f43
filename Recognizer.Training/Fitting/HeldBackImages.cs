using Recognizer.Inference;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;
using Recognizer.Training.Differentiation;

namespace Recognizer.Training.Fitting;

/// <summary>The images held back from training, those known by group only among them. Each counts by how much more often its class is met in use than
/// in training, so that figures and temperature are those to expect in use.</summary>
internal sealed class HeldBackImages
{
    private const int Chunk = 512;

    private readonly TrainingData _data;
    private readonly double[] _weights;

    /// <param name="data">Images and what is known of them.</param>
    /// <param name="use">Share of each class in use; null for that among the training images.</param>
    public HeldBackImages(TrainingData data, double[]? use)
    {
        _data = data;
        double[] shares = data.TrainingFrequencies();
        _weights = Array.ConvertAll(data.HeldBack, i => use is null ? 1 : Ratio(data.Members(data.Images.Labels[i])));

        double Ratio(ReadOnlySpan<int> classes)
        {
            double inUse = 0, inTraining = 0;
            foreach (int k in classes) (inUse, inTraining) = (inUse + use[k], inTraining + shares[k]);
            return inTraining > 0 ? inUse / inTraining : 1;
        }
    }

    public int Count => _data.HeldBack.Length;

    /// <summary>What a model makes of the images.</summary>
    /// <returns>[images, classes], ln of the probabilities.</returns>
    public float[] Score(CharacterRecognizer model, CancellationToken cancellation)
    {
        int classes = _data.Labels.Count;
        var scores = new float[Count * classes];
        var pixels = new float[Chunk * DatasetPart.PixelsPerImage];
        for (int start = 0; start < Count; start += Chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            int size = Math.Min(Chunk, Count - start);
            for (int i = 0; i < size; i++)
                Augmenter.ToUnit(_data.Images.Image(_data.HeldBack[start + i]), pixels.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage));
            model.Score(pixels.AsSpan(0, size * DatasetPart.PixelsPerImage), size, scores.AsSpan(start * classes, size * classes));
        }
        for (int i = 0; i < scores.Length; i++) scores[i] = MathF.Log(Math.Max(scores[i], 1e-37f));
        return scores;
    }

    /// <summary>Share of right answers, and mean of −ln of the probability of what is known of an image: its class, or any of its group.</summary>
    public (double Accuracy, double LogLoss) Measure(CharacterRecognizer model, CancellationToken cancellation)
    {
        float[] scores = Score(model, cancellation);
        double right = 0, loss = 0, all = 0;
        for (int row = 0; row < Count; row++)
        {
            ReadOnlySpan<float> values = Row(scores, row, out ReadOnlySpan<int> known);
            double probability = 0;
            foreach (int k in known) probability += Math.Exp(values[k]);
            all += _weights[row];
            loss -= _weights[row] * Math.Log(Math.Max(probability, 1e-37));
            if (known.Contains(Loss.Largest(values))) right += _weights[row];
        }
        return (right / all, loss / all);
    }

    /// <summary>How the log-loss of all images, with scores · <paramref name="inverse"/> + <paramref name="biases"/> for logits, changes with these.</summary>
    /// <param name="scores">[images, classes].</param>
    /// <param name="inverse">1 / temperature.</param>
    /// <param name="biases">[classes]; empty for zeros.</param>
    /// <param name="gradient">[classes], receives the slopes over the biases: expected less known images of each class; may be empty.</param>
    /// <param name="curvature">[classes], receives the variance of the expected images of each class, an upper bound of the slopes' own slopes.</param>
    /// <returns>The slope over <paramref name="inverse"/>: Σ mean score − mean score within what is known.</returns>
    public double Slope(ReadOnlySpan<float> scores, double inverse, ReadOnlySpan<double> biases = default, Span<double> gradient = default, Span<double> curvature = default)
    {
        int classes = _data.Labels.Count;
        Span<double> all = stackalloc double[classes];
        gradient.Clear();
        curvature.Clear();
        double slope = 0;
        for (int row = 0; row < Count; row++)
        {
            ReadOnlySpan<float> values = Row(scores, row, out ReadOnlySpan<int> known);
            double highest = double.NegativeInfinity, sum = 0, sumKnown = 0;
            for (int k = 0; k < classes; k++) highest = Math.Max(highest, all[k] = values[k] * inverse + (biases.IsEmpty ? 0 : biases[k]));
            for (int k = 0; k < classes; k++) sum += all[k] = Math.Exp(all[k] - highest);
            foreach (int k in known) sumKnown += all[k];
            // Where the model gives what is known no chance at all, any of it is as likely.
            bool hopeless = sumKnown == 0;
            for (int k = 0; k < classes; k++)
            {
                double expected = all[k] / sum, share = !known.Contains(k) ? 0 : hopeless ? 1.0 / known.Length : all[k] / sumKnown;
                slope += _weights[row] * (expected - share) * values[k];
                if (gradient.IsEmpty) continue;
                gradient[k] += _weights[row] * (expected - share);
                curvature[k] += _weights[row] * expected * (1 - expected);
            }
        }
        return slope;
    }

    private ReadOnlySpan<float> Row(ReadOnlySpan<float> scores, int row, out ReadOnlySpan<int> known)
    {
        known = _data.Members(_data.Images.Labels[_data.HeldBack[row]]);
        return scores.Slice(row * _data.Labels.Count, _data.Labels.Count);
    }
}
