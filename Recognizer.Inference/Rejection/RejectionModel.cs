using System.Globalization;
using System.Text.Json;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Rejection;

/// <summary>Tells characters from other marks by a logistic function of a few features: sigmoid(bias + Σ weightᵢ·zᵢ + squareᵢ·zᵢ²), where
/// z = (feature − mean) / scale, within ±8.</summary>
/// <remarks>A model brings its own numbers in its metadata, fitted on characters and other marks, as
/// <c>{"threshold": 0.5, "bias": −4, "features": {"energy": {"mean": 9, "scale": 2, "weight": −1, "square": 0}, …}}</c>; features that are left out don't
/// count. Without that, general ones serve, which know the form of handwritten characters but not the model.</remarks>
internal sealed class RejectionModel
{
    /// <summary>Names of the features, in the order of <see cref="Features"/>' results.</summary>
    public static readonly string[] Names =
        ["energy", "maxLogit", "surprise", "entropy", "coverage", "aspect", "fill", "strokeWidth", "components", "holes", "softness"];

    private const int Coverage = 4, Fill = 6, Holes = 9;
    private readonly float _threshold;
    private readonly float _bias;
    private readonly Term[] _terms;

    private RejectionModel(float threshold, float bias, Term[] terms)
    {
        _threshold = threshold;
        _bias = bias;
        _terms = terms;
    }

    /// <summary>Means and deviations are those of EMNIST's characters, the deviation of the number of pieces widened, so that i and j pass; about 1 % of
    /// these characters are rejected.</summary>
    public static RejectionModel Default { get; } = new(0.5f, -5f,
    [
        new(2, 0, 1, 1, 0),
        new(3, 0, 1, 0.5f, 0),
        new(4, 0.173f, 0.052f, 0, 0.3f),
        new(7, 3.02f, 0.78f, 0, 0.3f),
        new(8, 1.02f, 0.5f, 0, 0.3f),
        new(9, 0.43f, 0.63f, 0, 0.2f),
    ]);

    /// <summary>The model's own, or the general one.</summary>
    /// <exception cref="OnnxException">The metadata is there but can't be understood.</exception>
    public static RejectionModel Of(Graph graph)
    {
        if (!graph.Metadata.TryGetValue(ModelMetadata.RejectionKey, out string? json)) return Default;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            var terms = new List<Term>();
            foreach (JsonProperty feature in root.GetProperty("features").EnumerateObject())
            {
                int index = Array.IndexOf(Names, feature.Name);
                if (index < 0) throw new JsonException($"unknown feature '{feature.Name}', expected one of {string.Join(", ", Names)}");
                var term = new Term(index, Number(feature.Value, "mean"), Number(feature.Value, "scale"), Number(feature.Value, "weight"), Number(feature.Value, "square"));
                if (!(term.Scale > 0)) throw new JsonException($"the scale of '{feature.Name}' is {term.Scale.ToString(CultureInfo.InvariantCulture)}, expected more than 0");
                terms.Add(term);
            }
            return new RejectionModel(Number(root, "threshold"), Number(root, "bias"), [.. terms]);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new OnnxException($"Metadata '{ModelMetadata.RejectionKey}' can't be understood: {exception.Message}", exception);
        }
    }

    /// <summary>Computes the features that <see cref="Names"/> names.</summary>
    /// <param name="pixels">[28, 28], 0 = ground … 1 = ink.</param>
    /// <param name="logits">[classes], what the softmax takes; or logarithms of probabilities, which have energy 0.</param>
    /// <param name="features">Receives [11].</param>
    public static void Features(ReadOnlySpan<float> pixels, ReadOnlySpan<float> logits, Span<float> features)
    {
        float largest = float.NegativeInfinity, mean = 0;
        foreach (float logit in logits)
        {
            largest = Math.Max(largest, logit);
            mean += logit / logits.Length;
        }
        float sum = 0, weighted = 0;
        foreach (float logit in logits)
        {
            float e = MathF.Exp(logit - largest);
            sum += e;
            weighted += e * (logit - largest);
        }
        float logSum = MathF.Log(sum);
        InkForm form = InkForm.Measure(pixels);
        features[0] = largest + logSum;
        features[1] = largest - mean;
        // −log p of the best class and Σ −p·log p, both in nats
        features[2] = logSum;
        features[3] = logSum - weighted / sum;
        features[Coverage] = form.Coverage;
        features[5] = form.Aspect;
        features[Fill] = form.Fill;
        features[7] = form.StrokeWidth;
        features[8] = MathF.Log2(1 + form.Components);
        features[Holes] = form.Holes;
        features[10] = form.Softness;
    }

    /// <summary>0 … 1: how little a picture looks like a character.</summary>
    /// <param name="pixels">[28, 28], 0 = ground … 1 = ink.</param>
    /// <param name="logits">[classes].</param>
    /// <param name="isAlphanumeric">Whether all classes are letters and digits, which no spot is: one as large as the picture that the network sees is like a thick 0.</param>
    public float Score(ReadOnlySpan<float> pixels, ReadOnlySpan<float> logits, bool isAlphanumeric)
    {
        // An oval fills more of its box, however it is turned
        const float LeastFill = 0.5f;
        Span<float> features = stackalloc float[Names.Length];
        Features(pixels, logits, features);
        if (features[Coverage] == 0 || isAlphanumeric && features[Holes] == 0 && features[Fill] > LeastFill && InkForm.IsSpot(pixels)) return 1;
        float sum = _bias;
        foreach (Term term in _terms)
        {
            float z = Math.Clamp((features[term.Feature] - term.Mean) / term.Scale, -8, 8);
            sum += z * (term.Weight + term.Square * z);
        }
        float score = 1 / (1 + MathF.Exp(-sum));
        // A network that computes no number knows nothing of the picture.
        return float.IsNaN(score) ? 1 : score;
    }

    public bool Accepts(float score) => score < _threshold;

    private static float Number(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetSingle() : 0;

    private readonly record struct Term(int Feature, float Mean, float Scale, float Weight, float Square);
}
