using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Rejection;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>Fits the numbers by which a model tells characters from other marks: a logistic regression between characters held back from
/// training and <see cref="MarkPainter"/>'s marks, over what the network gives and the form of the ink.</summary>
internal static class RejectionFitting
{
    /// <summary>Fewer characters than that tell too little.</summary>
    private const int LeastCharacters = 200;

    private const int MostCharacters = 4000;
    private const int Batch = 512;
    private const double Ridge = 1e-4;

    /// <summary>Share of characters that are rejected.</summary>
    private const double RejectedCharacters = 0.01;

    // Values further out count as if they were here, as they do in use.
    private const float Furthest = 8;

    /// <summary>Fits a model's own numbers.</summary>
    /// <param name="graph">The model, with its temperature.</param>
    /// <param name="part">Images.</param>
    /// <param name="indices">Those that training didn't see.</param>
    /// <param name="seed">Seed of the marks.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The value for the model's metadata, or null where there are too few characters.</returns>
    public static string? Fit(Graph graph, DatasetPart part, int[] indices, ulong seed, int threads, CancellationToken cancellation)
    {
        if (indices.Length < LeastCharacters) return null;
        int characters = Math.Min(MostCharacters, indices.Length), count = 2 * characters, names = RejectionModel.Names.Length;
        var model = RecognizerModel.Of(graph, ReproduciblePlan.Recognizer(threads));
        var features = new float[count * names];
        var pixels = new float[Batch * DatasetPart.PixelsPerImage];
        try
        {
            Measure();
        }
        finally
        {
            model.Release();
        }
        return Fit(features, characters);

        void Measure()
        {
            for (int start = 0; start < count; start += Batch)
            {
                cancellation.ThrowIfCancellationRequested();
                int size = Math.Min(Batch, count - start);
                for (int i = 0; i < size; i++)
                {
                    Span<float> picture = pixels.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage);
                    int number = start + i;
                    // Held back images come in any order; take them from all over.
                    if (number < characters) DatasetPart.ToUnit(part.Image(indices[(int)((long)number * indices.Length / characters)]), picture);
                    else MarkPainter.Paint(part, indices, number % MarkPainter.Ways, CounterRandom.Key(seed, 77, (ulong)number), picture);
                }
                model.RejectionFeatures(pixels.AsSpan(0, size * DatasetPart.PixelsPerImage), size, features.AsSpan(start * names, size * names));
            }
        }
    }

    /// <summary>Fits numbers to features.</summary>
    /// <param name="features">[rows, features]: characters, then marks.</param>
    /// <param name="characters">How many rows are characters.</param>
    internal static string Fit(ReadOnlySpan<float> features, int characters)
    {
        int names = RejectionModel.Names.Length, count = features.Length / names, columns = 1 + 2 * names;
        var mean = new float[names];
        var scale = new float[names];
        for (int f = 0; f < names; f++)
        {
            // Characters set the measure.
            double sum = 0, squares = 0;
            for (int row = 0; row < characters; row++) sum += features[row * names + f];
            mean[f] = (float)(sum / characters);
            for (int row = 0; row < characters; row++) squares += Math.Pow(features[row * names + f] - mean[f], 2);
            scale[f] = (float)Math.Max(Math.Sqrt(squares / characters), 1e-3);
        }
        var rows = new float[count * columns];
        var truth = new bool[count];
        for (int row = 0; row < count; row++)
        {
            Span<float> values = rows.AsSpan(row * columns, columns);
            values[0] = 1;
            for (int f = 0; f < names; f++)
            {
                float z = Math.Clamp((features[row * names + f] - mean[f]) / scale[f], -Furthest, Furthest);
                values[1 + 2 * f] = z;
                values[2 + 2 * f] = z * z;
            }
            truth[row] = row >= characters;
        }
        double[] weights = FitOutwards(rows, truth, columns);

        var scores = new double[characters];
        for (int row = 0; row < characters; row++)
        {
            double sum = 0;
            for (int i = 0; i < columns; i++) sum += weights[i] * rows[row * columns + i];
            scores[row] = 1 / (1 + Math.Exp(-sum));
        }
        Array.Sort(scores);
        double threshold = scores[(int)((1 - RejectedCharacters) * (characters - 1))];

        return ToJson(mean, scale, weights, threshold);
    }

    /// <summary>Fits with squares that count towards marks or not at all: what lies further out than any mark that was seen must not become a character.</summary>
    private static double[] FitOutwards(Span<float> rows, ReadOnlySpan<bool> truth, int columns)
    {
        while (true)
        {
            double[] weights = LogisticRegression.Fit(rows, truth, columns, Ridge);
            int[] inwards = [.. Enumerable.Range(1, columns - 1).Where(i => i % 2 == 0 && weights[i] < 0)];
            if (inwards.Length == 0) return weights;
            // A column of zeros gets the weight zero.
            foreach (int i in inwards)
            {
                for (int row = 0; row < truth.Length; row++) rows[row * columns + i] = 0;
            }
        }
    }

    private static string ToJson(float[] mean, float[] scale, double[] weights, double threshold) => JsonText.Of(writer =>
    {
        int names = mean.Length;
        writer.WriteStartObject();
        writer.WriteNumber("threshold", (float)Math.Clamp(threshold, 1e-6, 1 - 1e-6));
        writer.WriteNumber("bias", (float)weights[0]);
        writer.WriteStartObject("features");
        for (int f = 0; f < names; f++)
        {
            writer.WriteStartObject(RejectionModel.Names[f]);
            writer.WriteNumber("mean", mean[f]);
            writer.WriteNumber("scale", scale[f]);
            writer.WriteNumber("weight", (float)weights[1 + 2 * f]);
            writer.WriteNumber("square", (float)weights[2 + 2 * f]);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    });
}
