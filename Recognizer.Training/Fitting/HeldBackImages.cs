using Recognizer.Inference;
using Recognizer.Training.Datasets;
using Recognizer.Training.Differentiation;

namespace Recognizer.Training.Fitting;

/// <summary>The images held back from training, those known by group only among them. Each counts by how much more often its class, or group, is met in use
/// than in training, so that figures and temperature are about those to expect in use.</summary>
internal sealed class HeldBackImages
{
    private const int Chunk = 512;

    // Keeps logarithms finite.
    private const float LeastProbability = 1e-37f;

    private readonly TrainingData _data;
    private readonly double[] _weights;

    // [images], within its family: the members, and how much more often the class is met in use than among the training images of known class.
    private readonly (int[] Family, double Weight)[] _relatives;

    /// <param name="data">Images and what is known of them.</param>
    /// <param name="use">Share of each class in use; null for that among the training images.</param>
    public HeldBackImages(TrainingData data, double[]? use)
    {
        _data = data;
        double[] shares = data.TrainingFrequencies();
        _weights = Array.ConvertAll(data.HeldBack, i => use is null ? 1 : Ratio(data.Members(data.Images.Labels[i])));

        var known = new double[data.Labels.Count];
        foreach (int i in data.Train)
        {
            if (data.Images.Labels[i] is >= 0 and var label && label < known.Length) known[label]++;
        }
        _relatives = Array.ConvertAll(data.HeldBack, i => Relatives(data.Images.Labels[i]));

        (int[] Family, double Weight) Relatives(int label)
        {
            if (data.Families.FirstOrDefault(f => Array.IndexOf(f, label) >= 0) is not { } family || known[label] == 0) return ([], 0);
            return (family, use is null ? 1 : use[label] / family.Sum(k => use[k]) * family.Sum(k => known[k]) / known[label]);
        }

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
        var scores = new float[(long)Count * _data.Labels.Count];
        ForEachChunk(model, (first, probabilities) =>
        {
            Span<float> chunk = scores.AsSpan(first * _data.Labels.Count, probabilities.Length);
            for (int i = 0; i < chunk.Length; i++) chunk[i] = MathF.Log(Math.Max(probabilities[i], LeastProbability));
        }, cancellation);
        return scores;
    }

    /// <summary>Share of right answers, and mean of −ln of the probability of what is known of an image: its class, or any of its group.</summary>
    public (double Accuracy, double LogLoss) Measure(CharacterRecognizer model, CancellationToken cancellation)
    {
        double right = 0, loss = 0, all = 0;
        ForEachChunk(model, (first, probabilities) =>
        {
            for (int row = first; row < first + probabilities.Length / _data.Labels.Count; row++)
            {
                ReadOnlySpan<float> values = Row(probabilities, row - first);
                ReadOnlySpan<int> known = Known(row);
                double probability = 0;
                foreach (int k in known) probability += values[k];
                all += _weights[row];
                loss -= _weights[row] * Math.Log(Math.Max(probability, LeastProbability));
                if (known.Contains(Loss.Largest(values))) right += _weights[row];
            }
        }, cancellation);
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
        var all = new double[classes];
        gradient.Clear();
        curvature.Clear();
        double slope = 0;
        for (int row = 0; row < Count; row++)
        {
            ReadOnlySpan<float> values = Row(scores, row);
            ReadOnlySpan<int> known = Known(row);
            double highest = double.NegativeInfinity, sum = 0, sumKnown = 0;
            for (int k = 0; k < classes; k++) highest = Math.Max(highest, all[k] = values[k] * inverse + (biases.IsEmpty ? 0 : biases[k]));
            for (int k = 0; k < classes; k++) sum += all[k] = Math.Exp(all[k] - highest);
            foreach (int k in known) sumKnown += all[k];
            for (int k = 0; k < classes; k++)
            {
                double expected = all[k] / sum, share = known.Contains(k) ? all[k] / sumKnown : 0;
                slope += _weights[row] * (expected - share) * values[k];
                if (gradient.IsEmpty) continue;
                gradient[k] += _weights[row] * (expected - share);
                curvature[k] += _weights[row] * expected * (1 - expected);
            }
        }
        return slope;
    }

    /// <summary>How the log-loss of telling apart the classes of a family, given the family, changes with a factor on the scores: that of images of known class in one.</summary>
    /// <param name="scores">[images, classes].</param>
    /// <param name="factor">The factor.</param>
    /// <returns>Σ mean score in the family − score of the class; 0 where there are no such images.</returns>
    public double SlopeWithinFamilies(ReadOnlySpan<float> scores, double factor)
    {
        double slope = 0;
        for (int row = 0; row < Count; row++)
        {
            (int[] family, double weight) = _relatives[row];
            if (family.Length == 0) continue;
            ReadOnlySpan<float> values = Row(scores, row);
            double highest = double.NegativeInfinity, sum = 0, mean = 0;
            foreach (int k in family) highest = Math.Max(highest, values[k] * factor);
            foreach (int k in family)
            {
                double share = Math.Exp(values[k] * factor - highest);
                sum += share;
                mean += share * values[k];
            }
            slope += weight * (mean / sum - values[_data.Images.Labels[_data.HeldBack[row]]]);
        }
        return slope;
    }

    private delegate void ChunkAction(int first, ReadOnlySpan<float> probabilities);

    private void ForEachChunk(CharacterRecognizer model, ChunkAction action, CancellationToken cancellation)
    {
        var probabilities = new float[Chunk * _data.Labels.Count];
        var pixels = new float[Chunk * DatasetPart.PixelsPerImage];
        for (int first = 0; first < Count; first += Chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            int size = Math.Min(Chunk, Count - first);
            for (int i = 0; i < size; i++)
                DatasetPart.ToUnit(_data.Images.Image(_data.HeldBack[first + i]), pixels.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage));
            Span<float> chunk = probabilities.AsSpan(0, size * _data.Labels.Count);
            model.Score(pixels.AsSpan(0, size * DatasetPart.PixelsPerImage), size, chunk);
            action(first, chunk);
        }
    }

    private ReadOnlySpan<float> Row(ReadOnlySpan<float> rows, int row) => rows.Slice(row * _data.Labels.Count, _data.Labels.Count);

    private ReadOnlySpan<int> Known(int row) => _data.Members(_data.Images.Labels[_data.HeldBack[row]]);
}
